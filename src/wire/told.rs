//! Which entries of a timeline a newer one says again: what a page did on its way, how often alerts fired. A reader of the
//! record is given all; a person is told each course once, by its newest line.

use std::collections::BTreeSet;

use serde_json::Value;

use super::EntryBody;
use crate::domain::command::alert::same_flapping;
use crate::domain::view::Upstream;

/// Looks at the entries of one incident from the newest to the oldest.
#[derive(Debug, Default)]
pub struct Told {
    /// The reference of the entry looked at last, if that was one.
    newer: Option<Upstream>,
    /// Pages whose progress on their present route was told.
    pages: BTreeSet<String>,
}

impl Told {
    /// Whether a newer entry said all that this one says.
    pub fn again(&mut self, entry: &EntryBody) -> bool {
        let heard = heard(entry);
        let newer = std::mem::replace(&mut self.newer, heard.clone());
        if let (Some(newer), Some(heard)) = (newer, heard) {
            return same_flapping(&heard, &newer);
        }
        let Some(page) = entry.body.get("page").and_then(Value::as_str) else {
            return false;
        };
        match (entry.kind == PROGRESS, is_left(entry)) {
            (true, false) => !self.pages.insert(page.to_owned()),
            (true, true) => false,
            // What went before on another route, or before an answer, is a course of its own.
            (false, _) => {
                self.pages.remove(page);
                false
            }
        }
    }
}

/// The entries that a person is told of, in the order in which they stand: oldest first.
pub fn told(entries: &[EntryBody]) -> Vec<&EntryBody> {
    let mut told = Told::default();
    let mut kept: Vec<&EntryBody> = entries
        .iter()
        .rev()
        .filter(|entry| !told.again(entry))
        .collect();
    kept.reverse();
    kept
}

/// The kind of entries that tell how far a page got.
const PROGRESS: &str = "page_progressed";

/// Whether it tells of a route that the page has left behind.
fn is_left(entry: &EntryBody) -> bool {
    entry.body.get("left").is_some_and(|left| !left.is_null())
}

/// What an entry says of the alerts that an incident comes from.
fn heard(entry: &EntryBody) -> Option<Upstream> {
    let upstream = match entry.kind.as_str() {
        "upstream_changed" if entry.redacted.is_none() => entry.body.get("upstream")?,
        _ => return None,
    };
    serde_json::from_value(upstream.clone()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::word::Via;

    fn entry(seq: u64, kind: &str, body: Value) -> EntryBody {
        EntryBody {
            seq,
            version: seq,
            at: crate::domain::instant::Instant::default(),
            by: "pager".to_owned(),
            via: Via::Api,
            kind: kind.to_owned(),
            line: None,
            body,
            redacted: None,
        }
    }

    #[test]
    fn what_a_page_did_on_one_route_is_told_once_and_each_route_by_itself() {
        let tried = |seq, page: &str| entry(seq, "page_progressed", json!({ "page": page }));
        let left = json!({"page": "p1", "left": {"step": 0}});
        let entries = [
            entry(1, "page_queued", json!({"id": "p1"})),
            tried(2, "p1"),
            tried(3, "p2"),
            tried(4, "p1"),
            entry(5, "page_escalated", json!({"page": "p1"})),
            tried(6, "p1"),
            tried(7, "p2"),
            entry(8, "page_progressed", left),
            tried(9, "p1"),
            entry(10, "page_acknowledged", json!({"page": "p1"})),
        ];
        let kept: Vec<u64> = told(&entries).iter().map(|entry| entry.seq).collect();
        assert_eq!(kept, [1, 4, 5, 7, 8, 9, 10]);
    }
}
