//! The client and its pollers against a backend that each test plays itself.

mod api;
mod feed;
mod trouble;

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::script::{Asked, Backend, about, list};
use super::{Api, Watch};
use crate::domain::board::{Board, Source};

/// A board over one source, with the first list answered.
struct Followed {
    backend: Backend,
    watch: Watch,
    board: watch::Receiver<Arc<Board>>,
}

impl Followed {
    async fn start(api: impl FnOnce(&Backend) -> Api) -> Followed {
        let backend = Backend::new().await;
        let watch = Watch::start(vec![api(&backend)], backend.shared_clock());
        Followed {
            board: watch.board(),
            backend,
            watch,
        }
    }

    /// A source whose list has these incidents, and the request for changes that follows.
    async fn with(incidents: &[Value]) -> (Followed, Asked) {
        let mut followed = Followed::start(Backend::given).await;
        let first = followed.backend.expect("/v1/incidents?limit=100").await;
        first.api(200, "etag: \"e1\"\r\n", &list("s-1", None, incidents));
        let changes = followed.describe().await;
        (followed, changes)
    }

    /// Answers what the backend is; gives the request for changes behind it.
    async fn describe(&mut self) -> Asked {
        let info = self.backend.expect("/v1/info").await;
        info.good(&about("Azure"));
        let teams = self.backend.expect("/v1/teams").await;
        teams.good(&json!({ "teams": [] }));
        self.backend.expect("/v1/changes").await
    }

    /// The next request for incidents; what the backend is gets answered on the way.
    async fn next_data(&mut self) -> Asked {
        let asked = self.backend.next().await;
        if asked.path != "/v1/info" {
            return asked;
        }
        asked.good(&about("Azure"));
        let teams = self.backend.expect("/v1/teams").await;
        teams.good(&json!({ "teams": [] }));
        self.backend.next().await
    }

    fn source(&self) -> Arc<Source> {
        self.board.borrow().sources[0].clone()
    }

    /// Waits until the source is so.
    async fn until(&mut self, is_so: impl Fn(&Source) -> bool) -> Arc<Source> {
        let board = self.board.wait_for(|board| is_so(&board.sources[0])).await;
        board.unwrap().sources[0].clone()
    }

    async fn until_error(&mut self, part: &str) -> Arc<Source> {
        self.until(|source| source.error.as_deref().is_some_and(|e| e.contains(part)))
            .await
    }
}

fn ids(source: &Source) -> Vec<&str> {
    source.incidents.iter().map(|i| i.id.as_str()).collect()
}
