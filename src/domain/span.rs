//! Lengths of time as people write them: `10m`, `2h30m`, `90d`. Milliseconds inside.

use std::fmt::Write as _;

/// A length of time in milliseconds, never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(pub i64);

/// A text that is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{given}' is not a length of time: write 45s, 10m, 2h30m or 90d")]
pub struct NotASpan {
    given: String,
}

const UNITS: [(char, i64); 4] = [
    ('d', 86_400_000),
    ('h', 3_600_000),
    ('m', 60_000),
    ('s', 1_000),
];

impl Span {
    /// So many minutes.
    pub const fn minutes(minutes: i64) -> Span {
        Span(minutes * 60_000)
    }

    /// The same as chrono counts it.
    pub fn delta(self) -> chrono::TimeDelta {
        chrono::TimeDelta::milliseconds(self.0)
    }
}

impl std::str::FromStr for Span {
    type Err = NotASpan;
    fn from_str(text: &str) -> Result<Span, NotASpan> {
        let fault = || NotASpan {
            given: text.chars().take(40).collect(),
        };
        let (mut total, mut number, mut digits) = (0_i64, 0_i64, 0);
        for c in text.trim().chars() {
            if let Some(digit) = c.to_digit(10) {
                number = number * 10 + i64::from(digit);
                digits += 1;
                if digits > 6 {
                    return Err(fault());
                }
            } else {
                let (_, unit) = UNITS
                    .iter()
                    .find(|(name, _)| *name == c)
                    .ok_or_else(fault)?;
                if digits == 0 {
                    return Err(fault());
                }
                total += number * unit;
                (number, digits) = (0, 0);
            }
        }
        if digits != 0 || text.trim().is_empty() {
            Err(fault())
        } else {
            Ok(Span(total))
        }
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (mut rest, mut text) = (self.0, String::new());
        for (name, unit) in UNITS {
            if rest >= unit {
                write!(text, "{}{name}", rest / unit)?;
                rest %= unit;
            }
        }
        f.write_str(if text.is_empty() { "0s" } else { &text })
    }
}

impl serde::Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_and_write_as_people_do() {
        for (text, ms) in [
            ("10m", 600_000),
            ("2h30m", 9_000_000),
            ("90d", 7_776_000_000),
            ("45s", 45_000),
        ] {
            assert_eq!(text.parse(), Ok(Span(ms)));
            assert_eq!(Span(ms).to_string(), text);
        }
        for text in ["", "10", "m", "1x", "9999999d", "-5m"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
