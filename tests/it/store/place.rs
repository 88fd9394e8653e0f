//! Where a test's store is, and what a test asks of it: incidents opened and noted without a backend around.

use std::path::PathBuf;
use std::sync::Arc;

use sqlx::{Connection as _, PgConnection, SqliteConnection};
use warboard::domain::event::{Event, Opened};
use warboard::domain::incident::{Incident, Stamp};
use warboard::domain::instant::Instant;
use warboard::domain::word::{NoteKind, Tlp, Urgency, Via};
use warboard::secret::Secret;
use warboard::store::audit::Report;
use warboard::store::claim::{Caps, Claim, Claimed, UnderWay};
use warboard::store::postgres::{self, PostgresStore};
use warboard::store::sqlite::{self, SqliteStore};
use warboard::store::{
    Answer, Changes, Delivery, Done, Found, Idempotency, Job, OutboxChange, Outcome, Record,
    Restored, Store, StoreError, Target,
};
use warboard::time::{SharedClock, SystemClock};

use crate::cluster::{Cluster, Database};
use crate::http::soon;

/// One store's place, of either engine.
pub enum Place {
    Sqlite(tempfile::TempDir),
    Postgres(Database<'static>),
}

/// One node on it.
#[derive(Clone)]
pub enum Node {
    Sqlite(Arc<SqliteStore>, PathBuf),
    Postgres(Arc<PostgresStore>, Secret),
}

pub fn clock() -> SharedClock {
    Arc::new(SystemClock::new())
}

impl Place {
    pub fn sqlite() -> Place {
        Place::Sqlite(tempfile::tempdir().unwrap())
    }

    pub async fn postgres() -> Place {
        let cluster = tokio::task::spawn_blocking(Cluster::shared).await.unwrap();
        Place::Postgres(cluster.database().await)
    }

    /// A node that serves.
    pub async fn node(&self) -> Node {
        match self {
            Place::Sqlite(folder) => {
                let path = folder.path().join("w.db");
                Node::Sqlite(Arc::new(SqliteStore::open(&path).await.unwrap()), path)
            }
            Place::Postgres(database) => {
                let url = database.url();
                let store = PostgresStore::open(&url, &clock()).await.unwrap();
                Node::Postgres(Arc::new(store), url)
            }
        }
    }

    /// Two nodes; where only one may serve, the same twice.
    pub async fn nodes(&self) -> [Node; 2] {
        let first = self.node().await;
        let second = match self {
            Place::Sqlite(_) => first.clone(),
            Place::Postgres(_) => self.node().await,
        };
        [first, second]
    }
}

/// Who owns what a store is kept in, and can do to it what a server never does.
pub enum Owner {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Owner {
    pub async fn run(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        let script = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
        match self {
            Owner::Sqlite(line) => script.execute(line).await.map(|_| ()),
            Owner::Postgres(line) => script.execute(line).await.map(|_| ()),
        }
    }

    /// The one text column of every row.
    pub async fn texts(&mut self, sql: &str) -> Vec<String> {
        let sql = sqlx::AssertSqlSafe(sql);
        match self {
            Owner::Sqlite(line) => sqlx::query_scalar(sql).fetch_all(line).await.unwrap(),
            Owner::Postgres(line) => sqlx::query_scalar(sql).fetch_all(line).await.unwrap(),
        }
    }

    /// Takes off what keeps the record append-only.
    pub async fn unguard(&mut self) {
        let off = match self {
            Owner::Sqlite(_) => {
                "PRAGMA foreign_keys = OFF; DROP TRIGGER entry_stays; DROP TRIGGER entry_as_written; DROP TRIGGER entry_redacted_only; DROP TRIGGER entry_at_the_end"
            }
            Owner::Postgres(_) => {
                "ALTER TABLE entry DISABLE TRIGGER ALL; GRANT ALL ON entry TO CURRENT_USER; ALTER TABLE page DROP CONSTRAINT page_incident_fkey"
            }
        };
        self.run(off).await.unwrap();
    }
}

impl Place {
    pub async fn owner(&self) -> Owner {
        match self {
            Place::Sqlite(folder) => {
                let url = format!("sqlite:{}", folder.path().join("w.db").display());
                Owner::Sqlite(SqliteConnection::connect(&url).await.unwrap())
            }
            Place::Postgres(database) => {
                let mut owner = Owner::Postgres(database.connection().await);
                owner.run("SET search_path = warboard").await.unwrap();
                owner
            }
        }
    }

