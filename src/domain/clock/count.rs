//! The counting loop: from a recorded trigger to the earliest reading of the deadline. One function for the board and for
//! the explanation. Limits are `limit`, what the result means to a duty `evaluate`.

use chrono::{Datelike, Days, Months, NaiveDate, TimeDelta};
use chrono_tz::Tz;

use super::calendar::{Calendar, Day, Seen};
use super::civil::{at, date_of, instant_of};
use super::fact::Facts;
use super::kind::{CalendarOf, Clock, Key, Late, Row, Start};
use super::profile::Fact;
use super::trace::{Trace, date, instant_in};
use crate::domain::instant::Instant;
use crate::domain::when::When;

/// What counting looks at.
#[derive(Clone, Copy)]
pub struct Sight<'f> {
    /// The calendars of the catalogue, few.
    pub calendars: &'f [Calendar],
    pub facts: &'f Facts<'f>,
    /// The entity's zone, or the candidate looked at.
    pub zone: Tz,
}

/// A counted deadline and where it came from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counted<'c> {
    /// The earliest reading: a notice at this second is on time.
    pub due: Instant,
    /// The trigger that gave it.
    pub trigger: &'c str,
    /// What was recorded for that trigger.
    pub from: When,
    /// The zone it was counted in.
    pub zone: Tz,
    /// The length in seconds, when it is one of hours.
    pub seconds: Option<i64>,
    /// The length in days, when it is one of days.
    pub days: Option<u32>,
    /// A trigger that would give a better answer is missing.
    pub provisional: bool,
}

/// Why there is no number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stop<'c> {
    /// This trigger is not recorded.
    Waiting(&'c str),
    /// The text has no number; it runs from this trigger.
    NoNumber(&'c str, When),
    /// The calendar is not named (none), or does not know this day.
    CalendarUnknown(Option<NaiveDate>),
    /// A fact that picks the number is missing.
    Undecided(&'c str),
}

impl<'f> Sight<'f> {
    /// The calendar a rule counts by; none when the profile names none, or one that nobody has.
    pub fn calendar(&self, of: &CalendarOf) -> Option<Seen<'f>> {
        let id = match of {
            CalendarOf::Profile => self.facts.profile.calendar.as_deref()?,
            CalendarOf::Named(id) => id,
        };
        let calendar = self.calendars.iter().find(|c| c.id == id)?;
        Some(Seen {
            calendar,
            extra: &self.facts.profile.extra_closures,
        })
    }
}

/// Counts a clock. `trace` hears each step.
///
/// # Errors
/// Why no instant comes of it: what is not recorded yet, or not known, of what the clock needs.
pub fn count<'c>(
    clock: &'c Clock,
    sight: Sight<'_>,
    trace: &mut impl Trace,
) -> Result<Counted<'c>, Stop<'c>> {
    match clock {
        Clock::Elapsed { trigger, seconds } => {
            let from = recorded(trigger, sight)?;
            let start = instant_of(from, sight.zone);
            let due = start + TimeDelta::seconds(*seconds);
            let mut counted = Counted {
                seconds: Some(*seconds),
                ..of_days(due, trigger, from, sight.zone)
            };
            counted.days = None;
            trace.line("trigger", || {
                format!("{trigger}: {}", instant_in(start, sight.zone))
            });
            trace.line("counted", || {
                format!(
                    "{} elapsed; nights, weekends and holidays count",
                    length(*seconds)
                )
            });
            Ok(counted)
        }
        Clock::Days {
            trigger,
            n,
            start,
            end,
            zone,
        } => {
            let zone = zone.of(sight.zone);
            let (from, first) = first_day(trigger, zone, sight, trace)?;
            let days = match start {
                Start::NextDay => *n,
                Start::SameDay => n.saturating_sub(1),
            };
            let last = later(first, days);
            trace.line("counted", || match start {
                Start::NextDay => format!("the day itself is day 0; day {n} is {}", date(last)),
                Start::SameDay => format!("the day itself is day 1; day {n} is {}", date(last)),
            });
            let due = at(last, *end, zone);
            Ok(Counted {
                days: Some(*n),
                ..of_days(due, trigger, from, zone)
            })
        }
        Clock::BusinessDays {
            trigger,
            n,
            calendar,
            end,
            zone,
        } => {
            let zone = zone.of(sight.zone);
            let (from, first) = first_day(trigger, zone, sight, trace)?;
            let seen = sight
                .calendar(calendar)
                .ok_or(Stop::CalendarUnknown(None))?;
            let last = open_days_after(first, *n, seen, trace)
                .map_err(|day| Stop::CalendarUnknown(Some(day)))?;
            Ok(of_days(at(last, *end, zone), trigger, from, zone))
        }
        Clock::Months {
            trigger,
            n,
            end,
            zone,
        } => {
            let zone = zone.of(sight.zone);
            let (from, first) = first_day(trigger, zone, sight, trace)?;
            let last = first
                .checked_add_months(Months::new(*n))
                .unwrap_or(NaiveDate::MAX);
            trace.line("counted", || format!("plus {n} month(s): {}", date(last)));
            if last.day() < first.day() {
                trace.line("clamp", || {
                    format!(
                        "that month has no day {}, so its last day counts",
                        first.day()
                    )
                });
            }
            Ok(of_days(at(last, *end, zone), trigger, from, zone))
        }
        Clock::YearEnd {
            trigger,
            n,
            end,
            zone,
        } => {
            let zone = zone.of(sight.zone);
            let (from, first) = first_day(trigger, zone, sight, trace)?;
            let year_end = NaiveDate::from_ymd_opt(first.year(), 12, 31).unwrap_or(NaiveDate::MAX);
            let last = later(year_end, *n);
            trace.line("counted", || {
                format!(
                    "the year ends {}; plus {n} days: {}",
                    date(year_end),
                    date(last)
                )
            });
            Ok(of_days(at(last, *end, zone), trigger, from, zone))
        }
        Clock::FirstOf {
            of,
            late,
            provisional_without,
        } => first_of(
            of,
            late.as_ref(),
            provisional_without.as_deref(),
            sight,
            trace,
        ),
        Clock::LastOf { of } => last_of(of, sight, trace),
        Clock::Table { keys, rows, .. } => {
            let row = pick(keys, rows, sight, trace)?;
            count(&row.clock, sight, trace)
        }
        Clock::None { trigger, .. } => Err(Stop::NoNumber(trigger, recorded(trigger, sight)?)),
    }
}

