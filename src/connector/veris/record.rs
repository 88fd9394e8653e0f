//! One VERIS record as an incident: what goes into which field, and which phase it supports.
//!
//! Classification: a confirmed incident with disclosed data is a confirmed breach; disclosure that is possible or not
//! known, and any suspected incident with data at stake, is a suspected one; the rest is left for a person to assess.
//! Severity: `Damaging` and `Catastrophic` are 2 and 1. Lesser ratings, which tell what it cost the victim and not how
//! it stands, are left unassessed: that never ranks an incident lower than the board would without them.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::timeline::{after, happened, incident as incident_at, whole};
use super::{CONNECTOR, Options, REASON, rest};
use crate::domain::command::Command;
use crate::domain::command::advance::Advance;
use crate::domain::command::close::Close;
use crate::domain::command::dismiss::Dismiss;
use crate::domain::command::note::Note;
use crate::domain::command::open::{FullTrigger, Open, OpenTrigger};
use crate::domain::command::text;
use crate::domain::instant::Instant;
use crate::domain::view::Upstream;
use crate::domain::when::When;
use crate::domain::word::{Classification, Milestone, NoteKind, Phase, Severity};

/// What stands for a NUL, which no backend keeps.
const NUL_MARK: &str = "\u{2400}";
/// A sentence shorter than this is more likely an abbreviation: `Dr. Smith`.
const SENTENCE_MIN: usize = 20;

/// What is being made of a record.
struct Making {
    /// What is not placed yet.
    left: Map<String, Value>,
    /// What a reader must know of how it was placed.
    remarks: Vec<String>,
}

/// A record as an incident, or why it is none.
pub(super) fn imported(record: Value, options: &Options) -> Result<super::Imported, String> {
    let Value::Object(left) = record else {
        return Err(format!(
            "is {}, not an object: each record is one JSON object",
            kind(&record)
        ));
    };
    let key = key(&left)?;
    let record = Value::Object(left.clone());
    let mut making = Making {
        left,
        remarks: Vec::new(),
    };
    rest::take(&mut making.left, &["incident_id"]);
    let summary = making.summary(&record);
    let title = title(summary.as_deref(), &record, &key);
    let occurred_at = making.occurred_at(&record, options.now);
    let triggers = triggers(&record, occurred_at, options.now);
    let profile = making.profile(&record);
    let open = Open {
        service: options.service.clone(),
        title,
        classification: classification(&record),
        severity: severity(&record),
        summary,
        tlp: None,
        people: None,
        exercise: false,
        starts_at: None,
        occurred_at,
        regimes: None,
        profile: (!profile.is_empty()).then_some(profile),
        triggers,
        upstream: Some(Upstream {
            connector: CONNECTOR.to_owned(),
            key: key.clone(),
            url: None,
            rest: Map::new(),
        }),
    };
    let notes = rest::entries(&key, &making.remarks, &making.left);
    let mut then: Vec<Command> = notes.into_iter().map(note).collect();
    then.extend(moves(&record, options.closed));
    Ok(super::Imported { key, open, then })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The `incident_id`: it alone tells a second import that the record is on record. It is taken as it is or not at all.
fn key(record: &Map<String, Value>) -> Result<String, String> {
    let key = match record.get("incident_id") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        None | Some(Value::Null) => String::new(),
        Some(other) => return Err(format!("has an incident_id that is {}", kind(other))),
    };
    if key.trim().is_empty() {
        return Err(
            "has no incident_id; without one a second import would not know it again".to_owned(),
        );
    }
    if key.contains('\0') || key.chars().count() > text::TITLE {
        return Err(format!(
            "has an incident_id with a NUL or with more than {} characters",
            text::TITLE
        ));
    }
    Ok(key)
}

fn note(text: String) -> Command {
    Command::Note(Note {
        text,
        kind: NoteKind::Fact,
        occurred_at: None,
        privileged: false,
    })
}

/// The text at a path.
fn word<'v>(record: &'v Value, pointer: &str) -> Option<&'v str> {
    let text = record.pointer(pointer)?.as_str()?.trim();
    (!text.is_empty()).then_some(text)
}

