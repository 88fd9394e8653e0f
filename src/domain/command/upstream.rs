//! What an incident's source says of it now: taken over where only the source changed a field, shown as a conflict where both
//! sides did, never written over what somebody decided here. It is not in the API: the worker that reads the source asks it.

use serde_json::{Map, Value, json};

use super::advance::Advance;
use super::set::Set;
use super::{Command, Context, decide, note_there};
use crate::domain::event::Event;
use crate::domain::incident::{Incident, Stamp};
use crate::domain::view::Upstream;
use crate::domain::word::{Phase, Severity};

/// The key of `upstream` under which stands what was last taken over: the base that both sides are compared with.
const TAKEN: &str = "taken";
/// The key under which fields stand that both sides changed.
const CONFLICTS: &str = "conflicts";
/// The key that tells how it stands there: `open`, or why it is not on its list any more.
pub(super) const STANDING: &str = "standing";

/// The key of the source's own word for the severity.
const RAW_SEVERITY: &str = "raw_severity";

/// How the source has it now.
#[derive(Debug, Clone, PartialEq)]
pub struct UpstreamState {
    /// Its reference, with the source's own words.
    pub upstream: Upstream,
    /// None where the source does not tell the field, or its word means nothing here.
    pub title: Option<String>,
    pub severity: Option<Severity>,
    pub phase: Option<Phase>,
    /// `open`, `resolved`, `gone` or `merged into KEY`.
    pub standing: String,
}

impl UpstreamState {
    /// The reference as a new incident takes it over.
    pub fn first(&self) -> Upstream {
        let mut upstream = self.upstream.clone();
        let mut taken = self.fields();
        // A status that means nothing here leaves the incident where it was opened.
        taken
            .entry("phase")
            .or_insert_with(|| Phase::DetectionAndAnalysis.as_str().into());
        upstream.rest.insert(TAKEN.to_owned(), taken.into());
        upstream
            .rest
            .insert(STANDING.to_owned(), self.standing.clone().into());
        upstream
    }

    fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        let mut keep = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                fields.insert(name.to_owned(), value.into());
            }
        };
        keep("title", self.title.as_deref());
        keep("severity", self.severity.map(|severity| severity.as_str()));
        keep("phase", self.phase.map(|phase| phase.as_str()));
        fields
    }
}

/// A field's value here, in the form in which the source's is kept.
fn here(incident: &Incident, field: &str) -> Value {
    match field {
        "title" => incident.title.as_str().into(),
        "severity" => incident.severity.map(|severity| severity.as_str()).into(),
        _ => incident.phase.as_str().into(),
    }
}

/// The commands that take a field over.
fn taking(incident: &Incident, field: &str, heard: &UpstreamState) -> Vec<Command> {
    let set = |set: Set| vec![Command::Set(Box::new(set))];
    match field {
        "title" => set(Set {
            title: heard.title.clone(),
            ..Set::default()
        }),
        "severity" => set(Set {
            severity: Some(heard.severity),
            ..Set::default()
        }),
        _ => moves(incident.phase, heard),
    }
}

/// The moves to the phase in which it stands there.
fn moves(from: Phase, heard: &UpstreamState) -> Vec<Command> {
    let Some(target) = heard.phase else {
        return Vec::new();
    };
    let status = heard
        .upstream
        .rest
        .get("raw_status")
        .and_then(Value::as_str);
    let reason = format!(
        "{} says '{}'",
        heard.upstream.connector,
        status.unwrap_or_default()
    );
    let advance = |to: Phase| {
        Command::Advance(Advance {
            to,
            reason: Some(reason.clone()),
            overridden: true,
        })
    };
    if target < from {
        return vec![advance(target)];
    }
    let (mut commands, mut phase) = (Vec::new(), from);
    while let Some(next) = phase.forward().filter(|_| phase < target) {
        commands.push(advance(next));
        phase = next;
    }
    commands
}

