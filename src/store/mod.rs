//! The port of the store: one writer that batches, one feed that never skips, and what a backend must remember.
//! Adapters stand beside it (`sqlite` and `postgres`, over what both share in `sql`); what a command does is decided by
//! the caller's closure inside the transaction.

pub mod archive;
pub mod audit;
pub mod chain;
pub mod claim;
pub mod poll;
pub mod postgres;
pub mod replay;
mod sql;
pub mod sqlite;
mod tally;

use std::sync::Arc;

use futures::future::BoxFuture;

use self::claim::{Claim, Claims, Lease};
use self::poll::{Tend, Tended};
pub use self::sql::restore::Restored;
use crate::domain::command::open::Allotted;
use crate::domain::command::redact::Unredactable;
pub use crate::domain::delivery::Delivery;
use crate::domain::event::Event;
use crate::domain::incident::{Incident, Stamp};
use crate::domain::instant::Instant;
use crate::domain::login::LoginNote;
use crate::domain::word::{Role, Tlp, Via};

pub use tally::{Spread, Tally};

/// What the store could not do, and what to do about it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database is away or broken.
    #[error(
        "the store is not available: {0}. Look at the disk or the database; nothing was written"
    )]
    Unavailable(String),
    /// No room is left where it is kept. What is on record can be read, and pages are sent on.
    #[error(
        "the store is full: {0}. Free some space there; nothing was written, and nothing needs to be restarted"
    )]
    Full(String),
    /// The database went away while it was told to commit, and has not come back to be asked.
    #[error(
        "it is not known whether the command was written: {0}. Send it again with the same Idempotency-Key once the database is back"
    )]
    Unknown(String),
    /// Another process has it.
    #[error("{0} is in use by another warboard; end that one, or give another --store")]
    InUse(String),
    /// The queue in front of the writer is full.
    #[error("the store is busy: {0} commands wait already. Try again in a second")]
    Busy(usize),
    /// What is stored cannot be read.
    #[error("the store holds something unreadable: {0}")]
    Corrupt(String),
    /// A backup could not be made or put back; a whole sentence.
    #[error("{0}")]
    Archive(String),
    /// A fault in warboard itself: a decision panicked, or asked for what cannot be.
    #[error("a command ended in a fault of warboard: {0}. Nothing was written; please report it")]
    Fault(String),
}

impl StoreError {
    /// The kind of error in one word, as metrics name it.
    pub const fn word(&self) -> &'static str {
        match self {
            StoreError::Unavailable(_) => "unavailable",
            StoreError::Full(_) => "full",
            StoreError::Unknown(_) => "unknown",
            StoreError::InUse(_) => "in_use",
            StoreError::Busy(_) => "busy",
            StoreError::Corrupt(_) => "corrupt",
            StoreError::Archive(_) => "archive",
            StoreError::Fault(_) => "fault",
        }
    }
}

/// Which incident a job is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A new one; the store allots id and codename. `upstream` (connector, key) already on record ends the job with that incident.
    New {
        prefix: String,
        upstream: Option<(String, String)>,
    },
    /// One on record.
    Incident(String),
    /// The same, and which of its pages nobody has begun to send.
    Paging(String),
    /// The one that holds this page.
    Page(String),
    /// One on record, of which one entry is to lose its texts.
    Redaction { incident: String, entry: u64 },
}

/// What a closure sees inside the transaction.
#[derive(Debug, Clone)]
pub enum Found {
    /// For `Target::New`.
    Allotted(Allotted),
    /// As it stands in this transaction, with everything written before it in the same batch.
    Incident(Arc<Incident>),
    /// For `Target::Paging`: `waiting` are the pages of which no attempt on any node was begun, by their first routes.
    Paging {
        incident: Arc<Incident>,
        waiting: Vec<String>,
    },
    /// For `Target::Redaction`: as it stands, and as it would stand had the entry never had its texts. Writing redacts the
    /// entry, forgets what remembered answers and finished deliveries of the incident said, and writes the rest as always.
    Redaction {
        incident: Arc<Incident>,
        without: Result<Box<Incident>, Unredactable>,
    },
    /// There is none.
    Nothing,
}

/// An answer as it is remembered under an idempotency key: enough to answer the same again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// `ETag` and `Location`, where the answer had them.
    pub etag: Option<String>,
    pub location: Option<String>,
    pub body: Vec<u8>,
}

impl Answer {
    /// One that says nothing but its status.
    pub fn empty(status: u16) -> Answer {
        Answer {
            status,
            etag: None,
            location: None,
            body: Vec::new(),
        }
    }
}

