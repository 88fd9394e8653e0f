//! Instants in words: `Mon 16:49 UTC`, in UTC, the entity's zone or the viewer's, the zone always written. A weekday
//! stands alone only where it can mean one day.

use std::fmt;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::Phrase;
use crate::domain::instant::Instant;

/// Which zone instants are shown in; a key cycles them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ZoneChoice {
    /// UTC.
    #[default]
    Utc,
    /// The zone of the incident's profile; UTC where it names none.
    Entity,
    /// The viewer's own.
    Mine,
}

impl ZoneChoice {
    /// The next one in the circle.
    #[must_use]
    pub const fn next(self) -> ZoneChoice {
        match self {
            ZoneChoice::Utc => ZoneChoice::Entity,
            ZoneChoice::Entity => ZoneChoice::Mine,
            ZoneChoice::Mine => ZoneChoice::Utc,
        }
    }
}

/// A zone of the IANA database, with the short name it is written by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Tz);

/// A zone's name that is not in the IANA database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no zone of the IANA database; write one as Europe/Berlin")]
pub struct UnknownZone(pub String);

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Zone = Zone(Tz::UTC);

    /// The zone of this IANA name, as `Europe/Berlin`.
    ///
    /// # Errors
    /// When there is no zone of that name.
    pub fn named(name: &str) -> Result<Zone, UnknownZone> {
        let found = name.parse().map(Zone);
        found.map_err(|_| UnknownZone(name.chars().take(60).collect()))
    }

    /// Its IANA name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// How it is written after a time: `UTC`, or the place, as `Berlin`.
    pub fn label(self) -> String {
        let name = self.0.name();
        match name.rsplit('/').next().unwrap_or(name) {
            "UTC" | "UCT" | "Zulu" | "Universal" | "Greenwich" => "UTC".to_owned(),
            place => place.replace('_', " "),
        }
    }

    fn is_utc(self) -> bool {
        self.0 == Tz::UTC || self.label() == "UTC"
    }

    /// What clocks on the wall show there at an instant.
    pub fn local(self, at: Instant) -> NaiveDateTime {
        at.with_timezone(&self.0).naive_local()
    }

    /// The instant at which clocks there show this; the first one in the hour that comes twice, none in the hour that
    /// is skipped.
    pub fn earliest(self, local: NaiveDateTime) -> Option<Instant> {
        let at = self.0.from_local_datetime(&local).earliest()?;
        Some(at.with_timezone(&Utc))
    }

    fn date(self, at: Instant) -> NaiveDate {
        at.with_timezone(&self.0).date_naive()
    }

    /// Milliseconds until the next day begins in this zone.
    fn to_midnight(self, now: Instant) -> Option<i64> {
        let day = self.date(now).checked_add_days(Days::new(1))?;
        // Where midnight itself is skipped, the day begins at the first hour that exists.
        (0..4).find_map(|hour| {
            let local = day.and_hms_opt(hour, 0, 0)?;
            let begins = self.0.from_local_datetime(&local).earliest()?;
            Some((begins.with_timezone(&Utc) - now).num_milliseconds().max(1))
        })
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.label())
    }
}

/// How much of an instant is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The running time: `14:07:32 UTC`.
    Now,
    /// The day it is: `Mon 23 Nov`.
    Day,
    /// `16:49` today, `Wed 07:13` in these days, else `Fri 4 Dec 05:00`; no zone, for where one stands already.
    Short,
    /// `Mon 16:49 UTC` in these days, else `Fri 4 Dec 05:00 UTC`.
    Weekday,
    /// `Mon 23 16:49Z` in this month, else `Fri 4 Dec 05:00Z`.
    Dated,
    /// `Mon 23 Nov 16:49:00 UTC`; in another zone with its offset, `17:49:00 Berlin +01:00`, for the hour that comes
    /// twice.
    Full,
}

/// An instant in words, seen at `now`. Another year than now's is always written.
pub fn instant(at: Instant, now: Instant, zone: Zone, form: Form) -> Phrase {
    let local = at.with_timezone(&zone.0);
    let label = zone.label();
    let (day, today) = (zone.date(at), zone.date(now));
    let date = match day.year() == today.year() {
        true => local.format("%a %-d %b").to_string(),
        false => local.format("%a %-d %b %Y").to_string(),
    };
    let time = local.format("%H:%M");
    let suffix = if zone.is_utc() {
        "Z".to_owned()
    } else {
        format!(" {label}")
    };
    // A weekday alone is told of yesterday and the five days ahead: no two of these have the same name.
    let ahead = day.signed_duration_since(today).num_days();
    let near = (-1..=5).contains(&ahead);
    let this_month = (day.year(), day.month()) == (today.year(), today.month());
    let text = match form {
        Form::Now => format!("{} {label}", local.format("%H:%M:%S")),
        Form::Day => date,
        Form::Short if ahead == 0 => time.to_string(),
        Form::Short if near => format!("{} {time}", local.format("%a")),
        Form::Short => format!("{date} {time}"),
        Form::Weekday if near => format!("{} {time} {label}", local.format("%a")),
        Form::Weekday => format!("{date} {time} {label}"),
        Form::Dated if this_month => format!("{} {time}{suffix}", local.format("%a %-d")),
        Form::Dated => format!("{date} {time}{suffix}"),
        Form::Full if zone.is_utc() => format!("{date} {} {label}", local.format("%H:%M:%S")),
        Form::Full => format!(
            "{date} {} {label} {}",
            local.format("%H:%M:%S"),
            offset(&local)
        ),
    };
    let next = match form {
        Form::Now => Some(1000 - now.timestamp_subsec_millis().min(999) as i64),
        _ => zone.to_midnight(now),
    };
    let next_width = if form == Form::Now { None } else { next };
    Phrase::new(text, next, next_width)
}

