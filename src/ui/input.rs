//! What a viewer did, free of any terminal's spelling. Which key means what stands in the keymap, not here.

/// One thing that came from a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key was pressed or repeats.
    Key(Key),
    /// Text was pasted as a whole; it is text, never keys. As received, not yet safe to draw.
    Paste(String),
    /// The window has a new size, in cells; never 0.
    Resize {
        /// Columns.
        w: u16,
        /// Rows.
        h: u16,
    },
    /// The window became the one that gets keys.
    FocusGained,
    /// Another window gets the keys.
    FocusLost,
    /// The terminal answered a question.
    Reply(TerminalReply),
}

/// An answer of the terminal itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerminalReply {
    /// To "what are you" (`CSI c`): everything sent before the question has been taken in.
    Attributes,
    /// The background's colour (OSC 11).
    Background {
        /// Red.
        r: u8,
        /// Green.
        g: u8,
        /// Blue.
        b: u8,
    },
}

/// A key with what was held down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which key; a character is the one meant, so `G`, not `g` with shift.
    pub code: KeyCode,
    /// Control.
    pub ctrl: bool,
    /// Alt, or an `Esc` sent just before.
    pub alt: bool,
    /// Shift; never set for characters, whose case tells it.
    pub shift: bool,
}

impl Key {
    /// A key with nothing held down.
    pub const fn plain(code: KeyCode) -> Key {
        Key {
            code,
            ctrl: false,
            alt: false,
            shift: false,
        }
    }

    /// A character with nothing held down.
    pub const fn char(c: char) -> Key {
        Key::plain(KeyCode::Char(c))
    }

    /// A character with control held down.
    pub const fn ctrl(c: char) -> Key {
        Key {
            ctrl: true,
            ..Key::char(c)
        }
    }
}

/// The keys that a terminal can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyCode {
    /// A character, as typed.
    Char(char),
    /// Enter, on the keypad too.
    Enter,
    /// Escape, alone.
    Esc,
    /// Tab.
    Tab,
    /// Tab with shift.
    BackTab,
    /// Deletes backwards.
    Backspace,
    /// Deletes forwards.
    Delete,
    /// Arrow.
    Up,
    /// Arrow.
    Down,
    /// Arrow.
    Left,
    /// Arrow.
    Right,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// One screen back.
    PageUp,
    /// One screen on.
    PageDown,
    /// A function key, from 1.
    F(u8),
}
