//! Hearing of what other nodes commit: LISTEN, and a look every two seconds for what was not heard.
//! A notification only wakes; readers read again themselves.

use std::convert::Infallible;
use std::future::Future;

use futures::future::select;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::schema;
use crate::time::{SharedClock, timeout};

/// The channel that commits are told on.
pub(super) const CHANNEL: &str = "warboard";
/// How often readers look without having been told: a notification is lost while nobody listens.
const LOOK_AFTER_MS: i64 = 2_000;
/// How long nothing may be heard before the line is tried.
const QUIET_FOR_MS: i64 = 5_000;
/// How long a line may take to answer, and to be made.
const ANSWER_WITHIN_MS: i64 = 2_000;
const MADE_WITHIN_MS: i64 = 5_000;
/// How long to wait before another connection is made.
const AGAIN_AFTER_MS: i64 = 500;

/// Listens while it is kept.
#[derive(Debug)]
pub(super) struct Listener(JoinHandle<()>);

impl Listener {
    pub(super) fn start(
        options: PgConnectOptions,
        clock: SharedClock,
        wake: watch::Sender<u64>,
    ) -> Listener {
        let task = async move {
            let listening = std::pin::pin!(listen(&options, &clock, &wake));
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

async fn listen(
    options: &PgConnectOptions,
    clock: &SharedClock,
    wake: &watch::Sender<u64>,
) -> Infallible {
    let mut heard = true;
    loop {
        let Err(error) = hear(options, clock, wake, &mut heard).await;
        if std::mem::take(&mut heard) {
            tracing::warn!(%error, "other nodes are not heard at once; the database is looked at every two seconds");
        }
        clock.sleep(AGAIN_AFTER_MS).await;
    }
}

/// A line of its own that listens: what becomes of one that died is nothing to those that read.
async fn line(options: &PgConnectOptions) -> Result<PgListener, sqlx::Error> {
    let alone = PgPoolOptions::new()
        .max_connections(1)
        .after_connect(|connection, _| Box::pin(schema::limit(connection)))
        .connect_lazy_with(options.clone());
    let mut line = PgListener::connect_with(&alone).await?;
    line.eager_reconnect(false);
    line.listen(CHANNEL).await?;
    Ok(line)
}

async fn hear(
    options: &PgConnectOptions,
    clock: &SharedClock,
    wake: &watch::Sender<u64>,
    heard: &mut bool,
) -> Result<Infallible, sqlx::Error> {
    let mut line = within(clock, MADE_WITHIN_MS, line(options)).await?;
    *heard = true;
    // What was told while nobody listened is read now.
    wake.send_modify(|_| {});
    loop {
        match timeout(&**clock, QUIET_FOR_MS, line.try_recv()).await {
            Ok(told) => {
                let Some(told) = told? else {
                    return Err(late("the line was cut".to_owned()));
                };
                let seq = told.payload().parse().unwrap_or(0);
                wake.send_modify(|at| *at = seq.max(*at));
            }
            Err(_) => {
                let asked = sqlx::query("SELECT 1").execute(&mut line);
                within(clock, ANSWER_WITHIN_MS, asked).await?;
            }
        }
    }
}

async fn within<T>(
    clock: &SharedClock,
    ms: i64,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let answer = timeout(&**clock, ms, answer).await;
    answer.unwrap_or_else(|elapsed| Err(late(elapsed.to_string())))
}

fn late(why: String) -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, why))
}
