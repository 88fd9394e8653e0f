//! `/v1/logins`: doors tell who came in, and it is written into the record; admins and counsel read it there.
//! Who is connected now is `who`; what a login says is `domain::login`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;

use super::about::written;
use super::auth::{Authorized, Door};
use super::command::JSON;
use super::problem::Problem;
use super::request::{self, Params};
use super::state::ServerState;
use crate::domain::command::text;
use crate::domain::login::LoginNote;
use crate::domain::word::{LoginOutcome, Role};
use crate::store::{Entry, Logins, NO_INCIDENT, StoreError};
use crate::wire::{LOGINS_LIMIT, LoginEntryBody, LoginRecordBody, LoginsBody};

/// Longest address or fingerprint, in characters.
const LONGEST: usize = 128;

/// Where in the record a stretch begins.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LoginsQuery {
    /// `next` of the stretch before.
    #[serde(default)]
    after: u64,
    /// At most so many.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// Logins over SSH, refused ones of known keys among them, as they stand in the record. For admins and counsel.
#[utoipa::path(get, path = "/v1/logins", params(LoginsQuery), responses((status = 200, body = LoginRecordBody)))]
pub async fn logins(
    State(state): State<Arc<ServerState>>,
    authorized: Authorized,
    Params(query): Params<LoginsQuery>,
) -> Result<Response, Problem> {
    let caller = &authorized.caller;
    if caller.role < Role::Admin && !caller.counsel {
        return Err(Problem::forbidden(format!(
            "Who logged in from where is told to admins and counsel; {} is neither.",
            caller.name
        )));
    }
    let limit = query.limit.unwrap_or(LOGINS_LIMIT);
    request::stretch(query.after, limit, LOGINS_LIMIT)?;
    let (entries, next) = request::entries(&*state.store, NO_INCIDENT, query.after, limit).await?;
    let logins = entries
        .into_iter()
        .map(entry)
        .collect::<Result<_, StoreError>>()?;
    Ok(written(&LoginRecordBody { logins, next }))
}

fn entry(entry: Entry) -> Result<LoginEntryBody, StoreError> {
    let note: LoginNote = serde_json::from_str(&entry.body)
        .map_err(|error| StoreError::Corrupt(format!("entry {}: {error}", entry.seq)))?;
    Ok(LoginEntryBody {
        seq: entry.seq,
        recorded_at: entry.at,
        door: note.door,
        login: note.login,
    })
}

/// What a door tells of those who came in, went and were turned away: written into the record. Told again with the same
/// Idempotency-Key it is not written again.
#[utoipa::path(post, path = "/v1/logins", request_body = LoginsBody, params(("Idempotency-Key" = String, Header,)), responses((status = 204, description = "Written")))]
pub async fn record(
    State(state): State<Arc<ServerState>>,
    Door(token): Door,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let bytes = request::body(&state, &headers, body, JSON).await?;
    let body: LoginsBody = request::json(&bytes)?;
    request::at_most("logins", body.logins.len(), LOGINS_LIMIT)?;
    for login in &body.logins {
        if login.outcome != LoginOutcome::Lost {
            let person = login.person.as_deref().unwrap_or_default();
            text::check("person", person, text::NAME)?;
        }
        for (key, value) in [("address", &login.address), ("key", &login.key)] {
            text::fits(key, value.as_deref().unwrap_or_default(), LONGEST)?;
        }
        if login.count == 0 {
            return Err(Problem::invalid("'count' must be 1 or more."));
        }
    }
    let key = request::idempotency(&headers, token.id.clone(), "/v1/logins", &bytes)?;
    let key = key.ok_or_else(|| {
        Problem::invalid("'Idempotency-Key' is missing: with it the same is never written twice.")
    })?;
    let note = |login| LoginNote {
        door: token.name.clone(),
        login,
    };
    let logins = Logins {
        notes: body.logins.into_iter().map(note).collect(),
        at: state.clock.now(),
        idempotency: key,
    };
    match state.store.put_logins(logins).await? {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(Problem::invalid(
            "This Idempotency-Key was used for other logins; give these another one.",
        )),
    }
}
