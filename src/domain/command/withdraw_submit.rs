//! `withdraw_submit`: what was recorded as sent was not; with a reason. The duty runs again.

use serde::{Deserialize, Serialize};

use super::{Context, text};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;

/// Takes the last submission of a duty back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawSubmit {
    pub duty: String,
    pub reason: String,
}

pub(super) fn decide(
    incident: &Incident,
    body: &WithdrawSubmit,
    _context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    text::check("reason", &body.reason, text::REASON)?;
    if incident.submission(&body.duty).is_none() {
        return Err(Refusal::state("Nothing is recorded as sent for that duty."));
    }
    Ok(vec![Event::SubmissionWithdrawn {
        duty: body.duty.clone(),
        reason: body.reason.clone(),
    }])
}
