//! The bodies of the catalogue: the answer of `GET /v1/regimes`. What a regime is and how it counts stands in
//! `domain::clock`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
