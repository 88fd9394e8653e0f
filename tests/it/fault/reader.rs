//! A reader of the feed, as a board is one: follows its cursor over cuts and restarts, and keeps the last state it saw.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::http::{Ask, soon};

/// Versions by incident.
pub type Versions = BTreeMap<String, u64>;

#[derive(Default)]
struct Seen {
    versions: Versions,
    /// How often an answer said less than what was promised when it was asked for.
    behind: Vec<String>,
    answers: usize,
}

/// A task that reads until the value is gone.
pub struct Reader {
    seen: Arc<Mutex<Seen>>,
    news: watch::Receiver<usize>,
    reading: JoinHandle<()>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// The versions in a list or an answer of the feed.
pub fn versions(body: &Value) -> Versions {
    let incidents = body["incidents"].as_array().unwrap();
    let of = |incident: &Value| {
        (
            incident["id"].as_str().unwrap().to_owned(),
            incident["version"].as_u64().unwrap(),
        )
    };
    incidents.iter().map(of).collect()
}

impl Reader {
    /// Reads from wherever the node is just now. `promised` is what writers know to be acknowledged: with `strict`, an answer
    /// may not stay behind what was promised before it was asked for.
    pub fn start(
        node: watch::Receiver<Option<SocketAddr>>,
        token: &str,
        promised: Arc<Mutex<Versions>>,
        strict: bool,
    ) -> Reader {
        let seen = Arc::<Mutex<Seen>>::default();
        let (tell, news) = watch::channel(0);
        let reading = tokio::spawn(read(
            node,
            token.to_owned(),
            promised,
            strict,
            seen.clone(),
            tell,
        ));
        Reader {
            seen,
            news,
            reading,
        }
    }

    /// Waits until it has seen at least these versions; then it must have seen nothing out of order.
    pub async fn has_seen(&mut self, wanted: &Versions) {
        let seen = self.seen.clone();
        let complete = move || {
            let seen = seen.lock().unwrap();
            let reached = |(id, version): (&String, &u64)| {
                seen.versions.get(id).is_some_and(|seen| seen >= version)
            };
            wanted.iter().all(reached)
        };
        let waiting = async {
            while !complete() {
                if self.news.changed().await.is_err() {
                    return;
                }
            }
        };
        soon("every change in the feed", waiting).await;
        let seen = self.seen.lock().unwrap();
        assert!(
            seen.behind.is_empty(),
            "the feed skipped: {:?}",
            seen.behind
        );
        for (id, version) in wanted {
            let reached = seen.versions.get(id).is_some_and(|seen| seen >= version);
            assert!(reached, "the reader ended before {id} was at {version}");
        }
    }

    pub fn answers(&self) -> usize {
        self.seen.lock().unwrap().answers
    }
}

/// The node's address, once there is one.
pub async fn address(node: &mut watch::Receiver<Option<SocketAddr>>) -> Option<SocketAddr> {
    *node.wait_for(Option::is_some).await.ok()?
}

async fn read(
    mut node: watch::Receiver<Option<SocketAddr>>,
    token: String,
    promised: Arc<Mutex<Versions>>,
    strict: bool,
    seen: Arc<Mutex<Seen>>,
    tell: watch::Sender<usize>,
) {
    let mut cursor: Option<String> = None;
    loop {
        let Some(to) = address(&mut node).await else {
            return;
        };
        let path = match &cursor {
            None => "/v1/incidents?open=all".to_owned(),
            Some(cursor) => format!("/v1/changes?since={cursor}&wait=5"),
        };
        let before = promised.lock().unwrap().clone();
        let Some(answer) = Ask::new(to, "GET", &path).token(&token).try_send().await else {
            // Cut, or nobody there: the same cursor, wherever there is somebody next.
            tokio::task::yield_now().await;
            continue;
        };
        if answer.status == 503 {
            // The database behind the node is away.
            answer.pause().await;
            continue;
        }
        // A node about to be killed may already be unable to answer, but a cursor is never lost.
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let body = answer.json();
        let mut seen = seen.lock().unwrap();
        for (id, version) in versions(&body) {
            let last = seen.versions.insert(id.clone(), version).unwrap_or(0);
            if version < last {
                seen.behind
                    .push(format!("{id} went from {last} to {version}"));
            }
        }
        for (id, version) in before.iter().filter(|_| strict) {
            let shown = seen.versions.get(id).copied().unwrap_or(0);
            if shown < *version {
                let what = format!("{id} was at {version} before {path}, shown at {shown}");
                seen.behind.push(what);
            }
        }
        seen.answers += 1;
        drop(seen);
        cursor = Some(body["cursor"].as_str().unwrap().to_owned());
        tell.send_modify(|n| *n += 1);
    }
}
