//! One regime over what is given on the command line: read, guarded, evaluated. How the answer is printed stands in `answer`.

use chrono::{NaiveTime, SubsecRound};
use chrono_tz::Tz;
use clap::Args as ClapArgs;
use serde_json::{Map, Value};

use super::answer::{Answer, Answered};
use crate::cli::catalogue::{near, regime, unknown};
use crate::cli::environment::clock;
use crate::cli::exit::{DONE, Failure, Outcome};
use crate::cli::given;
use crate::cli::output::Output;
use crate::domain::clock::civil::END_OF_DAY;
use crate::domain::clock::evaluate::clock_zone;
use crate::domain::clock::guard::{self, Refused};
use crate::domain::clock::kind::Clock;
use crate::domain::clock::profile::Place;
use crate::domain::clock::regime::{Regime, Stage};
use crate::domain::clock::{
    Catalogue, Facts, Hold, Lacking, Profile, Rule, cases, evaluate, explain,
};
use crate::domain::instant::Instant;
use crate::domain::when::When;

/// What is given for one regime.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct WhatIfArgs {
    /// The regime; see `regimes list`
    #[arg(long, value_name = "ID")]
    pub regime: Option<String>,
    /// When something happened: aware_at=2026-11-23T16:49:00Z; may be given several times
    #[arg(long, value_name = "NAME=AT", num_args = 1..)]
    pub trigger: Vec<String>,
    /// Where the entity is established, such as Europe/Berlin; without it the earliest result on Earth counts
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
    /// The calendar of the entity's establishment, such as de-national
    #[arg(long, value_name = "ID")]
    pub calendar: Option<String>,
    /// When a stage was submitted; may be given several times
    #[arg(long, value_name = "STAGE=AT", num_args = 1..)]
    pub submitted: Vec<String>,
    /// A hold on a stage: written,2026-11-23,2026-12-01; an edge may be left empty; may be given several times
    #[arg(long, value_name = "STAGE=KIND,FROM,UNTIL", num_args = 1..)]
    pub hold: Vec<String>,
    /// What is known of the entity: affected.individuals=620; may be given several times
    #[arg(long, value_name = "KEY=VALUE", num_args = 1..)]
    pub fact: Vec<String>,
}

/// The same, read.
struct WhatIf {
    triggers: Vec<(String, When)>,
    submitted: Vec<(String, Instant)>,
    holds: Vec<(String, Hold)>,
    profile: Profile,
}

/// Evaluates one regime and prints the answer. `now` is this machine's clock where none is given.
pub fn run(
    id: &str,
    args: &WhatIfArgs,
    catalogue: &Catalogue,
    now: Option<Instant>,
    json: bool,
) -> Outcome {
    let output = Output::default();
    let regime = regime(catalogue, id)?;
    let given = WhatIf::read(args, catalogue, regime)?;
    let present = now.unwrap_or_else(|| clock().now().trunc_subsecs(0));
    given.guard(present)?;
    for doubt in given.doubts(regime) {
        output.note(&format!("warboard: {doubt}"));
    }
    let mut stages = Vec::new();
    for rule in catalogue.rules(regime) {
        stages.push(given.answer(rule, present)?);
    }
    let answer = Answer {
        catalogue,
        regime,
        now: present,
        is_now_given: now.is_some(),
        zone: match given.profile.place {
            Place::Zone(zone) => Some(zone),
            _ => None,
        },
        stages,
    };
    match json {
        true => output.json(answer.json().to_string().as_bytes()),
        false => answer.print(output),
    }
    Ok(DONE)
}

