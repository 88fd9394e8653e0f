//! A restricted incident: there for the people on its list, and for nobody else; and what happens when an admin breaks the
//! glass.

use serde_json::{Value, json};
use warboard::domain::word::Role;

use crate::backend::{Backend, Plan};
use crate::hook::Hook;
use crate::http::Answer;

const CANARY: &str = "canary";

async fn restricted(backend: &Backend, people: &[&str]) -> String {
    let open =
        json!({"service": "azure", "title": "canary title", "summary": "canary", "tlp": "clear"});
    let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    let after = backend
        .done(&id, &json!({"type": "restrict", "people": people}))
        .await;
    assert_eq!(after["restriction"]["people"][0], "commander");
    id
}

pub async fn feed(backend: &Backend, token: &str, since: &str) -> Value {
    let path = format!("/v1/changes?since={since}");
    backend.get(token, &path).await.expect(200)
}

#[tokio::test]
async fn it_is_gone_for_everybody_else_admins_too() {
    let backend = Backend::new().await;
    let listed = backend.issue("listed", Role::Viewer).await;
    let open = json!({"service": "azure", "title": "canary title", "tlp": "clear"});
    let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    let plain = backend.opened().await;
    let before = backend.cursor().await;
    backend
        .done(&id, &json!({"type": "restrict", "people": ["listed"]}))
        .await;
    let tokens = backend.tokens.clone();
    let nowhere = backend.get(&tokens.admin, "/v1/incidents/AZ-999").await;
    let after = backend.cursor().await;
    for token in [
        &tokens.viewer,
        &tokens.responder,
        &tokens.admin,
        &tokens.counsel,
    ] {
        for path in ["", "/timeline", "/duties/ms-72h%2Fcustomer/explain"] {
            let answer = backend
                .get(token, &format!("/v1/incidents/{id}{path}"))
                .await;
            assert_eq!(answer.body, nowhere.body, "{path}");
        }
        let list = backend.get(token, "/v1/incidents?open=all").await;
        assert!(
            !list.text().contains(&format!("\"{id}\"")),
            "{}",
            list.text()
        );
        assert!(!list.text().contains(CANARY));
        // Told once that it is gone, and of nothing that comes after.
        let news = feed(&backend, token, &before).await;
        assert_eq!(
            (&news["gone"], &news["incidents"]),
            (&json!([id]), &json!([]))
        );
        assert_eq!(feed(&backend, token, &after).await.get("gone"), None);
    }
    backend
        .done(
            &id,
            &json!({"type": "note", "kind": "fact", "text": "canary"}),
        )
        .await;
    let news = feed(&backend, &tokens.admin, &after).await;
    assert_eq!((news.get("gone"), &news["incidents"]), (None, &json!([])));
    for (kind, path) in [
        ("note", "commands"),
        ("note", "preview"),
        ("page", "commands"),
    ] {
        let body = match kind {
            "note" => json!({"type": "note", "kind": "fact", "text": "t"}),
            _ => json!({"type": "page", "teams": ["legal-affairs"]}),
        };
        let ask = backend.ask("POST", &format!("/v1/incidents/{id}/{path}"));
        for version in ["*", "\"1\""] {
            let ask = ask.clone().token(&tokens.admin).header("if-match", version);
            assert_eq!(ask.json(&body).send().await.body, nowhere.body);
        }
    }
    for token in [&listed, &tokens.commander] {
        let list = backend.get(token, "/v1/incidents").await.expect(200);
        assert_eq!(list["incidents"].as_array().unwrap().len(), 2);
        assert!(
            feed(&backend, token, &before)
                .await
                .to_string()
                .contains(CANARY)
        );
        let one = backend.get(token, &format!("/v1/incidents/{id}")).await;
        assert_eq!(
            one.expect(200)["restriction"]["people"],
            json!(["commander", "listed"])
        );
    }
    // Lifted, it is there again for all.
    let before = backend.cursor().await;
    backend
        .done(&id, &json!({"type": "restrict", "people": null}))
        .await;
    let news = feed(&backend, &tokens.admin, &before).await;
    assert_eq!(news["incidents"][0]["id"], json!(id));
    assert_eq!(news["incidents"][0]["restriction"], Value::Null);
    let list = backend
        .get(&tokens.viewer, "/v1/incidents")
        .await
        .expect(200);
    assert_eq!(list["incidents"].as_array().unwrap().len(), 2, "{plain}");
    backend.stop().await;
}

