//! The store in one SQLite file: how it is opened (`schema`), and the lock against a second server (`lock`).
//! What is read and written, and by which statements, is `sql`'s.

#[cfg(test)]
pub(super) mod fixture;
mod lock;
mod record;
mod schema;

use std::future::Future;
use std::io::BufRead;
use std::path::Path;
use std::time::Duration;

use parking_lot::Mutex;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use tokio::sync::watch;

use self::lock::Lock;
pub use self::record::record;
pub(super) use self::schema::meaning;
use super::StoreError;
use super::chain::Head;
use super::sql::SqlStore;
use super::sql::db::{Db, Reader, sql};
use super::sql::engine::{Engine, Failing, Meta, Wait};
use super::sql::outbox;
use super::sql::poll;
use super::sql::restore::{self, Restored};
use crate::domain::instant::Instant;

/// Connections that only read.
const READERS: u32 = 4;

/// A store in one file. Opened inside a tokio runtime, which the writer then belongs to.
pub type SqliteStore = SqlStore<Sqlite>;

/// One file, and who may write to it.
pub struct Sqlite {
    options: SqliteConnectOptions,
    readers: SqlitePool,
    /// Held until the last command is on disk; None beside a server.
    lock: Mutex<Option<Lock>>,
    /// For a store that goes with the process.
    _folder: Option<tempfile::TempDir>,
}

impl SqlStore<Sqlite> {
    /// Opens the file for a server, made with its folder if it is not there, brought to this version, and locked.
    ///
    /// # Errors
    /// `InUse` if another server has it; `Corrupt` if it is no store, or a newer warboard's.
    pub async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
        SqlStore::start(Sqlite::new(path, true, None)?, true, None).await
    }

    /// Opens the file beside a server that may be running: tokens, settings, reading and verifying. `submit` is refused.
    ///
    /// # Errors
    /// `Corrupt` if it is no store, or a newer warboard's; `Unavailable` if it cannot be opened.
    pub async fn for_tokens(path: &Path) -> Result<SqliteStore, StoreError> {
        SqlStore::start(Sqlite::new(path, false, None)?, false, None).await
    }

    /// A store in a temporary folder, removed with the value.
    ///
    /// # Errors
    /// `Unavailable`: no folder or no file can be made there.
    pub async fn temporary() -> Result<SqliteStore, StoreError> {
        SqliteStore::in_temporary_folder(None).await
    }

    /// As `temporary`, with codenames that begin at a known place: the same incidents get the same names.
    ///
    /// # Errors
    /// As [`SqliteStore::temporary`].
    pub async fn temporary_from(codename_start: u32) -> Result<SqliteStore, StoreError> {
        SqliteStore::in_temporary_folder(Some(codename_start.into())).await
    }

    async fn in_temporary_folder(codename_start: Option<u64>) -> Result<SqliteStore, StoreError> {
        let folder = tempfile::Builder::new()
            .prefix("warboard-")
            .tempdir()
            .map_err(|error| StoreError::Unavailable(format!("no temporary folder: {error}")))?;
        let path = folder.path().join("warboard.db");
        let engine = Sqlite::new(&path, true, Some(folder))?;
        SqlStore::start(engine, true, codename_start).await
    }
}

impl SqlStore<Sqlite> {
    /// Puts a backup into a store that is empty, all of it or nothing.
    ///
    /// # Errors
    /// The store is in use or not empty; the file is no backup or is damaged; what came out of it does not prove itself.
    pub async fn restore(
        path: &Path,
        from: &mut (dyn BufRead + Send),
        now: Instant,
    ) -> Result<Restored, StoreError> {
        let engine = Sqlite::new(path, true, None)?;
        let (db, meta) = engine.open().await?;
        let restored = restore::restore(&engine, db, meta, from, now).await;
        engine.close().await;
        restored
    }
}

impl Sqlite {
    fn new(
        path: &Path,
        serves: bool,
        folder: Option<tempfile::TempDir>,
    ) -> Result<Sqlite, StoreError> {
        let path = lock::prepare(path)?;
        let lock = match serves {
            true => Some(Lock::take(&path)?),
            false => None,
        };
        let options = schema::options(&path);
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .min_connections(0)
            .acquire_timeout(Duration::from_secs(5))
            .connect_lazy_with(options.clone().pragma("query_only", "ON"));
        Ok(Sqlite {
            options,
            readers,
            lock: Mutex::new(lock),
            _folder: folder,
        })
    }
}

impl Sqlite {
    /// A file that SQLite could not make or grow for want of room is a full store too.
    fn explained(&self, error: StoreError) -> StoreError {
        let path = self.options.get_filename();
        match error {
            StoreError::Unavailable(_) if schema::is_full(path) => {
                StoreError::Full(format!("no room is left on the disk of {}", path.display()))
            }
            other => other,
        }
    }
}

impl Engine for Sqlite {
    async fn open(&self) -> Result<(Db, Meta), StoreError> {
        schema::open(&self.options).await
    }

    /// The file has one server at a time: every lease in it is of a process that is gone.
    async fn inherit(&self, db: &mut Db) -> Result<(), StoreError> {
        outbox::end_leases(db).await?;
        poll::end_leases(db).await
    }

    /// The lock beside the file keeps other servers away: the end of the chain is known.
    async fn begin(&self, db: &mut Db) -> Result<Option<Head>, StoreError> {
        db.script("BEGIN IMMEDIATE").await?;
        Ok(None)
    }

    fn is_sole(&self) -> bool {
        self.lock.lock().is_some()
    }

    /// One process writes: its clock is the file's.
    async fn now(&self, _db: &mut Db, given: Instant) -> Result<i64, StoreError> {
        Ok(given.timestamp_millis())
    }

    /// Empties the write-ahead log, which still has the pages as they were. It waits for a reader no longer than commands
    /// may: a backup under way can take minutes.
    async fn purge(&self, db: &mut Db) -> bool {
        let busy = async {
            db.script("PRAGMA busy_timeout = 200").await?;
            let checkpoint = sql("PRAGMA wal_checkpoint(TRUNCATE)");
            let busy: Result<Option<(i64,)>, sqlx::Error> = checkpoint.optional(db).await;
            db.script("PRAGMA busy_timeout = 5000").await?;
            busy
        };
        match busy.await {
            Ok(busy) => busy == Some((0,)),
            Err(error) => {
                tracing::warn!(%error, "the log beside the store could not be emptied yet");
                false
            }
        }
    }

    /// There are no other nodes.
    async fn tell(&self, _db: &mut Db, _seq: u64) -> Result<(), StoreError> {
        Ok(())
    }

    /// Nobody else writes while the lock is held.
    fn listen(&self, _wake: watch::Sender<u64>) {}

    async fn reader(&self) -> Result<Reader, StoreError> {
        let lent = self.readers.acquire().await?;
        Ok(Reader::new(Db::lent_sqlite(lent)))
    }

    fn distrust(&self) {}

    /// A file answers or fails; it does not hang half-way as a network does.
    async fn within<T: Send>(
        &self,
        _wait: Wait,
        step: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        step.await.map_err(|error| self.explained(error))
    }

    /// What a disk refused it refuses again: whoever asked tries later.
    async fn again(&self, _failing: Failing) -> bool {
        false
    }

    async fn close(&self) {
        self.readers.close().await;
        let mut lock = self.lock.lock();
        lock.take();
    }
}
