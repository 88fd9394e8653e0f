//! `confirm_time`: the second person's yes to a later instant. The proposer cannot give it.

use serde::{Deserialize, Serialize};

use super::{Context, record_time};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::incident::record::Trigger;
use crate::domain::refusal::Refusal;

/// How `duty` names the proposal for the incident itself; no duty's id is a word without a slash.
pub const INCIDENT: &str = "incident";

/// Confirms the instant proposed for a trigger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmTime {
    pub trigger: String,
    /// The duty it was proposed for alone, or `incident` for the one proposed for all; needed where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duty: Option<String>,
}

pub(super) fn decide(
    incident: &Incident,
    body: &ConfirmTime,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    let proposed = proposed(incident, body)?;
    if proposed.by == context.caller.name {
        return Err(Refusal::state(format!(
            "You proposed this instant for {}; a second person confirms it.",
            body.trigger
        )));
    }
    let duty = proposed.duty.as_deref();
    record_time::check_order(incident, &body.trigger, duty, proposed.at)?;
    Ok(vec![Event::TimeConfirmed {
        trigger: body.trigger.clone(),
        duty: proposed.duty.clone(),
        pass: Some(proposed.pass),
    }])
}

/// The one proposal that is meant: what a second person did not name, nobody confirms.
fn proposed<'i>(incident: &'i Incident, body: &ConfirmTime) -> Result<&'i Trigger, Refusal> {
    let named = |t: &&Trigger| match body.duty.as_deref() {
        None => true,
        Some(INCIDENT) => t.duty.is_none(),
        duty => t.duty.as_deref() == duty,
    };
    let mut found: Vec<&Trigger> = Vec::new();
    for proposal in incident.proposals(&body.trigger).filter(named) {
        // Of one place the newest stands.
        found.retain(|other| other.duty != proposal.duty);
        found.push(proposal);
    }
    match found.as_slice() {
        [only] => Ok(only),
        [] => Err(Refusal::state(format!(
            "Nothing is proposed for {}{}; there is nothing to confirm.",
            body.trigger,
            body.duty
                .as_ref()
                .map(|duty| format!(" of {duty}"))
                .unwrap_or_default()
        ))),
        several => {
            let places = several
                .iter()
                .map(|t| t.duty.as_deref().unwrap_or(INCIDENT));
            Err(Refusal::state(format!(
                "Several instants are proposed for {}: say with 'duty' which one is confirmed, {}.",
                body.trigger,
                places.collect::<Vec<_>>().join(" or ")
            )))
        }
    }
}
