//! The list and the feed, compressed for who takes it: the same bytes inside, tags of their own, made once for all.

use std::io::Read as _;

use serde_json::{Value, json};

use crate::backend::Backend;
use crate::http::Answer;

fn unpacked(answer: &Answer) -> Value {
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&*answer.body)
        .read_to_string(&mut text)
        .unwrap();
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn a_list_is_compressed_for_who_takes_it_and_says_so() {
    let backend = Backend::new().await;
    let token = backend.tokens.commander.clone();
    for _ in 0..20 {
        backend.opened().await;
    }
    let list = backend.ask("GET", "/v1/incidents").token(&token);
    let plain = list.send().await;
    assert_eq!(plain.header("content-encoding"), None);
    let gzip = list
        .clone()
        .header("accept-encoding", "br, gzip")
        .send()
        .await;
    assert_eq!(unpacked(&gzip), plain.json());
    assert!(gzip.body.len() * 4 < plain.body.len());
    assert_ne!(gzip.etag(), plain.etag());
    for answer in [&plain, &gzip] {
        assert_eq!(
            answer.header("vary"),
            Some("Authorization, x-warboard-on-behalf-of, Accept-Encoding")
        );
        let known = list.clone().header("if-none-match", answer.etag());
        let known = known.header("accept-encoding", "gzip").send().await;
        assert_eq!(known.status, 304);
        assert_eq!(known.etag(), answer.etag());
    }
    let refused = list
        .clone()
        .header("accept-encoding", "gzip;q=0")
        .send()
        .await;
    assert_eq!(refused.body, plain.body);

    // What changes makes another body, and the tags before mean nothing any more.
    backend.opened().await;
    let stale = list
        .clone()
        .header("if-none-match", gzip.etag())
        .header("accept-encoding", "gzip")
        .send()
        .await;
    assert_eq!(stale.status, 200);
    let now = list.send().await;
    assert_eq!(unpacked(&stale), now.json());
    backend.stop().await;
}

#[tokio::test]
async fn compressed_lists_are_kept_apart_by_audience() {
    let backend = Backend::new().await;
    for _ in 0..5 {
        let body = json!({"service": "azure", "title": "zq-hidden", "tlp": "red"});
        backend.open(&body).await;
    }
    let ask = |token: &str| {
        let ask = backend.ask("GET", "/v1/incidents").token(token);
        ask.header("accept-encoding", "gzip")
    };
    let commander = ask(&backend.tokens.commander).send().await;
    let viewer = ask(&backend.tokens.viewer).send().await;
    assert!(unpacked(&commander).to_string().contains("zq-hidden"));
    assert!(!unpacked(&viewer).to_string().contains("zq-hidden"));
    assert_ne!(commander.etag(), viewer.etag());
    backend.stop().await;
}

#[tokio::test]
async fn changes_are_compressed_too_for_all_who_wait() {
    let backend = Backend::new().await;
    let cursor = backend.cursor().await;
    let path = format!("/v1/changes?since={cursor}&wait=60");
    let waiting: Vec<_> = (0..8)
        .map(|n| {
            let ask = backend.ask("GET", &path).token(&backend.tokens.commander);
            let ask = match n % 2 {
                0 => ask.header("accept-encoding", "gzip"),
                _ => ask,
            };
            tokio::spawn(async move { ask.send().await })
        })
        .collect();
    let id = backend.opened().await;
    for (n, answer) in waiting.into_iter().enumerate() {
        let answer = answer.await.unwrap();
        let body = match n % 2 {
            0 => unpacked(&answer),
            _ => answer.expect(200),
        };
        assert_eq!(body["incidents"][0]["id"], *id);
    }
    backend.stop().await;
}
