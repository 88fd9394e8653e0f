//! Writes a move that people made here to the system an incident came from: against the version they saw, and read again
//! after. What is to be written follows from the record alone, so that nothing is lost with a process and nothing done twice.

use super::sync::{Memory, Trouble, take_in};
use super::sync_lease::Asker;
use crate::connector::error::ConnectorError;
use crate::connector::port::Version;
use crate::domain::command::upstream::unwritten;
use crate::domain::incident::Incident;
use crate::domain::word::Phase;
use crate::server::intake::Intake;
use crate::server::state::ServerState;
use crate::time::Mono;

/// How many moves are written in one turn; the rest in the next.
const WRITTEN_MAX: usize = 10;
/// How long a move that does not show there is let be.
const UNTAKEN_FOR_MS: i64 = 300_000;

/// A move that was refused there, or sent and does not show there yet: many systems take a write before it can be read.
pub(super) struct Untaken {
    at: Mono,
    phase: Phase,
    /// How that is said.
    pub(super) why: String,
}

/// Writes what is to be written. A move that is not taken there is said, turn for turn, until it shows there, is taken back
/// here, or has been let be for long enough to be tried again; here it stays as it is.
pub(super) async fn write_phases(asker: &Asker, memory: &mut Memory) -> Result<(), Trouble> {
    let Asker { state, intake, .. } = asker;
    if !intake.settings.write_phases {
        return Ok(());
    }
    let now = state.clock.mono();
    let due = due(state, intake);
    memory.untaken.retain(|key, untaken| {
        let same =
            |(other, _, phase): &(String, Version, Phase)| other == key && *phase == untaken.phase;
        now - untaken.at < UNTAKEN_FOR_MS && due.iter().any(same)
    });
    let waiting = due
        .iter()
        .filter(|(key, _, _)| !memory.untaken.contains_key(key));
    let waiting: Vec<_> = waiting.take(WRITTEN_MAX).cloned().collect();
    for (key, seen, phase) in waiting {
        let Some(to) = intake.settings.mapping.status_for(phase) else {
            continue;
        };
        if !asker.may_write() {
            return Err(Trouble::Lost);
        }
        match intake.connector.advance(&key, &seen, to).await {
            Ok(case) => take_in(asker, &case).await?,
            // Somebody was there first: what they did is heard, and shown as a conflict if it contradicts.
            Err(ConnectorError::Conflict { current }) => take_in(asker, &current).await?,
            Err(
                error @ (ConnectorError::Auth(_)
                | ConnectorError::RateLimited { .. }
                | ConnectorError::Transport(_)),
            ) => return Err(error.into()),
            Err(error) => {
                let why = match &error {
                    ConnectorError::Unknown(why) => {
                        format!("the move of {key} was sent and does not show there yet: {why}")
                    }
                    error => format!("the move of {key} is not written there: {error}"),
                };
                let at = now;
                memory.untaken.insert(key, Untaken { at, phase, why });
            }
        }
    }
    intake.note(|progress| progress.trouble = memory.trouble());
    Ok(())
}

/// Key, version that was seen, and phase of every incident whose move is to be written.
fn due(state: &ServerState, intake: &Intake) -> Vec<(String, Version, Phase)> {
    let one = |incident: &Incident| {
        // Nothing people do in a restricted incident is told elsewhere; lifted, it is written then.
        if incident.restriction.is_some() {
            return None;
        }
        let upstream = incident.upstream.as_ref()?;
        if upstream.connector != intake.settings.name {
            return None;
        }
        let version = upstream.rest.get("version")?.as_str()?.to_owned();
        Some((upstream.key.clone(), Version(version), unwritten(incident)?))
    };
    let world = state.mirror.read();
    world
        .after(None)
        .filter_map(|snapshot| one(&snapshot.incident))
        .collect()
}
