//! `redact`: counsel takes the texts of an entry out of the record. Hashes stay in their place, so that the record still
//! proves itself; another entry says who did it and why. That the entry exists and has texts is seen by the store.

use serde::{Deserialize, Serialize};

use super::{Context, text};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::{Refusal, RefusalKind};

/// Which entry loses its texts, for ever, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redact {
    /// The entry's `seq` in the incident's timeline.
    pub entry: u64,
    /// Stays in the record: it says why, not what.
    pub reason: String,
}

/// Why an entry cannot be redacted whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unredactable {
    /// The incident has no such entry.
    NoEntry,
    /// Nothing in it was written by a person.
    NoText,
}

impl Unredactable {
    /// The refusal that says so.
    pub fn refusal(self, entry: u64, incident: &Incident) -> Refusal {
        Refusal::invalid(match self {
            Unredactable::NoEntry => format!(
                "{} has no entry {entry}; its timeline has the numbers of its entries.",
                incident.id
            ),
            Unredactable::NoText => format!(
                "Entry {entry} has no text to redact: only words of the house, names, instants and numbers."
            ),
        })
    }
}

pub(super) fn decide(
    incident: &Incident,
    redact: &Redact,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    if !context.caller.audience().may_read(incident.tlp) {
        return Err(Refusal::not_allowed(format!(
            "The incident is marked {}, above the clearance of the token {}; somebody who may read it redacts it.",
            incident.tlp, context.caller.name
        )));
    }
    text::check("reason", &redact.reason, text::REASON)?;
    if let Some(why) = incident.redactions.get(&redact.entry) {
        return Err(Refusal {
            kind: RefusalKind::State,
            detail: format!("Entry {} was redacted by {} already.", redact.entry, why.by),
            unmet: Vec::new(),
        });
    }
    Ok(vec![Event::Redacted {
        entry: redact.entry,
        reason: redact.reason.clone(),
    }])
}
