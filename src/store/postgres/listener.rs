//! Hearing of what other nodes commit: LISTEN, and a look every two seconds for what was not heard.
//! A notification only wakes; readers read again themselves.

use std::convert::Infallible;

use futures::future::select;
use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::time::{SharedClock, timeout};

/// The channel that commits are told on.
pub(super) const CHANNEL: &str = "warboard";
/// How often readers look without having been told: a notification is lost while nobody listens.
const LOOK_AFTER_MS: i64 = 2_000;
/// How long nothing may be heard before the line is tried.
const QUIET_FOR_MS: i64 = 10_000;
/// How long a line may take to answer.
const ANSWER_WITHIN_MS: i64 = 5_000;
/// How long to wait before another connection is made.
const AGAIN_AFTER_MS: i64 = 500;

/// Listens while it is kept.
#[derive(Debug)]
pub(super) struct Listener(JoinHandle<()>);

impl Listener {
    pub(super) fn start(pool: PgPool, clock: SharedClock, wake: watch::Sender<u64>) -> Listener {
        let task = async move {
            let listening = std::pin::pin!(listen(&pool, &clock, &wake));
            let looking = std::pin::pin!(look(&clock, &wake));
            select(listening, looking).await;
        };
        Listener(tokio::spawn(task))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn look(clock: &SharedClock, wake: &watch::Sender<u64>) {
    loop {
        clock.sleep(LOOK_AFTER_MS).await;
        wake.send_modify(|_| {});
    }
}

/// Ends when the pool is closed.
async fn listen(pool: &PgPool, clock: &SharedClock, wake: &watch::Sender<u64>) {
    let mut heard = true;
    loop {
        let Err(error) = hear(pool, clock, wake, &mut heard).await;
        if matches!(error, sqlx::Error::PoolClosed) {
            return;
        }
        if std::mem::take(&mut heard) {
            tracing::warn!(%error, "other nodes are not heard at once; the database is looked at every two seconds");
        }
        clock.sleep(AGAIN_AFTER_MS).await;
    }
}

async fn hear(
    pool: &PgPool,
    clock: &SharedClock,
    wake: &watch::Sender<u64>,
    heard: &mut bool,
) -> Result<Infallible, sqlx::Error> {
    let mut line = PgListener::connect_with(pool).await?;
    line.listen(CHANNEL).await?;
    *heard = true;
    // What was told while nobody listened is read now.
    wake.send_modify(|_| {});
    loop {
        match timeout(&**clock, QUIET_FOR_MS, line.try_recv()).await {
            Ok(told) => {
                let seq = told?.and_then(|told| told.payload().parse().ok());
                // Without a notification the line was lost and made again.
                wake.send_modify(|at| *at = seq.unwrap_or(0).max(*at));
            }
            Err(_) => {
                let asked = sqlx::query("SELECT 1").execute(&mut line);
                match timeout(&**clock, ANSWER_WITHIN_MS, asked).await {
                    Ok(answer) => {
                        answer?;
                    }
                    Err(elapsed) => {
                        return Err(sqlx::Error::Io(std::io::Error::new(
                            std::io::ErrorKind::TimedOut,
                            elapsed.to_string(),
                        )));
                    }
                }
            }
        }
    }
}
