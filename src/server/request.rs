//! What a request may look like before anybody asks what it means: query, body, headers. Everything here is bounded,
//! and everything that is wrong is named.

use axum::body::Body;
use axum::extract::{FromRequestParts, Query};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::auth::Authorized;
use super::problem::Problem;
use super::state::ServerState;
use crate::domain::word::Via;
use crate::store::{Entry, Idempotency, Store, StoreError};
use crate::time::timeout;
use crate::wire::BODY_LIMIT;

/// The header that says by which door a command came.
pub const VIA_HEADER: &str = "x-warboard-via";
/// The header that makes a command safe to send again.
pub const KEY_HEADER: &str = "idempotency-key";
/// Longest idempotency key.
const KEY_LIMIT: usize = 255;

/// The query of a request; a parameter that is unknown, double or of the wrong form is 422.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Params<T>, Problem> {
        Query::<T>::try_from_uri(&parts.uri)
            .map(|query| Params(query.0))
            .map_err(|fault| {
                let text = fault.body_text();
                let text = text
                    .strip_prefix("Failed to deserialize query string: ")
                    .unwrap_or(&text);
                Problem::invalid(format!("The query is not understood: {text}."))
            })
    }
}

/// Whether a body says it is of this media type.
fn is_type(headers: &HeaderMap, wanted: &str) -> bool {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(wanted)
}

/// The body of a request, whole: at most 1 MiB, within the time that a body may take, of one of these media types.
///
/// # Errors
/// 415 for another media type, 413 for over 1 MiB, 408 if it does not come in time, 400 if it breaks off.
pub async fn body(
    state: &ServerState,
    headers: &HeaderMap,
    body: Body,
    types: &[&str],
) -> Result<Bytes, Problem> {
    if !types.iter().any(|wanted| is_type(headers, wanted)) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media_type",
            format!(
                "Send the body as {}, and say so in Content-Type.",
                types.join(" or ")
            ),
        ));
    }
    let too_large = || {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("A body may have at most {BODY_LIMIT} bytes."),
        )
    };
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > BODY_LIMIT) {
        return Err(too_large());
    }
    let whole = Limited::new(body, BODY_LIMIT).collect();
    match timeout(&*state.clock, state.limits.body_within_ms, whole).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::malformed("The body ended before it was whole.")),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "too_slow",
            "The body took too long to come; nothing was done. Send it again.",
        )),
    }
}

/// Reads JSON: 400 for what is no JSON, 422 naming the place for what does not fit.
///
/// # Errors
/// 400 for what is no JSON, 422 for what does not fit, with its place.
pub fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let malformed =
        |fault: &serde_json::Error| Problem::malformed(format!("The body is not JSON: {fault}."));
    // Whether it is JSON at all is asked first: a wrong field in front must not hide a broken end.
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).map_err(|fault| malformed(&fault))?;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut reader).map_err(|fault| {
        let path = fault.path().to_string();
        let inner = fault.into_inner();
        if inner.is_data() {
            let place = if path == "." {
                String::new()
            } else {
                format!("'{path}': ")
            };
            Problem::invalid(format!("The body does not fit: {place}{inner}."))
        } else {
            malformed(&inner)
        }
    })
}

/// By which door a command came.
///
/// # Errors
/// 422 for a door that is none of those a client may name.
pub fn via(headers: &HeaderMap, authorized: &Authorized) -> Result<Via, Problem> {
    if let Some(door) = authorized.via() {
        return Ok(door);
    }
    match headers.get(VIA_HEADER).map(|value| value.as_bytes()) {
        None | Some(b"api") => Ok(Via::Api),
        Some(b"board") => Ok(Via::Board),
        Some(b"cli") => Ok(Via::Cli),
        Some(b"import") => Ok(Via::Import),
        Some(_) => Err(Problem::invalid(format!(
            "'{VIA_HEADER}' is board, cli or import."
        ))),
    }
}

