//! How a vendor's incident lands here: the commands that put it on record, and what could not be placed. Nothing is sent
//! and nothing written; the decision is the domain's, as for everybody.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::port::Case;
use super::settings::Mapping;
use crate::domain::command::advance::Advance;
use crate::domain::command::open::{self, Allotted, FullTrigger, Open, OpenTrigger};
use crate::domain::command::upstream::UpstreamState;
use crate::domain::command::{Command, Context, decide, text};
use crate::domain::event::Event;
use crate::domain::incident::{Incident, Stamp};
use crate::domain::instant::Instant;
use crate::domain::refusal::Refusal;
use crate::domain::view::Upstream;
use crate::domain::when::When;
use crate::domain::word::{Phase, Precision, Severity};

/// An incident that was read there, in our words.
#[derive(Debug, Clone, PartialEq)]
pub struct Landing {
    pub open: Open,
    /// The phase it stands in there; none where its status means none of ours.
    pub phase: Option<Phase>,
    /// What has no place here, each with why.
    pub unplaced: Vec<String>,
}

/// What a case means. `now` is the backend's.
pub fn land(case: &Case, connector: &str, mapping: &Mapping, context: &Context<'_>) -> Landing {
    let mut unplaced = Vec::new();
    let group = case.group.as_deref();
    let service = group.and_then(|group| Mapping::find(&mapping.services, group));
    if let (None, Some(group), false) = (&service, group, mapping.services.is_empty()) {
        unplaced.push(format!(
            "'{group}' is none of its services: it lands in {}",
            mapping.service
        ));
    }
    let service = service.unwrap_or_else(|| mapping.service.clone());
    let phase = mapping.phase_of(case);
    if phase.is_none() && case.open {
        unplaced.push(format!(
            "the status '{}' means no phase here: it stays in detection and analysis",
            case.status
        ));
    }
    let severity = severity(case, mapping, &mut unplaced);
    let (regimes, profile) = tagged(case, mapping, &service, context);
    if case.merged_into.is_some() {
        unplaced.push("it was merged into another one there".to_owned());
    }
    let open = Open {
        service,
        title: fitted(&case.title, text::TITLE),
        classification: None,
        severity,
        summary: case
            .summary
            .as_deref()
            .map(|summary| fitted(summary, text::LONG)),
        tlp: None,
        people: None,
        exercise: false,
        starts_at: None,
        occurred_at: None,
        regimes,
        profile,
        triggers: triggers(case, connector, context.now, &mut unplaced),
        upstream: Some(heard(case, connector, mapping).first()),
    };
    Landing {
        open,
        phase,
        unplaced,
    }
}

fn severity(case: &Case, mapping: &Mapping, unplaced: &mut Vec<String>) -> Option<Severity> {
    let word = case.severity.as_deref()?;
    let unassessed = mapping.vendor.unassessed;
    if unassessed
        .iter()
        .any(|none| none.eq_ignore_ascii_case(word))
    {
        return None;
    }
    let severity = Mapping::find(&mapping.severities, word);
    if severity.is_none() {
        unplaced.push(format!(
            "the severity '{word}' is none of ours: it lands without one"
        ));
    }
    severity
}

/// Regimes and profile that tags add to those of the service; nothing where no tag is named.
fn tagged(
    case: &Case,
    mapping: &Mapping,
    service: &str,
    context: &Context<'_>,
) -> (Option<Vec<String>>, Option<Map<String, Value>>) {
    let has = |tag: &str| {
        case.tags
            .iter()
            .any(|t| t.to_lowercase() == tag.to_lowercase())
    };
    let of_service = context
        .directory
        .service(service)
        .map(|s| s.regimes.clone());
    let (mut regimes, mut profile) = (of_service.unwrap_or_default(), Map::new());
    let mut any = false;
    for rule in mapping.tags.iter().filter(|rule| has(&rule.tag)) {
        any = true;
        for regime in &rule.regimes {
            if !regimes.contains(regime) {
                regimes.push(regime.clone());
            }
        }
        profile.extend(rule.profile.clone());
    }
    (
        any.then_some(regimes),
        (!profile.is_empty()).then_some(profile),
    )
}

