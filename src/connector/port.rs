//! The port to a vendor's incident system: what it can do, as data, and how it is asked. Nothing here knows a vendor;
//! what an incident there means in our words is `landing`.

use std::collections::BTreeSet;

use futures::future::BoxFuture;

use super::error::ConnectorError;
use super::login::Login;
use crate::domain::instant::Instant;

/// How changes are noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// By a log of what happened.
    EventLog,
    /// By asking for what changed after an instant.
    UpdatedSince,
    /// By reading the whole list and comparing.
    FullDiff,
}

/// How a phase of ours is written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advance {
    /// It has phases of its own.
    Native,
    /// By its few statuses.
    Mapped,
    /// In a field of its own, beside the status.
    Carrier,
    /// Not at all.
    No,
}

/// How people are called by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// A repeated call pages nobody twice.
    ServerIdempotent,
    /// A repeated call pages again: what was sent without an answer is never repeated by itself.
    AtMostOnce,
    /// It pages nobody: the routes of a team do.
    ByRoutes,
}

/// How a note is written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noting {
    /// A repeated call writes nothing twice.
    Idempotent,
    /// Each call appends one.
    Append,
    /// Not at all.
    No,
}

/// What protects a write from a change in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// The other side refuses a stale version.
    Strong,
    /// We read, compare and write; what comes between is not seen.
    DetectOnly,
    /// Nothing.
    No,
}

/// What a connector can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    pub watch: Watch,
    pub advance: Advance,
    pub paging: Paging,
    pub noting: Noting,
    pub concurrency: Concurrency,
}

impl Capabilities {
    /// In words, for a person who asks what works with this source.
    pub fn words(&self) -> [&'static str; 5] {
        [
            match self.watch {
                Watch::EventLog => "watches the event log",
                Watch::UpdatedSince => "asks what changed",
                Watch::FullDiff => "compares the whole list",
            },
            match self.advance {
                Advance::Native => "has phases",
                Advance::Mapped => "phases by status",
                Advance::Carrier => "phases in a field",
                Advance::No => "no phases",
            },
            match self.paging {
                Paging::ServerIdempotent => "pages, safe to repeat",
                Paging::AtMostOnce => "pages, never repeated",
                Paging::ByRoutes => "pages by team routes",
            },
            match self.noting {
                Noting::Idempotent => "notes, safe to repeat",
                Noting::Append => "notes",
                Noting::No => "no notes",
            },
            match self.concurrency {
                Concurrency::Strong => "refuses stale writes",
                Concurrency::DetectOnly => "compares before it writes",
                Concurrency::No => "last writer wins",
            },
        ]
    }
}

/// The state of an incident there, opaque: two are equal or not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version(pub String);

/// Where the next part of a list begins, opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

/// One incident as the vendor has it: its own words, unjudged.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its id there.
    pub key: String,
    /// Where a person sees it.
    pub url: Option<String>,
    pub title: String,
    pub summary: Option<String>,
    /// The word that tells its phase.
    pub status: String,
    /// The fixed word that the status stands under, where everybody names statuses as they like.
    pub category: Option<String>,
    /// Whether it is being worked on there.
    pub open: bool,
    pub severity: Option<String>,
    /// The customer or service that it belongs to.
    pub group: Option<String>,
    pub tags: Vec<String>,
    pub created_at: Option<Instant>,
    pub updated_at: Option<Instant>,
    pub version: Version,
    /// The incident it was merged into.
    pub merged_into: Option<String>,
    /// The list did not say everything: `complete` asks for the rest.
    pub partial: bool,
}

/// A part of a list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    pub cases: Vec<Case>,
    /// Where it goes on; none at the end.
    pub next: Option<Cursor>,
    /// Items that could not be read, each with why.
    pub unread: Vec<String>,
    /// Why the list ends before everything was told, if it does.
    pub cut: Option<String>,
}

/// How far the changes of a source were read, by the source's own clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watermark {
    pub at: Instant,
    /// What was seen already at and shortly before `at`: a boundary second may hold two changes.
    pub seen: BTreeSet<String>,
}

impl Watermark {
    /// Where to read from again: changes can appear late.
    pub(super) fn from(&self, overlap_s: i64) -> Instant {
        self.at - chrono::TimeDelta::seconds(overlap_s)
    }

    /// Of what was told from `from` on, what was not told before, each incident once as it stood last; and the mark up to
    /// which it was told, with all of it as seen. `now` is the other side's: what bears a later time than that does not carry the mark away.
    pub(super) fn fresh(&self, told: Vec<Case>, now: Option<Instant>) -> (Vec<Case>, Watermark) {
        let believed = |at: &Instant| now.is_none_or(|now| *at <= now);
        let latest = told.iter().filter_map(|case| case.updated_at);
        let latest = latest.filter(believed).max();
        let mut after = Watermark {
            at: latest.map_or(self.at, |at| at.max(self.at)),
            seen: BTreeSet::new(),
        };
        let mut fresh: Vec<Case> = Vec::new();
        for case in told {
            let mark = format!("{} {}", case.key, case.version.0);
            let known = self.seen.contains(&mark);
            after.seen.insert(mark);
            match fresh.iter_mut().find(|other| other.key == case.key) {
                _ if known => {}
                Some(before) if before.updated_at > case.updated_at => {}
                Some(before) => *before = case,
                None => fresh.push(case),
            }
        }
        (fresh, after)
    }
}

