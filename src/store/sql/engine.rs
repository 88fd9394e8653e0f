//! The port between the shared store and its engines: how a connection is opened, how a transaction begins, how long a step may take.
//! Statements are no part of it: both engines speak the same.

use std::future::Future;

use tokio::sync::watch;

use super::db::{Db, Reader};
use crate::domain::instant::Instant;
use crate::store::StoreError;
use crate::store::chain::Head;

/// What is kept about the store itself.
#[derive(Debug, Clone)]
pub struct Meta {
    pub epoch: String,
    pub codename_start: u64,
}

/// What a transaction ended in before it is tried once more.
#[derive(Debug, Clone, Copy)]
pub struct Failing {
    /// How many tries failed so far.
    pub tries: u32,
    /// Whether the answer to a COMMIT is still missing: then more patience is due.
    pub in_doubt: bool,
    /// Whether the transaction before this one ended in failure too.
    pub again: bool,
}

/// How long an answer is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// On a reader's line that may have died while it lay idle: there are others, and to ask twice does no harm.
    Doubtful,
    /// As long as one step may take.
    Step,
}

/// One engine.
pub trait Engine: Send + Sync + 'static {
    /// Opens the writer's connection, with the tables brought to this version.
    ///
    /// # Errors
    /// The database is away, another program's, or a newer warboard's.
    fn open(&self) -> impl Future<Output = Result<(Db, Meta), StoreError>> + Send;

    /// Tidies, before this node serves, what the one before it left behind, where no other node can be at work.
    ///
    /// # Errors
    /// The database is away.
    fn inherit(&self, db: &mut Db) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Begins the writer's transaction and keeps every other writer out until it ends. Answers the end of the chain where
    /// another writer may have moved it.
    fn begin(&self, db: &mut Db) -> impl Future<Output = Result<Option<Head>, StoreError>> + Send;

    /// Whether no other process can write to the database while this one serves.
    fn is_sole(&self) -> bool;

    /// The time by which leases are given and run out, in milliseconds since 1970: the database's own where several nodes,
    /// each with a clock of its own, write to it; else the one given.
    fn now(
        &self,
        db: &mut Db,
        given: Instant,
    ) -> impl Future<Output = Result<i64, StoreError>> + Send;

    /// Removes, after a redaction was committed, what the engine itself still keeps of the text as it was. False where that
    /// must be tried again later.
    fn purge(&self, db: &mut Db) -> impl Future<Output = bool> + Send;

    /// Tells the other nodes, with the commit, that there is something new.
    fn tell(&self, db: &mut Db, seq: u64) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Begins to hear of other nodes, until `close`.
    fn listen(&self, wake: watch::Sender<u64>);

    /// A connection to read by.
    fn reader(&self) -> impl Future<Output = Result<Reader, StoreError>> + Send;

    /// A reader's connection broke: those opened before are not lent again.
    fn distrust(&self);

    /// Bounds what is said to the database at one time: nothing waits for ever on a line that hangs.
    fn within<T: Send>(
        &self,
        wait: Wait,
        step: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// Waits before a transaction is tried again; false: it is not.
    fn again(&self, failing: Failing) -> impl Future<Output = bool> + Send;

    /// Ends the readers and gives up what is held against other servers; the writer has ended.
    fn close(&self) -> impl Future<Output = ()> + Send;
}
