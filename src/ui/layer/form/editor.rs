//! A text being written, with its cursor. What was typed is kept as typed; only a paste is cleaned, and only of what
//! cannot be seen. Nothing here draws.

use unicode_segmentation::UnicodeSegmentation;

use crate::domain::text::is_hidden;

/// Most bytes a field holds, whatever is pasted; far above every limit that is told.
const BYTES: usize = 128 * 1024;

/// A text and the place where the next character goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Editor {
    text: String,
    /// A byte offset, always between two graphemes or at an end.
    cursor: usize,
    /// Whether it may have several lines.
    lines: bool,
}

impl Editor {
    /// An empty text of one line, or of several.
    pub fn new(lines: bool) -> Editor {
        Editor {
            lines,
            ..Editor::default()
        }
    }

    /// The text as typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands before the cursor, and what after it.
    pub fn halves(&self) -> (&str, &str) {
        self.text.split_at_checked(self.cursor).unwrap_or(("", ""))
    }

    /// Whether it may have several lines.
    pub fn has_lines(&self) -> bool {
        self.lines
    }

    /// Another text, the cursor at its end.
    pub fn set(&mut self, text: &str) {
        text.clone_into(&mut self.text);
        self.cursor = self.text.len();
    }

    /// A character typed.
    pub fn insert(&mut self, c: char) {
        if c == '\0' || (c.is_control() && !(c == '\n' && self.lines)) {
            return;
        }
        self.put(&c.to_string());
    }

    /// A text pasted: what cannot be seen is left out, line breaks become spaces where there is one line.
    pub fn paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let clean: String = text
            .chars()
            .filter_map(|c| match c {
                '\n' if self.lines => Some('\n'),
                '\n' | '\t' => Some(' '),
                // Inside emoji these are letters like others; alone they are marked when drawn.
                '\u{200D}' | '\u{FE0F}' => Some(c),
                _ if c.is_control() || is_hidden(c) => None,
                _ => Some(c),
            })
            .collect();
        self.put(&clean);
    }

    fn put(&mut self, text: &str) {
        let room = BYTES.saturating_sub(self.text.len());
        let mut end = text.len().min(room);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let Some(text) = text.get(..end) else {
            return;
        };
        self.text.insert_str(self.cursor, text);
        self.cursor += text.len();
    }

    fn before(&self) -> usize {
        let last = self.halves().0.graphemes(true).next_back();
        self.cursor - last.map_or(0, str::len)
    }

    fn after(&self) -> usize {
        let next = self.halves().1.graphemes(true).next();
        self.cursor + next.map_or(0, str::len)
    }

    /// One to the left; false at the start.
    pub fn left(&mut self) -> bool {
        self.go(self.before())
    }

    /// One to the right; false at the end.
    pub fn right(&mut self) -> bool {
        self.go(self.after())
    }

    /// To the start of the line.
    pub fn to_start(&mut self) {
        let start = self.halves().0.rfind('\n').map_or(0, |at| at + 1);
        self.cursor = start;
    }

    /// To the end of the line.
    pub fn to_end(&mut self) {
        let more = self.halves().1;
        let end = more.find('\n').unwrap_or(more.len());
        self.cursor += end;
    }

    /// One line up, at about the same column; false on the first.
    pub fn up(&mut self) -> bool {
        let (before, _) = self.halves();
        let Some(end) = before.rfind('\n') else {
            return false;
        };
        let column = before
            .get(end + 1..)
            .map_or(0, |line| line.graphemes(true).count());
        let start = before
            .get(..end)
            .and_then(|above| above.rfind('\n'))
            .map_or(0, |at| at + 1);
        let line = before.get(start..end).unwrap_or_default();
        let cursor = start + prefix(line, column);
        self.go(cursor)
    }

    /// One line down, at about the same column; false on the last.
    pub fn down(&mut self) -> bool {
        let (before, after) = self.halves();
        let Some(end) = after.find('\n') else {
            return false;
        };
        let column = before
            .rsplit('\n')
            .next()
            .map_or(0, |line| line.graphemes(true).count());
        let below = after.get(end + 1..).unwrap_or_default();
        let line = below.split('\n').next().unwrap_or_default();
        let cursor = self.cursor + end + 1 + prefix(line, column);
        self.go(cursor)
    }

    fn go(&mut self, to: usize) -> bool {
        let moved = to != self.cursor;
        self.cursor = to;
        moved
    }

    /// Erases the character before the cursor; false where there is none.
    pub fn erase_back(&mut self) -> bool {
        self.cut(self.before(), self.cursor)
    }

    /// Erases the character after the cursor; false where there is none.
    pub fn erase_forward(&mut self) -> bool {
        self.cut(self.cursor, self.after())
    }

    /// Erases the word before the cursor and the spaces after it.
    pub fn erase_word(&mut self) -> bool {
        let before = self.halves().0;
        let word = before.trim_end();
        let start = word
            .rfind(char::is_whitespace)
            .map_or(0, |at| at + word.get(at..).and_then(first_len).unwrap_or(1));
        self.cut(start, self.cursor)
    }

    /// Erases to the start of the line.
    pub fn erase_line(&mut self) -> bool {
        let start = self.halves().0.rfind('\n').map_or(0, |at| at + 1);
        self.cut(start, self.cursor)
    }

    fn cut(&mut self, from: usize, to: usize) -> bool {
        if from >= to || self.text.get(from..to).is_none() {
            return false;
        }
        self.text.replace_range(from..to, "");
        self.cursor = from;
        true
    }
}

fn first_len(text: &str) -> Option<usize> {
    text.chars().next().map(char::len_utf8)
}

/// Bytes of the first `count` graphemes.
fn prefix(line: &str, count: usize) -> usize {
    line.graphemes(true).take(count).map(str::len).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_moves_by_what_is_seen_and_erases_words() {
        let mut editor = Editor::new(false);
        editor.paste("scope e\u{301} widened again");
        editor.erase_word();
        assert_eq!(editor.text(), "scope e\u{301} widened ");
        editor.erase_word();
        assert!(editor.left() && editor.erase_back());
        assert_eq!(editor.text(), "scope  ");
        editor.to_start();
        assert!(!editor.left());
        editor.insert('>');
        assert!(editor.erase_forward());
        assert_eq!(editor.text(), ">cope  ");
        editor.to_end();
        editor.erase_line();
        assert_eq!(editor.text(), "");
        assert!(!editor.erase_back() && !editor.erase_word());
    }

    #[test]
    fn a_paste_is_text_without_what_cannot_be_seen() {
        let hostile = "a\u{1b}[31mb\0\u{202e}c\r\nd\te\u{7}";
        let mut line = Editor::new(false);
        line.paste(hostile);
        assert_eq!(line.text(), "a[31mbc d e");
        let mut lines = Editor::new(true);
        lines.paste(hostile);
        assert_eq!(lines.text(), "a[31mbc\nd e");
        let mut full = Editor::new(true);
        full.paste(&"\u{e4}".repeat(BYTES));
        assert!(full.text().len() <= BYTES);
    }

    #[test]
    fn lines_are_walked_at_about_the_same_column() {
        let mut editor = Editor::new(true);
        editor.paste("first line\nab\nthird");
        assert!(editor.up());
        assert_eq!(editor.halves().0, "first line\nab");
        assert!(editor.up());
        assert_eq!(editor.halves().0, "fi");
        assert!(!editor.up());
        assert!(editor.down() && editor.down() && !editor.down());
        assert_eq!(editor.halves().0, "first line\nab\nth");
    }
}
