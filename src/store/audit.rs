//! What a verification of the record finds: faults by entry and incident, redactions by name, the end of the chain.
//! Pure and streaming: it is shown the entries one by one and keeps only where it stands. The adapters fetch the rows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::chain::{Head, Link};
use crate::domain::instant::Instant;

/// Most faults a walk reports; a record with more is broken anyway.
const FAULTS: usize = 100;

/// An end of the chain that was noted elsewhere; its place may not have been noted with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    pub seq: Option<u64>,
    pub hash: String,
}

impl std::str::FromStr for Noted {
    type Err = String;

    /// `HASH` or `SEQ:HASH`, as heads are printed.
    fn from_str(text: &str) -> Result<Noted, String> {
        let (seq, hash) = match text.split_once(':') {
            Some((seq, hash)) => (
                Some(
                    seq.parse()
                        .map_err(|_| format!("'{seq}' is no entry's number: write SEQ:HASH"))?,
                ),
                hash,
            ),
            None => (None, text),
        };
        if hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(format!(
                "'{hash}' is no hash of an entry: 64 hex digits, as serve logs them and /v1/info tells"
            ));
        }
        Ok(Noted {
            seq,
            hash: hash.to_ascii_lowercase(),
        })
    }
}

/// What is wrong in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// An entry is not what was written.
    Altered,
    /// An entry does not follow the one before it.
    Unlinked,
    /// Entries are missing before this one.
    Missing,
    /// The record ends too early.
    Cut,
    /// The record goes on behind what was its end.
    Added,
    /// Another entry stands where one was noted elsewhere.
    Replaced,
    /// An entry cannot be read as what it says it is.
    Unreadable,
    /// A text was taken out and the record does not say who did it, or the other way round.
    Redaction,
    /// An incident as it is shown is not what its entries say.
    Differs,
    /// A row beside the record does not fit it: of pages, of the outbox, of the counters.
    Beside,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The entry it is about, where it is about one.
    pub seq: Option<u64>,
    pub incident: Option<String>,
    pub kind: FaultKind,
    /// What is wrong, in a sentence's words.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.seq, &self.incident) {
            (Some(seq), Some(incident)) => write!(f, "entry {seq} of {incident}: {}", self.what),
            (Some(seq), None) => write!(f, "entry {seq}: {}", self.what),
            (None, Some(incident)) => write!(f, "{incident}: {}", self.what),
            (None, None) => f.write_str(&self.what),
        }
    }
}

impl Fault {
    /// About one entry.
    pub fn at(seq: u64, incident: &str, kind: FaultKind, what: impl Into<String>) -> Fault {
        Fault {
            seq: Some(seq),
            incident: Some(incident.to_owned()),
            kind,
            what: what.into(),
        }
    }

    /// About one incident as a whole.
    pub fn of(incident: &str, kind: FaultKind, what: impl Into<String>) -> Fault {
        Fault {
            seq: None,
            incident: Some(incident.to_owned()),
            kind,
            what: what.into(),
        }
    }

    /// About the record as a whole.
    pub fn whole(kind: FaultKind, what: impl Into<String>) -> Fault {
        Fault {
            seq: None,
            incident: None,
            kind,
            what: what.into(),
        }
    }
}

