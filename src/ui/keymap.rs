//! Which key means what: one table, from which footer, help, palette and the README's list are made. A view never
//! asks for a key; it is told an action.

use super::input::{Key, KeyCode};

/// Where a key is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// Everywhere but in a dialog.
    Global,
    /// Where a list or a table stands.
    List,
    /// On one incident, from a list too.
    Incident,
    /// In a dialog.
    Dialog,
}

impl Place {
    /// Its name in help and README.
    pub const fn title(self) -> &'static str {
        match self {
            Place::Global => "everywhere",
            Place::List => "lists",
            Place::Incident => "the incident",
            Place::Dialog => "dialogs",
        }
    }
}

macro_rules! actions {
    ($($place:ident $variant:ident $name:literal [$($key:literal),*] $short:literal $long:literal;)+) => {
        /// What a person wants of the screen.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action { $(#[doc = $long] $variant),+ }

        impl Action {
            /// Every action, in the order of help.
            pub const ALL: &'static [Action] = &[$(Action::$variant),+];

            /// The name in the configuration's `[keys]`.
            pub const fn name(self) -> &'static str {
                match self { $(Action::$variant => $name),+ }
            }

            /// Where it is meant.
            pub const fn place(self) -> Place {
                match self { $(Action::$variant => Place::$place),+ }
            }

            /// A word or two, for the footer.
            pub const fn short(self) -> &'static str {
                match self { $(Action::$variant => $short),+ }
            }

            /// What it does, for help and palette.
            pub const fn long(self) -> &'static str {
                match self { $(Action::$variant => $long),+ }
            }

            const fn defaults(self) -> &'static [&'static str] {
                match self { $(Action::$variant => &[$($key),*]),+ }
            }
        }
    };
}

