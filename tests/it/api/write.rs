//! Writing: which version a command is meant for, and how it is made safe to send again.

use std::sync::Arc;

use serde_json::{Value, json};
use warboard::domain::word::Role;

use crate::backend::{Backend, Plan};
use crate::hook::Hook;

fn note(text: &str) -> Value {
    json!({"type": "note", "kind": "fact", "text": text})
}

#[tokio::test]
async fn a_command_is_meant_for_a_version() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let token = &backend.tokens.commander;
    let after = backend
        .order_at(token, &id, "\"1\"", &note("a"))
        .send()
        .await;
    assert_eq!(after.etag(), "\"2\"");
    assert_eq!(after.expect(200)["version"], 2);
    let late = backend
        .order_at(token, &id, "\"1\"", &note("b"))
        .send()
        .await;
    assert_eq!(late.etag(), "\"2\"");
    let (word, detail) = late.problem(412);
    assert_eq!(word, "precondition_failed");
    assert!(
        detail.contains("version 2") && detail.contains("commander"),
        "{detail}"
    );
    assert_eq!(late.json()["incident"], backend.incident(&id).await);
    for wrong in ["\"0\"", "\"3\"", "\"18446744073709551615\""] {
        backend
            .order_at(token, &id, wrong, &note("b"))
            .send()
            .await
            .problem(412);
    }
    backend
        .order_at(token, &id, "*", &note("c"))
        .send()
        .await
        .expect(200);
    let path = format!("/v1/incidents/{id}/commands");
    backend
        .ask("POST", &path)
        .token(token)
        .json(&note("d"))
        .send()
        .await
        .problem(428);
    assert_eq!(backend.incident(&id).await["version"], 3);
    backend.stop().await;
}

#[tokio::test]
async fn a_workers_progress_makes_no_confirmation_fail() {
    let hook = Hook::new(&[]).await;
    let backend = Plan::new()
        .routes("legal-affairs", vec![hook.route()])
        .start()
        .await;
    let id = backend.opened().await;
    let paged = backend
        .done(&id, &json!({"type": "page", "teams": ["legal-affairs"]}))
        .await;
    let seen = paged["version"].as_u64().unwrap();
    let accepted = backend
        .until(&id, |i| i["pages"][0]["state"] == "accepted")
        .await;
    assert!(accepted["version"].as_u64().unwrap() > seen);
    assert_eq!(accepted["persons_version"], seen);
    let if_match = format!("\"{seen}\"");
    let token = &backend.tokens.commander;
    backend
        .order_at(token, &id, &if_match, &note("a"))
        .send()
        .await
        .expect(200);
    backend
        .order_at(token, &id, &if_match, &note("b"))
        .send()
        .await
        .problem(412);
    backend.stop().await;
}

#[tokio::test]
async fn escalation_to_another_team_makes_no_confirmation_fail() {
    let (backend, clock) = Backend::still().await;
    let id = backend.opened().await;
    let paged = backend
        .done(&id, &json!({"type": "page", "teams": ["legal-affairs"]}))
        .await;
    let seen = format!("\"{}\"", paged["version"]);
    // No route leads to the team: it escalates to the command team, which a worker pages.
    let escalated = backend
        .until_at(&clock, &id, |i| i["pages"].as_array().unwrap().len() == 2)
        .await;
    assert_eq!(escalated["pages"][1]["team"], "incident-command");
    let token = &backend.tokens.commander;
    backend
        .order_at(token, &id, &seen, &note("a"))
        .send()
        .await
        .expect(200);
    backend.stop().await;
}

#[tokio::test]
async fn the_same_key_gets_the_same_answer_again() {
    let backend = Backend::new().await;
    let token = &backend.tokens.commander;
    let open = json!({"service": "azure", "title": "once"});
    let ask = backend
        .ask("POST", "/v1/incidents")
        .token(token)
        .header("idempotency-key", "k-1")
        .json(&open);
    let (first, again) = (ask.send().await, ask.send().await);
    first.expect(201);
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.header("etag"), first.header("etag"));
    assert_eq!(first.header("idempotency-replayed"), None);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let id = first.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(
        first.header("location"),
        Some(format!("/v1/incidents/{id}").as_str())
    );
    // Looked at before the version: what was answered is answered again though the incident moved on.
    let order = backend
        .order_at(token, &id, "\"1\"", &note("a"))
        .header("idempotency-key", "k-2");
    let first = order.send().await;
    first.expect(200);
    backend.done(&id, &note("b")).await;
    let again = order.send().await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    let path = format!("/v1/incidents/{id}/commands");
    let bare = backend.ask("POST", &path).token(token).json(&note("a"));
    let again = bare.header("idempotency-key", "k-2").send().await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(backend.incident(&id).await["version"], 3);
    backend.stop().await;
}

