//! The other side of a webhook that is told to behave badly, and that counts what came: by key, with every body it saw.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::hook::{Letter, whole};
use crate::http::PATIENCE;

/// What it does with a request, after it has read it whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// A status line and no body.
    Says(&'static str),
    /// These bytes, whatever they are.
    Writes(&'static [u8]),
    /// Holds the connection and says nothing.
    Holds,
    /// Closes without reading.
    Closes,
}

/// Takes it as a paging system would.
pub const TAKES: Manner = Manner::Says("202 Accepted");

/// All that came under one key.
#[derive(Debug, Clone, Default)]
pub struct Came {
    pub page: String,
    pub bodies: BTreeSet<Vec<u8>>,
    pub times: usize,
    /// How often it was answered with a 2xx.
    pub taken: usize,
}

struct Shared {
    came: Mutex<BTreeMap<String, Came>>,
    manner: Mutex<Manner>,
    requests: watch::Sender<usize>,
}

/// A receiver, gone with the value.
pub struct Receiver {
    pub url: String,
    shared: Arc<Shared>,
    taking: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.taking.abort();
    }
}

impl Receiver {
    pub async fn new(manner: Manner) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            came: Mutex::default(),
            manner: Mutex::new(manner),
            requests: watch::Sender::new(0),
        });
        let of = shared.clone();
        let taking = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(take(stream, of.clone()));
            }
        });
        Receiver {
            url: format!("http://{address}/hook"),
            shared,
            taking,
        }
    }

    /// From now on.
    pub fn set(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap() = manner;
    }

    pub fn came(&self) -> BTreeMap<String, Came> {
        self.shared.came.lock().unwrap().clone()
    }

    /// Waits until what came is as wanted.
    pub async fn until(&self, what: &str, wanted: impl Fn(&BTreeMap<String, Came>) -> bool) {
        self.within(PATIENCE, what, wanted).await;
    }

    async fn within(
        &self,
        patience: Duration,
        what: &str,
        wanted: impl Fn(&BTreeMap<String, Came>) -> bool,
    ) {
        let mut requests = self.shared.requests.subscribe();
        let waiting = async {
            while !wanted(&self.came()) {
                requests.changed().await.unwrap();
            }
        };
        if timeout(patience, waiting).await.is_err() {
            panic!("{what} did not come: {:?}", self.came().len());
        }
    }

    /// Waits until every one of these pages came, then holds what came to its promise: one key is always one content, and
    /// a page on its first step has one key.
    pub async fn has_all(&self, pages: &BTreeSet<String>) -> usize {
        let missing = |came: &BTreeMap<String, Came>| {
            let there: BTreeSet<&str> = came.values().map(|came| came.page.as_str()).collect();
            let missing = pages.iter().filter(|page| !there.contains(page.as_str()));
            missing.count()
        };
        // No more than 300 first attempts leave in a minute.
        let patience = PATIENCE + Duration::from_millis(200) * pages.len().try_into().unwrap();
        self.within(patience, "every page", |came| missing(came) == 0)
            .await;
        let mut repeats = 0;
        for (key, came) in self.came() {
            assert_eq!(came.bodies.len(), 1, "{key} came with several contents");
            assert!(
                key.starts_with(&came.page),
                "{key} is no key of {}",
                came.page
            );
            repeats += came.times - 1;
        }
        repeats
    }
}

async fn take(mut stream: TcpStream, shared: Arc<Shared>) {
    let manner = *shared.manner.lock().unwrap();
    if manner == Manner::Closes {
        shared.requests.send_modify(|n| *n += 1);
        return;
    }
    let (mut all, mut chunk) = (Vec::new(), [0; 4096]);
    let letter = loop {
        let n = stream.read(&mut chunk).await.unwrap_or(0);
        if n == 0 {
            return;
        }
        all.extend(&chunk[..n]);
        if let Some(letter) = whole(&all) {
            break letter;
        }
    };
    let taken = matches!(manner, Manner::Says(status) if status.starts_with('2'));
    note(&shared, &letter, taken);
    match manner {
        Manner::Says(status) => {
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            drop(stream.write_all(answer.as_bytes()).await);
        }
        Manner::Writes(bytes) => drop(stream.write_all(bytes).await),
        // Until the other side has enough of it.
        Manner::Holds => drop(stream.read(&mut chunk).await),
        Manner::Closes => {}
    }
}

fn note(shared: &Shared, letter: &Letter, taken: bool) {
    let key = letter.header("idempotency-key").to_owned();
    let page = letter.json()["page"].as_str().unwrap().to_owned();
    let mut came = shared.came.lock().unwrap();
    let this = came.entry(key).or_default();
    this.page = page;
    this.bodies.insert(letter.body.clone());
    this.times += 1;
    this.taken += usize::from(taken);
    drop(came);
    shared.requests.send_modify(|n| *n += 1);
}
