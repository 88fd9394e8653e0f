//! Which characters must not reach a terminal as they are, and which belong to emoji.
//! Ranges of the Unicode character database (version 16): `Cc`, `Cf`, `Zl`, `Zp`, `Default_Ignorable_Code_Point`, `Bidi_Control`.

/// Sorted, not overlapping; searched by halves.
const HIDDEN: &[(u32, u32)] = &[
    (0x0000, 0x001F), // C0 controls, ESC among them
    (0x007F, 0x009F), // DEL, C1 controls
    (0x00AD, 0x00AD), // soft hyphen
    (0x034F, 0x034F), // combining grapheme joiner
    (0x0600, 0x0605), // Arabic number signs
    (0x061C, 0x061C), // Arabic letter mark
    (0x06DD, 0x06DD),
    (0x070F, 0x070F),
    (0x0890, 0x0891),
    (0x08E2, 0x08E2),
    (0x115F, 0x1160), // Hangul fillers
    (0x17B4, 0x17B5),
    (0x180B, 0x180F), // Mongolian selectors
    (0x200B, 0x200F), // zero-width space and joiners, direction marks
    (0x2028, 0x202E), // line and paragraph separator, embeddings, overrides
    (0x2060, 0x206F), // word joiner, isolates, deprecated format characters
    (0x2800, 0x2800), // blank braille pattern: a space that is none
    (0x3164, 0x3164), // Hangul filler
    (0xFDD0, 0xFDEF), // noncharacters
    (0xFE00, 0xFE0F), // variation selectors
    (0xFEFF, 0xFEFF), // byte order mark
    (0xFFA0, 0xFFA0), // half-width Hangul filler
    (0xFFF0, 0xFFFB), // ignorable, interlinear annotation
    (0xFFFE, 0xFFFF),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1343F), // Egyptian format controls
    (0x1BCA0, 0x1BCA3), // shorthand format controls
    (0x1D173, 0x1D17A), // musical format controls
    (0xE0000, 0xE0FFF), // tags, more selectors
];

/// `Extended_Pictographic`, in ranges wide enough to hold it, without skin tones and regional indicators.
const PICTOGRAPH: &[(u32, u32)] = &[
    (0x00A9, 0x00A9),
    (0x00AE, 0x00AE),
    (0x203C, 0x203C),
    (0x2049, 0x2049),
    (0x2122, 0x2122),
    (0x2139, 0x2139),
    (0x2194, 0x2199),
    (0x21A9, 0x21AA),
    (0x231A, 0x231B),
    (0x2328, 0x2328),
    (0x2388, 0x2388),
    (0x23CF, 0x23CF),
    (0x23E9, 0x23F3),
    (0x23F8, 0x23FA),
    (0x24C2, 0x24C2),
    (0x25AA, 0x25AB),
    (0x25B6, 0x25B6),
    (0x25C0, 0x25C0),
    (0x25FB, 0x25FE),
    (0x2600, 0x27BF),
    (0x2934, 0x2935),
    (0x2B05, 0x2B07),
    (0x2B1B, 0x2B1C),
    (0x2B50, 0x2B50),
    (0x2B55, 0x2B55),
    (0x3030, 0x3030),
    (0x303D, 0x303D),
    (0x3297, 0x3297),
    (0x3299, 0x3299),
    (0x1F000, 0x1F1E5),
    (0x1F200, 0x1F3FA),
    (0x1F400, 0x1FAFF),
];

/// Whether a character acts without being seen, or cannot be told from nothing.
pub fn is_hidden(c: char) -> bool {
    !matches!(c, ' '..='~') && within(HIDDEN, c)
}

pub(super) fn is_pictograph(c: char) -> bool {
    within(PICTOGRAPH, c)
}

/// The five emoji modifiers, which colour the emoji before them.
pub(super) fn is_skin_tone(c: char) -> bool {
    matches!(c, '\u{1F3FB}'..='\u{1F3FF}')
}

fn within(ranges: &[(u32, u32)], c: char) -> bool {
    let c = c as u32;
    let at = ranges.partition_point(|&(_, last)| last < c);
    ranges.get(at).is_some_and(|&(first, _)| first <= c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_sorted_so_that_halving_finds_them() {
        for ranges in [HIDDEN, PICTOGRAPH] {
            assert!(ranges.iter().all(|(first, last)| first <= last));
            assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0));
        }
    }

    #[test]
    fn edges_of_the_ranges() {
        for c in [
            '\0',
            '\u{1F}',
            '\u{7F}',
            '\u{9F}',
            '\u{202E}',
            '\u{E0FFF}',
            '\u{FE0F}',
        ] {
            assert!(is_hidden(c), "{:04X}", c as u32);
        }
        for c in [
            ' ',
            '~',
            '\u{A0}',
            'é',
            '字',
            '\u{2027}',
            '\u{202F}',
            '\u{E1000}',
        ] {
            assert!(!is_hidden(c), "{:04X}", c as u32);
        }
    }
}