    /// Its record, as it is read beside whoever serves it.
    pub async fn record(&self) -> Box<dyn Record> {
        match self {
            Place::Sqlite(folder) => {
                Box::new(sqlite::record(&folder.path().join("w.db")).await.unwrap())
            }
            Place::Postgres(database) => {
                Box::new(postgres::record(&database.url(), &clock()).await.unwrap())
            }
        }
    }

    pub async fn restore(&self, mut from: &[u8], now: Instant) -> Result<Restored, StoreError> {
        match self {
            Place::Sqlite(folder) => {
                SqliteStore::restore(&folder.path().join("w.db"), &mut from, now).await
            }
            Place::Postgres(database) => {
                PostgresStore::restore(&database.url(), &clock(), &mut from, now).await
            }
        }
    }
}

impl Node {
    pub async fn report(&self) -> Report {
        match self {
            Node::Sqlite(_, path) => {
                let mut record = sqlite::record(path).await.unwrap();
                record.verify(&[]).await.unwrap()
            }
            Node::Postgres(_, url) => report(url).await,
        }
    }

    pub async fn is_sound(&self) -> Report {
        let report = self.report().await;
        assert!(report.is_sound(), "{:?}", report.faults);
        report
    }
}

impl std::ops::Deref for Node {
    type Target = dyn Store;

