//! Who may come in: the file of keys, each with what its person may. Read again whenever somebody logs in and every few
//! seconds; whoever is connected by a key that is no longer there, or no longer gives the same, is asked to leave.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use russh::keys::{Algorithm, HashAlg, PublicKey};
use tokio::sync::watch;

use crate::client::Api;
use crate::domain::grant::Grant;
use crate::time::{SharedClock, timeout};
use crate::wire::{PRESENCE_SECONDS, ROSTER_LIMIT, RosterBody};

/// Largest file that is read.
const LONGEST: u64 = 1 << 20;
/// How often it is told anew who may come in, and how long a source may take for it.
const TELL_EVERY_MS: i64 = PRESENCE_SECONDS * 1_000 / 3;
const TELL_WITHIN_MS: i64 = 5_000;
/// How often the file is looked at.
const LOOK_EVERY_MS: i64 = 5_000;
/// Most keys remembered that were in the file and are no longer.
const FORMER: usize = 4_096;
/// The option that carries a person's rights.
const OPTION: &str = "warboard=\"";

/// A line of the file that gives nothing, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFault {
    /// Counted from 1; 0 is the file as a whole.
    pub line: usize,
    /// What is wrong, and what to write instead.
    pub what: String,
}

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

/// The keys that open the door, by fingerprint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    keys: HashMap<String, (PublicKey, Grant)>,
}

impl Roster {
    /// Reads a file's text: its good lines, and what is wrong with the others.
    pub fn parse(text: &str) -> (Roster, Vec<LineFault>) {
        let (mut roster, mut faults) = (Roster::default(), Vec::new());
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let read = entry(line).and_then(|(key, grant)| {
                let name = key.fingerprint(HashAlg::Sha256).to_string();
                match roster.keys.contains_key(&name) {
                    true => Err("this key stands in the file already; one line a key".to_owned()),
                    false => Ok((name, (key, grant))),
                }
            });
            match read {
                Ok((name, entry)) => drop(roster.keys.insert(name, entry)),
                Err(what) => faults.push(LineFault { line: at + 1, what }),
            }
        }
        (roster, faults)
    }

    /// What a key gives, with its fingerprint.
    pub fn find(&self, key: &PublicKey) -> Option<(String, Grant)> {
        let name = key.fingerprint(HashAlg::Sha256).to_string();
        let (known, grant) = self.keys.get(&name)?;
        // The whole key, not the digest alone.
        (known.key_data() == key.key_data()).then(|| (name, grant.clone()))
    }

    /// Everybody with a key, with their rights, as backends are told.
    fn body(&self) -> RosterBody {
        let rights: BTreeSet<String> = self.keys.values().map(|(_, of)| of.to_string()).collect();
        RosterBody {
            people: rights.into_iter().take(ROSTER_LIMIT).collect(),
        }
    }

    /// Whether a fingerprint still gives exactly this.
    pub fn still_gives(&self, fingerprint: &str, grant: &Grant) -> bool {
        let known = self.keys.get(fingerprint);
        known.is_some_and(|(_, known)| known == grant)
    }
}

/// One line: `warboard="person=...,role=..." ssh-ed25519 AAAA... comment`.
fn entry(line: &str) -> Result<(PublicKey, Grant), String> {
    let Some(rest) = line.strip_prefix(OPTION) else {
        let first = line.split([' ', '=', ',']).next().unwrap_or_default();
        return Err(
            match first.starts_with("ssh-") || first.starts_with("ecdsa-") {
                true => {
                    "the key says not whose it is: put warboard=\"person=...,role=...\" before it"
                        .to_owned()
                }
                false => format!(
                    "'{first}' is no option here; there is one, warboard=\"person=...,role=...\", and it stands first"
                ),
            },
        );
    };
    let (rights, rest) = rest
        .split_once('"')
        .ok_or("the quote after warboard=\" is not closed")?;
    let Some(key) = rest.strip_prefix([' ', '\t']) else {
        let more = rest.trim_start_matches(',');
        let name = more.split(['=', ' ', ',']).next().unwrap_or_default();
        return Err(format!(
            "'{name}' is no option here; write the key right after the closing quote and a blank"
        ));
    };
    let grant: Grant = rights
        .parse()
        .map_err(|fault: crate::domain::grant::GrantFault| fault.to_string())?;
    if grant.person.is_none() {
        return Err("'person' is missing: whose key is it?".to_owned());
    }
    let key = key.trim_start();
    if key.starts_with("ssh-rsa") {
        return Err(
            "RSA keys are not taken; make another one with  ssh-keygen -t ed25519".to_owned(),
        );
    }
    let key = PublicKey::from_openssh(key)
        .map_err(|error| format!("what follows the rights is no public key: {error}"))?;
    match key.algorithm() {
        Algorithm::Ed25519
        | Algorithm::Ecdsa { .. }
        | Algorithm::SkEd25519
        | Algorithm::SkEcdsaSha2NistP256 => Ok((key, grant)),
        other => Err(format!(
            "{other} keys are not taken; make another one with  ssh-keygen -t ed25519"
        )),
    }
}

