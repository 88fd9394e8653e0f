//! How long somebody who came in may stay: as long as their key gives what it gave, and no longer than a connection lasts. Sessions
//! and the connection below them are held to the same.

use std::sync::Arc;

use tokio::sync::watch;

use super::people::Guest;
use super::roster::{Roster, Standing};
use crate::domain::instant::{Instant, Mono};
use crate::time::SharedClock;

/// What lets somebody stay.
#[derive(Clone)]
pub struct Tenure {
    roster: watch::Receiver<Arc<Roster>>,
    guest: Arc<Guest>,
    /// When the connection has lasted long enough.
    over_at: Mono,
    clock: SharedClock,
}

/// Why somebody has to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The key gives something else, or nothing.
    Lost,
    Expired,
    /// The connection has lasted long enough.
    Long,
}

impl Over {
    /// The exit code of the session that ends by it.
    pub fn code(self) -> i32 {
        match self {
            Over::Lost | Over::Expired => 4,
            Over::Long => 0,
        }
    }

    /// What is said to whoever has to go.
    pub fn sentence(self) -> &'static str {
        match self {
            Over::Lost => "your key no longer gives what it gave; log in again",
            Over::Expired => "your key has expired; ask who runs this door for a later expiry-time",
            Over::Long => "this session has lasted long enough; log in again",
        }
    }
}

impl Tenure {
    /// Of this guest, until `over_at` at most.
    pub fn new(
        roster: watch::Receiver<Arc<Roster>>,
        guest: Arc<Guest>,
        over_at: Mono,
        clock: SharedClock,
    ) -> Tenure {
        Tenure {
            roster,
            guest,
            over_at,
            clock,
        }
    }

    /// Why they have to go, if they have to.
    pub fn over(&mut self) -> Option<Over> {
        let Guest {
            grant, fingerprint, ..
        } = &*self.guest;
        let roster = self.roster.borrow_and_update();
        match roster.standing(fingerprint, grant, self.clock.now()) {
            Standing::Lost => Some(Over::Lost),
            Standing::Expired => Some(Over::Expired),
            Standing::Kept => (self.clock.mono() >= self.over_at).then_some(Over::Long),
        }
    }

    /// Ends when they have to go.
    pub async fn ended(&mut self) -> Over {
        loop {
            if let Some(over) = self.over() {
                return over;
            }
            tokio::select! {
                _ = self.roster.changed() => {}
                () = self.clock.sleep_until(self.over_at) => {}
            }
        }
    }

    /// When their key expires.
    pub fn expires_at(&self) -> Option<Instant> {
        self.roster.borrow().expires_at(&self.guest.fingerprint)
    }
}