#[tokio::test]
async fn who_is_taken_off_the_list_is_told_and_nobody_else_hears() {
    let backend = Backend::new().await;
    let (one, two) = (
        backend.issue("one", Role::Viewer).await,
        backend.issue("two", Role::Viewer).await,
    );
    let id = restricted(&backend, &["one", "two"]).await;
    let before = backend.cursor().await;
    let path = format!("/v1/changes?since={before}&wait=60");
    let held = backend.ask("GET", &path).token(&one);
    let held = tokio::spawn(async move { held.send().await });
    backend
        .done(&id, &json!({"type": "restrict", "people": ["two"]}))
        .await;
    let told: Answer = crate::http::soon("the news", held).await.unwrap();
    assert_eq!(told.expect(200)["gone"], json!([id]));
    let stranger = feed(&backend, &backend.tokens.viewer, &before).await;
    assert_eq!(stranger.get("gone"), None);
    let still = feed(&backend, &two, &before).await;
    assert_eq!(still["incidents"][0]["id"], json!(id));
    // Put on it again, it comes back.
    let before = backend.cursor().await;
    backend
        .done(&id, &json!({"type": "restrict", "people": ["one"]}))
        .await;
    assert_eq!(
        feed(&backend, &one, &before).await["incidents"][0]["id"],
        json!(id)
    );
    assert_eq!(feed(&backend, &two, &before).await["gone"], json!([id]));
    backend.stop().await;
}

#[tokio::test]
async fn only_commanders_and_counsel_restrict_and_a_forgotten_list_lifts_nothing() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let order = json!({"type": "restrict", "people": ["x"]});
    let tokens = backend.tokens.clone();
    for token in [&tokens.viewer, &tokens.responder] {
        backend.order(token, &id, &order).send().await.problem(403);
    }
    let by_counsel = backend.order(&tokens.counsel, &id, &order).send().await;
    let after = by_counsel.expect(200);
    assert_eq!(after["restriction"]["people"], json!(["counsel", "x"]));
    assert_eq!(after["restriction"]["by"], "counsel");
    for body in [
        json!({"type": "restrict"}),
        json!({"type": "restrict", "people": [""]}),
        json!({"type": "restrict", "people": ["a\u{1b}[2J"]}),
        json!({"type": "restrict", "people": ["x", "display:war2"]}),
        json!({"type": "restrict", "people": vec!["n"; 3], "why": "x"}),
    ] {
        let answer = backend.order(&tokens.counsel, &id, &body).send().await;
        answer.problem(422);
    }
    // Nobody is given work on what does not exist for them.
    let other = restricted(&backend, &["one"]).await;
    let assign = |person: &str| json!({"type": "assign", "role": "scribe", "person": person});
    let (_, detail) = backend.refused(&other, &assign("two")).await;
    assert!(detail.contains("not on its list"), "{detail}");
    backend.done(&other, &assign("one")).await;
    let offer = json!({"type": "hand_over", "role": "commander", "to": "two"});
    backend.refused(&other, &offer).await;
    backend.stop().await;
}

