//! One attempt to deliver, and what its end means: for the page in the record, for the delivery in the outbox. Nothing is
//! written by an attempt whose lease another node has. How often and when attempts are made is `delivery`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;

use super::{context, silent, worker, written};
use crate::domain::command::Context;
use crate::domain::command::worker::{PageProgress, fail, left_behind, progress};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::incident::page::{Page, Reached};
use crate::domain::instant::Instant;
use crate::domain::span::Span;
use crate::domain::word::PageState;
use crate::paging::Sent;
use crate::server::outbox::{EXERCISE, ending};
use crate::server::state::ServerState;
use crate::server::trouble::Trouble;
use crate::store::claim::{Claimed, LONGEST_WAIT_MS};
use crate::store::{Delivery, Done, Found, Job, OutboxChange, Outcome, StoreError, Target};
use crate::time::timeout;

/// How long to wait after the store could not be read or written.
pub(super) const STORE_AGAIN_MS: i64 = 1_000;
/// The longest one attempt may take, whatever the courier does.
const ATTEMPT_WITHIN_MS: i64 = 15_000;
/// The first wait between two attempts; doubled each time.
const FIRST_AGAIN_MS: i64 = 1_000;
/// So long after a page was queued, the wait between two attempts stays short.
const URGENT_FOR_MS: i64 = 120_000;
/// The longest wait between two attempts in that time.
const URGENT_AGAIN_MS: i64 = 8_000;
/// How long a page that nobody takes is tried on one route; then it fails. Older than this, a page that has gone on since
/// wakes nobody any more.
pub const GIVE_UP_AFTER: Span = Span::minutes(4 * 60);
/// The same for what takes a page back.
const STAND_DOWN_FOR: Span = Span::minutes(60);

/// Why nobody knows how an attempt ended.
const CUT_OFF: &str = "the backend ended while it was being sent";

/// What shall become of a delivery before anything is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Send,
    /// The page is over, or on another route.
    Gone,
    /// The page goes on to its next route at this very instant; that is written first.
    Later,
    /// It has gone on to somebody else since, and lies too far back to wake anybody for.
    Stale,
}

fn wish(page: &Page, delivery: &Delivery, now: Instant) -> Wish {
    if !page.is_open() || page.step > delivery.step {
        return Wish::Gone;
    }
    if page.step < delivery.step {
        // Seen before the step that this delivery belongs to.
        return Wish::Send;
    }
    if page.escalates_at.is_some_and(|at| at <= now) {
        return Wish::Later;
    }
    let old = delivery.queued_at + GIVE_UP_AFTER.delta() < now;
    let gone_on = page.escalated_at.is_some_and(|at| at > delivery.queued_at);
    if old && gone_on {
        return Wish::Stale;
    }
    Wish::Send
}

/// Makes one attempt, and writes down what became of it. A page waits for no disk: while the store is full, what was not
/// taken is tried again from here.
pub async fn make(state: &Arc<ServerState>, claimed: &Claimed, unwritten: &Trouble) {
    let mut claimed = claimed.clone();
    let delivery = &claimed.delivery;
    if delivery.attempts == 0 && delivery.step == 0 && !delivery.stand_down && !claimed.repeat {
        let waited = state.clock.now() - delivery.queued_at;
        state.metrics.first_attempt(waited.num_milliseconds());
    }
    let mut ended = told(state, &claimed, unwritten).await;
    let mut again_at = None;
    loop {
        let (deciding, of, how) = (state.clone(), claimed.clone(), ended.clone());
        let job = job(state, &claimed, move |found| {
            decide(&deciding, &of, how.as_ref(), &found)
        });
        let error = match state.store.submit(job).await {
            Ok(Done::Superseded) => {
                tracing::warn!(
                    key = claimed.delivery.key,
                    result = ended.as_ref().map(Sent::word),
                    "another node has this delivery: how this attempt went is not written"
                );
                return;
            }
            Ok(_) => {
                unwritten.over();
                return;
            }
            Err(error) => error,
        };
        state.metrics.store_error(&error);
        unwritten.met(&error);
        let now = state.clock.mono();
        let due = *again_at.get_or_insert_with(|| {
            let wait = wait_ms(state, &claimed.delivery, ended.as_ref());
            wait.map(|ms| now + ms)
        });
        state.clock.sleep(STORE_AGAIN_MS).await;
        if state.ending.is_cancelled() {
            return;
        }
        // A store that is away may be another node's meanwhile: only a full one is known to be nobody's.
        let full = matches!(error, StoreError::Full(_));
        if full && due.is_some_and(|at| state.clock.mono() >= at) {
            claimed.repeat |= matches!(ended, Some(Sent::Unknown(_)));
            claimed.delivery.attempts = claimed.delivery.attempts.saturating_add(1);
            ended = told(state, &claimed, unwritten).await;
            again_at = None;
        }
    }
}

