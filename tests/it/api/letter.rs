//! What pages say that waited while their incident was restricted, marked higher or written anew, and pages because the glass was
//! broken.

use serde_json::{Value, json};
use warboard::domain::word::{Role, Tlp};
use warboard::paging::settings::RouteSettings;
use warboard::time::TestClock;

use super::paged::{TEAM, first, is};
use crate::backend::{Backend, Plan};
use crate::hook::Hook;

const CANARY: &str = "canary";

/// A route that is cleared for amber.
fn amber(hook: &Hook) -> RouteSettings {
    RouteSettings {
        clearance: Tlp::Amber,
        ..hook.route()
    }
}

/// An amber incident full of texts, with a page that was refused once and waits; the first letter was full of them too.
async fn waiting(hook: &mut Hook, clock: &TestClock) -> (Backend, String) {
    let plan = Plan::new().clock(clock);
    let backend = plan.routes(TEAM, vec![amber(hook)]).start().await;
    let open = json!({"service": "azure", "title": "canary title", "summary": "canary summary"});
    let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    let bridge = json!({"type": "set", "bridge": "canary bridge"});
    backend.done(&id, &bridge).await;
    let page = json!({"type": "page", "teams": [TEAM], "message": "canary message"});
    backend.done(&id, &page).await;
    let letter = hook.letter().await.json().to_string();
    for text in ["title", "summary", "message", "bridge"] {
        assert!(letter.contains(&format!("canary {text}")), "{letter}");
    }
    backend.until(&id, |i| first(i)["attempts"] == 1).await;
    (backend, id)
}

/// What goes out in the end.
async fn sent(backend: &Backend, hook: &mut Hook, clock: &TestClock, id: &str) -> Value {
    backend.until_at(clock, id, is("accepted")).await;
    hook.letter().await.json()
}

#[tokio::test]
async fn a_page_that_waits_when_its_incident_is_restricted_leaves_without_its_texts() {
    let (mut hook, clock) = (Hook::new(&["503 Later"]).await, TestClock::default());
    let (backend, id) = waiting(&mut hook, &clock).await;
    let order = json!({"type": "restrict", "people": ["listed"]});
    backend.done(&id, &order).await;
    let letter = sent(&backend, &mut hook, &clock, &id).await;
    assert_eq!(letter["restricted"], true, "{letter}");
    assert!(!letter.to_string().contains(CANARY), "{letter}");
    backend.stop().await;
}

#[tokio::test]
async fn a_page_that_waits_when_its_incident_is_marked_higher_leaves_without_its_texts() {
    let (mut hook, clock) = (Hook::new(&["503 Later"]).await, TestClock::default());
    let (backend, id) = waiting(&mut hook, &clock).await;
    let order = json!({"type": "set", "tlp": "red"});
    backend.done(&id, &order).await;
    let letter = sent(&backend, &mut hook, &clock, &id).await;
    assert_eq!(letter["tlp"], "red");
    for text in ["title", "summary", "message"] {
        assert_eq!(letter[text], Value::Null, "{letter}");
    }
    // Where to come is told over every route.
    assert_eq!(letter["bridge"], "canary bridge");
    backend.stop().await;
}

#[tokio::test]
async fn every_attempt_of_a_page_has_the_body_of_the_first_though_its_texts_change() {
    let mut hook = Hook::new(&["503 Later"]).await;
    let clock = TestClock::default();
    let plan = Plan::new().clock(&clock).routes(TEAM, vec![hook.route()]);
    let backend = plan.start().await;
    let id = backend.opened().await;
    backend
        .done(&id, &json!({"type": "page", "teams": [TEAM]}))
        .await;
    let before = hook.letter().await;
    backend.until(&id, |i| first(i)["attempts"] == 1).await;
    let order = json!({"type": "set", "title": "other", "bridge": "elsewhere"});
    backend.done(&id, &order).await;
    backend.until_at(&clock, &id, is("accepted")).await;
    let again = hook.letter().await;
    assert_eq!(
        again.header("idempotency-key"),
        before.header("idempotency-key")
    );
    assert_eq!(again.json(), before.json());
    backend.stop().await;
}

