//! Who is asking, and the audience they belong to: what a reader may see depends on this and nothing else.
//! Tokens and how a caller is recognised live on higher floors.

use serde::{Deserialize, Serialize};

use super::word::{Role, Tlp};

/// A person or program with a token, as the domain sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Caller {
    /// The token's name; `by` in the record.
    pub name: String,
    pub role: Role,
    /// The capability to decide what law and contract ask.
    pub counsel: bool,
    /// The highest mark this caller may read.
    pub clearance: Tlp,
    /// Services this caller may see; empty means all.
    pub services: Vec<String>,
    /// The team whose pages this caller answers.
    pub team: Option<String>,
}

impl Caller {
    /// A caller with everything a role has by default, for every service.
    pub fn new(name: impl Into<String>, role: Role) -> Caller {
        Caller {
            name: name.into(),
            role,
            counsel: false,
            clearance: role.default_clearance(),
            services: Vec::new(),
            team: None,
        }
    }

    /// Whether incidents of this service exist for the caller.
    pub fn sees_service(&self, service: &str) -> bool {
        self.services.is_empty() || self.services.iter().any(|s| s == service)
    }

    /// What the caller shares with everybody who sees the same: the key for caches and ETags.
    pub fn audience(&self) -> Audience {
        let mut services = self.services.clone();
        services.sort();
        Audience {
            role: self.role,
            counsel: self.counsel,
            clearance: self.clearance,
            services,
            team: self.team.clone(),
        }
    }
}

/// Role x counsel x clearance x services x team: two callers of one audience are answered the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Audience {
    pub role: Role,
    pub counsel: bool,
    pub clearance: Tlp,
    pub services: Vec<String>,
    pub team: Option<String>,
}

impl Audience {
    /// Whether this audience may read a text of an incident with this mark.
    pub fn may_read(&self, tlp: Tlp) -> bool {
        tlp <= self.clearance
    }

    /// Whether incidents of this service exist for this audience.
    pub fn sees_service(&self, service: &str) -> bool {
        self.services.is_empty() || self.services.iter().any(|s| s == service)
    }
}

impl Role {
    /// The clearance that a token of this role gets when none is given.
    pub const fn default_clearance(self) -> Tlp {
        match self {
            Role::Viewer => Tlp::Green,
            Role::Responder => Tlp::Amber,
            Role::Commander | Role::Admin => Tlp::Red,
        }
    }
}
