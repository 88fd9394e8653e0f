//! One line of the file of keys: options, key, comment, as OpenSSH has them. `warboard="..."` carries a person's rights and must
//! be there, `expiry-time="..."` may be. Whether what the key gives still counts, `roster` says.

use chrono::{NaiveDate, NaiveTime};
use russh::keys::{Algorithm, PublicKey};

use crate::domain::grant::Grant;
use crate::domain::instant::Instant;

/// The option that carries a person's rights.
const RIGHTS: &str = "warboard";
/// The option that says until when the key opens the door.
const EXPIRY: &str = "expiry-time";

/// A key, and what it gives to whoever has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub key: PublicKey,
    pub grant: Grant,
    /// From this instant on it gives nothing; None: it never expires.
    pub expires_at: Option<Instant>,
}

impl Entry {
    /// Reads `warboard="person=...,role=...",expiry-time="20270131" ssh-ed25519 AAAA... comment`, options in any order.
    ///
    /// # Errors
    /// What is wrong with the line, and what to write instead.
    pub fn read(line: &str) -> Result<Entry, String> {
        let (mut rights, mut expiry, mut rest) = (None, None, line);
        let key = loop {
            let end = rest.find(['=', ',', ' ', '\t']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            let place = match name.to_ascii_lowercase().as_str() {
                RIGHTS => &mut rights,
                EXPIRY => &mut expiry,
                _ if rights.is_none() && expiry.is_none() && is_key(name) => {
                    return Err(nobodys());
                }
                _ => {
                    return Err(format!(
                        "'{name}' is no option here; there are two, {RIGHTS}=\"person=...,role=...\" and {EXPIRY}=\"YYYYMMDD\", with a comma and no blank between them, and the key after them"
                    ));
                }
            };
            let Some(quoted) = after.strip_prefix("=\"") else {
                return Err(format!("'{name}' needs a value: write {name}=\"...\""));
            };
            let Some((value, after)) = quoted.split_once('"') else {
                return Err(format!("the quote after {name}=\" is not closed"));
            };
            if place.replace(value).is_some() {
                return Err(format!("'{name}' stands there twice"));
            }
            match after.strip_prefix(',') {
                Some(further) => rest = further,
                None if after.starts_with([' ', '\t']) => break after.trim_start(),
                None => {
                    return Err(format!(
                        "after {name}=\"...\" comes a comma and another option, or a blank and the key"
                    ));
                }
            }
        };
        let grant: Grant = match rights {
            Some(rights) => rights
                .parse()
                .map_err(|fault: crate::domain::grant::GrantFault| fault.to_string())?,
            None => return Err(nobodys()),
        };
        if grant.person.is_none() {
            return Err("'person' is missing: whose key is it?".to_owned());
        }
        let expires_at = expiry.map(|text| expiry_of(text).ok_or_else(|| no_expiry(text)));
        Ok(Entry {
            key: key_of(key)?,
            grant,
            expires_at: expires_at.transpose()?,
        })
    }

    /// Whether it gives nothing any more.
    pub fn has_expired(&self, now: Instant) -> bool {
        self.expires_at.is_some_and(|at| now >= at)
    }

    /// The name in the record.
    pub fn person(&self) -> &str {
        self.grant.person.as_deref().unwrap_or_default()
    }
}

fn is_key(word: &str) -> bool {
    ["ssh-", "ecdsa-", "sk-"]
        .iter()
        .any(|kind| word.starts_with(kind))
}

fn nobodys() -> String {
    format!("the key says not whose it is: put {RIGHTS}=\"person=...,role=...\" before it")
}

fn key_of(text: &str) -> Result<PublicKey, String> {
    if text.starts_with("ssh-rsa") {
        return Err(
            "RSA keys are not taken; make another one with  ssh-keygen -t ed25519".to_owned(),
        );
    }
    let key = PublicKey::from_openssh(text)
        .map_err(|error| format!("what follows the rights is no public key: {error}"))?;
    match key.algorithm() {
        Algorithm::Ed25519
        | Algorithm::Ecdsa { .. }
        | Algorithm::SkEd25519
        | Algorithm::SkEcdsaSha2NistP256 => Ok(key),
        other => Err(format!(
            "{other} keys are not taken; make another one with  ssh-keygen -t ed25519"
        )),
    }
}

fn no_expiry(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
    format!(
        "'{EXPIRY}=\"{text}\"' names no instant: write YYYYMMDD (the first moment of that day), YYYYMMDDHHMM or YYYYMMDDHHMMSS; it is UTC, with a Z at its end or without"
    )
}

/// OpenSSH takes what has no Z as the local time of its host. A door may stand on several hosts, so here it is UTC: one line, one
/// instant.
fn expiry_of(text: &str) -> Option<Instant> {
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hour, minute, second) = match digits.len() {
        8 => (None, None, None),
        12 => (digits.get(8..10), digits.get(10..12), None),
        14 => (digits.get(8..10), digits.get(10..12), digits.get(12..14)),
        _ => return None,
    };
    let number = |part: Option<&str>| part.map_or(Some(0), |part| part.parse::<u32>().ok());
    let year = digits.get(0..4)?.parse().ok()?;
    let (month, day) = (number(digits.get(4..6))?, number(digits.get(6..8))?);
    let time = NaiveTime::from_hms_opt(number(hour)?, number(minute)?, number(second)?)?;
    let date = NaiveDate::from_ymd_opt(year, month, day)?;
    Some(date.and_time(time).and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ of hers";

    #[test]
    fn an_expiry_is_an_instant_in_utc_in_the_forms_of_openssh() {
        for (text, at) in [
            ("20270131", "2027-01-31T00:00:00Z"),
            ("20270131Z", "2027-01-31T00:00:00Z"),
            ("202701311745", "2027-01-31T17:45:00Z"),
            ("202701311745Z", "2027-01-31T17:45:00Z"),
            ("20270131174559", "2027-01-31T17:45:59Z"),
            ("20270131174559z", "2027-01-31T17:45:59Z"),
            ("20280229", "2028-02-29T00:00:00Z"),
        ] {
            let at: Instant = at.parse().unwrap();
            for line in [
                format!("warboard=\"person=a,role=viewer\",expiry-time=\"{text}\" {KEY}"),
                format!("expiry-time=\"{text}\",warboard=\"person=a,role=viewer\"\t{KEY}"),
                format!("Expiry-Time=\"{text}\",warboard=\"person=a,role=viewer\"  {KEY}"),
            ] {
                let entry = Entry::read(&line).unwrap();
                assert_eq!(entry.expires_at, Some(at), "{line}");
                assert_eq!(entry.person(), "a");
                let before = at - chrono::TimeDelta::milliseconds(1);
                assert!(!entry.has_expired(before) && entry.has_expired(at));
            }
        }
        let entry = Entry::read(&format!("warboard=\"person=a,role=viewer\" {KEY}")).unwrap();
        assert_eq!(entry.expires_at, None);
        assert!(!entry.has_expired(Instant::MAX_UTC));
    }

    #[test]
    fn an_expiry_that_names_no_instant_is_told_with_its_option() {
        for text in [
            "",
            "Z",
            "2027",
            "202701",
            "2027013",
            "20270131Z1",
            "2027-01-31",
            "20270231",
            "20271301",
            "20270100",
            "2027013125",
            "202701312460",
            "20270131240000",
            "20270131235960",
            "20270131UTC",
            "-0270131",
            "+270131",
            "２０２７０１３１",
            "2027013１",
            "31.01.2027",
            "never",
            "20270131 1200",
            "202701311745595959",
        ] {
            let line = format!("warboard=\"person=a,role=viewer\",expiry-time=\"{text}\" {KEY}");
            let why = Entry::read(&line).unwrap_err();
            let told = format!("'expiry-time=\"{text}\"' names no instant");
            assert!(why.contains(&told) && why.contains("it is UTC"), "{why}");
        }
    }

    #[test]
    fn options_that_are_not_well_written_are_told() {
        for (options, told) in [
            ("expiry-time=\"20270131\"", "not whose it is"),
            (
                "expiry-time=20270131,warboard=\"person=a,role=viewer\"",
                "needs a value",
            ),
            (
                "expiry-time,warboard=\"person=a,role=viewer\"",
                "needs a value",
            ),
            (
                "warboard=\"person=a,role=viewer\",expiry-time=\"20270131",
                "is not closed",
            ),
            (
                "warboard=\"person=a,role=viewer\"expiry-time=\"20270131\"",
                "comes a comma",
            ),
            ("warboard=\"person=a,role=viewer\",", "'' is no option"),
            (
                "expiry-time=\"20270131\",expiry-time=\"20280131\",warboard=\"person=a,role=viewer\"",
                "'expiry-time' stands there twice",
            ),
            (
                "warboard=\"person=a,role=viewer\",warboard=\"person=b,role=admin\"",
                "'warboard' stands there twice",
            ),
            (
                "warboard=\"person=a,role=viewer\",no-pty",
                "'no-pty' is no option",
            ),
        ] {
            let why = Entry::read(&format!("{options} {KEY}")).unwrap_err();
            assert!(why.contains(told), "{options}: {why}");
        }
    }
}
