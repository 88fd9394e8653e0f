//! How far the backend's clock is from the reader's monotonic one. Each answer bounds it between leaving and coming back;
//! the tightest bound of late is believed, until an answer contradicts it.

use crate::domain::instant::{Instant, Mono};

/// How long the best reading is believed, while clocks drift apart.
const BELIEVED_FOR_MS: i64 = 15 * 60_000;
/// Requests that took longer were held on purpose: their middle says nothing.
const HELD_MS: i64 = 1_000;
/// How far outside of an answer's bounds the estimate may be: rounding, and drift.
const SLACK_MS: i64 = 250;

#[derive(Debug, Clone, Copy)]
struct Reading {
    offset_ms: i64,
    round_trip_ms: i64,
    at: Mono,
}

/// The estimate.
#[derive(Debug, Default)]
pub(super) struct Offset {
    best: Option<Reading>,
    doubtful: bool,
}

impl Offset {
    /// Takes in an answer; gives the backend's UTC milliseconds minus the monotonic ones.
    pub fn hear(&mut self, sent: Mono, received: Mono, now: Instant) -> i64 {
        let now = now.timestamp_millis();
        let low = now.saturating_sub(received.0);
        let high = now.saturating_sub(sent.0).max(low);
        let round_trip_ms = high - low;
        let held = round_trip_ms > HELD_MS;
        let half_way = match (held, self.best) {
            (false, _) => round_trip_ms / 2,
            (true, Some(best)) => best.round_trip_ms.min(HELD_MS) / 2,
            (true, None) => 0,
        };
        let reading = Reading {
            offset_ms: low + half_way,
            round_trip_ms,
            at: received,
        };
        // An answer that was held ought to come right after its stamp; much later means a slow way back, or a clock set back.
        self.doubtful = self
            .best
            .is_some_and(|best| held && best.offset_ms > low + best.round_trip_ms + HELD_MS);
        let kept = self.best.filter(|best| {
            let possible = (low - SLACK_MS..=high + SLACK_MS).contains(&best.offset_ms);
            let old = received - best.at > BELIEVED_FOR_MS;
            possible && best.round_trip_ms < round_trip_ms && (held || !old)
        });
        self.best = Some(kept.unwrap_or(reading));
        kept.unwrap_or(reading).offset_ms
    }

    /// Whether the last answer asks for a quick one to settle what the clock shows.
    pub fn is_doubtful(&self) -> bool {
        self.doubtful
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Instant {
        Instant::from_timestamp_millis(ms).unwrap()
    }

    #[test]
    fn the_quickest_answer_is_believed() {
        let mut offset = Offset::default();
        // The backend is 1,000,000 ms ahead; the way back takes the whole round trip.
        assert_eq!(offset.hear(Mono(0), Mono(400), at(1_000_000)), 999_800);
        assert_eq!(offset.hear(Mono(500), Mono(510), at(1_000_505)), 1_000_000);
        assert_eq!(offset.hear(Mono(600), Mono(900), at(1_000_600)), 1_000_000);
        // Held for five seconds.
        assert_eq!(
            offset.hear(Mono(1_000), Mono(6_005), at(1_006_000)),
            1_000_000
        );
        assert!(!offset.is_doubtful());
    }

    #[test]
    fn a_clock_that_was_set_is_followed() {
        let mut offset = Offset::default();
        offset.hear(Mono(0), Mono(10), at(1_000_005));
        assert_eq!(offset.hear(Mono(100), Mono(200), at(1_003_150)), 1_003_000);
        // Set back by less than the hold: only a quick answer can tell.
        assert_eq!(
            offset.hear(Mono(1_000), Mono(6_000), at(1_006_000)),
            1_003_000
        );
        assert!(offset.is_doubtful());
        assert_eq!(
            offset.hear(Mono(6_000), Mono(6_010), at(1_006_005)),
            1_000_000
        );
        assert!(!offset.is_doubtful());
    }

    #[test]
    fn an_old_reading_gives_way_to_a_new_one() {
        let mut offset = Offset::default();
        offset.hear(Mono(0), Mono(2), at(1_000_001));
        let later = BELIEVED_FOR_MS + 10_000;
        assert_eq!(
            offset.hear(Mono(later), Mono(later + 40), at(1_000_120 + later)),
            1_000_100
        );
    }
}
