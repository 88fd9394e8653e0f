//! An incident that is opened restricted: from its first entry on it is there for the people on its list, and it never was for
//! anybody else.

use serde_json::{Value, json};
use warboard::domain::word::Role;

use super::restrict::feed;
use crate::backend::{Backend, Plan};
use crate::hook::Hook;

const CANARY: &str = "canary";

/// An incident that is opened for its people only.
fn opening(people: &[&str]) -> Value {
    json!({"service": "azure", "title": "canary title", "summary": "canary", "tlp": "clear", "people": people})
}

#[tokio::test]
async fn one_that_is_opened_restricted_was_never_there_for_anybody_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let backend = Plan::new().at(&path).start().await;
    let listed = backend.issue("listed", Role::Viewer).await;
    let tokens = backend.tokens.clone();
    let before = backend.cursor().await;
    let list = async |token: &str| backend.get(token, "/v1/incidents?open=all").await;
    let empty = list(&tokens.viewer).await;
    let opened = backend.open(&opening(&["listed"])).await;
    let id = opened["id"].as_str().unwrap().to_owned();
    assert_eq!(opened["version"], 1);
    let restriction = &opened["restriction"];
    assert_eq!(restriction["people"], json!(["commander", "listed"]));
    assert_eq!(restriction["by"], "commander");
    // One entry brought it on record, restricted.
    let entries = backend.timeline(&id).await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0]["body"]["people"], restriction["people"]);
    assert_eq!(entries[0]["line"], "opened, restricted to 2 people");
    // Nobody else hears of it, not even that something is gone: they never had it.
    let untold = async |backend: &Backend| {
        let tokens = &backend.tokens;
        let others = [
            &tokens.viewer,
            &tokens.responder,
            &tokens.admin,
            &tokens.counsel,
        ];
        let nowhere = backend.get(&tokens.admin, "/v1/incidents/AZ-999").await;
        for token in others {
            let one = backend.get(token, &format!("/v1/incidents/{id}")).await;
            assert_eq!(one.body, nowhere.body);
            let news = feed(backend, token, &before).await;
            let told = (news.get("gone"), &news["incidents"], &news["cursor"]);
            assert_eq!(told, (None, &json!([]), &json!(before)));
        }
    };
    untold(&backend).await;
    assert_eq!(list(&tokens.viewer).await.etag(), empty.etag());
    let found = feed(&backend, &listed, &before).await;
    assert_eq!(found["incidents"][0]["id"], json!(id));
    backend.stop().await;
    // Nor after a restart, which reads the record anew.
    let backend = Plan::new().at(&path).start().await;
    untold(&backend).await;
    // Who is taken off the list is told; who never was on it is not.
    let at = backend.cursor().await;
    let fewer = json!({"type": "restrict", "people": ["commander"]});
    backend.done(&id, &fewer).await;
    assert_eq!(feed(&backend, &listed, &at).await["gone"], json!([id]));
    untold(&backend).await;
    // Lifted, it is there for all.
    let lifted = json!({"type": "restrict", "people": null});
    backend.done(&id, &lifted).await;
    let news = feed(&backend, &backend.tokens.viewer, &before).await;
    assert_eq!(news["incidents"][0]["id"], json!(id));
    backend.stop().await;
}

#[tokio::test]
async fn who_may_not_restrict_opens_nothing_restricted_and_a_list_of_nobody_is_refused() {
    let backend = Backend::new().await;
    let tokens = backend.tokens.clone();
    let before = backend.cursor().await;
    let ask = |token: &str, body: &Value| {
        let ask = backend.ask("POST", "/v1/incidents").token(token);
        ask.json(body)
    };
    for token in [&tokens.viewer, &tokens.responder] {
        ask(token, &opening(&["x"])).send().await.problem(403);
    }
    for people in [
        json!([]),
        json!([""]),
        json!(["a\u{1b}[2J"]),
        json!(["x", "display:war2"]),
    ] {
        let mut body = opening(&[]);
        body["people"] = people;
        ask(&tokens.commander, &body).send().await.problem(422);
    }
    // Above one's own clearance nobody is kept out.
    let low = backend
        .issue_as("low", Role::Commander, |request| {
            request.clearance = Some(warboard::domain::word::Tlp::Green);
        })
        .await;
    let mut red = opening(&["low"]);
    red["tlp"] = json!("red");
    ask(&low, &red).send().await.problem(403);
    assert_eq!(backend.cursor().await, before, "nothing was opened");
    let document = backend.ask("GET", "/openapi.json").send().await.expect(200);
    let known = &document["components"]["schemas"]["Open"]["properties"];
    assert!(known["people"].is_object(), "{known}");
    // A responder with counsel may, as with the command.
    let counsel = backend
        .issue_as("legal", Role::Responder, |request| request.counsel = true)
        .await;
    let opened = ask(&counsel, &opening(&["legal"])).send().await.expect(201);
    assert_eq!(opened["restriction"]["people"], json!(["legal"]));
    // Sent again it is the same, and told to nobody whom it does not exist for.
    let open = backend
        .ask("POST", "/v1/incidents")
        .token(&tokens.commander)
        .header("idempotency-key", "k")
        .json(&opening(&["x"]));
    let first = open.send().await.expect(201)["id"].clone();
    assert_eq!(open.send().await.expect(201)["id"], first);
    backend.stop().await;
}

#[tokio::test]
async fn the_first_page_of_one_that_is_opened_restricted_says_id_and_codename_only() {
    let mut hook = Hook::new(&[]).await;
    let backend = Plan::new()
        .routes("threat-intelligence", vec![hook.route()])
        .start()
        .await;
    let opened = backend.open(&opening(&["listed"])).await;
    let id = opened["id"].as_str().unwrap();
    let page = json!({"type": "page", "teams": ["threat-intelligence"], "message": "canary"});
    backend.done(id, &page).await;
    let letter = hook.letter().await.json();
    let text = letter.to_string();
    assert!(!text.contains(CANARY), "{text}");
    assert_eq!(letter["restricted"], json!(true));
    assert_eq!(letter["incident"], json!(id));
    assert!(text.contains(opened["codename"].as_str().unwrap()));
    backend.stop().await;
}
