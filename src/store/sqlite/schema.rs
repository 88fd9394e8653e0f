//! Opening a connection as durably as promised, and bringing a store to this version's tables.

use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::error::DatabaseError as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteError, SqliteJournalMode, SqliteSynchronous};

use crate::store::StoreError;
use crate::store::sql::db::{Db, sql};
use crate::store::sql::engine::Meta;
use crate::store::sql::meta::meta;

/// Every version of the tables, oldest first. A version that was released is never changed.
const VERSIONS: &[&str] = &[
    include_str!("0001_init.sql"),
    include_str!("0002_lease.sql"),
    include_str!("0003_door.sql"),
    include_str!("0004_redaction.sql"),
    include_str!("0005_intake.sql"),
];
/// Marks the file as ours, in its header: `wbrd`.
const APPLICATION: i64 = 0x7762_7264;

/// How the writer opens the file. An acknowledged command must survive a power cut, so every commit is synced.
pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .pragma("journal_size_limit", "67108864")
        .pragma("trusted_schema", "OFF")
        // What was redacted must not stay behind in a page that is free.
        .pragma("secure_delete", "ON")
        .disable_statement_logging()
}

/// Opens the file and brings it to this version. Two processes may do so at once: the second finds the work done.
pub(super) async fn open(options: &SqliteConnectOptions) -> Result<(Db, Meta), StoreError> {
    let path = options.get_filename().display().to_string();
    let connection = options.connect().await;
    let mut db = Db::sqlite(connection.map_err(|error| told(error.into(), &path))?);
    match migrate(&mut db, &path).await {
        Ok(meta) => Ok((db, meta)),
        Err(error) => {
            db.close().await;
            Err(error)
        }
    }
}

/// Whether a file that is only read is a store of ours.
pub(super) async fn check(db: &mut Db, path: &Path) -> Result<(), StoreError> {
    let path = path.display().to_string();
    let found = found(db).await.map_err(|error| told(error, &path))?;
    refuse_foreign(&found, &path)?;
    match found.version {
        0 => Err(StoreError::Corrupt(format!(
            "{path} is empty; give another --store"
        ))),
        _ => Ok(()),
    }
}

async fn migrate(db: &mut Db, path: &str) -> Result<Meta, StoreError> {
    let begun = db.script("BEGIN IMMEDIATE").await;
    begun.map_err(|error| told(error.into(), path))?;
    let found = found(db).await.map_err(|error| told(error, path))?;
    refuse_foreign(&found, path)?;
    let meta = bring(db, &found).await;
    meta.map_err(|error| told(error, path))
}

/// What a file says about itself.
struct Found {
    version: i64,
    application: i64,
    tables: i64,
}

async fn found(db: &mut Db) -> Result<Found, StoreError> {
    Ok(Found {
        version: number(db, "PRAGMA user_version").await?,
        application: number(db, "PRAGMA application_id").await?,
        tables: number(db, "SELECT count(*) FROM sqlite_schema").await?,
    })
}

fn refuse_foreign(found: &Found, path: &str) -> Result<(), StoreError> {
    let Found {
        version,
        application,
        tables,
    } = *found;
    if application != APPLICATION && (application != 0 || version != 0 || tables != 0) {
        return Err(StoreError::Corrupt(format!(
            "{path} is a database of another program; give another --store"
        )));
    }
    let known = i64::try_from(VERSIONS.len()).unwrap_or(i64::MAX);
    if version > known {
        return Err(StoreError::Corrupt(format!(
            "{path} was written by a newer warboard (version {version}, this one knows {known}); use that one"
        )));
    }
    Ok(())
}

async fn bring(db: &mut Db, found: &Found) -> Result<Meta, StoreError> {
    for (at, script) in VERSIONS.iter().enumerate() {
        let number = i64::try_from(at).unwrap_or(i64::MAX).saturating_add(1);
        if number > found.version {
            db.script(script).await?;
            // A pragma takes no parameters.
            db.script(&format!("PRAGMA user_version = {number}"))
                .await?;
        }
    }
    // Only once: a store that is full must open all the same.
    if found.application != APPLICATION {
        db.script(&format!("PRAGMA application_id = {APPLICATION}"))
            .await?;
    }
    let meta = meta(db).await?;
    db.script("COMMIT").await?;
    Ok(meta)
}

async fn number(db: &mut Db, statement: &'static str) -> Result<i64, StoreError> {
    let row: Option<(i64,)> = sql(statement).optional(db).await?;
    Ok(row.map_or(0, |(number,)| number))
}

/// An error with the file it happened to.
pub(super) fn told(error: StoreError, path: &str) -> StoreError {
    match error {
        StoreError::Unavailable(_) if is_full(Path::new(path)) => {
            StoreError::Full(format!("no room is left on the disk of {path}"))
        }
        StoreError::Unavailable(why) => StoreError::Unavailable(format!("{path}: {why}")),
        StoreError::Corrupt(why) => StoreError::Corrupt(format!(
            "{path}: {why}; restore it from a copy, or give another --store"
        )),
        other => other,
    }
}

/// Whether not even one more block fits beside this file. SQLite says so itself only where a page of the database does
/// not fit: a file that it cannot make or grow for its own use is "unable to open" or "disk I/O error" to it.
pub fn is_full(path: &Path) -> bool {
    rustix::fs::statvfs(path).is_ok_and(|disk| disk.f_bavail == 0)
}

/// What an error of SQLite means, by its primary result code in the low byte.
pub fn meaning(error: &SqliteError) -> StoreError {
    let code = error.code().and_then(|code| code.parse::<i32>().ok());
    match code.map(|code| code & 0xff) {
        Some(13) => StoreError::Full("no room is left on its disk".to_owned()),
        Some(11) => StoreError::Corrupt("the file is damaged".to_owned()),
        Some(26) => StoreError::Corrupt("the file is no database".to_owned()),
        Some(5 | 6) => StoreError::Unavailable("another process is writing".to_owned()),
        _ => StoreError::Unavailable(error.to_string()),
    }
}
