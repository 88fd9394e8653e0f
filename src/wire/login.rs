//! Bodies of `/v1/logins`: what a door tells of those who came in, went and were turned away, and what stands of it in the record.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::instant::Instant;
use crate::domain::login::Login;

/// Most logins that are told, and answered, at once.
pub const LOGINS_LIMIT: usize = 500;

/// What a door tells, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginsBody {
    pub logins: Vec<Login>,
}

/// A stretch of the record's logins, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoginRecordBody {
    pub logins: Vec<LoginEntryBody>,
    /// `after` of the next stretch; null behind the last one.
    pub next: Option<u64>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoginEntryBody {
    /// Its place in the record.
    pub seq: u64,
    /// When the backend took it down.
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Instant,
    /// The name of the door's token.
    pub door: String,
    pub login: Login,
}
