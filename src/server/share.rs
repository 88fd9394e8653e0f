//! Places of which one peer, or one token, may hold only a share, so that nobody keeps all others out.
//! What a place is for, and what whoever gets none is told, is the taker's.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;

/// How many places each holder has now.
pub struct Shares<K> {
    most: usize,
    held: Arc<Mutex<HashMap<K, usize>>>,
}

/// One place; free again when it is dropped.
pub struct Share<K: Eq + Hash> {
    of: K,
    held: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Eq + Hash + Clone> Shares<K> {
    /// With at most `most` places for each.
    pub fn new(most: usize) -> Shares<K> {
        Shares {
            most,
            held: Arc::default(),
        }
    }

    /// A further place for `of`; None: they hold all that are theirs.
    pub fn take(&self, of: &K) -> Option<Share<K>> {
        let mut held = self.held.lock();
        let count = held.get(of).copied().unwrap_or_default();
        if count >= self.most {
            return None;
        }
        held.insert(of.clone(), count + 1);
        Some(Share {
            of: of.clone(),
            held: self.held.clone(),
        })
    }
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut held = self.held.lock();
        if let Some(count) = held.get_mut(&self.of) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                held.remove(&self.of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_their_own_places_and_nothing_is_kept_of_who_left() {
        let shares = Shares::new(2);
        let first = shares.take(&"a");
        let second = shares.take(&"a");
        assert!(first.is_some() && second.is_some());
        assert!(shares.take(&"a").is_none());
        assert!(shares.take(&"b").is_some());
        drop(first);
        assert!(shares.take(&"a").is_some());
        drop(second);
        assert!(shares.held.lock().is_empty());
    }
}
