//! How long a connection may take over what it does: a head that does not come, a peer that takes no byte, an idle peer.
//! One sweep a second looks after all connections; a timer for each would cost more than what it guards.

use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::task::{Context, Poll, ready};

use chrono::SecondsFormat;
use hyper::body::{Body, Frame, SizeHint};
use parking_lot::{Mutex, MutexGuard};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use super::state::Limits;
use crate::domain::instant::Mono;
use crate::time::SharedClock;
use crate::wire::{NOW_HEADER, PROBLEM};

const IDLE: u8 = 0;
const HEAD: u8 = 1;
const SERVING: u8 = 2;
/// No write is waiting.
const FLOWING: i64 = i64::MIN;
/// How often connections are looked after.
const SWEEP_AFTER_MS: i64 = 1_000;

/// What one connection is doing, and since when.
pub struct Meter {
    clock: SharedClock,
    doing: AtomicU8,
    since: AtomicI64,
    stalled_since: AtomicI64,
    over: Notify,
}

impl Meter {
    fn new(clock: SharedClock) -> Meter {
        let now = clock.mono().0;
        Meter {
            clock,
            doing: AtomicU8::new(IDLE),
            since: AtomicI64::new(now),
            stalled_since: AtomicI64::new(FLOWING),
            over: Notify::new(),
        }
    }

    fn begin(&self, doing: u8) {
        self.since.store(self.clock.mono().0, Ordering::Relaxed);
        self.doing.store(doing, Ordering::Relaxed);
    }

    /// A request is being answered: from here its handler minds the time.
    pub fn serving(self: &Arc<Meter>) -> Serving {
        self.begin(SERVING);
        Serving(self.clone())
    }

    /// Whether nothing of a request has come.
    pub fn is_idle(&self) -> bool {
        self.doing.load(Ordering::Relaxed) == IDLE
    }

    /// Ends when the connection has used up its time.
    pub async fn over(&self) {
        self.over.notified().await;
    }

    fn is_over(&self, now: Mono, limits: &Limits) -> bool {
        let age = now.0.saturating_sub(self.since.load(Ordering::Relaxed));
        let stalled = self.stalled_since.load(Ordering::Relaxed);
        let late = match self.doing.load(Ordering::Relaxed) {
            IDLE => age >= limits.idle_for_ms,
            HEAD => age >= limits.head_within_ms,
            _ => false,
        };
        late || (stalled != FLOWING && now.0.saturating_sub(stalled) >= limits.stalled_for_ms)
    }
}

/// Lasts as long as an answer is being made and sent.
pub struct Serving(Arc<Meter>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.begin(IDLE);
    }
}

/// A body that keeps its connection serving until it is sent.
pub struct MeteredBody {
    body: axum::body::Body,
    _serving: Serving,
}

impl MeteredBody {
    /// Serving ends when the body is dropped, sent or not.
    pub fn new(body: axum::body::Body, serving: Serving) -> MeteredBody {
        MeteredBody {
            body,
            _serving: serving,
        }
    }
}

impl Body for MeteredBody {
    type Data = bytes::Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<bytes::Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// All meters of a server.
#[derive(Default)]
pub struct Meters {
    all: Mutex<(u64, HashMap<u64, Arc<Meter>>)>,
    some: Notify,
}

impl Meters {
    fn all(&self) -> MutexGuard<'_, (u64, HashMap<u64, Arc<Meter>>)> {
        self.all.lock()
    }

    /// A meter for a new connection, looked after until it is removed.
    pub fn add(&self, clock: &SharedClock) -> (u64, Arc<Meter>) {
        let meter = Arc::new(Meter::new(clock.clone()));
        let mut all = self.all();
        all.0 += 1;
        let id = all.0;
        all.1.insert(id, meter.clone());
        drop(all);
        self.some.notify_one();
        (id, meter)
    }

    /// The connection has ended.
    pub fn remove(&self, id: u64) {
        self.all().1.remove(&id);
    }

