//! `undo`: takes the caller's own last phase move back, within ten minutes and with nothing done since.
//! Phase, pass and the time in phase return; both lines stay in the record.

use serde::{Deserialize, Serialize};

use super::Context;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;

/// Takes the last phase move back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Undo {}

/// Minutes in which a move can be taken back.
pub const UNDO_MINUTES: i64 = 10;

pub(super) fn decide(
    incident: &Incident,
    _body: &Undo,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    let Some(last) = incident
        .last_move
        .as_ref()
        .filter(|m| m.version == incident.persons_version)
    else {
        return Err(Refusal::state(
            "There is no phase move to take back: something else was done since, or nothing was moved.",
        ));
    };
    if last.by != context.caller.name {
        return Err(Refusal::state(format!(
            "The last move is {}'s; only the person who made it takes it back. Move the incident instead.",
            context.named(incident, &last.by)
        )));
    }
    if context.now - last.at > chrono::TimeDelta::minutes(UNDO_MINUTES) {
        return Err(Refusal::state(format!(
            "The move is over {UNDO_MINUTES} minutes old and stays; move the incident instead."
        )));
    }
    Ok(vec![Event::MoveUndone {
        from: incident.phase,
        to: last.from,
        pass: last.from_pass,
        phase_since: last.from_since,
    }])
}
