//! The merged board behind its channel: changed by one source at a time, replaced as a whole.

use std::sync::Arc;

use tokio::sync::watch;

use crate::domain::board::{Board, Source};

/// Where pollers put what they heard, and viewers find it.
pub(super) struct Hub {
    board: watch::Sender<Arc<Board>>,
}

impl Hub {
    /// A board of sources nobody has heard of yet.
    pub fn new<'a>(names: impl Iterator<Item = &'a str>) -> Hub {
        Hub {
            board: watch::Sender::new(Arc::new(Board {
                sources: names.map(|name| Arc::new(Source::new(name))).collect(),
                generation: 0,
            })),
        }
    }

    pub fn board(&self) -> watch::Receiver<Arc<Board>> {
        self.board.subscribe()
    }

    /// A source as it stands.
    pub fn source(&self, index: usize) -> Option<Arc<Source>> {
        self.board.borrow().sources.get(index).cloned()
    }

    /// Changes one source; the board is replaced if `change` says that it did change something.
    pub fn change(&self, index: usize, change: impl FnOnce(&mut Source) -> bool) {
        self.board.send_if_modified(|board| {
            let Some(source) = board.sources.get(index) else {
                return false;
            };
            let mut source = Source::clone(source);
            if !change(&mut source) {
                return false;
            }
            let mut sources = board.sources.clone();
            if let Some(place) = sources.get_mut(index) {
                *place = Arc::new(source);
            }
            *board = Arc::new(Board {
                sources,
                generation: board.generation + 1,
            });
            true
        });
    }
}
