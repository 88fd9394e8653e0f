//! The one writer of a node: it drains a bounded queue into one transaction at a time and answers only after the commit.
//! One lock, one sync and one append to the chain for as many commands as waited meanwhile.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::db::{Db, Watch, sql};
use super::engine::{Engine, Failing, Wait};
use super::job::State;
use super::row::int;
use super::{closed, error, intake, outbox};
use crate::domain::instant::Instant;
use crate::store::chain::Head;
use crate::store::claim::{Claim, Claims, Lease};
use crate::store::intake::{Tend, Tended};
use crate::store::{Done, Job, StoreError, Tally, Token};

/// Most works in one transaction: its commit is what the first of them waits for.
const BATCH: usize = 256;

/// Who waits for a work, and what they will hear once it is committed.
pub(super) struct Reply<T> {
    to: oneshot::Sender<Result<T, StoreError>>,
    result: Result<T, StoreError>,
}

impl<T> Reply<T> {
    pub(super) fn new(to: oneshot::Sender<Result<T, StoreError>>) -> Reply<T> {
        Reply {
            to,
            result: Err(closed()),
        }
    }

    /// Keeps the result until the commit; true where it is none.
    fn keep(&mut self, result: Result<T, StoreError>) -> bool {
        self.result = result;
        self.result.is_err()
    }

    fn settle(self, committed: Result<(), StoreError>) {
        // Whoever asked may be gone; what was written stays written.
        let _ = self.to.send(committed.and(self.result));
    }
}

/// What the writer is asked. Every work can be carried out again where its transaction was not committed.
pub(super) enum Work {
    Job(Box<Job>, Reply<Done>),
    Claim(Box<Claim>, Reply<Claims>),
    /// Leases, the asking node's time, and how many milliseconds they hold from now on.
    Renew(Vec<Lease>, Instant, i64, Reply<Vec<Lease>>),
    Tend(Box<Tend>, Reply<Tended>),
    PutToken(Box<Token>, Reply<bool>),
    RevokeToken(String, Instant, Reply<bool>),
    TouchToken(String, Instant, Reply<()>),
    /// Kept unless there is one of this name.
    Setting(String, Vec<u8>, Reply<Vec<u8>>),
    Forget(Instant, Reply<()>),
    Ready(Reply<()>),
    Close(oneshot::Sender<()>),
}

impl Work {
    fn settle(self, committed: Result<(), StoreError>) {
        match self {
            Work::Job(_, reply) => reply.settle(committed),
            Work::Claim(_, reply) => reply.settle(committed),
            Work::Renew(_, _, _, reply) => reply.settle(committed),
            Work::Tend(_, reply) => reply.settle(committed),
            Work::PutToken(_, reply) | Work::RevokeToken(_, _, reply) => reply.settle(committed),
            Work::TouchToken(_, _, reply) | Work::Forget(_, reply) | Work::Ready(reply) => {
                reply.settle(committed);
            }
            Work::Setting(_, _, reply) => reply.settle(committed),
            Work::Close(reply) => drop(reply),
        }
    }
}

/// How a try at a transaction ended.
enum Tried {
    /// On disk; whether readers have news.
    Committed(bool),
    /// Nothing was written.
    Failed(StoreError),
    /// COMMIT was sent and its answer never came. The end of the chain it would have made, where it made one.
    InDoubt(Option<Head>, StoreError),
}

impl From<StoreError> for Tried {
    fn from(error: StoreError) -> Tried {
        Tried::Failed(error)
    }
}

/// The writer and everything only it touches.
pub(super) struct Writer<E> {
    engine: Arc<E>,
    tally: Arc<Tally>,
    /// None after a failed commit: a connection whose sync failed is not trusted again.
    db: Option<Db>,
    /// What was given up with something unanswered: the database may still be at work for it, and hold the lock.
    former: Option<Arc<dyn Watch>>,
    state: State,
    wake: watch::Sender<u64>,
    /// Whether the last commit failed; `ready` then tries a real one.
    failed: bool,
}

impl<E: Engine> Writer<E> {
    pub(super) fn new(
        engine: Arc<E>,
        tally: Arc<Tally>,
        db: Db,
        state: State,
        wake: watch::Sender<u64>,
    ) -> Writer<E> {
        Writer {
            engine,
            tally,
            db: Some(db),
            former: None,
            state,
            wake,
            failed: false,
        }
    }

