//! The kinds of clock a text can have, as data: what is counted, from which trigger, in which zone and calendar.
//! Counting them is `count`, their form in a file `form`.

use chrono::NaiveTime;
use chrono_tz::Tz;

use super::civil::ZoneOf;

/// The calendar of open days a rule counts by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CalendarOf {
    /// The one the incident's profile names.
    Profile,
    /// One the rule names, by id.
    Named(String),
}

/// Whether the day of the trigger is day 0 or day 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Counting begins on the day after.
    NextDay,
    /// The trigger's own day is day 1, as in Japan.
    SameDay,
}

/// How a rule counts. `trigger` names the recorded instant it counts from.
#[derive(Debug, Clone, PartialEq)]
pub enum Clock {
    /// So many seconds on the UTC line.
    Elapsed { trigger: String, seconds: i64 },
    /// So many calendar days, to `end` on the last.
    Days {
        trigger: String,
        n: u32,
        start: Start,
        end: NaiveTime,
        zone: ZoneOf,
    },
    /// So many open days after the trigger's, to `end` on the last.
    BusinessDays {
        trigger: String,
        n: u32,
        calendar: CalendarOf,
        end: NaiveTime,
        zone: ZoneOf,
    },
    /// So many months, clamped to the month's last day.
    Months {
        trigger: String,
        n: u32,
        end: NaiveTime,
        zone: ZoneOf,
    },
    /// So many days after the trigger's calendar year.
    YearEnd {
        trigger: String,
        n: u32,
        end: NaiveTime,
        zone: ZoneOf,
    },
    /// The earliest of several, of those whose trigger exists.
    FirstOf {
        of: Vec<Clock>,
        late: Option<Late>,
        /// While this trigger is missing the result is provisional.
        provisional_without: Option<String>,
    },
    /// The latest of several; all must exist.
    LastOf { of: Vec<Clock> },
    /// One of several, by what the profile says.
    Table {
        trigger: String,
        keys: Vec<Key>,
        rows: Vec<Row>,
    },
    /// The text has no number.
    None {
        trigger: String,
        /// The text's own words, such as "without undue delay".
        wording: String,
    },
}

/// When one trigger comes more than so many seconds after another, only one part of a first-of counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Late {
    /// The trigger that comes late.
    pub trigger: String,
    /// The trigger it is measured from.
    pub after: String,
    /// More than so many seconds later.
    pub seconds: i64,
    /// The part that counts alone, from 0.
    pub part: usize,
}

/// A fact of the profile that picks a row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The fact's path in the profile.
    pub fact: String,
    /// What counts when the profile does not say; without one the question stays open.
    pub default: Option<String>,
}

/// A row of a table: the facts it is for, in the order of the keys, and how it counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// One value a key, in the keys' order.
    pub facts: Vec<String>,
    pub clock: Clock,
}

/// How the latest instant a text allows is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
    /// Regulation 1182/71: the hour of the event is not counted.
    EuHours,
    /// An end on a closed day moves to the next open one.
    Roll {
        calendar: CalendarOf,
        /// The wall time on the day it moves to.
        at: NaiveTime,
        /// Entities that have no such relief, as tags of the profile.
        unless: Vec<String>,
        /// A period of two days or more must hold two open days.
        two_working_days: bool,
    },
}

/// A hold that a stage's text allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldKind {
    /// Its word in commands and files, such as `law_enforcement`.
    pub kind: String,
    /// It ends by itself so many days after it was stated.
    pub max_days: Option<u32>,
}

impl Clock {
    /// Whether the result depends on where the entity is.
    pub fn uses_entity_zone(&self) -> bool {
        match self {
            Clock::Elapsed { .. } | Clock::None { .. } => false,
            Clock::Days { zone, .. }
            | Clock::BusinessDays { zone, .. }
            | Clock::Months { zone, .. }
            | Clock::YearEnd { zone, .. } => *zone == ZoneOf::Entity,
            Clock::FirstOf { of, .. } | Clock::LastOf { of } => {
                of.iter().any(Clock::uses_entity_zone)
            }
            Clock::Table { rows, .. } => rows.iter().any(|row| row.clock.uses_entity_zone()),
        }
    }

    /// The triggers this clock may count from, without repetition, in the order written.
    pub fn triggers(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.each_trigger(&mut |name| {
            if !found.contains(&name) {
                found.push(name);
            }
        });
        found
    }

    /// Whether a trigger of this name moves the clock in any way.
    pub fn names_trigger(&self, name: &str) -> bool {
        let beside = match self {
            Clock::FirstOf {
                late,
                provisional_without,
                ..
            } => {
                let late = late.iter().flat_map(|late| [&late.trigger, &late.after]);
                late.chain(provisional_without).any(|of| of == name)
            }
            _ => false,
        };
        beside || self.triggers().contains(&name)
    }

    /// Calls `see` with each trigger the clock may count from.
    pub fn each_trigger<'c>(&'c self, see: &mut impl FnMut(&'c str)) {
        match self {
            Clock::Elapsed { trigger, .. }
            | Clock::Days { trigger, .. }
            | Clock::BusinessDays { trigger, .. }
            | Clock::Months { trigger, .. }
            | Clock::YearEnd { trigger, .. }
            | Clock::Table { trigger, .. }
            | Clock::None { trigger, .. } => see(trigger),
            Clock::FirstOf { of, .. } | Clock::LastOf { of } => {
                for part in of {
                    part.each_trigger(see);
                }
            }
        }
    }

    /// Calls `see` with each zone the clock names for its days.
    pub fn each_named_zone(&self, see: &mut impl FnMut(Tz)) {
        match self {
            Clock::Days { zone, .. }
            | Clock::BusinessDays { zone, .. }
            | Clock::Months { zone, .. }
            | Clock::YearEnd { zone, .. } => {
                if let ZoneOf::Fixed(zone) = zone {
                    see(*zone);
                }
            }
            Clock::FirstOf { of, .. } | Clock::LastOf { of } => {
                for part in of {
                    part.each_named_zone(see);
                }
            }
            Clock::Table { rows, .. } => {
                for row in rows {
                    row.clock.each_named_zone(see);
                }
            }
            Clock::Elapsed { .. } | Clock::None { .. } => {}
        }
    }

    /// The first trigger written.
    pub fn first_trigger(&self) -> Option<&str> {
        let mut first = None;
        self.each_trigger(&mut |name| {
            first.get_or_insert(name);
        });
        first
    }

    /// The calendars this clock names by id.
    pub fn calendars(&self) -> Vec<&str> {
        match self {
            Clock::BusinessDays {
                calendar: CalendarOf::Named(id),
                ..
            } => vec![id],
            Clock::FirstOf { of, .. } | Clock::LastOf { of } => {
                of.iter().flat_map(Clock::calendars).collect()
            }
            Clock::Table { rows, .. } => {
                rows.iter().flat_map(|row| row.clock.calendars()).collect()
            }
            _ => Vec::new(),
        }
    }
}
