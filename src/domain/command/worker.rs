//! What the backend's own workers ask of an incident: progress of a page, escalation on silence, a status that time changed.
//! They are not in the API; each still goes through a decision and leaves an entry.

use super::Context;
use super::page::{next_route, queued};
use crate::domain::alarm::{self, Alarm, Raised};
use crate::domain::directory::Team;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::incident::page::{NO_OUT_OF_BAND, NO_ROUTE, Page, Reached};
use crate::domain::instant::Instant;
use crate::domain::view::DutyView;
use crate::domain::word::{AlarmKind, PageState, Urgency};

/// What a page says of which nothing may be said but that somebody has to look.
const LOOK: &str = "Look at the board: your team has something to do there.";

/// How an attempt to deliver a page went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageProgress {
    pub page: String,
    pub state: PageState,
    pub attempts: u32,
    pub last_error: Option<String>,
}

/// Records how far a page got; nothing if it says nothing new, or the page is over.
pub fn progress(incident: &Incident, progress: &PageProgress) -> Vec<Event> {
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
        left: None,
    }]
}

/// The pages of which nobody knows what became of them, after a restore: open ones asked for before an instant, and those
/// that were about to go on to another route.
pub fn uncertain(incident: &Incident, before: Instant) -> impl Iterator<Item = &Page> {
    incident.pages.iter().filter(move |page| {
        page.queued_at < before && (page.is_open() || page.escalates_at.is_some())
    })
}

/// Writes down, after a restore from the backup of `made_at`, which pages are uncertain; nothing if none is.
pub fn restored(incident: &Incident, made_at: Instant, before: Instant) -> Vec<Event> {
    let pages: Vec<String> = uncertain(incident, before)
        .map(|page| page.id.clone())
        .collect();
    match pages.is_empty() {
        true => Vec::new(),
        false => vec![Event::Restored { made_at, pages }],
    }
}

/// Closes glass whose time is over.
pub fn mended(incident: &Incident, context: &Context<'_>) -> Vec<Event> {
    let glass = incident.restriction.iter().flat_map(|r| &r.glass);
    let over = glass.filter(|glass| glass.is_open() && glass.until <= context.now);
    over.map(|glass| Event::GlassMended {
        person: glass.by.clone(),
    })
    .collect()
}

/// Escalates what nobody answered in time.
pub fn overdue_pages(incident: &Incident, context: &Context<'_>) -> Vec<Event> {
    let late = incident
        .pages
        .iter()
        .filter(|p| p.is_open() && p.escalates_at.is_some_and(|at| at <= context.now));
    let mut events = Vec::new();
    for page in late {
        let further = escalate(incident, page, unanswered(page), context, &events);
        events.extend(further);
    }
    events
}

/// Why a page that nobody took goes on: one without a route was never asked anything.
fn unanswered(page: &Page) -> &str {
    match (&page.route, page.last_error.as_deref()) {
        (None, Some(error)) => error,
        (None, None) => NO_ROUTE,
        (Some(_), _) => "no answer",
    }
}

/// Writes down which alarms began to ring, once each, and pages for those that ask for it: the decider's team for a
/// latest start whose stage says so, the service's `command` team for a seat that nobody took. `before`: what the same
/// decision does already.
pub fn ring(incident: &Incident, context: &Context<'_>, before: &[Event]) -> Vec<Event> {
    ring_for(incident, &context.duties(incident), context, before)
}

pub(super) fn ring_for(
    incident: &Incident,
    duties: &[DutyView],
    context: &Context<'_>,
    before: &[Event],
) -> Vec<Event> {
    let mut queued: Vec<Event> = Vec::new();
    let mut alarms = Vec::new();
    for alarm in alarm::unwritten(incident, duties, context.now) {
        let page = page_for(incident, &alarm, duties, context, before, &mut queued);
        alarms.push(Raised { alarm, page });
    }
    if !alarms.is_empty() {
        queued.push(Event::AlarmsRaised { alarms });
    }
    queued
}

/// The page for an alarm: a new one, or one that the team has open already. Once for each time its condition began,
/// however often it comes back from a shelf.
fn page_for(
    incident: &Incident,
    alarm: &Alarm,
    duties: &[DutyView],
    context: &Context<'_>,
    before: &[Event],
    pages: &mut Vec<Event>,
) -> Option<String> {
    let record = incident.alarms.get(&alarm.id());
    if record
        .and_then(|record| record.paged_at)
        .is_some_and(|at| at >= alarm.since)
    {
        return None;
    }
    let duty = duties
        .iter()
        .find(|duty| Some(&duty.id) == alarm.duty.as_ref());
    let (team, message) = match alarm.kind {
        AlarmKind::LatestStart => {
            let duty = duty.filter(|duty| duty.page_on_latest_start)?;
            let team = context.directory.team(duty.decider.team.as_deref()?)?;
            let due = duty.due_at.map_or(String::new(), |due| {
                format!(", due {}", due.format("%Y-%m-%d %H:%M UTC"))
            });
            let message = match duty.restricted {
                // On other systems a restricted duty is not there, nor is its instant.
                true => LOOK.to_owned(),
                false => format!("The latest start of {} has passed{due}.", duty.id),
            };
            (team, message)
        }
        AlarmKind::VacantCommand => {
            let team = context.directory.command_team(&incident.service)?;
            (team, "Nobody commands this incident.".to_owned())
        }
        _ => return None,
    };
    let mut standing = incident.pages.iter().filter(|p| p.team == team.id);
    let open = standing.find(|p| stands_in(incident, p, team));
    let same = before
        .iter()
        .chain(pages.iter())
        .find_map(|event| match event {
            Event::PageQueued {
                page, team: paged, ..
            } if *paged == team.id => Some(page.clone()),
            _ => None,
        });
    if let Some(page) = open.map(|page| page.id.clone()).or(same) {
        return Some(page);
    }
    let page = context.fresh_id("p", before.len() + pages.len());
    let new = queued(
        incident,
        team,
        page.clone(),
        Some(message),
        Urgency::High,
        context,
    );
    pages.push(new);
    Some(page)
}

