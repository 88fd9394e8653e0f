//! Single rows as the writer puts them, and as a restore puts them back: the record's own statements, once.

use sqlx::{SqliteConnection, query, query_as};

use super::row::{int, uint};
use crate::store::StoreError;
use crate::store::chain::{Head, Link};

/// Notes where the chain ends, so that a record that was cut is told from a whole one.
pub(super) async fn put_head(db: &mut SqliteConnection, head: &Head) -> Result<(), StoreError> {
    query("INSERT INTO meta (name, value) VALUES ('head', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
        .bind(format!("{} {}", head.seq, head.hash))
        .execute(db)
        .await?;
    Ok(())
}

pub(super) async fn put_page(
    db: &mut SqliteConnection,
    page: &str,
    incident: &str,
) -> Result<(), StoreError> {
    query("INSERT INTO page (id, incident) VALUES ($1, $2)")
        .bind(page)
        .bind(incident)
        .execute(db)
        .await?;
    Ok(())
}

pub(super) async fn put_counter(
    db: &mut SqliteConnection,
    prefix: &str,
    last: i64,
) -> Result<(), StoreError> {
    query("INSERT INTO counter (prefix, last) VALUES ($1, $2) ON CONFLICT (prefix) DO UPDATE SET last = excluded.last")
        .bind(prefix)
        .bind(last)
        .execute(db)
        .await?;
    Ok(())
}

pub(super) async fn put_entry(
    db: &mut SqliteConnection,
    link: &Link<'_>,
    hash: &str,
) -> Result<(), StoreError> {
    query("INSERT INTO entry (seq, incident, version, at, \"by\", via, kind, body, salt, prev, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
        .bind(int(link.seq))
        .bind(link.incident)
        .bind(int(link.version))
        .bind(link.at)
        .bind(link.by)
        .bind(link.via)
        .bind(link.kind)
        .bind(link.body)
        .bind(link.salt)
        .bind(link.prev)
        .bind(hash)
        .execute(db)
        .await?;
    Ok(())
}

/// The end of the chain as it is stored.
pub(super) async fn chain_head(db: &mut SqliteConnection) -> Result<Head, StoreError> {
    let last: Option<(i64, String)> =
        query_as("SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1")
            .fetch_optional(db)
            .await?;
    Ok(last.map_or_else(Head::default, |(seq, hash)| Head {
        seq: uint(seq),
        hash,
    }))
}
