//! What time it is, and waiting: the one room that asks the machine's clocks. Everybody else is given a [`Clock`].
//! Instants and readings are types of `domain::instant`; counting deadlines is `domain::clock`'s.

use std::future::Future;
use std::sync::Arc;

use futures::future::{BoxFuture, Either, select};

pub use crate::domain::instant::{Instant, Mono};

mod shifted;
mod system;
mod test;

pub use shifted::ShiftedClock;
pub use system::SystemClock;
pub use test::TestClock;

/// A clock that a whole process shares.
pub type SharedClock = Arc<dyn Clock>;

/// Two clocks in one: the wall clock, which may step, and a monotonic one, which never does and counts suspend.
pub trait Clock: Send + Sync {
    /// The wall clock in UTC.
    fn now(&self) -> Instant;

    /// The monotonic clock; only differences have a meaning.
    fn mono(&self) -> Mono;

    /// Ends when the monotonic clock has reached `at`; at once if it has already.
    fn sleep_until(&self, at: Mono) -> BoxFuture<'static, ()>;

    /// Ends after `ms` milliseconds.
    fn sleep(&self, ms: i64) -> BoxFuture<'static, ()> {
        self.sleep_until(self.mono() + ms)
    }
}

/// The limit of a [`timeout`] passed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no result within {after_ms} ms")]
pub struct Elapsed {
    /// The limit, in milliseconds.
    pub after_ms: i64,
}

/// The result of `work`, or [`Elapsed`] if it takes longer than `ms` milliseconds; `work` is dropped then.
///
/// # Errors
/// [`Elapsed`]: the time passed first.
pub async fn timeout<F: Future>(clock: &dyn Clock, ms: i64, work: F) -> Result<F::Output, Elapsed> {
    match select(std::pin::pin!(work), clock.sleep(ms)).await {
        Either::Left((output, _)) => Ok(output),
        Either::Right(_) => Err(Elapsed { after_ms: ms }),
    }
}

/// Beats every `every_ms` milliseconds, the first time after one period. A late beat is not made up for.
pub fn interval(clock: SharedClock, every_ms: i64) -> Interval {
    let next_at = clock.mono() + every_ms.max(1);
    Interval {
        clock,
        every_ms: every_ms.max(1),
        next_at,
    }
}

/// See [`interval`].
pub struct Interval {
    clock: SharedClock,
    every_ms: i64,
    next_at: Mono,
}

impl Interval {
    /// Waits for the next beat and gives its reading. Dropping the future loses no beat.
    pub async fn tick(&mut self) -> Mono {
        self.clock.sleep_until(self.next_at).await;
        let now = self.clock.mono();
        // Keeps the phase: beats stay on multiples of the period, however late this one is.
        let missed = (now - self.next_at).max(0) / self.every_ms;
        self.next_at = self.next_at + self.every_ms * (missed + 1);
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn clock() -> (Arc<TestClock>, SharedClock) {
        let clock = Arc::new(TestClock::default());
        (clock.clone(), clock)
    }

    #[test]
    fn timeout_gives_the_result_or_the_limit() {
        let (test, shared) = clock();
        assert_eq!(
            timeout(&*shared, 10, async { 7 }).now_or_never(),
            Some(Ok(7))
        );
        let mut slow = Box::pin(timeout(&*shared, 10, std::future::pending::<()>()));
        assert_eq!(slow.as_mut().now_or_never(), None);
        test.advance(9);
        assert_eq!(slow.as_mut().now_or_never(), None);
        test.advance(1);
        assert_eq!(
            slow.as_mut().now_or_never(),
            Some(Err(Elapsed { after_ms: 10 }))
        );
    }

    #[test]
    fn interval_keeps_its_phase_when_a_beat_is_late() {
        let (test, shared) = clock();
        let start = shared.mono();
        let mut beat = interval(shared, 1_000);
        assert_eq!(beat.tick().now_or_never(), None);
        test.advance(1_000);
        assert_eq!(beat.tick().now_or_never(), Some(start + 1_000));
        test.advance(2_700);
        assert_eq!(beat.tick().now_or_never(), Some(start + 3_700));
        test.advance(299);
        assert_eq!(beat.tick().now_or_never(), None);
        test.advance(1);
        assert_eq!(beat.tick().now_or_never(), Some(start + 4_000));
    }

    #[tokio::test]
    async fn the_system_clock_moves_and_wakes() {
        let clock = SystemClock::new();
        let before = clock.mono();
        clock.sleep(2).await;
        assert!(clock.mono() - before >= 2);
        clock.sleep_until(before).await;
        assert!((chrono::Utc::now() - clock.now()).num_seconds().abs() < 2);
    }
}
