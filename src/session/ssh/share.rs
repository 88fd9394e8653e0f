//! The boards that people at one door look at: one watch for all who may read the same, so that a source is asked once for
//! them. It asks without a name for all who are on no list of a restricted incident, and in the person's own for whoever is.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::client::{Api, ApiError, Watch};
use crate::domain::board::{Board, Source};
use crate::domain::grant::Grant;
use crate::domain::instant::Instant;
use crate::session::board::whole;
use crate::time::{SharedClock, timeout};
use crate::wire::NamedBody;

/// Seconds that a source may hold the question whom to ask for by name.
const LISTS_HELD_S: u64 = 20;
/// The least time between two such questions, and from one that was not answered to the next.
const LISTS_BETWEEN_MS: i64 = 200;
const LISTS_AGAIN_MS: i64 = 1_000;
/// The same where it was refused, and where the backend is of a time before there was the question.
const LISTS_REFUSED_MS: i64 = 5_000;
/// How long another board may take to be whole before it is shown as it is.
const WHOLE_WITHIN_MS: i64 = 10_000;

/// Watches by what may be read through them, while somebody looks.
pub struct Boards {
    apis: Vec<Api>,
    clock: SharedClock,
    watches: Mutex<HashMap<Grant, Weak<Watch>>>,
    /// Whom each source has on a list.
    lists: watch::Sender<Vec<NamedBody>>,
}

impl Boards {
    /// Over the door's own clients.
    pub fn new(apis: Vec<Api>, clock: SharedClock) -> Boards {
        Boards {
            lists: watch::Sender::new(vec![NamedBody::default(); apis.len()]),
            apis,
            clock,
            watches: Mutex::default(),
        }
    }

    /// As whom a person's board asks: without a name, unless they are on a list.
    fn asks_as(&self, grant: &Grant) -> Grant {
        let person = grant.person.as_deref().unwrap_or_default();
        let has = |list: &NamedBody| list.names.iter().any(|name| name == person);
        match self.lists.borrow().iter().any(has) {
            true => grant.clone(),
            false => grant.nameless(),
        }
    }

    /// The board of everybody who may read what this person may; polled as long as one of them holds it.
    pub fn of(&self, grant: &Grant) -> Arc<Watch> {
        let asks_as = self.asks_as(grant);
        let mut watches = self.watches.lock();
        if let Some(watch) = watches.get(&asks_as).and_then(Weak::upgrade) {
            return watch;
        }
        watches.retain(|_, watch| watch.strong_count() > 0);
        let apis = self.apis_of(&asks_as);
        let watch = Arc::new(Watch::start(apis, self.clock.clone()));
        watches.insert(asks_as, Arc::downgrade(&watch));
        watch
    }

    /// Puts another board before a person whenever they come onto a list or leave the last one. What they may no longer see
    /// goes with the feed at once; the other board comes when it is whole.
    pub async fn follow(&self, grant: &Grant, shown: &watch::Sender<Arc<Watch>>) -> Infallible {
        let mut lists = self.lists.subscribe();
        loop {
            lists.mark_unchanged();
            let next = self.of(grant);
            let same = Arc::ptr_eq(&next, &shown.borrow());
            if !same {
                let mut boards = next.board();
                tokio::select! {
                    _ = timeout(&*self.clock, WHOLE_WITHIN_MS, whole(&mut boards)) => {
                        shown.send_replace(next);
                    }
                    _ = lists.changed() => continue,
                }
            }
            if lists.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Keeps up with every source's lists; ends never.
    pub async fn follow_lists(&self) {
        let all = self.apis.iter().enumerate();
        let all = all.map(|(source, api)| self.follow_list(source, api));
        futures::future::join_all(all).await;
        std::future::pending().await
    }

    async fn follow_list(&self, source: usize, api: &Api) {
        let mut known: Option<String> = None;
        loop {
            let asked = api.named(known.as_deref(), LISTS_HELD_S).await;
            let again_after = match asked {
                Ok(heard) => {
                    known = Some(heard.value.state.clone());
                    self.take_in(source, heard.value);
                    LISTS_BETWEEN_MS
                }
                Err(error) => {
                    tracing::debug!(source = api.name(), %error, "whom to ask for by name is not known");
                    known = None;
                    match error {
                        ApiError::NotAllowed { .. } | ApiError::NotFound => LISTS_REFUSED_MS,
                        _ => LISTS_AGAIN_MS,
                    }
                }
            };
            self.clock.sleep(again_after).await;
        }
    }

    fn take_in(&self, source: usize, list: NamedBody) {
        self.lists.send_if_modified(|lists| {
            let Some(known) = lists.get_mut(source) else {
                return false;
            };
            let news = known.names != list.names;
            *known = list;
            news
        });
    }

    /// Clients that ask as this person, or as this audience.
    pub fn apis_of(&self, grant: &Grant) -> Vec<Api> {
        let apis = self.apis.iter();
        apis.map(|api| api.on_behalf_of(grant)).collect()
    }

    /// The door's own clients.
    pub fn apis(&self) -> &[Api] {
        &self.apis
    }
}

/// The shared board as one person is shown it: it says who they are, and until when their key opens this door.
pub fn named(board: &Arc<Board>, person: &str, key_expires_at: Option<Instant>) -> Arc<Board> {
    let source = |source: &Arc<Source>| {
        let Some(about) = &source.about else {
            return source.clone();
        };
        let mut about = (**about).clone();
        about.you.name = person.to_owned();
        about.key_expires_at = key_expires_at;
        Arc::new(Source {
            about: Some(Arc::new(about)),
            ..Source::clone(source)
        })
    };
    Arc::new(Board {
        sources: board.sources.iter().map(source).collect(),
        generation: board.generation,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::SourceSettings;
    use crate::domain::word::Via;
    use crate::secret::{Place, Secret};
    use crate::time::TestClock;

    fn boards() -> Boards {
        let clock: SharedClock = Arc::new(TestClock::default());
        let settings = SourceSettings {
            name: "azure".to_owned(),
            // Nobody is asked: time stands still.
            url: "http://127.0.0.1:1".to_owned(),
            token: Place::Given(Secret::new("x")),
            ca_file: None,
        };
        let api = Api::new(&settings, &clock, Via::Ssh).unwrap();
        Boards::new(vec![api], clock)
    }

    fn grant(text: &str) -> Grant {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn all_with_the_same_rights_share_a_board_but_who_is_on_a_list() {
        let boards = boards();
        let (a, b) = (
            grant("person=a,role=commander"),
            grant("person=b,role=commander"),
        );
        let held = [boards.of(&a), boards.of(&b), boards.of(&a)];
        assert!(held.iter().all(|one| Arc::ptr_eq(one, &held[0])));
        let other = boards.of(&grant("person=a,role=viewer"));
        assert!(!Arc::ptr_eq(&other, &held[0]));
        boards.take_in(
            0,
            NamedBody {
                state: "1".to_owned(),
                names: vec!["a".to_owned()],
            },
        );
        let own = boards.of(&a);
        assert!(!Arc::ptr_eq(&own, &held[0]));
        assert!(
            Arc::ptr_eq(&own, &boards.of(&a)),
            "one for all sessions of a"
        );
        assert!(Arc::ptr_eq(&held[0], &boards.of(&b)));
        boards.take_in(0, NamedBody::default());
        assert!(Arc::ptr_eq(&held[0], &boards.of(&a)));
    }
}
