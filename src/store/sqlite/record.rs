//! The record of a SQLite file, opened to be read and for nothing else: no server is disturbed, nothing is made or brought
//! to another version. For verifying and copying out.

use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use super::schema;
use crate::store::StoreError;
use crate::store::sql::SqlRecord;
use crate::store::sql::db::Db;

/// Opens the file to read it, whether or not a server has it.
///
/// # Errors
/// It is not there, is no store, or was written by a newer warboard.
pub async fn record(path: &Path) -> Result<SqlRecord, StoreError> {
    if !path.is_file() {
        return Err(StoreError::Unavailable(format!(
            "{} is not there; give another --store",
            path.display()
        )));
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(Duration::from_secs(5))
        .pragma("query_only", "ON")
        .pragma("trusted_schema", "OFF")
        .disable_statement_logging();
    let mut db = connect(&options, path).await?;
    let mut checked = schema::check(&mut db, path).await;
    // On a medium that cannot be written the log's index cannot be made; without a log there is nothing it would tell.
    let mut beside = path.as_os_str().to_owned();
    beside.push("-wal");
    if matches!(checked, Err(StoreError::Unavailable(_))) && !Path::new(&beside).exists() {
        db = connect(&options.immutable(true), path).await?;
        checked = schema::check(&mut db, path).await;
    }
    checked?;
    Ok(SqlRecord::new(db, "BEGIN"))
}

async fn connect(options: &SqliteConnectOptions, path: &Path) -> Result<Db, StoreError> {
    let connection = options.connect().await;
    connection
        .map(Db::sqlite)
        .map_err(|error| schema::told(error.into(), &path.display().to_string()))
}
