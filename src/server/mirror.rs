//! Every incident of the store, kept in memory and followed by its feed: what lists and changes are read from.
//! The store stays the truth; the mirror only ever moves forward along `since`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::{RwLock, RwLockReadGuard};
use tokio::sync::watch;

use super::lost::Lost;
use super::metric::Metrics;
use super::trouble::Trouble;
use crate::domain::caller::{Audience, Caller};
use crate::domain::incident::Incident;
use crate::domain::instant::Instant;
use crate::store::chain::Head;
use crate::store::{Snapshot, Store, StoreError};
use crate::time::{SharedClock, timeout};

/// How many incidents are read from the store at once.
const STRETCH: usize = 1_000;
/// How long a writer waits for the mirror to show its own write before it answers all the same.
const REACH_WITHIN_MS: i64 = 5_000;
/// How long the end of the record may come after its last entry.
const END_WITHIN_MS: i64 = 1_000;
/// How long to wait after the store could not be read.
const AGAIN_AFTER_MS: i64 = 500;
/// How long ago the store may have been read, where it cannot be now, before readers are told: what they are shown would look
/// new and be old.
const BEHIND_AFTER_MS: i64 = 10_000;
/// How often the store is asked without being woken, in case another process wrote to it.
const LOOK_AFTER_MS: i64 = 5_000;

/// All incidents at one place of the feed.
#[derive(Debug, Default)]
pub struct World {
    head: u64,
    incidents: BTreeMap<String, Snapshot>,
    by_seq: BTreeMap<u64, String>,
    pages: HashMap<String, String>,
    /// By where incidents come from: their ids by their key there.
    sources: HashMap<String, BTreeMap<String, BTreeSet<String>>>,
    /// Incidents that exist for some people only, and since when they are gone for whom.
    lost: BTreeMap<String, Lost>,
    /// Everybody for whom one of those exists, or did since it is restricted.
    named: HashSet<String>,
}

impl World {
    /// The place of the feed this is the state at.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// The incident with this id.
    pub fn incident(&self, id: &str) -> Option<&Snapshot> {
        self.incidents.get(id)
    }

    /// The incident that holds this page.
    pub fn of_page(&self, page: &str) -> Option<&Snapshot> {
        self.pages.get(page).and_then(|id| self.incident(id))
    }

    /// The incidents that came from a source, by their key there.
    pub fn of_source(&self, name: &str) -> impl Iterator<Item = &Snapshot> {
        let ids = self
            .sources
            .get(name)
            .into_iter()
            .flat_map(BTreeMap::values);
        ids.flatten().filter_map(|id| self.incident(id))
    }

    /// The incident that came from a source under this key; the first by id, should there be several.
    pub fn by_key(&self, name: &str, key: &str) -> Option<&Snapshot> {
        let ids = self.sources.get(name)?.get(key)?;
        ids.first().and_then(|id| self.incident(id))
    }