/// How long what ended so waits for another attempt; None: there is none by this route.
fn wait_ms(state: &ServerState, delivery: &Delivery, ended: Option<&Sent>) -> Option<i64> {
    let attempts = delivery.attempts.saturating_add(1);
    let age = (state.clock.now() - delivery.queued_at).num_milliseconds();
    match ended? {
        Sent::Accepted | Sent::Failed(_) => None,
        Sent::Unknown(_) if !state.courier.repeats(delivery) => None,
        Sent::Unknown(_) => Some(again_after_ms(attempts, age, None)),
        Sent::NotTaken { retry_after_ms, .. } => {
            Some(again_after_ms(attempts, age, *retry_after_ms))
        }
    }
}

/// Sends, and tells metrics and log how it ended.
async fn told(state: &Arc<ServerState>, claimed: &Claimed, unwritten: &Trouble) -> Option<Sent> {
    let delivery = &claimed.delivery;
    let ended = send(state, claimed, unwritten).await?;
    state.metrics.attempt(&delivery.route, &ended);
    // Why it went so stands in the record; the text of another system is not for the log.
    tracing::info!(
        incident = delivery.incident,
        page = delivery.page,
        team = delivery.team,
        route = delivery.route,
        attempt = delivery.attempts.saturating_add(1),
        result = ended.word(),
        "an attempt to deliver"
    );
    Some(ended)
}

fn job(
    state: &ServerState,
    claimed: &Claimed,
    decide: impl FnMut(Found) -> Outcome + Send + 'static,
) -> Job {
    Job {
        target: Target::Page(claimed.delivery.page.clone()),
        lease: Some(claimed.lease.clone()),
        idempotency: None,
        decide: Box::new(decide),
        now: state.clock.now(),
    }
}

/// How the attempt ended; None: nothing was to be sent.
async fn send(state: &Arc<ServerState>, claimed: &Claimed, unwritten: &Trouble) -> Option<Sent> {
    let delivery = &claimed.delivery;
    let incident = state.mirror.incident(&delivery.incident);
    if delivery.route == EXERCISE {
        return Some(Sent::Accepted);
    }
    if incident.as_ref().is_some_and(|incident| incident.exercise) {
        return Some(Sent::Failed("an exercise pages nobody".to_owned()));
    }
    if !delivery.stand_down {
        let page = incident.as_ref().and_then(|of| of.page(&delivery.page));
        let wish = page.map_or(Wish::Send, |of| wish(of, delivery, state.clock.now()));
        if wish != Wish::Send || !begin(state, claimed, unwritten).await {
            return None;
        }
    }
    if claimed.repeat && !state.courier.repeats(delivery) {
        return Some(Sent::Unknown(CUT_OFF.to_owned()));
    }
    let repeat = claimed.repeat && !state.courier.dedupes(delivery);
    let delivery = as_of_now(state, delivery, unwritten).await?;
    let sending = state.courier.deliver(&delivery, repeat);
    let sent = timeout(&*state.clock, ATTEMPT_WITHIN_MS, sending).await;
    Some(sent.unwrap_or_else(|_| Sent::Unknown("no answer in time".to_owned())))
}

/// What is to be sent, as it stands in the outbox: the incident may have been restricted, or marked higher, since this was
/// claimed, however often it was tried from memory. None: it is not wanted any more.
async fn as_of_now(
    state: &ServerState,
    claimed: &Delivery,
    unwritten: &Trouble,
) -> Option<Delivery> {
    let body = match state.store.delivery_body(&claimed.key).await {
        Ok(body) => body?,
        Err(error) => {
            // A page waits for no database. What another node changed in one that this node cannot reach it does not know:
            // then it says what was to be said when it was claimed.
            unwritten.met(&error);
            claimed.body.clone()
        }
    };
    Some(Delivery {
        body,
        ..claimed.clone()
    })
}

