//! `+`: puts a possible incident on record. It is bound to a backend, not to an incident; nothing is opened at one that
//! does not answer. What may still be unknown may be left so.

use ratatui::layout::Rect;

mod field;

use super::dialog::Opened;
use super::form::{Clock, Form, Row, Step, draw as form_draw, fact, row};
use super::frame::{self, Framed};
use super::pick;
use super::{Layer, LayerInput, LayerOutcome, regime, restrict};
use crate::domain::board::ServiceView;
use crate::domain::command::open::Open;
use crate::ui::canvas::{Canvas, Part};
use crate::ui::keymap::Action;
use crate::ui::message::{Effect, Reply};
use crate::ui::phrase::{Zone, ZoneChoice};
use crate::ui::shared::{Shared, Target};
use crate::ui::theme::Role;

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Filling,
    Sent(u64),
    /// No answer came; the same may be sent again.
    Unheard(u64),
}

#[derive(Debug)]
struct Opening {
    form: Form,
    stage: Stage,
    /// The source whose catalogue was asked for last.
    read: Option<usize>,
    said: Vec<Row>,
    restored: bool,
    scroll: usize,
    free: bool,
}

/// The drafts of openings stand under no incident.
fn nowhere() -> Target {
    Target {
        source: usize::MAX,
        id: String::new(),
    }
}

/// Opens the dialog.
pub(super) fn open(shared: &mut Shared) -> Opened {
    let mut form = field::form(shared)?;
    form.focus_on("title");
    let mut opening = Opening {
        form,
        stage: Stage::Filling,
        read: None,
        said: Vec::new(),
        restored: false,
        scroll: 0,
        free: false,
    };
    let clock = opening.clock(shared);
    if let Some(draft) = shared.drafts.get(&nowhere(), Action::Open) {
        opening.restored = opening.form.restore(draft, clock);
    }
    opening.settle(shared);
    let effects = opening.reads(shared);
    Ok((Box::new(opening), effects))
}

impl Opening {
    /// The catalogue of the chosen service's backend, where it was not read yet.
    fn reads(&mut self, shared: &Shared) -> Vec<Effect> {
        let source = self.source();
        if self.read == Some(source) {
            return Vec::new();
        }
        self.read = Some(source);
        shared.catalogues.ask(source, None).into_iter().collect()
    }

    fn chosen(&self) -> Option<(usize, &str)> {
        let (source, service) = self.form.choice("service")?.split_once(' ')?;
        Some((source.parse().ok()?, service))
    }

    fn source(&self) -> usize {
        self.chosen().map_or(0, |(source, _)| source)
    }

