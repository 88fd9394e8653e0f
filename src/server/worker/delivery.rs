//! Sends pages: claims what is due, many teams side by side, and keeps the leases of what is under way. A slow route holds up
//! nobody else. What one attempt does, and what its end means for the page, is `attempt`; who may go first, `store::claim`.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::join_all;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::attempt::{self, STORE_AGAIN_MS};
use super::{context, silent, worker, written};
use crate::domain::command::worker::{PageProgress, progress};
use crate::domain::word::PageState;
use crate::server::sending::{Begun, Sending};
use crate::server::state::{Rested, ServerState};
use crate::server::trouble::Trouble;
use crate::store::claim::{Claim, Claimed, Held, HeldBack, LONGEST_WAIT_MS, Lease, UnderWay};
use crate::store::{Found, Job, OutboxChange, Outcome, StoreError, Target};
use crate::time::timeout;

/// How long a lease holds unless it is renewed: after the loss of a node another one has its pages that soon, and the node
/// itself, started again, within ten seconds.
const LEASE_MS: i64 = 9_000;
/// How often the leases of what is under way are renewed.
const RENEW_AFTER_MS: i64 = 3_000;
/// The longest wait without looking into the outbox: another node may have ended before it could tell anybody.
const LOOK_AFTER_MS: i64 = 10_000;

/// What is being sent now, by key.
struct Desk {
    unwritten: Trouble,
    under_way: Mutex<HashMap<String, (UnderWay, i64)>>,
    /// How many attempts broke off: what was claimed before that by this node may have been sent.
    broken: AtomicU64,
    /// An attempt ended, or it is written that pages wait for a cap.
    ended: Notify,
}

impl Desk {
    fn under_way(&self) -> MutexGuard<'_, HashMap<String, (UnderWay, i64)>> {
        self.under_way.lock()
    }

    fn all(&self) -> Vec<UnderWay> {
        let under_way = self.under_way();
        under_way.values().map(|(of, _)| of.clone()).collect()
    }

    fn leases(&self) -> Vec<Lease> {
        let under_way = self.under_way();
        let lease = |(key, (_, fence)): (&String, &(UnderWay, i64))| Lease {
            of: Held::Delivery,
            key: key.clone(),
            fence: *fence,
        };
        under_way.iter().map(lease).collect()
    }

    fn take(self: &Arc<Desk>, claimed: &Claimed, sending: &Arc<Sending>) -> Seat {
        let delivery = &claimed.delivery;
        let of = UnderWay {
            key: delivery.key.clone(),
            team: delivery.team.clone(),
            route: delivery.route.clone(),
        };
        let fence = claimed.lease.fence;
        self.under_way().insert(delivery.key.clone(), (of, fence));
        Seat {
            desk: self.clone(),
            _begun: sending.begun(&delivery.page),
            key: delivery.key.clone(),
            is_whole: false,
        }
    }
}

/// A delivery's place on the desk; given back when the attempt ends, however it does.
struct Seat {
    desk: Arc<Desk>,
    /// The page is being sent for as long.
    _begun: Begun,
    key: String,
    /// The attempt came to its end.
    is_whole: bool,
}

impl Seat {
    /// How the attempt went is written, or another node's to write.
    fn leave(mut self) {
        self.is_whole = true;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if !self.is_whole {
            self.desk.broken.fetch_add(1, Ordering::Relaxed);
        }
        self.desk.under_way().remove(&self.key);
        self.desk.ended.notify_one();
    }
}

/// Works until `ending` is cancelled; then waits for what is under way.
pub async fn work(state: Arc<ServerState>, ending: CancellationToken) {
    let desk = Arc::new(Desk {
        unwritten: Trouble::new("how pages go cannot be written: they are sent all the same"),
        under_way: Mutex::default(),
        broken: AtomicU64::new(0),
        ended: Notify::new(),
    });
    let attempts = TaskTracker::new();
    let sending = async {
        tokio::select! {
            () = send_all(&state, &desk, &attempts) => {}
            () = ending.cancelled() => {}
        }
        attempts.close();
        attempts.wait().await;
    };
    tokio::select! {
        () = sending => {}
        () = renew_all(&state, &desk) => {}
    }
}

async fn send_all(state: &Arc<ServerState>, desk: &Arc<Desk>, attempts: &TaskTracker) {
    let mut wake = state.store.wake();
    let trouble = Trouble::new("the outbox cannot be read: pages wait");
    loop {
        let head = *wake.borrow_and_update();
        let wait = match look(state, desk, attempts).await {
            Ok(Looked { wait, rests }) => {
                trouble.over();
                if rests {
                    let until = state.clock.mono() + wait;
                    state.rested.send_replace(Some(Rested { head, until }));
                }
                wait
            }
            Err(error) => {
                state.metrics.store_error(&error);
                trouble.met(&error);
                STORE_AGAIN_MS
            }
        };
        let news = async {
            tokio::select! {
                changed = wake.changed() => changed.is_ok(),
                () = desk.ended.notified() => true,
            }
        };
        if let Ok(false) = timeout(&*state.clock, wait, news).await {
            return;
        }
    }
}

