//! Reads a source's list: whole the first time; later, where the source tells nothing of changes and the list is long, the
//! newest part and one more a turn, so that a turn costs two calls however many incidents there are. What left the list is asked for by its key.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::TimeDelta;
use futures::future::try_join_all;

use super::sync::{Memory, Trouble, mark, take, take_in};
use super::sync_lease::Asker;
use crate::connector::error::ConnectorError;
use crate::connector::port::{Batch, Case, Cursor, PARTS_MAX, Watch, Watermark, all};
use crate::domain::command::upstream::standing;
use crate::domain::incident::Incident;
use crate::domain::instant::Instant;

/// How many incidents that left the list are looked at in one turn; the rest in the next.
const MISSING_MAX: usize = 20;
/// How many incidents are written side by side: the store puts them into one transaction.
const SIDE_BY_SIDE: usize = 16;
/// How far a source's clock may be behind ours without anything being passed over.
const SKEW_MS: i64 = 3_600_000;

/// A walk through a list, a part a turn.
#[derive(Default)]
pub(super) struct Walk {
    /// Where it goes on; none at its beginning.
    next: Option<Cursor>,
    parts: usize,
    /// What it met.
    keys: BTreeSet<String>,
    latest: Option<Instant>,
    /// What the newest part held in the last turn.
    newest: BTreeSet<String>,
    trouble: Vec<String>,
}

/// Reads as much of the list as belongs into one turn.
pub(super) async fn read(asker: &Asker, memory: &mut Memory) -> Result<(), Trouble> {
    let compares = asker.intake.connector.capabilities().watch == Watch::FullDiff;
    if compares && memory.whole_at.is_some() {
        return part(asker, memory).await;
    }
    let batch = all(&*asker.intake.connector).await?;
    take_all(asker, memory, &batch.cases).await?;
    memory.walk = Walk::default();
    let cut = memory.walk.note(&batch);
    end(asker, memory, cut).await
}

/// The newest part, where new incidents come in, and the next of the others.
async fn part(asker: &Asker, memory: &mut Memory) -> Result<(), Trouble> {
    let connector = &asker.intake.connector;
    let newest = connector.list(None).await?;
    take_all(asker, memory, &newest.cases).await?;
    let keys: BTreeSet<String> = newest.cases.iter().map(|case| case.key.clone()).collect();
    let mut cut = memory.walk.note(&newest);
    let left = memory.walk.newest.difference(&keys).cloned().collect();
    memory.walk.newest = keys;
    let Some(second) = newest.next else {
        return end(asker, memory, cut).await;
    };
    let cursor = memory.walk.next.clone().unwrap_or(second);
    let older = match connector.list(Some(cursor)).await {
        Ok(older) => older,
        Err(error) => {
            if matches!(
                error,
                ConnectorError::Invalid { .. } | ConnectorError::NotFound(_)
            ) {
                // The list became shorter than where the walk had come to: it begins again.
                memory.walk.next = None;
            }
            return Err(error.into());
        }
    };
    take_all(asker, memory, &older.cases).await?;
    cut |= memory.walk.note(&older);
    memory.walk.next = older.next;
    memory.walk.parts += 1;
    if memory.walk.next.is_none() || memory.walk.parts >= PARTS_MAX {
        return end(asker, memory, cut || memory.walk.next.is_some()).await;
    }
    look_for(asker, left).await?;
    let latest = memory.walk.latest;
    memory.short = said(&memory.walk.trouble).or_else(|| memory.short.take());
    asker.intake.note(|progress| {
        progress.answered_at = Some(asker.state.clock.now());
        progress.changed_at = latest.max(progress.changed_at);
        progress.trouble = memory.trouble();
    });
    Ok(())
}

impl Walk {
    /// Keeps what a part told; true where it says that the list goes on beyond what it gives.
    fn note(&mut self, part: &Batch) -> bool {
        let latest = part.cases.iter().filter_map(|case| case.updated_at).max();
        self.latest = latest.max(self.latest);
        self.keys
            .extend(part.cases.iter().map(|case| case.key.clone()));
        self.trouble.extend(part.cut.clone());
        if !part.unread.is_empty() {
            self.trouble.push(format!(
                "{} incidents there could not be read",
                part.unread.len()
            ));
        }
        part.cut.is_some()
    }
}

fn said(trouble: &[String]) -> Option<String> {
    let once: BTreeSet<&str> = trouble.iter().map(String::as_str).collect();
    let once: Vec<&str> = once.into_iter().collect();
    (!once.is_empty()).then(|| once.join("; "))
}

