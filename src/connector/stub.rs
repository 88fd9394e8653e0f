//! The other side of a connector in tests: answers by method and path on a free port of this machine, and notes what it
//! was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::settings::ConnectorSettings;
use super::vendor::Vendor;
use crate::secret::{Place, Secret};
use crate::time::{SharedClock, TestClock};

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `GET /path?query`.
    pub what: String,
    pub head: String,
    /// Null where it is no JSON.
    pub body: Value,
    pub text: String,
}

struct Rule {
    what: String,
    answers: VecDeque<String>,
}

/// A server, gone with the value.
pub struct Stub {
    pub url: String,
    rules: Arc<Mutex<Vec<Rule>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    serving: JoinHandle<()>,
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Stub {
    pub async fn new() -> Stub {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (rules, asked) = (
            Arc::new(Mutex::new(Vec::<Rule>::new())),
            Arc::new(Mutex::new(Vec::new())),
        );
        let (answering, noting) = (rules.clone(), asked.clone());
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (rules, asked) = (answering.clone(), noting.clone());
                tokio::spawn(async move {
                    let _ = serve(stream, &rules, &asked).await;
                });
            }
        });
        Stub {
            url,
            rules,
            asked,
            serving,
        }
    }

    /// Answers whatever begins with `what`, such as `GET /incidents`, with these in turn; the last one again and again.
    /// The longest beginning wins.
    pub fn on(&self, what: &str, answers: &[String]) -> &Stub {
        let mut rules = self.rules.lock().unwrap();
        rules.retain(|rule| rule.what != what);
        rules.push(Rule {
            what: what.to_owned(),
            answers: answers.iter().cloned().collect(),
        });
        self
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// What was asked, without heads and bodies.
    pub fn calls(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.what).collect()
    }

    pub fn settings(&self, vendor: &'static Vendor) -> ConnectorSettings {
        let token = Place::Variable {
            name: "TOKEN".to_owned(),
            value: Some(Secret::new("hunter2")),
        };
        ConnectorSettings::new(vendor, "cases", &self.url, token, "azure")
    }
}

/// The clock of these tests: 10:00 on the day of the samples.
pub fn clock() -> SharedClock {
    Arc::new(TestClock::at("2026-11-24T10:00:00Z".parse().unwrap()))
}

pub fn json(status: u16, body: &Value) -> String {
    with_headers(
        status,
        "content-type: application/json\r\n",
        &body.to_string(),
    )
}

pub fn with_headers(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} x\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// A recorded answer of DFIR-IRIS.
pub fn recorded(name: &str) -> String {
    let path = format!("{}/tests/fixtures/iris/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let record: Value = serde_json::from_str(&text).unwrap();
    let status = record["status"].as_u64().unwrap().try_into().unwrap();
    json(status, &record["body"])
}

async fn serve(
    mut stream: TcpStream,
    rules: &Mutex<Vec<Rule>>,
    asked: &Mutex<Vec<Asked>>,
) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let (head, mut body) = loop {
        let mut part = [0; 4096];
        let n = stream.read(&mut part).await?;
        if n == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(&part[..n]);
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
            break (head, bytes[at + 4..].to_vec());
        }
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse::<usize>().ok())?
    });
    while body.len() < length.unwrap_or(0) {
        let mut part = [0; 4096];
        let n = stream.read(&mut part).await?;
        if n == 0 {
            break;
        }
        body.extend_from_slice(&part[..n]);
    }
    let what = head.lines().next().unwrap_or_default();
    let what = what.trim_end_matches(" HTTP/1.1").to_owned();
    asked.lock().unwrap().push(Asked {
        what: what.clone(),
        head,
        body: serde_json::from_slice(&body).unwrap_or_default(),
        text: String::from_utf8_lossy(&body).into_owned(),
    });
    let answer = {
        let mut rules = rules.lock().unwrap();
        let fitting = rules.iter_mut().filter(|rule| what.starts_with(&rule.what));
        match fitting.max_by_key(|rule| rule.what.len()) {
            Some(rule) if rule.answers.len() > 1 => rule.answers.pop_front().unwrap_or_default(),
            Some(rule) => rule.answers.front().cloned().unwrap_or_default(),
            None => panic!("nobody expected {what}"),
        }
    };
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}
