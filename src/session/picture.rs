//! One frame as something to keep: text, ANSI bytes, SVG, HTML. The same cells that a terminal would show; what they say is
//! `ui`'s.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;

use super::emit::{Depth, line};
use crate::domain::text::markup::push_escaped;
use crate::ui::{self, App};

mod html;
pub mod look;

use look::{GROUND, Look, hex};

/// Height of the letters of a picture, in pixels.
const FONT: f64 = 14.0;
/// A cell of that font: DejaVu Sans Mono's own advance, and the height at which box drawing joins.
const CELL_W: f64 = 8.4287;
const CELL_H: f64 = 16.3;
/// Room around the cells.
const MARGIN: f64 = 10.0;

/// A frame drawn away from any terminal.
#[derive(Debug)]
pub struct Frame {
    buffer: Buffer,
}

impl Frame {
    /// An empty one of this size.
    pub fn new(w: u16, h: u16) -> Frame {
        Frame {
            buffer: Buffer::empty(Rect::new(0, 0, w, h)),
        }
    }

    /// What a viewer sees now.
    pub fn draw(&mut self, app: &App) {
        self.buffer.reset();
        ui::draw(app, &mut self.buffer);
    }

    /// The rows as text, without blanks at their ends.
    pub fn rows(&self) -> Vec<String> {
        rows(&self.buffer)
    }

    /// As plain text.
    pub fn text(&self) -> String {
        text(&self.buffer)
    }

    /// As lines with SGR sequences.
    pub fn ansi(&self, depth: Depth) -> Vec<u8> {
        ansi(&self.buffer, depth)
    }

    /// As a picture.
    pub fn svg(&self) -> String {
        svg(&self.buffer)
    }

    /// As a page of its own.
    pub fn html(&self) -> String {
        html::html(&self.buffer)
    }
}

fn rows(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width).max(1);
    let row = |cells: &[Cell]| {
        let text: String = cells.iter().map(Cell::symbol).collect();
        text.trim_end().to_owned()
    };
    buffer.content.chunks(width).map(row).collect()
}

fn text(buffer: &Buffer) -> String {
    let mut text = rows(buffer).join("\n");
    text.push('\n');
    text
}

fn ansi(buffer: &Buffer, depth: Depth) -> Vec<u8> {
    let width = usize::from(buffer.area.width).max(1);
    let mut out = Vec::new();
    for cells in buffer.content.chunks(width) {
        out.extend(line(cells, depth));
        out.push(b'\n');
    }
    out
}

