//! Takes incidents in from the systems they are kept in: opens what is new, follows what changed, marks what is gone. It backs
//! off and never gives up; how far it has come stands in the intake. What is written there is `sync_write`, who may ask `sync_lease`.

use std::collections::HashMap;
use std::sync::Arc;

use super::sync_lease::Asker;
use super::sync_list::{Walk, believed, changed, read};
use super::sync_note::write_notes;
use super::sync_write::{Untaken, write_phases};
use crate::connector::error::ConnectorError;
use crate::connector::landing::{heard, land, opened};
use crate::connector::port::{Case, Delta, Version, Watch, Watermark};
use crate::domain::caller::Caller;
use crate::domain::command::Context;
use crate::domain::command::upstream::hear;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::text::SafeText;
use crate::domain::word::{Role, Via};
use crate::server::intake::{Intake, TROUBLE_KEPT_CELLS};
use crate::server::state::ServerState;
use crate::server::write;
use crate::store::{Done, Found, Job, Outcome, StoreError, Target};
use crate::time::Mono;

/// How often the whole list is read where changes are told otherwise.
const RESYNC_AFTER_MS: i64 = 300_000;
/// The longest wait after failures.
const LONGEST_WAIT_MS: i64 = 60_000;

/// Why a turn ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(transparent)]
    Source(#[from] ConnectorError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("another node may ask it now")]
    Lost,
}

/// What is kept between two turns.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) watermark: Option<Watermark>,
    /// When the list was last read to its end.
    pub(super) whole_at: Option<Mono>,
    pub(super) walk: Walk,
    /// Versions as the list gave them: what did not change is not asked for again.
    pub(super) listed: HashMap<String, Version>,
    /// The place of an incident's last entry when its notes were last looked at, by the incident's id.
    pub(super) noted: HashMap<String, u64>,
    failures: u32,
    /// Why the last whole list was not all there is.
    pub(super) short: Option<String>,
    /// Moves that were tried to be written there and do not show there, by key.
    pub(super) untaken: HashMap<String, Untaken>,
}

impl Memory {
    /// What is wrong though the source answers: its list is not all there is, or it does not show what was written there.
    pub(super) fn trouble(&self) -> Option<String> {
        let mut moves: Vec<&str> = self.untaken.values().map(|u| u.why.as_str()).collect();
        moves.sort_unstable();
        let all: Vec<&str> = self.short.as_deref().into_iter().chain(moves).collect();
        (!all.is_empty()).then(|| SafeText::line(&all.join("; ")).truncated(TROUBLE_KEPT_CELLS))
    }
}

/// One turn; milliseconds until the next.
pub(super) async fn ask(asker: &Asker, memory: &mut Memory) -> i64 {
    let Asker { state, intake, .. } = asker;
    let interval = intake.settings.vendor.interval_ms;
    intake.note(|progress| progress.asked_at = Some(state.clock.now()));
    let turned = match turn(asker, memory).await {
        Ok(()) => write_phases(asker, memory).await,
        Err(error) => Err(error),
    };
    let turned = match turned {
        Ok(()) => write_notes(asker, memory).await,
        Err(error) => Err(error),
    };
    let Err(error) = turned else {
        memory.failures = 0;
        return interval;
    };
    if matches!(error, Trouble::Lost) {
        // Whoever has the source says how it stands.
        return interval;
    }
    memory.failures = memory.failures.saturating_add(1);
    let text = SafeText::line(&error.to_string()).truncated(TROUBLE_KEPT_CELLS);
    tracing::warn!(
        connector = intake.settings.name,
        error = text,
        "a source could not be read"
    );
    intake.note(|progress| progress.trouble = Some(text));
    let doubled = interval << memory.failures.min(4);
    match error {
        Trouble::Source(ConnectorError::RateLimited { retry_at }) => (retry_at - state.clock.now())
            .num_milliseconds()
            .max(interval),
        _ => doubled.min(LONGEST_WAIT_MS),
    }
}

async fn turn(asker: &Asker, memory: &mut Memory) -> Result<(), Trouble> {
    let Asker { state, intake, .. } = asker;
    let tells = intake.connector.capabilities().watch != Watch::FullDiff;
    let fresh = memory
        .whole_at
        .is_some_and(|at| state.clock.mono() - at < RESYNC_AFTER_MS);
    if let (true, true, Some(since)) = (tells, fresh, memory.watermark.clone()) {
        match intake.connector.changes(&since).await? {
            Delta::Resync => {}
            Delta::Cases {
                cases,
                gone,
                watermark,
            } => {
                changed(asker, cases).await?;
                for key in gone {
                    mark(asker, &key, "gone").await?;
                }
                let latest = watermark.at;
                memory.watermark = Some(Watermark {
                    at: believed(latest, asker),
                    ..watermark
                });
                intake.note(|progress| {
                    progress.answered_at = Some(state.clock.now());
                    progress.changed_at = Some(latest);
                    progress.trouble = memory.trouble();
                });
                return Ok(());
            }
        }
    }
    read(asker, memory).await
}

