//! The boards that people at one door look at: one watch for all who may read the same, so that a source is asked once for
//! them. It asks without a name, so that nothing that only one of them may read can reach another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::client::{Api, Watch};
use crate::domain::board::{Board, Source};
use crate::domain::grant::Grant;
use crate::time::SharedClock;

/// Watches by what may be read through them, while somebody looks.
pub struct Boards {
    apis: Vec<Api>,
    clock: SharedClock,
    watches: Mutex<HashMap<Grant, Weak<Watch>>>,
}

impl Boards {
    /// Over the door's own clients.
    pub fn new(apis: Vec<Api>, clock: SharedClock) -> Boards {
        Boards {
            apis,
            clock,
            watches: Mutex::default(),
        }
    }

    /// The board of everybody with these rights; polled as long as one of them holds it.
    pub fn of(&self, grant: &Grant) -> Arc<Watch> {
        let nameless = grant.nameless();
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(watch) = watches.get(&nameless).and_then(Weak::upgrade) {
            return watch;
        }
        watches.retain(|_, watch| watch.strong_count() > 0);
        let apis = self.apis.iter().map(|api| api.on_behalf_of(&nameless));
        let watch = Arc::new(Watch::start(apis.collect(), self.clock.clone()));
        watches.insert(nameless, Arc::downgrade(&watch));
        watch
    }

    /// Clients in the person's own name: what is done and what is read by one alone.
    pub fn apis_of(&self, grant: &Grant) -> Vec<Api> {
        let apis = self.apis.iter();
        apis.map(|api| api.on_behalf_of(grant)).collect()
    }

    /// The door's own clients.
    pub fn apis(&self) -> &[Api] {
        &self.apis
    }
}

/// The shared board as one person is shown it: it says who they are.
pub fn named(board: &Arc<Board>, person: &str) -> Arc<Board> {
    let source = |source: &Arc<Source>| {
        let Some(about) = &source.about else {
            return source.clone();
        };
        let mut about = (**about).clone();
        about.you.name = person.to_owned();
        // The door's token is not the person's affair.
        about.token_expires_at = None;
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
