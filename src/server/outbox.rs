//! From events to deliveries: which page goes by which route, and when nothing more is sent. Written in the command's own
//! transaction, with key and body fixed there. How a route is spoken to is `paging`, behind [`Courier`].

use futures::future::BoxFuture;

use super::state::ServerState;
use crate::domain::directory::Team;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::incident::page::Page;
use crate::domain::instant::Instant;
use crate::domain::word::{Answer, Comms, PageState};
use crate::store::{Delivery, OutboxChange};

/// The kind of route by which the pages of exercises go: nowhere outside.
pub const EXERCISE: &str = "exercise";
/// How the key of a delivery ends that takes a page back.
const RESOLUTION: &str = "-resolve";

/// What a message is made from.
#[derive(Clone, Copy)]
pub struct Letter<'a> {
    pub incident: &'a Incident,
    pub page: &'a Page,
    pub team: &'a Team,
    /// The route's place in the team's list; None for the exercise sink.
    pub place: Option<usize>,
    /// The idempotency key.
    pub key: &'a str,
    /// Where the page is answered; None without a public address.
    pub link: Option<&'a str>,
}

/// How an attempt to deliver ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// The paging system has it.
    Accepted,
    /// It was sent, and no answer came: the team may have it or not.
    Unknown(String),
    /// It was not taken; worth another attempt, not before so many milliseconds where the other side said so.
    Refused {
        why: String,
        retry_after_ms: Option<i64>,
    },
    /// It was not taken, and never will be by this route.
    Failed(String),
}

