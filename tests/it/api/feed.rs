//! The feed: it wakes who waits, tells every last state, and says when a cursor leads nowhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::backend::Backend;
use crate::http::{Answer, soon};

fn note() -> Value {
    json!({"type": "note", "kind": "fact", "text": "t"})
}

#[tokio::test]
async fn a_held_request_wakes_on_a_change() {
    let (backend, _) = Backend::still().await;
    let id = backend.opened().await;
    let cursor = backend.cursor().await;
    let path = format!("/v1/changes?since={cursor}&wait=60");
    let held: Vec<_> = (0..5)
        .map(|_| {
            let ask = backend.ask("GET", &path).token(&backend.tokens.viewer);
            tokio::spawn(async move { ask.send().await })
        })
        .collect();
    let after = backend.done(&id, &note()).await;
    for held in held {
        let news = held.await.unwrap().expect(200);
        assert_eq!(news["incidents"].as_array().unwrap().len(), 1);
        assert_eq!(news["incidents"][0]["version"], after["version"]);
        assert_ne!(news["cursor"], cursor);
        assert_eq!(news["complete"], true);
    }
    backend.stop().await;
}

#[tokio::test]
async fn a_held_request_ends_when_its_time_is_over_and_not_before() {
    let (backend, clock) = Backend::still().await;
    backend.opened().await;
    let cursor = backend.cursor().await;
    let token = &backend.tokens.viewer;
    let at_once = backend
        .get(token, &format!("/v1/changes?since={cursor}"))
        .await
        .expect(200);
    assert_eq!(at_once["incidents"], json!([]));
    let before = warboard::time::Clock::now(&clock);
    let ask = backend
        .ask("GET", &format!("/v1/changes?since={cursor}&wait=7"))
        .token(token);
    let mut held = tokio::spawn(async move { ask.send().await });
    let ended = async {
        loop {
            tokio::select! {
                answer = &mut held => return answer.unwrap(),
                () = tokio::task::yield_now() => clock.advance(10),
            }
        }
    };
    let news = soon("the end of the wait", ended).await.expect(200);
    assert_eq!(
        (&news["incidents"], &news["cursor"]),
        (&json!([]), &json!(cursor))
    );
    assert!(warboard::time::Clock::now(&clock) - before >= chrono::TimeDelta::seconds(7));
    for wait in ["61", "-1", "x", "1.5"] {
        backend
            .get(token, &format!("/v1/changes?since={cursor}&wait={wait}"))
            .await
            .problem(422);
    }
    backend.get(token, "/v1/changes").await.problem(422);
    backend.stop().await;
}

#[tokio::test]
async fn a_held_request_ends_with_the_server() {
    let (backend, _) = Backend::still().await;
    let cursor = backend.cursor().await;
    let path = format!("/v1/changes?since={cursor}&wait=60");
    let ask = backend.ask("GET", &path).token(&backend.tokens.viewer);
    let mut line = crate::http::Line::open(backend.address).await;
    line.write(&ask.bytes(false)).await;
    // The server has the request once another connection, made later, was answered.
    backend.ask("GET", "/healthz").send().await.expect(200);
    backend.begin_to_end();
    let news = line.answer(true).await.expect(200);
    assert_eq!(news["cursor"], json!(cursor));
    assert!(line.is_closed().await);
    backend.stop().await;
}

#[tokio::test]
async fn a_cursor_that_leads_nowhere_is_410() {
    let backend = Backend::new().await;
    let other = Backend::new().await;
    backend.opened().await;
    let (cursor, foreign) = (backend.cursor().await, other.cursor().await);
    let (epoch, place) = cursor.rsplit_once('-').unwrap();
    let next = place.parse::<u64>().unwrap() + 1;
    let asked = async |cursor: &str| -> Answer {
        backend
            .get(
                &backend.tokens.viewer,
                &format!("/v1/changes?since={cursor}"),
            )
            .await
    };
    for wrong in [
        "",
        "x",
        "-",
        "0",
        &foreign,
        &format!("{epoch}-{next}"),
        &format!("{epoch}-18446744073709551615"),
        &format!("{epoch}-99999999999999999999999"),
        &format!("{epoch}-01"),
        &format!("{epoch}--1"),
        &format!("{epoch}-"),
        &format!("{epoch}-1x"),
        &format!("{epoch}%2D1%00"),
        &format!("{epoch}-%EF%BC%91"),
    ] {
        let (word, _) = asked(wrong).await.problem(410);
        assert_eq!(word, "cursor_gone", "{wrong}");
    }
    let all = asked(&format!("{epoch}-0")).await.expect(200);
    assert_eq!(all["incidents"].as_array().unwrap().len(), 1);
    other.stop().await;
    backend.stop().await;
}

#[tokio::test]
async fn the_feed_tells_of_closed_ones_too() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let cursor = backend.cursor().await;
    backend
        .done(&id, &json!({"type": "dismiss", "reason": "no incident"}))
        .await;
    let path = format!("/v1/changes?since={cursor}");
    let news = backend.get(&backend.tokens.viewer, &path).await.expect(200);
    assert_eq!(news["incidents"][0]["ended"], "dismissed");
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_sees_the_last_state_of_everything() {
    const INCIDENTS: usize = 6;
    const WRITERS: usize = 8;
    const EACH: usize = 12;
    let backend = Arc::new(Backend::new().await);
    let mut all = Vec::new();
    for _ in 0..INCIDENTS {
        all.push(backend.opened().await);
    }
    let list = backend
        .get(&backend.tokens.viewer, "/v1/incidents")
        .await
        .expect(200);
    let mut known: BTreeMap<String, u64> = BTreeMap::new();
    take_in(&mut known, &list);
    let writers: Vec<_> = (0..WRITERS)
        .map(|w| {
            let (backend, all) = (backend.clone(), all.clone());
            tokio::spawn(async move {
                for n in 0..EACH {
                    backend.done(&all[(w + n * 5) % all.len()], &note()).await;
                }
            })
        })
        .collect();
    let total = u64::try_from(WRITERS * EACH + INCIDENTS).unwrap();
    let following = async {
        let mut cursor = list["cursor"].as_str().unwrap().to_owned();
        // Each command makes one version: the sum tells when everything was heard.
        while known.values().sum::<u64>() < total {
            let path = format!("/v1/changes?since={cursor}&wait=20");
            let news = backend.get(&backend.tokens.viewer, &path).await.expect(200);
            take_in(&mut known, &news);
            cursor = news["cursor"].as_str().unwrap().to_owned();
        }
    };
    soon("the last state of everything", following).await;
    for writer in writers {
        writer.await.unwrap();
    }
    for (id, version) in &known {
        assert_eq!(backend.incident(id).await["version"], *version);
    }
    Arc::into_inner(backend).unwrap().stop().await;
}

fn take_in(known: &mut BTreeMap<String, u64>, news: &Value) {
    for incident in news["incidents"].as_array().unwrap() {
        let version = incident["version"].as_u64().unwrap();
        let before = known.insert(incident["id"].as_str().unwrap().to_owned(), version);
        assert!(
            before.is_none_or(|before| before <= version),
            "went back: {incident}"
        );
    }
}
