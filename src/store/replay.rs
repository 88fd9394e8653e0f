//! From entries back to what they say: events, and the incident as it must stand after them.
//! Entries come one by one, so that a long record needs no more memory than a short one.

use serde_json::{Value, json};

use super::Entry;
use crate::domain::event::Event;
use crate::domain::incident::{Incident, Stamp};

/// What an entry says.
///
/// # Errors
/// Its body is not what its kind asks for; in words.
pub fn event(entry: &Entry) -> Result<Event, String> {
    let body: Value = serde_json::from_str(&entry.body).map_err(|error| error.to_string())?;
    serde_json::from_value(json!({"kind": entry.kind, "body": body}))
        .map_err(|error| error.to_string())
}

/// One incident on its way through its entries.
#[derive(Debug, Default)]
pub struct Replay {
    incident: Option<Incident>,
    last: u64,
}

impl Replay {
    /// Takes in the next entry; in words, why that cannot be done.
    ///
    /// # Errors
    /// The entry cannot be read, opens another incident, or comes before the one that opens it; a sentence.
    pub fn step(&mut self, entry: &Entry) -> Result<(), String> {
        let event = event(entry).map_err(|error| format!("it cannot be read: {error}"))?;
        let stamp = Stamp {
            version: entry.version,
            at: entry.at,
            by: entry.by.clone(),
            via: entry.via,
        };
        self.last = entry.seq;
        match (&mut self.incident, &event) {
            (None, Event::Opened(opened)) if opened.id == entry.incident => {
                self.incident = Some(Incident::opened(opened, &stamp));
            }
            (None, Event::Opened(opened)) => {
                return Err(format!("it opens {}", opened.id));
            }
            (None, _) => return Err("the first entry does not open the incident".to_owned()),
            (Some(incident), event) => incident.apply(event, &stamp),
        }
        Ok(())
    }

    /// The seq of the last entry taken in; 0 before the first.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// The incident as it stands after them all; None without any.
    pub fn incident(self) -> Option<Incident> {
        self.incident
    }
}