    fn service<'a>(&self, shared: &'a Shared) -> Option<&'a ServiceView> {
        let (source, id) = self.chosen()?;
        let all = field::services(shared).into_iter();
        let mut here = all.filter(|(at, service)| *at == source && service.id == id);
        here.next().map(|(_, service)| service)
    }

    fn clock(&self, shared: &Shared) -> Clock {
        Clock {
            now: shared.time(self.source()),
            zone: match shared.zone {
                ZoneChoice::Mine => shared.options.mine,
                ZoneChoice::Utc | ZoneChoice::Entity => Zone::UTC,
            },
        }
    }

    fn settle(&mut self, shared: &Shared) {
        let source = self.source();
        self.form
            .set_items("severity", field::severities(shared, source));
        if let Some(service) = self.service(shared) {
            let items = field::regimes(shared, source, service);
            let usual = service.regimes.join("\n");
            self.form.set_items("regimes", items);
            if !self.form.is_touched("regimes") {
                self.form.set("regimes", &usual, self.clock(shared));
            }
        }
        self.form.note("regimes", regime::note(shared, source));
        let exercise = self.form.choice("exercise") == Some("yes");
        self.form.show("starts_at", exercise);
        // What was typed is never left out unseen: who may not restrict there is told so.
        let may = shared.may_restrict(source) || self.form.is_touched("people");
        self.form.show("people", may);
        let unseen = self.restricted() && shared.options.mask;
        let note = "a board under --mask shows nothing restricted: it will not stand on this one";
        self.form.note("people", unseen.then(|| note.to_owned()));
        let framed = self.framed(shared, shared.size);
        let seen = frame::body_height(shared.size.1);
        self.scroll = frame::first_row(
            framed.body.len(),
            seen,
            self.scroll,
            &framed.focus,
            self.free,
        );
    }

    fn body(&self, shared: &Shared) -> Option<Open> {
        let word = |key| self.form.choice(key).filter(|word| !word.is_empty());
        let exercise = word("exercise") == Some("yes");
        Some(Open {
            service: self.chosen()?.1.to_owned(),
            title: self.form.text("title").trim().to_owned(),
            classification: word("classification").and_then(|w| w.parse().ok()),
            severity: word("severity").and_then(|w| w.parse().ok()),
            summary: self.form.given("summary"),
            tlp: word("tlp").and_then(|w| w.parse().ok()),
            people: self.restricted().then(|| self.people(shared)),
            exercise,
            starts_at: self.form.when("starts_at").map(|when| when.at),
            occurred_at: None,
            regimes: self.form.is_touched("regimes").then(|| {
                let ticked = self.form.ticked("regimes").into_iter();
                ticked.map(str::to_owned).collect()
            }),
            profile: None,
            triggers: Default::default(),
            upstream: None,
        })
    }

    /// Whether it is for some people only.
    fn restricted(&self) -> bool {
        self.form.given("people").is_some()
    }

    fn people(&self, shared: &Shared) -> Vec<String> {
        restrict::people(&self.form, &pick::seen(shared, self.source()))
    }

    fn send(&mut self, shared: &mut Shared) -> LayerOutcome {
        if self.restricted() && self.people(shared).is_empty() {
            let none = "There is no name in it; name who shall see it, or leave it empty.";
            self.form.fault("people", none);
            return LayerOutcome::nothing();
        }
        let Some(body) = self.body(shared) else {
            return LayerOutcome::nothing();
        };
        let source = self.source();
        if !shared.is_live(source) {
            let told = format!(
                "Nothing was opened: {} is {}. It is asked now; confirm again when it answers.",
                shared.source_name(source),
                shared.freshness(source).word()
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
        let name = shared.source_name(source);
        let what = match shared.options.mask {
            true => format!("{name}: open an incident"),
            false => format!("{name}: open '{}'", body.title),
        };
        let effect = shared.send_open(source, body, what);
        self.sent(effect)
    }

    fn sent(&mut self, effect: Effect) -> LayerOutcome {
        if let Effect::Open { ticket, .. } = &effect {
            self.stage = Stage::Sent(*ticket);
        }
        self.said.clear();
        LayerOutcome {
            effects: vec![effect],
            ..LayerOutcome::step()
        }
    }

    fn replied(&mut self, reply: Reply, shared: &mut Shared) -> LayerOutcome {
        let Stage::Sent(ticket) = self.stage else {
            return LayerOutcome::nothing();
        };
        self.stage = Stage::Filling;
        let told = match reply {
            Reply::Done { incident, .. } => {
                shared.drafts.forget(&nowhere(), Action::Open);
                shared.tell(format!("{} {} is open.", incident.id, incident.codename));
                shared.opened = Some(Target {
                    source: self.source(),
                    id: incident.id.clone(),
                });
                return LayerOutcome::close();
            }
            Reply::Refused { sentence, .. } => format!("Refused: {sentence}"),
            Reply::Conflict { sentence, .. } => format!("Nothing was opened. {sentence}"),
            Reply::NotAllowed { sentence } => format!("Not allowed: {sentence}"),
            Reply::Unreachable { sentence } => {
                self.stage = Stage::Unheard(ticket);
                format!("No answer: {sentence} Whether it was opened is not known.")
            }
        };
        self.said = vec![row(told, Role::Error)];
        LayerOutcome::step()
    }

    fn leave(&mut self, shared: &mut Shared) -> LayerOutcome {
        let ticket = match self.stage {
            Stage::Sent(ticket) => Some(ticket),
            _ => None,
        };
        let draft = self.form.draft();
        shared.drafts.keep(&nowhere(), Action::Open, draft, ticket);
        LayerOutcome::close()
    }

    fn fill(&mut self, input: &LayerInput, shared: &mut Shared) -> LayerOutcome {
        self.said.clear();
        let clock = self.clock(shared);
        match self.form.input(input, clock) {
            Step::Stay => LayerOutcome::nothing(),
            Step::ToLast => LayerOutcome::step(),
            Step::Confirm => self.send(shared),
        }
    }

    fn again(&mut self, ticket: u64, shared: &mut Shared) -> LayerOutcome {
        match shared.send_again(ticket) {
            Some(effect) => self.sent(effect),
            None => {
                self.stage = Stage::Filling;
                let told = "It can no longer be sent as the same; look whether it was opened, then confirm anew.";
                self.said = vec![row(told, Role::Error)];
                LayerOutcome::nothing()
            }
        }
    }

    fn framed(&self, shared: &Shared, window: (u16, u16)) -> Framed {
        let cells = frame::inner_width(window.0);
        let room = (cells, frame::body_height(window.1));
        let mut body = self.said.clone();
        let said = body.len();
        let source = self.source();
        if !shared.is_live(source) {
            let told = format!(
                "{} is {}: nothing is opened there until it answers",
                shared.source_name(source),
                shared.freshness(source).word()
            );
            let role = crate::ui::screen::words::freshness(shared.freshness(source));
            body.push(row(told, role));
        }
        if let Some(service) = self.service(shared) {
            let owner = shared.team(source, &service.owner);
            let with = service.service_team.as_deref();
            let with = with.map_or(String::new(), |team| {
                format!(", with {}", shared.team(source, team))
            });
            body.push(fact("owner", format!("{owner}{with}"), Role::Text));
        }
        if self.restricted() {
            let me = shared.caller(source).map(|caller| caller.name);
            let people = restrict::with(
                me.as_deref().unwrap_or_default(),
                &self.form,
                &pick::seen(shared, source),
            );
            let people = match shared.options.mask {
                true => format!("{} people", people.len()),
                false => people.join(", "),
            };
            let told = format!("{people}; for nobody else it ever exists");
            body.push(fact("sees it", told, Role::Notice));
        }
        if self.form.choice("exercise") == Some("yes") {
            body.push(row("EXERCISE: fixed when opened.", Role::Exercise));
        }
        body.push(Row::new());
        let mut body: Vec<Row> = body
            .into_iter()
            .flat_map(|row| form_draw::folded(row, cells))
            .collect();
        let (fields, focused) = form_draw::rows(&self.form, room, shared.glyphs);
        let mut focus = body.len() + focused.start..body.len() + focused.end;
        if said > 0 {
            focus = 0..said;
        }
        body.extend(fields);
        if self.restored {
            body.push(row("the draft of before was put back", Role::Dim));
        }
        let mut keys = match self.stage {
            Stage::Filling => self.form.keys(shared),
            Stage::Sent(_) | Stage::Unheard(_) => Vec::new(),
        };
        keys.push(frame::key(shared, Action::Leave, "leave"));
        Framed {
            title: "put a possible incident on record".to_owned(),
            body,
            focus,
            bottom: self.bottom(shared),
            keys,
        }
    }

    fn bottom(&self, shared: &Shared) -> Row {
        let name = shared.source_name(self.source());
        let does = match self.stage {
            Stage::Sent(_) => {
                return row(
                    format!("sent; waiting for the answer of {name} ..."),
                    Role::Notice,
                );
            }
            Stage::Unheard(_) => "send the same again; it is never done twice".to_owned(),
            Stage::Filling if self.form.is_last() && self.restricted() => {
                format!("open it at {name}, restricted")
            }
            Stage::Filling if self.form.is_last() => format!("open it at {name}"),
            Stage::Filling => "on to the next field".to_owned(),
        };
        vec![
            Part::text(shared.keymap.label(Action::Confirm), Role::Key),
            Part::text(format!(" {does}"), Role::Text),
        ]
    }
}

impl Layer for Opening {
    fn takes_text(&self) -> bool {
        self.stage == Stage::Filling && self.form.takes_text()
    }

    fn input(&mut self, input: LayerInput, shared: &mut Shared) -> LayerOutcome {
        let confirms = matches!(input, LayerInput::Action(Action::Confirm));
        let page = frame::body_height(shared.size.1).saturating_sub(1).max(1);
        let turned = matches!(
            input,
            LayerInput::Action(Action::PageOn | Action::PageBack) | LayerInput::Board
        );
        if !turned {
            self.free = false;
        }
        let mut outcome = match (&input, self.stage) {
            (LayerInput::Action(Action::Leave), _) => return self.leave(shared),
            (LayerInput::Replied { reply, .. }, _) => self.replied(reply.clone(), shared),
            (LayerInput::Action(Action::PageOn), _) => {
                self.scroll = self.scroll.saturating_add(page);
                self.free = true;
                LayerOutcome::nothing()
            }
            (LayerInput::Action(Action::PageBack), _) => {
                self.scroll = self.scroll.saturating_sub(page);
                self.free = true;
                LayerOutcome::nothing()
            }
            (
                LayerInput::Board
                | LayerInput::Reread(_)
                | LayerInput::Explained { .. }
                | LayerInput::Previewed { .. },
                _,
            ) => LayerOutcome::nothing(),
            (_, Stage::Filling) => self.fill(&input, shared),
            (_, Stage::Unheard(ticket)) if confirms => self.again(ticket, shared),
            _ => LayerOutcome::nothing(),
        };
        self.settle(shared);
        if !outcome.close {
            outcome.effects.extend(self.reads(shared));
        }
        outcome
    }

    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
        let framed = self.framed(shared, (area.width, area.height));
        frame::draw(shared, canvas, area, &framed, self.scroll, self.free);
    }

    fn awaits(&self, ticket: u64) -> bool {
        self.stage == Stage::Sent(ticket)
    }
}
