//! What one duty says: its status, due and limit, from a rule and recorded facts. The order of the questions is the
//! specification: in force, required, number, limit, hold, embargo, submitted, time.

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;

use super::catalogue::Rule;
use super::civil::{EVERYWHERE, ZoneOf, at, instant_of, local_date};
use super::count::{Counted, Sight, Stop, count};
use super::fact::{Facts, Lacking};
use super::hold::{held, hold};
use super::kind::{Clock, Limit};
use super::limit::outer;
use super::profile::Place;
use super::reading::{earliest_reading, readings};
use super::regime::{Asked, Force, Stage};
use super::trace::{Silent, Trace, date, instant_in};
use crate::domain::instant::Instant;
use crate::domain::word::{Direction, DutyStatus, Precision};

/// How a submission stands to the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    OnTime,
    /// After the earliest reading, within what the text allows.
    BetweenDueAndLimit,
    Late,
    /// Before an embargo ended.
    Early,
}

impl Outcome {
    /// The word as the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::OnTime => "on_time",
            Outcome::BetweenDueAndLimit => "between_due_and_limit",
            Outcome::Late => "late",
            Outcome::Early => "early",
        }
    }
}

/// Why a duty has no number, for a reader.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Why<'c> {
    /// Not in force, by its status.
    Force(Force),
    /// The trigger lies before the first or after the last day it applies.
    Outside(Option<NaiveDate>, Option<NaiveDate>),
    /// This condition is false, or not known.
    Condition(&'c Asked),
    /// This fact picks the number and is missing.
    Fact(&'c str),
    /// Whether this condition holds is not known, and the earliest reading of the two counts.
    Earliest(&'c Asked),
    /// The calendar is not named (none), or does not know this day.
    Calendar(Option<NaiveDate>),
}

/// What a duty says. Where there is no number in the rule there is none here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluated<'c> {
    /// The clock's own word, as if there were no present and nothing had been sent.
    pub status: DutyStatus,
    /// The word for the screen: the same, seen from `now`, with submission and decision.
    pub state: DutyStatus,
    /// The earliest reading of the deadline, after any hold.
    pub due: Option<Instant>,
    /// The latest instant the text allows, where that is later.
    pub limit: Option<Instant>,
    /// Due less the time that drafting and approval take, where that is known.
    pub latest_start: Option<Instant>,
    /// A part of the number is missing, and it may still become earlier. A hold changes nothing of that.
    pub provisional: bool,
    /// The trigger that gave `due`, or the one that is missing.
    pub trigger: Option<&'c str>,
    /// The instant counted from.
    pub counted_from: Option<Instant>,
    /// How the submission stood to due and limit, once there is one.
    pub outcome: Option<Outcome>,
    /// When the holds in effect end, if they end.
    pub held_until: Option<Instant>,
    /// Which of the facts' holds ends last of those in effect.
    pub held_by: Option<usize>,
    /// Whether the regime may start duties.
    pub enabled: bool,
    /// Whether `due` is a deadline, or the end of an embargo.
    pub direction: Direction,
    /// The entity's zone is not known: the earliest result of these many counts.
    pub zones: usize,
    /// Why there is no number, or none is owed.
    pub why: Option<Why<'c>>,
}

/// Evaluates one rule over the facts of one duty.
pub fn evaluate<'c>(rule: Rule<'c>, facts: &Facts<'_>) -> Evaluated<'c> {
    evaluate_traced(rule, facts, &mut Silent)
}

/// The same, with every step told to `trace`.
pub fn evaluate_traced<'c>(
    rule: Rule<'c>,
    facts: &Facts<'_>,
    trace: &mut impl Trace,
) -> Evaluated<'c> {
    let stage = rule.stage;
    let mut duty = Evaluated {
        status: DutyStatus::Waiting,
        state: DutyStatus::Waiting,
        due: None,
        limit: None,
        latest_start: None,
        provisional: false,
        trigger: None,
        counted_from: None,
        outcome: None,
        held_until: None,
        held_by: None,
        enabled: rule.regime.enabled,
        direction: stage.direction,
        zones: 1,
        why: None,
    };
    let readings = readings(stage, facts);
    let (reading, latest) = match readings.as_slice() {
        [only] => (*only, None),
        several => earliest_reading(duty, rule, several, facts),
    };
    let (clock, limit) = (reading.clock, reading.limit);
    if let Some(asked) = reading.asked {
        trace.line("variant", || {
            format!("another period applies: {}", asked.text)
        });
    }
    if let Some(why) = not_in_force(rule, clock, facts) {
        duty.status = DutyStatus::NotInForce;
        duty.why = Some(why);
    } else if let Some((status, asked)) = not_required(stage, facts) {
        duty.status = status;
        duty.why = Some(Why::Condition(asked));
    } else {
        number(&mut duty, rule, (clock, limit), facts, trace);
        let open = readings.iter().find_map(|reading| reading.asked);
        if let Some(asked) = open.filter(|_| readings.len() > 1 && duty.due.is_some()) {
            duty.why = Some(Why::Earliest(asked));
            duty.limit = latest.filter(|latest| duty.due.is_some_and(|due| *latest > due));
        }
    }
    duty.state = state(&mut duty, stage, facts);
    duty
}