fn offset(local: &DateTime<Tz>) -> String {
    local.format("%:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn now() -> Instant {
        utc("2026-11-23T14:07:32.250Z")
    }

    #[test]
    fn instants_are_written_as_the_sketches_do() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let york = Zone::named("America/New_York").unwrap();
        let due = "2026-11-23T16:49:00Z";
        let cases = [
            (
                "2026-11-23T14:07:32.25Z",
                Zone::UTC,
                Form::Now,
                "14:07:32 UTC",
            ),
            (
                "2026-11-23T14:07:32.25Z",
                berlin,
                Form::Now,
                "15:07:32 Berlin",
            ),
            (
                "2026-11-23T14:07:32.25Z",
                Zone::UTC,
                Form::Day,
                "Mon 23 Nov",
            ),
            (due, Zone::UTC, Form::Short, "16:49"),
            ("2026-11-25T07:13:00Z", Zone::UTC, Form::Short, "Wed 07:13"),
            (due, Zone::UTC, Form::Weekday, "Mon 16:49 UTC"),
            (due, Zone::UTC, Form::Dated, "Mon 23 16:49Z"),
            (due, york, Form::Dated, "Mon 23 11:49 New York"),
            (
                "2026-12-04T05:00:00Z",
                Zone::UTC,
                Form::Dated,
                "Fri 4 Dec 05:00Z",
            ),
            (due, Zone::UTC, Form::Full, "Mon 23 Nov 16:49:00 UTC"),
            (due, berlin, Form::Full, "Mon 23 Nov 17:49:00 Berlin +01:00"),
            (
                "2027-01-04T05:00:00Z",
                Zone::UTC,
                Form::Weekday,
                "Mon 4 Jan 2027 05:00 UTC",
            ),
        ];
        for (at, zone, form, expected) in cases {
            let phrase = instant(utc(at), now(), zone, form);
            assert_eq!(phrase.text, expected, "{at} {form:?}");
            assert_eq!(usize::from(phrase.width), expected.len());
        }
    }

    #[test]
    fn a_weekday_alone_never_means_two_days() {
        let mut seen = Vec::new();
        for days in -20..20 {
            let at = now() + chrono::TimeDelta::days(days);
            let text = instant(at, now(), Zone::UTC, Form::Weekday).text;
            assert!(!seen.contains(&text), "{text} is written for two days");
            seen.push(text);
        }
    }

    #[test]
    fn the_hour_that_comes_twice_is_told_apart() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let full = |at| instant(utc(at), utc("2026-10-24T12:00:00Z"), berlin, Form::Full).text;
        assert_eq!(
            full("2026-10-25T00:30:00Z"),
            "Sun 25 Oct 02:30:00 Berlin +02:00"
        );
        assert_eq!(
            full("2026-10-25T01:30:00Z"),
            "Sun 25 Oct 02:30:00 Berlin +01:00"
        );
    }

    #[test]
    fn a_text_holds_until_the_second_or_the_day_ends() {
        assert_eq!(
            instant(now(), now(), Zone::UTC, Form::Now).next_change_ms,
            Some(750)
        );
        let leap = utc("2016-12-31T23:59:59Z") + chrono::TimeDelta::milliseconds(999);
        assert_eq!(
            instant(leap, leap, Zone::UTC, Form::Now).next_change_ms,
            Some(1)
        );
        // Beirut's clocks go forward at midnight: the day of 29 March 2026 begins at 01:00.
        let beirut = Zone::named("Asia/Beirut").unwrap();
        let before = utc("2026-03-28T21:59:00Z");
        let short = instant(before, before, beirut, Form::Short);
        assert_eq!(
            (short.text.as_str(), short.next_change_ms),
            ("23:59", Some(60_000))
        );
        let after = instant(
            before,
            before + chrono::TimeDelta::milliseconds(60_000),
            beirut,
            Form::Short,
        );
        assert_eq!(after.text, "Sat 23:59");
    }

    #[test]
    fn zones_are_named_or_refused() {
        assert_eq!(Zone::named("Etc/UTC").unwrap().label(), "UTC");
        assert_eq!(
            Zone::named("America/Argentina/Buenos_Aires")
                .unwrap()
                .label(),
            "Buenos Aires"
        );
        let fault = Zone::named("Europe/Atlantis").unwrap_err().to_string();
        assert!(fault.contains("Europe/Atlantis"), "{fault}");
        let circle: Vec<_> = std::iter::successors(Some(ZoneChoice::Utc), |z| Some(z.next()))
            .take(4)
            .collect();
        assert_eq!(circle[3], ZoneChoice::Utc);
    }
}
