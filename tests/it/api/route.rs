//! What becomes of a page on other systems: a repeat that its receiver cannot know says so, and what a page opened there is
//! closed once it is over.

use serde_json::{Value, json};
use warboard::domain::word::Tlp;
use warboard::paging::settings::{Address, RouteSettings, Target};
use warboard::time::TestClock;

use super::paged::{TEAM, first, is, page, slack};
use crate::backend::{Backend, Plan};
use crate::hook::Hook;

const REPEAT: &str = "repeat, may be a duplicate";

fn pagerduty(hook: &Hook) -> RouteSettings {
    Hook::route_of(Target::PagerDuty {
        url: hook.url().to_owned(),
        routing_key_file: hook.secret_file(),
    })
}

async fn answers(backend: &Backend, id: &str, answer: &str) -> Value {
    let page = first(&backend.incident(id).await)["id"].clone();
    let ask = json!({"type": "acknowledge_page", "page": page, "answer": answer});
    backend.done(id, &ask).await
}

#[tokio::test]
async fn only_a_repeat_of_what_may_have_arrived_says_that_it_is_one() {
    let mut hook = Hook::new(&["503 Later", "", "503 Later"]).await;
    let clock = TestClock::default();
    let backend = Plan::new()
        .clock(&clock)
        .routes(TEAM, vec![slack(&hook)])
        .start()
        .await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    let never_arrived = hook.letter().await;
    let after = backend.until(&id, |i| first(i)["attempts"] == 1).await;
    assert_eq!(first(&after)["state"], "queued");
    backend
        .until_at(&clock, &id, |i| first(i)["attempts"] == 2)
        .await;
    let unanswered = hook.letter().await;
    assert_eq!(unanswered.body, never_arrived.body, "no repeat of anything");
    backend
        .until_at(&clock, &id, |i| first(i)["attempts"] == 3)
        .await;
    let again = hook.letter().await;
    assert_eq!(
        first(&backend.incident(&id).await)["state"],
        "unknown",
        "it may still have arrived"
    );
    backend.until_at(&clock, &id, is("accepted")).await;
    for letter in [again, hook.letter().await] {
        let (mut told, kept) = (letter.json(), unanswered.json());
        assert_eq!(told["blocks"][0]["text"]["text"], REPEAT);
        told["blocks"].as_array_mut().unwrap().remove(0);
        assert_eq!(told["blocks"], kept["blocks"], "nothing else differs");
    }
    backend.stop().await;
    assert!(hook.is_empty());
}

#[tokio::test]
async fn pagerduty_is_told_that_a_page_is_over_once_it_had_it() {
    let mut hook = Hook::new(&[]).await;
    let backend = Plan::new()
        .routes(TEAM, vec![pagerduty(&hook)])
        .start()
        .await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    let trigger = hook.letter().await.json();
    assert_eq!(trigger["event_action"], "trigger");
    assert_eq!(trigger["payload"]["source"], json!(id));
    backend.until(&id, is("accepted")).await;
    answers(&backend, &id, "coming").await;
    let resolve = hook.letter().await.json();
    assert_eq!(resolve["event_action"], "resolve");
    assert_eq!(resolve["dedup_key"], trigger["dedup_key"]);
    assert_eq!(resolve["routing_key"], trigger["routing_key"]);
    let after = backend.incident(&id).await;
    assert_eq!(first(&after)["state"], "acknowledged");
    backend.stop().await;
    assert!(hook.is_empty());
}

#[tokio::test]
async fn what_pagerduty_never_accepted_is_not_closed_there() {
    let mut hook = Hook::new(&["503 Later"]).await;
    let clock = TestClock::default();
    let backend = Plan::new()
        .clock(&clock)
        .routes(TEAM, vec![pagerduty(&hook)])
        .start()
        .await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    hook.letter().await;
    backend.until(&id, |i| first(i)["attempts"] == 1).await;
    answers(&backend, &id, "coming").await;
    clock.advance(600_000);
    backend.stop().await;
    assert!(hook.is_empty());
}