actions! {
    Global Lanes "lanes" ["1"] "lanes" "lanes: incidents by phase";
    Global Teams "teams" ["2"] "teams" "teams: who owns what, and what is vacant";
    Global Clocks "clocks" ["3"] "clocks" "clocks: every duty and its deadline";
    Global People "people" ["4"] "people" "people: vacancies, pages, who sits where";
    Global Filter "filter" ["/"] "filter" "filter the lists";
    Global Palette "palette" [":"] "all actions" "choose an action by name";
    Global Help "help" ["?"] "keys" "the keys that work here";
    Global Escape "escape" ["Esc"] "back" "back one layer; never quits";
    Global Back "back" ["q"] "back" "back; at the root, quit";
    Global Mine "mine" ["m"] "mine" "only mine: seats, my team's, its pages";
    Global Zone "zone" ["Z"] "zone" "instants in UTC, the entity's zone, mine";
    Global Fold "fold" ["z"] "fold" "fold or unfold what is finished";
    Global Silence "silence" ["s"] "silence" "silence what rings, on all boards";
    Global Who "who" ["W"] "who" "who is connected";
    Global BreakGlass "break-glass" [] "break glass" "break the glass of a restricted incident";
    Global AskNow "ask-now" ["Ctrl-R"] "ask now" "ask every source now";
    Global Redraw "redraw" ["Ctrl-L"] "redraw" "draw the screen anew";
    Global Suspend "suspend" ["Ctrl-Z"] "suspend" "suspend the board as a job";

    List Down "down" ["j", "Down"] "down" "one down";
    List Up "up" ["k", "Up"] "up" "one up";
    List Left "left" ["h", "Left"] "left" "lane or column to the left";
    List Right "right" ["l", "Right"] "right" "lane or column to the right";
    List First "first" ["gg", "Home"] "first" "to the first";
    List Last "last" ["G", "End"] "last" "to the last";
    List HalfDown "half-down" ["Ctrl-D", "PageDown"] "half a screen down" "half a screen down";
    List HalfUp "half-up" ["Ctrl-U", "PageUp"] "half a screen up" "half a screen up";
    List PreviousUrgent "previous-urgent" ["["] "more urgent" "the next more urgent incident";
    List NextUrgent "next-urgent" ["]"] "less urgent" "the next less urgent incident";
    List NextMatch "next-match" ["n"] "next match" "the next match";
    List PreviousMatch "previous-match" ["N"] "previous match" "the previous match";
    List Pane "pane" ["Tab"] "pane" "the next pane";
    List Look "look" ["Enter"] "look" "look closer";
    List Open "open" ["+"] "open" "open an incident";

    Incident Forward "forward" [">"] "forward" "move to the next phase";
    Incident LoopBack "loop-back" ["<"] "loop back" "loop back to detection and analysis";
    Incident Page "page" ["p"] "page" "page teams";
    Incident Acknowledge "acknowledge" ["a"] "acknowledge" "acknowledge my team's page";
    Incident Write "write" ["w"] "write" "write an entry";
    Incident Time "time" ["t"] "time" "record when something happened";
    Incident Edit "edit" ["e"] "edit" "edit fields";
    Incident Roles "roles" ["r"] "roles" "seats and deciders";
    Incident StandDown "stand-down" ["x"] "stand down" "stand down a page";
    Incident Undo "undo" ["u"] "undo" "undo my last move";
    Incident CopyId "copy-id" ["y"] "copy id" "copy the id";
    Incident Links "links" ["o"] "links" "bridge, channel and other links";
    Incident Declare "declare" ["D"] "declare" "declare a customer-reportable breach";
    Incident Sent "sent" ["S"] "sent" "record a notification as sent";
    Incident Hold "hold" ["H"] "hold" "hold or release a duty";
    Incident Verdict "verdict" ["V"] "verdict" "applies, no notice, not reportable";
    Incident Shelve "shelve" ["A"] "shelve" "shelve an alarm, or take it off the shelf";
    Incident Lesson "lesson" ["L"] "lesson" "lessons and the review";
    Incident Restrict "restrict" ["R"] "restrict" "restrict to people, or lift it";
    Incident HandOver "hand-over" ["T"] "hand over" "hand over or take a seat";
    Incident Close "close" ["Q"] "close" "close, dismiss, reopen";

    Dialog NextField "next-field" ["Tab"] "next" "the next field";
    Dialog PreviousField "previous-field" ["S-Tab"] "previous" "the previous field";
    Dialog Tick "tick" ["Space"] "tick" "tick or untick";
    Dialog Confirm "confirm" ["Enter"] "confirm" "go on; on the last field, do it";
    Dialog Send "send" ["y"] "send" "send what reaches people";
    Dialog Leave "leave" ["Esc"] "leave" "leave; the draft is kept";
    Dialog ChooseUp "choose-up" ["Up"] "up" "the choice above";
    Dialog ChooseDown "choose-down" ["Down"] "down" "the choice below";
    Dialog ChooseLeft "choose-left" ["Left"] "left" "to the left";
    Dialog ChooseRight "choose-right" ["Right"] "right" "to the right";
    Dialog ToStart "to-start" ["Home", "Ctrl-A"] "start" "to the start of the field";
    Dialog ToEnd "to-end" ["End", "Ctrl-E"] "end" "to the end of the field";
    Dialog PageBack "page-back" ["PageUp"] "page up" "a screen up";
    Dialog PageOn "page-on" ["PageDown"] "page down" "a screen down";
    Dialog EraseBack "erase-back" ["Backspace", "Ctrl-H"] "erase" "erase backwards";
    Dialog EraseForward "erase-forward" ["Delete"] "erase on" "erase forwards";
    Dialog EraseWord "erase-word" ["Ctrl-W"] "erase word" "erase the word before";
    Dialog EraseLine "erase-line" ["Ctrl-U"] "erase all" "erase to the start of the field";
}

impl Action {
    /// The action of this configuration name.
    pub fn named(name: &str) -> Option<Action> {
        Action::ALL
            .iter()
            .copied()
            .find(|action| action.name() == name.replace('_', "-"))
    }
}

/// One or two keys, one after the other.
type Sequence = Vec<Key>;

/// What a key came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The action is complete.
    Action(Action),
    /// The beginning of a longer sequence.
    Begins,
    /// Nothing.
    Nothing,
}