/// Writes down that an attempt begins where people may see a repeat, or where an earlier one was cut off. False: it is
/// not wanted any more.
async fn begin(state: &Arc<ServerState>, claimed: &Claimed, unwritten: &Trouble) -> bool {
    if !claimed.interrupted && state.courier.dedupes(&claimed.delivery) {
        return true;
    }
    let (deciding, of) = (state.clone(), claimed.clone());
    let wanted = Arc::new(AtomicBool::new(true));
    let told = wanted.clone();
    let job = job(state, claimed, move |found| {
        let (outcome, wanted) = begun(&deciding, &of, &found);
        told.store(wanted, Ordering::Relaxed);
        outcome
    });
    match state.store.submit(job).await {
        Ok(Done::Superseded) => false,
        Ok(_) => wanted.load(Ordering::Relaxed),
        Err(error) => {
            // A page does not wait for a store that is busy: that it may be a repeat is known already.
            state.metrics.store_error(&error);
            unwritten.met(&error);
            true
        }
    }
}

fn begun(state: &ServerState, claimed: &Claimed, found: &Found) -> (Outcome, bool) {
    let delivery = &claimed.delivery;
    let nothing = |wanted| (Outcome::Answer(silent()), wanted);
    let Found::Incident(incident) = found else {
        return nothing(true);
    };
    let Some(page) = incident.page(&delivery.page) else {
        return nothing(true);
    };
    if wish(page, delivery, state.clock.now()) != Wish::Send {
        return nothing(false);
    }
    let (next, error) = match page.state {
        // How the last attempt ended is not on record, and never will be.
        PageState::Queued | PageState::Sending if claimed.interrupted => {
            (PageState::Unknown, Some(CUT_OFF.to_owned()))
        }
        PageState::Queued => (PageState::Sending, page.last_error.clone()),
        same => (same, page.last_error.clone()),
    };
    let events = progress(
        incident,
        &PageProgress {
            page: page.id.clone(),
            state: next,
            attempts: page.attempts,
            last_error: error,
        },
    );
    let caller = worker();
    let context = context(state, &caller);
    let outcome = written(state, incident, events, &context, Vec::new());
    (outcome, true)
}

/// Milliseconds until the next attempt after so many: doubled each time, less up to a fifth by chance, never before the
/// other side allows it. `age_ms`: since the page was queued.
fn again_after_ms(attempts: u32, age_ms: i64, retry_after_ms: Option<i64>) -> i64 {
    let doubled = FIRST_AGAIN_MS << attempts.saturating_sub(1).min(10);
    let most = match age_ms < URGENT_FOR_MS {
        true => URGENT_AGAIN_MS,
        false => LONGEST_WAIT_MS,
    };
    let wait = doubled.min(most);
    let wait = wait - i64::from(rand::random::<u16>()) * (wait / 5) / 65_536;
    wait.max(retry_after_ms.unwrap_or(0).min(LONGEST_WAIT_MS))
}

/// What one delivery needs to be decided.
struct Deciding<'a> {
    state: &'a ServerState,
    incident: &'a Incident,
    context: Context<'a>,
    claimed: &'a Claimed,
    attempts: u32,
}

fn decide(state: &ServerState, claimed: &Claimed, ended: Option<&Sent>, found: &Found) -> Outcome {
    let Found::Incident(incident) = found else {
        return Outcome::Answer(silent());
    };
    let caller = worker();
    let made = u32::from(ended.is_some());
    let deciding = Deciding {
        state,
        incident,
        context: context(state, &caller),
        claimed,
        attempts: claimed.delivery.attempts.saturating_add(made),
    };
    let (events, change) = match incident.page(&claimed.delivery.page) {
        _ if claimed.delivery.stand_down => deciding.stand_down(ended),
        Some(page) => deciding.page(page, ended),
        None => (Vec::new(), vec![deciding.done()]),
    };
    written(state, incident, events, &deciding.context, change)
}

/// Events for the record, changes for the outbox.
type Decided = (Vec<Event>, Vec<OutboxChange>);

