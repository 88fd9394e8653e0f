//! `reopen`: an ended incident is worked on again, in detection and analysis, one pass further.

use serde::{Deserialize, Serialize};

use super::{Context, text};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;

/// Reopens a closed or dismissed incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reopen {
    pub reason: String,
}

pub(super) fn decide(
    incident: &Incident,
    body: &Reopen,
    _context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    text::check("reason", &body.reason, text::REASON)?;
    Ok(vec![Event::Reopened {
        reason: body.reason.clone(),
        pass: incident.pass + 1,
    }])
}