/// A key that the configuration names and that does not exist, or is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    #[error("'{0}' is no action; 'warboard board --once --screen help' lists them")]
    NoAction(String),
    #[error("'{0}' is no key; write one as '>', 'Ctrl-R', 'Enter', 'F5' or two characters as 'gg'")]
    NoKey(String),
    #[error("'{key}' already means '{taken}'; give that another key first")]
    Taken { key: String, taken: &'static str },
}

/// The table in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    bindings: Vec<(Sequence, Action)>,
}

impl Default for Keymap {
    fn default() -> Keymap {
        let bindings = Action::ALL.iter().flat_map(|action| {
            let keys = action.defaults().iter().filter_map(|name| sequence(name));
            keys.map(|keys| (keys, *action))
        });
        Keymap {
            bindings: bindings.collect(),
        }
    }
}

impl Keymap {
    /// Gives actions other keys, all at once, so that two can change places.
    ///
    /// # Errors
    /// For a name that is no action, a text that is no key, and a key that two actions of one place would have.
    pub fn with(overrides: &[(String, String)]) -> Result<Keymap, KeymapError> {
        let mut keymap = Keymap::default();
        let mut added = Vec::new();
        for (name, key) in overrides {
            let action = Action::named(name).ok_or_else(|| KeymapError::NoAction(name.clone()))?;
            let keys = sequence(key).ok_or_else(|| KeymapError::NoKey(key.clone()))?;
            keymap.bindings.retain(|(_, bound)| *bound != action);
            added.push((keys, action));
        }
        keymap.bindings.extend(added);
        for (i, (keys, action)) in keymap.bindings.iter().enumerate() {
            let taken = keymap.bindings.iter().skip(i + 1).find(|(other, taken)| {
                let meet = other.starts_with(keys) || keys.starts_with(other);
                let both_in_dialogs =
                    (taken.place() == Place::Dialog) == (action.place() == Place::Dialog);
                meet && both_in_dialogs && taken != action
            });
            if taken.is_some() {
                return Err(KeymapError::Taken {
                    key: spell(keys),
                    taken: action.name(),
                });
            }
        }
        Ok(keymap)
    }

    /// What keys, one after the other, mean outside of dialogs, or in them.
    pub fn meaning(&self, keys: &[Key], dialog: bool) -> Meaning {
        let here = || {
            let fits = move |action: &Action| (action.place() == Place::Dialog) == dialog;
            self.bindings.iter().filter(move |(_, action)| fits(action))
        };
        if let Some((_, action)) = here().find(|(bound, _)| bound == keys) {
            return Meaning::Action(*action);
        }
        match here().any(|(bound, _)| bound.starts_with(keys)) {
            true => Meaning::Begins,
            false => Meaning::Nothing,
        }
    }

    /// How the first key of an action is written: `>`, `Ctrl-R`.
    pub fn label(&self, action: Action) -> String {
        let bound = self.bindings.iter().find(|(_, bound)| *bound == action);
        bound.map(|(keys, _)| spell(keys)).unwrap_or_default()
    }

    /// Every key of an action, written.
    pub fn labels(&self, action: Action) -> Vec<String> {
        let bound = self.bindings.iter().filter(|(_, bound)| *bound == action);
        bound.map(|(keys, _)| spell(keys)).collect()
    }

    /// What leads to an action, as help writes it: its keys, or that it is found by name.
    pub fn ways(&self, action: Action) -> Vec<String> {
        match self.labels(action) {
            none if none.is_empty() => {
                let palette = self.label(Action::Palette);
                let word = action.short().split(' ').next().unwrap_or_default();
                vec![format!("{palette}{word}")]
            }
            keys => keys,
        }
    }

    /// The table as Markdown, for the README.
    pub fn markdown(&self) -> String {
        let mut text = String::from("| where | key | does |\n|---|---|---|\n");
        for action in Action::ALL {
            let keys: Vec<String> = self
                .ways(*action)
                .iter()
                .map(|key| format!("`{key}`"))
                .collect();
            let row = (action.place().title(), keys.join(" "), action.long());
            text.push_str(&format!("| {} | {} | {} |\n", row.0, row.1, row.2));
        }
        text
    }
}