    /// Runs until it is told to close or nobody can ask any more.
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Work>) {
        let mut closing = Vec::new();
        while let Some(first) = queue.recv().await {
            let mut works = Vec::new();
            let mut next = Some(first);
            while let Some(work) = next {
                match work {
                    Work::Close(reply) => closing.push(reply),
                    work => works.push(work),
                }
                next = (works.len() < BATCH)
                    .then(|| queue.try_recv().ok())
                    .flatten();
            }
            self.tally.waiting(queue.len());
            if !works.is_empty() {
                self.batch(works).await;
            }
            if !closing.is_empty() {
                // What is queued already is still done; nothing new comes in.
                queue.close();
            }
        }
        if let Some(db) = self.db.take() {
            db.close().await;
        }
        for reply in closing {
            let _ = reply.send(());
        }
    }

    /// Tries until the transaction is committed, surely failed, or patience is at its end; then answers.
    async fn batch(&mut self, mut works: Vec<Work>) {
        let mut failing = Failing {
            tries: 0,
            in_doubt: false,
            again: self.failed,
        };
        let mut doubt = None;
        let committed = loop {
            let tried = match doubt.take() {
                Some(head) => self.look(head, &mut works).await,
                None => self.attempt(&mut works).await,
            };
            let error = match tried {
                Tried::Committed(news) => {
                    if std::mem::take(&mut self.failed) {
                        tracing::warn!("the store is written again");
                    }
                    self.tally.committed(works.len());
                    self.state.confirm();
                    self.remove_traces().await;
                    if news {
                        self.wake.send_replace(self.state.head.seq);
                    }
                    break Ok(());
                }
                Tried::Failed(error) => {
                    failing.in_doubt = false;
                    error
                }
                Tried::InDoubt(head, error) => {
                    failing.in_doubt = true;
                    doubt = Some(head);
                    error
                }
            };
            self.failed = true;
            self.tally.failed();
            self.give_up().await;
            failing.tries += 1;
            let may_pass = matches!(error, StoreError::Unavailable(_));
            if !may_pass || !self.engine.again(failing).await {
                if !failing.again {
                    // Once for as long as the store is away.
                    tracing::error!(%error, tries = failing.tries, "a batch was not written");
                }
                break Err(match failing.in_doubt {
                    true => StoreError::Unknown(error.to_string()),
                    false => error,
                });
            }
            if failing.tries == 1 && !failing.again {
                tracing::warn!(%error, "a batch is tried again");
            }
        };
        for work in works {
            work.settle(committed.clone());
        }
    }

    async fn attempt(&mut self, works: &mut [Work]) -> Tried {
        if let Err(error) = self.begin().await {
            return Tried::Failed(error);
        }
        self.carry_out_all(works).await
    }

    /// COMMIT was sent and not answered. Its transaction keeps the lock while it lives: with the lock in our hands it
    /// has ended, and either its last entry is there or nothing of it is.
    async fn look(&mut self, head: Option<Head>, works: &mut [Work]) -> Tried {
        let doubt = head.clone();
        let found = async {
            self.begin().await?;
            let (Some(head), Some(db)) = (head, self.db.as_mut()) else {
                return Ok(false);
            };
            let there = sql("SELECT hash FROM entry WHERE seq = $1").bind(int(head.seq));
            let there = async { Ok(there.optional::<(String,)>(db).await?) };
            let there = self.engine.within(Wait::Step, there).await?;
            Ok::<bool, StoreError>(there.is_some_and(|(hash,)| hash == head.hash))
        };
        match found.await {
            Err(error) => Tried::InDoubt(doubt, error),
            Ok(false) => self.carry_out_all(works).await,
            Ok(true) => {
                // Nothing was written on this connection; should its end not be heard, the next batch opens another.
                if let Some(db) = self.db.as_mut() {
                    let end = async { Ok(db.script("ROLLBACK").await?) };
                    if self.engine.within(Wait::Step, end).await.is_err() {
                        self.give_up().await;
                    }
                }
                Tried::Committed(true)
            }
        }
    }

    /// Every work in its savepoint, then the commit.
    async fn carry_out_all(&mut self, works: &mut [Work]) -> Tried {
        let before = self.state.head.seq;
        let Some(db) = self.db.as_mut() else {
            return Tried::Failed(StoreError::Unavailable("there is no connection".to_owned()));
        };
        let mut news = false;
        for work in works {
            let step = carry_out(&*self.engine, &mut self.state, self.failed, db, work);
            match self.engine.within(Wait::Step, step).await {
                Ok(written) => news |= written,
                Err(error) => return Tried::Failed(error),
            }
        }
        let moved = self.state.head.seq != before;
        news |= moved;
        let notes = async {
            if moved {
                self.state.note(db).await?;
            }
            if news {
                self.engine.tell(db, self.state.head.seq).await?;
            }
            Ok(())
        };
        if let Err(error) = self.engine.within(Wait::Step, notes).await {
            return Tried::Failed(error);
        }
        let mut refused = false;
        let commit = async {
            let done = db.script("COMMIT").await;
            refused = done.as_ref().is_err_and(error::is_refused);
            Ok(done?)
        };
        match self.engine.within(Wait::Step, commit).await {
            Ok(()) => Tried::Committed(news),
            Err(error) if refused => Tried::Failed(error),
            Err(error) => Tried::InDoubt(moved.then(|| self.state.head.clone()), error),
        }
    }

    async fn begin(&mut self) -> Result<(), StoreError> {
        let db = match self.db.as_mut() {
            Some(db) => db,
            None => {
                let (mut db, meta) = self.engine.open().await?;
                if meta.epoch != self.state.meta.epoch {
                    return Err(StoreError::Corrupt(
                        "another store stands in its place; start this backend again".to_owned(),
                    ));
                }
                let reload = async {
                    if let Some(former) = &self.former {
                        former.end(&mut db).await;
                    }
                    self.state.reload(&mut db).await
                };
                self.engine.within(Wait::Step, reload).await?;
                self.former = None;
                self.db.insert(db)
            }
        };
        let begin = async {
            let noted = self.engine.begin(db).await?;
            if noted.is_some_and(|head| head != self.state.head) {
                // Another node wrote meanwhile: what is kept at hand may be of before.
                self.state.reload(db).await?;
            }
            Ok(())
        };
        self.engine.within(Wait::Step, begin).await
    }

    /// After a redaction: before anybody is told that it is done, and again with later batches where a reader stood in the way.
    async fn remove_traces(&mut self) {
        if self.state.traces
            && let Some(db) = self.db.as_mut()
        {
            self.state.traces = !self.engine.purge(db).await;
        }
    }

    /// Ends a connection of which it is not known what it wrote; the next try opens another.
    async fn give_up(&mut self) {
        let Some(mut db) = self.db.take() else {
            return;
        };
        if db.is_clear() {
            let end = async { Ok(db.script("ROLLBACK").await?) };
            let _ = self.engine.within(Wait::Step, end).await;
        }
        if let Some(left) = db.close().await {
            self.former = Some(left);
        }
    }
}

