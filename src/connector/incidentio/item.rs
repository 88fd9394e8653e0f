//! One thing of incident.io's answers: an incident, a status of the account, an escalation. How they are asked for stands
//! in `incidentio`.

use serde_json::Value;

use crate::connector::field::{instant, items, text};
use crate::connector::port::{Case, Version};

/// Categories of statuses whose incidents nobody works on any more. One that is added later counts as open: shown too long
/// is better than lost.
pub(super) const OVER: [&str; 4] = ["closed", "declined", "merged", "canceled"];
/// The category of an incident that went on in another one.
pub(super) const MERGED: &str = "merged";
/// The longest value of a custom field that counts as a tag, in characters.
const TAG_MAX: usize = 100;
/// How escalations stand that can still reach somebody, though nobody is named yet.
const COMING: [&str; 5] = [
    "pending",
    "triggered",
    "delayed",
    "snoozed",
    "pending_repeat",
];

/// A status of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Status {
    pub id: String,
    pub name: String,
    /// Its place in the order of statuses; what is none stands last.
    pub rank: i64,
    /// One of a few fixed words, such as `live`.
    pub category: String,
}

/// A status, by itself or within an incident.
pub(super) fn status(value: &Value) -> Option<Status> {
    Some(Status {
        id: text(value, &["id"])?,
        name: text(value, &["name"])?,
        rank: value
            .get("rank")
            .and_then(Value::as_i64)
            .unwrap_or(i64::MAX),
        category: text(value, &["category"]).unwrap_or_else(|| "unknown".to_owned()),
    })
}

/// An incident. `service_field` names the custom field that tells whose it is.
pub(super) fn case(value: &Value, service_field: Option<&str>) -> Option<Case> {
    let key = text(value, &["id"])?;
    let name = text(value, &["incident_status", "name"]);
    let category = text(value, &["incident_status", "category"]);
    let status = name
        .or_else(|| category.clone())
        .unwrap_or_else(|| "unknown".to_owned());
    let changed = text(value, &["updated_at"]);
    let reference = text(value, &["reference"]);
    let fields = fields(value);
    let of_field = |name: &str| {
        let mut all = fields.iter();
        all.find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.clone())
    };
    let kind = text(value, &["incident_type", "name"]);
    let tags = fields
        .iter()
        .filter(|(_, value)| value.chars().count() <= TAG_MAX)
        .map(|(name, value)| format!("{name}: {value}"));
    Some(Case {
        url: text(value, &["permalink"]),
        title: text(value, &["name"])
            .or(reference)
            .unwrap_or_else(|| format!("incident {key}")),
        summary: text(value, &["summary"]),
        open: category.as_deref().is_none_or(|word| !OVER.contains(&word)),
        severity: text(value, &["severity", "name"]),
        group: match service_field {
            Some(name) => of_field(name),
            None => kind.clone(),
        },
        tags: kind.into_iter().chain(tags).collect(),
        created_at: text(value, &["created_at"]).and_then(|at| instant(&at)),
        updated_at: changed.as_deref().and_then(instant),
        version: Version(format!(
            "{} {status}",
            changed.unwrap_or_else(|| "-".to_owned())
        )),
        merged_into: None,
        partial: false,
        status,
        category,
        key,
    })
}

/// Custom fields that are filled, by name; one that holds several values comes several times.
fn fields(value: &Value) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for entry in items(value, &["custom_field_entries"]).unwrap_or_default() {
        let Some(name) = text(entry, &["custom_field", "name"]) else {
            continue;
        };
        for value in items(entry, &["values"]).unwrap_or_default() {
            let paths: [&[&str]; 5] = [
                &["value_option", "value"],
                &["value_catalog_entry", "name"],
                &["value_text"],
                &["value_numeric"],
                &["value_link"],
            ];
            let told = paths.iter().find_map(|path| text(value, path));
            all.extend(told.map(|told| (name.clone(), told)));
        }
    }
    all
}

/// Where a merged incident went, as the updates of it tell.
pub(super) fn merged_into(updates: &[Value]) -> Option<String> {
    let mut told = updates
        .iter()
        .filter_map(|update| text(update, &["merged_into_incident_id"]));
    told.next()
}

/// The people an escalation has reached, each with the last that is told of them; while it has reached nobody yet and still
/// can, `target` with its own state. Nobody at all where it is over.
pub(super) fn called(escalation: &Value, target: &str) -> Vec<(String, String)> {
    let mut called: Vec<(String, String)> = Vec::new();
    for event in items(escalation, &["events"]).unwrap_or_default() {
        let state = text(event, &["event"]).unwrap_or_else(|| "unknown".to_owned());
        for user in items(event, &["users"]).unwrap_or_default() {
            let name = text(user, &["name"]).or_else(|| text(user, &["id"]));
            let Some(name) = name else {
                continue;
            };
            match called.iter_mut().find(|(known, _)| *known == name) {
                Some((_, before)) => before.clone_from(&state),
                None => called.push((name, state.clone())),
            }
        }
    }
    let state = text(escalation, &["status"]).unwrap_or_default();
    if called.is_empty() && COMING.contains(&state.as_str()) {
        called.push((target.to_owned(), state));
    }
    called
}

/// Who an escalation path reaches now, by name; none where the path is not among these.
pub(super) fn responders(paths: &[Value], id: &str) -> Option<Vec<String>> {
    let path = paths
        .iter()
        .find(|path| text(path, &["id"]).as_deref() == Some(id))?;
    let people = items(path, &["current_responders"]).unwrap_or_default();
    let named = people
        .iter()
        .filter_map(|person| text(person, &["name"]).or_else(|| text(person, &["id"])));
    Some(named.collect())
}
