//! One incident and its timeline, as the caller may see them. Texts of a timeline follow the incident's mark of now.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::IntoParams;

use super::auth::Authorized;
use super::problem::Problem;
use super::request::{self, Params};
use super::shown::{self, none_match, not_modified};
use super::state::ServerState;
use crate::domain::caller::Caller;
use crate::domain::duty::{self, Rules};
use crate::domain::event::Event;
use crate::domain::gate::OF_PEOPLE;
use crate::domain::incident::Incident;
use crate::domain::say;
use crate::domain::view::IncidentView;
use crate::domain::view_of::{names_one, restricted, trigger_name, unnamed};
use crate::store::Entry;
use crate::wire::{EntryBody, TimelineBody};

/// Entries in a stretch when the caller does not say.
const STRETCH: usize = 500;
/// Most entries in a stretch.
const LIMIT: usize = 1_000;

/// One incident.
#[utoipa::path(get, path = "/v1/incidents/{id}", params(
    ("id" = String, Path, description = "An incident's id"),
    ("If-None-Match" = Option<String>, Header,),
), responses(
    (status = 200, body = IncidentView, headers(("ETag" = String))),
    (status = 304, description = "Nothing changed"),
))]
pub async fn incident(
    State(state): State<Arc<ServerState>>,
    authorized: Authorized,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let shown = {
        let world = state.mirror.read();
        let audience = world.audience(&authorized.caller);
        let views = state.views.of(&audience);
        let found = world.incident(&id);
        found.and_then(|found| views.incident(&state, &audience, &found.incident))
    };
    let shown = shown.ok_or_else(Problem::not_found)?;
    let etag = format!("\"{}\"", shown.version);
    if none_match(&headers, &etag) {
        return Ok(not_modified(&etag));
    }
    Ok(shown::json(shown.json.clone(), Some(&etag)))
}

/// Which stretch of a timeline.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TimelineQuery {
    /// Entries after this `seq`; what `next` gave.
    #[serde(default)]
    after: u64,
    /// At most so many.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// Privileged entries too, as far as the caller may read them. Without it a timeline can be shown or handed on.
    #[serde(default)]
    privileged: bool,
}

/// What happened, oldest first.
#[utoipa::path(get, path = "/v1/incidents/{id}/timeline", params(
    ("id" = String, Path, description = "An incident's id"), TimelineQuery,
), responses((status = 200, body = TimelineBody)))]
pub async fn timeline(
    State(state): State<Arc<ServerState>>,
    authorized: Authorized,
    Path(id): Path<String>,
    Params(query): Params<TimelineQuery>,
) -> Result<Response, Problem> {
    let audience = authorized.caller.audience();
    let now = state.clock.now();
    let incident = state
        .mirror
        .incident(&id)
        .filter(|incident| audience.sees(incident, now))
        .ok_or_else(Problem::not_found)?;
    let limit = query.limit.unwrap_or(STRETCH);
    request::stretch(query.after, limit, LIMIT)?;
    let (entries, next) = request::entries(&*state.store, &id, query.after, limit).await?;
    let reader = Reader {
        caller: &authorized.caller,
        incident: &incident,
        may_read: audience.reads(&incident, now),
        privileged: query.privileged,
        restricted: restricted(&duty::derive(
            &incident,
            &state.directory,
            &state.rules,
            now,
        )),
        rules: &state.rules,
    };
    let body = TimelineBody {
        entries: entries
            .into_iter()
            .filter_map(|entry| reader.entry(entry))
            .collect(),
        next,
    };
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    Ok(shown::json(Bytes::from(bytes), None))
}

/// Who reads a timeline, and what of it.
struct Reader<'a> {
    caller: &'a Caller,
    incident: &'a Incident,
    may_read: bool,
    /// Whether privileged entries were asked for.
    privileged: bool,
    /// Duties that a line leaves unnamed.
    restricted: Vec<String>,
    rules: &'a Rules,
}

