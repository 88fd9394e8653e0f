//! The form of a clock, a limit and a hold in a file: `{ kind = "days", n = 30, start = "next-day" }` and its kin.

use chrono_tz::Tz;
use toml::de::DeValue;

use super::civil::{END_OF_DAY, ZoneOf};
use super::condition_text::parse;
use super::keyed::{Faults, Keys, number};
use super::kind::{CalendarOf, Clock, HoldKind, Key, Late, Limit, Row, Start};
use super::profile::normal;
use super::regime::Asked;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Elapsed,
    Days,
    BusinessDays,
    Months,
    YearEnd,
    FirstOf,
    LastOf,
    Table,
    None,
}

const KINDS: &[(&str, Kind)] = &[
    ("elapsed", Kind::Elapsed),
    ("days", Kind::Days),
    ("business-days", Kind::BusinessDays),
    ("months", Kind::Months),
    ("year-end", Kind::YearEnd),
    ("first-of", Kind::FirstOf),
    ("last-of", Kind::LastOf),
    ("table", Kind::Table),
    ("none", Kind::None),
];

const STARTS: &[(&str, Start)] = &[("next-day", Start::NextDay), ("same-day", Start::SameDay)];

/// Parts of parts of parts are a mistake, not a rule.
const DEPTH: usize = 3;

/// Reads a clock. `trigger` is the stage's, for a clock that names none itself.
pub fn clock(keys: Keys<'_, '_>, trigger: Option<&str>, faults: &mut Faults<'_>) -> Option<Clock> {
    nested(keys, trigger, faults, 0)
}

fn nested(
    mut keys: Keys<'_, '_>,
    outer: Option<&str>,
    faults: &mut Faults<'_>,
    depth: usize,
) -> Option<Clock> {
    keys.need(faults, "kind");
    let kind = keys.word(faults, "kind", KINDS)?;
    let own = keys.text(faults, "trigger").map(|text| text.value);
    let trigger = own.or_else(|| outer.map(str::to_owned));
    let several = matches!(kind, Kind::FirstOf | Kind::LastOf);
    if trigger.is_none() && !several {
        faults.add(
            keys.at,
            keys.key("trigger"),
            "is missing; name it for the stage or in the clock, such as aware_at",
        );
    }
    if depth > 0 && kind == Kind::None {
        faults.add(keys.at, keys.key("kind"), "a part must have a number");
        return None;
    }
    if depth > DEPTH {
        faults.add(keys.at, keys.key("kind"), "parts are nested too deep");
        return None;
    }
    let read = match kind {
        Kind::Elapsed => elapsed(&mut keys, trigger, faults),
        Kind::Days => days(&mut keys, trigger, faults),
        Kind::BusinessDays => business_days(&mut keys, trigger, faults),
        Kind::Months | Kind::YearEnd => {
            let n = keys.need_count(faults, "n");
            let end = keys.time(faults, "end").unwrap_or(END_OF_DAY);
            let zone = zone(&mut keys, faults);
            match (n, trigger) {
                (Some(n), Some(trigger)) if kind == Kind::Months => Some(Clock::Months {
                    trigger,
                    n,
                    end,
                    zone,
                }),
                (Some(n), Some(trigger)) => Some(Clock::YearEnd {
                    trigger,
                    n,
                    end,
                    zone,
                }),
                _ => None,
            }
        }
        Kind::FirstOf => first_of(&mut keys, trigger.as_deref(), faults, depth),
        Kind::LastOf => {
            parts(&mut keys, trigger.as_deref(), faults, depth).map(|of| Clock::LastOf { of })
        }
        Kind::Table => table(&mut keys, trigger, faults),
        Kind::None => {
            let wording = keys.text_or_empty(faults, "wording");
            trigger.map(|trigger| Clock::None { trigger, wording })
        }
    };
    keys.done(faults);
    read
}

fn elapsed(
    keys: &mut Keys<'_, '_>,
    trigger: Option<String>,
    faults: &mut Faults<'_>,
) -> Option<Clock> {
    let seconds = keys.need_hours(faults, "hours");
    Some(Clock::Elapsed {
        trigger: trigger?,
        seconds: seconds?,
    })
}

fn days(
    keys: &mut Keys<'_, '_>,
    trigger: Option<String>,
    faults: &mut Faults<'_>,
) -> Option<Clock> {
    let n = keys.need_count(faults, "n");
    let start = keys.word(faults, "start", STARTS).unwrap_or(Start::NextDay);
    let end = keys.time(faults, "end").unwrap_or(END_OF_DAY);
    let zone = zone(keys, faults);
    Some(Clock::Days {
        trigger: trigger?,
        n: n?,
        start,
        end,
        zone,
    })
}

