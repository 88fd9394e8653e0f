//! The other side of a webhook: takes pages on a free port, notes them, and answers as it is told.

use std::collections::VecDeque;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use warboard::domain::word::Tlp;
use warboard::paging::settings::{RouteSettings, Target};
use warboard::paging::webhook::signature;
use warboard::secret::Secret;

use crate::http::soon;

const SECRET: &str = "whsec_dGhlIHRlYW0ncyBzZWNyZXQ=";

/// The answer that never comes, over a connection that stays open.
pub const HANG: &str = "hang";

/// The answer that comes once the hook is told to give it.
pub const HELD: &str = "held";

/// An answer that is none.
pub const GARBAGE: &str = "garbage";

/// One page as it came.
#[derive(Debug, Clone)]
pub struct Letter {
    head: String,
    pub body: Vec<u8>,
}

impl Letter {
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(n, _)| n.eq_ignore_ascii_case(name));
        found
            .unwrap_or_else(|| panic!("no {name} in {}", self.head))
            .1
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Whether the signature is that of the shared secret over id, time and body.
    pub fn is_signed(&self) -> bool {
        let (id, at) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let signed = signature(&Secret::new(SECRET), id, at, &self.body);
        self.header("webhook-signature") == signed
    }
}

/// A receiver, gone with the value.
pub struct Hook {
    url: String,
    folder: tempfile::TempDir,
    letters: mpsc::Receiver<Letter>,
    release: Arc<Notify>,
    taking: JoinHandle<()>,
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.taking.abort();
    }
}

impl Hook {
    /// Answers 202 to everything, but for what `answers` says first; an empty answer closes without one.
    pub async fn new(answers: &[&'static str]) -> Hook {
        Hook::then(answers, "202 Accepted").await
    }

    /// The same with another answer to everything.
    pub async fn always(answer: &'static str) -> Hook {
        Hook::then(&[], answer).await
    }

    async fn then(answers: &[&'static str], last: &'static str) -> Hook {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (tell, letters) = mpsc::channel(4_096);
        let answers = Arc::new(Mutex::new(answers.iter().copied().collect()));
        let release = Arc::new(Notify::new());
        let taking = tokio::spawn(take(listener, tell, answers, last, release.clone()));
        let folder = tempfile::tempdir().unwrap();
        let hook = Hook {
            url,
            folder,
            letters,
            release,
            taking,
        };
        std::fs::write(hook.secret_file(), SECRET).unwrap();
        let mode = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(hook.secret_file(), mode).unwrap();
        hook
    }

    /// The route that leads here.
    pub fn route(&self) -> RouteSettings {
        Hook::route_of(Target::Webhook {
            url: self.url.clone(),
            secret_file: Some(self.secret_file()),
        })
    }

    /// A file with the shared secret in it, for its owner alone.
    pub fn secret_file(&self) -> PathBuf {
        self.folder.path().join("secret")
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// A route to a hook of another process, unsigned.
    pub fn route_to(url: &str) -> RouteSettings {
        Hook::route_of(Target::Webhook {
            url: url.to_owned(),
            secret_file: None,
        })
    }

    /// A route of another kind, with the usual clearance.
    pub fn route_of(target: Target) -> RouteSettings {
        RouteSettings {
            target,
            ca_file: None,
            clearance: Tlp::Green,
            in_band: true,
        }
    }

    /// The next page that comes.
    pub async fn letter(&mut self) -> Letter {
        soon("a page", self.letters.recv()).await.unwrap()
    }

    /// A page that came and was not taken.
    pub fn waiting(&mut self) -> Option<Letter> {
        self.letters.try_recv().ok()
    }

    /// Takes the page whose answer was held.
    pub fn release(&self) {
        self.release.notify_one();
    }

    /// Whether nothing came that was not taken.
    pub fn is_empty(&mut self) -> bool {
        self.waiting().is_none()
    }
}

async fn take(
    listener: TcpListener,
    tell: mpsc::Sender<Letter>,
    answers: Arc<Mutex<VecDeque<&'static str>>>,
    last: &'static str,
    release: Arc<Notify>,
) {
    let mut held = Vec::new();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut all, mut chunk) = (Vec::new(), [0; 4096]);
        let letter = loop {
            let n = stream.read(&mut chunk).await.unwrap_or(0);
            if n == 0 {
                break None;
            }
            all.extend(&chunk[..n]);
            if let Some(letter) = whole(&all) {
                break Some(letter);
            }
        };
        let Some(letter) = letter else { continue };
        let answer = answers.lock().unwrap().pop_front();
        if tell.send(letter).await.is_err() {
            return;
        }
        let mut answer = answer.unwrap_or(last);
        if answer == HELD {
            release.notified().await;
            answer = "202 Accepted";
        }
        if answer == HANG {
            held.push(stream);
            continue;
        }
        if answer == GARBAGE {
            drop(stream.write_all(b"\x16\x03\xff no HTTP\r\n\r\n").await);
            continue;
        }
        if !answer.is_empty() {
            let head =
                format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            drop(stream.write_all(head.as_bytes()).await);
        }
    }
}

pub fn whole(all: &[u8]) -> Option<Letter> {
    let end = all.windows(4).position(|four| four == b"\r\n\r\n")?;
    let letter = Letter {
        head: String::from_utf8(all[..end].to_vec()).unwrap(),
        body: all[end + 4..].to_vec(),
    };
    let length: usize = letter.header("content-length").parse().unwrap();
    (letter.body.len() >= length).then_some(letter)
}
