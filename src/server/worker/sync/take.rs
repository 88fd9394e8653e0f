//! Puts what a source says of one incident on record: opens what is new, follows what changed, marks what is gone. Which
//! incidents there are to be put, and in which order, is `list` and `turn`.

use std::sync::{Arc, OnceLock};

use super::lease::Asker;
use super::memory::TurnError;
use crate::connector::landing::{heard, land, opened};
use crate::connector::port::Case;
use crate::domain::caller::Caller;
use crate::domain::command::Context;
use crate::domain::command::upstream::{hear, stand};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::word::{Role, Via};
use crate::server::connector::PolledConnector;
use crate::server::state::ServerState;
use crate::server::worker::{self, silent, written};
use crate::server::write;
use crate::store::{Done, Found, Job, Outcome, Target};

fn on_record(state: &ServerState, polled: &PolledConnector, key: &str) -> Option<Arc<Incident>> {
    let world = state.mirror.read();
    let found = world.by_key(&polled.settings.name, key);
    found.map(|snapshot| snapshot.incident.clone())
}

/// The name under which a source stands in the record. What it changes counts as somebody's command: whoever is about to
/// confirm something else sees it first.
fn caller(polled: &PolledConnector) -> Caller {
    Caller::new(polled.settings.name.clone(), Role::Admin)
}

fn context<'a>(state: &'a ServerState, caller: &'a Caller) -> Context<'a> {
    Context {
        via: Via::Import,
        ..worker::context(state, caller)
    }
}

/// Follows what is on record.
pub(super) async fn take_in(asker: &Asker, case: &Case) -> Result<(), TurnError> {
    match on_record(&asker.state, &asker.polled, &case.key) {
        Some(incident) => follow(asker, &incident, case).await,
        None => Ok(()),
    }
}

/// The same, with the incident that is on record; opens what is new. Tells why one is refused here.
pub(super) async fn take(
    asker: &Asker,
    known: Option<&Arc<Incident>>,
    case: &Case,
) -> Result<Option<String>, TurnError> {
    match known {
        Some(incident) => follow(asker, incident, case).await.map(|()| None),
        None if case.open => open(asker, case).await,
        None => Ok(None),
    }
}

async fn open(asker: &Asker, case: &Case) -> Result<Option<String>, TurnError> {
    let Asker { state, polled, .. } = asker;
    let caller = caller(polled);
    let name = polled.settings.name.clone();
    let landing = land(
        case,
        &name,
        &polled.settings.mapping,
        &context(state, &caller),
    );
    let Some(service) = state.directory.service(&landing.open.service) else {
        let service = &landing.open.service;
        return Ok(Some(format!("there is no service '{service}'")));
    };
    let (deciding, key) = (state.clone(), case.key.clone());
    let refused = Arc::new(OnceLock::new());
    let refusing = refused.clone();
    let job = Job {
        target: Target::New {
            prefix: service.prefix.clone(),
            upstream: Some((name.clone(), key.clone())),
        },
        lease: Some(asker.lease.clone()),
        idempotency: None,
        decide: Box::new(move |found| {
            let Found::Allotted(allotted) = found else {
                return Outcome::Answer(silent());
            };
            match opened(&landing, &name, &allotted, &context(&deciding, &caller)) {
                Ok((incident, events, stamp)) => {
                    write::outcome(&deciding, incident, events, stamp, silent())
                }
                Err(refusal) => {
                    tracing::warn!(connector = name, key, %refusal, "an incident could not be taken in");
                    let _first = refusing.set(refusal.to_string());
                    Outcome::Answer(silent())
                }
            }
        }),
        now: state.clock.now(),
    };
    submit(state, job).await?;
    Ok(refused.get().cloned())
}

async fn follow(asker: &Asker, incident: &Incident, case: &Case) -> Result<(), TurnError> {
    let Asker { state, polled, .. } = asker;
    let heard = heard(case, &polled.settings.name, &polled.settings.mapping);
    let caller = caller(polled);
    // Most of the time it says nothing new, and nobody need be troubled.
    if hear(incident, &heard, &context(state, &caller)).is_empty() {
        return Ok(());
    }
    let job = job_on(
        asker,
        incident,
        caller,
        Via::Import,
        move |incident, context| hear(incident, &heard, context),
    );
    submit(state, job).await
}

/// Marks what the source does not have any more; here it goes on.
pub(super) async fn mark(asker: &Asker, key: &str, as_what: &'static str) -> Result<(), TurnError> {
    let Asker { state, polled, .. } = asker;
    let Some(incident) = on_record(state, polled, key) else {
        return Ok(());
    };
    let caller = caller(polled);
    let job = job_on(asker, &incident, caller, Via::Import, move |incident, _| {
        stand(incident, as_what)
    });
    submit(state, job).await
}

/// What `events` makes of an incident as it stands then, while the source is ours to ask.
pub(super) fn job_on(
    asker: &Asker,
    incident: &Incident,
    caller: Caller,
    via: Via,
    events: impl Fn(&Incident, &Context<'_>) -> Vec<Event> + Send + 'static,
) -> Job {
    let state = asker.state.clone();
    let now = state.clock.now();
    Job {
        target: Target::Incident(incident.id.clone()),
        lease: Some(asker.lease.clone()),
        idempotency: None,
        decide: Box::new(move |found| {
            let Found::Incident(incident) = found else {
                return Outcome::Answer(silent());
            };
            let context = Context {
                via,
                ..worker::context(&state, &caller)
            };
            let events = events(&incident, &context);
            written(&state, &incident, events, &context, Vec::new())
        }),
        now,
    }
}

async fn submit(state: &ServerState, job: Job) -> Result<(), TurnError> {
    match state.store.submit(job).await? {
        Done::Written { seq, .. } => state.mirror.reach(seq, &state.clock).await,
        Done::Superseded => return Err(TurnError::Lost),
        _ => {}
    }
    Ok(())
}