/// The different words of a list, or of one key of each table in a list; `Unknown` says nothing.
fn words<'v>(record: &'v Value, pointer: &str, of: Option<&str>) -> Vec<&'v str> {
    let mut words: Vec<&str> = Vec::new();
    let list = record.pointer(pointer).and_then(Value::as_array);
    for item in list.into_iter().flatten() {
        let text = match of {
            Some(name) => item.get(name),
            None => Some(item),
        };
        let text = text.and_then(Value::as_str).map(str::trim);
        let fits = |t: &&str| {
            !t.is_empty() && *t != "Unknown" && t.len() <= 40 && !t.contains(char::is_control)
        };
        words.extend(text.filter(fits).filter(|t| !words.contains(t)));
    }
    words.truncate(64);
    words
}

/// At most so many characters, the last an ellipsis where some are missing.
fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    kept + "\u{2026}"
}

impl Making {
    fn summary(&mut self, record: &Value) -> Option<String> {
        let given = record.get("summary")?.as_str()?;
        if given.trim().is_empty() {
            return None;
        }
        let clean = given.replace('\0', NUL_MARK);
        let kept = cut(&clean, text::LONG);
        if clean != given {
            self.remarks.push(format!(
                "The summary holds a NUL character, which cannot be kept; {NUL_MARK} stands for it. As received:"
            ));
        }
        if kept != clean {
            self.remarks.push(format!(
                "The summary is longer than {} characters and was cut. In full:",
                text::LONG
            ));
        }
        if kept == given {
            rest::take(&mut self.left, &["summary"]);
        } else if let Some(whole) = self.left.shift_remove("summary") {
            // Right below the remark that speaks of it.
            self.left.shift_insert(0, "summary".to_owned(), whole);
        }
        Some(kept)
    }

    fn occurred_at(&mut self, record: &Value, now: Instant) -> Option<When> {
        let incident = record.pointer("/timeline/incident")?;
        let (when, placed) = incident_at(incident)?;
        if is_ahead(when, now) {
            self.remarks.push(format!(
                "timeline.incident says {when}, which lies ahead; it was not taken for when it happened."
            ));
            return None;
        }
        for name in placed {
            rest::take(&mut self.left, &["timeline", "incident", name]);
        }
        Some(when)
    }

    /// What clocks may ask: how much is affected, of what kind, in which countries.
    fn profile(&mut self, record: &Value) -> Map<String, Value> {
        let mut profile = Map::new();
        if let Some(records) = self.records(record) {
            profile.insert("affected".to_owned(), json!({ "records": records }));
        }
        let kinds = words(record, "/attribute/confidentiality/data", Some("variety"));
        if !kinds.is_empty() {
            let kinds: Vec<String> = kinds.iter().map(|kind| kind.to_lowercase()).collect();
            profile.insert("data_kinds".to_owned(), json!(kinds));
        }
        let countries = words(record, "/victim/country", None);
        if !countries.is_empty() {
            let all = record.pointer("/victim/country").and_then(Value::as_array);
            if all.is_some_and(|all| all.len() == countries.len()) {
                rest::take(&mut self.left, &["victim", "country"]);
            }
            profile.insert("countries".to_owned(), json!(countries));
        }
        profile
    }

    /// Affected records: a number where it is known, else what is known of it. VERIS counts records; persons are never
    /// made of them.
    fn records(&mut self, record: &Value) -> Option<Value> {
        let confidentiality = record.pointer("/attribute/confidentiality")?;
        let disclosure = word(confidentiality, "/data_disclosure").unwrap_or("Unknown");
        if !confidentiality.is_object() || disclosure == "No" {
            return None;
        }
        let disclosed = disclosure == "Yes";
        if let Some(total) = whole(confidentiality.get("data_total")) {
            rest::take(
                &mut self.left,
                &["attribute", "confidentiality", "data_total"],
            );
            return Some(match disclosed {
                true => json!(total),
                // So many were at stake; how many were seen is not known.
                false => json!({ "count": total, "known": "unknown" }),
            });
        }
        let data = confidentiality.get("data").and_then(Value::as_array);
        let amounts = data.into_iter().flatten();
        // One record may be of several kinds: the largest amount is certain, the sum is not.
        let most = amounts.filter_map(|data| whole(data.get("amount"))).max();
        Some(match (most, disclosed) {
            (Some(most), true) => json!({ "count": most, "known": "at_least" }),
            (Some(most), false) => json!({ "count": most, "known": "unknown" }),
            (None, _) => json!("unknown"),
        })
    }
}

fn is_ahead(when: When, now: Instant) -> bool {
    text::not_in_future("at", when.at, now).is_err()
}

