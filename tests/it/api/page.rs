//! Pages: written down, sent signed by the team's routes in order, not done until a person has them.

use serde_json::{Value, json};
use warboard::domain::span::Span;
use warboard::domain::word::{Role, Tlp};
use warboard::time::TestClock;

use super::paged::{TEAM, first, is, page};
use crate::backend::{Backend, Plan};
use crate::hook::Hook;

#[tokio::test]
async fn a_page_reaches_its_hook_once_signed_and_says_no_more_than_it_may() {
    let mut hook = Hook::new(&[]).await;
    let backend = Plan::new().routes(TEAM, vec![hook.route()]).start().await;
    let open = json!({"service": "azure", "title": "secret title", "summary": "secret summary", "severity": "sev1"});
    let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    backend
        .done(&id, &json!({"type": "set", "bridge": "+49 30 1"}))
        .await;
    let after = backend.done(&id, &page()).await;
    assert_eq!(first(&after)["state"], "queued");
    let letter = hook.letter().await;
    assert!(letter.is_signed());
    assert_eq!(
        letter.header("idempotency-key"),
        letter.header("webhook-id")
    );
    let body = letter.json();
    for (field, expected) in [
        ("type", json!("page")),
        ("incident", json!(id)),
        ("codename", after["codename"].clone()),
        ("severity", json!("sev1")),
        ("by", json!("commander")),
        ("bridge", json!("+49 30 1")),
        ("exercise", json!(false)),
        ("page", first(&after)["id"].clone()),
        ("title", Value::Null),
        ("summary", Value::Null),
        ("message", Value::Null),
        ("withheld", json!(["title", "summary", "message"])),
    ] {
        assert_eq!(body[field], expected, "{field}");
    }
    let text = String::from_utf8(letter.body.clone()).unwrap();
    assert!(
        !text.contains("secret") && !text.contains("please"),
        "{text}"
    );
    let accepted = backend.until(&id, is("accepted")).await;
    assert_eq!(first(&accepted)["attempts"], 1);
    assert!(first(&accepted)["accepted_at"].is_string());
    assert_eq!(
        first(&accepted)["acknowledged_at"],
        Value::Null,
        "accepted is not paged"
    );
    let ask = json!({"type": "acknowledge_page", "page": first(&after)["id"], "answer": "coming", "eta": "2030-01-01T00:00:00Z"});
    let after = backend
        .order(&backend.tokens.responder, &id, &ask)
        .send()
        .await
        .expect(200);
    assert_eq!(first(&after)["state"], "acknowledged");
    assert_eq!(first(&after)["acknowledged_by"], "responder");
    assert_eq!(first(&after)["escalates_at"], Value::Null);
    assert_eq!(first(&after)["eta"], "2030-01-01T00:00:00Z");
    let again = backend
        .order(&backend.tokens.responder, &id, &ask)
        .send()
        .await;
    assert_eq!(again.problem(422).0, "state");
    backend.stop().await;
    assert!(hook.is_empty(), "sent once");
}

#[tokio::test]
async fn a_cleared_route_is_told_the_texts() {
    let mut hook = Hook::new(&[]).await;
    let mut route = hook.route();
    route.clearance = Tlp::Amber;
    let backend = Plan::new().routes(TEAM, vec![route]).start().await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    let body = hook.letter().await.json();
    assert_eq!(
        (&body["title"], &body["message"]),
        (&json!("odd sign-ins"), &json!("please come"))
    );
    assert_eq!(body["withheld"], json!([]));
    backend.stop().await;
}

#[tokio::test]
async fn attempts_are_repeated_with_the_same_key_and_body_until_they_are_taken() {
    let mut hook = Hook::new(&["503 Later", "", "429 Slow"]).await;
    let clock = TestClock::default();
    let backend = Plan::new()
        .clock(&clock)
        .routes(TEAM, vec![hook.route()])
        .start()
        .await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    let mut letters = vec![hook.letter().await];
    let refused = backend.until(&id, |i| first(i)["attempts"] == 1).await;
    assert_eq!(first(&refused)["state"], "queued", "certainly not there");
    assert!(
        first(&refused)["last_error"]
            .as_str()
            .unwrap()
            .contains("503")
    );
    backend
        .until_at(&clock, &id, |i| first(i)["attempts"] == 2)
        .await;
    letters.push(hook.letter().await);
    assert_eq!(
        first(&backend.incident(&id).await)["state"],
        "unknown",
        "it may have arrived"
    );
    backend
        .until_at(&clock, &id, |i| first(i)["attempts"] == 3)
        .await;
    letters.push(hook.letter().await);
    assert_eq!(
        first(&backend.incident(&id).await)["state"],
        "unknown",
        "and may still have"
    );
    backend.until_at(&clock, &id, is("accepted")).await;
    letters.push(hook.letter().await);
    for letter in &letters {
        assert!(letter.is_signed());
        assert_eq!(
            letter.header("idempotency-key"),
            letters[0].header("idempotency-key")
        );
        assert_eq!(letter.body, letters[0].body);
    }
    backend.stop().await;
    assert!(hook.is_empty());
}

