//! What holds do to a duty's clock: which kinds a text knows, which holds are in effect, and when the last of them
//! ends. How a hold is recorded stands in `incident`, who may is `command`.

use chrono_tz::Tz;

use super::civil::{END_OF_DAY, at, local_date};
use super::count::Counted;
use super::evaluate::Evaluated;
use super::fact::{Facts, Hold};
use super::profile::normal;
use super::regime::{Regime, Stage};
use super::trace::{Trace, instant_in};
use crate::domain::instant::Instant;
use crate::domain::word::DutyStatus;

/// What stands before the name of a written exception.
const EXCEPTION: &str = "exception:";

/// A kind of hold as a stage's text has it, however it is spelled; none where the text knows no such hold. A written
/// exception of the regime or the stage is named by words of it that stand together: `exception:attorney-general-delay`.
pub fn kind_of(regime: &Regime, stage: &Stage, given: &str) -> Option<String> {
    let given = normal(given);
    let known = stage.holds.iter().find(|kind| normal(&kind.kind) == given);
    if let Some(known) = known {
        return Some(known.kind.clone());
    }
    let name = given.strip_prefix(EXCEPTION)?;
    let words = hyphened(name);
    // One short word stands in any sentence.
    if words.len() < 6 {
        return None;
    }
    let mut written = regime.exceptions.iter().chain(&stage.exceptions);
    let named = written.any(|text| format!("-{}-", hyphened(text)).contains(&format!("-{words}-")));
    named.then(|| format!("{EXCEPTION}{words}"))
}

/// The kinds of hold that may be recorded for a stage, for a reader.
pub fn kinds(regime: &Regime, stage: &Stage) -> Vec<String> {
    let written = regime.exceptions.iter().chain(&stage.exceptions);
    let mut kinds: Vec<String> = stage.holds.iter().map(|kind| kind.kind.clone()).collect();
    kinds.extend(written.map(|text| format!("{EXCEPTION}{}", hyphened(text))));
    kinds
}

/// The words of a text in small letters, a hyphen between them.
fn hyphened(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}

/// A hold moves the due instant to its end, or takes the number away while nobody knows its end.
pub fn hold<'c>(
    duty: &mut Evaluated<'c>,
    stage: &Stage,
    counted: Counted<'c>,
    facts: &Facts<'_>,
    trace: &mut impl Trace,
) {
    let due = counted.due;
    let Some((by, until)) = held(Some(due), stage, counted.zone, facts, trace) else {
        return;
    };
    duty.status = DutyStatus::Held;
    duty.held_by = Some(by);
    duty.held_until = until;
    duty.due = until.map(|until| due.max(until));
    duty.limit = duty
        .limit
        .filter(|limit| duty.due.is_some_and(|due| *limit > due));
}

/// The hold that ends last of those in effect, and when it ends, if it does.
pub fn held(
    due: Option<Instant>,
    stage: &Stage,
    zone: Tz,
    facts: &Facts<'_>,
    trace: &mut impl Trace,
) -> Option<(usize, Option<Instant>)> {
    if facts.holds.is_empty() {
        return None;
    }
    let mut holds: Vec<(usize, &Hold)> = facts.holds.iter().enumerate().collect();
    holds.sort_by_key(|(_, hold)| hold.from);
    let mut reach = due;
    let mut last: Option<(usize, Option<Instant>)> = None;
    for (place, hold) in holds {
        let in_effect = match (facts.now, hold.from) {
            // A deadline that passed before the hold began stays passed, but a hold may follow on another; one that has
            // not begun holds nothing yet.
            (Some(now), Some(from)) => from <= now && reach.is_none_or(|due| from <= due),
            _ => true,
        };
        if !in_effect {
            continue;
        }
        let end = hold_end(hold, stage, zone);
        trace.line("hold", || match end {
            Some(end) => format!("{} hold until {}", hold.kind, instant_in(end, zone)),
            None => format!("{} hold without a recorded end", hold.kind),
        });
        match (last, end) {
            (Some((_, None)), _) => {}
            (Some((_, Some(latest))), Some(end)) if end <= latest => {}
            (_, end) => {
                last = Some((place, end));
                // Without a known end the deadline lies open.
                reach = reach.and_then(|due| Some(due.max(end?)));
            }
        }
    }
    last
}

/// When a hold ends: as recorded, and an oral one by itself after the days the rule gives it.
fn hold_end(hold: &Hold, stage: &Stage, zone: Tz) -> Option<Instant> {
    let days = stage
        .holds
        .iter()
        .find(|kind| normal(&kind.kind) == normal(&hold.kind))
        .and_then(|kind| kind.max_days);
    let by_itself = days.zip(hold.from).and_then(|(days, from)| {
        let day = local_date(from, zone).checked_add_days(chrono::Days::new(days.into()))?;
        Some(at(day, END_OF_DAY, zone))
    });
    match (hold.until, by_itself) {
        (Some(until), Some(latest)) => Some(until.min(latest)),
        (until, latest) => until.or(latest),
    }
}
