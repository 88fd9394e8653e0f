//! `GET /v1/regimes`: the catalogue in force, and which of it a profile calls for. What a regime is stands in `domain::clock`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use super::about::written;
use super::auth::Authorized;
use super::problem::Problem;
use super::request::Params;
use super::state::ServerState;
use crate::domain::caller::Caller;
use crate::domain::clock::regime::{Regime, Stage};
use crate::domain::clock::{Catalogue, Profile, phrase, propose};
use crate::domain::duty::rule_name;
use crate::domain::word::Tlp;
use crate::wire::{ProposedBody, RegimeBody, RegimesBody, StageBody};

/// For which entity.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RegimesQuery {
    /// A profile as JSON: the answer then says which regimes it calls for.
    profile: Option<String>,
}

/// From this clearance on a caller reads who customers are where no incident says so: contracts are told to them alone. It is
/// the mark that a new incident has.
const CONTRACTS_FROM: Tlp = Tlp::Amber;

/// Whether a caller is told of contracts, whose names and texts are customers'.
pub fn reads_contracts(caller: &Caller) -> bool {
    caller.audience().may_read(CONTRACTS_FROM)
}

/// The catalogue in force. Contracts, which name customers, are in it for clearance `amber` and above.
#[utoipa::path(get, path = "/v1/regimes", params(RegimesQuery), responses((status = 200, body = RegimesBody)))]
pub async fn regimes(
    State(state): State<Arc<ServerState>>,
    authorized: Authorized,
    Params(query): Params<RegimesQuery>,
) -> Result<Response, Problem> {
    let catalogue = state.rules.catalogue();
    let by = state.rules.counted();
    let contracts = reads_contracts(&authorized.caller);
    let told = |regime: &&Regime| contracts || !regime.names_a_customer();
    let proposed = query.profile.map(|text| proposed(catalogue, &text, told));
    Ok(written(&RegimesBody {
        rules: by.rules,
        tz: by.tz,
        regimes: catalogue
            .regimes()
            .iter()
            .filter(told)
            .map(regime)
            .collect(),
        proposed: proposed.transpose()?,
    }))
}

fn proposed(
    catalogue: &Catalogue,
    text: &str,
    told: impl Fn(&&Regime) -> bool,
) -> Result<Vec<ProposedBody>, Problem> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| Problem::invalid(format!("'profile' is not JSON: {error}.")))?;
    let profile = Profile::from_json(&value)
        .map_err(|fault| Problem::invalid(format!("'profile' cannot be read: {fault}.")))?;
    let found = propose(catalogue, &profile).into_iter();
    let found = found.filter(|(id, _)| catalogue.regime(id).as_ref().is_some_and(&told));
    let body = |(id, reason): (&str, String)| ProposedBody {
        id: id.to_owned(),
        reason,
    };
    Ok(found.map(body).collect())
}

fn regime(regime: &Regime) -> RegimeBody {
    RegimeBody {
        id: regime.id.clone(),
        name: regime.name.clone(),
        short: regime.short.clone(),
        jurisdiction: regime.jurisdiction.clone(),
        citation: regime.citation.clone(),
        status: regime.force.as_str().to_owned(),
        confidence: regime.confidence.as_str().to_owned(),
        enabled: regime.enabled,
        verified: regime.verified.to_string(),
        stages: regime.stages.iter().map(|s| stage(regime, s)).collect(),
    }
}

fn stage(regime: &Regime, stage: &Stage) -> StageBody {
    StageBody {
        stage: stage.id.clone(),
        to: stage.to.join(", "),
        rule: rule_name(regime, stage),
        trigger: stage.clock.first_trigger().map(str::to_owned),
        clock: phrase::stage(stage),
        limit: stage.limit.as_ref().map(phrase::limit),
        when: stage.when.as_ref().map(|asked| asked.text.clone()),
        direction: stage.direction,
        restricted: stage.restricted,
        decider: stage.decider.clone(),
        prepare_for: stage.prepare_for.map(|span| span.to_string()),
        citation: regime.citation.clone(),
        confidence: regime.confidence.as_str().to_owned(),
        verified: regime.verified.to_string(),
        enabled: regime.enabled,
    }
}
