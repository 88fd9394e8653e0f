//! `confirm_time`: the second person's yes to a later instant. The proposer cannot give it.

use serde::{Deserialize, Serialize};

use super::Context;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;

/// Confirms the instant proposed for a trigger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmTime {
    pub trigger: String,
}

pub(super) fn decide(
    incident: &Incident,
    body: &ConfirmTime,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    let proposed = incident.proposals(&body.trigger).last();
    let Some(proposed) = proposed else {
        return Err(Refusal::state(format!(
            "Nothing is proposed for {}; there is nothing to confirm.",
            body.trigger
        )));
    };
    if proposed.by == context.caller.name {
        return Err(Refusal::state(format!(
            "You proposed this instant for {}; a second person confirms it.",
            body.trigger
        )));
    }
    Ok(vec![Event::TimeConfirmed {
        trigger: body.trigger.clone(),
        duty: proposed.duty.clone(),
        pass: Some(proposed.pass),
    }])
}
