//! Facts: what it is, whose it is, how to reach those who work on it. Its instants stand in `time`.

use super::line::{Line, Lines, Look};
use super::time;
use crate::domain::command::alert;
use crate::domain::command::note_there::NotesThere;
use crate::domain::command::upstream::{conflicts, standing};
use crate::domain::view::{IncidentView, Upstream};
use crate::domain::word::{Comms, Reportable, Responsibility, Seat};
use crate::ui::canvas::Part;
use crate::ui::index::known_since;
use crate::ui::live::LiveText;
use crate::ui::phrase::Form;
use crate::ui::screen::words;
use crate::ui::theme::Role;

/// The facts of an incident; with its title where that does not stand above.
pub fn lines(look: Look<'_>, width: u16, title: bool) -> Lines {
    let mut lines = Lines::new(look.shared, width);
    let incident = look.incident;
    if incident.comms == Comms::Suspect {
        let text = "COMPANY CHANNELS SUSPECT: speak out of band only";
        lines.words(text, Role::Alarm);
    }
    restricted(look, &mut lines);
    if title {
        lines.fact(
            "title",
            vec![look.field("title", incident.title.as_deref(), ("none", Role::Dim))],
        );
    }
    assessed(look, &mut lines);
    seats(look, &mut lines);
    ways(look, &mut lines);
    time::lines(look, &mut lines);
    scope(look, &mut lines);
    learned(look, &mut lines);
    summary(look, &mut lines);
    lines
}

/// For whom it exists, and who came in besides.
fn restricted(look: Look<'_>, lines: &mut Lines) {
    let Some(restriction) = &look.incident.restriction else {
        return;
    };
    let hidden = look.hides("people");
    let people = match hidden {
        true => vec![look.masked()],
        false => text(restriction.people.join(", "), Role::Text),
    };
    lines.fact("RESTRICTED to", vec![people]);
    for glass in restriction.glass.iter().rev().filter(|_| !hidden) {
        let at = look.instant(glass.at, Form::Weekday);
        let (until, role) = match glass.mended_at {
            None => (glass.until, Role::Alarm),
            Some(mended) => (mended, Role::Notice),
        };
        let until = look.instant(until, Form::Short);
        let words = format!(
            "GLASS BROKEN by {}, {at} until {until}: {}",
            glass.by, glass.reason
        );
        lines.words(&words, role);
        if !glass.unpaged.is_empty() {
            let words = format!("NO PAGE REACHES {}: tell them", glass.unpaged.join(", "));
            lines.words(&words, role);
        }
    }
}

fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

fn text(words: impl Into<String>, role: Role) -> Line {
    vec![Part::text(words.into(), role)]
}

fn assessed(look: Look<'_>, lines: &mut Lines) {
    let incident = look.incident;
    let class = match incident.classification {
        Some(class) => text(spaced(class.as_str()), Role::Text),
        None => text("not assessed", Role::Missing),
    };
    lines.fact("classification", vec![class]);
    let about = look
        .shared
        .source(look.source)
        .and_then(|s| s.about.as_ref());
    let means = incident.severity.and_then(|severity| {
        let mut known = about?.severities.iter();
        known.find(|known| known.id == severity)
    });
    match (incident.severity, means) {
        (None, _) => lines.fact("severity", vec![text("not assessed", Role::Missing)]),
        (Some(severity), Some(means)) => {
            let item = format!("{severity}: {}", means.means);
            lines.fact("severity", vec![text(item, Role::Text)]);
        }
        (Some(_), None) => {}
    }
    lines.fact("reportable", reportable(look));
    let role = match incident.responsibility {
        Responsibility::Unknown => Role::Missing,
        _ => Role::Text,
    };
    let whose = match incident.responsibility {
        Responsibility::Unknown => "not assessed",
        other => other.as_str(),
    };
    lines.fact("responsibility", vec![text(whose, role)]);
    if let Some(ended) = incident.ended {
        let at = incident.closed_at.map(|at| look.instant(at, Form::Weekday));
        let item = format!("{ended} {}", at.unwrap_or_default());
        lines.fact("ended", vec![text(item, Role::Text)]);
    }
    if let Some(at) = incident.starts_at {
        lines.fact(
            "starts",
            vec![text(look.instant(at, Form::Weekday), Role::Text)],
        );
    }
}

fn reportable(look: Look<'_>) -> Vec<Line> {
    let incident = look.incident;
    let mut items = match incident.reportable {
        Reportable::Unknown => {
            let from = look.mono(known_since(incident));
            return vec![vec![
                Part::text("UNANSWERED ", Role::Missing),
                Part::Live(LiveText::Age { from }, Role::Missing),
            ]];
        }
        Reportable::No => vec![text("no", Role::Text)],
        Reportable::Declared => vec![text("declared", Role::Title)],
    };
    if let Some(by) = &incident.reportable_by {
        let at = look.instant(by.at, Form::Weekday);
        items.push(vec![
            look.who(&by.by),
            Part::text(format!(", {at}"), Role::Text),
        ]);
        if let Some(reason) = by.reason.as_ref().filter(|_| !look.shared.options.mask) {
            items.push(text(reason.clone(), Role::Text));
        }
    }
    items
}

