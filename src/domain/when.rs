//! A recorded instant with the precision it is known to. Coarse ones are written short (`2013-05`, `2013`).
//! What an instant means to a clock stands in `clock`; here is only how it is read and written.

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, TimeZone, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::instant::Instant;
use super::word::Precision;

/// An instant as recorded: the first moment of the day, month or year where that is all that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct When {
    /// The instant, or the start in UTC of the period that is known.
    pub at: Instant,
    /// How exactly it is known. Reading a full timestamp gives `exact`.
    pub precision: Precision,
}

/// A text that is no instant: what was given, and the forms that would do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{given}' is not an instant: write 2026-11-23T16:49:00Z (with Z or an offset), or 2026-11-23, 2026-11, 2026 when no more is known"
)]
pub struct NotAnInstant {
    given: String,
}

impl When {
    /// An instant known exactly.
    pub fn exact(at: Instant) -> When {
        When {
            at,
            precision: Precision::Exact,
        }
    }

    /// The same instant, said to be known less exactly.
    pub fn with_precision(self, precision: Precision) -> When {
        When {
            at: self.at,
            precision,
        }
    }

    /// Whether a clock may start here: what is coarser than a day starts none.
    pub fn starts_a_clock(&self) -> bool {
        !matches!(self.precision, Precision::Month | Precision::Year)
    }

    /// Reads RFC 3339 with an offset, or a day, month or year. A time without an offset is refused:
    /// nobody can tell which of two dozen instants it names.
    ///
    /// # Errors
    /// The text is none of these, or names a day that is in no calendar.
    pub fn parse(text: &str) -> Result<When, NotAnInstant> {
        let fault = || NotAnInstant {
            given: text.chars().take(40).collect(),
        };
        let text = text.trim();
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Ok(When::exact(at.with_timezone(&Utc)));
        }
        let digits =
            |part: &str, len: usize| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next().unwrap_or(""), parts.next(), parts.next());
        if parts.next().is_some()
            || !digits(year, 4)
            || !month.is_none_or(|m| digits(m, 2))
            || !day.is_none_or(|d| digits(d, 2))
        {
            return Err(fault());
        }
        let precision = match (month, day) {
            (Some(_), Some(_)) => Precision::Day,
            (Some(_), None) => Precision::Month,
            _ => Precision::Year,
        };
        let number =
            |part: Option<&str>| part.map_or(Ok(1), str::parse::<u32>).map_err(|_| fault());
        let date = NaiveDate::from_ymd_opt(
            year.parse().map_err(|_| fault())?,
            number(month)?,
            number(day)?,
        )
        .ok_or_else(fault)?;
        let start = date.and_hms_opt(0, 0, 0).ok_or_else(fault)?;
        Ok(When {
            at: Utc.from_utc_datetime(&start),
            precision,
        })
    }
}

impl std::fmt::Display for When {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.precision {
            Precision::Exact | Precision::Minute => {
                f.write_str(&self.at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
            }
            Precision::Day => write!(f, "{}", self.at.format("%Y-%m-%d")),
            Precision::Month => write!(f, "{:04}-{:02}", self.at.year(), self.at.month()),
            Precision::Year => write!(f, "{:04}", self.at.year()),
        }
    }
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<When, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        When::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_precision_reads_and_writes_its_own_form() {
        for (text, precision) in [
            ("2013-05-14T10:00:00Z", Precision::Exact),
            ("2013-05-14", Precision::Day),
            ("2013-05", Precision::Month),
            ("2013", Precision::Year),
        ] {
            let when = When::parse(text).unwrap();
            assert_eq!(
                (when.precision, when.to_string().as_str()),
                (precision, text)
            );
        }
    }

    #[test]
    fn a_time_without_an_offset_and_nonsense_are_refused() {
        for text in [
            "2013-05-14T10:00:00",
            "2013-13",
            "2013-02-30",
            "13",
            "",
            "2013-5-1",
            "2013-05-14-01",
            "+013",
        ] {
            assert!(When::parse(text).is_err(), "{text}");
        }
    }
}
