//! Writes notes that people made here to the system an incident came from, once: that one is about to be written is on record
//! before it is, and what may have been written is not written again, unless the other side knows it again. Privileged notes,
//! restricted incidents, exercises and what is above the connector's clearance stay here.

use std::sync::Arc;

use chrono::TimeDelta;

use super::sync::job_on;
use super::sync_lease::Asker;
use super::sync_memory::{Memory, Trouble};
use crate::connector::error::{ConnectorError, OneByOne};
use crate::connector::port::Noting;
use crate::domain::command::note_there::NotesThere;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::word::{Tlp, Via};
use crate::store::replay::event;
use crate::store::{Done, Entry};

/// How many notes are written in one turn; the rest in the next.
const WRITTEN_MAX: usize = 10;
/// What becomes of an incident whose notes cannot be written now.
const UNNOTED: &str = "has notes that are not written there yet";
/// Entries that are read at once.
const ENTRIES: usize = 100;
/// What is older stays here: a source that was away for long, or that notes are written to from now on, is not flooded.
const WITHIN_MINUTES: i64 = 4 * 60;
/// How much of a note is written there, in characters.
const TEXT_MAX: usize = 10_000;

/// A note as it is written there.
struct Noted {
    seq: u64,
    text: String,
}

/// Writes what is to be written. That a note is about to be is on record before it is: a source that did not answer just now
/// is asked for the incident first.
pub(super) async fn write_notes(
    asker: &Asker,
    memory: &mut Memory,
    answers: bool,
) -> Result<(), Trouble> {
    let Some(clearance) = asker.intake.settings.write_notes else {
        return Ok(());
    };
    if asker.intake.connector.capabilities().noting == Noting::No {
        return Ok(());
    }
    let now = asker.state.clock.mono();
    let (mut left, mut one_by_one) = (WRITTEN_MAX, OneByOne::default());
    for (seq, incident) in news(asker, memory) {
        let Some(upstream) = &incident.upstream else {
            continue;
        };
        if memory.unnoted.holds(&upstream.key, now) {
            continue;
        }
        let before = left;
        match of_incident(asker, &incident, clearance, answers, &mut left).await {
            Ok(true) => {
                memory.unnoted.over(&upstream.key);
                memory.noted.insert(incident.id.clone(), seq);
            }
            Ok(false) => break,
            // The notes of the others are written all the same.
            Err(Trouble::Source(error)) => {
                let error = one_by_one.judge(error)?;
                let key = upstream.key.clone();
                memory.unnoted.put(key, UNNOTED, &error, now);
                continue;
            }
            Err(error) => return Err(error),
        }
        if left < before {
            one_by_one.answered();
        }
    }
    asker
        .intake
        .note(|progress| progress.trouble = memory.trouble());
    Ok(())
}

/// Incidents of this source of which something was written since they were last looked at, with the place of that.
fn news(asker: &Asker, memory: &Memory) -> Vec<(u64, Arc<Incident>)> {
    let oldest = asker.state.clock.now() - TimeDelta::minutes(WITHIN_MINUTES);
    let world = asker.state.mirror.read();
    let ours = world.after(None).filter(|snapshot| {
        let incident = &snapshot.incident;
        let source = incident.upstream.as_ref().map(|of| &of.connector);
        source == Some(&asker.intake.settings.name)
            && incident.updated_at >= oldest
            && memory.noted.get(&incident.id) != Some(&snapshot.seq)
    });
    ours.map(|snapshot| (snapshot.seq, snapshot.incident.clone()))
        .collect()
}

