//! An admin who is on no list sees a restricted incident for an hour. There is nothing on the board to stand on, so the id is
//! typed; whether there is such an incident is for its backend to say, and an id of nothing is refused as one that is not theirs.

use ratatui::layout::Rect;

use super::dialog::{Opened, reason};
use super::form::{Clock, Field, Form, Item, Row, Step, draw as form_draw, fact, row};
use super::frame::{self, Framed};
use super::{Layer, LayerInput, LayerOutcome};
use crate::ui::canvas::{Canvas, Part};
use crate::ui::keymap::Action;
use crate::ui::message::{Effect, Reply};
use crate::ui::phrase::Zone;
use crate::ui::shared::{Shared, Target};
use crate::ui::theme::Role;

/// Longest id as it is typed, in characters.
const ID: usize = 40;
const REASONS: &[&str] = &[
    "nobody on the list answers",
    "it bears on another incident",
    "asked for by counsel",
];
/// What follows, before the last key.
const FOLLOWS: &[&str] = &[
    "Recorded for good: that you broke the glass, when, and this reason.",
    "Paged at once: its owner, and the teams of the people on its list.",
    "You see it for one hour. Then it leaves this board by itself.",
];

/// Where it stands.
#[derive(Debug)]
enum Stage {
    Filling,
    /// What follows is shown; the number of the id is typed.
    Review {
        target: Target,
        number: Form,
    },
    Sent {
        target: Target,
        ticket: u64,
    },
    /// No answer came; the same may be sent again.
    Unheard {
        target: Target,
        ticket: u64,
    },
}

#[derive(Debug)]
struct BreakGlass {
    form: Form,
    stage: Stage,
    said: Vec<Row>,
    restored: bool,
    scroll: usize,
    free: bool,
}

/// Its drafts stand under no incident.
fn nowhere() -> Target {
    Target {
        source: usize::MAX,
        id: String::new(),
    }
}

/// Opens the dialog.
pub(super) fn open(shared: &mut Shared) -> Opened {
    if sources(shared).is_empty() {
        return Err(shared.why_no_glass());
    }
    let fields = vec![
        Field::text("id", "incident", ID)
            .required()
            .hint("its id, as AZ-142"),
        Field::choice("at", "at", Vec::new()).hidden(),
        reason("reason", REASONS).required(),
    ];
    let mut glass = BreakGlass {
        form: Form::new(fields),
        stage: Stage::Filling,
        said: Vec::new(),
        restored: false,
        scroll: 0,
        free: false,
    };
    let clock = clock(shared);
    if let Some(draft) = shared.drafts.get(&nowhere(), Action::BreakGlass) {
        glass.restored = glass.form.restore(draft, clock);
    }
    glass.settle(shared);
    Ok((Box::new(glass), Vec::new()))
}

/// Every source whose backend would let this viewer.
fn sources(shared: &Shared) -> Vec<usize> {
    let all = 0..shared.board.sources.len();
    all.filter(|source| shared.may_break_glass(*source))
        .collect()
}

fn clock(shared: &Shared) -> Clock {
    Clock {
        now: shared.wall,
        zone: Zone::UTC,
    }
}

/// Whether a text has the form of an incident's id.
fn is_id(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(prefix, number)| {
        let figures = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        let letters = prefix.bytes().all(|b| b.is_ascii_alphanumeric());
        !prefix.is_empty() && letters && figures
    })
}

impl BreakGlass {
    /// The id as ids are written.
    fn id(&self) -> String {
        self.form.text("id").trim().to_ascii_uppercase()
    }

    /// Those of the sources that have ids like this one; all of them where none is known to.
    fn candidates(&self, shared: &Shared) -> Vec<usize> {
        let id = self.id();
        let prefix = id.rsplit_once('-').map_or("", |(prefix, _)| prefix);
        let all = sources(shared);
        let has = |source: &usize| {
            let about = shared.source(*source).and_then(|of| of.about.as_ref());
            about.is_some_and(|about| about.services.iter().any(|of| of.prefix == prefix))
        };
        let known: Vec<usize> = all.iter().copied().filter(has).collect();
        if known.is_empty() { all } else { known }
    }

    fn source(&self, shared: &Shared) -> Option<usize> {
        let chosen = self.form.choice("at").and_then(|at| at.parse().ok());
        chosen.or_else(|| self.candidates(shared).first().copied())
    }

    fn settle(&mut self, shared: &Shared) {
        let candidates = self.candidates(shared);
        let items = candidates.iter().map(|source| {
            let name = shared.source_name(*source).to_owned();
            Item::new(source.to_string(), name)
        });
        self.form.set_items("at", items.collect());
        self.form
            .show("at", candidates.len() > 1 && is_id(&self.id()));
        let framed = self.framed(shared, shared.size);
        let seen = frame::body_height(shared.size.1);
        let all = framed.body.len();
        self.scroll = frame::first_row(all, seen, self.scroll, &framed.focus, self.free);
    }

