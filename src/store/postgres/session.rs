//! One session at the database, as node and server know it. A line that says nothing is suspected soon: another connection asks
//! the server whether it is at work on what was asked. And connections that are made side by side, should the first hang.

use std::future::Future;
use std::io::ErrorKind;

use futures::future::{BoxFuture, Either, select};
use futures::stream::{FuturesUnordered, StreamExt as _};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection as _, Error};

use crate::store::StoreError;
use crate::store::sql::db::{Db, Watch, sql};
use crate::time::{Elapsed, SharedClock, timeout};

/// How long a line may say nothing before it is suspected, in milliseconds.
pub(super) const SUSPECT_AFTER_MS: i64 = 1_000;
/// How long the other connection may take to tell.
const TOLD_WITHIN_MS: i64 = 1_500;
/// How long an answer may still be under way when the server says that it has given it.
const UNDER_WAY_FOR_MS: i64 = 250;
/// How soon another connection is tried beside one that is not made yet, and how many at most.
const BESIDE_AFTER_MS: i64 = 1_000;
const BESIDE: usize = 5;

/// How long one statement may take of what reads or fills the whole store.
const UNHURRIED_MS: i64 = 660_000;

/// Which session it is; the number alone is given out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) pid: i64,
    /// When it began by the server's clock, in microseconds since 1970.
    pub(super) began: i64,
}

/// Watches over the line of one session.
#[derive(Clone)]
pub(super) struct Watcher {
    pub(super) options: PgConnectOptions,
    pub(super) clock: SharedClock,
    pub(super) session: Session,
    /// How long one statement may take though the server is at work on it, in milliseconds.
    pub(super) most_ms: i64,
}

impl Watcher {
    /// For what reads or fills the whole store: the server gives up a statement of it before.
    pub(super) fn unhurried(self) -> Watcher {
        Watcher {
            most_ms: UNHURRIED_MS,
            ..self
        }
    }

    /// Whether the server is at work on what the session asked.
    async fn is_at_work(&self) -> Result<bool, Error> {
        let mut other = PgConnection::connect_with(&self.options).await?;
        // What waits for its own client waits for a line that does not take it.
        let at_work = sqlx::query_scalar("SELECT count(*) > 0 FROM pg_stat_activity WHERE pid = $1 AND (extract(epoch FROM backend_start) * 1000000)::bigint = $2 AND state = 'active' AND wait_event_type IS DISTINCT FROM 'Client'")
            .bind(self.session.pid)
            .bind(self.session.began)
            .fetch_one(&mut other)
            .await?;
        // Its answer is in: whether the goodbye arrives is all the same.
        drop(other);
        Ok(at_work)
    }
}

fn silent(ms: i64, why: &str) -> Error {
    let told = format!("nothing was heard for {ms} ms, and {why}");
    Error::Io(std::io::Error::new(ErrorKind::TimedOut, told))
}

impl Watch for Watcher {
    fn lost(&self) -> BoxFuture<'_, Error> {
        Box::pin(async move {
            let began = self.clock.mono();
            loop {
                self.clock.sleep(SUSPECT_AFTER_MS).await;
                let told = timeout(&*self.clock, TOLD_WITHIN_MS, self.is_at_work()).await;
                let so_far = self.clock.mono() - began;
                match told {
                    Ok(Ok(true)) if so_far < self.most_ms => {}
                    Ok(Ok(true)) => return silent(so_far, "the database is still at work on it"),
                    Ok(Ok(false)) => {
                        self.clock.sleep(UNDER_WAY_FOR_MS).await;
                        return silent(
                            so_far,
                            "the database is at work on nothing: the line is dead",
                        );
                    }
                    Ok(Err(error)) => {
                        return silent(
                            so_far,
                            &format!("another connection cannot be made: {error}"),
                        );
                    }
                    Err(_) => return silent(so_far, "another connection hears nothing either"),
                }
            }
        })
    }

    fn end<'a>(&'a self, other: &'a mut Db) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            // One that has ended by itself is no longer there.
            let end = sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid = $1 AND (extract(epoch FROM backend_start) * 1000000)::bigint = $2")
                .bind(self.session.pid)
                .bind(self.session.began);
            if let Err(error) = end.optional::<(i64,)>(other).await {
                tracing::debug!(%error, "a session that was given up could not be ended");
            }
        })
    }
}

impl From<Elapsed> for StoreError {
    fn from(elapsed: Elapsed) -> StoreError {
        StoreError::Unavailable(format!("the database did not answer ({elapsed})"))
    }
}

/// The first of several tries that succeeds. Another one begins while those before still hang; an error ends it where
/// nothing else is under way.
pub(super) async fn first<T, E: From<Elapsed>, F: Future<Output = Result<T, E>>>(
    clock: &SharedClock,
    mut begin: impl FnMut() -> F,
) -> Result<T, E> {
    let mut tries = FuturesUnordered::new();
    for _ in 0..BESIDE {
        tries.push(begin());
        let mut pause = clock.sleep(BESIDE_AFTER_MS);
        loop {
            let ended = match select(tries.next(), pause).await {
                Either::Left((ended, rest)) => {
                    pause = rest;
                    ended
                }
                Either::Right(_) => break,
            };
            match ended {
                Some(Ok(made)) => return Ok(made),
                Some(Err(error)) if tries.is_empty() => return Err(error),
                _ => {}
            }
        }
    }
    let after_ms = BESIDE_AFTER_MS * i64::try_from(BESIDE).unwrap_or(1);
    Err(Elapsed { after_ms }.into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::FutureExt as _;

    use super::*;
    use crate::time::TestClock;

    #[derive(Debug, PartialEq, Eq)]
    enum Odd {
        Late,
        Refused,
    }

    impl From<Elapsed> for Odd {
        fn from(_: Elapsed) -> Odd {
            Odd::Late
        }
    }

    #[test]
    fn another_try_begins_beside_one_that_hangs_and_the_first_that_succeeds_counts() {
        let test = Arc::new(TestClock::default());
        let clock: SharedClock = test.clone();
        let begun = AtomicUsize::new(0);
        let mut made = Box::pin(first(&clock, || {
            let which = begun.fetch_add(1, Ordering::Relaxed);
            async move {
                match which {
                    1 => Ok::<usize, Odd>(which),
                    _ => std::future::pending().await,
                }
            }
        }));
        assert_eq!(made.as_mut().now_or_never(), None);
        test.advance(BESIDE_AFTER_MS - 1);
        assert_eq!(made.as_mut().now_or_never(), None);
        test.advance(1);
        assert_eq!(made.now_or_never(), Some(Ok(1)));
    }

    #[test]
    fn an_error_counts_at_once_where_nothing_else_is_tried_and_waits_where_something_is() {
        let test = Arc::new(TestClock::default());
        let clock: SharedClock = test.clone();
        let refused = first(&clock, || async { Err::<(), Odd>(Odd::Refused) });
        assert_eq!(refused.now_or_never(), Some(Err(Odd::Refused)));
        let begun = AtomicUsize::new(0);
        let mut made = Box::pin(first(&clock, || {
            let which = begun.fetch_add(1, Ordering::Relaxed);
            async move {
                match which {
                    1 => Err::<(), Odd>(Odd::Refused),
                    _ => std::future::pending().await,
                }
            }
        }));
        for _ in 0..BESIDE {
            assert_eq!(made.as_mut().now_or_never(), None);
            test.advance(BESIDE_AFTER_MS);
        }
        assert_eq!(made.now_or_never(), Some(Err(Odd::Late)));
        assert_eq!(begun.load(Ordering::Relaxed), BESIDE);
    }
}