/// The idempotency key of a request, if it has one; `scope` says whose keys these are.
///
/// # Errors
/// 422 for a key that cannot be one.
pub fn idempotency(
    headers: &HeaderMap,
    scope: String,
    path: &str,
    body: &[u8],
) -> Result<Option<Idempotency>, Problem> {
    let Some(value) = headers.get(KEY_HEADER) else {
        return Ok(None);
    };
    let key = value
        .to_str()
        .ok()
        .filter(|key| (1..=KEY_LIMIT).contains(&key.len()))
        .ok_or_else(|| {
            Problem::invalid(format!(
                "'Idempotency-Key' must be 1 to {KEY_LIMIT} visible ASCII characters."
            ))
        })?;
    let mut digest = Sha256::new();
    digest.update(b"POST\0");
    digest.update(path.as_bytes());
    digest.update(b"\0");
    digest.update(body);
    Ok(Some(Idempotency {
        token: scope,
        key: key.to_owned(),
        digest: digest.finalize().into(),
    }))
}

/// Whether a stretch of the record can be read: where it begins is a place that there may be, and it is not too long.
///
/// # Errors
/// 422, with the parameter.
pub fn stretch(after: u64, limit: usize, most: usize) -> Result<(), Problem> {
    if !(1..=most).contains(&limit) {
        return Err(Problem::invalid(format!("'limit' must be 1 to {most}.")));
    }
    match i64::try_from(after) {
        Ok(_) => Ok(()),
        Err(_) => Err(Problem::invalid(
            "'after' must be what a stretch gave as 'next'.",
        )),
    }
}

/// Refuses a list of a body that is longer than what is taken at once.
///
/// # Errors
/// It is longer: 422, with both numbers.
pub fn at_most(key: &str, len: usize, limit: usize) -> Result<(), Problem> {
    match len > limit {
        true => Err(Problem::invalid(format!(
            "'{key}' has {len}; at most {limit} fit."
        ))),
        false => Ok(()),
    }
}

/// The entries of an incident after `after`, at most `limit` of them, and where the next stretch begins; None at the end.
///
/// # Errors
/// The store cannot be read.
pub async fn entries(
    store: &dyn Store,
    incident: &str,
    after: u64,
    limit: usize,
) -> Result<(Vec<Entry>, Option<u64>), StoreError> {
    // One more tells whether there is more.
    let mut entries = store.timeline(incident, after, limit + 1).await?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| more).map(|entry| entry.seq);
    Ok((entries, next))
}

/// Which version a command is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMatch {
    Absent,
    Any,
    Version(u64),
    Malformed,
}

/// Reads `If-Match`: `"<version>"` or `*`.
pub fn if_match(headers: &HeaderMap) -> IfMatch {
    let mut values = headers.get_all(header::IF_MATCH).iter();
    let Some(value) = values.next() else {
        return IfMatch::Absent;
    };
    if values.next().is_some() {
        return IfMatch::Malformed;
    }
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return IfMatch::Any;
    }
    let digits = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    digits
        .and_then(|digits| digits.parse().ok())
        .map_or(IfMatch::Malformed, IfMatch::Version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match_is_a_version_in_quotes_or_a_star() {
        for (given, expected) in [
            (&[][..], IfMatch::Absent),
            (&["*"], IfMatch::Any),
            (&["\"7\""], IfMatch::Version(7)),
            (&["7"], IfMatch::Malformed),
            (&["W/\"7\""], IfMatch::Malformed),
            (&["\"\""], IfMatch::Malformed),
            (&["\"-7\""], IfMatch::Malformed),
            (&["\"7\", \"8\""], IfMatch::Malformed),
            (&["\"7\"", "\"8\""], IfMatch::Malformed),
            (&["\"99999999999999999999999\""], IfMatch::Malformed),
        ] {
            let mut headers = HeaderMap::new();
            for value in given {
                headers.append(header::IF_MATCH, value.parse().unwrap());
            }
            assert_eq!(if_match(&headers), expected, "{given:?}");
        }
    }
}
