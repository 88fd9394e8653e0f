//! A good answer as it was heard: its value, and by which clocks it was asked, answered and received.
//! Asking is `api`'s.

use crate::domain::instant::{Instant, Mono};

/// A good answer, with when it was asked and heard.
#[derive(Debug, Clone)]
pub struct Heard<T> {
    /// What was answered.
    pub value: T,
    /// The backend's clock when it answered.
    pub now: Instant,
    /// The reader's monotonic clock when the request left.
    pub sent: Mono,
    /// The same when the answer was whole.
    pub received: Mono,
    /// The entity tag, if it has one.
    pub etag: Option<String>,
    /// Ids of incidents in it that could not be read; a `?` and a number where not even the id could.
    pub unreadable: Vec<String>,
    /// Which of the source's tokens was used; grows when another one was read.
    pub token: u64,
}

impl<T> Heard<T> {
    /// When it was asked and heard, without what was answered.
    pub(super) fn stamp(&self) -> Heard<()> {
        Heard {
            value: (),
            now: self.now,
            sent: self.sent,
            received: self.received,
            etag: None,
            unreadable: Vec::new(),
            token: self.token,
        }
    }

    pub(super) fn map<U>(self, value: impl FnOnce(T) -> U) -> Heard<U> {
        Heard {
            value: value(self.value),
            now: self.now,
            sent: self.sent,
            received: self.received,
            etag: self.etag,
            unreadable: self.unreadable,
            token: self.token,
        }
    }
}
