//! Walking the whole record: is the chain unbroken, does it reach as far as it did, and do the incidents say what their entries say?
//! Reads only, beside a running server, from one state of the store.

use std::future::Future;

use serde_json::json;

use super::SqlStore;
use super::db::{Db, sql};
use super::engine::Engine;
use super::row::{EntryRow, SnapshotRow, int, uint};
use crate::domain::event::Event;
use crate::domain::incident::{Incident, Stamp};
use crate::store::StoreError;
use crate::store::chain::{Fault, Head, Report};

/// Rows read at a time.
const ROWS: i64 = 1_000;

impl<E: Engine> SqlStore<E> {
    /// Walks the chain and replays every incident. `noted` is an end of the chain that was noted elsewhere: only against
    /// such a note a record that was rewritten as a whole can be told from the true one.
    ///
    /// # Errors
    /// The store cannot be read. What is wrong in it is no error but a fault in the report.
    pub async fn verify(&self, noted: Option<&Head>) -> Result<Report, StoreError> {
        let mut reader = self.engine.reader().await?;
        let db: &mut Db = &mut reader;
        let begin = self.engine.begin_read();
        self.step(db.script(begin)).await?;
        let report = self.walk(db, noted).await;
        let ended = self.step(db.script("COMMIT")).await;
        if report.is_err() || ended.is_err() {
            // The transaction may be open still: no reader shall meet it.
            reader.spoil();
        }
        ended.and(report)
    }

    async fn walk(&self, db: &mut Db, noted: Option<&Head>) -> Result<Report, StoreError> {
        let mut report = Report::default();
        let mut after = i64::MIN;
        loop {
            let stretch = sql("SELECT * FROM entry WHERE seq > $1 ORDER BY seq LIMIT $2")
                .bind(after)
                .bind(ROWS);
            let rows: Vec<EntryRow> = self.step(stretch.all(db)).await?;
            let Some(last) = rows.last() else { break };
            after = last.seq;
            for row in &rows {
                report.step(&row.link(), &row.hash);
            }
        }
        for head in self.own_note(db).await?.iter().chain(noted) {
            let there = sql("SELECT hash FROM entry WHERE seq = $1").bind(int(head.seq));
            let there: Option<(String,)> = self.step(there.optional(db)).await?;
            report.reached(head, there.as_ref().map(|(hash,)| hash.as_str()));
        }
        let mut after = String::new();
        loop {
            let stretch = sql(
                "SELECT incident FROM (SELECT incident FROM snapshot UNION SELECT incident FROM entry) AS any_incident WHERE incident > $1 ORDER BY incident LIMIT $2",
            )
            .bind(after.as_str())
            .bind(ROWS);
            let ids: Vec<(String,)> = self.step(stretch.all(db)).await?;
            let Some((last,)) = ids.last() else { break };
            after.clone_from(last);
            for (id,) in ids {
                report.incidents += 1;
                if let Err(why) = self.replay(db, &id).await? {
                    report.add(Fault::Differs { incident: id, why });
                }
            }
        }
        Ok(report)
    }

    async fn step<T: Send>(
        &self,
        step: impl Future<Output = Result<T, sqlx::Error>> + Send,
    ) -> Result<T, StoreError> {
        let step = async { step.await.map_err(StoreError::from) };
        self.engine.within(step).await
    }

    /// The end of the chain as the last commit noted it.
    async fn own_note(&self, db: &mut Db) -> Result<Option<Head>, StoreError> {
        let note = sql("SELECT value FROM meta WHERE name = 'head'");
        let text: Option<(String,)> = self.step(note.optional(db)).await?;
        let head = text.and_then(|(text,)| Head::from_text(&text));
        // The note that stands before the first entry is about none.
        Ok(head.filter(|head| head.seq > 0))
    }

    async fn replay(&self, db: &mut Db, id: &str) -> Result<Result<(), String>, StoreError> {
        let row = sql("SELECT seq, body FROM snapshot WHERE incident = $1").bind(id);
        let row: Option<SnapshotRow> = self.step(row.optional(db)).await?;
        let Some(row) = row else {
            return Ok(Err("it is not shown at all".to_owned()));
        };
        let (seq, shown) = match row.snapshot() {
            Ok(snapshot) => (snapshot.seq, snapshot.incident),
            Err(error) => return Ok(Err(error.to_string())),
        };
        let rows = sql("SELECT * FROM entry WHERE incident = $1 ORDER BY seq").bind(id);
        let rows: Vec<EntryRow> = self.step(rows.all(db)).await?;
        Ok(compare(rows, seq, &shown))
    }
}

fn compare(rows: Vec<EntryRow>, seq: u64, shown: &Incident) -> Result<(), String> {
    let last = rows.last().map_or(0, |row| uint(row.seq));
    if last != seq {
        return Err(format!("it is shown as of entry {seq}, its last is {last}"));
    }
    let mut incident: Option<Incident> = None;
    for row in rows {
        let body: serde_json::Value = serde_json::from_str(&row.body)
            .map_err(|error| format!("entry {} cannot be read: {error}", row.seq))?;
        let event: Event = serde_json::from_value(json!({"kind": row.kind, "body": body}))
            .map_err(|error| format!("entry {} cannot be read: {error}", row.seq))?;
        let entry = row.entry().map_err(|error| error.to_string())?;
        let stamp = Stamp {
            version: entry.version,
            at: entry.at,
            by: entry.by,
            via: entry.via,
        };
        match (&mut incident, &event) {
            (None, Event::Opened(opened)) => incident = Some(Incident::opened(opened, &stamp)),
            (None, _) => return Err("its first entry does not open it".to_owned()),
            (Some(incident), event) => incident.apply(event, &stamp),
        }
    }
    match incident {
        Some(told) if told == *shown => Ok(()),
        Some(told) => Err(format!(
            "version {} was told, version {} is shown",
            told.version, shown.version
        )),
        None => Err("it has no entry".to_owned()),
    }
}
