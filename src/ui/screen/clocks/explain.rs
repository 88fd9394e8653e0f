//! What the selected duty is: by when, from when it is counted, by which text. The whole arithmetic is a dialog's.

use ratatui::layout::Rect;

use crate::domain::duty::status_at;
use crate::domain::instant::Instant;
use crate::domain::view::{DutyView, IncidentView, TriggerView};
use crate::domain::word::DutyStatus;
use crate::ui::canvas::{Canvas, Part};
use crate::ui::index::{DutyRow, known_by, known_since};
use crate::ui::live::LiveText;
use crate::ui::phrase::{Form, Zone, instant};
use crate::ui::screen::head::start_parts;
use crate::ui::screen::words;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// A line: its label, what it says, and what stands at its right end where there is room.
struct Said {
    label: &'static str,
    parts: Vec<Part<'static>>,
    right: Option<Part<'static>>,
}

fn said(label: &'static str, parts: Vec<Part<'static>>) -> Said {
    Said {
        label,
        parts,
        right: None,
    }
}

fn text(text: impl Into<String>) -> Part<'static> {
    Part::text(text.into(), Role::Text)
}

/// How many rows it takes in a window, with its rule.
pub fn rows(area: Rect) -> u16 {
    match area.height {
        34.. => 7,
        20.. => 5,
        16.. => 3,
        _ => 2,
    }
}

/// Draws it, in the order of importance, as far as there is room.
pub fn draw(shared: &Shared, canvas: &mut Canvas<'_>, area: Rect, row: Option<&DutyRow>) {
    if area.height == 0 {
        return;
    }
    canvas.rule(area.x, area.y, area.width);
    let Some(row) = row else {
        return;
    };
    title(shared, canvas, area, row);
    let lines = match row.view() {
        Some(duty) => of_duty(shared, row, duty),
        None => of_question(shared, row),
    };
    let label = if area.width >= 60 { 10 } else { 0 };
    for (y, line) in (area.y + 1..area.bottom()).zip(lines) {
        let x = area.x + 1;
        let room = area.width.saturating_sub(2);
        if label > 0 {
            canvas.text(x, y, label, line.label, Role::Dim);
        }
        let room = room.saturating_sub(label);
        let used = canvas.line(Rect::new(x + label, y, room, 1), &line.parts);
        let Some(right) = line.right else { continue };
        let width = right.width(shared.now);
        if used + width + 3 <= room {
            let at = x + label + room - width;
            canvas.line(Rect::new(at, y, width, 1), &[right]);
        }
    }
}

fn title(shared: &Shared, canvas: &mut Canvas<'_>, area: Rect, row: &DutyRow) {
    let left = match row.view() {
        Some(duty) if words::is_hidden(shared, duty) => "restricted duty".to_owned(),
        Some(duty) if duty.rule.starts_with(&duty.to) => duty.rule.clone(),
        Some(duty) => format!("{}, {}", words::recipient(duty), duty.rule),
        None => "reportable?".to_owned(),
    };
    let left = format!(" {} {left} ", row.incident.id);
    let (state, role) = match row.view() {
        Some(duty) => state(shared, row, duty),
        None => ("DECISION MISSING", Role::Missing),
    };
    let state = format!(" {state} ");
    let state_width = u16::try_from(state.len()).unwrap_or_default();
    let indent = if area.width >= 60 { 4 } else { 1 };
    let room = area.width.saturating_sub(2 * indent + state_width + 1);
    canvas.text(area.x + indent, area.y, room, &left, Role::Title);
    let at = area.right().saturating_sub(indent + state_width);
    canvas.text(at, area.y, state_width, &state, role);
}

