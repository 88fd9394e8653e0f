//! What errors make of a source: the sentence that is told, when it is asked again, and what of it is read anew.

use std::collections::BTreeSet;

use super::super::ask::Step;
use super::super::load::Load;
use super::{Poller, load_again};
use crate::client::error::ApiError;
use crate::domain::board::Fault;
use crate::domain::instant::Mono;
use crate::domain::text::SafeText;

/// How soon the list is read again when that failed while changes still come.
const RELOAD_AGAIN_AFTER_MS: i64 = 60_000;
/// How soon the backend is asked again what it is.
const ABOUT_AGAIN_AFTER_MS: i64 = 10_000;
/// How many unreadable incidents are named.
const NAMED: usize = 3;

/// What is wrong, by what it concerns: the first is told.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// The last request for data failed.
    pub data: Option<(Fault, String)>,
    /// The feed does not know its own cursors.
    pub feed: Option<String>,
    /// The list cannot be read again.
    pub list: Option<String>,
    /// The backend does not say what it is.
    pub about: Option<String>,
    /// Ids of incidents that cannot be read.
    pub unreadable: BTreeSet<String>,
}

impl Trouble {
    /// The sentence that tells what is wrong.
    pub fn sentence(&self) -> Option<String> {
        let data = self.data.as_ref().map(|(_, sentence)| sentence.clone());
        let first = data.or_else(|| self.feed.clone());
        first
            .or_else(|| self.unreadable_sentence())
            .or_else(|| self.list.clone())
            .or_else(|| self.about.clone())
    }

    /// What kind of error the sentence tells of; that the list is read again later, or what the backend is, is none that
    /// touches what is shown.
    pub fn fault(&self) -> Option<Fault> {
        let data = self.data.as_ref().map(|(fault, _)| *fault);
        let feed = || self.feed.as_ref().map(|_| Fault::Garbage);
        let unread = || (!self.unreadable.is_empty()).then_some(Fault::Unread);
        data.or_else(feed).or_else(unread)
    }

    fn unreadable_sentence(&self) -> Option<String> {
        let ids = self.unreadable.iter().filter(|id| !id.starts_with('?'));
        let ids: Vec<&str> = ids.take(NAMED).map(String::as_str).collect();
        let named = match ids.is_empty() {
            true => String::new(),
            false => format!(" ({})", ids.join(", ")),
        };
        let text = match self.unreadable.len() {
            0 => return None,
            1 => format!("1 incident{named} could not be read"),
            more => format!("{more} incidents{named} could not be read"),
        };
        let text = SafeText::line(&text).truncated(200);
        Some(format!("{text}; is the backend newer than this board?"))
    }
}

impl Poller {
    /// Takes in that `step` failed.
    pub(super) fn fail(&mut self, step: &Step, error: ApiError, now: Mono) {
        let error = match error {
            ApiError::Gone => {
                self.gones = self.gones.saturating_add(1);
                (self.cursor, self.etag) = (None, None);
                self.load = Some(Load::replacing());
                if self.gones < 2 {
                    self.start_at = now;
                    return;
                }
                let sentence = "the backend forgot the cursor that it had just given (410); is it one of several, with different stores?";
                self.trouble.feed = Some(sentence.to_owned());
                ApiError::Garbage {
                    sentence: sentence.to_owned(),
                }
            }
            error => error,
        };
        let reaches_all = matches!(
            error,
            ApiError::NotAllowed { .. } | ApiError::Unreachable { .. } | ApiError::Busy { .. }
        );
        let broken =
            matches!(error, ApiError::Busy { status, .. } if status != 429 && status != 503);
        match step {
            Step::About | Step::Teams => {
                self.about_at = now + ABOUT_AGAIN_AFTER_MS;
                self.teams_due = false;
                if !reaches_all || broken {
                    self.trouble.about = Some(error.to_string());
                    self.refused_since = None;
                    self.publish(|_| false);
                    return;
                }
            }
            // Changes go on, and tell if nothing does; the list can wait.
            Step::Page { .. } if self.cursor.is_some() && !error.is_refusal() => {
                self.load = None;
                self.reload_at = now + RELOAD_AGAIN_AFTER_MS;
                if matches!(error, ApiError::Busy { .. }) {
                    self.start_at = now + self.backoff.after(&error);
                }
                self.trouble.list = Some(error.to_string());
                self.refused_since = None;
                self.publish(|_| false);
                return;
            }
            Step::Page { .. } if !reaches_all => {
                self.load = self.load.as_ref().map(|load| load_again(load.replace));
            }
            Step::Changes { .. } if !reaches_all => {
                self.garbled = self.garbled.saturating_add(1);
                // Perhaps too much has changed for one answer.
                if self.garbled % 20 == 2 {
                    self.cursor = None;
                }
            }
            Step::Page { .. } | Step::Changes { .. } => {}
        }
        // The first good answer shall come at once: a held request would look like an outage that goes on.
        self.at_once = true;
        self.start_at = now + self.backoff.after(&error);
        self.refused_since = match error.is_refusal() {
            true => self.refused_since.or(Some(now)),
            false => None,
        };
        self.trouble.data = Some((error.fault(), error.to_string()));
        self.publish(|_| false);
    }
}