/// Carries out one work so that it can be taken back alone: whether readers have news. An error says that the whole
/// transaction is gone.
async fn carry_out<E: Engine>(
    engine: &E,
    state: &mut State,
    suspect: bool,
    db: &mut Db,
    work: &mut Work,
) -> Result<bool, StoreError> {
    db.script("SAVEPOINT work").await?;
    let (failed, news) = match work {
        Work::Job(job, reply) => {
            let result = state.run(db, job).await;
            let news = matches!(result, Ok(Done::Written { .. }));
            (reply.keep(result), news)
        }
        Work::Claim(claim, reply) => {
            let claimed = async {
                let now = engine.now(db, claim.now).await?;
                outbox::claim(db, claim, now).await
            };
            (reply.keep(claimed.await), false)
        }
        Work::Renew(leases, now, lease_ms, reply) => {
            let renewed = async {
                let until = engine.now(db, *now).await?.saturating_add(*lease_ms);
                outbox::renew(db, leases, until).await
            };
            (reply.keep(renewed.await), false)
        }
        Work::Tend(tend, reply) => {
            let tended = async {
                let now = engine.now(db, tend.now).await?;
                intake::tend(db, tend, now).await
            };
            (reply.keep(tended.await), false)
        }
        Work::PutToken(token, reply) => (reply.keep(put_token(db, token).await), false),
        Work::RevokeToken(name, at, reply) => {
            (reply.keep(revoke_token(db, name, *at).await), false)
        }
        Work::TouchToken(id, at, reply) => {
            let touch = sql("UPDATE token SET last_used_at = $2 WHERE id = $1 AND coalesce(last_used_at, 0) < $2")
                .bind(id.as_str())
                .bind(at.timestamp_millis());
            (reply.keep(plain(db, touch).await), false)
        }
        Work::Setting(name, made, reply) => (reply.keep(setting(db, name, made).await), false),
        Work::Forget(before, reply) => (
            reply.keep(forget(db, before.timestamp_millis()).await),
            false,
        ),
        Work::Ready(reply) if suspect => {
            let write = sql(
                "INSERT INTO meta (name, value) VALUES ('ready', '') ON CONFLICT (name) DO UPDATE SET value = CASE meta.value WHEN '' THEN '.' ELSE '' END",
            );
            (reply.keep(plain(db, write).await), false)
        }
        Work::Ready(reply) => (reply.keep(Ok(())), false),
        Work::Close(_) => (false, false),
    };
    if failed && db.try_again {
        return Err(StoreError::Unavailable(
            "the transaction was ended by the database".to_owned(),
        ));
    }
    let end = match failed {
        // A full disk or a failed read may have ended the whole transaction, the works before included: this fails then.
        true => "ROLLBACK TO SAVEPOINT work; RELEASE SAVEPOINT work",
        false => "RELEASE SAVEPOINT work",
    };
    db.script(end).await?;
    Ok(news)
}

