//! The board kept current: one poller a source, and the merged board that they replace as a whole. What is asked when
//! stands in `poller`, what an answer changes in `merge` and `load`.

mod ask;
mod backoff;
mod hub;
mod load;
mod merge;
mod offset;
mod poller;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::hub::Hub;
use self::poller::Poller;
use super::api::Api;
use crate::domain::board::Board;
use crate::domain::view::IncidentView;
use crate::time::SharedClock;

/// How long after a fault of a poller it begins anew.
const BEGIN_ANEW_AFTER_MS: i64 = 5_000;

/// Pollers of all sources and the board they keep. Dropping it stops them.
pub struct Watch {
    hub: Arc<Hub>,
    asks: watch::Sender<u64>,
    tasks: Vec<JoinHandle<()>>,
}

impl Watch {
    /// Starts polling at once; belongs to the tokio runtime it is called in.
    pub fn start(apis: Vec<Api>, clock: SharedClock) -> Watch {
        let names = apis.iter().map(Api::name);
        let hub = Arc::new(Hub::new(names));
        let asks = watch::Sender::new(0);
        let poll = |(index, api): (usize, Api)| {
            let (hub, asks, clock) = (hub.clone(), asks.subscribe(), clock.clone());
            tokio::spawn(async move {
                loop {
                    let poller =
                        Poller::new(api.clone(), index, hub.clone(), clock.clone(), asks.clone());
                    let Err(_) = AssertUnwindSafe(poller.run()).catch_unwind().await;
                    tracing::error!(source = api.name(), "a poller broke and begins anew");
                    clock.sleep(BEGIN_ANEW_AFTER_MS).await;
                }
            })
        };
        let tasks = apis.into_iter().enumerate().map(poll).collect();
        Watch { hub, asks, tasks }
    }

    /// The board, now and whenever it is replaced.
    pub fn board(&self) -> watch::Receiver<Arc<Board>> {
        self.hub.board()
    }

    /// Every source is asked at once, whatever it said about waiting; at most once a second.
    pub fn ask_now(&self) {
        self.asks.send_modify(|asks| *asks = asks.wrapping_add(1));
    }

    /// Takes in an incident that a source answered outside the feed, if it is newer than what the board has.
    pub fn take_in(&self, source: usize, incident: Arc<IncidentView>) {
        self.hub.change(source, |source| {
            let merged = merge::merged(&source.incidents, vec![incident], &[]);
            let changed = !Arc::ptr_eq(&merged, &source.incidents);
            source.incidents = merged;
            changed
        });
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
