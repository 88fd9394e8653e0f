//! The situation report: where it stands, for those who decide and do not work on it. Short; the log has the rest.

use super::Sheet;
use super::part::{HIDDEN, begin, duties, end, entries, facts, pages, seats, times};

/// So many entries of people are the significant ones.
const LATEST: usize = 8;
/// Entries that tell of the house's own work, or of work on the record itself.
const ROUTINE: &[&str] = &[
    "page_progressed",
    "statuses_changed",
    "alarms_raised",
    "alarm_acknowledged",
    "alarm_unshelved",
];

pub(super) fn made(sheet: &Sheet<'_>) -> String {
    let incident = sheet.incident;
    let mut document = begin(sheet, "Situation report");
    facts(sheet, &mut document);
    document.heading("Summary");
    match &incident.summary {
        Some(summary) => document.quote(summary),
        None if incident.is_masked("summary") => document.paragraph(HIDDEN),
        None => document.paragraph("None is written."),
    }
    seats(sheet, &mut document);
    times(sheet, &mut document);
    duties(sheet, &mut document, true);
    document.heading("Teams called");
    pages(&mut document, incident.pages.iter(), sheet.now);
    document.heading("Latest significant events");
    let told: Vec<_> = sheet
        .entries
        .iter()
        .filter(|entry| !ROUTINE.contains(&entry.kind.as_str()))
        .collect();
    let from = told.len().saturating_sub(LATEST);
    entries(sheet, &mut document, told.into_iter().skip(from));
    end(sheet, document)
}
