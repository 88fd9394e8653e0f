//! The file of keys: looked at twice a second and whenever somebody logs in. Whoever is connected is held to what is in it once it
//! rests; a file that cannot be used changes nothing, and is said. What a line means stands in `entry` and `roster`.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use russh::keys::PublicKey;
use tokio::sync::{Semaphore, watch};

use super::entry::Entry;
use super::roster::{LineFault, Roster, fingerprint};
use crate::client::Api;
use crate::domain::instant::Mono;
use crate::time::{SharedClock, timeout};
use crate::wire::PRESENCE_SECONDS;

/// Largest file that is read.
const LONGEST: u64 = 1 << 20;
/// How often it is told anew who may come in, and how long a source may take for it.
const TELL_EVERY_MS: i64 = PRESENCE_SECONDS * 1_000 / 3;
const TELL_WITHIN_MS: i64 = 5_000;
/// How often the file is looked at, and how long it has to stay as it is to count: a key taken out bites within a second.
const LOOK_EVERY_MS: i64 = 500;
const SETTLE_AFTER_MS: i64 = 250;
/// A file that is written again and again counts after so many looks, whatever stands in it then.
const LOOKS: usize = 8;
/// So long after a change was seen the file is read at every look, though nothing shows that it changed again: the times of a
/// file may be as coarse as two seconds.
const COARSE_FOR_MS: i64 = 3_000;
/// The longest wait for a key's end: the wall clock may step meanwhile.
const EXPIRY_LOOK_MS: i64 = 1_000;
/// Most keys remembered that were in the file and are no longer.
const FORMER: usize = 4_096;
/// Most people named in one line of the log.
const NAMED: usize = 20;

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}", told(path, faults))]
pub struct RosterError {
    path: PathBuf,
    faults: Vec<LineFault>,
}

fn told(path: &Path, faults: &[LineFault]) -> String {
    let mut text = String::new();
    for LineFault { line, what } in faults {
        let line = match line {
            0 => String::new(),
            line => format!(":{line}"),
        };
        let _ = writeln!(text, "{}{line}: {what}", path.display());
    }
    text.trim_end().to_owned()
}

/// What shows that a file is another one, or was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    file: (u64, u64),
    size: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

impl Mark {
    fn of(about: &Metadata) -> Mark {
        Mark {
            file: (about.dev(), about.ino()),
            size: about.size(),
            written: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
        }
    }
}

/// The file, and what stands in it.
pub struct RosterFile {
    path: PathBuf,
    clock: SharedClock,
    /// What those who are connected are held to.
    settled: watch::Sender<Arc<Roster>>,
    last: Mutex<Looked>,
    /// One look at a time: a file system that hangs takes one thread.
    looking: Arc<Semaphore>,
    /// Fingerprints of keys that stood in it since this door opened and do not now, with whose they were.
    former: Mutex<HashMap<String, String>>,
}

/// What the looks at the file brought so far.
struct Looked {
    /// Of the file that was read last, and when it was first seen.
    mark: Option<Mark>,
    marked_at: Mono,
    /// Its text, or why there is none.
    read: Result<String, String>,
    /// Why it cannot be used.
    trouble: Option<String>,
    /// What stood there when it could be used last.
    roster: Arc<Roster>,
}

impl RosterFile {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, others may write it, or a line of it is wrong; all are named.
    pub fn open(path: &Path, clock: SharedClock) -> Result<RosterFile, RosterError> {
        let failed = |faults| RosterError {
            path: path.to_owned(),
            faults,
        };
        let fault = |what| failed(vec![LineFault { line: 0, what }]);
        let none = || fault("it is gone again".to_owned());
        let (mark, text) = read(path, None).map_err(fault)?.ok_or_else(none)?;
        let (roster, faults) = Roster::parse(&text);
        if !faults.is_empty() {
            return Err(failed(faults));
        }
        let roster = Arc::new(roster);
        Ok(RosterFile {
            path: path.to_owned(),
            settled: watch::Sender::new(roster.clone()),
            last: Mutex::new(Looked {
                mark: Some(mark),
                marked_at: clock.mono(),
                read: Ok(text),
                trouble: None,
                roster,
            }),
            looking: Arc::new(Semaphore::new(1)),
            former: Mutex::default(),
            clock,
        })
    }

