//! From a key to what a person wants: the top layer first, then the keymap; sequences, and the guards against a key
//! that repeats by itself.

use super::App;
use crate::ui::input::{Input, Key, KeyCode};
use crate::ui::keymap::{Action, Meaning};
use crate::ui::layer::LayerInput;
use crate::ui::message::Effect;

/// How long a layer refuses the key that opened it, and a second confirmation.
const GUARD_MS: i64 = 300;
/// Within what time the wall's `Ctrl-C` has to come twice.
const TWICE_MS: i64 = 2_000;
/// How long a sequence of two keys may take.
const SEQUENCE_MS: i64 = 1_500;

impl App {
    pub(super) fn input(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::Key(key) if self.shared.options.wall => {
                self.wall_key(key);
                Vec::new()
            }
            Input::Key(key) => self.key(key),
            Input::Paste(text) => match self.layers.len().checked_sub(1) {
                Some(_) if !self.top_is_seen() => Vec::new(),
                Some(top) => self.tell_layer(top, LayerInput::Paste(text)),
                None => Vec::new(),
            },
            Input::Resize { w, h } => {
                self.shared.size = (w.max(1), h.max(1));
                Vec::new()
            }
            Input::FocusGained | Input::FocusLost | Input::Reply(_) => Vec::new(),
        }
    }

    /// The wall knows one key, twice.
    fn wall_key(&mut self, key: Key) {
        if self.shared.options.no_quit || key != Key::ctrl('c') {
            return;
        }
        let now = self.shared.now;
        match self.interrupted_at {
            Some(at) if now - at <= TWICE_MS => self.quit = Some(0),
            _ => {
                self.interrupted_at = Some(now);
                self.shared
                    .tell("Ctrl-C again within 2 s ends this display.");
            }
        }
    }

    fn key(&mut self, key: Key) -> Vec<Effect> {
        let Some(top) = self.layers.len().checked_sub(1) else {
            return self.screen_key(key);
        };
        if !self.top_is_seen() {
            // What cannot be seen is neither typed into nor confirmed.
            let meaning = self.shared.keymap.meaning(&[key], true);
            return match meaning == Meaning::Action(Action::Leave) || key == Key::ctrl('c') {
                true => self.tell_layer(top, LayerInput::Action(Action::Leave)),
                false => Vec::new(),
            };
        }
        let now = self.shared.now;
        let takes_text = self.layers.last().is_some_and(|layer| layer.takes_text());
        let repeats = self
            .opened
            .is_some_and(|(at, by)| now - at < GUARD_MS && by == key);
        if let KeyCode::Char(c) = key.code
            && takes_text
            && !key.ctrl
            && !key.alt
        {
            return match repeats {
                true => Vec::new(),
                false => self.tell_layer(top, LayerInput::Char(c)),
            };
        }
        let breaks =
            key == Key::ctrl('j') || (key.code == KeyCode::Enter && (key.alt || key.shift));
        if breaks && takes_text {
            return self.tell_layer(top, LayerInput::Char('\n'));
        }
        if key == Key::ctrl('c') {
            return self.tell_layer(top, LayerInput::Action(Action::Leave));
        }
        let Meaning::Action(action) = self.shared.keymap.meaning(&[key], true) else {
            return match key.code {
                KeyCode::Char(c) if !key.ctrl && !key.alt && !repeats => {
                    self.tell_layer(top, LayerInput::Char(c))
                }
                _ => Vec::new(),
            };
        };
        let confirms = matches!(action, Action::Confirm | Action::Send);
        let too_soon = self.stepped_at.is_some_and(|at| now - at < GUARD_MS);
        if confirms && (repeats || too_soon) {
            // A key that is held down goes on being refused until it is let go.
            self.stepped_at = Some(now);
            return Vec::new();
        }
        self.tell_layer(top, LayerInput::Action(action))
    }

    /// Whether the window has room for the top layer.
    fn top_is_seen(&self) -> bool {
        let top = self.layers.last();
        top.is_none_or(|top| self.shared.has_room(top.least()))
    }

    fn screen_key(&mut self, key: Key) -> Vec<Effect> {
        // Who has gone on stays where they are: what was opened is not selected under their hands.
        self.shared.opened = None;
        let now = self.shared.now;
        if now - self.begun_at > SEQUENCE_MS {
            self.begun.clear();
        }
        self.begun.push(key);
        self.begun_at = now;
        match self.shared.keymap.meaning(&self.begun, false) {
            Meaning::Begins => Vec::new(),
            Meaning::Action(action) => {
                self.begun.clear();
                self.act_by(action, key)
            }
            Meaning::Nothing if self.begun.len() > 1 => {
                self.begun.clear();
                self.screen_key(key)
            }
            Meaning::Nothing => {
                self.begun.clear();
                if key == Key::ctrl('c') {
                    let back = self.shared.keymap.label(Action::Back);
                    self.shared.tell(format!("{back} quits the board."));
                }
                Vec::new()
            }
        }
    }

    fn act_by(&mut self, action: Action, key: Key) -> Vec<Effect> {
        let before = self.layers.len();
        let effects = self.act(action);
        if self.layers.len() > before {
            self.opened = Some((self.shared.now, key));
        }
        effects
    }
}
