//! `hand_over`: offers a seat to somebody, who has it once they `take` it. Until then the holder keeps it.

use serde::{Deserialize, Serialize};

use super::{Context, text};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;
use crate::domain::word::Seat;

/// Offers a seat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    pub role: Seat,
    pub to: String,
}

pub(super) fn decide(
    incident: &Incident,
    body: &HandOver,
    _context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    text::check("to", &body.to, text::NAME)?;
    if body.role == Seat::Decider {
        return Err(Refusal::invalid(
            "The decider of a duty is assigned, not handed over.",
        ));
    }
    if incident.seats.get(body.role) == Some(body.to.as_str()) {
        return Err(Refusal::state(format!(
            "{} holds that seat already.",
            body.to
        )));
    }
    incident.check_admits(&body.to)?;
    Ok(vec![Event::HandOverOffered {
        role: body.role,
        to: body.to.clone(),
    }])
}