/// The file, and what stands in it.
#[derive(Debug)]
pub struct RosterFile {
    path: PathBuf,
    /// What those who are connected are held to.
    settled: watch::Sender<Arc<Roster>>,
    last: Mutex<Looked>,
    /// Fingerprints of keys that stood in it since this door opened and do not now, with whose they were.
    former: Mutex<HashMap<String, String>>,
}

/// What one look at the file brought: its text, or why there is none.
#[derive(Debug, Clone)]
struct Looked {
    read: Result<String, String>,
    roster: Arc<Roster>,
}

impl RosterFile {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, others may write it, or a line of it is wrong; all are named.
    pub fn open(path: &Path) -> Result<RosterFile, RosterError> {
        let failed = |faults| RosterError {
            path: path.to_owned(),
            faults,
        };
        let text = read(path).map_err(|what| failed(vec![LineFault { line: 0, what }]))?;
        let (roster, faults) = Roster::parse(&text);
        if !faults.is_empty() {
            return Err(failed(faults));
        }
        let roster = Arc::new(roster);
        Ok(RosterFile {
            path: path.to_owned(),
            settled: watch::Sender::new(roster.clone()),
            last: Mutex::new(Looked {
                read: Ok(text),
                roster,
            }),
            former: Mutex::default(),
        })
    }

    /// Whose key this was, if it opened this door once and does no longer.
    pub fn former(&self, key: &PublicKey) -> Option<(String, String)> {
        let name = key.fingerprint(HashAlg::Sha256).to_string();
        let former = self.former.lock();
        let person = former.get(&name)?.clone();
        Some((name, person))
    }

    fn remember(&self, before: &Roster, now: &Roster) {
        let mut former = self.former.lock();
        former.retain(|name, _| !now.keys.contains_key(name));
        for (name, (_, grant)) in &before.keys {
            if !now.keys.contains_key(name) && former.len() < FORMER {
                former.insert(name.clone(), grant.person.clone().unwrap_or_default());
            }
        }
    }

    /// What those who are connected are held to, and whenever that changes.
    pub fn watch(&self) -> watch::Receiver<Arc<Roster>> {
        self.settled.subscribe()
    }

