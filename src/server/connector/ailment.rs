//! What is wrong with a source, and who is told it in which words: what it says of an incident is as secret as that incident.
//! How it comes about, `worker::sync` knows.

use serde::{Deserialize, Serialize};

use crate::domain::caller::Audience;
use crate::domain::instant::Instant;
use crate::domain::text::SafeText;
use crate::domain::word::Role;
use crate::server::mirror::World;

/// How much of an error readers see, in cells.
pub const TROUBLE_CELLS: usize = 200;
/// How much of it is kept: what readers see is cut after keys were taken out of it, so that none is cut in half.
const KEPT_CELLS: usize = 1_000;

/// One thing that is wrong with a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ailment {
    /// The key of the incident it is about; none where it is about the source.
    about: Option<String>,
    /// All of it, with what the source says.
    words: String,
    /// The same without a key and without a word of the source.
    plain: String,
}

impl Ailment {
    /// Of the source as a whole: `plain` is for those from whom some incidents are hidden.
    pub fn of_source(words: &str, plain: &str) -> Ailment {
        Ailment {
            about: None,
            words: SafeText::line(words).truncated(KEPT_CELLS),
            plain: plain.to_owned(),
        }
    }

    /// Of the incident with this key: `plain` is for those who do not read that one.
    pub fn of_incident(key: &str, words: &str, plain: &str) -> Ailment {
        Ailment {
            about: Some(key.to_owned()),
            ..Ailment::of_source(words, plain)
        }
    }

    /// Without a word of the source, so that everybody may be told it.
    pub fn plain(text: &str) -> Ailment {
        Ailment::of_source(text, text)
    }

    fn is_told_in_words(
        &self,
        world: &World,
        connector: &str,
        audience: &Audience,
        now: Instant,
    ) -> bool {
        let Some(key) = &self.about else {
            return audience.reads_every_service();
        };
        match world.by_key(connector, key) {
            Some(snapshot) => audience.reads(&snapshot.incident, now),
            // Nobody knows yet whose it is.
            None => audience.role == Role::Admin && audience.reads_every_service(),
        }
    }
}

/// What ails a source as this audience is told it, with the keys of incidents that they do not read left unnamed.
pub(super) fn told(
    ailments: &[Ailment],
    world: &World,
    connector: &str,
    audience: &Audience,
    now: Instant,
    hidden: &[String],
) -> Option<String> {
    let mut told: Vec<String> = Vec::new();
    for ailment in ailments {
        let text = match ailment.is_told_in_words(world, connector, audience, now) {
            true => without(&ailment.words, hidden),
            false => ailment.plain.clone(),
        };
        if !told.contains(&text) {
            told.push(text);
        }
    }
    let text = || SafeText::line(&told.join("; ")).truncated(TROUBLE_CELLS);
    (!told.is_empty()).then(text)
}

/// A sentence with these keys left unnamed, wherever they stand as words of their own.
fn without(text: &str, keys: &[String]) -> String {
    let in_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let mut text = text.to_owned();
    for key in keys.iter().filter(|key| !key.is_empty()) {
        let mut from = 0;
        while let Some(at) = text.get(from..).and_then(|rest| rest.find(key.as_str())) {
            let (start, end) = (from + at, from + at + key.len());
            let before = text.get(..start).and_then(|t| t.chars().next_back());
            let after = text.get(end..).and_then(|t| t.chars().next());
            from = match before.is_some_and(in_word) || after.is_some_and(in_word) {
                true => end,
                false => {
                    text.replace_range(start..end, UNNAMED);
                    start + UNNAMED.len()
                }
            };
        }
    }
    text
}

/// What stands for a key that is not told.
const UNNAMED: &str = "an incident";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_not_told_is_taken_out_where_it_is_a_word() {
        let keys = ["7".to_owned(), "SEC-1".to_owned()];
        for (text, told) in [
            ("the move of 7 is lost", "the move of an incident is lost"),
            ("7 and 17, 7", "an incident and 17, an incident"),
            ("SEC-1: SEC-12: no", "an incident: SEC-12: no"),
            ("/cases/7?x=7", "/cases/an incident?x=an incident"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(without(text, &keys), told);
        }
    }
}
