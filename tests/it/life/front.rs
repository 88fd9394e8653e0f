//! What stands between a board and its backend and fails as networks, proxies and backends do. It notes every good answer
//! that it hands over: what the board was told, and when, by clocks that the board does not see.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use warboard::domain::instant::{Instant, Mono};
use warboard::time::{Clock as _, TestClock};

/// An answer that comes later than this after its question is none.
const LATE_MS: i64 = 10_000;

/// How a front treats what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Everything goes through.
    Passes,
    /// Nobody listens.
    Away,
    /// Connections end instead of being answered.
    Resets,
    /// Nothing is answered.
    Hangs,
    /// Every answer is this status, with the seconds to stay away.
    Says(u16, Option<u32>),
    /// Every answer is good by its status and none of ours.
    Garbles(Garble),
    /// A cache gives the last good answer to the same question again, by its old clock.
    Replays,
    /// The machine before it sleeps: what comes is kept until it wakes.
    Asleep,
}

/// What stands where an answer should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Garble {
    /// A page that asks for a login.
    Portal,
    /// JSON that ends in the middle.
    Half,
    /// JSON of something else.
    Other,
    /// The right body without the clock.
    Clockless,
}

/// What a board has been told by one source, as the wire had it.
#[derive(Default)]
pub struct Told {
    /// The reader's clock when the last good answer with data was handed over.
    pub at: Option<Mono>,
    /// The backend's wall clock in it, minus the reader's monotonic one.
    pub offset_ms: i64,
    /// Incidents by id.
    pub incidents: BTreeMap<String, Incident>,
    /// When the reader's token ends.
    pub token_ends_at: Option<Instant>,
    /// Who asked for the last good answer.
    token: String,
}

/// An incident as it was told.
#[derive(Clone)]
pub struct Incident {
    pub codename: String,
    /// Every instant that a countdown to it may show, with the time until which an older one may stand.
    pub dues: Vec<(Instant, Option<Mono>)>,
    pub is_open: bool,
    pub is_exercise: bool,
    /// The earliest deadline that runs.
    pub nearest: Option<Instant>,
}

/// A front; cheap to clone.
#[derive(Clone)]
pub struct Front(Arc<Inner>);

/// How many answers are kept to be given again.
const KEPT: usize = 32;

struct Inner {
    address: SocketAddr,
    reader: TestClock,
    manner: watch::Sender<Manner>,
    to: Mutex<SocketAddr>,
    told: Mutex<Told>,
    /// The last answers by their paths, for a cache that gives one again.
    kept: Mutex<VecDeque<(String, Vec<u8>)>>,
    moves: Arc<AtomicU64>,
    /// Holds the port while nobody listens on it.
    _port: TcpSocket,
}