    /// `Enter` on the last field: shows what follows.
    fn review(&mut self, shared: &Shared) -> LayerOutcome {
        let id = self.id();
        if !is_id(&id) {
            let sentence = "That is no id; one is written as AZ-142.";
            self.form.fault("id", sentence);
            return LayerOutcome::nothing();
        }
        let Some(source) = self.source(shared) else {
            self.said = vec![row(shared.why_no_glass(), Role::Error)];
            return LayerOutcome::nothing();
        };
        self.scroll = 0;
        self.stage = Stage::Review {
            number: Form::new(vec![Field::number(&id)]),
            target: Target { source, id },
        };
        LayerOutcome::step()
    }

    fn send(&mut self, target: Target, shared: &mut Shared) -> LayerOutcome {
        let name = shared.source_name(target.source).to_owned();
        if !shared.is_live(target.source) {
            let told = format!(
                "Nothing was sent: {name} is {}. It is asked now; confirm again when it answers.",
                shared.freshness(target.source).word()
            );
            self.said = vec![row(told, Role::Error)];
            return LayerOutcome {
                effects: vec![Effect::AskNow],
                ..LayerOutcome::step()
            };
        }
        if shared.is_busy() {
            let told = "Too much waits for answers already; nothing was sent. Try again when some have come.";
            self.said = vec![row(told, Role::Error)];
            return LayerOutcome::nothing();
        }
        let reason = self.form.text("reason").trim().to_owned();
        let effect = shared.send_glass(&target, reason);
        self.sent(target, effect)
    }

    fn sent(&mut self, target: Target, effect: Effect) -> LayerOutcome {
        if let Effect::BreakGlass { ticket, .. } = &effect {
            let ticket = *ticket;
            self.stage = Stage::Sent { target, ticket };
        }
        self.said.clear();
        LayerOutcome {
            effects: vec![effect],
            ..LayerOutcome::step()
        }
    }

    fn again(&mut self, shared: &mut Shared) -> LayerOutcome {
        let Stage::Unheard { target, ticket } = &self.stage else {
            return LayerOutcome::nothing();
        };
        let target = target.clone();
        match shared.send_again(*ticket) {
            Some(effect) => self.sent(target, effect),
            None => {
                self.stage = Stage::Filling;
                let told = "It can no longer be sent as the same; look whether it was done, then confirm anew.";
                self.said = vec![row(told, Role::Error)];
                LayerOutcome::nothing()
            }
        }
    }

    fn replied(&mut self, reply: Reply, shared: &mut Shared) -> LayerOutcome {
        let Stage::Sent { target, ticket } = &self.stage else {
            return LayerOutcome::nothing();
        };
        let (target, ticket) = (target.clone(), *ticket);
        self.stage = Stage::Filling;
        let told = match reply {
            Reply::Done { .. } => {
                shared.drafts.forget(&nowhere(), Action::BreakGlass);
                shared.opened = Some(target);
                return LayerOutcome::close();
            }
            Reply::Refused { sentence, .. } => format!("Refused: {sentence}"),
            Reply::Conflict { sentence, .. } => format!("Nothing was done. {sentence}"),
            Reply::NotAllowed { sentence } => {
                let sentence = sentence.trim_end_matches('.');
                format!("{}: nothing was done, {sentence}.", target.id)
            }
            Reply::Unreachable { sentence } => {
                self.stage = Stage::Unheard { target, ticket };
                format!("No answer: {sentence} Whether it was done is not known.")
            }
        };
        self.said = vec![row(told, Role::Error)];
        LayerOutcome::step()
    }

    /// Back one step; from the fields, out. What was typed is kept.
    fn leave(&mut self, shared: &mut Shared) -> LayerOutcome {
        self.said.clear();
        if let Stage::Review { .. } = self.stage {
            self.stage = Stage::Filling;
            return LayerOutcome::nothing();
        }
        let ticket = match self.stage {
            Stage::Sent { ticket, .. } => Some(ticket),
            _ => None,
        };
        let draft = self.form.draft();
        shared
            .drafts
            .keep(&nowhere(), Action::BreakGlass, draft, ticket);
        LayerOutcome::close()
    }

    fn step(&mut self, input: &LayerInput, shared: &mut Shared) -> LayerOutcome {
        let clock = clock(shared);
        match &mut self.stage {
            Stage::Filling => {
                self.said.clear();
                match self.form.input(input, clock) {
                    Step::Stay => LayerOutcome::nothing(),
                    Step::ToLast => LayerOutcome::step(),
                    Step::Confirm => self.review(shared),
                }
            }
            Stage::Review { target, number } => match number.input(input, clock) {
                Step::Confirm => {
                    let target = target.clone();
                    self.send(target, shared)
                }
                _ => LayerOutcome::nothing(),
            },
            Stage::Unheard { .. } if matches!(input, LayerInput::Action(Action::Confirm)) => {
                self.again(shared)
            }
            Stage::Sent { .. } | Stage::Unheard { .. } => LayerOutcome::nothing(),
        }
    }