#[tokio::test]
async fn an_answer_is_not_replayed_to_whom_the_incident_is_gone() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let note = json!({"type": "note", "kind": "fact", "text": "t"});
    let order = backend
        .order(&backend.tokens.responder, &id, &note)
        .header("idempotency-key", "k");
    order.send().await.expect(200);
    order.send().await.expect(200);
    backend
        .done(&id, &json!({"type": "restrict", "people": ["x"]}))
        .await;
    order.send().await.problem(404);
    // Nor is it told by its key elsewhere.
    let open =
        json!({"service": "azure", "title": "t", "upstream": {"connector": "c", "key": "1"}});
    let known = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    backend
        .done(&known, &json!({"type": "restrict", "people": ["x"]}))
        .await;
    let ask = backend.ask("POST", "/v1/incidents");
    let again = ask.token(&backend.tokens.admin).json(&open).send().await;
    assert!(!again.text().contains(&known), "{}", again.text());
    again.problem(422);
    backend.stop().await;
}

#[tokio::test]
async fn its_pages_go_out_with_id_and_codename_only() {
    let mut hook = Hook::new(&[]).await;
    let backend = Plan::new()
        .routes("threat-intelligence", vec![hook.route()])
        .start()
        .await;
    let id = restricted(&backend, &["listed"]).await;
    let set = json!({"type": "set", "bridge": "canary bridge", "severity": "sev1"});
    backend.done(&id, &set).await;
    let page =
        json!({"type": "page", "teams": ["threat-intelligence"], "message": "canary message"});
    let seen = backend.done(&id, &page).await;
    let letter = hook.letter().await;
    let letter = letter.json();
    let text = letter.to_string();
    assert!(!text.contains(CANARY) && !text.contains("sev1"), "{text}");
    assert!(text.contains(&id) && text.contains("restricted"), "{text}");
    assert!(text.contains(seen["codename"].as_str().unwrap()));
    // The link tells no more, before and after it was answered.
    let link = letter["answer_url"].as_str().unwrap();
    let path = link.split_once("/v1/").unwrap().1;
    let form = backend.ask("GET", &format!("/v1/{path}")).send().await;
    assert!(!form.text().contains("sev1") && !form.text().contains(CANARY));
    let answer = json!({"name": "canary person", "answer": "coming"});
    let answered = backend
        .ask("POST", &format!("/v1/{path}"))
        .json(&answer)
        .send()
        .await;
    assert_eq!(answered.status, 200, "{}", answered.text());
    let form = backend.ask("GET", &format!("/v1/{path}")).send().await;
    assert!(!form.text().contains(CANARY), "{}", form.text());
    backend.stop().await;
}

