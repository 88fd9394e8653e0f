//! What may be shown of hostile and of ordinary text.

use super::*;
use proptest::prelude::*;

#[test]
fn ordinary_text_stays_as_it_is() {
    for text in [
        "",
        "Token leak in CI",
        "Überprüfung: Straße",
        "字幕と가나다",
        "ü\u{308}",
        "❤\u{FE0F} 👍🏽 👨\u{200D}👩\u{200D}👧",
        "1\u{FE0F}\u{20E3}",
        "🇩🇪",
        "नमस्ते",
    ] {
        let safe = SafeText::line(text);
        assert_eq!(safe.shown(), text);
        assert!(!safe.is_changed(), "{text}");
    }
}

#[test]
fn hostile_characters_become_marks() {
    let table = [
        ("\u{1b}[31mred", "<U+001B>[31mred"),
        ("a\u{9b}2Jb", "a<U+009B>2Jb"),
        ("a\u{7}b\u{8}c\u{7f}", "a<U+0007>b<U+0008>c<U+007F>"),
        ("inv\u{202e}gpj", "inv<U+202E>gpj"),
        ("a\u{200b}b\u{feff}c\u{2060}", "a<U+200B>b<U+FEFF>c<U+2060>"),
        ("a\u{200d}b", "a<U+200D>b"),
        ("a\u{fe0f}b", "a<U+FE0F>b"),
        ("tag\u{e0041}", "tag<U+E0041>"),
        ("a\nb\r\nc\td\re", "a b c d<U+000D>e"),
        ("\u{301}start", "<U+0301>start"),
        ("👍\u{200d}", "👍<U+200D>"),
        ("nul\0", "nul<U+0000>"),
        ("a\u{2028}b\u{115f}", "a<U+2028>b<U+115F>"),
    ];
    for (raw, shown) in table {
        let safe = SafeText::line(raw);
        assert_eq!(safe.shown(), shown);
        assert_eq!(safe.raw(), raw);
    }
}

#[test]
fn several_lines_keep_their_breaks() {
    let safe = SafeText::multi("one\r\n\u{301}two\tx\n字字");
    assert_eq!(safe.shown(), "one\n<U+0301>two    x\n字字");
    assert_eq!(safe.lines().count(), 3);
    assert_eq!(safe.width(), 16);
}

#[test]
fn floods_are_cut_and_counted() {
    let flood = format!("a{}b", "\u{301}".repeat(200));
    assert_eq!(
        SafeText::line(&flood).shown(),
        format!("a{}<+196>b", "\u{301}".repeat(4))
    );
    let chain = "👨\u{200d}".repeat(50) + "👨";
    assert!(
        SafeText::line(&chain)
            .shown()
            .graphemes(true)
            .all(|g| g.len() < 64)
    );
    let conjuncts = "क\u{94d}".repeat(100);
    assert!(
        SafeText::line(&conjuncts)
            .shown()
            .graphemes(true)
            .all(|g| grapheme_width(g) <= CLUSTER_CELLS_MAX)
    );
}

#[test]
fn a_joiner_after_a_flood_of_marks_shows_the_same_twice() {
    let flood = format!("\u{1F469}{}\u{200D}\u{1F692}", "\u{301}".repeat(9));
    let once = SafeText::line(&flood);
    assert!(once.shown().contains("<+5><U+200D>"), "{once}");
    assert_eq!(SafeText::line(once.shown()).shown(), once.shown());
}

#[test]
fn a_joiner_before_what_is_no_emoji_is_named_and_never_cut_loose() {
    let safe = SafeText::line("\u{1F469}\u{200D}\u{1F792} and so on");
    assert!(safe.shown().contains("<U+200D>"), "{safe}");
    for cells in 1..12 {
        let cut = SafeText::line(&safe.truncated(cells));
        assert!(cut.width() <= cells && !cut.is_changed(), "{cut}");
    }
    let joined = SafeText::line("\u{1F469}\u{200D}\u{1F692}");
    assert!(!joined.is_changed(), "{joined}");
}

