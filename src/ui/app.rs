//! One viewer's whole state, and what a message makes of it. No IO, no clock: time comes in with `Tick`.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::input::Key;
use super::keymap::{Action, Place};
use super::layer::{self, Layer, LayerInput, LayerOutcome};
use super::live::LiveCells;
use super::message::{Effect, Message, Reply};
use super::room;
use super::screen::ScreenName;
use super::screen::clocks::Clocks;
use super::screen::incident::Incident;
use super::screen::lanes::Lanes;
use super::screen::people::People;
use super::screen::teams::Teams;
use super::screen::wall::Wall;
use super::screen::{foot, words};
use super::shared::{LEAST, Shared, Target};
use super::theme::Role;
use crate::domain::caller::Caller;
use crate::domain::instant::{Instant, Mono};

mod alarm;
mod key;

/// A viewer.
#[derive(Debug)]
pub struct App {
    pub shared: Shared,
    screen: ScreenName,
    /// Where `back` leads from the incident.
    behind: ScreenName,
    lanes: Lanes,
    teams: Teams,
    clocks: Clocks,
    people: People,
    incident: Incident,
    wall: Wall,
    layers: Vec<Box<dyn Layer>>,
    /// The keys of a sequence that has begun.
    begun: Vec<Key>,
    begun_at: Mono,
    /// When the top layer was opened, and with which key.
    opened: Option<(Mono, Key)>,
    /// When a layer last took a step.
    stepped_at: Option<Mono>,
    interrupted_at: Option<Mono>,
    quit: Option<i32>,
    bell: alarm::Bell,
}

impl App {
    /// A viewer who sees the lanes, or the wall.
    pub fn new(shared: Shared) -> App {
        let screen = match shared.options.wall {
            true => ScreenName::Wall,
            false => ScreenName::Lanes,
        };
        App {
            shared,
            screen,
            behind: screen,
            lanes: Lanes::default(),
            teams: Teams::default(),
            clocks: Clocks::default(),
            people: People::default(),
            incident: Incident::default(),
            wall: Wall::default(),
            layers: Vec::new(),
            begun: Vec::new(),
            begun_at: Mono(0),
            opened: None,
            stepped_at: None,
            interrupted_at: None,
            quit: None,
            bell: alarm::Bell::default(),
        }
    }

    /// The exit code, once the viewer wants to leave.
    pub fn quit(&self) -> Option<i32> {
        self.quit
    }

    /// Which screen is seen.
    pub fn screen(&self) -> ScreenName {
        self.screen
    }

    /// Shows a screen, as `board --once --screen` asks.
    pub fn show(&mut self, screen: ScreenName) -> Vec<Effect> {
        self.screen = screen;
        self.settle();
        match screen {
            ScreenName::Incident => self.incident.look(&self.shared),
            ScreenName::People => self.people.ask(&self.shared),
            _ => Vec::new(),
        }
    }

    /// Selects an incident and shows it whole.
    pub fn show_incident(&mut self, target: Target) -> Vec<Effect> {
        self.behind = match self.screen {
            ScreenName::Incident => self.behind,
            other => other,
        };
        self.shared.selected = Some(target);
        self.show(ScreenName::Incident)
    }

    /// How many layers lie over the screen.
    pub fn layers(&self) -> usize {
        self.layers.len()
    }
}

