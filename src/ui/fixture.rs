//! A board for tests: one afternoon of four backends, always the same, and a viewer who looks at it. The incidents
//! stand in `incident`, the builder for their parts in `part`; nothing here is built into the program.

mod incident;
pub mod part;
mod picture;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use picture::{picture, styled};

use super::glyph::Glyphs;
use super::input::{Input, Key};
use super::keymap::{self, Keymap};
use super::message::{Effect, Message};
use super::shared::{Options, Shared};
use super::theme::Theme;
use super::{App, update};
use crate::domain::alarm;
use crate::domain::board::{About, Board, Source};
use crate::domain::directory::Directory;
use crate::domain::instant::{Instant, Mono};
use crate::domain::view::{IncidentView, SelfView};
use crate::domain::word::{AlarmState, Role, Tlp};

/// The viewer's monotonic clock at the moment of the board.
pub const MONO: Mono = Mono(500_000_000);
/// Time between two keys of `keys`, in milliseconds: longer than every guard.
const BETWEEN_KEYS: i64 = 400;

/// An instant as RFC 3339 writes it.
pub fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// The moment of the board.
pub fn now() -> Instant {
    at("2026-11-23T14:07:32Z")
}

fn offset_ms() -> i64 {
    now().timestamp_millis() - MONO.0
}

/// The service of each source, by the source's name.
const SOURCES: [(&str, &str); 4] = [
    ("azure", "azure"),
    ("m365", "microsoft-365"),
    ("power", "power-platform"),
    ("dynamics", "dynamics-365"),
];

fn about(name: &str, service: &str) -> About {
    let directory = Directory::default();
    About {
        connectors: Vec::new(),
        name: name.to_owned(),
        version: "0.1.0".to_owned(),
        services: directory
            .services
            .iter()
            .filter(|of| of.id == service)
            .map(|of| of.view())
            .collect(),
        severities: directory.severities.clone(),
        definitions: "5f1c".to_owned(),
        you: SelfView {
            name: "d.okafor".to_owned(),
            role: Role::Commander,
            counsel: true,
            clearance: Tlp::Red,
            services: Vec::new(),
            team: Some(format!("{service}-security-response")),
        },
        token_expires_at: Some(at("2026-12-07T09:00:00Z")),
        token_of_door: false,
        key_expires_at: None,
        head: None,
    }
}

fn source(name: &str, service: &str, heard_before_ms: i64) -> Source {
    let directory = Directory::default();
    let teams = directory
        .teams
        .iter()
        .filter(|team| team.works_for(service));
    let mut incidents: Vec<Arc<IncidentView>> = incident::all()
        .into_iter()
        .filter(|incident| incident.service == service)
        .map(heard)
        .map(Arc::new)
        .collect();
    incidents.sort_by(|a, b| a.id.cmp(&b.id));
    Source {
        incidents: Arc::new(incidents),
        complete: true,
        heard: Some(MONO - heard_before_ms),
        as_of: Some(now() - chrono::TimeDelta::milliseconds(heard_before_ms)),
        offset_ms: Some(offset_ms()),
        skew_ms: Some(12),
        about: Some(Arc::new(about(name, service))),
        teams: Arc::new(teams.map(|team| team.view()).collect()),
        ..Source::new(name)
    }
}

/// Somebody has heard whatever rings at the moment of the board.
fn heard(mut incident: IncidentView) -> IncidentView {
    let mut alarms = alarm::of_view(&incident, now());
    for alarm in &mut alarms {
        alarm.state = AlarmState::Acknowledged;
        alarm.by = Some("d.okafor".to_owned());
        alarm.at = Some(at("2026-11-23T14:02:00Z").max(alarm.since));
    }
    incident.alarms = alarms;
    incident
}

/// Four sources, of which dynamics was not heard for 4m12s.
pub fn board() -> Board {
    let sources = SOURCES.iter().map(|(name, service)| {
        let heard = if *name == "dynamics" { 252_000 } else { 600 };
        Arc::new(source(name, service, heard))
    });
    Board {
        sources: sources.collect(),
        generation: 7,
    }
}

/// The same board with other incidents of one source, as after a refresh.
pub fn board_with(source: usize, change: impl Fn(&mut IncidentView)) -> Arc<Board> {
    let mut board = board();
    let mut of = Source::clone(&board.sources[source]);
    let incidents = of.incidents.iter().map(|incident| {
        let mut incident = IncidentView::clone(incident);
        change(&mut incident);
        Arc::new(incident)
    });
    of.incidents = Arc::new(incidents.collect());
    board.sources[source] = Arc::new(of);
    board.generation += 1;
    Arc::new(board)
}

/// What d.okafor shares with every screen at that moment, the lists in order.
pub fn shared() -> Shared {
    shared_with(Options::default(), "night")
}

/// The same for another viewer.
pub fn shared_with(options: Options, theme: &str) -> Shared {
    let theme = Theme::shipped(theme).unwrap();
    let mut shared = Shared::new(options, theme, Glyphs::default(), Keymap::default());
    shared.now = MONO;
    shared.wall = now();
    shared.board = Arc::new(board());
    let (board, filter) = (Arc::clone(&shared.board), shared.filter.clone());
    shared
        .index
        .update(&board, &filter, shared.now, shared.wall);
    shared
}

/// d.okafor before the lanes, 80x24.
pub fn app() -> App {
    app_with(shared())
}

/// A viewer who just came in.
pub fn app_with(shared: Shared) -> App {
    let mut app = App::new(shared);
    tick(&mut app, 0);
    app
}

/// Time goes on by so many milliseconds.
pub fn tick(app: &mut App, ms: i64) -> Vec<Effect> {
    let mono = app.shared.now + ms;
    let wall = app.shared.wall + chrono::TimeDelta::milliseconds(ms);
    update(app, Message::Tick { mono, wall })
}

/// Feeds keys, words apart by blanks: a name as `Enter`, `Esc`, `Tab`, `Space`, `Ctrl-D`, else each character is a key.
/// Time goes on between two keys.
pub fn keys(app: &mut App, text: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in text.split_whitespace().flat_map(named) {
        effects.extend(tick(app, BETWEEN_KEYS));
        effects.extend(update(app, Message::Input(Input::Key(key))));
    }
    effects
}

fn named(word: &str) -> Vec<Key> {
    match keymap::key(word) {
        Some(key) => vec![key],
        None => word.chars().map(Key::char).collect(),
    }
}