/// Reads a key's name: `>`, `Ctrl-R`, `S-Tab`, `Enter`, `F5`, or two characters as `gg`.
fn sequence(name: &str) -> Option<Sequence> {
    if let Some(key) = key(name) {
        return Some(vec![key]);
    }
    let keys: Option<Sequence> = name.chars().map(|c| key(&c.to_string())).collect();
    keys.filter(|keys| keys.len() == 2)
}

/// Reads the name of one key.
pub(super) fn key(name: &str) -> Option<Key> {
    if let Some(rest) = name.strip_prefix("Ctrl-") {
        let mut chars = rest.chars();
        let c = chars.next().filter(|_| chars.next().is_none())?;
        return Some(Key::ctrl(c.to_ascii_lowercase()));
    }
    let mut chars = name.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return Some(Key::char(c));
    }
    let code = match name {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "S-Tab" => KeyCode::BackTab,
        "Space" => KeyCode::Char(' '),
        "Backspace" => KeyCode::Backspace,
        "Delete" => KeyCode::Delete,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "PageUp" => KeyCode::PageUp,
        "PageDown" => KeyCode::PageDown,
        _ => KeyCode::F(
            name.strip_prefix('F')?
                .parse()
                .ok()
                .filter(|n| (1..=12).contains(n))?,
        ),
    };
    Some(Key::plain(code))
}

fn spell(keys: &[Key]) -> String {
    keys.iter().map(|key| spell_one(*key)).collect()
}

fn spell_one(key: Key) -> String {
    let name = match key.code {
        KeyCode::Char(' ') => "Space".to_owned(),
        KeyCode::Char(c) if key.ctrl => c.to_ascii_uppercase().to_string(),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::BackTab => "S-Tab".to_owned(),
        KeyCode::F(n) => format!("F{n}"),
        other => format!("{other:?}"),
    };
    if key.ctrl {
        format!("Ctrl-{name}")
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_key_and_no_key_means_two_things_in_one_place() {
        for action in Action::ALL {
            for name in action.defaults() {
                assert!(sequence(name).is_some(), "{name} of {}", action.name());
            }
            assert_eq!(Action::named(action.name()), Some(*action));
        }
        assert_eq!(Keymap::with(&[]), Ok(Keymap::default()));
    }

    #[test]
    fn a_key_means_its_action_and_two_keys_make_one() {
        let keymap = Keymap::default();
        let g = Key::char('g');
        assert_eq!(
            keymap.meaning(&[Key::char('>')], false),
            Meaning::Action(Action::Forward)
        );
        assert_eq!(keymap.meaning(&[g], false), Meaning::Begins);
        assert_eq!(
            keymap.meaning(&[g, g], false),
            Meaning::Action(Action::First)
        );
        assert_eq!(
            keymap.meaning(&[g, Key::char('x')], false),
            Meaning::Nothing
        );
        assert_eq!(keymap.meaning(&[Key::char('>')], true), Meaning::Nothing);
        assert_eq!(
            keymap.meaning(&[Key::char('y')], true),
            Meaning::Action(Action::Send)
        );
        assert_eq!(keymap.label(Action::AskNow), "Ctrl-R");
    }

    #[test]
    fn overrides_move_keys_and_refuse_what_is_taken() {
        let given = |pairs: &[(&str, &str)]| {
            let owned: Vec<_> = pairs
                .iter()
                .map(|(a, k)| ((*a).to_owned(), (*k).to_owned()))
                .collect();
            Keymap::with(&owned)
        };
        let keymap = given(&[("forward", "F5"), ("loop_back", ">")]).unwrap();
        assert_eq!(
            keymap.meaning(&[Key::char('>')], false),
            Meaning::Action(Action::LoopBack)
        );
        assert_eq!(keymap.label(Action::Forward), "F5");
        assert!(matches!(
            given(&[("forward", "p")]),
            Err(KeymapError::Taken { .. })
        ));
        assert!(matches!(
            given(&[("forwards", "p")]),
            Err(KeymapError::NoAction(_))
        ));
        assert!(matches!(
            given(&[("forward", "Hyper-X")]),
            Err(KeymapError::NoKey(_))
        ));
        assert!(matches!(
            given(&[("forward", "g")]),
            Err(KeymapError::Taken { .. })
        ));
    }
}
