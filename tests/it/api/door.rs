//! What doors tell a backend and ask it besides: logins for the record, and whom they have to ask for by name.

use serde_json::{Value, json};
use warboard::domain::word::Role;

use crate::backend::Backend;

pub async fn door(backend: &Backend, services: &[&str]) -> String {
    let name = format!("door-{}", services.join("-"));
    let issued = backend.issue_as(&name, Role::Commander, |request| {
        request.door = true;
        request.services = services.iter().map(|one| (*one).to_owned()).collect();
    });
    issued.await
}

fn login(person: &str) -> Value {
    json!({"outcome": "logged_in", "person": person, "key": "SHA256:abc", "address": "192.0.2.7", "reason": null,
        "at": "2026-11-23T14:00:00Z", "last_at": "2026-11-23T14:00:00Z", "count": 1})
}

#[tokio::test]
async fn logins_are_written_once_by_doors_alone_and_move_no_feed() {
    let backend = Backend::new().await;
    let token = door(&backend, &[]).await;
    let id = backend.opened().await;
    let before = backend.cursor().await;
    let tell = |token: &str, key: &str, logins: Value| {
        let ask = backend.ask("POST", "/v1/logins").token(token);
        let ask = ask.json(&json!({ "logins": logins }));
        match key {
            "" => ask,
            key => ask.header("idempotency-key", key),
        }
    };
    let two = json!([login("a"), login("b")]);
    for _ in 0..2 {
        assert_eq!(tell(&token, "one", two.clone()).send().await.status, 204);
    }
    let other = tell(&token, "one", json!([login("c")])).send().await;
    assert_eq!(other.status, 422, "{}", other.text());
    assert_eq!(tell(&token, "", two.clone()).send().await.status, 422);
    for (key, value) in [("count", json!(0)), ("x", json!(1)), ("person", json!(""))] {
        let mut wrong = login("d");
        wrong[key] = value;
        let answer = tell(&token, "two", json!([wrong])).send().await;
        assert_eq!(answer.status, 422, "{key}: {}", answer.text());
    }
    let admin = backend.tokens.admin.clone();
    assert_eq!(tell(&admin, "three", two).send().await.status, 403);

    assert_eq!(backend.cursor().await, before);
    let path = format!("/v1/changes?since={before}");
    let moved = backend.get(&admin, &path).await.expect(200);
    assert_eq!(moved["incidents"], json!([]));
    let tokens = backend.tokens.clone();
    for token in [&tokens.viewer, &tokens.responder, &tokens.commander] {
        backend.get(token, "/v1/logins").await.problem(403);
    }
    for token in [&tokens.admin, &tokens.counsel] {
        let read = backend.get(token, "/v1/logins").await.expect(200);
        let logins = read["logins"].as_array().unwrap();
        let people: Vec<&Value> = logins.iter().map(|one| &one["login"]["person"]).collect();
        assert_eq!(people, [&json!("a"), &json!("b")]);
        assert_eq!(read["next"], Value::Null);
        for no_stretch in ["after=9223372036854775808", "limit=0", "limit=501"] {
            let path = format!("/v1/logins?{no_stretch}");
            backend.get(token, &path).await.problem(422);
        }
        let page = backend.get(token, "/v1/logins?limit=1").await.expect(200);
        assert_eq!(page["next"], logins[0]["seq"]);
        // As many as were asked for, and nothing behind them.
        let whole = backend.get(token, "/v1/logins?limit=2").await.expect(200);
        assert_eq!(whole["logins"].as_array().unwrap().len(), 2);
        assert_eq!(whole["next"], Value::Null);
        let path = format!("/v1/logins?limit=1&after={}", page["next"]);
        let page = backend.get(token, &path).await.expect(200);
        assert_eq!(page["logins"][0], logins[1]);
    }
    // The record goes on behind them.
    backend
        .done(&id, &json!({"type": "note", "kind": "fact", "text": "t"}))
        .await;
    backend.stop().await;
}

