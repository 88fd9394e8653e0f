//! A small record for tests: two incidents with texts, a page that waits to be sent, and remembered answers.
//! Written through the store itself, then closed, so that a test may do to the file what it likes.

use std::path::{Path, PathBuf};

use serde_json::Map;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, raw_sql};
use tempfile::TempDir;

use super::{SqliteStore, record};
use crate::domain::event::{Event, Opened};
use crate::domain::incident::{Incident, Stamp};
use crate::domain::instant::Instant;
use crate::domain::view::Upstream;
use crate::domain::word::{NoteKind, Tlp, Urgency, Via};
use crate::store::audit::{Noted, Report};
use crate::store::{
    Answer, Changes, Delivery, Done, Found, Idempotency, Job, OutboxChange, Outcome, Record as _,
    Store as _, Target,
};

/// What must be found nowhere once it was redacted.
pub const NEEDLE: &str = "needle-of-a-customer";
/// When everything in the fixture happened.
pub const AT: &str = "2026-11-26T12:00:00Z";

pub fn at() -> Instant {
    AT.parse().unwrap()
}

/// A record in a file of its own.
pub struct Told {
    _folder: TempDir,
    pub path: PathBuf,
}

/// A command that carried a text, as its answer is remembered.
pub fn idempotency(key: &str) -> Idempotency {
    Idempotency {
        token: "t".to_owned(),
        key: key.to_owned(),
        digest: [7; 32],
    }
}

/// Writes events about one incident; `key` under which the answer is remembered.
pub async fn write(
    store: &SqliteStore,
    target: Target,
    key: &str,
    events: Vec<Event>,
    outbox: Vec<OutboxChange>,
    now: Instant,
) -> Done {
    let job = Job {
        target,
        lease: None,
        idempotency: Some(idempotency(key)),
        decide: Box::new(move |found| decide(found, events.clone(), outbox.clone(), now)),
        now,
    };
    store.submit(job).await.unwrap()
}

fn decide(
    found: Found,
    mut events: Vec<Event>,
    outbox: Vec<OutboxChange>,
    now: Instant,
) -> Outcome {
    let before = match found {
        Found::Incident(incident) | Found::Paging { incident, .. } => Some((*incident).clone()),
        Found::Redaction { without, .. } => Some(*without.unwrap()),
        Found::Allotted(allotted) => {
            let Some(Event::Opened(opened)) = events.first_mut() else {
                panic!("a new incident is opened");
            };
            opened.id = allotted.id;
            opened.codename = allotted.codename;
            None
        }
        Found::Nothing => panic!("there is no such incident"),
    };
    let stamp = Stamp {
        version: before.as_ref().map_or(1, |incident| incident.version + 1),
        at: now,
        by: "d.okafor".to_owned(),
        via: Via::Api,
    };
    let incident = match (before, events.first()) {
        (Some(mut incident), _) => {
            for event in &events {
                incident.apply(event, &stamp);
            }
            incident
        }
        (None, Some(Event::Opened(opened))) => Incident::opened(opened, &stamp),
        _ => panic!("a new incident is opened"),
    };
    let body = serde_json::json!({"id": incident.id, "title": incident.title, "said": NEEDLE});
    Outcome::Write(Box::new(Changes {
        answer: Answer {
            status: 200,
            etag: Some(format!("\"{}\"", incident.version)),
            location: None,
            body: body.to_string().into_bytes(),
        },
        incident,
        events,
        stamp,
        outbox,
    }))
}

pub fn opened(title: &str, upstream: Option<&str>) -> Event {
    Event::Opened(Box::new(Opened {
        id: String::new(),
        codename: String::new(),
        service: "azure".to_owned(),
        title: title.to_owned(),
        summary: Some(format!("summary of {title}")),
        classification: None,
        severity: None,
        tlp: Tlp::Amber,
        people: Vec::new(),
        exercise: false,
        starts_at: None,
        occurred_at: None,
        owner: "azure-security-response".to_owned(),
        service_team: None,
        regimes: Vec::new(),
        profile: Map::new(),
        upstream: upstream.map(|key| Upstream {
            connector: "siem".to_owned(),
            key: key.to_owned(),
            url: None,
            rest: Map::new(),
        }),
    }))
}

