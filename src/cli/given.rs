//! What a person gives as text on the command line: instants, `key=value`, facts of a profile.
//! What may be given for what is the domain's to say.

use serde_json::{Map, Value};

use super::exit::Failure;
use crate::domain::instant::Instant;
use crate::domain::when::When;

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
        crate::domain::word::Precision::Exact => Ok(at.at),
        _ => Err(Failure::usage(format!(
            "'{text}' says no time of day: write it as 2026-11-23T16:49:00Z"
        ))),
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
        assert!(instant("2026-11-23T16:49:00").is_err());
        assert_eq!(instant("x").unwrap_err().code, 2);
    }
}
