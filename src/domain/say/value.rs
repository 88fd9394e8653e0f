//! The latest change as people read it: what `change` says, with the values that were recorded. It is for readers whose
//! clearance reaches; a line about a restricted duty is read without values, which is seen to where it is shown.

use super::change;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::incident::page::{NO_OUT_OF_BAND, NO_ROUTE};
use crate::domain::word::Comms;

/// What happened, with its values; None for what no reader needs to hear of.
pub fn with_values(event: &Event, incident: &Incident) -> Option<String> {
    let plain = change(event, incident)?;
    Some(valued(event, incident).unwrap_or(plain))
}

/// None where the plain words say all.
fn valued(event: &Event, incident: &Incident) -> Option<String> {
    let said = match event {
        Event::PageQueued {
            team, route: None, ..
        } => {
            let why = match incident.comms {
                Comms::Suspect => NO_OUT_OF_BAND,
                Comms::Trusted => NO_ROUTE,
            };
            format!("page to {team} FAILED: {why}")
        }
        Event::PageEscalated {
            team,
            why,
            asked: Some(asked),
            ..
        } => format!("{team}: {why}, {asked} paged"),
        Event::PageEscalated {
            team,
            why,
            escalates_at: Some(_),
            step,
            ..
        } => format!("{team}: {why}, paged by route {}", step.saturating_add(1)),
        Event::PageEscalated { team, why, .. } => format!("{team}: {why}"),
        _ => return None,
    };
    Some(said)
}