/// A place for every letter, so that columns stay columns in every viewer.
fn svg(buffer: &Buffer) -> String {
    let (w, h) = (buffer.area.width, buffer.area.height);
    let width = f64::from(w) * CELL_W + 2.0 * MARGIN;
    let height = f64::from(h) * CELL_H + 2.0 * MARGIN;
    let ground = hex(GROUND);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.1} {height:.1}\" shape-rendering=\"crispEdges\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"{ground}\"/>\n\
         <g font-family=\"'DejaVu Sans Mono','Liberation Mono',Menlo,Consolas,monospace\" font-size=\"{FONT}\" xml:space=\"preserve\">\n"
    );
    for y in 0..h {
        let mut x = 0;
        while x < w {
            let Some(first) = buffer.cell((x, y)) else {
                break;
            };
            let mut end = x + 1;
            while end < w && buffer.cell((end, y)).is_some_and(|cell| like(cell, first)) {
                end += 1;
            }
            run(&mut svg, buffer, (x, end, y), &Look::of(first));
            x = end;
        }
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

fn like(a: &Cell, b: &Cell) -> bool {
    a.fg == b.fg && a.bg == b.bg && a.modifier == b.modifier
}

/// A stretch of one look: its ground, then its letters.
fn run(svg: &mut String, buffer: &Buffer, (x, end, y): (u16, u16, u16), look: &Look) {
    let (letters, ground) = (hex(look.letters), hex(look.ground));
    let (left, top) = (
        MARGIN + f64::from(x) * CELL_W,
        MARGIN + f64::from(y) * CELL_H,
    );
    if look.ground != GROUND {
        let width = f64::from(end - x) * CELL_W;
        let _ = writeln!(
            svg,
            "<rect x=\"{left:.2}\" y=\"{top:.2}\" width=\"{width:.2}\" height=\"{CELL_H:.2}\" fill=\"{ground}\"/>"
        );
    }
    let mut text = String::new();
    // A word has a place of its own, and so has a sign that another font may draw wider: columns stay columns.
    let mut place = true;
    for at in x..end {
        let symbol = buffer.cell((at, y)).map_or(" ", Cell::symbol);
        if symbol.trim().is_empty() {
            place = true;
            continue;
        }
        if place || !symbol.is_ascii() {
            let left = MARGIN + f64::from(at) * CELL_W;
            let _ = write!(
                text,
                "{}<tspan x=\"{left:.2}\">",
                if text.is_empty() { "" } else { "</tspan>" }
            );
        }
        place = !symbol.is_ascii();
        push_escaped(symbol, &mut text);
    }
    if text.is_empty() {
        return;
    }
    let weight = if look.bold {
        " font-weight=\"bold\""
    } else {
        ""
    };
    let line = if look.underlined {
        " text-decoration=\"underline\""
    } else {
        ""
    };
    let faint = if look.dim { " opacity=\"0.7\"" } else { "" };
    let base = top + CELL_H * 0.76;
    let _ = writeln!(
        svg,
        "<text y=\"{base:.2}\" fill=\"{letters}\"{weight}{line}{faint}>{text}</tspan></text>"
    );
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Modifier, Style};

    use super::*;

    fn buffer() -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 2));
        buffer.set_string(0, 0, "a<b", Style::new().fg(Color::Red));
        buffer.set_string(1, 1, "é", Style::new().add_modifier(Modifier::REVERSED));
        buffer
    }

    #[test]
    fn a_frame_is_told_in_every_form() {
        assert_eq!(text(&buffer()), "a<b\n é\n");
        let ansi = String::from_utf8(ansi(&buffer(), Depth::Ansi16)).unwrap();
        assert_eq!(ansi.lines().count(), 2);
        assert!(ansi.contains("a<b") && ansi.contains('é'), "{ansi:?}");
        assert!(
            !ansi.contains("\x1b[2J") && !ansi.contains("\x1b[H"),
            "{ansi:?}"
        );
        let svg = svg(&buffer());
        assert!(svg.contains(">a&lt;b</tspan></text>"), "{svg}");
        assert_eq!(svg.matches("<rect").count(), 2);
    }

    #[test]
    fn a_page_holds_its_rows_as_text_and_nothing_that_runs() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 2));
        buffer.set_string(0, 0, "a<b", Style::new().fg(Color::Red));
        buffer.set_string(0, 1, "<i>&\"'", Style::new().fg(Color::Indexed(196)));
        let page = html::html(&buffer);
        assert!(page.contains(">a&lt;b</span>\n"), "{page}");
        assert!(
            page.contains(">&lt;i&gt;&amp;&quot;&#39;</span>\n"),
            "{page}"
        );
        assert!(page.contains("color:#ff0000"), "{page}");
        assert!(!page.contains("<script") && !page.contains("<i>"), "{page}");
        // A class for each look that stands there, and every span has one of them.
        assert_eq!(page.matches("<span class=\"l").count(), 2, "{page}");
        assert!(page.contains(".l0{") && page.contains(".l1{"), "{page}");
    }

    #[test]
    fn signs_fill_as_many_cells_as_the_row_has() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 1));
        buffer.set_string(0, 0, "a漢\u{1F468}\u{200D}\u{1F469}", Style::new());
        let signs: Vec<_> = look::signs(&buffer.content).collect();
        let told: Vec<_> = signs.iter().map(|sign| (sign.text, sign.cells)).collect();
        assert_eq!(
            told[..3],
            [("a", 1), ("漢", 2), ("\u{1F468}\u{200D}\u{1F469}", 2)]
        );
        assert_eq!(signs.iter().map(|sign| sign.cells).sum::<usize>(), 8);
        let mut blank = Buffer::empty(Rect::new(0, 0, 2, 1));
        blank.content[0].set_symbol("\u{1b}");
        assert_eq!(look::signs(&blank.content).next().unwrap().text, "?");
    }
}
