//! Sends pages: at least once, with one key and one body on every attempt, many teams side by side. A slow route holds up
//! nobody else. What a route says is `paging`; what it means for the page is `domain::command::worker`.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{context, silent, worker, written};
use crate::domain::command::worker::{Progress, progress};
use crate::domain::incident::Incident;
use crate::domain::word::PageState;
use crate::server::outbox::{Attempt, EXERCISE, is_resolution};
use crate::server::state::ServerState;
use crate::store::{Delivery, Found, Job, OutboxChange, Outcome, Target};
use crate::time::timeout;

/// The longest one attempt may take, whatever the courier does.
const ATTEMPT_WITHIN_MS: i64 = 15_000;
/// The first wait between two attempts; doubled each time.
const FIRST_AGAIN_MS: i64 = 1_000;
/// The longest wait between two attempts.
const LAST_AGAIN_MS: i64 = 120_000;
/// How often it is tried to take a page back: nobody waits for it.
const RESOLUTION_ATTEMPTS: u32 = 8;
/// How long to wait after the store could not be read or written.
const STORE_AGAIN_MS: i64 = 1_000;
/// The longest wait without looking into the outbox.
const LOOK_AFTER_MS: i64 = 60_000;

/// What is being sent now.
#[derive(Default)]
struct UnderWay {
    keys: HashSet<String>,
    of_route: HashMap<String, usize>,
}

struct Desk {
    under_way: Mutex<UnderWay>,
    /// An attempt ended.
    ended: Notify,
}

fn route_name(delivery: &Delivery) -> String {
    format!("{}/{}", delivery.team, delivery.route)
}

impl Desk {
    fn under_way(&self) -> std::sync::MutexGuard<'_, UnderWay> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what may be sent now out of what is due.
    fn take(&self, due: Vec<Delivery>, state: &ServerState) -> Vec<Delivery> {
        let mut under_way = self.under_way();
        let mut taken = Vec::new();
        for delivery in due {
            let route = route_name(&delivery);
            let of_route = under_way.of_route.get(&route).copied().unwrap_or(0);
            let full = under_way.keys.len() >= state.limits.deliveries
                || of_route >= state.limits.deliveries_of_route;
            if full || under_way.keys.contains(&delivery.key) {
                continue;
            }
            under_way.keys.insert(delivery.key.clone());
            under_way.of_route.insert(route, of_route + 1);
            taken.push(delivery);
        }
        taken
    }

    fn put_back(&self, delivery: &Delivery) {
        let mut under_way = self.under_way();
        under_way.keys.remove(&delivery.key);
        let route = route_name(delivery);
        match under_way.of_route.get_mut(&route) {
            Some(n) if *n > 1 => *n -= 1,
            _ => {
                under_way.of_route.remove(&route);
            }
        }
        drop(under_way);
        self.ended.notify_one();
    }
}

/// Works until `ending` is cancelled; then waits for what is under way.
pub async fn work(state: Arc<ServerState>, ending: CancellationToken) {
    let desk = Arc::new(Desk {
        under_way: Mutex::new(UnderWay::default()),
        ended: Notify::new(),
    });
    let attempts = TaskTracker::new();
    let sending = send_all(&state, &desk, &attempts);
    tokio::select! {
        () = sending => {}
        () = ending.cancelled() => {}
    }
    attempts.close();
    attempts.wait().await;
}

