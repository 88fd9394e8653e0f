//! `acknowledge_page`: a person has the page. The answer says whether the team comes; `cannot` escalates at once.

use serde::{Deserialize, Serialize};

use super::{Context, text, worker};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::instant::Instant;
use crate::domain::refusal::Refusal;
use crate::domain::word::{Answer, PageState, Role};

/// Acknowledges a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgePage {
    pub page: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// When the team will be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub eta: Option<Instant>,
}

pub(super) fn decide(
    incident: &Incident,
    body: &AcknowledgePage,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    let caller = context.caller;
    let Some(page) = incident.page(&body.page) else {
        return Err(Refusal::invalid("The incident has no such page."));
    };
    let own = caller.team.as_ref().is_none_or(|team| *team == page.team);
    if !own && caller.role < Role::Commander {
        return Err(Refusal::not_allowed(format!(
            "The page went to {}; its own people acknowledge it, or a commander.",
            page.team
        )));
    }
    answer(incident, body, &caller.name, context)
}

/// The events of a person's answer, whoever vouches for the name: a token, or a signed link.
///
/// # Errors
/// There is no such page, the team was stood down, or the answer is on record already.
pub fn answer(
    incident: &Incident,
    body: &AcknowledgePage,
    name: &str,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    let Some(page) = incident.page(&body.page) else {
        return Err(Refusal::invalid("The incident has no such page."));
    };
    match page.state {
        PageState::Cancelled | PageState::Expired => {
            return Err(Refusal::state(format!(
                "The page is {}: the team was stood down.",
                page.state
            )));
        }
        PageState::Acknowledged
            if page.answer == body.answer
                && (page.eta == body.eta || body.answer == Some(Answer::Arrived)) =>
        {
            let by = page.acknowledged_by.as_deref().unwrap_or("somebody");
            return Err(Refusal::state(format!(
                "{} acknowledged this page already.",
                context.named(incident, by)
            )));
        }
        _ => {}
    }
    text::in_calendar_optional("eta", body.eta)?;
    if body.eta.is_some_and(|eta| eta < page.queued_at) {
        return Err(Refusal::invalid("'eta' lies before the page was sent."));
    }
    let acknowledged = Event::PageAcknowledged {
        page: page.id.clone(),
        name: name.to_owned(),
        answer: body.answer,
        eta: body.eta,
    };
    let mut events = vec![acknowledged];
    if body.answer == Some(Answer::Cannot) {
        events.extend(worker::escalate(
            incident,
            page,
            "answered cannot",
            context,
            &[],
        ));
    }
    Ok(events)
}
