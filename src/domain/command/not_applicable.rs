//! `not_applicable`: a milestone that this pass does not need, with the reason.

use serde::{Deserialize, Serialize};

use super::{Context, text};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;
use crate::domain::word::Milestone;

/// Says that a milestone does not apply in the present pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotApplicable {
    pub milestone: Milestone,
    pub reason: String,
}

pub(super) fn decide(
    incident: &Incident,
    body: &NotApplicable,
    _context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    text::check("reason", &body.reason, text::REASON)?;
    if incident.has_milestone(body.milestone) {
        return Err(Refusal::state(format!(
            "{} is settled in this pass already.",
            body.milestone
        )));
    }
    Ok(vec![Event::NotApplicable {
        milestone: body.milestone,
        reason: body.reason.clone(),
    }])
}