/// False where the turn's notes are used up.
async fn of_incident(
    asker: &Asker,
    incident: &Arc<Incident>,
    clearance: Tlp,
    answers: bool,
    left: &mut usize,
) -> Result<bool, Trouble> {
    let Some(upstream) = &incident.upstream else {
        return Ok(true);
    };
    let mut there = NotesThere::of(upstream);
    if there.under_way.is_some() {
        // Whoever began it ended before it could tell how it went.
        there = match asker.intake.connector.capabilities().noting {
            Noting::Idempotent => there.again(),
            _ => there.lost("the backend ended while it was being written: look there".to_owned()),
        };
        tell(asker, incident, &there).await?;
    }
    loop {
        let entries = asker
            .state
            .store
            .timeline(&incident.id, there.upto, ENTRIES)
            .await?;
        for entry in &entries {
            let Some(noted) = to_write(asker, incident, clearance, entry) else {
                continue;
            };
            if *left == 0 {
                return Ok(false);
            }
            *left -= 1;
            if !answers {
                asker.intake.connector.read(&upstream.key).await?;
            }
            there = write(asker, incident, &upstream.key, there, noted).await?;
        }
        match entries.last() {
            // What is not written there is not noted: it is looked at again after the next change, and costs nothing there.
            Some(last) if entries.len() == ENTRIES => there.upto = there.upto.max(last.seq),
            _ => return Ok(true),
        }
    }
}

fn to_write(asker: &Asker, incident: &Incident, clearance: Tlp, entry: &Entry) -> Option<Noted> {
    let oldest = asker.state.clock.now() - TimeDelta::minutes(WITHIN_MINUTES);
    let stays = incident.restriction.is_some() || incident.exercise || incident.tlp > clearance;
    if stays || entry.at < oldest || matches!(entry.via, Via::Import | Via::Worker) {
        return None;
    }
    let Ok(Event::Noted {
        text,
        kind,
        privileged: false,
        ..
    }) = event(entry)
    else {
        return None;
    };
    if text.starts_with("[redacted") {
        return None;
    }
    let text = format!(
        "{} ({} in {}): {text}",
        entry.by,
        kind.as_str(),
        incident.id
    );
    Some(Noted {
        seq: entry.seq,
        text: text.chars().take(TEXT_MAX).collect(),
    })
}

/// Writes one note. How far it came is on record before and after.
async fn write(
    asker: &Asker,
    incident: &Incident,
    key: &str,
    before: NotesThere,
    noted: Noted,
) -> Result<NotesThere, Trouble> {
    if !asker.may_write() {
        return Err(Trouble::Lost);
    }
    let there = before.begun(noted.seq);
    if !tell(asker, incident, &there).await? {
        return Err(Trouble::Lost);
    }
    if !asker.may_write() {
        // It took so long to be put on record that another node may have the source: nothing was sent.
        tell(asker, incident, &there.again()).await?;
        return Err(Trouble::Lost);
    }
    let once = format!("{}-{}", incident.id, noted.seq);
    let written = asker.intake.connector.note(key, &noted.text, &once).await;
    let repeats = asker.intake.connector.capabilities().noting == Noting::Idempotent;
    let (there, trouble) = match written {
        Ok(()) => (there.written(), None),
        Err(error @ ConnectorError::Unknown(_)) if !repeats => {
            (there.lost(error.to_string()), None)
        }
        Err(
            error @ (ConnectorError::Auth(_)
            | ConnectorError::RateLimited { .. }
            | ConnectorError::Unknown(_)
            | ConnectorError::Transport(_)),
        ) => (there.again(), Some(error)),
        Err(error) => (there.lost(error.to_string()), None),
    };
    tell(asker, incident, &there).await?;
    match trouble {
        Some(error) => Err(error.into()),
        None => Ok(there),
    }
}

/// Puts on record how far it came; false where another node was there first. It is nobody's command.
async fn tell(asker: &Asker, incident: &Incident, there: &NotesThere) -> Result<bool, Trouble> {
    let (state, there) = (&asker.state, there.clone());
    let job = job_on(
        asker,
        incident,
        super::worker(),
        Via::Worker,
        move |incident, _| there.told(incident),
    );
    match state.store.submit(job).await? {
        Done::Written { seq, .. } => {
            state.mirror.reach(seq, &state.clock).await;
            Ok(true)
        }
        Done::Superseded => Err(Trouble::Lost),
        _ => Ok(false),
    }
}