async fn plain(db: &mut Db, statement: super::db::Sql) -> Result<(), StoreError> {
    statement.run(db).await?;
    Ok(())
}

/// False where a token that works has the name, unless it is this one.
async fn put_token(db: &mut Db, token: &Token) -> Result<bool, StoreError> {
    let taken: Vec<(String,)> =
        sql("SELECT id FROM token WHERE name = $1 AND revoked_at IS NULL AND expires_at > $2")
            .bind(token.name.as_str())
            .bind(token.created_at.timestamp_millis())
            .all(db)
            .await?;
    if !taken.is_empty() {
        return Ok(taken.iter().any(|(id,)| *id == token.id));
    }
    sql("INSERT INTO token (id, name, sha256, role, counsel, clearance, services, team, created_at, expires_at, revoked_at, last_used_at, door) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)")
        .bind(token.id.as_str())
        .bind(token.name.as_str())
        .bind(&token.sha256[..])
        .bind(token.role.as_str())
        .bind(i64::from(token.counsel))
        .bind(token.clearance.as_str())
        .bind(serde_json::Value::from(token.services.clone()).to_string())
        .bind(token.team.as_deref())
        .bind(token.created_at.timestamp_millis())
        .bind(token.expires_at.timestamp_millis())
        .bind(token.revoked_at.map(|at| at.timestamp_millis()))
        .bind(token.last_used_at.map(|at| at.timestamp_millis()))
        .bind(i64::from(token.door))
        .run(db)
        .await?;
    Ok(true)
}

/// False where no working token has the name, unless it was this that ended it.
async fn revoke_token(db: &mut Db, name: &str, at: Instant) -> Result<bool, StoreError> {
    let at = at.timestamp_millis();
    sql("UPDATE token SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL AND expires_at > $2")
        .bind(name)
        .bind(at)
        .run(db)
        .await?;
    let ended: Option<(String,)> =
        sql("SELECT id FROM token WHERE name = $1 AND revoked_at = $2 LIMIT 1")
            .bind(name)
            .bind(at)
            .optional(db)
            .await?;
    Ok(ended.is_some())
}

/// The value that is kept under this name; `made` where there was none.
async fn setting(db: &mut Db, name: &str, made: &[u8]) -> Result<Vec<u8>, StoreError> {
    sql("INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
        .bind(name)
        .bind(made)
        .run(db)
        .await?;
    let kept: Option<(Vec<u8>,)> = sql("SELECT value FROM setting WHERE name = $1")
        .bind(name)
        .optional(db)
        .await?;
    kept.map(|(value,)| value)
        .ok_or_else(|| StoreError::Corrupt(format!("the setting {name} was not kept")))
}

async fn forget(db: &mut Db, before: i64) -> Result<(), StoreError> {
    plain(db, sql("DELETE FROM answer WHERE at < $1").bind(before)).await?;
    let done = sql("DELETE FROM outbox WHERE done = 1 AND queued_at < $1");
    plain(db, done.bind(before)).await
}
