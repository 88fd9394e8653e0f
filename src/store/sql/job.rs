//! One job inside the writer's transaction: find, decide, write. Nothing of a job that fails stays behind.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde_json::Value;

use super::db::{Db, sql};
use super::engine::Meta;
use super::put::{append_entry, chain_head, put_counter, put_head, put_page};
use super::row::{AnswerRow, SnapshotRow, int, uint};
use super::{outbox, redact};
use crate::domain::codename::codename;
use crate::domain::command::open::Allotted;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::instant::Instant;
use crate::store::chain::Head;
use crate::store::{
    Answer, Changes, Done, Found, Idempotency, Job, Outcome, Snapshot, StoreError, Target,
};

/// How long an answer is remembered, in milliseconds: 30 days.
const REMEMBERED_FOR: i64 = 30 * 86_400_000;
/// Most incidents the writer keeps at hand.
const AT_HAND: usize = 4_096;
/// The counter that codenames are counted by; no prefix of incidents is in small letters.
const CODENAMES: &str = "codename";

/// What the writer knows without asking: the end of the chain and the incidents written last.
#[derive(Debug)]
pub(super) struct State {
    pub(super) meta: Meta,
    /// As this transaction leaves it.
    pub(super) head: Head,
    /// As a commit left it that was answered: it stays so for ever.
    confirmed: Head,
    /// Whether a redaction was written of which the engine may still keep the text somewhere: to be removed after the commit.
    pub(super) traces: bool,
    at_hand: HashMap<String, Snapshot>,
}

impl State {
    pub(super) fn new(meta: Meta) -> State {
        State {
            meta,
            head: Head::default(),
            confirmed: Head::default(),
            traces: false,
            at_hand: HashMap::new(),
        }
    }

    /// Reads the end of the chain again and forgets everything that was not surely committed.
    pub(super) async fn reload(&mut self, db: &mut Db) -> Result<(), StoreError> {
        self.at_hand.clear();
        self.head = chain_head(db).await?;
        self.hold_to_confirmed(db).await
    }

    /// A record that lost what was acknowledged is not written on: its numbers would come to mean something else.
    async fn hold_to_confirmed(&self, db: &mut Db) -> Result<(), StoreError> {
        let Head { seq, hash } = &self.confirmed;
        if *seq == 0 || self.confirmed == self.head {
            return Ok(());
        }
        let there: Option<(String,)> = sql("SELECT hash FROM entry WHERE seq = $1")
            .bind(int(*seq))
            .optional(db)
            .await?;
        match there {
            Some((there,)) if there == *hash => Ok(()),
            _ => Err(StoreError::Corrupt(format!(
                "entry {seq}, which was acknowledged, is no longer in it: an older copy or a replica that lagged behind took its place. Bring the right one back, or end every node and start it again to go on without what is lost"
            ))),
        }
    }

    /// The transaction is committed.
    pub(super) fn confirm(&mut self) {
        self.confirmed = self.head.clone();
    }

    /// Notes the end of the chain beside it: a record that was cut short does not reach it.
    pub(super) async fn note(&self, db: &mut Db) -> Result<(), StoreError> {
        put_head(db, &self.head).await
    }

    fn keep(&mut self, snapshot: Snapshot) {
        if self.at_hand.len() >= AT_HAND {
            self.at_hand.clear();
        }
        self.at_hand.insert(snapshot.incident.id.clone(), snapshot);
    }

    async fn incident(&mut self, db: &mut Db, id: &str) -> Result<Option<Snapshot>, StoreError> {
        if let Some(snapshot) = self.at_hand.get(id) {
            return Ok(Some(snapshot.clone()));
        }
        let row: Option<SnapshotRow> = sql("SELECT seq, body FROM snapshot WHERE incident = $1")
            .bind(id)
            .optional(db)
            .await?;
        let snapshot = row.map(SnapshotRow::snapshot).transpose()?;
        if let Some(snapshot) = &snapshot {
            self.keep(snapshot.clone());
        }
        Ok(snapshot)
    }