/// The state in capitals.
fn state(shared: &Shared, row: &DutyRow, duty: &DutyView) -> (&'static str, Role) {
    use DutyStatus as D;
    let now = shared.time(row.source);
    let status = status_at(duty, now);
    let word = match status {
        D::Waiting => "WAITING",
        D::Provisional => "PROVISIONAL",
        D::Running => "RUNNING",
        D::PastDue => "FIRST READING PASSED",
        D::Overdue => "NOT RECORDED AS SENT",
        D::Embargo => "NOT BEFORE",
        D::Held => "HELD",
        D::Met => "SENT",
        D::NotRequired => "DOES NOT APPLY",
        D::Decided => "DECIDED: NO NOTICE",
        D::NoFixedLimit => "NO NUMBER",
        D::Undecided => "NOT DECIDED",
        D::NotInForce => "NOT IN FORCE",
        D::CalendarUnknown => "CALENDAR UNKNOWN",
    };
    (word, words::duty_role(duty, status, now))
}

/// An instant whole in UTC, and short in the entity's zone where that is another.
fn whole(shared: &Shared, row: &DutyRow, at: Instant) -> String {
    let now = shared.time(row.source);
    let utc = instant(at, now, Zone::UTC, Form::Full).text;
    let entity = row
        .incident
        .profile
        .get("zone")
        .and_then(|zone| zone.as_str());
    match entity.and_then(|name| Zone::named(name).ok()) {
        Some(zone) if zone != Zone::UTC && shared.size.0 >= 60 => {
            format!("{utc} · {}", instant(at, now, zone, Form::Weekday).text)
        }
        _ => utc,
    }
}

fn of_question(shared: &Shared, row: &DutyRow) -> Vec<Said> {
    let incident = &row.incident;
    let from = shared.mono(row.source, known_since(incident));
    let missing = vec![
        Part::text(
            "nobody has answered whether customers must be told, ",
            Role::Text,
        ),
        Part::text(format!("{} ", known_by(incident)), Role::Missing),
        Part::Live(LiveText::Age { from }, Role::Missing),
    ];
    let mut lines = vec![said("missing", missing)];
    if let Some(aware) = incident.triggers.get("aware_at") {
        let parts = vec![text(format!(
            "aware_at {}",
            recorded(shared, row, aware.at.at, aware)
        ))];
        lines.push(said("counted", parts));
    }
    let waiting: Vec<String> = incident
        .duties
        .iter()
        // Others wait for other instants, whatever is answered here.
        .filter(|duty| duty.trigger.as_deref() == Some("declared_at"))
        .filter(|duty| duty.enabled && duty.status == DutyStatus::Waiting)
        .map(|duty| words::duty_name(shared, duty, " "))
        .collect();
    if !waiting.is_empty() {
        lines.push(said("waiting", vec![text(waiting.join(" · "))]));
    }
    let commander = match (&incident.commander, shared.options.mask) {
        (Some(_), true) => "commander named".to_owned(),
        (Some(person), false) => format!("{person}, commander"),
        (None, _) if incident.is_masked("commander") => "commander not shown".to_owned(),
        (None, _) => "NO COMMANDER".to_owned(),
    };
    lines.push(said("asked", vec![text(commander)]));
    lines
}

fn of_duty(shared: &Shared, row: &DutyRow, duty: &DutyView) -> Vec<Said> {
    let mut lines = vec![by(shared, row, duty)];
    let now = shared.time(row.source);
    if status_at(duty, now).counts_down() {
        lines.push(start(shared, row, duty));
    } else {
        lines.extend(why(shared, row, duty));
    }
    lines.extend(alarms(shared, row, &duty.id));
    lines.extend(beside(shared, row));
    lines.push(counted(shared, row, duty));
    if !words::is_hidden(shared, duty) && !duty.citation.is_empty() {
        let parts = format!(
            "{} · {} · verified {}",
            duty.citation,
            confidence(&duty.confidence),
            duty.verified
        );
        lines.push(said("text", vec![text(parts)]));
    }
    let (who, role) = words::decider(shared, row.source, &row.incident, duty);
    let mut parts = vec![Part::text(who, role)];
    if let (Some(_), Some(team)) = (&duty.decider.person, &duty.decider.team) {
        let team = shared.team(row.source, team);
        parts.push(Part::text(format!(", {team}"), Role::Dim));
    }
    lines.push(said("decides", parts));
    lines.extend(proposed(shared, row, duty));
    lines.extend(as_of(shared, row));
    lines
}

