//! What a backend costs, seen from outside: the program as a process, real sockets on this machine, its own CPU time as the
//! system counts it. Each line tells what was measured and what it may cost at most. `cargo bench --bench server`.

use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{Notify, watch};

type Made<T> = Result<T, Box<dyn Error + Send + Sync>>;

const INCIDENTS: usize = 1_000;
const REQUESTS: usize = 500;
const ROUNDS: usize = 9;
/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

struct Server {
    _home: tempfile::TempDir,
    child: Child,
    address: SocketAddr,
    metrics: SocketAddr,
    token: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing to be done about one that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warboard"));
    command.env_clear().env("HOME", home).stdin(Stdio::null());
    command
}

impl Server {
    fn start() -> Made<Server> {
        let home = tempfile::tempdir()?;
        let store = format!("sqlite:{}", home.path().join("bench.db").display());
        let issue = [
            "token",
            "issue",
            "--store",
            &store,
            "--role",
            "commander",
            "--name",
            "bench",
        ];
        let issued = program(home.path()).args(issue).output()?;
        let token = String::from_utf8(issued.stdout)?.trim().to_owned();
        let any = "127.0.0.1:0";
        let serve = [
            "serve",
            "--listen",
            any,
            "--metrics-listen",
            any,
            "--store",
            &store,
        ];
        let mut child = program(home.path())
            .args(serve)
            .env("WARBOARD_LOG", "warn")
            .stderr(Stdio::piped())
            .spawn()?;
        let error = child.stderr.take().ok_or("no standard error")?;
        let mut lines = BufReader::new(error).lines();
        let mut place = |before: &str| -> Made<SocketAddr> {
            for line in lines.by_ref() {
                if let Some(place) = line?.strip_prefix(before) {
                    return Ok(place.trim_end_matches("/metrics").parse()?);
                }
            }
            Err("the backend ended".into())
        };
        let metrics = place("metrics on http://")?;
        let address = place("listening on http://")?;
        std::thread::spawn(move || for _ in lines.map_while(Result::ok) {});
        Ok(Server {
            _home: home,
            child,
            address,
            metrics,
            token,
        })
    }

