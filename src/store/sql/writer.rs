//! The one writer of a node: it drains a bounded queue into one transaction at a time and answers only after the commit.
//! One lock, one sync and one append to the chain for as many commands as waited meanwhile.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::db::{Db, Watch, sql};
use super::engine::{Engine, Failing, Wait};
use super::error;
use super::job::State;
use super::row::int;
use super::work::{Work, carry_out};
use crate::store::chain::Head;
use crate::store::{StoreError, Tally};

/// Most works in one transaction: its commit is what the first of them waits for.
const BATCH: usize = 256;

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
    told: Told,
}

/// How many commits in a row tell that the store is written again.
const WRITTEN_AGAIN: u32 = 16;

/// What the log knows of a store that is not written. On a full disk a small transaction finds room that a large one does
/// not: it is told once all the same, and over when many have found room.
#[derive(Default)]
struct Told {
    away: bool,
    in_a_row: u32,
}

impl Told {
    /// Whether it is news that a transaction was not written.
    fn failed(&mut self) -> bool {
        self.in_a_row = 0;
        !std::mem::replace(&mut self.away, true)
    }

    /// Whether it is news that one was.
    fn written(&mut self) -> bool {
        self.in_a_row = self.in_a_row.saturating_add(1);
        let over = self.away && self.in_a_row >= WRITTEN_AGAIN;
        self.away &= !over;
        over
    }
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
            told: Told::default(),
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
        // Of one batch it is told that it is tried again, and that it was not written.
        let (mut doubt, known) = (None, self.told.away);
        let committed = loop {
            let tried = match doubt.take() {
                Some(head) => self.look(head, &mut works).await,
                None => self.attempt(&mut works).await,
            };
            let error = match tried {
                Tried::Committed(news) => {
                    self.failed = false;
                    if self.told.written() {
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
                self.told.failed();
                if !known {
                    // Once for as long as the store is away.
                    tracing::error!(%error, tries = failing.tries, "a batch was not written");
                }
                break Err(match failing.in_doubt {
                    true => StoreError::Unknown(error.to_string()),
                    false => error,
                });
            }
            if self.told.failed() {
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
            // It is as safe as it has to be once a commit behind it is: where replicas are waited for, this one waits.
            Ok(true) => match self.commit_behind().await {
                Ok(()) => Tried::Committed(true),
                Err(error) => Tried::InDoubt(doubt, error),
            },
        }
    }

    async fn commit_behind(&mut self) -> Result<(), StoreError> {
        let Some(db) = self.db.as_mut() else {
            return Ok(());
        };
        let commit = async {
            self.state.note(db).await?;
            Ok(db.script("COMMIT").await?)
        };
        self.engine.within(Wait::Step, commit).await
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_on_which_small_things_find_room_is_told_once() {
        let mut told = Told::default();
        assert!(!told.written());
        assert!(told.failed());
        for _ in 0..100 {
            assert!(!told.written(), "a small one");
            assert!(!told.failed(), "a large one");
        }
        let over: Vec<bool> = (0..2 * WRITTEN_AGAIN).map(|_| told.written()).collect();
        assert_eq!(over.iter().filter(|over| **over).count(), 1);
        assert!(told.failed(), "news again");
    }
}
