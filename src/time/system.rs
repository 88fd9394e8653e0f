//! The machine's clocks: the wall clock, `CLOCK_BOOTTIME` for differences, and waiting on that same clock.
//!
//! The first few waits of a process use timers of the kernel: they wake once and exactly, also after a suspend. All others
//! use tokio's, which costs no descriptor but wakes twice for a second and stands still while the machine sleeps.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use futures::future::BoxFuture;
use parking_lot::Mutex;
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
};
use rustix::time::{timerfd_create, timerfd_settime};
use tokio::io::unix::AsyncFd;

use super::{Clock, Instant, Mono};

/// The longest single wait on tokio's timer, after which the clock is asked again.
const LOOK_AGAIN_AFTER_MS: i64 = 10_000;
/// Descriptors spent on timers; a server with thousands of waiting callers must not run out of them.
const TIMERS_MAX: usize = 16;

/// The clock of a running program; one for the whole process. Clones share its timers, which belong to one tokio runtime.
#[derive(Debug, Clone, Default)]
pub struct SystemClock {
    timers: Arc<Mutex<Timers>>,
}

#[derive(Debug, Default)]
struct Timers {
    idle: Vec<AsyncFd<OwnedFd>>,
    made: usize,
}

impl SystemClock {
    /// Timers are made when they are first needed.
    pub fn new() -> SystemClock {
        SystemClock::default()
    }

    fn lease(&self) -> Option<Lease> {
        let mut timers = self.timers.lock();
        let timer = match timers.idle.pop() {
            Some(timer) => timer,
            None if timers.made < TIMERS_MAX => {
                let timer = timer()?;
                timers.made += 1;
                timer
            }
            None => return None,
        };
        Some(Lease {
            timer: Some(timer),
            timers: self.timers.clone(),
        })
    }
}

#[expect(
    deprecated,
    reason = "its successor is unsafe, for descriptors that may be closed meanwhile; an OwnedFd cannot"
)]
fn timer() -> Option<AsyncFd<OwnedFd>> {
    let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
    AsyncFd::new(timerfd_create(TimerfdClockId::Boottime, flags).ok()?).ok()
}

/// A timer in use; goes back when the wait ends or is dropped.
struct Lease {
    timer: Option<AsyncFd<OwnedFd>>,
    timers: Arc<Mutex<Timers>>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut timers = self.timers.lock();
        timers.idle.extend(self.timer.take());
    }
}

impl Lease {
    async fn wait(&self, at: Mono) -> std::io::Result<()> {
        let Some(timer) = &self.timer else {
            return Ok(());
        };
        let zero = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let value = Timespec {
            tv_sec: at.0.div_euclid(1_000),
            tv_nsec: at.0.rem_euclid(1_000) * 1_000_000,
        };
        timerfd_settime(
            timer,
            TimerfdTimerFlags::ABSTIME,
            &Itimerspec {
                it_interval: zero,
                it_value: value,
            },
        )?;
        let mut expirations = [0; 8];
        loop {
            let mut ready = timer.readable().await?;
            match rustix::io::read(timer, &mut expirations) {
                Ok(_) => {
                    ready.clear_ready();
                    return Ok(());
                }
                // Left over from an earlier wait.
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => ready.clear_ready(),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

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
        let clock = self.clone();
        Box::pin(async move {
            if at <= boottime() {
                return;
            }
            if let Some(lease) = clock.lease()
                && lease.wait(at).await.is_ok()
            {
                return;
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn timers_are_used_again_and_are_few() {
        let clock = SystemClock::new();
        for _ in 0..3 {
            let waits: Vec<_> = (0..40).map(|n| clock.sleep(1 + n % 3)).collect();
            futures::future::join_all(waits).await;
        }
        let given_up: Vec<_> = (0..3).map(|_| clock.sleep(60_000)).collect();
        assert!(futures::FutureExt::now_or_never(futures::future::join_all(given_up)).is_none());
        clock.sleep(1).await;
        let timers = clock.timers.lock();
        assert_eq!((timers.made, timers.idle.len()), (TIMERS_MAX, TIMERS_MAX));
    }
}
