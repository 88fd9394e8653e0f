//! Putting a backup into an empty store: all of it in one transaction, which is undone unless the record then proves itself.
//! Pages of the time before are not sent again; that is written down with each incident they belong to.

use std::io::BufRead;

use chrono::TimeDelta;

use super::db::{Db, sql};
use super::engine::{Engine, Meta};
use super::job::{self, State};
use super::put;
use super::row::{SnapshotRow, int};
use super::verify::{self, count};
use crate::domain::command::worker;
use crate::domain::incident::{Incident, Stamp};
use crate::domain::instant::Instant;
use crate::domain::word::Via;
use crate::store::archive::{ArchiveError, Header, Line, OutboxLine, Reader};
use crate::store::audit::Report;
use crate::store::{Answer, Changes, OutboxChange, StoreError};

/// Pages asked for longer before a restore are not sent by it: whoever was meant may have come meanwhile.
const SENT_WITHIN: TimeDelta = TimeDelta::minutes(10);
/// Incidents read at a time.
const ROWS: i64 = 100;

/// What a restore did.
#[derive(Debug, Clone, PartialEq)]
pub struct Restored {
    pub header: Header,
    /// The record as it stands in the new store.
    pub report: Report,
    /// Pages that waited for a person when the backup was made, and are not sent again.
    pub uncertain: usize,
}

/// Puts a backup into a store that is empty, all of it or nothing. The store keeps its own epoch: cursors of the old one
/// are foreign to it.
///
/// # Errors
/// The store is not empty; the file is no backup or is damaged; what came out of it does not prove itself.
pub async fn restore<E: Engine>(
    engine: &E,
    mut db: Db,
    meta: Meta,
    from: &mut (dyn BufRead + Send),
    now: Instant,
) -> Result<Restored, StoreError> {
    let restored = match engine.begin(&mut db).await {
        Ok(_) => fill(&mut db, meta, from, now).await,
        Err(error) => Err(error),
    };
    let ended = match restored {
        Ok(_) => db.script("COMMIT").await,
        // On a line that fell silent this would only be waited for too.
        Err(_) if !db.is_clear() => Ok(()),
        Err(_) => db.script("ROLLBACK").await,
    };
    db.close().await;
    let restored = restored?;
    ended?;
    Ok(restored)
}

async fn fill(
    db: &mut Db,
    meta: Meta,
    from: &mut (dyn BufRead + Send),
    now: Instant,
) -> Result<Restored, StoreError> {
    must_be_empty(db).await?;
    let header = insert(db, from).await?;
    let uncertain = settle(db, meta, &header, now).await?;
    let report = verify::verify(db, &[]).await?;
    if let Some(fault) = report.faults.first() {
        return Err(StoreError::Archive(format!(
            "what the backup holds does not prove itself: {fault}. Nothing was restored"
        )));
    }
    Ok(Restored {
        header,
        report,
        uncertain,
    })
}

async fn must_be_empty(db: &mut Db) -> Result<(), StoreError> {
    let rows = sql(
        "SELECT (SELECT count(*) FROM entry) + (SELECT count(*) FROM snapshot) + (SELECT count(*) FROM outbox) + (SELECT count(*) FROM token) + (SELECT count(*) FROM counter) + (SELECT count(*) FROM setting)",
    );
    match count(rows, db).await? {
        0 => Ok(()),
        _ => Err(StoreError::Archive(
            "the store is not empty, and a backup is restored into a new store only; give another --store".to_owned(),
        )),
    }
}

impl From<ArchiveError> for StoreError {
    fn from(error: ArchiveError) -> StoreError {
        StoreError::Archive(format!("the file is no backup that can be used: {error}"))
    }
}