impl WhatIf {
    fn read(args: &WhatIfArgs, catalogue: &Catalogue, regime: &Regime) -> Result<WhatIf, Failure> {
        let mut facts = Map::new();
        for text in &args.fact {
            let (key, value) = given::assignment(text)?;
            given::fact(&mut facts, key, value);
        }
        if let Some(zone) = &args.zone {
            facts.insert("zone".to_owned(), Value::String(zone.clone()));
        }
        if let Some(calendar) = &args.calendar {
            facts.insert("calendar".to_owned(), Value::String(calendar.clone()));
        }
        let profile = Profile::from_json(&Value::Object(facts))
            .map_err(|error| Failure::usage(error.to_string()))?;
        if let Some(id) = &profile.calendar
            && catalogue.calendar(id).is_none()
        {
            let known: Vec<&str> = catalogue
                .calendars()
                .iter()
                .map(|c| c.id.as_str())
                .collect();
            let mut meant = near(id, known.iter().copied());
            if meant.is_empty() {
                meant = known;
            }
            return Err(Failure::usage(unknown("a calendar", id, &meant, "")));
        }
        let mut read = WhatIf {
            triggers: Vec::new(),
            submitted: Vec::new(),
            holds: Vec::new(),
            profile,
        };
        for text in &args.trigger {
            let (name, at) = given::assignment(text)?;
            match name.strip_prefix("submitted:") {
                Some(stage) => read.submit(regime, stage, at)?,
                None => read.trigger(catalogue, name, at)?,
            }
        }
        for text in &args.submitted {
            let (stage, at) = given::assignment(text)?;
            read.submit(regime, stage, at)?;
        }
        for text in &args.hold {
            let (id, hold) = given::assignment(text)?;
            let hold = read.hold(stage(regime, id)?, hold)?;
            read.holds.push((id.to_owned(), hold));
        }
        Ok(read)
    }

    fn trigger(&mut self, catalogue: &Catalogue, name: &str, at: &str) -> Result<(), Failure> {
        let mut known = Vec::new();
        for stage in catalogue.regimes().iter().flat_map(|regime| &regime.stages) {
            known.extend(triggers(stage));
            known.extend(stage.met_by.iter().map(String::as_str));
        }
        if !known.contains(&name) {
            let look = "warboard regimes show ID names the triggers of a regime";
            let meant = near(name, known.into_iter());
            return Err(Failure::usage(unknown("a trigger", name, &meant, look)));
        }
        let at = when(name, at)?;
        self.record(name.to_owned(), at)
    }

    fn submit(&mut self, regime: &Regime, id: &str, at: &str) -> Result<(), Failure> {
        let stage = stage(regime, id)?;
        let name = format!("submitted:{}", stage.id);
        let at = given::instant(at).map_err(|fault| named(&name, fault))?;
        self.submitted.push((stage.id.clone(), at));
        self.record(name, When::exact(at))
    }

    fn record(&mut self, name: String, at: When) -> Result<(), Failure> {
        if self.triggers.iter().any(|(known, _)| *known == name) {
            return Err(Failure::usage(format!(
                "{name} is given twice: it happened once; leave one out"
            )));
        }
        self.triggers.push((name, at));
        Ok(())
    }

    /// `KIND,FROM,UNTIL`; a day is its first moment or its last, where the clock counts.
    fn hold(&self, stage: &Stage, text: &str) -> Result<Hold, Failure> {
        let mut parts = text.split(',').map(str::trim);
        let kind = parts.next().filter(|kind| !kind.is_empty());
        let (from, until) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        let (Some(kind), None) = (kind, parts.next()) else {
            return Err(Failure::usage(format!(
                "'{text}' is no hold: write KIND,FROM,UNTIL, such as written,2026-11-23T09:00:00Z,2026-12-01T09:00:00Z"
            )));
        };
        let entity = match self.profile.place {
            Place::Zone(zone) => zone,
            _ => Tz::UTC,
        };
        let zone = clock_zone(&stage.clock).of(entity);
        let edge = |text: &str, time: NaiveTime| match text {
            "" | "-" => Ok(None),
            text => when("the hold", text).map(|at| Some(cases::edge(at, zone, time))),
        };
        let hold = Hold {
            kind: kind.to_owned(),
            from: edge(from, NaiveTime::MIN)?,
            until: edge(until, END_OF_DAY)?,
        };
        guard::hold_in_order(&hold).map_err(refused)?;
        Ok(hold)
    }

    /// What may not be counted at all.
    fn guard(&self, now: Instant) -> Result<(), Failure> {
        for (name, at) in &self.triggers {
            guard::not_in_the_future(name, *at, now).map_err(|error| {
                Failure::usage(format!("{error}. A what-if of later on takes --now."))
            })?;
        }
        guard::in_order(&self.triggers).map_err(refused)
    }

