//! Opening a connection as durably as promised, and bringing a store to this version's tables.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection, query, query_scalar, raw_sql};

use crate::store::StoreError;
use crate::store::chain::hex;

/// Every version of the tables, oldest first. A version that was released is never changed.
const VERSIONS: &[&str] = &[
    include_str!("0001_init.sql"),
    include_str!("0002_redaction.sql"),
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

/// What is kept about the store itself.
#[derive(Debug, Clone)]
pub(super) struct Meta {
    pub(super) epoch: String,
    pub(super) codename_start: u64,
}

/// Opens the file and brings it to this version. Two processes may do so at once: the second finds the work done.
pub(super) async fn open(
    options: &SqliteConnectOptions,
) -> Result<(SqliteConnection, Meta), StoreError> {
    let path = options.get_filename().display().to_string();
    let mut connection = options
        .connect()
        .await
        .map_err(|error| told(&error, &path))?;
    match migrate(&mut connection, &path).await {
        Ok(meta) => Ok((connection, meta)),
        Err(error) => {
            let _ = connection.close().await;
            Err(error)
        }
    }
}

/// The version of the file's tables, if it is one that is known; None of an empty file.
async fn version(db: &mut SqliteConnection, path: &str) -> Result<Option<i64>, StoreError> {
    let number = async |db: &mut SqliteConnection, pragma: &'static str| {
        query_scalar::<_, i64>(pragma)
            .fetch_one(db)
            .await
            .map_err(|error| told(&error, path))
    };
    let version = number(db, "PRAGMA user_version").await?;
    let application = number(db, "PRAGMA application_id").await?;
    let tables = number(db, "SELECT count(*) FROM sqlite_schema").await?;
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
    Ok((version > 0).then_some(version))
}

/// Whether a file that is only read is a store of ours.
pub(super) async fn check(db: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let path = path.display().to_string();
    match version(db, &path).await? {
        Some(_) => Ok(()),
        None => Err(StoreError::Corrupt(format!(
            "{path} is empty; give another --store"
        ))),
    }
}

async fn migrate(connection: &mut SqliteConnection, path: &str) -> Result<Meta, StoreError> {
    let failed = |error: sqlx::Error| told(&error, path);
    let mut transaction = connection
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(failed)?;
    let version = version(&mut transaction, path).await?.unwrap_or_default();
    for (at, sql) in VERSIONS.iter().enumerate() {
        let number = i64::try_from(at).unwrap_or(i64::MAX).saturating_add(1);
        if number <= version {
            continue;
        }
        raw_sql(*sql)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        // A pragma takes no parameters, so the number is set one up from what is there.
        let bump = format!("PRAGMA user_version = {number}");
        raw_sql(sqlx::AssertSqlSafe(bump))
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
    }
    raw_sql("PRAGMA application_id = 2002940516")
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    let made = [
        ("epoch", hex(&rand::random::<[u8; 6]>())),
        ("codename_start", rand::random::<u32>().to_string()),
    ];
    for (name, value) in made {
        query("INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(name)
            .bind(value)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
    }
    let mut kept = async |name: &'static str| {
        query_scalar::<_, String>("SELECT value FROM meta WHERE name = $1")
            .bind(name)
            .fetch_one(&mut *transaction)
            .await
    };
    let epoch = kept("epoch").await.map_err(failed)?;
    let start = kept("codename_start").await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    let codename_start = start
        .parse()
        .map_err(|_| StoreError::Corrupt(format!("{path}: codename_start is '{start}'")))?;
    Ok(Meta {
        epoch,
        codename_start,
    })
}

/// An error of the library with the file it happened to.
pub(super) fn told(error: &sqlx::Error, path: &str) -> StoreError {
    match StoreError::from_sqlx(error) {
        StoreError::Unavailable(why) => StoreError::Unavailable(format!("{path}: {why}")),
        StoreError::Corrupt(why) => StoreError::Corrupt(format!(
            "{path}: {why}; restore it from a copy, or give another --store"
        )),
        other => other,
    }
}

impl StoreError {
    /// What an error of the library means for whoever asked.
    pub(super) fn from_sqlx(error: &sqlx::Error) -> StoreError {
        let code = error
            .as_database_error()
            .and_then(|e| e.code())
            .and_then(|code| code.parse::<i32>().ok());
        // The primary result codes of SQLite, in the low byte.
        match code.map(|code| code & 0xff) {
            Some(13) => StoreError::Unavailable(
                "the disk is full; free some space, nothing needs to be restarted".to_owned(),
            ),
            Some(11) => StoreError::Corrupt("the file is damaged".to_owned()),
            Some(26) => StoreError::Corrupt("the file is no database".to_owned()),
            Some(5 | 6) => StoreError::Unavailable("another process is writing".to_owned()),
            _ => match error {
                sqlx::Error::ColumnDecode { .. }
                | sqlx::Error::Decode(_)
                | sqlx::Error::ColumnNotFound(_) => StoreError::Corrupt(error.to_string()),
                _ => StoreError::Unavailable(error.to_string()),
            },
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        StoreError::from_sqlx(&error)
    }
}
