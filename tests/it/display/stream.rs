//! A display's stream read by hand: chunks, events, and the rows as a page would set them.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use chrono::SecondsFormat;
use warboard::time::{Clock as _, TestClock};

use crate::backend::Backend;
use crate::http::soon;

/// How long the machine is given before the clock is moved on.
pub const STEP: Duration = Duration::from_millis(20);

/// One event of a stream.
#[derive(Debug)]
pub struct Told {
    pub name: String,
    pub data: Value,
}

/// An open stream and what it showed so far.
pub struct Stream {
    stream: TcpStream,
    read: Vec<u8>,
    text: String,
    events: VecDeque<Told>,
    shown: Shown,
    told: BTreeSet<usize>,
    over: bool,
}

impl Stream {
    pub async fn open(backend: &Backend, token: &str, size: (u16, u16)) -> Stream {
        match Stream::try_open(backend, token, size).await {
            Some(stream) => stream,
            None => panic!("the stream was refused"),
        }
    }

    /// None where it is refused.
    pub async fn try_open(backend: &Backend, token: &str, (w, h): (u16, u16)) -> Option<Stream> {
        let mut stream = TcpStream::connect(backend.address).await.unwrap();
        let ask = format!(
            "GET /display/stream?columns={w}&rows={h} HTTP/1.1\r\nhost: backend\r\ncookie: a=b; warboard_display={token}\r\n\r\n"
        );
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut opened = Stream {
            stream,
            read: Vec::new(),
            text: String::new(),
            events: VecDeque::new(),
            shown: Shown::default(),
            told: BTreeSet::new(),
            over: false,
        };
        let head = loop {
            if let Some(at) = opened.read.windows(4).position(|four| four == b"\r\n\r\n") {
                let head: Vec<u8> = opened.read.drain(..at + 4).collect();
                break String::from_utf8(head).unwrap().to_ascii_lowercase();
            }
            assert!(opened.more().await, "closed without an answer");
        };
        if !head.starts_with("http/1.1 200") {
            return None;
        }
        for line in [
            "content-type: text/event-stream",
            "cache-control: no-store",
            "transfer-encoding: chunked",
            "x-warboard-now: ",
        ] {
            assert!(head.contains(&format!("\r\n{line}")), "{line} in {head}");
        }
        Some(opened)
    }

    async fn more(&mut self) -> bool {
        let mut bytes = [0; 16 * 1024];
        let n = soon("a byte of the stream", self.stream.read(&mut bytes)).await;
        let n = n.unwrap_or(0);
        self.read.extend(&bytes[..n]);
        n > 0
    }

    /// Takes whole chunks off what was read.
    fn unchunk(&mut self) {
        while let Some(at) = self.read.windows(2).position(|two| two == b"\r\n") {
            let size = std::str::from_utf8(&self.read[..at]).unwrap();
            let size = usize::from_str_radix(size, 16).unwrap();
            let whole = at + 2 + size + 2;
            if self.read.len() < whole {
                return;
            }
            let chunk: Vec<u8> = self.read.drain(..whole).collect();
            self.over |= size == 0;
            self.text += std::str::from_utf8(&chunk[at + 2..at + 2 + size]).unwrap();
        }
    }

    async fn try_next(&mut self) -> Option<Told> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            while let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let (name, data) = event.trim_end().split_once('\n').unwrap();
                let data = data.strip_prefix("data: ").unwrap();
                self.events.push_back(Told {
                    name: name.strip_prefix("event: ").unwrap().to_owned(),
                    data: serde_json::from_str(data).unwrap(),
                });
            }
            if !self.events.is_empty() {
                continue;
            }
            if self.over || !self.more().await {
                return None;
            }
            self.unchunk();
        }
    }

    /// The next event.
    pub async fn next(&mut self) -> Told {
        match self.try_next().await {
            Some(told) => {
                if told.name == "frame" {
                    self.shown.take(&told.data);
                    self.told.extend(Shown::places(&told.data));
                }
                told
            }
            None => panic!("the stream ended"),
        }
    }

    /// The first picture, on a clock moved by hand: between two questions to their source pollers wait a moment of it.
    pub async fn first(&mut self, clock: &TestClock) -> Told {
        let waiting = async {
            loop {
                match tokio::time::timeout(STEP, self.next()).await {
                    Ok(told) => return told,
                    Err(_) => clock.advance(20),
                }
            }
        };
        soon("the first picture", waiting).await
    }

    /// What is shown at the clock's present instant, and which rows were told since the last time.
    pub async fn now(&mut self, clock: &TestClock) -> (Shown, BTreeSet<usize>) {
        let now = clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
        let shown = self.until(|shown| shown.at == now).await;
        (shown, std::mem::take(&mut self.told))
    }

    /// What is shown once it is as wanted.
    pub async fn until(&mut self, wanted: impl Fn(&Shown) -> bool) -> Shown {
        let waiting = async {
            loop {
                if !self.shown.rows().is_empty() && wanted(&self.shown) {
                    return self.shown.clone();
                }
                self.next().await;
            }
        };
        soon("the wanted picture", waiting).await
    }

    /// Why it ended.
    pub async fn end(&mut self) -> Value {
        loop {
            let told = self.next().await;
            if told.name == "end" {
                return told.data;
            }
        }
    }

    /// Whether nothing comes any more.
    pub async fn is_closed(&mut self) -> bool {
        self.try_next().await.is_none()
    }
}

/// The rows of a page.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    pub columns: u64,
    /// The backend's time of the picture.
    pub at: String,
    rows: Vec<String>,
}

impl Shown {
    /// Sets the rows that a frame brings.
    pub fn take(&mut self, data: &Value) {
        self.at = data["at"].as_str().unwrap().to_owned();
        if data["whole"] == true {
            self.columns = data["columns"].as_u64().unwrap();
            let lines = data["lines"].as_u64().unwrap();
            self.rows = vec![String::new(); usize::try_from(lines).unwrap()];
        }
        for row in data["rows"].as_array().unwrap() {
            let y = usize::try_from(row[0].as_u64().unwrap()).unwrap();
            let mut cells = 0;
            let mut text = String::new();
            for stretch in row[1].as_array().unwrap() {
                text += stretch[0].as_str().unwrap();
                cells += stretch[1].as_u64().unwrap();
            }
            assert!(cells <= self.columns, "{cells} cells in row {y}: {text}");
            self.rows[y] = text.trim_end().to_owned();
        }
    }

    /// Which rows a frame brings.
    pub fn places(data: &Value) -> Vec<usize> {
        let rows = data["rows"].as_array().unwrap();
        let place = |row: &Value| usize::try_from(row[0].as_u64().unwrap()).unwrap();
        rows.iter().map(place).collect()
    }

    pub fn rows(&self) -> Vec<String> {
        self.rows.clone()
    }

    pub fn text(&self) -> String {
        self.rows.join("\n")
    }
}
