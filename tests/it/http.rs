//! The smallest HTTP/1.1 client that can send what no library would. Every answer it reads is held to the rules that
//! all answers share: the clock on it, and a problem's fields where it is an error.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long any answer may take, by the machine's clock. It tells what hangs from what is slow, and promises nothing: a
/// machine with many others on it needs a minute for what takes a second alone.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Waits for what must come; a test that would hang fails instead.
pub async fn soon<F: Future>(what: &str, work: F) -> F::Output {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(output) => output,
        Err(_) => panic!("{what} did not come"),
    }
}

/// A port for another program to listen on. No system gives one of these to whoever asks for any: only somebody who asks for
/// this very one can come in between.
pub fn free_port() -> u16 {
    loop {
        let port = 12_000 + rand::random::<u16>() % 18_000;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A request being put together.
#[derive(Clone)]
pub struct Ask {
    to: SocketAddr,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Ask {
    pub fn new(to: SocketAddr, method: &str, path: &str) -> Ask {
        Ask {
            to,
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Ask {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn token(self, token: &str) -> Ask {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn raw(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Ask {
        self.body = body.into();
        self.header("content-type", kind)
    }

    pub fn json(self, body: &Value) -> Ask {
        self.raw("application/json", body.to_string())
    }

    /// The bytes on the wire.
    pub fn bytes(&self, close: bool) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nhost: backend\r\n",
            self.method, self.path
        );
        if close {
            head += "connection: close\r\n";
        }
        // One name for all, so that answers to the same question are the same to the byte.
        if !self.headers.iter().any(|(name, _)| name == "x-request-id") {
            head += "x-request-id: test\r\n";
        }
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !self.body.is_empty() || self.method == "POST" {
            head += &format!("content-length: {}\r\n", self.body.len());
        }
        head += "\r\n";
        let mut bytes = head.into_bytes();
        bytes.extend(&self.body);
        bytes
    }

    pub async fn send(&self) -> Answer {
        self.try_send().await.unwrap()
    }

    /// None where nobody is there, or the connection broke before the answer was whole.
    pub async fn try_send(&self) -> Option<Answer> {
        let mut line = Line::try_open(self.to).await.ok()?;
        line.write(&self.bytes(true)).await;
        line.try_answer(self.method != "HEAD").await
    }
}

/// One connection, spoken to by hand.
pub struct Line {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Line {
    pub async fn open(to: SocketAddr) -> Line {
        Line::try_open(to).await.unwrap()
    }

    async fn try_open(to: SocketAddr) -> std::io::Result<Line> {
        Ok(Line {
            stream: soon("a connection", TcpStream::connect(to)).await?,
            read: Vec::new(),
        })
    }

    /// From one of this machine's other addresses.
    pub async fn open_from(from: &str, to: SocketAddr) -> Line {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket
            .bind(SocketAddr::new(from.parse().unwrap(), 0))
            .unwrap();
        Line {
            stream: soon("a connection", socket.connect(to)).await.unwrap(),
            read: Vec::new(),
        }
    }

    /// The server may have answered and closed already: then the rest is not wanted.
    pub async fn write(&mut self, bytes: &[u8]) {
        drop(soon("room to write", self.stream.write_all(bytes)).await);
    }

    async fn more(&mut self) -> bool {
        let mut chunk = [0; 16 * 1024];
        let n = soon("a byte", self.stream.read(&mut chunk)).await;
        let n = n.unwrap_or(0);
        self.read.extend(&chunk[..n]);
        n > 0
    }

    /// Whether the other side closed without another byte.
    pub async fn is_closed(&mut self) -> bool {
        self.read.is_empty() && !self.more().await
    }

    /// How many bytes still come before the other side closes.
    pub async fn rest(&mut self) -> usize {
        while self.more().await {}
        self.read.len()
    }

    /// Whether the other side sent nothing and did not close, as far as is known here.
    pub fn is_silent(&self) -> bool {
        let mut byte = [0];
        matches!(self.stream.try_read(&mut byte), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    }

    /// The next answer, held to what all answers share.
    pub async fn answer(&mut self, has_body: bool) -> Answer {
        match self.try_answer(has_body).await {
            Some(answer) => answer,
            None => panic!("closed within {:?}", String::from_utf8_lossy(&self.read)),
        }
    }

    async fn try_answer(&mut self, has_body: bool) -> Option<Answer> {
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.more().await {
                return None;
            }
        };
        let head = String::from_utf8(self.read.drain(..end).collect()).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let status: u16 = status.parse().unwrap();
        if status == 100 {
            return Box::pin(self.try_answer(has_body)).await;
        }
        let headers: Vec<(String, String)> = lines
            .map(|line| {
                let (name, value) = line.split_once(':').unwrap();
                (name.to_ascii_lowercase(), value.trim().to_owned())
            })
            .collect();
        let mut answer = Answer {
            status,
            headers,
            body: Vec::new(),
        };
        if has_body && status != 304 && status != 204 {
            let length: usize = answer.header("content-length").unwrap().parse().unwrap();
            while self.read.len() < length {
                if !self.more().await {
                    return None;
                }
            }
            answer.body = self.read.drain(..length).collect();
        }
        answer.hold_to_the_rules();
        Some(answer)
    }
}

/// An answer as it came.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(n, _)| n == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} stands twice");
        value
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body, which must have come with this status.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// The last part of a problem's type, and its detail.
    pub fn problem(&self, status: u16) -> (String, String) {
        let body = self.expect(status);
        let kind = body["type"].as_str().unwrap();
        let word = kind.rsplit(':').next().unwrap().to_owned();
        (word, body["detail"].as_str().unwrap().to_owned())
    }

    /// Waits as long as it asks to be waited for before the next request.
    pub async fn pause(&self) {
        let seconds = self.header("retry-after").unwrap_or("0").parse().unwrap();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    pub fn etag(&self) -> &str {
        self.header("etag").unwrap()
    }

    fn hold_to_the_rules(&self) {
        let now = self.header("x-warboard-now").unwrap_or_else(|| {
            panic!("no clock on {} {:?}", self.status, self.headers);
        });
        let at = chrono::DateTime::parse_from_rfc3339(now).unwrap();
        let written = at
            .to_utc()
            .to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        assert_eq!(now, written);
        if self.status < 400 {
            return;
        }
        // A person who opened an answer link is told in a page.
        let kind = self.header("content-type");
        if kind == Some("text/html; charset=utf-8") {
            assert!(self.header("content-security-policy").is_some());
            assert!(self.text().contains("<h1>Not on the board</h1>"));
            return;
        }
        assert_eq!(kind, Some("application/problem+json"), "{}", self.status);
        if self.body.is_empty() {
            return;
        }
        let body = self.json();
        for field in ["type", "title", "detail"] {
            let text = body[field].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "no {field} in {body}");
        }
        assert_eq!(body["status"], self.status, "{body}");
    }
}