fn business_days(
    keys: &mut Keys<'_, '_>,
    trigger: Option<String>,
    faults: &mut Faults<'_>,
) -> Option<Clock> {
    let n = keys.need_count(faults, "n");
    let calendar = calendar(keys, faults);
    let end = keys.time(faults, "end").unwrap_or(END_OF_DAY);
    let zone = zone(keys, faults);
    Some(Clock::BusinessDays {
        trigger: trigger?,
        n: n?,
        calendar,
        end,
        zone,
    })
}

fn zone(keys: &mut Keys<'_, '_>, faults: &mut Faults<'_>) -> ZoneOf {
    let Some(text) = keys.text(faults, "zone") else {
        return ZoneOf::Entity;
    };
    if text.value == "entity" || text.value == "profile" {
        return ZoneOf::Entity;
    }
    match text.value.parse::<Tz>() {
        Ok(zone) => ZoneOf::Fixed(zone),
        Err(_) => {
            let what = format!(
                "'{}' is not a zone of the tz database; write entity, or a name like Europe/Berlin",
                text.value
            );
            faults.add(text.at, text.key, what);
            ZoneOf::Entity
        }
    }
}

// Whether a calendar of that name exists is seen when all files are read.
fn calendar(keys: &mut Keys<'_, '_>, faults: &mut Faults<'_>) -> CalendarOf {
    match keys.text(faults, "calendar") {
        Some(text) if text.value != "profile" && text.value != "entity" => {
            faults.calendars.push(text.clone());
            CalendarOf::Named(text.value)
        }
        _ => CalendarOf::Profile,
    }
}

fn parts(
    keys: &mut Keys<'_, '_>,
    trigger: Option<&str>,
    faults: &mut Faults<'_>,
    depth: usize,
) -> Option<Vec<Clock>> {
    keys.need(faults, "of");
    let tables = keys.tables(faults, "of");
    let count = tables.len();
    let parts: Vec<Clock> = tables
        .into_iter()
        .filter_map(|table| nested(table, trigger, faults, depth + 1))
        .collect();
    if count < 2 {
        faults.add(keys.at, keys.key("of"), "write two parts or more");
    }
    (count >= 2 && parts.len() == count).then_some(parts)
}

fn first_of(
    keys: &mut Keys<'_, '_>,
    trigger: Option<&str>,
    faults: &mut Faults<'_>,
    depth: usize,
) -> Option<Clock> {
    let of = parts(keys, trigger, faults, depth);
    let provisional_without = keys
        .text(faults, "provisional_without")
        .map(|text| text.value);
    let late = keys.table(faults, "late").and_then(|mut late| {
        let trigger = late.need_text(faults, "if");
        let after = late.need_text(faults, "after");
        let seconds = late.need_hours(faults, "hours");
        late.need(faults, "use");
        let part = late.number(faults, "use");
        if let (Some(part), Some(of)) = (&part, &of)
            && (part.value.fract() != 0.0 || part.value < 0.0 || part.value >= of.len() as f64)
        {
            let what = format!(
                "write the place of a part, 0 to {}",
                of.len().saturating_sub(1)
            );
            faults.add(part.at, &part.key, what);
        }
        late.done(faults);
        Some(Late {
            trigger: trigger?.value,
            after: after?.value,
            seconds: seconds?,
            part: part?.value as usize,
        })
    });
    Some(Clock::FirstOf {
        of: of?,
        late,
        provisional_without,
    })
}

/// A table: `key = ["class", "pain"]`, `default = { pain = "5" }`, `rows.d.5 = 0.25`. A cell is a number of hours, or
/// `"2h"`, `"3d"`, `"1bd"`.
fn table(
    keys: &mut Keys<'_, '_>,
    trigger: Option<String>,
    faults: &mut Faults<'_>,
) -> Option<Clock> {
    keys.need(faults, "key");
    let names = keys.texts(faults, "key");
    let mut defaults = Vec::new();
    if let Some(table) = keys.table(faults, "default") {
        for (name, value) in table.entries() {
            let key = table.key(name);
            if !names.iter().any(|known| known == name) {
                faults.add(value.span().start, key, "is not one of the table's keys");
                continue;
            }
            let fact = match value.get_ref() {
                DeValue::String(text) => Some(normal(text)),
                other => number(other).map(|number| number.to_string()),
            };
            match fact {
                Some(fact) => defaults.push((name.to_owned(), fact)),
                None => faults.add(value.span().start, key, "write a text or a number"),
            }
        }
    }
    let trigger = trigger?;
    let cell = Cell {
        trigger: trigger.clone(),
        calendar: calendar(keys, faults),
        zone: zone(keys, faults),
        end: keys.time(faults, "end").unwrap_or(END_OF_DAY),
    };
    keys.need(faults, "rows");
    let mut rows = Vec::new();
    if let Some(table) = keys.table(faults, "rows") {
        cell.rows(&table, names.len(), &mut Vec::new(), &mut rows, faults);
    }
    let keys = names
        .into_iter()
        .map(|fact| Key {
            default: defaults
                .iter()
                .find(|(name, _)| *name == fact)
                .map(|(_, value)| value.clone()),
            fact,
        })
        .collect();
    Some(Clock::Table {
        trigger,
        keys,
        rows,
    })
}

