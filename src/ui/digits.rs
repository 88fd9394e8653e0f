//! Big digits for the wall: half-block letters three rows high, five on large screens and ten on very large ones, and
//! all in ASCII. Widths are fixed per sign and the same with and without ASCII, so a countdown that runs moves nothing
//! beside it.

use super::glyph::Glyphs;

/// Three rows of half blocks.
const FINE: &[(char, [&str; 3])] = &[
    ('0', ["▄▀▀▄", "█  █", "▀▄▄▀"]),
    ('1', [" ▄█ ", "  █ ", " ▄█▄"]),
    ('2', ["▀▀▀▄", " ▄▀ ", "█▄▄▄"]),
    ('3', ["▀▀▀▄", " ▀▀▄", "▄▄▄▀"]),
    ('4', ["█  █", "▀▀▀█", "   █"]),
    ('5', ["█▀▀▀", "▀▀▀▄", "▄▄▄▀"]),
    ('6', ["▄▀▀ ", "█▀▀▄", "▀▄▄▀"]),
    ('7', ["▀▀▀█", " ▄▀ ", " █  "]),
    ('8', ["▄▀▀▄", "▄▀▀▄", "▀▄▄▀"]),
    ('9', ["▄▀▀▄", "▀▄▄█", " ▄▄▀"]),
    ('T', ["▀█▀", " █ ", " █ "]),
    ('d', ["   █", "▄▀▀█", "▀▄▄█"]),
    ('-', ["   ", "▀▀▀", "   "]),
    ('+', [" ▄ ", "▀█▀", "   "]),
    (':', ["▄", " ", "▀"]),
    (' ', [" ", " ", " "]),
];

/// Five rows of half blocks, strokes two wide.
const FINE_LARGE: &[(char, [&str; 5])] = &[
    ('0', ["▄████▄", "██  ██", "██  ██", "██  ██", "▀████▀"]),
    ('1', [" ▄██  ", "▀▀██  ", "  ██  ", "  ██  ", "██████"]),
    ('2', ["▄████▄", "▀▀  ██", "  ▄██▀", "▄██▀  ", "██████"]),
    ('3', ["▄████▄", "▀▀  ██", "  ███ ", "▄▄  ██", "▀████▀"]),
    ('4', ["██  ██", "██  ██", "██████", "    ██", "    ██"]),
    ('5', ["██████", "██▄▄▄ ", "▀▀▀▀██", "▄▄  ██", "▀████▀"]),
    ('6', ["▄████▄", "██▄▄▄ ", "██▀▀██", "██  ██", "▀████▀"]),
    ('7', ["██████", "    ██", "   ██ ", "  ██  ", "  ██  "]),
    ('8', ["▄████▄", "██  ██", "▄████▄", "██  ██", "▀████▀"]),
    ('9', ["▄████▄", "██  ██", "██▄▄██", " ▀▀▀██", "▀████▀"]),
    ('T', ["██████", "  ██  ", "  ██  ", "  ██  ", "  ██  "]),
    ('d', ["    ██", " ▄▄▄██", "██▀▀██", "██  ██", "▀█████"]),
    ('-', ["    ", "    ", "████", "    ", "    "]),
    ('+', ["      ", "  ██  ", "██████", "  ██  ", "      "]),
    (':', ["  ", "██", "  ", "██", "  "]),
    (' ', ["  ", "  ", "  ", "  ", "  "]),
];

/// Three rows in ASCII.
const PLAIN: &[(char, [&str; 3])] = &[
    ('0', [" __ ", "|  |", "|__|"]),
    ('1', ["    ", "   |", "   |"]),
    ('2', [" __ ", " __|", "|__ "]),
    ('3', [" __ ", " __|", " __|"]),
    ('4', ["    ", "|__|", "   |"]),
    ('5', [" __ ", "|__ ", " __|"]),
    ('6', [" __ ", "|__ ", "|__|"]),
    ('7', [" __ ", "   |", "   |"]),
    ('8', [" __ ", "|__|", "|__|"]),
    ('9', [" __ ", "|__|", " __|"]),
    ('T', ["___", " | ", " | "]),
    ('d', ["    ", " __|", "|__|"]),
    ('-', ["   ", "---", "   "]),
    ('+', ["   ", "-+-", "   "]),
    (':', [" ", ".", "."]),
    (' ', [" ", " ", " "]),
];

