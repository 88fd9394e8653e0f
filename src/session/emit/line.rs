//! One row of cells as text with SGR sequences and nothing else: for scrollback, pipes and pagers, where nothing moves.

use ratatui::buffer::Cell;

use super::pen::{self, Pen};
use super::{Depth, is_plain_blank, look_of, symbol_of};

/// The row, without blanks at its end, in the default look at both ends.
pub fn line(cells: &[Cell], depth: Depth) -> Vec<u8> {
    let last = cells.iter().rposition(|cell| !is_plain_blank(cell));
    let cells = cells.get(..last.map_or(0, |i| i + 1)).unwrap_or_default();
    let (mut out, mut now) = (Vec::new(), Pen::DEFAULT);
    let mut i = 0;
    while let Some(cell) = cells.get(i) {
        let (symbol, wide) = symbol_of(cell, cells.get(i + 1..).unwrap_or_default());
        let wanted = look_of(cell, symbol).pen(depth);
        if wanted != now {
            pen::change(Some(now), wanted, &mut out);
            now = wanted;
        }
        out.extend_from_slice(symbol.as_bytes());
        i += wide.max(1);
    }
    if now != Pen::DEFAULT {
        pen::change(Some(now), Pen::DEFAULT, &mut out);
    }
    out
}
