//! What time alone changes: a duty past its latest start, its due or its limit, the end of a hold, an alarm, a page nobody
//! answered. At each such instant one new version is made, so that readers of the feed hear of it. How it is counted is `domain`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures::future::join_all;

use super::{context, silent, worker, written};
use crate::domain::alarm;
use crate::domain::command::worker::{mended, overdue_pages, ring};
use crate::domain::duty;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::instant::Instant;
use crate::server::state::ServerState;
use crate::server::trouble::Trouble;
use crate::store::{Done, Found, Job, Outcome, StoreError, Target};
use crate::time::timeout;

/// The longest wait without looking at the wall clock again, which may have been set.
const LOOK_AFTER_MS: i64 = 60_000;
/// How long to wait after the store did not take a job.
const AGAIN_AFTER_MS: i64 = 1_000;
/// How many incidents are written at once.
const SIDE_BY_SIDE: usize = 16;
/// A status changes behind its instant, not at it.
const BEHIND: chrono::TimeDelta = chrono::TimeDelta::milliseconds(1);

/// Which incident time changes next, and when.
#[derive(Default)]
struct Schedule {
    seen: u64,
    by_time: BTreeSet<(Instant, String)>,
    of: HashMap<String, Instant>,
}

impl Schedule {
    fn set(&mut self, id: &str, at: Option<Instant>) {
        if let Some(before) = self.of.remove(id) {
            self.by_time.remove(&(before, id.to_owned()));
        }
        if let Some(at) = at {
            self.of.insert(id.to_owned(), at);
            self.by_time.insert((at, id.to_owned()));
        }
    }

    /// Takes in every incident that changed since the last time.
    fn take_in(&mut self, state: &ServerState) {
        let (news, head) = {
            let world = state.mirror.read();
            let news: Vec<Arc<Incident>> = world
                .since(self.seen)
                .map(|snapshot| snapshot.incident.clone())
                .collect();
            (news, world.head())
        };
        for incident in news {
            self.set(&incident.id, next_at(state, &incident, incident.updated_at));
        }
        self.seen = head;
    }

    fn due(&mut self, now: Instant) -> Vec<String> {
        let mut due = Vec::new();
        while let Some((at, id)) = self.by_time.first().cloned() {
            if at > now {
                break;
            }
            self.set(&id, None);
            due.push(id);
        }
        due
    }
}

/// The duties that time changed after the incident's last version, up to `now`.
fn changed_duties(state: &ServerState, incident: &Incident, now: Instant) -> Vec<String> {
    // Derived as of the last version: what has ended since then would not tell its instants any more.
    let duties = duty::derive(
        incident,
        &state.directory,
        &state.rules,
        incident.updated_at,
    );
    let changed = duties.into_iter().filter(|duty| {
        duty::changes_at(duty).any(|at| at >= incident.updated_at && at + BEHIND <= now)
    });
    changed.map(|duty| duty.id).collect()
}

/// When time next changes something about an incident, from `after` on.
fn next_at(state: &ServerState, incident: &Incident, after: Instant) -> Option<Instant> {
    let duties = duty::derive(
        incident,
        &state.directory,
        &state.rules,
        incident.updated_at,
    );
    if !alarm::unwritten(incident, &duties, after).is_empty() {
        return Some(after);
    }
    let statuses = duties
        .iter()
        .flat_map(duty::changes_at)
        .chain(alarm::changes_at(incident, &duties))
        .filter(|at| *at >= after)
        .map(|at| at + BEHIND);
    let open = incident.pages.iter().filter(|page| page.is_open());
    statuses
        .chain(open.filter_map(|page| page.escalates_at))
        .chain(incident.glass_until())
        .min()
}

fn decide(state: &ServerState, found: &Found) -> Outcome {
    let Found::Incident(incident) = found else {
        return Outcome::Answer(silent());
    };
    let caller = worker();
    let context = context(state, &caller);
    let mut events = overdue_pages(incident, &context);
    events.extend(ring(incident, &context, &events));
    events.extend(mended(incident, &context));
    let duties = changed_duties(state, incident, context.now);
    if !duties.is_empty() {
        events.push(Event::StatusesChanged { duties });
    }
    written(state, incident, events, &context, Vec::new())
}

/// Writes down what time has changed about an incident; when to look again, where that was nothing. What is written comes back
/// with the feed.
async fn review(
    state: &Arc<ServerState>,
    id: &str,
    decided_at: Instant,
) -> Result<Option<Instant>, StoreError> {
    let deciding = state.clone();
    let job = Job {
        target: Target::Incident(id.to_owned()),
        lease: None,
        idempotency: None,
        decide: Box::new(move |found| decide(&deciding, &found)),
        now: decided_at,
    };
    let Done::Answered(_) = state.store.submit(job).await? else {
        return Ok(None);
    };
    // An instant at which nothing changed after all must not hide the next one.
    let incident = state.mirror.incident(id);
    let next_at = incident.and_then(|of| next_at(state, &of, decided_at));
    Ok(next_at.filter(|at| *at > decided_at))
}

/// Works until the future is dropped.
pub async fn work(state: Arc<ServerState>) {
    let mut head = state.mirror.head();
    let mut schedule = Schedule::default();
    let trouble = Trouble::new("what time changes cannot be written: alarms and escalations wait");
    loop {
        head.mark_unchanged();
        schedule.take_in(&state);
        // Side by side they share a transaction: of hundreds that are due at one instant the last is not seconds late.
        for few in schedule.due(state.clock.now()).chunks(SIDE_BY_SIDE) {
            let decided_at = state.clock.now();
            let reviewing = few.iter().map(|id| review(&state, id, decided_at));
            for (id, ended) in few.iter().zip(join_all(reviewing).await) {
                match ended {
                    Ok(again_at) => {
                        trouble.over();
                        if again_at.is_some() {
                            schedule.set(id, again_at);
                        }
                    }
                    Err(error) => {
                        state.metrics.store_error(&error);
                        trouble.met(&error);
                        let again_at = decided_at + chrono::TimeDelta::milliseconds(AGAIN_AFTER_MS);
                        schedule.set(id, Some(again_at));
                    }
                }
            }
        }
        state.reviewed.send_replace(schedule.seen);
        let wait = schedule.by_time.first().map_or(LOOK_AFTER_MS, |(at, _)| {
            let left = (*at - state.clock.now()).num_milliseconds();
            // Rounded up: waking before the instant would find nothing to do.
            (left + 1).clamp(1, LOOK_AFTER_MS)
        });
        if let Ok(Err(_)) = timeout(&*state.clock, wait, head.changed()).await {
            return;
        }
    }
}
