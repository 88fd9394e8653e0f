//! `dismiss`: it was not an incident; with a reason.

use serde::{Deserialize, Serialize};

use super::{Context, text};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;
use crate::domain::word::{Phase, Reportable};

/// Ends what turned out not to be an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Dismiss {
    pub reason: String,
}

pub(super) fn decide(
    incident: &Incident,
    body: &Dismiss,
    _context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    text::check("reason", &body.reason, text::REASON)?;
    if incident.reportable == Reportable::Declared {
        return Err(Refusal::state(
            "The incident is declared a reportable breach; answer that first (not_reportable), then dismiss it.",
        ));
    }
    if !matches!(
        incident.phase,
        Phase::Preparation | Phase::DetectionAndAnalysis
    ) {
        return Err(Refusal::state(
            "Only an incident still in detection and analysis is dismissed; loop it back first, or close it.",
        ));
    }
    Ok(vec![Event::Dismissed {
        reason: body.reason.clone(),
    }])
}
