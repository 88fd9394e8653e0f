//! Doors: a token that speaks for people gives each their own name and rights, never more than it has, and nobody else may.

use serde_json::{Value, json};
use warboard::domain::word::{Role, Tlp};

use crate::backend::Backend;
use crate::http::Ask;

const FOR: &str = "x-warboard-on-behalf-of";

async fn door(backend: &Backend) -> String {
    let door = backend.issue_as("bastion", Role::Commander, |request| {
        request.door = true;
        request.clearance = Some(Tlp::AmberStrict);
    });
    door.await
}

fn note(text: &str) -> Value {
    json!({"type": "note", "kind": "fact", "text": text})
}

fn order(backend: &Backend, door: &str, person: &str, id: &str, body: &Value) -> Ask {
    backend.order(door, id, body).header(FOR, person)
}

#[tokio::test]
async fn what_is_done_through_a_door_has_the_persons_name_and_the_door() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let door = door(&backend).await;
    let who = "person=j.müller,role=responder";
    let done = order(&backend, &door, who, &id, &note("seen")).send().await;
    assert_eq!(done.status, 200, "{}", done.text());
    let timeline = backend.timeline(&id).await;
    let last = timeline.last().unwrap();
    assert_eq!(
        (&last["by"], &last["via"]),
        (&json!("j.müller"), &json!("ssh"))
    );
    let info = backend.ask("GET", "/v1/info").token(&door).header(FOR, who);
    let info = info.send().await.expect(200);
    assert_eq!(info["you"]["name"], "j.müller");
    assert_eq!(info["you"]["role"], "responder");
    let beyond = json!({"type": "advance", "to": "containment_eradication_and_recovery"});
    let refused = order(&backend, &door, who, &id, &beyond).send().await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    backend.stop().await;
}

#[tokio::test]
async fn nobody_gets_more_than_the_door_has_and_nobody_else_speaks_for_others() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let door = door(&backend).await;
    let ask = || backend.ask("GET", "/v1/incidents").token(&door);
    for said in [
        "person=a,role=admin,clearance=amber",
        "person=a,role=commander,clearance=red",
        "person=a,role=viewer,counsel",
        "person=a,role=chief",
        "nonsense",
        "",
    ] {
        let refused = ask().header(FOR, said).send().await;
        assert_eq!(refused.status, 403, "{said}: {}", refused.text());
    }
    assert_eq!(ask().send().await.status, 403, "a door is nobody itself");
    let twice = ask()
        .header(FOR, "person=a,role=viewer")
        .header(FOR, "person=b,role=viewer");
    assert_eq!(twice.send().await.status, 403);
    for token in [&backend.tokens.viewer, &backend.tokens.admin] {
        let plain = backend.ask("GET", "/v1/incidents").token(token);
        let refused = plain.header(FOR, "person=a,role=viewer").send().await;
        assert_eq!(refused.status, 403, "{}", refused.text());
    }
    let nameless = "role=commander,clearance=amber";
    let read = ask().header(FOR, nameless).send().await;
    assert_eq!(read.status, 200, "an audience may read");
    let refused = order(&backend, &door, nameless, &id, &note("x"))
        .send()
        .await;
    assert_eq!(refused.status, 403, "and do nothing");
    backend.stop().await;
}

#[tokio::test]
async fn two_people_at_one_door_have_keys_of_their_own() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let door = door(&backend).await;
    for person in ["person=a,role=responder", "person=b,role=responder"] {
        let ask =
            order(&backend, &door, person, &id, &note("same")).header("idempotency-key", "one");
        let done = ask.clone().send().await;
        assert_eq!(
            (done.status, done.header("idempotency-replayed")),
            (200, None)
        );
        let again = ask.send().await;
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
    }
    let by: Vec<Value> = backend
        .timeline(&id)
        .await
        .iter()
        .map(|e| e["by"].clone())
        .collect();
    assert_eq!(by[by.len() - 2..], [json!("a"), json!("b")]);
    backend.stop().await;
}

#[tokio::test]
async fn a_door_tells_who_is_there_and_it_is_forgotten_after_a_minute() {
    let (backend, clock) = Backend::still().await;
    let door = door(&backend).await;
    let report = |people: Value| {
        let put = backend.ask("PUT", "/v1/who").token(&door);
        put.json(&json!({ "people": people }))
    };
    let person = json!({"person": "d.okafor", "role": "commander", "connected_at": "2026-11-23T14:00:00Z",
        "address": "192.0.2.7", "key": "SHA256:abc"});
    assert_eq!(report(json!([person])).send().await.status, 204);
    let who = async |token: &str| backend.get(token, "/v1/who").await.expect(200);
    let seen = who(&backend.tokens.viewer).await;
    assert_eq!(
        seen,
        json!({"people": [{"person": "d.okafor", "role": "commander", "team": null, "via": "ssh",
            "door": "bastion", "connected_at": "2026-11-23T14:00:00Z"}]})
    );
    let seen = who(&backend.tokens.admin).await;
    assert_eq!(seen["people"][0]["address"], "192.0.2.7");
    assert_eq!(seen["people"][0]["key"], "SHA256:abc");
    clock.advance(59_000);
    assert_eq!(
        who(&backend.tokens.viewer).await["people"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    clock.advance(1_000);
    assert_eq!(who(&backend.tokens.viewer).await, json!({"people": []}));
    assert_eq!(report(json!([person])).send().await.status, 204);
    assert_eq!(report(json!([])).send().await.status, 204);
    assert_eq!(who(&backend.tokens.viewer).await, json!({"people": []}));
    let unknown = report(
        json!([{"person": "a", "role": "viewer", "connected_at": "2026-11-23T14:00:00Z", "x": 1}]),
    );
    assert_eq!(unknown.send().await.status, 422);
    let no_door = backend.ask("PUT", "/v1/who").token(&backend.tokens.admin);
    assert_eq!(
        no_door.json(&json!({"people": []})).send().await.status,
        403
    );
    backend.stop_at(&clock).await;
}
