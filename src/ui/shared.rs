//! What every screen and every layer of one viewer shares: the board and its order, the time, the selection, how things
//! look, what was asked of backends and has no answer yet. What only one screen knows stands with that screen.

mod offer;

use std::sync::Arc;

pub use offer::asks_for;

use super::catalogue::Catalogues;
use super::draft::Drafts;
use super::glyph::Glyphs;
use super::index::{Filter, Index};
use super::keymap::Keymap;
use super::message::Effect;
use super::phrase::{Form, Zone, ZoneChoice, instant};
use super::theme::{Role, Theme};
use crate::domain::board::{Board, Freshness, Source};
use crate::domain::caller::Caller;
use crate::domain::command::Command;
use crate::domain::command::open::Open;
use crate::domain::instant::{Instant, Mono};
use crate::domain::view::IncidentView;

/// An incident by name: what a selection and a confirmation are bound to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    pub source: usize,
    pub id: String,
}

/// How this viewer came in and what it may; fixed for a session.
#[derive(Debug, Clone)]
pub struct Options {
    /// Nothing may be changed from here.
    pub read_only: bool,
    /// The unattended display: one screen, no keys.
    pub wall: bool,
    /// `Ctrl-C` does not end the wall.
    pub no_quit: bool,
    /// Titles, texts and names are left out, for rooms that may not read them.
    pub mask: bool,
    /// Nothing blinks.
    pub no_blink: bool,
    /// The viewer's own zone.
    pub mine: Zone,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            read_only: false,
            wall: false,
            no_quit: false,
            mask: false,
            no_blink: false,
            mine: Zone::UTC,
        }
    }
}

/// Something sent that has no answer yet.
#[derive(Debug, Clone)]
pub struct Pending {
    pub ticket: u64,
    /// What was asked, as a toast tells it: `AZ-142: move to containment`.
    pub what: String,
    pub sent: Mono,
    /// The effect itself, for sending it again with the same ticket.
    pub effect: Effect,
}

/// A sentence that goes away by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    pub text: String,
    /// That something is as it was wanted, that it is on its way, or that it asks for attention.
    pub role: Role,
    /// Until when it stands.
    pub until: Mono,
}

/// Below this the board says that there is no room.
pub const LEAST: (u16, u16) = (40, 12);
/// Below this a dialog that lies over the board has no room.
pub const LEAST_FOR_DIALOG: (u16, u16) = (60, 16);

/// How long a toast that tells of success stands.
const TOAST_MS: i64 = 4_000;
/// How long one that asks for attention stands.
const WARNING_MS: i64 = 12_000;
/// Toasts kept at once.
const TOASTS: usize = 4;
/// Commands without an answer kept at once; more are refused with a sentence.
const PENDING: usize = 32;

/// What all share.
#[derive(Debug)]
pub struct Shared {
    pub options: Options,
    pub theme: Theme,
    pub glyphs: Glyphs,
    pub keymap: Keymap,
    pub board: Arc<Board>,
    pub index: Index,
    /// The viewer's monotonic clock.
    pub now: Mono,
    /// The machine's own wall clock; used only where no backend was heard.
    pub wall: Instant,
    pub zone: ZoneChoice,
    pub filter: Filter,
    /// Whether what is finished is folded.
    pub folded: bool,
    pub selected: Option<Target>,
    /// An incident that this viewer opened: it is selected as soon as it is on the board.
    pub opened: Option<Target>,
    /// The duty one stands on, of the selected incident; only where duties are listed.
    pub selected_duty: Option<String>,
    /// The window, in cells.
    pub size: (u16, u16),
    pub toasts: Vec<Toast>,
    pub pending: Vec<Pending>,
    /// What was typed into dialogs and not sent.
    pub drafts: Drafts,
    /// The catalogues of regimes that were read.
    pub catalogues: Catalogues,
    /// What got no answer and may be sent again as the same.
    unanswered: Vec<Pending>,
    tickets: u64,
}

