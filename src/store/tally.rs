//! What a store has done since it was opened, counted: commits, how much each carried, what waits.
//! Only numbers; who shows them is not known here.

use std::sync::atomic::{AtomicU64, Ordering};

/// Upper bounds of the counted batch sizes, in works.
pub const BATCH_BOUNDS: [u64; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/// How often a number lay at or under each of its bounds but over the one before; the last count is of what lay over all.
#[derive(Debug)]
pub struct Spread<const N: usize> {
    bounds: [u64; N],
    counts: [AtomicU64; N],
    over: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> Spread<N> {
    fn new(bounds: [u64; N]) -> Spread<N> {
        Spread {
            bounds,
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            over: AtomicU64::new(0),
            sum: AtomicU64::new(0),
        }
    }

    fn add(&self, value: u64) {
        let place = self.bounds.iter().position(|bound| value <= *bound);
        let count = place.and_then(|place| self.counts.get(place));
        count.unwrap_or(&self.over).fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Each bound with its own count.
    pub fn counts(&self) -> impl Iterator<Item = (u64, u64)> {
        let counts = self.counts.iter().map(|n| n.load(Ordering::Relaxed));
        self.bounds.iter().copied().zip(counts)
    }

    /// How many lay over all bounds.
    pub fn over(&self) -> u64 {
        self.over.load(Ordering::Relaxed)
    }

    /// The sum of all numbers.
    pub fn sum(&self) -> u64 {
        self.sum.load(Ordering::Relaxed)
    }
}

/// The counts of one store.
#[derive(Debug)]
pub struct Tally {
    commits: AtomicU64,
    failed: AtomicU64,
    busy: AtomicU64,
    queued: AtomicU64,
    /// Works carried by one commit.
    pub batches: Spread<9>,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally {
            commits: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            queued: AtomicU64::new(0),
            batches: Spread::new(BATCH_BOUNDS),
        }
    }
}

impl Tally {
    /// A transaction with so many works is on disk.
    pub fn committed(&self, works: usize) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.batches.add(u64::try_from(works).unwrap_or(u64::MAX));
    }

    /// A transaction was not written.
    pub fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// A work was turned away, because too many waited already.
    pub fn turned_away(&self) {
        self.busy.fetch_add(1, Ordering::Relaxed);
    }

    /// So many works wait for the writer now.
    pub fn waiting(&self, works: usize) {
        let works = u64::try_from(works).unwrap_or(u64::MAX);
        self.queued.store(works, Ordering::Relaxed);
    }

    /// Transactions on disk.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Transactions that were not written.
    pub fn failures(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Works that were turned away.
    pub fn busy(&self) -> u64 {
        self.busy.load(Ordering::Relaxed)
    }

    /// Works that waited when the writer last looked.
    pub fn queued(&self) -> u64 {
        self.queued.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_counts_at_the_first_bound_that_holds_it() {
        let tally = Tally::default();
        for works in [1, 2, 3, 4, 257] {
            tally.committed(works);
        }
        let counts: Vec<u64> = tally.batches.counts().map(|(_, n)| n).collect();
        assert_eq!(counts, [1, 1, 2, 0, 0, 0, 0, 0, 0]);
        assert_eq!((tally.batches.over(), tally.batches.sum()), (1, 267));
        assert_eq!(tally.commits(), 5);
    }
}
