//! The sheet for a hand-over: what stands, what is due next, who was asked, what is not done, what happened last.

use super::Sheet;
use super::markdown::plain;
use super::part::{HIDDEN, begin, duties, end, entries, facts, pages, seats, text, utc};
use crate::domain::gate;
use crate::domain::view::{GateView, IncidentView};
use crate::domain::word::GateWord;

/// So many entries are the latest.
const LATEST: usize = 15;

pub(super) fn made(sheet: &Sheet<'_>) -> String {
    let incident = sheet.incident;
    let mut document = begin(sheet, "Hand-over");
    facts(sheet, &mut document);
    seats(sheet, &mut document);
    document.heading("Where we talk");
    document.list(
        &[
            format!(
                "bridge: {}",
                text(sheet, "bridge", incident.bridge.as_deref(), "not set")
            ),
            format!(
                "channel: {}",
                text(sheet, "channel", incident.channel.as_deref(), "not set")
            ),
            format!(
                "out of band: {}",
                text(
                    sheet,
                    "out_of_band",
                    incident.out_of_band.as_deref(),
                    "not set"
                )
            ),
            format!("the company's own channels: {}", incident.comms),
        ],
        "",
    );
    duties(sheet, &mut document, false);
    document.heading("Pages nobody has answered");
    let open = incident.pages.iter().filter(|page| page.state.is_open());
    pages(&mut document, open, sheet.now);
    document.heading("Before the next phase");
    let gates: Vec<String> = incident
        .gates
        .iter()
        .map(|gate| (gate, unmet(incident, gate)))
        .filter(|(_, words)| !words.is_empty())
        .map(|(gate, words)| {
            let hard = if gate.hard { "" } else { ", may be passed" };
            format!(
                "before {}{hard}: {}",
                gate.to.replace('_', " "),
                words.join(", ")
            )
        })
        .collect();
    document.list(&gates, "Nothing is unmet.");
    document.heading("Alarms put aside");
    let shelved: Vec<String> = incident
        .alarms
        .iter()
        .filter_map(|alarm| alarm.until.map(|until| (alarm, until)))
        .map(|(alarm, until)| {
            format!(
                "{} until {}, {}: {}",
                plain(&alarm.id),
                utc(until),
                plain(alarm.by.as_deref().unwrap_or("somebody")),
                plain(alarm.reason.as_deref().unwrap_or_default())
            )
        })
        .collect();
    document.list(&shelved, "None.");
    document.heading("Latest entries");
    let from = sheet.entries.len().saturating_sub(LATEST);
    entries(sheet, &mut document, sheet.entries.iter().skip(from));
    end(sheet, document)
}

/// What is unmet at a gate; and conditions of which this reader is not told whether they are met.
fn unmet(incident: &IncidentView, gate: &GateView) -> Vec<String> {
    let name = |word: &GateWord| word.as_str().replace('_', " ");
    let hides = |word: &&GateWord| incident.hides_gate(**word);
    let unmet = gate.unmet.iter().filter(|word| !hides(word)).map(name);
    let hidden = gate::asked(&gate.to).iter().filter(hides);
    let hidden = hidden.map(|word| format!("{} {HIDDEN}", name(word)));
    unmet.chain(hidden).collect()
}
