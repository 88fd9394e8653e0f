//! The hash chain over the record: what the hash of an entry covers, and how a text leaves it without breaking it.
//! Pure; the adapters fetch the rows. Free texts count by their own hash, made with a salt that goes when the text goes.
//! What a walk along the chain finds is `audit`.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::event::{FIRST_TEXT_KEYS, TEXT_KEYS};

/// What the first entry follows.
pub const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// How the text that took a redacted one's place begins; the hex hash of the text follows, then `]`.
const REDACTED: &str = "[redacted sha256:";
/// What readers see of it: the hash is for the chain alone.
pub const REDACTED_SHOWN: &str = "[redacted]";

/// One end of the chain: an entry's place and hash. Kept elsewhere, it shows later whether anything up to it was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// See [`Form`].
    pub salt: Option<&'a str>,
    pub prev: &'a str,
}

/// How the texts of an entry count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form<'a> {
    /// Without a salt, as entries were written before there were salts: by their plain sha256. Who guesses a short text can
    /// prove the guess, after it was redacted too.
    Plain,
    /// By their hash under this salt.
    Salted(&'a str),
    /// As `Salted`, but the texts and the salt are gone: what stands in their place names their hashes.
    Gone,
}

impl<'a> Form<'a> {
    /// From what is stored beside the body: nothing, a salt, or an empty one.
    pub fn of(salt: Option<&'a str>) -> Form<'a> {
        match salt {
            None => Form::Plain,
            Some("") => Form::Gone,
            Some(salt) => Form::Salted(salt),
        }
    }

    const fn keys(self) -> &'static [&'static str] {
        match self {
            Form::Plain => FIRST_TEXT_KEYS,
            Form::Salted(_) | Form::Gone => TEXT_KEYS,
        }
    }

    fn digest_of(self, literal: &str) -> String {
        match (self, hash_in(literal)) {
            (Form::Plain | Form::Gone, Some(hash)) => hash.to_owned(),
            (Form::Plain, None) => hex::encode(Sha256::digest(literal)),
            (Form::Salted(salt), _) => salted(salt, literal),
            // Without its salt no text can stand here: whatever this gives is not what was written.
            (Form::Gone, None) => salted("", literal),
        }
    }
}

fn salted(salt: &str, literal: &str) -> String {
    // HMAC takes keys of any length: this cannot fail, and an empty hash would be equal to no other.
    Hmac::<Sha256>::new_from_slice(salt.as_bytes()).map_or_else(
        |_| String::new(),
        |mut mac| {
            mac.update(literal.as_bytes());
            hex::encode(mac.finalize().into_bytes())
        },
    )
}

/// A salt for a new entry: 128 random bits in hex.
pub fn fresh_salt() -> String {
    hex::encode(rand::random::<[u8; 16]>())
}

impl Link<'_> {
    /// The hash that links it, in hex. Every field goes in with its length: no two entries share their bytes.
    pub fn hash(&self) -> String {
        let mut digest = Sha256::new();
        let (seq, version) = (self.seq.to_string(), self.version.to_string());
        let form = Form::of(self.salt);
        let covered = covered(self.body, form);
        let fields = [
            // Each form has a mark of its own, so that no entry of the one can be passed off as one of the other.
            match form {
                Form::Plain => "warboard entry 1",
                Form::Salted(_) | Form::Gone => "warboard entry 2",
            },
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
        hex::encode(digest.finalize())
    }

    /// Whether its texts were taken out.
    pub fn is_redacted(&self) -> bool {
        match Form::of(self.salt) {
            Form::Gone => true,
            Form::Salted(_) => false,
            form @ Form::Plain => {
                let mut found = false;
                let _ = texts(self.body, form, |literal| {
                    found |= hash_in(literal).is_some();
                    literal.to_owned()
                });
                found
            }
        }
    }
}

/// An entry's body and salt without its texts; None if there are none to take out. The chain holds all the same.
pub fn redacted(body: &str, salt: Option<&str>) -> Option<(String, Option<&'static str>)> {
    let form = Form::of(salt);
    let mut taken = false;
    if form == Form::Gone {
        return None;
    }
    let gone = texts(body, form, |literal| {
        // In a salted entry what looks like a hash is a text somebody wrote.
        if form == Form::Plain && hash_in(literal).is_some() {
            return literal.to_owned();
        }
        taken = true;
        format!("{REDACTED}{}]", form.digest_of(literal))
    });
    taken.then(|| (gone, salt.map(|_| "")))
}

/// A body as readers see it: where texts were taken out it says so in a word, without their hashes.
pub fn shown(body: &str, salt: Option<&str>) -> String {
    let form = Form::of(salt);
    match form {
        Form::Salted(_) => body.to_owned(),
        Form::Plain | Form::Gone => texts(body, form, |literal| match hash_in(literal) {
            Some(_) => REDACTED_SHOWN.to_owned(),
            None => literal.to_owned(),
        }),
    }
}

/// The body byte by byte, but for what people wrote: each text stands as its hash.
fn covered(body: &str, form: Form<'_>) -> String {
    texts(body, form, |literal| {
        format!("sha256:{}", form.digest_of(literal))
    })
}

