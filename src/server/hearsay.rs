//! What doors tell of their people: each in place of what it told before, believed for a minute, kept in memory alone. What is
//! told of whom, and what follows from it, `who` and `roster` know.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::domain::instant::Mono;
use crate::time::SharedClock;
use crate::wire::PRESENCE_SECONDS;

/// Most doors whose word is kept.
const DOORS: usize = 256;

/// What was told last, by the doors' tokens.
pub(super) struct Hearsay<T> {
    doors: Mutex<HashMap<String, Told<T>>>,
}

struct Told<T> {
    until: Mono,
    people: Vec<T>,
}

impl<T> Default for Hearsay<T> {
    fn default() -> Hearsay<T> {
        Hearsay {
            doors: Mutex::default(),
        }
    }
}

impl<T: Clone> Hearsay<T> {
    /// Takes what a door tells. False: there are too many doors.
    pub(super) fn tell(&self, token: &str, people: Vec<T>, clock: &SharedClock) -> bool {
        let now = clock.mono();
        let mut doors = self.doors.lock();
        doors.retain(|_, told| told.until > now);
        if people.is_empty() {
            doors.remove(token);
            return true;
        }
        if doors.len() >= DOORS && !doors.contains_key(token) {
            return false;
        }
        let until = now + PRESENCE_SECONDS * 1_000;
        doors.insert(token.to_owned(), Told { until, people });
        true
    }

    /// Everybody who is believed, once for each door that tells of them.
    pub(super) fn people(&self, clock: &SharedClock) -> Vec<T> {
        let now = clock.mono();
        let doors = self.doors.lock();
        let fresh = doors.values().filter(|told| told.until > now);
        fresh.flat_map(|told| told.people.iter().cloned()).collect()
    }
}
