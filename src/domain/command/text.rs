//! The limits of what people write: lengths in characters, no NUL, and a reason that says something.
//! What may be drawn of a text is `domain::text`.

use chrono::Datelike as _;
use serde_json::{Map, Value};

use crate::domain::instant::Instant;
use crate::domain::refusal::Refusal;

/// Longest title, in characters.
pub const TITLE: usize = 300;
/// Longest summary or note.
pub const LONG: usize = 20_000;
/// Longest message of a page.
pub const MESSAGE: usize = 2_000;
/// Longest name of a person, channel, authority.
pub const NAME: usize = 120;
/// Longest reason.
pub const REASON: usize = 300;

/// A text that must be there and fit.
///
/// # Errors
/// It is blank, longer than `limit` characters, or holds a NUL; `key` is named.
pub fn check(key: &str, text: &str, limit: usize) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::invalid(format!(
            "'{key}' is empty; say something in it."
        )));
    }
    fits(key, text, limit)
}

/// A text that may be empty but must fit.
///
/// # Errors
/// It is longer than `limit` characters, or holds a NUL; `key` is named.
pub fn fits(key: &str, text: &str, limit: usize) -> Result<(), Refusal> {
    no_nul(key, text)?;
    // Bytes are never fewer than characters: most texts need no counting.
    if text.len() > limit && text.chars().count() > limit {
        return Err(Refusal::invalid(format!(
            "'{key}' has {} characters; at most {limit} fit.",
            text.chars().count()
        )));
    }
    Ok(())
}

/// A value of any form: NUL has no place in it, in keys as little as in texts.
///
/// # Errors
/// A NUL stands somewhere in it; `key` is named.
pub fn check_value(key: &str, value: &Value) -> Result<(), Refusal> {
    match value {
        Value::String(text) => no_nul(key, text),
        Value::Array(values) => values.iter().try_for_each(|value| check_value(key, value)),
        Value::Object(fields) => check_fields(key, fields),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// The same for all fields of an object.
///
/// # Errors
/// A NUL stands somewhere in it; `key` is named.
pub fn check_fields(key: &str, fields: &Map<String, Value>) -> Result<(), Refusal> {
    fields.iter().try_for_each(|(name, value)| {
        no_nul(key, name)?;
        check_value(key, value)
    })
}

fn no_nul(key: &str, text: &str) -> Result<(), Refusal> {
    if text.contains('\0') {
        return Err(Refusal::invalid(format!(
            "'{key}' holds a NUL character; remove it."
        )));
    }
    Ok(())
}

/// An optional text that must say something where it is given.
///
/// # Errors
/// As [`check`], where there is a text.
pub fn check_optional(key: &str, text: Option<&str>, limit: usize) -> Result<(), Refusal> {
    text.map_or(Ok(()), |text| check(key, text, limit))
}

/// How far ahead of the backend's clock a recorded instant may lie.
pub const AHEAD_MINUTES: i64 = 5;

/// An instant that RFC 3339 can write: years of four digits, so that every clock can be counted from it.
///
/// # Errors
/// Its year has not four digits; `key` is named.
pub fn in_calendar(key: &str, at: Instant) -> Result<(), Refusal> {
    if (0..=9999).contains(&at.year()) {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "'{key}' lies in the year {}; years have four digits.",
        at.year()
    )))
}

/// An instant that may lie ahead, where one is given.
///
/// # Errors
/// As [`in_calendar`], where there is an instant.
pub fn in_calendar_optional(key: &str, at: Option<Instant>) -> Result<(), Refusal> {
    at.map_or(Ok(()), |at| in_calendar(key, at))
}

/// An instant on record cannot lie in the future, but for five minutes of clocks that disagree.
///
/// # Errors
/// It lies over [`AHEAD_MINUTES`] ahead of `now`, or in no year of four digits; `key` is named.
pub fn not_in_future(key: &str, at: Instant, now: Instant) -> Result<(), Refusal> {
    in_calendar(key, at)?;
    if at > now + chrono::TimeDelta::minutes(AHEAD_MINUTES) {
        return Err(Refusal::invalid(format!(
            "'{key}' is {}, which lies ahead: the backend's clock says {}. Check date and offset.",
            at.format("%Y-%m-%dT%H:%M:%SZ"),
            now.format("%Y-%m-%dT%H:%M:%SZ"),
        )));
    }
    Ok(())
}
