//! What a page's words may be on another system: cut to its limits, and free of what that system would act on.
//! Which limit holds where, each kind of route knows.

use crate::domain::text::SafeText;

/// How a repeat opens where the receiver cannot tell one itself.
pub const REPEAT: &str = "repeat, may be a duplicate";
/// What stands where a text was cut.
const CUT: char = '…';

/// At most so many units, where each character costs what `cost` says; a cut text ends with `…`.
pub fn cut(text: &str, most: usize, cost: impl Fn(char) -> usize) -> String {
    let mut left = most;
    let mut end = 0;
    // The last place at which the mark of the cut would still fit.
    let mut marked = 0;
    for c in text.chars() {
        if left >= cost(CUT) {
            marked = end;
        }
        match left.checked_sub(cost(c)) {
            Some(rest) => left = rest,
            None => return format!("{}{CUT}", text.get(..marked).unwrap_or_default()),
        }
        end += c.len_utf8();
    }
    text.to_owned()
}

/// One line of at most so many characters, with nothing in it that acts.
pub fn line(text: &str, most: usize) -> String {
    cut(SafeText::line(text).shown(), most, |_| 1)
}

/// Several lines, the same.
pub fn lines(text: &str, most: usize) -> String {
    cut(SafeText::multi(text).shown(), most, |_| 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_its_limit_and_says_so() {
        for (text, most, expected) in [
            ("", 0, ""),
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("äöü", 3, "äöü"),
            ("äöüß", 2, "ä…"),
            ("ab", 0, "…"),
        ] {
            assert_eq!(cut(text, most, |_| 1), expected, "{text} {most}");
        }
        // In bytes the mark needs three.
        assert_eq!(cut("abcdef", 5, char::len_utf8), "ab…");
        assert_eq!(cut("ääää", 7, char::len_utf8), "ää…");
        assert_eq!(line("a\r\nBcc: x@y\u{202e}", 99), "a Bcc: x@y<U+202E>");
        assert_eq!(lines("a\nb\u{1b}[31m", 99), "a\nb<U+001B>[31m");
    }
}
