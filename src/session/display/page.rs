//! The page itself: one document, its script and its style, all of them the backend's own and nothing else's. What the
//! browser may do with them is said in the headers; what is shown comes by the stream.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, header};
use sha2::{Digest as _, Sha256};

const DOCUMENT: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");
/// Where the document has the number of its build.
const BUILD: &str = "{build}";
/// Nothing from elsewhere, nothing inline, no markup made by script, in no frame.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// Changes with any part of the page: one that is older than its backend loads itself anew.
pub fn build() -> String {
    let mut hash = Sha256::new();
    for part in [DOCUMENT, SCRIPT, STYLE, env!("CARGO_PKG_VERSION")] {
        hash.update(part.as_bytes());
    }
    let digest: [u8; 32] = hash.finalize().into();
    hex::encode(digest.split_at(6).0)
}

pub async fn document() -> Response {
    answer(
        "text/html; charset=utf-8",
        DOCUMENT.replace(BUILD, &build()),
    )
}

pub async fn script() -> Response {
    answer("text/javascript; charset=utf-8", SCRIPT.to_owned())
}

pub async fn style() -> Response {
    answer("text/css; charset=utf-8", STYLE.to_owned())
}

fn answer(kind: &'static str, body: String) -> Response {
    let name = HeaderName::from_static;
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (name("cross-origin-opener-policy"), "same-origin"),
        (name("cross-origin-resource-policy"), "same-origin"),
        (name("x-robots-tag"), "noindex"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    (headers, body).into_response()
}
