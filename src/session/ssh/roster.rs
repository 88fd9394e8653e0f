//! Who may come in: the keys that stand in a file, each with what it gives to whom and until when. One line is read in `entry`;
//! where the lines come from, and what is done when they change, is `roster_file`'s.

use std::collections::{BTreeSet, HashMap};

use russh::keys::{HashAlg, PublicKey};

use super::entry::Entry;
use crate::domain::grant::Grant;
use crate::domain::instant::Instant;
use crate::wire::{ROSTER_LIMIT, RosterBody};

/// A line of the file that gives nothing, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFault {
    /// Counted from 1; 0 is the file as a whole.
    pub line: usize,
    /// What is wrong, and what to write instead.
    pub what: String,
}

/// What a key gives that gave something before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The same.
    Kept,
    /// It has expired.
    Expired,
    /// Something else, or nothing.
    Lost,
}

/// The keys that open the door, by fingerprint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    entries: HashMap<String, Entry>,
}

/// A key's name.
pub fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
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
            let read = Entry::read(line).and_then(|entry| {
                let name = fingerprint(&entry.key);
                match roster.entries.contains_key(&name) {
                    true => Err("this key stands in the file already; one line a key".to_owned()),
                    false => Ok((name, entry)),
                }
            });
            match read {
                Ok((name, entry)) => drop(roster.entries.insert(name, entry)),
                Err(what) => faults.push(LineFault { line: at + 1, what }),
            }
        }
        (roster, faults)
    }

    /// What stands there of a key, with its fingerprint; it may have expired.
    pub fn find(&self, key: &PublicKey) -> Option<(String, Entry)> {
        let name = fingerprint(key);
        let entry = self.entries.get(&name)?;
        // The whole key, not the digest alone.
        (entry.key.key_data() == key.key_data()).then(|| (name, entry.clone()))
    }

    /// Everybody with a key that opens the door now, with their rights, as backends are told.
    pub fn body(&self, now: Instant) -> RosterBody {
        let open = self
            .entries
            .values()
            .filter(|entry| !entry.has_expired(now));
        let rights: BTreeSet<String> = open.map(|entry| entry.grant.to_string()).collect();
        RosterBody {
            people: rights.into_iter().take(ROSTER_LIMIT).collect(),
        }
    }

    /// Whether a key still gives exactly this.
    pub fn standing(&self, fingerprint: &str, grant: &Grant, now: Instant) -> Standing {
        match self.entries.get(fingerprint) {
            Some(entry) if entry.has_expired(now) => Standing::Expired,
            Some(entry) if entry.grant == *grant => Standing::Kept,
            _ => Standing::Lost,
        }
    }

    /// When a key expires.
    pub fn expires_at(&self, fingerprint: &str) -> Option<Instant> {
        self.entries.get(fingerprint)?.expires_at
    }

    /// When the next key after `now` expires.
    pub fn next_expiry(&self, now: Instant) -> Option<Instant> {
        let all = self.entries.values().filter_map(|entry| entry.expires_at);
        all.filter(|at| *at > now).min()
    }

    /// How many keys never expire, and whose they are.
    pub fn endless(&self) -> (usize, BTreeSet<&str>) {
        let endless = |entry: &&Entry| entry.expires_at.is_none();
        let endless: Vec<&Entry> = self.entries.values().filter(endless).collect();
        let people = endless.iter().map(|entry| entry.person()).collect();
        (endless.len(), people)
    }

    /// Whether no key stands there.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The keys that the other does not have, with whose they are.
    pub fn beside<'a>(&'a self, other: &'a Roster) -> impl Iterator<Item = (&'a str, &'a str)> {
        let lacking = self.entries.iter().filter(|(name, _)| !other.has(name));
        lacking.map(|(name, entry)| (name.as_str(), entry.person()))
    }

    /// Whether a key of this name stands there.
    pub fn has(&self, fingerprint: &str) -> bool {
        self.entries.contains_key(fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use russh::keys::{Algorithm, PrivateKey};

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
        let (fingerprint, entry) = roster.find(&known).unwrap();
        assert!(fingerprint.starts_with("SHA256:"));
        let (now, grant) = (Instant::default(), &entry.grant);
        assert_eq!(entry.person(), "d.okafor");
        let standing = |grant: &Grant| roster.standing(&fingerprint, grant, now);
        assert_eq!(standing(grant), Standing::Kept);
        assert_eq!(standing(&grant.nameless()), Standing::Lost);
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
        let (_, entry) = roster.find(&known).unwrap();
        assert_eq!(entry.person(), "b");
    }

    #[test]
    fn a_key_that_has_expired_gives_nothing_and_is_told_to_nobody() {
        let ((expiring, one), (_, two)) = (key(), key());
        let (roster, faults) = Roster::parse(&format!(
            "warboard=\"person=a,role=viewer\",expiry-time=\"20270131\" {one}\nwarboard=\"person=b,role=viewer\" {two}\n"
        ));
        assert_eq!(faults, []);
        let at: Instant = "2027-01-31T00:00:00Z".parse().unwrap();
        let before = at - chrono::TimeDelta::milliseconds(1);
        let (name, entry) = roster.find(&expiring).unwrap();
        let standing = |now| roster.standing(&name, &entry.grant, now);
        assert_eq!(standing(before), Standing::Kept);
        assert_eq!(standing(at), Standing::Expired);
        assert_eq!(roster.body(before).people.len(), 2);
        let left = roster.body(at).people;
        assert!(
            left.len() == 1 && left[0].starts_with("person=b,"),
            "{left:?}"
        );
        assert_eq!(
            (roster.next_expiry(before), roster.next_expiry(at)),
            (Some(at), None)
        );
        assert_eq!(roster.endless(), (1, BTreeSet::from(["b"])));
    }
}
