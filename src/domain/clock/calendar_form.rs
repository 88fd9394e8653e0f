//! The form of a calendar in a file: `id, week, valid_from, valid_through, holidays, closures, source, fetched`. A file
//! with `overlays` instead of `id` adds closures to a calendar that exists, as an order does that comes days before.

use chrono::{NaiveDate, Weekday};
use toml::Spanned;
use toml::de::DeValue;

use super::calendar::{Calendar, Closure};
use super::keyed::{Faults, Keys, date};

/// What a calendar file says.
pub enum Read {
    /// A calendar, and the id it replaces if it says so.
    Calendar(Box<Calendar>, Option<String>),
    /// Closures for the calendar of this id.
    Overlay(String, Vec<Closure>),
}

const WEEK: &[(&str, Weekday)] = &[
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("fri", Weekday::Fri),
    ("sat", Weekday::Sat),
    ("sun", Weekday::Sun),
];

/// Reads one calendar file.
pub fn calendar(mut keys: Keys<'_, '_>, faults: &mut Faults<'_>) -> Option<Read> {
    let _ = keys.text(faults, "schema");
    if let Some(of) = keys.text(faults, "overlays") {
        keys.need(faults, "closures");
        let closed = closures(&mut keys, faults, "closures", "closed by order");
        let _ = keys.text(faults, "source");
        let _ = keys.date(faults, "fetched");
        keys.done(faults);
        return Some(Read::Overlay(of.value, closed));
    }
    let id = keys.need_text(faults, "id");
    let supersedes = keys.text(faults, "supersedes").map(|text| text.value);
    let rest = week(&mut keys, faults);
    keys.need(faults, "valid_from");
    let from = keys.date(faults, "valid_from");
    keys.need(faults, "valid_through");
    let through = keys.date(faults, "valid_through");
    let mut closed = closures(&mut keys, faults, "holidays", "holiday");
    closed.extend(closures(&mut keys, faults, "closures", "closed by order"));
    let source = keys.text_or_empty(faults, "source");
    let fetched = keys.date(faults, "fetched");
    let at = keys.at;
    keys.done(faults);
    let (from, through) = (from?, through?);
    if through < from || (through - from).num_days() > 40_000 {
        faults.add(
            at,
            "valid_through",
            "write a day after valid_from, at most a century later",
        );
        return None;
    }
    let mut calendar = Calendar::new(id?.value, &rest, from, through, closed);
    calendar.source = source;
    calendar.fetched = fetched;
    Some(Read::Calendar(Box::new(calendar), supersedes))
}

fn week(keys: &mut Keys<'_, '_>, faults: &mut Faults<'_>) -> Vec<Weekday> {
    if !keys.has("week") {
        return vec![Weekday::Sat, Weekday::Sun];
    }
    let mut rest = Vec::new();
    for word in keys.texts(faults, "week") {
        match WEEK.iter().find(|(name, _)| *name == word) {
            Some((_, day)) => rest.push(*day),
            None => faults.add(
                keys.at,
                keys.key("week"),
                format!("'{word}' is not one of mon, tue, wed, thu, fri, sat, sun"),
            ),
        }
    }
    if rest.len() > 6 {
        faults.add(keys.at, keys.key("week"), "leaves no open day");
        rest.clear();
    }
    rest
}

/// Dates, or tables `{ date, name }` and `{ date, reason, source }`.
fn closures(
    keys: &mut Keys<'_, '_>,
    faults: &mut Faults<'_>,
    list: &'static str,
    unnamed: &str,
) -> Vec<Closure> {
    let key = keys.key(list);
    let mut found = Vec::new();
    for item in keys.list(faults, list) {
        found.extend(closure(item, &key, faults, unnamed));
    }
    found
}

fn closure(
    item: &Spanned<DeValue<'_>>,
    key: &str,
    faults: &mut Faults<'_>,
    unnamed: &str,
) -> Option<Closure> {
    let at = item.span().start;
    let DeValue::Table(table) = item.get_ref() else {
        let day: Option<NaiveDate> = date(item.get_ref());
        if day.is_none() {
            faults.add(at, key, "write a date such as 2026-11-26");
        }
        return day.map(|date| Closure {
            date,
            reason: unnamed.to_owned(),
        });
    };
    let mut keys = Keys::new(table, at, key);
    keys.need(faults, "date");
    let day = keys.date(faults, "date");
    let name = keys.text(faults, "name").map(|text| text.value);
    let reason = keys.text(faults, "reason").map(|text| text.value);
    let _ = keys.text(faults, "source");
    keys.done(faults);
    let said = match reason {
        Some(reason) => Some(format!("{unnamed}: {reason}")),
        None => name,
    };
    Some(Closure {
        date: day?,
        reason: said.unwrap_or_else(|| unnamed.to_owned()),
    })
}