    /// Ends connections that have used up their time, until the future is dropped.
    pub async fn sweep(&self, clock: &SharedClock, limits: &Limits) {
        loop {
            let now = clock.mono();
            let none = {
                let all = self.all();
                for meter in all.1.values().filter(|meter| meter.is_over(now, limits)) {
                    meter.over.notify_one();
                }
                all.1.is_empty()
            };
            if none {
                self.some.notified().await;
            }
            clock.sleep(SWEEP_AFTER_MS).await;
        }
    }
}

/// A connection's bytes, watched by its meter.
pub struct Metered<T> {
    io: T,
    meter: Arc<Meter>,
    instead: Option<(Vec<u8>, usize)>,
}

impl<T> Metered<T> {
    /// Watches `io`.
    pub fn new(io: T, meter: Arc<Meter>) -> Metered<T> {
        Metered {
            io,
            meter,
            instead: None,
        }
    }
}

/// What hyper answers by itself to a head it cannot read has no clock in it; this has.
fn answer_instead(head: &[u8], now: &str) -> Option<Vec<u8>> {
    let status = head.strip_prefix(b"HTTP/1.1 4")?.get(..2)?;
    if !head.ends_with(b"\r\n\r\n") {
        return None;
    }
    let status = format!("4{}", std::str::from_utf8(status).ok()?);
    let has_now = head
        .windows(NOW_HEADER.len())
        .any(|part| part == NOW_HEADER.as_bytes());
    if has_now {
        return None;
    }
    let title = http::StatusCode::from_bytes(status.as_bytes())
        .ok()?
        .canonical_reason()?;
    let body = format!(
        "{{\"type\":\"urn:warboard:problem:bad_request\",\"title\":\"{title}\",\"status\":{status},\"detail\":\"The head of the request cannot be read, or is too large.\"}}"
    );
    let length = body.len();
    Some(
        format!(
            "HTTP/1.1 {status} {title}\r\ncontent-type: {PROBLEM}\r\n{NOW_HEADER}: {now}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .into_bytes(),
    )
}

impl<T: AsyncWrite + Unpin> Metered<T> {
    fn note<R>(&self, result: Poll<R>) -> Poll<R> {
        let stalled = &self.meter.stalled_since;
        if result.is_ready() {
            stalled.store(FLOWING, Ordering::Relaxed);
        } else if stalled.load(Ordering::Relaxed) == FLOWING {
            stalled.store(self.meter.clock.mono().0, Ordering::Relaxed);
        }
        result
    }

    /// Writes our own answer where hyper began to write one before any handler saw a request. None: nothing to replace.
    fn write_instead(
        &mut self,
        context: &mut Context<'_>,
        given: &[u8],
    ) -> Option<Poll<io::Result<usize>>> {
        // Behind an answered request hyper may find the next head in what it has read: then nothing has begun here.
        if self.instead.is_none() && self.meter.doing.load(Ordering::Relaxed) != SERVING {
            let now = self.meter.clock.now();
            let now = now.to_rfc3339_opts(SecondsFormat::Millis, true);
            self.instead = answer_instead(given, &now).map(|answer| (answer, 0));
        }
        let (answer, sent) = self.instead.as_mut()?;
        while let Some(rest) = answer.get(*sent..).filter(|rest| !rest.is_empty()) {
            match Pin::new(&mut self.io).poll_write(context, rest) {
                Poll::Ready(Ok(n)) => *sent += n,
                Poll::Ready(Err(error)) => return Some(Poll::Ready(Err(error))),
                Poll::Pending => return Some(self.note(Poll::Pending)),
            }
        }
        Some(self.note(Poll::Ready(Ok(given.len()))))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Metered<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(context, into))?;
        if into.filled().len() > before && self.meter.is_idle() {
            self.meter.begin(HEAD);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Metered<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        given: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(result) = self.write_instead(context, given) {
            return result;
        }
        let result = Pin::new(&mut self.io).poll_write(context, given);
        self.note(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        given: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = given.iter().find(|slice| !slice.is_empty());
        if let Some(result) = first.and_then(|first| self.write_instead(context, first)) {
            return result;
        }
        let result = Pin::new(&mut self.io).poll_write_vectored(context, given);
        self.note(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
