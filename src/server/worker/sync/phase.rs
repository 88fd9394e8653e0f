//! Writes a move that people made here to the system an incident came from: against the version they saw, and read again
//! after. What is to be written follows from the record alone, so that nothing is lost with a process and nothing done twice.

use super::lease::Asker;
use super::memory::{Memory, TurnError, Untaken, let_be_ms};
use super::take::take_in;
use crate::connector::error::{ConnectorError, OneByOne};
use crate::connector::port::Version;
use crate::domain::command::upstream::unwritten;
use crate::domain::incident::Incident;
use crate::domain::word::Phase;
use crate::server::connector::{Ailment, PolledConnector};
use crate::server::state::ServerState;

/// How many moves are written in one turn; the rest in the next.
const WRITTEN_MAX: usize = 10;

/// Writes what is to be written. A move that is not taken there is said, turn for turn, until it shows there, is taken back
/// here, or has been let be for long enough to be tried again; here it stays as it is, and the others are written meanwhile.
pub(super) async fn write_phases(asker: &Asker, memory: &mut Memory) -> Result<(), TurnError> {
    let Asker { state, polled, .. } = asker;
    if !polled.settings.write_phases {
        return Ok(());
    }
    let now = state.clock.mono();
    let due = due(state, polled);
    memory.untaken.retain(|key, untaken| {
        let same =
            |(other, _, phase): &(String, Version, Phase)| other == key && *phase == untaken.phase;
        untaken.until > now && due.iter().any(same)
    });
    // What the source has no word for waits for nothing, and takes no place.
    let waiting = due.into_iter().filter_map(|(key, seen, phase)| {
        let to = polled.settings.mapping.status_for(phase)?;
        Some((key, seen, phase, to))
    });
    let waiting = waiting.filter(|(key, ..)| !memory.untaken.contains_key(key));
    let waiting: Vec<_> = waiting.take(WRITTEN_MAX).collect();
    let mut one_by_one = OneByOne::default();
    for (key, seen, phase, to) in waiting {
        if !asker.may_write() {
            return Err(TurnError::Lost);
        }
        match polled.connector.advance(&key, &seen, to).await {
            Ok(case) => take_in(asker, &case).await?,
            // Somebody was there first: what they did is heard, and shown as a conflict if it contradicts.
            Err(ConnectorError::Conflict { current }) => take_in(asker, &current).await?,
            Err(error) => {
                let error = one_by_one.judge(error)?;
                let what = match &error {
                    ConnectorError::Unknown(_) => "was sent and does not show there yet",
                    _ => "is not written there",
                };
                let why = match &error {
                    ConnectorError::Unknown(why) => why.clone(),
                    error => error.to_string(),
                };
                let why = Ailment::of_incident(
                    &key,
                    &format!("the move of {key} {what}: {why}"),
                    &format!("the move of an incident {what}"),
                );
                let until = now + let_be_ms(&error);
                memory.untaken.insert(key, Untaken { until, phase, why });
                continue;
            }
        }
        one_by_one.answered();
    }
    polled.note(|progress| progress.trouble = memory.trouble());
    Ok(())
}

/// Key, version that was seen, and phase of every incident whose move is to be written.
fn due(state: &ServerState, polled: &PolledConnector) -> Vec<(String, Version, Phase)> {
    let one = |incident: &Incident| {
        // Nothing people do in a restricted incident is told elsewhere; lifted, it is written then.
        if incident.restriction.is_some() {
            return None;
        }
        let upstream = incident.upstream.as_ref()?;
        let version = upstream.rest.get("version")?.as_str()?.to_owned();
        Some((upstream.key.clone(), Version(version), unwritten(incident)?))
    };
    let world = state.mirror.read();
    world
        .of_source(&polled.settings.name)
        .filter_map(|snapshot| one(&snapshot.incident))
        .collect()
}
