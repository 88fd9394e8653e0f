//! The arithmetic written down while it is done. Counting speaks to a `Trace`; on the board nobody listens and it costs
//! nothing, and an explanation comes from the very code that counted.

use chrono::{NaiveDate, SecondsFormat};
use chrono_tz::Tz;

use crate::domain::instant::Instant;

/// One line of an explanation.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Line {
    /// What the line is about: `trigger`, `start`, `day`, `skipped`, `end`, ...
    pub label: &'static str,
    /// The line in words.
    pub text: String,
}

/// Where counting writes what it does.
pub trait Trace {
    /// Takes one line; `text` is asked only if somebody listens.
    fn line(&mut self, label: &'static str, text: impl FnOnce() -> String);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Trace for Silent {
    fn line(&mut self, _label: &'static str, _text: impl FnOnce() -> String) {}
}

impl Trace for Vec<Line> {
    fn line(&mut self, label: &'static str, text: impl FnOnce() -> String) {
        self.push(Line {
            label,
            text: text(),
        });
    }
}

/// An instant for a reader: local wall time with its zone, and UTC.
pub fn instant_in(at: Instant, zone: Tz) -> String {
    let utc = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    if zone == Tz::UTC {
        return format!("{} UTC", at.format("%a %-d %b %Y %H:%M:%S"));
    }
    let local = at.with_timezone(&zone);
    format!(
        "{} ({}), {utc}",
        local.format("%a %-d %b %Y %H:%M:%S %Z"),
        zone.name()
    )
}

/// A date for a reader.
pub fn date(day: NaiveDate) -> String {
    day.format("%a %-d %b %Y").to_string()
}
