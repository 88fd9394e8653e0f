//! Lengths of time: countdowns, which never show more time than is left, and ages, which never show more than went by.

use super::Phrase;

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// The last stretch before and the first after a deadline are told to the second.
const CLOSE: i64 = 10 * MINUTE;

/// Which way a length goes as time goes by.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Shrinks,
    Grows,
}

/// How long a length that is shown floored to `step` keeps its text.
fn holds(ms: i64, step: i64, way: Way) -> i64 {
    match way {
        Way::Shrinks => ms % step + 1,
        Way::Grows => step - ms % step,
    }
}

/// How long until a growing `ms` reaches `length`, or a shrinking one falls below it.
fn reaches(ms: i64, length: i64, way: Way) -> i64 {
    match way {
        Way::Grows => length - ms,
        Way::Shrinks => ms - length + 1,
    }
}

/// How long until `ms` crosses one of the lengths, in rising order, at which its text gets another width.
fn crosses(ms: i64, lengths: impl IntoIterator<Item = i64>, way: Way) -> Option<i64> {
    let mut lengths = lengths.into_iter();
    let length = match way {
        Way::Grows => lengths.find(|&length| ms < length),
        Way::Shrinks => lengths.take_while(|&length| length <= ms).last(),
    };
    length.map(|length| reaches(ms, length, way))
}

/// 10, 100, ... days: where a number of days gets one more figure.
fn decades() -> impl Iterator<Item = i64> {
    std::iter::successors(Some(10 * DAY), |days| days.checked_mul(10))
}

/// As `crosses`, for days with hours that are not padded: `9d9h`, `9d10h`, but `9d23h` and `10d0h` are equally wide.
fn crosses_day(ms: i64, way: Way) -> Option<i64> {
    let width = |ms: i64| long(ms).1.len();
    let mut edge = ms;
    for _ in 0..6 {
        let (day, hours) = (edge / DAY * DAY, edge % DAY);
        edge = match way {
            Way::Grows if hours < 10 * HOUR => day.checked_add(10 * HOUR)?,
            Way::Grows => day.checked_add(DAY)?,
            Way::Shrinks if hours >= 10 * HOUR => day + 10 * HOUR - 1,
            Way::Shrinks => day - 1,
        };
        if width(edge) != width(ms) {
            return Some((edge - ms).abs());
        }
    }
    None
}

/// Hours first, always: `02:41`, with days `1d17:05`, to the second `00:09:41`.
fn clock(ms: i64) -> String {
    let (hours, minutes) = (ms % DAY / HOUR, ms % HOUR / MINUTE);
    match ms {
        ..CLOSE => format!("{hours:02}:{minutes:02}:{:02}", ms % MINUTE / SECOND),
        CLOSE..DAY => format!("{hours:02}:{minutes:02}"),
        _ => format!("{}d{hours:02}:{minutes:02}", ms / DAY),
    }
}

/// The countdown to a deadline: `T-02:41`, `T-1d17:05`, under 10 minutes `T-00:09:41`; after it `+00:00:20` for the
/// first ten minutes, then `+00:20`, `+1d02:03`. Floored, so it never shows more time than is left; at the very
/// instant it reads `T-00:00:00`.
pub fn countdown(ms_left: i64) -> Phrase {
    let (mark, ms, way) = match ms_left {
        0.. => ("T-", ms_left, Way::Shrinks),
        // The smallest number has no opposite; a deadline that long ago may lose a millisecond.
        _ => ("+", ms_left.saturating_neg(), Way::Grows),
    };
    let step = if ms < CLOSE { SECOND } else { MINUTE };
    let next_width = match way {
        Way::Shrinks => crosses(ms, [0, CLOSE, DAY].into_iter().chain(decades()), way),
        Way::Grows => crosses(ms, [CLOSE, DAY].into_iter().chain(decades()), way),
    };
    let text = format!("{mark}{}", clock(ms));
    Phrase::new(text, Some(holds(ms, step, way)), next_width)
}

