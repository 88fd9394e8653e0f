//! Takes incidents in from the system they are kept in, and writes there what people decided here. Who may ask a source is
//! `lease`, what is done in one turn `turn`; one task a source goes on with both.

mod lease;
mod list;
mod memory;
mod note;
mod phase;
mod take;
mod turn;

use std::sync::Arc;

use rand::RngExt as _;
use tokio::sync::watch;

pub use lease::leave;

use crate::server::connector::PolledConnector;
use crate::server::state::ServerState;
use crate::store::claim::Lease;
use lease::{Asker, Hold, keep};
use memory::Memory;
use turn::ask;

/// Works until the future is dropped.
pub async fn work(state: Arc<ServerState>, polled: Arc<PolledConnector>) {
    let held = watch::Sender::new(None);
    let asking = ask_while_held(&state, &polled, held.subscribe());
    tokio::select! {
        () = keep(&state, &polled, &held) => {}
        () = asking => {}
    }
}

/// Turn after turn, for as long as this node has the lease.
async fn ask_while_held(
    state: &Arc<ServerState>,
    polled: &Arc<PolledConnector>,
    mut held: watch::Receiver<Option<Hold>>,
) {
    let mut memory = Memory::default();
    let mut last: Option<Lease> = None;
    let mut due = state.clock.mono();
    loop {
        let Ok(lease) = held
            .wait_for(Option::is_some)
            .await
            .map(|hold| hold.as_ref().map(|of| of.lease.clone()))
        else {
            return;
        };
        let Some(lease) = lease else { continue };
        // Another node asked meanwhile: what is remembered here is of before.
        if last.as_ref() != Some(&lease) {
            memory = Memory::default();
            last = Some(lease.clone());
        }
        let asker = Asker {
            state: state.clone(),
            polled: polled.clone(),
            lease,
            held: held.clone(),
        };
        let turn = async {
            state.clock.sleep_until(due).await;
            let wait = ask(&asker, &mut memory).await;
            // Several backends with one account must not ask in step.
            wait + rand::rng().random_range(0..=wait / 10)
        };
        tokio::select! {
            wait = turn => due = state.clock.mono() + wait,
            () = asker.lost() => {}
        }
    }
}
