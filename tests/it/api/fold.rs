//! Repeats of a page: what nobody has begun to send takes them along, and says so.

use serde_json::{Value, json};
use warboard::server::Limits;
use warboard::store::claim::Caps;
use warboard::time::TestClock;

use super::paged::{TEAM, first, is, page};
use crate::backend::{Backend, Plan};
use crate::hook::Hook;

/// One page a minute to a team: whatever follows waits.
fn one_a_minute() -> Limits {
    Limits {
        caps: Caps {
            a_minute_of_team: 1,
            ..Caps::default()
        },
        ..Limits::default()
    }
}

fn again(message: &str) -> Value {
    json!({"type": "page", "teams": [TEAM], "message": message, "again": true})
}

fn count(incident: &Value) -> usize {
    incident["pages"].as_array().unwrap().len()
}

/// A backend whose team has had its page of this minute.
async fn held_back(clock: &TestClock, hook: &mut Hook) -> Backend {
    let plan = Plan::new().clock(clock).limits(one_a_minute());
    let backend = plan.routes(TEAM, vec![hook.route()]).start().await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    hook.letter().await;
    backend.until(&id, is("accepted")).await;
    backend
}

#[tokio::test]
async fn repeats_go_with_the_page_that_waits_for_a_cap_and_all_their_words_arrive_in_one() {
    let mut hook = Hook::new(&[]).await;
    let clock = TestClock::default();
    let backend = held_back(&clock, &mut hook).await;
    let open = json!({"service": "azure", "title": "t", "tlp": "green"});
    let opened = backend.open(&open).await;
    let (id, codename) = (opened["id"].as_str().unwrap(), &opened["codename"]);
    backend.done(id, &page()).await;
    clock.advance(1_000);
    let asked = again("bring the key holders");
    let once = backend
        .order(&backend.tokens.commander, id, &asked)
        .header("idempotency-key", "k1");
    let after = once.send().await.expect(200);
    assert_eq!(count(&after), 1, "{after}");
    let folded = &first(&after)["folded"];
    assert_eq!(folded[0]["message"], "bring the key holders");
    assert_eq!(folded[0]["by"], "commander");
    // The same request once more is the same answer, and not a third time asked.
    assert_eq!(once.send().await.expect(200), after);
    let after = backend.done(id, &again("now")).await;
    assert_eq!(
        (
            count(&after),
            first(&after)["folded"].as_array().unwrap().len()
        ),
        (1, 2)
    );
    let path = format!("/v1/incidents/{id}/timeline");
    let timeline = backend
        .get(&backend.tokens.commander, &path)
        .await
        .expect(200);
    let told = timeline["entries"].as_array().unwrap().iter();
    let told: Vec<&str> = told
        .filter(|entry| entry["kind"] == "page_folded")
        .map(|entry| entry["line"].as_str().unwrap())
        .collect();
    assert_eq!(
        told,
        ["paged legal-affairs again, in the page that waits"; 2]
    );
    // Another incident's page to the same team is its own.
    let other = backend.opened().await;
    assert_eq!(count(&backend.done(&other, &again("elsewhere")).await), 1);
    backend.until_at(&clock, id, is("accepted")).await;
    backend.until_at(&clock, &other, is("accepted")).await;
    let letters = [hook.letter().await, hook.letter().await];
    let mine = letters
        .iter()
        .find(|letter| letter.json()["codename"] == *codename);
    let body = mine.unwrap().json();
    let said = body["message"].as_str().unwrap();
    for words in ["please come", "bring the key holders", "now"] {
        assert!(said.contains(words), "{said}");
        assert!(body["text"].as_str().unwrap().contains(words), "{body}");
    }
    assert!(!said.contains("elsewhere"), "{said}");
    backend.stop().await;
    assert!(hook.is_empty());
}

#[tokio::test]
async fn a_page_that_waits_for_a_cap_says_the_texts_as_they_are_when_it_leaves() {
    let (mut hook, clock) = (Hook::new(&[]).await, TestClock::default());
    let backend = held_back(&clock, &mut hook).await;
    let open = json!({"service": "azure", "title": "draft", "tlp": "green"});
    let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    backend.done(&id, &page()).await;
    let order = json!({"type": "set", "title": "plain", "bridge": "room 4"});
    backend.done(&id, &order).await;
    backend.until_at(&clock, &id, is("accepted")).await;
    let letter = hook.letter().await.json();
    assert_eq!(
        (&letter["title"], &letter["bridge"]),
        (&json!("plain"), &json!("room 4"))
    );
    backend.stop().await;
}

#[tokio::test]
async fn a_repeat_of_what_was_sent_or_answered_is_a_page_of_its_own() {
    let mut hook = Hook::new(&["503 Later"]).await;
    let clock = TestClock::default();
    let plan = Plan::new().clock(&clock).routes(TEAM, vec![hook.route()]);
    let backend = plan.start().await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    // It was refused, and is queued again: what was tried once stays as it was.
    hook.letter().await;
    backend.until(&id, |i| first(i)["attempts"] == 1).await;
    assert_eq!(count(&backend.done(&id, &again("once more")).await), 2);
    backend.stop().await;

    let mut hook = Hook::new(&[]).await;
    let backend = held_back(&clock, &mut hook).await;
    let id = backend.opened().await;
    let after = backend.done(&id, &page()).await;
    let answer =
        json!({"type": "acknowledge_page", "page": first(&after)["id"], "answer": "coming"});
    backend.done(&id, &answer).await;
    let after = backend.done(&id, &again("once more")).await;
    assert_eq!((count(&after), &first(&after)["folded"]), (2, &Value::Null));
    backend.stop().await;
}

#[tokio::test]
async fn a_redacted_repeat_is_not_sent_with_the_page_it_went_with() {
    let mut hook = Hook::new(&[]).await;
    let clock = TestClock::default();
    let backend = held_back(&clock, &mut hook).await;
    let open = json!({"service": "azure", "title": "t", "tlp": "green"});
    let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    backend.done(&id, &page()).await;
    backend
        .done(&id, &again("a name that must not be here"))
        .await;
    let path = format!("/v1/incidents/{id}/timeline");
    let timeline = backend
        .get(&backend.tokens.commander, &path)
        .await
        .expect(200);
    let mut entries = timeline["entries"].as_array().unwrap().iter();
    let entry = entries
        .rfind(|entry| entry["kind"] == "page_folded")
        .unwrap();
    let redact = json!({"type": "redact", "entry": entry["seq"], "reason": "a name"});
    let counsel = &backend.tokens.counsel;
    backend
        .order(counsel, &id, &redact)
        .send()
        .await
        .expect(200);
    backend.until_at(&clock, &id, is("accepted")).await;
    let body = hook.letter().await.json();
    let said = body["message"].as_str().unwrap();
    assert!(
        said.contains("please come") && said.contains("[redacted]"),
        "{said}"
    );
    assert!(!body.to_string().contains("must not be here"), "{body}");
    backend.stop().await;
}
