//! `/v1/who`: who is connected through doors now, and which displays look on. Doors report it, it is believed for a minute,
//! and kept in memory alone: a node knows what was reported to it, and its own displays.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use tokio::sync::watch;

use super::about::written;
use super::auth::{Authorized, Door};
use super::command::JSON;
use super::hearsay::Hearsay;
use super::problem::Problem;
use super::request;
use super::state::ServerState;
use crate::domain::caller::Caller;
use crate::domain::command::text;
use crate::domain::presence::PresenceView;
use crate::domain::word::{Role, Via};
use crate::time::SharedClock;
use crate::wire::{DoorBody, PEOPLE_LIMIT, WhoBody};

/// Longest address or fingerprint, in characters.
const LONGEST: usize = 128;

/// What doors reported last, by their tokens.
#[derive(Default)]
pub struct Presence {
    doors: Hearsay<PresenceView>,
    displays: watch::Sender<HashMap<u64, PresenceView>>,
    next: AtomicU64,
}

impl Presence {
    /// Everybody who is believed to be there and every display that looks on, the longest first. A display that comes
    /// again before its last connection is given up is one.
    fn all(&self, clock: &SharedClock) -> Vec<PresenceView> {
        let mut all = self.doors.people(clock);
        all.extend(self.displays.borrow().values().cloned());
        all.sort_by(|a, b| (a.connected_at, &a.person).cmp(&(b.connected_at, &b.person)));
        let mut seen = HashSet::new();
        all.retain(|one| one.via != Via::Display || seen.insert(one.person.clone()));
        all
    }

    /// Tells which displays look on, one for each connection.
    pub(super) fn displays(&self) -> watch::Receiver<HashMap<u64, PresenceView>> {
        self.displays.subscribe()
    }

    /// The people among them as callers, as far as doors tell it.
    pub(super) fn callers(&self, clock: &SharedClock) -> impl Iterator<Item = Caller> {
        let people = self.doors.people(clock).into_iter();
        people.map(|person| Caller {
            team: person.team,
            ..Caller::new(person.person, person.role)
        })
    }
}

/// A paired display, connected for as long as this stands.
pub struct LookingOn {
    state: Arc<ServerState>,
    seat: u64,
}

impl LookingOn {
    /// A display of this name, with this token's rights, looks on from now.
    pub fn begin(state: &Arc<ServerState>, name: &str, role: Role) -> LookingOn {
        let presence = &state.presence;
        let seat = presence.next.fetch_add(1, Ordering::Relaxed);
        let display = PresenceView {
            person: name.to_owned(),
            role,
            team: None,
            via: Via::Display,
            door: Via::Display.as_str().to_owned(),
            connected_at: state.clock.now(),
            address: None,
            key: None,
        };
        presence.displays.send_modify(|displays| {
            displays.insert(seat, display);
        });
        LookingOn {
            state: state.clone(),
            seat,
        }
    }
}

impl Drop for LookingOn {
    fn drop(&mut self) {
        self.state.presence.displays.send_modify(|displays| {
            displays.remove(&self.seat);
        });
    }
}

/// Who is connected through doors, and the displays that look on. Addresses and keys are told to admins alone.
#[utoipa::path(get, path = "/v1/who", responses((status = 200, body = WhoBody)))]
pub async fn who(State(state): State<Arc<ServerState>>, authorized: Authorized) -> Response {
    let mut people = state.presence.all(&state.clock);
    if authorized.caller.role < Role::Admin {
        for person in &mut people {
            (person.address, person.key) = (None, None);
        }
    }
    written(&WhoBody { people })
}

/// What a door reports of the people connected through it; it says so again within a minute, or they are taken as gone.
#[utoipa::path(put, path = "/v1/who", request_body = DoorBody, responses((status = 204, description = "Taken")))]
pub async fn report(
    State(state): State<Arc<ServerState>>,
    Door(token): Door,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let bytes = request::body(&state, &headers, body, JSON).await?;
    let body: DoorBody = request::json(&bytes)?;
    request::at_most("people", body.people.len(), PEOPLE_LIMIT)?;
    let mut people = Vec::with_capacity(body.people.len());
    for person in body.people {
        text::check("person", &person.person, text::NAME)?;
        for (key, value) in [
            ("team", &person.team),
            ("address", &person.address),
            ("key", &person.key),
        ] {
            text::fits(key, value.as_deref().unwrap_or_default(), LONGEST)?;
        }
        let texts = [
            Some(&person.person),
            person.team.as_ref(),
            person.address.as_ref(),
            person.key.as_ref(),
        ];
        if texts
            .into_iter()
            .flatten()
            .any(|text| text.chars().any(char::is_control))
        {
            return Err(Problem::invalid(
                "'people' holds a text with control characters; leave them out.",
            ));
        }
        // Nobody has more than the door has: whoever would is not there through it.
        if person.role > token.role {
            continue;
        }
        people.push(PresenceView {
            person: person.person,
            role: person.role,
            team: person.team,
            via: Via::Ssh,
            door: token.name.clone(),
            connected_at: person.connected_at,
            address: person.address,
            key: person.key,
        });
    }
    if !state.presence.doors.tell(&token.id, people, &state.clock) {
        return Err(Problem::later("busy", "Too many doors report already."));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