/// What a message makes of the viewer's state, and what is to be done outside.
pub fn update(app: &mut App, message: Message) -> Vec<Effect> {
    let mut effects = match room::worded(message, &app.shared.options) {
        Message::Input(input) => app.input(input),
        Message::Tick { mono, wall } => app.time(mono, wall),
        Message::Board(board) => {
            let options = &app.shared.options;
            let before = &app.shared.board;
            app.shared.board = match (options.wall, options.mask) {
                (true, _) => board.for_a_wall(before),
                (false, true) => board.for_a_room(before),
                (false, false) => board,
            };
            app.order();
            app.shared.select_opened();
            let mut effects = match app.screen {
                ScreenName::Incident => app.incident.refresh(&app.shared),
                _ => Vec::new(),
            };
            effects.extend(app.tell_layers(&LayerInput::Board));
            effects
        }
        Message::Replied { ticket, reply } => app.replied(ticket, reply),
        Message::Timeline {
            source,
            id,
            entries,
            complete,
        } => {
            app.incident.timeline(source, &id, Ok((entries, complete)));
            Vec::new()
        }
        Message::TimelineFailed {
            source,
            id,
            sentence,
        } => {
            app.incident.timeline(source, &id, Err(sentence));
            Vec::new()
        }
        Message::Reread { incident, .. } => match app.layers.len().checked_sub(1) {
            Some(top) => app.tell_layer(top, LayerInput::Reread(incident)),
            None => Vec::new(),
        },
        Message::Explained {
            source,
            id,
            duty,
            version,
            body,
        } => app.tell_layers(&LayerInput::Explained {
            target: Target { source, id },
            duty,
            version,
            body,
        }),
        Message::Previewed {
            source,
            id,
            version,
            command,
            body,
        } => app.tell_layers(&LayerInput::Previewed {
            target: Target { source, id },
            version,
            command,
            body,
        }),
        Message::Regimes {
            source,
            profile,
            body,
        } => {
            app.shared.catalogues.take(source, profile, body);
            app.tell_layers(&LayerInput::Board)
        }
        Message::Who { source, body } => {
            app.people.hear(source, body.as_ref().ok().cloned());
            app.tell_layers(&LayerInput::Who { source, body })
        }
        Message::Told(text) => {
            app.shared.tell(text);
            Vec::new()
        }
        Message::End(code) => {
            app.quit = Some(code);
            Vec::new()
        }
    };
    effects.extend(app.bell.listen(&app.shared));
    app.settle();
    effects.shrink_to_fit();
    effects
}

/// Draws the whole picture; gives the places whose text depends on time.
pub fn draw(app: &App, buffer: &mut Buffer) -> Vec<LiveCells> {
    let shared = &app.shared;
    let mut canvas = Canvas::new(buffer, &shared.theme, shared.glyphs, shared.now);
    let area = canvas.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        words::too_small(&mut canvas, area, LEAST);
        return canvas.finish();
    }
    match app.screen {
        ScreenName::Lanes => app.lanes.draw(shared, &mut canvas, area),
        ScreenName::Teams => app.teams.draw(shared, &mut canvas, area),
        ScreenName::Clocks => app.clocks.draw(shared, &mut canvas, area),
        ScreenName::People => app.people.draw(shared, &mut canvas, area),
        ScreenName::Incident => app.incident.draw(shared, &mut canvas, area),
        ScreenName::Wall => app.wall.draw(shared, &mut canvas, area),
    }
    if let Some(top) = app.layers.last() {
        // The keys of the board are dead under a dialog; the row of the foot is the dialog's.
        let foot = Rect::new(area.x, area.bottom() - 1, area.width, 1);
        canvas.clear(foot, Role::Text);
        let least = top.least();
        if area.width < least.0 || area.height < least.1 {
            // Time, sources and list stay: how fresh they are must be seen whatever is open.
            words::no_room(shared, &mut canvas, foot, least);
        } else {
            top.draw(shared, &mut canvas, area);
        }
    }
    let told = match app.layers.last() {
        None => area,
        // What stands in the last row tells the way out.
        Some(top) if top.least() == LEAST || !shared.has_room(top.least()) => {
            Rect::new(area.x, area.y, area.width, area.height + 1)
        }
        // A dialog leaves the last two rows to toasts, so that none covers the line that tells what the next key does.
        Some(_) => Rect::new(area.x, area.bottom().saturating_sub(2), area.width, 4),
    };
    foot::toasts(shared, &mut canvas, told);
    canvas.redraw_at(shared.index.regroup_at());
    // A source's word changes by time alone.
    let fresher = shared
        .board
        .sources
        .iter()
        .filter_map(|source| source.next_change(shared.now));
    canvas.redraw_at(fresher.min());
    canvas.redraw_at(words::next_day(shared));
    canvas.finish()
}

