//! `close`: the end of a resolved incident, behind a hard gate: reportable answered, duties settled, a review, lessons owned.

use serde::{Deserialize, Serialize};

use super::{Context, advance, text};
use crate::domain::event::Event;
use crate::domain::gate;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;
use crate::domain::say::phase_words;
use crate::domain::word::Phase;

/// Closes the incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Close {
    pub reason: String,
    #[serde(
        default,
        rename = "override",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub overridden: bool,
}

pub(super) fn decide(
    incident: &Incident,
    body: &Close,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    text::check("reason", &body.reason, text::REASON)?;
    if incident.phase != Phase::PostIncidentActivity {
        return Err(Refusal::state(format!(
            "The incident is in {}; it is closed from post-incident activity. Move it there first, or dismiss it.",
            phase_words(incident.phase)
        )));
    }
    let unmet = gate::before_closing(incident, &context.duties(incident));
    if !unmet.is_empty() {
        advance::hard(&unmet, body.overridden, Some(&body.reason), "Closing")?;
    }
    let overridden = !unmet.is_empty();
    Ok(vec![Event::Closed {
        reason: body.reason.clone(),
        unmet,
        overridden,
    }])
}
