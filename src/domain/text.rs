//! Text from outside, made fit to be drawn or printed: `SafeText`, widths in terminal cells, cutting and filling.
//! Nothing here draws, and nothing here changes what is stored: the raw text stays beside the shown one.

use std::fmt;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub mod markup;
pub mod near;
mod table;

pub use table::is_hidden;

/// How many combining marks one character keeps; real scripts need no more than four.
const MARKS_MAX: usize = 4;
/// How many joiners one emoji sequence keeps; the longest in use has three.
const JOINERS_MAX: usize = 4;
/// How many cells one grapheme may fill before it is split: a chain of conjuncts would not be drawn at all.
const CLUSTER_CELLS_MAX: usize = 8;

/// Text that can be written to a terminal: controls, escapes, bidirectional and invisible characters stand as `<U+202E>`,
/// floods of combining marks are cut to four and counted as `<+196>`, a leading mark is named. Idempotent.
///
/// The text as received is kept for copying and is reached by [`SafeText::raw`] alone.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct SafeText {
    shown: Box<str>,
    /// `None` when it is the same as `shown`, which it nearly always is.
    raw: Option<Box<str>>,
    width: u32,
}

impl SafeText {
    /// One line: every line break and tab becomes a space.
    pub fn line(text: &str) -> SafeText {
        SafeText::new(text, false)
    }

    /// Several lines: `\n` stays (and `\r\n` becomes it), a tab becomes four spaces.
    pub fn multi(text: &str) -> SafeText {
        SafeText::new(text, true)
    }

    fn new(text: &str, multi: bool) -> SafeText {
        if text.bytes().all(|b| matches!(b, b' '..=b'~')) {
            let width = u32::try_from(text.len()).unwrap_or(u32::MAX);
            return SafeText {
                shown: text.into(),
                raw: None,
                width,
            };
        }
        let shown = split_clusters(clean(text, multi));
        let width = shown.split('\n').map(width).max().unwrap_or(0);
        let raw = (shown != text).then(|| text.into());
        SafeText {
            shown: shown.into(),
            raw,
            width: u32::try_from(width).unwrap_or(u32::MAX),
        }
    }

    /// What may be drawn.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// What was received; for the clipboard and for comparing, never for drawing.
    pub fn raw(&self) -> &str {
        self.raw.as_deref().unwrap_or(&self.shown)
    }

    /// Whether something had to be changed to show it.
    pub fn is_changed(&self) -> bool {
        self.raw.is_some()
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// Cells the text fills, of its widest line if there are several.
    pub fn width(&self) -> usize {
        self.width as usize
    }

    /// The shown lines; one for a `line`.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.shown.split('\n')
    }

    /// The text cut to at most `cells`, with `…` in its last cell if it was cut.
    pub fn truncated(&self, cells: usize) -> String {
        truncated(&self.shown, cells, '…')
    }

    /// As [`SafeText::truncated`], with `~` for terminals that are asked to stay within ASCII.
    pub fn truncated_ascii(&self, cells: usize) -> String {
        truncated(&self.shown, cells, '~')
    }

    /// The text in exactly `cells`: cut with `…`, or filled with spaces.
    pub fn fit(&self, cells: usize) -> String {
        fit(&self.shown, cells, '…')
    }

    /// As [`SafeText::fit`], with `~`.
    pub fn fit_ascii(&self, cells: usize) -> String {
        fit(&self.shown, cells, '~')
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.shown, f)
    }
}

impl From<&str> for SafeText {
    fn from(text: &str) -> SafeText {
        SafeText::line(text)
    }
}

/// Cells that a safe text of one line fills: the sum over its graphemes, as it is drawn.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.graphemes(true).map(grapheme_width).sum()
}

/// Cells that one grapheme fills. Half-width voiced marks count one, as terminals draw them, not zero as the tables say.
pub fn grapheme_width(grapheme: &str) -> usize {
    if grapheme.len() == 1 {
        return 1;
    }
    grapheme.width()
        + grapheme
            .chars()
            .filter(|c| matches!(c, '\u{FF9E}' | '\u{FF9F}'))
            .count()
}

/// A safe text cut to at most `cells`, with `mark` in its last cell if it was cut.
pub fn truncated(text: &str, cells: usize, mark: char) -> String {
    cut(text, cells, mark).0
}

/// A safe text in exactly `cells`: cut with `mark`, or filled with spaces.
pub fn fit(text: &str, cells: usize, mark: char) -> String {
    let (mut out, used) = cut(text, cells, mark);
    out.extend(std::iter::repeat_n(' ', cells.saturating_sub(used)));
    out
}

fn cut(text: &str, cells: usize, mark: char) -> (String, usize) {
    let whole = width(text);
    if whole <= cells {
        let mut out = String::with_capacity(text.len() + (cells - whole).min(512));
        out.push_str(text);
        return (out, whole);
    }
    let Some(room) = cells.checked_sub(1) else {
        return (String::new(), 0);
    };
    let (mut out, mut used) = (String::with_capacity(text.len().min(cells * 4)), 0);
    for grapheme in text.graphemes(true) {
        let wide = grapheme_width(grapheme);
        if used + wide > room {
            break;
        }
        out.push_str(grapheme);
        used += wide;
    }
    out.push(mark);
    (out, used + 1)
}

