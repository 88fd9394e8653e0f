//! Proofs of the commands, through the same two doors as everybody: `decide`, then `apply`.

mod alarms;
mod alert;
mod clock;
mod countdown;
mod fact;
mod folds;
mod glass;
mod invariant;
mod legal_record;
mod moves;
mod pages;
mod rules;
mod seats;
mod upstream;

use chrono::TimeDelta;

use super::open::{Allotted, Open};
use super::{Command, Context, decide, open};
use crate::domain::caller::Caller;
use crate::domain::directory::Directory;
use crate::domain::duty::Rules;
use crate::domain::event::Event;
use crate::domain::incident::{Incident, Stamp};
use crate::domain::instant::Instant;
use crate::domain::refusal::{Refusal, RefusalKind};
use crate::domain::word::{Role, Via};

/// One incident, a clock and a directory: what a backend has when a command comes.
struct Desk {
    incident: Incident,
    directory: Directory,
    rules: Rules,
    now: Instant,
    caller: Caller,
    random: u128,
    told: Vec<Event>,
}

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn rules() -> Rules {
    Rules::built_in().unwrap()
}

fn json(text: &str) -> Command {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

impl Desk {
    fn new() -> Desk {
        Desk::with(r#"{"service": "azure", "title": "odd sign-ins"}"#)
    }

    fn with(body: &str) -> Desk {
        Desk::by_rules(body, rules())
    }

    /// The same by rules that were read before: reading them takes longer than all else.
    fn by_rules(body: &str, rules: Rules) -> Desk {
        let body: Open = serde_json::from_str(body).unwrap();
        let (directory, now) = (Directory::default(), at("2026-11-23T10:00:00Z"));
        let caller = Caller {
            counsel: true,
            ..Caller::new("d.okafor", Role::Commander)
        };
        let context = Context {
            now,
            caller: &caller,
            via: Via::Api,
            directory: &directory,
            rules: &rules,
            random: 1,
        };
        let allotted = Allotted {
            id: "AZ-1".to_owned(),
            codename: "COPPER HERON".to_owned(),
        };
        let events = open::decide(&body, &allotted, &context).unwrap();
        let stamp = Stamp {
            version: 1,
            at: now,
            by: caller.name.clone(),
            via: Via::Api,
        };
        let Some(Event::Opened(opened)) = events.first() else {
            panic!("the first event of an opening is the opening");
        };
        let mut incident = Incident::opened(opened, &stamp);
        for event in events.iter().skip(1) {
            incident.apply(event, &stamp);
        }
        Desk {
            incident,
            directory,
            rules,
            now,
            caller,
            random: 100,
            told: events,
        }
    }

    fn context(&self) -> Context<'_> {
        Context {
            now: self.now,
            caller: &self.caller,
            via: Via::Api,
            directory: &self.directory,
            rules: &self.rules,
            random: self.random,
        }
    }

    fn apply(&mut self, events: Vec<Event>) {
        let stamp = Stamp {
            version: self.incident.version + 1,
            at: self.now,
            by: self.caller.name.clone(),
            via: Via::Api,
        };
        for event in &events {
            self.incident.apply(event, &stamp);
        }
        self.random += 100;
        self.told = events;
    }

    /// Gives a command; nothing changes when it is refused.
    fn give(&mut self, command: &str) -> Result<(), Refusal> {
        let events = decide(&self.incident, &json(command), &self.context())?;
        assert!(
            !events.is_empty(),
            "{command} was accepted and says nothing"
        );
        self.apply(events);
        Ok(())
    }

    fn ok(&mut self, command: &str) -> &mut Desk {
        self.give(command)
            .unwrap_or_else(|refusal| panic!("{command}: {refusal}"));
        self
    }

    fn refused(&mut self, command: &str) -> Refusal {
        let before = self.incident.clone();
        let Err(refusal) = self.give(command) else {
            panic!("{command} was carried out");
        };
        assert_eq!(self.incident, before);
        assert!(
            refusal.detail.ends_with(['.', '?', '!']),
            "{}",
            refusal.detail
        );
        refusal
    }

    fn kind(&mut self, command: &str) -> RefusalKind {
        self.refused(command).kind
    }

    fn later(&mut self, minutes: i64) -> &mut Desk {
        self.now += TimeDelta::minutes(minutes);
        self
    }

    fn by(&mut self, name: &str, role: Role) -> &mut Desk {
        self.caller = Caller::new(name, role);
        self
    }
}

const CONTAIN: &str = r#"{"type": "advance", "to": "containment_eradication_and_recovery"}"#;
const POST: &str = r#"{"type": "advance", "to": "post_incident_activity"}"#;
const LOOP: &str =
    r#"{"type": "advance", "to": "detection_and_analysis", "reason": "new indicator"}"#;