/// The instant at which it was put on record there is the latest at which it was detected.
fn triggers(
    case: &Case,
    connector: &str,
    now: Instant,
    unplaced: &mut Vec<String>,
) -> IndexMap<String, OpenTrigger> {
    let mut triggers = IndexMap::new();
    let Some(at) = case.created_at else {
        unplaced.push("it does not say when it began: detected_at is not recorded".to_owned());
        return triggers;
    };
    if text::not_in_future("detected_at", at, now).is_err() {
        unplaced.push(format!(
            "it began {}, which lies ahead of this machine's clock: detected_at is not recorded",
            at.format("%Y-%m-%d %H:%M UTC")
        ));
        return triggers;
    }
    let full = FullTrigger {
        at: When {
            at,
            precision: Precision::Exact,
        },
        precision: None,
        source: Some(fitted(&format!("{connector} {}", case.key), text::NAME)),
    };
    triggers.insert("detected_at".to_owned(), OpenTrigger::Full(full));
    triggers
}

/// What its source says of it, for an incident that is on record.
pub fn heard(case: &Case, connector: &str, mapping: &Mapping) -> UpstreamState {
    let severity = case.severity.as_deref();
    let standing = match (&case.merged_into, case.open) {
        (Some(into), _) => format!("merged into {}", fitted(into, text::NAME)),
        (None, true) => "open".to_owned(),
        (None, false) => "resolved".to_owned(),
    };
    UpstreamState {
        upstream: upstream(case, connector),
        title: Some(fitted(&case.title, text::TITLE)),
        severity: severity.and_then(|word| Mapping::find(&mapping.severities, word)),
        phase: mapping.phase_of(case),
        standing,
    }
}

/// Where it comes from, with the vendor's own words beside ours.
fn upstream(case: &Case, connector: &str) -> Upstream {
    let mut rest = Map::new();
    let mut keep = |key: &str, value: String| {
        rest.insert(key.to_owned(), Value::from(value));
    };
    keep("raw_status", fitted(&case.status, text::NAME));
    keep("version", fitted(&case.version.0, text::TITLE));
    if let Some(severity) = &case.severity {
        keep("raw_severity", fitted(severity, text::NAME));
    }
    if let Some(at) = case.updated_at {
        keep(
            "updated_at",
            at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        );
    }
    let url = case.url.as_deref().map(|url| url.replace('\0', ""));
    Upstream {
        connector: connector.to_owned(),
        key: case.key.clone(),
        url: url.filter(|url| url.chars().count() <= text::MESSAGE),
        rest,
    }
}

/// A text that may go on record: no NUL, and cut where it is too long.
pub(super) fn fitted(text: &str, limit: usize) -> String {
    let text = text.replace('\0', "\u{2400}");
    let text = text.trim();
    if text.chars().count() <= limit {
        return match text.is_empty() {
            true => "(no text)".to_owned(),
            false => text.to_owned(),
        };
    }
    let mut cut: String = text.chars().take(limit.saturating_sub(1)).collect();
    cut.push('\u{2026}');
    cut
}

/// Decides how a landing goes on record: opened, and moved to the phase it stands in there. Gates that are unmet are
/// passed by override, with the reason that it stands there already; the record says so.
///
/// # Errors
/// The domain refuses it.
pub fn opened(
    landing: &Landing,
    connector: &str,
    allotted: &Allotted,
    context: &Context<'_>,
) -> Result<(Incident, Vec<Event>, Stamp), Refusal> {
    let mut events = open::decide(&landing.open, allotted, context)?;
    let stamp = Stamp {
        version: 1,
        at: context.now,
        by: context.caller.name.clone(),
        via: context.via,
    };
    let Some((Event::Opened(first), more)) = events.split_first() else {
        return Err(Refusal::invalid("The incident could not be opened."));
    };
    let mut incident = Incident::opened(first, &stamp);
    for event in more {
        incident.apply(event, &stamp);
    }
    let status = landing
        .open
        .upstream
        .as_ref()
        .and_then(|up| up.rest.get("raw_status"));
    let status = status.and_then(Value::as_str).unwrap_or_default();
    let reason = fitted(
        &format!("stands there already: {connector} says '{status}'"),
        text::REASON,
    );
    let target = landing.phase.unwrap_or(Phase::DetectionAndAnalysis);
    while let Some(to) = incident.phase.forward().filter(|_| incident.phase < target) {
        let advance = Advance {
            to,
            reason: Some(reason.clone()),
            overridden: true,
        };
        for event in decide(&incident, &Command::Advance(advance), context)? {
            incident.apply(&event, &stamp);
            events.push(event);
        }
    }
    Ok((incident, events, stamp))
}

#[cfg(test)]
mod tests;
