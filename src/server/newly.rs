//! Who newly sees an incident, or newly reads its texts, if a command is carried out: told before it is, by name.
//! Whether somebody sees it is `domain::caller`; here every token that works and everybody with a key at a door is asked about.

use std::collections::BTreeMap;

use super::auth;
use super::problem::Problem;
use super::state::ServerState;
use crate::domain::caller::DISPLAY;
use crate::domain::command::Command;
use crate::domain::incident::Incident;
use crate::domain::word::Role;
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

/// One name, over all ways by which it comes in: by a token, or by a key at a door.
#[derive(Default)]
struct Known {
    /// What its best way shows before and after: that it is there, and its texts.
    before: (bool, bool),
    after: (bool, bool),
    roles: Vec<Role>,
    teams: Vec<String>,
}

/// Everybody who reads more after it than before it.
///
/// # Errors
/// 503: the tokens cannot be read.
pub async fn newly(
    state: &ServerState,
    before: &Incident,
    after: &Incident,
) -> Result<NewlyBody, Problem> {
    let now = state.clock.now();
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    let tokens = auth::callers(state).await?;
    for caller in tokens
        .into_iter()
        .chain(state.rosters.callers(&state.clock))
    {
        let audience = caller.audience();
        let shown =
            |incident: &Incident| (audience.sees(incident, now), audience.reads(incident, now));
        let (earlier, later) = (shown(before), shown(after));
        let one = known.entry(caller.name).or_default();
        one.before = (one.before.0 || earlier.0, one.before.1 || earlier.1);
        one.after = (one.after.0 || later.0, one.after.1 || later.1);
        if (later.0 && !earlier.0) || (later.1 && !earlier.1) {
            one.roles.push(caller.role);
            one.teams.extend(caller.team);
        }
    }
    let mut newly = NewlyBody::default();
    for (name, one) in known {
        let sees = !one.before.0 && one.after.0;
        let reads = !one.before.1 && one.after.1;
        if !sees && !reads {
            continue;
        }
        if let Some(display) = name.strip_prefix(DISPLAY) {
            newly.displays.push(display.to_owned());
            newly.displays.truncate(NAMED);
            continue;
        }
        newly.people_in_all += 1;
        if newly.people.len() < NAMED {
            newly.people.push(name);
        }
        newly.roles.extend(one.roles);
        newly.teams.extend(one.teams);
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
    newly.roles.sort();
    newly.roles.dedup();
    newly.teams.sort();
    newly.teams.dedup();
    Ok(newly)
}