#[tokio::test]
async fn a_door_hears_at_once_who_came_onto_a_list_and_who_left_it_within_its_services() {
    let backend = Backend::new().await;
    let (all, other) = (
        door(&backend, &[]).await,
        door(&backend, &["dynamics-365"]).await,
    );
    let id = backend.opened().await;
    let named = async |token: &str, query: &str| {
        let path = format!("/v1/named{query}");
        backend.get(token, &path).await.expect(200)
    };
    let nobody = named(&all, "").await;
    assert_eq!(nobody["names"], json!([]));
    let state = nobody["state"].as_str().unwrap();
    let restrict = json!({"type": "restrict", "people": ["l.costa"]});
    let lift = json!({"type": "restrict", "people": null});
    let held = format!("?since={state}&wait=60");
    let (news, _) = tokio::join!(named(&all, &held), backend.done(&id, &restrict),);
    assert_eq!(news["names"], json!(["commander", "l.costa"]));
    assert_eq!(
        named(&other, "").await["names"],
        json!([]),
        "of another service"
    );
    let held = format!("?since={}&wait=60", news["state"].as_str().unwrap());
    let (news, _) = tokio::join!(named(&all, &held), backend.done(&id, &lift),);
    assert_eq!(news, nobody);
    backend
        .get(&backend.tokens.admin, "/v1/named")
        .await
        .problem(403);
    backend.get(&all, "/v1/named?wait=61").await.problem(422);
    // Whoever asks without a name is on no list, not even on one that names the door itself.
    backend
        .done(&id, &json!({"type": "restrict", "people": ["door-"]}))
        .await;
    let list = backend.ask("GET", "/v1/incidents").token(&all);
    let list = list.header("x-warboard-on-behalf-of", "role=commander");
    assert_eq!(list.send().await.expect(200)["incidents"], json!([]));
    backend.stop().await;
}

#[tokio::test]
async fn who_newly_sees_it_is_told_of_keys_at_doors_and_of_no_door_no_code_and_no_display_as_a_person()
 {
    let (backend, clock) = Backend::still().await;
    let bastion = door(&backend, &["azure"]).await;
    for name in ["display:war2", "pair:war"] {
        backend.issue(name, Role::Viewer).await;
    }
    let open = json!({"service": "azure", "title": "t", "tlp": "red"});
    let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    let tell = async |token: &str, people: Value| {
        let ask = backend.ask("PUT", "/v1/roster").token(token);
        ask.json(&json!({ "people": people })).send().await
    };
    let people = json!([
        "person=k.ono,role=responder,clearance=green,services=azure,team=legal-affairs",
        // One whose token shows it already, and two who would get more than their door has.
        "person=commander,role=viewer,services=azure",
        "person=boss,role=admin,services=azure",
        "person=far,role=responder",
    ]);
    assert_eq!(tell(&bastion, people.clone()).await.status, 204);
    tell(&backend.tokens.admin, people).await.problem(403);
    for wrong in [json!(["role=viewer"]), json!(["person=a"]), json!("a")] {
        tell(&bastion, wrong).await.problem(422);
    }
    let newly = async || {
        let ask = backend.ask("POST", &format!("/v1/incidents/{id}/preview"));
        let ask = ask.token(&backend.tokens.commander);
        let set = json!({"type": "set", "tlp": "green"});
        ask.json(&set).send().await.expect(200)["newly"].clone()
    };
    let told = newly().await;
    assert_eq!(told["people"], json!(["k.ono", "responder", "viewer"]));
    assert_eq!(told["people_in_all"], 3);
    assert_eq!(told["displays"], json!(["war2"]));
    assert_eq!(told["roles"], json!(["viewer", "responder"]));
    assert_eq!(told["teams"], json!(["legal-affairs"]));
    // A door that says no more is believed for a minute.
    clock.advance(61_000);
    assert_eq!(newly().await["people"], json!(["responder", "viewer"]));
    backend.stop_at(&clock).await;
}