fn seats(look: Look<'_>, lines: &mut Lines) {
    let incident = look.incident;
    let service = look.shared.source(look.source).and_then(|source| {
        let services = &source.about.as_ref()?.services;
        services
            .iter()
            .find(|service| service.id == incident.service)
    });
    let service = service.map_or(incident.service.as_str(), |service| service.name.as_str());
    lines.fact("service", vec![text(service, Role::Text)]);
    let team = |id: &str| text(look.shared.team(look.source, id), Role::Text);
    let vacant = ("VACANT", Role::Vacant);
    let lead = |name, seat| {
        let mut item = text("lead ", Role::Dim);
        item.extend(look.field(name, incident.seat(seat), vacant));
        item
    };
    lines.fact(
        "owner",
        vec![team(&incident.owner), lead("owner_lead", Seat::OwnerLead)],
    );
    if let Some(id) = &incident.service_team {
        lines.fact(
            "service team",
            vec![team(id), lead("service_lead", Seat::ServiceLead)],
        );
    }
    let quiet = ("vacant", Role::Dim);
    for (name, seat, empty) in [
        ("commander", Seat::Commander, vacant),
        ("deputy", Seat::Deputy, quiet),
        ("scribe", Seat::Scribe, quiet),
    ] {
        lines.fact(name, vec![look.field(name, incident.seat(seat), empty)]);
    }
    for offer in &incident.hand_overs {
        let at = look.instant(offer.at, Form::Short);
        let seat = spaced(offer.role.as_str());
        let item = vec![
            Part::text(format!("{seat} offered to "), Role::Notice),
            look.who(&offer.to),
            Part::text(" by ", Role::Text),
            look.who(&offer.by),
            Part::text(format!(", {at}, not taken yet"), Role::Text),
        ];
        lines.fact("hand-over", vec![item]);
    }
}

fn ways(look: Look<'_>, lines: &mut Lines) {
    let incident = look.incident;
    let none = ("none", Role::Dim);
    let suspect = incident.comms == Comms::Suspect;
    for (label, name, value) in [
        ("bridge", "bridge", &incident.bridge),
        ("channel", "channel", &incident.channel),
    ] {
        let mut items = vec![look.field(name, value.as_deref(), none)];
        if suspect && value.is_some() {
            items.push(text("SUSPECT", Role::Alarm));
        }
        lines.fact(label, items);
    }
    let empty = match suspect {
        true => ("NONE SET", Role::Missing),
        false => none,
    };
    lines.fact(
        "out of band",
        vec![look.field("out_of_band", incident.out_of_band.as_deref(), empty)],
    );
}

fn scope(look: Look<'_>, lines: &mut Lines) {
    let incident = look.incident;
    if look.hides("profile") {
        lines.fact("affected", vec![vec![look.masked()]]);
    } else {
        lines.fact("affected", affected(incident));
    }
    let regimes = match incident.regimes.is_empty() {
        true => vec![text("none set", Role::Dim)],
        false => incident
            .regimes
            .iter()
            .map(|id| match words::regime(look.shared, incident, id) {
                Some(id) => text(id, Role::Text),
                None => vec![look.masked()],
            })
            .collect(),
    };
    lines.fact("regimes", regimes);
    if let Some(from) = &incident.upstream {
        let mut items = vec![text(format!("{} {}", from.connector, from.key), Role::Text)];
        items.extend(there(from));
        items.extend(from.url.as_ref().map(|url| text(url.clone(), Role::Dim)));
        let items = if look.shared.options.mask {
            vec![vec![look.masked()]]
        } else {
            items
        };
        lines.fact("upstream", items);
    } else if incident.is_masked("upstream") {
        lines.fact("upstream", vec![vec![look.masked()]]);
    }
}

/// How it stands in the system it came from, in that system's word, and what it says otherwise than we do.
fn there(from: &Upstream) -> Vec<Line> {
    let mut items = Vec::new();
    let status = from.rest.get("raw_status").and_then(|value| value.as_str());
    if let Some(status) = status {
        items.push(text(format!("there: {status}"), Role::Text));
    }
    if let Some(said) = alert::said(from) {
        items.push(text(said, Role::Text));
    }
    let waiting = alert::waiting(from);
    if !waiting.is_empty() {
        items.push(text(format!("WAIT: {}", waiting.join(", ")), Role::Alarm));
    }
    match standing(from) {
        Some("open") | None => {}
        Some(standing) => items.push(text(format!("NOT OPEN THERE: {standing}"), Role::Alarm)),
    }
    for (field, here, there) in conflicts(from) {
        let line = format!("CONFLICT {field}: here {here}, there {there}");
        items.push(text(line, Role::Alarm));
    }
    for lost in NotesThere::of(from).lost {
        let line = format!("NOTE {} NOT KNOWN TO BE THERE: {}", lost.entry, lost.why);
        items.push(text(line, Role::Alarm));
    }
    items
}