    /// Runs one job, again if its transaction is tried again. An error leaves behind nothing here; what it wrote is the
    /// caller's to take back.
    pub(super) async fn run(&mut self, db: &mut Db, job: &mut Job) -> Result<Done, StoreError> {
        let Job {
            target,
            lease,
            idempotency,
            decide,
            now,
        } = job;
        let (idempotency, now) = (idempotency.as_ref(), *now);
        if let Some(idempotency) = idempotency
            && let Some(done) = self.remembered(db, idempotency, now).await?
        {
            return Ok(done);
        }
        if let Some(lease) = lease
            && !outbox::holds(db, lease).await?
        {
            return Ok(Done::Superseded);
        }
        let mut gone = None;
        let (found, standing, new) = match target {
            Target::Redaction { incident, entry } => match self.incident(db, incident).await? {
                None => found(None),
                Some(snapshot) => {
                    let without = redact::without(db, incident, *entry).await?;
                    let without = without.map(|(incident, entry)| {
                        gone = Some(entry);
                        incident
                    });
                    let incident = snapshot.incident.clone();
                    (Found::Redaction { incident, without }, Some(snapshot), None)
                }
            },
            Target::Incident(id) => found(self.incident(db, id).await?),
            Target::Paging(id) => match self.incident(db, id).await? {
                None => found(None),
                Some(snapshot) => {
                    let incident = snapshot.incident.clone();
                    let waiting = outbox::not_begun(db, id).await?;
                    (Found::Paging { incident, waiting }, Some(snapshot), None)
                }
            },
            Target::Page(page) => {
                let id: Option<(String,)> = sql("SELECT incident FROM page WHERE id = $1")
                    .bind(page.as_str())
                    .optional(db)
                    .await?;
                match id {
                    Some((id,)) => found(self.incident(db, &id).await?),
                    None => found(None),
                }
            }
            Target::New { prefix, upstream } => {
                if let Some((connector, key)) = upstream
                    && let Some(known) = known(db, connector, key).await?
                {
                    return Ok(Done::Known(known.incident));
                }
                let new = self.allot(db, prefix).await?;
                (Found::Allotted(new.allotted.clone()), None, Some(new))
            }
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| decide(found)))
            .map_err(|panic| StoreError::Fault(words_of(panic.as_ref())))?;
        match outcome {
            Outcome::Answer(answer) => {
                let about = standing.as_ref().map(|of| of.incident.id.as_str());
                remember(db, idempotency, &answer, about, now).await?;
                Ok(Done::Answered(answer))
            }
            Outcome::Write(changes) => {
                check(&changes, standing.as_ref(), new.as_ref())?;
                if let Some(gone) = &gone {
                    redact::write(db, &changes.incident.id, gone).await?;
                }
                let (answer, snapshot, head) = self
                    .write(db, *changes, standing, new, idempotency, now)
                    .await?;
                self.head = head;
                self.traces |= gone.is_some();
                self.keep(snapshot.clone());
                Ok(Done::Written {
                    answer,
                    seq: snapshot.seq,
                    incident: snapshot.incident,
                })
            }
        }
    }

    /// How the same request was answered before, if it was.
    pub(super) async fn remembered(
        &mut self,
        db: &mut Db,
        idempotency: &Idempotency,
        now: Instant,
    ) -> Result<Option<Done>, StoreError> {
        let row: Option<AnswerRow> = sql("SELECT digest, status, etag, location, body, incident FROM answer WHERE token = $1 AND key = $2 AND at > $3")
            .bind(idempotency.token.as_str())
            .bind(idempotency.key.as_str())
            .bind(now.timestamp_millis().saturating_sub(REMEMBERED_FOR))
            .optional(db)
            .await?;
        let Some(row) = row else { return Ok(None) };
        if row.digest != idempotency.digest {
            return Ok(Some(Done::KeyReused));
        }
        let snapshot = match row.incident.as_deref() {
            Some(id) => self.incident(db, id).await?,
            None => None,
        };
        let answer = row.answer();
        Ok(Some(match snapshot {
            Some(snapshot) => Done::Retold {
                answer,
                incident: snapshot.incident,
            },
            None => Done::Replayed(answer),
        }))
    }

    /// Writes changes that nobody asked for by a command, in a transaction of the caller's.
    pub(super) async fn append(
        &mut self,
        db: &mut Db,
        changes: Changes,
        standing: Snapshot,
        now: Instant,
    ) -> Result<(), StoreError> {
        check(&changes, Some(&standing), None)?;
        let (_, _, head) = self
            .write(db, changes, Some(standing), None, None, now)
            .await?;
        self.head = head;
        Ok(())
    }

    /// The next id and codename; they are used up only if the job writes.
    async fn allot(&self, db: &mut Db, prefix: &str) -> Result<New, StoreError> {
        let number = next(db, prefix).await?;
        let place = next(db, CODENAMES).await?;
        let allotted = Allotted {
            id: format!("{prefix}-{number}"),
            codename: codename(self.meta.codename_start, uint(place - 1)),
        };
        Ok(New {
            allotted,
            counters: [(prefix.to_owned(), number), (CODENAMES.to_owned(), place)],
        })
    }

    async fn write(
        &self,
        db: &mut Db,
        changes: Changes,
        standing: Option<Snapshot>,
        new: Option<New>,
        idempotency: Option<&Idempotency>,
        now: Instant,
    ) -> Result<(Answer, Snapshot, Head), StoreError> {
        let mut head = self.head.clone();
        for event in &changes.events {
            head = append(db, &head, &changes, event).await?;
        }
        let snapshot = match standing {
            Some(standing) if changes.events.is_empty() => standing,
            _ => {
                let snapshot = Snapshot {
                    seq: head.seq,
                    incident: Arc::new(changes.incident),
                };
                put_snapshot(db, &snapshot).await?;
                snapshot
            }
        };
        for event in &changes.events {
            if let Event::PageQueued { page, .. } = event {
                put_page(db, page, &snapshot.incident.id).await?;
            }
        }
        for (prefix, last) in new.into_iter().flat_map(|new| new.counters) {
            put_counter(db, &prefix, last).await?;
        }
        for change in &changes.outbox {
            outbox::put(db, change).await?;
        }
        let about = Some(snapshot.incident.id.as_str());
        remember(db, idempotency, &changes.answer, about, now).await?;
        Ok((changes.answer, snapshot, head))
    }
}