    /// Whose key this was, if it opened this door once and does no longer.
    pub fn former(&self, key: &PublicKey) -> Option<(String, String)> {
        let name = fingerprint(key);
        let former = self.former.lock();
        let person = former.get(&name)?.clone();
        Some((name, person))
    }

    fn remember(&self, before: &Roster, now: &Roster) {
        let mut former = self.former.lock();
        former.retain(|name, _| !now.has(name));
        for (name, person) in before.beside(now) {
            if former.len() < FORMER {
                former.insert(name.to_owned(), person.to_owned());
            }
        }
    }

    /// What those who are connected are held to, whenever that changes and whenever one of its keys expires.
    pub fn watch(&self) -> watch::Receiver<Arc<Roster>> {
        self.settled.subscribe()
    }

    /// What stands in the file of a key, for whoever logs in by it now. Where that is news, it is told once the file rests:
    /// the session that follows is held to the same.
    pub async fn find(&self, key: &PublicKey) -> Option<(String, Entry)> {
        let (now, settled) = (self.look(false).await, self.settled.borrow().clone());
        let found = now.find(key);
        match found == settled.find(key) {
            true => found,
            false => self.rested().await.find(key),
        }
    }

    /// Looks at the file: what stood there when it could be used last. Lines that are wrong give nothing and are logged; a file
    /// that cannot be read, or has nothing but such lines, changes nothing and is logged.
    async fn look(&self, afresh: bool) -> Arc<Roster> {
        let Ok(turn) = self.looking.clone().acquire_owned().await else {
            return self.last().roster.clone();
        };
        let (path, now) = (self.path.clone(), self.clock.mono());
        let known = {
            let last = self.last();
            let rests = !afresh && now - last.marked_at >= COARSE_FOR_MS;
            last.mark.filter(|_| rests)
        };
        let looking = tokio::task::spawn_blocking(move || {
            let read = read(&path, known);
            drop(turn);
            read
        });
        let broke = |_| Err("it could not be read".to_owned());
        match looking.await.unwrap_or_else(broke) {
            Ok(None) => {}
            Ok(Some((mark, text))) => {
                let mut last = self.last();
                if last.mark != Some(mark) {
                    (last.mark, last.marked_at) = (Some(mark), now);
                }
                self.take_in(&mut last, Ok(text));
            }
            Err(why) => {
                let mut last = self.last();
                last.mark = None;
                self.take_in(&mut last, Err(why));
            }
        }
        self.last().roster.clone()
    }

