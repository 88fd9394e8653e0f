//! For tests: a backend that a test plays itself, request by request, on a real socket and a clock that it moves.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::SecondsFormat;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

use super::{Api, SourceSettings};
use crate::domain::word::Via;
use crate::secret::{Place, Secret};
use crate::time::{Clock, SharedClock, TestClock};

/// The backend; requests wait until the test takes them.
pub(crate) struct Backend {
    pub url: String,
    pub clock: Arc<TestClock>,
    requests: mpsc::Receiver<Asked>,
}

/// One request, waiting for its answer. Dropped without one, its connection is closed.
pub(crate) struct Asked {
    pub method: String,
    pub path: String,
    pub body: Vec<u8>,
    head: String,
    clock: Arc<TestClock>,
    answer: oneshot::Sender<Vec<u8>>,
}

impl Backend {
    pub async fn new() -> Backend {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let clock = Arc::new(TestClock::default());
        let (sender, requests) = mpsc::channel(16);
        let told = clock.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection(stream, sender.clone(), told.clone()));
            }
        });
        Backend {
            url,
            clock,
            requests,
        }
    }

    pub fn shared_clock(&self) -> SharedClock {
        self.clock.clone()
    }

    pub fn api(&self, token: Place) -> Api {
        let settings = SourceSettings {
            name: "azure".into(),
            url: self.url.clone(),
            token,
            ca_file: None,
        };
        Api::new(&settings, &self.shared_clock(), Via::Board).unwrap()
    }

    pub fn given(&self) -> Api {
        self.api(Place::Given(Secret::new("wb_1_a")))
    }

    /// The next request.
    pub async fn next(&mut self) -> Asked {
        self.requests.recv().await.unwrap()
    }

    /// The next request, which must be for a path that begins so.
    pub async fn expect(&mut self, path: &str) -> Asked {
        let asked = self.next().await;
        assert!(asked.path.starts_with(path), "{} for {path}", asked.path);
        asked
    }

    /// Whether no request waits to be taken.
    pub fn is_idle(&self) -> bool {
        self.requests.is_empty()
    }

    /// Whether nothing more was asked so far.
    pub fn is_quiet(&mut self) -> bool {
        self.requests.try_recv().is_err()
    }
}

async fn connection(stream: TcpStream, to: mpsc::Sender<Asked>, clock: Arc<TestClock>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let mut first = head.split(' ');
        let (method, path) = (first.next().unwrap(), first.next().unwrap());
        let length = header_of(&head, "content-length").map_or(0, |text| text.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let (answer, answered) = oneshot::channel();
        let asked = Asked {
            method: method.to_owned(),
            path: path.to_owned(),
            body,
            clock: clock.clone(),
            head,
            answer,
        };
        if to.send(asked).await.is_err() {
            return;
        }
        let Ok(bytes) = answered.await else { return };
        if stream.write_all(&bytes).await.is_err() {
            return;
        }
        // An answer without a length ends with its connection.
        if !String::from_utf8_lossy(&bytes).contains("content-length") {
            return;
        }
    }
}

fn header_of(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<String> {
        header_of(&self.head, name)
    }

    /// Bytes as they are.
    pub fn raw(self, bytes: Vec<u8>) {
        // The client may have gone meanwhile.
        drop(self.answer.send(bytes));
    }

    /// Any answer; `headers` are whole lines.
    pub fn answer(self, status: u16, headers: &str, body: &str) {
        let length = body.len();
        self.raw(
            format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n{body}")
                .into_bytes(),
        );
    }

    /// An answer of the API: with the clock, as JSON.
    pub fn api(self, status: u16, headers: &str, body: &Value) {
        let now = self.clock.now();
        let now = now.to_rfc3339_opts(SecondsFormat::Millis, true);
        let headers =
            format!("x-warboard-now: {now}\r\ncontent-type: application/json\r\n{headers}");
        self.answer(status, &headers, &body.to_string());
    }

    pub fn good(self, body: &Value) {
        self.api(200, "", body);
    }
}

/// A list.
pub(crate) fn list(cursor: &str, next: Option<&str>, incidents: &[Value]) -> Value {
    json!({ "cursor": cursor, "now": "2026-11-23T14:07:32Z", "complete": next.is_none(), "next": next, "incidents": incidents })
}

/// An open incident.
pub(crate) fn incident(id: &str, version: u64) -> Value {
    json!({
        "id": id, "version": version, "service": "azure", "title": "t", "summary": null, "codename": "COPPER HERON",
        "classification": null, "severity": "sev2", "reportable": "unknown", "responsibility": "unknown",
        "phase": "detection_and_analysis", "pass": 1, "phase_since": "2026-11-23T14:00:00Z",
        "opened_at": "2026-11-23T14:00:00Z", "updated_at": "2026-11-23T14:00:00Z", "exercise": false, "tlp": "amber",
        "owner": "azure-security-response", "triggers": {}, "regimes": [], "profile": {}, "duties": [], "gates": [],
        "pages": [], "lessons": []
    })
}

/// `GET /v1/info`.
pub(crate) fn about(name: &str) -> Value {
    json!({
        "name": name, "version": "1", "services": [], "severities": [], "definitions": "d",
        "you": { "name": "d.okafor", "role": "commander", "counsel": false, "clearance": "red", "services": [], "team": null }
    })
}

/// A file with a token in it, and the folder that it stands in.
pub(crate) fn token_file(token: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    write_token(&path, token);
    (folder, path)
}

pub(crate) fn write_token(path: &std::path::Path, token: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, token).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
