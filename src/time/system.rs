//! The machine's clocks: the wall clock, `CLOCK_BOOTTIME` for differences, and tokio's timer for waiting.

use futures::future::BoxFuture;
use rustix::time::{ClockId, clock_gettime};

use super::{Clock, Instant, Mono};

/// The longest single wait: tokio's timer stands still while the machine is suspended, so that a long one is looked at again.
const LOOK_AGAIN_AFTER_MS: i64 = 10_000;

/// The clock of a running program.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// Counts suspend, unlike `CLOCK_MONOTONIC`: a countdown must not stand still in a closed laptop.
fn boottime() -> Mono {
    let at = clock_gettime(ClockId::Boottime);
    Mono(
        at.tv_sec
            .saturating_mul(1_000)
            .saturating_add(at.tv_nsec / 1_000_000),
    )
}

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        chrono::Utc::now()
    }

    fn mono(&self) -> Mono {
        boottime()
    }

    fn sleep_until(&self, at: Mono) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            loop {
                let left = at - boottime();
                if left <= 0 {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(
                    left.min(LOOK_AGAIN_AFTER_MS).unsigned_abs(),
                ))
                .await;
            }
        })
    }
}
