//! A clock and a limit in a few words, for lists of rules: `4 business days, us-federal, to 17:30`. The arithmetic of one
//! duty in words is `explain`.

use super::civil::ZoneOf;
use super::count::length;
use super::kind::{CalendarOf, Clock, Limit, Start};
use super::regime::Stage;

/// How a stage counts, with what its variants change.
pub fn stage(stage: &Stage) -> String {
    let mut words = clock(&stage.clock);
    for variant in &stage.variants {
        words.push_str(&format!(
            "; {} if {}",
            clock(&variant.clock),
            variant.when.text
        ));
    }
    words
}

/// How a clock counts.
pub fn clock(of: &Clock) -> String {
    let zoned = |zone: &ZoneOf| match zone {
        ZoneOf::Entity => String::new(),
        ZoneOf::Fixed(zone) => format!(" in {}", zone.name()),
    };
    match of {
        Clock::Elapsed { trigger, seconds } => format!("{} from {trigger}", length(*seconds)),
        Clock::Days {
            trigger,
            n,
            start,
            end,
            zone,
        } => {
            let first = match start {
                Start::NextDay => "",
                Start::SameDay => ", the day itself is day 1",
            };
            format!(
                "{n} day(s) from {trigger}{first}, to {}{}",
                end.format("%H:%M:%S"),
                zoned(zone)
            )
        }
        Clock::BusinessDays {
            trigger,
            n,
            calendar,
            end,
            zone,
        } => format!(
            "{n} business day(s) from {trigger}, {}, to {}{}",
            named(calendar),
            end.format("%H:%M:%S"),
            zoned(zone)
        ),
        Clock::Months {
            trigger,
            n,
            end,
            zone,
        } => format!(
            "{n} month(s) from {trigger}, to {}{}",
            end.format("%H:%M:%S"),
            zoned(zone)
        ),
        Clock::YearEnd {
            trigger,
            n,
            end,
            zone,
        } => format!(
            "{n} day(s) after the year of {trigger}, to {}{}",
            end.format("%H:%M:%S"),
            zoned(zone)
        ),
        Clock::FirstOf { of, .. } => format!("the earliest of: {}", parts(of)),
        Clock::LastOf { of } => format!("the latest of: {}", parts(of)),
        Clock::Table { trigger, keys, .. } => {
            let keys: Vec<&str> = keys.iter().map(|key| key.fact.as_str()).collect();
            format!("from {trigger}, by {}", keys.join(" and "))
        }
        Clock::None { trigger, wording } if wording.is_empty() => {
            format!("no number, from {trigger}")
        }
        Clock::None { trigger, wording } => format!("no number, from {trigger}: \"{wording}\""),
    }
}

fn parts(of: &[Clock]) -> String {
    let parts: Vec<String> = of.iter().map(clock).collect();
    parts.join("; ")
}

fn named(calendar: &CalendarOf) -> &str {
    match calendar {
        CalendarOf::Profile => "calendar of the profile",
        CalendarOf::Named(id) => id,
    }
}

/// How far the text itself allows to go beyond the earliest reading.
pub fn limit(of: &Limit) -> String {
    match of {
        Limit::EuHours => "the hour of the event is not counted (Reg. 1182/71)".to_owned(),
        Limit::Roll { calendar, at, .. } => format!(
            "an end on a closed day moves to the next open day, {}, {}",
            at.format("%H:%M:%S"),
            named(calendar)
        ),
    }
}
