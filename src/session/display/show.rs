//! What is shown, drawn once for all displays that see the same: the wall's own screen over pollers that an audience shares.
//! A show begins with its first viewer and ends with its last; what viewers are sent is `stream`'s.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::sync::watch;

use super::row::row;
use crate::client::{Api, Watch};
use crate::domain::board::Board;
use crate::domain::caller::Audience;
use crate::domain::instant::{Instant, Mono};
use crate::server::{Authorized, InsideReader, ServerState};
use crate::session::board::whole;
use crate::session::picture::look::{Look, hex};
use crate::session::{BoardScreen, Event, Screen};
use crate::time::{SharedClock, timeout};
use crate::ui::App;
use crate::ui::glyph::Glyphs;
use crate::ui::input::Input;
use crate::ui::keymap::Keymap;
use crate::ui::message::Message;
use crate::ui::shared::{Options, Shared};
use crate::ui::theme::{Role, Theme};

/// Sizes that a display may have, in cells.
const COLUMNS: (u16, u16) = (40, 240);
const ROWS: (u16, u16) = (12, 80);
/// How long the first picture waits for the first whole board.
const FIRST_WITHIN_MS: i64 = 2_000;
/// Two pictures lie at least so far apart: bursts of changes become one.
const BETWEEN_MS: i64 = 100;
/// A picture comes at least so often, whether or not anything in it is new: it says that we live.
const BEAT_MS: i64 = 1_000;

/// A size in cells, within what displays may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Size {
    pub w: u16,
    pub h: u16,
}

impl Size {
    /// The nearest size that may be.
    pub fn clamped(w: u16, h: u16) -> Size {
        Size {
            w: w.clamp(COLUMNS.0, COLUMNS.1),
            h: h.clamp(ROWS.0, ROWS.1),
        }
    }
}

/// What displays see at one moment.
#[derive(Debug)]
pub struct Picture {
    pub size: Size,
    /// The backend's time at which it was drawn.
    pub at: Instant,
    /// Plain letters and ground of the theme, `#rrggbb`.
    pub letters: String,
    pub ground: String,
    /// Each row as JSON; a row that did not change is the same `Arc` in the next picture.
    pub rows: Vec<Arc<str>>,
}

/// The latest picture, once there is one.
pub type Pictures = watch::Receiver<Option<Arc<Picture>>>;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    audience: Audience,
    /// The wall says when its token ends.
    expires_at: Instant,
    size: Size,
    theme: String,
}

type Showing = Arc<watch::Sender<Option<Arc<Picture>>>>;

/// Everything that is shown now.
pub struct Shows {
    state: Arc<ServerState>,
    running: Mutex<HashMap<Key, Showing>>,
    watches: Mutex<HashMap<Audience, Weak<Watch>>>,
}

impl Shows {
    /// Nothing is shown yet.
    pub fn new(state: &Arc<ServerState>) -> Arc<Shows> {
        Arc::new(Shows {
            state: state.clone(),
            running: Mutex::default(),
            watches: Mutex::default(),
        })
    }

    /// The pictures for a display; what others of its kind see already is shared.
    pub fn of(self: &Arc<Shows>, who: &Authorized, size: Size, theme: Theme) -> Pictures {
        let audience = who.caller.audience();
        let key = Key {
            audience: audience.clone(),
            expires_at: who.token.expires_at,
            size,
            theme: theme.name().to_owned(),
        };
        let mut running = self.running.lock();
        if let Some(showing) = running.get(&key) {
            return showing.subscribe();
        }
        let showing: Showing = Arc::new(watch::Sender::new(None));
        let pictures = showing.subscribe();
        running.insert(key.clone(), showing.clone());
        drop(running);
        let show = Show {
            key,
            showing,
            shows: self.clone(),
        };
        let watch = self.watch(&audience);
        tokio::spawn(show.run(watch, theme, self.state.clock.clone()));
        pictures
    }

    /// The pollers of an audience: one for all of its displays.
    fn watch(&self, audience: &Audience) -> Arc<Watch> {
        let mut watches = self.watches.lock();
        if let Some(watch) = watches.get(audience).and_then(Weak::upgrade) {
            return watch;
        }
        watches.retain(|_, watch| watch.strong_count() > 0);
        let (state, clock) = (&self.state, &self.state.clock);
        let reader = Arc::new(InsideReader::new(state, audience));
        let api = Api::inside(&state.name, reader, clock);
        let watch = Arc::new(Watch::start(vec![api], clock.clone()));
        watches.insert(audience.clone(), Arc::downgrade(&watch));
        watch
    }
}

/// One show, running.
struct Show {
    key: Key,
    showing: Showing,
    shows: Arc<Shows>,
}