#[test]
fn cutting_counts_cells_not_characters() {
    let wide = SafeText::line("字字字字");
    assert_eq!(wide.width(), 8);
    assert_eq!(wide.truncated(8), "字字字字");
    assert_eq!(wide.truncated(7), "字字字…");
    assert_eq!(wide.truncated(6), "字字…");
    assert_eq!(wide.fit(6), "字字… ");
    assert_eq!(wide.fit_ascii(7), "字字字~");
    assert_eq!(wide.truncated(1), "…");
    assert_eq!(wide.truncated(0), "");
    assert_eq!(SafeText::line("ab").fit(4), "ab  ");
}

#[test]
fn json_keeps_its_meaning_in_ascii() {
    let json = "{\"title\": \"é 👍 \u{7f}\u{202e}\"}\n";
    let shown = json_ascii(json);
    assert_eq!(
        shown,
        "{\"title\": \"\\u00e9 \\ud83d\\udc4d \\u007f\\u202e\"}\n"
    );
    let (before, after): (serde_json::Value, serde_json::Value) = (
        serde_json::from_str(json).unwrap(),
        serde_json::from_str(&shown).unwrap(),
    );
    assert_eq!(before, after);
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        proptest::char::range('\u{0}', '\u{a0}').prop_map(String::from),
        proptest::char::range('\u{300}', '\u{36f}').prop_map(String::from),
        proptest::char::range('\u{200b}', '\u{206f}').prop_map(String::from),
        proptest::sample::select(vec![
            "\u{200d}", "\u{fe0f}", "\u{fe0e}", "👨", "👍", "🏽", "❤", "1", "\u{20e3}", "🇩", "क",
            "\u{94d}", "가", "\u{1161}", "ﾞ", "\u{903}", "\u{1b}[", "\r\n", "<U+", ">"
        ])
        .prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn nothing_hidden_is_ever_shown(text in hostile(), multi: bool) {
        let safe = if multi { SafeText::multi(&text) } else { SafeText::line(&text) };
        let mut last = None;
        for c in safe.shown().chars() {
            let kept = matches!(c, '\u{200d}' | '\u{fe0e}' | '\u{fe0f}') && last.is_some_and(|l| !is_hidden(l) || l == '\u{fe0f}' || l == '\u{fe0e}');
            prop_assert!(!is_hidden(c) || kept || multi && c == '\n', "{:04X} in {:?}", c as u32, safe);
            last = Some(c);
        }
        prop_assert_eq!(safe.raw(), &text);
        for line in safe.lines() {
            prop_assert!(line.chars().next().is_none_or(|c| UnicodeWidthChar::width(c).unwrap_or(0) > 0), "leading mark in {:?}", safe);
            prop_assert!(line.graphemes(true).all(|g| grapheme_width(g) > 0));
        }
    }

    #[test]
    fn showing_twice_changes_nothing(text in hostile()) {
        let once = SafeText::line(&text);
        let twice = SafeText::line(once.shown());
        prop_assert_eq!(twice.shown(), once.shown());
        let once = SafeText::multi(&text);
        let twice = SafeText::multi(once.shown());
        prop_assert_eq!(twice.shown(), once.shown());
    }

    #[test]
    fn widths_add_up(text in hostile(), cells in 0usize..60) {
        let safe = SafeText::line(&text);
        prop_assert_eq!(safe.width(), safe.shown().graphemes(true).map(grapheme_width).sum::<usize>());
        prop_assert!(width(&safe.truncated(cells)) <= cells);
        prop_assert_eq!(width(&safe.fit(cells)), cells);
        prop_assert_eq!(width(&safe.fit_ascii(cells)), cells);
    }

    #[test]
    fn printed_json_is_ascii(text in hostile()) {
        let json = serde_json::to_string(&text).unwrap();
        let shown = json_ascii(&json);
        prop_assert!(shown.bytes().all(|b| matches!(b, b' '..=b'~')));
        prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
    }
}