#[tokio::test]
async fn the_stand_down_of_a_restricted_incident_says_stand_down() {
    let mut hook = Hook::new(&[]).await;
    let clock = TestClock::default();
    let plan = Plan::new().clock(&clock);
    let backend = plan.routes(TEAM, vec![hook.route()]).start().await;
    let id = backend.opened().await;
    let order = json!({"type": "restrict", "people": ["listed"]});
    backend.done(&id, &order).await;
    backend
        .done(&id, &json!({"type": "page", "teams": [TEAM]}))
        .await;
    let seen = backend.until_at(&clock, &id, is("accepted")).await;
    let text = hook.letter().await.json()["text"].clone();
    assert!(text.as_str().unwrap().starts_with("PAGE for"), "{text}");
    let order = json!({"type": "cancel_page", "page": first(&seen)["id"], "reason": CANARY});
    backend.done(&id, &order).await;
    let letter = hook.letter().await.json();
    let text = letter["text"].as_str().unwrap();
    assert!(text.starts_with("STAND DOWN for Legal Affairs: "), "{text}");
    assert!(
        text.contains("(restricted)") && !text.contains(CANARY),
        "{text}"
    );
    backend.stop().await;
}

#[tokio::test]
async fn a_page_for_broken_glass_says_so_and_whom_no_page_reaches_is_told() {
    let mut hook = Hook::new(&[]).await;
    let clock = TestClock::default();
    let plan = Plan::new().clock(&clock).routes(TEAM, vec![hook.route()]);
    let backend = plan.start().await;
    let open = json!({"service": "azure", "title": "canary title", "tlp": "clear"});
    let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    let people = ["l.costa", "nobody.knows", "no.route"];
    let order = json!({"type": "restrict", "people": people});
    backend.done(&id, &order).await;
    for (name, team) in [("l.costa", TEAM), ("no.route", "security-response-center")] {
        let change = |request: &mut warboard::server::TokenRequest| {
            request.team = Some(team.to_owned());
        };
        backend.issue_as(name, Role::Responder, change).await;
    }
    let glass = json!({"type": "break_glass", "reason": "canary reason"});
    let ask = backend.order(&backend.tokens.admin, &id, &glass);
    let seen = ask.send().await.expect(200);
    let unpaged = json!(["commander", "nobody.knows", "no.route"]);
    assert_eq!(seen["restriction"]["glass"][0]["unpaged"], unpaged);
    assert_eq!(seen["change"]["text"], "GLASS BROKEN");
    let letter = hook.letter().await.json();
    let text = letter["text"].as_str().unwrap();
    assert!(
        text.starts_with("GLASS BROKEN for Legal Affairs: "),
        "{text}"
    );
    let said = letter["message"].as_str().unwrap();
    assert!(said.contains("somebody on its list should look"), "{said}");
    let all = letter.to_string();
    assert!(!all.contains(CANARY) && !all.contains("admin"), "{all}");
    // Everybody who is admitted sees it; what the pages did afterwards does not cover it.
    let seen = backend.incident(&id).await;
    assert_eq!(seen["restriction"]["glass"][0]["unpaged"], unpaged);
    assert_eq!(seen["change"]["text"], "GLASS BROKEN");
    backend.stop().await;
}

#[tokio::test]
async fn whoever_comes_in_by_a_key_alone_is_paged_for_broken_glass_though_not_connected() {
    let mut hook = Hook::new(&[]).await;
    let clock = TestClock::default();
    let plan = Plan::new().clock(&clock).routes(TEAM, vec![hook.route()]);
    let backend = plan.start().await;
    let bastion = super::door::door(&backend, &["azure"]).await;
    let people = json!(["person=k.ono,role=responder,services=azure,team=legal-affairs"]);
    let told = backend.ask("PUT", "/v1/roster").token(&bastion);
    let told = told.json(&json!({ "people": people })).send().await;
    assert_eq!(told.status, 204);
    let id = backend.opened().await;
    let order = json!({"type": "restrict", "people": ["k.ono"]});
    backend.done(&id, &order).await;
    let glass = json!({"type": "break_glass", "reason": "nobody answers"});
    let ask = backend.order(&backend.tokens.admin, &id, &glass);
    let seen = ask.send().await.expect(200);
    let unpaged = &seen["restriction"]["glass"][0]["unpaged"];
    assert_eq!(*unpaged, json!(["commander"]));
    let text = hook.letter().await.json()["text"].clone();
    let text = text.as_str().unwrap();
    assert!(
        text.starts_with("GLASS BROKEN for Legal Affairs: "),
        "{text}"
    );
    backend.stop().await;
}