impl Front {
    /// Before the backend at `to`, for a board that lives by `reader`. Every step it makes is counted in `moves`.
    pub fn before(to: SocketAddr, reader: &TestClock, moves: &Arc<AtomicU64>) -> Front {
        let port = socket("127.0.0.1:0".parse().unwrap());
        let front = Front(Arc::new(Inner {
            address: port.local_addr().unwrap(),
            reader: reader.clone(),
            manner: watch::Sender::new(Manner::Passes),
            to: Mutex::new(to),
            told: Mutex::default(),
            kept: Mutex::default(),
            moves: moves.clone(),
            _port: port,
        }));
        tokio::spawn(front.clone().listen());
        front
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.0.address)
    }

    pub fn manner(&self) -> Manner {
        *self.0.manner.borrow()
    }

    pub fn behave(&self, manner: Manner) {
        self.0.manner.send_replace(manner);
    }

    /// From now on another backend stands behind it.
    pub fn turn_to(&self, to: SocketAddr) {
        *self.0.to.lock().unwrap() = to;
        // What is held open at the old one ends.
        self.0.manner.send_modify(|_| ());
    }

    pub fn told(&self) -> MutexGuard<'_, Told> {
        self.0.told.lock().unwrap()
    }

    fn moved(&self) {
        self.0.moves.fetch_add(1, Ordering::Relaxed);
    }

    async fn listen(self) {
        let mut manner = self.0.manner.subscribe();
        loop {
            if manner.wait_for(|it| *it != Manner::Away).await.is_err() {
                return;
            }
            let listener = listener(self.0.address);
            loop {
                tokio::select! {
                    came = listener.accept() => {
                        self.moved();
                        let Ok((stream, _)) = came else { continue };
                        let (front, manner) = (self.clone(), self.0.manner.subscribe());
                        tokio::spawn(async move {
                            // A client that goes away in the middle is none of our concern.
                            let _ = front.connection(stream, manner).await;
                        });
                    }
                    left = manner.wait_for(|it| *it == Manner::Away) => {
                        if left.is_err() { return }
                        break;
                    }
                }
            }
        }
    }

    async fn connection(
        &self,
        mut client: TcpStream,
        mut manner: watch::Receiver<Manner>,
    ) -> std::io::Result<()> {
        let mut behind = None;
        let mut read = Vec::new();
        loop {
            let asked = tokio::select! {
                asked = request(&mut client, &mut read) => asked?,
                _ = manner.wait_for(|it| matches!(it, Manner::Away | Manner::Resets)) => return Ok(()),
            };
            self.moved();
            let path = asked.path();
            let asked_at = self.0.reader.mono();
            let (answer, fresh) = loop {
                let now = *manner.borrow_and_update();
                match now {
                    Manner::Away | Manner::Resets => return Ok(()),
                    Manner::Hangs => tokio::select! {
                        _ = manner.changed() => continue,
                        _ = gone(&client) => return Ok(()),
                    },
                    Manner::Says(status, after) => break (said(status, after), false),
                    Manner::Garbles(garble) => break (garbled(garble), false),
                    Manner::Replays if self.kept(&path).is_some() => {
                        break (self.kept(&path).unwrap(), false);
                    }
                    Manner::Replays | Manner::Passes | Manner::Asleep => tokio::select! {
                        answer = self.forwarded(&mut behind, &asked) => match answer {
                            Ok(answer) => break (answer, true),
                            // It was kept open for too long, or is another backend by now.
                            Err(_) if behind.is_none() => return Ok(()),
                            Err(_) => { behind = None; continue }
                        },
                        _ = other_than_sleep(&mut manner) => { behind = None; continue }
                        _ = gone(&client) => return Ok(()),
                    },
                }
            };
            let answered_at = self.0.reader.mono();
            let slept = *manner.borrow() == Manner::Asleep;
            if manner.wait_for(|it| *it != Manner::Asleep).await.is_err() {
                return Ok(());
            }
            // What lay here while the machine slept is handed over all the same; it vouches for nothing. What was asked while
            // it woke is lost: the first answer after a sleep may count or not, and the next one tells.
            let late = self.0.reader.mono() - asked_at > LATE_MS;
            if slept && !late {
                return Ok(());
            }
            self.note(&asked, &answer, (fresh && !late).then_some(answered_at));
            self.moved();
            client.write_all(&answer).await?;
        }
    }

    async fn forwarded(
        &self,
        behind: &mut Option<TcpStream>,
        asked: &Asked,
    ) -> std::io::Result<Vec<u8>> {
        let stream = match behind {
            Some(stream) => stream,
            None => {
                let to = *self.0.to.lock().unwrap();
                behind.insert(TcpStream::connect(to).await?)
            }
        };
        stream.write_all(&asked.bytes).await?;
        let answer = answer(stream).await?;
        self.moved();
        Ok(answer)
    }

    fn kept(&self, path: &str) -> Option<Vec<u8>> {
        let kept = self.0.kept.lock().unwrap();
        let same = kept.iter().find(|(known, _)| known == path);
        same.map(|(_, answer)| answer.clone())
    }

    /// Notes what an answer tells.
    fn note(&self, asked: &Asked, answer: &[u8], answered_at: Option<Mono>) {
        let path = asked.path();
        let text = String::from_utf8_lossy(answer);
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut told = self.told();
        let good = head.starts_with("HTTP/1.1 200") || head.starts_with("HTTP/1.1 304");
        let Some(answered_at) = answered_at.filter(|_| good) else {
            return;
        };
        {
            let mut kept = self.0.kept.lock().unwrap();
            kept.retain(|(known, _)| *known != path);
            kept.push_back((path.clone(), answer.to_vec()));
            if kept.len() > KEPT {
                kept.pop_front();
            }
        }
        let now = self.0.reader.mono();
        // Every good answer tells the time, and these two alone vouch for what is shown.
        let list = path.starts_with("/v1/incidents?") || path == "/v1/incidents";
        let changes = path.starts_with("/v1/changes");
        if list || changes || path == "/v1/info" || path == "/v1/teams" {
            // What another token reads is begun anew.
            let token = asked.header("authorization").unwrap();
            if std::mem::replace(&mut told.token, token.clone()) != token {
                told.incidents.clear();
                told.at = None;
            }
            let clock = header(head, "x-warboard-now").unwrap();
            told.offset_ms = instant(&clock).timestamp_millis() - answered_at.0;
        }
        if path == "/v1/info" {
            let body: Value = serde_json::from_str(body).unwrap();
            told.token_ends_at = body["token_expires_at"].as_str().map(instant);
        }
        if !list && !changes {
            return;
        }
        told.at = Some(now);
        if head.starts_with("HTTP/1.1 304") {
            return;
        }
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["complete"], true, "lists of this size are whole");
        let before = told.incidents.clone();
        if list {
            told.incidents.clear();
        }
        for incident in body["incidents"].as_array().unwrap() {
            let id = incident["id"].as_str().unwrap();
            let told_now = Incident::told(incident, before.get(id), now);
            told.incidents.insert(id.to_owned(), told_now);
        }
        for gone in body["gone"].as_array().into_iter().flatten() {
            told.incidents.remove(gone.as_str().unwrap());
        }
    }
}

/// How long a number that was right may stand after another one was told.
const OLD_STANDS_FOR_MS: i64 = 20_000;

