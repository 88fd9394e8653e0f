//! Who polls a connector: of the nodes on one database one at a time, by a lease. It tells the others how far it has come; they
//! take over when it is gone. How the rows are kept is the adapter's; what is asked, `server::worker::sync`'s.

use super::claim::Lease;
use crate::domain::instant::Instant;

/// A node's wish to be, or to stay, the one that polls a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tend {
    /// The connector's name.
    pub connector: String,
    /// The name of the process.
    pub node: String,
    /// The time, for a database that has no clock of its own.
    pub now: Instant,
    /// How long the lease holds unless it is renewed, in milliseconds; 0 gives it back.
    pub lease_ms: i64,
    /// What the other nodes are told, by whoever has the lease; None leaves what was told.
    pub told: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tended {
    /// The lease, where this node has it.
    pub lease: Option<Lease>,
    /// What the node that has it told last; empty where it told nothing.
    pub told: String,
}
