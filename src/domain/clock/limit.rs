//! The outer reading: the latest instant a text itself allows, if later than the headline. Hours under Regulation
//! 1182/71, ends moved off closed days, the noon of the financial sector.

use chrono::{DurationRound, NaiveDate, TimeDelta};

use super::calendar::Day;
use super::civil::{at, date_of, instant_of, local_date};
use super::count::{Counted, Sight};
use super::kind::Limit;
use super::trace::{Trace, date, instant_in};
use crate::domain::instant::Instant;

/// The outer limit of what was counted; none when it is the headline itself, or cannot be known.
pub fn outer(
    limit: &Limit,
    counted: &Counted<'_>,
    sight: Sight<'_>,
    trace: &mut impl Trace,
) -> Option<Instant> {
    let found = match limit {
        Limit::EuHours => {
            let from = instant_of(counted.from, sight.zone);
            let hour = from.duration_trunc(TimeDelta::hours(1)).ok()?;
            let full = hour + TimeDelta::hours(1);
            let end = full + TimeDelta::seconds(counted.seconds?);
            trace.line("limit", || {
                format!(
                    "the hour of the event is not counted (Reg. 1182/71 Art. 3(1)): from {}, so {}",
                    instant_in(full, sight.zone),
                    instant_in(end, sight.zone)
                )
            });
            end
        }
        Limit::Roll {
            calendar,
            at: time,
            unless,
            two_working_days,
        } => {
            if let Some(tag) = unless.iter().find(|tag| sight.facts.profile.is(tag)) {
                trace.line("limit", || {
                    format!("no relief for closed days: the entity is {tag}")
                });
                return None;
            }
            if !unless.is_empty() && !sight.facts.profile.says_what_it_is(unless) {
                trace.line("limit", || {
                    format!(
                        "no relief for closed days while it is not known whether the entity is one of: {}",
                        unless.join(", ")
                    )
                });
                return None;
            }
            let Some(seen) = sight.calendar(calendar) else {
                trace.line("limit", || {
                    "not known: no calendar is named, so whether the end is a closed day is not known"
                        .to_owned()
                });
                return None;
            };
            let end = local_date(counted.due, counted.zone);
            let mut steps = Steps { seen, trace };
            let mut last = steps.open_on_or_after(end)?;
            if *two_working_days && counted.days.is_some_and(|n| n >= 2) {
                last = steps.two_open_days(date_of(counted.from, counted.zone), last)?;
            }
            if last == end {
                return None;
            }
            let moved = at(last, *time, counted.zone);
            trace.line("roll", || {
                format!("the end moves to {}", instant_in(moved, counted.zone))
            });
            moved
        }
    };
    (found > counted.due).then_some(found)
}

struct Steps<'t, 'f, T> {
    seen: super::calendar::Seen<'f>,
    trace: &'t mut T,
}

impl<T: Trace> Steps<'_, '_, T> {
    fn day(&mut self, day: NaiveDate) -> Option<Day> {
        match self.seen.day(day) {
            Day::Unknown => {
                let id = &self.seen.calendar.id;
                self.trace.line("limit", || {
                    format!("not known: calendar {id} does not know {}", date(day))
                });
                None
            }
            known => Some(known),
        }
    }

    fn open_on_or_after(&mut self, mut day: NaiveDate) -> Option<NaiveDate> {
        while self.day(day)? == Day::Closed {
            let seen = self.seen;
            self.trace
                .line("closed", || format!("{}: {}", date(day), seen.reason(day)));
            day = day.succ_opt()?;
        }
        Some(day)
    }

    /// The end, moved until the days after `first` up to it hold two open ones.
    fn two_open_days(&mut self, first: NaiveDate, last: NaiveDate) -> Option<NaiveDate> {
        let (mut day, mut open) = (first, 0);
        loop {
            day = day.succ_opt()?;
            if self.day(day)? == Day::Open {
                open += 1;
            }
            if open >= 2 {
                if day > last {
                    self.trace.line("two days", || {
                        format!(
                            "the period must hold two working days: {} is the second",
                            date(day)
                        )
                    });
                }
                return Some(day.max(last));
            }
        }
    }
}