/// What a new incident gets.
#[derive(Debug)]
struct New {
    allotted: Allotted,
    counters: [(String, i64); 2],
}

fn found(snapshot: Option<Snapshot>) -> (Found, Option<Snapshot>, Option<New>) {
    match snapshot {
        Some(snapshot) => (
            Found::Incident(snapshot.incident.clone()),
            Some(snapshot),
            None,
        ),
        None => (Found::Nothing, None, None),
    }
}

/// Refuses what would break the record, whatever the closure meant.
fn check(
    changes: &Changes,
    standing: Option<&Snapshot>,
    new: Option<&New>,
) -> Result<(), StoreError> {
    let incident = &changes.incident;
    let why = match (standing, new) {
        (Some(standing), _) if standing.incident.id != incident.id => {
            format!(
                "{} would be written as {}",
                standing.incident.id, incident.id
            )
        }
        (Some(_), _) if changes.events.is_empty() => return Ok(()),
        (Some(standing), _) if incident.version <= standing.incident.version => format!(
            "{} would stay at version {}",
            incident.id, standing.incident.version
        ),
        (None, Some(new)) if new.allotted.id != incident.id => {
            format!("{} was allotted, not {}", new.allotted.id, incident.id)
        }
        (None, Some(_)) if changes.events.is_empty() => {
            format!("{} would have no entry", incident.id)
        }
        (None, None) => format!("{} is not on record", incident.id),
        _ => return Ok(()),
    };
    Err(StoreError::Fault(why))
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let words = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    words.unwrap_or("a panic").chars().take(200).collect()
}

