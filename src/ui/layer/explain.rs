//! Why a duty is due when it is: the backend's own arithmetic, and what the board itself knows of the duty while that is
//! read or where it cannot be had. It changes nothing.

#[cfg(test)]
mod tests;
mod told;

use ratatui::layout::Rect;

use super::dialog::Opened;
use super::form::{Row, row};
use super::frame::{self, Framed};
use super::{Layer, LayerInput, LayerOutcome};
use crate::domain::duty::status_at;
use crate::domain::say::spaced;
use crate::domain::view::{DutyView, TriggerView};
use crate::domain::word::DutyStatus;
use crate::ui::canvas::{Canvas, Part};
use crate::ui::index::known_since;
use crate::ui::input::Key;
use crate::ui::keymap::{Action, Meaning};
use crate::ui::live::LiveText;
use crate::ui::message::Effect;
use crate::ui::phrase::{Form, Zone, instant, since};
use crate::ui::screen::incident::{Line, Lines, Look, grouped};
use crate::ui::screen::words;
use crate::ui::shared::{Shared, Target};
use crate::ui::theme::Role;
use told::Told;

/// The arithmetic of one duty, or of the question whether anything is owed.
#[derive(Debug)]
pub struct Explain {
    target: Target,
    /// The duty's id; `None`: the question "reportable?".
    duty: Option<String>,
    told: Told,
    first: usize,
}

/// Opens it on the selected duty; on the question "reportable?" where no duty is selected.
pub fn open(shared: &mut Shared) -> Opened {
    let target = shared.selected.clone();
    let target = target.ok_or_else(|| "No duty is selected.".to_owned())?;
    let mut explain = Explain {
        target,
        duty: shared.selected_duty.clone(),
        told: Told::default(),
        first: 0,
    };
    let asked = explain.ask(shared);
    Ok((Box::new(explain), asked))
}

impl Explain {
    /// Asks the backend, where there is something to ask that was not asked yet.
    fn ask(&mut self, shared: &Shared) -> Vec<Effect> {
        let duty = self.duty.as_deref();
        let asked = duty.and_then(|duty| self.told.ask(shared, &self.target, duty));
        asked.into_iter().collect()
    }

    fn lines(&self, shared: &Shared, width: u16) -> Lines {
        let mut lines = Lines::new(shared, width);
        let Some(incident) = shared.incident(&self.target) else {
            lines.words("The incident is no longer on the board.", Role::Notice);
            return lines;
        };
        let look = Look {
            shared,
            source: self.target.source,
            incident,
        };
        let found = |id: &String| incident.duties.iter().find(|duty| duty.id == *id);
        match &self.duty {
            None => question(look, &mut lines),
            Some(id) => match found(id) {
                Some(duty) => arithmetic(look, duty, &self.told, &mut lines),
                None => lines.words("The incident has no such duty any more.", Role::Notice),
            },
        }
        lines
    }

    fn most(&self, shared: &Shared) -> usize {
        let all = self
            .lines(shared, frame::inner_width(shared.size.0))
            .lines
            .len();
        all.saturating_sub(frame::body_height(shared.size.1))
    }
}

impl Layer for Explain {
    fn takes_text(&self) -> bool {
        false
    }

