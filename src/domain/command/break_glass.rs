//! `break_glass`: an admin who is not on the list of a restricted incident sees it for an hour all the same. It stands in
//! the record with the reason, and the teams of everybody on the list are paged: it is never done unseen.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{Context, page, text};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;
use crate::domain::word::Urgency;

/// For how long it opens.
const OPEN_FOR: TimeDelta = TimeDelta::hours(1);

/// Breaks the glass of a restricted incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakGlass {
    /// Why it cannot wait for somebody on the list.
    pub reason: String,
}

pub(super) fn decide(
    incident: &Incident,
    body: &BreakGlass,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    text::check("reason", &body.reason, text::REASON)?;
    let Some(restriction) = &incident.restriction else {
        return Err(Refusal::state(format!(
            "{} is not restricted; there is no glass to break.",
            incident.id
        )));
    };
    if restriction.admits(&context.caller.name, context.now) {
        return Err(Refusal::state(format!(
            "{} is open to you already.",
            incident.id
        )));
    }
    let mut events = vec![Event::GlassBroken {
        reason: body.reason.clone(),
        until: context.now + OPEN_FOR,
    }];
    events.extend(notify(incident, &incident.owner, context, &events));
    Ok(events)
}

/// Pages a team because the glass was broken; nothing for a team that the same decision pages already. `before`: what the
/// decision does so far. A page that is open for other reasons does not stand in for it: it would not be looked at again.
pub fn notify(
    incident: &Incident,
    team: &str,
    context: &Context<'_>,
    before: &[Event],
) -> Option<Event> {
    let paged = before
        .iter()
        .any(|event| matches!(event, Event::PageQueued { team: paged, .. } if paged == team));
    let team = context.directory.team(team).filter(|_| !paged)?;
    let message = "The glass of this restricted incident was broken.".to_owned();
    let page = context.fresh_id("p", before.len());
    Some(page::queued(
        incident,
        team,
        page,
        Some(message),
        Urgency::High,
        context,
    ))
}
