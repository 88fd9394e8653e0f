//! The latest change as people read it: what `change` says, with the values that were recorded. It is for readers whose
//! clearance reaches; a line about a restricted duty is read without values, which is seen to where it is shown.

use std::fmt::Display;

use super::{change, spaced};
use crate::domain::command::set::{Field, Set};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::incident::page::{NO_OUT_OF_BAND, NO_ROUTE};
use crate::domain::instant::Instant;
use crate::domain::when::When;
use crate::domain::word::{Comms, GateWord, Precision, SubmitKind};

/// What happened, with its values; None for what no reader needs to hear of.
pub fn with_values(event: &Event, incident: &Incident) -> Option<String> {
    let plain = change(event, incident)?;
    Some(valued(event, incident).unwrap_or(plain))
}

/// None where the plain words say all.
fn valued(event: &Event, incident: &Incident) -> Option<String> {
    let plain = || change(event, incident).unwrap_or_default();
    let said = match event {
        Event::PageQueued {
            team, route: None, ..
        } => {
            let why = match incident.comms {
                Comms::Suspect => NO_OUT_OF_BAND,
                Comms::Trusted => NO_ROUTE,
            };
            format!("page to {team} FAILED: {why}")
        }
        Event::PageEscalated {
            team,
            why,
            asked: Some(asked),
            ..
        } => format!("{team}: {why}, {asked} paged"),
        Event::PageEscalated {
            team,
            why,
            escalates_at: Some(_),
            step,
            ..
        } => format!("{team}: {why}, paged by route {}", step.saturating_add(1)),
        Event::PageEscalated { team, why, .. } => format!("{team}: {why}"),
        Event::TimeRecorded {
            trigger,
            at,
            duty,
            proposed,
            ..
        } => {
            let of = duty
                .as_ref()
                .map_or_else(String::new, |duty| format!(" of {duty}"));
            let name = spaced(trigger);
            match proposed {
                true => format!("later {name}{of} proposed: {}", when(*at)),
                false => format!("{name}{of} recorded: {}", when(*at)),
            }
        }
        Event::TimeConfirmed { trigger, duty, .. } => {
            let counts = match duty {
                Some(duty) => incident.trigger_of_duty(trigger, duty),
                None => incident.trigger(trigger),
            };
            format!("{} confirmed: {}", spaced(trigger), when(counts?.at))
        }
        Event::Declared { at, proposed, .. } => match proposed {
            true => format!("later declaration proposed: {}", minute(*at)),
            false => format!("declared reportable, {}", minute(*at)),
        },
        Event::Advanced {
            from, to, unmet, ..
        } if to >= from && !unmet.is_empty() => format!("{}, {}", plain(), words(unmet)),
        Event::Closed { unmet, .. } if !unmet.is_empty() => {
            format!("{}, {}", plain(), words(unmet))
        }
        Event::FieldsSet(set) => fields(set),
        Event::Submitted {
            duties,
            at,
            channel,
            kind,
            told,
            ..
        } => {
            let told = told.map_or_else(String::new, |told| {
                format!(", told {} of {}", told.done, told.of)
            });
            let kind = match kind {
                SubmitKind::Initial => String::new(),
                other => format!("{other} of "),
            };
            let duties = duties.join(", ");
            format!(
                "{kind}{duties} recorded as sent {} by {channel}{told}",
                minute(*at)
            )
        }
        Event::Held {
            duty,
            until: Some(until),
            ..
        } => format!("{duty} held until {}", minute(*until)),
        Event::Held { duty, .. } => format!("{duty} held, no end set"),
        _ => return None,
    };
    Some(said)
}

fn minute(at: Instant) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// As exactly as it is known, and not beyond the minute.
fn when(when: When) -> String {
    match when.precision {
        Precision::Exact | Precision::Minute => minute(when.at),
        Precision::Day | Precision::Month | Precision::Year => when.to_string(),
    }
}

fn words(unmet: &[GateWord]) -> String {
    let unmet: Vec<&str> = unmet.iter().map(|word| word.as_str()).collect();
    format!("unmet: {}", unmet.join(", "))
}

/// The fields with their new values. Of what people write, and of what may name a customer, only that it was set.
fn fields(set: &Set) -> String {
    fn value<T: Display>(field: &Field<T>, cleared: &str) -> Option<String> {
        field.as_ref().map(|value| {
            value
                .as_ref()
                .map_or_else(|| cleared.to_owned(), ToString::to_string)
        })
    }
    let said = set.touched().into_iter().map(|name| {
        let value = match name {
            "severity" => value(&set.severity, "not assessed"),
            "classification" => value(&set.classification, "not assessed"),
            "tlp" => set.tlp.map(|tlp| tlp.as_str().to_uppercase()),
            "comms" => set.comms.map(|comms| comms.to_string()),
            "responsibility" => set.responsibility.map(|word| word.to_string()),
            _ => None,
        };
        let name = name.replace('_', " ");
        match value {
            Some(value) => format!("{name} {}", value.replace('_', " ")),
            None => format!("{name} set"),
        }
    });
    said.collect::<Vec<String>>().join(", ")
}