/// What follows from how the source has it now; nothing where it says nothing new.
pub fn hear(incident: &Incident, heard: &UpstreamState, context: &Context<'_>) -> Vec<Event> {
    let Some(before) = &incident.upstream else {
        return Vec::new();
    };
    let base = before.rest.get(TAKEN).and_then(Value::as_object);
    let mut taken = base.cloned().unwrap_or_default();
    let mut conflicts = Vec::new();
    let mut events: Vec<Event> = Vec::new();
    let mut after = incident.clone();
    let stamp = Stamp {
        version: incident.version.saturating_add(1),
        at: context.now,
        by: context.caller.name.clone(),
        via: context.via,
    };
    for (field, theirs) in heard.fields() {
        let (ours, base) = (here(&after, &field), taken.get(&field).cloned());
        if base.as_ref() == Some(&theirs) {
            continue;
        }
        let only_theirs = base.as_ref() == Some(&ours) || (base.is_none() && ours.is_null());
        if ours != theirs
            && !(only_theirs
                && incident.is_open()
                && take(&mut after, &mut events, &field, heard, &stamp, context))
        {
            conflicts.push(json!({ "field": field, "here": ours, "there": theirs }));
            continue;
        }
        taken.insert(field, theirs);
    }
    let mut upstream = heard.upstream.clone();
    // Some sources tell one incident with less than their list does; what was not told is as it was.
    if let (None, Some(word)) = (
        upstream.rest.get(RAW_SEVERITY),
        before.rest.get(RAW_SEVERITY),
    ) {
        upstream.rest.insert(RAW_SEVERITY.to_owned(), word.clone());
    }
    upstream.rest.insert(TAKEN.to_owned(), taken.into());
    upstream
        .rest
        .insert(STANDING.to_owned(), heard.standing.clone().into());
    note_there::carry(before, &mut upstream);
    if !conflicts.is_empty() {
        upstream.rest.insert(CONFLICTS.to_owned(), conflicts.into());
    }
    if upstream != *before {
        events.push(Event::UpstreamChanged {
            upstream: Box::new(upstream),
        });
    }
    events
}

/// Takes a field over, if the domain lets it be done.
fn take(
    after: &mut Incident,
    events: &mut Vec<Event>,
    field: &str,
    heard: &UpstreamState,
    stamp: &Stamp,
    context: &Context<'_>,
) -> bool {
    let (mut trial, mut made) = (after.clone(), Vec::new());
    for command in taking(after, field, heard) {
        let Ok(decided) = decide(&trial, &command, context) else {
            return false;
        };
        for event in &decided {
            trial.apply(event, stamp);
        }
        made.extend(decided);
    }
    *after = trial;
    events.extend(made);
    true
}

/// The fields that both sides changed: name, value here, value there.
pub fn conflicts(upstream: &Upstream) -> Vec<(String, String, String)> {
    let list = upstream.rest.get(CONFLICTS).and_then(Value::as_array);
    let word = |value: &Value, key: &str| {
        let text = value.get(key).and_then(Value::as_str);
        text.unwrap_or("not set").to_owned()
    };
    let read = |value: &Value| {
        (
            word(value, "field"),
            word(value, "here"),
            word(value, "there"),
        )
    };
    list.into_iter().flatten().map(read).collect()
}

/// The phase that people moved it to here while the source stayed where it was: what is to be written there. None where it
/// is over on either side, or where the source moved too.
pub fn unwritten(incident: &Incident) -> Option<Phase> {
    let upstream = incident.upstream.as_ref()?;
    let base = upstream.rest.get(TAKEN)?.get("phase")?;
    let contested = conflicts(upstream)
        .iter()
        .any(|(field, _, _)| field == "phase");
    let open = incident.is_open() && standing(upstream) == Some("open");
    (open && !contested && *base != here(incident, "phase")).then_some(incident.phase)
}

/// How it stands there: `open`, `resolved`, `gone`, `merged into KEY`; none where no worker has read it.
pub fn standing(upstream: &Upstream) -> Option<&str> {
    upstream.rest.get(STANDING)?.as_str()
}

/// Writes down how it stands there, where that is not on record already; everything else stays as it was heard last.
pub fn stand(incident: &Incident, standing: &str) -> Vec<Event> {
    let Some(before) = &incident.upstream else {
        return Vec::new();
    };
    let mut upstream = before.clone();
    upstream.rest.insert(STANDING.to_owned(), standing.into());
    if upstream == *before {
        return Vec::new();
    }
    vec![Event::UpstreamChanged {
        upstream: Box::new(upstream),
    }]
}
