//! `assign`: puts a person in a seat, or empties it; a decider needs the duty named.

use serde::{Deserialize, Serialize};

use super::{Context, text};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;
use crate::domain::word::Seat;

/// Assigns a seat; `person` null vacates it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assign {
    pub role: Seat,
    pub person: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duty: Option<String>,
}

pub(super) fn decide(
    incident: &Incident,
    body: &Assign,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    text::check_optional("person", body.person.as_deref(), text::NAME)?;
    match (body.role, &body.duty) {
        (Seat::Decider, None) => {
            return Err(Refusal::invalid(
                "A decider decides one duty: name it, with --duty or in 'duty'.",
            ));
        }
        (Seat::Decider, Some(duty)) => {
            if !context.duties(incident).iter().any(|d| d.id == *duty) {
                return Err(Refusal::invalid(format!(
                    "The incident has no duty '{duty}'."
                )));
            }
        }
        (_, Some(_)) => return Err(Refusal::invalid("'duty' belongs to the role decider only.")),
        (_, None) => {}
    }
    if let Some(person) = &body.person {
        incident.check_admits(person)?;
    }
    if body.role != Seat::Decider && incident.seats.get(body.role) == body.person.as_deref() {
        return Err(Refusal::state("That seat is so already."));
    }
    Ok(vec![Event::Assigned {
        role: body.role,
        person: body.person.clone(),
        duty: body.duty.clone(),
    }])
}
