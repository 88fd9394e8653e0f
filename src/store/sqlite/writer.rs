//! The one writer: it drains a bounded queue into one transaction at a time and answers only after the commit.
//! One lock, one sync and one append to the chain for as many commands as waited meanwhile.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection, query, query_scalar};
use tokio::sync::{mpsc, oneshot, watch};

use super::job::State;
use super::lock::Lock;
use super::schema;
use crate::domain::instant::Instant;
use crate::store::{Done, Job, StoreError, Token};

/// Most works in one transaction: its commit is what the first of them waits for.
const BATCH: usize = 256;

pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;
/// Makes a setting's value the first time it is asked for.
pub(super) type Make = Box<dyn FnOnce() -> Vec<u8> + Send>;

/// What the writer is asked.
pub(super) enum Work {
    Job(Box<Job>, Reply<Done>),
    PutToken(Box<Token>, Reply<bool>),
    RevokeToken(String, Instant, Reply<bool>),
    TouchToken(String, Instant, Reply<()>),
    Setting(String, Make, Reply<Vec<u8>>),
    Forget(Instant, Reply<()>),
    Ready(Reply<()>),
    Close(oneshot::Sender<()>),
}

/// A reply that waits for the commit.
type Owed = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

fn owe<T: Send + 'static>(reply: Reply<T>, result: Result<T, StoreError>) -> Owed {
    Box::new(move |committed| {
        // Whoever asked may be gone; what was written stays written.
        let _ = reply.send(committed.and(result));
    })
}

/// The writer and everything only it touches.
pub(super) struct Writer {
    pub(super) options: SqliteConnectOptions,
    /// None after a failed commit: a connection whose sync failed is not trusted again.
    pub(super) db: Option<SqliteConnection>,
    pub(super) state: State,
    pub(super) wake: watch::Sender<u64>,
    /// Whether the last commit failed; `ready` then tries a real one.
    pub(super) failed: bool,
    /// Held until the last command is on disk.
    pub(super) lock: Option<Lock>,
}

impl Writer {
    /// Runs until it is told to close or nobody can ask any more.
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Work>) {
        let mut closing = Vec::new();
        while let Some(first) = queue.recv().await {
            let mut works = vec![first];
            while works.len() < BATCH
                && let Ok(work) = queue.try_recv()
            {
                works.push(work);
            }
            self.batch(works, &mut closing).await;
            if !closing.is_empty() {
                // What is queued already is still done; nothing new comes in.
                queue.close();
            }
        }
        if let Some(db) = self.db.take() {
            let _ = db.close().await;
        }
        drop(self.lock.take());
        for reply in closing {
            let _ = reply.send(());
        }
    }

    async fn batch(&mut self, works: Vec<Work>, closing: &mut Vec<oneshot::Sender<()>>) {
        let before = self.state.head.seq;
        let (mut owed, mut news) = (Vec::with_capacity(works.len()), false);
        let mut broken = self.begin().await.err();
        for work in works {
            if let Work::Close(reply) = work {
                closing.push(reply);
                continue;
            }
            match (&broken, self.db.as_mut()) {
                (None, Some(db)) => {
                    let (reply, changed, failed) =
                        carry_out(&mut self.state, self.failed, db, work).await;
                    owed.push(reply);
                    news |= changed;
                    // A full disk or a failed read may have ended the whole transaction, the jobs before included.
                    if failed && (self.state.torn || is_over(db).await) {
                        broken = Some(StoreError::Unavailable(
                            "the transaction was ended by the database".to_owned(),
                        ));
                    }
                }
                (error, _) => {
                    let error = error.clone().unwrap_or_else(|| {
                        StoreError::Unavailable("there is no connection".to_owned())
                    });
                    owed.push(refuse(work, error));
                }
            }
        }
        let committed = match broken {
            None => self.commit().await,
            Some(error) => Err(error),
        };
        if let Err(error) = &committed {
            tracing::error!(%error, "a batch was not written");
            self.failed = true;
            self.give_up().await;
        } else {
            self.failed = false;
            self.remove_traces().await;
            if news || self.state.head.seq != before {
                self.wake.send_replace(self.state.head.seq);
            }
        }
        for reply in owed {
            reply(committed.clone());
        }
    }

    async fn begin(&mut self) -> Result<(), StoreError> {
        if self.db.is_none() {
            let (mut db, meta) = schema::open(&self.options).await?;
            self.state = State::new(meta);
            self.state.reload(&mut db).await?;
            self.db = Some(db);
        }
        match self.db.as_mut() {
            Some(db) => {
                query("BEGIN IMMEDIATE").execute(db).await?;
                Ok(())
            }
            None => Err(StoreError::Unavailable("there is no connection".to_owned())),
        }
    }

    async fn commit(&mut self) -> Result<(), StoreError> {
        if let Some(db) = self.db.as_mut() {
            query("COMMIT").execute(db).await?;
        }
        Ok(())
    }

    /// After a redaction: before anybody is told that it is done, and again with later batches where a reader stood in the way.
    async fn remove_traces(&mut self) {
        if self.state.traces
            && let Some(db) = self.db.as_mut()
        {
            self.state.traces = !super::redact::purge(db).await;
        }
    }

    /// Ends a connection of which it is not known what it wrote; the next batch opens another.
    async fn give_up(&mut self) {
        if let Some(mut db) = self.db.take() {
            let _ = query("ROLLBACK").execute(&mut db).await;
            let _ = db.close().await;
        }
    }
}

