//! Which node asks a source: one at a time, by a lease in the store. The others follow the record, and tell readers what that
//! one says of the source; one of them takes over soon after it is gone. What is asked, and what comes of it, is `turn`.

use std::sync::Arc;

use tokio::sync::watch;

use crate::server::connector::{Ailment, PolledConnector};
use crate::server::state::ServerState;
use crate::server::trouble::Trouble;
use crate::store::StoreError;
use crate::store::claim::Lease;
use crate::store::poll::{Tend, Tended};
use crate::time::{Mono, timeout};

/// How long a lease holds unless it is renewed.
const LEASE_MS: i64 = 10_000;
/// How often it is renewed, and how often the others ask for it: a source is asked again within 13 s of a node's loss.
const TEND_AFTER_MS: i64 = 3_000;

/// The right to ask, as this node knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hold {
    pub(super) lease: Lease,
    /// When it ends unless it is renewed.
    until: Mono,
}

/// One source, and this node's right to ask it.
pub(super) struct Asker {
    pub state: Arc<ServerState>,
    pub polled: Arc<PolledConnector>,
    pub lease: Lease,
    pub(super) held: watch::Receiver<Option<Hold>>,
}

impl Asker {
    /// Whether nobody else can have the lease now: what is written there cannot be taken back here.
    pub fn may_write(&self) -> bool {
        let held = self.held.borrow();
        let mine = held.as_ref().filter(|hold| hold.lease == self.lease);
        mine.is_some_and(|hold| hold.until > self.state.clock.mono())
    }

    /// Waits until this node has it no longer.
    pub(super) async fn lost(&self) {
        let mut held = self.held.clone();
        let other = |hold: &Option<Hold>| hold.as_ref().is_none_or(|of| of.lease != self.lease);
        let _ended = held.wait_for(other).await;
    }
}

/// Gives the lease back, so that another node need not wait until it has run out.
pub async fn leave(state: &ServerState, polled: &PolledConnector) {
    if let Err(error) = tend(state, polled, 0, Some(polled.told())).await {
        tracing::debug!(%error, "a source's lease runs out by itself");
    }
}

async fn tend(
    state: &ServerState,
    polled: &PolledConnector,
    lease_ms: i64,
    told: Option<String>,
) -> Result<Tended, StoreError> {
    let wish = Tend {
        connector: polled.settings.name.clone(),
        node: state.node.clone(),
        now: state.clock.now(),
        lease_ms,
        told,
    };
    match timeout(&*state.clock, LEASE_MS, state.store.tend(wish)).await {
        Ok(tended) => tended,
        Err(elapsed) => Err(StoreError::Unavailable(elapsed.to_string())),
    }
}

/// Renews the lease, or asks for it, until the future is dropped.
pub(super) async fn keep(
    state: &ServerState,
    polled: &PolledConnector,
    held: &watch::Sender<Option<Hold>>,
) {
    let trouble = Trouble::new("a source is not asked: the store cannot say which node may");
    loop {
        let begun = state.clock.mono();
        let had = held.borrow().clone();
        match tend(state, polled, LEASE_MS, had.as_ref().map(|_| polled.told())).await {
            Ok(tended) => {
                trouble.over();
                if had.is_none() {
                    polled.hear(&tended.told);
                }
                let until = begun + LEASE_MS;
                held.send_replace(tended.lease.map(|lease| Hold { lease, until }));
            }
            Err(error) => {
                state.metrics.store_error(&error);
                trouble.met(&error);
                if had.is_none_or(|hold| hold.until <= state.clock.mono()) {
                    held.send_replace(None);
                    let ailment = Ailment::plain(&error.to_string());
                    polled.note(|progress| progress.trouble = vec![ailment]);
                }
            }
        }
        state.clock.sleep(TEND_AFTER_MS).await;
    }
}