impl Drop for Show {
    /// Also after a panic: viewers see the channel close, come back, and a new show begins.
    fn drop(&mut self) {
        let mut running = self.shows.running.lock();
        if running
            .get(&self.key)
            .is_some_and(|showing| Arc::ptr_eq(showing, &self.showing))
        {
            running.remove(&self.key);
        }
    }
}

impl Show {
    async fn run(self, watch: Arc<Watch>, theme: Theme, clock: SharedClock) {
        let mut boards = watch.board();
        // A viewer who came and went meanwhile costs no more than this wait.
        let _ = timeout(&*clock, FIRST_WITHIN_MS, whole(&mut boards)).await;
        let mut stage = Stage::new(&self.key, theme, &clock);
        stage.take(boards.borrow_and_update().clone(), clock.mono());
        loop {
            let at = clock.mono();
            let (picture, next_at) = stage.draw(at, clock.now());
            self.showing.send_replace(Some(Arc::new(picture)));
            clock.sleep_until(at + BETWEEN_MS).await;
            if self.is_over() {
                return;
            }
            tokio::select! {
                changed = boards.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let board = boards.borrow_and_update().clone();
                    stage.take(board, clock.mono());
                }
                () = clock.sleep_until(next_at) => {}
                () = self.showing.closed() => {
                    if self.is_over() {
                        return;
                    }
                }
            }
        }
    }

    /// Whether nobody looks on any more; then nobody can come any more either.
    fn is_over(&self) -> bool {
        let mut running = self.shows.running.lock();
        if self.showing.receiver_count() > 0 {
            return false;
        }
        running.remove(&self.key);
        true
    }
}

/// The wall's screen and what it showed last.
struct Stage {
    size: Size,
    expires_at: Instant,
    screen: BoardScreen,
    plain: Look,
    drawn: Buffer,
    /// The buffer of the picture before: rows are told only where cells differ.
    before: Buffer,
    rows: Vec<Arc<str>>,
}

impl Stage {
    fn new(key: &Key, theme: Theme, clock: &SharedClock) -> Stage {
        let size = key.size;
        let area = Rect::new(0, 0, size.w, size.h);
        let plain = Look::of_style(theme.style(Role::Text));
        let mut screen = BoardScreen::new(wall(theme), clock.clone());
        let Size { w, h } = size;
        // Without a terminal no effect and no wish has anywhere to go; a wall has none but sounds.
        screen.handle(Event::Input(Input::Resize { w, h }), clock.mono());
        Stage {
            size,
            expires_at: key.expires_at,
            screen,
            plain,
            drawn: Buffer::empty(area),
            before: Buffer::empty(area),
            rows: Vec::new(),
        }
    }

    /// A board as its sources told it to the audience, told to this display: its own token is the one that ends.
    fn take(&mut self, board: Arc<Board>, at: Mono) {
        let mut board = Board::clone(&board);
        for source in &mut board.sources {
            if let Some(about) = Arc::make_mut(source).about.as_mut() {
                let about = Arc::make_mut(about);
                about.token_expires_at = Some(self.expires_at);
                about.token_of_door = false;
            }
        }
        let board = Arc::new(board);
        self.screen.handle(Event::News(Message::Board(board)), at);
    }

    /// The picture of this instant, and when the next one is due.
    fn draw(&mut self, at: Mono, now: Instant) -> (Picture, Mono) {
        self.screen.handle(Event::Tick, at);
        std::mem::swap(&mut self.drawn, &mut self.before);
        self.drawn.reset();
        let live = self.screen.draw(&mut self.drawn, at);
        let width = usize::from(self.size.w).max(1);
        let drawn = self.drawn.content.chunks(width);
        let before = self.before.content.chunks(width);
        let rows = drawn.zip(before).enumerate().map(|(y, (new, old))| {
            match self.rows.get(y).filter(|_| new == old) {
                Some(row) => row.clone(),
                None => Arc::from(row(new, &self.plain)),
            }
        });
        let rows: Vec<Arc<str>> = rows.collect();
        self.rows.clone_from(&rows);
        let tick_at = self.screen.next_tick_at(&live, at);
        let beat_at = at + BEAT_MS;
        let picture = Picture {
            size: self.size,
            at: now,
            letters: hex(self.plain.ink()),
            ground: hex(self.plain.ground),
            rows,
        };
        (picture, tick_at.map_or(beat_at, |tick| tick.min(beat_at)))
    }
}

/// The wall as a terminal without keys shows it.
fn wall(theme: Theme) -> App {
    let options = Options {
        read_only: true,
        wall: true,
        no_quit: true,
        ..Options::default()
    };
    App::new(Shared::new(
        options,
        theme,
        Glyphs::default(),
        Keymap::default(),
    ))
}
