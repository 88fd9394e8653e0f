//! Writes notes that people made here to the system an incident came from, once: that one is about to be written is on record
//! before it is, and what may have been written is not written again, unless the other side knows it again. Privileged notes,
//! restricted incidents, exercises and what is above the connector's clearance stay here.

use std::sync::Arc;

use chrono::TimeDelta;

use super::lease::Asker;
use super::memory::{Memory, TurnError};
use super::take::job_on;
use crate::connector::error::{ConnectorError, OneByOne};
use crate::connector::port::Noting;
use crate::domain::command::note_there::NotesThere;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::word::{Tlp, Via};
use crate::server::worker::worker;
use crate::store::replay::event;
use crate::store::{Done, Entry};

/// How many notes are written in one turn; the rest in the next.
const WRITTEN_MAX: usize = 10;
/// What becomes of an incident whose notes cannot be written now.
const UNNOTED: &str = "has notes that are not written there yet";
/// How many incidents with such notes are kept at once; the rest in the next turn.
const INCIDENTS_MAX: usize = 100;
/// Entries that are read at once.
const ENTRIES: usize = 100;
/// What is older stays here: a source that was away for long, or that notes are written to from now on, is not flooded.
const WITHIN_MINUTES: i64 = 4 * 60;
/// What stays here for that is told for so long: not everything from before notes were written there.
const MISSED_WITHIN_MINUTES: i64 = 24 * 60;
/// How that is told.
const MISSED: &str = "older than four hours: not written there";
/// How much of a note is written there, in characters.
const TEXT_MAX: usize = 10_000;

/// A note as it is written there.
struct Noted {
    seq: u64,
    text: String,
}

/// What an entry of the timeline is to the source.
enum Wish {
    /// Nothing.
    None,
    Write(Noted),
    /// It was to be written, and is too old by now.
    Missed,
}

/// Notes of one incident that are to be written.
struct Waiting {
    incident: Arc<Incident>,
    /// Its last entry, when it was looked at.
    seq: u64,
    key: String,
    there: NotesThere,
    notes: Vec<Noted>,
}

/// How the source answered just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answers {
    Well,
    /// Not to all that it was asked.
    Badly,
    /// It is not to be asked again in this turn.
    No,
}

/// Writes what is to be written, and tells what will not be. That a note is about to be is on record before it is: a source
/// that did not answer well is asked for the incident first.
pub(super) async fn write_notes(
    asker: &Asker,
    memory: &mut Memory,
    answers: Answers,
) -> Result<(), TurnError> {
    let Some(clearance) = asker.polled.settings.write_notes else {
        return Ok(());
    };
    if asker.polled.connector.capabilities().noting == Noting::No {
        return Ok(());
    }
    let (now, mut all) = (asker.state.clock.mono(), Vec::new());
    for (seq, incident) in news(asker, memory) {
        let Some(waiting) = waiting(asker, seq, incident, clearance).await? else {
            continue;
        };
        if waiting.notes.is_empty() {
            memory.unnoted.over(&waiting.key);
            memory.noted.insert(waiting.incident.id.clone(), seq);
        } else if all.len() < INCIDENTS_MAX && !memory.unnoted.holds(&waiting.key, now) {
            all.push(waiting);
        }
    }
    if answers == Answers::No {
        return Ok(());
    }
    write_all(asker, memory, all, answers).await?;
    asker
        .polled
        .note(|progress| progress.trouble = memory.trouble());
    Ok(())
}

