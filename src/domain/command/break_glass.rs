//! `break_glass`: an admin who is not on the list of a restricted incident sees it for an hour all the same. It stands in
//! the record with the reason, and the teams of everybody on the list are paged: it is never done unseen.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{Context, page, text};
use crate::domain::caller::Caller;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;
use crate::domain::word::Urgency;

/// What the pages say that it causes, and by what they are known: a phrase of the house, which tells nothing of the incident
/// and goes over every route.
pub const GLASS_BROKEN: &str =
    "The glass of this restricted incident was broken: somebody on its list should look at it now.";
/// For how long it opens.
const OPEN_FOR: TimeDelta = TimeDelta::hours(1);

/// Breaks the glass of a restricted incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakGlass {
    /// Why it cannot wait for somebody on the list.
    pub reason: String,
}

/// What can be said of it without the incident. It is asked before one is looked for: a refusal that only a restricted incident
/// gives would tell that there is one, and stand nowhere.
///
/// # Errors
/// The reason is none, or too long.
pub fn check(body: &BreakGlass) -> Result<(), Refusal> {
    text::check("reason", &body.reason, text::REASON)
}

pub(super) fn decide(
    incident: &Incident,
    body: &BreakGlass,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    check(body)?;
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
        unpaged: restriction.people.clone(),
    }];
    events.extend(notify(incident, &incident.owner, context, &events));
    Ok(events)
}

/// What was decided, with pages to the teams of everybody on the list; whom no page reaches stands with the glass. `known`:
/// everybody of whom a team may be known, once for each place where they are.
pub fn told(
    incident: &Incident,
    mut events: Vec<Event>,
    known: &[Caller],
    context: &Context<'_>,
) -> Vec<Event> {
    let people = incident.restriction.iter().flat_map(|list| &list.people);
    let mut alone = Vec::new();
    for person in people {
        let mut reached = false;
        let places = known.iter().filter(|known| known.name == *person);
        for id in places.filter_map(|known| known.team.as_deref()) {
            let team = context.directory.team(id);
            reached |= team.is_some_and(|team| page::next_route(incident, team, None).is_some());
            let paged = notify(incident, id, context, &events);
            events.extend(paged);
        }
        if !reached {
            alone.push(person.clone());
        }
    }
    for event in &mut events {
        if let Event::GlassBroken { unpaged, .. } = event {
            unpaged.clone_from(&alone);
        }
    }
    events
}

/// Pages a team because the glass was broken; nothing for a team that the same decision pages already. `before`: what the
/// decision does so far. A page that is open for other reasons does not stand in for it: it would not be looked at again.
fn notify(
    incident: &Incident,
    team: &str,
    context: &Context<'_>,
    before: &[Event],
) -> Option<Event> {
    let paged = before
        .iter()
        .any(|event| matches!(event, Event::PageQueued { team: paged, .. } if paged == team));
    let team = context.directory.team(team).filter(|_| !paged)?;
    let page = context.fresh_id("p", before.len());
    Some(page::queued(
        incident,
        team,
        page,
        Some(GLASS_BROKEN.to_owned()),
        Urgency::High,
        context,
    ))
}