#[tokio::test]
async fn a_key_belongs_to_one_request_of_one_token() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let token = &backend.tokens.commander;
    let keyed = |token: &str, body: &Value| {
        backend
            .order(token, &id, body)
            .header("idempotency-key", "k")
    };
    keyed(token, &note("a")).send().await.expect(200);
    let (word, _) = keyed(token, &note("b")).send().await.problem(422);
    assert_eq!(word, "idempotency_key_reused");
    let other = backend.opened().await;
    let elsewhere = backend
        .order(token, &other, &note("a"))
        .header("idempotency-key", "k");
    elsewhere.send().await.problem(422);
    // Another token's key is another key.
    let after = keyed(&backend.tokens.responder, &note("a"))
        .send()
        .await
        .expect(200);
    assert_eq!(after["version"], 3);
    for key in ["", &"k".repeat(256)] {
        let ask = backend
            .order(token, &id, &note("a"))
            .header("idempotency-key", key);
        ask.send().await.problem(422);
    }
    backend.stop().await;
}

#[tokio::test]
async fn what_was_refused_is_not_remembered() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let token = &backend.tokens.commander;
    let reopen = backend
        .order(
            token,
            &id,
            &json!({"type": "reopen", "reason": "new facts"}),
        )
        .header("idempotency-key", "k");
    reopen.send().await.problem(422);
    backend
        .done(&id, &json!({"type": "dismiss", "reason": "no incident"}))
        .await;
    reopen.send().await.expect(200);
    let late = backend
        .order_at(token, &id, "\"1\"", &note("a"))
        .header("idempotency-key", "l");
    late.send().await.problem(412);
    let fresh = backend
        .order_at(token, &id, "*", &note("a"))
        .header("idempotency-key", "l");
    fresh.send().await.expect(200);
    backend.stop().await;
}

#[tokio::test]
async fn a_key_is_remembered_over_a_restart_and_for_thirty_days() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("warboard.db");
    let clock = warboard::time::TestClock::default();
    let backend = Plan::new().at(&path).clock(&clock).start().await;
    let token = backend
        .issue_as("importer", Role::Commander, |request| {
            request.expires_at += chrono::TimeDelta::days(270);
        })
        .await;
    let open = json!({"service": "azure", "title": "once"});
    let post = |backend: &Backend| {
        backend
            .ask("POST", "/v1/incidents")
            .token(&token)
            .header("idempotency-key", "k")
            .json(&open)
    };
    let first = post(&backend).send().await;
    first.expect(201);
    backend.stop().await;
    clock.advance(29 * 86_400_000);
    let backend = Plan::new().at(&path).clock(&clock).start().await;
    assert_eq!(post(&backend).send().await.body, first.body);
    clock.advance(2 * 86_400_000);
    let fresh = post(&backend).send().await.expect(201);
    assert_ne!(fresh["id"], first.json()["id"]);
    backend.stop().await;
}

#[tokio::test]
async fn an_upstream_key_opens_one_incident() {
    let backend = Backend::new().await;
    let open = |connector: &str| json!({"service": "azure", "title": "t", "upstream": {"connector": connector, "key": "7"}});
    let post = |body: Value| {
        backend
            .ask("POST", "/v1/incidents")
            .token(&backend.tokens.commander)
            .json(&body)
    };
    let first = post(open("veris")).send().await.expect(201);
    let again = post(open("veris")).send().await;
    assert_eq!(again.expect(200)["id"], first["id"]);
    assert!(again.header("location").is_some());
    assert_ne!(
        post(open("other")).send().await.expect(201)["id"],
        first["id"]
    );
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_clients_one_wins_each_version() {
    const CLIENTS: usize = 20;
    const ROUNDS: u64 = 6;
    let backend = Arc::new(Backend::new().await);
    let id = backend.opened().await;
    for version in 1..=ROUNDS {
        let asking: Vec<_> = (0..CLIENTS)
            .map(|n| {
                let if_match = format!("\"{version}\"");
                let body = note(&format!("client {n}"));
                let ask = backend.order_at(&backend.tokens.responder, &id, &if_match, &body);
                tokio::spawn(async move { ask.send().await })
            })
            .collect();
        let mut won = Vec::new();
        for answer in asking {
            let answer = answer.await.unwrap();
            match answer.status {
                200 => won.push(answer.json()["version"].as_u64().unwrap()),
                _ => {
                    let body = answer.expect(412);
                    assert_eq!(body["incident"]["version"], version + 1);
                }
            }
        }
        assert_eq!(won, [version + 1]);
    }
    assert_eq!(
        backend.timeline(&id).await.len(),
        1 + usize::try_from(ROUNDS).unwrap()
    );
    Arc::into_inner(backend).unwrap().stop().await;
}
