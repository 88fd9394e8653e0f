//! What the system that an incident came from takes from here, in words: for the dialogs that change it, and for the help. Every
//! key works on warboard's own record; what of it the source obeys is said before.

use super::shared::Shared;
use crate::domain::board::ConnectorView;
use crate::domain::command::upstream::{conflicts, standing};
use crate::domain::say::phase_words;
use crate::domain::view::{IncidentView, Upstream};
use crate::domain::word::Phase;

/// Where an incident came from, if its backend still asks there.
fn source<'a>(
    shared: &'a Shared,
    at: usize,
    incident: &'a IncidentView,
) -> Option<(&'a Upstream, &'a ConnectorView)> {
    let upstream = incident.upstream.as_ref()?;
    let about = shared.source(at)?.about.as_ref()?;
    let mut known = about.connectors.iter();
    let connector = known.find(|known| known.name == upstream.connector)?;
    Some((upstream, connector))
}

/// What the source is called in this room.
fn name<'a>(shared: &Shared, upstream: &'a Upstream) -> &'a str {
    match shared.options.mask {
        true => "its source",
        false => &upstream.connector,
    }
}

/// Why nothing that is done here is done there at all.
fn apart(upstream: &Upstream) -> Option<String> {
    match standing(upstream) {
        Some("open") | None => {}
        Some(standing) => return Some(format!("it is {standing} there")),
    }
    let contested = conflicts(upstream);
    let phase = contested.iter().any(|(field, _, _)| field == "phase");
    phase.then(|| "CONFLICT: it stands in another phase there".to_owned())
}

/// What a move to a phase does where the incident came from; None where it came from nowhere that is asked.
pub fn move_words(
    shared: &Shared,
    at: usize,
    incident: &IncidentView,
    to: Phase,
) -> Option<String> {
    let (upstream, connector) = source(shared, at, incident)?;
    let name = name(shared, upstream);
    let status = upstream
        .rest
        .get("raw_status")
        .and_then(|word| word.as_str());
    let keeps = match status {
        Some(status) if !shared.options.mask => format!("{name} keeps '{status}'"),
        _ => format!("{name} keeps its status"),
    };
    let here_only = |why: String| format!("moves here only; {keeps}: {why}");
    let takes = &connector.takes;
    let why = apart(upstream).or_else(|| takes.no_phases.clone());
    Some(match (why, takes.phases.get(to.as_str())) {
        (Some(why), _) => here_only(why),
        (None, None) => here_only(format!("it has no status for {}", phase_words(to))),
        (None, Some(status)) => format!(
            "moves here, then in {name} to '{status}', unless somebody changed it there meanwhile"
        ),
    })
}

/// The same for a note.
pub fn note_words(
    shared: &Shared,
    at: usize,
    incident: &IncidentView,
    privileged: bool,
) -> Option<String> {
    let (upstream, connector) = source(shared, at, incident)?;
    let name = name(shared, upstream);
    let why = match (&connector.takes.no_notes, privileged) {
        (Some(why), _) => why.clone(),
        (None, true) => "it is privileged".to_owned(),
        (None, false) if incident.exercise => "it is an exercise".to_owned(),
        (None, false) if incident.restriction.is_some() => "the incident is restricted".to_owned(),
        (None, false) => {
            return Some(format!(
                "is written to {name} too, once, if it is cleared for this TLP"
            ));
        }
    };
    Some(format!("stays here, {name} does not get it: {why}"))
}

/// That closing and dismissing stay here.
pub fn end_words(shared: &Shared, at: usize, incident: &IncidentView) -> Option<String> {
    let (upstream, _) = source(shared, at, incident)?;
    let open = standing(upstream).is_none_or(|standing| standing == "open");
    open.then(|| {
        let name = name(shared, upstream);
        format!("ends here only; it stays open in {name} until somebody ends it there")
    })
}

/// What the source of the selected incident takes, a line each, for the help.
pub fn lines(shared: &Shared) -> Vec<String> {
    let Some((target, incident)) = shared.selected_incident() else {
        return Vec::new();
    };
    let Some((upstream, connector)) = source(shared, target.source, incident) else {
        return Vec::new();
    };
    let (name, takes) = (name(shared, upstream), &connector.takes);
    let mut lines = Vec::new();
    let moves = apart(upstream).or_else(|| takes.no_phases.clone());
    lines.push(match moves {
        Some(why) => format!("moves stay here, {name} does not follow: {why}"),
        None => {
            let statuses: Vec<&str> = takes.phases.values().map(String::as_str).collect();
            format!("moves are written to {name}: {}", statuses.join(", "))
        }
    });
    lines.push(match &takes.no_notes {
        Some(why) => format!("notes stay here: {why}"),
        None => format!("notes are written to {name}, privileged ones never"),
    });
    if let Some(why) = &takes.no_pages {
        lines.push(format!("pages go by the teams' own routes: {why}"));
    }
    lines
}