async fn insert(db: &mut Db, from: &mut (dyn BufRead + Send)) -> Result<Header, StoreError> {
    let mut reader = Reader::begin(from)?;
    let header = reader.header().clone();
    sql("UPDATE meta SET value = $1 WHERE name = 'codename_start'")
        .bind(header.codename_start.as_str())
        .run(db)
        .await?;
    if header.head.seq > 0 {
        put::put_head(db, &header.head).await?;
    }
    let mut walk = Report::default();
    while let Some(row) = reader.row()? {
        match row {
            Line::Entry(entry) => {
                walk.step(&entry.link(), &entry.hash, &[]);
                if let Some(fault) = walk.faults.first() {
                    return Err(StoreError::Archive(format!(
                        "the record in the backup is not sound: {fault}. Nothing was restored"
                    )));
                }
                put::put_entry(db, &entry.link(), &entry.hash).await?;
            }
            Line::Snapshot(snapshot) => {
                let row = SnapshotRow {
                    seq: int(snapshot.seq),
                    body: snapshot.body,
                };
                let snapshot = row.snapshot()?;
                job::put_snapshot(db, &snapshot).await?;
                for page in &snapshot.incident.pages {
                    put::put_page(db, &page.id, &snapshot.incident.id).await?;
                }
            }
            Line::Outbox(delivery) => put_delivery(db, &delivery).await?,
            Line::Token(token) => put::put_token(db, &token).await?,
            Line::Counter(counter) => {
                put::put_counter(db, &counter.prefix, counter.last).await?;
            }
            Line::Setting(setting) => {
                sql("INSERT INTO setting (name, value) VALUES ($1, $2)")
                    .bind(setting.name)
                    .bind(setting.value.0.as_slice())
                    .run(db)
                    .await?;
            }
            Line::Backup(_) | Line::End(_) => {}
        }
    }
    Ok(header)
}

async fn put_delivery(db: &mut Db, row: &OutboxLine) -> Result<(), StoreError> {
    sql("INSERT INTO outbox (key, page, incident, team, route, step, body, attempts, next_at, queued_at, done, first_at, may_have_arrived, held_back, stand_down) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)")
        .bind(row.key.as_str())
        .bind(row.page.as_str())
        .bind(row.incident.as_str())
        .bind(row.team.as_str())
        .bind(row.route.as_str())
        .bind(row.step)
        .bind(row.body.0.as_slice())
        .bind(row.attempts)
        .bind(row.next_at)
        .bind(row.queued_at)
        .bind(row.done)
        .bind(row.first_at)
        .bind(row.may_have_arrived)
        .bind(row.held_back)
        .bind(row.stand_down)
        .run(db)
        .await?;
    Ok(())
}

/// Ends what waited to be sent and is too old for that, and writes it down with each incident whose pages it is about.
async fn settle(
    db: &mut Db,
    meta: Meta,
    header: &Header,
    now: Instant,
) -> Result<usize, StoreError> {
    let before = now - SENT_WITHIN;
    let mut state = State::new(meta);
    state.reload(db).await?;
    let (mut uncertain, mut after) = (0, 0_i64);
    let last = int(header.head.seq);
    loop {
        let rows: Vec<SnapshotRow> = sql(
            "SELECT seq, body FROM snapshot WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3",
        )
        .bind(after)
        .bind(last)
        .bind(ROWS)
        .all(db)
        .await?;
        let Some(row) = rows.last() else { break };
        after = row.seq;
        for row in rows {
            let standing = row.snapshot()?;
            let events = worker::restored(&standing.incident, header.made_at, before);
            if events.is_empty() {
                continue;
            }
            let changes = settled(&standing.incident, events, before, now);
            uncertain += changes.outbox.len();
            state.append(db, changes, standing, now).await?;
        }
    }
    state.note(db).await?;
    // What was to take a page back elsewhere is as old as the page.
    sql("UPDATE outbox SET done = 1 WHERE done = 0 AND queued_at < $1")
        .bind(before.timestamp_millis())
        .run(db)
        .await?;
    Ok(uncertain)
}

/// The name under which the house stands in the record.
const HOUSE: &str = "warboard";

fn settled(
    incident: &Incident,
    events: Vec<crate::domain::event::Event>,
    before: Instant,
    now: Instant,
) -> Changes {
    let stamp = Stamp {
        version: incident.version.saturating_add(1),
        at: now,
        by: HOUSE.to_owned(),
        via: Via::Worker,
    };
    let outbox = worker::uncertain(incident, before)
        .map(|page| OutboxChange::WithdrawPage {
            page: page.id.clone(),
        })
        .collect();
    let mut after = incident.clone();
    for event in &events {
        after.apply(event, &stamp);
    }
    Changes {
        incident: after,
        events,
        stamp,
        outbox,
        answer: Answer::empty(200),
    }
}

#[cfg(test)]
mod tests;
