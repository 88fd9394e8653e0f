//! What a whole answer means: good, or which kind of error, told in our words. Nothing here asks anything.

use bytes::Bytes;
use chrono::DateTime;
use http::{StatusCode, header};

use super::error::ApiError;
use crate::domain::instant::Instant;
use crate::domain::text::SafeText;
use crate::net::NetAnswer;
use crate::wire::{ASK_HEADER, NOW_HEADER, ProblemBody};

/// The longest wait that another side may ask for.
const RETRY_AFTER_MAX_MS: i64 = 120_000;
/// Most cells of another side's sentence.
const SENTENCE: usize = 600;

/// A good answer.
#[derive(Debug)]
pub(super) struct Good {
    pub body: Bytes,
    /// The backend's clock when it answered.
    pub now: Instant,
    pub etag: Option<String>,
    /// False for 304: what the caller has is what there is.
    pub modified: bool,
}

/// Whether it answers what was asked now, and not what was asked before: by its old clock countdowns would show more time than
/// is left, and what it tells would look new. A backend that does not know the header says nothing of it.
pub(super) fn answers(to: &str, answer: &NetAnswer, own: &str) -> Result<(), ApiError> {
    match answer.header(ASK_HEADER) {
        Some(told) if told != own => garbage(format!(
            "{to} gives an answer that it gave before: something on the way keeps answers, and must not"
        )),
        _ => Ok(()),
    }
}

/// Judges an answer of `to` (`host:port`). `wall` is what the machine's own clock shows.
pub(super) fn judge(to: &str, answer: NetAnswer, wall: Instant) -> Result<Good, ApiError> {
    let status = answer.status;
    match status.as_u16() {
        401 | 403 => return Err(not_allowed(to, &answer)),
        408 | 429 | 500..=599 => {
            return Err(ApiError::Busy {
                status: status.as_u16(),
                retry_after_ms: retry_after(&answer, wall),
            });
        }
        300..=399 if status != StatusCode::NOT_MODIFIED => {
            return garbage(format!(
                "{to} sends us elsewhere ({}), where we do not go unasked; write the last URL into the settings",
                status.as_u16()
            ));
        }
        _ if is_html(&answer) => {
            return garbage(format!(
                "{to} is not our API (HTML); is the URL right, or does a proxy ask for a login?"
            ));
        }
        200..=299 | 304 => {}
        other => return Err(refused(to, other, &answer)),
    }
    let now = answer
        .header(NOW_HEADER)
        .and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    let Some(now) = now else {
        return garbage(format!(
            "{to} answers without {NOW_HEADER}: this is not our API, or a proxy took the header away"
        ));
    };
    Ok(Good {
        now: now.to_utc(),
        etag: answer
            .header(header::ETAG.as_str())
            .map(std::borrow::ToOwned::to_owned),
        modified: status != StatusCode::NOT_MODIFIED,
        body: answer.body,
    })
}

/// What a body that cannot be read is.
pub(super) fn unreadable(to: &str, error: &serde_json::Error) -> ApiError {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "half a JSON document".to_owned(),
        serde_json::error::Category::Data => format!(
            "JSON that is not our API's ({})",
            SafeText::line(&error.to_string()).truncated(120)
        ),
        _ => "something that is no JSON".to_owned(),
    };
    ApiError::Garbage {
        sentence: format!("{to} answers {what}"),
    }
}

fn garbage<T>(sentence: String) -> Result<T, ApiError> {
    Err(ApiError::Garbage { sentence })
}

fn is_html(answer: &NetAnswer) -> bool {
    let kind = answer
        .header(header::CONTENT_TYPE.as_str())
        .unwrap_or_default();
    kind.starts_with("text/html") || answer.body.trim_ascii_start().starts_with(b"<")
}

fn problem(answer: &NetAnswer) -> Option<ProblemBody> {
    match serde_json::from_slice::<ProblemBody>(&answer.body) {
        Ok(problem) => Some(problem),
        // An incident of a newer backend must not hide the sentence beside it.
        Err(_) => {
            let mut fields: serde_json::Map<String, serde_json::Value> =
                serde_json::from_slice(&answer.body).ok()?;
            fields.remove("incident");
            fields.remove("unmet");
            serde_json::from_value(fields.into()).ok()
        }
    }
}

/// The sentence of a problem, cut and cleaned.
fn told(problem: Option<&ProblemBody>) -> Option<String> {
    let problem = problem?;
    let text = [&problem.detail, &problem.title]
        .into_iter()
        .find(|text| !text.trim().is_empty())?;
    Some(SafeText::line(text).truncated(SENTENCE))
}

fn not_allowed(to: &str, answer: &NetAnswer) -> ApiError {
    let status = answer.status.as_u16();
    let sentence = told(problem(answer).as_ref()).unwrap_or_else(|| match status {
        401 => format!("{to} does not know this token (401); ask for a new one"),
        _ => format!("this token may not do that at {to} (403)"),
    });
    ApiError::NotAllowed { status, sentence }
}

fn refused(to: &str, status: u16, answer: &NetAnswer) -> ApiError {
    let problem = problem(answer);
    let told = told(problem.as_ref());
    let said = |otherwise: &str| {
        told.clone()
            .unwrap_or_else(|| format!("{otherwise} ({status})"))
    };
    match status {
        404 => ApiError::NotFound,
        410 => ApiError::Gone,
        412 => ApiError::Conflict {
            sentence: said("the incident was changed meanwhile; look at it again"),
            incident: problem.and_then(|problem| problem.incident),
        },
        422 | 428 => ApiError::Refused {
            sentence: said("the backend refused, without saying why"),
            unmet: problem.map(|problem| problem.unmet).unwrap_or_default(),
        },
        _ => ApiError::Garbage {
            sentence: match told {
                Some(told) => format!("{to} answers {status}: {told}"),
                None => format!("{to} answers {status}, which our API does not"),
            },
        },
    }
}

/// `Retry-After` in milliseconds, given in seconds or as a date.
fn retry_after(answer: &NetAnswer, wall: Instant) -> Option<i64> {
    let text = answer.header(header::RETRY_AFTER.as_str())?.trim();
    let ms = if let Ok(seconds) = text.parse::<u32>() {
        i64::from(seconds).saturating_mul(1_000)
    } else {
        // A date is by the other side's clock, if it says what that shows.
        let until = DateTime::parse_from_rfc2822(text).ok()?.to_utc();
        let now = answer
            .header(header::DATE.as_str())
            .and_then(|date| DateTime::parse_from_rfc2822(date).ok())
            .map_or(wall, |date| date.to_utc());
        (until - now).num_milliseconds()
    };
    Some(ms.clamp(0, RETRY_AFTER_MAX_MS))
}
