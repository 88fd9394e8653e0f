//! From events to deliveries: which page goes by which route, and when nothing more is sent. Written in the command's own
//! transaction, with key and body fixed there. How a route is spoken to is `paging`, behind [`Courier`].

use futures::future::BoxFuture;

use super::state::ServerState;
pub use crate::domain::delivery::EXERCISE;
use crate::domain::directory::Team;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::incident::page::{Page, Reached};
use crate::domain::instant::Instant;
use crate::domain::word::{Answer, PageState};
use crate::paging::Sent;
use crate::paging::message::PageMessage;
use crate::store::{Delivery, OutboxChange};

/// How the key of a delivery ends that takes a page back.
const STAND_DOWN: &str = "-stand-down";

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

/// What tells a route that a page which came by it is over.
#[derive(Clone, Copy)]
pub struct Ending<'a> {
    /// With the key of the page on that route, and its place.
    pub letter: Letter<'a>,
    /// The kind of the route by which the page came.
    pub kind: &'a str,
    /// The team need not come; else somebody answered.
    pub stood_down: bool,
    pub reason: Option<&'a str>,
}

/// What carries pages to teams.
pub trait Courier: Send + Sync {
    /// The body that every attempt sends.
    fn message(&self, letter: &Letter<'_>) -> Vec<u8>;
    /// The body that says on a route that its page is over; None where nothing is to be said.
    fn ending(&self, ending: &Ending<'_>) -> Option<Vec<u8>>;
    /// Whether the other side knows a delivery again by its key; where not, a repeat is seen by people.
    fn dedupes(&self, delivery: &Delivery) -> bool;
    /// Who would be called now by a route of a team, by its place; None where that is nobody's to tell.
    fn on_call<'a>(
        &'a self,
        team: &str,
        place: usize,
    ) -> Option<BoxFuture<'a, Result<Vec<String>, String>>> {
        let _ = (team, place);
        None
    }
    /// Whether a delivery that may have arrived is made again by itself. Where not, a person looks before they page again.
    fn repeats(&self, delivery: &Delivery) -> bool {
        let _ = delivery;
        true
    }
    /// One attempt; ends by itself within ten seconds. `repeat`: an earlier one may have arrived.
    fn deliver<'a>(&'a self, delivery: &'a Delivery, repeat: bool) -> BoxFuture<'a, Sent>;
}

/// The idempotency key of a page on one step of its way.
pub fn key(page: &str, step: u32) -> String {
    format!("{page}-{step}")
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
            } => changes.extend(put(state, incident, page, route, now)),
            Event::PageFolded { page, .. } => {
                let put = incident.page(page).and_then(|page| {
                    let route = page.route.as_deref()?;
                    put(state, incident, &page.id, route, now)
                });
                changes.extend(put.and_then(|put| reword(put, false)));
            }
            Event::PageEscalated {
                page,
                route: Some(route),
                step,
                ..
            } if is_new_step(incident, events, page, *step) => {
                // From here on the next route carries it: what the last one says afterwards is about another delivery.
                changes.push(OutboxChange::Withdraw {
                    key: key(page, step.saturating_sub(1)),
                });
                changes.extend(put(state, incident, page, route, now));
            }
            Event::PageProgressed {
                page,
                state: PageState::Failed | PageState::Expired,
                left: None,
                ..
            } => changes.extend(incident.page(page).map(|page| OutboxChange::Withdraw {
                key: key(&page.id, page.step),
            })),
            Event::PageAcknowledged { page, .. } => {
                changes.extend(ended(state, incident, page, None, now));
            }
            Event::PageCancelled { page, reason } => {
                changes.extend(ended(state, incident, page, Some(reason), now));
            }
            Event::Closed { reason, .. } | Event::Dismissed { reason } => {
                let expired = incident.pages.iter();
                let expired = expired.filter(|page| page.state == PageState::Expired);
                for page in expired {
                    changes.extend(ended(state, incident, &page.id, Some(reason), now));
                }
            }
            // What waits says what may be said when it is sent. An attempt of which nobody knows whether it arrived said more:
            // that a repeat has the same body gives way to that what is hidden now does not leave.
            Event::Redacted { .. } | Event::Restricted { .. } => {
                changes.extend(reworded(state, incident, true));
            }
            Event::FieldsSet(set) if PageMessage::says(set) => {
                changes.extend(reworded(state, incident, set.tlp.is_some()));
            }
            _ => {}
        }
    }
    changes
}

