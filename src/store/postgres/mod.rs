//! The store in a PostgreSQL database that several nodes share: how long to wait for it, when to try again, who writes next.
//! Opening and tables are `schema`'s, hearing of other nodes is `listener`'s, statements are `sql`'s.

mod code;
mod listener;
mod reader;
mod schema;
mod session;
mod survey;

use std::future::Future;
use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::{Mutex, MutexGuard};
use sqlx::postgres::PgConnectOptions;
use tokio::sync::watch;

pub(super) use self::code::{is_passing, is_refused, meaning};
use self::listener::Listener;
use self::reader::Readers;
use self::session::SUSPECT_AFTER_MS;
pub use self::survey::{Survey, survey};
use super::StoreError;
use super::chain::Head;
use super::sql::db::{Db, Reader, sql};
use super::sql::engine::{Engine, Failing, Meta, Wait};
use super::sql::restore::{self, Restored};
use super::sql::{SqlRecord, SqlStore};
use crate::domain::instant::Instant;
use crate::secret::Secret;
use crate::time::{Mono, SharedClock, timeout};

/// How long one step may take, a lock that another node holds included; the server gives up its statements before.
const STEP_WITHIN_MS: i64 = 8_000;
/// How long a reader's line that lay idle may take to answer before another one is asked.
const DOUBTFUL_FOR_MS: i64 = SUSPECT_AFTER_MS;
/// The first pause between two tries of a transaction, doubled each time, and the longest.
const FIRST_AGAIN_MS: i64 = 20;
const LAST_AGAIN_MS: i64 = 640;
/// How long a transaction is tried again before whoever asked is told: a server restarts in less.
const AGAIN_FOR_MS: i64 = 4_000;
/// The same while it is not known how a COMMIT ended.
const DOUBT_FOR_MS: i64 = 15_000;

/// How a read of several statements begins, so that all see one state.
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A store that several nodes share. Opened inside a tokio runtime, which the writer then belongs to.
pub type PostgresStore = SqlStore<Postgres>;

/// One database, as one node sees it.
pub struct Postgres {
    options: PgConnectOptions,
    readers: Arc<Readers>,
    clock: SharedClock,
    /// When the transaction that is being tried failed first.
    failing_since: AtomicI64,
    listener: Mutex<Option<Listener>>,
}

impl SqlStore<Postgres> {
    /// Opens the database for a node that serves: brought to this version, other nodes heard.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached, refuses us, or is a replica; `Corrupt` if the URL cannot be read
    /// or the tables are a newer warboard's.
    pub async fn open(url: &Secret, clock: &SharedClock) -> Result<PostgresStore, StoreError> {
        SqlStore::start(Postgres::new(url, clock)?, true, None).await
    }

    /// Opens the database beside the nodes that serve: tokens, settings, reading and verifying. `submit` is refused.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn for_tokens(
        url: &Secret,
        clock: &SharedClock,
    ) -> Result<PostgresStore, StoreError> {
        SqlStore::start(Postgres::new(url, clock)?, false, None).await
    }
}

impl SqlStore<Postgres> {
    /// Puts a backup into a database whose store is empty, all of it or nothing. Whoever serves it waits meanwhile.
    ///
    /// # Errors
    /// The store is not empty; the file is no backup or is damaged; what came out of it does not prove itself.
    pub async fn restore(
        url: &Secret,
        clock: &SharedClock,
        from: &mut (dyn BufRead + Send),
        now: Instant,
    ) -> Result<Restored, StoreError> {
        let engine = Postgres::new(url, clock)?;
        let (db, meta) = schema::open_to_fill(&engine.options, clock).await?;
        restore::restore(&engine, db, meta, from, now).await
    }
}

/// Opens the database's record to read it, whoever serves it.
///
/// # Errors
/// The database cannot be reached, has no store in it, or a newer warboard's.
pub async fn record(url: &Secret, clock: &SharedClock) -> Result<SqlRecord, StoreError> {
    let db = schema::connect_to_read(&schema::options(url)?, clock).await?;
    Ok(SqlRecord::new(db, BEGIN_READ))
}