/// Discovery and containment, where they follow from what the record says.
fn triggers(
    record: &Value,
    occurred_at: Option<When>,
    now: Instant,
) -> IndexMap<String, OpenTrigger> {
    let mut triggers = IndexMap::new();
    let mut base = occurred_at;
    for (name, step) in [
        ("discovered_at", "discovery"),
        (Milestone::Contained.as_str(), "containment"),
    ] {
        let span = record.pointer(&format!("/timeline/{step}"));
        base = match (base, span) {
            (Some(base), Some(span)) => after(base, span).filter(|at| !is_ahead(*at, now)),
            _ => None,
        };
        let Some(at) = base else { break };
        let source = format!("VERIS timeline.{step}");
        triggers.insert(
            name.to_owned(),
            OpenTrigger::Full(FullTrigger {
                at,
                precision: Some(at.precision),
                source: Some(source),
            }),
        );
    }
    triggers
}

fn classification(record: &Value) -> Option<Classification> {
    let confidentiality = record.pointer("/attribute/confidentiality")?;
    let disclosure = word(confidentiality, "/data_disclosure").unwrap_or("Unknown");
    match (word(record, "/security_incident")?, disclosure) {
        (_, "No") => None,
        ("Confirmed", "Yes") => Some(Classification::ConfirmedBreach),
        ("Confirmed" | "Suspected", _) => Some(Classification::SuspectedBreach),
        _ => None,
    }
}

fn severity(record: &Value) -> Option<Severity> {
    match word(record, "/impact/overall_rating")? {
        "Catastrophic" => Some(Severity::Sev1),
        "Damaging" => Some(Severity::Sev2),
        _ => None,
    }
}

/// The moves that lead to the phase that the record supports.
fn moves(record: &Value, closed: bool) -> Vec<Command> {
    let reason = || REASON.to_owned();
    let to = |phase: Phase| {
        Command::Advance(Advance {
            to: phase,
            reason: Some(reason()),
            overridden: true,
        })
    };
    if closed && word(record, "/security_incident") == Some("False positive") {
        return vec![Command::Dismiss(Dismiss { reason: reason() })];
    }
    let mut moves = Vec::new();
    if closed || happened(record.pointer("/timeline/containment")) {
        moves.push(to(Phase::ContainmentEradicationAndRecovery));
    }
    if closed {
        moves.push(to(Phase::PostIncidentActivity));
        moves.push(Command::Close(Close {
            reason: reason(),
            overridden: true,
        }));
    }
    moves
}

/// The first sentence of the summary; without one, who was hit and by what.
fn title(summary: Option<&str>, record: &Value, key: &str) -> String {
    let of_summary = summary.map(first_sentence).filter(|s| !s.is_empty());
    let title = of_summary.unwrap_or_else(|| {
        let victim = word(record, "/victim/victim_id").unwrap_or("");
        let actions = record.get("action").and_then(Value::as_object);
        let actions = actions.into_iter().flatten().map(|(name, action)| {
            let kinds = words(action, "/variety", None).join(", ");
            if kinds.is_empty() {
                name.clone()
            } else {
                kinds
            }
        });
        let actions = actions.collect::<Vec<_>>().join(", ");
        let parts = [victim, &actions];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        let text = parts.collect::<Vec<_>>().join(": ").replace('\0', NUL_MARK);
        match text.split_whitespace().collect::<Vec<_>>().join(" ") {
            empty if empty.is_empty() => format!("VERIS record {key}"),
            text => text,
        }
    });
    cut(&title, text::TITLE)
}

fn first_sentence(summary: &str) -> String {
    let line = summary.trim().lines().next().unwrap_or("");
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut end = line.len();
    for (at, c) in line.char_indices() {
        let next = at + c.len_utf8();
        let after = line.get(next..).unwrap_or("");
        let begins = after
            .strip_prefix(' ')
            .and_then(|rest| rest.chars().next())
            .is_some_and(|c| !c.is_lowercase());
        if matches!(c, '.' | '!' | '?') && begins && next >= SENTENCE_MIN {
            end = next;
            break;
        }
    }
    let sentence = line.get(..end).unwrap_or(&line);
    let bare = sentence.strip_suffix('.').unwrap_or(sentence);
    // An ellipsis stays one.
    let bare = if bare.ends_with('.') { sentence } else { bare };
    bare.to_owned()
}
