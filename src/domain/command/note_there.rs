//! Notes that are written to the system an incident came from: how far that has come stands with the incident, so that none is
//! written twice, whoever writes the next. That one is about to be written is on record before it is. It is not in the API.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::view::Upstream;

/// The key of `upstream` under which it stands.
const NOTES: &str = "notes";
/// Most notes that are told not to be there; of more, the latest.
const LOST_MAX: usize = 20;

/// How far the record's notes were written there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotesThere {
    /// The last entry that was looked at.
    pub upto: u64,
    /// The entry that is being written: how that ends is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub under_way: Option<u64>,
    /// What happened last, as the timeline tells it: `being written`, `written`, `not written`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Notes that are not there, or of which nobody knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<LostNote>,
}

/// A note that is not there, or may not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostNote {
    /// Its entry.
    pub entry: u64,
    pub why: String,
}

impl NotesThere {
    /// How far it has come for an incident.
    pub fn of(upstream: &Upstream) -> NotesThere {
        let kept = upstream.rest.get(NOTES).cloned();
        kept.and_then(|kept| serde_json::from_value(kept).ok())
            .unwrap_or_default()
    }

    /// An entry is about to be written.
    pub fn begun(mut self, entry: u64) -> NotesThere {
        self.upto = entry;
        self.under_way = Some(entry);
        self.last = Some("being written".to_owned());
        self
    }

    /// What was under way is there.
    pub fn written(mut self) -> NotesThere {
        self.under_way = None;
        self.last = Some("written".to_owned());
        self
    }

    /// What was under way is certainly not there, and is written again.
    pub fn again(mut self) -> NotesThere {
        if let Some(entry) = self.under_way.take() {
            self.upto = entry.saturating_sub(1);
        }
        self.last = Some("not written yet".to_owned());
        self
    }

    /// What was under way is not there, or nobody knows; it is not written again by itself.
    pub fn lost(mut self, why: String) -> NotesThere {
        if let Some(entry) = self.under_way.take() {
            self.lost.push(LostNote { entry, why });
            let more = self.lost.len().saturating_sub(LOST_MAX);
            self.lost.drain(..more);
        }
        self.last = Some("not known to be written".to_owned());
        self
    }

    /// An entry that is not written there and will not be.
    pub fn missed(mut self, entry: u64, why: &str) -> NotesThere {
        self.upto = entry;
        self.under_way = Some(entry);
        self = self.lost(why.to_owned());
        self.last = Some("not written".to_owned());
        self
    }

    /// Puts it on record, where it says something new.
    pub fn told(&self, incident: &Incident) -> Vec<Event> {
        let Some(before) = &incident.upstream else {
            return Vec::new();
        };
        let mut upstream = before.clone();
        let notes = serde_json::to_value(self).unwrap_or_default();
        upstream.rest.insert(NOTES.to_owned(), notes);
        if upstream == *before {
            return Vec::new();
        }
        vec![Event::UpstreamChanged {
            upstream: Box::new(upstream),
        }]
    }
}

/// What a source's next word leaves as it is: how far notes have come, and no longer what happened last.
pub(super) fn carry(before: &Upstream, after: &mut Upstream) {
    let Some(Value::Object(notes)) = before.rest.get(NOTES) else {
        return;
    };
    let mut notes = notes.clone();
    notes.remove("last");
    after.rest.insert(NOTES.to_owned(), notes.into());
}
