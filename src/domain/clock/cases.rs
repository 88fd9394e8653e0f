//! Worked cases read from JSON, evaluated, and answered in the form of `clocks eval`. A case has no present: unless one is
//! given, guards against the future are skipped and only the clock's own word is told.

use chrono::{NaiveDate, NaiveTime, SecondsFormat, Weekday};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::calendar::{Calendar, Closure};
use super::catalogue::{Catalogue, Rule};
use super::civil::{END_OF_DAY, at};
use super::evaluate::{clock_zone, evaluate};
use super::fact::{Facts, Hold, Lacking};
use super::guard;
use super::profile::{Place, Profile};
use crate::domain::instant::Instant;
use crate::domain::when::When;
use crate::domain::word::Precision;

/// The keys under which a case may say when a hold began or was stated.
const HOLD_FROM: [&str; 9] = [
    "from",
    "at",
    "date",
    "start",
    "stated_at",
    "given_at",
    "oral_at",
    "oral_date",
    "oral_on",
];

/// Evaluates every case of a file. Cases that may not be counted carry `refused` with a sentence.
/// Fails when the file is not JSON, or has no list of cases.
///
/// # Errors
/// The text is no JSON, or has no list of cases; a sentence.
pub fn run(text: &str, catalogue: &Catalogue, now: Option<Instant>) -> Result<Value, String> {
    let file: Value = serde_json::from_str(text)
        .map_err(|error| format!("The cases are not JSON: {error}. Correct that place."))?;
    let cases = match &file {
        Value::Array(cases) => cases,
        _ => file.get("cases").and_then(Value::as_array).ok_or_else(|| {
            "The file has no list 'cases'. Write {\"cases\": [{\"id\": ..., \"regime\": ..., \"triggers\": {...}}]}."
                .to_owned()
        })?,
    };
    let catalogue = with_calendars(catalogue, &file);
    let results: Vec<Value> = cases
        .iter()
        .map(|case| answer(case, &catalogue, now))
        .collect();
    Ok(json!({ "results": results }))
}

/// The sentences of a result's refusals, each with the id of its case.
pub fn refusals(result: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let cases = result.get("results").and_then(Value::as_array);
    for case in cases.into_iter().flatten() {
        let id = case.get("id").and_then(Value::as_str).unwrap_or("?");
        let stages = case.get("stages").and_then(Value::as_object);
        let inner = stages.into_iter().flat_map(Map::values);
        for place in std::iter::once(case).chain(inner) {
            if let Some(sentence) = place.get("refused").and_then(Value::as_str) {
                found.push(format!("{id}: {sentence}"));
            }
        }
    }
    found
}

/// The catalogue with the calendars the file brings that it does not know yet.
fn with_calendars(catalogue: &Catalogue, file: &Value) -> Catalogue {
    let mut catalogue = catalogue.clone();
    let brought = file.get("calendars").and_then(Value::as_object);
    for (id, dates) in brought.into_iter().flatten() {
        let dates: Vec<NaiveDate> = dates
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|date| date.as_str()?.parse().ok())
            .collect();
        let year = |date: Option<&NaiveDate>| date.map(chrono::Datelike::year);
        let Some((first, last)) = year(dates.iter().min()).zip(year(dates.iter().max())) else {
            continue;
        };
        let span = NaiveDate::from_ymd_opt(first, 1, 1).zip(NaiveDate::from_ymd_opt(last, 12, 31));
        if let Some((from, through)) = span {
            let closed = dates.into_iter().map(|date| Closure {
                date,
                reason: "holiday".to_owned(),
            });
            let rest = [Weekday::Sat, Weekday::Sun];
            let calendar = Calendar::new(id.clone(), &rest, from, through, closed.collect());
            catalogue = catalogue.with_calendar(calendar);
        }
    }
    catalogue
}

fn answer(case: &Value, catalogue: &Catalogue, now: Option<Instant>) -> Value {
    let id = case.get("id").cloned().unwrap_or(Value::Null);
    match stages(case, catalogue, now) {
        Ok(stages) => json!({ "id": id, "stages": stages }),
        Err(refused) => json!({ "id": id, "stages": {}, "refused": refused }),
    }
}

