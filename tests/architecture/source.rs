//! Reads Rust sources just well enough for the house rules: comments and literals go, `use` lists unfold, aliases
//! and `self`/`super` resolve. It does not expand macros and does not know types.

use std::collections::HashMap;

/// One word or sign of a source, comments gone, literals reduced to `""`.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    pub text: String,
    pub line: usize,
}

/// A path as it stands in a source, `use` lists unfolded, aliases and `self`/`super` resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Mention {
    pub path: Vec<String>,
    pub line: usize,
}

pub fn word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Skips a quoted literal that opens at `at` (on its quote), returning the index behind it.
fn behind_quoted(text: &[char], mut at: usize, quote: char) -> usize {
    at += 1;
    while at < text.len() && text[at] != quote {
        at += if text[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

pub fn tokens(source: &str) -> Vec<Token> {
    let text: Vec<char> = source.chars().collect();
    let peek = |at: usize| text.get(at).copied().unwrap_or('\0');
    let (mut out, mut at, mut line) = (Vec::new(), 0, 1);
    while at < text.len() {
        let from = at;
        let c = text[at];
        let mut token = None;
        if c == '/' && peek(at + 1) == '/' {
            while at < text.len() && text[at] != '\n' {
                at += 1;
            }
        } else if c == '/' && peek(at + 1) == '*' {
            let mut depth = 0;
            loop {
                match (peek(at), peek(at + 1)) {
                    ('/', '*') => (depth, at) = (depth + 1, at + 2),
                    ('*', '/') => (depth, at) = (depth - 1, at + 2),
                    _ => at += 1,
                }
                if depth == 0 || at >= text.len() {
                    break;
                }
            }
        } else if c == '"' {
            at = behind_quoted(&text, at, '"');
            token = Some("\"\"".to_owned());
        } else if c == '\'' && (peek(at + 1) == '\\' || peek(at + 2) == '\'') {
            at = behind_quoted(&text, at, '\'');
            token = Some("\"\"".to_owned());
        } else if word(c) {
            while at < text.len() && word(text[at]) {
                at += 1;
            }
            let name: String = text[from..at].iter().collect();
            let hashes = (at..).take_while(|&i| peek(i) == '#').count();
            if matches!(name.as_str(), "r" | "br" | "cr") && peek(at + hashes) == '"' {
                let end: String = std::iter::once('"')
                    .chain("#".repeat(hashes).chars())
                    .collect();
                let rest: String = text[at + hashes + 1..].iter().collect();
                let skipped = rest
                    .find(&end)
                    .map_or(rest.chars().count(), |byte| rest[..byte].chars().count());
                at += hashes + 1 + skipped + end.chars().count();
                token = Some("\"\"".to_owned());
            } else if name == "r" && hashes == 1 && word(peek(at + 1)) {
                at += 1; // A raw identifier: the name follows as its own token.
            } else if !(matches!(name.as_str(), "b" | "c") && matches!(peek(at), '"' | '\'')) {
                token = Some(name);
            }
        } else if c == ':' && peek(at + 1) == ':' {
            at += 2;
            token = Some("::".to_owned());
        } else {
            at += 1;
            token = (!c.is_whitespace()).then(|| c.to_string());
        }
        if let Some(text) = token {
            out.push(Token { text, line });
        }
        line += text[from..at.min(text.len())]
            .iter()
            .filter(|&&c| c == '\n')
            .count();
    }
    out
}

/// The module path of a file below `src`: `ui/theme/mod.rs` is `[ui, theme]`, `main.rs` is `[]`.
fn module_of(file: &str) -> Vec<String> {
    let stem = file.trim_end_matches(".rs");
    let parts = stem
        .split('/')
        .filter(|part| !matches!(*part, "mod" | "lib" | "main"));
    parts.map(str::to_owned).collect()
}

/// The absolute form of `path` as written in module `here`, with `crate` for our own root.
fn resolved(
    path: &[String],
    here: &[String],
    aliases: &HashMap<String, Vec<String>>,
) -> Vec<String> {
    let mut base: Vec<String> = here.to_vec();
    let mut rest = path;
    match path.first().map(String::as_str) {
        Some("warboard" | "crate") => base.clear(),
        Some("self") => {}
        Some("super") => {
            while rest.first().is_some_and(|part| part == "super") {
                base.pop();
                rest = &rest[1..];
            }
            return std::iter::once("crate".to_owned())
                .chain(base)
                .chain(rest.iter().cloned())
                .collect();
        }
        Some(first) => {
            let Some(full) = aliases.get(first) else {
                return path.to_vec();
            };
            return full.iter().chain(&path[1..]).cloned().collect();
        }
        None => return Vec::new(),
    }
    rest = &rest[1..];
    std::iter::once("crate".to_owned())
        .chain(base)
        .chain(rest.iter().cloned())
        .collect()
}

/// Unfolds one `use` tree from `at` on; calls `found` with each full path and its alias; returns where it ends.
fn unfold(
    t: &[Token],
    mut at: usize,
    prefix: &[String],
    found: &mut dyn FnMut(Vec<String>, Option<String>, usize),
) -> usize {
    let mut path = prefix.to_vec();
    let mut grouped = false;
    while let Some(token) = t.get(at) {
        match token.text.as_str() {
            "{" => {
                grouped = true;
                at += 1;
                while t.get(at).is_some_and(|token| token.text != "}") {
                    at = unfold(t, at, &path, found);
                    at += usize::from(t.get(at).is_some_and(|token| token.text == ","));
                }
            }
            "," | "}" | ";" => break,
            "::" => {}
            "as" => {
                found(
                    path,
                    t.get(at + 1).map(|alias| alias.text.clone()),
                    token.line,
                );
                return at + 2;
            }
            "self" if !path.is_empty() => {}
            part => path.push(part.to_owned()),
        }
        at += 1;
    }
    if !grouped && path.len() > prefix.len().min(path.len() - usize::from(!path.is_empty())) {
        let line = t.get(at).map_or(0, |token| token.line);
        found(path, None, line);
    }
    at
}

/// Every path a source mentions.
pub fn mentions(t: &[Token], file: &str) -> Vec<Mention> {
    let mut here = module_of(file);
    let (mut aliases, mut out) = (HashMap::new(), Vec::new());
    let (mut depth, mut inline): (usize, Vec<usize>) = (0, Vec::new());
    let mut at = 0;
    while at < t.len() {
        match t[at].text.as_str() {
            "use" if t.get(at + 1).is_some_and(|next| next.text != "<") => {
                let mut uses = Vec::new();
                at = unfold(t, at + 1, &[], &mut |path, alias, line| {
                    uses.push((path, alias, line))
                });
                for (path, alias, line) in uses {
                    let path = resolved(&path, &here, &HashMap::new());
                    if let Some(name) = alias
                        .or_else(|| path.last().cloned())
                        .filter(|_| path.len() > 1)
                    {
                        aliases.insert(name, path.clone());
                    }
                    out.push(Mention { path, line });
                }
            }
            "mod" if t.get(at + 2).is_some_and(|token| token.text == "{") => {
                here.push(t[at + 1].text.clone());
                inline.push(depth);
                depth += 1;
                at += 2;
            }
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                if inline.last() == Some(&depth) {
                    inline.pop();
                    here.pop();
                }
            }
            first if first.starts_with(word) => {
                let (line, mut path) = (t[at].line, vec![first.to_owned()]);
                while t.get(at + 1).is_some_and(|token| token.text == "::")
                    && t.get(at + 2)
                        .is_some_and(|token| token.text.starts_with(word))
                {
                    path.push(t[at + 2].text.clone());
                    at += 2;
                }
                if path.len() > 1 || aliases.contains_key(first) {
                    out.push(Mention {
                        path: resolved(&path, &here, &aliases),
                        line,
                    });
                }
            }
            _ => {}
        }
        at += 1;
    }
    out
}
