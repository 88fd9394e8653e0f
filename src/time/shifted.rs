//! A clock whose wall clock stands beside another's by an amount that can be changed; differences stay the other's. Demos use it
//! to tell a history at the times it happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;
use futures::future::BoxFuture;

use super::{Clock, Instant, Mono, SharedClock};

/// Another clock with a wall clock of its own. Clones share the shift.
#[derive(Clone)]
pub struct ShiftedClock {
    inner: SharedClock,
    shift_ms: Arc<AtomicI64>,
}

impl ShiftedClock {
    /// Over another clock, not shifted yet.
    pub fn new(inner: SharedClock) -> ShiftedClock {
        ShiftedClock {
            inner,
            shift_ms: Arc::default(),
        }
    }

    /// From now on the wall clock shows `at` and goes on from there.
    pub fn show(&self, at: Instant) {
        let shift = at - self.inner.now();
        self.shift_ms
            .store(shift.num_milliseconds(), Ordering::Relaxed);
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Instant {
        self.inner.now() + TimeDelta::milliseconds(self.shift_ms.load(Ordering::Relaxed))
    }

    fn mono(&self) -> Mono {
        self.inner.mono()
    }

    fn sleep_until(&self, at: Mono) -> BoxFuture<'static, ()> {
        self.inner.sleep_until(at)
    }
}
