//! `/v1/named`: for whom a door has to ask by name, because their restricted incidents are not everybody's. Held until the
//! names change, so that a list that grows or shrinks is followed at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use utoipa::IntoParams;

use super::about::written;
use super::auth::Door;
use super::behalf;
use super::problem::Problem;
use super::request::Params;
use super::state::ServerState;
use crate::time::timeout;
use crate::wire::{NamedBody, WAIT_LIMIT_SECONDS};

/// What a door knows, and how long it waits for something else.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NamedQuery {
    /// `state` of the answer before.
    #[serde(default)]
    since: Option<String>,
    /// Seconds to hold the request while that is the state.
    #[serde(default)]
    #[param(minimum = 0, maximum = 60)]
    wait: u64,
}

/// Everybody for whom a restricted incident exists on boards. For doors, which ask for these people by name.
#[utoipa::path(get, path = "/v1/named", params(NamedQuery), responses((status = 200, body = NamedBody)))]
pub async fn named(
    State(state): State<Arc<ServerState>>,
    door: Door,
    Params(query): Params<NamedQuery>,
) -> Result<Response, Problem> {
    if query.wait > WAIT_LIMIT_SECONDS {
        return Err(Problem::invalid(format!(
            "'wait' must be 0 to {WAIT_LIMIT_SECONDS} seconds."
        )));
    }
    let mut head = state.mirror.head();
    let mut tokens = state.tokens.changes();
    let wait = i64::try_from(query.wait).unwrap_or_default() * 1_000;
    let ends_at = state.clock.mono() + wait;
    loop {
        head.mark_unchanged();
        let body = body(&state, &door);
        let is_news = query.since.as_ref() != Some(&body.state);
        if is_news || state.clock.mono() >= ends_at || state.ending.is_cancelled() {
            return Ok(written(&body));
        }
        let news = async {
            tokio::select! {
                _ = head.changed() => {}
                _ = tokens.changed() => {}
                () = state.ending.cancelled() => {}
            }
        };
        // The loop looks again whatever ended the wait.
        let _ended = timeout(&*state.clock, ends_at - state.clock.mono(), news).await;
        door.again(&state).await?;
    }
}

fn body(state: &ServerState, door: &Door) -> NamedBody {
    let audience = behalf::own(&door.0).audience();
    let now = state.clock.now();
    let names: BTreeSet<String> = {
        let world = state.mirror.read();
        let restricted = world.restricted();
        let seen = restricted.filter(|incident| audience.sees_service(&incident.service));
        let listed = seen.filter(|incident| incident.is_listed());
        let lists = listed.filter_map(|incident| incident.restriction.as_ref());
        lists
            .flat_map(|list| list.admitted_at(now).map(str::to_owned))
            .collect()
    };
    let mut digest = Sha256::new();
    for name in &names {
        digest.update(name.as_bytes());
        digest.update(b"\0");
    }
    let digest: [u8; 32] = digest.finalize().into();
    NamedBody {
        state: hex::encode(digest.split_at(16).0),
        names: names.into_iter().collect(),
    }
}
