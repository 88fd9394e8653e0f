//! Parts that several documents share: the marks at both ends, who commands, where the clocks stand, who was called.

use super::Sheet;
use super::markdown::{Document, plain};
use crate::domain::duty::status_at;
use crate::domain::instant::Instant;
use crate::domain::view::{DutyView, PageView};
use crate::domain::when::When;
use crate::domain::word::{DutyStatus, Precision};
use crate::wire::EntryBody;

/// An instant as documents write it.
pub fn utc(at: Instant) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// As exactly as it is known, and never beyond the second.
fn when(when: When) -> String {
    match when.precision {
        Precision::Exact | Precision::Minute => utc(when.at),
        Precision::Day | Precision::Month | Precision::Year => when.to_string(),
    }
}

/// A length of time in days, hours and minutes.
pub fn span(from: Instant, to: Instant) -> String {
    let minutes = (to - from).num_minutes().max(0);
    let (days, hours, minutes) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes}m"),
        (0, _) => format!("{hours}h{minutes:02}m"),
        _ => format!("{days}d{hours:02}h{minutes:02}m"),
    }
}

/// What stands where the reader's clearance hides a name or a text; never that there is none.
pub const HIDDEN: &str = "(hidden from this reader)";

/// A name that is always on record: where it is empty, this reader is not told it.
pub fn name(sheet: &Sheet<'_>, name: &str) -> String {
    match name.is_empty() && sheet.incident.is_masked("by") {
        true => HIDDEN.to_owned(),
        false => plain(name),
    }
}

/// A text that may be hidden or missing.
pub fn text(sheet: &Sheet<'_>, field: &str, text: Option<&str>, missing: &str) -> String {
    match text {
        Some(text) => plain(text),
        None if sheet.incident.is_masked(field) => HIDDEN.to_owned(),
        None => missing.to_owned(),
    }
}

fn marks(sheet: &Sheet<'_>) -> String {
    let tlp = sheet.incident.tlp.as_str().to_uppercase();
    let mut marks = format!("**TLP:{tlp}**");
    if sheet.incident.exercise {
        marks.push_str(" — **EXERCISE EXERCISE EXERCISE**");
    }
    if sheet.entries.iter().any(is_privileged) {
        marks.push_str(" — **PRIVILEGED**");
    }
    marks
}

/// The marks, the title, and what it was made from.
pub fn begin(sheet: &Sheet<'_>, what: &str) -> Document {
    let incident = sheet.incident;
    let mut document = Document::default();
    document.paragraph(&marks(sheet));
    let exercise = if incident.exercise { "EXERCISE: " } else { "" };
    document.title(&format!(
        "{exercise}{what}, {} {}",
        plain(&incident.id),
        plain(&incident.codename)
    ));
    document.paragraph(&format!(
        "As of {}, version {}, from {}, for {}.",
        utc(sheet.now),
        incident.version,
        plain(sheet.backend),
        plain(sheet.by)
    ));
    if !incident.masked.is_empty() {
        document.paragraph(&format!(
            "Not all of it: this reader's clearance hides {}.",
            plain(&incident.masked.join(", "))
        ));
    }
    document
}

/// The end of the record, and the marks once more.
pub fn end(sheet: &Sheet<'_>, mut document: Document) -> String {
    if let Some(head) = sheet.head {
        document.paragraph(&format!(
            "Record up to entry {}: `{}`",
            head.seq,
            plain(&head.hash)
        ));
    }
    document.paragraph(&marks(sheet));
    document.end()
}

/// Title, severity, phase and the like.
pub fn facts(sheet: &Sheet<'_>, document: &mut Document) {
    let incident = sheet.incident;
    let ended = incident.ended.map_or_else(String::new, |ended| {
        let at = incident.closed_at.map(utc).unwrap_or_default();
        format!("; {ended} {at}")
    });
    let since = incident.closed_at.unwrap_or(sheet.now);
    document.list(
        &[
            format!(
                "title: {}",
                text(sheet, "title", incident.title.as_deref(), "none")
            ),
            format!(
                "severity: {}",
                incident.severity.map_or("not assessed", |s| s.as_str())
            ),
            format!(
                "classification: {}",
                incident
                    .classification
                    .map_or("not assessed", |c| c.as_str())
                    .replace('_', " ")
            ),
            format!(
                "phase: {}, pass {}, for {}{ended}",
                incident.phase.title(),
                incident.pass,
                span(incident.phase_since, since)
            ),
            format!("reportable: {}", incident.reportable),
            format!("opened: {}", utc(incident.opened_at)),
        ],
        "",
    );
}

