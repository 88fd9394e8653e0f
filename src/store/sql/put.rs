//! Single rows as the writer puts them, and as a restore puts them back: the record's own statements, once.

use super::db::{Db, Sql, sql};
use super::row::{int, text_of, uint};
use crate::domain::incident::Stamp;
use crate::store::StoreError;
use crate::store::archive::TokenLine;
use crate::store::chain::{Head, Link, fresh_salt};

/// Notes where the chain ends, so that a record that was cut is told from a whole one.
pub(super) async fn put_head(db: &mut Db, head: &Head) -> Result<(), StoreError> {
    sql("INSERT INTO meta (name, value) VALUES ('head', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
        .bind(head.text())
        .run(db)
        .await?;
    Ok(())
}

pub(super) async fn put_page(db: &mut Db, page: &str, incident: &str) -> Result<(), StoreError> {
    sql("INSERT INTO page (id, incident) VALUES ($1, $2)")
        .bind(page)
        .bind(incident)
        .run(db)
        .await?;
    Ok(())
}

pub(super) async fn put_counter(db: &mut Db, prefix: &str, last: i64) -> Result<(), StoreError> {
    sql("INSERT INTO counter (prefix, last) VALUES ($1, $2) ON CONFLICT (prefix) DO UPDATE SET last = excluded.last")
        .bind(prefix)
        .bind(last)
        .run(db)
        .await?;
    Ok(())
}

pub(super) async fn put_token(db: &mut Db, row: &TokenLine) -> Result<(), StoreError> {
    sql("INSERT INTO token (id, name, sha256, role, counsel, clearance, services, team, created_at, expires_at, revoked_at, last_used_at, door) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)")
        .bind(row.id.as_str())
        .bind(row.name.as_str())
        .bind(row.sha256.0.as_slice())
        .bind(row.role.as_str())
        .bind(i64::from(row.counsel))
        .bind(row.clearance.as_str())
        .bind(row.services.as_str())
        .bind(row.team.as_deref())
        .bind(row.created_at)
        .bind(row.expires_at)
        .bind(row.revoked_at)
        .bind(row.last_used_at)
        .bind(i64::from(row.door))
        .run(db)
        .await?;
    Ok(())
}

pub(super) async fn put_entry(db: &mut Db, link: &Link<'_>, hash: &str) -> Result<(), StoreError> {
    sql("INSERT INTO entry (seq, incident, version, at, \"by\", via, kind, body, salt, prev, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
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
        .run(db)
        .await?;
    Ok(())
}

/// Puts an entry behind the last one; gives the end of the chain that it makes.
pub(super) async fn append_entry(
    db: &mut Db,
    head: &Head,
    incident: &str,
    stamp: &Stamp,
    kind: &str,
    body: &str,
) -> Result<Head, StoreError> {
    let salt = fresh_salt();
    let at = text_of(stamp.at);
    let link = Link {
        seq: head.seq + 1,
        incident,
        version: stamp.version,
        at: &at,
        by: &stamp.by,
        via: stamp.via.as_str(),
        kind,
        body,
        salt: Some(&salt),
        prev: &head.hash,
    };
    let hash = link.hash();
    put_entry(db, &link, &hash).await?;
    Ok(Head {
        seq: link.seq,
        hash,
    })
}

/// The end of the chain as it is stored.
pub(super) async fn chain_head(db: &mut Db) -> Result<Head, StoreError> {
    Ok(head_of(last_entry().optional(db).await?))
}

/// Finds the place and hash of the last entry.
pub(super) fn last_entry() -> Sql {
    sql("SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1")
}

/// The end of the chain by what `last_entry` found.
pub(super) fn head_of(last: Option<(i64, String)>) -> Head {
    last.map_or_else(Head::default, |(seq, hash)| Head {
        seq: uint(seq),
        hash,
    })
}