    /// What was given and does not do what one may think it does.
    fn doubts(&self, regime: &Regime) -> Vec<String> {
        let mut counted: Vec<&str> = Vec::new();
        for stage in &regime.stages {
            let of_stage = triggers(stage)
                .into_iter()
                .chain(stage.met_by.iter().map(String::as_str));
            for name in of_stage {
                if !counted.contains(&name) {
                    counted.push(name);
                }
            }
        }
        let mut found = Vec::new();
        for (name, at) in &self.triggers {
            if !at.starts_a_clock() {
                found.push(format!(
                    "{name} is known as {at} only and starts no clock: a day at least is needed"
                ));
            }
            if !name.starts_with("submitted:") && !counted.contains(&name.as_str()) {
                found.push(format!(
                    "{name} starts no clock of {}; it counts from {}",
                    regime.id,
                    counted.join(", ")
                ));
            }
        }
        for (id, hold) in &self.holds {
            let Some(stage) = regime.stage(id) else {
                continue;
            };
            if !stage.holds.iter().any(|kind| kind.kind == hold.kind) {
                let known: Vec<&str> = stage.holds.iter().map(|kind| kind.kind.as_str()).collect();
                let known = match known.is_empty() {
                    true => "none".to_owned(),
                    false => known.join(", "),
                };
                found.push(format!(
                    "the text of {}/{id} knows no hold '{}' (it knows: {known}); it is counted all the same",
                    regime.id, hold.kind
                ));
            }
        }
        found
    }

    fn answer<'c>(&self, rule: Rule<'c>, now: Instant) -> Result<Answered<'c>, Failure> {
        let stage = rule.stage;
        let of_stage = self.holds.iter().filter(|(id, _)| *id == stage.id);
        let holds: Vec<Hold> = of_stage.map(|(_, hold)| hold.clone()).collect();
        let submitted = self.submitted.iter().find(|(id, _)| *id == stage.id);
        let facts = Facts {
            submitted: submitted.map(|(_, at)| *at),
            holds: &holds,
            lacking: Lacking::Counts,
            now: Some(now),
            ..Facts::new(&self.triggers, &self.profile)
        };
        let duty = evaluate(rule, &facts);
        if let Some(sent) = facts.submitted {
            guard::after_trigger(&stage.id, sent, &duty).map_err(refused)?;
        }
        let assumed = stage
            .when
            .as_ref()
            .filter(|asked| asked.condition.holds(&self.profile).is_none());
        Ok(Answered {
            stage,
            duty,
            because: duty.why.map(|why| why.sentence(&facts)),
            assumed: assumed.map(|asked| {
                let facts = asked.condition.facts(&self.profile).join(", ");
                format!("{} ({facts}; counted as if it were so)", asked.text)
            }),
            lines: explain(rule, &facts),
        })
    }
}

/// A stage by its id; one that is not known is answered with those there are.
fn stage<'r>(regime: &'r Regime, id: &str) -> Result<&'r Stage, Failure> {
    regime.stage(id).ok_or_else(|| {
        let known: Vec<&str> = regime
            .stages
            .iter()
            .map(|stage| stage.id.as_str())
            .collect();
        Failure::usage(format!(
            "'{id}' is not a stage of {}; it has {}",
            regime.id,
            known.join(", ")
        ))
    })
}

/// Every trigger a stage may count from, whatever the profile.
fn triggers(stage: &Stage) -> Vec<&str> {
    let clocks = std::iter::once(&stage.clock).chain(stage.variants.iter().map(|v| &v.clock));
    let mut found: Vec<&str> = Vec::new();
    for clock in clocks {
        clock.each_trigger(&mut |name| found.push(name));
        if let Clock::FirstOf {
            late,
            provisional_without,
            ..
        } = clock
        {
            let of_late = late.iter().flat_map(|late| [&late.trigger, &late.after]);
            found.extend(of_late.chain(provisional_without).map(String::as_str));
        }
    }
    found
}

fn when(name: &str, text: &str) -> Result<When, Failure> {
    given::when(text).map_err(|fault| named(name, fault))
}

fn named(name: &str, fault: Failure) -> Failure {
    Failure {
        sentence: format!("{name}: {}", fault.sentence),
        ..fault
    }
}

fn refused(error: Refused) -> Failure {
    Failure::usage(error.to_string())
}
