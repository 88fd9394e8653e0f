//! One thing of PagerDuty's answers: an incident, a custom field, a responder, somebody on call. How they are asked for
//! stands in `pagerduty`.

use serde_json::Value;

use crate::connector::field::{at, instant, items, text};
use crate::connector::port::{Case, Version};

/// An incident. With a phase field its status is that field's value, where the field is filled.
pub(super) fn case(value: &Value, phase_field: Option<&str>) -> Option<Case> {
    let key = text(value, &["id"])?;
    let status = text(value, &["status"]).unwrap_or_else(|| "unknown".to_owned());
    let changed = text(value, &["updated_at"]).or_else(|| text(value, &["last_status_change_at"]));
    let merged =
        text(value, &["resolve_reason", "type"]).as_deref() == Some("merge_resolve_reason");
    let severity =
        text(value, &["priority", "summary"]).or_else(|| text(value, &["priority", "name"]));
    let instant_of = |path: &[&str]| text(value, path).and_then(|text| instant(&text));
    let mut case = Case {
        url: text(value, &["html_url"]),
        title: text(value, &["title"])
            .or_else(|| text(value, &["summary"]))
            .unwrap_or_else(|| format!("incident {key}")),
        summary: text(value, &["description"])
            .filter(|summary| text(value, &["title"]).as_ref() != Some(summary)),
        open: status != "resolved",
        severity,
        group: text(value, &["service", "summary"]),
        tags: Vec::new(),
        created_at: instant_of(&["created_at"]),
        updated_at: changed.as_deref().and_then(instant),
        version: Version(format!(
            "{} {status}",
            changed.unwrap_or_else(|| "-".to_owned())
        )),
        merged_into: match merged {
            true => text(value, &["resolve_reason", "incident", "id"]),
            false => None,
        },
        partial: phase_field.is_some(),
        category: None,
        status,
        key,
    };
    if let (Some(field), Some(fields)) = (phase_field, items(value, &["custom_fields"])) {
        place_phase(&mut case, fields, field);
    }
    Some(case)
}

/// Puts the value of the phase field in the place of the status, unless the incident is resolved.
pub(super) fn place_phase(case: &mut Case, fields: &[Value], field: &str) {
    case.partial = false;
    let named = |value: &&Value| {
        [["name"], ["display_name"], ["id"]]
            .iter()
            .any(|path| text(value, path).as_deref() == Some(field))
    };
    let phase = fields
        .iter()
        .find(named)
        .and_then(|value| text(value, &["value"]));
    let Some(phase) = phase else {
        return;
    };
    case.version = Version(format!("{} {phase}", case.version.0));
    if case.open {
        case.status = phase;
    }
}

/// The responders of a request with their states; an escalation policy is answered with the people it means.
pub(super) fn called(answer: &Value) -> Vec<(String, String)> {
    let targets =
        items(answer, &["responder_request", "responder_request_targets"]).unwrap_or_default();
    let mut called = Vec::new();
    for target in targets {
        let target = at(target, &["responder_request_target"]).unwrap_or(target);
        let responders = items(target, &["incidents_responders"])
            .or_else(|| items(target, &["incident_responders"]))
            .unwrap_or_default();
        for responder in responders {
            let name = text(responder, &["user", "summary"])
                .or_else(|| text(responder, &["user", "name"]))
                .or_else(|| text(responder, &["user", "id"]));
            let state = text(responder, &["state"]).unwrap_or_else(|| "unknown".to_owned());
            called.extend(name.map(|name| (name, state)));
        }
    }
    called
}

/// Who is called first, by name: the lowest level of escalation that somebody is on.
pub(super) fn first_level(oncalls: &[Value]) -> Vec<String> {
    let level = |value: &Value| value.get("escalation_level").and_then(Value::as_i64);
    let first = oncalls.iter().filter_map(level).min();
    let mut names: Vec<String> = Vec::new();
    for oncall in oncalls.iter().filter(|oncall| level(oncall) == first) {
        let name = text(oncall, &["user", "summary"]).or_else(|| text(oncall, &["user", "name"]));
        names.extend(name.filter(|name| !names.contains(name)));
    }
    names
}