    /// CPU time that the process has used, in nanoseconds, over all its threads.
    fn cpu_ns(&self) -> Made<u64> {
        let mut sum = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
            let first = text.split(' ').next().ok_or("an empty schedstat")?;
            sum += first.parse::<u64>()?;
        }
        Ok(sum)
    }

    fn rss_kib(&self) -> Made<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        Ok(number.ok_or("no VmRSS")?.parse()?)
    }

    fn head(&self, method: &str, path: &str, more: &str) -> String {
        format!(
            "{method} {path} HTTP/1.1\r\nhost: b\r\nauthorization: Bearer {}\r\n{more}",
            self.token
        )
    }

    fn get(&self, path: &str, more: &str) -> Vec<u8> {
        (self.head("GET", path, more) + "\r\n").into_bytes()
    }

    fn post(&self, path: &str, body: &str) -> Vec<u8> {
        let length = body.len();
        let more = format!(
            "content-type: application/json\r\nif-match: *\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        self.head("POST", path, &more).into_bytes()
    }

    fn waiters(&self) -> Made<usize> {
        let mut line = Line::open(self.metrics)?;
        let answer = line.ask(b"GET /metrics HTTP/1.1\r\nhost: b\r\n\r\n")?;
        let text = String::from_utf8(answer.body)?;
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix("warboard_feed_waiters "));
        Ok(value.ok_or("no such metric")?.parse()?)
    }

    fn until_waiting(&self, wanted: usize) -> Made<()> {
        let begun = Instant::now();
        while self.waiters()? != wanted {
            if begun.elapsed() > PATIENCE {
                return Err("the displays do not come to wait".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

/// One connection that stays.
struct Line(TcpStream);

struct Answer {
    head: String,
    body: Vec<u8>,
}

/// Where the head ends and how long the body is, once the head is whole.
fn lengths(read: &[u8]) -> Made<Option<(usize, usize)>> {
    let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(read.get(..at).unwrap_or_default())?;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length = match head.contains(" 304 ") {
        true => 0,
        false => length.ok_or("no length")?.parse()?,
    };
    Ok(Some((at + 4, length)))
}

impl Line {
    fn open(to: SocketAddr) -> Made<Line> {
        let stream = TcpStream::connect(to)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Line(stream))
    }

    fn ask(&mut self, request: &[u8]) -> Made<Answer> {
        self.0.write_all(request)?;
        let (mut read, mut chunk) = (Vec::new(), vec![0; 256 * 1024]);
        loop {
            if let Some((head, body)) = lengths(&read)?
                && read.len() >= head + body
            {
                let body = read.split_off(head);
                let head = String::from_utf8(read)?;
                return Ok(Answer { head, body });
            }
            let n = self.0.read(&mut chunk)?;
            if n == 0 {
                return Err("closed".into());
            }
            read.extend_from_slice(chunk.get(..n).unwrap_or_default());
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn cursor(body: &[u8]) -> Made<String> {
    let value: serde_json::Value = serde_json::from_slice(body)?;
    Ok(value["cursor"].as_str().ok_or("no cursor")?.to_owned())
}

fn tell(what: &str, measured: f64, unit: &str, most: f64) -> Made<()> {
    let verdict = match (most > 0.0, measured <= most) {
        (false, _) => String::new(),
        (true, true) => format!(
            "at most {most} {unit}: within, {:.2} of it",
            measured / most
        ),
        (true, false) => format!("at most {most} {unit}: OVER, {:.2} of it", measured / most),
    };
    let mut out = std::io::stdout();
    writeln!(out, "{what:<58} {measured:>9.1} {unit:<4} {verdict}")?;
    Ok(())
}

/// The CPU of one request: the least of several rounds, since only noise can add to it.
fn requests(server: &Server, what: &str, request: &[u8], most: f64) -> Made<Answer> {
    let mut line = Line::open(server.address)?;
    let mut answer = line.ask(request)?;
    let mut least = f64::MAX;
    for _ in 0..ROUNDS {
        let before = server.cpu_ns()?;
        for _ in 0..REQUESTS {
            answer = line.ask(request)?;
        }
        let used = micros(server.cpu_ns()? - before);
        least = least.min(used / REQUESTS as f64);
    }
    tell(what, least, "us", most)?;
    Ok(answer)
}

fn micros(ns: u64) -> f64 {
    Duration::from_nanos(ns).as_secs_f64() * 1e6
}

fn fill(server: &Server) -> Made<()> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|part| {
                scope.spawn(move || -> Made<()> {
                    let mut line = Line::open(server.address)?;
                    for n in 0..INCIDENTS / 8 {
                        let severity = 1 + n % 5;
                        let body = format!(
                            "{{\"service\":\"azure\",\"severity\":\"sev{severity}\",\"title\":\"Sign-ins from an unknown network, case {part}-{n}\",\"summary\":\"Reported by the service team {n}; scope not known yet.\"}}"
                        );
                        let answer = line.ask(&server.post("/v1/incidents", &body))?;
                        if !answer.head.contains(" 201 ") {
                            return Err(answer.head.into());
                        }
                    }
                    Ok(())
                })
            })
            .collect();
        for thread in threads {
            thread.join().map_err(|_| "a thread broke")??;
        }
        Ok(())
    })
}

/// Displays that wait for a change, each over a connection of its own.
struct Displays {
    runtime: tokio::runtime::Runtime,
    since: watch::Sender<String>,
    received: Arc<AtomicUsize>,
    all: Arc<Notify>,
    count: usize,
}

impl Displays {
    fn connect(server: &Server, count: usize, cursor: String) -> Made<Displays> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let (since, _) = watch::channel(cursor);
        let received = Arc::new(AtomicUsize::new(0));
        let all = Arc::new(Notify::new());
        for _ in 0..count {
            let (mut since, received, all) = (since.subscribe(), received.clone(), all.clone());
            let (address, token) = (server.address, server.token.clone());
            runtime.spawn(async move {
                let display = async {
                    let mut stream = tokio::net::TcpStream::connect(address).await?;
                    loop {
                        let cursor = since.borrow_and_update().clone();
                        let ask = format!(
                            "GET /v1/changes?since={cursor}&wait=60 HTTP/1.1\r\nhost: b\r\naccept-encoding: gzip\r\nauthorization: Bearer {token}\r\n\r\n"
                        );
                        stream.write_all(ask.as_bytes()).await?;
                        let (mut read, mut chunk) = (Vec::new(), [0; 8 * 1024]);
                        loop {
                            let n = stream.read(&mut chunk).await?;
                            if n == 0 {
                                return Err("closed".into());
                            }
                            read.extend_from_slice(chunk.get(..n).unwrap_or_default());
                            if lengths(&read)?.is_some_and(|(head, body)| read.len() >= head + body) {
                                break;
                            }
                        }
                        if received.fetch_add(1, Ordering::SeqCst) + 1 == count {
                            all.notify_one();
                        }
                        since.changed().await?;
                    }
                };
                let ended: Made<()> = display.await;
                drop(ended);
            });
        }
        Ok(Displays {
            runtime,
            since,
            received,
            all,
            count,
        })
    }

    /// Waits until all have received what was sent; how long it took since `begun`.
    fn received(&self, begun: Instant) -> Made<Duration> {
        let waiting = async { tokio::time::timeout(PATIENCE, self.all.notified()).await };
        self.runtime.block_on(waiting)?;
        let took = begun.elapsed();
        self.received.store(0, Ordering::SeqCst);
        Ok(took)
    }
}

fn displays(server: &Server, count: usize) -> Made<()> {
    let mut line = Line::open(server.address)?;
    let list = server.get("/v1/incidents?limit=1", "");
    let mut at = cursor(&line.ask(&list)?.body)?;
    let rss = server.rss_kib()?;
    let displays = Displays::connect(server, count, at)?;
    server.until_waiting(count)?;
    let each = (server.rss_kib()?.saturating_sub(rss)) as f64 / count as f64;
    tell(
        &format!("{count} displays waiting: memory of each"),
        each,
        "KiB",
        24.0,
    )?;
    let before = server.cpu_ns()?;
    std::thread::sleep(Duration::from_secs(5));
    let idle = micros(server.cpu_ns()? - before) / 5.0 / 10_000.0;
    tell(
        &format!("{count} displays waiting: idle CPU of a core"),
        idle,
        "%",
        0.0,
    )?;
    let note = server.post(
        "/v1/incidents/AZ-1/commands",
        "{\"type\":\"note\",\"kind\":\"fact\",\"text\":\"seen\"}",
    );
    let (mut sent, mut again, mut wall) = (f64::MAX, f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        let before = server.cpu_ns()?;
        let begun = Instant::now();
        let noted = line.ask(&note)?;
        if !noted.head.contains(" 200 ") {
            return Err(noted.head.into());
        }
        wall = wall.min(displays.received(begun)?.as_secs_f64() * 1e3);
        let after = server.cpu_ns()?;
        sent = sent.min(micros(after - before) / displays.count as f64);
        at = cursor(&line.ask(&list)?.body)?;
        let before = server.cpu_ns()?;
        displays.since.send_replace(at);
        server.until_waiting(count)?;
        again = again.min(micros(server.cpu_ns()? - before) / displays.count as f64);
    }
    tell(
        &format!("{count} displays: a change sent to one"),
        sent,
        "us",
        20.0,
    )?;
    tell(
        &format!("{count} displays: one asking for the next"),
        again,
        "us",
        20.0,
    )?;
    tell(
        &format!("{count} displays: all have a change after"),
        wall,
        "ms",
        100.0,
    )
}

fn main() -> Made<()> {
    // Under `cargo test --benches` there is nothing to prove here.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let server = Server::start()?;
    fill(&server)?;
    let list = "/v1/incidents";
    let gzip = server.get(list, "accept-encoding: gzip\r\n");
    let packed = requests(&server, "the whole list of 1,000, compressed", &gzip, 40.0)?;
    let plain = requests(
        &server,
        "the whole list of 1,000, as it is",
        &server.get(list, ""),
        0.0,
    )?;
    tell("  bytes compressed", packed.body.len() as f64, "B", 0.0)?;
    tell("  bytes as it is", plain.body.len() as f64, "B", 0.0)?;
    let etag = header(&packed.head, "etag").ok_or("no etag")?;
    let known = server.get(
        list,
        &format!("if-none-match: {etag}\r\naccept-encoding: gzip\r\n"),
    );
    requests(&server, "the list, not modified", &known, 20.0)?;
    let since = format!("/v1/changes?since={}", cursor(&plain.body)?);
    requests(&server, "changes, none", &server.get(&since, ""), 20.0)?;
    requests(
        &server,
        "one incident",
        &server.get("/v1/incidents/AZ-1", ""),
        0.0,
    )?;
    for count in [1_000, 5_000] {
        displays(&server, count)?;
    }
    Ok(())
}