fn recorded<'c>(trigger: &'c str, sight: Sight<'_>) -> Result<When, Stop<'c>> {
    sight.facts.trigger(trigger).ok_or(Stop::Waiting(trigger))
}

fn of_days<'c>(due: Instant, trigger: &'c str, from: When, zone: Tz) -> Counted<'c> {
    Counted {
        due,
        trigger,
        from,
        zone,
        seconds: None,
        days: None,
        provisional: false,
    }
}

fn later(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_add_days(Days::new(days.into()))
        .unwrap_or(NaiveDate::MAX)
}

/// The trigger and the date it falls on where the clock counts.
fn first_day<'c>(
    trigger: &'c str,
    zone: Tz,
    sight: Sight<'_>,
    trace: &mut impl Trace,
) -> Result<(When, NaiveDate), Stop<'c>> {
    let from = recorded(trigger, sight)?;
    let day = date_of(from, zone);
    trace.line("trigger", || {
        format!("{trigger}: {}", instant_in(instant_of(from, zone), zone))
    });
    trace.line("start", || {
        format!("that is {} in {}", date(day), zone.name())
    });
    Ok((from, day))
}

/// The `n`th open day after a day, or the first day looked at that the calendar does not know.
fn open_days_after(
    first: NaiveDate,
    n: u32,
    seen: Seen<'_>,
    trace: &mut impl Trace,
) -> Result<NaiveDate, NaiveDate> {
    let (mut day, mut found) = (first, 0);
    trace.line("counted", || {
        format!(
            "{n} business day(s) after it, calendar {}",
            seen.calendar.id
        )
    });
    while found < n {
        day = later(day, 1);
        match seen.day(day) {
            Day::Open => {
                found += 1;
                trace.line("day", || format!("{}: day {found}", date(day)));
            }
            Day::Closed => trace.line("skipped", || format!("{}: {}", date(day), seen.reason(day))),
            Day::Unknown => {
                trace.line("stopped", || {
                    format!(
                        "{}: calendar {} is known from {} to {} only",
                        date(day),
                        seen.calendar.id,
                        seen.calendar.valid_from,
                        seen.calendar.valid_through
                    )
                });
                return Err(day);
            }
        }
    }
    Ok(day)
}

