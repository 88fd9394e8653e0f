//! Copying a whole store out into a backup, from one state of it, after its record has proved itself.
//! The file's form is `archive`; how it comes back is `restore`. Remembered answers stay behind.

use std::io::Write;

use sqlx::FromRow;

use super::db::{Db, sql};
use super::row::{Entries, EntryRow, ROWS, SnapshotRow, TokenRow, uint};
use super::verify::{self, count};
use crate::domain::instant::Instant;
use crate::store::StoreError;
use crate::store::archive::{
    Bytes, CounterLine, Counts, EntryLine, FORMAT, Header, Line, OutboxLine, SettingLine,
    SnapshotLine, Writer,
};
use crate::store::audit::Report;

/// Writes everything into a backup, inside a transaction that sees one state of the store.
pub(super) async fn backup(
    db: &mut Db,
    made_at: Instant,
    into: &mut (dyn Write + Send),
) -> Result<Report, StoreError> {
    let report = verify::verify(db, &[]).await?;
    if let Some(fault) = report.faults.first() {
        return Err(StoreError::Archive(format!(
            "the record is not sound, so no backup was made of it: {fault}. Look at all of it with  warboard verify , and keep the store's own files"
        )));
    }
    let mut writer = Writer::begin(into, header(db, &report, made_at).await?)?;
    let mut entries = Entries::all();
    while let Some(rows) = entries.next(db).await? {
        for row in rows {
            writer.put(&Line::Entry(entry_line(row)))?;
        }
    }
    let mut after = i64::MIN;
    loop {
        let rows: Vec<SnapshotRow> =
            sql("SELECT seq, body FROM snapshot WHERE seq > $1 ORDER BY seq LIMIT $2")
                .bind(after)
                .bind(ROWS)
                .all(db)
                .await?;
        let Some(last) = rows.last() else { break };
        after = last.seq;
        for row in rows {
            writer.put(&Line::Snapshot(SnapshotLine {
                seq: uint(row.seq),
                body: row.body,
            }))?;
        }
    }
    let mut after = String::new();
    loop {
        let rows: Vec<OutboxRow> = sql("SELECT key, page, incident, team, route, step, body, attempts, next_at, queued_at, done, lease_until, first_at, may_have_arrived, held_back, stand_down FROM outbox WHERE key > $1 ORDER BY key LIMIT $2")
            .bind(after.as_str())
            .bind(ROWS)
            .all(db)
            .await?;
        let Some(last) = rows.last() else { break };
        after.clone_from(&last.key);
        for row in rows {
            writer.put(&Line::Outbox(row.line()))?;
        }
    }
    small(db, &mut writer).await?;
    writer.end()?;
    Ok(report)
}

async fn header(db: &mut Db, report: &Report, made_at: Instant) -> Result<Header, StoreError> {
    let (epoch, codename_start) = (kept(db, "epoch").await?, kept(db, "codename_start").await?);
    let mut rows = async |statement: &'static str| count(sql(statement), db).await.map(uint);
    Ok(Header {
        format: FORMAT,
        warboard: env!("CARGO_PKG_VERSION").to_owned(),
        made_at,
        epoch,
        codename_start,
        head: report.head.clone(),
        counts: Counts {
            entry: report.entries,
            snapshot: rows("SELECT count(*) FROM snapshot").await?,
            outbox: rows("SELECT count(*) FROM outbox").await?,
            token: rows("SELECT count(*) FROM token").await?,
            counter: rows("SELECT count(*) FROM counter").await?,
            setting: rows("SELECT count(*) FROM setting").await?,
        },
    })
}

async fn kept(db: &mut Db, name: &'static str) -> Result<String, StoreError> {
    let value: Option<(String,)> = sql("SELECT value FROM meta WHERE name = $1")
        .bind(name)
        .optional(db)
        .await?;
    value
        .map(|(value,)| value)
        .ok_or_else(|| StoreError::Corrupt(format!("its {name} is missing in the table meta")))
}

/// The tables that stay small.
async fn small(db: &mut Db, writer: &mut Writer<'_>) -> Result<(), StoreError> {
    let tokens: Vec<TokenRow> = sql("SELECT * FROM token ORDER BY id").all(db).await?;
    for token in tokens {
        writer.put(&Line::Token(token.line()))?;
    }
    let counters: Vec<(String, i64)> = sql("SELECT prefix, last FROM counter ORDER BY prefix")
        .all(db)
        .await?;
    for (prefix, last) in counters {
        writer.put(&Line::Counter(CounterLine { prefix, last }))?;
    }
    let settings: Vec<(String, Vec<u8>)> = sql("SELECT name, value FROM setting ORDER BY name")
        .all(db)
        .await?;
    for (name, value) in settings {
        let value = Bytes(value);
        writer.put(&Line::Setting(SettingLine { name, value }))?;
    }
    Ok(())
}

fn entry_line(row: EntryRow) -> EntryLine {
    EntryLine {
        seq: uint(row.seq),
        incident: row.incident,
        version: uint(row.version),
        at: row.at,
        by: row.by,
        via: row.via,
        kind: row.kind,
        body: row.body,
        salt: row.salt,
        prev: row.prev,
        hash: row.hash,
    }
}

#[derive(FromRow)]
struct OutboxRow {
    key: String,
    page: String,
    incident: String,
    team: String,
    route: String,
    step: i64,
    body: Vec<u8>,
    attempts: i64,
    next_at: i64,
    queued_at: i64,
    done: i64,
    lease_until: i64,
    first_at: Option<i64>,
    may_have_arrived: i64,
    held_back: i64,
    stand_down: i64,
}

impl OutboxRow {
    fn line(self) -> OutboxLine {
        OutboxLine {
            key: self.key,
            page: self.page,
            incident: self.incident,
            team: self.team,
            route: self.route,
            step: self.step,
            body: Bytes(self.body),
            attempts: self.attempts,
            next_at: self.next_at,
            queued_at: self.queued_at,
            done: self.done,
            first_at: self.first_at,
            // Of an attempt that is under way nobody will tell the restored store how it ended.
            may_have_arrived: i64::from(self.may_have_arrived != 0 || self.lease_until > 0),
            held_back: self.held_back,
            stand_down: self.stand_down,
        }
    }
}
