//! The log: every entry of the record in its order, with who wrote it, when, and when it happened where that differs.

use serde_json::Value;

use super::Sheet;
use super::markdown::plain;
use super::part::{begin, end, facts, said, utc};

pub(super) fn made(sheet: &Sheet<'_>) -> String {
    let mut document = begin(sheet, "Activity log");
    facts(sheet, &mut document);
    document.heading("Entries");
    let rows: Vec<Vec<String>> = sheet
        .entries
        .iter()
        .map(|entry| {
            let body = |key: &str| entry.body.get(key).and_then(Value::as_str);
            let kind = match entry.kind.as_str() {
                "noted" => body("kind").unwrap_or_default(),
                kind => kind,
            };
            vec![
                entry.seq.to_string(),
                utc(entry.at),
                body("occurred_at").map(plain).unwrap_or_default(),
                plain(&entry.by),
                entry.via.to_string(),
                plain(kind).replace("\\_", " "),
                said(entry),
            ]
        })
        .collect();
    document.table(
        &[
            "entry",
            "recorded",
            "happened",
            "by",
            "by way of",
            "kind",
            "what",
        ],
        &rows,
        "None that this reader may see.",
    );
    end(sheet, document)
}
