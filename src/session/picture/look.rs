//! How the cells of a row look away from a terminal: their signs with their widths, and colours as numbers. The three
//! forms with colours (SVG, HTML, the browser display) are made of these; which bytes a terminal gets is `emit`'s.

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier, Style};

use crate::session::emit::symbol_of;
use crate::ui::theme::contrast::{Ground, Rgb, rgb};

/// Where a theme leaves the letters to the terminal.
pub const LETTERS: Rgb = [0xd8, 0xda, 0xdd];
/// Where a theme leaves the ground to the terminal.
pub const GROUND: Rgb = [0x0c, 0x0f, 0x12];

/// The look of a cell in colours that need no terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Look {
    /// Of the letters, before `dim`.
    pub letters: Rgb,
    /// Behind the letters.
    pub ground: Rgb,
    pub bold: bool,
    pub underlined: bool,
    /// Letters stand back.
    pub dim: bool,
}

impl Look {
    fn new(fg: Color, bg: Color, modifier: Modifier) -> Look {
        let mut letters = match fg {
            Color::Reset => LETTERS,
            colour => rgb(colour, Ground::Black, false),
        };
        let mut ground = match bg {
            Color::Reset => GROUND,
            colour => rgb(colour, Ground::Black, true),
        };
        if modifier.contains(Modifier::REVERSED) {
            std::mem::swap(&mut letters, &mut ground);
        }
        Look {
            letters,
            ground,
            bold: modifier.contains(Modifier::BOLD),
            underlined: modifier.contains(Modifier::UNDERLINED),
            dim: modifier.contains(Modifier::DIM),
        }
    }

    /// Of a cell.
    pub fn of(cell: &Cell) -> Look {
        Look::new(cell.fg, cell.bg, cell.modifier)
    }

    /// Of a style, what it leaves open being the terminal's own.
    pub fn of_style(style: Style) -> Look {
        let colour = |colour: Option<Color>| colour.unwrap_or(Color::Reset);
        Look::new(colour(style.fg), colour(style.bg), style.add_modifier)
    }

    /// The colour that the letters have in the end.
    pub fn ink(&self) -> Rgb {
        if !self.dim {
            return self.letters;
        }
        let part = |rgb: Rgb, at: usize| u16::from(rgb.get(at).copied().unwrap_or_default());
        [0, 1, 2].map(|at| {
            let mixed = (7 * part(self.letters, at) + 3 * part(self.ground, at)) / 10;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        })
    }

    /// Whether an empty cell shows anything but the ground.
    pub fn shows_on_blanks(&self) -> bool {
        self.underlined
    }
}

/// `#rrggbb`.
pub fn hex([r, g, b]: Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// One sign of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign<'a> {
    pub text: &'a str,
    /// How many cells it fills.
    pub cells: usize,
    pub look: Look,
}

/// The signs of a row from left to right. What would act on a terminal is no sign: the guard is the emitter's own.
pub fn signs(row: &[Cell]) -> impl Iterator<Item = Sign<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let cell = row.get(at)?;
        let (text, cells) = symbol_of(cell, row.get(at + 1..).unwrap_or_default());
        at += cells;
        Some(Sign {
            text,
            cells,
            look: Look::of(cell),
        })
    })
}