/// Who sits where; an empty seat is said to be vacant.
pub fn seats(sheet: &Sheet<'_>, document: &mut Document) {
    let incident = sheet.incident;
    document.heading("Command");
    let seat = |words: &str, field: &str, who: &Option<String>| {
        format!(
            "{words}: {}",
            text(sheet, field, who.as_deref(), "**VACANT**")
        )
    };
    let mut items = vec![
        seat("commander", "commander", &incident.commander),
        seat("deputy", "deputy", &incident.deputy),
        seat("scribe", "scribe", &incident.scribe),
        seat(
            &format!("owner lead, {}", plain(&incident.owner)),
            "owner_lead",
            &incident.owner_lead,
        ),
        seat("service lead", "service_lead", &incident.service_lead),
    ];
    items.extend(incident.hand_overs.iter().map(|offer| {
        format!(
            "{} offered to {} by {}, not taken yet",
            offer.role,
            plain(&offer.to),
            plain(&offer.by)
        )
    }));
    document.list(&items, "");
}

/// Instants on record.
pub fn times(sheet: &Sheet<'_>, document: &mut Document) {
    document.heading("Times");
    let rows: Vec<Vec<String>> = sheet
        .incident
        .triggers
        .iter()
        .flat_map(|(what, trigger)| {
            let what = plain(what).replace("\\_", " ");
            let source = text(sheet, "by", trigger.source.as_deref(), "");
            let by = name(sheet, &trigger.by);
            let own = match &trigger.not_applicable {
                Some(reason) => vec![
                    what.clone(),
                    format!("does not apply: {}", name(sheet, reason)),
                    String::new(),
                    format!("{by}, {}", utc(trigger.at.at)),
                    source,
                ],
                None => vec![
                    what.clone(),
                    when(trigger.at),
                    trigger.precision.to_string(),
                    by,
                    source,
                ],
            };
            let later = trigger.proposed.as_ref().map(|later| {
                vec![
                    format!("{what}, PROPOSED later"),
                    when(later.at),
                    later.at.precision.to_string(),
                    name(sheet, &later.by),
                    "not confirmed by a second person".to_owned(),
                ]
            });
            std::iter::once(own).chain(later)
        })
        .collect();
    document.table(
        &["what", "when", "precision", "recorded by", "source"],
        &rows,
        "None is on record.",
    );
}

fn is_over(status: DutyStatus) -> bool {
    use DutyStatus::{Decided, Met, NotInForce, NotRequired};
    matches!(status, Met | NotRequired | Decided | NotInForce)
}

/// Duties, those that are over last.
pub fn duties(sheet: &Sheet<'_>, document: &mut Document, all: bool) {
    document.heading("Duties to notify");
    let mut duties: Vec<(&DutyView, DutyStatus)> = sheet
        .incident
        .duties
        .iter()
        .filter(|duty| duty.enabled)
        .map(|duty| (duty, status_at(duty, sheet.now)))
        .filter(|(_, status)| all || !is_over(*status))
        .collect();
    duties.sort_by_key(|(duty, status)| (is_over(*status), duty.due_at.is_none(), duty.due_at));
    let rows: Vec<Vec<String>> = duties
        .iter()
        .map(|(duty, status)| {
            let over = is_over(*status);
            let left = duty
                .due_at
                .map_or_else(String::new, |due| match due >= sheet.now {
                    _ if over => String::new(),
                    true => format!(", in {}", span(sheet.now, due)),
                    false => format!(", **{} ago**", span(due, sheet.now)),
                });
            vec![
                plain(&duty.id),
                plain(&duty.to),
                status.as_str().replace('_', " "),
                match (duty.due_at, *status) {
                    (Some(due), DutyStatus::Met) => utc(due),
                    (None, _) if !over => "no instant".to_owned(),
                    (Some(due), _) if !over => format!("{}{left}", utc(due)),
                    _ => "-".to_owned(),
                },
                match duty.latest_start_at {
                    _ if over => "-".to_owned(),
                    Some(start) => utc(start),
                    None => "start not set".to_owned(),
                },
                sent(duty),
                decides(sheet, duty, over),
            ]
        })
        .collect();
    document.table(
        &[
            "duty",
            "to",
            "status",
            "due",
            "latest start",
            "sent",
            "decides",
        ],
        &rows,
        "None is open.",
    );
}

