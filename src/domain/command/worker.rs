//! What the backend's own workers ask of an incident: progress of a page, escalation on silence, a status that time changed.
//! They are not in the API; each still goes through a decision and leaves an entry.

use super::Context;
use super::page::route_at;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::incident::page::Page;
use crate::domain::word::PageState;

/// How an attempt to deliver a page went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    pub page: String,
    pub state: PageState,
    pub attempts: u32,
    pub last_error: Option<String>,
}

/// Records how far a page got; nothing if it says nothing new, or the page is over.
pub fn progress(incident: &Incident, progress: &Progress) -> Vec<Event> {
    let Some(page) = incident.page(&progress.page) else {
        return Vec::new();
    };
    let same = page.state == progress.state
        && page.attempts == progress.attempts
        && page.last_error == progress.last_error;
    if same || !page.is_open() {
        return Vec::new();
    }
    vec![Event::PageProgressed {
        page: progress.page.clone(),
        state: progress.state,
        attempts: progress.attempts,
        last_error: progress.last_error.clone(),
    }]
}

/// Escalates what nobody answered in time.
pub fn overdue_pages(incident: &Incident, context: &Context<'_>) -> Vec<Event> {
    let late = incident
        .pages
        .iter()
        .filter(|p| p.is_open() && p.escalates_at.is_some_and(|at| at <= context.now));
    let mut events = Vec::new();
    for page in late {
        let further = escalate(incident, page, "no answer", context, &events);
        events.extend(further);
    }
    events
}

/// `before`: what the same decision does already; a team it pages is not paged twice. The next route of the same team, then the team it escalates to; with nowhere left to go the page stays open and says so.
pub(super) fn escalate(
    incident: &Incident,
    page: &Page,
    why: &str,
    context: &Context<'_>,
    before: &[Event],
) -> Vec<Event> {
    let Some(team) = context.directory.team(&page.team) else {
        return Vec::new();
    };
    let step = usize::try_from(page.step)
        .unwrap_or(usize::MAX)
        .saturating_add(1);
    if let Some(route) = route_at(incident, team, step) {
        let escalates_at = Some(context.now + team.ack_within.delta());
        return vec![Event::PageEscalated {
            page: page.id.clone(),
            team: team.id.clone(),
            route: Some(route),
            step: page.step + 1,
            why: why.to_owned(),
            escalates_at,
        }];
    }
    let stays = Event::PageEscalated {
        page: page.id.clone(),
        team: team.id.clone(),
        route: page.route.clone(),
        step: page.step,
        why: format!("{why}, no further route"),
        escalates_at: None,
    };
    let Some(next) = context.directory.escalation(team, &incident.service) else {
        return vec![stays];
    };
    let mut open = incident.pages.iter().filter(|p| p.is_open());
    let mut paged = before.iter();
    if open.any(|p| p.team == next.id)
        || paged.any(|event| matches!(event, Event::PageQueued { team, .. } if *team == next.id))
    {
        return vec![stays];
    }
    let route = route_at(incident, next, 0);
    let further = context
        .directory
        .escalation(next, &incident.service)
        .is_some();
    let queued = Event::PageQueued {
        page: context.fresh_id("p", before.len()),
        team: next.id.clone(),
        message: page.message.clone(),
        urgency: page.urgency,
        escalates_at: Some(context.now + next.ack_within.delta())
            .filter(|_| route.is_some() || further),
        route,
    };
    vec![stays, queued]
}
