//! What a backend does without being asked: follows the store, makes a version when time alone changed a status, escalates
//! what nobody answered, sends pages, takes incidents in from other systems, forgets old answers. All of it resumes from the store after a start.

mod attempt;
mod deadline;
mod delivery;
mod head;
mod sync;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use head::tell as tell_head;

use super::state::ServerState;
use crate::domain::caller::Caller;
use crate::domain::command::Context;
use crate::domain::incident::Incident;
use crate::domain::word::{Role, Via};
use crate::store::{Answer, Outcome};
use crate::time::{SharedClock, timeout};

/// The name under which workers stand in the record.
const NAME: &str = "warboard";
/// How long answers are remembered, in days.
const REMEMBERED_DAYS: i64 = 30;
/// How often old answers are forgotten.
const FORGET_AFTER_MS: i64 = 3_600_000;

/// The workers of a backend, running.
pub struct Workers {
    tasks: TaskTracker,
    ending: CancellationToken,
}

/// Starts all workers.
pub fn start(state: &Arc<ServerState>) -> Workers {
    let (tasks, ending) = (TaskTracker::new(), CancellationToken::new());
    let spawn = |work: futures::future::BoxFuture<'static, ()>| {
        let ending = ending.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = work => {}
                () = ending.cancelled() => {}
            }
        });
    };
    let following = state.clone();
    spawn(Box::pin(async move {
        following
            .mirror
            .follow(&*following.store, &following.clock, &following.metrics)
            .await;
    }));
    let watching = state.clone();
    spawn(Box::pin(async move {
        watching
            .tokens
            .watch(&*watching.store, &watching.clock, &watching.metrics)
            .await;
    }));
    spawn(Box::pin(deadline::work(state.clone())));
    spawn(Box::pin(forget(state.clone())));
    for polled in &state.polled {
        let (state, polled, ending) = (state.clone(), polled.clone(), ending.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = sync::work(state.clone(), polled.clone()) => {}
                () = ending.cancelled() => {}
            }
            sync::leave(&state, &polled).await;
        });
    }
    spawn(Box::pin(head::work(state.clone())));
    // What is under way when the server ends is finished, or sent again with the same key after the next start.
    tasks.spawn(delivery::work(state.clone(), ending.clone()));
    tasks.close();
    Workers { tasks, ending }
}

impl Workers {
    /// Ends all workers; what they are sending is given `within_ms` to end.
    pub async fn end(self, clock: &SharedClock, within_ms: i64) {
        self.ending.cancel();
        if timeout(&**clock, within_ms, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("deliveries under way are left to the next start");
        }
    }
}

async fn forget(state: Arc<ServerState>) {
    loop {
        let before = state.clock.now() - chrono::TimeDelta::days(REMEMBERED_DAYS);
        match state.store.forget_answers_before(before).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => {
                state.metrics.store_error(&error);
                tracing::warn!(%error, "old answers could not be forgotten");
            }
        }
        state.clock.sleep(FORGET_AFTER_MS).await;
    }
}

/// The caller that workers are.
fn worker() -> Caller {
    Caller::new(NAME, Role::Admin)
}

/// What a worker's decision may depend on.
fn context<'a>(state: &'a ServerState, caller: &'a Caller) -> Context<'a> {
    Context {
        now: state.clock.now(),
        caller,
        via: Via::Worker,
        directory: &state.directory,
        rules: &state.rules,
        random: rand::random(),
    }
}

/// Nobody hears a worker's answer.
fn silent() -> Answer {
    Answer::empty(200)
}

/// Writes events of a worker, if there are any.
fn written(
    state: &ServerState,
    incident: &Incident,
    events: Vec<crate::domain::event::Event>,
    context: &Context<'_>,
    more: Vec<crate::store::OutboxChange>,
) -> Outcome {
    if events.is_empty() && more.is_empty() {
        return Outcome::Answer(silent());
    }
    let (after, stamp) = super::write::changed(incident, &events, context);
    let mut outcome = super::write::outcome(state, after, events, stamp, silent());
    if let Outcome::Write(changes) = &mut outcome {
        changes.outbox.extend(more);
    }
    outcome
}