    fn last(&self) -> MutexGuard<'_, Looked> {
        self.last.lock()
    }

    fn take_in(&self, last: &mut Looked, read: Result<String, String>) {
        if last.read == read {
            return;
        }
        let path = self.path.display();
        let (roster, faults, trouble) = match &read {
            Ok(text) => {
                let (roster, faults) = Roster::parse(text);
                let none = roster.is_empty() && !faults.is_empty();
                (
                    roster,
                    faults,
                    none.then(|| "no line of it is right".to_owned()),
                )
            }
            Err(why) => (Roster::default(), Vec::new(), Some(why.clone())),
        };
        for fault in told(&self.path, &faults).lines() {
            tracing::error!(target: "login", fault, "a line of the keys gives nothing");
        }
        match &trouble {
            Some(why) => tracing::error!(
                target: "login", %path, why,
                "the keys of people cannot be used; those that were read before stay"
            ),
            None => {
                if last.trouble.is_some() {
                    tracing::warn!(target: "login", %path, "the keys of people can be used again");
                }
                self.remember(&last.roster, &roster);
                last.roster = Arc::new(roster);
            }
        }
        last.read = read;
        last.trouble = trouble;
    }

    /// Looks until two looks agree, and holds those who are connected to it: an editor that writes the file in two steps must
    /// not empty the war room.
    async fn rested(&self) -> Arc<Roster> {
        let mut before = self.look(false).await;
        for _ in 1..LOOKS {
            if *self.settled.borrow() == before {
                return before;
            }
            self.clock.sleep(SETTLE_AFTER_MS).await;
            let now = self.look(false).await;
            if now == before {
                break;
            }
            before = now;
        }
        self.settle(before.clone());
        before
    }

    fn settle(&self, roster: Arc<Roster>) {
        let before = self.settled.send_replace(roster.clone());
        if before.endless() != roster.endless() {
            self.tell_endless(&roster);
        }
    }

    fn tell_endless(&self, roster: &Roster) {
        let (keys, people) = roster.endless();
        if keys == 0 {
            return;
        }
        let mut named: Vec<&str> = people.iter().copied().take(NAMED).collect();
        let more = format!("and {} more", people.len().saturating_sub(NAMED));
        if people.len() > NAMED {
            named.push(&more);
        }
        let (path, people) = (self.path.display(), named.join(", "));
        tracing::warn!(
            target: "login", %path, keys, people,
            "keys never expire: put expiry-time=\"YYYYMMDD\" into their lines"
        );
    }

    /// Reads the file again because somebody asked for it: those who are connected are held at once to what is in it. A file
    /// that cannot be used is said, and changes nothing.
    pub async fn reread(&self) {
        let now = self.look(true).await;
        let trouble = self.last().trouble.clone();
        let path = self.path.display();
        match trouble {
            None => {
                self.settle(now);
                tracing::warn!(target: "login", %path, "the keys of people were read again");
            }
            Some(why) => {
                tracing::error!(target: "login", %path, why, "the keys of people could not be read again");
            }
        }
    }

    /// Tells all sources who may come in: when that has changed, and well before it is forgotten.
    pub async fn tell(&self, apis: &[Api]) -> Infallible {
        let (mut settled, clock) = (self.watch(), &self.clock);
        loop {
            let body = settled.borrow_and_update().body(clock.now());
            let telling = apis.iter().map(|api| {
                let telling = timeout(&**clock, TELL_WITHIN_MS, api.tell_roster(&body));
                async move {
                    if let Ok(Err(error)) = telling.await {
                        tracing::debug!(source = api.name(), %error, "who may come in was not told");
                    }
                }
            });
            futures::future::join_all(telling).await;
            // Whatever ended the wait, it is told again.
            let _ended = timeout(&**clock, TELL_EVERY_MS, settled.changed()).await;
        }
    }

    /// Keeps up with the file, and first says which keys never expire.
    pub async fn follow(&self) -> Infallible {
        let settled = self.settled.borrow().clone();
        self.tell_endless(&settled);
        loop {
            self.clock.sleep(LOOK_EVERY_MS).await;
            self.rested().await;
        }
    }

    /// Wakes those who are connected whenever a key expires. It waits for nothing but the clock: a file system that hangs holds
    /// no key open.
    pub async fn expire(&self) -> Infallible {
        let (mut settled, clock) = (self.watch(), &self.clock);
        let mut before = clock.now();
        loop {
            let now = clock.now();
            // The wall clock may have stepped back.
            before = before.min(now);
            let due = settled.borrow_and_update().next_expiry(before);
            if due.is_some_and(|at| at <= now) {
                self.settled.send_modify(|_| {});
                before = now;
                continue;
            }
            let left = due.map_or(EXPIRY_LOOK_MS, |at| (at - now).num_milliseconds());
            let wait = left.clamp(1, EXPIRY_LOOK_MS);
            // Whatever ended the wait, it is looked again.
            let _ended = timeout(&**clock, wait, settled.changed()).await;
        }
    }
}

/// The file's text with its mark; None: the mark is the known one, and nothing was read.
fn read(path: &Path, known: Option<Mark>) -> Result<Option<(Mark, String)>, String> {
    let cannot = |error: std::io::Error| format!("it cannot be read: {error}");
    let file = File::open(path).map_err(cannot)?;
    let about = file.metadata().map_err(cannot)?;
    let mark = Mark::of(&about);
    if known == Some(mark) {
        return Ok(None);
    }
    if about.mode() & 0o022 != 0 {
        return Err(format!(
            "others than its owner may write it (mode {:03o}): run  chmod go-w {}",
            about.mode() & 0o777,
            path.display()
        ));
    }
    let mut text = String::new();
    file.take(LONGEST + 1)
        .read_to_string(&mut text)
        .map_err(cannot)?;
    match text.len() as u64 > LONGEST {
        true => Err(format!("it has over {LONGEST} bytes")),
        false => Ok(Some((mark, text))),
    }
}

#[cfg(test)]
mod tests;
