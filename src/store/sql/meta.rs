//! What a store says about itself, made when its tables are: the epoch of its cursors and where its codenames begin.
//! Bringing the tables to this version is each engine's own.

use super::db::{Db, sql};
use super::engine::Meta;
use crate::store::StoreError;

/// Reads it inside the transaction that brought the tables to this version; makes what is missing.
///
/// # Errors
/// `Corrupt` where what is kept cannot be read.
pub async fn meta(db: &mut Db) -> Result<Meta, StoreError> {
    let epoch = kept(db, "epoch", || hex::encode(rand::random::<[u8; 6]>())).await?;
    let start = kept(db, "codename_start", || rand::random::<u32>().to_string()).await?;
    let codename_start = start
        .parse()
        .map_err(|_| StoreError::Corrupt(format!("codename_start is '{start}'")))?;
    Ok(Meta {
        epoch,
        codename_start,
    })
}

async fn kept(
    db: &mut Db,
    name: &'static str,
    make: impl FnOnce() -> String,
) -> Result<String, StoreError> {
    let find = sql("SELECT value FROM meta WHERE name = $1").bind(name);
    if let Some((value,)) = find.optional::<(String,)>(db).await? {
        return Ok(value);
    }
    let made = make();
    sql("INSERT INTO meta (name, value) VALUES ($1, $2)")
        .bind(name)
        .bind(made.as_str())
        .run(db)
        .await?;
    Ok(made)
}
