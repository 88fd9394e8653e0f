//! How well a theme can be read: contrast by WCAG 2.1 (relative luminance), named colours against the xterm palette.
//! The terminal's own colour is taken as white on black and as black on white; both must do.

use ratatui::style::{Color, Modifier};

use super::{Role, Theme};

/// Contrast that text needs (WCAG 2.1, 1.4.3).
pub const FOR_TEXT: f64 = 4.5;
/// Contrast that a countdown needs (WCAG 2.1, 1.4.6).
pub const FOR_CLOCK: f64 = 7.0;
/// Contrast that lines need (WCAG 2.1, 1.4.11).
pub const FOR_LINE: f64 = 3.0;

/// Red, green and blue, 0 to 255 each.
pub type Rgb = [u8; 3];

/// What the terminal's own background may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// White on black.
    Black,
    /// Black on white.
    White,
}

/// xterm's first sixteen colours.
const XTERM: [Rgb; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];

/// Too little contrast in one role of a theme.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Faint {
    /// The role that is hard to read.
    pub role: Role,
    /// The role whose ground it stands on: `Text` for the theme's own.
    pub on: Role,
    /// The terminal it was computed for.
    pub ground: Ground,
    /// What it has.
    pub ratio: f64,
    /// What it needs.
    pub needed: f64,
}

impl std::fmt::Display for Faint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (role, on) = (self.role.name(), self.on.name());
        write!(
            f,
            "role {role} on the ground of {on}, {:?} terminal: contrast {:.1}:1, needs {:.1}:1",
            self.ground, self.ratio, self.needed
        )
    }
}

/// Every role that cannot be read well, on its own ground and on a selected row, on either terminal.
pub fn faint(theme: &Theme) -> Vec<Faint> {
    let mut found = Vec::new();
    for ground in [Ground::Black, Ground::White] {
        for &role in Role::ALL {
            let needed = match role {
                role if role.is_clock() => FOR_CLOCK,
                role if role.is_line() => FOR_LINE,
                _ => FOR_TEXT,
            };
            for on in [Role::Text, Role::Selected] {
                let ratio = contrast(theme, role, on, ground);
                if ratio < needed {
                    found.push(Faint {
                        role,
                        on,
                        ground,
                        ratio,
                        needed,
                    });
                }
            }
        }
    }
    found
}

/// The contrast of a role's letters with what is behind them, when they stand on the ground of `on`.
pub fn contrast(theme: &Theme, role: Role, on: Role, ground: Ground) -> f64 {
    let style = match on {
        Role::Text => theme.style(role),
        on => theme.style_on(role, on),
    };
    let letters = rgb(style.fg.unwrap_or_default(), ground, false);
    let behind = rgb(style.bg.unwrap_or_default(), ground, true);
    // Terminals draw faint text about half way between the two colours.
    let letters = match style.add_modifier.contains(Modifier::DIM) {
        true => [0, 1, 2].map(|at| middle(letters, behind, at)),
        false => letters,
    };
    ratio(letters, behind)
}

fn middle(a: Rgb, b: Rgb, at: usize) -> u8 {
    let part = |rgb: Rgb| rgb.get(at).copied().unwrap_or_default();
    part(a).midpoint(part(b))
}

/// The contrast of two colours, from 1 to 21; the order does not matter.
pub fn ratio(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(rgb: Rgb) -> f64 {
    let [r, g, b] = rgb.map(|part| {
        let part = f64::from(part) / 255.0;
        match part <= 0.04045 {
            true => part / 12.92,
            false => ((part + 0.055) / 1.055).powf(2.4),
        }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// What a terminal shows for a colour, by the xterm palette; `behind` asks for the background.
pub fn rgb(colour: Color, ground: Ground, behind: bool) -> Rgb {
    let index = match colour {
        Color::Rgb(r, g, b) => return [r, g, b],
        Color::Reset if behind == (ground == Ground::Black) => return [0, 0, 0],
        Color::Reset => return [255, 255, 255],
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
        Color::Indexed(index) => index,
    };
    indexed(index)
}

/// The 256 colours as xterm has them: sixteen named, which others paint a little differently, a cube of six steps, 24 greys.
pub fn indexed(index: u8) -> Rgb {
    if let Some(rgb) = XTERM.get(usize::from(index)) {
        return *rgb;
    }
    if index >= 232 {
        return [8 + 10 * (index - 232); 3];
    }
    let step = |level: u8| if level == 0 { 0 } else { 55 + 40 * level };
    let cube = index - 16;
    [step(cube / 36), step(cube / 6 % 6), step(cube % 6)]
}
