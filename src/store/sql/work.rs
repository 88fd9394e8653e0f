//! What the writer is asked, and how each work is carried out inside its transaction: alone, so that one that fails takes
//! nothing of the others along. When transactions begin and end is the writer's business.

use tokio::sync::oneshot;

use super::db::{Db, sql};
use super::engine::Engine;
use super::job::State;
use super::row::{ROWS, int, token_line};
use super::{closed, outbox, poll, put};
use crate::domain::instant::Instant;
use crate::store::claim::{Claim, Claims, Lease};
use crate::store::poll::{Tend, Tended};
use crate::store::{Done, Job, Logins, StoreError, Token};

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
    Logins(Box<Logins>, Reply<bool>),
    Claim(Box<Claim>, Reply<Claims>),
    /// Leases, the asking node's time, and how many milliseconds they hold from now on.
    Renew(Vec<Lease>, Instant, i64, Reply<Vec<Lease>>),
    Tend(Box<Tend>, Reply<Tended>),
    PutToken(Box<Token>, Reply<bool>),
    RevokeToken(String, Instant, Reply<bool>),
    TouchToken(String, Instant, Reply<()>),
    /// Kept unless there is one of this name.
    Setting(String, Vec<u8>, Reply<Vec<u8>>),
    /// At most so many of each kind.
    Forget(Instant, Reply<bool>),
    Ready(Reply<()>),
    Close(oneshot::Sender<()>),
}

impl Work {
    /// Answers whoever asked.
    pub(super) fn settle(self, committed: Result<(), StoreError>) {
        match self {
            Work::Job(_, reply) => reply.settle(committed),
            Work::Claim(_, reply) => reply.settle(committed),
            Work::Renew(_, _, _, reply) => reply.settle(committed),
            Work::Tend(_, reply) => reply.settle(committed),
            Work::PutToken(_, reply)
            | Work::RevokeToken(_, _, reply)
            | Work::Logins(_, reply)
            | Work::Forget(_, reply) => reply.settle(committed),
            Work::TouchToken(_, _, reply) | Work::Ready(reply) => {
                reply.settle(committed);
            }
            Work::Setting(_, _, reply) => reply.settle(committed),
            Work::Close(reply) => drop(reply),
        }
    }
}

/// Carries out one work so that it can be taken back alone: whether readers have news. An error says that the whole
/// transaction is gone.
pub(super) async fn carry_out<E: Engine>(
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
        Work::Logins(logins, reply) => (reply.keep(state.put_logins(db, logins).await), false),
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
                poll::tend(db, tend, now).await
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
    put::put_token(db, &token_line(token)).await?;
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

/// True where there may be more: the works beside it in its transaction do not wait for all of a month.
async fn forget(db: &mut Db, before: i64) -> Result<bool, StoreError> {
    let answers = sql(
        "DELETE FROM answer WHERE (token, key) IN (SELECT token, key FROM answer WHERE at < $1 LIMIT $2)",
    );
    let done = sql(
        "DELETE FROM outbox WHERE key IN (SELECT key FROM outbox WHERE done = 1 AND queued_at < $1 LIMIT $2)",
    );
    let mut more = false;
    for old in [answers, done] {
        let forgotten = old.bind(before).bind(ROWS).run(db).await?;
        more |= int(forgotten) >= ROWS;
    }
    Ok(more)
}