#[tokio::test]
async fn broken_glass_is_recorded_pages_the_people_on_the_list_and_closes_after_an_hour() {
    let clock = warboard::time::TestClock::default();
    let backend = Plan::new().clock(&clock).start().await;
    let id = restricted(&backend, &["listed"]).await;
    backend
        .issue_as("listed", Role::Responder, |request| {
            request.team = Some("legal-affairs".to_owned())
        })
        .await;
    let tokens = backend.tokens.clone();
    let glass = json!({"type": "break_glass", "reason": "nobody on the list answers"});
    let nowhere = backend.order(&tokens.admin, "AZ-999", &glass).send().await;
    nowhere.problem(404);
    for token in [&tokens.viewer, &tokens.responder, &tokens.counsel] {
        backend.order(token, &id, &glass).send().await.problem(403);
    }
    let preview = backend.ask("POST", &format!("/v1/incidents/{id}/preview"));
    let preview = preview.token(&tokens.admin).json(&glass).send().await;
    assert_eq!(preview.body, nowhere.body);
    let before = backend.cursor().await;
    let answer = backend
        .order_at(&tokens.admin, &id, "\"999\"", &glass)
        .send()
        .await;
    let seen = answer.expect(200);
    assert_eq!(seen["title"], "canary title");
    let open = &seen["restriction"]["glass"][0];
    assert_eq!(
        (&open["by"], &open["mended_at"]),
        (&json!("admin"), &Value::Null)
    );
    let paged: Vec<&Value> = seen["pages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["team"])
        .collect();
    assert_eq!(
        paged,
        [&json!("azure-security-response"), &json!("legal-affairs")]
    );
    let entries = backend.timeline(&id).await;
    let broken = entries
        .iter()
        .find(|entry| entry["kind"] == "glass_broken")
        .unwrap();
    assert_eq!(broken["body"]["reason"], "nobody on the list answers");
    assert_eq!(broken["line"], "GLASS BROKEN");
    // The admin reads it like anybody on the list; the others hear nothing of it.
    let path = format!("/v1/incidents/{id}");
    backend.get(&tokens.admin, &path).await.expect(200);
    assert_eq!(
        feed(&backend, &tokens.admin, &before).await["incidents"][0]["id"],
        json!(id)
    );
    assert_eq!(
        feed(&backend, &tokens.viewer, &before).await["incidents"],
        json!([])
    );
    backend
        .order(&tokens.admin, &id, &glass)
        .send()
        .await
        .problem(422);
    let before = backend.cursor().await;
    clock.advance(3_600_000);
    backend
        .until_at(&clock, &id, |now| {
            now["restriction"]["glass"][0]["mended_at"].is_string()
        })
        .await;
    assert_eq!(backend.get(&tokens.admin, &path).await.body, nowhere.body);
    assert_eq!(
        feed(&backend, &tokens.admin, &before).await["gone"],
        json!([id])
    );
    assert_eq!(
        feed(&backend, &tokens.viewer, &before).await.get("gone"),
        None
    );
    backend.stop().await;
}

#[tokio::test]
async fn broken_glass_pages_the_team_of_whoever_is_on_the_list_and_came_by_a_door_alone() {
    let backend = Backend::new().await;
    let id = restricted(&backend, &["k.door"]).await;
    let door = backend
        .issue_as("door", Role::Commander, |request| request.door = true)
        .await;
    let person = json!({"person": "k.door", "role": "responder", "team": "legal-affairs",
        "connected_at": "2026-11-23T14:00:00Z"});
    let told = backend.ask("PUT", "/v1/who").token(&door);
    let told = told.json(&json!({"people": [person]})).send().await;
    assert_eq!(told.status, 204, "{}", told.text());
    let glass = json!({"type": "break_glass", "reason": "nobody on the list answers"});
    let seen = backend
        .order(&backend.tokens.admin, &id, &glass)
        .send()
        .await;
    let seen = seen.expect(200);
    let paged: Vec<&Value> = seen["pages"].as_array().unwrap().iter().collect();
    let paged: Vec<&Value> = paged.iter().map(|page| &page["team"]).collect();
    assert_eq!(
        paged,
        [&json!("azure-security-response"), &json!("legal-affairs")]
    );
    backend.stop().await;
}

#[tokio::test]
async fn a_restriction_outlives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let backend = Plan::new().at(&path).start().await;
    let before = backend.cursor().await;
    let id = restricted(&backend, &["listed"]).await;
    backend.stop().await;
    let backend = Plan::new().at(&path).start().await;
    let listed = backend.issue("listed", Role::Viewer).await;
    let path = format!("/v1/incidents/{id}");
    backend.get(&listed, &path).await.expect(200);
    backend.get(&backend.tokens.admin, &path).await.problem(404);
    let list = backend.get(&listed, "/v1/incidents").await.expect(200);
    assert_eq!(list["incidents"].as_array().unwrap().len(), 1);
    // Whoever was away meanwhile is told that it is gone: an old board must not show it on.
    let news = feed(&backend, &backend.tokens.viewer, &before).await;
    assert_eq!(news["gone"], json!([id]));
    backend.stop().await;
}

/// What a token is told to be gone since each of these places.
async fn gone(backend: &Backend, token: &str, places: &[String]) -> Vec<Value> {
    let mut all = Vec::new();
    for since in places {
        let news = feed(backend, token, since).await;
        all.push(news.get("gone").cloned().unwrap_or_default());
    }
    all
}

