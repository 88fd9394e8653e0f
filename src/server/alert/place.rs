//! What becomes of one group of alerts: it opens its incident, is heard on it, or waits in the incident of a storm. Each step
//! is decided in the store's transaction under a key that is unique there: two nodes that hear of one group make one incident.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{AlertIntake, REFUSED};
use crate::connector::alert::body::AlertGroupBody;
use crate::connector::alert::landing::{Fate, Placed, group, land, name};
use crate::connector::landing::{Landing, opened};
use crate::domain::caller::Caller;
use crate::domain::command::Context;
use crate::domain::command::alert::{self, Consequence, Course, Group, Storm, group_of};
use crate::domain::command::open::Open;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::view::Upstream;
use crate::domain::word::{Role, Via};
use crate::server::problem::Problem;
use crate::server::state::ServerState;
use crate::server::write::{self, Doing};
use crate::store::claim::MINUTE_MS;
use crate::store::{Answer, Done, Found, Job, Outcome, Target};
use crate::wire::{Landed, LandedBody};

/// How often an episode is looked for that another node has not begun meanwhile.
const TRIES: usize = 8;

/// What a decision tells whoever asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Told {
    Same,
    Changed,
    Over(u64),
    Full,
    Gone,
}

struct Work<'a> {
    state: &'a Arc<ServerState>,
    intake: &'a AlertIntake,
    body: &'a AlertGroupBody,
    group: Group,
}

/// Takes a group in.
pub(super) async fn take_in(
    state: &Arc<ServerState>,
    intake: &AlertIntake,
    body: &AlertGroupBody,
) -> Result<LandedBody, Problem> {
    let now = state.clock.now();
    let settings = &intake.settings;
    let landing = land(body, settings, &state.directory, now);
    let work = Work {
        state,
        intake,
        body,
        group: group(body, &settings.name, now),
    };
    work.up_to_date().await?;
    let known = work.on_record();
    let landed = match (landing.fate, known) {
        (Fate::Open(placed), known) => work.open_or_follow(&placed, known).await?,
        // What is on record is told whatever the rules say now.
        (fate, Some(incident)) => match work.follow(&incident.id).await? {
            (Told::Changed, _) => landed(Landed::Updated, &incident),
            (Told::Same, _) => landed(Landed::Unchanged, &incident),
            _ => work.not_opened(&fate),
        },
        (fate, None) => work.not_opened(&fate),
    };
    if landed.landed != Landed::Waiting {
        work.leave_storms().await?;
    }
    let now = state.clock.now();
    intake.note(|progress| {
        progress.heard_at = Some(now);
        if landing.watchdog {
            progress.watchdog_at = Some(now);
        }
        if landed.landed == Landed::Opened {
            progress.refused = None;
        }
        if matches!(landed.landed, Landed::Opened | Landed::Updated) {
            progress.changed_at = Some(now);
        }
    });
    Ok(landed)
}