impl Shared {
    /// For a viewer who just came in.
    pub fn new(options: Options, theme: Theme, glyphs: Glyphs, keymap: Keymap) -> Shared {
        Shared {
            options,
            theme,
            glyphs,
            keymap,
            board: Arc::default(),
            index: Index::default(),
            now: Mono(0),
            wall: Instant::default(),
            zone: ZoneChoice::Utc,
            filter: Filter::default(),
            folded: true,
            selected: None,
            opened: None,
            selected_duty: None,
            size: (80, 24),
            toasts: Vec::new(),
            pending: Vec::new(),
            drafts: Drafts::default(),
            catalogues: Catalogues::default(),
            unanswered: Vec::new(),
            tickets: 0,
        }
    }

    /// A source of the board.
    pub fn source(&self, source: usize) -> Option<&Source> {
        self.board.sources.get(source).map(AsRef::as_ref)
    }

    /// The backend's UTC milliseconds minus our monotonic ones; the machine's own clock where none was heard.
    pub fn offset_ms(&self, source: usize) -> i64 {
        self.source(source)
            .and_then(|source| source.offset_ms)
            .unwrap_or_else(|| self.wall.timestamp_millis().saturating_sub(self.now.0))
    }

    /// The time at a backend.
    pub fn time(&self, source: usize) -> Instant {
        let ms = self.now.0.saturating_add(self.offset_ms(source));
        Instant::from_timestamp_millis(ms).unwrap_or(self.wall)
    }

    /// The offset for the head of the screen: that of the first source that is live, else of the first heard.
    pub fn head_offset_ms(&self) -> i64 {
        let sources = || self.board.sources.iter();
        let live =
            sources().find(|s| s.freshness(self.now) == Freshness::Live && s.offset_ms.is_some());
        let heard = live.or_else(|| sources().find(|s| s.offset_ms.is_some()));
        heard
            .and_then(|source| source.offset_ms)
            .unwrap_or_else(|| self.wall.timestamp_millis().saturating_sub(self.now.0))
    }

    /// A backend's instant on our monotonic line.
    pub fn mono(&self, source: usize, at: Instant) -> Mono {
        Mono(at.timestamp_millis().saturating_sub(self.offset_ms(source)))
    }

    /// How fresh a source is.
    pub fn freshness(&self, source: usize) -> Freshness {
        self.source(source)
            .map_or(Freshness::Down, |source| source.freshness(self.now))
    }

    /// Whether any backend has said who this viewer is.
    pub fn is_answered(&self) -> bool {
        (0..self.board.sources.len()).any(|source| self.caller(source).is_some())
    }

    /// Whether a source answers.
    pub fn is_live(&self, source: usize) -> bool {
        self.freshness(source) == Freshness::Live
    }

    /// The zone that an incident's instants are written in.
    pub fn zone_of(&self, incident: &IncidentView) -> Zone {
        let entity = || {
            incident
                .profile
                .get("zone")?
                .as_str()
                .and_then(|name| Zone::named(name).ok())
        };
        match self.zone {
            ZoneChoice::Utc => Zone::UTC,
            ZoneChoice::Mine => self.options.mine,
            ZoneChoice::Entity => entity().unwrap_or(Zone::UTC),
        }
    }

    /// An instant of an incident in words.
    pub fn instant(
        &self,
        source: usize,
        incident: &IncidentView,
        at: Instant,
        form: Form,
    ) -> String {
        instant(at, self.time(source), self.zone_of(incident), form).text
    }

    /// Whether the window has room for this.
    pub const fn has_room(&self, least: (u16, u16)) -> bool {
        self.size.0 >= least.0 && self.size.1 >= least.1
    }

    /// The incident of a target, if it is still on the board.
    pub fn incident(&self, target: &Target) -> Option<&Arc<IncidentView>> {
        self.board.incident(target.source, &target.id)
    }

    /// The selected incident.
    pub fn selected_incident(&self) -> Option<(&Target, &Arc<IncidentView>)> {
        let target = self.selected.as_ref()?;
        Some((target, self.incident(target)?))
    }

    /// Selects what this viewer opened, once it is on the board: that may be a moment after the answer.
    pub fn select_opened(&mut self) {
        let Some(opened) = self.opened.clone() else {
            return;
        };
        if self.incident(&opened).is_some() {
            self.opened = None;
            self.selected = Some(opened);
        }
    }

