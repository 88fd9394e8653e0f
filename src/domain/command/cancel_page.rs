//! `cancel_page`: stands a team down that was paged; with a reason.

use serde::{Deserialize, Serialize};

use super::{Context, text};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;
use crate::domain::word::PageState;

/// Stands a page down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelPage {
    pub page: String,
    pub reason: String,
}

pub(super) fn decide(
    incident: &Incident,
    body: &CancelPage,
    _context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    text::check("reason", &body.reason, text::REASON)?;
    let Some(page) = incident.page(&body.page) else {
        return Err(Refusal::invalid("The incident has no such page."));
    };
    match page.state {
        PageState::Cancelled | PageState::Expired => Err(Refusal::state(format!(
            "The page is {} already.",
            page.state
        ))),
        _ => Ok(vec![Event::PageCancelled {
            page: body.page.clone(),
            reason: body.reason.clone(),
        }]),
    }
}