impl Work<'_> {
    fn not_opened(&self, fate: &Fate) -> LandedBody {
        let landed = match fate {
            Fate::Unmatched => {
                self.intake.note_unmatched(self.state.clock.now());
                tracing::warn!(
                    intake = self.intake.settings.name,
                    "an alert group fits no rule: nothing was opened"
                );
                Landed::Unmatched
            }
            Fate::Ignored => Landed::Ignored,
            Fate::Open(_) | Fate::Nothing => Landed::Heard,
        };
        LandedBody {
            landed,
            incident: None,
        }
    }

    /// Waits until what is read here is what the store has: another node may have written of this group just now.
    async fn up_to_date(&self) -> Result<(), Problem> {
        let head = self.state.store.head().await?;
        self.state.mirror.reach(head, &self.state.clock).await;
        match self.state.mirror.read().head() >= head {
            true => Ok(()),
            false => Err(Problem::behind()),
        }
    }

    fn ours(&self, wanted: impl Fn(&Incident, &Upstream) -> bool) -> Vec<Arc<Incident>> {
        let world = self.state.mirror.read();
        let ours = world.of_source(&self.intake.settings.name);
        let found = ours.filter(|snapshot| {
            let upstream = snapshot.incident.upstream.as_ref();
            upstream.is_some_and(|up| wanted(&snapshot.incident, up))
        });
        found.map(|snapshot| snapshot.incident.clone()).collect()
    }

    /// The group's last incident.
    fn on_record(&self) -> Option<Arc<Incident>> {
        let all = self.ours(|_, upstream| group_of(upstream) == Some(&self.group.id));
        let episode = |incident: &Arc<Incident>| {
            let course = incident.upstream.as_ref().and_then(Course::of);
            course.map(|course| course.episode)
        };
        all.into_iter().max_by_key(episode)
    }

    async fn open_or_follow(
        &self,
        placed: &Placed,
        known: Option<Arc<Incident>>,
    ) -> Result<LandedBody, Problem> {
        let mut known = known;
        for _ in 0..TRIES {
            let episode = match &known {
                None => 1,
                Some(incident) => match self.follow(&incident.id).await? {
                    (Told::Over(episode), _) => episode,
                    (Told::Changed, _) => {
                        return Ok(landed(Landed::Updated, incident));
                    }
                    _ => return Ok(landed(Landed::Unchanged, incident)),
                },
            };
            let _one_by_one = self.intake.opening.lock().await;
            if self.is_storm() {
                return self.wait_in_storm(placed).await;
            }
            let upstream = alert::first(&self.group, episode, self.state.clock.now());
            let open = Open {
                upstream: Some(upstream),
                ..placed.open.clone()
            };
            match self.open(open).await? {
                Done::Written { incident, .. } => {
                    return Ok(landed(Landed::Opened, &incident));
                }
                // Another node was first.
                Done::Known(incident) => known = Some(self.own(incident)?),
                done => return Err(self.refused(&done)),
            }
        }
        Err(Problem::later(
            "busy",
            "Others write of the same group all the time; nothing was written. Send it again.",
        ))
    }

    fn own(&self, incident: Arc<Incident>) -> Result<Arc<Incident>, Problem> {
        let course = incident.upstream.as_ref().and_then(Course::of);
        match course.is_none_or(|course| course.group == self.group.id) {
            true => Ok(incident),
            false if incident.restriction.is_some() => Err(Problem::invalid(
                "The key of this group stands for another one; nothing was written.",
            )),
            false => Err(Problem::invalid(format!(
                "The key of this group stands for another one in {}; nothing was written.",
                incident.id
            ))),
        }
    }

    /// Whether as many incidents were opened in the last minute as may be.
    fn is_storm(&self) -> bool {
        let now = self.state.clock.now();
        let lately = |incident: &Incident, upstream: &Upstream| {
            (now - incident.opened_at).num_milliseconds() < MINUTE_MS
                && group_of(upstream).is_some()
        };
        self.ours(lately).len() >= self.intake.settings.new_a_minute
    }

    /// Lets the group wait: 2xx only where it is on record as waiting.
    async fn wait_in_storm(&self, placed: &Placed) -> Result<LandedBody, Problem> {
        let service = &placed.open.service;
        // A drill is never mixed with what is real, nor what one service may see with another's.
        let scope = match placed.open.exercise {
            true => format!("{service} exercise"),
            false => service.clone(),
        };
        let of_scope = format!("storm {scope} #");
        let is_ours = |_: &Incident, upstream: &Upstream| {
            upstream.key.starts_with(&of_scope) && Storm::of(upstream).is_some()
        };
        let episode = |incident: &Arc<Incident>| {
            let storm = incident.upstream.as_ref().and_then(Storm::of);
            storm.map_or(0, |storm| storm.episode)
        };
        let mut known = self.ours(is_ours).into_iter().max_by_key(episode);
        let called = name(self.body);
        for _ in 0..TRIES {
            let episode = match &known {
                None => 1,
                Some(incident) => {
                    let (group, called) = (self.group.clone(), called.clone());
                    let fold = move |incident: &Incident, _: &Context<'_>| {
                        alert::fold(incident, &group, &called)
                    };
                    match self.decided(&incident.id, fold).await? {
                        (Told::Over(episode), _) => episode,
                        (Told::Same, _) => {
                            return Ok(landed(Landed::Waiting, incident));
                        }
                        (_, Some(after)) if self.waits_in(&after) => {
                            return Ok(landed(Landed::Waiting, &after));
                        }
                        _ => {
                            return Err(Problem::later(
                                "storm",
                                "As many alert groups wait as may; this one was not written. Send it again later.",
                            ));
                        }
                    }
                }
            };
            let upstream = alert::storm(
                &self.intake.settings.name,
                &scope,
                episode,
                &self.group,
                &called,
            );
            match self.open(self.storm_body(placed, upstream)).await? {
                Done::Written { incident, .. } => {
                    return Ok(landed(Landed::Waiting, &incident));
                }
                Done::Known(incident) => known = Some(incident),
                done => return Err(self.refused(&done)),
            }
        }
        Err(Problem::later(
            "busy",
            "Others write of the same storm all the time; nothing was written. Send it again.",
        ))
    }

    fn waits_in(&self, incident: &Incident) -> bool {
        let storm = incident.upstream.as_ref().and_then(Storm::of);
        storm.is_some_and(|storm| storm.holds(&self.group.id))
    }

    fn storm_body(&self, placed: &Placed, upstream: Upstream) -> Open {
        let settings = &self.intake.settings;
        let title = format!(
            "Alert storm: more than {} groups a minute from {}",
            settings.new_a_minute, settings.name
        );
        let summary = format!(
            "More alert groups than {} a minute came from {}. Those above it wait, and are named under 'upstream'. Each gets an incident of its own when it is sent again, after its repeat_interval, or leaves when it is resolved.",
            settings.new_a_minute, settings.name
        );
        Open {
            title,
            summary: Some(summary),
            occurred_at: None,
            upstream: Some(upstream),
            ..placed.open.clone()
        }
    }

    /// The group waits no longer where it waited.
    async fn leave_storms(&self) -> Result<(), Problem> {
        for incident in self.ours(|incident, _| self.waits_in(incident)) {
            let id = self.group.id.clone();
            let leave = move |incident: &Incident, _: &Context<'_>| {
                let events = alert::unfold(incident, &id);
                match events.is_empty() {
                    true => Consequence::Same,
                    false => Consequence::Change(events),
                }
            };
            self.decided(&incident.id, leave).await?;
        }
        Ok(())
    }

    async fn follow(&self, id: &str) -> Result<(Told, Option<Arc<Incident>>), Problem> {
        let (group, damp) = (self.group.clone(), self.intake.settings.damp);
        self.decided(id, move |incident, context| {
            alert::hear(incident, &group, damp, context.now)
        })
        .await
    }

    fn caller(&self) -> Caller {
        Caller::new(self.intake.settings.name.clone(), Role::Admin)
    }

    /// Decides on an incident on record, in the store's transaction.
    async fn decided(
        &self,
        id: &str,
        decide: impl Fn(&Incident, &Context<'_>) -> Consequence + Send + 'static,
    ) -> Result<(Told, Option<Arc<Incident>>), Problem> {
        let (deciding, caller) = (self.state.clone(), self.caller());
        let job = Job {
            target: Target::Incident(id.to_owned()),
            lease: None,
            idempotency: None,
            decide: Box::new(move |found| {
                let Found::Incident(incident) = found else {
                    return Outcome::Answer(answer(Told::Gone));
                };
                let context = context(&deciding, &caller);
                match decide(&incident, &context) {
                    Consequence::Same => Outcome::Answer(answer(Told::Same)),
                    Consequence::Over(episode) => Outcome::Answer(answer(Told::Over(episode))),
                    Consequence::Full => Outcome::Answer(answer(Told::Full)),
                    Consequence::Change(events) => changed(&deciding, &incident, events, &context),
                }
            }),
            now: self.state.clock.now(),
        };
        match self.submit(job).await? {
            Done::Written { incident, .. } => Ok((Told::Changed, Some(incident))),
            Done::Answered(answer) => {
                let told = serde_json::from_slice(&answer.body).unwrap_or(Told::Gone);
                Ok((told, None))
            }
            done => Err(self.refused(&done)),
        }
    }

    /// Opens an incident, unless its key is on record.
    async fn open(&self, open: Open) -> Result<Done, Problem> {
        let Some(service) = self.state.directory.service(&open.service) else {
            return Err(Problem::invalid(
                "The rule's service is not in the directory.",
            ));
        };
        let key = open
            .upstream
            .as_ref()
            .map(|up| (up.connector.clone(), up.key.clone()));
        let landing = Landing {
            open,
            phase: None,
            unplaced: Vec::new(),
        };
        let (deciding, caller) = (self.state.clone(), self.caller());
        let intake = self.intake.settings.name.clone();
        let job = Job {
            target: Target::New {
                prefix: service.prefix.clone(),
                upstream: key,
            },
            lease: None,
            idempotency: None,
            decide: Box::new(move |found| {
                let Found::Allotted(allotted) = found else {
                    return Outcome::Answer(answer(Told::Gone));
                };
                let context = context(&deciding, &caller);
                match opened(&landing, &intake, &allotted, &context) {
                    Ok((incident, events, stamp)) => {
                        write::outcome(&deciding, incident, events, stamp, answer(Told::Changed))
                    }
                    Err(refusal) => Outcome::Answer(Problem::from(refusal).answer()),
                }
            }),
            now: self.state.clock.now(),
        };
        self.submit(job).await
    }

    async fn submit(&self, job: Job) -> Result<Done, Problem> {
        let doing = Doing {
            command: "intake",
            page: None,
        };
        write::submit(self.state, job, doing).await
    }

    /// Why the domain did not take it: a fault of the rule, which nobody but a person can mend.
    fn refused(&self, done: &Done) -> Problem {
        let body = match done {
            Done::Answered(answer) => answer.body.as_slice(),
            _ => &[],
        };
        let told: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let why = told.get("detail").and_then(serde_json::Value::as_str);
        let why = why.unwrap_or("it was decided otherwise").to_owned();
        tracing::warn!(
            intake = self.intake.settings.name,
            why,
            "an alert group could not be opened"
        );
        let text = format!("{REFUSED}: {why}");
        self.intake
            .note(|progress| progress.refused = Some(text.clone()));
        Problem::invalid(text)
    }
}

/// On record in this incident. Whoever posts alerts is on no list: of a restricted one they are not told which it is.
fn landed(landed: Landed, incident: &Incident) -> LandedBody {
    match incident.restriction {
        None => LandedBody::of(landed, &incident.id),
        Some(_) => LandedBody {
            landed,
            incident: None,
        },
    }
}

fn answer(told: Told) -> Answer {
    Answer {
        body: serde_json::to_vec(&told).unwrap_or_default(),
        ..Answer::empty(200)
    }
}

fn context<'a>(state: &'a ServerState, caller: &'a Caller) -> Context<'a> {
    Context {
        now: state.clock.now(),
        caller,
        via: Via::Import,
        directory: &state.directory,
        rules: &state.rules,
        random: rand::random(),
    }
}

fn changed(
    state: &ServerState,
    incident: &Incident,
    events: Vec<Event>,
    context: &Context<'_>,
) -> Outcome {
    let (after, stamp) = write::changed(incident, &events, context);
    write::outcome(state, after, events, stamp, answer(Told::Changed))
}