impl App {
    fn time(&mut self, mono: Mono, wall: Instant) -> Vec<Effect> {
        self.shared.now = mono;
        self.shared.wall = wall;
        self.shared.toasts.retain(|toast| toast.until > mono);
        if self.shared.index.regroup_at().is_some_and(|at| mono >= at) {
            self.order();
        }
        self.wall.time(&self.shared);
        match self.screen {
            ScreenName::People => self.people.time(&self.shared),
            _ => Vec::new(),
        }
    }

    /// Puts the lists in order after a new board or another filter.
    pub(super) fn order(&mut self) {
        let shared = &mut self.shared;
        shared
            .index
            .update(&shared.board, &shared.filter, shared.now, shared.wall);
    }

    /// Scroll offsets and selections settle here, so that drawing changes nothing.
    fn settle(&mut self) {
        let (w, h) = self.shared.size;
        let area = Rect::new(0, 0, w, h);
        self.shared.selected_duty = None;
        match self.screen {
            ScreenName::Lanes => self.lanes.settle(&mut self.shared, area),
            ScreenName::Teams => self.teams.settle(&mut self.shared, area),
            ScreenName::Clocks => self.clocks.settle(&mut self.shared, area),
            ScreenName::People => self.people.settle(&mut self.shared, area),
            ScreenName::Incident => self.incident.settle(&mut self.shared, area),
            ScreenName::Wall => self.wall.settle(&mut self.shared, area),
        }
    }

    /// Does what a person wants of the screen.
    pub fn act(&mut self, action: Action) -> Vec<Effect> {
        use Action as A;
        match action {
            A::Lanes => self.go(ScreenName::Lanes),
            A::Teams => self.go(ScreenName::Teams),
            A::Clocks => self.go(ScreenName::Clocks),
            A::People => self.go(ScreenName::People),
            A::Escape => self.back(false),
            A::Back => self.back(true),
            A::Mine => self.mine(),
            A::Zone => {
                self.shared.zone = self.shared.zone.next();
                let zone = words::zone(&self.shared);
                self.shared.tell(format!("Instants in {zone}."));
                Vec::new()
            }
            A::Fold => {
                self.shared.folded = !self.shared.folded;
                Vec::new()
            }
            A::Silence => self.silence(),
            A::AskNow => {
                self.shared.tell("Asking every source now.");
                vec![Effect::AskNow]
            }
            A::Redraw => vec![Effect::Redraw],
            A::Suspend => vec![Effect::Suspend],
            A::CopyId => match self.shared.selected.clone() {
                Some(target) => {
                    self.shared.tell(format!("{} copied.", target.id));
                    vec![Effect::Copy(target.id)]
                }
                None => Vec::new(),
            },
            A::Filter | A::Palette | A::Help | A::Open | A::Who | A::BreakGlass => {
                self.open(action)
            }
            A::Look if self.screen != ScreenName::Incident && self.screen != ScreenName::Clocks => {
                match self.shared.selected.clone() {
                    Some(target) => self.show_incident(target),
                    None => Vec::new(),
                }
            }
            A::Look if self.screen == ScreenName::Clocks => self.open(action),
            _ if action.place() == Place::Incident => self.open(action),
            _ => self.screen_act(action),
        }
    }

    fn screen_act(&mut self, action: Action) -> Vec<Effect> {
        let shared = &mut self.shared;
        match self.screen {
            ScreenName::Lanes => self.lanes.act(action, shared),
            ScreenName::Teams => self.teams.act(action, shared),
            ScreenName::Clocks => self.clocks.act(action, shared),
            ScreenName::People => self.people.act(action, shared),
            ScreenName::Incident => self.incident.act(action, shared),
            ScreenName::Wall => {}
        }
        Vec::new()
    }

    fn go(&mut self, screen: ScreenName) -> Vec<Effect> {
        self.screen = screen;
        self.behind = screen;
        match screen {
            ScreenName::People => self.people.ask(&self.shared),
            _ => Vec::new(),
        }
    }

