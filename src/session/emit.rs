//! From cells to bytes: the difference between what the terminal shows and what it should, in as few bytes as we can, one
//! write a frame. Holds the one picture of what is on the wire; what the cells say is `ui`'s, when to send is `pace`'s.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use crate::domain::text::{grapheme_width, is_hidden};

mod depth;
mod line;
mod moves;
mod pen;
#[cfg(test)]
mod tests;

pub use depth::Depth;
pub use line::line;
use moves::Cursor;
use pen::Pen;

/// Begin of a synchronized update: the terminal shows what follows at once (mode 2026; unknown to others, ignored by them).
const SYNC_BEGIN: &[u8] = b"\x1b[?2026h";
const SYNC_END: &[u8] = b"\x1b[?2026l";
/// Below this a frame is taken in at once anyway, and the 16 bytes would show.
const SYNC_OVER: usize = 256;
/// Attributes that show on an empty cell.
const ON_BLANKS: Modifier = Modifier::UNDERLINED
    .union(Modifier::REVERSED)
    .union(Modifier::CROSSED_OUT);

/// Turns cells into bytes for one terminal, and remembers what that terminal shows.
#[derive(Debug)]
pub struct Emitter {
    /// What the terminal shows. The right half of a wide character is an empty symbol; blanks carry only what shows on them.
    front: Buffer,
    depth: Depth,
    cursor: Cursor,
    pen: Option<Pen>,
    /// The terminal is in an unknown state: the next frame begins by clearing it.
    lost: bool,
    out: Vec<u8>,
    taken: bool,
    scratch: Vec<Cell>,
}

impl Emitter {
    /// For a terminal of this size about which nothing is known; the first frame clears it.
    pub fn new(w: u16, h: u16, depth: Depth) -> Emitter {
        let front = Buffer::empty(Rect::new(0, 0, w, h));
        let out = SYNC_BEGIN.to_vec();
        Emitter {
            front,
            depth,
            cursor: Cursor::default(),
            pen: None,
            lost: true,
            out,
            taken: false,
            scratch: Vec::new(),
        }
    }

    /// What the terminal shows once everything taken has arrived.
    pub fn front(&self) -> &Buffer {
        &self.front
    }

    /// The terminal's size as the emitter knows it.
    pub fn area(&self) -> Rect {
        self.front.area
    }

    /// The terminal has another size now. What it did to its content nobody knows, so the next frame draws everything.
    pub fn resize(&mut self, w: u16, h: u16) {
        self.front = Buffer::empty(Rect::new(0, 0, w, h));
        self.invalidate();
    }

    /// Something else wrote to the terminal: the next frame clears it and draws everything.
    pub fn invalidate(&mut self) {
        self.lost = true;
    }

    /// Adds what makes the terminal show `back`. A buffer of another size is taken as a resize.
    pub fn draw(&mut self, back: &Buffer) {
        self.open();
        if back.area != self.front.area {
            self.resize(back.area.width, back.area.height);
        }
        if self.lost {
            self.clear();
        }
        let w = usize::from(back.area.width);
        for (y, row) in back
            .content
            .chunks_exact(w.max(1))
            .enumerate()
            .take(usize::from(back.area.height))
        {
            self.row(y, 0, row);
        }
    }

    /// Adds a text at a place, cut at the right edge; cells that already show it cost nothing. Colours that `style` leaves
    /// open stay as they are shown.
    pub fn patch(&mut self, x: u16, y: u16, text: &str, style: Style) {
        let (w, start) = (usize::from(self.front.area.width), usize::from(x));
        if self.lost || y >= self.front.area.height || start >= w {
            return;
        }
        self.open();
        let line = usize::from(y) * w;
        let mut cells = std::mem::take(&mut self.scratch);
        cells.clear();
        let Some(shown) = self.front.content.get(line..line + w) else {
            return;
        };
        // Half a wide character cannot stay: what the text begins or ends within becomes blank as a whole.
        let from = (0..=start)
            .rev()
            .find(|&i| shown.get(i).is_some_and(|c| !c.symbol().is_empty()))
            .unwrap_or(start);
        cells.extend((from..start).map(|_| Cell::EMPTY));
        for grapheme in text.graphemes(true) {
            let wide = grapheme_width(grapheme);
            let at = from + cells.len();
            if at + wide > w {
                break;
            }
            let Some(mut cell) = shown.get(at).cloned() else {
                break;
            };
            cell.set_symbol(grapheme);
            cell.set_style(style);
            cells.push(cell);
            cells.extend((1..wide).map(|_| Cell::EMPTY));
        }
        while shown
            .get(from + cells.len())
            .is_some_and(|c| c.symbol().is_empty())
        {
            cells.push(Cell::EMPTY);
        }
        self.row(usize::from(y), from, &cells);
        self.scratch = cells;
    }

