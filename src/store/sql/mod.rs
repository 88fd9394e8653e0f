//! The store over SQL, one code for every engine: a writer that batches (`writer`, `job`), readers beside it, rows, verification.
//! What an engine does its own way (opening, locks, limits, codes of errors) stands beside this, in `sqlite` and `postgres`.

mod backup;
pub mod db;
pub mod engine;
mod error;
mod job;
mod login;
pub mod meta;
pub mod outbox;
pub mod poll;
mod put;
mod record;
mod redact;
pub mod restore;
pub(super) mod row;
mod verify;
mod work;
mod writer;

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

use self::db::{Fetched, Sql, sql};
use self::engine::{Engine, Wait};
use self::job::State;
pub use self::record::SqlRecord;
use self::row::{EntryRow, SnapshotRow, TokenRow, int, uint};
use self::work::{Reply, Work};
use self::writer::Writer;
use super::chain::Head;
use super::claim::{Claim, Claims, Lease};
use super::poll::{Tend, Tended};
use super::{Done, Entry, Job, Logins, Snapshot, Store, StoreError, Tally, Token};
use crate::domain::instant::Instant;

/// Most works that wait for the writer; the next one is told `Busy`.
const QUEUE: usize = 1_024;
/// A token's use is written at most once in this time, in milliseconds.
const TOUCH_EVERY: i64 = 60_000;
/// Most tokens of which the last use is kept at hand.
const TOUCHED: usize = 4_096;

/// A store of one engine. Opened inside a tokio runtime, which the writer then belongs to.
pub struct SqlStore<E: Engine> {
    engine: Arc<E>,
    queue: mpsc::Sender<Work>,
    wake: watch::Sender<u64>,
    epoch: String,
    serves: bool,
    touched: Mutex<HashMap<String, i64>>,
    tally: Arc<Tally>,
}

impl<E: Engine> std::fmt::Debug for SqlStore<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqlStore")
            .field("epoch", &self.epoch)
            .field("serves", &self.serves)
            .finish_non_exhaustive()
    }
}

impl<E: Engine> SqlStore<E> {
    /// Starts the writer on a connection of the engine. Where `serves` is false, `submit` is refused.
    pub(super) async fn start(
        engine: E,
        serves: bool,
        codename_start: Option<u64>,
    ) -> Result<SqlStore<E>, StoreError> {
        let (mut db, mut meta) = engine.open().await?;
        meta.codename_start = codename_start.unwrap_or(meta.codename_start);
        let epoch = meta.epoch.clone();
        let mut state = State::new(meta);
        state.reload(&mut db).await?;
        if serves {
            engine.inherit(&mut db).await?;
        }
        let wake = watch::Sender::new(state.head.seq);
        let (queue, works) = mpsc::channel(QUEUE);
        let engine = Arc::new(engine);
        let tally = Arc::new(Tally::default());
        let writer = Writer::new(engine.clone(), tally.clone(), db, state, wake.clone());
        tokio::spawn(writer.run(works));
        if serves {
            engine.listen(wake.clone());
        }
        Ok(SqlStore {
            engine,
            queue,
            wake,
            epoch,
            serves,
            touched: Mutex::new(HashMap::new()),
            tally,
        })
    }

    fn must_serve(&self) -> Result<(), StoreError> {
        match self.serves {
            true => Ok(()),
            false => Err(StoreError::Unavailable(
                "it was opened beside a server, which alone takes commands".to_owned(),
            )),
        }
    }

    /// Puts a work before the writer and waits until it is on disk.
    async fn ask<T>(&self, work: impl FnOnce(Reply<T>) -> Work) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .try_send(work(Reply::new(reply)))
            .map_err(|error| match error {
                TrySendError::Full(_) => {
                    self.tally.turned_away();
                    StoreError::Busy(QUEUE)
                }
                TrySendError::Closed(_) => closed(),
            })?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Reads every row. A connection that broke or fell silent while it lay idle is no reason to fail: once more on another.
    async fn all<T: Fetched>(&self, statement: Sql) -> Result<Vec<T>, StoreError> {
        let mut tries = 0;
        loop {
            let mut reader = self.engine.reader().await?;
            let asked = statement.clone();
            let read = async {
                let rows = asked.all(&mut reader).await;
                rows.map_err(|error| (StoreError::from(error), reader.try_again))
            };
            let wait = match tries {
                0 => Wait::Doubtful,
                _ => Wait::Step,
            };
            match self.engine.within(wait, async { Ok(read.await) }).await {
                Ok(Ok(rows)) => return Ok(rows),
                Ok(Err((_, true))) | Err(_) if tries == 0 => {
                    self.engine.distrust();
                    tries += 1;
                }
                Ok(Err((error, _))) | Err(error) => return Err(error),
            }
        }
    }

    async fn optional<T: Fetched>(&self, statement: Sql) -> Result<Option<T>, StoreError> {
        Ok(self.all(statement).await?.into_iter().next())
    }