    fn input(&mut self, input: LayerInput, shared: &mut Shared) -> LayerOutcome {
        let page = frame::body_height(shared.size.1).saturating_sub(1).max(1);
        let action = match input {
            LayerInput::Action(action) => action,
            LayerInput::Char(c) => match shared.keymap.meaning(&[Key::char(c)], false) {
                Meaning::Action(action) => action,
                _ => return LayerOutcome::nothing(),
            },
            LayerInput::Board => {
                self.first = self.first.min(self.most(shared));
                return LayerOutcome {
                    effects: self.ask(shared),
                    ..LayerOutcome::nothing()
                };
            }
            LayerInput::Explained {
                target,
                duty,
                version,
                body,
            } if target == self.target && Some(&duty) == self.duty.as_ref() => {
                self.told.take(version, body);
                self.first = self.first.min(self.most(shared));
                return LayerOutcome::nothing();
            }
            _ => return LayerOutcome::nothing(),
        };
        self.first = match action {
            Action::Leave | Action::Back => return LayerOutcome::close(),
            Action::ChooseDown | Action::Down => self.first.saturating_add(1),
            Action::ChooseUp | Action::Up => self.first.saturating_sub(1),
            Action::PageOn => self.first.saturating_add(page),
            Action::PageBack => self.first.saturating_sub(page),
            Action::ToStart => 0,
            Action::ToEnd | Action::Last => usize::MAX,
            _ => self.first,
        }
        .min(self.most(shared));
        LayerOutcome::nothing()
    }

    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
        let lines = self.lines(shared, frame::inner_width(area.width));
        canvas.redraw_at(lines.holds);
        let key = |action| shared.keymap.label(action);
        let framed = Framed {
            title: title(shared, &self.target, "why"),
            body: lines.lines,
            focus: 0..0,
            bottom: row(
                format!(
                    "{} {} scroll",
                    key(Action::ChooseUp),
                    key(Action::ChooseDown)
                ),
                Role::KeyText,
            ),
            keys: vec![frame::key(shared, Action::Leave, "leave")],
        };
        frame::draw(shared, canvas, area, &framed, self.first, true);
    }
}

/// `AZ-142 COPPER HERON, why`.
pub fn title(shared: &Shared, target: &Target, what: &str) -> String {
    let codename = shared
        .incident(target)
        .map(|of| format!(" {}", of.codename));
    format!("{}{}: {what}", target.id, codename.unwrap_or_default())
}

fn text(words: impl Into<String>) -> Line {
    vec![Part::text(words.into(), Role::Text)]
}

fn dim(words: impl Into<String>) -> Line {
    vec![Part::text(words.into(), Role::Dim)]
}

/// Nobody has said yet whether customers must be told: since when, and what waits for it.
fn question(look: Look<'_>, lines: &mut Lines) {
    let incident = look.incident;
    let from = known_since(incident);
    lines.words(
        "Nobody has answered whether this is a customer-reportable breach.",
        Role::Missing,
    );
    let mut known = text(format!("{}, ", look.instant(from, Form::Full)));
    known.push(Part::Live(
        LiveText::Age {
            from: look.mono(from),
        },
        Role::Missing,
    ));
    known.push(Part::text(" ago", Role::Text));
    lines.fact("known since", vec![known]);
    let waits = incident.duties.iter().filter(|duty| {
        duty.enabled
            && duty.status == DutyStatus::Waiting
            && duty.trigger.as_deref() == Some("declared_at")
    });
    for duty in waits {
        let items = match words::masked_name(look.shared, look.incident, duty) {
            Some(name) => vec![text(name)],
            None => {
                let rule = format!("{}, {}", duty.to, duty.rule);
                vec![text(rule), dim(duty.citation.clone())]
            }
        };
        lines.fact("waits for it", items);
    }
    let key = |action| look.shared.keymap.label(action);
    let answers = format!(
        "{} declares it: clocks that run from the declaration start. {} answers no, with a name and a reason.",
        key(Action::Declare),
        key(Action::Verdict)
    );
    lines.words(&answers, Role::Dim);
}

