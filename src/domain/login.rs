//! Logins at a door, as they stand in the record: who came in by which key, who went, who was turned away. How a door keeps
//! and tells them stands in `session`; how long they wait there changes nothing of what they say.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::instant::Instant;
use super::word::{LoginOutcome, LoginReason};

/// What happened at a door with one key from one address: once, or several times alike in a short while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    pub outcome: LoginOutcome,
    /// Whose key it is or was; null for `lost`.
    pub person: Option<String>,
    /// The key's fingerprint; null for `lost`.
    pub key: Option<String>,
    /// Where from; null for `lost`.
    pub address: Option<String>,
    /// Why somebody was turned away.
    pub reason: Option<LoginReason>,
    /// When, by the door's clock; of several the first.
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    /// When the last of several was.
    #[schema(value_type = String, format = DateTime)]
    pub last_at: Instant,
    /// How many this tells of.
    pub count: u64,
}

impl Login {
    /// Whether the other tells of the same, only at another time.
    pub fn is_like(&self, other: &Login) -> bool {
        let same = |login: &Login| {
            let Login {
                outcome,
                person,
                key,
                address,
                reason,
                ..
            } = login.clone();
            (outcome, person, key, address, reason)
        };
        same(self) == same(other)
    }

    /// Whether somebody tried to come in.
    pub fn is_try(&self) -> bool {
        matches!(self.outcome, LoginOutcome::LoggedIn | LoginOutcome::Refused)
    }

    /// Tells of the other too.
    pub fn join(&mut self, other: &Login) {
        self.at = self.at.min(other.at);
        self.last_at = self.last_at.max(other.last_at);
        self.count = self.count.saturating_add(other.count);
    }
}

/// A login as its entry in the record has it. The entry's own instant is when the backend took it down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginNote {
    /// The name of the door's token.
    pub door: String,
    pub login: Login,
}

impl LoginNote {
    /// The kind of its entry.
    pub const KIND: &'static str = "login";
}
