//! Somebody who looks at a board: the board's own session, with a terminal on the other side that draws every byte of it.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use warboard::secret::Place;

use tokio::sync::mpsc::{self, Sender};
use tokio::task::JoinHandle;
use warboard::client::{Api, SourceSettings, Watch};
use warboard::domain::word::Via;
use warboard::session::{Depth, Door, Incoming, Setup, Viewing};
use warboard::time::{SharedClock, TestClock};
use warboard::ui::App;
use warboard::ui::glyph::Glyphs;
use warboard::ui::keymap::Keymap;
use warboard::ui::shared::{Options, Shared};
use warboard::ui::theme::Theme;

use super::front::Front;

/// A source as a viewer has it: its name, the front it is asked through, and the file that the token stands in.
pub struct Seen {
    pub name: &'static str,
    pub front: Front,
    pub token: PathBuf,
}

/// A board that is looked at.
pub struct Viewer {
    pub name: &'static str,
    pub wall: bool,
    pub sources: Vec<Seen>,
    pub size: (u16, u16),
    terminal: Arc<Mutex<vt100::Parser>>,
    incoming: Sender<Incoming>,
    session: JoinHandle<i32>,
}

/// Draws what it is given and says what it is, as terminals do.
struct Glass {
    terminal: Arc<Mutex<vt100::Parser>>,
    incoming: Sender<Incoming>,
    moves: Arc<AtomicU64>,
    frame: Vec<u8>,
}

impl Door for Glass {
    fn start(&mut self, frame: Vec<u8>) {
        self.moves.fetch_add(1, Ordering::Relaxed);
        self.terminal.lock().unwrap().process(&frame);
        let asked = frame.windows(3).filter(|bytes| *bytes == b"\x1b[c").count();
        for _ in 0..asked {
            let answer = Incoming::Bytes(b"\x1b[?62;c".to_vec());
            self.incoming.try_send(answer).unwrap();
        }
        self.frame = frame;
    }

    async fn done(&mut self) -> std::io::Result<Vec<u8>> {
        Ok(std::mem::take(&mut self.frame))
    }
}

impl Viewer {
    /// Begins to look.
    pub fn start(
        name: &'static str,
        wall: bool,
        size: (u16, u16),
        sources: Vec<Seen>,
        clock: &TestClock,
        moves: &Arc<AtomicU64>,
    ) -> Viewer {
        let clock: SharedClock = Arc::new(clock.clone());
        let api = |seen: &Seen| {
            let settings = SourceSettings {
                name: seen.name.into(),
                url: seen.front.url(),
                token: Place::File(seen.token.clone()),
                ca_file: None,
            };
            Api::new(&settings, &clock, Via::Board).unwrap()
        };
        let apis: Vec<Api> = sources.iter().map(api).collect();
        let options = Options {
            wall,
            ..Options::default()
        };
        let theme = Theme::shipped("night").unwrap();
        let viewing = Viewing {
            app: App::new(Shared::new(
                options,
                theme,
                Glyphs::default(),
                Keymap::default(),
            )),
            watch: tokio::sync::watch::channel(Arc::new(Watch::start(apis.clone(), clock.clone())))
                .1,
            apis,
            clock,
            shown: None,
        };
        let (incoming, mut came) = mpsc::channel(256);
        let terminal = Arc::new(Mutex::new(vt100::Parser::new(
            cells(size.1),
            cells(size.0),
            0,
        )));
        let mut door = Glass {
            terminal: terminal.clone(),
            incoming: incoming.clone(),
            moves: moves.clone(),
            frame: Vec::new(),
        };
        let setup = Setup {
            w: size.0,
            h: size.1,
            depth: Depth::True,
        };
        let session = tokio::spawn(async move { viewing.run(&mut door, &mut came, setup).await });
        Viewer {
            name,
            wall,
            sources,
            size,
            terminal,
            incoming,
            session,
        }
    }

    pub fn keys(&self, keys: &str) {
        let bytes = Incoming::Bytes(keys.as_bytes().to_vec());
        self.incoming.try_send(bytes).unwrap();
    }

    pub fn resize(&mut self, (w, h): (u16, u16)) {
        self.size = (w, h);
        let mut terminal = self.terminal.lock().unwrap();
        terminal.screen_mut().set_size(cells(h), cells(w));
        self.incoming.try_send(Incoming::Size { w, h }).unwrap();
    }

    /// The first rows of what is seen.
    pub fn rows(&self, most: usize) -> Vec<String> {
        assert!(!self.session.is_finished(), "{} is gone", self.name);
        let terminal = self.terminal.lock().unwrap();
        terminal.screen().rows(0, self.size.0).take(most).collect()
    }

    /// The colour of the letters at a place.
    pub fn colour(&self, x: usize, y: usize) -> vt100::Color {
        let place = |n: usize| u16::try_from(n).unwrap();
        let terminal = self.terminal.lock().unwrap();
        terminal
            .screen()
            .cell(place(y), place(x))
            .unwrap()
            .fgcolor()
    }

    /// Puts another token where the board finds it.
    pub fn hand(&self, source: usize, token: &str) {
        write_secret(&self.sources[source].token, token);
    }

    /// Leaves; the exit code.
    pub async fn leave(self) -> i32 {
        self.incoming.try_send(Incoming::End(143)).unwrap();
        self.session.await.unwrap()
    }
}

/// Writes a token as its owner alone may read it.
pub fn write_secret(path: &Path, token: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, token).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn cells(n: u16) -> NonZero<u16> {
    NonZero::new(n).unwrap()
}
