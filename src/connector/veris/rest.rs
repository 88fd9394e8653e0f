//! What a record says and an incident has no field for: every value with its path, in entries that fit. Values stand
//! as JSON, so that nothing is lost and nothing in them can be taken for something else.

use serde_json::{Map, Value};

/// Most bytes of one entry; fewer than the characters an entry may have, and small in a request.
const PIECE: usize = 16_000;

/// Takes a value out of the record, and the tables that are empty without it.
pub(super) fn take(record: &mut Map<String, Value>, path: &[&str]) {
    match path {
        [] => {}
        [name] => {
            record.shift_remove(*name);
        }
        [name, rest @ ..] => {
            if let Some(Value::Object(below)) = record.get_mut(*name) {
                take(below, rest);
                if below.is_empty() {
                    record.shift_remove(*name);
                }
            }
        }
    }
}

/// Texts for the entries: first the remarks, then every value that is left, a line each.
pub(super) fn entries(key: &str, remarks: &[String], record: &Map<String, Value>) -> Vec<String> {
    let mut lines: Vec<String> = remarks.to_vec();
    for (name, value) in record {
        write(&step("", name), value, &mut lines);
    }
    if lines.is_empty() {
        return Vec::new();
    }
    let mut texts = vec![format!("VERIS record {key}, what has no field here:")];
    for line in lines.iter().flat_map(|line| cut(line)) {
        match texts.last_mut() {
            Some(text) if text.len() + 1 + line.len() <= PIECE => {
                text.push('\n');
                text.push_str(&line);
            }
            _ => texts.push(line),
        }
    }
    texts
}

/// One line a value; a list of plain values is one line too.
fn write(path: &str, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Object(table) if !table.is_empty() => {
            for (name, value) in table {
                write(&step(path, name), value, lines);
            }
        }
        Value::Array(list) if list.iter().any(|v| v.is_object() || v.is_array()) => {
            for (n, value) in list.iter().enumerate() {
                write(&format!("{path}[{n}]"), value, lines);
            }
        }
        plain => lines.push(format!("{path}: {plain}")),
    }
}

fn step(path: &str, name: &str) -> String {
    let plain = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    match (plain, path) {
        (true, "") => name.to_owned(),
        (true, path) => format!("{path}.{name}"),
        (false, path) => format!("{path}[{}]", Value::from(name)),
    }
}

/// A line in parts that each fit into an entry.
fn cut(line: &str) -> Vec<String> {
    // Room for the words before a part.
    let room = PIECE - 200;
    if line.len() <= room {
        return vec![line.to_owned()];
    }
    let (mut parts, mut rest) = (Vec::new(), line);
    while !rest.is_empty() {
        let mut end = room.min(rest.len());
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (part, after) = rest.split_at(end);
        parts.push(part);
        rest = after;
    }
    let of = parts.len();
    let name: String = line.chars().take_while(|c| *c != ':').take(40).collect();
    let parts = parts.iter().enumerate();
    parts
        .map(|(n, part)| match n {
            0 => format!("(part 1 of {of}) {part}"),
            n => format!("(part {} of {of} of {name}) {part}", n + 1),
        })
        .collect()
}