async fn send_all(state: &Arc<ServerState>, desk: &Arc<Desk>, attempts: &TaskTracker) {
    let mut wake = state.store.wake();
    loop {
        wake.mark_unchanged();
        let wait = match look(state, desk, attempts).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::warn!(%error, "the outbox could not be read");
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

/// Begins what is due, and tells how long nothing else will be.
async fn look(
    state: &Arc<ServerState>,
    desk: &Arc<Desk>,
    attempts: &TaskTracker,
) -> Result<i64, crate::store::StoreError> {
    let now = state.clock.now();
    // One slow route may have many deliveries due: those behind it must still be found.
    let most = state.limits.deliveries * 16;
    let due = state.store.due_deliveries(now, most).await?;
    let waiting = !due.is_empty();
    for delivery in desk.take(due, state) {
        let (state, desk) = (state.clone(), desk.clone());
        attempts.spawn(async move {
            attempt(&state, &delivery).await;
            desk.put_back(&delivery);
        });
    }
    if waiting {
        // What is due and not taken waits for an attempt to end; the rest is found when the store is next looked into.
        return Ok(STORE_AGAIN_MS);
    }
    let next_at = state.store.next_delivery_at().await?;
    Ok(next_at.map_or(LOOK_AFTER_MS, |at| {
        (at - now).num_milliseconds().clamp(1, LOOK_AFTER_MS)
    }))
}

/// One attempt, and what became of it. A page waits for no store: while that can not be written, what was not taken is tried
/// again from here.
async fn attempt(state: &Arc<ServerState>, delivery: &Delivery) {
    let mut delivery = delivery.clone();
    let mut ended = send(state, &delivery, false).await;
    let (mut doubtful, mut unwritten) = (false, 0_u32);
    let mut again_at = None;
    loop {
        let (deciding, of, how) = (state.clone(), delivery.clone(), ended.clone());
        let job = Job {
            target: Target::Page(delivery.page.clone()),
            idempotency: None,
            decide: Box::new(move |found| decide(&deciding, &of, &how, &found)),
            now: state.clock.now(),
        };
        let Err(error) = state.store.submit(job).await else {
            return;
        };
        if unwritten == 0 {
            tracing::warn!(%error, page = delivery.page, "how a page went is not written yet");
        }
        unwritten = unwritten.saturating_add(1);
        let now = state.clock.mono();
        let due = *again_at
            .get_or_insert_with(|| again_after_of(&ended, delivery.attempts).map(|ms| now + ms));
        state.clock.sleep(STORE_AGAIN_MS).await;
        if state.ending.is_cancelled() {
            return;
        }
        if due.is_some_and(|at| state.clock.mono() >= at) {
            doubtful |= matches!(ended, Attempt::Unknown(_));
            delivery.attempts = delivery.attempts.saturating_add(1);
            ended = send(state, &delivery, doubtful).await;
            again_at = None;
        }
    }
}

/// When what ended so is worth another attempt; None: never by this route.
fn again_after_of(ended: &Attempt, attempts: u32) -> Option<i64> {
    let attempts = attempts.saturating_add(1);
    match ended {
        Attempt::Accepted | Attempt::Failed(_) => None,
        Attempt::Unknown(_) => Some(again_after_ms(attempts, None)),
        Attempt::Refused { retry_after_ms, .. } => Some(again_after_ms(attempts, *retry_after_ms)),
    }
}

/// Sends once. `doubtful`: an attempt that is not on record may have arrived.
async fn send(state: &Arc<ServerState>, delivery: &Delivery, doubtful: bool) -> Attempt {
    let incident = state.mirror.incident(&delivery.incident);
    let exercise = incident.is_some_and(|incident| incident.exercise);
    if delivery.route == EXERCISE {
        return Attempt::Accepted;
    }
    if exercise {
        return Attempt::Failed("an exercise pages nobody".to_owned());
    }
    let repeat = begin(state, delivery).await || doubtful;
    let sending = state.courier.deliver(delivery, repeat);
    timeout(&*state.clock, ATTEMPT_WITHIN_MS, sending)
        .await
        .unwrap_or_else(|_| Attempt::Unknown("no answer in time".to_owned()))
}

/// Whether an earlier attempt may have arrived, where its receiver cannot tell a repeat itself. That this one begins is
/// written down first: should the backend end before it knows how it went, the next attempt is a repeat.
async fn begin(state: &Arc<ServerState>, delivery: &Delivery) -> bool {
    if is_resolution(delivery) || state.courier.dedupes(delivery) {
        return false;
    }
    let repeat = Arc::new(AtomicBool::new(false));
    let (deciding, of, found_repeat) = (state.clone(), delivery.clone(), repeat.clone());
    let job = Job {
        target: Target::Page(delivery.page.clone()),
        idempotency: None,
        decide: Box::new(move |found| {
            let (outcome, may_have_arrived) = begun(&deciding, &of, &found);
            found_repeat.store(may_have_arrived, Ordering::Relaxed);
            outcome
        }),
        now: state.clock.now(),
    };
    if let Err(error) = state.store.submit(job).await {
        // A page does not wait for a store that is busy.
        tracing::warn!(%error, page = delivery.page, "that a page is being sent is not written");
        let incident = state.mirror.incident(&delivery.incident);
        let page = incident.and_then(|incident| incident.page(&delivery.page).cloned());
        return page.is_some_and(|page| may_have_arrived(page.state));
    }
    repeat.load(Ordering::Relaxed)
}

const fn may_have_arrived(state: PageState) -> bool {
    matches!(state, PageState::Sending | PageState::Unknown)
}

fn begun(state: &ServerState, delivery: &Delivery, found: &Found) -> (Outcome, bool) {
    let incident = match found {
        Found::Incident(incident) => incident,
        _ => return (Outcome::Answer(silent()), false),
    };
    let page = incident.page(&delivery.page);
    let Some(page) = page.filter(|page| page.is_open() && page.step == delivery.step) else {
        return (Outcome::Answer(silent()), false);
    };
    let next = match page.state {
        PageState::Queued => PageState::Sending,
        // The last attempt's end is not on record, and never will be.
        PageState::Sending => PageState::Unknown,
        same => same,
    };
    let events = progress(
        incident,
        &Progress {
            page: page.id.clone(),
            state: next,
            attempts: page.attempts,
            last_error: page.last_error.clone(),
        },
    );
    let caller = worker();
    let context = context(state, &caller);
    let outcome = written(state, incident, events, &context, Vec::new());
    (outcome, may_have_arrived(page.state))
}

/// Milliseconds until the next attempt after so many: doubled each time, with a fifth of jitter, never before the other
/// side allows it.
fn again_after_ms(attempts: u32, retry_after_ms: Option<i64>) -> i64 {
    let doubled = FIRST_AGAIN_MS << attempts.saturating_sub(1).min(10);
    let wait = doubled.min(LAST_AGAIN_MS);
    let jitter = wait / 5;
    let wait = wait - jitter + i64::from(rand::random::<u16>()) * 2 * jitter / 65_536;
    wait.max(retry_after_ms.unwrap_or(0).min(LAST_AGAIN_MS))
}

fn decide(state: &ServerState, delivery: &Delivery, ended: &Attempt, found: &Found) -> Outcome {
    let Found::Incident(incident) = found else {
        return Outcome::Answer(silent());
    };
    let caller = worker();
    let context = context(state, &caller);
    let attempts = delivery.attempts.saturating_add(1);
    let current = incident
        .page(&delivery.page)
        .is_some_and(|page| page.is_open() && page.step == delivery.step);
    let done = OutboxChange::Done {
        key: delivery.key.clone(),
    };
    if is_resolution(delivery) {
        let change = match ended {
            Attempt::Unknown(_) | Attempt::Refused { .. } if attempts < RESOLUTION_ATTEMPTS => {
                OutboxChange::Retry {
                    key: delivery.key.clone(),
                    attempts,
                    next_at: context.now + TimeDelta::milliseconds(again_after_ms(attempts, None)),
                }
            }
            _ => done,
        };
        return written(state, incident, Vec::new(), &context, vec![change]);
    }
    if !current {
        // Somebody answered, or another route carries it now.
        return written(state, incident, Vec::new(), &context, vec![done]);
    }
    let (outcome, error, after) = match ended {
        Attempt::Accepted => (PageState::Accepted, None, None),
        Attempt::Failed(why) => (PageState::Failed, Some(why), None),
        Attempt::Unknown(why) => (
            PageState::Unknown,
            Some(why),
            Some(again_after_ms(attempts, None)),
        ),
        Attempt::Refused {
            why,
            retry_after_ms,
        } => (
            refused_state(incident, &delivery.page),
            Some(why),
            Some(again_after_ms(attempts, *retry_after_ms)),
        ),
    };
    let change = after.map_or(done, |ms| OutboxChange::Retry {
        key: delivery.key.clone(),
        attempts,
        next_at: context.now + TimeDelta::milliseconds(ms),
    });
    let events = progress(
        incident,
        &Progress {
            page: delivery.page.clone(),
            state: outcome,
            attempts,
            last_error: error.map(|why| why.chars().take(200).collect()),
        },
    );
    written(state, incident, events, &context, vec![change])
}

/// A page that may have arrived once stays unknown, however plainly it is refused afterwards.
fn refused_state(incident: &Incident, page: &str) -> PageState {
    match incident.page(page).map(|page| page.state) {
        Some(PageState::Unknown) => PageState::Unknown,
        _ => PageState::Queued,
    }
}
