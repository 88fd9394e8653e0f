//! A document in Markdown, built from above: what is ours is markup, what came from outside is text and stays text.
//! What stands in which document is said in the other files.

use crate::domain::text::SafeText;

/// Signs that mean something in Markdown wherever they stand.
const SIGNS: &[char] = &[
    '\\', '`', '*', '_', '[', ']', '<', '>', '#', '|', '~', '!', '$', '&', '@', '^', '{', '}',
];

/// A text from outside on one line: no sign in it is markup, no address in it a link.
pub fn plain(text: &str) -> String {
    let safe = SafeText::line(text);
    let shown = safe.shown();
    let mut plain = String::with_capacity(shown.len());
    for (at, c) in shown.char_indices() {
        let before = shown.get(..at).unwrap_or_default();
        let after = shown.get(at + c.len_utf8()..).unwrap_or_default();
        // Readers of Markdown make links of bare addresses, and lists, rules and headings of what begins a line.
        let address = (c == ':' && after.starts_with("//"))
            || (c == '.' && before.to_ascii_lowercase().ends_with("www"));
        let first = before.trim().chars().all(|c| c.is_ascii_digit());
        let begins = first
            && (matches!(c, '-' | '+' | '=')
                || (matches!(c, '.' | ')') && !before.trim().is_empty()));
        if SIGNS.contains(&c) || address || begins {
            plain.push('\\');
        }
        plain.push(c);
    }
    plain
}

/// A document under way.
#[derive(Debug, Default)]
pub struct Document {
    text: String,
}

impl Document {
    /// A line of our own markup, with a blank one behind it.
    pub fn paragraph(&mut self, markup: &str) {
        self.text.push_str(markup);
        self.text.push_str("\n\n");
    }

    /// `# ...`, once.
    pub fn title(&mut self, markup: &str) {
        self.paragraph(&format!("# {markup}"));
    }

    /// `## ...`
    pub fn heading(&mut self, words: &str) {
        self.paragraph(&format!("## {words}"));
    }

    /// A list; `none` in its place where it is empty.
    pub fn list(&mut self, items: &[String], none: &str) {
        if items.is_empty() {
            return self.paragraph(none);
        }
        for item in items {
            self.text.push_str(&format!("- {item}\n"));
        }
        self.text.push('\n');
    }

    /// A table of cells that are markup already; `none` in its place where it has no rows.
    pub fn table(&mut self, head: &[&str], rows: &[Vec<String>], none: &str) {
        if rows.is_empty() {
            return self.paragraph(none);
        }
        let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
        self.text.push_str(&line(head.to_vec()));
        self.text.push_str(&line(vec!["---"; head.len()]));
        for row in rows {
            self.text
                .push_str(&line(row.iter().map(String::as_str).collect()));
        }
        self.text.push('\n');
    }

    /// What a person wrote, over several lines, as a quotation.
    pub fn quote(&mut self, text: &str) {
        let safe = SafeText::multi(text);
        let lines: Vec<String> = safe
            .lines()
            .map(|line| format!("> {}", plain(line)).trim_end().to_owned())
            .collect();
        // A backslash keeps the writer's own lines apart.
        self.paragraph(&lines.join("\\\n"));
    }

    /// All of it, ending in one line end.
    pub fn end(self) -> String {
        format!("{}\n", self.text.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_markup() {
        for (text, shown) in [
            (
                "**bold** _it_ `code`",
                "\\*\\*bold\\*\\* \\_it\\_ \\`code\\`",
            ),
            ("[a](javascript:x)", "\\[a\\](javascript:x)"),
            ("![i](https://x.example)", "\\!\\[i\\](https\\://x.example)"),
            ("see www.x.example", "see www\\.x.example"),
            ("<script>", "\\<script\\>"),
            ("a | b", "a \\| b"),
            ("- item", "\\- item"),
            ("12. item", "12\\. item"),
            ("# head", "\\# head"),
            ("=== ", "\\==="),
            ("@everyone", "\\@everyone"),
            ("a\nb", "a"),
        ] {
            assert!(
                plain(text).starts_with(shown),
                "{text:?}: {:?}",
                plain(text)
            );
        }
        assert!(!plain("a\nb").contains('\n'));
        assert!(!plain("\u{1b}[31m").contains('\u{1b}'));
        let mut document = Document::default();
        document.quote("one\n# two\n```\nthree");
        let text = document.end();
        assert!(text.lines().all(|line| line.starts_with("> ")), "{text}");
        assert!(text.contains("\\# two"), "{text}");
    }
}