    fn back(&mut self, may_quit: bool) -> Vec<Effect> {
        match self.screen {
            ScreenName::Incident => self.screen = self.behind,
            _ if !self.shared.filter.is_empty() && !may_quit => {
                self.shared.filter = Default::default();
                self.order();
            }
            ScreenName::Lanes | ScreenName::Wall if may_quit => self.quit = Some(0),
            ScreenName::Lanes | ScreenName::Wall => {}
            _ => self.screen = ScreenName::Lanes,
        }
        Vec::new()
    }

    fn mine(&mut self) -> Vec<Effect> {
        let shared = &mut self.shared;
        let sources = 0..shared.board.sources.len();
        let callers: Vec<Caller> = sources.filter_map(|s| shared.caller(s)).collect();
        let me = callers.first().map(|me| me.name.clone());
        let person = me.filter(|_| shared.filter.person().is_none());
        match &person {
            Some(_) if shared.options.mask => shared.tell(
                "Only incidents where you hold a seat or decide, or whose team owns them or is paged.",
            ),
            Some(name) => shared.tell(format!(
                "Only incidents where {name} holds a seat or decides, or whose team owns them or is paged."
            )),
            None => shared.tell("Everybody's incidents."),
        }
        let teams = callers.into_iter().filter_map(|caller| caller.team);
        shared.filter = shared.filter.with_person(person).with_teams(teams);
        self.order();
        Vec::new()
    }

    fn open(&mut self, action: Action) -> Vec<Effect> {
        if action.place() == Place::Incident && !self.shared.offers(action) {
            let why = words::why_not(&self.shared, action);
            self.shared.warn(why);
            return Vec::new();
        }
        match layer::open(action, &mut self.shared) {
            Ok((layer, effects)) => {
                self.layers.push(layer);
                self.stepped_at = None;
                effects
            }
            Err(sentence) => {
                self.shared.warn(sentence);
                Vec::new()
            }
        }
    }

    /// Tells every layer; from the top, so that one that closes moves none that is still to be told.
    fn tell_layers(&mut self, input: &LayerInput) -> Vec<Effect> {
        let all = (0..self.layers.len()).rev();
        all.flat_map(|at| self.tell_layer(at, input.clone()))
            .collect()
    }

    fn tell_layer(&mut self, at: usize, input: LayerInput) -> Vec<Effect> {
        let filter = self.shared.filter.clone();
        let Some(layer) = self.layers.get_mut(at) else {
            return Vec::new();
        };
        let LayerOutcome {
            close,
            stepped,
            mut effects,
            then,
            show,
        } = layer.input(input, &mut self.shared);
        if stepped {
            self.stepped_at = Some(self.shared.now);
        }
        if close {
            self.layers.remove(at);
            self.opened = None;
        }
        if self.shared.filter != filter {
            self.order();
        }
        if let Some(target) = show {
            effects.extend(self.show_incident(target));
        }
        if let Some(action) = then {
            effects.extend(self.act(action));
            // The key that chose the action must not confirm what it opened.
            self.stepped_at = Some(self.shared.now);
        }
        effects
    }

    fn replied(&mut self, ticket: u64, reply: Reply) -> Vec<Effect> {
        let Some(at) = self
            .shared
            .pending
            .iter()
            .position(|sent| sent.ticket == ticket)
        else {
            return Vec::new();
        };
        let sent = self.shared.pending.remove(at);
        let layer = self.layers.iter().position(|layer| layer.awaits(ticket));
        let done = matches!(reply, Reply::Done { .. });
        // That they were silenced was told when the key was pressed, for all of them at once.
        let told = done && alarm::silences(&sent);
        if (layer.is_none() || done) && !told {
            words::tell_reply(&mut self.shared, &sent, &reply);
        }
        match &reply {
            Reply::Done { .. } => self.shared.drafts.done(ticket),
            Reply::Unreachable { .. } => self.shared.keep_unanswered(sent),
            _ => {}
        }
        let effects = match layer {
            Some(layer) => self.tell_layer(layer, LayerInput::Replied { ticket, reply }),
            None => Vec::new(),
        };
        self.shared.select_opened();
        effects
    }
}