    fn framed(&self, shared: &Shared, window: (u16, u16)) -> Framed {
        let cells = frame::inner_width(window.0);
        let room = (cells, frame::body_height(window.1));
        let folded = |rows: Vec<Row>| -> Vec<Row> {
            let rows = rows.into_iter();
            rows.flat_map(|row| form_draw::folded(row, cells)).collect()
        };
        let mut body = folded(self.said.clone());
        let said = body.len();
        let (form, above, title) = match &self.stage {
            Stage::Review { target, number } => (
                number,
                self.follows(target, shared),
                format!("{} · break the glass?", target.id),
            ),
            _ => (
                &self.form,
                vec![row(
                    "For an incident that is restricted to others and cannot wait for them.",
                    Role::Text,
                )],
                Action::BreakGlass.long().to_owned(),
            ),
        };
        if said > 0 {
            body.push(Row::new());
        }
        body.extend(folded(above));
        body.push(Row::new());
        let (fields, focused) = form_draw::rows(form, room, shared.glyphs);
        // What follows is read from its beginning; the number is followed once it is typed.
        let focus = match (&self.stage, said) {
            (_, 1..) => 0..said,
            (Stage::Review { number, .. }, _) if !number.is_begun() => 0..0,
            _ => body.len() + focused.start..body.len() + focused.end,
        };
        body.extend(fields);
        if self.restored && matches!(self.stage, Stage::Filling) {
            body.push(row("the draft of before was put back", Role::Dim));
        }
        let leave = match self.stage {
            Stage::Review { .. } => "back",
            _ => "leave",
        };
        let mut keys = match self.stage {
            Stage::Filling => self.form.keys(shared),
            _ => Vec::new(),
        };
        keys.push(frame::key(shared, Action::Leave, leave));
        Framed {
            title,
            body,
            focus,
            bottom: self.bottom(shared),
            keys,
        }
    }

    /// The last look.
    fn follows(&self, target: &Target, shared: &Shared) -> Vec<Row> {
        let name = shared.source_name(target.source);
        let me = shared.caller(target.source).map(|caller| caller.name);
        let reason = self.form.text("reason").trim().to_owned();
        let mut rows = vec![
            fact(
                "incident",
                format!("{} at {name}", target.id),
                Role::Codename,
            ),
            fact("by", me.unwrap_or_default(), Role::Text),
            fact("reason", reason, Role::Text),
            Row::new(),
        ];
        rows.extend(FOLLOWS.iter().map(|line| row(*line, Role::DialogWarning)));
        rows
    }

    /// What the next key does.
    fn bottom(&self, shared: &Shared) -> Row {
        let enter = shared.keymap.label(Action::Confirm);
        let does = match &self.stage {
            Stage::Sent { target, .. } => {
                let name = shared.source_name(target.source);
                let told = format!("sent; waiting for the answer of {name} ...");
                return row(told, Role::Notice);
            }
            Stage::Review { target, number } if !number.is_right() => {
                let figures = target.id.rsplit('-').next().unwrap_or_default();
                let told = format!("type {figures}, then {enter}: break the glass");
                return row(told, Role::Text);
            }
            Stage::Review { .. } => "break the glass",
            Stage::Unheard { .. } => "send the same again; it is never done twice",
            Stage::Filling if self.form.is_last() => "show what follows; nothing is done yet",
            Stage::Filling => "on to the next field",
        };
        vec![
            Part::text(enter, Role::Key),
            Part::text(format!(" {does}"), Role::Text),
        ]
    }
}

impl Layer for BreakGlass {
    fn takes_text(&self) -> bool {
        match &self.stage {
            Stage::Filling => self.form.takes_text(),
            Stage::Review { number, .. } => number.takes_text(),
            Stage::Sent { .. } | Stage::Unheard { .. } => false,
        }
    }

    fn input(&mut self, input: LayerInput, shared: &mut Shared) -> LayerOutcome {
        let page = frame::body_height(shared.size.1).saturating_sub(1).max(1);
        let outcome = match &input {
            LayerInput::Action(Action::Leave) => return self.leave(shared),
            LayerInput::Replied { reply, .. } => self.replied(reply.clone(), shared),
            LayerInput::Action(Action::PageOn) => {
                self.scroll = self.scroll.saturating_add(page);
                self.free = true;
                LayerOutcome::nothing()
            }
            LayerInput::Action(Action::PageBack) => {
                self.scroll = self.scroll.saturating_sub(page);
                self.free = true;
                LayerOutcome::nothing()
            }
            LayerInput::Action(_) | LayerInput::Char(_) | LayerInput::Paste(_) => {
                self.free = false;
                self.step(&input, shared)
            }
            _ => LayerOutcome::nothing(),
        };
        self.settle(shared);
        outcome
    }

    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
        let framed = self.framed(shared, (area.width, area.height));
        frame::draw(shared, canvas, area, &framed, self.scroll, self.free);
    }

    fn awaits(&self, ticket: u64) -> bool {
        matches!(self.stage, Stage::Sent { ticket: sent, .. } if sent == ticket)
    }
}
