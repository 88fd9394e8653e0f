//! The hash chain over the record: what the hash of an entry covers, and what a walk along the chain finds.
//! Pure; the adapters fetch the rows. Free texts count by their own hash, so that one can be redacted and the chain still holds.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::domain::event::TEXT_KEYS;

/// What the first entry follows.
pub const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// How the text that took a redacted one's place begins; the hex sha256 of the text follows, then `]`.
const REDACTED: &str = "[redacted sha256:";
/// Most faults a walk reports; a chain with more is broken anyway.
const FAULTS: usize = 100;

/// One end of the chain: an entry's place and hash. Kept elsewhere, it shows later whether anything up to it was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub seq: u64,
    pub hash: String,
}

impl Head {
    /// As it is noted beside the chain.
    pub fn text(&self) -> String {
        format!("{} {}", self.seq, self.hash)
    }

    /// Reads what `text` wrote.
    pub fn from_text(text: &str) -> Option<Head> {
        let (seq, hash) = text.split_once(' ')?;
        Some(Head {
            seq: seq.parse().ok()?,
            hash: hash.to_owned(),
        })
    }
}

impl Default for Head {
    fn default() -> Head {
        Head {
            seq: 0,
            hash: START.to_owned(),
        }
    }
}

/// An entry as the chain sees it: the stored bytes.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    pub seq: u64,
    pub incident: &'a str,
    pub version: u64,
    pub at: &'a str,
    pub by: &'a str,
    pub via: &'a str,
    pub kind: &'a str,
    pub body: &'a str,
    pub prev: &'a str,
}

impl Link<'_> {
    /// The hash that links it, in hex. Every field goes in with its length: no two entries share their bytes.
    pub fn hash(&self) -> String {
        let mut digest = Sha256::new();
        let (seq, version) = (self.seq.to_string(), self.version.to_string());
        let covered = covered(self.body);
        let fields = [
            "warboard entry 1",
            self.prev,
            &seq,
            self.incident,
            &version,
            self.at,
            self.by,
            self.via,
            self.kind,
            &covered,
        ];
        for field in fields {
            digest.update(u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(field.as_bytes());
        }
        hex(&digest.finalize())
    }
}

/// Bytes in hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What stands in a redacted text's place, for the text as it stands in the stored JSON, without its quotes.
pub fn redacted(literal: &str) -> String {
    format!("{REDACTED}{}]", hex(&Sha256::digest(literal)))
}

/// The body byte by byte, but for what people wrote: strings under `TEXT_KEYS`, at any depth, stand as their sha256.
pub fn covered(body: &str) -> String {
    let mut covered = String::with_capacity(body.len());
    let mut rest = body;
    // Whether the next value is a text: set by a key, and unset by anything but blanks and its colon.
    let mut is_text = false;
    while let Some(quote) = rest.find('"') {
        let (between, from) = rest.split_at(quote);
        is_text &= between.trim() == ":";
        let literal = literal(from.get(1..).unwrap_or_default());
        let after = from.get(literal.len() + 2..).unwrap_or_default();
        covered.push_str(between);
        covered.push('"');
        if is_text {
            covered.push_str("sha256:");
            covered.push_str(&digest_of(literal));
        } else {
            covered.push_str(literal);
        }
        covered.push('"');
        let is_key = after.trim_start().starts_with(':');
        is_text = is_key && TEXT_KEYS.contains(&literal);
        rest = after;
    }
    covered.push_str(rest);
    covered
}

/// What stands before the closing quote.
fn literal(from: &str) -> &str {
    let mut escaped = false;
    for (at, byte) in from.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return from.get(..at).unwrap_or_default(),
            _ => {}
        }
    }
    from
}

fn digest_of(literal: &str) -> String {
    let redacted = literal
        .strip_prefix(REDACTED)
        .and_then(|rest| rest.strip_suffix(']'))
        .filter(|hash| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()));
    match redacted {
        Some(hash) => hash.to_owned(),
        None => hex(&Sha256::digest(literal)),
    }
}

