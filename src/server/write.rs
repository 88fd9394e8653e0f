//! From a decision to what the store writes: events applied to a copy, the outbox that follows from them, the answer.
//! The one place where a decided command becomes `Changes`; what is decided stands in `domain::command`.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};

use super::metric::result_of;
use super::outbox;
use super::problem::Problem;
use super::shown::private;
use super::state::ServerState;
use crate::domain::caller::Audience;
use crate::domain::command::Context;
use crate::domain::event::Event;
use crate::domain::incident::{Incident, Stamp};
use crate::domain::view_of::view;
use crate::domain::word::GateWord;
use crate::store::{Answer, Changes, Done, Job, Outcome, StoreError, Target};
use crate::wire::{CommandAnswerBody, PROBLEM};

/// A command that waits longer for the store is a sign of trouble, in milliseconds.
const SLOW_MS: i64 = 1_000;

/// Applies what was decided to an incident on record.
pub fn changed(before: &Incident, events: &[Event], context: &Context<'_>) -> (Incident, Stamp) {
    let stamp = stamp(before.version.saturating_add(1), context);
    let mut incident = before.clone();
    for event in events {
        incident.apply(event, &stamp);
    }
    (incident, stamp)
}

/// The stamp of a version that this context makes.
pub fn stamp(version: u64, context: &Context<'_>) -> Stamp {
    Stamp {
        version,
        at: context.now,
        by: context.caller.name.clone(),
        via: context.via,
    }
}

/// What shall be written: the incident after all events, with the outbox that follows from them.
pub fn outcome(
    state: &ServerState,
    incident: Incident,
    events: Vec<Event>,
    stamp: Stamp,
    answer: Answer,
) -> Outcome {
    Outcome::Write(Box::new(Changes {
        outbox: outbox::changes(state, &incident, &events, stamp.at),
        incident,
        events,
        stamp,
        answer,
    }))
}

/// The gates that were passed unmet.
pub fn unmet(events: &[Event]) -> Vec<GateWord> {
    let unmet = events.iter().find_map(|event| match event {
        Event::Advanced { unmet, .. } | Event::Closed { unmet, .. } => Some(unmet.clone()),
        _ => None,
    });
    unmet.unwrap_or_default()
}

/// The answer of a command: the incident as this audience sees it.
pub fn answer(
    state: &ServerState,
    audience: &Audience,
    incident: &Incident,
    status: StatusCode,
    mut unmet: Vec<GateWord>,
) -> Answer {
    let now = state.clock.now();
    let Some(incident) = view(audience, incident, &state.directory, &state.rules, now) else {
        return Problem::not_found().answer();
    };
    unmet.retain(|word| !incident.hides_gate(*word));
    let created = status == StatusCode::CREATED;
    let (id, version) = (incident.id.clone(), incident.version);
    let body = CommandAnswerBody { incident, unmet };
    Answer {
        status: status.as_u16(),
        etag: Some(format!("\"{version}\"")),
        location: created.then(|| format!("/v1/incidents/{id}")),
        body: serde_json::to_vec(&body).unwrap_or_default(),
    }
}

/// What a job does, as metrics and the log name it.
#[derive(Clone, Copy)]
pub struct Doing<'a> {
    /// The command's word.
    pub command: &'static str,
    /// The page that it names.
    pub page: Option<&'a str>,
}

/// Puts a job before the writer, and waits until readers see what it wrote. How it went is counted and logged: by ids and
/// words of closed lists, without any text of the incident.
///
/// # Errors
/// 503 if the store is away or busy, 507 if it is full; nothing was written then, unless the answer says that this is not
/// known.
pub async fn submit(state: &ServerState, job: Job, doing: Doing<'_>) -> Result<Done, Problem> {
    let began = state.clock.mono();
    let known = match &job.target {
        // An id of nothing is a text from outside.
        Target::Incident(id) | Target::Paging(id) | Target::Redaction { incident: id, .. } => {
            state.mirror.incident(id)
        }
        _ => None,
    };
    let done = state.store.submit(job).await;
    let written_ms = state.clock.mono() - began;
    match written_ms >= SLOW_MS {
        true => state.slow.met(&format!("{written_ms} ms")),
        false => state.slow.over(),
    };
    if let Ok(Done::Written { seq, .. }) = &done {
        state.mirror.reach(*seq, &state.clock).await;
    }
    let (status, written) = match &done {
        Ok(Done::Written {
            answer, incident, ..
        }) => (answer.status, Some(incident)),
        Ok(Done::Answered(answer) | Done::Replayed(answer) | Done::Retold { answer, .. }) => {
            (answer.status, None)
        }
        Ok(Done::KeyReused) => (422, None),
        Ok(Done::Known(incident)) => (200, Some(incident)),
        Ok(Done::Superseded) => (409, None),
        Err(StoreError::Full(_)) => (507, None),
        Err(_) => (503, None),
    };
    let took_ms = state.clock.mono() - began;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    state.metrics.command(doing.command, status, took_ms);
    let incident = written.or(known.as_ref());
    let pages = match (doing.page, incident) {
        // A page's id that leads nowhere is a text from outside.
        (Some(page), Some(incident)) => incident.page(page).map_or("", |page| &page.id).to_owned(),
        (None, Some(incident)) if written.is_some() => queued_by(incident).join(" "),
        _ => String::new(),
    };
    tracing::info!(
        command = doing.command,
        result = result_of(status),
        incident = incident.map_or("", |incident| &incident.id),
        version = written.map(|incident| incident.version),
        pages,
        took_ms,
        "a command"
    );
    Ok(done?)
}

