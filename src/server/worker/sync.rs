//! Takes incidents in from the systems they are kept in: asks each in turn, opens what is new, follows what changed, marks
//! what is gone; writes moves made here there, where the file says so. It backs off and never gives up; how far it has come stands in the intake.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rand::RngExt as _;

use super::sync_write::{Untaken, write_phases};
use crate::connector::error::ConnectorError;
use crate::connector::landing::{heard, land, opened};
use crate::connector::port::{Case, Delta, Version, Watch, Watermark, all};
use crate::domain::caller::Caller;
use crate::domain::command::Context;
use crate::domain::command::upstream::{hear, standing};
use crate::domain::incident::Incident;
use crate::domain::instant::Instant;
use crate::domain::text::SafeText;
use crate::domain::word::{Role, Via};
use crate::server::intake::Intake;
use crate::server::state::ServerState;
use crate::server::write;
use crate::store::{Found, Job, Outcome, StoreError, Target};
use crate::time::Mono;

/// How often the whole list is read where changes are told otherwise.
const RESYNC_AFTER_MS: i64 = 300_000;
/// The longest wait after failures.
const LONGEST_WAIT_MS: i64 = 60_000;
/// How many incidents that left the list are looked at in one turn; the rest in the next.
const MISSING_MAX: usize = 20;
/// How much of an error readers see, in cells.
pub(super) const TROUBLE_CELLS: usize = 200;

/// Why a turn ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(transparent)]
    Source(#[from] ConnectorError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is kept between two turns.
#[derive(Default)]
pub(super) struct Memory {
    watermark: Option<Watermark>,
    whole_at: Option<Mono>,
    /// Versions as the list gave them: what did not change is not asked for again.
    listed: HashMap<String, Version>,
    failures: u32,
    /// Moves that were tried to be written there and do not show there, by key.
    pub(super) untaken: HashMap<String, Untaken>,
}

/// Works until the future is dropped.
pub async fn work(state: Arc<ServerState>, intake: Arc<Intake>) {
    let mut memory = Memory::default();
    let interval = intake.settings.vendor.interval_ms;
    loop {
        intake.note(|progress| progress.asked_at = Some(state.clock.now()));
        let turned = match turn(&state, &intake, &mut memory).await {
            Ok(()) => write_phases(&state, &intake, &mut memory).await,
            Err(error) => Err(error),
        };
        let wait = match turned {
            Ok(()) => {
                memory.failures = 0;
                interval
            }
            Err(error) => {
                memory.failures = memory.failures.saturating_add(1);
                let text = SafeText::line(&error.to_string()).truncated(TROUBLE_CELLS);
                tracing::warn!(
                    connector = intake.settings.name,
                    error = text,
                    "a source could not be read"
                );
                intake.note(|progress| progress.trouble = Some(text));
                let doubled = interval << memory.failures.min(4);
                match error {
                    Trouble::Source(ConnectorError::RateLimited { retry_at }) => (retry_at
                        - state.clock.now())
                    .num_milliseconds()
                    .max(interval),
                    _ => doubled.min(LONGEST_WAIT_MS),
                }
            }
        };
        // Several backends with one account must not ask in step.
        let jitter = rand::rng().random_range(0..=wait / 10);
        state.clock.sleep(wait + jitter).await;
    }
}

async fn turn(
    state: &Arc<ServerState>,
    intake: &Intake,
    memory: &mut Memory,
) -> Result<(), Trouble> {
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
                for case in cases {
                    if let Some(case) = completed(state, intake, case).await? {
                        take_in(state, intake, &case).await?;
                    }
                }
                for key in gone {
                    mark(state, intake, &key, "gone").await?;
                }
                let latest = watermark.at;
                memory.watermark = Some(Watermark {
                    at: believed(latest, state),
                    ..watermark
                });
                intake.note(|progress| {
                    progress.answered_at = Some(state.clock.now());
                    progress.changed_at = Some(latest);
                    progress.trouble = None;
                });
                return Ok(());
            }
        }
    }
    whole(state, intake, memory).await
}

/// Reads the whole list and compares it with what is on record.
async fn whole(
    state: &Arc<ServerState>,
    intake: &Intake,
    memory: &mut Memory,
) -> Result<(), Trouble> {
    let batch = all(&*intake.connector).await?;
    let keys: BTreeSet<&str> = batch.cases.iter().map(|case| case.key.as_str()).collect();
    let latest = batch.cases.iter().filter_map(|case| case.updated_at).max();
    memory.listed.retain(|key, _| keys.contains(key.as_str()));
    for case in &batch.cases {
        if memory.listed.get(&case.key) == Some(&case.version) {
            continue;
        }
        let Some(completed) = completed(state, intake, case.clone()).await? else {
            continue;
        };
        take_in(state, intake, &completed).await?;
        memory.listed.insert(case.key.clone(), case.version.clone());
    }
    let mut trouble: Vec<String> = batch.cut.iter().cloned().collect();
    if !batch.unread.is_empty() {
        trouble.push(format!(
            "{} incidents there could not be read",
            batch.unread.len()
        ));
    }
    if batch.cut.is_none() {
        let left = missing(state, intake, &keys);
        for key in left.iter().take(MISSING_MAX) {
            match intake.connector.read(key).await {
                Ok(case) => take_in(state, intake, &case).await?,
                Err(ConnectorError::NotFound(_)) => mark(state, intake, key, "gone").await?,
                Err(error) => return Err(error.into()),
            }
        }
    }
    // The source's own clock alone: ours may be ahead of it. Where it told none, the whole list is no longer than that.
    memory.watermark = latest.map(|at| Watermark {
        at: believed(at, state),
        seen: BTreeSet::new(),
    });
    memory.whole_at = Some(state.clock.mono());
    intake.note(|progress| {
        progress.answered_at = Some(state.clock.now());
        progress.changed_at = latest.or(progress.changed_at);
        progress.open = batch.cases.len();
        progress.trouble = (!trouble.is_empty()).then(|| trouble.join("; "));
    });
    Ok(())
}