/// What is wrong with the record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("entry {seq} was changed after it was written")]
    Altered { seq: u64 },
    #[error(
        "entry {seq} does not follow the one before it: an entry was put in, taken out or moved here"
    )]
    Unlinked { seq: u64 },
    #[error("between entry {after} and entry {found} entries are missing")]
    Missing { after: u64, found: u64 },
    #[error("the record ends with entry {found}, but it reached entry {expected} before")]
    Cut { expected: u64, found: u64 },
    #[error("entry {seq} is not the one that was noted elsewhere: everything up to it is suspect")]
    Replaced { seq: u64 },
    #[error("{incident} as it is shown is not what its entries say: {why}")]
    Differs { incident: String, why: String },
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// How many entries were read.
    pub entries: u64,
    pub incidents: u64,
    /// The end of the chain; worth noting elsewhere.
    pub head: Head,
    /// At most the first hundred.
    pub faults: Vec<Fault>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    /// Notes a fault, up to the limit.
    pub fn add(&mut self, fault: Fault) {
        if self.faults.len() < FAULTS {
            self.faults.push(fault);
        }
    }

    /// One step along the chain: the next entry by seq, with the hash stored for it.
    pub fn step(&mut self, link: &Link<'_>, stored: &str) {
        let expected = self.head.seq + 1;
        if link.seq != expected {
            self.add(Fault::Missing {
                after: self.head.seq,
                found: link.seq,
            });
        }
        if link.prev != self.head.hash {
            self.add(Fault::Unlinked { seq: link.seq });
        }
        if link.hash() != stored {
            self.add(Fault::Altered { seq: link.seq });
        }
        self.entries += 1;
        self.head = Head {
            seq: link.seq,
            hash: stored.to_owned(),
        };
    }

    /// The end of the walk: `noted` is an end that was reached before.
    pub fn reached(&mut self, noted: &Head, hash_there: Option<&str>) {
        if noted.seq > self.head.seq {
            self.add(Fault::Cut {
                expected: noted.seq,
                found: self.head.seq,
            });
        } else if hash_there != Some(noted.hash.as_str()) {
            self.add(Fault::Replaced { seq: noted.seq });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn texts_stand_by_their_hash_at_any_depth_and_nothing_else_does() {
        let body = json!({
            "text": "a \"quoted\" \\ word", "kind": "text", "source": "title",
            "profile": {"reason": "deep", "reasons": "kept", "list": [{"summary": "x"}, "message"]},
            "title": null, "message": ["text", "b"],
        })
        .to_string();
        let read: Value = serde_json::from_str(&covered(&body)).unwrap();
        for hidden in ["quoted", "deep"] {
            assert!(!covered(&body).contains(hidden), "{hidden}");
        }
        assert!(
            read["profile"]["list"][0]["summary"]
                .as_str()
                .unwrap()
                .starts_with("sha256:")
        );
        assert_eq!(
            (&read["kind"], &read["source"]),
            (&json!("text"), &json!("title"))
        );
        assert_eq!(read["profile"]["reasons"], "kept");
        assert_eq!(read["profile"]["list"][1], "message");
        assert_eq!(read["message"], json!(["text", "b"]));
    }

    #[test]
    fn a_redacted_text_covers_the_same_and_another_text_does_not() {
        let body = r#"{"text":"the \"name\" of a customer","kind":"fact"}"#;
        let gone = body.replace(
            r#"the \"name\" of a customer"#,
            &redacted(r#"the \"name\" of a customer"#),
        );
        assert!(!gone.contains("customer"));
        assert_eq!(covered(&gone), covered(body));
        assert_ne!(covered(&body.replace("name", "Name")), covered(body));
        assert_ne!(covered(&body.replace("fact", "decision")), covered(body));
    }

    proptest! {
        #[test]
        fn any_json_keeps_its_shape_and_loses_only_texts(text in any::<String>(), other in any::<String>()) {
            let body = json!({"a": other, "reason": text, "b": [other, {"because": text}]}).to_string();
            let read: Value = serde_json::from_str(&covered(&body)).unwrap();
            prop_assert_eq!(&read["a"], &json!(other));
            prop_assert_eq!(&read["b"][0], &json!(other));
            prop_assert_eq!(&read["reason"], &read["b"][1]["because"]);
            prop_assert_eq!(read["reason"].as_str().map(str::len), Some(71));
        }

        #[test]
        fn no_bytes_make_it_fail(body in any::<String>()) {
            let _ = covered(&body);
        }
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let link = Link {
            seq: 1,
            incident: "AZ-1",
            version: 1,
            at: "t",
            by: "ab",
            via: "c",
            kind: "noted",
            body: "{}",
            prev: START,
        };
        let moved = Link {
            by: "a",
            via: "bc",
            ..link
        };
        assert_ne!(link.hash(), moved.hash());
    }
}