/// The pages that the incident's last version brought.
fn queued_by(incident: &Incident) -> Vec<&str> {
    let pages = incident.pages.iter();
    pages
        .filter(|page| page.queued_at == incident.updated_at)
        .map(|page| page.id.as_str())
        .collect()
}

/// How a job ended, as a response.
pub fn response(state: &ServerState, audience: &Audience, done: Done) -> Response {
    match done {
        Done::Written { answer, .. } | Done::Answered(answer) => respond(answer, false),
        Done::Replayed(answer) => match spoken_of(state, &answer) {
            Some(incident) => retold(state, audience, answer, &incident),
            None => respond(answer, true),
        },
        Done::Retold { answer, incident } => retold(state, audience, answer, &incident),
        // Only attempts of the delivery worker hold a lease.
        Done::Superseded => Problem::new(
            StatusCode::CONFLICT,
            "superseded",
            "Another node has taken this over; nothing was done.",
        )
        .into_response(),
        Done::KeyReused => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "This Idempotency-Key was used for another request; nothing was done. Take a new key.",
        )
        .into_response(),
        Done::Known(incident) => known(state, audience, &incident),
    }
}

/// The incident of an answer that was remembered before there was a place to note it.
fn spoken_of(state: &ServerState, answer: &Answer) -> Option<Arc<Incident>> {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    state.mirror.incident(body.get("id")?.as_str()?)
}

/// What was answered before: the same again to whoever may read it still. Where it was restricted, marked higher or redacted
/// since, status, place and gates stay, and the incident is told as it stands, to whoever sees it.
fn retold(
    state: &ServerState,
    audience: &Audience,
    before: Answer,
    incident: &Incident,
) -> Response {
    if !before.body.is_empty() && audience.reads(incident, state.clock.now()) {
        return respond(before, true);
    }
    #[derive(Default, serde::Deserialize)]
    struct Gates {
        #[serde(default)]
        unmet: Vec<GateWord>,
    }
    let status = StatusCode::from_u16(before.status).unwrap_or(StatusCode::OK);
    let gates: Gates = serde_json::from_slice(&before.body).unwrap_or_default();
    let now = answer(state, audience, incident, status, gates.unmet);
    let seen = now.status < 400;
    respond(now, seen)
}

/// An upstream incident that is on record already is answered as it stands. A key opens one incident and no other, so that one
/// is there cannot be kept from whoever opens it again; whether they may not see it or may not read it is.
fn known(state: &ServerState, audience: &Audience, incident: &Arc<Incident>) -> Response {
    if !audience.reads(incident, state.clock.now()) {
        return Problem::invalid(
            "This upstream key is on record already, where you may not read it; nothing was opened.",
        )
        .into_response();
    }
    let mut answer = answer(state, audience, incident, StatusCode::OK, Vec::new());
    answer.location = Some(format!("/v1/incidents/{}", incident.id));
    respond(answer, false)
}

fn respond(answer: Answer, replayed: bool) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = if status.is_success() {
        "application/json"
    } else {
        PROBLEM
    };
    let mut response = private(
        (
            status,
            [(header::CONTENT_TYPE, HeaderValue::from_static(kind))],
            answer.body,
        )
            .into_response(),
    );
    let headers = response.headers_mut();
    for (name, value) in [
        (header::ETAG, answer.etag),
        (header::LOCATION, answer.location),
    ] {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    if replayed {
        headers.insert(
            HeaderName::from_static("idempotency-replayed"),
            HeaderValue::from_static("true"),
        );
    }
    response
}
