//! What an incident has recorded, in the form in which clocks read it: triggers of the incident and of one duty, notices
//! sent, holds, and the subjects a regime's duties are told apart by.

use serde_json::{Map, Value};

use crate::domain::clock::regime::Regime;
use crate::domain::clock::{Hold, Profile};
use crate::domain::incident::Incident;
use crate::domain::incident::record::{Duty, Submission, Trigger, is_milestone};
use crate::domain::instant::Instant;
use crate::domain::view::Told;
use crate::domain::when::When;
use crate::domain::word::SubmitKind;

/// The subject of a duty that is not told apart.
pub const ALL: &str = "all";
/// The key of a profile that tells subjects apart: `{"ms-72h": ["acme", "beta"]}`.
pub const SUBJECTS: &str = "subjects";

/// Named instants, as clocks read them.
pub type Triggers = Vec<(String, When)>;

/// The id of a duty: `regime/stage`, with `@subject` when that is not `all`.
pub fn duty_id(regime: &str, stage: &str, subject: &str) -> String {
    if subject == ALL {
        format!("{regime}/{stage}")
    } else {
        format!("{regime}/{stage}@{subject}")
    }
}

/// The regime and the subject that a duty's id names.
pub fn parts_of(id: &str) -> Option<(&str, &str, &str)> {
    let (rule, subject) = id.split_once('@').unwrap_or((id, ALL));
    let (regime, stage) = rule.split_once('/')?;
    Some((regime, stage, subject))
}

/// The profile as rules read it. A key that cannot be read, from a time when nobody looked, is left out: the others count.
pub fn readable(given: &Map<String, Value>) -> Profile {
    Profile::from_json(&Value::Object(given.clone())).unwrap_or_else(|_| {
        let mut readable = given.clone();
        readable.retain(|key, value| {
            let alone = Map::from_iter([(key.clone(), value.clone())]);
            Profile::from_json(&Value::Object(alone)).is_ok()
        });
        Profile::from_json(&Value::Object(readable)).unwrap_or_default()
    })
}

/// The subjects of a regime's duties, `all` alone unless the profile tells them apart. One for which something was recorded
/// stays beside them, though the profile names it no more: nothing that was on record goes away.
pub fn subjects<'i>(incident: &'i Incident, regime: &str) -> Vec<&'i str> {
    let given = incident.profile.get(SUBJECTS).and_then(|s| s.get(regime));
    let mut found: Vec<&str> = Vec::new();
    for subject in given.and_then(Value::as_array).into_iter().flatten() {
        let subject = subject.as_str().filter(|s| is_subject(s));
        found.extend(subject.filter(|s| !found.contains(s)));
    }
    if found.is_empty() {
        found.push(ALL);
    }
    let recorded = |duty: &Duty| {
        !duty.submissions.is_empty() || !duty.holds.is_empty() || duty.verdict.is_some()
    };
    let duties = incident.duties.iter().filter(|(_, duty)| recorded(duty));
    let triggers = incident.triggers.iter().filter_map(|t| t.duty.as_deref());
    for id in duties.map(|(id, _)| id.as_str()).chain(triggers) {
        let of = parts_of(id).filter(|(of, _, _)| *of == regime);
        if let Some((_, _, subject)) = of.filter(|(_, _, s)| !found.contains(s)) {
            match subject {
                ALL => found.insert(0, ALL),
                other => found.push(other),
            }
        }
    }
    found
}

/// Whether a text can name a subject in a duty's id.
pub fn is_subject(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
}

/// The instants that count for clocks, of the incident (`duty` none) or of one duty alone. A milestone recorded anew in a
/// later pass is a new value, not a move: what counts already keeps the first that starts a clock.
fn counted(incident: &Incident, duty: Option<&str>) -> Triggers {
    let mut found: Triggers = Vec::new();
    let standing = |t: &&Trigger| t.counts() && t.duty.as_deref() == duty;
    for trigger in incident.triggers.iter().filter(standing) {
        match found.iter_mut().find(|(name, _)| *name == trigger.name) {
            None => found.push((trigger.name.clone(), trigger.at)),
            Some((_, at)) if is_milestone(&trigger.name) && at.starts_a_clock() => {}
            Some((_, at)) => *at = trigger.at,
        }
    }
    found
}

/// The incident's own instants.
pub fn of_incident(incident: &Incident) -> Triggers {
    counted(incident, None)
}

