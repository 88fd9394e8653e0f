//! How long to leave a source alone after an error. Jitter keeps a hundred boards from coming back in one moment.

use crate::client::error::ApiError;

/// Refused or reset: a backend that starts again is seen within this.
const AWAY_MAX_MS: i64 = 1_000;
/// 5xx, 429 and garbage.
const BROKEN_MAX_MS: i64 = 5_000;
/// A refused token: somebody has to put another one there.
const TOKEN_AFTER_MS: i64 = 5_000;

/// Waits that grow with each failure in a row.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// A good answer came.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Milliseconds until the next attempt after this error.
    pub fn after(&mut self, error: &ApiError) -> i64 {
        let doubled = |first: i64, most: i64| (first << self.failures.min(10)).min(most);
        let wait = match error {
            ApiError::NotAllowed { .. } => TOKEN_AFTER_MS,
            ApiError::Unreachable { .. } => doubled(200, AWAY_MAX_MS),
            _ => doubled(500, BROKEN_MAX_MS),
        };
        let wait = rand::random_range(wait * 3 / 4..=wait);
        self.failures = self.failures.saturating_add(1);
        match error {
            ApiError::Busy {
                retry_after_ms: Some(asked),
                ..
            } if *asked > 0 => wait.max(asked + rand::random_range(0..=(asked / 10).min(1_000))),
            _ => wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> ApiError {
        ApiError::Unreachable {
            sentence: String::new(),
            refusal: true,
        }
    }

    fn busy(retry_after_ms: Option<i64>) -> ApiError {
        ApiError::Busy {
            status: 503,
            retry_after_ms,
        }
    }

    #[test]
    fn waits_grow_to_their_ceiling_and_begin_anew() {
        for (error, first, most) in [(away(), 200, 1_000), (busy(None), 500, 5_000)] {
            let mut backoff = Backoff::default();
            let waits: Vec<i64> = (0..100).map(|_| backoff.after(&error)).collect();
            assert!(
                waits
                    .iter()
                    .all(|wait| (first * 3 / 4..=most).contains(wait))
            );
            assert!(waits.first().unwrap() <= &first);
            assert!(waits.last().unwrap() >= &(most * 3 / 4));
            assert!(
                waits[90..].windows(2).any(|two| two[0] != two[1]),
                "no jitter"
            );
            backoff.reset();
            assert!(backoff.after(&error) <= first);
        }
    }

    #[test]
    fn a_wait_that_is_asked_for_is_kept() {
        for _ in 0..50 {
            let wait = Backoff::default().after(&busy(Some(30_000)));
            assert!((30_000..=31_000).contains(&wait), "{wait}");
            assert!(Backoff::default().after(&busy(Some(0))) <= 500);
        }
        let mut backoff = Backoff::default();
        let refused = ApiError::NotAllowed {
            status: 401,
            sentence: String::new(),
        };
        for _ in 0..20 {
            assert!((3_750..=5_000).contains(&backoff.after(&refused)));
        }
    }
}
