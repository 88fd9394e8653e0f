//! How long another side asks us to wait: one reading of all the ways in which services say it. Who waits, and what else
//! holds them back, the rooms above know.

use chrono::DateTime;

use super::http::NetAnswer;
use crate::domain::instant::Instant;

/// The longest wait that another side may ask for.
const RETRY_AFTER_MAX_MS: i64 = 120_000;
/// What lies further away is no wait, but a mistake.
const RETRY_AFTER_ABSURD_MS: i64 = 86_400_000;
/// A number of seconds above this is an instant since 1970, not a wait.
const EPOCH_SECONDS: i64 = 1_000_000_000;

/// What an answer asks for, in milliseconds: `Retry-After`, the reset headers of rate limits, or
/// `rate_limit.retry_after` of a JSON body. Instants are counted from the other side's own `Date`, if it gives one.
pub fn wait_ms(answer: &NetAnswer, now: Instant) -> Option<i64> {
    let now = answer
        .header("date")
        .and_then(|text| http_date(text, now))
        .unwrap_or(now);
    let retry_after = answer.header("retry-after");
    let resets = ["ratelimit-reset", "x-ratelimit-reset"];
    retry_after
        .and_then(|text| retry_after_ms(text, now))
        .or_else(|| {
            let headers = resets.iter().filter_map(|name| answer.header(name));
            headers.filter_map(|text| reset_ms(text, now)).next()
        })
        .or_else(|| {
            let body: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
            let text = body.get("rate_limit")?.get("retry_after")?.as_str()?;
            let at = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
            bounded((at - now).num_milliseconds())
        })
}

/// Seconds from now, or since 1970; of a list, such as `60, 1200;window=60`, the first.
fn reset_ms(text: &str, now: Instant) -> Option<i64> {
    let first = text.split([',', ';']).next()?.trim();
    let seconds: i64 = first.parse().ok()?;
    let ms = match seconds > EPOCH_SECONDS {
        true => seconds.checked_mul(1000)? - now.timestamp_millis(),
        false => seconds.checked_mul(1000)?,
    };
    bounded(ms)
}

fn bounded(ms: i64) -> Option<i64> {
    (-RETRY_AFTER_ABSURD_MS..=RETRY_AFTER_ABSURD_MS)
        .contains(&ms)
        .then(|| ms.clamp(0, RETRY_AFTER_MAX_MS))
}

/// Seconds, or an instant in any of the three forms of HTTP (RFC 9110, 5.6.7 and 10.2.3); never longer than two minutes.
/// What lies more than a day away, or is no number of seconds, is a mistake of the other side and says nothing.
pub fn retry_after_ms(text: &str, now: Instant) -> Option<i64> {
    let text = text.trim();
    let ms = if text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse::<i64>().ok()?.checked_mul(1000)?
    } else {
        (http_date(text, now)? - now).num_milliseconds()
    };
    bounded(ms)
}

/// An instant in any of the three forms of HTTP, such as that of the header `Date`.
pub fn http_date(text: &str, now: Instant) -> Option<Instant> {
    use chrono::{Datelike as _, NaiveDateTime};
    if let Ok(at) = chrono::DateTime::parse_from_rfc2822(text) {
        return Some(at.to_utc());
    }
    // As C writes it, and the form of RFC 850, whose weekday says nothing that the date does not.
    if let Ok(at) = NaiveDateTime::parse_from_str(text, "%a %b %e %H:%M:%S %Y") {
        return Some(at.and_utc());
    }
    let (_, rest) = text.split_once(", ")?;
    let at = NaiveDateTime::parse_from_str(rest, "%d-%b-%y %H:%M:%S GMT").ok()?;
    // A year of two digits that lies far ahead is one of the last century.
    let century = if at.year() > now.year() + 50 { 100 } else { 0 };
    Some(at.with_year(at.year() - century)?.and_utc())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

    use super::*;

    fn now() -> Instant {
        "2026-11-23T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn pitfall_8_waits_of_every_dialect_are_read() {
        for (headers, body, ms) in [
            (&[("retry-after", "7")][..], "", Some(7_000)),
            (&[("ratelimit-reset", "12")], "", Some(12_000)),
            (&[("x-ratelimit-reset", "5")], "", Some(5_000)),
            (&[("x-ratelimit-reset", "1795428030")], "", Some(30_000)),
            (
                &[("ratelimit-reset", "60, 1200;window=60")],
                "",
                Some(60_000),
            ),
            (
                &[("retry-after", "3"), ("ratelimit-reset", "12")],
                "",
                Some(3_000),
            ),
            (
                &[("retry-after", "soon"), ("ratelimit-reset", "12")],
                "",
                Some(12_000),
            ),
            (
                &[],
                r#"{"rate_limit":{"retry_after":"2026-11-23T10:00:09Z"}}"#,
                Some(9_000),
            ),
            // The other side's clock is an hour ahead of ours.
            (
                &[("date", "Mon, 23 Nov 2026 11:00:00 GMT")],
                r#"{"rate_limit":{"retry_after":"2026-11-23T11:00:09Z"}}"#,
                Some(9_000),
            ),
            (&[("ratelimit-reset", "-1")], "", Some(0)),
            (&[("ratelimit-reset", "900000")], "", None),
            (&[], "<html>", None),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                );
            }
            let answer = NetAnswer {
                status: StatusCode::TOO_MANY_REQUESTS,
                headers: map,
                body: Bytes::from_static(body.as_bytes()),
            };
            assert_eq!(wait_ms(&answer, now()), ms, "{headers:?} {body}");
        }
    }

    #[test]
    fn waits_are_read_in_both_forms_and_kept_short() {
        assert_eq!(retry_after_ms("3", now()), Some(3_000));
        assert_eq!(retry_after_ms("86400", now()), Some(120_000));
        assert_eq!(
            retry_after_ms("Mon, 23 Nov 2026 10:00:30 GMT", now()),
            Some(30_000)
        );
        assert_eq!(
            retry_after_ms("Mon, 23 Nov 2026 09:00:30 GMT", now()),
            Some(0)
        );
        for same in [
            "Monday, 23-Nov-26 10:00:30 GMT",
            "Mon Nov 23 10:00:30 2026",
            "30",
        ] {
            assert_eq!(retry_after_ms(same, now()), Some(30_000), "{same}");
        }
        for absurd in [
            "soon",
            "",
            "-5",
            "1.5",
            "86401",
            "99999999999999999999",
            "Mon, 23 Nov 2099 10:00:30 GMT",
            "Monday, 23-Nov-99 10:00:30 GMT",
        ] {
            assert_eq!(retry_after_ms(absurd, now()), None, "{absurd}");
        }
    }
}