/// JSON for a terminal: every character outside ASCII, and every control, becomes `\uXXXX`; the meaning stays the same.
///
/// In JSON such characters stand only inside strings, so the whole text can be treated alike.
pub fn json_ascii(json: &str) -> String {
    use fmt::Write;
    let mut out = String::with_capacity(json.len() + json.len() / 8);
    let mut units = [0; 2];
    for c in json.chars() {
        match c {
            '\n' | ' '..='~' => out.push(c),
            // Outside a string these are blanks, inside they are not JSON at all.
            '\r' | '\t' => out.push(' '),
            _ => {
                for unit in c.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out
}

/// What the characters before the present one allow.
#[derive(Default)]
struct Before {
    /// There is a character on this line that a mark can sit on.
    base: bool,
    marks: usize,
    joiners: usize,
    dropped: usize,
    /// The last character written belongs to an emoji, so that a joiner or a selector may follow.
    emoji: bool,
}

impl Before {
    fn settle(&mut self, out: &mut String) {
        use fmt::Write;
        if self.dropped > 0 {
            let _ = write!(out, "<+{}>", self.dropped);
        }
        *self = Before {
            base: true,
            ..Before::default()
        };
    }

    fn name(&mut self, c: char, out: &mut String) {
        use fmt::Write;
        self.settle(out);
        let _ = write!(out, "<U+{:04X}>", c as u32);
    }
}

fn clean(text: &str, multi: bool) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = Before::default();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        match c {
            '\r' if next == Some('\n') => {}
            '\n' => {
                before.settle(&mut out);
                before.base = !multi;
                out.push(if multi { '\n' } else { ' ' });
            }
            '\t' => {
                before.settle(&mut out);
                out.push_str(if multi { "    " } else { " " });
            }
            '\u{200D}'
                // After a flood of marks nothing joins: what tells of the flood would come between.
                if before.emoji
                    && before.dropped == 0
                    && before.joiners < JOINERS_MAX
                    && next.is_some_and(table::is_pictograph) =>
            {
                before.joiners += 1;
                before.emoji = false;
                out.push(c);
            }
            '\u{FE0E}' | '\u{FE0F}' if selects(c, &before, out.chars().next_back(), next) => {
                // One selector a character: the joiner may still follow it, another selector may not.
                before.marks = MARKS_MAX;
                out.push(c);
            }
            _ if is_hidden(c) => before.name(c, &mut out),
            _ if table::is_skin_tone(c) || UnicodeWidthChar::width(c).unwrap_or(0) == 0 => {
                mark(c, &mut before, &mut out)
            }
            _ => {
                let joined = out.ends_with('\u{200D}');
                let joiners = before.joiners;
                before.settle(&mut out);
                before.joiners = if joined { joiners } else { 0 };
                before.emoji = table::is_pictograph(c);
                out.push(c);
            }
        }
    }
    before.settle(&mut out);
    out
}

/// A selector has a meaning on an emoji that has none yet, and between a digit and the keycap.
fn selects(selector: char, before: &Before, last: Option<char>, next: Option<char>) -> bool {
    let keycap = selector == '\u{FE0F}'
        && matches!(last, Some('0'..='9' | '#' | '*'))
        && next == Some('\u{20E3}');
    before.marks == 0 && (keycap || before.emoji && last.is_some_and(table::is_pictograph))
}

fn mark(c: char, before: &mut Before, out: &mut String) {
    if !before.base {
        before.name(c, out);
    } else if table::is_skin_tone(c) && !before.emoji && before.marks == 0 {
        // Alone it is an ordinary picture of a colour.
        before.settle(out);
        before.marks = 1;
        out.push(c);
    } else if before.marks < MARKS_MAX || c == '\u{20E3}' && out.ends_with('\u{FE0F}') {
        before.marks += 1;
        out.push(c);
    } else {
        before.dropped += 1;
    }
}

/// Splits graphemes that fill too many cells, which would otherwise be drawn as one or not at all, and names those that
/// fill none, such as a vowel of Hangul without its consonant, and joiners that join nothing.
fn split_clusters(text: String) -> String {
    const JOINER: char = '\u{200D}';
    let odd = |g: &str| g.len() > 1 && !(1..=CLUSTER_CELLS_MAX).contains(&grapheme_width(g));
    if !text.graphemes(true).any(|g| odd(g) || g.ends_with(JOINER)) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for grapheme in text.graphemes(true) {
        // What follows is no emoji to whoever draws it: a cut behind the joiner would join it to the mark of the cut.
        let (grapheme, joins_nothing) = match grapheme.strip_suffix(JOINER) {
            Some(before) => (before, true),
            None => (grapheme, false),
        };
        if odd(grapheme) {
            split(grapheme, &mut out);
        } else {
            out.push_str(grapheme);
        }
        if joins_nothing {
            Before::default().name(JOINER, &mut out);
        }
    }
    out
}

fn split(grapheme: &str, out: &mut String) {
    let nothing = grapheme_width(grapheme) == 0;
    let mut cells = 0;
    for c in grapheme.chars() {
        let wide = UnicodeWidthChar::width(c).unwrap_or(0);
        if nothing {
            Before::default().name(c, out);
            continue;
        }
        if wide > 0 && cells + wide > CLUSTER_CELLS_MAX / 2 {
            out.push_str("<+>");
            cells = 0;
        }
        cells += wide;
        out.push(c);
    }
}

#[cfg(test)]
mod tests;