/// What is still to be sent for an incident, in the words that stand now. Why a page was taken back may be the very text
/// that is no longer to be said, so that is left out. `begun`: see `OutboxChange::Reword`.
fn reworded(state: &ServerState, incident: &Incident, begun: bool) -> Vec<OutboxChange> {
    let now = incident.updated_at;
    let all = incident.pages.iter().flat_map(|page| {
        let route = page.route.as_deref().unwrap_or_default();
        let present = put(state, incident, &page.id, route, now);
        let earlier = page.reached.iter().flat_map(move |way| {
            let left = way.step != page.step;
            let again = left.then(|| put_by(state, incident, page, way, now));
            let ending = ending(state, incident, page, way, None, now);
            again.flatten().into_iter().chain(ending)
        });
        present.into_iter().chain(earlier)
    });
    all.filter_map(|put| reword(put, begun)).collect()
}

/// The same body for a delivery that is there already.
fn reword(put: OutboxChange, begun: bool) -> Option<OutboxChange> {
    match put {
        OutboxChange::Put(delivery) => Some(OutboxChange::Reword {
            key: delivery.key,
            body: delivery.body,
            begun,
        }),
        _ => None,
    }
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

/// A page by its present route.
fn put(
    state: &ServerState,
    incident: &Incident,
    page: &str,
    route: &str,
    now: Instant,
) -> Option<OutboxChange> {
    let page = incident.page(page)?;
    let present = Reached {
        step: page.step,
        place: page.route_place(),
        kind: route.to_owned(),
        accepted: false,
    };
    put_by(state, incident, page, &present, now)
}

fn put_by(
    state: &ServerState,
    incident: &Incident,
    page: &Page,
    way: &Reached,
    now: Instant,
) -> Option<OutboxChange> {
    let team = state.directory.team(&page.team)?;
    let place = match incident.exercise {
        true => None,
        false => Some(usize::try_from(way.place).ok()?),
    };
    let route = match place {
        // The exercise's pages never leave the house, whatever the event says.
        None => EXERCISE.to_owned(),
        Some(place) => format!("{place}/{}", way.kind),
    };
    let link = state.answer_link(&page.id);
    let key = key(&page.id, way.step);
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
        step: way.step,
        body,
        attempts: 0,
        next_at: now,
        queued_at: now,
        stand_down: false,
    }))
}

/// What follows when a page is over, or goes on after its team could not come: no further attempt, and everywhere it
/// arrived, or may have, that is said. A page that goes on lives on its present route.
fn ended(
    state: &ServerState,
    incident: &Incident,
    page: &str,
    reason: Option<&String>,
    now: Instant,
) -> Vec<OutboxChange> {
    let Some(page) = incident.page(page) else {
        return Vec::new();
    };
    let mut changes = match page.is_open() {
        true => Vec::new(),
        false => vec![OutboxChange::WithdrawPage {
            page: page.id.clone(),
        }],
    };
    let left = page.reached.iter();
    let left = left.filter(|reached| !page.is_open() || reached.step != page.step);
    let reason = reason.map(String::as_str);
    changes.extend(left.filter_map(|reached| ending(state, incident, page, reached, reason, now)));
    changes
}

/// What takes a page that is over back from one route, if that route knows such a thing.
pub fn ending(
    state: &ServerState,
    incident: &Incident,
    page: &Page,
    reached: &Reached,
    reason: Option<&str>,
    now: Instant,
) -> Option<OutboxChange> {
    let team = state.directory.team(&page.team)?;
    if incident.exercise {
        return None;
    }
    let opened = key(&page.id, reached.step);
    let stood_down = matches!(page.state, PageState::Cancelled | PageState::Expired);
    let body = state.courier.ending(&Ending {
        letter: Letter {
            incident,
            page,
            team,
            place: usize::try_from(reached.place).ok(),
            key: &opened,
            link: None,
        },
        kind: &reached.kind,
        stood_down,
        reason,
    })?;
    Some(OutboxChange::Put(Delivery {
        key: format!("{opened}{STAND_DOWN}"),
        page: page.id.clone(),
        incident: incident.id.clone(),
        team: team.id.clone(),
        route: format!("{}/{}", reached.place, reached.kind),
        step: reached.step,
        body,
        attempts: 0,
        next_at: now,
        queued_at: now,
        stand_down: true,
    }))
}
