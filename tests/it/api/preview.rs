//! A preview over a socket: what the command would do, refused as the command is, masked as every view is, and nothing
//! of it on record.

use serde_json::{Value, json};
use warboard::domain::word::{Role, Tlp};

use crate::backend::{Backend, Plan};
use crate::hook::Hook;
use crate::http::{Answer, Ask};

fn preview(backend: &Backend, token: &str, id: &str, command: &Value) -> Ask {
    let path = format!("/v1/incidents/{id}/preview");
    backend.ask("POST", &path).token(token).json(command)
}

async fn seen(backend: &Backend, id: &str, command: &Value) -> Value {
    let token = &backend.tokens.commander;
    let answer = preview(backend, token, id, command).send().await;
    answer.expect(200)
}

fn duty<'a>(duties: &'a Value, id: &str) -> &'a Value {
    let all = duties.as_array().unwrap();
    all.iter().find(|duty| duty["id"] == id).unwrap()
}

#[tokio::test]
async fn a_declaration_is_previewed_with_the_very_instants_that_it_then_sets() {
    let (backend, _clock) = Backend::still().await;
    let id = backend.opened().await;
    let declare = json!({"type": "declare"});
    let told = seen(&backend, &id, &declare).await;
    let before = duty(&told["before"], "ms-72h/customer");
    assert_eq!(
        (&before["status"], &before["due_at"]),
        (&json!("waiting"), &Value::Null)
    );
    let after = duty(&told["after"], "ms-72h/customer");
    assert_eq!(after["status"], "running");
    assert_eq!(told["unmet"], json!([]));
    assert_eq!(backend.incident(&id).await["duties"], told["before"]);
    let done = backend.done(&id, &declare).await;
    assert_eq!(done["duties"], told["after"]);
    backend.stop().await;
}

#[tokio::test]
async fn nothing_is_stored_and_nobody_is_paged() {
    let mut hook = Hook::new(&[]).await;
    let backend = Plan::new()
        .routes("threat-intelligence", vec![hook.route()])
        .start()
        .await;
    let id = backend.opened().await;
    let (cursor, incident) = (backend.cursor().await, backend.incident(&id).await);
    let entries = backend.timeline(&id).await;
    let page = json!({"type": "page", "teams": ["threat-intelligence"]});
    for command in [
        page.clone(),
        json!({"type": "declare", "reason": "customer data seen"}),
        json!({"type": "advance", "to": "containment_eradication_and_recovery"}),
        json!({"type": "set", "regimes": ["gdpr-33"]}),
    ] {
        seen(&backend, &id, &command).await;
    }
    assert_eq!(backend.cursor().await, cursor);
    assert_eq!(backend.incident(&id).await, incident);
    assert_eq!(backend.timeline(&id).await, entries);
    assert!(hook.is_empty());
    // The first page that goes out is the one that was sent: the preview left none in the outbox before it.
    backend.done(&id, &page).await;
    backend
        .until(&id, |now| now["pages"][0]["accepted_at"].is_string())
        .await;
    hook.letter().await;
    assert!(hook.is_empty());
    assert_eq!(
        backend.incident(&id).await["pages"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    backend.stop().await;
}

#[tokio::test]
async fn soft_gates_passed_unmet_are_told() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let forward = json!({"type": "advance", "to": "containment_eradication_and_recovery"});
    let told = seen(&backend, &id, &forward).await;
    let done = backend.done(&id, &forward).await;
    assert_eq!(told["unmet"], done["unmet"]);
    assert_ne!(told["unmet"], json!([]));
    backend.stop().await;
}

#[tokio::test]
async fn it_is_refused_as_the_command_is() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let other = backend
        .issue_as("other", Role::Commander, |request| {
            request.services = vec!["dynamics-365".to_owned()];
        })
        .await;
    let declare = json!({"type": "declare"});
    let tokens = &backend.tokens;
    let same = |told: &Answer, done: &Answer, what: &str| {
        assert_eq!(told.status, done.status, "{what}");
        assert_eq!(told.json(), done.json(), "{what}");
        assert!(told.status >= 400, "{what}");
    };
    for (token, id, command) in [
        (&tokens.viewer, id.as_str(), declare.clone()),
        (&tokens.responder, &id, declare.clone()),
        (&other, &id, declare.clone()),
        (&tokens.commander, "AZ-999", declare.clone()),
        (&tokens.commander, &id, json!({"type": "undo"})),
        (
            &tokens.commander,
            &id,
            json!({"type": "close", "reason": "done"}),
        ),
        (
            &tokens.commander,
            &id,
            json!({"type": "submit", "duties": ["ms-72h/nobody"], "at": "2026-11-02T00:00:00Z", "channel": "x", "kind": "initial"}),
        ),
        (
            &tokens.commander,
            &id,
            json!({"type": "declare", "colour": "red"}),
        ),
        (&tokens.commander, &id, json!({"type": "nothing"})),
    ] {
        let told = preview(&backend, token, id, &command).send().await;
        let done = backend.order(token, id, &command).send().await;
        same(&told, &done, &format!("{id} {command}"));
    }
    let path = format!("/v1/incidents/{id}/preview");
    let nobody = backend.ask("POST", &path).json(&declare).send().await;
    nobody.problem(401);
    let raw = |kind: &str, body: Vec<u8>| {
        let ask = backend.ask("POST", &path).token(&tokens.commander);
        ask.raw(kind, body)
    };
    raw("text/plain", b"{}".to_vec()).send().await.problem(415);
    raw("application/json", b"{".to_vec())
        .send()
        .await
        .problem(400);
    raw("application/json", vec![b' '; (1 << 20) + 1])
        .send()
        .await
        .problem(413);
    backend.stop().await;
}

#[tokio::test]
async fn what_a_clearance_hides_is_hidden_in_a_preview() {
    let backend = Backend::new().await;
    let id = backend
        .open(&json!({"service": "azure", "title": "t", "tlp": "red",
            "profile": {"subjects": {"ms-72h": ["canary"]}}}))
        .await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let decider = json!({"type": "assign", "role": "decider", "person": "canary", "duty": "ms-72h/customer@canary"});
    backend.done(&id, &decider).await;
    let declare = json!({"type": "declare"});
    let high = seen(&backend, &id, &declare).await.to_string();
    assert!(high.matches("canary").count() > 3, "{high}");
    let low = backend
        .issue_as("low", Role::Commander, |request| {
            request.clearance = Some(Tlp::Amber);
        })
        .await;
    let told = preview(&backend, &low, &id, &declare).send().await;
    let body = told.expect(200);
    assert!(!told.text().contains("canary"), "{}", told.text());
    assert_eq!(
        duty(&body["after"], "ms-72h/customer@hidden-1")["status"],
        "running"
    );
    backend.stop().await;
}