impl Reader<'_> {
    /// What an entry says, with its values where it names nothing that is restricted.
    fn line(&self, event: &Event) -> Option<String> {
        let line = say::line(event, self.incident)?;
        if !names_one(&line, &self.restricted) {
            return Some(line);
        }
        let plain = say::change(event, self.incident).unwrap_or(line);
        Some(unnamed(plain, &self.restricted))
    }

    /// An entry as it is read; None where it is not there for this reader.
    fn entry(&self, entry: Entry) -> Option<EntryBody> {
        let body: Value = serde_json::from_str(&entry.body).unwrap_or(Value::Null);
        let privileged = body.get("privileged") == Some(&Value::Bool(true));
        let may_read = self.may_read;
        if privileged {
            let theirs = may_read && self.caller.reads_privileged(&entry.by);
            if !theirs || !self.privileged {
                return None;
            }
        }
        let event: Option<Event> =
            serde_json::from_value(json!({ "kind": entry.kind, "body": body })).ok();
        let line = event
            .filter(|_| may_read)
            .and_then(|event| self.line(&event));
        let redacted = self.incident.redactions.get(&entry.seq);
        let redacted = redacted.filter(|_| may_read);
        let line = match redacted {
            Some(why) => {
                let what = line.unwrap_or_else(|| say::spaced(&entry.kind));
                Some(format!("{what}, {}", say::redacted(why)))
            }
            None => line,
        };
        Some(EntryBody {
            seq: entry.seq,
            version: entry.version,
            at: entry.at,
            by: if may_read { entry.by } else { String::new() },
            via: entry.via,
            body: if may_read {
                body
            } else {
                without_texts(&entry.kind, body, self.incident, self.rules)
            },
            kind: entry.kind,
            line,
            redacted: redacted.cloned(),
        })
    }
}

/// Keys whose values are words of closed lists, ids, instants or numbers; everything else may be a text or a name.
const KEPT: &[&str] = &[
    "id",
    "codename",
    "service",
    "service_team",
    "classification",
    "severity",
    "tlp",
    "exercise",
    "starts_at",
    "occurred_at",
    "at",
    "precision",
    "proposed",
    "milestone",
    "from",
    "pass",
    "unmet",
    "overridden",
    "phase_since",
    "role",
    "page",
    "team",
    "route",
    "urgency",
    "escalates_at",
    "state",
    "attempts",
    "step",
    "asked",
    "answer",
    "eta",
    "told",
    "done",
    "of",
    "hold",
    "until",
    "required",
    "review_on",
    "lesson",
    "due",
    "held_at",
    "responsibility",
    "comms",
    "entry",
    "made_at",
    "pages",
];

/// The body of an entry for a reader whose clearance does not reach: what people wrote, and who they are, is null.
fn without_texts(kind: &str, body: Value, incident: &Incident, rules: &Rules) -> Value {
    let phases = matches!(kind, "advanced" | "move_undone");
    let words = matches!(kind, "noted" | "submitted");
    // A team at the opening, a person's name on a lesson.
    let teams = kind == "opened";
    let Value::Object(fields) = body else {
        return Value::Null;
    };
    let kept = |key: &str| match key {
        "to" => phases,
        "from" => phases,
        "owner" => teams,
        "kind" => words,
        _ => KEPT.contains(&key),
    };
    let fields: Map<String, Value> = fields
        .into_iter()
        .map(|(key, value)| {
            let value = match key.as_str() {
                "duty" | "duties" => each(value, &|id| without_customer(id, rules)),
                "regimes" => each(value, &|id| regime(id, rules).to_owned()),
                "trigger" => each(value, &|name| trigger_name(name, incident, rules)),
                "unmet" => without_people(value),
                _ if kept(&key) => value,
                _ => Value::Null,
            };
            (key, value)
        })
        .collect();
    Value::Object(fields)
}

/// What stands for a contract, whose id may be a customer's name.
fn regime<'a>(id: &'a str, rules: &Rules) -> &'a str {
    match rules.catalogue().names_a_customer(id) {
        true => "hidden",
        false => id,
    }
}

/// A duty by regime and stage: a contract and a subject may be a customer's name.
fn without_customer(id: &str, rules: &Rules) -> String {
    let (rule, subject) = id.split_once('@').map_or((id, ""), |(rule, _)| (rule, "@"));
    match rule.split_once('/') {
        Some((of, stage)) => format!("{}/{stage}{subject}", regime(of, rules)),
        None => format!("{}{subject}", regime(rule, rules)),
    }
}

/// Gates without those that tell whether there is somebody who is hidden.
fn without_people(value: Value) -> Value {
    let of_people = |word: &Value| OF_PEOPLE.iter().any(|of| word == of.as_str());
    match value {
        Value::Array(mut words) => {
            words.retain(|word| !of_people(word));
            Value::Array(words)
        }
        other => other,
    }
}

/// An id, or each of several, as it is told.
fn each(value: Value, told: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(id) => Value::String(told(&id)),
        Value::Array(ids) => ids.into_iter().map(|id| each(id, told)).collect(),
        other => other,
    }
}
