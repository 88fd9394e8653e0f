//! Who is connected through a door, and which displays look on, as readers are shown it. Who reports it and how long it is believed stands in `server`.

use serde::{Deserialize, Serialize};

use super::instant::Instant;
use super::word::{Role, Via};

/// A person who looks at boards through a door now, or a paired display by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PresenceView {
    pub person: String,
    pub role: Role,
    #[serde(default)]
    pub team: Option<String>,
    /// The kind of door.
    pub via: Via,
    /// The name of the door's token.
    pub door: String,
    #[schema(value_type = String, format = DateTime)]
    pub connected_at: Instant,
    /// Where from; told to admins alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The fingerprint of the key that opened the door; told to admins alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}
