//! The few signs that are not letters, each with an ASCII stand-in of the same width in cells. Terminals that count
//! ambiguous-width characters as two, and screens without the font, get the stand-ins (`--ascii`).

use std::borrow::Cow;

use ratatui::symbols::border;

/// Which signs a screen may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Glyphs {
    /// Only ASCII.
    pub ascii: bool,
}

macro_rules! glyphs {
    ($($(#[$meta:meta])* $name:ident = $fine:literal / $plain:literal),+ $(,)?) => {
        /// Every sign with its stand-in.
        pub const ALL: &[(&str, &str)] = &[$(($fine, $plain)),+];

        impl Glyphs {
            $($(#[$meta])* pub const fn $name(self) -> &'static str {
                if self.ascii { $plain } else { $fine }
            })+
        }
    };
}

glyphs! {
    /// The loop between detection and containment.
    loops = "◄─►" / "<->",
    /// On to the next phase.
    forward = "──►" / "-->",
    /// The selected row.
    mark = "▸" / ">",
    /// Between two things on one line, spaces around it.
    dot = "·" / "|",
    /// A value that the caller's clearance hides.
    masked = "▒▒" / "##",
    /// Where text was cut.
    ellipsis = "…" / ">",
    /// More above.
    above = "▲" / "^",
    /// More below.
    below = "▼" / "v",
    /// From a value to its successor.
    becomes = "►" / ">",
    /// The source of this row is not live; the same everywhere.
    not_live = "~" / "~",
    /// A ticked box.
    ticked = "[x]" / "[x]",
    /// An empty box.
    unticked = "[ ]" / "[ ]",
    /// A horizontal rule, one cell.
    horizontal = "─" / "-",
    /// A vertical rule, one cell.
    vertical = "│" / "|",
    /// Corner.
    top_left = "┌" / "+",
    /// Corner.
    top_right = "┐" / "+",
    /// Corner.
    bottom_left = "└" / "+",
    /// Corner.
    bottom_right = "┘" / "+",
    /// A rule that meets the left frame.
    tee_left = "├" / "+",
    /// A rule that meets the right frame.
    tee_right = "┤" / "+",
    /// A column that begins.
    tee_top = "┬" / "+",
    /// A column that ends.
    tee_bottom = "┴" / "+",
    /// Where rules cross.
    cross = "┼" / "+",
    /// The place seen, in a scroll bar.
    thumb = "█" / "#",
    /// The rest of a scroll bar.
    track = "│" / ".",
}

impl Glyphs {
    /// A rule of `width` cells.
    pub fn rule(self, width: u16) -> String {
        self.horizontal().repeat(usize::from(width))
    }

    /// The frame of a dialog.
    pub const fn border(self) -> border::Set<'static> {
        border::Set {
            top_left: self.top_left(),
            top_right: self.top_right(),
            bottom_left: self.bottom_left(),
            bottom_right: self.bottom_right(),
            vertical_left: self.vertical(),
            vertical_right: self.vertical(),
            horizontal_top: self.horizontal(),
            horizontal_bottom: self.horizontal(),
        }
    }

    /// One of the board's own texts with its signs as this screen may show them. Not for texts from outside: those
    /// keep their letters.
    pub fn text(self, text: &str) -> Cow<'_, str> {
        if !self.ascii || text.is_ascii() {
            return Cow::Borrowed(text);
        }
        let mut plain = text.to_owned();
        for (fine, stand_in) in ALL.iter().filter(|(fine, _)| !fine.is_ascii()) {
            if plain.contains(fine) {
                plain = plain.replace(fine, stand_in);
            }
        }
        Cow::Owned(plain)
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn a_stand_in_is_ascii_and_as_wide_as_the_sign() {
        for (fine, plain) in ALL {
            assert!(plain.is_ascii(), "{plain}");
            assert_eq!(fine.width(), plain.width(), "{fine} and {plain}");
        }
    }

    #[test]
    fn a_text_of_ours_loses_its_signs_and_keeps_its_width() {
        let fine = " DETECTION 4 ◄─► CONTAINMENT 5 ──► POST · ▒▒ ▸ cut… ─┼─";
        let plain = Glyphs { ascii: true }.text(fine);
        let expected = " DETECTION 4 <-> CONTAINMENT 5 --> POST | ## > cut> -+-";
        assert_eq!(plain, expected);
        assert_eq!(plain.width(), fine.width());
        assert_eq!(Glyphs::default().text(fine), fine);
        assert_eq!(Glyphs { ascii: true }.rule(3), "---");
    }
}