#[tokio::test]
async fn a_page_nobody_answers_goes_on_to_the_next_route_and_then_to_the_command_team() {
    let (mut one, mut two, mut command) = (
        Hook::new(&[]).await,
        Hook::new(&[]).await,
        Hook::new(&[]).await,
    );
    let clock = TestClock::default();
    let backend = Plan::new()
        .clock(&clock)
        .routes(TEAM, vec![one.route(), two.route()])
        .routes("incident-command", vec![command.route()])
        .team(TEAM, |team| team.ack_within = Span::minutes(5))
        .start()
        .await;
    let id = backend.opened().await;
    let after = backend.done(&id, &page()).await;
    assert_eq!(first(&after)["escalates_at"], "2026-11-23T14:12:32Z");
    let first_letter = one.letter().await;
    backend.until(&id, is("accepted")).await;
    clock.advance(299_999);
    assert_eq!(first(&backend.incident(&id).await)["step"], 0);
    clock.advance(1);
    let after = backend
        .until_at(&clock, &id, |i| first(i)["step"] == 1)
        .await;
    assert_eq!(first(&after)["route"], "webhook");
    let second = two.letter().await;
    assert_ne!(
        second.header("idempotency-key"),
        first_letter.header("idempotency-key")
    );
    assert_eq!(
        second.json()["page"],
        first_letter.json()["page"],
        "the same page all the way"
    );
    let after = backend
        .until_at(&clock, &id, |i| i["pages"].as_array().unwrap().len() == 2)
        .await;
    assert_eq!(after["pages"][1]["team"], "incident-command");
    assert_eq!(first(&after)["escalates_at"], Value::Null);
    assert_eq!(command.letter().await.json()["team"], "Incident Command");
    // The team may still answer, late: then it has it.
    let ask = json!({"type": "acknowledge_page", "page": first(&after)["id"], "answer": "remote"});
    let after = backend.done(&id, &ask).await;
    assert_eq!(
        (&first(&after)["state"], &first(&after)["answer"]),
        (&json!("acknowledged"), &json!("remote"))
    );
    backend.stop().await;
    assert!(one.is_empty() && two.is_empty() && command.is_empty());
}

#[tokio::test]
async fn answered_cannot_it_goes_on_at_once() {
    let (mut one, mut two) = (Hook::new(&[]).await, Hook::new(&[]).await);
    let (backend, _) = {
        let clock = TestClock::default();
        let plan = Plan::new()
            .clock(&clock)
            .routes(TEAM, vec![one.route(), two.route()]);
        (plan.start().await, clock)
    };
    let id = backend.opened().await;
    let after = backend.done(&id, &page()).await;
    one.letter().await;
    let ask = json!({"type": "acknowledge_page", "page": first(&after)["id"], "answer": "cannot"});
    let after = backend.done(&id, &ask).await;
    assert_eq!(
        (&first(&after)["step"], &first(&after)["answer"]),
        (&json!(1), &json!("cannot"))
    );
    two.letter().await;
    backend.until(&id, is("accepted")).await;
    backend.stop().await;
}

