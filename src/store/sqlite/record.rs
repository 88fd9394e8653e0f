//! The record of a SQLite file, opened to be read and for nothing else: no server is disturbed, nothing is made or brought
//! to another version. For verifying and copying out.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::{backup, schema, verify};
use crate::domain::instant::Instant;
use crate::store::audit::{Noted, Report};
use crate::store::{Record, StoreError};

/// One state of the file at a time.
#[derive(Debug)]
pub struct SqliteRecord {
    pub(super) db: SqliteConnection,
}

impl SqliteRecord {
    /// Opens the file to read it, whether or not a server has it.
    ///
    /// # Errors
    /// It is not there, is no store, or was written by a newer warboard.
    pub async fn open(path: &Path) -> Result<SqliteRecord, StoreError> {
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
        let told = |error: &sqlx::Error| schema::told(error, &path.display().to_string());
        let mut db = options.connect().await.map_err(|error| told(&error))?;
        let mut checked = schema::check(&mut db, path).await;
        // On a medium that cannot be written the log's index cannot be made; without a log there is nothing it would tell.
        let mut beside = path.as_os_str().to_owned();
        beside.push("-wal");
        if matches!(checked, Err(StoreError::Unavailable(_))) && !Path::new(&beside).exists() {
            db = options
                .immutable(true)
                .connect()
                .await
                .map_err(|error| told(&error))?;
            checked = schema::check(&mut db, path).await;
        }
        checked?;
        Ok(SqliteRecord { db })
    }
}

impl Record for SqliteRecord {
    fn verify<'a>(&'a mut self, noted: &'a [Noted]) -> BoxFuture<'a, Result<Report, StoreError>> {
        Box::pin(async move {
            let mut db = self.db.begin().await?;
            verify::verify(&mut db, noted).await
        })
    }

    fn backup<'a>(
        &'a mut self,
        made_at: Instant,
        into: &'a mut (dyn Write + Send),
    ) -> BoxFuture<'a, Result<Report, StoreError>> {
        Box::pin(async move {
            let mut db = self.db.begin().await?;
            backup::backup(&mut db, made_at, into).await
        })
    }
}
