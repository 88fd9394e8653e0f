//! Instants as people write them in a dialog: `now`, `14:05`, `-20m`, `2026-11-23 14:05`, RFC 3339, or a day, month or
//! year. What was understood is told beside the field, and that is what is sent.

use chrono::{Days, NaiveDateTime, NaiveTime, TimeDelta};

use crate::domain::command::text::AHEAD_MINUTES;
use crate::domain::instant::Instant;
use crate::domain::span::Span;
use crate::domain::when::When;
use crate::domain::word::Precision;
use crate::ui::phrase::{Form, Zone, instant};

/// The time and zone in which an instant is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// The backend's time.
    pub now: Instant,
    /// The zone that instants are shown in.
    pub zone: Zone,
}

/// On which side of now the instant lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It happened: a time of day alone is the last one that was.
    Past,
    /// It will be: a time of day alone is the next one.
    Future,
}

/// What a text was understood as.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    pub when: Option<When>,
    /// `= Mon 23 Nov 14:05:00 UTC`, or the fault in words.
    pub told: String,
    pub fault: bool,
}

/// Reads a text; an empty one is nothing, and no fault.
pub fn read(text: &str, side: Side, clock: Clock) -> Reading {
    let text = text.trim();
    if text.is_empty() {
        return Reading::default();
    }
    let found = understood(text, side, clock).and_then(|when| in_reach(when, side, clock.now));
    match found {
        Ok(when) => Reading {
            when: Some(when),
            told: format!("= {}", told(when, clock)),
            fault: false,
        },
        Err(told) => Reading {
            when: None,
            told,
            fault: true,
        },
    }
}

/// An instant written whole, with what is known of it only.
pub fn told(when: When, clock: Clock) -> String {
    match when.precision {
        Precision::Exact | Precision::Minute => {
            instant(when.at, clock.now, clock.zone, Form::Full).text
        }
        precision => format!("{when}, known to the {precision}"),
    }
}

fn in_reach(when: When, side: Side, now: Instant) -> Result<When, String> {
    let ahead = when.at > now + TimeDelta::minutes(AHEAD_MINUTES);
    match side {
        Side::Past if ahead => Err("That lies ahead; write an instant that has been.".to_owned()),
        Side::Future if when.at < now && when.precision < Precision::Day => {
            Err("That has gone by; write an instant that is to come.".to_owned())
        }
        _ => Ok(when),
    }
}

fn understood(text: &str, side: Side, clock: Clock) -> Result<When, String> {
    let minute = |at| When::exact(at).with_precision(Precision::Minute);
    if text.eq_ignore_ascii_case("now") {
        return Ok(When::exact(clock.now));
    }
    let span = |text: &str| {
        let span: Span = text.replace(' ', "").parse().map_err(|_| not_read(text))?;
        Ok::<TimeDelta, String>(span.delta())
    };
    let far = || "That is too far away.".to_owned();
    if let Some(back) = text.strip_prefix('-') {
        let at = clock.now.checked_sub_signed(span(back)?).ok_or_else(far)?;
        return Ok(minute(at));
    }
    if let Some(on) = text.strip_prefix('+') {
        let at = clock.now.checked_add_signed(span(on)?).ok_or_else(far)?;
        return Ok(minute(at));
    }
    if let Some(time) = time_of_day(text) {
        let today = clock.zone.local(clock.now).date();
        let at = in_zone(today.and_time(time), clock.zone)?;
        let other = match side {
            Side::Past if at > clock.now + TimeDelta::minutes(AHEAD_MINUTES) => {
                today.checked_sub_days(Days::new(1))
            }
            Side::Future if at < clock.now => today.checked_add_days(Days::new(1)),
            _ => None,
        };
        return match other {
            Some(day) => in_zone(day.and_time(time), clock.zone).map(minute),
            None => Ok(minute(at)),
        };
    }
    if let Ok(when) = When::parse(text) {
        return Ok(when);
    }
    for (form, exact) in [
        ("%Y-%m-%d %H:%M:%S", true),
        ("%Y-%m-%dT%H:%M:%S", true),
        ("%Y-%m-%d %H:%M", false),
        ("%Y-%m-%dT%H:%M", false),
    ] {
        if let Ok(local) = NaiveDateTime::parse_from_str(text, form) {
            let at = in_zone(local, clock.zone)?;
            return Ok(if exact { When::exact(at) } else { minute(at) });
        }
    }
    Err(not_read(text))
}

fn not_read(text: &str) -> String {
    let given: String = text.chars().take(30).collect();
    format!("'{given}' is no instant: write now, 14:05, -20m or 2026-11-23 14:05.")
}

fn time_of_day(text: &str) -> Option<NaiveTime> {
    ["%H:%M", "%H:%M:%S"]
        .iter()
        .find_map(|form| NaiveTime::parse_from_str(text, form).ok())
}

fn in_zone(local: NaiveDateTime, zone: Zone) -> Result<Instant, String> {
    zone.earliest(local).ok_or_else(|| {
        format!(
            "{} does not exist in {zone}: the clocks go forward then.",
            local.format("%H:%M")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(zone: &str) -> Clock {
        Clock {
            now: "2026-11-23T14:07:32Z".parse().unwrap(),
            zone: Zone::named(zone).unwrap(),
        }
    }

    #[test]
    fn each_way_of_writing_is_read_in_the_zone_shown() {
        for (text, zone, expected) in [
            ("now", "UTC", "2026-11-23T14:07:32Z"),
            ("-20m", "UTC", "2026-11-23T13:47:32Z"),
            ("-1h30m", "UTC", "2026-11-23T12:37:32Z"),
            ("14:05", "UTC", "2026-11-23T14:05:00Z"),
            ("14:05", "Europe/Berlin", "2026-11-23T13:05:00Z"),
            ("23:50", "UTC", "2026-11-22T23:50:00Z"),
            ("2026-11-20 16:49", "Europe/Berlin", "2026-11-20T15:49:00Z"),
            ("2026-11-20T16:49:12+02:00", "UTC", "2026-11-20T14:49:12Z"),
            ("2026-11-20", "UTC", "2026-11-20"),
            ("2013-05", "UTC", "2013-05"),
        ] {
            let reading = read(text, Side::Past, clock(zone));
            assert_eq!(
                reading.when.map(|when| when.to_string()).as_deref(),
                Some(expected),
                "{text}: {}",
                reading.told
            );
        }
        let reading = read("09:00", Side::Future, clock("UTC"));
        assert_eq!(reading.told, "= Tue 24 Nov 09:00:00 UTC");
    }

    #[test]
    fn what_cannot_be_meant_is_a_fault_in_words() {
        for (text, side) in [
            ("yesterday", Side::Past),
            ("25:00", Side::Past),
            ("+2h", Side::Past),
            ("-20m", Side::Future),
            ("-99999999999d", Side::Past),
            ("2026-13-01 10:00", Side::Past),
        ] {
            let reading = read(text, side, clock("UTC"));
            assert!(reading.fault && reading.told.ends_with('.'), "{text}");
        }
        assert_eq!(read("  ", Side::Past, clock("UTC")), Reading::default());
        let gap = read("2026-03-29 02:30", Side::Past, clock("Europe/Berlin"));
        assert!(gap.told.contains("clocks go forward"), "{}", gap.told);
    }
}
