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
mod tests {
    use super::*;
    use crate::session::ssh::roster::Standing;
    use crate::time::{Clock as _, TestClock};
    use russh::keys::{Algorithm, PrivateKey};
    use std::os::unix::fs::PermissionsExt;
    use std::task::Poll;

    /// A file with a key of `a` and one of `b`, on a clock that stands still.
    struct Kept {
        _folder: tempfile::TempDir,
        path: PathBuf,
        test: TestClock,
        file: Arc<RosterFile>,
        keys: [PublicKey; 2],
        lines: [String; 2],
    }

    fn kept() -> Kept {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let test = TestClock::default();
        let made = ["a", "b"].map(|person| {
            let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap();
            let text = key.public_key().to_openssh().unwrap();
            let line = format!("warboard=\"person={person},role=viewer\" {text}\n");
            (key.public_key().clone(), line)
        });
        let [(a, line_a), (b, line_b)] = made;
        std::fs::write(&path, format!("{line_a}{line_b}")).unwrap();
        let file = Arc::new(RosterFile::open(&path, Arc::new(test.clone())).unwrap());
        Kept {
            _folder: folder,
            path,
            test,
            file,
            keys: [a, b],
            lines: [line_a, line_b],
        }
    }

    impl Kept {
        /// Which of the two open the door to whoever logs in now.
        async fn opens(&self) -> [bool; 2] {
            let find = |at: usize| self.driven(self.file.find(&self.keys[at]));
            [find(0).await.is_some(), find(1).await.is_some()]
        }

        /// To whom those who are connected are held.
        fn holds(&self) -> [bool; 2] {
            let roster = self.file.watch().borrow().clone();
            [0, 1].map(|at| roster.find(&self.keys[at]).is_some())
        }

        /// Does something while the clock is moved whenever it waits for that.
        async fn driven<F: Future>(&self, work: F) -> F::Output {
            let mut work = std::pin::pin!(work);
            loop {
                // Before the clock moves, everybody has gone as far as they can.
                tokio::task::yield_now().await;
                if let Poll::Ready(output) = futures::poll!(work.as_mut()) {
                    return output;
                }
                if let Some(at) = self.test.next_sleeper_at() {
                    self.test.advance(at - self.test.mono());
                }
            }
        }

        /// How long it takes until those who are connected are held to what a change left, made right after a look.
        async fn settles_after(&self, change: impl FnOnce()) -> i64 {
            let mut watch = self.file.watch();
            watch.mark_unchanged();
            let file = self.file.clone();
            let following = tokio::spawn(async move { file.follow().await });
            while self.test.next_sleeper_at().is_none() {
                tokio::task::yield_now().await;
            }
            change();
            let begun = self.test.mono();
            self.driven(watch.changed()).await.unwrap();
            following.abort();
            let took = self.test.mono() - begun;
            assert!(following.await.unwrap_err().is_cancelled());
            took
        }
    }

    #[tokio::test]
    async fn a_key_taken_out_counts_within_a_second_however_the_file_is_written() {
        let put_in_place = |path: &Path, text: &str| {
            let beside = path.with_extension("new");
            std::fs::write(&beside, text).unwrap();
            std::fs::rename(&beside, path).unwrap();
        };
        let written = |path: &Path, text: &str| std::fs::write(path, text).unwrap();
        for change in [put_in_place, written] {
            let kept = kept();
            let took = kept
                .settles_after(|| change(&kept.path, &kept.lines[1]))
                .await;
            assert!(took <= 1_000, "{took} ms");
            assert_eq!(kept.holds(), [false, true]);
            assert_eq!(kept.file.former(&kept.keys[0]).unwrap().1, "a");
            assert_eq!(kept.opens().await, [false, true]);
        }
    }

    #[tokio::test]
    async fn a_write_that_leaves_size_and_times_as_they_were_is_seen() {
        let kept = kept();
        // One of the same length, within what a coarse file system tells apart.
        let before = std::fs::metadata(&kept.path).unwrap().modified().unwrap();
        let text = std::fs::read_to_string(&kept.path).unwrap();
        let took = kept
            .settles_after(|| {
                std::fs::write(&kept.path, text.replace("person=a", "person=c")).unwrap();
                let file = File::options().write(true).open(&kept.path).unwrap();
                file.set_modified(before).unwrap();
                // As if the change time were as coarse.
                let mut last = kept.file.last();
                last.mark = Some(Mark::of(&file.metadata().unwrap()));
            })
            .await;
        assert!(took <= 1_000, "{took} ms");
        let (_, entry) = kept.file.watch().borrow().find(&kept.keys[0]).unwrap();
        assert_eq!(entry.person(), "c");
    }

