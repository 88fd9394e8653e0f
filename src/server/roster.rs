//! `PUT /v1/roster`: who may come in by each door, connected or not. Doors tell it, it is believed for a minute, and kept in
//! memory alone, as `who` is. Whether somebody sees an incident is `domain::caller`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};

use super::auth::Door;
use super::behalf;
use super::command::JSON;
use super::hearsay::Hearsay;
use super::problem::Problem;
use super::request;
use super::state::ServerState;
use crate::domain::caller::{Audience, Caller};
use crate::domain::grant::Grant;
use crate::time::SharedClock;
use crate::wire::{ROSTER_LIMIT, RosterBody};

/// Who may come in, by the doors' tokens.
#[derive(Default)]
pub struct Rosters(Hearsay<Caller>);

impl Rosters {
    /// Everybody who may come in by a door, once for each door and rights.
    pub(super) fn callers(&self, clock: &SharedClock) -> Vec<Caller> {
        self.0.people(clock)
    }
}

/// Who may come in by a door; it says so again within a minute, or they are taken as nobody.
#[utoipa::path(put, path = "/v1/roster", request_body = RosterBody, responses((status = 204, description = "Taken")))]
pub async fn tell(
    State(state): State<Arc<ServerState>>,
    Door(token): Door,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let bytes = request::body(&state, &headers, body, JSON).await?;
    let body: RosterBody = request::json(&bytes)?;
    request::at_most("people", body.people.len(), ROSTER_LIMIT)?;
    let door: Audience = behalf::own(&token).audience();
    let mut people = Vec::with_capacity(body.people.len());
    for rights in &body.people {
        let grant: Grant = rights
            .parse()
            .map_err(|fault| Problem::invalid(format!("'people' is not understood: {fault}.")))?;
        if grant.person.is_none() {
            return Err(Problem::invalid("'people' holds rights without a person."));
        }
        // Who would get more than the door has gets nothing through it.
        if grant.within(&door).is_ok() {
            people.push(grant.caller(""));
        }
    }
    match state.rosters.0.tell(&token.id, people, &state.clock) {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(Problem::later("busy", "Too many doors tell already.")),
    }
}
