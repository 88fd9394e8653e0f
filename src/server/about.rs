//! What a backend says of itself: whether it lives, who it is, whom it can page. Which regimes it counts is `regime`.
//! Kinds of routes only; addresses and secrets never pass through here.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::Authorized;
use super::problem::Problem;
use super::regime::reads_contracts;
use super::shown;
use super::state::ServerState;
use crate::domain::board::{About, ConnectorView, HeadView, TeamView};
use crate::domain::view::SelfView;
use crate::domain::word::Role;
use crate::store::StoreError;
use crate::time::timeout;
use crate::wire::TeamsBody;

/// How long a probe waits for the store.
const READY_WITHIN_MS: i64 = 3_000;

/// What a probe is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HealthBody {
    pub status: String,
}

pub(super) fn written<T: Serialize>(body: &T) -> Response {
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    shown::json(Bytes::from(bytes), None)
}

fn health(status: &str) -> Response {
    let body = HealthBody {
        status: status.to_owned(),
    };
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, bytes).into_response()
}

/// Whether the process lives.
#[utoipa::path(get, path = "/healthz", responses((status = 200, body = HealthBody)))]
pub async fn healthz() -> Response {
    health("alive")
}

/// Whether the store can be reached, and written. A load balancer asks: it is answered soon, one way or the other.
#[utoipa::path(get, path = "/readyz", responses(
    (status = 200, body = HealthBody),
    (status = 503, description = "The store cannot be written now, or this backend is about to end", body = crate::wire::ProblemBody, content_type = "application/problem+json"),
))]
pub async fn readyz(State(state): State<Arc<ServerState>>) -> Result<Response, Problem> {
    if state.ending.is_cancelled() {
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ending",
            "This backend is about to end.",
        ));
    }
    match timeout(&*state.clock, READY_WITHIN_MS, state.store.ready()).await {
        Ok(ready) => ready?,
        Err(elapsed) => {
            return Err(StoreError::Unavailable(elapsed.to_string()).into());
        }
    }
    Ok(health("ready"))
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json")))]
pub async fn openapi(State(state): State<Arc<ServerState>>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json")];
    (headers, state.openapi.clone()).into_response()
}

/// What this backend is, and what the caller is to it.
#[utoipa::path(get, path = "/v1/info", responses((status = 200, body = About)))]
pub async fn info(
    State(state): State<Arc<ServerState>>,
    authorized: Authorized,
) -> Result<Response, Problem> {
    let token = &authorized.token;
    // The door of this process works as long as the process.
    let lasts = state.tokens.own_door(&token.id).is_some();
    let token_expires_at = authorized.expires_at().filter(|_| !lasts);
    let token_of_door = token.door;
    let caller = authorized.caller;
    // How far the record goes tells of incidents that do not exist for the caller: it is for those who check the record.
    // Boards ask this while the database is away too: then there is no head to tell, and everything else.
    let head = match caller.counsel || caller.role == Role::Admin {
        true => state.mirror.end(&state.clock).await,
        false => None,
    };
    let services = state
        .directory
        .services
        .iter()
        .filter(|service| caller.sees_service(&service.id));
    let connectors: Vec<ConnectorView> = {
        let (audience, now) = (caller.audience(), state.clock.now());
        let world = state.mirror.read();
        let polled = state.polled.iter();
        let polled = polled.map(|connector| connector.view(&world, &audience, now));
        let intakes = state.intakes.iter();
        let intakes = intakes.map(|intake| intake.view(&world, &audience, now));
        polled.chain(intakes).collect()
    };
    // A service's regimes may be a contract, which names a customer.
    let contracts = reads_contracts(&caller);
    let told = |regime: &String| contracts || !state.rules.catalogue().names_a_customer(regime);
    let services = services.map(|service| {
        let mut shown = service.view();
        shown.regimes.retain(told);
        shown
    });
    Ok(written(&About {
        name: state.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        services: services.collect(),
        severities: state.directory.severities.clone(),
        definitions: state.definitions.clone(),
        you: SelfView {
            name: caller.name,
            role: caller.role,
            counsel: caller.counsel,
            clearance: caller.clearance,
            services: caller.services,
            team: caller.team,
        },
        token_expires_at,
        token_of_door,
        key_expires_at: None,
        head: head.map(|head| HeadView {
            seq: head.seq,
            hash: head.hash,
        }),
        connectors,
    }))
}

/// The teams that can be paged.
#[utoipa::path(get, path = "/v1/teams", responses((status = 200, body = TeamsBody)))]
pub async fn teams(State(state): State<Arc<ServerState>>, authorized: Authorized) -> Response {
    let caller = &authorized.caller;
    let shown = |mut team: TeamView| {
        let all = team.services.is_empty();
        team.services.retain(|service| caller.sees_service(service));
        (all || !team.services.is_empty()).then_some(team)
    };
    let teams = state.directory.teams.iter().map(|team| team.view());
    written(&TeamsBody {
        teams: teams.filter_map(shown).collect(),
    })
}