    /// Reads the file again: what whoever logs in now is held to. Lines that are wrong give nothing and are logged; a file that
    /// cannot be read gives nobody anything.
    pub async fn look(&self) -> Arc<Roster> {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || read(&path)).await;
        let read = read.unwrap_or_else(|_| Err("it could not be read".to_owned()));
        let mut last = self.last.lock();
        if last.read != read {
            let (roster, faults) = match &read {
                Ok(text) => Roster::parse(text),
                Err(what) => {
                    let what = what.clone();
                    (Roster::default(), vec![LineFault { line: 0, what }])
                }
            };
            for fault in told(&self.path, &faults).lines() {
                tracing::error!(target: "login", fault, "a line of the keys gives nothing");
            }
            self.remember(&last.roster, &roster);
            *last = Looked {
                read,
                roster: Arc::new(roster),
            };
        }
        last.roster.clone()
    }

    /// Reads the file again because somebody asked for it: those who are connected are held at once to what is in it. A file
    /// that cannot be read at all is said, and changes nothing for them yet.
    pub async fn reread(&self) {
        let now = self.look().await;
        let last = self.last.lock();
        match &last.read {
            Ok(_) => {
                drop(self.settled.send_replace(now));
                let path = self.path.display();
                tracing::warn!(target: "login", %path, "the keys of people were read again");
            }
            Err(why) => {
                let path = self.path.display();
                tracing::error!(target: "login", %path, why, "the keys of people could not be read again");
            }
        }
    }

    /// Tells all sources who may come in: when that has changed, and well before it is forgotten. Ends never.
    pub async fn tell(&self, apis: &[Api], clock: &SharedClock) {
        let mut settled = self.watch();
        loop {
            let body = settled.borrow_and_update().body();
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

    /// Looks at the file every few seconds; ends never. Those who are connected are held to what two looks agree on: an editor
    /// that writes the file in two steps must not empty the war room.
    pub async fn follow(&self, clock: &SharedClock) {
        let mut before = self.look().await;
        loop {
            clock.sleep(LOOK_EVERY_MS).await;
            let now = self.look().await;
            let settled = self.settled.borrow().clone();
            if now == before && now != settled {
                self.settled.send_replace(now.clone());
            }
            before = now;
        }
    }
}

fn read(path: &Path) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("it cannot be read: {error}");
    let file = File::open(path).map_err(cannot)?;
    let about = file.metadata().map_err(cannot)?;
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
        false => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use russh::keys::PrivateKey;
    use std::os::unix::fs::PermissionsExt;

    fn key() -> (PublicKey, String) {
        let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap();
        let text = key.public_key().to_openssh().unwrap();
        (key.public_key().clone(), text.trim().to_owned())
    }

    #[test]
    fn a_line_gives_its_person_what_it_says() {
        let ((known, text), (stranger, _)) = (key(), key());
        let file = format!(
            "# the war room\n\n  warboard=\"person=d.okafor,role=commander,services=azure+m365\" {text} d.okafor@laptop of hers\n"
        );
        let (roster, faults) = Roster::parse(&file);
        assert_eq!(faults, []);
        let (fingerprint, grant) = roster.find(&known).unwrap();
        assert!(fingerprint.starts_with("SHA256:"));
        assert_eq!(grant.person.as_deref(), Some("d.okafor"));
        assert!(roster.still_gives(&fingerprint, &grant));
        assert!(!roster.still_gives(&fingerprint, &grant.nameless()));
        assert_eq!(roster.find(&stranger), None);
    }

    #[test]
    fn every_wrong_line_is_named_and_the_others_count() {
        let ((_, one), (known, two)) = (key(), key());
        let file = [
            one.clone(),
            format!("restrict,warboard=\"person=a,role=viewer\" {one}"),
            format!("warboard=\"person=a,role=viewer\",pty {one}"),
            format!("warboard=\"person=a,role=viewer {one}"),
            format!("warboard=\"person=a,role=chief\" {one}"),
            format!("warboard=\"role=viewer\" {one}"),
            "warboard=\"person=a,role=viewer\" ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7 a"
                .to_owned(),
            "warboard=\"person=a,role=viewer\" ssh-ed25519 AAAA".to_owned(),
            format!("warboard=\"person=b,role=viewer\" {two}"),
            format!("warboard=\"person=c,role=admin\" {two}"),
        ]
        .join("\n");
        let (roster, faults) = Roster::parse(&file);
        let expected = [
            "whose it is",
            "'restrict' is no option",
            "'pty' is no option",
            "not closed",
            "role=chief",
            "'person' is missing",
            "RSA keys are not taken",
            "no public key",
            "already",
        ];
        let lines: Vec<usize> = faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [1, 2, 3, 4, 5, 6, 7, 8, 10]);
        for (fault, expected) in faults.iter().zip(expected) {
            assert!(fault.what.contains(expected), "{fault:?}: {expected}");
        }
        let (_, grant) = roster.find(&known).unwrap();
        assert_eq!(grant.person.as_deref(), Some("b"));
    }

    #[tokio::test]
    async fn a_file_that_is_read_again_on_demand_counts_for_the_connected_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let (known, text) = key();
        let line = format!("warboard=\"person=a,role=viewer\" {text}\n");
        std::fs::write(&path, &line).unwrap();
        let file = RosterFile::open(&path).unwrap();
        let mut watch = file.watch();
        watch.mark_unchanged();
        std::fs::remove_file(&path).unwrap();
        file.reread().await;
        assert!(!watch.has_changed().unwrap(), "nothing was read");
        std::fs::write(&path, "").unwrap();
        file.reread().await;
        assert!(watch.borrow_and_update().find(&known).is_none());
        assert_eq!(file.former(&known).unwrap().1, "a");
        std::fs::write(&path, &line).unwrap();
        file.reread().await;
        assert!(watch.borrow().find(&known).is_some());
        assert_eq!(file.former(&known), None);
    }

    #[tokio::test]
    async fn a_changed_file_counts_for_the_next_login_and_for_the_connected_once_it_settled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let (known, text) = key();
        let line = format!("warboard=\"person=a,role=viewer\" {text}\n");
        std::fs::write(&path, &line).unwrap();
        let file = Arc::new(RosterFile::open(&path).unwrap());
        let mut watch = file.watch();
        assert!(watch.borrow_and_update().find(&known).is_some());
        std::fs::write(&path, format!("{line}nonsense\n")).unwrap();
        assert!(file.look().await.find(&known).is_some());
        std::fs::write(&path, "").unwrap();
        assert!(file.look().await.find(&known).is_none());
        assert!(!watch.has_changed().unwrap());
        let test = crate::time::TestClock::default();
        let clock: SharedClock = Arc::new(test.clone());
        let following = tokio::spawn({
            let file = file.clone();
            async move { file.follow(&clock).await }
        });
        while !watch.has_changed().unwrap() {
            test.advance(1_000);
            tokio::task::yield_now().await;
        }
        assert!(watch.borrow().find(&known).is_none());
        following.abort();
        std::fs::write(&path, line).unwrap();
        assert!(file.look().await.find(&known).is_some());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        assert!(file.look().await.find(&known).is_none());
        let told = RosterFile::open(&path).unwrap_err().to_string();
        assert!(told.contains("chmod go-w"), "{told}");
    }
}
