//! What a connection came to, for whoever watches over it: a key was offered, whose it was, who came in. What follows from that is
//! not decided here.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::Mutex;

use tokio_util::sync::CancellationToken;

use super::logbook::Named;
use super::people::Guest;
use crate::domain::word::LoginReason;

/// What a connection came to, for whoever watches over it.
#[derive(Debug, Default)]
pub struct LoginProgress {
    /// A key was offered.
    pub tried: AtomicBool,
    /// Cancelled when somebody logged in.
    pub logged_in: CancellationToken,
    /// Who it was.
    guest: Mutex<Option<Arc<Guest>>>,
    /// The known key that was named last.
    named: Mutex<Option<Named>>,
}

impl LoginProgress {
    /// Who logged in; waits until somebody has.
    pub async fn guest(&self) -> Arc<Guest> {
        self.logged_in.cancelled().await;
        let guest = self.guest.lock().clone();
        match guest {
            Some(guest) => guest,
            None => std::future::pending().await,
        }
    }

    /// Somebody logged in.
    pub fn is(&self, guest: &Arc<Guest>) {
        let mut known = self.guest.lock();
        *known = Some(guest.clone());
        self.logged_in.cancel();
    }

    /// The key that this door knows or knew and that was named last.
    pub fn named(&self) -> Option<Named> {
        let named = self.named.lock();
        named.clone()
    }

    /// A known key was named, and this is to be told if nobody comes in by it.
    pub fn names(&self, person: String, key: String, reason: LoginReason) {
        let mut named = self.named.lock();
        *named = Some(Named {
            person,
            key,
            reason,
        });
    }
}