    /// Adds bytes that move nothing and colour nothing: a question to the terminal, a bell, a clipboard write.
    pub fn append(&mut self, bytes: &[u8]) {
        self.open();
        self.out.extend_from_slice(bytes);
    }

    /// Bytes waiting to be taken.
    pub fn pending(&self) -> usize {
        if self.taken {
            0
        } else {
            self.out.len().saturating_sub(SYNC_BEGIN.len())
        }
    }

    /// The bytes of this frame, for one write; empty if nothing visible changed.
    pub fn take(&mut self) -> &[u8] {
        self.open();
        self.taken = true;
        if self.out.len() - SYNC_BEGIN.len() <= SYNC_OVER {
            return self.out.get(SYNC_BEGIN.len()..).unwrap_or_default();
        }
        self.out.extend_from_slice(SYNC_END);
        &self.out
    }

    /// [`Emitter::draw`] and [`Emitter::take`].
    pub fn frame(&mut self, back: &Buffer) -> &[u8] {
        self.draw(back);
        self.take()
    }

    /// Starts a new frame if the last one was taken. The head for a synchronized update always stands in front.
    fn open(&mut self) {
        if self.taken {
            self.out.truncate(SYNC_BEGIN.len());
            self.out.shrink_to(16 * 1024);
            self.taken = false;
        }
    }

    fn clear(&mut self) {
        self.out.extend_from_slice(b"\x1b[m\x1b[H\x1b[2J");
        self.front.reset();
        self.pen = Some(Pen::DEFAULT);
        self.cursor = Cursor::at(0, 0);
        self.lost = false;
    }

    /// Brings the cells of row `y` from column `first` on to what `new` says.
    fn row(&mut self, y: usize, first: usize, new: &[Cell]) {
        let w = usize::from(self.front.area.width);
        let line = y * w;
        let to_edge = first + new.len() == w;
        let blank_from = if to_edge {
            new.iter()
                .rposition(|cell| !is_plain_blank(cell))
                .map_or(0, |i| i + 1)
        } else {
            new.len()
        };
        // Where a terminal that draws a sequence wider than we count may have written over its neighbours.
        let mut spilled_to = 0;
        let mut i = 0;
        while let Some(cell) = new.get(i) {
            let (symbol, wide) = symbol_of(cell, new.get(i + 1..).unwrap_or_default());
            let look = look_of(cell, symbol);
            let shown = self.front.content.get(line + first + i);
            let same = shown.is_some_and(|old| old.symbol() == symbol && look == Look::of(old));
            if same && i >= spilled_to {
                i += wide;
                continue;
            }
            if i >= blank_from && self.erase_pays(line + first + i, line + w) {
                self.erase(y, first + i);
                return;
            }
            self.put(first + i, y, symbol, wide, look);
            spilled_to = spilled_to.max(i + spill(symbol));
            i += wide;
        }
    }

    /// Whether erasing to the end of the line is shorter than writing its blanks.
    fn erase_pays(&self, from: usize, to: usize) -> bool {
        let row = self.front.content.get(from..to).unwrap_or_default();
        row.iter().filter(|old| !is_plain_blank(old)).count() > 6
    }

    fn erase(&mut self, y: usize, x: usize) {
        self.cursor.go(x, y, None, &mut self.out);
        let pen = self.pen.unwrap_or(Pen::DEFAULT);
        // Terminals erase with the present background.
        self.set_pen(Pen {
            bg: Color::Reset,
            modifier: pen.modifier - ON_BLANKS,
            ..pen
        });
        self.out.extend_from_slice(b"\x1b[K");
        let w = usize::from(self.front.area.width);
        if let Some(rest) = self.front.content.get_mut(y * w + x..(y + 1) * w) {
            rest.fill(Cell::EMPTY);
        }
    }

