//! One incident of Microsoft Sentinel: what its answer says, and the same object with another status. How it is asked for
//! stands in `sentinel`.

use serde_json::{Map, Value, json};

use super::{CLOSED, STATUSES};
use crate::connector::carrier;
use crate::connector::field::{instant, items, text};
use crate::connector::port::{Case, Version};

/// An incident. Its status is the phase that a label carries, where one does and it is not closed.
pub(super) fn case(value: &Value) -> Option<Case> {
    let key = text(value, &["name"])?;
    let of = |name: &str| text(value, &["properties", name]);
    let status = of("status").unwrap_or_else(|| "unknown".to_owned());
    let open = !status.eq_ignore_ascii_case(CLOSED);
    let tags: Vec<String> = labels(value).filter_map(name).collect();
    let carried = carrier::phase(tags.iter().map(String::as_str)).filter(|_| open);
    let word = carried.clone().unwrap_or_else(|| status.clone());
    let changed = of("lastModifiedTimeUtc");
    let etag = text(value, &["etag"]);
    let number = of("incidentNumber").map(|number| format!("incident {number}"));
    let owner = ["assignedTo", "userPrincipalName", "email"]
        .iter()
        .find_map(|part| text(value, &["properties", "owner", part]));
    Some(Case {
        url: of("incidentUrl"),
        title: of("title")
            .or(number)
            .unwrap_or_else(|| format!("incident {key}")),
        summary: of("description"),
        open,
        severity: of("severity"),
        group: owner,
        tags,
        created_at: of("createdTimeUtc").and_then(|at| instant(&at)),
        updated_at: changed.as_deref().and_then(instant),
        version: Version(etag.or(changed).unwrap_or_else(|| status.clone())),
        merged_into: None,
        partial: false,
        // What a tag carries may mean nothing here; what it stands under does.
        category: carried.is_some().then(|| status.clone()),
        status: word,
        key,
    })
}

fn labels(value: &Value) -> impl Iterator<Item = &Value> {
    let labels = items(value, &["properties", "labels"]);
    labels.unwrap_or_default().iter()
}

fn name(label: &Value) -> Option<String> {
    text(label, &["labelName"])
}

/// The word and the reason that a closed incident bears.
pub(super) type Closing<'a> = (&'a str, Option<&'a str>);

/// Whether it says why it was closed.
pub(super) fn is_classified(value: &Value) -> bool {
    text(value, &["properties", "classification"]).is_some()
}

/// The whole object as it was read, with another status or phase: what we do not know of it stays as it is.
pub(super) fn moved(value: &Value, to: &str, closing: Option<Closing<'_>>) -> Value {
    let mut moved = value.clone();
    let status = STATUSES
        .iter()
        .find(|status| status.eq_ignore_ascii_case(to));
    let closed = text(value, &["properties", "status"])
        .is_some_and(|status| status.eq_ignore_ascii_case(CLOSED));
    let Some(properties) = moved.get_mut("properties").and_then(Value::as_object_mut) else {
        return moved;
    };
    let closes = to.eq_ignore_ascii_case(CLOSED);
    match status {
        Some(status) => put(properties, "status", status),
        // A phase says that it is being worked on.
        None => put(properties, "status", "Active"),
    }
    if !closes {
        let kept = labels(value)
            .filter(|label| name(label).is_none_or(|name| carrier::carried(&name).is_none()));
        let mut kept: Vec<Value> = kept.cloned().collect();
        if status.is_none() {
            kept.push(json!({ "labelName": carrier::tag(to) }));
        }
        properties.insert("labels".to_owned(), kept.into());
    }
    if closed && !closes {
        // They say why it was closed, and it is not.
        for key in [
            "classification",
            "classificationReason",
            "classificationComment",
        ] {
            properties.shift_remove(key);
        }
    }
    if let (true, Some((word, reason))) = (closes, closing) {
        put(properties, "classification", word);
        if let Some(reason) = reason {
            put(properties, "classificationReason", reason);
        }
    }
    moved
}

fn put(properties: &mut Map<String, Value>, key: &str, value: &str) {
    properties.insert(key.to_owned(), value.into());
}
