//! Where in the feed a restricted incident went away, and for whom: read from its own entries, so that a restart, another
//! node and a mirror that was behind all say the same. Who sees it now is `domain::restriction`.

use std::collections::HashMap;

use chrono::TimeDelta;

use crate::domain::event::Event;
use crate::domain::instant::Instant;
use crate::store::{Entry, Store, StoreError, replay};

/// How many entries are read from the store at once.
const STRETCH: usize = 1_000;
/// How far the clocks may be apart of those who issue tokens and those who restrict: rather told once too often than an
/// incident left on a screen.
const CLOCKS_APART: TimeDelta = TimeDelta::minutes(1);

/// Where and when it went away.
#[derive(Debug, Clone, Copy)]
struct Away {
    seq: u64,
    at: Instant,
}

impl Away {
    fn of(entry: &Entry) -> Away {
        Away {
            seq: entry.seq,
            at: entry.at,
        }
    }

    /// Whether it went away behind this place for a token that was there before.
    fn is_news(&self, since: u64, issued_at: Instant) -> bool {
        self.seq > since && issued_at <= self.at + CLOCKS_APART
    }
}

/// The places of the feed at which a restricted incident went away.
#[derive(Debug, Clone, Default)]
pub struct Lost {
    /// For everybody who was not on its list then.
    all: Option<Away>,
    /// For those who were taken off it, each.
    of: HashMap<String, Away>,
    /// Whose list it is, at the last entry read; None: everybody's.
    people: Option<Vec<String>>,
    /// Whose glass is open then.
    glass: Vec<String>,
    read_to: u64,
}

impl Lost {
    /// Reads on in the entries of the incident, to this place of the feed.
    ///
    /// # Errors
    /// The entries cannot be read; what was read before is kept, and is not read again.
    pub async fn read_on(
        &mut self,
        store: &dyn Store,
        incident: &str,
        to: u64,
    ) -> Result<(), StoreError> {
        while self.read_to < to {
            let entries = store.timeline(incident, self.read_to, STRETCH).await?;
            let last = entries.len() < STRETCH;
            for entry in entries.iter().filter(|entry| entry.seq <= to) {
                self.step(entry);
                self.read_to = entry.seq;
            }
            if last || entries.last().is_some_and(|entry| entry.seq >= to) {
                self.read_to = to;
            }
        }
        Ok(())
    }

    fn step(&mut self, entry: &Entry) {
        if !matches!(
            entry.kind.as_str(),
            "opened" | "restricted" | "glass_broken" | "glass_mended"
        ) {
            return;
        }
        let event = match replay::event(entry) {
            Ok(event) => event,
            Err(why) => {
                // The feed goes on; rather told once too often than left on a screen.
                tracing::error!(
                    entry = entry.seq,
                    why,
                    "an entry of a restriction cannot be read"
                );
                self.all = Some(Away::of(entry));
                return;
            }
        };
        match event {
            // It was there for nobody else: to none of them it is gone.
            Event::Opened(opened) if !opened.people.is_empty() => self.people = Some(opened.people),
            Event::Restricted { people } if people.is_empty() => {
                (self.all, self.people) = (None, None);
                self.of.clear();
                self.glass.clear();
            }
            Event::Restricted { people } => {
                let glass = std::mem::take(&mut self.glass);
                match self.people.replace(people) {
                    None => self.all = Some(Away::of(entry)),
                    Some(before) => self.take_off(before.into_iter().chain(glass), entry),
                }
            }
            Event::GlassBroken { .. } if self.people.is_some() => self.glass.push(entry.by.clone()),
            Event::GlassMended { person } => {
                self.glass.retain(|open| *open != person);
                self.take_off(std::iter::once(person), entry);
            }
            _ => {}
        }
    }

    fn take_off(&mut self, names: impl Iterator<Item = String>, entry: &Entry) {
        let now = self.people.as_deref().unwrap_or_default();
        for name in names.filter(|name| !now.contains(name)) {
            self.of.insert(name, Away::of(entry));
        }
    }

    /// Whether it may have been there at this place of the feed for this name, with a token of this age: only then are they
    /// told that it is gone. Its further course tells them nothing, not even that there is one.
    pub fn is_news(&self, name: Option<&str>, since: u64, issued_at: Instant) -> bool {
        let own = name.and_then(|name| self.of.get(name));
        let all = self.all.iter();
        all.chain(own).any(|away| away.is_news(since, issued_at))
    }

    /// The place at which it went away last for this name; 0 where it never did.
    pub fn last_at(&self, name: Option<&str>) -> u64 {
        let own = name.and_then(|name| self.of.get(name));
        let all = self.all.iter();
        all.chain(own)
            .map(|away| away.seq)
            .max()
            .unwrap_or_default()
    }

    /// Everybody for whom it was there while it was on a list, and is no more.
    pub fn taken_off(&self) -> impl Iterator<Item = &str> {
        self.of.keys().map(String::as_str)
    }
}