#[tokio::test]
async fn what_pagerduty_may_have_taken_is_closed_there_too() {
    let mut hook = Hook::new(&["500 Lost"]).await;
    let clock = TestClock::default();
    let backend = Plan::new()
        .clock(&clock)
        .routes(TEAM, vec![pagerduty(&hook)])
        .start()
        .await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    let trigger = hook.letter().await.json();
    backend.until(&id, is("unknown")).await;
    answers(&backend, &id, "coming").await;
    let resolve = hook.letter().await.json();
    assert_eq!(resolve["event_action"], "resolve");
    assert_eq!(resolve["dedup_key"], trigger["dedup_key"]);
    backend.stop().await;
    assert!(hook.is_empty());
}

#[tokio::test]
async fn a_page_that_goes_on_is_closed_only_where_it_no_longer_is() {
    let (mut one, mut two) = (Hook::new(&[]).await, Hook::new(&["503 Later"]).await);
    let clock = TestClock::default();
    let backend = Plan::new()
        .clock(&clock)
        .routes(TEAM, vec![pagerduty(&one), pagerduty(&two)])
        .start()
        .await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    one.letter().await;
    backend.until(&id, is("accepted")).await;
    answers(&backend, &id, "cannot").await;
    assert_eq!(one.letter().await.json()["event_action"], "resolve");
    assert_eq!(two.letter().await.json()["event_action"], "trigger");
    backend
        .until_at(&clock, &id, |i| first(i)["attempts"] == 2)
        .await;
    assert_eq!(two.letter().await.json()["event_action"], "trigger");
    backend.stop().await;
    assert!(one.is_empty() && two.is_empty());
}

#[tokio::test]
async fn what_was_written_for_one_kind_of_system_is_never_sent_to_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("warboard.db");
    let mut hook = Hook::new(&["503 Later"]).await;
    let plan = Plan::new().at(&path).routes(TEAM, vec![slack(&hook)]);
    let backend = plan.start().await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    hook.letter().await;
    backend.until(&id, |i| first(i)["attempts"] == 1).await;
    backend.stop().await;
    let plan = Plan::new().at(&path).routes(TEAM, vec![pagerduty(&hook)]);
    let backend = plan.start().await;
    let after = backend.until(&id, is("failed")).await;
    let why = first(&after)["last_error"].as_str().unwrap();
    assert!(why.contains("no route 0/slack"), "{why}");
    backend.stop().await;
    assert!(hook.is_empty());
}

#[tokio::test]
async fn no_kind_of_route_is_told_more_than_it_is_cleared_for() {
    let mut hook = Hook::new(&[]).await;
    let address = || Address::Written(hook.url().to_owned());
    let kinds = [
        Target::Webhook {
            url: hook.url().to_owned(),
            secret_file: None,
        },
        Target::Slack { address: address() },
        Target::Teams { address: address() },
        Target::PagerDuty {
            url: hook.url().to_owned(),
            routing_key_file: hook.secret_file(),
        },
        Target::Ntfy {
            url: hook.url().to_owned(),
            token_file: None,
        },
    ];
    for (clearance, told) in [(Tlp::Green, false), (Tlp::Amber, true)] {
        let mut plan = Plan::new();
        let teams: Vec<String> = plan.teams().into_iter().take(kinds.len()).collect();
        for (team, kind) in teams.iter().zip(&kinds) {
            let mut route = Hook::route_of(kind.clone());
            route.clearance = clearance;
            plan = plan.routes(team, vec![route]);
        }
        let backend = plan.start().await;
        let open = json!({"service": "azure", "title": "secret title"});
        let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
        let ask = json!({"type": "page", "teams": teams, "message": "secret words"});
        backend.done(&id, &ask).await;
        for _ in &kinds {
            let text = String::from_utf8(hook.letter().await.body).unwrap();
            assert!(text.contains(&id), "{text}");
            assert_eq!(text.contains("secret title"), told, "{text}");
            assert_eq!(text.contains("secret words"), told, "{text}");
        }
        backend.stop().await;
    }
    assert!(hook.is_empty());
}
