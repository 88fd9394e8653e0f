//! What a person gives as text on the command line: instants, `key=value`, facts of a profile.
//! What may be given for what is the domain's to say.

use serde_json::{Map, Value};

use super::exit::Failure;
use crate::domain::instant::Instant;
use crate::domain::span::Span;
use crate::domain::when::When;
use crate::domain::word::Precision;

/// `key=value`, cut at the first sign.
///
/// # Errors
/// The text has no `=`, or nothing before it.
pub fn assignment(text: &str) -> Result<(&str, &str), Failure> {
    text.split_once('=')
        .filter(|(key, _)| !key.is_empty())
        .ok_or_else(|| Failure::usage(format!("'{text}' is no KEY=VALUE")))
}

/// An instant with the precision it has.
///
/// # Errors
/// It is no instant, or a time of day without an offset.
pub fn when(text: &str) -> Result<When, Failure> {
    When::parse(text).map_err(|error| Failure::usage(error.to_string()))
}

/// An instant to the second: RFC 3339 with `Z` or an offset.
///
/// # Errors
/// It is no instant, or says no time of day.
pub fn instant(text: &str) -> Result<Instant, Failure> {
    let at = when(text)?;
    match at.precision {
        Precision::Exact | Precision::Minute => Ok(at.at),
        _ => Err(Failure::usage(format!(
            "'{text}' says no time of day: write it as 2026-11-23T16:49:00Z"
        ))),
    }
}

/// The same, or a length of time from now: `+20m`.
///
/// # Errors
/// It is neither, or lies too far ahead.
pub fn instant_or_ahead(text: &str, now: Instant) -> Result<Instant, Failure> {
    let Some(span) = text.strip_prefix('+') else {
        return instant(text);
    };
    let span: Span = span
        .parse()
        .map_err(|error| Failure::usage(format!("'{text}': {error}")))?;
    now.checked_add_signed(span.delta())
        .ok_or_else(|| Failure::usage(format!("'{text}' lies too far ahead")))
}

/// The same, or a day, which is its first minute: `2026-12-01`.
///
/// # Errors
/// It is neither.
pub fn instant_or_day(text: &str) -> Result<Instant, Failure> {
    let at = when(text)?;
    match at.precision {
        Precision::Day => Ok(at.at),
        _ => instant(text),
    }
}

/// Sets a fact: JSON where the value reads as such, else text; empty clears; dots reach in.
pub fn fact(profile: &mut Map<String, Value>, key: &str, value: &str) {
    if let Some((first, rest)) = key.split_once('.') {
        let inner = profile
            .entry(first)
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(inner) = inner {
            fact(inner, rest, value);
            return;
        }
    }
    let value = match value {
        "" => Value::Null,
        text => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
    };
    profile.insert(key.to_owned(), value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_reach_in_and_clear() {
        let mut profile = Map::new();
        fact(&mut profile, "zone", "Europe/Berlin");
        fact(&mut profile, "affected.tenants", "1200");
        fact(&mut profile, "affected.records", "");
        let expected = serde_json::json!({"zone": "Europe/Berlin", "affected": {"tenants": 1200, "records": null}});
        assert_eq!(Value::Object(profile), expected);
    }

    #[test]
    fn an_instant_needs_its_offset_and_a_time_of_day() {
        assert!(instant("2026-11-23T16:49:00Z").is_ok());
        assert!(instant("2026-11-23").is_err());
        let day = instant_or_day("2026-12-01").unwrap();
        assert_eq!(day, instant("2026-12-01T00:00:00Z").unwrap());
        let now = instant("2026-11-23T16:49:00Z").unwrap();
        let ahead = instant_or_ahead("+20m", now).unwrap();
        assert_eq!(ahead, instant("2026-11-23T17:09:00Z").unwrap());
        assert_eq!(instant_or_ahead("+soon", now).unwrap_err().code, 2);
        assert!(instant("2026-11-23T16:49:00").is_err());
        assert_eq!(instant("x").unwrap_err().code, 2);
    }
}
