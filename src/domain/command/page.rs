//! `page`: asks teams to come. Written down before it is sent; a team with an open page is not paged again unless
//! the sender says so, and then nothing is sent to anyone.

use serde::{Deserialize, Serialize};

use super::{Context, text};
use crate::domain::delivery::EXERCISE;
use crate::domain::directory::Team;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::incident::page::Page as Paged;
use crate::domain::refusal::{Refusal, RefusalKind};
use crate::domain::word::{Comms, PageState, Urgency};

/// Pages one or several teams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Page {
    pub teams: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(default = "high")]
    pub urgency: Urgency,
    /// Page teams that have an open page for this incident too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

fn high() -> Urgency {
    Urgency::High
}

/// Room for who asked again, and when.
const ASKED_AGAIN: usize = 180;
/// Most teams one command pages.
const MOST: usize = 50;

/// A team's next route that can be used now, behind a place in its list: where it stands there, and its kind. An exercise
/// has one sink for all; in-band routes are passed over while the company's own channels are suspect.
pub fn next_route(incident: &Incident, team: &Team, behind: Option<u32>) -> Option<(u32, String)> {
    if incident.exercise {
        return behind.is_none().then(|| (0, EXERCISE.to_owned()));
    }
    let source = incident.upstream.as_ref().map(|of| of.connector.as_str());
    let mut usable = (0..)
        .zip(&team.routes)
        .filter(|(_, route)| incident.comms == Comms::Trusted || !route.in_band)
        .filter(|(_, route)| route.reaches_for(source))
        .filter(|(place, _)| behind.is_none_or(|behind| *place > behind));
    usable
        .next()
        .map(|(place, route)| (place, route.kind.clone()))
}

/// A new page to a team by its first route.
pub(super) fn queued(
    incident: &Incident,
    team: &Team,
    page: String,
    message: Option<String>,
    urgency: Urgency,
    context: &Context<'_>,
) -> Event {
    let (place, route) = next_route(incident, team, None).unzip();
    let directory = context.directory;
    let further = directory.escalation(team, &incident.service).is_some();
    // Nobody waits for an answer to what goes nowhere: it is taken on at once.
    let escalates_at = match (&route, further) {
        (Some(_), _) => Some(context.now + team.ack_within.delta()),
        (None, true) => Some(context.now),
        (None, false) => None,
    };
    Event::PageQueued {
        page,
        team: team.id.clone(),
        message,
        urgency,
        escalates_at,
        route,
        place,
    }
}

pub(super) fn decide(
    incident: &Incident,
    body: &Page,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    if body.teams.is_empty() || body.teams.len() > MOST {
        return Err(Refusal::invalid(format!(
            "'teams' names {} teams; name 1 to {MOST}.",
            body.teams.len()
        )));
    }
    text::check_optional("message", body.message.as_deref(), text::MESSAGE)?;
    let mut teams: Vec<&Team> = Vec::with_capacity(body.teams.len());
    for id in &body.teams {
        let team = context.directory.team(id).ok_or_else(|| {
            Refusal::invalid(format!(
                "There is no team '{}'; `warboard teams` lists them.",
                id.chars().take(80).collect::<String>()
            ))
        })?;
        if !teams.iter().any(|t| t.id == team.id) {
            teams.push(team);
        }
    }
    if !body.again {
        let open: Vec<&str> = teams
            .iter()
            .map(|t| t.id.as_str())
            .filter(|id| incident.pages.iter().any(|p| p.is_open() && p.team == *id))
            .collect();
        if !open.is_empty() {
            return Err(Refusal {
                kind: RefusalKind::AlreadyPaged,
                detail: format!(
                    "{} has an open page for {}; nothing was sent to anyone. To page again all the same, say so: --again, or \"again\": true.",
                    open.join(", "),
                    incident.id
                ),
                unmet: Vec::new(),
            });
        }
    }
    let pages = teams.iter().enumerate().map(|(n, team)| {
        let page = context.fresh_id("p", n);
        let message = body.message.clone();
        queued(incident, team, page, message, body.urgency, context)
    });
    Ok(pages.collect())
}

/// The same events, but that a repeat goes with a page that waits, where there is one: to the same team, for this incident,
/// by the same route, not answered and not begun to be sent. `waiting` are the pages of this incident that nobody has begun
/// to send. What would make the text too long for one page stays a page of its own.
pub fn folded(incident: &Incident, events: Vec<Event>, waiting: &[String]) -> Vec<Event> {
    let fold = |event: Event| {
        match &event {
            Event::PageQueued {
                team,
                route: Some(route),
                message,
                urgency,
                place,
                ..
            } => {
                let carrier = incident.pages.iter().rev().find(|page| {
                    let way = (page.route.as_ref(), page.route_place())
                        == (Some(route), place.unwrap_or(0));
                    page.team == *team
                        && page.state == PageState::Queued
                        && (page.step, page.attempts) == (0, 0)
                        && way
                        && waiting.contains(&page.id)
                });
                let carrier = carrier.filter(|page| has_room(page, message.as_deref()));
                carrier.map(|page| Event::PageFolded {
                    page: page.id.clone(),
                    team: team.clone(),
                    message: message.clone(),
                    urgency: *urgency,
                })
            }
            _ => None,
        }
        .unwrap_or(event)
    };
    events.into_iter().map(fold).collect()
}

/// Whether one more message fits: all of them together are as long as one may be.
fn has_room(page: &Paged, message: Option<&str>) -> bool {
    let so_far = page.said().map_or(0, |said| said.chars().count());
    let more = message.map_or(0, |message| message.chars().count());
    so_far + more + ASKED_AGAIN <= text::MESSAGE
}