/// The body with `put` in place of every text: strings under the form's keys, at any depth.
fn texts(body: &str, form: Form<'_>, mut put: impl FnMut(&str) -> String) -> String {
    let keys = form.keys();
    let mut done = String::with_capacity(body.len());
    let mut rest = body;
    // Whether the next value is a text: set by a key, and unset by anything but blanks and its colon.
    let mut is_text = false;
    while let Some(quote) = rest.find('"') {
        let (between, from) = rest.split_at(quote);
        is_text &= between.trim() == ":";
        let literal = literal(from.get(1..).unwrap_or_default());
        let after = from.get(literal.len() + 2..).unwrap_or_default();
        done.push_str(between);
        done.push('"');
        match is_text {
            true => done.push_str(&put(literal)),
            false => done.push_str(literal),
        }
        done.push('"');
        let is_key = after.trim_start().starts_with(':');
        is_text = is_key && keys.contains(&literal);
        rest = after;
    }
    done.push_str(rest);
    done
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

/// The hash that stands in a redacted text's place.
fn hash_in(literal: &str) -> Option<&str> {
    literal
        .strip_prefix(REDACTED)
        .and_then(|rest| rest.strip_suffix(']'))
        .filter(|hash| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
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
        let read: Value = serde_json::from_str(&covered(&body, Form::Plain)).unwrap();
        for hidden in ["quoted", "deep"] {
            assert!(!covered(&body, Form::Plain).contains(hidden), "{hidden}");
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

    /// The body of an entry with and without a salt.
    const SALTS: [Option<&str>; 2] = [None, Some("0123456789abcdef0123456789abcdef")];

    fn link<'a>(body: &'a str, salt: Option<&'a str>) -> Link<'a> {
        Link {
            seq: 1,
            incident: "AZ-1",
            version: 1,
            at: "t",
            by: "ab",
            via: "c",
            kind: "noted",
            body,
            salt,
            prev: START,
        }
    }

    #[test]
    fn a_redacted_entry_keeps_its_hash_and_another_text_does_not() {
        let body = r#"{"text":"the \"name\" of a customer","kind":"fact"}"#;
        for salt in SALTS {
            let whole = link(body, salt);
            assert!(!whole.is_redacted());
            let (gone, no_salt) = redacted(body, salt).unwrap();
            assert!(!gone.contains("customer"), "{gone}");
            let after = link(&gone, no_salt);
            assert_eq!(after.hash(), whole.hash(), "{salt:?}");
            assert!(after.is_redacted());
            assert_eq!(redacted(&gone, no_salt), None, "once is enough");
            assert_eq!(
                shown(&gone, no_salt),
                r#"{"text":"[redacted]","kind":"fact"}"#
            );
            for other in [
                body.replace("name", "Name"),
                body.replace("fact", "decision"),
            ] {
                assert_ne!(link(&other, salt).hash(), whole.hash());
            }
        }
        assert_eq!(redacted(r#"{"kind":"fact"}"#, SALTS[1]), None);
    }

    #[test]
    fn a_salt_hides_what_was_redacted_from_who_guesses_it() {
        let body = r#"{"text":"yes"}"#;
        let guessed = hex::encode(Sha256::digest("yes"));
        let (plain, _) = redacted(body, None).unwrap();
        assert!(plain.contains(&guessed));
        let (salted, _) = redacted(body, SALTS[1]).unwrap();
        assert!(!salted.contains(&guessed));
    }

    #[test]
    fn no_form_passes_for_another() {
        let body = r#"{"text":"yes"}"#;
        let salted = link(body, SALTS[1]).hash();
        let (gone, _) = redacted(body, SALTS[1]).unwrap();
        for (body, salt) in [
            (body, None),
            (body, Some("")),
            (body, Some("another")),
            (gone.as_str(), None),
            (gone.as_str(), SALTS[1]),
        ] {
            assert_ne!(link(body, salt).hash(), salted, "{body} {salt:?}");
        }
    }

    #[test]
    fn what_looks_redacted_in_a_salted_entry_is_a_text_like_any_other() {
        let fake = format!(r#"{{"text":"{REDACTED}{}]"}}"#, "0".repeat(64));
        assert!(!link(&fake, SALTS[1]).is_redacted());
        assert_eq!(shown(&fake, SALTS[1]), fake);
    }

    proptest! {
        #[test]
        fn any_json_keeps_its_shape_and_loses_only_texts(text in any::<String>(), other in any::<String>()) {
            let body = json!({"a": other, "reason": text, "b": [other, {"because": text}]}).to_string();
            let read: Value = serde_json::from_str(&covered(&body, Form::Plain)).unwrap();
            prop_assert_eq!(&read["a"], &json!(other));
            prop_assert_eq!(&read["b"][0], &json!(other));
            prop_assert_eq!(&read["reason"], &read["b"][1]["because"]);
            prop_assert_eq!(read["reason"].as_str().map(str::len), Some(71));
        }

        #[test]
        fn no_bytes_make_it_fail(body in any::<String>()) {
            let _ = covered(&body, Form::Plain);
            let _ = redacted(&body, SALTS[1]);
        }
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let one = link("{}", None);
        let moved = Link {
            by: "a",
            via: "bc",
            ..one
        };
        assert_ne!(one.hash(), moved.hash());
    }
}
