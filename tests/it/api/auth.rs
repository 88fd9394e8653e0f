//! Tokens: 401 and 403 say nothing of what exists, a revocation bites, a restricted token sees its services only.

use serde_json::json;
use warboard::domain::word::Role;
use warboard::store::Store as _;

use crate::backend::{Backend, Plan};
use crate::http::Ask;

/// Everything that needs a token, with whether it writes.
fn guarded(backend: &Backend, id: &str) -> Vec<(Ask, bool)> {
    let read = |path: String| (backend.ask("GET", &path), false);
    let write = |path: String, body| (backend.ask("POST", &path).json(&body), true);
    vec![
        read("/v1/info".into()),
        read("/v1/teams".into()),
        read("/v1/regimes".into()),
        read("/v1/who".into()),
        read("/v1/incidents".into()),
        read("/v1/changes?since=x".into()),
        read(format!("/v1/incidents/{id}")),
        read(format!("/v1/incidents/{id}/timeline")),
        write(
            "/v1/incidents".into(),
            json!({"service": "azure", "title": "t"}),
        ),
        write(
            format!("/v1/incidents/{id}/commands"),
            json!({"type": "note", "kind": "fact", "text": "t"}),
        ),
    ]
}

#[tokio::test]
async fn without_a_valid_token_everything_is_401_and_says_the_same() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let good = &backend.tokens.commander;
    let mut wrong = good.clone();
    let last = if wrong.ends_with('A') { "B" } else { "A" };
    wrong.replace_range(wrong.len() - 1.., last);
    let unknown = format!("wb_0123456789ab_{}", "A".repeat(43));
    let mut bodies = Vec::new();
    for id in [id.as_str(), "AZ-999"] {
        for (ask, _) in guarded(&backend, id) {
            for ask in [
                ask.clone(),
                ask.clone().token(&wrong),
                ask.clone().token(&unknown),
                ask.clone().token("wb_x"),
                ask.clone()
                    .header("authorization", &format!("Basic {good}")),
                ask.clone().token(good).token(good),
            ] {
                let answer = ask.send().await;
                assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
                answer.problem(401);
                bodies.push(answer.body);
            }
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    backend.stop().await;
}

#[tokio::test]
async fn a_weak_token_is_403_whatever_there_is() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let viewer = &backend.tokens.viewer;
    let mut bodies = Vec::new();
    for id in [id.as_str(), "AZ-999"] {
        for (ask, writes) in guarded(&backend, id) {
            let status = ask.clone().token(viewer).send().await.status;
            assert_eq!(writes, status == 403, "{status}");
        }
        // Malformed, unversioned, of the wrong kind: a display is refused before any of it is read.
        let path = format!("/v1/incidents/{id}/commands");
        for ask in [
            backend
                .ask("POST", &path)
                .token(viewer)
                .raw("application/json", "{"),
            backend
                .ask("POST", &path)
                .token(viewer)
                .raw("text/plain", "x"),
            backend.order_at(viewer, id, "nonsense", &json!({})),
        ] {
            let answer = ask.send().await;
            answer.problem(403);
            bodies.push(answer.body);
        }
        for kind in ["advance", "declare", "close", "undo"] {
            let body = json!({"type": kind, "to": "post_incident_activity", "reason": "r"});
            let body = match kind {
                "advance" => body,
                "undo" => json!({"type": kind}),
                _ => json!({"type": kind, "reason": "r"}),
            };
            let order = backend.order(&backend.tokens.responder, id, &body);
            order.send().await.problem(403);
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    backend.stop().await;
}

#[tokio::test]
async fn a_revoked_token_is_refused_within_a_second_and_a_held_request_too() {
    let (backend, clock) = Backend::still().await;
    let token = backend.issue("soon-gone", Role::Viewer).await;
    backend.get(&token, "/v1/info").await.expect(200);
    let cursor = backend.cursor().await;
    let held = backend
        .ask("GET", &format!("/v1/changes?since={cursor}&wait=60"))
        .token(&token);
    let held = tokio::spawn(async move { held.send().await });
    let now = warboard::time::Clock::now(&clock);
    assert!(backend.store.revoke_token("soon-gone", now).await.unwrap());
    clock.advance(1_000);
    backend.get(&token, "/v1/info").await.problem(401);
    // Whoever is held open is told as well, within the next look.
    let told = async {
        let mut held = held;
        loop {
            tokio::select! {
                answer = &mut held => return answer.unwrap(),
                () = tokio::task::yield_now() => clock.advance(10),
            }
        }
    };
    crate::http::soon("the end of the held request", told)
        .await
        .problem(401);
    backend.stop().await;
}

#[tokio::test]
async fn a_token_ends_at_its_instant() {
    let (backend, clock) = Backend::still().await;
    let token = backend
        .issue_as("short", Role::Viewer, |request| {
            request.expires_at =
                warboard::time::Clock::now(&clock) + chrono::TimeDelta::seconds(60);
        })
        .await;
    clock.advance(59_999);
    backend.get(&token, "/v1/info").await.expect(200);
    clock.advance(1);
    backend.get(&token, "/v1/info").await.problem(401);
    backend.stop().await;
}

#[tokio::test]
async fn of_other_services_a_token_sees_nothing() {
    let backend = Plan::new().start().await;
    let other = backend
        .open(&json!({"service": "dynamics-365", "title": "theirs"}))
        .await;
    let other = other["id"].as_str().unwrap();
    let cursor = backend.cursor().await;
    let token = backend
        .issue_as("azure-only", Role::Commander, |request| {
            request.services = vec!["azure".to_owned()];
        })
        .await;
    let own = backend.opened().await;
    backend
        .done(other, &json!({"type": "note", "kind": "fact", "text": "t"}))
        .await;
    let list = backend
        .get(&token, "/v1/incidents?open=all")
        .await
        .expect(200);
    let ids: Vec<_> = list["incidents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| &i["id"])
        .collect();
    assert_eq!(ids, [&json!(own)]);
    let news = backend
        .get(&token, &format!("/v1/changes?since={cursor}"))
        .await
        .expect(200);
    assert_eq!(news["incidents"].as_array().unwrap().len(), 1);
    assert!(
        news.get("gone").is_none(),
        "what never was theirs is not gone: {news}"
    );
    let there = backend.get(&token, &format!("/v1/incidents/{other}")).await;
    let nowhere = backend.get(&token, "/v1/incidents/DYN-999").await;
    assert_eq!(there.body, nowhere.body);
    there.problem(404);
    backend
        .get(&token, &format!("/v1/incidents/{other}/timeline"))
        .await
        .problem(404);
    backend
        .order(
            &token,
            other,
            &json!({"type": "note", "kind": "fact", "text": "t"}),
        )
        .send()
        .await
        .problem(404);
    let ask = backend.ask("POST", "/v1/incidents").token(&token);
    let (_, detail) = ask
        .json(&json!({"service": "dynamics-365", "title": "t"}))
        .send()
        .await
        .problem(422);
    assert!(!detail.contains("microsoft-365"), "{detail}");
    let info = backend.get(&token, "/v1/info").await.expect(200);
    assert_eq!(info["services"].as_array().unwrap().len(), 1);
    backend.stop().await;
}
