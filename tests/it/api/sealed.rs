//! What is shut stays shut: glass that is broken opens no list, an answer that was remembered says no more than one may read
//! now, and a key of another system tells nobody what is on record.

use serde_json::{Value, json};
use warboard::domain::word::Role;

use crate::backend::Backend;
use crate::http::Answer;

const CANARY: &str = "canary";

#[tokio::test]
async fn whoever_broke_the_glass_can_neither_take_over_the_list_nor_lift_it() {
    let backend = Backend::new().await;
    let listed = backend.issue("listed", Role::Commander).await;
    let id = backend.opened().await;
    let order = json!({"type": "restrict", "people": ["listed"]});
    backend.done(&id, &order).await;
    let admin = backend.tokens.admin.clone();
    let glass = json!({"type": "break_glass", "reason": "nobody answers"});
    backend.order(&admin, &id, &glass).send().await.expect(200);
    for people in [json!(["admin"]), json!(null), json!([])] {
        let order = json!({"type": "restrict", "people": people});
        let answer = backend.order(&admin, &id, &order).send().await;
        let (_, detail) = answer.problem(403);
        assert!(detail.contains("commander, listed"), "{detail}");
    }
    // On the list, an admin is like anybody there; and the list is what holds.
    let path = format!("/v1/incidents/{id}");
    let order = json!({"type": "restrict", "people": ["admin", "listed"]});
    backend.done(&id, &order).await;
    let order = json!({"type": "restrict", "people": ["listed"]});
    backend.order(&admin, &id, &order).send().await.expect(200);
    backend
        .get(&backend.tokens.commander, &path)
        .await
        .problem(404);
    backend.get(&listed, &path).await.expect(200);
    backend.stop().await;
}

#[tokio::test]
async fn a_remembered_answer_says_no_more_than_its_asker_may_read_now() {
    let backend = Backend::new().await;
    let low = backend.tokens.responder.clone();
    let open = json!({"service": "azure", "title": "canary title"});
    let ask = backend.ask("POST", "/v1/incidents").token(&low).json(&open);
    let opening = ask.header("idempotency-key", "open");
    let first = opening.send().await;
    let id = first.expect(201)["id"].as_str().unwrap().to_owned();
    let note = json!({"type": "note", "kind": "fact", "text": "seen"});
    let noting = backend
        .order(&low, &id, &note)
        .header("idempotency-key", "note");
    let noted = noting.send().await;
    assert!(noted.text().contains(CANARY));
    // Nothing that they may not read: the same again.
    let same = |again: &Answer, first: &Answer| {
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
    };
    same(&opening.send().await, &first);
    same(&noting.send().await, &noted);
    backend
        .done(&id, &json!({"type": "set", "tlp": "red"}))
        .await;
    for (again, status) in [(opening.send().await, 201), (noting.send().await, 200)] {
        let now = again.expect(status);
        assert!(!again.text().contains(CANARY), "{now}");
        assert_eq!((&now["id"], &now["title"]), (&json!(id), &Value::Null));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
    }
    let order = json!({"type": "restrict", "people": ["x"]});
    backend.done(&id, &order).await;
    opening.send().await.problem(404);
    noting.send().await.problem(404);
    // Nothing was done twice.
    let timeline = backend.timeline(&id).await;
    let notes = timeline.iter().filter(|entry| entry["kind"] == "noted");
    assert_eq!(notes.count(), 1);
    backend.stop().await;
}

#[tokio::test]
async fn an_upstream_key_tells_nobody_what_they_may_not_read() {
    let backend = Backend::new().await;
    let service = "microsoft-365";
    let foreign = backend
        .issue_as("foreign", Role::Commander, |request| {
            request.services = vec![service.to_owned()];
        })
        .await;
    let low = backend
        .issue_as("low", Role::Commander, |request| {
            request.clearance = Some(warboard::domain::word::Tlp::Green);
        })
        .await;
    let open = |service: &str, key: &str| json!({"service": service, "title": "t", "upstream": {"connector": "other", "key": key}});
    let post = async |token: &str, body: &Value| {
        let ask = backend.ask("POST", "/v1/incidents").token(token);
        ask.json(body).send().await
    };
    for key in ["there", "restricted"] {
        backend.open(&open("azure", key)).await;
    }
    let order = json!({"type": "restrict", "people": ["x"]});
    backend.done("AZ-2", &order).await;
    // Whoever does not import learns nothing, whatever the key.
    let responder = backend.tokens.responder.clone();
    let mut told = Vec::new();
    for key in ["there", "restricted", "new"] {
        let answer = post(&responder, &open("azure", key)).await;
        told.push(answer.problem(403));
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    // Of an importer it cannot be kept that a key is taken; why they may not read it is.
    let mut told = Vec::new();
    for (token, service, key) in [
        (&backend.tokens.admin, "azure", "restricted"),
        (&foreign, service, "there"),
        (&low, "azure", "there"),
    ] {
        let answer = post(token, &open(service, key)).await;
        assert!(!answer.text().contains("AZ-"), "{}", answer.text());
        told.push(answer.problem(422));
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    let again = post(&backend.tokens.admin, &open("azure", "there")).await;
    assert_eq!(again.expect(200)["id"], "AZ-1");
    backend.stop().await;
}