impl Postgres {
    fn new(url: &Secret, clock: &SharedClock) -> Result<Postgres, StoreError> {
        let options = schema::options(url)?;
        let readers = Arc::new(Readers::new(options.clone(), clock.clone()));
        Ok(Postgres {
            options,
            readers,
            clock: clock.clone(),
            failing_since: AtomicI64::new(0),
            listener: Mutex::new(None),
        })
    }

    fn listener(&self) -> MutexGuard<'_, Option<Listener>> {
        self.listener.lock()
    }
}

impl Engine for Postgres {
    async fn open(&self) -> Result<(Db, Meta), StoreError> {
        schema::open(&self.options, &self.clock).await
    }

    /// Leases of a node that is gone run out by themselves; another node's are its own.
    async fn inherit(&self, _db: &mut Db) -> Result<(), StoreError> {
        Ok(())
    }

    /// Takes the row that notes the end of the chain: every other writer waits for it until this one has committed, so
    /// that readers see entries in the order of their numbers.
    async fn begin(&self, db: &mut Db) -> Result<Option<Head>, StoreError> {
        db.script("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
            .await?;
        let row: Option<(String,)> = sql("SELECT value FROM meta WHERE name = 'head' FOR UPDATE")
            .optional(db)
            .await?;
        match row.and_then(|(text,)| Head::from_text(&text)) {
            Some(head) => Ok(Some(head)),
            None => Err(StoreError::Corrupt(
                "the end of the record is not noted in it: the row 'head' of the table meta is missing; restore it from a copy".to_owned(),
            )),
        }
    }

    fn is_sole(&self) -> bool {
        false
    }

    async fn now(&self, db: &mut Db, _given: Instant) -> Result<i64, StoreError> {
        let now: Option<(i64,)> =
            sql("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)")
                .optional(db)
                .await?;
        now.map(|(now,)| now)
            .ok_or_else(|| StoreError::Corrupt("the database has no clock".to_owned()))
    }

    /// Versions of rows that are over go when the database is vacuumed: that is its owner's to see to.
    async fn purge(&self, _db: &mut Db) -> bool {
        true
    }

    async fn tell(&self, db: &mut Db, seq: u64) -> Result<(), StoreError> {
        sql("SELECT pg_notify($1, $2)")
            .bind(listener::CHANNEL)
            .bind(seq.to_string())
            .run(db)
            .await?;
        Ok(())
    }

    fn listen(&self, wake: watch::Sender<u64>) {
        let listener = Listener::start(self.options.clone(), self.clock.clone(), wake);
        self.listener().replace(listener);
    }

    async fn reader(&self) -> Result<Reader, StoreError> {
        self.readers.lend().await
    }

    fn distrust(&self) {
        self.readers.distrust();
    }

    async fn within<T: Send>(
        &self,
        wait: Wait,
        step: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let ms = match wait {
            Wait::Doubtful => DOUBTFUL_FOR_MS,
            Wait::Step => STEP_WITHIN_MS,
        };
        timeout(&*self.clock, ms, step)
            .await
            .unwrap_or_else(|elapsed| {
                self.distrust();
                Err(elapsed.into())
            })
    }

    async fn again(&self, failing: Failing) -> bool {
        let now = self.clock.mono();
        if failing.tries == 1 {
            self.failing_since.store(now.0, Ordering::Relaxed);
        }
        let since = Mono(self.failing_since.load(Ordering::Relaxed));
        let patience = match failing {
            Failing { in_doubt: true, .. } => DOUBT_FOR_MS,
            // It was away a moment ago: nobody waits for it twice.
            Failing { again: true, .. } => 0,
            _ => AGAIN_FOR_MS,
        };
        if now - since >= patience {
            return false;
        }
        let pause = (FIRST_AGAIN_MS << (failing.tries - 1).min(5)).min(LAST_AGAIN_MS);
        // Several nodes that lost the database together do not come back in step.
        let pause = pause - rand::random_range(0..=pause / 4);
        self.clock.sleep(pause).await;
        true
    }

    async fn close(&self) {
        drop(self.listener().take());
        self.readers.close().await;
    }
}