/// Whether the transaction is gone: `BEGIN` fails inside one.
async fn is_over(db: &mut SqliteConnection) -> bool {
    query("BEGIN").execute(db).await.is_ok()
}

/// Carries out one work. The reply, whether readers of the outbox or the feed have news, and whether it failed.
async fn carry_out(
    state: &mut State,
    suspect: bool,
    db: &mut SqliteConnection,
    work: Work,
) -> (Owed, bool, bool) {
    fn plain<T: Send + 'static>(
        reply: Reply<T>,
        result: Result<T, sqlx::Error>,
    ) -> (Owed, bool, bool) {
        let failed = result.is_err();
        (owe(reply, result.map_err(StoreError::from)), false, failed)
    }
    match work {
        Work::Job(job, reply) => {
            let result = state.run(db, *job).await;
            let news = matches!(result, Ok(Done::Written { .. }));
            let failed = matches!(
                result,
                Err(StoreError::Unavailable(_) | StoreError::Corrupt(_))
            );
            (owe(reply, result), news, failed)
        }
        Work::PutToken(token, reply) => plain(reply, put_token(db, &token).await),
        Work::RevokeToken(name, at, reply) => {
            let at = at.timestamp_millis();
            let done = query("UPDATE token SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL AND expires_at > $2")
                .bind(name)
                .bind(at)
                .execute(db)
                .await;
            plain(reply, done.map(|done| done.rows_affected() > 0))
        }
        Work::TouchToken(id, at, reply) => {
            let done = query(
                "UPDATE token SET last_used_at = max(coalesce(last_used_at, 0), $2) WHERE id = $1",
            )
            .bind(id)
            .bind(at.timestamp_millis())
            .execute(db)
            .await;
            plain(reply, done.map(|_| ()))
        }
        Work::Setting(name, make, reply) => setting(db, &name, make, reply).await,
        Work::Forget(before, reply) => plain(reply, forget(db, before.timestamp_millis()).await),
        Work::Ready(reply) if suspect => {
            let done = query("INSERT INTO meta (name, value) VALUES ('ready', '') ON CONFLICT (name) DO UPDATE SET value = CASE value WHEN '' THEN '.' ELSE '' END")
                .execute(db)
                .await;
            plain(reply, done.map(|_| ()))
        }
        Work::Ready(reply) => (owe(reply, Ok(())), false, false),
        Work::Close(reply) => (Box::new(|_| drop(reply)), false, false),
    }
}

fn refuse(work: Work, error: StoreError) -> Owed {
    match work {
        Work::Job(_, reply) => owe(reply, Err(error)),
        Work::PutToken(_, reply) | Work::RevokeToken(_, _, reply) => owe(reply, Err(error)),
        Work::TouchToken(_, _, reply) | Work::Forget(_, reply) | Work::Ready(reply) => {
            owe(reply, Err(error))
        }
        Work::Setting(_, _, reply) => owe(reply, Err(error)),
        Work::Close(reply) => Box::new(|_| drop(reply)),
    }
}

async fn put_token(db: &mut SqliteConnection, token: &Token) -> Result<bool, sqlx::Error> {
    let taken: i64 = query_scalar(
        "SELECT count(*) FROM token WHERE name = $1 AND revoked_at IS NULL AND expires_at > $2",
    )
    .bind(&token.name)
    .bind(token.created_at.timestamp_millis())
    .fetch_one(&mut *db)
    .await?;
    if taken > 0 {
        return Ok(false);
    }
    query("INSERT INTO token (id, name, sha256, role, counsel, clearance, services, team, created_at, expires_at, revoked_at, last_used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
        .bind(&token.id)
        .bind(&token.name)
        .bind(&token.sha256[..])
        .bind(token.role.as_str())
        .bind(token.counsel)
        .bind(token.clearance.as_str())
        .bind(serde_json::Value::from(token.services.clone()).to_string())
        .bind(&token.team)
        .bind(token.created_at.timestamp_millis())
        .bind(token.expires_at.timestamp_millis())
        .bind(token.revoked_at.map(|at| at.timestamp_millis()))
        .bind(token.last_used_at.map(|at| at.timestamp_millis()))
        .execute(db)
        .await?;
    Ok(true)
}

async fn setting(
    db: &mut SqliteConnection,
    name: &str,
    make: Make,
    reply: Reply<Vec<u8>>,
) -> (Owed, bool, bool) {
    let kept = async |db: &mut SqliteConnection| {
        query_scalar::<_, Vec<u8>>("SELECT value FROM setting WHERE name = $1")
            .bind(name)
            .fetch_optional(db)
            .await
    };
    let result = match kept(db).await {
        Ok(Some(value)) => Ok(value),
        Ok(None) => match std::panic::catch_unwind(std::panic::AssertUnwindSafe(make)) {
            Ok(value) => query("INSERT INTO setting (name, value) VALUES ($1, $2)")
                .bind(name)
                .bind(&value)
                .execute(db)
                .await
                .map(|_| value)
                .map_err(StoreError::from),
            Err(_) => Err(StoreError::Fault(format!("making the setting {name}"))),
        },
        Err(error) => Err(error.into()),
    };
    let failed = matches!(result, Err(StoreError::Unavailable(_)));
    (owe(reply, result), false, failed)
}

async fn forget(db: &mut SqliteConnection, before: i64) -> Result<(), sqlx::Error> {
    query("DELETE FROM answer WHERE at < $1")
        .bind(before)
        .execute(&mut *db)
        .await?;
    query("DELETE FROM outbox WHERE done = 1 AND queued_at < $1")
        .bind(before)
        .execute(db)
        .await?;
    Ok(())
}