    fn deref(&self) -> &(dyn Store + 'static) {
        match self {
            Node::Sqlite(store, _) => &**store,
            Node::Postgres(store, _) => &**store,
        }
    }
}

/// What is found in the record of a database, whoever serves it.
pub async fn report(url: &Secret) -> Report {
    let mut record = postgres::record(url, &clock()).await.unwrap();
    record.verify(&[]).await.unwrap()
}

/// Milliseconds since 1970.
pub fn at(ms: i64) -> Instant {
    Instant::from_timestamp_millis(1_780_000_000_000 + ms).unwrap()
}

pub fn answer(status: u16) -> Answer {
    Answer {
        status,
        etag: Some("\"1\"".to_owned()),
        location: None,
        body: b"{}".to_vec(),
    }
}

fn stamp(version: u64) -> Stamp {
    Stamp {
        version,
        at: at(0),
        by: "d.okafor".to_owned(),
        via: Via::Cli,
    }
}

/// A new incident with this title.
pub fn open(title: &str) -> Job {
    open_from(title, None)
}

/// A new incident of another system's, by connector and key.
pub fn open_from(title: &str, upstream: Option<(&str, &str)>) -> Job {
    let title = title.to_owned();
    let upstream = upstream.map(|(connector, key)| (connector.to_owned(), key.to_owned()));
    let from = upstream.clone().map(|(connector, key)| {
        serde_json::from_value(serde_json::json!({"connector": connector, "key": key})).unwrap()
    });
    Job {
        lease: None,
        target: Target::New {
            prefix: "AZ".to_owned(),
            upstream,
        },
        idempotency: None,
        decide: Box::new(move |found| {
            let Found::Allotted(allotted) = found else {
                panic!("nothing was allotted");
            };
            let opened = Opened {
                id: allotted.id,
                codename: allotted.codename,
                service: "azure".to_owned(),
                title: title.clone(),
                summary: None,
                classification: None,
                severity: None,
                tlp: Tlp::Amber,
                exercise: false,
                starts_at: None,
                occurred_at: None,
                owner: "azure-security-response".to_owned(),
                service_team: None,
                regimes: Vec::new(),
                profile: serde_json::Map::new(),
                upstream: from.clone(),
                people: Vec::new(),
            };
            let stamp = stamp(1);
            Outcome::Write(Box::new(Changes {
                incident: Incident::opened(&opened, &stamp),
                events: vec![Event::Opened(Box::new(opened))],
                stamp,
                outbox: Vec::new(),
                answer: answer(201),
            }))
        }),
        now: at(0),
    }
}

fn noted(text: &str) -> Event {
    Event::Noted {
        text: text.to_owned(),
        kind: NoteKind::Fact,
        occurred_at: None,
        privileged: false,
    }
}

/// One event on what is on record, and what it does to the outbox; with `if_version`, only on that one, else 412.
fn changing(
    target: Target,
    event: Event,
    if_version: Option<u64>,
    outbox: Vec<OutboxChange>,
) -> Job {
    Job {
        lease: None,
        target,
        idempotency: None,
        decide: Box::new(move |found| {
            let before = match found {
                Found::Incident(before) => before,
                Found::Redaction {
                    without: Ok(without),
                    ..
                } => Arc::from(without),
                _ => return Outcome::Answer(answer(404)),
            };
            if if_version.is_some_and(|version| version != before.version) {
                return Outcome::Answer(answer(412));
            }
            let stamp = stamp(before.version + 1);
            let mut incident = Incident::clone(&before);
            incident.apply(&event, &stamp);
            let etag = Some(format!("\"{}\"", incident.version));
            Outcome::Write(Box::new(Changes {
                incident,
                events: vec![event.clone()],
                stamp,
                outbox: outbox.clone(),
                answer: Answer {
                    etag,
                    ..answer(200)
                },
            }))
        }),
        now: at(0),
    }
}

/// A note on an incident, and what goes with it.
pub fn note_with(id: &str, text: &str, if_version: Option<u64>, outbox: Vec<OutboxChange>) -> Job {
    changing(
        Target::Incident(id.to_owned()),
        noted(text),
        if_version,
        outbox,
    )
}

pub fn note(id: &str, text: &str) -> Job {
    note_with(id, text, None, Vec::new())
}

/// A page to the legal team, by its id.
pub fn page(id: &str, page: &str) -> Job {
    let queued = Event::PageQueued {
        place: Some(0),
        page: page.to_owned(),
        team: "legal-affairs".to_owned(),
        route: None,
        message: Some("please come".to_owned()),
        urgency: Urgency::High,
        escalates_at: None,
    };
    changing(Target::Incident(id.to_owned()), queued, None, Vec::new())
}

/// Takes the texts out of one entry.
pub fn redact(id: &str, entry: u64, outbox: Vec<OutboxChange>) -> Job {
    let redacted = Event::Redacted {
        entry,
        reason: "names a customer".to_owned(),
    };
    let target = Target::Redaction {
        incident: id.to_owned(),
        entry,
    };
    changing(target, redacted, None, outbox)
}

/// A note on the incident that holds this page.
pub fn note_by_page(page: &str, text: &str) -> Job {
    changing(Target::Page(page.to_owned()), noted(text), None, Vec::new())
}

pub fn keyed(mut job: Job, key: &str, digest: u8) -> Job {
    job.idempotency = Some(Idempotency {
        token: "t1".to_owned(),
        key: key.to_owned(),
        digest: [digest; 32],
    });
    job
}

/// Carries out a job that must write; the incident after it, and the seq of its last entry.
pub async fn written(store: &dyn Store, job: Job) -> (Arc<Incident>, u64) {
    match soon("a commit", store.submit(job)).await.unwrap() {
        Done::Written { incident, seq, .. } => (incident, seq),
        other => panic!("not written: {other:?}"),
    }
}

/// Opens an incident; its id.
pub async fn opened(store: &dyn Store) -> String {
    written(store, open("An incident")).await.0.id.clone()
}

/// How often the note's text stands in the incident's record.
pub async fn times(store: &dyn Store, id: &str, text: &str) -> usize {
    let entries = store.timeline(id, 0, 1_000).await.unwrap();
    let noted = entries.iter().filter(|entry| entry.body.contains(text));
    noted.count()
}

pub fn delivery(key: &str, page: &str, queued_ms: i64) -> Delivery {
    Delivery {
        key: key.to_owned(),
        page: page.to_owned(),
        incident: "AZ-1".to_owned(),
        team: "legal-affairs".to_owned(),
        route: "webhook/0".to_owned(),
        step: 2,
        body: vec![0, 159, 146, 150],
        attempts: 0,
        next_at: at(queued_ms),
        queued_at: at(queued_ms),
        stand_down: false,
    }
}

/// What a node is given at an instant of its own clock.
pub async fn claimed(store: &dyn Store, node: &str, ms: i64) -> Vec<Claimed> {
    claimed_beside(store, node, ms, Vec::new()).await
}

/// The same while it is sending something already.
pub async fn claimed_beside(
    store: &dyn Store,
    node: &str,
    ms: i64,
    under_way: Vec<UnderWay>,
) -> Vec<Claimed> {
    let claim = Claim {
        node: node.to_owned(),
        now: at(ms),
        lease_ms: 10_000,
        under_way,
        caps: Caps {
            deliveries: 100,
            of_route: 100,
            ..Caps::default()
        },
    };
    store.claim(claim).await.unwrap().taken
}

pub fn keys(claimed: &[Claimed]) -> Vec<&str> {
    claimed.iter().map(|c| c.delivery.key.as_str()).collect()
}