impl Deciding<'_> {
    fn done(&self) -> OutboxChange {
        OutboxChange::Done {
            key: self.claimed.delivery.key.clone(),
        }
    }

    fn age(&self) -> TimeDelta {
        self.context.now - self.claimed.delivery.queued_at
    }

    fn again(&self, after_ms: i64, unknown: bool) -> OutboxChange {
        OutboxChange::Retry {
            key: self.claimed.delivery.key.clone(),
            attempts: self.attempts,
            next_at: self.context.now + TimeDelta::milliseconds(after_ms),
            may_have_arrived: unknown || self.claimed.repeat,
        }
    }

    /// When it is worth another attempt, in milliseconds.
    fn after_ms(&self, ended: Option<&Sent>) -> Option<i64> {
        wait_ms(self.state, &self.claimed.delivery, ended)
    }

    fn stand_down(&self, ended: Option<&Sent>) -> Decided {
        let unknown = matches!(ended, Some(Sent::Unknown(_)));
        let change = match self.after_ms(ended) {
            Some(after_ms) if self.age() < STAND_DOWN_FOR.delta() => self.again(after_ms, unknown),
            Some(_) => {
                tracing::warn!(
                    key = self.claimed.delivery.key,
                    result = ended.map(Sent::word),
                    "a stand-down was given up"
                );
                self.done()
            }
            None => self.done(),
        };
        (Vec::new(), vec![change])
    }

    fn page(&self, page: &Page, ended: Option<&Sent>) -> Decided {
        let delivery = &self.claimed.delivery;
        if !page.is_open() || page.step != delivery.step {
            return self.left(page, ended);
        }
        let tell = |state, error: Option<&str>| {
            let told = PageProgress {
                page: page.id.clone(),
                state,
                attempts: self.attempts,
                last_error: error.map(|why| why.chars().take(200).collect()),
            };
            progress(self.incident, &told)
        };
        let Some(ended) = ended else {
            return match wish(page, delivery, self.context.now) {
                Wish::Stale => {
                    let why = format!("not sent: older than {GIVE_UP_AFTER}, and escalated since");
                    let events = tell(PageState::Expired, Some(&why));
                    (events, vec![self.done()])
                }
                _ => (Vec::new(), vec![self.again(STORE_AGAIN_MS, false)]),
            };
        };
        let (next, why) = match ended {
            // Whether it called anybody, a person finds out: it is not sent again by itself.
            Sent::Unknown(why) if !self.state.courier.repeats(delivery) => {
                let why = format!("{why}; not repeated: check there first");
                return (tell(PageState::Unknown, Some(&why)), vec![self.done()]);
            }
            Sent::Accepted => return (tell(PageState::Accepted, None), vec![self.done()]),
            Sent::Failed(why) => {
                let events = fail(self.incident, page, self.attempts, &cut(why), &self.context);
                return (events, vec![self.done()]);
            }
            Sent::Unknown(why) => (PageState::Unknown, why),
            // What may have arrived once stays unknown, however plainly it is refused afterwards.
            Sent::NotTaken { why, .. } if page.state == PageState::Unknown => {
                (PageState::Unknown, why)
            }
            Sent::NotTaken { why, .. } => (PageState::Queued, why),
        };
        if self.age() >= GIVE_UP_AFTER.delta() {
            let why = format!("gave up after {GIVE_UP_AFTER}: {why}");
            let events = fail(
                self.incident,
                page,
                self.attempts,
                &cut(&why),
                &self.context,
            );
            return (events, vec![self.done()]);
        }
        let after_ms = self.after_ms(Some(ended)).unwrap_or(LONGEST_WAIT_MS);
        let unknown = next == PageState::Unknown;
        (tell(next, Some(why)), vec![self.again(after_ms, unknown)])
    }

    /// Somebody answered meanwhile, or another route carries the page now; whoever got it is still to be told when it is over.
    fn left(&self, page: &Page, ended: Option<&Sent>) -> Decided {
        let delivery = &self.claimed.delivery;
        let accepted = ended == Some(&Sent::Accepted);
        let arrived = accepted || self.claimed.repeat || matches!(ended, Some(Sent::Unknown(_)));
        let reached = delivery.route.split_once('/').and_then(|(place, kind)| {
            Some(Reached {
                step: delivery.step,
                place: place.parse().ok()?,
                kind: kind.to_owned(),
                accepted,
            })
        });
        let mut changes = vec![self.done()];
        let Some(reached) = reached.filter(|_| arrived) else {
            return (Vec::new(), changes);
        };
        if page.is_open() {
            return (left_behind(self.incident, &page.id, reached), changes);
        }
        let now = self.context.now;
        changes.extend(ending(self.state, self.incident, page, &reached, None, now));
        (Vec::new(), changes)
    }
}

fn cut(why: &str) -> String {
    why.chars().take(200).collect()
}

#[cfg(test)]
mod tests;
