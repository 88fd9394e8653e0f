//! A file cut into its records, so that one that is broken does not spoil the others. What they mean is not asked here.

use serde_json::Value;

/// A record, or where and why it is none.
pub(super) struct Piece {
    /// Where it begins, from 1.
    pub line: usize,
    pub value: Result<Value, (usize, String)>,
}

/// Cuts a file into its records: one value, a list of values, or one value a line.
pub(super) fn pieces(bytes: &[u8]) -> Vec<Piece> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Some(start) = bytes.iter().position(|b| !b.is_ascii_whitespace()) else {
        return vec![broken(1, "the file holds no record".to_owned())];
    };
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return vec![broken(1, "the file is UTF-16; save it as UTF-8".to_owned())];
    }
    let (before, body) = bytes.split_at(start);
    let line = 1 + lines(before);
    if body.first() == Some(&b'[') && !ends_in_its_line(body) {
        return list(body, line);
    }
    let whole = piece(body, line);
    if whole.value.is_ok() || !has_one_a_line(body) {
        return vec![whole];
    }
    let each = body.split(|b| *b == b'\n').enumerate();
    each.filter(|(_, text)| !text.trim_ascii().is_empty())
        .map(|(n, text)| piece(text, line + n))
        .collect()
}

fn lines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| **b == b'\n').count()
}

fn broken(line: usize, why: String) -> Piece {
    Piece {
        line,
        value: Err((line, why)),
    }
}

/// Whether the file is meant to have one record a line: a line is one, or several begin like one. What a person
/// indented has one opening brace at the edge.
fn has_one_a_line(body: &[u8]) -> bool {
    let mut begun = body.split(|b| *b == b'\n').filter(|l| l.starts_with(b"{"));
    match (begun.next(), begun.next()) {
        (Some(_), Some(_)) => true,
        (Some(line), None) => is_one(line),
        (None, _) => body.split(|b| *b == b'\n').any(is_one),
    }
}

/// Whether the first line is a value of its own and others follow: a list there is a record that is none.
fn ends_in_its_line(body: &[u8]) -> bool {
    let Some(end) = body.iter().position(|b| *b == b'\n') else {
        return false;
    };
    let (first, rest) = body.split_at(end);
    !rest.trim_ascii().is_empty() && is_one(first)
}

fn is_one(line: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()
}

/// One value that begins on this line.
fn piece(text: &[u8], line: usize) -> Piece {
    let value = serde_json::from_slice(text).map_err(|error| {
        let told = error.to_string();
        let what = told.split(" at line ").next().unwrap_or(&told);
        let at = line + error.line().saturating_sub(1);
        (
            at,
            format!("is no JSON at column {}: {what}", error.column()),
        )
    });
    Piece { line, value }
}

/// The values of a list. Only brackets, commas and texts are looked at, so that each value stands or falls alone.
fn list(body: &[u8], first: usize) -> Vec<Piece> {
    let (mut pieces, mut line) = (Vec::new(), first);
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    let mut begin = (1, first);
    for (at, byte) in body.iter().enumerate() {
        if *byte == b'\n' {
            line += 1;
        }
        if in_text {
            match (escaped, byte) {
                (false, b'\\') => escaped = true,
                (false, b'"') => in_text = false,
                _ => escaped = false,
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'[' | b'{' => depth += 1,
            b',' if depth == 1 => {
                pieces.push(element(body, begin.0, at, begin.1));
                begin = (at + 1, line);
            }
            b']' if depth == 1 => {
                let last = body.get(begin.0..at).unwrap_or_default();
                if !(pieces.is_empty() && last.trim_ascii().is_empty()) {
                    pieces.push(element(body, begin.0, at, begin.1));
                }
                let after = body.get(at + 1..).unwrap_or_default();
                if !after.trim_ascii().is_empty() {
                    let why = "the list ends here, and something comes after it".to_owned();
                    pieces.push(broken(line, why));
                }
                return pieces;
            }
            b']' | b'}' if depth > 1 => depth -= 1,
            _ => {}
        }
    }
    let why = "the list that begins the file is not closed: the file is cut off here, or a record before is broken";
    let rest = body.get(begin.0..).unwrap_or_default();
    if !rest.trim_ascii().is_empty() {
        pieces.push(element(body, begin.0, body.len(), begin.1));
    }
    pieces.push(broken(line, why.to_owned()));
    pieces
}

fn element(body: &[u8], from: usize, to: usize, line: usize) -> Piece {
    let text = body.get(from..to).unwrap_or_default();
    let blank = text.len() - text.trim_ascii_start().len();
    let (before, text) = text.split_at(blank);
    let line = line + lines(before);
    if text.is_empty() {
        return broken(line, "there is nothing between two commas".to_owned());
    }
    piece(text, line)
}
