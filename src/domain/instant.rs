//! Instants as the domain sees them: a point on the UTC line, and a reading of a monotonic clock.
//! Nothing here asks what time it is; the room `time` does.

use std::ops::{Add, Sub};

/// A point in time on the UTC line, kept to the millisecond.
pub type Instant = chrono::DateTime<chrono::Utc>;

/// A reading of a clock that never steps and counts suspend, in milliseconds since an arbitrary start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Mono(pub i64);

impl Add<i64> for Mono {
    type Output = Mono;
    fn add(self, ms: i64) -> Mono {
        Mono(self.0.saturating_add(ms))
    }
}

impl Sub<i64> for Mono {
    type Output = Mono;
    fn sub(self, ms: i64) -> Mono {
        Mono(self.0.saturating_sub(ms))
    }
}

impl Sub for Mono {
    type Output = i64;
    fn sub(self, other: Mono) -> i64 {
        self.0.saturating_sub(other.0)
    }
}
