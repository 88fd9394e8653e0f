//! The review: what happened and how long each phase took, what was decided and why, which notices went when, what was learned.

use serde_json::Value;

use super::Sheet;
use super::markdown::plain;
use super::part::{
    HIDDEN, begin, duties, end, entries, facts, name, pages, seats, span, text, times, utc,
};
use crate::domain::instant::Instant;
use crate::wire::EntryBody;

/// Entries that are decisions with a name.
const DECISIONS: &[&str] = &[
    "declared",
    "not_reportable",
    "decided",
    "not_applicable",
    "submission_withdrawn",
    "dismissed",
    "closed",
    "reopened",
    "held",
    "released",
    "redacted",
];

pub(super) fn made(sheet: &Sheet<'_>) -> String {
    let incident = sheet.incident;
    let mut document = begin(sheet, "Post-incident review");
    facts(sheet, &mut document);
    document.heading("Review");
    match &incident.review {
        Some(review) => {
            document.paragraph(&format!(
                "Held {}, {}.",
                utc(review.held_at),
                name(sheet, &review.by)
            ));
            document.quote(review.text.as_deref().unwrap_or(HIDDEN));
        }
        None => document.paragraph("None is on record yet."),
    }
    document.heading("Phases");
    let rows: Vec<Vec<String>> = stretches(sheet)
        .into_iter()
        .map(|stretch| {
            let to = stretch.to.map_or_else(|| "goes on".to_owned(), utc);
            let length = span(stretch.from, stretch.to.unwrap_or(sheet.now));
            vec![
                plain(&stretch.phase).replace("\\_", " "),
                utc(stretch.from),
                to,
                length,
            ]
        })
        .collect();
    document.table(
        &["phase", "from", "to", "took"],
        &rows,
        "Not readable for this reader.",
    );
    times(sheet, &mut document);
    duties(sheet, &mut document, true);
    document.heading("Decisions");
    let decided = sheet.entries.iter().filter(|entry| {
        let noted = entry.kind == "noted"
            && entry.body.get("kind").and_then(Value::as_str) == Some("decision");
        noted || DECISIONS.contains(&entry.kind.as_str())
    });
    entries(sheet, &mut document, decided);
    document.heading("Teams called");
    pages(&mut document, incident.pages.iter(), sheet.now);
    seats(sheet, &mut document);
    document.heading("Lessons");
    let lessons: Vec<String> = incident
        .lessons
        .iter()
        .map(|lesson| {
            let owner = text(sheet, "lessons", lesson.owner.as_deref(), "**NO OWNER**");
            let due = lesson
                .due
                .map_or_else(String::new, |due| format!(", due {}", utc(due)));
            let done = lesson
                .done_at
                .map_or_else(|| ", open".to_owned(), |at| format!(", done {}", utc(at)));
            let learned = lesson.text.as_deref().unwrap_or(HIDDEN);
            format!("{} ({owner}{due}{done})", plain(learned))
        })
        .collect();
    document.list(&lessons, "None is on record.");
    document.heading("Timeline");
    entries(sheet, &mut document, sheet.entries.iter());
    end(sheet, document)
}

/// A phase, as long as it lasted without a break.
struct Stretch {
    phase: String,
    from: Instant,
    to: Option<Instant>,
}

fn stretches(sheet: &Sheet<'_>) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for entry in sheet.entries {
        let word = |key: &str| {
            entry
                .body
                .get(key)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let end = |stretches: &mut Vec<Stretch>, entry: &EntryBody| {
            if let Some(last) = stretches.last_mut() {
                last.to.get_or_insert(entry.at);
            }
        };
        let phase = match entry.kind.as_str() {
            "opened" => Some(match entry.body.get("starts_at") {
                Some(Value::String(_)) => "preparation".to_owned(),
                _ => "detection_and_analysis".to_owned(),
            }),
            "advanced" | "move_undone" => word("to"),
            "reopened" => Some("detection_and_analysis".to_owned()),
            "closed" | "dismissed" => {
                end(&mut stretches, entry);
                None
            }
            _ => None,
        };
        if let Some(phase) = phase {
            end(&mut stretches, entry);
            stretches.push(Stretch {
                phase,
                from: entry.at,
                to: None,
            });
        }
    }
    stretches
}