/// When it was sent, and to how many where not to all; or what is itself the notice.
fn sent(duty: &DutyView) -> String {
    match (duty.submitted_at, duty.reached_words(), duty.met_at) {
        (None, Some(reached), Some(at)) => format!("met: {reached}, {}", utc(at)),
        (None, Some(reached), None) => format!("nothing is sent; met by: {reached}"),
        (Some(at), _, _) => match duty.told_in_part() {
            Some(told) => format!("sent to {} of {}, {}", told.done, told.of, utc(at)),
            None => utc(at),
        },
        (None, None, _) => "not recorded as sent".to_owned(),
    }
}

/// The person; else that nobody does, with the team that should, and whether a person is only not shown.
fn decides(sheet: &Sheet<'_>, duty: &DutyView, over: bool) -> String {
    let team = duty.decider.team.as_deref();
    match (duty.decider.person.as_deref(), team) {
        (None, Some(team)) if sheet.incident.is_masked("decider") => {
            format!("{}, {HIDDEN}", plain(team))
        }
        (None, Some(team)) if over => plain(team),
        (None, Some(team)) => format!("**NOBODY**, {}", plain(team)),
        (person, _) => text(sheet, "decider", person, "**NOBODY**"),
    }
}

/// Who was called, and what they said.
pub fn pages<'a>(document: &mut Document, pages: impl Iterator<Item = &'a PageView>, now: Instant) {
    let rows: Vec<Vec<String>> = pages
        .map(|page| {
            let answer = page
                .answer
                .map_or_else(String::new, |answer| format!(", {answer}"));
            let eta = page
                .eta
                .map_or_else(String::new, |eta| format!(", there {}", utc(eta)));
            let asked = page
                .asked_for()
                .map_or_else(String::new, |asked| format!(", {asked}"));
            vec![
                plain(&page.team),
                format!("{}{answer}{eta}{asked}", page.state),
                utc(page.queued_at),
                page.waited_until(now)
                    .map_or_else(|| "-".to_owned(), |until| span(page.queued_at, until)),
                plain(page.trouble().unwrap_or_default()),
            ]
        })
        .collect();
    document.table(
        &["team", "state", "asked", "waited", "said"],
        &rows,
        "None.",
    );
}

/// The texts that an entry carries, in the order people read them.
pub const WRITTEN: &[&str] = &["text", "summary", "message", "reason", "because"];

/// Whether only counsel, commanders and its author read an entry.
fn is_privileged(entry: &EntryBody) -> bool {
    let privileged = entry.body.get("privileged");
    privileged.and_then(serde_json::Value::as_bool) == Some(true)
}

/// What an entry says on one line, with what a person wrote.
pub fn said(entry: &EntryBody) -> String {
    let line = match &entry.line {
        Some(line) => line.clone(),
        None => entry.kind.replace('_', " "),
    };
    if entry.redacted.is_some() {
        return plain(&line);
    }
    let written = WRITTEN
        .iter()
        .filter_map(|key| entry.body.get(*key).and_then(serde_json::Value::as_str))
        .filter(|written| !line.contains(written));
    let written: Vec<String> = written.map(plain).collect();
    match written.is_empty() {
        true => plain(&line),
        false => format!("{}: {}", plain(&line), written.join("; ")),
    }
}

/// Entries as a table.
pub fn entries<'a>(
    sheet: &Sheet<'_>,
    document: &mut Document,
    entries: impl Iterator<Item = &'a EntryBody>,
) {
    let rows: Vec<Vec<String>> = entries
        .map(|entry| {
            vec![
                entry.seq.to_string(),
                utc(entry.at),
                name(sheet, &entry.by),
                said(entry),
            ]
        })
        .collect();
    document.table(
        &["entry", "recorded", "by", "what"],
        &rows,
        "None that this reader may see.",
    );
}
