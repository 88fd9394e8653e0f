//! The store in one SQLite file: a writer that batches (`writer`, `job`), readers beside it, a lock against a second server.
//! What a command means is decided above; here it is found, written, remembered and handed out again.

mod backup;
#[cfg(test)]
mod fixture;
mod job;
mod lock;
mod put;
mod record;
mod redact;
mod restore;
mod row;
mod schema;
mod verify;
mod writer;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use sqlx::{query_as, query_scalar};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

use self::job::State;
use self::lock::Lock;
pub use self::record::SqliteRecord;
pub use self::restore::Restored;
use self::row::{DeliveryRow, EntryRow, SnapshotRow, TokenRow, int, uint};
use self::writer::{Make, Reply, Work, Writer};
use super::chain::Head;
use super::{Delivery, Done, Entry, Job, Snapshot, Store, StoreError, Token};
use crate::domain::instant::Instant;

/// Most works that wait for the writer; the next one is told `Busy`.
const QUEUE: usize = 1_024;
/// Connections that only read.
const READERS: u32 = 4;
/// A token's use is written at most once in this time, in milliseconds.
const TOUCH_EVERY: i64 = 60_000;
/// Most tokens of which the last use is kept at hand.
const TOUCHED: usize = 4_096;

/// A store in one file. Opened inside a tokio runtime, which the writer then belongs to.
pub struct SqliteStore {
    readers: SqlitePool,
    queue: mpsc::Sender<Work>,
    wake: watch::Receiver<u64>,
    epoch: String,
    serves: bool,
    touched: Mutex<HashMap<String, i64>>,
    /// For a store that goes with the process.
    _folder: Option<tempfile::TempDir>,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore")
            .field("epoch", &self.epoch)
            .field("serves", &self.serves)
            .finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the file for a server, made with its folder if it is not there, brought to this version, and locked.
    ///
    /// # Errors
    /// `InUse` if another server has it; `Corrupt` if it is no store, or a newer warboard's.
    pub async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
        SqliteStore::open_as(path, true, None, None).await
    }

    /// Opens the file beside a server that may be running: tokens, settings, reading and verifying. `submit` is refused.
    pub async fn for_tokens(path: &Path) -> Result<SqliteStore, StoreError> {
        SqliteStore::open_as(path, false, None, None).await
    }

    /// A store in a temporary folder, removed with the value.
    pub async fn temporary() -> Result<SqliteStore, StoreError> {
        SqliteStore::in_temporary_folder(None).await
    }

    /// As `temporary`, with codenames that begin at a known place: the same incidents get the same names.
    pub async fn temporary_from(codename_start: u32) -> Result<SqliteStore, StoreError> {
        SqliteStore::in_temporary_folder(Some(codename_start.into())).await
    }

    async fn in_temporary_folder(codename_start: Option<u64>) -> Result<SqliteStore, StoreError> {
        let folder = tempfile::Builder::new()
            .prefix("warboard-")
            .tempdir()
            .map_err(|error| StoreError::Unavailable(format!("no temporary folder: {error}")))?;
        let path = folder.path().join("warboard.db");
        SqliteStore::open_as(&path, true, Some(folder), codename_start).await
    }

    async fn open_as(
        path: &Path,
        serves: bool,
        folder: Option<tempfile::TempDir>,
        codename_start: Option<u64>,
    ) -> Result<SqliteStore, StoreError> {
        let path = lock::prepare(path)?;
        let lock = match serves {
            true => Some(Lock::take(&path)?),
            false => None,
        };
        let options = schema::options(&path);
        let (mut db, mut meta) = schema::open(&options).await?;
        meta.codename_start = codename_start.unwrap_or(meta.codename_start);
        let epoch = meta.epoch.clone();
        let mut state = State::new(meta);
        state.reload(&mut db).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .min_connections(0)
            .acquire_timeout(Duration::from_secs(5))
            .connect_lazy_with(options.clone().pragma("query_only", "ON"));
        let (wake, woken) = watch::channel(state.head.seq);
        let (queue, works) = mpsc::channel(QUEUE);
        let writer = Writer {
            options,
            db: Some(db),
            state,
            wake,
            failed: false,
            lock,
        };
        tokio::spawn(writer.run(works));
        Ok(SqliteStore {
            readers,
            queue,
            wake: woken,
            epoch,
            serves,
            touched: Mutex::new(HashMap::new()),
            _folder: folder,
        })
    }

    /// Puts a work before the writer and waits until it is on disk.
    async fn ask<T>(&self, work: impl FnOnce(Reply<T>) -> Work) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .try_send(work(reply))
            .map_err(|error| match error {
                TrySendError::Full(_) => StoreError::Busy(QUEUE),
                TrySendError::Closed(_) => closed(),
            })?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Whether a token's use is worth writing: not again within a minute.
    fn is_news(&self, id: &str, at: Instant) -> bool {
        let at = at.timestamp_millis();
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        if touched.get(id).is_some_and(|last| at - last < TOUCH_EVERY) {
            return false;
        }
        if touched.len() >= TOUCHED {
            touched.clear();
        }
        touched.insert(id.to_owned(), at);
        true
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("it was closed".to_owned())
}

fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl Store for SqliteStore {
    fn submit(&self, job: Job) -> BoxFuture<'_, Result<Done, StoreError>> {
        Box::pin(async move {
            if !self.serves {
                return Err(StoreError::Unavailable(
                    "it was opened beside a server, which alone takes commands".to_owned(),
                ));
            }
            self.ask(|reply| Work::Job(Box::new(job), reply)).await
        })
    }

    fn since(&self, seq: u64, limit: usize) -> BoxFuture<'_, Result<Vec<Snapshot>, StoreError>> {
        Box::pin(async move {
            let rows: Vec<SnapshotRow> =
                query_as("SELECT seq, body FROM snapshot WHERE seq > $1 ORDER BY seq LIMIT $2")
                    .bind(int(seq))
                    .bind(most(limit))
                    .fetch_all(&self.readers)
                    .await?;
            rows.into_iter().map(SnapshotRow::snapshot).collect()
        })
    }

    fn head(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let head: i64 = query_scalar("SELECT coalesce(max(seq), 0) FROM entry")
                .fetch_one(&self.readers)
                .await?;
            Ok(uint(head))
        })
    }

    fn chain_head(&self) -> BoxFuture<'_, Result<Head, StoreError>> {
        Box::pin(async move {
            let mut db = self.readers.acquire().await?;
            put::chain_head(&mut db).await
        })
    }

    fn wake(&self) -> watch::Receiver<u64> {
        self.wake.clone()
    }

    fn epoch(&self) -> &str {
        &self.epoch
    }

    fn timeline(
        &self,
        incident: &str,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>> {
        let incident = incident.to_owned();
        Box::pin(async move {
            let rows: Vec<EntryRow> = query_as(
                "SELECT * FROM entry WHERE incident = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            )
            .bind(incident)
            .bind(int(after))
            .bind(most(limit))
            .fetch_all(&self.readers)
            .await?;
            rows.into_iter().map(EntryRow::entry).collect()
        })
    }

    fn due_deliveries(
        &self,
        now: Instant,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Delivery>, StoreError>> {
        Box::pin(async move {
            let rows: Vec<DeliveryRow> = query_as("SELECT key, page, incident, team, route, step, body, attempts, next_at, queued_at FROM outbox WHERE done = 0 AND next_at <= $1 ORDER BY queued_at DESC, key LIMIT $2")
                .bind(now.timestamp_millis())
                .bind(most(limit))
                .fetch_all(&self.readers)
                .await?;
            rows.into_iter().map(DeliveryRow::delivery).collect()
        })
    }

    fn next_delivery_at(&self) -> BoxFuture<'_, Result<Option<Instant>, StoreError>> {
        Box::pin(async move {
            let ms: Option<i64> = query_scalar("SELECT min(next_at) FROM outbox WHERE done = 0")
                .fetch_one(&self.readers)
                .await?;
            Ok(ms.and_then(Instant::from_timestamp_millis))
        })
    }

    fn token(&self, id: &str) -> BoxFuture<'_, Result<Option<Token>, StoreError>> {
        let id = id.to_owned();
        Box::pin(async move {
            let row: Option<TokenRow> = query_as("SELECT * FROM token WHERE id = $1")
                .bind(id)
                .fetch_optional(&self.readers)
                .await?;
            row.map(TokenRow::token).transpose()
        })
    }

    fn tokens(&self) -> BoxFuture<'_, Result<Vec<Token>, StoreError>> {
        Box::pin(async move {
            let rows: Vec<TokenRow> = query_as("SELECT * FROM token ORDER BY created_at, id")
                .fetch_all(&self.readers)
                .await?;
            rows.into_iter().map(TokenRow::token).collect()
        })
    }

    fn put_token(&self, token: Token) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(self.ask(|reply| Work::PutToken(Box::new(token), reply)))
    }

    fn revoke_token(&self, name: &str, at: Instant) -> BoxFuture<'_, Result<bool, StoreError>> {
        let name = name.to_owned();
        Box::pin(self.ask(move |reply| Work::RevokeToken(name, at, reply)))
    }

    fn touch_token(&self, id: &str, at: Instant) -> BoxFuture<'_, Result<(), StoreError>> {
        if !self.is_news(id, at) {
            return Box::pin(std::future::ready(Ok(())));
        }
        let id = id.to_owned();
        Box::pin(self.ask(move |reply| Work::TouchToken(id, at, reply)))
    }

    fn setting(&self, name: &str, make: Make) -> BoxFuture<'_, Result<Vec<u8>, StoreError>> {
        let name = name.to_owned();
        Box::pin(async move {
            let kept = query_scalar("SELECT value FROM setting WHERE name = $1")
                .bind(&name)
                .fetch_optional(&self.readers)
                .await?;
            match kept {
                Some(value) => Ok(value),
                None => self.ask(|reply| Work::Setting(name, make, reply)).await,
            }
        })
    }

    fn forget_answers_before(&self, at: Instant) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.ask(move |reply| Work::Forget(at, reply)))
    }

    fn ready(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.ask(Work::Ready))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let (reply, ended) = oneshot::channel();
            if self.queue.send(Work::Close(reply)).await.is_ok() {
                let _ = ended.await;
            }
            self.readers.close().await;
        })
    }
}