async fn next(db: &mut Db, prefix: &str) -> Result<i64, StoreError> {
    let last: Option<(i64,)> = sql("SELECT last FROM counter WHERE prefix = $1")
        .bind(prefix)
        .optional(db)
        .await?;
    Ok(last.map_or(0, |(last,)| last) + 1)
}

async fn known(db: &mut Db, connector: &str, key: &str) -> Result<Option<Snapshot>, StoreError> {
    let row: Option<SnapshotRow> =
        sql("SELECT seq, body FROM snapshot WHERE upstream_connector = $1 AND upstream_key = $2")
            .bind(connector)
            .bind(key)
            .optional(db)
            .await?;
    row.map(SnapshotRow::snapshot).transpose()
}

async fn append(
    db: &mut Db,
    head: &Head,
    changes: &Changes,
    event: &Event,
) -> Result<Head, StoreError> {
    let body = body_of(event)?;
    let (incident, stamp) = (&changes.incident.id, &changes.stamp);
    append_entry(db, head, incident, stamp, event.kind(), &body).await
}

/// The event without its kind, which has a column of its own.
fn body_of(event: &Event) -> Result<String, StoreError> {
    let fault = |error: serde_json::Error| StoreError::Fault(error.to_string());
    let mut whole = serde_json::to_value(event).map_err(fault)?;
    let body = whole.get_mut("body").map_or(Value::Null, Value::take);
    serde_json::to_string(&body).map_err(fault)
}

pub(super) async fn put_snapshot(db: &mut Db, snapshot: &Snapshot) -> Result<(), StoreError> {
    let incident: &Incident = &snapshot.incident;
    let body =
        serde_json::to_string(incident).map_err(|error| StoreError::Fault(error.to_string()))?;
    let upstream = incident.upstream.as_ref();
    sql("INSERT INTO snapshot (incident, seq, version, service, codename, upstream_connector, upstream_key, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (incident) DO UPDATE SET seq = excluded.seq, version = excluded.version, service = excluded.service, codename = excluded.codename, upstream_connector = excluded.upstream_connector, upstream_key = excluded.upstream_key, body = excluded.body")
        .bind(incident.id.as_str())
        .bind(int(snapshot.seq))
        .bind(int(incident.version))
        .bind(incident.service.as_str())
        .bind(incident.codename.as_str())
        .bind(upstream.map(|u| u.connector.as_str()))
        .bind(upstream.map(|u| u.key.as_str()))
        .bind(body)
        .run(db)
        .await?;
    Ok(())
}

/// Only what was carried out is remembered: a refusal may become right later.
pub(super) async fn remember(
    db: &mut Db,
    idempotency: Option<&Idempotency>,
    answer: &Answer,
    about: Option<&str>,
    now: Instant,
) -> Result<(), StoreError> {
    let Some(idempotency) = idempotency.filter(|_| (200..300).contains(&answer.status)) else {
        return Ok(());
    };
    sql("INSERT INTO answer (token, key, digest, status, etag, location, body, at, incident) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (token, key) DO UPDATE SET digest = excluded.digest, status = excluded.status, etag = excluded.etag, location = excluded.location, body = excluded.body, at = excluded.at, incident = excluded.incident")
        .bind(idempotency.token.as_str())
        .bind(idempotency.key.as_str())
        .bind(&idempotency.digest[..])
        .bind(i64::from(answer.status))
        .bind(answer.etag.as_deref())
        .bind(answer.location.as_deref())
        .bind(answer.body.as_slice())
        .bind(now.timestamp_millis())
        .bind(about)
        .run(db)
        .await?;
    Ok(())
}