    /// Who this viewer is at a backend.
    pub fn caller(&self, source: usize) -> Option<Caller> {
        let you = &self.source(source)?.about.as_ref()?.you;
        Some(Caller {
            name: you.name.clone(),
            role: you.role,
            counsel: you.counsel,
            clearance: you.clearance,
            services: you.services.clone(),
            team: you.team.clone(),
        })
    }

    /// A source's name.
    pub fn source_name(&self, source: usize) -> &str {
        self.source(source)
            .map_or("the source", |source| source.name.as_str())
    }

    /// A team's short name at a source.
    pub fn team<'a>(&'a self, source: usize, id: &'a str) -> &'a str {
        let team = self
            .source(source)
            .and_then(|s| s.teams.iter().find(|team| team.id == id));
        team.map_or(id, |team| team.short.as_str())
    }

    /// A line of the record with teams called as everywhere on the screen: the record has their ids.
    pub fn with_teams(&self, source: usize, line: &str) -> String {
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let mut told = String::with_capacity(line.len());
        let mut rest = line;
        while !rest.is_empty() {
            let (word, after) = rest.split_at(rest.find(|c| !part(c)).unwrap_or(rest.len()));
            let (sign, after) = after.split_at(after.find(part).unwrap_or(after.len()));
            told.push_str(self.team(source, word));
            told.push_str(sign);
            rest = after;
        }
        told
    }

    /// Sends a command bound to the version that was looked at. `what` is how a toast tells it.
    pub fn send(
        &mut self,
        target: &Target,
        version: u64,
        command: Command,
        what: String,
    ) -> Effect {
        let effect = Effect::Send {
            ticket: self.next_ticket(),
            source: target.source,
            id: target.id.clone(),
            version,
            command: Box::new(command),
        };
        self.track(effect, what)
    }

    /// Opens an incident.
    pub fn send_open(&mut self, source: usize, open: Open, what: String) -> Effect {
        let effect = Effect::Open {
            ticket: self.next_ticket(),
            source,
            open: Box::new(open),
        };
        self.track(effect, what)
    }

    /// Breaks the glass of an incident that is not on the board.
    pub fn send_glass(&mut self, target: &Target, reason: String) -> Effect {
        let effect = Effect::BreakGlass {
            ticket: self.next_ticket(),
            source: target.source,
            id: target.id.clone(),
            reason,
        };
        self.track(effect, format!("{}: break the glass", target.id))
    }

    /// Whether so much waits for answers that nothing more may be sent.
    pub fn is_busy(&self) -> bool {
        self.pending.len() >= PENDING
    }

    /// Keeps something sent that got no answer, so that it can be sent again under its ticket.
    pub fn keep_unanswered(&mut self, sent: Pending) {
        while self.unanswered.len() >= PENDING {
            self.unanswered.remove(0);
        }
        self.unanswered.push(sent);
    }

    /// Sends again what got no answer, under the same ticket: it is never done twice.
    pub fn send_again(&mut self, ticket: u64) -> Option<Effect> {
        let at = self
            .unanswered
            .iter()
            .position(|sent| sent.ticket == ticket)?;
        let sent = self.unanswered.remove(at);
        let effect = sent.effect.clone();
        self.pending.push(Pending {
            sent: self.now,
            ..sent
        });
        Some(effect)
    }

    fn next_ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    fn track(&mut self, effect: Effect, what: String) -> Effect {
        self.pending.push(Pending {
            ticket: self.tickets,
            what,
            sent: self.now,
            effect: effect.clone(),
        });
        effect
    }

    /// Says something that goes away by itself.
    pub fn tell(&mut self, text: impl Into<String>) {
        self.toast(text.into(), Role::Toast, TOAST_MS);
    }

    /// Says that something is on its way and not there yet.
    pub fn note(&mut self, text: impl Into<String>) {
        self.toast(text.into(), Role::Notice, WARNING_MS);
    }

    /// Says something that asks for attention.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.toast(text.into(), Role::Error, WARNING_MS);
    }

    fn toast(&mut self, text: String, role: Role, stands_for: i64) {
        self.toasts.retain(|toast| toast.text != text);
        while self.toasts.len() >= TOASTS {
            self.toasts.remove(0);
        }
        let until = self.now + stands_for;
        self.toasts.push(Toast { text, role, until });
    }
}
