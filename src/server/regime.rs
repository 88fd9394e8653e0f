//! `GET /v1/regimes`: the catalogue in force, and which of it a profile calls for. What a regime is stands in `domain::clock`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::about::written;
use super::auth::Authorized;
use super::problem::Problem;
use super::request::Params;
use super::state::ServerState;
use crate::domain::clock::regime::{Regime, Stage};
use crate::domain::clock::{Catalogue, Profile, phrase, propose};
use crate::domain::duty::rule_name;
use crate::domain::word::Direction;

/// One stage of a regime: who is told, how it counts, who decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StageBody {
    pub stage: String,
    pub to: String,
    /// The rule in a few letters, as duties name it.
    pub rule: String,
    pub trigger: Option<String>,
    /// The clock in words.
    pub clock: String,
    /// How far the text itself allows to go beyond the earliest reading.
    pub limit: Option<String>,
    /// The condition under which it applies at all.
    pub when: Option<String>,
    pub direction: Direction,
    pub restricted: bool,
    pub decider: Option<String>,
    pub prepare_for: Option<String>,
    pub citation: String,
    pub confidence: String,
    pub verified: String,
    pub enabled: bool,
}

/// One regime of the catalogue in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RegimeBody {
    pub id: String,
    pub name: String,
    pub short: String,
    pub jurisdiction: String,
    pub citation: String,
    /// `in_force`, `deferred`, `proposed` or `repealed`.
    pub status: String,
    pub confidence: String,
    /// Disabled ones are counted, but ask nothing of anybody.
    pub enabled: bool,
    pub verified: String,
    pub stages: Vec<StageBody>,
}

/// A regime a profile calls for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProposedBody {
    pub id: String,
    pub reason: String,
}

/// The catalogue in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RegimesBody {
    /// Hash of the regimes and calendars.
    pub rules: String,
    /// Version of the time zone database.
    pub tz: String,
    pub regimes: Vec<RegimeBody>,
    /// What the profile asked with calls for; only where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<Vec<ProposedBody>>,
}

/// For which entity.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RegimesQuery {
    /// A profile as JSON: the answer then says which regimes it calls for.
    profile: Option<String>,
}

/// The catalogue in force.
#[utoipa::path(get, path = "/v1/regimes", params(RegimesQuery), responses((status = 200, body = RegimesBody)))]
pub async fn regimes(
    State(state): State<Arc<ServerState>>,
    _: Authorized,
    Params(query): Params<RegimesQuery>,
) -> Result<Response, Problem> {
    let catalogue = state.rules.catalogue();
    let by = state.rules.counted();
    let proposed = query.profile.map(|text| proposed(catalogue, &text));
    Ok(written(&RegimesBody {
        rules: by.rules,
        tz: by.tz,
        regimes: catalogue.regimes().iter().map(regime).collect(),
        proposed: proposed.transpose()?,
    }))
}

fn proposed(catalogue: &Catalogue, text: &str) -> Result<Vec<ProposedBody>, Problem> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| Problem::invalid(format!("'profile' is not JSON: {error}.")))?;
    let profile = Profile::from_json(&value)
        .map_err(|fault| Problem::invalid(format!("'profile' cannot be read: {fault}.")))?;
    let found = propose(catalogue, &profile).into_iter();
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
