//! Reads a source's list: whole the first time; later, where the source tells nothing of changes and the list is long, the
//! newest part and one more a turn, so that a turn costs two calls however many incidents there are. What left the list is asked for by its key.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::TimeDelta;
use futures::future::try_join_all;

use super::lease::Asker;
use super::memory::{Memory, TurnError, Walk};
use super::take::{mark, take, take_in};
use crate::connector::error::{ConnectorError, OneByOne};
use crate::connector::port::{Case, PARTS_MAX, Watch, Watermark, all};
use crate::domain::command::upstream::standing;
use crate::domain::incident::Incident;
use crate::domain::instant::Instant;

/// How many incidents that left the list are looked at in one turn; the rest in the next.
const MISSING_MAX: usize = 20;
/// What becomes of one that gives no answer, or says no.
pub(super) const UNREAD: &str = "could not be read";
/// How many incidents are written side by side: the store puts them into one transaction.
const SIDE_BY_SIDE: usize = 16;
/// How far a source's clock may be behind ours without anything being passed over.
const SKEW_MS: i64 = 3_600_000;

/// Reads as much of the list as belongs into one turn.
pub(super) async fn read(asker: &Asker, memory: &mut Memory) -> Result<(), TurnError> {
    let compares = asker.polled.connector.capabilities().watch == Watch::FullDiff;
    if compares && memory.whole_at.is_some() {
        return part(asker, memory).await;
    }
    let begun = Some(asker.state.clock.now());
    let batch = all(&*asker.polled.connector).await?;
    take_all(asker, memory, &batch.cases).await?;
    memory.walk = Walk {
        begun,
        ..Walk::default()
    };
    let cut = memory.walk.note(&batch);
    end(asker, memory, cut).await
}

/// The newest part, where new incidents come in, and the next of the others.
async fn part(asker: &Asker, memory: &mut Memory) -> Result<(), TurnError> {
    let connector = &asker.polled.connector;
    memory
        .walk
        .begun
        .get_or_insert_with(|| asker.state.clock.now());
    let newest = connector.list(None).await?;
    take_all(asker, memory, &newest.cases).await?;
    let keys: BTreeSet<String> = newest.cases.iter().map(|case| case.key.clone()).collect();
    let mut cut = memory.walk.note(&newest);
    memory
        .left
        .extend(memory.walk.newest.difference(&keys).cloned());
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
                // The list became shorter than where the walk had come to: it begins again, and what it met counts no more.
                let newest = std::mem::take(&mut memory.walk.newest);
                memory.walk = Walk {
                    newest,
                    ..Walk::default()
                };
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
    look_for(asker, memory, false).await?;
    let latest = memory.walk.latest;
    memory.short = said(&memory.walk.trouble).or_else(|| memory.short.take());
    asker.polled.note(|progress| {
        progress.answered_at = Some(asker.state.clock.now());
        progress.changed_at = latest.max(progress.changed_at);
        progress.trouble = memory.trouble();
    });
    Ok(())
}

fn said(trouble: &[String]) -> Option<String> {
    let once: BTreeSet<&str> = trouble.iter().map(String::as_str).collect();
    let once: Vec<&str> = once.into_iter().collect();
    (!once.is_empty()).then(|| once.join("; "))
}

/// The list was read to its end. What is not on it is asked for, unless there is more than it gives.
async fn end(asker: &Asker, memory: &mut Memory, cut: bool) -> Result<(), TurnError> {
    let newest = std::mem::take(&mut memory.walk.newest);
    let walk = std::mem::replace(
        &mut memory.walk,
        Walk {
            newest,
            ..Walk::default()
        },
    );
    memory.listed.retain(|key, _| walk.keys.contains(key));
    // By the source's own clock where it told a time, since ours may be ahead of it. What is older than the list is in it; what
    // changed while it was read may not be.
    let begun = walk.begun.unwrap_or_else(|| asker.state.clock.now());
    let told = walk.latest.map(|at| believed(at, begun));
    let before = begun - TimeDelta::milliseconds(SKEW_MS);
    memory.watermark = Some(Watermark {
        at: told.map_or(before, |at| at.max(before)),
        seen: BTreeSet::new(),
    });
    memory.short = said(&walk.trouble);
    memory.whole_at = Some(asker.state.clock.mono());
    miss(asker, memory, &walk.keys, cut);
    let looked = look_for(asker, memory, walk.keys.is_empty()).await;
    if looked.is_err() && walk.keys.is_empty() {
        // A source that says it holds nothing, and cannot say where anything went, is not believed.
        memory.whole_at = None;
        return looked;
    }
    asker.polled.note(|progress| {
        progress.whole_at = Some(asker.state.clock.now());
        progress.changed_at = walk.latest.or(progress.changed_at);
        progress.open = walk.keys.len();
    });
    looked?;
    asker.polled.note(|progress| {
        progress.answered_at = Some(asker.state.clock.now());
        progress.trouble = memory.trouble();
    });
    Ok(())
}

/// Notes what is open on our record and not on the whole list. Those that were missed before come first.
fn miss(asker: &Asker, memory: &mut Memory, keys: &BTreeSet<String>, cut: bool) {
    let now = asker.state.clock.mono();
    let known = on_record(asker);
    let open = open_keys(&known);
    memory
        .unread
        .keep(|key| keys.contains(key) || open.contains(key));
    memory.refused.keep(|key| keys.contains(key));
    memory.left.retain(|key| !keys.contains(key));
    let waits = |key: &String| !memory.unread.holds(key, now);
    if !cut && !memory.left.iter().any(waits) {
        memory.left = open.difference(keys).cloned().collect();
    }
}

