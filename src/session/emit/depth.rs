//! How many colours a terminal has, and the nearest ones it has to those asked for.

use ratatui::style::Color;

use crate::ui::theme::contrast::indexed;

/// A terminal's colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// No colours at all; attributes stay.
    None,
    /// The 16 named ones.
    #[default]
    Ansi16,
    /// The palette of 256.
    Palette256,
    /// 24 bits.
    True,
}

impl Depth {
    /// What a terminal's environment says of it: `NO_COLOR`, `COLORTERM`, `TERM`.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Depth {
        let value = |name| variable(name).unwrap_or_default();
        let (term, colorterm) = (value("TERM"), value("COLORTERM"));
        let full = [
            "-direct",
            "kitty",
            "ghostty",
            "alacritty",
            "wezterm",
            "foot",
            "contour",
        ];
        if !value("NO_COLOR").is_empty()
            || term == "dumb"
            || term.starts_with("vt1")
            || term.starts_with("vt2")
        {
            Depth::None
        } else if matches!(colorterm.as_str(), "truecolor" | "24bit")
            || full.iter().any(|name| term.contains(name))
        {
            Depth::True
        } else if term.contains("256color") {
            Depth::Palette256
        } else {
            Depth::Ansi16
        }
    }

    /// The nearest colour that a terminal of this depth has.
    pub(super) fn convert(self, colour: Color) -> Color {
        match (self, colour) {
            (Depth::None, _) => Color::Reset,
            (Depth::Palette256, Color::Rgb(r, g, b)) => Color::Indexed(nearest_256([r, g, b])),
            (Depth::Ansi16, Color::Rgb(r, g, b)) => Color::Indexed(nearest_16([r, g, b])),
            (Depth::Ansi16, Color::Indexed(n @ 16..)) => Color::Indexed(nearest_16(indexed(n))),
            (_, colour) => colour,
        }
    }
}

/// The steps of the palette's 6x6x6 cube.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// Red-mean distance: close to what an eye sees, without leaving integers.
fn distance(a: [u8; 3], b: [u8; 3]) -> i32 {
    let [r, g, b_] = std::array::from_fn(|i| match (a.get(i), b.get(i)) {
        (Some(&x), Some(&y)) => i32::from(x) - i32::from(y),
        _ => 0,
    });
    let mean = (i32::from(a[0]) + i32::from(b[0])) / 2;
    (((512 + mean) * r * r) >> 8) + 4 * g * g + (((767 - mean) * b_ * b_) >> 8)
}

fn nearest_16(rgb: [u8; 3]) -> u8 {
    (0..16)
        .min_by_key(|&n| distance(rgb, indexed(n)))
        .unwrap_or(7)
}

/// Never one of the first 16: those a person may have recoloured.
fn nearest_256(rgb: [u8; 3]) -> u8 {
    let step = |v: u8| {
        (0u8..6)
            .min_by_key(|&n| {
                (i32::from(CUBE.get(usize::from(n)).copied().unwrap_or(0)) - i32::from(v)).abs()
            })
            .unwrap_or(0)
    };
    let cube = 16 + 36 * step(rgb[0]) + 6 * step(rgb[1]) + step(rgb[2]);
    let mean = rgb.iter().map(|&v| u32::from(v)).sum::<u32>() / 3;
    let grey = 232
        + u8::try_from(mean.saturating_sub(3) / 10)
            .unwrap_or(23)
            .min(23);
    if distance(rgb, indexed(grey)) < distance(rgb, indexed(cube)) {
        grey
    } else {
        cube
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_tells_the_depth() {
        let table = [
            (
                vec![("TERM", "xterm-256color"), ("COLORTERM", "truecolor")],
                Depth::True,
            ),
            (vec![("TERM", "xterm-256color")], Depth::Palette256),
            (vec![("TERM", "xterm-kitty")], Depth::True),
            (vec![("TERM", "linux")], Depth::Ansi16),
            (vec![("TERM", "vt100")], Depth::None),
            (
                vec![("TERM", "dumb"), ("COLORTERM", "truecolor")],
                Depth::None,
            ),
            (vec![("TERM", "xterm"), ("NO_COLOR", "1")], Depth::None),
            (vec![("TERM", "xterm"), ("NO_COLOR", "")], Depth::Ansi16),
            (vec![], Depth::Ansi16),
        ];
        for (variables, expected) in table {
            let depth = Depth::of_environment(|name| {
                variables
                    .iter()
                    .find(|(n, _)| *n == name)
                    .map(|(_, v)| v.to_string())
            });
            assert_eq!(depth, expected, "{variables:?}");
        }
    }

    #[test]
    fn colours_become_the_nearest_there_is() {
        let orange = Color::Rgb(255, 135, 0);
        assert_eq!(Depth::True.convert(orange), orange);
        assert_eq!(Depth::Palette256.convert(orange), Color::Indexed(208));
        assert_eq!(
            Depth::Palette256.convert(Color::Rgb(8, 8, 8)),
            Color::Indexed(232)
        );
        assert_eq!(
            Depth::Palette256.convert(Color::Rgb(255, 255, 255)),
            Color::Indexed(231)
        );
        assert_eq!(
            Depth::Ansi16.convert(Color::Rgb(250, 10, 10)),
            Color::Indexed(9)
        );
        assert_eq!(
            Depth::Ansi16.convert(Color::Indexed(231)),
            Color::Indexed(15)
        );
        assert_eq!(Depth::Ansi16.convert(Color::Red), Color::Red);
        assert_eq!(Depth::None.convert(Color::Red), Color::Reset);
    }

    #[test]
    fn the_palette_is_its_own_nearest() {
        for n in 16..=255 {
            let [r, g, b] = indexed(n);
            let Color::Indexed(found) = Depth::Palette256.convert(Color::Rgb(r, g, b)) else {
                panic!()
            };
            assert_eq!(indexed(found), indexed(n));
        }
    }
}