/// What a closure wants written.
#[derive(Debug, Clone)]
pub struct Changes {
    /// The incident after all events.
    pub incident: Incident,
    /// None: only the outbox and the answer change, and the incident stays as it was found.
    pub events: Vec<Event>,
    pub stamp: Stamp,
    pub outbox: Vec<OutboxChange>,
    pub answer: Answer,
}

/// What a closure decided: write, or answer without writing (a refusal, a 412, nothing to do).
#[derive(Debug, Clone)]
pub enum Outcome {
    Write(Box<Changes>),
    Answer(Answer),
}

/// A change to the outbox, in the command's transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxChange {
    /// A new delivery; a key that is there already stays as it is.
    Put(Delivery),
    /// Another attempt later.
    Retry {
        key: String,
        attempts: u32,
        next_at: Instant,
        /// This attempt may have arrived. Once that was so it stays so.
        may_have_arrived: bool,
    },
    /// No further attempt for this key.
    Done { key: String },
    /// The same, unless an attempt is under way: that one ends by itself, and tells then what it did.
    Withdraw { key: String },
    /// The same for all that a page sends, but for what takes it back.
    WithdrawPage { page: String },
    /// That it waits for a cap is on record.
    HeldBack { key: String },
    /// Another body for a delivery that is still to be made. `begun`: also where an attempt was, because something in it is
    /// no longer to be said; else every attempt has the body of the first.
    Reword {
        key: String,
        body: Vec<u8>,
        begun: bool,
    },
}

/// The idempotency key of a request, scoped to a token, with the digest of its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    pub token: String,
    pub key: String,
    /// sha256 of method, path and body.
    pub digest: [u8; 32],
}

/// Decides inside the transaction; it must be quick and cannot wait. It decides again, from what is then found, where the
/// database asks for the transaction to be tried once more.
pub type Decide = Box<dyn FnMut(Found) -> Outcome + Send>;

/// One unit of work for the writer. The idempotency key is looked at before the closure runs.
pub struct Job {
    pub target: Target,
    /// For how an attempt went, and for what a source said: nothing is decided if another node has the delivery, or the
    /// source, since.
    pub lease: Option<Lease>,
    pub idempotency: Option<Idempotency>,
    pub decide: Decide,
    /// When the job was made; the age of remembered answers counts from it.
    pub now: Instant,
}

/// How a job ended. Returned only after the transaction is on disk.
#[derive(Debug, Clone)]
pub enum Done {
    /// Written; `incident` as it now stands, `seq` of its last entry.
    Written {
        answer: Answer,
        incident: Arc<Incident>,
        seq: u64,
    },
    /// Nothing was written.
    Answered(Answer),
    /// The same request was answered before, by what is of no incident that is known: the same answer again.
    Replayed(Answer),
    /// The same request was answered before, about this incident as it stands now: whoever asks may no longer see what they
    /// were answered then. The answer's body is empty where something in it was redacted since.
    Retold {
        answer: Answer,
        incident: Arc<Incident>,
    },
    /// The same key with another body.
    KeyReused,
    /// The job's lease was lost to another node: nothing was decided.
    Superseded,
    /// `Target::New` with an upstream that is on record already.
    Known(Arc<Incident>),
}

/// One incident with the place of its last entry.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub seq: u64,
    pub incident: Arc<Incident>,
}

/// One entry as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub seq: u64,
    pub incident: String,
    pub version: u64,
    pub at: Instant,
    pub by: String,
    pub via: Via,
    pub kind: String,
    /// The event's body as JSON text; `[redacted]` stands where a text was taken out.
    pub body: String,
}

/// What stands as the incident of an entry that is of none: the house's own, as logins are.
pub const NO_INCIDENT: &str = "";

/// Logins that a door told, to be written as one.
#[derive(Debug, Clone)]
pub struct Logins {
    pub notes: Vec<LoginNote>,
    /// When the backend took them.
    pub at: Instant,
    /// A door that does not know whether it was heard tells the same again.
    pub idempotency: Idempotency,
}

/// A token as it is stored: never the secret, its sha256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The public part, `<id>` of `wb_<id>_<secret>`.
    pub id: String,
    pub name: String,
    pub sha256: [u8; 32],
    pub role: Role,
    pub counsel: bool,
    pub clearance: Tlp,
    pub services: Vec<String>,
    pub team: Option<String>,
    /// It speaks for people, and for nobody else.
    pub door: bool,
    pub created_at: Instant,
    pub expires_at: Instant,
    pub revoked_at: Option<Instant>,
    pub last_used_at: Option<Instant>,
}