/// One entry whose texts were taken out, and who says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Redaction {
    /// The entry that lost its texts.
    pub entry: u64,
    pub incident: String,
    /// The entry that says so.
    pub told_in: u64,
    pub by: String,
    pub at: Instant,
    /// Why; a word in its place where that was redacted in its turn.
    pub reason: String,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// How many entries were read.
    pub entries: u64,
    pub incidents: u64,
    /// How many logins the entries without an incident tell of, refused ones among them.
    pub logins: u64,
    /// The end of the chain; worth noting elsewhere.
    pub head: Head,
    /// At most the first hundred.
    pub faults: Vec<Fault>,
    pub redactions: Vec<Redaction>,
    /// Entries without their texts.
    #[serde(skip)]
    redacted: BTreeMap<u64, String>,
    /// The places of `Noted` ends that were passed.
    #[serde(skip)]
    passed: BTreeSet<usize>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    /// Whether there were more faults than are reported, or may have been.
    pub fn is_cut(&self) -> bool {
        self.faults.len() >= FAULTS
    }

    /// Notes a fault, up to the limit.
    pub fn add(&mut self, fault: Fault) {
        if self.faults.len() < FAULTS {
            self.faults.push(fault);
        }
    }

    /// One step along the chain: the next entry by seq, with the hash stored for it.
    pub fn step(&mut self, link: &Link<'_>, stored: &str, noted: &[Noted]) {
        let fault = |kind, what: String| Fault::at(link.seq, link.incident, kind, what);
        let expected = self.head.seq + 1;
        if link.seq != expected {
            let missing = match link.seq.saturating_sub(1) {
                last if last < expected => "it stands out of order".to_owned(),
                last if last == expected => format!("entry {expected} before it is missing"),
                last => format!("entries {expected} to {last} before it are missing"),
            };
            self.add(fault(FaultKind::Missing, missing));
        }
        if link.prev != self.head.hash {
            self.add(fault(
                FaultKind::Unlinked,
                "it does not follow the one before it: an entry was put in, taken out or moved here"
                    .to_owned(),
            ));
        }
        if link.hash() != stored {
            self.add(fault(
                FaultKind::Altered,
                "it was changed after it was written".to_owned(),
            ));
        }
        if link.is_redacted() {
            self.redacted.insert(link.seq, link.incident.to_owned());
        }
        for (place, noted) in noted.iter().enumerate() {
            if noted.hash == stored && noted.seq.is_none_or(|seq| seq == link.seq) {
                self.passed.insert(place);
            }
        }
        self.entries += 1;
        self.head = Head {
            seq: link.seq,
            hash: stored.to_owned(),
        };
    }

    /// The end of the walk: whether every end that was noted elsewhere was passed, and whether the record says of every text
    /// that is gone who took it.
    pub fn end(&mut self, noted: &[Noted]) {
        for (place, noted) in noted.iter().enumerate() {
            if self.passed.contains(&place)
                || (noted.seq == Some(0) && noted.hash == super::chain::START)
            {
                continue;
            }
            let found = self.head.seq;
            self.add(match noted.seq {
                Some(seq) if seq > found => Fault::whole(
                    FaultKind::Cut,
                    format!("the record ends with entry {found}, and had reached entry {seq} when its head was noted"),
                ),
                Some(seq) => Fault {
                    seq: Some(seq),
                    ..Fault::whole(
                        FaultKind::Replaced,
                        "it is not the one whose hash was noted elsewhere: everything up to it is suspect",
                    )
                },
                None => Fault::whole(
                    FaultKind::Replaced,
                    format!(
                        "no entry has the noted hash {}: the record was cut before it or written anew",
                        noted.hash
                    ),
                ),
            });
        }
        let told: BTreeSet<u64> = self.redactions.iter().map(|r| r.entry).collect();
        let unsaid: Vec<Fault> = self
            .redacted
            .iter()
            .filter(|(seq, _)| !told.contains(seq))
            .map(|(seq, incident)| {
                Fault::at(
                    *seq,
                    incident,
                    FaultKind::Redaction,
                    "its texts were taken out, and no entry says by whom",
                )
            })
            .collect();
        let undone: Vec<Fault> = self
            .redactions
            .iter()
            .filter(|redaction| self.redacted.get(&redaction.entry) != Some(&redaction.incident))
            .map(|redaction| {
                Fault::at(
                    redaction.told_in,
                    &redaction.incident,
                    FaultKind::Redaction,
                    format!(
                        "it says that entry {} was redacted, which has its texts or is of another incident",
                        redaction.entry
                    ),
                )
            })
            .collect();
        for fault in unsaid.into_iter().chain(undone) {
            self.add(fault);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noted_head_is_read_with_and_without_its_place() {
        let hash = "ab".repeat(32);
        assert_eq!(
            format!("12:{hash}").parse(),
            Ok(Noted {
                seq: Some(12),
                hash: hash.clone()
            })
        );
        assert_eq!(hash.to_uppercase().parse::<Noted>().unwrap().hash, hash);
        for wrong in ["", "12", "x:ab", &hash[1..], &format!("-1:{hash}")] {
            assert!(wrong.parse::<Noted>().is_err(), "{wrong}");
        }
    }
}
