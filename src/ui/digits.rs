//! Big digits for the wall: half-block letters three rows high, five on large screens, and both in ASCII. Widths
//! are fixed per sign and the same with and without ASCII, so a countdown that runs moves nothing beside it.

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
