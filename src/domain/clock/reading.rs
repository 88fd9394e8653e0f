//! By which clock and limit a stage is counted: its own, or those of a variant for entities or incidents of a kind. What a
//! fact that nobody recorded leaves open is read the cautious way. Counting itself is `evaluate` and `count`.

use super::catalogue::Rule;
use super::evaluate::{Evaluated, number};
use super::fact::{Facts, Lacking};
use super::kind::{Clock, Limit};
use super::regime::{Asked, Stage};
use super::trace::Silent;
use crate::domain::instant::Instant;
use crate::domain::word::Direction;

/// A clock and a limit by which a stage may be counted.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'c> {
    pub clock: &'c Clock,
    pub limit: Option<&'c Limit>,
    /// The condition of the variant; none for the stage's own.
    pub asked: Option<&'c Asked>,
}

/// By what a stage may be counted: by the first variant whose condition holds, else as the stage itself says. While it is
/// not known whether another applies, by that one too; a what-if takes it as not applying.
pub fn readings<'c>(stage: &'c Stage, facts: &Facts<'_>) -> Vec<Reading<'c>> {
    let mut found = Vec::new();
    for variant in &stage.variants {
        let holds = variant.when.condition.holds(facts.profile);
        if holds == Some(true) || (holds.is_none() && facts.lacking == Lacking::Asks) {
            found.push(Reading {
                clock: &variant.clock,
                limit: variant.limit.as_ref().or(stage.limit.as_ref()),
                asked: Some(&variant.when),
            });
        }
        if holds == Some(true) {
            return found;
        }
    }
    found.push(Reading {
        clock: &stage.clock,
        limit: stage.limit.as_ref(),
        asked: None,
    });
    found
}

/// Of several readings the one that asks for the most caution, the earliest deadline or the longest embargo, and the
/// latest instant that every one of them allows.
pub fn earliest_reading<'c>(
    blank: Evaluated<'c>,
    rule: Rule<'c>,
    readings: &[Reading<'c>],
    facts: &Facts<'_>,
) -> (Reading<'c>, Option<Instant>) {
    let mut latest: Option<Instant> = None;
    let mut best: Option<(Instant, Reading<'c>)> = None;
    for reading in readings {
        let mut duty = blank;
        number(
            &mut duty,
            rule,
            (reading.clock, reading.limit),
            facts,
            &mut Silent,
        );
        let Some(due) = duty.due else {
            continue;
        };
        let end = duty.limit.unwrap_or(due);
        latest = Some(latest.map_or(end, |latest| latest.min(end)));
        let more = |held: Instant| match rule.stage.direction {
            Direction::NotBefore => due > held,
            Direction::Deadline => due < held,
        };
        if best.is_none_or(|(held, _)| more(held)) {
            best = Some((due, *reading));
        }
    }
    // Without a number it stands as the stage itself says; that is the last of them.
    let own = readings.last().copied();
    let none = Reading {
        clock: &rule.stage.clock,
        limit: rule.stage.limit.as_ref(),
        asked: None,
    };
    (
        best.map(|(_, reading)| reading).or(own).unwrap_or(none),
        latest,
    )
}