/// How long something has gone on: `40s`, `6m40s` in steps of 10 s, `5h02m`, `2d3h`. What lies ahead counts as 0.
pub fn age(ms: i64) -> Phrase {
    let waits = ms.min(0).saturating_neg();
    let ms = ms.max(0);
    let (step, text) = match ms {
        ..MINUTE => (10 * SECOND, format!("{}s", tens(ms))),
        MINUTE..HOUR => (
            10 * SECOND,
            format!("{}m{:02}s", ms / MINUTE, tens(ms % MINUTE)),
        ),
        _ => long(ms),
    };
    let widths = [10 * SECOND, MINUTE, CLOSE, HOUR, 10 * HOUR, DAY];
    let next_width = match ms {
        ..DAY => crosses(ms, widths, Way::Grows),
        _ => crosses_day(ms, Way::Grows),
    };
    let next = holds(ms, step, Way::Grows).saturating_add(waits);
    Phrase::new(
        text,
        Some(next),
        next_width.map(|w| w.saturating_add(waits)),
    )
}

/// How long something has gone on, to the minute: `38m`, `2h10m`, `1d4h`. For what needs no watching.
pub fn since(ms: i64) -> Phrase {
    let waits = ms.min(0).saturating_neg();
    let mut phrase = coarse(ms.max(0), Way::Grows);
    for time in [&mut phrase.next_change_ms, &mut phrase.next_width_ms] {
        *time = time.map(|time| time.saturating_add(waits));
    }
    phrase
}

/// Time in the present phase: `here 38m`.
pub fn here(ms: i64) -> Phrase {
    since(ms).around("here ", "")
}

/// How far ahead something is, floored to the minute: `in 11m`, `in 10d14h`. What went by stays `in 0m`, for ever.
pub fn until(ms: i64) -> Phrase {
    let mut phrase = coarse(ms.max(0), Way::Shrinks);
    if ms < MINUTE {
        phrase.next_change_ms = None;
        phrase.next_width_ms = None;
    }
    phrase.around("in ", "")
}

/// How much is left of something that ends by itself, floored to the minute: `42m`, `0m`. When it is over it is drawn anew.
pub fn left(ms: i64) -> Phrase {
    let mut phrase = coarse(ms.max(0), Way::Shrinks);
    if ms < MINUTE {
        let ends = (ms >= 0).then_some(ms + 1);
        phrase.next_change_ms = ends;
        phrase.next_width_ms = ends;
    }
    phrase
}

fn coarse(ms: i64, way: Way) -> Phrase {
    let (step, text) = match ms {
        ..HOUR => (MINUTE, format!("{}m", ms / MINUTE)),
        _ => long(ms),
    };
    let widths = [CLOSE, HOUR, 10 * HOUR, DAY];
    let next_width = match ms {
        ..DAY => crosses(ms, widths, way),
        _ => crosses_day(ms, way),
    };
    Phrase::new(text, Some(holds(ms, step, way)), next_width)
}

/// An hour or more, with the step it is shown in.
fn long(ms: i64) -> (i64, String) {
    match ms {
        ..DAY => (MINUTE, format!("{}h{:02}m", ms / HOUR, ms % HOUR / MINUTE)),
        _ => (HOUR, format!("{}d{}h", ms / DAY, ms % DAY / HOUR)),
    }
}

