//! A whole list read page by page, as far as it has come. It ends with all incidents, or says that its pages lead nowhere.

use std::collections::HashSet;
use std::sync::Arc;

use super::merge;
use crate::client::heard::Heard;
use crate::domain::instant::Instant;
use crate::domain::view::IncidentView;
use crate::net::escaped;
use crate::wire::ListBody;

/// Incidents asked for at first, so that something stands on the board soon.
const FIRST_PAGE: usize = 100;
/// Incidents asked for at once after that: a page is held three times over while it is read.
const PAGE: usize = 500;
/// Most pages of one list; a million incidents are none that people work on.
const PAGES_MAX: usize = 2_000;

/// A list being read.
#[derive(Default)]
pub(super) struct Load {
    /// The list takes the place of what is held, newer or not: the backend's record is another one.
    pub replace: bool,
    incidents: Vec<Arc<IncidentView>>,
    /// Ids that could not be read.
    unreadable: Vec<String>,
    first: Option<First>,
    after: Option<String>,
    seen: HashSet<String>,
}

/// What the first page said for all of them.
struct First {
    cursor: String,
    now: Instant,
    etag: Option<String>,
}

/// A list read to its end.
pub(super) struct Loaded {
    pub incidents: Vec<Arc<IncidentView>>,
    pub unreadable: Vec<String>,
    pub cursor: String,
    /// The backend's instant that the list is at least as new as.
    pub now: Instant,
    /// The first page's.
    pub etag: Option<String>,
}

/// What a page made of a load.
pub(super) enum LoadProgress {
    /// There is another page to ask for.
    More(Load),
    /// That was the last one.
    End(Loaded),
    /// The pages lead nowhere; a sentence.
    Lost(String),
}

impl Load {
    /// A load in place of everything held.
    pub fn replacing() -> Load {
        Load {
            replace: true,
            ..Load::default()
        }
    }

    /// The query of the next page.
    pub fn query(&self) -> String {
        match &self.after {
            Some(after) => format!("limit={PAGE}&after={}", escaped(after)),
            None => format!("limit={FIRST_PAGE}"),
        }
    }

    /// Whether nothing was read yet.
    pub fn is_fresh(&self) -> bool {
        self.first.is_none()
    }

    /// What was read so far.
    pub fn so_far(&self) -> &[Arc<IncidentView>] {
        &self.incidents
    }

    /// Takes in a page. Incidents equal to those of `held` keep their `Arc`.
    pub fn take(mut self, held: &[Arc<IncidentView>], page: Heard<ListBody>) -> LoadProgress {
        let Heard {
            value,
            now,
            etag,
            unreadable,
            ..
        } = page;
        let first = self.first.get_or_insert(First {
            cursor: value.cursor,
            now,
            etag,
        });
        self.unreadable.extend(unreadable);
        self.incidents
            .extend(merge::reconciled(held, value.incidents, self.replace));
        match (value.next, value.complete) {
            (None, true) => LoadProgress::End(Loaded {
                cursor: std::mem::take(&mut first.cursor),
                now: first.now,
                etag: first.etag.take(),
                incidents: self.incidents,
                unreadable: self.unreadable,
            }),
            (None, false) => LoadProgress::Lost(
                "the list says that it is not complete, and not where it goes on".to_owned(),
            ),
            (Some(next), _) if !self.seen.insert(next.clone()) => {
                LoadProgress::Lost("the pages of the list go round in a circle".to_owned())
            }
            (Some(_), _) if self.seen.len() >= PAGES_MAX => {
                LoadProgress::Lost("the list has no end".to_owned())
            }
            (Some(next), _) => {
                self.after = Some(next);
                LoadProgress::More(self)
            }
        }
    }
}