    fn put(&mut self, x: usize, y: usize, symbol: &str, wide: usize, look: Look) {
        let w = usize::from(self.front.area.width);
        let line = self
            .front
            .content
            .get(y * w..(y + 1) * w)
            .unwrap_or_default();
        let reuse = |from: usize| between(line, from, x, self.pen, self.depth);
        let gap = self.cursor.gap(x, y).and_then(reuse);
        self.cursor.go(x, y, gap.as_deref(), &mut self.out);
        let wanted = look.pen(self.depth);
        let pen = match self.pen {
            Some(pen) if symbol == " " && !look.modifier.intersects(ON_BLANKS) => Pen {
                fg: pen.fg,
                bg: wanted.bg,
                modifier: pen.modifier - ON_BLANKS,
            },
            _ => wanted,
        };
        self.set_pen(pen);
        self.out.extend_from_slice(symbol.as_bytes());
        self.cursor.wrote(wide, w, is_certain(symbol));
        if let Some(cells) = self.front.content.get_mut(y * w + x..y * w + x + wide) {
            for (i, cell) in cells.iter_mut().enumerate() {
                cell.set_symbol(if i == 0 { symbol } else { "" });
                (cell.fg, cell.bg, cell.modifier) = (look.fg, look.bg, look.modifier);
            }
        }
    }

    fn set_pen(&mut self, pen: Pen) {
        if self.pen != Some(pen) {
            pen::change(self.pen, pen, &mut self.out);
            self.pen = Some(pen);
        }
    }
}

/// How a cell looks, before the terminal's colour depth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Look {
    fn of(cell: &Cell) -> Look {
        Look {
            fg: cell.fg,
            bg: cell.bg,
            modifier: cell.modifier,
        }
    }

    fn pen(self, depth: Depth) -> Pen {
        Pen {
            fg: depth.convert(self.fg),
            bg: depth.convert(self.bg),
            modifier: self.modifier,
        }
    }
}

/// A cell's look without what cannot be seen on it.
fn look_of(cell: &Cell, symbol: &str) -> Look {
    let look = Look::of(cell);
    let modifier = look.modifier & ON_BLANKS;
    match symbol {
        " " if modifier.is_empty() => Look {
            fg: Color::Reset,
            bg: look.bg,
            modifier,
        },
        " " => Look { modifier, ..look },
        _ => look,
    }
}

fn is_plain_blank(cell: &Cell) -> bool {
    cell.symbol() == " " && cell.bg == Color::Reset && !cell.modifier.intersects(ON_BLANKS)
}

/// What to write for a cell and how many columns it fills. The last guard: nothing that a terminal would obey passes, and a
/// wide character that something else was drawn over, or that does not fit, is a blank.
pub(super) fn symbol_of<'a>(cell: &'a Cell, behind: &[Cell]) -> (&'a str, usize) {
    let symbol = cell.symbol();
    if let [b' '..=b'~'] = symbol.as_bytes() {
        return (symbol, 1);
    }
    let wide = grapheme_width(symbol);
    let acts = |c: char| is_hidden(c) && !matches!(c, '\u{200D}' | '\u{FE0E}' | '\u{FE0F}');
    if symbol.chars().any(acts) {
        return ("?", 1);
    }
    let covered = behind
        .get(..wide.saturating_sub(1))
        .is_some_and(|cells| cells.iter().all(|c| matches!(c.symbol(), " " | "")));
    if wide == 0 || !covered {
        (" ", 1)
    } else {
        (symbol, wide)
    }
}

/// Whether every terminal moves its cursor by as much as we count.
fn is_certain(symbol: &str) -> bool {
    let mut chars = symbol.chars();
    symbol.len() == 1 || matches!((chars.next(), chars.next()), (Some(c), None) if c < '\u{1F000}')
}

/// Columns that a terminal may use which draws each character of a sequence by itself.
fn spill(symbol: &str) -> usize {
    if is_certain(symbol) {
        0
    } else {
        symbol
            .chars()
            .map(|c| UnicodeWidthChar::width(c).unwrap_or(0))
            .sum()
    }
}

/// The bytes of the cells between cursor and target, if writing them again with the present pen shows the same.
fn between(
    line: &[Cell],
    from: usize,
    to: usize,
    pen: Option<Pen>,
    depth: Depth,
) -> Option<Vec<u8>> {
    let pen = pen?;
    let as_shown = |cell: &Cell| {
        let wanted = Look::of(cell).pen(depth);
        let blank = cell.symbol() == " "
            && wanted.bg == pen.bg
            && !(wanted.modifier | pen.modifier).intersects(ON_BLANKS);
        match cell.symbol().as_bytes() {
            [byte @ b' '..=b'~'] if blank || wanted == pen => Some(*byte),
            _ => None,
        }
    };
    line.get(from..to)?.iter().map(as_shown).collect()
}