async fn write_all(
    asker: &Asker,
    memory: &mut Memory,
    all: Vec<Waiting>,
    answers: Answers,
) -> Result<(), TurnError> {
    let now = asker.state.clock.mono();
    let (mut left, mut one_by_one) = (WRITTEN_MAX, OneByOne::default());
    for waiting in all {
        let (key, seq, id) = (
            waiting.key.clone(),
            waiting.seq,
            waiting.incident.id.clone(),
        );
        match of_incident(asker, waiting, answers, &mut left).await {
            Ok(true) => {
                one_by_one.answered();
                memory.unnoted.over(&key);
                memory.noted.insert(id, seq);
            }
            Ok(false) => break,
            // The notes of the others are written all the same.
            Err(TurnError::Source(error)) => {
                let error = one_by_one.judge(error)?;
                memory.unnoted.put(key, UNNOTED, &error, now);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Incidents of this source of which something was written since they were last looked at, with the place of that.
fn news(asker: &Asker, memory: &mut Memory) -> Vec<(u64, Arc<Incident>)> {
    let oldest = asker.state.clock.now() - TimeDelta::minutes(MISSED_WITHIN_MINUTES);
    let world = asker.state.mirror.read();
    let ours = world.of_source(&asker.polled.settings.name);
    let ours = ours.filter(|snapshot| snapshot.incident.updated_at >= oldest);
    let looked_at = std::mem::take(&mut memory.noted);
    let mut news = Vec::new();
    for snapshot in ours {
        let id = &snapshot.incident.id;
        if looked_at.get(id) == Some(&snapshot.seq) {
            // The others need not be remembered.
            memory.noted.insert(id.clone(), snapshot.seq);
        } else {
            news.push((snapshot.seq, snapshot.incident.clone()));
        }
    }
    news
}

/// What is to be written of one incident. Puts on record what will not be.
async fn waiting(
    asker: &Asker,
    seq: u64,
    incident: Arc<Incident>,
    clearance: Tlp,
) -> Result<Option<Waiting>, TurnError> {
    let Some(upstream) = &incident.upstream else {
        return Ok(None);
    };
    let mut there = NotesThere::of(upstream);
    if there.under_way.is_some() {
        // Whoever began it ended before it could tell how it went.
        there = match asker.polled.connector.capabilities().noting {
            Noting::Idempotent => there.again(),
            _ => there.lost("the backend ended while it was being written: look there".to_owned()),
        };
        tell(asker, &incident, &there).await?;
    }
    let (mut notes, mut missed, mut after) = (Vec::new(), false, there.upto);
    loop {
        let entries = asker
            .state
            .store
            .timeline(&incident.id, after, ENTRIES)
            .await?;
        for entry in &entries {
            match wish(asker, &incident, clearance, entry) {
                Wish::Write(noted) => notes.push(noted),
                Wish::Missed if notes.is_empty() => {
                    there = there.missed(entry.seq, MISSED);
                    missed = true;
                }
                Wish::Missed | Wish::None => {}
            }
        }
        match entries.last() {
            // What is not written there is not noted: it is looked at again after the next change, and costs nothing there.
            Some(last) if entries.len() == ENTRIES && notes.len() < WRITTEN_MAX => after = last.seq,
            _ => break,
        }
    }
    if missed {
        tell(asker, &incident, &there).await?;
    }
    Ok(Some(Waiting {
        key: upstream.key.clone(),
        incident,
        seq,
        there,
        notes,
    }))
}

/// Writes what is to be written of one incident. False where the turn's notes are used up.
async fn of_incident(
    asker: &Asker,
    waiting: Waiting,
    answers: Answers,
    left: &mut usize,
) -> Result<bool, TurnError> {
    let Waiting {
        incident,
        key,
        mut there,
        notes,
        ..
    } = waiting;
    for noted in notes {
        if *left == 0 {
            return Ok(false);
        }
        *left -= 1;
        if answers == Answers::Badly {
            asker.polled.connector.read(&key).await?;
        }
        there = write(asker, &incident, &key, there, noted).await?;
    }
    Ok(true)
}

fn wish(asker: &Asker, incident: &Incident, clearance: Tlp, entry: &Entry) -> Wish {
    let age = asker.state.clock.now() - entry.at;
    let stays = incident.restriction.is_some() || incident.exercise || incident.tlp > clearance;
    if stays
        || age > TimeDelta::minutes(MISSED_WITHIN_MINUTES)
        || matches!(entry.via, Via::Import | Via::Worker)
    {
        return Wish::None;
    }
    let Ok(Event::Noted {
        text,
        kind,
        privileged: false,
        ..
    }) = event(entry)
    else {
        return Wish::None;
    };
    if text.starts_with("[redacted") {
        return Wish::None;
    }
    if age > TimeDelta::minutes(WITHIN_MINUTES) {
        return Wish::Missed;
    }
    let text = format!(
        "{} ({} in {}): {text}",
        entry.by,
        kind.as_str(),
        incident.id
    );
    Wish::Write(Noted {
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
) -> Result<NotesThere, TurnError> {
    if !asker.may_write() {
        return Err(TurnError::Lost);
    }
    let there = before.begun(noted.seq);
    if !tell(asker, incident, &there).await? {
        return Err(TurnError::Lost);
    }
    if !asker.may_write() {
        // It took so long to be put on record that another node may have the source: nothing was sent.
        tell(asker, incident, &there.again()).await?;
        return Err(TurnError::Lost);
    }
    let once = format!("{}-{}", incident.id, noted.seq);
    let written = asker.polled.connector.note(key, &noted.text, &once).await;
    let repeats = asker.polled.connector.capabilities().noting == Noting::Idempotent;
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
async fn tell(asker: &Asker, incident: &Incident, there: &NotesThere) -> Result<bool, TurnError> {
    let (state, there) = (&asker.state, there.clone());
    let job = job_on(
        asker,
        incident,
        worker(),
        Via::Worker,
        move |incident, _| there.told(incident),
    );
    match state.store.submit(job).await? {
        Done::Written { seq, .. } => {
            state.mirror.reach(seq, &state.clock).await;
            Ok(true)
        }
        Done::Superseded => Err(TurnError::Lost),
        _ => Ok(false),
    }
}