/// How far the text was read, in a reader's words.
fn confidence(word: &str) -> &str {
    match word {
        "located" => "text located",
        "partly-located" | "general" => "check text",
        other => other,
    }
}

/// What rings about it, and what people did about that.
fn alarms(shared: &Shared, row: &DutyRow, duty: &str) -> Option<Said> {
    let mut parts = Vec::new();
    for (text, role) in words::alarms(shared, row.source, &row.incident, Some(duty)) {
        if !parts.is_empty() {
            parts.push(Part::text(" · ", Role::Dim));
        }
        parts.push(Part::text(text, role));
    }
    (!parts.is_empty()).then(|| said("alarm", parts))
}

/// What stands as one row with it.
fn beside(shared: &Shared, row: &DutyRow) -> Option<Said> {
    let names: Vec<String> = row
        .others()
        .map(|duty| words::duty_name(shared, duty, " "))
        .collect();
    (!names.is_empty()).then(|| said("and", vec![text(names.join(" · "))]))
}

/// By when, or why there is no such instant.
fn by(shared: &Shared, row: &DutyRow, duty: &DutyView) -> Said {
    use DutyStatus as D;
    let status = status_at(duty, shared.time(row.source));
    let at = |at: Option<Instant>| match at {
        Some(at) => whole(shared, row, at),
        None => "no instant recorded".to_owned(),
    };
    let age = |words: &str| {
        let from = shared.mono(row.source, duty.counted_from.unwrap_or(row.at));
        vec![
            text(format!("{words}, ")),
            Part::Live(LiveText::Age { from }, Role::Missing),
            text(" since known"),
        ]
    };
    match status {
        D::Running | D::Provisional | D::PastDue | D::Overdue => {
            let mut line = said("act by", vec![text(at(duty.due_at))]);
            line.right = duty.limit_at.map(|limit| {
                let limit = shared.instant(row.source, &row.incident, limit, Form::Dated);
                Part::text(format!("outer reading: {limit}"), Role::Text)
            });
            line
        }
        D::Embargo => {
            let mut parts = vec![text(at(duty.due_at))];
            if let Some(due) = duty.due_at {
                let to = shared.mono(row.source, due);
                parts.push(text(", "));
                parts.push(Part::Live(LiveText::Until { to }, Role::Embargo));
            }
            said("not before", parts)
        }
        D::Held => said("then due", vec![text(at(duty.due_at))]),
        D::Met => match duty.reached_words().filter(|_| duty.met_at.is_some()) {
            Some(reached) => said("met", vec![text(format!("{reached}, {}", at(duty.met_at)))]),
            None => said("sent", vec![text(at(duty.submitted_at))]),
        },
        D::NoFixedLimit => said("act by", age("the text has no number")),
        D::Undecided => said("missing", age("nobody has decided whether it applies")),
        D::CalendarUnknown => said("missing", age("the calendar of this place is not known")),
        D::Waiting => {
            let trigger = duty.trigger.as_deref().unwrap_or("its trigger");
            said("missing", age(&format!("{trigger} is not recorded")))
        }
        D::NotRequired | D::Decided | D::NotInForce => {
            let because = duty
                .because
                .clone()
                .filter(|_| !shared.options.mask && !words::is_hidden(shared, duty));
            let because = because.unwrap_or_else(|| "no reason shown".to_owned());
            said("because", vec![text(because)])
        }
    }
}

fn told(duty: &DutyView) -> Option<Part<'static>> {
    let told = duty.told?;
    Some(text(format!(
        "told {} of {}",
        words::number(told.done),
        words::number(told.of)
    )))
}

/// The latest start and what preparing takes; how many are told.
fn start(shared: &Shared, row: &DutyRow, duty: &DutyView) -> Said {
    let mut parts = match duty.latest_start_at {
        Some(start) if shared.mono(row.source, start) >= shared.now => {
            let at = shared.instant(row.source, &row.incident, start, Form::Weekday);
            let to = shared.mono(row.source, start);
            vec![
                text(format!("{at}, ")),
                Part::Live(LiveText::Until { to }, Role::DueSoon),
            ]
        }
        None => vec![Part::text("not set", Role::Dim)],
        _ => start_parts(shared, row, true),
    };
    if let Some(prepare) = &duty.prepare_for {
        parts.push(text(format!(" (needs {prepare})")));
    }
    Said {
        label: "start by",
        parts,
        right: told(duty),
    }
}

