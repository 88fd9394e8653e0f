//! Reading what a vendor wrote, where anything may be missing, null, or of another form than documented: none of it is
//! an error of the whole answer.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use serde_json::Value;

use crate::domain::instant::Instant;

/// A text or a number at a path, as text; empty is none.
pub(super) fn text(value: &Value, path: &[&str]) -> Option<String> {
    let text = match at(value, path)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// What stands at a path.
pub(super) fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

/// The items of a list at a path; none where there is no list.
pub(super) fn items<'v>(value: &'v Value, path: &[&str]) -> Option<&'v [Value]> {
    at(value, path)?.as_array().map(Vec::as_slice)
}

/// An instant: RFC 3339, or without a zone, which is UTC, or a date alone, which is its first moment.
pub(super) fn instant(text: &str) -> Option<Instant> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    if let Ok(at) = text.parse::<NaiveDateTime>() {
        return Some(at.and_utc());
    }
    let date: NaiveDate = text.parse().ok()?;
    Some(date.and_time(NaiveTime::MIN).and_utc())
}

/// Milliseconds since 1970; none where no calendar reaches.
pub(super) fn instant_of_ms(ms: i64) -> Option<Instant> {
    DateTime::from_timestamp_millis(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pitfall_10_times_without_a_zone_are_utc_and_dates_begin_their_day() {
        for (text, expected) in [
            ("2026-11-23T20:42:29.889568", "2026-11-23T20:42:29.889568Z"),
            ("2026-11-23T20:42:29Z", "2026-11-23T20:42:29Z"),
            ("2026-11-23T21:42:29+01:00", "2026-11-23T20:42:29Z"),
            ("2026-11-23", "2026-11-23T00:00:00Z"),
        ] {
            assert_eq!(instant(text), Some(expected.parse().unwrap()), "{text}");
        }
        for none in ["", "soon", "23.11.2026", "2026-13-01"] {
            assert_eq!(instant(none), None, "{none}");
        }
    }

    #[test]
    fn pitfall_10_milliseconds_since_1970_are_no_seconds_and_an_absurd_number_is_no_instant() {
        assert_eq!(
            instant_of_ms(1_795_466_549_889),
            Some("2026-11-23T20:42:29.889Z".parse().unwrap())
        );
        assert_eq!(instant_of_ms(i64::MAX), None);
    }
}
