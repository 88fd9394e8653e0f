//! Taking the texts of one entry out of the store, inside the writer's transaction: out of the entry, the incident as it is
//! shown, remembered answers and deliveries. What this means is decided above; that nothing stays in freed pages and in the
//! write-ahead log is seen to here.

use serde_json::Value;

use super::db::{Db, sql};
use super::row::{Entries, ROWS, uint};
use crate::domain::command::redact::Unredactable;
use crate::domain::incident::Incident;
use crate::store::StoreError;
use crate::store::chain::redacted;
use crate::store::replay::Replay;

/// An entry and what will stand in its place.
#[derive(Debug)]
pub(super) struct Gone {
    seq: i64,
    version: i64,
    body: String,
    salt: Option<&'static str>,
}

/// The incident as it would stand without the texts of an entry, and what to write for that.
pub(super) async fn without(
    db: &mut Db,
    incident: &str,
    entry: u64,
) -> Result<Result<(Box<Incident>, Gone), Unredactable>, StoreError> {
    let (mut replay, mut gone) = (Replay::default(), None);
    let mut entries = Entries::of(incident);
    while let Some(rows) = entries.next(db).await? {
        for mut row in rows {
            if uint(row.seq) == entry {
                let Some((body, salt)) = redacted(&row.body, row.salt.as_deref()) else {
                    return Ok(Err(Unredactable::NoText));
                };
                row.body.clone_from(&body);
                row.salt = salt.map(str::to_owned);
                gone = Some(Gone {
                    seq: row.seq,
                    version: row.version,
                    body,
                    salt,
                });
            }
            let seq = row.seq;
            let entry = row.entry()?;
            replay
                .step(&entry)
                .map_err(|why| StoreError::Corrupt(format!("entry {seq} of {incident}: {why}")))?;
        }
    }
    Ok(match (replay.incident(), gone) {
        (Some(incident), Some(gone)) => Ok((Box::new(incident), gone)),
        _ => Err(Unredactable::NoEntry),
    })
}

/// Writes it: the entry, and everything beside it that may hold what the entry said. The incident itself is put by whoever
/// asked, as `without` gave it and with what follows.
pub(super) async fn write(db: &mut Db, incident: &str, gone: &Gone) -> Result<(), StoreError> {
    sql("UPDATE entry SET body = $2, salt = $3 WHERE seq = $1")
        .bind(gone.seq)
        .bind(gone.body.as_str())
        .bind(gone.salt)
        .run(db)
        .await?;
    mark_answers(db, incident).await?;
    // The answer to the command that wrote the entry goes by a digest of its text: nothing may be guessed from it. A repeat of
    // that command is refused, all others are still known.
    sql("UPDATE answer SET digest = $3 WHERE incident = $1 AND etag = $2")
        .bind(incident)
        .bind(format!("\"{}\"", gone.version))
        .bind(&[][..])
        .run(db)
        .await?;
    sql("UPDATE answer SET body = $2 WHERE incident = $1")
        .bind(incident)
        .bind(&[][..])
        .run(db)
        .await?;
    sql("UPDATE outbox SET body = $2 WHERE incident = $1 AND done = 1")
        .bind(incident)
        .bind(&[][..])
        .run(db)
        .await?;
    Ok(())
}

/// Answers remembered before there was a column for it are told by what they say.
async fn mark_answers(db: &mut Db, incident: &str) -> Result<(), StoreError> {
    let mut after = (String::new(), String::new());
    loop {
        let rows: Vec<(String, String, Vec<u8>)> = sql("SELECT token, key, body FROM answer WHERE incident IS NULL AND (token, key) > ($1, $2) ORDER BY token, key LIMIT $3")
            .bind(after.0.as_str())
            .bind(after.1.as_str())
            .bind(ROWS)
            .all(db)
            .await?;
        let Some((token, key, _)) = rows.last() else {
            return Ok(());
        };
        after = (token.clone(), key.clone());
        for (token, key, body) in rows {
            let body: Value = serde_json::from_slice(&body).unwrap_or_default();
            if body.get("id").and_then(Value::as_str) != Some(incident) {
                continue;
            }
            sql("UPDATE answer SET incident = $3 WHERE token = $1 AND key = $2")
                .bind(token)
                .bind(key)
                .bind(incident)
                .run(db)
                .await?;
        }
    }
}

#[cfg(test)]
mod tests;
