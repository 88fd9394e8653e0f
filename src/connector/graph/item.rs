//! One incident of the security incidents of Microsoft Graph: what its answer says, and what is written of it. How it is
//! asked for stands in `graph`.

use serde_json::{Value, json};

use super::{RESOLVED, STATUSES};
use crate::connector::carrier;
use crate::connector::field::{instant, items, text};
use crate::connector::port::{Case, Version};

/// The status of what was merged into another one.
const REDIRECTED: &str = "redirected";

/// An incident. Its status is the phase that a custom tag carries, where one does and it is open.
pub(super) fn case(value: &Value) -> Option<Case> {
    let key = text(value, &["id"])?;
    let of = |name: &str| text(value, &[name]);
    let status = of("status").unwrap_or_else(|| "unknown".to_owned());
    let merged_into = of("redirectIncidentId").filter(|into| *into != key);
    let over = [RESOLVED, REDIRECTED]
        .iter()
        .any(|word| status.eq_ignore_ascii_case(word));
    let open = !over && merged_into.is_none();
    let tags = tags(value, "customTags");
    let carried = carrier::phase(tags.iter().map(String::as_str)).filter(|_| open);
    let word = carried.clone().unwrap_or_else(|| status.clone());
    let changed = of("lastUpdateDateTime");
    Some(Case {
        url: of("incidentWebUrl"),
        title: of("displayName").unwrap_or_else(|| format!("incident {key}")),
        summary: of("summary").or_else(|| of("description")),
        open,
        severity: of("severity"),
        group: of("assignedTo"),
        tags: tags
            .into_iter()
            .chain(self::tags(value, "systemTags"))
            .collect(),
        created_at: of("createdDateTime").and_then(|at| instant(&at)),
        updated_at: changed.as_deref().and_then(instant),
        // It has no version of its own.
        version: Version(format!(
            "{} {status} {word}",
            changed.unwrap_or_else(|| "-".to_owned())
        )),
        merged_into,
        partial: false,
        // What a tag carries may mean nothing here; what it stands under does.
        category: carried.is_some().then(|| status.clone()),
        status: word,
        key,
    })
}

fn tags(value: &Value, name: &str) -> Vec<String> {
    let tags = items(value, &[name]).unwrap_or_default().iter();
    tags.filter_map(|tag| text(tag, &[])).collect()
}

/// What is written to give it another status or phase: these fields, and no others. The tags of others stay.
pub(super) fn moved(value: &Value, to: &str, classification: Option<&str>) -> Value {
    let status = STATUSES
        .iter()
        .find(|status| status.eq_ignore_ascii_case(to));
    if to.eq_ignore_ascii_case(RESOLVED) {
        let mut body = json!({ "status": RESOLVED });
        if let (Some(word), Some(body)) = (classification, body.as_object_mut()) {
            body.insert("classification".to_owned(), word.into());
        }
        return body;
    }
    let mut tags: Vec<String> = tags(value, "customTags");
    tags.retain(|tag| carrier::carried(tag).is_none());
    if status.is_none() {
        tags.push(carrier::tag(to));
    }
    // A phase says that it is being worked on.
    json!({ "status": status.unwrap_or(&"inProgress"), "customTags": tags })
}
