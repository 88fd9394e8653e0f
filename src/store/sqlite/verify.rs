//! Walking the whole record: is the chain unbroken, does it reach as far as it did, and do the incidents say what their entries say?
//! Reads only, beside a running server, from one state of the file.

use serde_json::json;
use sqlx::{SqliteConnection, query_as, query_scalar};

use super::SqliteStore;
use super::row::{EntryRow, SnapshotRow, int, uint};
use crate::domain::event::Event;
use crate::domain::incident::{Incident, Stamp};
use crate::store::StoreError;
use crate::store::chain::{Fault, Head, Report};

/// Rows read at a time.
const ROWS: i64 = 1_000;

impl SqliteStore {
    /// Walks the chain and replays every incident. `noted` is an end of the chain that was noted elsewhere: only against
    /// such a note a record that was rewritten as a whole can be told from the true one.
    ///
    /// # Errors
    /// The file cannot be read. What is wrong in it is no error but a fault in the report.
    pub async fn verify(&self, noted: Option<&Head>) -> Result<Report, StoreError> {
        let mut db = self.readers.begin().await?;
        let mut report = Report::default();
        let mut after = i64::MIN;
        loop {
            let rows: Vec<EntryRow> =
                query_as("SELECT * FROM entry WHERE seq > $1 ORDER BY seq LIMIT $2")
                    .bind(after)
                    .bind(ROWS)
                    .fetch_all(&mut *db)
                    .await?;
            let Some(last) = rows.last() else { break };
            after = last.seq;
            for row in &rows {
                report.step(&row.link(), &row.hash);
            }
        }
        for head in own_note(&mut db).await?.iter().chain(noted) {
            let there: Option<String> = query_scalar("SELECT hash FROM entry WHERE seq = $1")
                .bind(int(head.seq))
                .fetch_optional(&mut *db)
                .await?;
            report.reached(head, there.as_deref());
        }
        let mut after = String::new();
        loop {
            let ids: Vec<String> = query_scalar(
                "SELECT incident FROM (SELECT incident FROM snapshot UNION SELECT incident FROM entry) WHERE incident > $1 ORDER BY incident LIMIT $2",
            )
            .bind(&after)
            .bind(ROWS)
            .fetch_all(&mut *db)
            .await?;
            let Some(last) = ids.last() else { break };
            after.clone_from(last);
            for id in ids {
                report.incidents += 1;
                if let Err(why) = replay(&mut db, &id).await? {
                    report.add(Fault::Differs { incident: id, why });
                }
            }
        }
        Ok(report)
    }
}

/// The end of the chain as the last commit noted it.
async fn own_note(db: &mut SqliteConnection) -> Result<Option<Head>, StoreError> {
    let text: Option<String> = query_scalar("SELECT value FROM meta WHERE name = 'head'")
        .fetch_optional(&mut *db)
        .await?;
    let head = text.as_deref().and_then(|text| {
        let (seq, hash) = text.split_once(' ')?;
        Some(Head {
            seq: seq.parse().ok()?,
            hash: hash.to_owned(),
        })
    });
    Ok(head)
}

async fn replay(db: &mut SqliteConnection, id: &str) -> Result<Result<(), String>, StoreError> {
    let row: Option<SnapshotRow> = query_as("SELECT seq, body FROM snapshot WHERE incident = $1")
        .bind(id)
        .fetch_optional(&mut *db)
        .await?;
    let Some(row) = row else {
        return Ok(Err("it is not shown at all".to_owned()));
    };
    let (seq, shown) = match row.snapshot() {
        Ok(snapshot) => (snapshot.seq, snapshot.incident),
        Err(error) => return Ok(Err(error.to_string())),
    };
    let rows: Vec<EntryRow> = query_as("SELECT * FROM entry WHERE incident = $1 ORDER BY seq")
        .bind(id)
        .fetch_all(&mut *db)
        .await?;
    Ok(compare(rows, seq, &shown))
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