    /// All incidents by id, beginning behind `after`.
    pub fn after(&self, after: Option<&str>) -> impl Iterator<Item = &Snapshot> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.incidents
            .range::<str, _>((start, Bound::Unbounded))
            .map(|(_, snapshot)| snapshot)
    }

    /// Incidents whose last entry lies after `seq`, in the order of the feed.
    pub fn since(&self, seq: u64) -> impl Iterator<Item = &Snapshot> {
        self.by_seq
            .range((Bound::Excluded(seq), Bound::Unbounded))
            .filter_map(|(_, id)| self.incident(id))
    }

    /// All incidents that exist for some people only.
    pub fn restricted(&self) -> impl Iterator<Item = &Incident> {
        let restricted = self.lost.keys().filter_map(|id| self.incident(id));
        restricted.map(|snapshot| &*snapshot.incident)
    }

    /// The audience a caller belongs to at this place of the feed. Who is on no list shares it with others: what is made for
    /// one serves all. Must be asked of the very world that is then read.
    pub fn audience(&self, caller: &Caller) -> Audience {
        let mut audience = caller.audience();
        audience.name = audience.name.filter(|name| self.named.contains(name));
        audience
    }

    /// How many incidents broken glass opens to this audience at `now`. That its time is over is no entry of the feed.
    pub fn glass(&self, audience: &Audience, now: Instant) -> usize {
        let Some(name) = audience.name.as_deref() else {
            return 0;
        };
        let lists = self.restricted().filter_map(|one| one.restriction.as_ref());
        let opened = lists.filter(|list| !list.lists(name) && list.admits(name, now));
        opened.count()
    }

    /// What is gone for this audience since this place: incidents that do not exist for them now, and may have done so then
    /// for a token issued at this instant.
    pub fn gone(
        &self,
        audience: &Audience,
        since: u64,
        issued_at: Instant,
        now: Instant,
    ) -> Vec<String> {
        let name = audience.name.as_deref();
        let news = self.lost.iter().filter(|(id, lost)| {
            let known = self.incident(id).is_some_and(|snapshot| {
                audience.sees_service(&snapshot.incident.service)
                    && !audience.sees(&snapshot.incident, now)
            });
            known && lost.is_news(name, since, issued_at)
        });
        news.map(|(id, _)| id.clone()).collect()
    }

    /// The last place of the feed at which something changed for this audience: what moves beyond it moves no cursor and no
    /// entity tag of theirs, and tells them nothing.
    pub fn place(&self, audience: &Audience, now: Instant) -> u64 {
        let sees = |id: &String| {
            let snapshot = self.incident(id);
            snapshot.is_some_and(|snapshot| audience.sees(&snapshot.incident, now))
        };
        let last = self.by_seq.iter().rev().find(|(_, id)| sees(id));
        let lost = self.lost.iter().filter(|(id, _)| {
            let snapshot = self.incident(id);
            snapshot.is_some_and(|snapshot| audience.sees_service(&snapshot.incident.service))
        });
        let away = lost.map(|(_, lost)| lost.last_at(audience.name.as_deref()));
        let last = last.map(|(seq, _)| *seq);
        away.chain(last).max().unwrap_or_default()
    }

    /// What has to be read on of a restricted incident before it is taken in; None: its list is the one that is known.
    fn to_read_on(&self, snapshot: &Snapshot) -> Option<Lost> {
        let now = snapshot.incident.restriction.as_ref()?;
        let before = self.incident(&snapshot.incident.id);
        let before = before.and_then(|before| before.incident.restriction.as_ref());
        let lost = self.lost.get(&snapshot.incident.id);
        match lost {
            Some(_) if before == Some(now) => None,
            known => Some(known.cloned().unwrap_or_default()),
        }
    }

    fn note_lost(&mut self, id: &str, restricted: bool, lost: Option<Lost>) -> bool {
        match lost {
            _ if !restricted => self.lost.remove(id).is_some(),
            Some(lost) => {
                self.lost.insert(id.to_owned(), lost);
                true
            }
            None => false,
        }
    }

    fn note_source(&mut self, snapshot: &Snapshot) {
        let id = &snapshot.incident.id;
        let of = |incident: &Incident| {
            let upstream = incident.upstream.as_ref();
            upstream.map(|up| (up.connector.clone(), up.key.clone()))
        };
        let before = self.incidents.get(id).and_then(|at| of(&at.incident));
        let now = of(&snapshot.incident);
        if before == now {
            return;
        }
        if let Some((name, key)) = before
            && let Some(ids) = self.sources.get_mut(&name).and_then(|of| of.get_mut(&key))
        {
            ids.remove(id);
        }
        if let Some((name, key)) = now {
            let keys = self.sources.entry(name).or_default();
            keys.entry(key).or_default().insert(id.clone());
        }
    }

    fn take_in(&mut self, snapshots: Vec<(Snapshot, Option<Lost>)>) {
        let mut lists_changed = false;
        for (snapshot, lost) in snapshots {
            let restricted = snapshot.incident.restriction.is_some();
            lists_changed |= self.note_lost(&snapshot.incident.id, restricted, lost);
            self.note_source(&snapshot);
            self.head = self.head.max(snapshot.seq);
            let id = snapshot.incident.id.clone();
            for page in &snapshot.incident.pages {
                if !self.pages.contains_key(&page.id) {
                    self.pages.insert(page.id.clone(), id.clone());
                }
            }
            self.by_seq.insert(snapshot.seq, id.clone());
            if let Some(before) = self.incidents.insert(id, snapshot) {
                let replaced = self
                    .by_seq
                    .get(&before.seq)
                    .is_some_and(|at| *at == before.incident.id);
                let moved = self
                    .incidents
                    .get(&before.incident.id)
                    .is_some_and(|now| now.seq != before.seq);
                if replaced && moved {
                    self.by_seq.remove(&before.seq);
                }
            }
        }
        if lists_changed {
            let mut named = HashSet::new();
            for (id, lost) in &self.lost {
                named.extend(lost.taken_off().map(str::to_owned));
                let list = self.incidents.get(id);
                let list = list.and_then(|one| one.incident.restriction.as_ref());
                named.extend(
                    list.into_iter()
                        .flat_map(|list| list.admitted().map(str::to_owned)),
                );
            }
            self.named = named;
        }
    }
}

/// The mirror itself: one task follows, everybody reads.
pub struct Mirror {
    world: RwLock<World>,
    head: watch::Sender<u64>,
    /// Where the record ends; None while the store is away.
    end: watch::Sender<Option<Head>>,
    behind: watch::Sender<bool>,
}

impl Mirror {
    /// An empty mirror; `catch_up` fills it.
    pub fn new() -> Mirror {
        Mirror {
            world: RwLock::new(World::default()),
            head: watch::Sender::new(0),
            end: watch::Sender::new(None),
            behind: watch::Sender::new(false),
        }
    }