/// Five rows in ASCII.
const PLAIN_LARGE: &[(char, [&str; 5])] = &[
    ('0', ["######", "##  ##", "##  ##", "##  ##", "######"]),
    ('1', ["  ##  ", "####  ", "  ##  ", "  ##  ", "######"]),
    ('2', ["######", "    ##", "######", "##    ", "######"]),
    ('3', ["######", "    ##", "  ####", "    ##", "######"]),
    ('4', ["##  ##", "##  ##", "######", "    ##", "    ##"]),
    ('5', ["######", "##    ", "######", "    ##", "######"]),
    ('6', ["######", "##    ", "######", "##  ##", "######"]),
    ('7', ["######", "    ##", "   ## ", "  ##  ", "  ##  "]),
    ('8', ["######", "##  ##", "######", "##  ##", "######"]),
    ('9', ["######", "##  ##", "######", "    ##", "######"]),
    ('T', ["######", "  ##  ", "  ##  ", "  ##  ", "  ##  "]),
    ('d', ["    ##", "    ##", "######", "##  ##", "######"]),
    ('-', ["    ", "    ", "####", "    ", "    "]),
    ('+', ["      ", "  ##  ", "######", "  ##  ", "      "]),
    (':', ["  ", "##", "  ", "##", "  "]),
    (' ', ["  ", "  ", "  ", "  ", "  "]),
];

/// The signs that can be written big.
pub const SIGNS: &str = "0123456789Td-+: ";

/// A countdown three rows high, one cell between signs. What cannot be written big is left out.
pub fn render(text: &str, glyphs: Glyphs) -> [String; 3] {
    compose(text, if glyphs.ascii { PLAIN } else { FINE }, 1)
}

/// A countdown five rows high, two cells between signs.
pub fn render_large(text: &str, glyphs: Glyphs) -> [String; 5] {
    compose(
        text,
        if glyphs.ascii {
            PLAIN_LARGE
        } else {
            FINE_LARGE
        },
        2,
    )
}

/// How high digits are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Three rows.
    Small,
    /// Five rows.
    Large,
    /// Ten rows: five, each cell twice as wide and twice as high.
    Huge,
}

impl Size {
    /// The largest that so many rows have room for.
    pub const fn within(rows: u16) -> Size {
        match rows {
            10.. => Size::Huge,
            5.. => Size::Large,
            _ => Size::Small,
        }
    }

    /// How many rows it takes.
    pub const fn height(self) -> u16 {
        match self {
            Size::Small => 3,
            Size::Large => 5,
            Size::Huge => 10,
        }
    }

    /// The rows of a text.
    pub fn rows(self, text: &str, glyphs: Glyphs) -> Vec<String> {
        match self {
            Size::Small => render(text, glyphs).to_vec(),
            Size::Large => render_large(text, glyphs).to_vec(),
            Size::Huge => {
                let rows = render_large(text, glyphs);
                let halves = |row| [twice(row, '▀'), twice(row, '▄')];
                rows.iter().flat_map(|row| halves(row)).collect()
            }
        }
    }

    /// How many cells the rows of a text take.
    pub fn width(self, text: &str) -> u16 {
        match self {
            Size::Small => width(text),
            Size::Large => width_large(text),
            Size::Huge => width_large(text).saturating_mul(2),
        }
    }
}

/// The upper or the lower half of a row, twice as wide and as high as a whole one: `half` is what stands in it alone.
fn twice(row: &str, half: char) -> String {
    let cell = |c: char| match c {
        '#' => "##",
        c if c == half || c == '█' => "██",
        _ => "  ",
    };
    row.chars().map(cell).collect()
}

/// How many cells `render` takes.
pub fn width(text: &str) -> u16 {
    measure(text, FINE, 1)
}

/// How many cells `render_large` takes.
pub fn width_large(text: &str) -> u16 {
    measure(text, FINE_LARGE, 2)
}