/// The list was read to its end. What is not on it is asked for, unless there is more than it gives.
async fn end(asker: &Asker, memory: &mut Memory, cut: bool) -> Result<(), Trouble> {
    let newest = std::mem::take(&mut memory.walk.newest);
    let walk = std::mem::replace(
        &mut memory.walk,
        Walk {
            newest,
            ..Walk::default()
        },
    );
    memory.listed.retain(|key, _| walk.keys.contains(key));
    if !cut {
        let left = on_record(asker).into_iter();
        let left = left.filter(|(key, _)| !walk.keys.contains(key));
        look_for(asker, left.map(|(key, _)| key).collect()).await?;
    }
    // By the source's own clock where it told a time, since ours may be ahead of it. What is older than the list is in it.
    let told = walk.latest.map(|at| believed(at, asker));
    let before = asker.state.clock.now() - TimeDelta::milliseconds(SKEW_MS);
    memory.watermark = Some(Watermark {
        at: told.map_or(before, |at| at.max(before)),
        seen: BTreeSet::new(),
    });
    memory.short = said(&walk.trouble);
    memory.whole_at = Some(asker.state.clock.mono());
    asker.intake.note(|progress| {
        let now = asker.state.clock.now();
        progress.answered_at = Some(now);
        progress.whole_at = Some(now);
        progress.changed_at = walk.latest.or(progress.changed_at);
        progress.open = walk.keys.len();
        progress.trouble = memory.trouble();
    });
    Ok(())
}

/// Incidents of this source on our record, by their key there.
fn on_record(asker: &Asker) -> HashMap<String, Arc<Incident>> {
    let world = asker.state.mirror.read();
    let ours = world.after(None).filter_map(|snapshot| {
        let upstream = snapshot.incident.upstream.as_ref()?;
        let ours = upstream.connector == asker.intake.settings.name;
        ours.then(|| (upstream.key.clone(), snapshot.incident.clone()))
    });
    ours.collect()
}

/// Opens and follows what a part of the list says, but for what stands as it stood.
async fn take_all(asker: &Asker, memory: &mut Memory, cases: &[Case]) -> Result<(), Trouble> {
    let changed = cases
        .iter()
        .filter(|case| memory.listed.get(&case.key) != Some(&case.version));
    let changed: Vec<&Case> = changed.collect();
    if changed.is_empty() {
        return Ok(());
    }
    let known = on_record(asker);
    for few in changed.chunks(SIDE_BY_SIDE) {
        let mut complete = Vec::with_capacity(few.len());
        for case in few {
            complete.extend(completed(asker, known.get(&case.key), (*case).clone()).await?);
        }
        let taking = complete
            .iter()
            .map(|case| take(asker, known.get(&case.key), case));
        try_join_all(taking).await?;
        let versions = few
            .iter()
            .filter(|case| complete.iter().any(|of| of.key == case.key));
        memory
            .listed
            .extend(versions.map(|case| (case.key.clone(), case.version.clone())));
    }
    Ok(())
}

/// A case with what its list left out, where that is of use: what stands on record at its version is known already. None
/// where it went between the list and the question; the next list says how.
async fn completed(
    asker: &Asker,
    known: Option<&Arc<Incident>>,
    case: Case,
) -> Result<Option<Case>, ConnectorError> {
    let version = known
        .and_then(|incident| incident.upstream.as_ref()?.rest.get("version"))
        .and_then(|version| version.as_str());
    if !case.partial || version == Some(case.version.0.as_str()) {
        return Ok(Some(case));
    }
    match asker.intake.connector.complete(case).await {
        Ok(case) => Ok(Some(case)),
        Err(ConnectorError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Follows what a source says has changed.
pub(super) async fn changed(asker: &Asker, cases: Vec<Case>) -> Result<(), Trouble> {
    let known = on_record(asker);
    for case in cases {
        let on_record = known.get(&case.key);
        if let Some(case) = completed(asker, on_record, case).await? {
            take(asker, on_record, &case).await?;
        }
    }
    Ok(())
}

/// How far a source is read, by the latest time it told. One that lies ahead of us is not believed: everything that happens
/// until then would be passed over. To read a little twice does no harm.
pub(super) fn believed(latest: Instant, asker: &Asker) -> Instant {
    latest.min(asker.state.clock.now())
}

/// Asks one by one for what our record says is open there and its list does not hold.
async fn look_for(asker: &Asker, keys: Vec<String>) -> Result<(), Trouble> {
    let known = on_record(asker);
    let open = |key: &String| {
        let upstream = known.get(key).and_then(|of| of.upstream.as_ref());
        upstream.is_some_and(|upstream| standing(upstream) == Some("open"))
    };
    for key in keys.iter().filter(|key| open(key)).take(MISSING_MAX) {
        match asker.intake.connector.read(key).await {
            Ok(case) => take_in(asker, &case).await?,
            Err(ConnectorError::NotFound(_)) => mark(asker, key, "gone").await?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
