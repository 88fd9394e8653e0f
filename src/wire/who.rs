//! Bodies of `/v1/who`, `/v1/roster` and `/v1/named`: who is connected through doors, who may come in by them, and for whom a
//! door has to ask by name.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::instant::Instant;
use crate::domain::presence::PresenceView;
use crate::domain::word::Role;

/// Most people whom one door may report.
pub const PEOPLE_LIMIT: usize = 2_000;
/// Seconds for which a door's report is believed; it repeats it well before.
pub const PRESENCE_SECONDS: i64 = 60;

/// Who is connected through doors and which displays look on, the longest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhoBody {
    pub people: Vec<PresenceView>,
}

/// Everybody who is connected through one door: replaces what it reported before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DoorBody {
    pub people: Vec<PersonBody>,
}

/// Most people who may come in by one door.
pub const ROSTER_LIMIT: usize = 5_000;

/// Everybody who may come in by one door, there or not: replaces what it told before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RosterBody {
    /// Each with their rights, in the form of `x-warboard-on-behalf-of`: `person=d.okafor,role=commander,clearance=red`.
    pub people: Vec<String>,
}

/// One person at a door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonBody {
    pub person: String,
    pub role: Role,
    #[serde(default)]
    pub team: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub connected_at: Instant,
    /// Where from.
    #[serde(default)]
    pub address: Option<String>,
    /// The fingerprint of the key that opened the door.
    #[serde(default)]
    pub key: Option<String>,
}

/// Everybody for whom a restricted incident exists that is on boards: what they may read is not what all with their rights
/// may.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NamedBody {
    /// What to give as `since`, to be answered when the names have changed.
    pub state: String,
    /// In their order.
    pub names: Vec<String>,
}