    #[tokio::test]
    async fn a_file_that_rests_is_not_read_again() {
        let kept = kept();
        let mark = kept.file.last().mark;
        assert!(read(&kept.path, mark).unwrap().is_none());
        assert!(read(&kept.path, None).unwrap().is_some());
        kept.test.advance(COARSE_FOR_MS);
        // What stands in the memory counts, so it was not read.
        kept.file.last().read = Ok("nothing".to_owned());
        kept.file.look(false).await;
        assert_eq!(kept.file.last().read, Ok("nothing".to_owned()));
        kept.file.look(true).await;
        assert_ne!(kept.file.last().read, Ok("nothing".to_owned()));
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_used_keeps_what_was_known_and_is_told() {
        let kept = kept();
        let text = std::fs::read(&kept.path).unwrap();
        let open_to_others = |path: &Path| {
            std::fs::write(path, "").unwrap();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666)).unwrap();
        };
        let spoils: [(fn(&Path), &str); 4] = [
            (|path| std::fs::remove_file(path).unwrap(), "cannot be read"),
            (open_to_others, "chmod go-w"),
            (
                |path| std::fs::write(path, b"\xff\xfe").unwrap(),
                "cannot be read",
            ),
            (
                |path| std::fs::write(path, "<html>\n404\n").unwrap(),
                "no line of it is right",
            ),
        ];
        for (spoil, told) in spoils {
            spoil(&kept.path);
            assert_eq!(kept.opens().await, [true, true], "{told}");
            let trouble = kept.file.last().trouble.clone().unwrap();
            assert!(trouble.contains(told), "{trouble}");
            kept.driven(kept.file.rested()).await;
            kept.file.reread().await;
            assert_eq!(kept.holds(), [true, true], "{told}");
            let _gone = std::fs::remove_file(&kept.path);
            std::fs::write(&kept.path, &text).unwrap();
            kept.driven(kept.file.rested()).await;
            assert_eq!(kept.file.last().trouble, None);
        }
        // One wrong line is one person's; and a key taken out is taken out, whatever else is wrong.
        std::fs::write(&kept.path, format!("{}nonsense\n", kept.lines[1])).unwrap();
        kept.driven(kept.file.rested()).await;
        assert_eq!(kept.holds(), [false, true]);
    }

    #[tokio::test]
    async fn a_file_written_in_two_steps_sends_nobody_away_and_keeps_nobody_out() {
        let kept = kept();
        let text = std::fs::read(&kept.path).unwrap();
        std::fs::write(&kept.path, "").unwrap();
        let mut find = std::pin::pin!(kept.file.find(&kept.keys[0]));
        // It has seen the empty file when it waits.
        while kept.test.next_sleeper_at().is_none() {
            assert!(futures::poll!(find.as_mut()).is_pending());
            tokio::task::yield_now().await;
        }
        std::fs::write(&kept.path, &text).unwrap();
        assert!(kept.driven(find).await.is_some());
        assert_eq!(kept.holds(), [true, true]);
    }

    #[tokio::test]
    async fn whoever_logs_in_by_a_new_line_is_held_to_it_from_then_on() {
        let kept = kept();
        let more = kept.lines[0].replace("role=viewer", "role=commander");
        std::fs::write(&kept.path, &more).unwrap();
        let (name, entry) = kept.driven(kept.file.find(&kept.keys[0])).await.unwrap();
        let now = kept.test.now();
        let settled = kept.file.watch().borrow().clone();
        assert_eq!(settled.standing(&name, &entry.grant, now), Standing::Kept);
        assert_eq!(entry.grant.audience.role.as_str(), "commander");
    }

    #[tokio::test]
    async fn a_file_that_is_read_again_on_demand_counts_for_the_connected_at_once() {
        let kept = kept();
        std::fs::write(&kept.path, &kept.lines[1]).unwrap();
        kept.file.reread().await;
        assert_eq!(kept.holds(), [false, true]);
        assert_eq!(kept.file.former(&kept.keys[0]).unwrap().1, "a");
        std::fs::write(&kept.path, &kept.lines[0]).unwrap();
        kept.file.reread().await;
        assert_eq!(kept.holds(), [true, false]);
        assert_eq!(kept.file.former(&kept.keys[0]), None);
    }

    #[tokio::test]
    async fn those_who_are_connected_are_woken_when_a_key_expires_whatever_the_wall_clock_does() {
        let kept = kept();
        let at = kept.test.now() + chrono::TimeDelta::milliseconds(2_500);
        let expiry = at.format("expiry-time=\"%Y%m%d%H%M%S\",").to_string();
        std::fs::write(&kept.path, format!("{expiry}{}", kept.lines[0])).unwrap();
        kept.file.reread().await;
        // To the second.
        let at = at - chrono::TimeDelta::milliseconds(500);
        let mut watch = kept.file.watch();
        let expires = |watch: &watch::Receiver<Arc<Roster>>| {
            let (name, _) = watch.borrow().find(&kept.keys[0]).unwrap();
            watch.borrow().expires_at(&name)
        };
        assert_eq!(expires(&watch), Some(at));
        let file = kept.file.clone();
        let expiring = tokio::spawn(async move { file.expire().await });
        kept.driven(watch.changed()).await.unwrap();
        assert_eq!(kept.test.now(), at, "at that instant");
        // It steps back behind it, and comes there again.
        kept.test.step_wall(-1_200);
        kept.driven(watch.changed()).await.unwrap();
        assert_eq!(kept.test.now(), at);
        expiring.abort();
    }
}