fn not_in_force<'c>(rule: Rule<'c>, clock: &Clock, facts: &Facts<'_>) -> Option<Why<'c>> {
    let regime = rule.regime;
    if regime.force != Force::InForce {
        return Some(Why::Force(regime.force));
    }
    if regime.applies_from.is_none() && regime.applies_until.is_none() {
        return None;
    }
    // While the zone is not known the day begins where it begins first: rather in force than not.
    let entity = match &facts.profile.place {
        Place::Zone(zone) => *zone,
        Place::OneOf(zones) => *zones.first()?,
        Place::Unknown => EVERYWHERE.first()?.0,
    };
    let zone = clock_zone(clock).of(entity);
    let mut earliest: Option<Instant> = None;
    clock.each_trigger(&mut |name| {
        if let Some(when) = facts.trigger(name) {
            let at = instant_of(when, zone);
            earliest = Some(earliest.map_or(at, |earliest| earliest.min(at)));
        }
    });
    let earliest = earliest?;
    let too_early = |from: NaiveDate| earliest < at(from, NaiveTime::MIN, zone);
    let too_late = |until: NaiveDate| local_date(earliest, zone) > until;
    (regime.applies_from.is_some_and(too_early) || regime.applies_until.is_some_and(too_late))
        .then_some(Why::Outside(regime.applies_from, regime.applies_until))
}

/// The zone a clock names, if it is one of local days.
pub fn clock_zone(clock: &Clock) -> ZoneOf {
    match clock {
        Clock::Days { zone, .. }
        | Clock::BusinessDays { zone, .. }
        | Clock::Months { zone, .. }
        | Clock::YearEnd { zone, .. } => *zone,
        _ => ZoneOf::Entity,
    }
}

fn not_required<'c>(stage: &'c Stage, facts: &Facts<'_>) -> Option<(DutyStatus, &'c Asked)> {
    let asked = stage.when.as_ref()?;
    match (asked.condition.holds(facts.profile), facts.lacking) {
        (Some(true), _) | (None, Lacking::Counts) => None,
        (Some(false), _) => Some((DutyStatus::NotRequired, asked)),
        (None, Lacking::Asks) => Some((DutyStatus::Undecided, asked)),
    }
}

/// Counts one reading of a rule.
pub(super) fn number<'c>(
    duty: &mut Evaluated<'c>,
    rule: Rule<'c>,
    (clock, limit): (&'c Clock, Option<&'c Limit>),
    facts: &Facts<'_>,
    trace: &mut impl Trace,
) {
    let sight = |zone| Sight {
        calendars: rule.catalogue.calendars(),
        facts,
        zone,
    };
    let (counted, outer_limit) = match &facts.profile.place {
        Place::Zone(zone) => counted_in(clock, limit, sight(*zone), trace),
        Place::OneOf(zones) => earliest_of(duty, zones, (clock, limit), sight, trace),
        Place::Unknown => {
            let zones = near_midnight(clock, facts, rolls(clock, limit, sight(Tz::UTC)));
            earliest_of(duty, &zones, (clock, limit), sight, trace)
        }
    };
    match counted {
        Err(Stop::Waiting(name)) => duty.trigger = Some(name),
        Err(Stop::NoNumber(name, from)) => {
            duty.status = DutyStatus::NoFixedLimit;
            duty.trigger = Some(name);
            duty.counted_from = Some(from.at);
            let zone = match &facts.profile.place {
                Place::Zone(zone) => *zone,
                _ => Tz::UTC,
            };
            if let Some((by, until)) = held(None, rule.stage, zone, facts, trace) {
                duty.held_by = Some(by);
                duty.held_until = until;
            }
        }
        Err(Stop::CalendarUnknown(day)) => {
            duty.status = DutyStatus::CalendarUnknown;
            duty.trigger = clock.first_trigger();
            duty.why = Some(Why::Calendar(day));
        }
        Err(Stop::Undecided(fact)) => {
            duty.status = DutyStatus::Undecided;
            duty.trigger = clock.first_trigger();
            duty.why = Some(Why::Fact(fact));
        }
        Ok(counted) => {
            duty.trigger = Some(counted.trigger);
            duty.counted_from = Some(instant_of(counted.from, counted.zone));
            duty.due = Some(counted.due);
            duty.limit = outer_limit;
            duty.provisional = counted.provisional;
            duty.status = if counted.provisional {
                DutyStatus::Provisional
            } else {
                DutyStatus::Running
            };
            hold(duty, rule.stage, counted, facts, trace);
            if duty.direction == Direction::NotBefore {
                duty.status = DutyStatus::Embargo;
                duty.limit = None;
                trace.line("embargo", || {
                    "not before that instant: a floor, not a deadline".to_owned()
                });
            }
        }
    }
}