/// What can be done with the record of a store beside whatever server has it: it is only read, each time from one state.
pub trait Record: Send {
    /// Walks the chain, replays every incident and looks at the rows beside them; in bounded memory. `noted` are ends of the
    /// chain that were noted elsewhere. What is wrong in the record is no error but a fault in the report.
    fn verify<'a>(
        &'a mut self,
        noted: &'a [audit::Noted],
    ) -> BoxFuture<'a, Result<audit::Report, StoreError>>;
    /// Copies everything out, as `archive` has it, after the record has proved itself; gives what was found then.
    fn backup<'a>(
        &'a mut self,
        made_at: Instant,
        into: &'a mut (dyn std::io::Write + Send),
    ) -> BoxFuture<'a, Result<audit::Report, StoreError>>;
}

/// What every store can do. Futures resolve when the work is on disk.
pub trait Store: Send + Sync {
    /// Puts a job before the writer; `Busy` at once when its queue is full.
    fn submit(&self, job: Job) -> BoxFuture<'_, Result<Done, StoreError>>;
    /// Every incident whose last entry lies after `seq`, by `seq`, at most `limit`. 0 reads all.
    fn since(&self, seq: u64, limit: usize) -> BoxFuture<'_, Result<Vec<Snapshot>, StoreError>>;
    /// The place of the feed: the seq of the last entry of any incident. The house's own entries move it not.
    fn head(&self) -> BoxFuture<'_, Result<u64, StoreError>>;
    /// The end of the chain: the last entry's place and hash.
    fn chain_head(&self) -> BoxFuture<'_, Result<chain::Head, StoreError>>;
    /// Tells whenever something was committed; readers always re-read.
    fn wake(&self) -> tokio::sync::watch::Receiver<u64>;
    /// The epoch of this store: cursors of another are foreign.
    fn epoch(&self) -> &str;
    /// Entries of an incident after `after`, oldest first, at most `limit`; of `NO_INCIDENT` the house's own.
    fn timeline(
        &self,
        incident: &str,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>>;
    /// Writes logins down, in the chain as every entry. False: another request had this key. What was written is not again.
    fn put_logins(&self, logins: Logins) -> BoxFuture<'_, Result<bool, StoreError>>;
    /// Hands out deliveries whose time has come, each under a lease: no other node gets it until the lease has run out on
    /// the database's clock. Resolves when the leases are on disk, so that a repeat after a crash is known to be one.
    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Claims, StoreError>>;
    /// Makes leases hold for so many milliseconds from now; gives those that were lost.
    fn renew(
        &self,
        leases: Vec<Lease>,
        now: Instant,
        lease_ms: i64,
    ) -> BoxFuture<'_, Result<Vec<Lease>, StoreError>>;
    /// Gives the lease of a connector, or keeps it, where no other node has it; and tells what the one that has it told.
    fn tend(&self, tend: Tend) -> BoxFuture<'_, Result<Tended, StoreError>>;
    /// The earliest instant at which a delivery is due, or was; one that is under way counts until it has ended.
    fn next_delivery_at(&self) -> BoxFuture<'_, Result<Option<Instant>, StoreError>>;
    /// What a delivery says as of now; None: it is not to be made any more.
    fn delivery_body(&self, key: &str) -> BoxFuture<'_, Result<Option<Vec<u8>>, StoreError>>;
    /// The token with this public id.
    fn token(&self, id: &str) -> BoxFuture<'_, Result<Option<Token>, StoreError>>;
    fn tokens(&self) -> BoxFuture<'_, Result<Vec<Token>, StoreError>>;
    /// Fails if the name is taken by a token that still works.
    fn put_token(&self, token: Token) -> BoxFuture<'_, Result<bool, StoreError>>;
    /// False if no working token has this name.
    fn revoke_token(&self, name: &str, at: Instant) -> BoxFuture<'_, Result<bool, StoreError>>;
    /// Remembers that a token was used; may be coalesced.
    fn touch_token(&self, id: &str, at: Instant) -> BoxFuture<'_, Result<(), StoreError>>;
    /// A small value a backend keeps between starts (its signing key, ...), made by `make` the first time.
    fn setting(
        &self,
        name: &str,
        make: Box<dyn FnOnce() -> Vec<u8> + Send>,
    ) -> BoxFuture<'_, Result<Vec<u8>, StoreError>>;
    /// Drops answers remembered before `at` (30 days ago), and deliveries that were queued before it and are done: a thousand
    /// of each at most, so that nobody waits long for it. True: there may be more.
    fn forget_answers_before(&self, at: Instant) -> BoxFuture<'_, Result<bool, StoreError>>;
    /// Whether the store can be written now.
    fn ready(&self) -> BoxFuture<'_, Result<(), StoreError>>;
    /// What was written since the store was opened, counted.
    fn tally(&self) -> Arc<Tally>;
    /// Ends the writer after what is queued is on disk.
    fn close(&self) -> BoxFuture<'_, ()>;
}