/// What a look into the outbox came to.
struct Looked {
    /// How long nothing else will be due, in milliseconds.
    wait: i64,
    /// Nothing was begun, and nothing is under way.
    rests: bool,
}

/// Begins what is due, and tells how long nothing else will be.
async fn look(
    state: &Arc<ServerState>,
    desk: &Arc<Desk>,
    attempts: &TaskTracker,
) -> Result<Looked, StoreError> {
    let now = state.clock.now();
    let next_at = state.store.next_delivery_at().await?;
    let wait = next_at.map_or(LOOK_AFTER_MS, |at| (at - now).num_milliseconds());
    if (1..=LONGEST_WAIT_MS).contains(&wait) {
        return Ok(Looked {
            wait: wait.min(LOOK_AFTER_MS),
            rests: true,
        });
    }
    let claims = state
        .store
        .claim(Claim {
            node: format!("{}-{}", state.node, desk.broken.load(Ordering::Relaxed)),
            now,
            lease_ms: LEASE_MS,
            under_way: desk.all(),
            caps: state.limits.caps,
        })
        .await?;
    let begins = !claims.taken.is_empty() || !claims.held_back.is_empty();
    let rests = !begins && desk.under_way().is_empty();
    for claimed in claims.taken {
        let (state, seat) = (state.clone(), desk.take(&claimed, &state.sending));
        attempts.spawn(async move {
            attempt::make(&state, &claimed, &seat.desk.unwritten).await;
            seat.leave();
        });
    }
    if !claims.held_back.is_empty() {
        let (state, desk) = (state.clone(), desk.clone());
        attempts.spawn(async move {
            let told = claims.held_back.into_iter();
            let told = join_all(told.map(|held| hold_back(&state, held))).await;
            if told.iter().all(Result::is_ok) {
                desk.ended.notify_one();
            }
        });
    }
    // What is due and not taken waits for an attempt to end, for a lease to run out, or for a quieter minute.
    Ok(Looked {
        wait: STORE_AGAIN_MS,
        rests,
    })
}

/// Keeps the leases of what is under way until the future is dropped.
async fn renew_all(state: &Arc<ServerState>, desk: &Arc<Desk>) {
    let trouble = Trouble::new("leases of deliveries cannot be renewed");
    let mut lost_before: Vec<Lease> = Vec::new();
    loop {
        state.clock.sleep(RENEW_AFTER_MS).await;
        let leases = desk.leases();
        if leases.is_empty() {
            continue;
        }
        let now = state.clock.now();
        match state.store.renew(leases, now, LEASE_MS).await {
            Ok(lost) => {
                trouble.over();
                // One whose end was written in the same moment has no lease either; it leaves its desk by itself.
                let under_way = desk.leases();
                let lost: Vec<Lease> = lost
                    .into_iter()
                    .filter(|of| under_way.contains(of))
                    .collect();
                for lease in lost.iter().filter(|lease| lost_before.contains(lease)) {
                    tracing::warn!(key = lease.key, "another node has taken over a delivery");
                }
                lost_before = lost;
            }
            Err(error) => {
                state.metrics.store_error(&error);
                trouble.met(&error);
            }
        }
    }
}

/// Writes down, once, that a page waits for a cap.
async fn hold_back(state: &Arc<ServerState>, held: HeldBack) -> Result<(), StoreError> {
    let deciding = state.clone();
    let page = held.page.clone();
    let job = Job {
        target: Target::Page(held.page.clone()),
        lease: None,
        idempotency: None,
        decide: Box::new(move |found| held_back(&deciding, &held, &found)),
        now: state.clock.now(),
    };
    let written = state.store.submit(job).await;
    if let Err(error) = &written {
        state.metrics.store_error(error);
        tracing::warn!(%error, page, "that a page is held back is not written yet");
    }
    written.map(drop)
}

fn held_back(state: &ServerState, held: &HeldBack, found: &Found) -> Outcome {
    let Found::Incident(incident) = found else {
        return Outcome::Answer(silent());
    };
    let waits = incident
        .page(&held.page)
        .filter(|page| page.state == PageState::Queued && page.attempts == 0);
    let events = waits.map_or_else(Vec::new, |page| {
        let told = PageProgress {
            page: page.id.clone(),
            state: page.state,
            attempts: page.attempts,
            last_error: Some(held.why.clone()),
        };
        progress(incident, &told)
    });
    let caller = worker();
    let context = context(state, &caller);
    let noted = OutboxChange::HeldBack {
        key: held.key.clone(),
    };
    written(state, incident, events, &context, vec![noted])
}