fn arithmetic(look: Look<'_>, duty: &DutyView, told: &Told, lines: &mut Lines) {
    if let Some(name) = words::masked_name(look.shared, look.incident, duty) {
        lines.words(&name, Role::Text);
        return;
    }
    told.state(look, lines);
    let now = look.now();
    let status = status_at(duty, now);
    let (clock, holds) = words::duty_clock(look.shared, look.source, look.incident, duty);
    lines.hold(holds);
    let mut state = clock.parts();
    if let words::DutyClock::Counts { .. } = clock {
        let word = status.as_str().replace('_', " ");
        state.insert(0, Part::text(format!("{word} "), Role::Text));
    }
    lines.fact("duty", vec![text(format!("{}, {}", duty.to, duty.rule))]);
    lines.fact("stands", vec![state]);
    if let Some(body) = told.body() {
        told::counted(body, lines);
        started(look, duty, lines);
        decided(look, duty, lines);
        told::rests_on(body, duty, lines);
        return;
    }
    triggered(look, duty, lines);
    counted(look, duty, lines);
    started(look, duty, lines);
    decided(look, duty, lines);
    lines.fact("text", vec![text(duty.citation.clone())]);
    lines.fact(
        "confidence",
        vec![
            told::confidence(&duty.confidence),
            dim(format!("verified {}", duty.verified)),
        ],
    );
    let subject = match duty.subject.as_str() {
        "all" => Vec::new(),
        subject => vec![text(format!("subject {subject}"))],
    };
    let mut parts = vec![
        text(format!("regime {}", duty.regime)),
        text(format!("stage {}", duty.stage)),
    ];
    parts.extend(subject);
    if !duty.enabled {
        parts.push(text("switched off at this backend"));
    }
    lines.fact("catalogue", parts);
}

fn triggered(look: Look<'_>, duty: &DutyView, lines: &mut Lines) {
    let Some(name) = &duty.trigger else {
        lines.fact("trigger", vec![dim("none")]);
        return;
    };
    let Some(trigger) = look.incident.triggers.get(name) else {
        let item = vec![Part::text(
            format!("{}, not recorded", spaced(name)),
            Role::Missing,
        )];
        lines.fact("trigger", vec![item]);
        return;
    };
    lines.fact(
        "trigger",
        vec![text(spaced(name)), text(written(look, trigger))],
    );
    let mut said = vec![dim(trigger.precision.as_str()), vec![look.who(&trigger.by)]];
    let entered = look.instant(trigger.entered_at, Form::Weekday);
    said.push(dim(format!("entered {entered}")));
    if let Some(source) = trigger
        .source
        .as_ref()
        .filter(|_| !look.shared.options.mask)
    {
        said.push(dim(source.clone()));
    }
    said.push(match trigger.moved {
        0 => dim("not moved"),
        1 => dim("moved earlier once"),
        more => dim(format!("moved earlier {more} times")),
    });
    lines.fact("said by", said);
    if let Some(proposed) = &trigger.proposed {
        let later = (proposed.at.at - trigger.at.at).num_milliseconds();
        let item = vec![
            Part::text(format!("+{} by ", since(later).text), Role::Notice),
            look.who(&proposed.by),
            Part::text(", counts once a second person confirms", Role::Text),
        ];
        lines.fact("proposed", vec![item]);
    }
}

fn written(look: Look<'_>, trigger: &TriggerView) -> String {
    match trigger.at.starts_a_clock() {
        true => look.instant(trigger.at.at, Form::Full),
        false => format!("{}, too coarse to start a clock", trigger.at),
    }
}

/// From the instant it counts from to the instant it is due; each in UTC and in the entity's zone.
fn counted(look: Look<'_>, duty: &DutyView, lines: &mut Lines) {
    if let Some(from) = duty.counted_from {
        lines.fact("counted from", zones(look, from));
        if let Some(due) = duty.due_at.filter(|due| *due > from) {
            let ms = (due - from).num_milliseconds();
            lines.fact(
                "counts",
                vec![text(format!("+ {} elapsed", since(ms).text))],
            );
        }
    } else if let Some(because) = duty
        .because
        .as_ref()
        .filter(|_| !duty.status.is_finished() && !look.shared.options.mask)
    {
        lines.fact(
            "missing",
            vec![vec![Part::text(because.clone(), Role::Missing)]],
        );
    }
    let label = match duty.status {
        DutyStatus::Embargo => "not before",
        _ => "act by",
    };
    match duty.due_at {
        Some(due) => lines.fact(label, zones(look, due)),
        None => lines.fact(label, vec![dim("no number in the text, or no clock yet")]),
    }
    match duty.limit_at {
        Some(limit) => lines.fact("outer reading", zones(look, limit)),
        None => lines.fact("outer reading", vec![dim("none")]),
    }
}