fn open_keys(known: &HashMap<String, Arc<Incident>>) -> BTreeSet<String> {
    let open = known.iter().filter(|(_, incident)| {
        let upstream = incident.upstream.as_ref();
        upstream.is_some_and(|upstream| standing(upstream) == Some("open"))
    });
    open.map(|(key, _)| key.clone()).collect()
}

/// Incidents of this source on our record, by their key there.
fn on_record(asker: &Asker) -> HashMap<String, Arc<Incident>> {
    let world = asker.state.mirror.read();
    let ours = world.of_source(&asker.polled.settings.name);
    let ours = ours.filter_map(|snapshot| {
        let upstream = snapshot.incident.upstream.as_ref()?;
        Some((upstream.key.clone(), snapshot.incident.clone()))
    });
    ours.collect()
}

/// Opens and follows what a part of the list says, but for what stands as it stood.
async fn take_all(asker: &Asker, memory: &mut Memory, cases: &[Case]) -> Result<(), TurnError> {
    let now = asker.state.clock.mono();
    let changed = cases.iter().filter(|case| {
        let stands = memory.listed.get(&case.key) == Some(&case.version);
        !stands && !memory.refused.holds(&case.key, now)
    });
    let changed: Vec<&Case> = changed.collect();
    if changed.is_empty() {
        return Ok(());
    }
    let known = on_record(asker);
    let mut one_by_one = OneByOne::default();
    for few in changed.chunks(SIDE_BY_SIDE) {
        let mut complete = Vec::with_capacity(few.len());
        for case in few {
            let (of, case) = (known.get(&case.key), (*case).clone());
            complete.extend(completed(asker, memory, &mut one_by_one, of, case).await?);
        }
        let taking = complete
            .iter()
            .map(|case| take(asker, known.get(&case.key), case));
        let refused = try_join_all(taking).await?;
        for (case, refused) in complete.iter().zip(refused) {
            let listed = few.iter().find(|of| of.key == case.key);
            if let (Some(of), None) = (listed, &refused) {
                memory.listed.insert(of.key.clone(), of.version.clone());
            }
            memory.taken(&case.key, refused, now);
        }
    }
    Ok(())
}

/// A case with what its list left out, where that is of use: what stands on record at its version is known already. None
/// where it went between the list and the question; the next list says how. None, too, where it cannot be read: a part of it
/// would be taken for all.
async fn completed(
    asker: &Asker,
    memory: &mut Memory,
    one_by_one: &mut OneByOne,
    known: Option<&Arc<Incident>>,
    case: Case,
) -> Result<Option<Case>, ConnectorError> {
    let version = known
        .and_then(|incident| incident.upstream.as_ref()?.rest.get("version"))
        .and_then(|version| version.as_str());
    if !case.partial || version == Some(case.version.0.as_str()) {
        return Ok(Some(case));
    }
    let now = asker.state.clock.mono();
    if memory.unread.holds(&case.key, now) {
        return Ok(None);
    }
    let key = case.key.clone();
    match asker.polled.connector.complete(case).await {
        Ok(case) => {
            one_by_one.answered();
            Ok(Some(case))
        }
        Err(ConnectorError::NotFound(_)) => {
            one_by_one.answered();
            Ok(None)
        }
        Err(error) => {
            let error = one_by_one.judge(error)?;
            memory.unread.put(key, UNREAD, &error, now);
            Ok(None)
        }
    }
}

/// Follows what a source says has changed.
pub(super) async fn changed(
    asker: &Asker,
    memory: &mut Memory,
    cases: Vec<Case>,
) -> Result<(), TurnError> {
    let known = on_record(asker);
    let mut one_by_one = OneByOne::default();
    for case in cases {
        let on_record = known.get(&case.key);
        if let Some(case) = completed(asker, memory, &mut one_by_one, on_record, case).await? {
            let refused = take(asker, on_record, &case).await?;
            memory.taken(&case.key, refused, asker.state.clock.mono());
        }
    }
    Ok(())
}

/// How far a source is read, by the latest time it told and when asking began, by our clock. A time that lies ahead of that is
/// not believed: everything that happens until then would be passed over. To read a little twice does no harm.
pub(super) fn believed(latest: Instant, begun: Instant) -> Instant {
    latest.min(begun)
}

/// Asks one by one for what our record says is open there and its list does not hold. Where that one holds nothing at all,
/// some answer is needed to believe it.
pub(super) async fn look_for(
    asker: &Asker,
    memory: &mut Memory,
    holds_nothing: bool,
) -> Result<(), TurnError> {
    if memory.left.is_empty() {
        return Ok(());
    }
    let now = asker.state.clock.mono();
    let open = open_keys(&on_record(asker));
    memory.left.retain(|key| open.contains(key));
    let waits = |key: &&String| !memory.unread.holds(key, now);
    let keys: Vec<String> = memory
        .left
        .iter()
        .filter(waits)
        .take(MISSING_MAX)
        .cloned()
        .collect();
    let mut one_by_one = OneByOne::default();
    let (mut own, mut away) = (Vec::new(), None);
    for key in keys {
        memory.left.remove(&key);
        match asker.polled.connector.read(&key).await {
            Ok(case) => take_in(asker, &case).await?,
            Err(ConnectorError::NotFound(_)) => mark(asker, &key, "gone").await?,
            Err(error) => match one_by_one.judge(error) {
                Ok(error) => {
                    own.push((key, error));
                    continue;
                }
                Err(error) => {
                    away = Some(error);
                    break;
                }
            },
        }
        one_by_one.answered();
        memory.unread.over(&key);
    }
    if holds_nothing && !one_by_one.has_answered() {
        away = away.or_else(|| own.pop().map(|(_, error)| error));
    } else {
        for (key, error) in own {
            memory.unread.put(key, UNREAD, &error, now);
        }
    }
    away.map_or(Ok(()), |error| Err(error.into()))
}