fn on_record(state: &ServerState, intake: &Intake, key: &str) -> Option<Arc<Incident>> {
    let world = state.mirror.read();
    let of = |incident: &Incident| {
        let upstream = incident.upstream.as_ref();
        upstream.is_some_and(|up| up.connector == intake.settings.name && up.key == key)
    };
    let mut all = world.after(None);
    all.find(|snapshot| of(&snapshot.incident))
        .map(|snapshot| snapshot.incident.clone())
}

/// The name under which a source stands in the record. What it changes counts as somebody's command: whoever is about to
/// confirm something else sees it first.
fn caller(intake: &Intake) -> Caller {
    Caller::new(intake.settings.name.clone(), Role::Admin)
}

fn context<'a>(state: &'a ServerState, caller: &'a Caller) -> Context<'a> {
    Context {
        via: Via::Import,
        ..super::context(state, caller)
    }
}

/// Opens what is new, and follows what is on record.
pub(super) async fn take_in(asker: &Asker, case: &Case) -> Result<(), Trouble> {
    let known = on_record(&asker.state, &asker.intake, &case.key);
    take(asker, known.as_ref(), case).await
}

/// The same, with the incident that is on record.
pub(super) async fn take(
    asker: &Asker,
    known: Option<&Arc<Incident>>,
    case: &Case,
) -> Result<(), Trouble> {
    match known {
        Some(incident) => follow(asker, incident, case).await,
        None if case.open => open(asker, case).await,
        None => Ok(()),
    }
}

async fn open(asker: &Asker, case: &Case) -> Result<(), Trouble> {
    let Asker { state, intake, .. } = asker;
    let caller = caller(intake);
    let name = intake.settings.name.clone();
    let landing = land(
        case,
        &name,
        &intake.settings.mapping,
        &context(state, &caller),
    );
    let Some(service) = state.directory.service(&landing.open.service) else {
        return Ok(());
    };
    let (deciding, key) = (state.clone(), case.key.clone());
    let job = Job {
        target: Target::New {
            prefix: service.prefix.clone(),
            upstream: Some((name.clone(), key.clone())),
        },
        lease: Some(asker.lease.clone()),
        idempotency: None,
        decide: Box::new(move |found| {
            let Found::Allotted(allotted) = found else {
                return Outcome::Answer(super::silent());
            };
            match opened(&landing, &name, &allotted, &context(&deciding, &caller)) {
                Ok((incident, events, stamp)) => {
                    write::outcome(&deciding, incident, events, stamp, super::silent())
                }
                Err(refusal) => {
                    tracing::warn!(connector = name, key, %refusal, "an incident could not be taken in");
                    Outcome::Answer(super::silent())
                }
            }
        }),
        now: state.clock.now(),
    };
    submit(state, job).await
}

async fn follow(asker: &Asker, incident: &Incident, case: &Case) -> Result<(), Trouble> {
    let Asker { state, intake, .. } = asker;
    let heard = heard(case, &intake.settings.name, &intake.settings.mapping);
    let caller = caller(intake);
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
pub(super) async fn mark(asker: &Asker, key: &str, as_what: &'static str) -> Result<(), Trouble> {
    let Asker { state, intake, .. } = asker;
    let Some(incident) = on_record(state, intake, key) else {
        return Ok(());
    };
    let caller = caller(intake);
    let job = job_on(asker, &incident, caller, Via::Import, move |incident, _| {
        crate::domain::command::upstream::stand(incident, as_what)
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
                return Outcome::Answer(super::silent());
            };
            let context = Context {
                via,
                ..super::context(&state, &caller)
            };
            let events = events(&incident, &context);
            super::written(&state, &incident, events, &context, Vec::new())
        }),
        now,
    }
}

async fn submit(state: &ServerState, job: Job) -> Result<(), Trouble> {
    match state.store.submit(job).await? {
        Done::Written { seq, .. } => state.mirror.reach(seq, &state.clock).await,
        Done::Superseded => return Err(Trouble::Lost),
        _ => {}
    }
    Ok(())
}
