//! What others changed in an incident while somebody looked at it, in words: before and after, and by whom.

use super::super::form::{Row, row};
use super::Look;
use crate::domain::view::{DutyView, IncidentView};
use crate::domain::word::{Phase, Seat};
use crate::ui::canvas::Part;
use crate::ui::phrase::{Form as Written, instant};
use crate::ui::theme::Role;

/// Most lines that are told; more are counted.
const LINES: usize = 10;

/// Who changed it last, and how, in one sentence.
pub fn changed(now: &IncidentView, look: &Look<'_>) -> String {
    let me = look.me();
    let Some(change) = &now.change else {
        return format!("{} has changed since you looked at it:", now.id);
    };
    let who = match change.by == me {
        true => "you, elsewhere".to_owned(),
        false => look.who(&change.by),
    };
    let at = instant(change.at, look.now(), look.clock().zone, Written::Short).text;
    match change.text.as_ref().filter(|_| look.texts()) {
        Some(text) => format!("{} was changed at {at} by {who}: {text}.", now.id),
        None => format!("{} was changed at {at} by {who}.", now.id),
    }
}

/// What is different from what was looked at, one line each.
pub fn changes(look: &Look<'_>, now: &IncidentView) -> Vec<Row> {
    let was = look.incident;
    let mut rows = Vec::new();
    let mut tell = |name: &str, before: String, after: String| {
        if before != after {
            rows.push(vec![
                Part::text(format!("  {name}: "), Role::Text),
                Part::text(before, Role::Before),
                Part::text(" ► ", Role::Dim),
                Part::text(after, Role::After),
            ]);
        }
    };
    tell("phase", phase(was), phase(now));
    tell("severity", word(was.severity), word(now.severity));
    tell(
        "classification",
        word(was.classification),
        word(now.classification),
    );
    tell(
        "reportable",
        was.reportable.to_string(),
        now.reportable.to_string(),
    );
    tell("TLP", was.tlp.to_string(), now.tlp.to_string());
    tell(
        "responsibility",
        was.responsibility.to_string(),
        now.responsibility.to_string(),
    );
    tell("channels", was.comms.to_string(), now.comms.to_string());
    tell("ended", word(was.ended), word(now.ended));
    if look.texts() {
        tell("title", text(&was.title), text(&now.title));
        tell("bridge", text(&was.bridge), text(&now.bridge));
    }
    if was.summary != now.summary {
        tell(
            "summary",
            "as you saw it".to_owned(),
            "rewritten".to_owned(),
        );
    }
    for seat in [
        Seat::Commander,
        Seat::Deputy,
        Seat::Scribe,
        Seat::OwnerLead,
        Seat::ServiceLead,
    ] {
        let held = |incident: &IncidentView| match incident.seat(seat) {
            Some(person) => look.who(person),
            None if incident.is_masked(seat.as_str()) => look.shared.glyphs.masked().to_owned(),
            None => "vacant".to_owned(),
        };
        tell(&seat.as_str().replace('_', " "), held(was), held(now));
    }
    for (name, trigger) in &now.triggers {
        let before = was.triggers.get(name);
        let told = |t: Option<&crate::domain::view::TriggerView>| match t {
            None => "not recorded".to_owned(),
            Some(t) if t.not_applicable.is_some() => "not applicable".to_owned(),
            Some(t) => match &t.proposed {
                Some(proposed) => format!("{}, later {} proposed", t.at, proposed.at),
                None => t.at.to_string(),
            },
        };
        tell(name, told(before), told(Some(trigger)));
    }
    for duty in &now.duties {
        let before = was.duties.iter().find(|old| old.id == duty.id);
        let told = |d: Option<&DutyView>| d.map_or("none".to_owned(), |d| duty_words(d, look));
        tell(&look.duty_name(duty), told(before), told(Some(duty)));
    }
    for page in &now.pages {
        let before = was.pages.iter().find(|old| old.id == page.id);
        let told = |p: Option<&crate::domain::view::PageView>| {
            p.map_or("none".to_owned(), |p| p.state.to_string())
        };
        let team = look.shared.team(look.target.source, &page.team);
        tell(&format!("page to {team}"), told(before), told(Some(page)));
    }
    if was.lessons.len() != now.lessons.len() {
        tell(
            "lessons",
            was.lessons.len().to_string(),
            now.lessons.len().to_string(),
        );
    }
    let more = rows.len().saturating_sub(LINES);
    if more > 0 {
        rows.truncate(LINES);
        rows.push(row(format!("  and {more} more"), Role::Dim));
    }
    if rows.is_empty() {
        rows.push(row(
            "  Nothing that this dialog shows is different.",
            Role::Dim,
        ));
    }
    rows
}

/// What a duty's clock says, in words that hold.
pub fn duty_words(duty: &DutyView, look: &Look<'_>) -> String {
    let status = duty.status.as_str().replace('_', " ");
    let person = duty.decider.person.as_deref();
    let decides = person.map_or(String::new(), |person| {
        format!(", {} decides", look.who(person))
    });
    match duty.due_at.filter(|_| duty.status.counts_down()) {
        Some(due) => {
            let due = instant(due, look.now(), look.clock().zone, Written::Weekday).text;
            format!("{status}, due {due}{decides}")
        }
        None => format!("{status}{decides}"),
    }
}

fn phase(incident: &IncidentView) -> String {
    match incident.phase {
        Phase::Preparation => incident.phase.title().to_owned(),
        phase => format!("{}, pass {}", phase.title(), incident.pass),
    }
}

fn word<W: std::fmt::Display>(word: Option<W>) -> String {
    word.map_or("none".to_owned(), |word| word.to_string())
}

fn text(text: &Option<String>) -> String {
    text.clone().unwrap_or_else(|| "none".to_owned())
}