fn tens(ms: i64) -> i64 {
    ms / (10 * SECOND) * 10
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn at(d: i64, h: i64, m: i64, s: i64) -> i64 {
        d * DAY + h * HOUR + m * MINUTE + s * SECOND
    }

    #[test]
    fn a_countdown_says_hours_first_and_never_more_than_is_left() {
        let cases = [
            (at(0, 2, 41, 0), "T-02:41", 1),
            (at(0, 2, 41, 59) + 999, "T-02:41", MINUTE),
            (at(0, 2, 42, 0) - 1, "T-02:41", MINUTE),
            (at(0, 2, 42, 0), "T-02:42", 1),
            (at(1, 17, 5, 30), "T-1d17:05", 30 * SECOND + 1),
            (at(1, 0, 0, 0), "T-1d00:00", 1),
            (at(1, 0, 0, 0) - 1, "T-23:59", MINUTE),
            (at(10, 14, 0, 0), "T-10d14:00", 1),
            (at(0, 0, 10, 0), "T-00:10", 1),
            (at(0, 0, 10, 0) - 1, "T-00:09:59", SECOND),
            (at(0, 0, 9, 41), "T-00:09:41", 1),
            (1, "T-00:00:00", 2),
            (0, "T-00:00:00", 1),
            (-1, "+00:00:00", SECOND - 1),
            (-at(0, 0, 0, 20), "+00:00:20", SECOND),
            (-(at(0, 0, 10, 0) - 1), "+00:09:59", 1),
            (-at(0, 0, 10, 0), "+00:10", MINUTE),
            (-at(0, 0, 20, 30), "+00:20", 30 * SECOND),
            (-at(1, 2, 3, 0), "+1d02:03", MINUTE),
            (-(DAY - 1), "+23:59", 1),
        ];
        for (ms, text, next) in cases {
            let phrase = countdown(ms);
            assert_eq!(
                (phrase.text.as_str(), phrase.next_change_ms),
                (text, Some(next)),
                "{ms}"
            );
        }
    }

    #[test]
    fn an_age_has_units_and_steps_of_ten_seconds_under_an_hour() {
        let cases = [
            (-5, "0s", 10 * SECOND + 5),
            (0, "0s", 10 * SECOND),
            (9_999, "0s", 1),
            (at(0, 0, 0, 40), "40s", 10 * SECOND),
            (at(0, 0, 1, 0), "1m00s", 10 * SECOND),
            (at(0, 0, 6, 47), "6m40s", 3 * SECOND),
            (at(0, 1, 0, 0) - 1, "59m50s", 1),
            (at(0, 5, 2, 30), "5h02m", 30 * SECOND),
            (at(2, 3, 59, 0), "2d3h", MINUTE),
        ];
        for (ms, text, next) in cases {
            let phrase = age(ms);
            assert_eq!(
                (phrase.text.as_str(), phrase.next_change_ms),
                (text, Some(next)),
                "{ms}"
            );
        }
    }

    #[test]
    fn what_needs_no_watching_is_told_to_the_minute() {
        assert_eq!(here(at(0, 0, 38, 59)).text, "here 38m");
        assert_eq!(here(at(0, 0, 38, 59)).width, 8);
        assert_eq!(since(at(0, 9, 40, 1)).text, "9h40m");
        assert_eq!(since(at(1, 4, 59, 0)).text, "1d4h");
        assert_eq!(until(at(0, 0, 11, 59)).text, "in 11m");
        assert_eq!(until(at(10, 14, 5, 0)).text, "in 10d14h");
        assert_eq!(until(30), until(-at(3, 0, 0, 0)));
        assert_eq!(until(0).text, "in 0m");
        assert_eq!(
            age(at(0, 1, 1, 0)).around("START PASSED ", " ago").width,
            22
        );
    }

    /// The promises of `Phrase`, for a length of which `later` is what it is after some time.
    fn keeps_its_promises(of: fn(i64) -> Phrase, ms: i64, later: fn(i64, i64) -> i64) {
        let now = of(ms);
        assert!(now.text.is_ascii());
        assert_eq!(usize::from(now.width), now.text.len());
        if let Some(next) = now.next_change_ms {
            assert!(next >= 1, "{ms}: {next}");
            assert_eq!(
                of(later(ms, next - 1)).text,
                now.text,
                "{ms} changed too soon"
            );
            assert_ne!(of(later(ms, next)).text, now.text, "{ms} did not change");
        }
        if let Some(next) = now.next_width_ms {
            assert!(Some(next) >= now.next_change_ms);
            assert_eq!(
                of(later(ms, next - 1)).width,
                now.width,
                "{ms} got another width too soon"
            );
            assert_ne!(of(later(ms, next)).width, now.width, "{ms} kept its width");
        }
    }

    fn lengths() -> impl Strategy<Value = i64> {
        let edges = [
            0,
            1,
            SECOND,
            MINUTE,
            CLOSE,
            HOUR,
            10 * HOUR,
            DAY,
            10 * DAY,
            100 * DAY,
        ];
        let near = prop::sample::select(edges.to_vec());
        prop_oneof![
            (near, -1500_i64..1500).prop_map(|(edge, off)| edge + off),
            0..2 * HOUR,
            0..400 * DAY,
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_text_changes_exactly_when_it_says(ms in lengths(), past in any::<bool>()) {
            let signed = if past { -ms } else { ms };
            keeps_its_promises(countdown, signed, |ms, by| ms - by);
            keeps_its_promises(until, ms, |ms, by| ms - by);
            keeps_its_promises(age, signed, |ms, by| ms + by);
            keeps_its_promises(since, signed, |ms, by| ms + by);
        }

        #[test]
        fn no_length_is_too_long(ms in any::<i64>()) {
            for of in [countdown, age, since, until] {
                prop_assert!(of(ms).text.len() < 30);
            }
        }
    }

    #[test]
    fn the_longest_lengths_are_written_too() {
        for ms in [i64::MIN, i64::MAX] {
            for of in [countdown, age, since, until] {
                assert!(of(ms).next_change_ms.is_none_or(|next| next >= 1));
            }
        }
    }
}