#[tokio::test]
async fn a_team_with_an_open_page_is_not_paged_again_unasked() {
    let mut hook = Hook::new(&[]).await;
    let backend = Plan::new().routes(TEAM, vec![hook.route()]).start().await;
    let id = backend.opened().await;
    let after = backend.done(&id, &page()).await;
    hook.letter().await;
    let both = json!({"type": "page", "teams": ["threat-intelligence", TEAM]});
    let (word, detail) = backend.refused(&id, &both).await;
    assert_eq!(word, "already_paged");
    assert!(detail.contains(TEAM), "{detail}");
    assert_eq!(
        backend.incident(&id).await["pages"]
            .as_array()
            .unwrap()
            .len(),
        1,
        "nothing to anyone"
    );
    let again = json!({"type": "page", "teams": [TEAM, TEAM], "again": true});
    assert_eq!(
        backend.done(&id, &again).await["pages"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    hook.letter().await;
    let page_id = &first(&after)["id"];
    let cancel = json!({"type": "cancel_page", "page": page_id, "reason": "not needed"});
    let after = backend.done(&id, &cancel).await;
    assert_eq!(first(&after)["state"], "cancelled");
    let ask = json!({"type": "acknowledge_page", "page": page_id});
    assert_eq!(backend.refused(&id, &ask).await.0, "state");
    assert_eq!(backend.refused(&id, &cancel).await.0, "state");
    for wrong in [json!([]), json!(["nobody"])] {
        backend
            .refused(&id, &json!({"type": "page", "teams": wrong}))
            .await;
    }
    backend.stop().await;
}

#[tokio::test]
async fn a_team_without_a_route_fails_and_a_person_still_acknowledges() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let after = backend.done(&id, &page()).await;
    let failed = first(&after);
    assert_eq!(
        (&failed["state"], &failed["last_error"]),
        (&json!("failed"), &json!("no route"))
    );
    assert_eq!(failed["route"], Value::Null);
    let other = backend
        .issue_as("other-team", Role::Responder, |r| {
            r.team = Some("threat-intelligence".to_owned())
        })
        .await;
    let ask = json!({"type": "acknowledge_page", "page": failed["id"], "answer": "coming"});
    backend.order(&other, &id, &ask).send().await.problem(403);
    let own = backend
        .issue_as("own-team", Role::Responder, |r| {
            r.team = Some(TEAM.to_owned())
        })
        .await;
    let after = backend.order(&own, &id, &ask).send().await.expect(200);
    assert_eq!(first(&after)["state"], "acknowledged");
    backend.stop().await;
}

#[tokio::test]
async fn an_exercise_pages_nobody() {
    let mut hook = Hook::new(&[]).await;
    let clock = TestClock::default();
    let backend = Plan::new()
        .clock(&clock)
        .routes(TEAM, vec![hook.route()])
        .start()
        .await;
    let open = json!({"service": "azure", "title": "t", "exercise": true});
    let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    let after = backend.done(&id, &page()).await;
    assert_eq!(first(&after)["route"], "exercise");
    backend.until(&id, is("accepted")).await;
    // Neither later nor by escalation.
    backend
        .until_at(&clock, &id, |i| first(i)["escalates_at"].is_null())
        .await;
    let seen = backend.incident(&id).await;
    for page in seen["pages"].as_array().unwrap() {
        assert!(page["route"] == "exercise", "{page}");
    }
    backend.stop().await;
    assert!(hook.is_empty());
}

#[tokio::test]
async fn suspect_channels_are_passed_over() {
    let (mut inside, mut outside) = (Hook::new(&[]).await, Hook::new(&[]).await);
    let mut route = outside.route();
    route.in_band = false;
    let backend = Plan::new()
        .routes(TEAM, vec![inside.route(), route])
        .start()
        .await;
    let id = backend.opened().await;
    backend
        .done(&id, &json!({"type": "set", "comms": "suspect"}))
        .await;
    backend.done(&id, &page()).await;
    outside.letter().await;
    backend.until(&id, is("accepted")).await;
    backend.stop().await;
    assert!(inside.is_empty());
}

#[tokio::test]
async fn ending_an_incident_ends_its_pages() {
    let clock = TestClock::default();
    let mut hook = Hook::new(&["503 Later"]).await;
    let backend = Plan::new()
        .clock(&clock)
        .routes(TEAM, vec![hook.route()])
        .start()
        .await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    hook.letter().await;
    backend.until(&id, |i| first(i)["attempts"] == 1).await;
    let after = backend
        .done(&id, &json!({"type": "dismiss", "reason": "no incident"}))
        .await;
    assert_eq!(
        first(&after)["state"],
        "expired",
        "nobody is waited for any more"
    );
    assert_eq!(first(&after)["escalates_at"], Value::Null);
    for _ in 0..30 {
        clock.advance(60_000);
        backend.ask("GET", "/readyz").send().await.expect(200);
    }
    backend.stop().await;
    assert!(hook.is_empty(), "nothing is sent for it any more");
}

#[tokio::test]
async fn two_pages_late_at_once_call_the_command_team_once() {
    let clock = TestClock::default();
    let mut command = Hook::new(&[]).await;
    let backend = Plan::new()
        .clock(&clock)
        .routes("incident-command", vec![command.route()])
        .start()
        .await;
    let id = backend.opened().await;
    let both = json!({"type": "page", "teams": [TEAM, "threat-intelligence"]});
    backend.done(&id, &both).await;
    let after = backend
        .until_at(&clock, &id, |i| i["pages"].as_array().unwrap().len() > 2)
        .await;
    let pages = after["pages"].as_array().unwrap();
    assert_eq!(pages.len(), 3);
    assert_eq!(pages[2]["team"], "incident-command");
    for late in &pages[..2] {
        assert_eq!(late["escalates_at"], Value::Null, "each has gone on");
        assert_eq!(late["last_error"], "no route", "nobody was asked anything");
    }
    command.letter().await;
    backend
        .until(&id, |i| i["pages"][2]["state"] == "accepted")
        .await;
    backend.stop().await;
    assert!(command.is_empty());
}
