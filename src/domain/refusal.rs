//! Why a command was not carried out: a sentence for the person, a word for programs, and what is unmet.
//! Which HTTP status that makes is the server's business.

use super::word::GateWord;

/// What kind of refusal it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// The caller's role or capability does not reach.
    NotAllowed,
    /// A hard gate stands in the way; `unmet` says which words.
    Gate,
    /// The incident is not in a state in which this makes sense.
    State,
    /// A value is wrong: too long, unknown, out of order.
    Invalid,
    /// The team has an open page for this incident.
    AlreadyPaged,
}

impl RefusalKind {
    /// The word for programs, last part of a problem's `type`.
    pub const fn word(self) -> &'static str {
        match self {
            RefusalKind::NotAllowed => "not_allowed",
            RefusalKind::Gate => "gate",
            RefusalKind::State => "state",
            RefusalKind::Invalid => "invalid",
            RefusalKind::AlreadyPaged => "already_paged",
        }
    }
}

/// A command that was refused: nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Refusal {
    pub kind: RefusalKind,
    /// What happened, to what, and what to do next.
    pub detail: String,
    /// What should have been true first.
    pub unmet: Vec<GateWord>,
}

impl Refusal {
    /// The caller may not do this.
    pub fn not_allowed(detail: impl Into<String>) -> Refusal {
        Refusal {
            kind: RefusalKind::NotAllowed,
            detail: detail.into(),
            unmet: Vec::new(),
        }
    }

    /// It makes no sense now.
    pub fn state(detail: impl Into<String>) -> Refusal {
        Refusal {
            kind: RefusalKind::State,
            detail: detail.into(),
            unmet: Vec::new(),
        }
    }

    /// A value is wrong.
    pub fn invalid(detail: impl Into<String>) -> Refusal {
        Refusal {
            kind: RefusalKind::Invalid,
            detail: detail.into(),
            unmet: Vec::new(),
        }
    }

    /// A hard gate is not met.
    pub fn gate(detail: impl Into<String>, unmet: Vec<GateWord>) -> Refusal {
        Refusal {
            kind: RefusalKind::Gate,
            detail: detail.into(),
            unmet,
        }
    }
}
