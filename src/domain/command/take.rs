//! `take`: the caller sits down in a vacant seat, or in one that was handed over to them.

use serde::{Deserialize, Serialize};

use super::Context;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::incident::apply::seat_words;
use crate::domain::refusal::Refusal;
use crate::domain::word::{Role, Seat};

/// Takes a vacant or handed-over seat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Take {
    pub role: Seat,
}

pub(super) fn decide(
    incident: &Incident,
    body: &Take,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    let name = &context.caller.name;
    if body.role == Seat::Decider {
        return Err(Refusal::invalid(
            "The decider of a duty is assigned, not taken.",
        ));
    }
    if body.role == Seat::Commander && context.caller.role < Role::Commander {
        return Err(Refusal::not_allowed(
            "The commander's seat is taken with a commander's token; ask an incident commander.",
        ));
    }
    let offered = incident.hand_overs.iter().find(|h| h.role == body.role);
    match (incident.seats.get(body.role), offered) {
        (Some(holder), _) if holder == name => Err(Refusal::state(format!(
            "You are the {} already.",
            seat_words(body.role)
        ))),
        (_, Some(offer)) if offer.to == *name => Ok(vec![Event::SeatTaken {
            role: body.role,
            from: incident.seats.get(body.role).map(str::to_owned),
        }]),
        (None, _) => Ok(vec![Event::SeatTaken {
            role: body.role,
            from: None,
        }]),
        (Some(holder), _) => Err(Refusal::state(format!(
            "{} is the {}; ask for a hand-over.",
            context.named(incident, holder),
            seat_words(body.role)
        ))),
    }
}
