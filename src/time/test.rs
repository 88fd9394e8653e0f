//! A clock that stands still until it is told to move; for tests, demos of a fixed instant and reproducible frames.

use std::sync::Arc;
use std::task::{Poll, Waker};

use futures::future::BoxFuture;
use parking_lot::Mutex;

use super::{Clock, Instant, Mono};

/// A clock moved by hand. Clones share one time.
#[derive(Debug, Clone)]
pub struct TestClock {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    now: Instant,
    mono: Mono,
    sleepers: Vec<(Mono, Waker)>,
}

impl Default for TestClock {
    /// Starts on Monday 23 November 2026, 14:07:32 UTC.
    fn default() -> TestClock {
        TestClock::at(chrono::DateTime::from_timestamp(1_795_442_852, 0).unwrap_or_default())
    }
}

impl TestClock {
    /// A clock whose wall clock starts at `now`, and whose monotonic one starts at 1,000 s.
    pub fn at(now: Instant) -> TestClock {
        TestClock {
            state: Arc::new(Mutex::new(State {
                now,
                mono: Mono(1_000_000),
                sleepers: Vec::new(),
            })),
        }
    }

    /// Moves both clocks by `ms` and wakes who slept until then.
    pub fn advance(&self, ms: i64) {
        let woken: Vec<Waker> = self.with(|state| {
            state.now += chrono::TimeDelta::milliseconds(ms);
            state.mono = state.mono + ms;
            let mono = state.mono;
            let (due, later) = std::mem::take(&mut state.sleepers)
                .into_iter()
                .partition(|(at, _)| *at <= mono);
            state.sleepers = later;
            due.into_iter()
                .map(|(_, waker): (Mono, Waker)| waker)
                .collect()
        });
        woken.into_iter().for_each(Waker::wake);
    }

    /// Steps the wall clock alone, as time synchronisation does.
    pub fn step_wall(&self, ms: i64) {
        self.with(|state| state.now += chrono::TimeDelta::milliseconds(ms));
    }

    /// The earliest reading that somebody sleeps until.
    pub fn next_sleeper_at(&self) -> Option<Mono> {
        self.with(|state| state.sleepers.iter().map(|(at, _)| *at).min())
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock())
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        self.with(|state| state.now)
    }

    fn mono(&self) -> Mono {
        self.with(|state| state.mono)
    }

    fn sleep_until(&self, at: Mono) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        Box::pin(std::future::poll_fn(move |context| {
            clock.with(|state| {
                if state.mono >= at {
                    return Poll::Ready(());
                }
                let known = state
                    .sleepers
                    .iter()
                    .any(|(until, waker)| *until == at && waker.will_wake(context.waker()));
                if !known {
                    state.sleepers.push((at, context.waker().clone()));
                }
                Poll::Pending
            })
        }))
    }
}
