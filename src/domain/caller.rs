//! Who is asking, and the audience they belong to: what a reader may see depends on this and nothing else.
//! Tokens and how a caller is recognised live on higher floors.

use serde::{Deserialize, Serialize};

use super::incident::Incident;
use super::instant::Instant;
use super::word::{Role, Tlp};

/// What the names of displays' tokens begin with: screens, and nobody.
pub const DISPLAY: &str = "display:";
/// What the names of codes begin with that wait for a display.
pub const PENDING: &str = "pair:";

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

    /// Whether the caller reads privileged entries of this author: counsel, commanders and the author do.
    pub fn reads_privileged(&self, author: &str) -> bool {
        self.counsel || self.role >= Role::Commander || self.name == author
    }

    /// What decides what the caller sees, with the name: restricted incidents exist for people, not for roles.
    pub fn audience(&self) -> Audience {
        let mut services = self.services.clone();
        services.sort();
        Audience {
            role: self.role,
            counsel: self.counsel,
            clearance: self.clearance,
            services,
            team: self.team.clone(),
            name: Some(self.name.clone()),
        }
    }
}

/// Role x counsel x clearance x services x team, and the name where it matters: two callers of one audience are answered
/// the same bytes. The key for caches and ETags.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Audience {
    pub role: Role,
    pub counsel: bool,
    pub clearance: Tlp,
    pub services: Vec<String>,
    pub team: Option<String>,
    /// None: of somebody who is on no list, for whom no restricted incident exists.
    pub name: Option<String>,
}

impl Audience {
    /// Whether this audience may read a text of an incident with this mark.
    pub fn may_read(&self, tlp: Tlp) -> bool {
        tlp <= self.clearance
    }

    /// Whether an incident exists for this audience at `now`: it is of their services, and they are on its list if it has
    /// one, or its glass is broken for them.
    pub fn sees(&self, incident: &Incident, now: Instant) -> bool {
        let admitted = incident.restriction.as_ref().is_none_or(|restriction| {
            self.name
                .as_deref()
                .is_some_and(|name| restriction.admits(name, now))
        });
        admitted && self.sees_service(&incident.service)
    }

    /// Whether this audience reads what people wrote on an incident: it exists for them and their clearance reaches.
    pub fn reads(&self, incident: &Incident, now: Instant) -> bool {
        self.sees(incident, now) && self.may_read(incident.tlp)
    }

    /// Whether this audience reads incidents of every service and mark, as far as no list says otherwise.
    pub fn reads_every_service(&self) -> bool {
        self.services.is_empty() && self.may_read(Tlp::Red)
    }

    /// Whether incidents of this service exist for this audience, as far as no list says otherwise.
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