pub fn noted(text: &str) -> Event {
    Event::Noted {
        text: text.to_owned(),
        kind: NoteKind::Fact,
        occurred_at: None,
        privileged: false,
    }
}

pub fn new() -> Target {
    Target::New {
        prefix: "AZ".to_owned(),
        upstream: None,
    }
}

pub fn incident(id: &str) -> Target {
    Target::Incident(id.to_owned())
}

/// Entries 1 to 6: AZ-1 opened, a note, AZ-2 opened, AZ-1 pages, a note on AZ-2, a note on AZ-1.
pub async fn told() -> Told {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("warboard.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let title = format!("{NEEDLE} signs in oddly");
    let paged = Event::PageQueued {
        page: "p1".to_owned(),
        team: "legal-affairs".to_owned(),
        route: Some("webhook".to_owned()),
        place: Some(0),
        message: Some("please come".to_owned()),
        urgency: Urgency::High,
        escalates_at: Some(at() + chrono::TimeDelta::minutes(10)),
    };
    let delivery = Delivery {
        key: "p1-0".to_owned(),
        page: "p1".to_owned(),
        incident: "AZ-1".to_owned(),
        team: "legal-affairs".to_owned(),
        route: "0/webhook".to_owned(),
        step: 0,
        body: format!("{{\"title\":\"{title}\"}}").into_bytes(),
        attempts: 0,
        next_at: at(),
        queued_at: at(),
        stand_down: false,
    };
    let put = vec![OutboxChange::Put(delivery)];
    let steps = [
        (new(), opened(&title, Some("k-1")), Vec::new()),
        (incident("AZ-1"), noted("seen at the door"), Vec::new()),
        (new(), opened("another", None), Vec::new()),
        (incident("AZ-1"), paged, put),
        (incident("AZ-2"), noted("nothing new"), Vec::new()),
        (incident("AZ-1"), noted("still there"), Vec::new()),
    ];
    for (place, (target, event, outbox)) in steps.into_iter().enumerate() {
        let key = format!("k{}", place + 1);
        write(&store, target, &key, vec![event], outbox, at()).await;
    }
    store.close().await;
    Told {
        _folder: folder,
        path,
    }
}

impl Told {
    /// The same record in another file, done to as one who owns the file can.
    pub async fn tampered(&self, sql: &str) -> Told {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("warboard.db");
        std::fs::copy(&self.path, &path).unwrap();
        let told = Told {
            _folder: folder,
            path,
        };
        let mut db = told.db().await;
        let unguarded = "PRAGMA foreign_keys = OFF; DROP TRIGGER entry_stays; DROP TRIGGER entry_as_written; DROP TRIGGER entry_redacted_only; DROP TRIGGER entry_at_the_end;";
        raw_sql(unguarded).execute(&mut db).await.unwrap();
        raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
            .execute(&mut db)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        db.close().await.unwrap();
        told
    }

    /// A connection of one's own.
    pub async fn db(&self) -> SqliteConnection {
        connection(&self.path).await
    }

    pub async fn verified(&self, noted: &[Noted]) -> Report {
        let mut record = record(&self.path).await.unwrap();
        record.verify(noted).await.unwrap()
    }
}

/// A connection to a file, as its owner has it.
pub async fn connection(path: &Path) -> SqliteConnection {
    super::schema::options(path).connect().await.unwrap()
}

/// Every byte beside and in the store.
pub fn bytes(path: &Path) -> Vec<u8> {
    let mut all = std::fs::read(path).unwrap();
    for beside in ["-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(beside);
        all.extend(std::fs::read(name).unwrap_or_default());
    }
    all
}
