//! Every incident of the store, kept in memory and followed by its feed: what lists and changes are read from.
//! The store stays the truth; the mirror only ever moves forward along `since`.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::watch;

use crate::domain::incident::Incident;
use crate::store::{Snapshot, Store, StoreError};
use crate::time::{SharedClock, timeout};

/// How many incidents are read from the store at once.
const STRETCH: usize = 1_000;
/// How long a writer waits for the mirror to show its own write before it answers all the same.
const REACH_WITHIN_MS: i64 = 5_000;
/// How long to wait after the store could not be read.
const AGAIN_AFTER_MS: i64 = 500;
/// How long the store may be away before readers of the feed are told: what they are shown would look new and be old.
const BEHIND_AFTER_MS: i64 = 5_000;
/// How often the store is asked without being woken, in case another process wrote to it.
const LOOK_AFTER_MS: i64 = 5_000;

/// All incidents at one place of the feed.
#[derive(Debug, Default)]
pub struct World {
    head: u64,
    incidents: BTreeMap<String, Snapshot>,
    by_seq: BTreeMap<u64, String>,
    pages: HashMap<String, String>,
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

    fn take_in(&mut self, snapshots: Vec<Snapshot>) {
        for snapshot in snapshots {
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
    }
}

/// The mirror itself: one task follows, everybody reads.
pub struct Mirror {
    world: RwLock<World>,
    head: watch::Sender<u64>,
    behind: watch::Sender<bool>,
}

impl Mirror {
    /// An empty mirror; `catch_up` fills it.
    pub fn new() -> Mirror {
        Mirror {
            world: RwLock::new(World::default()),
            head: watch::Sender::new(0),
            behind: watch::Sender::new(false),
        }
    }

    /// The state now. Hold it briefly, and never across an await.
    pub fn read(&self) -> RwLockReadGuard<'_, World> {
        self.world.read().unwrap_or_else(PoisonError::into_inner)
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
    pub async fn catch_up(&self, store: &dyn Store) -> Result<(), StoreError> {
        loop {
            let from = self.read().head();
            let news = store.since(from, STRETCH).await?;
            let last = news.len() < STRETCH;
            if !news.is_empty() {
                let head = {
                    let mut world = self.world.write().unwrap_or_else(PoisonError::into_inner);
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
                return Ok(());
            }
        }
    }

    /// Follows the store until the future is dropped.
    pub async fn follow(&self, store: &dyn Store, clock: &SharedClock) {
        let mut wake = store.wake();
        let mut away_since = None;
        loop {
            wake.mark_unchanged();
            if let Err(error) = self.catch_up(store).await {
                let now = clock.mono();
                // Said once, not twice a second for as long as a database is away.
                let since = *away_since.get_or_insert_with(|| {
                    tracing::warn!(%error, "the feed of the store could not be read");
                    now
                });
                if now - since >= BEHIND_AFTER_MS {
                    self.tell_behind(true);
                }
                clock.sleep(AGAIN_AFTER_MS).await;
                continue;
            }
            if away_since.take().is_some() {
                tracing::warn!("the feed of the store is read again");
                self.tell_behind(false);
            }
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
