//! How a rule counts, in words: its clock, its outer reading, its holds. The arithmetic of one duty is the domain's to tell.

use chrono::NaiveTime;

use crate::domain::clock::civil::{END_OF_DAY, ZoneOf};
use crate::domain::clock::count::length;
use crate::domain::clock::kind::{CalendarOf, Clock, HoldKind, Limit, Start};

/// A clock, as a reader would say it.
pub fn clock(clock: &Clock) -> String {
    match clock {
        Clock::Elapsed { trigger, seconds } => format!("{} after {trigger}", length(*seconds)),
        Clock::Days {
            trigger,
            n,
            start: Start::NextDay,
            end,
            zone,
        } => format!(
            "{} after {trigger}, {}",
            many(*n, "day"),
            until(*end, *zone)
        ),
        Clock::Days {
            trigger,
            n,
            start: Start::SameDay,
            end,
            zone,
        } => format!(
            "day {n}, the day of {trigger} being day 1, {}",
            until(*end, *zone)
        ),
        Clock::BusinessDays {
            trigger,
            n,
            calendar,
            end,
            zone,
        } => format!(
            "{} after {trigger} by {}, {}",
            many(*n, "business day"),
            calendar_of(calendar),
            until(*end, *zone)
        ),
        Clock::Months {
            trigger,
            n,
            end,
            zone,
        } => format!(
            "{} after {trigger}, {}",
            many(*n, "month"),
            until(*end, *zone)
        ),
        Clock::YearEnd {
            trigger,
            n,
            end,
            zone,
        } => format!(
            "{} after the end of the calendar year of {trigger}, {}",
            many(*n, "day"),
            until(*end, *zone)
        ),
        Clock::FirstOf {
            of,
            late,
            provisional_without,
        } => {
            let mut told = format!("the earliest of: {}", each(of));
            if let Some(late) = late {
                let part = of.get(late.part).map(self::clock).unwrap_or_default();
                told.push_str(&format!(
                    "; when {} comes more than {} after {}, only: {part}",
                    late.trigger,
                    length(late.seconds),
                    late.after
                ));
            }
            if let Some(name) = provisional_without {
                told.push_str(&format!("; provisional while {name} is not recorded"));
            }
            told
        }
        Clock::LastOf { of } => format!("the latest of: {}", each(of)),
        Clock::Table { keys, rows, .. } => {
            let keys: Vec<String> = keys
                .iter()
                .map(|key| match &key.default {
                    Some(default) => format!("{} (not known: {default})", key.fact),
                    None => key.fact.clone(),
                })
                .collect();
            let rows: Vec<String> = rows
                .iter()
                .map(|row| format!("{}: {}", row.facts.join("/"), self::clock(&row.clock)))
                .collect();
            format!("by {}: {}", keys.join(" and "), rows.join("; "))
        }
        Clock::None { trigger, wording } => match wording.as_str() {
            "" => format!("no number, from {trigger}"),
            wording => format!("no number: \"{wording}\", from {trigger}"),
        },
    }
}

/// The latest instant a text allows, as a reader would say it.
pub fn limit(limit: &Limit) -> String {
    match limit {
        Limit::EuHours => {
            "the hour of the event is not counted (Reg. 1182/71 Art. 3(1))".to_owned()
        }
        Limit::Roll {
            calendar,
            at,
            unless,
            two_working_days,
        } => {
            let mut told = format!(
                "an end on a day closed by {} moves to the next open day, {at}",
                calendar_of(calendar)
            );
            if *two_working_days {
                told.push_str("; the period holds two open days at least");
            }
            if !unless.is_empty() {
                told.push_str(&format!("; not for {}", unless.join(", ")));
            }
            told
        }
    }
}

/// A hold that a text allows.
pub fn hold(hold: &HoldKind) -> String {
    match hold.max_days {
        Some(days) => format!("{}, {} at most", hold.kind, many(days, "day")),
        None => hold.kind.clone(),
    }
}

fn each(of: &[Clock]) -> String {
    let parts: Vec<String> = of.iter().map(clock).collect();
    parts.join("; ")
}

fn many(n: u32, unit: &str) -> String {
    match n {
        1 => format!("1 {unit}"),
        n => format!("{n} {unit}s"),
    }
}

fn until(end: NaiveTime, zone: ZoneOf) -> String {
    let end = match end == END_OF_DAY {
        true => "to the end of that day".to_owned(),
        false => format!("to {end}"),
    };
    match zone {
        ZoneOf::Entity => format!("{end} where the entity is"),
        ZoneOf::Fixed(zone) => format!("{end} in {}", zone.name()),
    }
}

fn calendar_of(calendar: &CalendarOf) -> String {
    match calendar {
        CalendarOf::Profile => "the entity's calendar".to_owned(),
        CalendarOf::Named(id) => format!("calendar {id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::Catalogue;

    fn told(regime: &str, stage: &str) -> String {
        let catalogue = Catalogue::built_in().unwrap();
        clock(&catalogue.rule(regime, stage).unwrap().stage.clock)
    }

    #[test]
    fn a_clock_reads_as_its_text_does() {
        assert_eq!(told("ms-72h", "customer"), "72 h after declared_at");
        assert_eq!(
            told("sec-8k-105", "form_8k"),
            "4 business days after materiality_determined_at by calendar us-federal, to 17:30:00 in America/New_York"
        );
        assert_eq!(
            told("hipaa", "hhs_small"),
            "60 days after the end of the calendar year of discovered_at, to the end of that day where the entity is"
        );
        assert_eq!(
            told("ms-dpa", "customer"),
            "no number: \"promptly and without undue delay\", from aware_at"
        );
    }
}
