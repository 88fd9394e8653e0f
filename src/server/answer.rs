//! One request's answer, whatever happens inside: it is one of ours, carries the clock and the request's id, is counted
//! and stands in the log under that id. Nothing of a query, a header or a body goes into the log.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::MatchedPath;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use chrono::SecondsFormat;
use futures::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use tower::util::MapRequestLayer;
use tracing::Instrument as _;
use tracing::field::Empty;

use super::problem::{Problem, StoreFault};
use super::state::ServerState;
use crate::wire::{ASK_HEADER, NOW_HEADER, PROBLEM, REQUEST_HEADER};

/// Longest id of a request that is taken from outside.
const ID_LIMIT: usize = 64;

/// Which route a request matched, told by the router to who answers.
#[derive(Clone, Default)]
struct Matched(Arc<OnceLock<MatchedPath>>);

/// Lets every route tell that it was matched.
pub fn telling(app: Router) -> Router {
    app.layer(MapRequestLayer::new(|request: Request<Body>| {
        let extensions = request.extensions();
        if let (Some(matched), Some(path)) = (
            extensions.get::<Matched>(),
            extensions.get::<MatchedPath>().cloned(),
        ) {
            tracing::Span::current().record("route", path.as_str());
            // Once a request; a route inside a route says it again, and the first is the whole.
            let _ = matched.0.set(path);
        }
        request
    }))
}

/// A caller's own word for a request, where it stands once and is well-formed.
fn given(headers: &HeaderMap, name: &str) -> Option<HeaderValue> {
    let mut given = headers.get_all(name).iter();
    let well_formed = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=ID_LIMIT).contains(&bytes.len())
            && bytes
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let first = given.next().filter(well_formed);
    first.filter(|_| given.next().is_none()).cloned()
}

/// The id of a request: the caller's own where it is well-formed, else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    given(headers, REQUEST_HEADER).unwrap_or_else(|| {
        HeaderValue::try_from(format!("{:016x}", rand::random::<u64>()))
            .unwrap_or_else(|_| HeaderValue::from_static("none"))
    })
}

/// Answers one request.
pub async fn answer(app: Router, state: &ServerState, mut request: Request<Body>) -> Response {
    let id = request_id(request.headers());
    let ask = given(request.headers(), ASK_HEADER);
    let shown_id = id.to_str().unwrap_or_default();
    let method = request.method().clone();
    let matched = Matched::default();
    request.extensions_mut().insert(matched.clone());
    // At the level of errors, so that whatever is logged inside stands under the request it belongs to.
    let span =
        tracing::error_span!("request", id = shown_id, %method, route = Empty, token = Empty);
    let began = state.clock.mono();
    let answering = AssertUnwindSafe(async move {
        match app.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    });
    let answered = answering.catch_unwind().instrument(span.clone()).await;
    let route = matched.0.get().map(MatchedPath::as_str);
    let _inside = span.enter();
    let mut response = answered.unwrap_or_else(|_| {
        tracing::error!("a handler panicked");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something here is broken; it stands in the log. Whether a command was carried out, the incident tells.",
        )
        .into_response()
    });
    if is_foreign(&response) {
        response = in_our_words(response);
    }
    let status = response.status();
    if let Some(fault) = response.extensions_mut().remove::<StoreFault>() {
        state.metrics.store_error(&fault.0);
        state.unanswered.met(&fault.0);
    } else if status.is_success() && !method.is_safe() {
        state.unanswered.over();
    }
    state.metrics.request(&method, route, status);
    let took_ms = state.clock.mono() - began;
    tracing::debug!(status = status.as_u16(), took_ms, "answered");
    if status.is_client_error() || status.is_server_error() {
        response = with_instance(response, shown_id);
    }
    let headers = response.headers_mut();
    let now = state
        .clock
        .now()
        .to_rfc3339_opts(SecondsFormat::Millis, true);
    if let Ok(now) = HeaderValue::try_from(now) {
        headers.insert(HeaderName::from_static(NOW_HEADER), now);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(HeaderName::from_static(REQUEST_HEADER), id);
    if let Some(ask) = ask {
        headers.insert(HeaderName::from_static(ASK_HEADER), ask);
    }
    response
}

/// Whether an error was worded by the framework and not by us.
fn is_foreign(response: &Response) -> bool {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let plain = kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    (status.is_client_error() || status.is_server_error()) && plain
}

fn in_our_words(response: Response) -> Response {
    let (parts, _) = response.into_parts();
    let mut ours = Problem::new(
        parts.status,
        "bad_request",
        "The request cannot be understood as it is.",
    )
    .into_response();
    for (name, value) in &parts.headers {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            ours.headers_mut().insert(name, value.clone());
        }
    }
    debug_assert_eq!(
        ours.headers()
            .get(header::CONTENT_TYPE)
            .map(HeaderValue::as_bytes),
        Some(PROBLEM.as_bytes())
    );
    ours
}

/// Names the request in a problem (RFC 9457, `instance`). It is put in here because the same problem may be answered again,
/// from memory, to another request.
fn with_instance(response: Response, id: &str) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| kind != PROBLEM) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // Ours are in memory already: nothing is waited for.
    let whole = body
        .collect()
        .now_or_never()
        .and_then(Result::ok)
        .map_or_else(Bytes::new, |whole| whole.to_bytes());
    let Some(open) = whole.strip_suffix(b"}") else {
        return Response::from_parts(parts, Body::from(whole));
    };
    let mut named = BytesMut::with_capacity(whole.len() + id.len() + 48);
    named.extend_from_slice(open);
    named.extend_from_slice(format!(",\"instance\":\"urn:warboard:request:{id}\"}}").as_bytes());
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(named.freeze()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(
                REQUEST_HEADER,
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        headers
    }

    #[test]
    fn an_id_from_outside_is_taken_only_where_it_is_well_formed() {
        let long = "a".repeat(65);
        for given in [
            &["a b"][..],
            &["a\"b"],
            &[""],
            &[&long],
            &["a", "b"],
            &["é"],
        ] {
            let id = request_id(&headers(given));
            assert_eq!(id.len(), 16, "{given:?}");
            assert_ne!(id, request_id(&headers(given)));
        }
        assert_eq!(request_id(&headers(&["Trace-7_x"])), "Trace-7_x");
        assert_eq!(request_id(&headers(&[&long[1..]])), &long[1..]);
    }
}