/// The instants of one regime and subject: what was submitted, then the incident's own. None: nothing was submitted.
pub fn of_subject(
    incident: &Incident,
    base: &Triggers,
    (rules, regime): (&Regime, &str),
    subject: &str,
) -> Option<Triggers> {
    let mut found: Triggers = Vec::new();
    for (id, duty) in &incident.duties {
        let Some((of, stage, who)) = parts_of(id) else {
            continue;
        };
        if of != regime || who != subject {
            continue;
        }
        if let Some(first) = sent(duty, rules, stage).first {
            found.push((format!("submitted:{stage}"), When::exact(first)));
        }
    }
    (!found.is_empty()).then(|| with(found, base))
}

/// The instants of one duty that has its own; none: it has none.
pub fn of_duty(incident: &Incident, base: &Triggers, id: &str) -> Option<Triggers> {
    let own = incident
        .triggers
        .iter()
        .any(|t| t.duty.as_deref() == Some(id));
    if !own {
        return None;
    }
    let found = counted(incident, Some(id));
    (!found.is_empty()).then(|| with(found, base))
}

/// Earlier ones win: that is how clocks look instants up.
fn with(mut own: Triggers, base: &Triggers) -> Triggers {
    own.extend(base.iter().cloned());
    own
}

/// Without what the response has reached in earlier passes: what it is to be met by anew.
pub fn of_present_pass(incident: &Incident, triggers: &Triggers) -> Triggers {
    let present = |name: &str| {
        incident
            .triggers
            .iter()
            .any(|t| t.name == name && t.pass == incident.pass && t.counts() && t.duty.is_none())
    };
    let mut kept = triggers.clone();
    kept.retain(|(name, _)| !is_milestone(name) || present(name));
    kept
}

/// When the last of the instants that are themselves the notice was reached, if all were reached or do not apply.
pub fn met_by(incident: &Incident, triggers: &Triggers, names: &[String]) -> Option<Instant> {
    let mut last = None;
    for name in names {
        let waived = incident
            .not_applicable
            .iter()
            .find(|n| n.pass == incident.pass && n.milestone.as_str() == name);
        let recorded = match is_milestone(name) {
            true => incident
                .trigger(name)
                .filter(|t| t.pass == incident.pass)
                .map(|t| t.at.at),
            false => triggers.iter().find(|(n, _)| n == name).map(|(_, w)| w.at),
        };
        last = last.max(Some(recorded.or(waived.map(|n| n.at))?));
    }
    last
}

/// What was sent for a duty.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sent {
    /// When all had been told; none while some have not.
    pub to_all: Option<Instant>,
    /// The first notice.
    pub first: Option<Instant>,
    /// How many have been told, as last recorded.
    pub told: Option<Told>,
    /// When the last of the instants that are themselves the notice was reached; nothing was sent.
    pub reached: Option<Instant>,
}

/// What was sent for a stage and not withdrawn, in the order in which it was sent, whenever it was entered. A notice
/// without numbers leaves those that were recorded.
pub fn sent(duty: &Duty, regime: &Regime, stage: &str) -> Sent {
    let standing = duty.submissions.iter().filter(|s| s.withdrawn.is_none());
    let mut notices: Vec<&Submission> = standing.collect();
    notices.sort_by_key(|notice| notice.at);
    let mut sent = Sent::default();
    for notice in notices {
        if can_meet(regime, stage, notice.kind) {
            sent.first.get_or_insert(notice.at);
        }
        sent.told = notice.told.or(sent.told);
        if sent.told.is_some_and(|told| told.done < told.of) {
            sent.to_all = None;
        } else if sent.first.is_some() {
            sent.to_all.get_or_insert(notice.at);
        }
    }
    sent
}

/// Whether a notice of this kind can be the one that a stage asks for. A correction changes another notice, and an update
/// follows one: it is none where these people have been told nothing by an earlier stage.
fn can_meet(regime: &Regime, stage: &str, kind: SubmitKind) -> bool {
    match kind {
        SubmitKind::Initial | SubmitKind::Final => true,
        SubmitKind::Correction => false,
        SubmitKind::Update => {
            let mut earlier = regime.stages.iter().take_while(|other| other.id != stage);
            let to = regime.stage(stage).map(|stage| &stage.to);
            to.is_none_or(|to| earlier.any(|other| other.to.iter().any(|who| to.contains(who))))
        }
    }
}

/// The holds that stand, as clocks read them, with their place among those recorded.
pub fn holds(duty: &Duty) -> Vec<(usize, Hold)> {
    let standing = duty.holds.iter().enumerate();
    standing
        .filter(|(_, hold)| hold.released.is_none())
        .map(|(place, hold)| {
            let read = Hold {
                kind: hold.kind.clone(),
                from: Some(hold.from),
                until: hold.until,
            };
            (place, read)
        })
        .collect()
}
