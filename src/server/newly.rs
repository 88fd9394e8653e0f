//! Who newly sees an incident, or newly reads its texts, if a command is carried out: told before it is, by name.
//! Whether somebody sees it is `domain::caller`; here every token that works is asked about.

use super::auth;
use super::problem::Problem;
use super::state::ServerState;
use crate::domain::command::Command;
use crate::domain::incident::Incident;
use crate::wire::NewlyBody;

/// Most names told; the rest is counted.
const NAMED: usize = 200;

/// Whether a command may let more people in.
pub fn may_open(command: &Command) -> bool {
    match command {
        Command::Set(set) => set.tlp.is_some(),
        Command::Restrict(_) => true,
        _ => false,
    }
}

/// Everybody who reads more after it than before it.
pub async fn newly(
    state: &ServerState,
    before: &Incident,
    after: &Incident,
) -> Result<NewlyBody, Problem> {
    let mut newly = NewlyBody::default();
    let now = state.clock.now();
    for caller in auth::callers(state).await? {
        let audience = caller.audience();
        let sees = !audience.sees(before, now) && audience.sees(after, now);
        let reads = !audience.reads(before, now) && audience.reads(after, now);
        if !sees && !reads {
            continue;
        }
        newly.people_in_all += 1;
        if newly.people.len() < NAMED {
            newly.people.push(caller.name);
        }
        if !newly.roles.contains(&caller.role) {
            newly.roles.push(caller.role);
        }
        if let Some(team) = caller.team.filter(|team| !newly.teams.contains(team)) {
            newly.teams.push(team);
        }
    }
    // Pages over a route that becomes cleared will have its texts.
    for team in &state.directory.teams {
        let told = |incident: &Incident| {
            let cleared = |clearance| incident.restriction.is_none() && incident.tlp <= clearance;
            team.routes
                .iter()
                .filter(|route| cleared(route.clearance))
                .count()
        };
        let here = team.services.is_empty() || team.services.contains(&after.service);
        if here && told(after) > told(before) && !newly.teams.contains(&team.id) {
            newly.teams.push(team.id.clone());
        }
    }
    newly.people.sort();
    newly.roles.sort();
    newly.teams.sort();
    Ok(newly)
}