impl Incident {
    fn told(body: &Value, before: Option<&Incident>, now: Mono) -> Incident {
        let duties = body["duties"].as_array().into_iter().flatten();
        let dues = duties.filter_map(|duty| duty["due_at"].as_str());
        let mut dues: Vec<_> = dues.map(|at| (instant(at), None)).collect();
        let old = before.into_iter().flat_map(|before| &before.dues);
        let old = old.map(|(at, until)| (*at, Some(until.unwrap_or(now + OLD_STANDS_FOR_MS))));
        dues.extend(old.filter(|(_, until)| until.is_none_or(|until| until > now)));
        Incident {
            codename: body["codename"].as_str().unwrap().to_owned(),
            dues,
            is_open: body["ended"].is_null(),
            is_exercise: body["exercise"] == true,
            nearest: nearest(body),
        }
    }
}

/// The earliest deadline that runs.
fn nearest(body: &Value) -> Option<Instant> {
    let duties = body["duties"].as_array().into_iter().flatten();
    let run = duties.filter(|duty| {
        let counts = ["running", "provisional", "past_due", "overdue"];
        duty["enabled"] == true && counts.iter().any(|word| duty["status"] == *word)
    });
    run.filter_map(|duty| duty["due_at"].as_str())
        .map(instant)
        .min()
}

pub fn instant(text: &str) -> Instant {
    let at = chrono::DateTime::parse_from_rfc3339(text);
    at.unwrap().to_utc()
}

fn socket(at: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(at).unwrap();
    socket
}

fn listener(at: SocketAddr) -> TcpListener {
    socket(at).listen(64).unwrap()
}

/// A request, without what would have its answer packed.
struct Asked {
    bytes: Vec<u8>,
}

impl Asked {
    fn path(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        text.split(' ').nth(1).unwrap().to_owned()
    }

    fn header(&self, name: &str) -> Option<String> {
        header(&String::from_utf8_lossy(&self.bytes), name)
    }
}

async fn request(client: &mut TcpStream, read: &mut Vec<u8>) -> std::io::Result<Asked> {
    let head = head(client, read).await?;
    let lines = head.trim_end().split("\r\n");
    let kept: Vec<&str> = lines
        .filter(|line| !line.to_ascii_lowercase().starts_with("accept-encoding"))
        .collect();
    let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
    let mut bytes = format!("{}\r\n\r\n", kept.join("\r\n")).into_bytes();
    bytes.extend(body(client, read, length).await?);
    Ok(Asked { bytes })
}

async fn answer(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut read = Vec::new();
    let head = head(stream, &mut read).await?;
    let empty = head.starts_with("HTTP/1.1 304") || head.starts_with("HTTP/1.1 204");
    let length = match empty {
        true => 0,
        false => header(&head, "content-length").unwrap().parse().unwrap(),
    };
    let mut bytes = head.into_bytes();
    bytes.extend(body(stream, &mut read, length).await?);
    Ok(bytes)
}

async fn head(stream: &mut TcpStream, read: &mut Vec<u8>) -> std::io::Result<String> {
    loop {
        if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = read.drain(..at + 4).collect();
            return Ok(String::from_utf8(head).unwrap());
        }
        more(stream, read).await?;
    }
}

async fn body(
    stream: &mut TcpStream,
    read: &mut Vec<u8>,
    length: usize,
) -> std::io::Result<Vec<u8>> {
    while read.len() < length {
        more(stream, read).await?;
    }
    Ok(read.drain(..length).collect())
}

async fn more(stream: &mut TcpStream, read: &mut Vec<u8>) -> std::io::Result<()> {
    let mut chunk = [0; 16 * 1024];
    match stream.read(&mut chunk).await? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        n => {
            read.extend(&chunk[..n]);
            Ok(())
        }
    }
}

/// Ends when the client closes; it sends nothing while it waits for an answer.
async fn gone(client: &TcpStream) {
    let mut byte = [0];
    // An error is an end as well.
    let _ = client.peek(&mut byte).await;
}

async fn other_than_sleep(manner: &mut watch::Receiver<Manner>) {
    while manner.changed().await.is_ok() {
        if *manner.borrow_and_update() != Manner::Asleep {
            return;
        }
    }
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        let same = key.eq_ignore_ascii_case(name);
        same.then(|| value.trim().to_owned())
    })
}

fn written(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n{body}").into_bytes()
}

fn said(status: u16, after: Option<u32>) -> Vec<u8> {
    let after = after.map_or(String::new(), |s| format!("retry-after: {s}\r\n"));
    written(status, &after, "out of order")
}

fn garbled(garble: Garble) -> Vec<u8> {
    let clock = "x-warboard-now: 2026-11-23T00:00:00.000Z\r\ncontent-type: application/json\r\n";
    match garble {
        Garble::Portal => written(200, "content-type: text/html\r\n", "<html>Log in</html>"),
        Garble::Half => written(200, clock, "{\"cursor\":\"a-1\",\"incid"),
        Garble::Other => written(200, clock, "{\"status\":\"ok\"}"),
        Garble::Clockless => written(
            200,
            "content-type: application/json\r\n",
            "{\"cursor\":\"a-1\",\"now\":\"2026-11-23T00:00:00Z\",\"complete\":true,\"next\":null,\"incidents\":[]}",
        ),
    }
}