/// The reason for a state that is no clock.
fn why(shared: &Shared, row: &DutyRow, duty: &DutyView) -> Option<Said> {
    let mut line = match (&duty.hold, &duty.because) {
        (Some(hold), _) if !shared.options.mask && !row.incident.is_masked("hold") => {
            let until = hold.until.map_or("until released".to_owned(), |until| {
                let at = shared.instant(row.source, &row.incident, until, Form::Weekday);
                format!("to {at}")
            });
            let paper = hold
                .document
                .as_ref()
                .map_or(String::new(), |paper| format!(", {paper}"));
            said(
                "held",
                vec![text(format!("{until}, {}{paper}", hold.authority))],
            )
        }
        (None, Some(because))
            if (duty.status == DutyStatus::Undecided || duty.due_at.is_some())
                && !shared.options.mask
                && !words::is_hidden(shared, duty) =>
        {
            said("open", vec![text(because.clone())])
        }
        _ if duty.told.is_some() => said("told", Vec::new()),
        _ => return None,
    };
    match line.parts.is_empty() {
        true => line.parts.extend(told(duty)),
        false => line.right = told(duty),
    }
    Some(line)
}

/// From which instant it is counted, who recorded that, how exactly, and whether it was moved.
fn counted(shared: &Shared, row: &DutyRow, duty: &DutyView) -> Said {
    let Some(name) = &duty.trigger else {
        return said("counted", vec![text("from nothing yet")]);
    };
    let recorded =
        |trigger: &TriggerView, at| format!("from {name} {}", recorded(shared, row, at, trigger));
    let words = match (trigger_of(&row.incident, name), duty.counted_from) {
        (Some(trigger), Some(from)) => recorded(trigger, from),
        (Some(trigger), None) => recorded(trigger, trigger.at.at),
        (None, Some(from)) => format!("from {name} {}", whole(shared, row, from)),
        (None, None) => format!("from {name}, which is not recorded"),
    };
    said("counted", vec![text(words)])
}

fn trigger_of<'a>(incident: &'a IncidentView, name: &str) -> Option<&'a TriggerView> {
    incident.triggers.get(name)
}

/// `Fri 20 Nov 16:49:00 UTC, d.okafor, exact, not moved`.
fn recorded(shared: &Shared, row: &DutyRow, at: Instant, trigger: &TriggerView) -> String {
    let at = instant(at, shared.time(row.source), Zone::UTC, Form::Full).text;
    let by = words::who(shared, &row.incident, &trigger.by).0;
    let moved = match trigger.moved {
        0 => "not moved".to_owned(),
        1 => "moved once".to_owned(),
        n => format!("moved {n} times"),
    };
    format!("{at}, {by}, {}, {moved}", trigger.precision)
}

/// A later instant that waits for a second person.
fn proposed(shared: &Shared, row: &DutyRow, duty: &DutyView) -> Option<Said> {
    let trigger = trigger_of(&row.incident, duty.trigger.as_ref()?)?;
    let later = trigger.proposed.as_ref()?;
    let at = shared.instant(row.source, &row.incident, later.at.at, Form::Weekday);
    let by = words::who(shared, &row.incident, &later.by).0;
    let words = format!("{at} {by}, waits for a second person");
    Some(said("proposed", vec![Part::text(words, Role::Notice)]))
}

/// Where the source is not live: from when all this is.
fn as_of(shared: &Shared, row: &DutyRow) -> Option<Said> {
    let fresh = shared.freshness(row.source);
    let source = shared
        .source(row.source)
        .filter(|_| !shared.is_live(row.source))?;
    let at = shared.instant(row.source, &row.incident, source.as_of?, Form::Weekday);
    let words = format!("{} is {}, data of {at}", source.name, fresh.word());
    Some(said(
        "data",
        vec![Part::text(words, words::freshness(fresh))],
    ))
}
