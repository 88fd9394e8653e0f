//! The colours and attributes that the terminal writes with, and the shortest SGR sequence from one set to another.

use ratatui::style::{Color, Modifier};

/// What the next character will look like. Colours are already those that the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pen {
    pub(super) fg: Color,
    pub(super) bg: Color,
    pub(super) modifier: Modifier,
}

impl Pen {
    pub(super) const DEFAULT: Pen = Pen {
        fg: Color::Reset,
        bg: Color::Reset,
        modifier: Modifier::empty(),
    };
}

/// Attribute, code that sets it, code that ends it. Bold and dim share their end.
const ATTRIBUTES: [(Modifier, u8, u8); 9] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// Writes the shorter of "change what differs" and "reset, then set everything". An unknown pen is always reset.
pub(super) fn change(from: Option<Pen>, to: Pen, out: &mut Vec<u8>) {
    let mut fresh = Codes::default();
    fresh.code(0);
    fresh.set(Pen::DEFAULT, to);
    let best = match from {
        Some(from) => {
            let mut step = Codes::default();
            step.end(from, to);
            let ended = Pen {
                modifier: step.left(from, to),
                ..from
            };
            step.set(ended, to);
            if step.len <= fresh.len { step } else { fresh }
        }
        None => fresh,
    };
    out.extend_from_slice(b"\x1b[");
    // `CSI m` alone is `CSI 0 m`.
    out.extend_from_slice(if best.bytes() == b"0" {
        b""
    } else {
        best.bytes()
    });
    out.push(b'm');
}

/// SGR parameters; two 24-bit colours and every attribute stay below 64 bytes.
struct Codes {
    bytes: [u8; 80],
    len: usize,
}

impl Default for Codes {
    fn default() -> Codes {
        Codes {
            bytes: [0; 80],
            len: 0,
        }
    }
}

impl Codes {
    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
    }

    fn code(&mut self, n: u8) {
        if self.len > 0 {
            self.push(b';');
        }
        if n >= 100 {
            self.push(b'0' + n / 100);
        }
        if n >= 10 {
            self.push(b'0' + n / 10 % 10);
        }
        self.push(b'0' + n % 10);
    }

    /// Ends the attributes that `to` has not.
    fn end(&mut self, from: Pen, to: Pen) {
        let mut last = 0;
        for (attribute, _, off) in ATTRIBUTES {
            if from.modifier.contains(attribute) && !to.modifier.contains(attribute) && last != off
            {
                self.code(off);
                last = off;
            }
        }
    }

    /// What of `from` is still set after [`Codes::end`].
    fn left(&self, from: Pen, to: Pen) -> Modifier {
        let mut left = from.modifier;
        for (attribute, _, off) in ATTRIBUTES {
            if from.modifier.contains(attribute) && !to.modifier.contains(attribute) {
                for (other, _, same) in ATTRIBUTES {
                    if same == off {
                        left.remove(other);
                    }
                }
            }
        }
        left
    }

    fn set(&mut self, from: Pen, to: Pen) {
        for (attribute, on, _) in ATTRIBUTES {
            if to.modifier.contains(attribute) && !from.modifier.contains(attribute) {
                self.code(on);
            }
        }
        if from.fg != to.fg {
            self.colour(to.fg, 30);
        }
        if from.bg != to.bg {
            self.colour(to.bg, 40);
        }
    }

    /// `base` is 30 for the foreground, 40 for the background.
    fn colour(&mut self, colour: Color, base: u8) {
        let named = |n: u8| if n < 8 { base + n } else { base + 60 + n - 8 };
        let code = match colour {
            Color::Reset => base + 9,
            Color::Black => named(0),
            Color::Red => named(1),
            Color::Green => named(2),
            Color::Yellow => named(3),
            Color::Blue => named(4),
            Color::Magenta => named(5),
            Color::Cyan => named(6),
            Color::Gray => named(7),
            Color::DarkGray => named(8),
            Color::LightRed => named(9),
            Color::LightGreen => named(10),
            Color::LightYellow => named(11),
            Color::LightBlue => named(12),
            Color::LightMagenta => named(13),
            Color::LightCyan => named(14),
            Color::White => named(15),
            Color::Indexed(n @ 0..=15) => named(n),
            Color::Indexed(n) => {
                return [base + 8, 5, n]
                    .into_iter()
                    .for_each(|code| self.code(code));
            }
            Color::Rgb(r, g, b) => {
                return [base + 8, 2, r, g, b]
                    .into_iter()
                    .for_each(|code| self.code(code));
            }
        };
        self.code(code);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sgr(from: Option<Pen>, to: Pen) -> String {
        let mut out = Vec::new();
        change(from, to, &mut out);
        String::from_utf8(out).unwrap().replace('\u{1b}', "^")
    }

    #[test]
    fn the_shorter_way_is_taken() {
        let plain = Pen::DEFAULT;
        let red = Pen {
            fg: Color::Red,
            ..plain
        };
        let bold = Pen {
            modifier: Modifier::BOLD,
            ..red
        };
        let dim = Pen {
            modifier: Modifier::DIM,
            ..red
        };
        let loud = Pen {
            fg: Color::Rgb(1, 2, 3),
            bg: Color::Indexed(208),
            modifier: Modifier::BOLD | Modifier::REVERSED,
        };
        assert_eq!(sgr(Some(plain), red), "^[31m");
        assert_eq!(sgr(Some(red), bold), "^[1m");
        assert_eq!(sgr(Some(bold), red), "^[22m");
        assert_eq!(sgr(Some(bold), dim), "^[22;2m");
        assert_eq!(sgr(Some(loud), plain), "^[m");
        assert_eq!(sgr(None, red), "^[0;31m");
        assert_eq!(sgr(Some(plain), loud), "^[1;7;38;2;1;2;3;48;5;208m");
        assert_eq!(
            sgr(
                Some(red),
                Pen {
                    fg: Color::LightCyan,
                    bg: Color::DarkGray,
                    ..plain
                }
            ),
            "^[96;100m"
        );
    }
}