type Number<'c> = (Result<Counted<'c>, Stop<'c>>, Option<Instant>);

fn counted_in<'c>(
    clock: &'c Clock,
    limit: Option<&Limit>,
    sight: Sight<'_>,
    trace: &mut impl Trace,
) -> Number<'c> {
    let counted = count(clock, sight, trace);
    if let Ok(counted) = &counted {
        trace.line("due", || instant_in(counted.due, counted.zone));
    }
    let limit = match (&counted, limit) {
        (Ok(counted), Some(limit)) => outer(limit, counted, sight, trace),
        _ => None,
    };
    (counted, limit)
}

/// The earliest reading of several zones, for an entity whose place is not known.
fn earliest_of<'c, 'f>(
    duty: &mut Evaluated<'c>,
    zones: &[Tz],
    (clock, limit): (&'c Clock, Option<&'c Limit>),
    sight: impl Fn(Tz) -> Sight<'f>,
    trace: &mut impl Trace,
) -> Number<'c> {
    let anywhere = sight(Tz::UTC);
    let mut by_day = false;
    clock.each_trigger(&mut |name| {
        let when = anywhere.facts.trigger(name);
        by_day |= when.is_some_and(|when| when.precision == Precision::Day);
    });
    if !(clock.uses_entity_zone() || by_day || rolls(clock, limit, anywhere)) {
        return counted_in(clock, limit, anywhere, trace);
    }
    let mut best: Option<(Counted<'c>, Instant, Tz)> = None;
    for zone in zones {
        let (counted, limit) = counted_in(clock, limit, sight(*zone), &mut Silent);
        let counted = match counted {
            Ok(counted) => counted,
            stop => return (stop, None),
        };
        let latest = limit.unwrap_or(counted.due);
        best = Some(match best {
            None => (counted, latest, *zone),
            Some((held, until, _)) if counted.due < held.due => (counted, latest.min(until), *zone),
            Some((held, until, at)) => (held, latest.min(until), at),
        });
    }
    let Some((counted, latest, zone)) = best else {
        return (Err(Stop::Undecided("zone")), None);
    };
    duty.zones = zones.len();
    trace.line("zone", || {
        let of = match &anywhere.facts.profile.place {
            Place::Unknown => "of all zones on Earth".to_owned(),
            _ => format!("of the {} that it may be", zones.len()),
        };
        format!(
            "the entity's zone is not known: {of} the one with the earliest result counts, {}",
            zone.name()
        )
    });
    // Told again with the zone that counts.
    let _ = counted_in(clock, limit, sight(zone), trace);
    (Ok(counted), (latest > counted.due).then_some(latest))
}

/// Whether a limit depends on which of the entity's local days is closed.
fn rolls(clock: &Clock, limit: Option<&Limit>, sight: Sight<'_>) -> bool {
    match limit {
        Some(Limit::Roll { calendar, .. }) => {
            clock_zone(clock) == ZoneOf::Entity && sight.calendar(calendar).is_some()
        }
        _ => false,
    }
}

