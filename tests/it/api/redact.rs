//! Redaction over the API: counsel's alone, gone from everything anybody can ask, told by whom and why.

use serde_json::{Value, json};

use crate::backend::{Backend, Plan, report};
use crate::http::Answer;

const NEEDLE: &str = "Contoso";

async fn redact(backend: &Backend, token: &str, id: &str, entry: u64) -> Answer {
    let body = json!({"type": "redact", "entry": entry, "reason": "names a customer"});
    backend.order(token, id, &body).send().await
}

fn entry_of(timeline: &[Value], kind: &str) -> u64 {
    let entry = timeline.iter().find(|entry| entry["kind"] == kind).unwrap();
    entry["seq"].as_u64().unwrap()
}

#[tokio::test]
async fn a_redacted_text_is_nowhere_any_more_and_the_timeline_says_by_whom_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("warboard.db");
    let backend = Plan::new().at(&path).start().await;
    let opened = backend
        .open(&json!({"service": "azure", "title": format!("{NEEDLE} is hit"), "summary": format!("{NEEDLE} called")}))
        .await;
    let id = opened["id"].as_str().unwrap().to_owned();
    backend
        .done(
            &id,
            &json!({"type": "note", "kind": "fact", "text": format!("{NEEDLE} again")}),
        )
        .await;
    backend
        .done(&id, &json!({"type": "page", "teams": ["incident-command"], "message": format!("{NEEDLE} waits")}))
        .await;
    let timeline = backend.timeline(&id).await;
    let counsel = backend.tokens.counsel.clone();
    for kind in ["opened", "noted", "page_queued"] {
        let answer = redact(&backend, &counsel, &id, entry_of(&timeline, kind)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let after = backend.timeline(&id).await;
    let incident = backend.incident(&id).await;
    assert_eq!(incident["title"], "[redacted]");
    assert_eq!(incident["summary"], "[redacted]");
    assert_eq!(incident["pages"][0]["message"], "[redacted]");
    for seen in [&incident, &json!(after)] {
        assert!(!seen.to_string().contains(NEEDLE), "{seen}");
        assert!(
            !seen.to_string().contains("sha256"),
            "hashes are the chain's"
        );
    }
    let noted = after.iter().find(|entry| entry["kind"] == "noted").unwrap();
    assert_eq!(
        noted["line"],
        "fact noted, redacted by counsel: names a customer"
    );
    assert_eq!(noted["redacted"]["by"], "counsel");
    assert_eq!(noted["body"]["text"], "[redacted]");
    let told = after.iter().filter(|entry| entry["kind"] == "redacted");
    assert_eq!(told.count(), 3);
    let found = report(&path, &[]).await;
    assert!(found.is_sound(), "{:?}", found.faults);
    assert_eq!(found.redactions.len(), 3);
    // It goes on as before.
    backend
        .done(&id, &json!({"type": "set", "title": "a customer is hit"}))
        .await;
    assert_eq!(backend.incident(&id).await["title"], "a customer is hit");
    assert!(report(&path, &[]).await.is_sound());
    backend.stop().await;
}

#[tokio::test]
async fn only_counsel_redacts_and_only_what_is_there() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    for token in [
        &backend.tokens.responder,
        &backend.tokens.commander,
        &backend.tokens.admin,
    ] {
        assert_eq!(redact(&backend, token, &id, 1).await.status, 403);
    }
    let counsel = backend.tokens.counsel.clone();
    let other = backend.opened().await;
    for (entry, words) in [(2, "no entry 2"), (99, "no entry 99")] {
        let (_, detail) = redact(&backend, &counsel, &id, entry).await.problem(422);
        assert!(detail.contains(words), "{detail}");
    }
    assert_eq!(redact(&backend, &counsel, "AZ-99", 1).await.status, 404);
    assert_eq!(redact(&backend, &counsel, &other, 2).await.status, 200);
    let (_, detail) = redact(&backend, &counsel, &other, 2).await.problem(422);
    assert!(detail.contains("already"), "{detail}");
    let body = json!({"type": "redact", "entry": 1, "reason": ""});
    assert_eq!(backend.order(&counsel, &id, &body).send().await.status, 422);
    let assigned = json!({"type": "assign", "role": "scribe", "person": "a.scribe"});
    backend.done(&id, &assigned).await;
    let last = entry_of(&backend.timeline(&id).await, "assigned");
    let (_, detail) = redact(&backend, &counsel, &id, last).await.problem(422);
    assert!(detail.contains("no text"), "{detail}");
    backend.stop().await;
}

#[tokio::test]
async fn a_command_sent_again_after_a_redaction_is_told_as_it_stands_and_not_done_twice() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    // Nobody is asked in this team's place.
    let page = json!({"type": "page", "teams": ["incident-command"], "message": NEEDLE});
    let send = async || {
        let ask = backend.order(&backend.tokens.commander, &id, &page);
        ask.header("idempotency-key", "one").send().await
    };
    let first = send().await;
    assert_eq!(first.status, 200);
    backend
        .done(
            &id,
            &json!({"type": "note", "kind": "fact", "text": NEEDLE}),
        )
        .await;
    let noted = entry_of(&backend.timeline(&id).await, "noted");
    let counsel = backend.tokens.counsel.clone();
    assert_eq!(redact(&backend, &counsel, &id, noted).await.status, 200);
    let again = send().await;
    assert_eq!(again.status, 200);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.json()["pages"].as_array().unwrap().len(), 1);
    assert!(again.json()["version"].as_u64() > first.json()["version"].as_u64());
    backend.stop().await;
}

#[tokio::test]
async fn info_tells_where_the_record_ends_and_the_next_entry_moves_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("warboard.db");
    let backend = Plan::new().at(&path).start().await;
    let head = async || {
        let info = backend.get(&backend.tokens.admin, "/v1/info").await;
        info.expect(200)["head"].clone()
    };
    assert_eq!(head().await["seq"], 0);
    backend.opened().await;
    let first = head().await;
    assert_eq!(first["seq"], 1);
    let noted = format!("1:{}", first["hash"].as_str().unwrap());
    backend.opened().await;
    assert_eq!(head().await["seq"], 2);
    let found = report(&path, &[noted.parse().unwrap()]).await;
    assert!(found.is_sound(), "{:?}", found.faults);
    backend.stop().await;
}