/// What changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    /// These, up to the new watermark.
    Cases {
        cases: Vec<Case>,
        /// Incidents named by the log that are not there any more.
        gone: Vec<String>,
        /// Incidents that changed and cannot be read, by key, each with why: the others are told all the same.
        unread: Vec<(String, ConnectorError)>,
        watermark: Watermark,
    },
    /// Too much, or it cannot be told: read the whole list.
    Resync,
}

/// Who is asked to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// An escalation policy: whoever is on call there.
    Policy(String),
    /// One person.
    Person(String),
}

/// What is known of a page after it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Who was called, with the state the other side gave, such as `pending`. Empty: nobody, whatever the status said.
    pub called: Vec<(String, String)>,
}

/// The future of an answer.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, ConnectorError>>;

/// A vendor's incident system.
pub trait Connector: Send + Sync {
    /// What it can do, as configured.
    fn capabilities(&self) -> Capabilities;

    /// How a person signs in for the backend, where one has to.
    fn login(&self) -> Option<&dyn Login> {
        None
    }

    /// One part of the list of incidents that are open there; from the beginning without a cursor.
    fn list(&self, cursor: Option<Cursor>) -> Answer<'_, Batch>;

    /// What a partial case lacks; any other comes back as it is.
    fn complete(&self, case: Case) -> Answer<'_, Case> {
        Box::pin(async move { Ok(case) })
    }

    /// What changed since a watermark.
    fn changes<'a>(&'a self, since: &'a Watermark) -> Answer<'a, Delta>;

    /// One incident as it stands now.
    fn read<'a>(&'a self, key: &'a str) -> Answer<'a, Case>;

    /// Writes a status, if the incident is still at the version that the operator saw, and reads it again: the answer is
    /// what it came to.
    fn advance<'a>(&'a self, key: &'a str, seen: &'a Version, to: &'a str) -> Answer<'a, Case>;

    /// Calls people. After `Unknown` they may have been called. `once` is the same for every attempt at one page and no
    /// other: where paging is `ServerIdempotent`, it is what keeps a repeat from calling anybody again.
    /// Who pages by routes alone leaves it as it is.
    fn page<'a>(
        &'a self,
        _key: &'a str,
        _whom: &'a Whom,
        _message: &'a str,
        _once: &'a str,
    ) -> Answer<'a, Receipt> {
        Box::pin(async {
            Err(ConnectorError::Invalid {
                field: "page".to_owned(),
                message: "this source pages nobody; page the team by its routes".to_owned(),
            })
        })
    }

    /// Who would be called now, by name, as far as the source tells.
    fn on_call<'a>(&'a self, _whom: &'a Whom) -> Answer<'a, Vec<String>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Appends a note. `once` is the same for every attempt at one note and no other.
    fn note<'a>(&'a self, key: &'a str, text: &'a str, once: &'a str) -> Answer<'a, ()>;
}

/// What is known before a write, by reading: true where it stands already as it shall, and nothing is to be written.
///
/// # Errors
/// `Conflict`: it is at another version than the one that was seen.
pub(super) fn before(
    seen: &Version,
    case: &Case,
    stands: impl Fn(&Case) -> bool,
) -> Result<bool, ConnectorError> {
    match case.version == *seen {
        true => Ok(stands(case)),
        false => Err(ConnectorError::conflict(case.clone())),
    }
}

/// What a write came to, by reading again: a success that changed nothing is none. `reached` tells whether it stands at `to`.
///
/// # Errors
/// `Unknown`: it was written, and what it came to cannot be read or is something else.
pub(super) fn reached(
    what: &str,
    to: &str,
    after: Result<Case, ConnectorError>,
    reached: impl Fn(&Case) -> bool,
) -> Result<Case, ConnectorError> {
    let after = after.map_err(|error| {
        ConnectorError::Unknown(format!("{what} was written, and cannot be read: {error}"))
    })?;
    match reached(&after) {
        true => Ok(after),
        false => Err(ConnectorError::Unknown(format!(
            "{what} was told to be '{to}' and is '{}'",
            after.status
        ))),
    }
}

/// The most parts a list may have: whoever goes on for ever is not believed.
pub const PARTS_MAX: usize = 1_000;

/// The whole list: every part, one case a key, and whether that is all. Lists shift while they are read, so what comes
/// twice counts once, as it stood last.
///
/// # Errors
/// The first that a part ends with; half a list is none.
pub async fn all(connector: &dyn Connector) -> Result<Batch, ConnectorError> {
    let mut whole = Batch::default();
    let mut places: std::collections::HashMap<String, usize> = Default::default();
    let mut cursor = None;
    for _ in 0..PARTS_MAX {
        let part = connector.list(cursor.take()).await?;
        for case in part.cases {
            match places.get(&case.key) {
                Some(place) => {
                    if let Some(before) = whole.cases.get_mut(*place) {
                        *before = case;
                    }
                }
                None => {
                    places.insert(case.key.clone(), whole.cases.len());
                    whole.cases.push(case);
                }
            }
        }
        whole.unread.extend(part.unread);
        whole.cut = whole.cut.or(part.cut);
        cursor = part.next;
        if cursor.is_none() {
            return Ok(whole);
        }
    }
    whole.cut = Some(format!("the list has more than {PARTS_MAX} parts"));
    Ok(whole)
}
