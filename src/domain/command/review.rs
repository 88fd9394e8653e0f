//! `review`: the post-incident review was held, and what it found.

use serde::{Deserialize, Serialize};

use super::{Context, text};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::instant::Instant;
use crate::domain::refusal::Refusal;

/// Records the review.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Review {
    #[schema(value_type = String, format = DateTime)]
    pub held_at: Instant,
    pub text: String,
}

pub(super) fn decide(
    incident: &Incident,
    body: &Review,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    text::check("text", &body.text, text::LONG)?;
    text::not_in_future("held_at", body.held_at, context.now)?;
    if body.held_at < incident.opened_at {
        return Err(Refusal::invalid(
            "'held_at' lies before the incident was opened.",
        ));
    }
    Ok(vec![Event::Reviewed {
        held_at: body.held_at,
        text: body.text.clone(),
    }])
}