struct Cell {
    trigger: String,
    calendar: CalendarOf,
    zone: ZoneOf,
    end: chrono::NaiveTime,
}

impl Cell {
    fn rows(
        &self,
        table: &Keys<'_, '_>,
        depth: usize,
        facts: &mut Vec<String>,
        rows: &mut Vec<Row>,
        faults: &mut Faults<'_>,
    ) {
        for (name, value) in table.entries() {
            let (at, key) = (value.span().start, table.key(name));
            facts.push(normal(name));
            match value.get_ref() {
                DeValue::Table(inner) if depth > 1 => {
                    let inner = Keys::new(inner, at, key);
                    self.rows(&inner, depth - 1, facts, rows, faults);
                }
                cell if depth == 1 => match self.clock(cell) {
                    Some(clock) => rows.push(Row {
                        facts: facts.clone(),
                        clock,
                    }),
                    None => faults.add(
                        at,
                        key,
                        "write a number of hours, or \"2h\", \"3d\", \"1bd\"",
                    ),
                },
                _ => faults.add(at, key, "has not as many levels as the table has keys"),
            }
            facts.pop();
        }
    }

    fn clock(&self, cell: &DeValue<'_>) -> Option<Clock> {
        let trigger = self.trigger.clone();
        let hours = |hours: f64| {
            (hours > 0.0 && hours <= 87_840.0).then(|| Clock::Elapsed {
                trigger: self.trigger.clone(),
                seconds: (hours * 3600.0).round() as i64,
            })
        };
        let DeValue::String(text) = cell else {
            return hours(number(cell)?);
        };
        let count = |text: &str| text.trim().parse().ok().filter(|n| (1..=3660).contains(n));
        if let Some(n) = text.strip_suffix("bd") {
            return Some(Clock::BusinessDays {
                trigger,
                n: count(n)?,
                calendar: self.calendar.clone(),
                end: self.end,
                zone: self.zone,
            });
        }
        if let Some(n) = text.strip_suffix('d') {
            return Some(Clock::Days {
                trigger,
                n: count(n)?,
                start: Start::NextDay,
                end: self.end,
                zone: self.zone,
            });
        }
        hours(text.strip_suffix('h')?.trim().parse().ok()?)
    }
}

#[derive(Clone, Copy)]
enum LimitRule {
    EuHours,
    Roll,
}

/// Reads the rule of the outer limit.
pub fn limit(mut keys: Keys<'_, '_>, faults: &mut Faults<'_>) -> Option<Limit> {
    let rules = &[
        ("eu-1182-71-hours", LimitRule::EuHours),
        ("roll", LimitRule::Roll),
    ];
    keys.need(faults, "rule");
    let rule = keys.word(faults, "rule", rules);
    let limit = match rule? {
        LimitRule::EuHours => Limit::EuHours,
        LimitRule::Roll => Limit::Roll {
            calendar: calendar(&mut keys, faults),
            at: keys.time(faults, "at").unwrap_or(END_OF_DAY),
            unless: keys
                .texts(faults, "unless")
                .iter()
                .map(|tag| normal(tag))
                .collect(),
            two_working_days: keys.flag(faults, "two_working_days").unwrap_or(false),
        },
    };
    keys.done(faults);
    Some(limit)
}

/// Reads `hold = ["written", { kind = "oral", max_days = 30 }]`.
pub fn hold_kinds(keys: &mut Keys<'_, '_>, faults: &mut Faults<'_>) -> Vec<HoldKind> {
    let key = keys.key("hold");
    let mut found = Vec::new();
    for item in keys.list(faults, "hold") {
        match item.get_ref() {
            DeValue::String(kind) => found.push(HoldKind {
                kind: kind.to_string(),
                max_days: None,
            }),
            DeValue::Table(table) => {
                let mut keys = Keys::new(table, item.span().start, &key);
                let kind = keys.need_text(faults, "kind");
                let max_days = keys
                    .has("max_days")
                    .then(|| keys.need_count(faults, "max_days"));
                keys.done(faults);
                if let Some(kind) = kind {
                    found.push(HoldKind {
                        kind: kind.value,
                        max_days: max_days.flatten(),
                    });
                }
            }
            other => faults.add(
                item.span().start,
                &key,
                format!("write a kind of hold, not a {}", other.type_str()),
            ),
        }
    }
    found
}

/// Reads a condition, if the key is there.
pub fn asked(
    keys: &mut Keys<'_, '_>,
    faults: &mut Faults<'_>,
    name: &'static str,
) -> Option<Asked> {
    let text = keys.text(faults, name)?;
    match parse(&text.value) {
        Ok(condition) => Some(Asked {
            text: text.value,
            condition,
        }),
        Err(why) => {
            faults.add(text.at, text.key, why.to_string());
            None
        }
    }
}