#[tokio::test]
async fn a_token_of_after_the_restriction_is_not_told_that_there_was_something() {
    let (backend, clock) = Backend::still().await;
    let before = backend.cursor().await;
    let id = restricted(&backend, &["listed", "off"]).await;
    let at = [before, backend.cursor().await];
    let off = backend.issue("off", Role::Viewer).await;
    backend
        .done(&id, &json!({"type": "restrict", "people": ["listed"]}))
        .await;
    clock.advance(3_600_000);
    let late = backend.issue("late", Role::Admin).await;
    let none = [Value::Null, Value::Null];
    assert_eq!(gone(&backend, &late, &at).await, none);
    let told = [json!([id]), Value::Null];
    assert_eq!(gone(&backend, &backend.tokens.admin, &at).await, told);
    let told = [json!([id]), json!([id])];
    assert_eq!(gone(&backend, &off, &at).await, told);
    // A new token of who was taken off is no older than others.
    let off = backend.issue("off", Role::Viewer).await;
    assert_eq!(gone(&backend, &off, &at).await, none);
    backend.stop_at(&clock).await;
}

#[tokio::test]
async fn a_restart_does_not_move_the_place_at_which_a_restricted_incident_went_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let backend = Plan::new().at(&path).start().await;
    let (old, off) = (
        backend.issue("old", Role::Admin).await,
        backend.issue("off", Role::Viewer).await,
    );
    let mut at = vec![backend.cursor().await];
    let id = restricted(&backend, &["listed", "off"]).await;
    at.push(backend.cursor().await);
    let glass = json!({"type": "break_glass", "reason": "nobody on the list answers"});
    let broken = backend.order(&old, &id, &glass).send().await;
    broken.expect(200);
    at.push(backend.cursor().await);
    let fewer = json!({"type": "restrict", "people": ["listed"]});
    backend.done(&id, &fewer).await;
    at.push(backend.cursor().await);
    let note = json!({"type": "note", "kind": "fact", "text": "canary"});
    backend.done(&id, &note).await;
    let viewer = backend.tokens.viewer.clone();
    let (news, none) = (json!([id]), Value::Null);
    let expected = [
        (&viewer, [&news, &none, &none, &none]),
        (&old, [&news, &news, &news, &none]),
        (&off, [&news, &news, &news, &none]),
    ];
    for (token, expected) in expected {
        let told = gone(&backend, token, &at).await;
        assert_eq!(told.iter().collect::<Vec<_>>(), expected, "before");
    }
    backend.stop().await;
    let backend = Plan::new().at(&path).start().await;
    for (token, expected) in &expected[1..] {
        let told = gone(&backend, token, &at).await;
        assert_eq!(told.iter().collect::<Vec<_>>(), expected, "after a restart");
    }
    let stranger = gone(&backend, &backend.tokens.viewer, &at[1..]).await;
    assert_eq!(stranger, [Value::Null, Value::Null, Value::Null]);
    backend.stop().await;
}

#[tokio::test]
async fn what_happens_on_a_restricted_incident_moves_no_cursor_and_no_tag_of_others() {
    let backend = Backend::new().await;
    let id = restricted(&backend, &["listed"]).await;
    let viewer = backend.tokens.viewer.clone();
    let list = async |tag: &str| {
        let ask = backend.ask("GET", "/v1/incidents").token(&viewer);
        ask.header("if-none-match", tag).send().await
    };
    let before = list("\"none\"").await;
    let cursor = before.expect(200)["cursor"].as_str().unwrap().to_owned();
    let own = backend.cursor().await;
    let note = json!({"type": "note", "kind": "fact", "text": "canary"});
    backend.done(&id, &note).await;
    assert_ne!(backend.cursor().await, own, "it moves for its own people");
    assert_eq!(list(before.etag()).await.status, 304);
    assert_eq!(feed(&backend, &viewer, &cursor).await["cursor"], cursor);
    backend.opened().await;
    assert_eq!(list(before.etag()).await.status, 200);
    let news = feed(&backend, &viewer, &cursor).await;
    assert_eq!(news["incidents"].as_array().unwrap().len(), 1);
    assert_ne!(news["cursor"], cursor);
    backend.stop().await;
}
