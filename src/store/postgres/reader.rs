//! Connections that only read: lent, given back, and dropped where they are not trusted any more. How one is made is `schema`'s,
//! and when one is suspected `session`'s.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::{Mutex, MutexGuard};
use sqlx::postgres::PgConnectOptions;
use tokio::sync::Semaphore;

use super::schema;
use crate::store::StoreError;
use crate::store::sql::db::{Db, Home, Reader};
use crate::time::{Mono, SharedClock, timeout};

/// Most connections at once.
const MOST: usize = 4;
const MOST_PERMITS: u32 = 4;
/// How long one is waited for while all are lent.
const LENT_WITHIN_MS: i64 = 5_000;

/// The connections of one node.
pub(super) struct Readers {
    options: PgConnectOptions,
    clock: SharedClock,
    lent: Arc<Semaphore>,
    idle: Mutex<Vec<(Db, Mono)>>,
    /// Connections made before this reading of the monotonic clock are not lent again.
    trusted_from: AtomicI64,
}

impl Readers {
    pub(super) fn new(options: PgConnectOptions, clock: SharedClock) -> Readers {
        Readers {
            options,
            clock,
            lent: Arc::new(Semaphore::new(MOST)),
            idle: Mutex::new(Vec::with_capacity(MOST)),
            trusted_from: AtomicI64::new(i64::MIN),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Db, Mono)>> {
        self.idle.lock()
    }

    /// One that lay idle, else a new one.
    pub(super) async fn lend(self: &Arc<Readers>) -> Result<Reader, StoreError> {
        let place = timeout(
            &*self.clock,
            LENT_WITHIN_MS,
            self.lent.clone().acquire_owned(),
        );
        let place = place.await.map_err(|_| {
            StoreError::Unavailable(
                "no connection to the database was to be had in time".to_owned(),
            )
        })?;
        let place =
            place.map_err(|_| StoreError::Unavailable("the store was closed".to_owned()))?;
        let known = self.trusted();
        let (db, made_at) = match known {
            Some(known) => known,
            None => {
                let db = schema::connect_reader(&self.options, &self.clock).await?;
                (db, self.clock.mono())
            }
        };
        let home = Lent {
            readers: self.clone(),
            made_at,
            _place: place,
        };
        Ok(Reader::lent(db, Box::new(home)))
    }

    fn trusted(&self) -> Option<(Db, Mono)> {
        let from = self.trusted_from.load(Ordering::Relaxed);
        let mut idle = self.idle();
        idle.retain(|(_, made_at)| made_at.0 >= from);
        idle.pop()
    }

    /// One of them broke or fell silent: those made before are not lent again.
    pub(super) fn distrust(&self) {
        self.trusted_from
            .store(self.clock.mono().0, Ordering::Relaxed);
    }

    /// Ends them, those that are lent as soon as they are given back.
    pub(super) async fn close(&self) {
        let all = timeout(
            &*self.clock,
            LENT_WITHIN_MS,
            self.lent.acquire_many(MOST_PERMITS),
        )
        .await;
        self.lent.close();
        drop(all);
        let idle = std::mem::take(&mut *self.idle());
        for (db, _) in idle {
            db.close().await;
        }
    }
}

/// Where one that is lent belongs.
struct Lent {
    readers: Arc<Readers>,
    made_at: Mono,
    _place: tokio::sync::OwnedSemaphorePermit,
}

impl Home for Lent {
    fn take_back(&self, db: Db) {
        if !self.readers.lent.is_closed() {
            self.readers.idle().push((db, self.made_at));
        }
    }
}