    /// The state now. Hold it briefly, and never across an await.
    pub fn read(&self) -> RwLockReadGuard<'_, World> {
        self.world.read()
    }

    /// The incident with this id.
    pub fn incident(&self, id: &str) -> Option<Arc<Incident>> {
        self.read().incident(id).map(|s| s.incident.clone())
    }

    /// Tells the place of the feed whenever it moves.
    pub fn head(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    /// Tells whether the store has been away for so long that the mirror may be behind it.
    pub fn behind(&self) -> watch::Receiver<bool> {
        self.behind.subscribe()
    }

    /// Reads everything the store has beyond the mirror.
    ///
    /// # Errors
    /// The store cannot be read; what was read before is shown, and is not read again.
    pub async fn catch_up(&self, store: &dyn Store) -> Result<(), StoreError> {
        loop {
            let from = self.read().head();
            let news = store.since(from, STRETCH).await?;
            let last = news.len() < STRETCH;
            let news = self.read_on(store, news).await?;
            if !news.is_empty() {
                let head = {
                    let mut world = self.world.write();
                    world.take_in(news);
                    world.head()
                };
                self.head.send_if_modified(|at| {
                    let moved = *at < head;
                    *at = head.max(*at);
                    moved
                });
            }
            if last {
                return self.note_end(store).await;
            }
        }
    }

    /// With each restricted incident whose list is news: for whom it went away, and where.
    async fn read_on(
        &self,
        store: &dyn Store,
        news: Vec<Snapshot>,
    ) -> Result<Vec<(Snapshot, Option<Lost>)>, StoreError> {
        let mut read = Vec::with_capacity(news.len());
        for snapshot in news {
            let mut lost = self.read().to_read_on(&snapshot);
            if let Some(lost) = &mut lost {
                let id = &snapshot.incident.id;
                lost.read_on(store, id, snapshot.seq).await?;
            }
            read.push((snapshot, lost));
        }
        Ok(read)
    }

    /// Reads where the record ends, unless that is known.
    async fn note_end(&self, store: &dyn Store) -> Result<(), StoreError> {
        let head = *self.head.borrow();
        if self.end.borrow().as_ref().is_none_or(|end| end.seq < head) {
            let end = store.chain_head().await?;
            self.end.send_replace(Some(end));
        }
        Ok(())
    }

    /// Where the record ends, as far as the mirror shows it; None while the store is away. Waits only where that was read
    /// just now and its end is not yet.
    pub async fn end(&self, clock: &SharedClock) -> Option<Head> {
        let head = self.read().head();
        let mut end = self.end.subscribe();
        let known = end.wait_for(|end| end.as_ref().is_none_or(|end| end.seq >= head));
        let known = timeout(&**clock, END_WITHIN_MS, known).await.ok()?;
        known.ok()?.clone()
    }

    /// Follows the store until the future is dropped.
    pub async fn follow(&self, store: &dyn Store, clock: &SharedClock, metrics: &Metrics) {
        let mut wake = store.wake();
        let trouble = Trouble::new("the feed of the store cannot be read: readers see old data");
        let mut read_at = clock.mono();
        loop {
            wake.mark_unchanged();
            let asked_at = clock.mono();
            if let Err(error) = self.catch_up(store).await {
                self.end.send_if_modified(|end| end.take().is_some());
                metrics.store_error(&error);
                // Said once, not twice a second for as long as a database is away.
                trouble.met(&error);
                // An attempt that hung shows nothing newer than the one before it.
                if clock.mono() - read_at >= BEHIND_AFTER_MS {
                    self.tell_behind(true);
                }
                clock.sleep(AGAIN_AFTER_MS).await;
                continue;
            }
            trouble.over();
            read_at = asked_at;
            self.tell_behind(false);
            let woken = timeout(&**clock, LOOK_AFTER_MS, wake.changed()).await;
            if let Ok(Err(_)) = woken {
                // The writer is gone; what was committed is mirrored.
                clock.sleep(LOOK_AFTER_MS).await;
            }
        }
    }

    fn tell_behind(&self, behind: bool) {
        self.behind.send_if_modified(|told| {
            let news = *told != behind;
            *told = behind;
            news
        });
    }

    /// Waits until the mirror shows what was written at `seq`, so that a writer reads its own write.
    pub async fn reach(&self, seq: u64, clock: &SharedClock) {
        let mut head = self.head();
        let reached = head.wait_for(|at| *at >= seq);
        if timeout(&**clock, REACH_WITHIN_MS, reached).await.is_err() {
            tracing::warn!(seq, "the mirror does not show a write yet");
        }
    }
}

impl Default for Mirror {
    fn default() -> Mirror {
        Mirror::new()
    }
}
