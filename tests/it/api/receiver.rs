//! Receivers as bad as they come: every page ends accepted by somebody, escalated, or visibly failed. One proof a kind.

use serde_json::{Value, json};
use warboard::domain::span::Span;
use warboard::time::{Clock as _, TestClock};

use crate::backend::{Backend, Plan};
use crate::hook::{GARBAGE, HANG, Hook};

const TEAM: &str = "legal-affairs";

fn first(incident: &Value) -> &Value {
    &incident["pages"][0]
}

fn last_error(incident: &Value) -> &str {
    first(incident)["last_error"].as_str().unwrap_or_default()
}

/// A backend whose team has these routes, in order, and a minute to answer; and an incident for which it was paged.
async fn paged(routes: &[&Hook]) -> (Backend, TestClock, String) {
    let clock = TestClock::default();
    let backend = Plan::new()
        .clock(&clock)
        .routes(TEAM, routes.iter().map(|hook| hook.route()).collect())
        .team(TEAM, |team| team.ack_within = Span::minutes(1))
        .start()
        .await;
    let id = backend.opened().await;
    let page = json!({"type": "page", "teams": [TEAM]});
    backend.done(&id, &page).await;
    (backend, clock, id)
}

/// The first route never takes it: it is tried again with one key and body, until the second one has it.
async fn goes_on(answer: &'static str, meanwhile: &str) {
    let (mut bad, mut good) = (Hook::always(answer).await, Hook::new(&[]).await);
    let (backend, clock, id) = paged(&[&bad, &good]).await;
    let before = bad.letter().await;
    until_at(&backend, &clock, &id, answer, |page| page["attempts"] == 2).await;
    let seen = backend.incident(&id).await;
    assert_eq!(first(&seen)["state"], meanwhile);
    let again = bad.letter().await;
    assert_eq!(again.body, before.body);
    assert_eq!(
        again.header("idempotency-key"),
        before.header("idempotency-key")
    );
    until_at(&backend, &clock, &id, answer, |page| page["step"] == 1).await;
    good.letter().await;
    let accepted = |page: &Value| page["state"] == "accepted";
    until_at(&backend, &clock, &id, answer, accepted).await;
    backend.stop_at(&clock).await;
}

/// Moves the clock until the page is as wanted; one that never answers holds it up no longer than it must.
async fn until_at(
    backend: &Backend,
    clock: &TestClock,
    id: &str,
    answer: &str,
    wanted: impl Fn(&Value) -> bool,
) {
    let wanted = |incident: &Value| wanted(first(incident));
    match answer {
        HANG => backend.until_past_silence(clock, id, wanted).await,
        _ => backend.until_at(clock, id, wanted).await,
    };
}

#[tokio::test]
async fn one_that_answers_500_is_left_for_the_next_route() {
    goes_on("500 Broken", "unknown").await;
}

#[tokio::test]
async fn one_behind_a_proxy_that_answers_504_may_have_it_and_is_left_for_the_next_route() {
    goes_on("504 Gateway Timeout", "unknown").await;
}

#[tokio::test]
async fn one_that_takes_a_page_and_closes_is_left_for_the_next_route() {
    goes_on("", "unknown").await;
}

#[tokio::test]
async fn one_that_answers_garbage_is_left_for_the_next_route() {
    goes_on(GARBAGE, "unknown").await;
}

#[tokio::test]
async fn one_that_never_answers_is_left_for_the_next_route() {
    goes_on(HANG, "unknown").await;
}

async fn waits(answer: &'static str, at_least_ms: i64) {
    let mut hook = Hook::new(&[answer]).await;
    let (backend, clock, id) = paged(&[&hook]).await;
    hook.letter().await;
    let refused = backend.until(&id, |i| first(i)["attempts"] == 1).await;
    assert!(last_error(&refused).contains("429"), "{refused}");
    let before = clock.now();
    backend
        .until_at(&clock, &id, |i| first(i)["state"] == "accepted")
        .await;
    let waited = (clock.now() - before).num_milliseconds();
    assert!(waited >= at_least_ms, "{waited}");
    hook.letter().await;
    backend.stop().await;
    assert!(hook.is_empty());
}

#[tokio::test]
async fn one_that_answers_429_is_asked_again_after_its_seconds() {
    waits("429 Slow\r\nretry-after: 20", 20_000).await;
}

#[tokio::test]
async fn one_that_answers_429_is_asked_again_at_its_date() {
    // The clock begins at 14:07:32.
    let answer = "429 Slow\r\nretry-after: Mon, 23 Nov 2026 14:07:52 GMT";
    waits(answer, 20_000).await;
}

#[tokio::test]
async fn one_that_redirects_is_left_at_once() {
    let answer = "302 Found\r\nlocation: http://127.0.0.1:1/";
    let (mut bad, mut good) = (Hook::always(answer).await, Hook::new(&[]).await);
    let (backend, _clock, id) = paged(&[&bad, &good]).await;
    bad.letter().await;
    // The clock stands: nobody waited.
    good.letter().await;
    let after = backend
        .until(&id, |i| first(i)["state"] == "accepted")
        .await;
    assert_eq!(first(&after)["step"], 1);
    backend.stop().await;
    assert!(bad.is_empty() && good.is_empty());
}

#[tokio::test]
async fn a_refused_route_with_none_behind_it_fails_and_calls_the_command_team_at_once() {
    let (mut bad, mut command) = (Hook::always("404 Gone").await, Hook::new(&[]).await);
    let clock = TestClock::default();
    let backend = Plan::new()
        .clock(&clock)
        .routes(TEAM, vec![bad.route()])
        .routes("incident-command", vec![command.route()])
        .start()
        .await;
    let id = backend.opened().await;
    let page = json!({"type": "page", "teams": [TEAM]});
    backend.done(&id, &page).await;
    bad.letter().await;
    command.letter().await;
    let after = backend
        .until(&id, |i| i["pages"][1]["state"] == "accepted")
        .await;
    assert_eq!(first(&after)["state"], "failed");
    assert!(last_error(&after).contains("404"), "{after}");
    backend.stop().await;
    assert!(bad.is_empty() && command.is_empty());
}