    /// Whether a token's use is worth writing: not again within a minute.
    fn is_news(&self, id: &str, at: Instant) -> bool {
        let at = at.timestamp_millis();
        let mut touched = self.touched.lock();
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

impl<E: Engine> Store for SqlStore<E> {
    fn submit(&self, job: Job) -> BoxFuture<'_, Result<Done, StoreError>> {
        Box::pin(async move {
            self.must_serve()?;
            self.ask(|reply| Work::Job(Box::new(job), reply)).await
        })
    }

    fn put_logins(&self, logins: Logins) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            self.must_serve()?;
            self.ask(|reply| Work::Logins(Box::new(logins), reply))
                .await
        })
    }

    fn since(&self, seq: u64, limit: usize) -> BoxFuture<'_, Result<Vec<Snapshot>, StoreError>> {
        Box::pin(async move {
            let statement =
                sql("SELECT seq, body FROM snapshot WHERE seq > $1 ORDER BY seq LIMIT $2")
                    .bind(int(seq))
                    .bind(most(limit));
            let rows: Vec<SnapshotRow> = self.all(statement).await?;
            rows.into_iter().map(SnapshotRow::snapshot).collect()
        })
    }

    fn head(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let statement = sql("SELECT coalesce(max(seq), 0) FROM snapshot");
            let head: Option<(i64,)> = self.optional(statement).await?;
            Ok(head.map_or(0, |(seq,)| uint(seq)))
        })
    }

    fn chain_head(&self) -> BoxFuture<'_, Result<Head, StoreError>> {
        Box::pin(async move {
            let last: Option<(i64, String)> = self.optional(put::last_entry()).await?;
            Ok(put::head_of(last))
        })
    }

    fn wake(&self) -> watch::Receiver<u64> {
        self.wake.subscribe()
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
            let statement =
                sql("SELECT * FROM entry WHERE incident = $1 AND seq > $2 ORDER BY seq LIMIT $3")
                    .bind(incident)
                    .bind(int(after))
                    .bind(most(limit));
            let rows: Vec<EntryRow> = self.all(statement).await?;
            rows.into_iter().map(EntryRow::entry).collect()
        })
    }

    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Claims, StoreError>> {
        Box::pin(async move {
            let asked = claim.clone();
            let claims = self.ask(|reply| Work::Claim(Box::new(asked), reply)).await;
            match claims {
                Err(StoreError::Full(_)) if self.engine.is_sole() => {
                    let mut reader = self.engine.reader().await?;
                    let read = outbox::claim_unwritten(&mut reader, &claim);
                    self.engine.within(Wait::Step, read).await
                }
                claims => claims,
            }
        })
    }

    fn renew(
        &self,
        leases: Vec<Lease>,
        now: Instant,
        lease_ms: i64,
    ) -> BoxFuture<'_, Result<Vec<Lease>, StoreError>> {
        Box::pin(self.ask(move |reply| Work::Renew(leases, now, lease_ms, reply)))
    }

    fn tend(&self, tend: Tend) -> BoxFuture<'_, Result<Tended, StoreError>> {
        Box::pin(self.ask(|reply| Work::Tend(Box::new(tend), reply)))
    }

    fn next_delivery_at(&self) -> BoxFuture<'_, Result<Option<Instant>, StoreError>> {
        Box::pin(async move {
            let statement = sql("SELECT min(next_at) FROM outbox WHERE done = 0");
            let ms: Option<(Option<i64>,)> = self.optional(statement).await?;
            Ok(ms
                .and_then(|(ms,)| ms)
                .and_then(Instant::from_timestamp_millis))
        })
    }

    fn delivery_body(&self, key: &str) -> BoxFuture<'_, Result<Option<Vec<u8>>, StoreError>> {
        let key = key.to_owned();
        Box::pin(async move {
            let statement = sql("SELECT body FROM outbox WHERE key = $1 AND done = 0").bind(key);
            let body: Option<(Vec<u8>,)> = self.optional(statement).await?;
            Ok(body.map(|(body,)| body))
        })
    }

    fn token(&self, id: &str) -> BoxFuture<'_, Result<Option<Token>, StoreError>> {
        let id = id.to_owned();
        Box::pin(async move {
            let statement = sql("SELECT * FROM token WHERE id = $1").bind(id);
            let row: Option<TokenRow> = self.optional(statement).await?;
            row.map(TokenRow::token).transpose()
        })
    }

    fn tokens(&self) -> BoxFuture<'_, Result<Vec<Token>, StoreError>> {
        Box::pin(async move {
            let statement = sql("SELECT * FROM token ORDER BY created_at, id");
            let rows: Vec<TokenRow> = self.all(statement).await?;
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

    fn setting(
        &self,
        name: &str,
        make: Box<dyn FnOnce() -> Vec<u8> + Send>,
    ) -> BoxFuture<'_, Result<Vec<u8>, StoreError>> {
        let name = name.to_owned();
        Box::pin(async move {
            let statement = sql("SELECT value FROM setting WHERE name = $1").bind(name.as_str());
            match self.optional::<(Vec<u8>,)>(statement).await? {
                Some((value,)) => Ok(value),
                None => {
                    // Where another one was quicker, its value is the one that stays and is answered.
                    let made = make();
                    self.ask(|reply| Work::Setting(name, made, reply)).await
                }
            }
        })
    }

    fn forget_answers_before(&self, at: Instant) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(self.ask(move |reply| Work::Forget(at, reply)))
    }

    fn ready(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.ask(Work::Ready))
    }

    fn tally(&self) -> Arc<Tally> {
        self.tally.clone()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let (reply, ended) = oneshot::channel();
            if self.queue.send(Work::Close(reply)).await.is_ok() {
                let _ = ended.await;
            }
            self.engine.close().await;
        })
    }
}
