//! `declare`: the decision, with a name, that it is a customer-reportable breach. Sets `declared_at` and so starts
//! the clocks that run from it. Undoes `not_reportable`; given again it moves the instant under the rule of times.

use serde::{Deserialize, Serialize};

use super::{Context, text};
use crate::domain::duty;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::instant::Instant;
use crate::domain::refusal::Refusal;
use crate::domain::when::When;
use crate::domain::word::Reportable;

/// Declares; without `at`, now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Declare {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Instant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

pub(super) fn decide(
    incident: &Incident,
    body: &Declare,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    text::check_optional("reason", body.reason.as_deref(), text::REASON)?;
    let at = body.at.unwrap_or(context.now);
    text::not_in_future("at", at, context.now)?;
    let declared = incident.reportable == Reportable::Declared;
    if declared && body.at.is_none() {
        return Err(Refusal::state(
            "The incident is declared already. To correct the instant, say when it was declared ('at').",
        ));
    }
    let when = When::exact(at);
    let proposed = duty::is_later_on_record(incident, context.rules, "declared_at", None, when);
    if declared && proposed && body.reason.is_none() {
        return Err(Refusal::invalid(
            "A later instant of declaration needs a 'reason', and a second person to confirm it.",
        ));
    }
    Ok(vec![Event::Declared {
        at,
        reason: body.reason.clone(),
        proposed,
    }])
}
