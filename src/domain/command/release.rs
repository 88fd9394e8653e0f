//! `release`: a hold ends before its time, by name.

use serde::{Deserialize, Serialize};

use super::Context;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;

/// Releases one hold of a duty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Release {
    pub duty: String,
    pub hold: String,
}

pub(super) fn decide(
    incident: &Incident,
    body: &Release,
    _context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    let holds = incident
        .duties
        .get(&body.duty)
        .map(|d| d.holds.as_slice())
        .unwrap_or_default();
    match holds.iter().find(|h| h.id == body.hold) {
        None => Err(Refusal::invalid("That duty has no such hold.")),
        Some(hold) if hold.released.is_some() => {
            Err(Refusal::state("The hold is released already."))
        }
        Some(_) => Ok(vec![Event::Released {
            duty: body.duty.clone(),
            hold: body.hold.clone(),
        }]),
    }
}