/// Who is affected, as far as it was counted.
fn affected(incident: &IncidentView) -> Vec<Line> {
    let counts = incident
        .profile
        .get("affected")
        .and_then(|value| value.as_object());
    let items: Vec<Line> = counts
        .into_iter()
        .flatten()
        .map(|(what, count)| text(format!("{} {}", spaced(what), counted(count)), Role::Text))
        .collect();
    match items.is_empty() {
        true => vec![text("not counted", Role::Dim)],
        false => items,
    }
}

/// A count in words: `1,200`, `at least 480`, `unknown`. It may be written as a number, as words or as a table.
fn counted(count: &serde_json::Value) -> String {
    use serde_json::Value;
    let number = |value: &Value| match (value.as_u64(), value.as_f64()) {
        (Some(n), _) => Some(super::duty::grouped(n)),
        (None, Some(n)) => Some(n.to_string()),
        (None, None) => None,
    };
    let said = |word: &str| spaced(word).replace('-', " ");
    match count {
        Value::Number(_) => number(count).unwrap_or_default(),
        Value::String(words) => said(words),
        Value::Object(table) => {
            let known = table.get("known").and_then(Value::as_str);
            let named = table
                .iter()
                .find_map(|(key, value)| Some((key, number(value)?)));
            match (known, named) {
                (Some("exact"), Some((_, n))) => n,
                (Some("unknown"), _) | (_, None) => "unknown".to_owned(),
                (Some(known), Some((_, n))) => format!("{} {n}", said(known)),
                (None, Some((key, n))) if key == "count" || key == "exact" => n,
                (None, Some((key, n))) => format!("{} {n}", said(key)),
            }
        }
        _ => "unknown".to_owned(),
    }
}

fn learned(look: Look<'_>, lines: &mut Lines) {
    let said = |words: &Option<String>| match words {
        Some(words) if !look.shared.options.mask => Part::text(words.clone(), Role::Text),
        _ => look.masked(),
    };
    let now = look.now();
    for lesson in &look.incident.lessons {
        let mut items = vec![vec![said(&lesson.text)]];
        match (&lesson.owner, lesson.done_at) {
            (_, Some(at)) => {
                items.push(text(
                    format!("done {}", look.instant(at, Form::Short)),
                    Role::Dim,
                ));
            }
            (Some(owner), None) => items.push(vec![look.who(owner)]),
            (None, None) if look.incident.is_masked("lessons") => items.push(vec![look.masked()]),
            (None, None) => items.push(text("NO OWNER", Role::Missing)),
        }
        if let Some(due) = lesson.due.filter(|_| lesson.done_at.is_none()) {
            let at = look.instant(due, Form::Short);
            match due < now {
                true => items.push(text(format!("late, was due {at}"), Role::Missing)),
                false => {
                    lines.hold(Some(look.mono(due) + 1));
                    items.push(text(format!("due {at}"), Role::Text));
                }
            }
        }
        lines.fact("lesson", items);
    }
    if let Some(review) = &look.incident.review {
        let at = look.instant(review.held_at, Form::Weekday);
        let held = vec![
            Part::text(format!("held {at}, "), Role::Text),
            look.who(&review.by),
        ];
        lines.fact("review", vec![held, vec![said(&review.text)]]);
    }
}

fn summary(look: Look<'_>, lines: &mut Lines) {
    if let Some(words) = look
        .incident
        .summary
        .as_ref()
        .filter(|_| !look.hides("summary"))
    {
        lines.fact("summary", vec![text(words.clone(), Role::Text)]);
    } else if look.hides("summary") {
        lines.fact("summary", vec![vec![look.masked()]]);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::counted;

    #[test]
    fn a_count_is_told_in_words_however_it_is_written() {
        for (written, told) in [
            (json!(1200), "1,200"),
            (json!({"count": 480, "known": "at_least"}), "at least 480"),
            (json!({"count": 480, "known": "exact"}), "480"),
            (json!({"at_least": 480}), "at least 480"),
            (json!({"known": "unknown"}), "unknown"),
            (json!("at_least 480"), "at least 480"),
            (json!("unknown"), "unknown"),
        ] {
            assert_eq!(counted(&written), told, "{written}");
        }
    }
}
