//! What dialogs offer to choose from: an incident's duties with their clocks, people whose names the board has seen,
//! values before and after. What is done with the choice stands with each dialog.

use super::dialog::Fault;
use super::form::{Form, Item, Row};
use crate::domain::duty::status_at;
use crate::domain::instant::Instant;
use crate::domain::text::SafeText;
use crate::domain::view::{DutyView, IncidentView};
use crate::domain::word::{Precision, Seat};
use crate::ui::canvas::Part;
use crate::ui::screen::words;
pub use crate::ui::screen::words::seat;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Names offered at once.
const NAMES: usize = 12;

/// The seats that a person fills, the decider's apart.
pub const SEATS: [Seat; 5] = [
    Seat::Commander,
    Seat::Deputy,
    Seat::Scribe,
    Seat::OwnerLead,
    Seat::ServiceLead,
];

/// The duties that pass, each with its clock: those that run first, by due, then what has no number, then the rest.
pub fn duties(
    shared: &Shared,
    source: usize,
    incident: &IncidentView,
    passes: impl Fn(&DutyView) -> bool,
) -> Vec<Item> {
    let now = shared.time(source);
    let mut duties: Vec<&DutyView> = incident
        .duties
        .iter()
        .filter(|duty| duty.enabled && passes(duty))
        .collect();
    duties.sort_by_key(|duty| {
        let status = status_at(duty, now);
        (status.is_finished(), !status.counts_down(), duty.due_at)
    });
    let item = |duty: &DutyView| {
        let (clock, _) = words::duty_clock(shared, source, incident, duty);
        let name = words::full_name(shared, incident, duty);
        Item::new(duty.id.clone(), name).with(clock.parts())
    };
    duties.into_iter().map(item).collect()
}

/// The duty's view by its id.
pub fn duty<'a>(incident: &'a IncidentView, id: &str) -> Option<&'a DutyView> {
    incident.duties.iter().find(|duty| duty.id == id)
}

/// People seen in seats at a source, the most seen first, ourselves before all.
pub fn names(shared: &Shared, source: usize) -> Vec<String> {
    let mut names = seen(shared, source);
    names.truncate(NAMES);
    names
}

/// The same, however many they are.
pub fn seen(shared: &Shared, source: usize) -> Vec<String> {
    let mut seen: Vec<(usize, String)> = Vec::new();
    let mut add = |name: &str, weight: usize| match seen.iter_mut().find(|(_, n)| n == name) {
        Some((count, _)) => *count += weight,
        None => seen.push((weight, name.to_owned())),
    };
    if let Some(me) = shared.caller(source) {
        add(&me.name, usize::MAX / 2);
    }
    let incidents = shared.source(source).map(|of| of.incidents.iter());
    for incident in incidents.into_iter().flatten() {
        for name in SEATS.iter().filter_map(|seat| incident.seat(*seat)) {
            add(name, 1);
        }
        for name in incident
            .duties
            .iter()
            .filter_map(|duty| duty.decider.person.as_deref())
        {
            add(name, 1);
        }
    }
    seen.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let names = seen.into_iter().map(|(_, name)| name);
    names
        .filter(|name| !SafeText::line(name).is_changed())
        .collect()
}

/// An instant that something is measured against. A day alone would be read as its first minute, and what came late as in
/// time.
pub fn to_the_minute(form: &Form, field: &'static str) -> Result<Option<Instant>, Fault> {
    let Some(when) = form.when(field) else {
        return Ok(None);
    };
    if when.precision >= Precision::Day {
        return Err(Fault::field(
            field,
            "Say the time of day too, as 2026-11-23 14:05; a day alone is read as its first minute.",
        ));
    }
    Ok(Some(when.at))
}

/// `severity  sev2 ► sev1`; under a heading without a name.
pub fn before_after(shared: &Shared, what: &str, before: &str, after: &str) -> Row {
    vec![
        Part::text(what.to_owned(), Role::Dim),
        Part::Tab(if what.is_empty() { 2 } else { 16 }),
        Part::text(before.to_owned(), Role::Before),
        Part::text(format!(" {} ", shared.glyphs.becomes()), Role::Dim),
        Part::text(after.to_owned(), Role::After),
    ]
}
