//! Between local wall time and the UTC line. A local time that happens twice is the earlier one; one that does not
//! exist is shifted forward by the gap. Which zone counts is the clock's business, not decided here.

use chrono::{LocalResult, NaiveDate, NaiveTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use crate::domain::instant::Instant;
use crate::domain::when::When;
use crate::domain::word::Precision;

/// The last second of a day, where a text that counts days ends unless it names an hour.
pub const END_OF_DAY: NaiveTime = match NaiveTime::from_hms_opt(23, 59, 59) {
    Some(time) => time,
    None => NaiveTime::MIN,
};

/// The zone a clock counts in: the entity's establishment, or one that the text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneOf {
    /// The zone of the incident's profile.
    Entity,
    /// The zone the rule names, whatever the entity's.
    Fixed(Tz),
}

impl ZoneOf {
    /// The zone to count in, given the entity's.
    pub fn of(self, entity: Tz) -> Tz {
        match self {
            ZoneOf::Entity => entity,
            ZoneOf::Fixed(zone) => zone,
        }
    }
}

/// One zone for every offset in use on Earth, east to west, with its standard offset in minutes: what counts while
/// nobody has said where the entity is.
pub const EVERYWHERE: &[(Tz, i64)] = &[
    (Tz::Pacific__Kiritimati, 840),
    (Tz::Pacific__Apia, 780),
    (Tz::Pacific__Chatham, 765),
    (Tz::Pacific__Auckland, 720),
    (Tz::Asia__Kamchatka, 720),
    (Tz::Pacific__Guadalcanal, 660),
    (Tz::Australia__Lord_Howe, 630),
    (Tz::Australia__Sydney, 600),
    (Tz::Australia__Brisbane, 600),
    (Tz::Australia__Adelaide, 570),
    (Tz::Australia__Darwin, 570),
    (Tz::Asia__Tokyo, 540),
    (Tz::Australia__Eucla, 525),
    (Tz::Asia__Shanghai, 480),
    (Tz::Asia__Bangkok, 420),
    (Tz::Asia__Yangon, 390),
    (Tz::Asia__Dhaka, 360),
    (Tz::Asia__Kathmandu, 345),
    (Tz::Asia__Kolkata, 330),
    (Tz::Asia__Karachi, 300),
    (Tz::Asia__Kabul, 270),
    (Tz::Asia__Dubai, 240),
    (Tz::Asia__Tehran, 210),
    (Tz::Europe__Moscow, 180),
    (Tz::Europe__Athens, 120),
    (Tz::Africa__Johannesburg, 120),
    (Tz::Europe__Berlin, 60),
    (Tz::Africa__Lagos, 60),
    (Tz::Europe__London, 0),
    (Tz::UTC, 0),
    (Tz::Atlantic__Azores, -60),
    (Tz::Atlantic__Cape_Verde, -60),
    (Tz::America__Nuuk, -120),
    (Tz::America__Sao_Paulo, -180),
    (Tz::America__St_Johns, -210),
    (Tz::America__Halifax, -240),
    (Tz::America__New_York, -300),
    (Tz::America__Bogota, -300),
    (Tz::America__Chicago, -360),
    (Tz::America__Costa_Rica, -360),
    (Tz::America__Denver, -420),
    (Tz::America__Phoenix, -420),
    (Tz::America__Los_Angeles, -480),
    (Tz::America__Anchorage, -540),
    (Tz::Pacific__Gambier, -540),
    (Tz::Pacific__Marquesas, -570),
    (Tz::Pacific__Honolulu, -600),
    (Tz::Pacific__Midway, -660),
    (Tz::Etc__GMTPlus12, -720),
];

/// The date on the wall at an instant.
pub fn local_date(at: Instant, zone: Tz) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

/// The date a recorded instant falls on in a zone; one known to the day only is that day everywhere.
pub fn date_of(when: When, zone: Tz) -> NaiveDate {
    match when.precision {
        Precision::Day => when.at.date_naive(),
        _ => local_date(when.at, zone),
    }
}

/// The instant a recorded one counts from: its own, or the first moment of its day where only the day is known.
pub fn instant_of(when: When, zone: Tz) -> Instant {
    match when.precision {
        Precision::Day => at(when.at.date_naive(), NaiveTime::MIN, zone),
        _ => when.at,
    }
}

/// The instant of a wall time on a day.
pub fn at(day: NaiveDate, time: NaiveTime, zone: Tz) -> Instant {
    let local = day.and_time(time);
    let as_utc = Utc.from_utc_datetime(&local);
    match zone.offset_from_local_datetime(&local) {
        LocalResult::Single(offset) => as_utc - offset.fix(),
        LocalResult::Ambiguous(one, other) => (as_utc - one.fix()).min(as_utc - other.fix()),
        // In the gap the offset before it applies: the hands move on by the length of the gap. The offsets on its two
        // sides are the ones found from either side, and the one before is the smaller.
        LocalResult::None => {
            let near = zone.offset_from_utc_datetime(&local).fix();
            let far = zone
                .offset_from_utc_datetime(&(as_utc - near).naive_utc())
                .fix();
            (as_utc - near).max(as_utc - far)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(day: &str, time: &str, zone: Tz) -> String {
        let at = at(day.parse().unwrap(), time.parse().unwrap(), zone);
        at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    #[test]
    fn a_time_that_happens_twice_is_the_earlier() {
        assert_eq!(
            wall("2026-10-25", "02:30:00", Tz::Europe__Berlin),
            "2026-10-25T00:30:00Z"
        );
        assert_eq!(
            wall("2026-10-24", "23:59:59", Tz::Asia__Beirut),
            "2026-10-24T20:59:59Z"
        );
        assert_eq!(
            wall("2026-11-01", "01:30:00", Tz::America__New_York),
            "2026-11-01T05:30:00Z"
        );
    }

    #[test]
    fn a_time_that_does_not_exist_is_shifted_by_the_gap() {
        assert_eq!(
            wall("2026-03-29", "02:30:00", Tz::Europe__Berlin),
            "2026-03-29T01:30:00Z"
        );
        assert_eq!(
            wall("2026-03-08", "02:00:00", Tz::America__New_York),
            "2026-03-08T07:00:00Z"
        );
        // Lord Howe moves by half an hour, Samoa once left out a whole day.
        assert_eq!(
            wall("2026-10-04", "02:15:00", Tz::Australia__Lord_Howe),
            "2026-10-03T15:45:00Z"
        );
        assert_eq!(
            wall("2011-12-30", "12:00:00", Tz::Pacific__Apia),
            "2011-12-30T22:00:00Z"
        );
    }

    #[test]
    fn a_day_without_an_hour_starts_at_local_midnight_and_is_that_day_everywhere() {
        let day = When::parse("2026-11-20").unwrap();
        for zone in [Tz::Asia__Tokyo, Tz::America__Los_Angeles] {
            assert_eq!(date_of(day, zone).to_string(), "2026-11-20");
            assert_eq!(local_date(instant_of(day, zone), zone), date_of(day, zone));
        }
        assert_eq!(
            instant_of(day, Tz::Asia__Tokyo).to_rfc3339(),
            "2026-11-19T15:00:00+00:00"
        );
    }
}
