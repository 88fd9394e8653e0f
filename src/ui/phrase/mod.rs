//! Words for time: how countdowns, ages and instants are written, and when the written text next changes, so that a
//! tick touches only what changed. What counts as due is not decided here.

mod instant;
mod span;

pub use instant::{Form, UnknownZone, Zone, ZoneChoice, instant};
pub use span::{age, countdown, here, left, since, until};

/// A text that depends on the time, and how long it holds. Times are in milliseconds from now; `None` is never.
/// Lengths are exact; instants may name the next midnight although nothing will change then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// The text, in ASCII.
    pub text: String,
    /// Its width in cells.
    pub width: u16,
    /// How long until another text stands there; at least 1.
    pub next_change_ms: Option<i64>,
    /// How long until the text has another width; never before `next_change_ms`.
    pub next_width_ms: Option<i64>,
}

impl Phrase {
    fn new(text: String, next_change_ms: Option<i64>, next_width_ms: Option<i64>) -> Phrase {
        Phrase {
            width: u16::try_from(text.len()).unwrap_or(u16::MAX),
            text,
            next_change_ms,
            next_width_ms,
        }
    }

    /// The same phrase with fixed words around it.
    #[must_use]
    pub fn around(mut self, before: &str, after: &str) -> Phrase {
        let more = unicode_width::UnicodeWidthStr::width(before)
            .saturating_add(unicode_width::UnicodeWidthStr::width(after));
        self.text.insert_str(0, before);
        self.text.push_str(after);
        self.width = self
            .width
            .saturating_add(u16::try_from(more).unwrap_or(u16::MAX));
        self
    }
}
