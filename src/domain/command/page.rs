//! `page`: asks teams to come. Written down before it is sent; a team with an open page is not paged again unless
//! the sender says so, and then nothing is sent to anyone.

use serde::{Deserialize, Serialize};

use super::{Context, text};
use crate::domain::directory::Team;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::{Refusal, RefusalKind};
use crate::domain::word::{Comms, Urgency};

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

/// Most teams one command pages.
const MOST: usize = 50;

/// The kind of a team's n-th usable route. An exercise has one sink for all; in-band routes are left out while
/// the company's own channels are suspect.
pub fn route_at(incident: &Incident, team: &Team, step: usize) -> Option<String> {
    if incident.exercise {
        return (step == 0).then(|| "exercise".to_owned());
    }
    let usable = team
        .routes
        .iter()
        .filter(|route| incident.comms == Comms::Trusted || !route.in_band);
    usable.map(|route| route.kind.clone()).nth(step)
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
                    "{} has an open page for {}; nothing was sent to anyone. To page again, say \"again\": true.",
                    open.join(", "),
                    incident.id
                ),
                unmet: Vec::new(),
            });
        }
    }
    let queued = teams.iter().enumerate().map(|(n, team)| {
        let page = context.fresh_id("p", n);
        queued(
            incident,
            team,
            page,
            body.message.clone(),
            body.urgency,
            context,
        )
    });
    Ok(queued.collect())
}

/// A page put on its way by a team's first usable route.
pub(super) fn queued(
    incident: &Incident,
    team: &Team,
    page: String,
    message: Option<String>,
    urgency: Urgency,
    context: &Context<'_>,
) -> Event {
    let route = route_at(incident, team, 0);
    let further = context
        .directory
        .escalation(team, &incident.service)
        .is_some();
    Event::PageQueued {
        page,
        team: team.id.clone(),
        message,
        urgency,
        escalates_at: Some(context.now + team.ack_within.delta())
            .filter(|_| route.is_some() || further),
        route,
    }
}