fn compose<const ROWS: usize>(
    text: &str,
    font: &[(char, [&str; ROWS])],
    gap: usize,
) -> [String; ROWS] {
    let mut rows = [const { String::new() }; ROWS];
    for c in text.chars() {
        let Some((_, glyph)) = font.iter().find(|(sign, _)| *sign == c) else {
            continue;
        };
        for (row, cells) in rows.iter_mut().zip(glyph) {
            if !row.is_empty() {
                row.extend(std::iter::repeat_n(' ', gap));
            }
            row.push_str(cells);
        }
    }
    rows
}

fn measure<const ROWS: usize>(text: &str, font: &[(char, [&str; ROWS])], gap: u16) -> u16 {
    let glyphs = text
        .chars()
        .filter_map(|c| font.iter().find(|(sign, _)| *sign == c));
    let widths = glyphs.filter_map(|(_, glyph)| u16::try_from(glyph.first()?.chars().count()).ok());
    widths
        .reduce(|sum, width| sum.saturating_add(gap).saturating_add(width))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    const BOTH: [Glyphs; 2] = [Glyphs { ascii: false }, Glyphs { ascii: true }];

    #[test]
    fn a_countdown_looks_as_in_the_sketch() {
        let rows = render("02:41", Glyphs::default());
        let expected = [
            "▄▀▀▄ ▀▀▀▄ ▄ █  █  ▄█ ",
            "█  █  ▄▀    ▀▀▀█   █ ",
            "▀▄▄▀ █▄▄▄ ▀    █  ▄█▄",
        ];
        assert_eq!(rows, expected);
        assert_eq!(width("02:41"), 21);
    }

    #[test]
    fn ascii_digits_are_ascii_and_as_wide() {
        let rows = render("02:41", Glyphs { ascii: true });
        let expected = [
            " __   __             ",
            "|  |  __| . |__|    |",
            "|__| |__  .    |    |",
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn every_sign_has_one_width_in_every_font_and_row() {
        for sign in SIGNS.chars() {
            let text = sign.to_string();
            for glyphs in BOTH {
                for row in render(&text, glyphs) {
                    assert_eq!(row.width(), usize::from(width(&text)), "{sign:?} {row:?}");
                    assert!(!glyphs.ascii || row.is_ascii());
                }
                for row in render_large(&text, glyphs) {
                    assert_eq!(
                        row.width(),
                        usize::from(width_large(&text)),
                        "{sign:?} {row:?}"
                    );
                    assert!(!glyphs.ascii || row.is_ascii());
                }
            }
        }
    }

    #[test]
    fn huge_digits_are_large_ones_twice_as_wide_and_high() {
        let rows = Size::Huge.rows("1-", Glyphs::default());
        let expected = [
            "    ████                ",
            "  ██████                ",
            "████████                ",
            "    ████                ",
        ];
        assert_eq!(rows.get(..4).unwrap(), expected);
        for glyphs in BOTH {
            for (size, height) in [(Size::Small, 3), (Size::Large, 5), (Size::Huge, 10)] {
                let rows = size.rows("T-1d02:41", glyphs);
                assert_eq!(rows.len(), height);
                let wide = usize::from(size.width("T-1d02:41"));
                assert!(rows.iter().all(|row| row.width() == wide), "{rows:#?}");
            }
        }
    }

    #[test]
    fn no_two_signs_look_alike() {
        for glyphs in BOTH {
            let small: std::collections::HashSet<_> = SIGNS
                .chars()
                .map(|c| render(&c.to_string(), glyphs))
                .collect();
            let large: std::collections::HashSet<_> = SIGNS
                .chars()
                .map(|c| render_large(&c.to_string(), glyphs))
                .collect();
            assert_eq!((small.len(), large.len()), (SIGNS.len(), SIGNS.len()));
        }
    }

    #[test]
    fn a_running_countdown_keeps_its_width() {
        for seconds in 0..600 {
            let text = crate::ui::phrase::countdown(seconds * 1000).text;
            assert_eq!(width(&text), width("T-00:00:00"), "{text}");
            assert_eq!(width_large(&text), width_large("T-00:00:00"), "{text}");
        }
        assert_eq!(render("?x", Glyphs::default()), ["", "", ""]);
    }
}