/// The zones that can give the earliest result on Earth. A local day ends first where it is latest in the day, so the
/// zones in their last three hours do (an hour more or less for summer time), and the easternmost, whose next day it
/// already is. An end that may roll needs them all.
fn near_midnight(clock: &Clock, facts: &Facts<'_>, all: bool) -> Vec<Tz> {
    let mut minutes = Vec::new();
    clock.each_trigger(&mut |name| {
        minutes.extend(
            facts
                .trigger(name)
                .map(|when| when.at.timestamp().div_euclid(60)),
        );
    });
    let late = |offset: i64| {
        let mut days = minutes.iter().map(|at| (at + offset).rem_euclid(24 * 60));
        days.any(|minute| minute >= 21 * 60)
    };
    let zones = EVERYWHERE.iter().enumerate();
    zones
        .filter(|(place, (_, offset))| all || *place < 3 || late(*offset))
        .map(|(_, (zone, _))| *zone)
        .collect()
}

/// The word for the screen, with the outcome and the latest start beside it.
fn state(duty: &mut Evaluated<'_>, stage: &Stage, facts: &Facts<'_>) -> DutyStatus {
    let sent = facts.submitted.or_else(|| met_by(stage, facts));
    let embargo = duty.direction == Direction::NotBefore;
    if let Some((sent, due)) = sent.zip(duty.due) {
        duty.outcome = Some(match duty.limit {
            _ if embargo && sent <= due => Outcome::Early,
            _ if embargo || sent <= due => Outcome::OnTime,
            Some(limit) if sent <= limit => Outcome::BetweenDueAndLimit,
            _ => Outcome::Late,
        });
    }
    if sent.is_some() {
        return DutyStatus::Met;
    }
    if duty.status == DutyStatus::NotInForce || duty.status == DutyStatus::NotRequired {
        return duty.status;
    }
    if facts.decided {
        return DutyStatus::Decided;
    }
    if let Some(due) = duty.due.filter(|_| !embargo) {
        let prepare = facts.prepare_for.or(stage.prepare_for);
        duty.latest_start = prepare.map(|span| due - span.delta());
    }
    let Some(now) = facts.now else {
        return duty.status;
    };
    if duty.status == DutyStatus::NoFixedLimit
        && duty.held_by.is_some()
        && duty.held_until.is_none_or(|until| now <= until)
    {
        return DutyStatus::Held;
    }
    let Some(due) = duty.due else {
        return duty.status;
    };
    match duty.status {
        DutyStatus::Held if duty.held_until.is_some_and(|until| now <= until) => DutyStatus::Held,
        // The embargo is over, and the text has no deadline.
        DutyStatus::Embargo if now > due => DutyStatus::NoFixedLimit,
        DutyStatus::Embargo => DutyStatus::Embargo,
        _ if now <= due && duty.provisional => DutyStatus::Provisional,
        _ if now <= due => DutyStatus::Running,
        _ if duty.limit.is_some_and(|limit| now <= limit) => DutyStatus::PastDue,
        _ => DutyStatus::Overdue,
    }
}

/// The last of the triggers that are themselves the notice, once all are recorded.
fn met_by(stage: &Stage, facts: &Facts<'_>) -> Option<Instant> {
    let mut last = None;
    for name in &stage.met_by {
        last = last.max(Some(facts.trigger(name)?.at));
    }
    last
}

impl Why<'_> {
    /// The reason as a sentence.
    pub fn sentence(&self, facts: &Facts<'_>) -> String {
        match self {
            Why::Force(force) => format!("the text is not in force: {}", force.as_str()),
            Why::Outside(Some(from), _) => format!("the text applies from {}", date(*from)),
            Why::Outside(None, Some(until)) => format!("the text applied until {}", date(*until)),
            Why::Outside(None, None) => "the text does not apply at that time".to_owned(),
            Why::Condition(asked) => {
                let facts = asked.condition.facts(facts.profile).join(", ");
                format!("{facts}; the rule is {}", asked.text)
            }
            Why::Earliest(asked) => {
                let facts = asked.condition.facts(facts.profile).join(", ");
                format!(
                    "{facts}; the earliest reading counts, the rule is {}",
                    asked.text
                )
            }
            Why::Fact(fact) => format!("{fact} is not known, and the number depends on it"),
            Why::Calendar(None) => "no calendar of open days is named".to_owned(),
            Why::Calendar(Some(day)) => format!("the calendar does not know {}", date(*day)),
        }
    }
}
