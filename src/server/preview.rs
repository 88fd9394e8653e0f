//! `POST /v1/incidents/{id}/preview`: what a command would do to the clocks, and whom it would let in. The same decision on the incident as it stands
//! now, by the same rules as the command itself; nothing is written and nobody is paged.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderMap;

use super::about::written;
use super::auth::Authorized;
use super::command::{JSON, may_ask, may_write};
use super::problem::Problem;
use super::request;
use super::state::ServerState;
use super::write;
use super::{newly, on_call};
use crate::domain::command::{Command, Context, decide};
use crate::domain::incident::Incident;
use crate::domain::view_of::view;
use crate::wire::{NewlyBody, PreviewBody};

/// What a command would do to the duties of an incident. Nothing is done.
#[utoipa::path(post, path = "/v1/incidents/{id}/preview", request_body = Command, params(
    ("id" = String, Path, description = "An incident's id"),
    ("x-warboard-via" = Option<String>, Header,),
), responses((status = 200, body = PreviewBody)))]
pub async fn preview(
    State(state): State<Arc<ServerState>>,
    authorized: Authorized,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let via = request::via(&headers, &authorized)?;
    let caller = authorized.caller;
    may_write(&caller)?;
    let bytes = request::body(&state, &headers, body, JSON).await?;
    let command: Command = request::json(&bytes)?;
    may_ask(&command, &caller)?;
    let audience = caller.audience();
    let incident = state
        .mirror
        .incident(&id)
        .filter(|incident| audience.sees(incident, state.clock.now()))
        .ok_or_else(Problem::not_found)?;
    let context = Context {
        now: state.clock.now(),
        caller: &caller,
        via,
        directory: &state.directory,
        rules: &state.rules,
        random: rand::random(),
    };
    let events = decide(&incident, &command, &context)?;
    let (after, _) = write::changed(&incident, &events, &context);
    // Both at one instant, so that nothing differs but by the command.
    let seen = |incident: &Incident| {
        view(
            &audience,
            incident,
            &state.directory,
            &state.rules,
            context.now,
        )
        .ok_or_else(Problem::not_found)
    };
    let (before, then) = (seen(&incident)?, seen(&after)?);
    let mut unmet = write::unmet(&events);
    unmet.retain(|word| !before.hides_gate(*word));
    let newly = match newly::may_open(&command) {
        true => Some(newly::newly(&state, &incident, &after).await?),
        false => None,
    };
    let on_call = on_call::of(&state, &incident, &events).await;
    Ok(written(&PreviewBody {
        before: before.duties,
        after: then.duties,
        unmet,
        newly: newly.filter(|newly| *newly != NewlyBody::default()),
        on_call,
    }))
}
