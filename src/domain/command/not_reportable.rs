//! `not_reportable`: the answer no to the question whether customers must be told, with a name and a reason.

use serde::{Deserialize, Serialize};

use super::{Context, text};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;
use crate::domain::word::Reportable;

/// Answers no; `declare` undoes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotReportable {
    pub reason: String,
}

pub(super) fn decide(
    incident: &Incident,
    body: &NotReportable,
    _context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    text::check("reason", &body.reason, text::REASON)?;
    if incident.reportable == Reportable::No {
        return Err(Refusal::state("It is already recorded as not reportable."));
    }
    Ok(vec![Event::NotReportable {
        reason: body.reason.clone(),
    }])
}
