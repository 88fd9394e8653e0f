//! One case of TheHive's answers, and the queries that ask for cases. When they are asked stands in `thehive`.

use serde_json::{Value, json};

use crate::connector::field::{instant_of_ms, items, text};
use crate::connector::port::{Case, Version};
use crate::net::escaped;

/// The stage of a case that nobody works on any more.
const CLOSED: &str = "Closed";
/// Texts of a case that may be as long as a mebibyte each: never asked for where many cases are, and never both.
const LONG: [&str; 2] = ["summary", "description"];

/// A case. One without its description is told in part.
pub(super) fn case(value: &Value, base: &str, service_field: Option<&str>) -> Option<Case> {
    let key = text(value, &["_id"])?;
    let stage = text(value, &["stage"]);
    let status = text(value, &["status"])
        .or_else(|| stage.clone())
        .unwrap_or_else(|| "unknown".to_owned());
    let number = text(value, &["number"]);
    // A case that nobody changed yet has no time of its last change.
    let (created, updated) = (ms(value, "_createdAt"), ms(value, "_updatedAt"));
    let changed = updated.or(created);
    let severity = text(value, &["severityLabel"])
        .or_else(|| level(value.get("severity")?.as_i64()?).map(str::to_owned));
    let tags = items(value, &["tags"]).unwrap_or_default().iter();
    Some(Case {
        url: Some(format!("{base}/cases/{}/details", escaped(&key))),
        title: text(value, &["title"])
            .unwrap_or_else(|| format!("case {}", number.unwrap_or_else(|| key.clone()))),
        summary: text(value, &["description"]),
        open: stage.as_deref() != Some(CLOSED),
        severity,
        group: service_field.and_then(|name| field(value, name)),
        tags: tags.filter_map(|tag| text(tag, &[])).collect(),
        created_at: created.and_then(instant_of_ms),
        updated_at: changed.and_then(instant_of_ms),
        version: Version(match changed {
            Some(ms) => format!("{ms} {status}"),
            None => status.clone(),
        }),
        merged_into: None,
        partial: value.get("description").is_none(),
        category: stage,
        status,
        key,
    })
}

/// Milliseconds since 1970 under a key.
pub(super) fn ms(value: &Value, key: &str) -> Option<i64> {
    value.get(key)?.as_i64()
}

fn level(severity: i64) -> Option<&'static str> {
    Some(match severity {
        1 => "LOW",
        2 => "MEDIUM",
        3 => "HIGH",
        4 => "CRITICAL",
        _ => return None,
    })
}

/// The value of a custom field.
fn field(value: &Value, name: &str) -> Option<String> {
    let fields = items(value, &["customFields"]).unwrap_or_default();
    let named = |value: &&Value| text(value, &["name"]).as_deref() == Some(name);
    text(fields.iter().find(named)?, &["value"])
}

/// Cases that a filter lets through and that were made at `from_ms` or later, oldest first, without the first `skipped`: what
/// leaves the list while it is read shifts nothing of it.
pub(super) fn cases(filter: &Value, from_ms: i64, skipped: usize, count: usize) -> Value {
    let made = json!({ "_gte": { "_field": "_createdAt", "_value": from_ms } });
    let all = match from_ms {
        0 => json!([filter]),
        _ => json!([filter, made]),
    };
    json!({
        "query": [
            { "_name": "listCase" },
            { "_name": "filter", "_and": all },
            { "_name": "sort", "_fields": [{ "_createdAt": "asc" }] },
            { "_name": "page", "from": skipped, "to": skipped + count },
        ],
        "excludeFields": LONG,
    })
}

/// Cases that somebody works on, whatever their stage is called.
pub(super) fn open() -> Value {
    json!({ "_ne": { "_field": "stage", "_value": CLOSED } })
}

/// Cases that were changed at an instant or later, or made then and never changed.
pub(super) fn changed(since_ms: i64) -> Value {
    let at_or_after = |field: &str| json!({ "_gte": { "_field": field, "_value": since_ms } });
    json!({ "_or": [at_or_after("_updatedAt"), at_or_after("_createdAt")] })
}

/// One case, with or without its description.
pub(super) fn one(key: &str, described: bool) -> Value {
    let excluded = match described {
        true => LONG.get(..1),
        false => LONG.get(..),
    };
    json!({
        "query": [
            { "_name": "getCase", "idOrName": key },
            { "_name": "page", "from": 0, "to": 1 },
        ],
        "excludeFields": excluded,
    })
}