/// A case with what its list left out, where that is of use: what stands on record at its version is known already. None
/// where it went between the list and the question; the next list says how.
async fn completed(
    state: &ServerState,
    intake: &Intake,
    case: Case,
) -> Result<Option<Case>, ConnectorError> {
    let known = on_record(state, intake, &case.key).and_then(|incident| {
        let version = incident.upstream.as_ref()?.rest.get("version")?;
        Some(version.as_str() == Some(case.version.0.as_str()))
    });
    if !case.partial || known == Some(true) {
        return Ok(Some(case));
    }
    match intake.connector.complete(case).await {
        Ok(case) => Ok(Some(case)),
        Err(ConnectorError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// How far a source is read, by the latest time it told. One that lies ahead of us is not believed: everything that happens
/// until then would be passed over. To read a little twice does no harm.
fn believed(latest: Instant, state: &ServerState) -> Instant {
    latest.min(state.clock.now())
}

/// Incidents of this source that are open there by our record and not on its list.
fn missing(state: &ServerState, intake: &Intake, listed: &BTreeSet<&str>) -> Vec<String> {
    let world = state.mirror.read();
    let keys = world.after(None).filter_map(|snapshot| {
        let upstream = snapshot.incident.upstream.as_ref()?;
        let ours = upstream.connector == intake.settings.name;
        let open = standing(upstream) == Some("open");
        (ours && open && !listed.contains(upstream.key.as_str())).then(|| upstream.key.clone())
    });
    keys.collect()
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
pub(super) async fn take_in(
    state: &Arc<ServerState>,
    intake: &Intake,
    case: &Case,
) -> Result<(), StoreError> {
    match on_record(state, intake, &case.key) {
        Some(incident) => follow(state, intake, &incident, case).await,
        None if case.open => open(state, intake, case).await,
        None => Ok(()),
    }
}

async fn open(state: &Arc<ServerState>, intake: &Intake, case: &Case) -> Result<(), StoreError> {
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
        lease: None,
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

async fn follow(
    state: &Arc<ServerState>,
    intake: &Intake,
    incident: &Incident,
    case: &Case,
) -> Result<(), StoreError> {
    let heard = heard(case, &intake.settings.name, &intake.settings.mapping);
    let caller = caller(intake);
    // Most of the time it says nothing new, and nobody need be troubled.
    if hear(incident, &heard, &context(state, &caller)).is_empty() {
        return Ok(());
    }
    let deciding = state.clone();
    let job = Job {
        target: Target::Incident(incident.id.clone()),
        lease: None,
        idempotency: None,
        decide: Box::new(move |found| {
            let Found::Incident(incident) = found else {
                return Outcome::Answer(super::silent());
            };
            let context = context(&deciding, &caller);
            let events = hear(&incident, &heard, &context);
            super::written(&deciding, &incident, events, &context, Vec::new())
        }),
        now: state.clock.now(),
    };
    submit(state, job).await
}

/// Marks what the source does not have any more; here it goes on.
async fn mark(
    state: &Arc<ServerState>,
    intake: &Intake,
    key: &str,
    as_what: &'static str,
) -> Result<(), StoreError> {
    let Some(incident) = on_record(state, intake, key) else {
        return Ok(());
    };
    let caller = caller(intake);
    let deciding = state.clone();
    let job = Job {
        target: Target::Incident(incident.id.clone()),
        lease: None,
        idempotency: None,
        decide: Box::new(move |found| {
            let Found::Incident(incident) = found else {
                return Outcome::Answer(super::silent());
            };
            let context = context(&deciding, &caller);
            let events = crate::domain::command::upstream::stand(&incident, as_what);
            super::written(&deciding, &incident, events, &context, Vec::new())
        }),
        now: state.clock.now(),
    };
    submit(state, job).await
}

async fn submit(state: &ServerState, job: Job) -> Result<(), StoreError> {
    let done = state.store.submit(job).await?;
    if let crate::store::Done::Written { seq, .. } = &done {
        state.mirror.reach(*seq, &state.clock).await;
    }
    Ok(())
}