/// The next route of the same team, then the team it escalates to; with nowhere left to go the page stays open and says so.
/// `before`: what the same decision does already; a team it pages is not paged twice.
pub(super) fn escalate(
    incident: &Incident,
    page: &Page,
    why: &str,
    context: &Context<'_>,
    before: &[Event],
) -> Vec<Event> {
    let stays = |why: String, asked: Option<&Team>| Event::PageEscalated {
        page: page.id.clone(),
        team: page.team.clone(),
        route: page.route.clone(),
        step: page.step,
        why,
        escalates_at: None,
        place: page.place,
        asked: asked.map(|team| team.id.clone()),
    };
    let Some(team) = context.directory.team(&page.team) else {
        let why = format!("{why}, and the directory has no such team any more");
        return vec![stays(why, None)];
    };
    let behind = page.route.is_some().then(|| page.route_place());
    if let Some((place, route)) = next_route(incident, team, behind) {
        let escalates_at = Some(context.now + team.ack_within.delta());
        return vec![Event::PageEscalated {
            page: page.id.clone(),
            team: team.id.clone(),
            route: Some(route),
            step: page.step.saturating_add(1),
            why: why.to_owned(),
            escalates_at,
            place: Some(place),
            asked: None,
        }];
    }
    let why = match page.route {
        Some(_) => format!("{why}, no further route"),
        None => why.to_owned(),
    };
    let Some(next) = context.directory.escalation(team, &incident.service) else {
        return vec![stays(why, None)];
    };
    let mut standing = incident.pages.iter().filter(|p| p.team == next.id);
    let mut paged = before.iter();
    // One that failed a moment ago would again: two teams whose routes all fail do not page each other in turn.
    let lately = |p: &Page| {
        let ended_at = p.escalated_at.unwrap_or(p.queued_at);
        p.is_open() && context.now < ended_at + next.ack_within.delta()
    };
    if standing.any(|p| stands_in(incident, p, next) || lately(p))
        || paged.any(|event| matches!(event, Event::PageQueued { team, .. } if *team == next.id))
    {
        return vec![stays(why, None)];
    }
    let id = context.fresh_id("p", before.len());
    let message = page.message.clone();
    let further = queued(incident, next, id, message, page.urgency, context);
    vec![stays(why, Some(next)), further]
}

/// Whether this page asks the team already for what a further one would. One that failed reached nobody, and a further one
/// may, as long as the team has a route.
fn stands_in(incident: &Incident, page: &Page, team: &Team) -> bool {
    let lost = page.state == PageState::Failed && next_route(incident, team, None).is_some();
    page.is_open() && !lost
}

/// Takes open pages off the company's own channels, which are suspect from now on: each goes on to its next route
/// outside of them, or fails where there is none. `incident`: as it stands then.
pub(super) fn leave_in_band(incident: &Incident, context: &Context<'_>) -> Vec<Event> {
    let mut events = Vec::new();
    for page in incident.pages.iter().filter(|page| page.is_open()) {
        let team = context.directory.team(&page.team);
        let route = usize::try_from(page.route_place())
            .ok()
            .and_then(|place| team?.routes.get(place));
        let (Some(team), true) = (team, route.is_some_and(|route| route.in_band)) else {
            continue;
        };
        if incident.exercise || page.route.is_none() {
            continue;
        }
        let next = next_route(incident, team, Some(page.route_place()));
        if next.is_some() || page.escalates_at.is_some() {
            let why = "the company's channels are suspect";
            let further = escalate(incident, page, why, context, &events);
            events.extend(further);
        }
        // What was accepted may still reach a person; nothing else is left to wait for.
        if next.is_none() && page.state != PageState::Accepted {
            events.push(Event::PageProgressed {
                page: page.id.clone(),
                state: PageState::Failed,
                attempts: page.attempts,
                last_error: Some(NO_OUT_OF_BAND.to_owned()),
                left: None,
            });
        }
    }
    events
}

/// Writes down that an attempt ended for good, and takes the page on at once: nobody waits for what was not sent.
pub fn fail(
    incident: &Incident,
    page: &Page,
    attempts: u32,
    why: &str,
    context: &Context<'_>,
) -> Vec<Event> {
    let mut events = progress(
        incident,
        &PageProgress {
            page: page.id.clone(),
            state: PageState::Failed,
            attempts,
            last_error: Some(why.to_owned()),
        },
    );
    // One that has gone on already has nowhere left to go.
    if page.is_open() && page.escalates_at.is_some() {
        let further = escalate(incident, page, why, context, &events);
        events.extend(further);
    }
    events
}

/// Writes down that a route which the page has left behind took it after all, or may have.
pub fn left_behind(incident: &Incident, page: &str, reached: Reached) -> Vec<Event> {
    let Some(page) = incident.page(page).filter(|page| page.is_open()) else {
        return Vec::new();
    };
    let known = |known: &Reached| known.step == reached.step && known.accepted >= reached.accepted;
    if page.reached.iter().any(known) {
        return Vec::new();
    }
    vec![Event::PageProgressed {
        page: page.id.clone(),
        state: page.state,
        attempts: page.attempts,
        last_error: page.last_error.clone(),
        left: Some(reached),
    }]
}