fn first_of<'c>(
    of: &'c [Clock],
    late: Option<&'c Late>,
    provisional_without: Option<&'c str>,
    sight: Sight<'_>,
    trace: &mut impl Trace,
) -> Result<Counted<'c>, Stop<'c>> {
    let instant = |name: &str| Some(instant_of(sight.facts.trigger(name)?, sight.zone));
    let alone = late.filter(|late| {
        let both = instant(&late.trigger).zip(instant(&late.after));
        both.is_some_and(|(at, after)| at > after + TimeDelta::seconds(late.seconds))
    });
    if let Some(late) = alone {
        trace.line("late", || {
            format!(
                "{} came more than {} after {}: only the time from it counts",
                late.trigger,
                length(late.seconds),
                late.after
            )
        });
    }
    let mut first: Option<Counted<'c>> = None;
    let mut missing = None;
    for (place, part) in of.iter().enumerate() {
        if alone.is_some_and(|late| late.part != place) {
            continue;
        }
        match count(part, sight, trace) {
            Ok(counted) => {
                trace.line("part", || instant_in(counted.due, counted.zone));
                if first.is_none_or(|first| counted.due < first.due) {
                    first = Some(counted);
                }
            }
            Err(Stop::Waiting(name)) => {
                trace.line("part", || format!("{name} is not recorded"));
                missing = missing.or(Some(Stop::Waiting(name)));
            }
            // Without one part the earliest of them is not known.
            Err(stop) => return Err(stop),
        }
    }
    let Some(mut first) = first else {
        return Err(missing.unwrap_or(Stop::Undecided("a part that counts")));
    };
    trace.line("counted", || {
        format!("the earliest of them, from {}", first.trigger)
    });
    if let Some(name) = provisional_without.filter(|name| sight.facts.trigger(name).is_none()) {
        trace.line("provisional", || {
            format!("{name} is not recorded: this may come earlier")
        });
        first.provisional = true;
    }
    Ok(first)
}

fn last_of<'c>(
    of: &'c [Clock],
    sight: Sight<'_>,
    trace: &mut impl Trace,
) -> Result<Counted<'c>, Stop<'c>> {
    let mut last: Option<Counted<'c>> = None;
    for part in of {
        let counted = count(part, sight, trace)?;
        trace.line("part", || instant_in(counted.due, counted.zone));
        if last.is_none_or(|last| counted.due > last.due) {
            last = Some(counted);
        }
    }
    let last = last.ok_or(Stop::Undecided("a part that counts"))?;
    trace.line("counted", || {
        format!("the latest of them, from {}", last.trigger)
    });
    Ok(last)
}

/// The row of a table that the profile's facts pick.
fn pick<'c>(
    keys: &'c [Key],
    rows: &'c [Row],
    sight: Sight<'_>,
    trace: &mut impl Trace,
) -> Result<&'c Row, Stop<'c>> {
    let matches = |place: usize, key: &Key, row: &Row| -> Option<bool> {
        let wanted = row.facts.get(place)?;
        Some(match sight.facts.profile.get(&key.fact) {
            Some(Fact::Word(word)) => word == wanted,
            Some(Fact::Number(number)) => wanted.parse() == Ok(*number),
            _ => key.default.as_ref()? == wanted,
        })
    };
    for key in keys {
        match (sight.facts.profile.get(&key.fact), &key.default) {
            (Some(Fact::Word(word)), _) => trace.line("table", || format!("{}: {word}", key.fact)),
            (Some(Fact::Number(n)), _) => trace.line("table", || format!("{}: {n}", key.fact)),
            (_, Some(default)) => trace.line("table", || {
                format!("{} is not known and counts as {default}", key.fact)
            }),
            (_, None) => return Err(Stop::Undecided(&key.fact)),
        }
    }
    let row = rows.iter().find(|row| {
        let mut keys = keys.iter().enumerate();
        keys.all(|(place, key)| matches(place, key, row) == Some(true))
    });
    row.ok_or(Stop::Undecided(keys.first().map_or("", |key| &key.fact)))
}

/// A length for a reader: `72 h`, `15 min`.
pub fn length(seconds: i64) -> String {
    match (seconds % 3600, seconds % 60) {
        (0, _) => format!("{} h", seconds / 3600),
        (_, 0) => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}