fn zones(look: Look<'_>, at: crate::domain::instant::Instant) -> Vec<Line> {
    let named = look
        .incident
        .profile
        .get("zone")
        .and_then(|name| name.as_str());
    let own = named.and_then(|name| Zone::named(name).ok());
    let utc = instant(at, look.now(), Zone::UTC, Form::Full).text;
    let mut items = vec![text(utc)];
    if let Some(zone) = own.filter(|zone| *zone != Zone::UTC) {
        items.push(dim(instant(at, look.now(), zone, Form::Full).text));
    }
    items
}

fn started(look: Look<'_>, duty: &DutyView, lines: &mut Lines) {
    let needs = match &duty.prepare_for {
        Some(span) => text(format!("drafting and approval take {span}")),
        None => dim("how long drafting and approval take is not set"),
    };
    let Some(start) = duty.latest_start_at else {
        lines.fact("start by", vec![dim("start not set"), needs]);
        return;
    };
    let to = look.mono(start);
    let at = look.instant(start, Form::Weekday);
    let left = match to < look.shared.now || duty.status.is_finished() {
        true if duty.status.is_finished() => text(at),
        true => {
            let mut item = vec![Part::text(format!("{at}, PASSED "), Role::StartPassed)];
            item.extend(look.ago(start, Role::StartPassed));
            item
        }
        false => {
            lines.hold(Some(to + 1));
            vec![
                Part::text(format!("{at}, "), Role::Text),
                Part::Live(LiveText::Until { to }, Role::DueSoon),
            ]
        }
    };
    lines.fact("start by", vec![left, needs]);
}

fn decided(look: Look<'_>, duty: &DutyView, lines: &mut Lines) {
    let (who, role) = words::decider(look.shared, look.source, look.incident, duty);
    let who = match (look.shared.options.mask, role) {
        (true, Role::Text) => look.masked(),
        _ => Part::text(who, role),
    };
    let mut items = vec![vec![who]];
    if let (Some(team), Some(_)) = (&duty.decider.team, &duty.decider.person) {
        items.push(dim(look.shared.team(look.source, team)));
    }
    lines.fact("decides", items);
    let hidden = look.hides("hold");
    if let Some(hold) = &duty.hold {
        let until = hold.until.map_or_else(
            || "no end set".to_owned(),
            |until| format!("to {}", look.instant(until, Form::Full)),
        );
        let from = look.instant(hold.from, Form::Full);
        let mut items = vec![text(format!("from {from}")), text(until)];
        if !hidden {
            items.push(text(hold.kind.replace('_', " ")));
            items.push(text(hold.authority.clone()));
            items.extend(hold.document.as_ref().map(dim));
        }
        items.push(vec![look.who(&hold.by)]);
        lines.fact("held", items);
    }
    if let Some(at) = duty.submitted_at {
        let mut items = vec![text(look.instant(at, Form::Full))];
        items.extend(duty.outcome.as_ref().map(|outcome| text(spaced(outcome))));
        lines.fact("sent", items);
    }
    if let Some((at, reached)) = duty.met_at.zip(duty.reached_words()) {
        let items = vec![text(reached), text(look.instant(at, Form::Full))];
        lines.fact("met", items);
    }
    if let Some(told) = duty.told {
        let told = format!("{} of {}", grouped(told.done), grouped(told.of));
        lines.fact("told", vec![text(told)]);
    }
    let because = duty.because.as_ref();
    if let Some(because) = because.filter(|_| duty.status.is_finished() && !hidden) {
        lines.fact("because", vec![text(because.clone())]);
    }
}

/// What a layer that only shows says where nothing is to be shown.
pub fn nothing(sentence: &str) -> Row {
    row(sentence.to_owned(), Role::Dim)
}
