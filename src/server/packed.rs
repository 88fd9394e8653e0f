//! Bodies that many are answered: kept as bytes, and compressed at most once for all of them. Which readers share one is
//! decided in `shown`.

use std::io::Write as _;

use axum::response::Response;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::sync::OnceCell;

use super::shown;

/// A body that is shorter fits into one packet as it is.
const WORTH: usize = 1_024;
/// A body that is longer is compressed beside the threads that answer.
const LONG: usize = 64 * 1_024;
/// What the entity tag of a compressed body ends in: its bytes are others, so its strong tag is too (RFC 9110, 8.8.3.3).
const MARK: &str = "-gzip";

/// A body, and the same compressed once somebody has asked for it.
pub struct Packed {
    body: Bytes,
    gzip: OnceCell<Option<Bytes>>,
    /// The entity tags of both forms.
    tags: Option<(String, String)>,
}

impl Packed {
    /// Nothing is compressed yet. `etag` is in quotes.
    pub fn new(body: Bytes, etag: Option<String>) -> Packed {
        Packed {
            body,
            gzip: OnceCell::new(),
            tags: etag.map(|plain| {
                let packed = marked(&plain);
                (plain, packed)
            }),
        }
    }

    /// The answer to a request with these headers: the body, the compressed one, or 304.
    pub async fn answer(&self, headers: &HeaderMap) -> Response {
        let wanted = self.body.len() >= WORTH && takes_gzip(headers);
        let (plain_tag, packed_tag) = match &self.tags {
            Some((plain, packed)) => (Some(plain.as_str()), Some(packed.as_str())),
            None => (None, None),
        };
        for tag in plain_tag.into_iter().chain(packed_tag) {
            if shown::none_match(headers, tag) {
                return varying(shown::not_modified(tag));
            }
        }
        let packed = if wanted { self.gzip().await } else { None };
        let Some(packed) = packed else {
            return varying(shown::json(self.body.clone(), plain_tag));
        };
        let mut response = varying(shown::json(packed, packed_tag));
        let gzip = HeaderValue::from_static("gzip");
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, gzip);
        response
    }

    async fn gzip(&self) -> Option<Bytes> {
        let packing = async {
            if self.body.len() < LONG {
                return pack(&self.body);
            }
            let body = self.body.clone();
            tokio::task::spawn_blocking(move || pack(&body))
                .await
                .ok()
                .flatten()
        };
        self.gzip.get_or_init(|| packing).await.clone()
    }
}

fn marked(etag: &str) -> String {
    let inner = etag.strip_suffix('"').unwrap_or(etag);
    format!("{inner}{MARK}\"")
}

fn pack(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 6), Compression::default());
    encoder.write_all(body).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

fn varying(mut response: Response) -> Response {
    let all = HeaderValue::from_static("Authorization, x-warboard-on-behalf-of, Accept-Encoding");
    response.headers_mut().insert(header::VARY, all);
    debug_assert!(matches!(
        response.status(),
        StatusCode::OK | StatusCode::NOT_MODIFIED
    ));
    response
}

/// Whether `Accept-Encoding` lets gzip through: named with a weight above 0, or meant by `*` and not named (RFC 9110, 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let (mut named, mut others) = (None, None);
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    let parts = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    for part in parts {
        let mut pieces = part.split(';').map(str::trim);
        let coding = pieces.next().unwrap_or_default();
        let weight = pieces.find_map(|piece| piece.strip_prefix("q=").or(piece.strip_prefix("Q=")));
        let wanted = weight.is_none_or(|q| q.parse::<f32>().is_ok_and(|q| q > 0.0));
        if ["gzip", "x-gzip"]
            .iter()
            .any(|name| coding.eq_ignore_ascii_case(name))
        {
            named = Some(wanted);
        } else if coding == "*" {
            others = Some(wanted);
        }
    }
    named.or(others).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn gzip_is_sent_only_to_who_takes_it() {
        for (values, expected) in [
            (&[][..], false),
            (&["gzip"], true),
            (&["deflate, GZIP;q=0.5"], true),
            (&["br", "gzip"], true),
            (&["gzip;q=0"], false),
            (&["gzip; q=0.000, *"], false),
            (&["*"], true),
            (&["*;q=0"], false),
            (&["identity"], false),
            (&["gzip;q=nonsense"], false),
        ] {
            let headers = headers(header::ACCEPT_ENCODING, values);
            assert_eq!(takes_gzip(&headers), expected, "{values:?}");
        }
    }

    #[tokio::test]
    async fn either_form_has_its_own_tag_and_both_are_known_again() {
        let packed = Packed::new(Bytes::from("x".repeat(100_000)), Some("\"abc\"".to_owned()));
        let plain = packed.answer(&HeaderMap::new()).await;
        assert_eq!(plain.headers()[header::ETAG], "\"abc\"");
        assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
        let gzip = headers(header::ACCEPT_ENCODING, &["gzip"]);
        let gzip = packed.answer(&gzip).await;
        assert_eq!(gzip.headers()[header::ETAG], "\"abc-gzip\"");
        assert_eq!(gzip.headers()[header::CONTENT_ENCODING], "gzip");
        for tag in ["\"abc\"", "W/\"abc-gzip\"", "\"other\", \"abc-gzip\"", "*"] {
            let answer = packed.answer(&headers(header::IF_NONE_MATCH, &[tag])).await;
            assert_eq!(answer.status(), StatusCode::NOT_MODIFIED, "{tag}");
            assert_eq!(
                answer.headers()[header::VARY],
                "Authorization, x-warboard-on-behalf-of, Accept-Encoding"
            );
        }
        let answer = packed
            .answer(&headers(header::IF_NONE_MATCH, &["\"abd\""]))
            .await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
}