fn stages(
    case: &Value,
    catalogue: &Catalogue,
    now: Option<Instant>,
) -> Result<Map<String, Value>, String> {
    let name = case.get("regime").and_then(Value::as_str).unwrap_or("");
    let regime = catalogue
        .regime(name)
        .ok_or_else(|| format!("'{name}' is not a regime of the catalogue; see regimes list"))?;
    let none = Value::Null;
    let profile =
        Profile::from_json(case.get("profile").unwrap_or(&none)).map_err(|e| e.to_string())?;
    let submitted = instants(case, "submitted")?;
    let mut triggers = instants(case, "triggers")?;
    for (name, when) in &triggers {
        if let Some(now) = now {
            guard::not_in_the_future(name, *when, now).map_err(|e| e.to_string())?;
        }
    }
    guard::in_order(&triggers).map_err(|e| e.to_string())?;
    // What was submitted is what later stages count from, unless the case says otherwise.
    for (stage, when) in &submitted {
        let name = format!("submitted:{stage}");
        if !triggers.iter().any(|(known, _)| *known == name) {
            triggers.push((name, *when));
        }
    }
    let holds = holds(case)?;
    let mut found = Map::new();
    for rule in catalogue.rules(regime) {
        let id = rule.stage.id.as_str();
        let zone = match &profile.place {
            Place::Zone(zone) => *zone,
            _ => Tz::UTC,
        };
        let zone = clock_zone(&rule.stage.clock).of(zone);
        let mut held = Vec::new();
        for (_, given) in holds.iter().filter(|(stage, _)| stage == id) {
            let hold = Hold {
                kind: given.kind.clone(),
                from: given.from.map(|when| edge(when, zone, NaiveTime::MIN)),
                until: given.until.map(|when| edge(when, zone, END_OF_DAY)),
            };
            guard::hold_in_order(&hold).map_err(|e| e.to_string())?;
            held.push(hold);
        }
        let sent = |list: &[(String, When)], name: &str| {
            list.iter()
                .find(|(key, _)| key == name)
                .map(|(_, when)| when.at)
        };
        let facts = Facts {
            submitted: sent(&submitted, id),
            holds: &held,
            lacking: Lacking::Counts,
            ..Facts::new(&triggers, &profile)
        };
        let recorded = sent(&triggers, &format!("submitted:{id}"));
        found.insert(id.to_owned(), stage(rule, facts, recorded, now));
    }
    Ok(found)
}

fn stage(
    rule: Rule<'_>,
    facts: Facts<'_>,
    recorded: Option<Instant>,
    now: Option<Instant>,
) -> Value {
    let duty = evaluate(rule, &facts);
    let shown = |at: Option<Instant>| at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
    let mut told = json!({
        "status": duty.status.as_str(),
        "due_utc": shown(duty.due),
        "limit_utc": shown(duty.limit),
        "trigger": duty.trigger,
        "outcome": duty.outcome.map(|outcome| outcome.as_str()),
        "enabled": duty.enabled,
    });
    if let Some(sent) = facts.submitted.or(recorded)
        && let Err(refused) = guard::after_trigger(&rule.stage.id, sent, &duty)
    {
        return json!({ "status": null, "refused": refused.to_string(), "enabled": duty.enabled });
    }
    if now.is_some() {
        let present = Facts {
            submitted: facts.submitted.or(recorded),
            now,
            ..facts
        };
        told["state"] = json!(evaluate(rule, &present).state.as_str());
    }
    told
}

/// The instants under a key of a case, by name. One without an offset is refused.
fn instants(case: &Value, key: &str) -> Result<Vec<(String, When)>, String> {
    let Some(table) = case.get(key).filter(|value| !value.is_null()) else {
        return Ok(Vec::new());
    };
    let table = table
        .as_object()
        .ok_or_else(|| format!("{key} is not an object of names and instants"))?;
    let mut found = Vec::new();
    for (name, value) in table.iter().filter(|(_, value)| !value.is_null()) {
        found.push((name.clone(), instant(name, value)?));
    }
    Ok(found)
}

fn instant(name: &str, value: &Value) -> Result<When, String> {
    let text = value
        .as_str()
        .ok_or_else(|| format!("{name} is not a text such as \"2026-11-23T16:49:00Z\""))?;
    When::parse(text).map_err(|error| format!("{name}: {error}"))
}

/// A hold as a case gives it: its edges may be days.
struct Given {
    kind: String,
    from: Option<When>,
    until: Option<When>,
}

/// `hold` or `holds`: one or several, each for a stage.
fn holds(case: &Value) -> Result<Vec<(String, Given)>, String> {
    let given = case.get("holds").or_else(|| case.get("hold"));
    let list = match given {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
    };
    let mut found = Vec::new();
    for given in list {
        let word = |key: &str| {
            given
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or("")
                .to_owned()
        };
        let read = |key: &str| match given.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => instant(&format!("hold.{key}"), value).map(Some),
        };
        let mut from = None;
        for key in HOLD_FROM {
            from = from.or(read(key)?);
        }
        let hold = Given {
            kind: word("kind"),
            from,
            until: read("until")?,
        };
        found.push((word("stage"), hold));
    }
    Ok(found)
}

/// A day as the edge of a hold: its first moment, or its last.
pub fn edge(when: When, zone: Tz, time: NaiveTime) -> Instant {
    match when.precision {
        Precision::Exact | Precision::Minute => when.at,
        _ => at(when.at.date_naive(), time, zone),
    }
}