/// What carries pages to teams.
pub trait Courier: Send + Sync {
    /// The body that every attempt sends.
    fn message(&self, letter: &Letter<'_>) -> Vec<u8>;
    /// The body that takes an accepted page back where it was sent, if the route knows such a thing.
    fn resolution(&self, team: &Team, place: usize, key: &str) -> Option<Vec<u8>>;
    /// Whether the other side knows a delivery again by its key; where not, a repeat is seen by people.
    fn dedupes(&self, delivery: &Delivery) -> bool;
    /// One attempt; ends by itself within ten seconds. `repeat`: an earlier one may have arrived.
    fn deliver<'a>(&'a self, delivery: &'a Delivery, repeat: bool) -> BoxFuture<'a, Attempt>;
}

/// The idempotency key of a page on one step of its way.
pub fn key(page: &str, step: u32) -> String {
    format!("{page}-{step}")
}

/// Whether it takes a page back instead of bringing one.
pub fn is_resolution(delivery: &Delivery) -> bool {
    delivery.key.ends_with(RESOLUTION)
}

/// The place in the team's list of the n-th route that can be used now; the same choice as `domain::command::page`.
fn place(incident: &Incident, team: &Team, step: u32) -> Option<usize> {
    let usable = team
        .routes
        .iter()
        .enumerate()
        .filter(|(_, route)| incident.comms == Comms::Trusted || !route.in_band);
    usable
        .map(|(place, _)| place)
        .nth(usize::try_from(step).ok()?)
}

/// What the outbox must hold after these events; `incident` is as they leave it.
pub fn changes(
    state: &ServerState,
    incident: &Incident,
    events: &[Event],
    now: Instant,
) -> Vec<OutboxChange> {
    let mut changes = Vec::new();
    for event in events {
        match event {
            Event::PageQueued {
                page,
                route: Some(route),
                ..
            } => changes.extend(put(state, incident, page, route, 0, now)),
            Event::PageEscalated {
                page,
                route: Some(route),
                step,
                ..
            } if is_new_step(incident, events, page, *step) => {
                // From here on the next route carries it: what the last one says afterwards is about another delivery.
                changes.push(OutboxChange::Done {
                    key: key(page, step.saturating_sub(1)),
                });
                changes.extend(put(state, incident, page, route, *step, now));
            }
            Event::PageAcknowledged { page, .. } | Event::PageCancelled { page, .. } => {
                changes.push(OutboxChange::DoneForPage { page: page.clone() });
                changes.extend(resolutions(state, incident, page, now));
            }
            Event::Closed { .. } | Event::Dismissed { .. } => {
                let pages = incident.pages.iter();
                for page in pages.filter(|page| page.state == PageState::Expired) {
                    let page = &page.id;
                    changes.push(OutboxChange::DoneForPage { page: page.clone() });
                    changes.extend(resolutions(state, incident, page, now));
                }
            }
            Event::Redacted { .. } => changes.extend(reworded(state, incident)),
            _ => {}
        }
    }
    changes
}

/// What is still to be sent for an incident of which a text was redacted, in the words that are left.
fn reworded(state: &ServerState, incident: &Incident) -> Vec<OutboxChange> {
    let pages = incident.pages.iter();
    let steps = pages.flat_map(|page| (0..=page.step).map(move |step| (page, step)));
    let word = |(page, step): (&Page, u32)| {
        let route = page.route.as_deref().unwrap_or_default();
        match put(state, incident, &page.id, route, step, incident.updated_at)? {
            OutboxChange::Put(delivery) => Some(OutboxChange::Reword {
                key: delivery.key,
                body: delivery.body,
            }),
            _ => None,
        }
    };
    steps.filter_map(word).collect()
}

/// Whether the page goes on to another route. A page that has nowhere left to go stays on its step, and says so with
/// no instant to escalate at; one answered `cannot` there has been told already.
fn is_new_step(incident: &Incident, events: &[Event], page: &str, step: u32) -> bool {
    let stays = events.iter().any(|event| {
        matches!(event, Event::PageEscalated { page: p, escalates_at: None, step: s, .. } if p == page && *s == step)
    });
    let cannot = incident
        .page(page)
        .is_some_and(|p| p.answer == Some(Answer::Cannot) && !p.is_open());
    !stays && !cannot && step > 0
}

fn put(
    state: &ServerState,
    incident: &Incident,
    page: &str,
    route: &str,
    step: u32,
    now: Instant,
) -> Option<OutboxChange> {
    let page = incident.page(page)?;
    let team = state.directory.team(&page.team)?;
    let place = (!incident.exercise)
        .then(|| place(incident, team, step))
        .flatten();
    let route = match place {
        // The exercise's pages never leave the house, whatever the event says.
        _ if incident.exercise => EXERCISE.to_owned(),
        Some(place) => format!("{place}/{route}"),
        None => return None,
    };
    let link = state.answer_link(&page.id);
    let key = key(&page.id, step);
    let body = state.courier.message(&Letter {
        incident,
        page,
        team,
        place,
        key: &key,
        link: link.as_deref(),
    });
    Some(OutboxChange::Put(Delivery {
        key,
        page: page.id.clone(),
        incident: incident.id.clone(),
        team: team.id.clone(),
        route,
        step,
        body,
        attempts: 0,
        next_at: now,
        queued_at: now,
    }))
}

/// What closes, on other systems, what a page that is over has opened there: on every route it came by, and only if one
/// of them had accepted it.
fn resolutions(
    state: &ServerState,
    incident: &Incident,
    page: &str,
    now: Instant,
) -> Vec<OutboxChange> {
    let page = incident
        .page(page)
        .filter(|page| page.accepted_at.is_some());
    let team = page.and_then(|page| state.directory.team(&page.team));
    let (Some(page), Some(team), false) = (page, team, incident.exercise) else {
        return Vec::new();
    };
    let resolution = |step| {
        let place = place(incident, team, step)?;
        let opened = key(&page.id, step);
        let body = state.courier.resolution(team, place, &opened)?;
        Some(OutboxChange::Put(Delivery {
            key: format!("{opened}{RESOLUTION}"),
            page: page.id.clone(),
            incident: incident.id.clone(),
            team: team.id.clone(),
            route: format!("{place}/{}", team.routes.get(place)?.kind),
            step,
            body,
            attempts: 0,
            next_at: now,
            queued_at: now,
        }))
    };
    // A page that goes on after a team could not come lives on its present route.
    let over = page.step + u32::from(!page.is_open());
    (0..over).filter_map(resolution).collect()
}
