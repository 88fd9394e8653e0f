//! Whether a recorded instant would move a clock later or stop it: what then waits for a second person. One rule for the
//! command that records and for the dialog that says beforehand what will happen.

use chrono_tz::Tz;
use serde_json::{Map, Value};

use super::record;
use crate::domain::clock::civil::instant_of;
use crate::domain::duty::Rules;
use crate::domain::incident::Incident;
use crate::domain::incident::record::{Standing, Trigger, is_milestone};
use crate::domain::view::TriggerView;
use crate::domain::when::When;

/// The instant on record that another one would replace.
#[derive(Debug, Clone, Copy)]
struct Before {
    at: When,
    /// Where `at` starts no clock: the last that did, before it was replaced.
    counted: Option<When>,
}

impl Before {
    fn is_moved_later(self, at: When, zones: &[Tz]) -> bool {
        let known = [Some(self.at), self.counted].into_iter().flatten();
        let Some(from) = known.into_iter().find(When::starts_a_clock) else {
            return false;
        };
        match at.starts_a_clock() {
            // A countdown that goes away is the latest of all.
            false => self.at.starts_a_clock(),
            true => {
                let in_zone = |zone: &Tz| instant_of(at, *zone) > instant_of(from, *zone);
                zones.iter().any(in_zone)
            }
        }
    }
}

/// The zones in which an entity with this profile may count a day.
pub fn zones_of(profile: &Map<String, Value>) -> Vec<Tz> {
    record::readable(profile).place.zones()
}

/// Whether an instant would move the one that a reader sees later, or stop its countdown. A milestone of an earlier pass
/// is not moved by one of the `pass` that runs.
pub fn is_later(name: &str, seen: &TriggerView, at: When, pass: u32, zones: &[Tz]) -> bool {
    let before = Before {
        at: seen.at,
        counted: seen.counted_before,
    };
    let anew = is_milestone(name) && seen.pass != pass;
    seen.not_applicable.is_none() && !anew && before.is_moved_later(at, zones)
}

/// The same of the incident on record, or of one duty: without an instant of its own that counts from the incident's, and
/// from the first of a milestone that was reached in several passes.
pub fn is_later_on_record(
    incident: &Incident,
    rules: &Rules,
    name: &str,
    duty: Option<&str>,
    at: When,
) -> bool {
    let mut counting = incident
        .triggers
        .iter()
        .filter(|t| t.name == name && t.counts());
    let own = counting.clone().rfind(|t| t.duty.as_deref() == duty);
    let before = match own {
        Some(own) if is_milestone(name) && own.pass != incident.pass => return false,
        Some(own) => own,
        None if duty.is_none() => return false,
        None if is_milestone(name) => {
            let first = counting.find(|t| t.duty.is_none() && t.at.starts_a_clock());
            match first {
                Some(first) => first,
                None => return false,
            }
        }
        None => match incident.trigger(name) {
            Some(trigger) => trigger,
            None => return false,
        },
    };
    let mut zones = zones_of(&incident.profile);
    zones.extend(rules.zones_of_trigger(&incident.regimes, name));
    let before = Before {
        at: before.at,
        counted: counted_before(incident, before),
    };
    before.is_moved_later(at, &zones)
}

/// Where what stands starts no clock: the instant that last did, and was replaced.
pub fn counted_before(incident: &Incident, standing: &Trigger) -> Option<When> {
    if standing.at.starts_a_clock() {
        return None;
    }
    let replaced = incident.triggers.iter().rev().find(|t| {
        t.name == standing.name
            && t.duty == standing.duty
            && (t.pass == standing.pass || !is_milestone(&t.name))
            && t.standing == Standing::Superseded
            && t.at.starts_a_clock()
    });
    replaced.map(|t| t.at)
}
