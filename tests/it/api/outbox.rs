//! The outbox: who may send a delivery, what waits and says so, and what becomes of a page when the world has moved on.

use serde_json::{Value, json};
use warboard::domain::span::Span;
use warboard::server::Limits;
use warboard::store::claim::{Caps, Claim, Claims, Lease};
use warboard::store::{Done, Job, Outcome, Store as _, Target as Of};
use warboard::time::TestClock;

use super::paged::{TEAM, first, is, page, slack};
use crate::backend::{Backend, Plan};
use crate::hook::{HANG, HELD, Hook};
use crate::http::soon;

fn capped(caps: Caps) -> Limits {
    Limits {
        caps,
        ..Limits::default()
    }
}

/// Nothing is sent by a backend of these limits: it stands for one that is slow.
fn idle() -> Limits {
    capped(Caps {
        deliveries: 0,
        spare: 0,
        ..Caps::default()
    })
}

/// What a node is given `after_ms` from now on.
async fn claim(backend: &Backend, node: &str, after_ms: i64) -> Claims {
    let ask = Claim {
        node: node.to_owned(),
        now: backend.clock.now() + chrono::TimeDelta::milliseconds(after_ms),
        lease_ms: 10_000,
        under_way: Vec::new(),
        caps: Caps::default(),
    };
    backend.store.claim(ask).await.unwrap()
}

async fn renew(backend: &Backend, lease: &Lease, after_ms: i64) -> Vec<Lease> {
    let now = backend.clock.now() + chrono::TimeDelta::milliseconds(after_ms);
    let leases = vec![lease.clone()];
    backend.store.renew(leases, now, 10_000).await.unwrap()
}

/// A job under a lease, that would answer.
async fn answered(backend: &Backend, page: &str, lease: &Lease) -> Done {
    let answer = warboard::store::Answer {
        status: 200,
        etag: None,
        location: None,
        body: Vec::new(),
    };
    let job = Job {
        target: Of::Page(page.to_owned()),
        lease: Some(lease.clone()),
        idempotency: None,
        decide: Box::new(move |_| Outcome::Answer(answer.clone())),
        now: backend.clock.now(),
    };
    backend.store.submit(job).await.unwrap()
}

#[tokio::test]
async fn a_delivery_has_one_holder_and_a_superseded_one_writes_nothing() {
    let hook = Hook::new(&[]).await;
    let clock = TestClock::default();
    let backend = Plan::new()
        .clock(&clock)
        .limits(idle())
        .routes(TEAM, vec![hook.route()])
        .start()
        .await;
    let id = backend.opened().await;
    let after = backend.done(&id, &page()).await;
    let page = first(&after)["id"].as_str().unwrap();
    let one = claim(&backend, "one", 0).await.taken.remove(0);
    assert!(!one.repeat && !one.interrupted);
    assert!(claim(&backend, "two", 0).await.taken.is_empty());
    assert!(claim(&backend, "two", 9_999).await.taken.is_empty());
    assert!(matches!(
        answered(&backend, page, &one.lease).await,
        Done::Answered(_)
    ));
    assert!(renew(&backend, &one.lease, 5_000).await.is_empty());
    assert!(claim(&backend, "two", 14_999).await.taken.is_empty());
    let two = claim(&backend, "two", 15_000).await.taken.remove(0);
    assert!(two.repeat && two.interrupted, "nobody knows how it went");
    assert_eq!(two.delivery, one.delivery, "same key, same body");
    assert_eq!(two.lease.fence, one.lease.fence + 1);
    assert!(matches!(
        answered(&backend, page, &one.lease).await,
        Done::Superseded
    ));
    let lost = renew(&backend, &one.lease, 15_000).await;
    assert_eq!(lost, [one.lease]);
    assert!(matches!(
        answered(&backend, page, &two.lease).await,
        Done::Answered(_)
    ));
    backend.stop().await;
}

#[tokio::test]
async fn another_node_sends_what_a_lost_one_held() {
    let mut hook = Hook::new(&[]).await;
    let clock = TestClock::default();
    let plan = || Plan::new().clock(&clock).routes(TEAM, vec![hook.route()]);
    let (first_plan, second_plan) = (plan().limits(idle()), plan());
    let backend = first_plan.start().await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    let lost = claim(&backend, "lost", 0).await.taken.remove(0);
    let second = second_plan.beside(&backend).start().await;
    let after = second.until_at(&clock, &id, is("accepted")).await;
    assert_eq!(first(&after)["attempts"], 1);
    let letter = hook.letter().await;
    assert_eq!(letter.header("idempotency-key"), lost.delivery.key);
    assert_eq!(letter.body, lost.delivery.body);
    second.begin_to_end();
    backend.stop().await;
    assert!(hook.is_empty());
}

#[tokio::test]
async fn a_restart_frees_what_the_process_before_it_held() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("warboard.db");
    let mut hook = Hook::new(&[]).await;
    let clock = TestClock::default();
    let plan = || {
        Plan::new()
            .at(&path)
            .clock(&clock)
            .routes(TEAM, vec![hook.route()])
    };
    let (first_plan, second_plan) = (plan().limits(idle()), plan());
    let backend = first_plan.start().await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    claim(&backend, "lost", 0).await.taken.remove(0);
    backend.stop().await;
    // The clock stands: no lease ran out.
    let backend = second_plan.start().await;
    hook.letter().await;
    backend.until(&id, is("accepted")).await;
    backend.stop().await;
    assert!(hook.is_empty());
}

#[tokio::test]
async fn twenty_routes_that_hang_do_not_delay_a_page_by_a_good_one() {
    let (mut hung, mut good) = (Hook::always(HANG).await, Hook::new(&[]).await);
    let clock = TestClock::default();
    let mut plan = Plan::new().clock(&clock).routes(TEAM, vec![good.route()]);
    let stuck: Vec<String> = (0..20).map(|n| format!("stuck-{n}")).collect();
    for team in &stuck {
        plan = plan.partner(team).routes(team, vec![hung.route()]);
    }
    let backend = plan.start().await;
    for _ in 0..5 {
        let id = backend.opened().await;
        let all = json!({"type": "page", "teams": stuck});
        backend.done(&id, &all).await;
    }
    // As many as there may be.
    for _ in 0..64 {
        hung.letter().await;
    }
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    // The clock stands: nothing that hangs has ended meanwhile.
    good.letter().await;
    backend.until(&id, is("accepted")).await;
    backend.stop_at(&clock).await;
}

#[tokio::test]
async fn what_a_minute_cannot_hold_waits_says_so_and_goes_newest_first() {
    let mut hook = Hook::new(&[]).await;
    let clock = TestClock::default();
    let backend = Plan::new()
        .clock(&clock)
        .limits(capped(Caps {
            a_minute_of_team: 1,
            ..Caps::default()
        }))
        .routes(TEAM, vec![hook.route()])
        .team(TEAM, |team| team.ack_within = Span::minutes(30))
        .start()
        .await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        clock.advance(10);
        let id = backend.opened().await;
        backend.done(&id, &page()).await;
        ids.push(id);
        if ids.len() == 1 {
            backend.until(&ids[0], is("accepted")).await;
        }
    }
    for id in &ids[1..] {
        let held = backend
            .until(id, |i| first(i)["last_error"].is_string())
            .await;
        assert_eq!(first(&held)["state"], "queued");
        let why = "held back: 1 pages a minute to legal-affairs";
        assert_eq!(first(&held)["last_error"], why);
    }
    assert_eq!(hook.letter().await.json()["incident"], json!(ids[0]));
    backend.until_at(&clock, &ids[1], is("accepted")).await;
    for nth in [2, 1] {
        assert_eq!(hook.letter().await.json()["incident"], json!(ids[nth]));
    }
    let said = backend.timeline(&ids[1]).await;
    let held = said
        .iter()
        .filter(|entry| entry["body"]["last_error"].is_string());
    assert_eq!(held.count(), 1, "told once");
    let after = backend.incident(&ids[1]).await;
    assert_eq!(first(&after)["last_error"], Value::Null);
    backend.stop().await;
    assert!(hook.is_empty());
}

#[tokio::test]
async fn workers_are_at_rest_while_a_page_waits_for_a_cap() {
    let mut hook = Hook::new(&[]).await;
    let clock = TestClock::default();
    let backend = Plan::new()
        .clock(&clock)
        .limits(capped(Caps {
            a_minute_of_team: 1,
            ..Caps::default()
        }))
        .routes(TEAM, vec![hook.route()])
        .start()
        .await;
    let first_of_the_minute = backend.opened().await;
    backend.done(&first_of_the_minute, &page()).await;
    hook.letter().await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    // Each ends before the clock is moved, and none before it is written that the page waits.
    for _ in 0..5 {
        backend.turn(&clock).await;
        let held = backend.incident(&id).await;
        assert!(first(&held)["last_error"].is_string(), "{held}");
    }
    backend.stop().await;
    assert!(hook.is_empty());
}

#[tokio::test]
async fn a_clock_that_is_set_back_puts_no_page_off() {
    let mut hook = Hook::new(&["503 Later"]).await;
    let clock = TestClock::default();
    let backend = Plan::new()
        .clock(&clock)
        .routes(TEAM, vec![hook.route()])
        .start()
        .await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    hook.letter().await;
    backend.until(&id, |i| first(i)["attempts"] == 1).await;
    clock.step_wall(-7_200_000);
    backend.until_at(&clock, &id, is("accepted")).await;
    hook.letter().await;
    backend.stop().await;
    assert!(hook.is_empty());
}

async fn cancel(backend: &Backend, id: &str) -> Value {
    let page = first(&backend.incident(id).await)["id"].clone();
    let cancel = json!({"type": "cancel_page", "page": page, "reason": "false alarm"});
    backend.done(id, &cancel).await
}

#[tokio::test]
async fn a_cancelled_page_is_taken_back_wherever_it_may_have_arrived() {
    // The first route took it without a word, the second one has it.
    let (mut one, mut two) = (Hook::new(&[""]).await, Hook::new(&[]).await);
    let clock = TestClock::default();
    let backend = Plan::new()
        .clock(&clock)
        .routes(TEAM, vec![slack(&one), two.route()])
        .start()
        .await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    one.letter().await;
    let after = backend.until(&id, is("unknown")).await;
    let answer =
        json!({"type": "acknowledge_page", "page": first(&after)["id"], "answer": "cannot"});
    backend.done(&id, &answer).await;
    let sent = two.letter().await;
    backend.until(&id, is("accepted")).await;
    cancel(&backend, &id).await;
    let taken_back = two.letter().await;
    let body = taken_back.json();
    assert_eq!(body["type"], "stand_down");
    assert_eq!(body["page"], sent.json()["page"]);
    assert_eq!(body["message"], Value::Null, "not cleared for it");
    assert!(body["text"].as_str().unwrap().starts_with("STAND DOWN for"));
    assert_eq!(
        taken_back.header("idempotency-key"),
        format!("{}-stand-down", sent.header("idempotency-key"))
    );
    let told = one.letter().await.json();
    assert!(told["text"].as_str().unwrap().starts_with("STAND DOWN for"));
    backend.stop().await;
    assert!(one.is_empty() && two.is_empty());
}

#[tokio::test]
async fn a_page_that_is_cancelled_while_it_is_taken_is_taken_back_then() {
    let mut hook = Hook::new(&[HELD]).await;
    let backend = Plan::new().routes(TEAM, vec![slack(&hook)]).start().await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    hook.letter().await;
    cancel(&backend, &id).await;
    hook.release();
    let told = hook.letter().await.json();
    assert!(told["text"].as_str().unwrap().starts_with("STAND DOWN for"));
    backend.stop().await;
    assert!(hook.is_empty());
}

#[tokio::test]
async fn a_page_cancelled_after_its_sender_was_lost_is_only_taken_back() {
    let mut hook = Hook::new(&[]).await;
    let clock = TestClock::default();
    let plan = || Plan::new().clock(&clock).routes(TEAM, vec![slack(&hook)]);
    let (first_plan, second_plan) = (plan().limits(idle()), plan());
    let backend = first_plan.start().await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    claim(&backend, "lost", 0).await.taken.remove(0);
    cancel(&backend, &id).await;
    let second = second_plan.beside(&backend).start().await;
    clock.advance(10_000);
    let waiting = async {
        loop {
            tokio::select! {
                letter = hook.letter() => return letter,
                () = second.turn(&clock) => {}
            }
        }
    };
    let told = soon("the stand-down", waiting).await.json();
    assert!(told["text"].as_str().unwrap().starts_with("STAND DOWN for"));
    second.begin_to_end();
    backend.stop().await;
    assert!(hook.is_empty());
}

#[tokio::test]
async fn nobody_is_stood_down_who_never_had_the_page() {
    let mut hook = Hook::always("503 Later").await;
    let clock = TestClock::default();
    let backend = Plan::new()
        .clock(&clock)
        .routes(TEAM, vec![slack(&hook)])
        .start()
        .await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    hook.letter().await;
    backend.until(&id, |i| first(i)["attempts"] == 1).await;
    cancel(&backend, &id).await;
    clock.advance(600_000);
    backend.ask("GET", "/readyz").send().await.expect(200);
    backend.stop().await;
    assert!(hook.is_empty());
}

#[tokio::test]
async fn an_answered_page_is_not_taken_back() {
    let mut hook = Hook::new(&[]).await;
    let backend = Plan::new().routes(TEAM, vec![slack(&hook)]).start().await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    hook.letter().await;
    let after = backend.until(&id, is("accepted")).await;
    let answer =
        json!({"type": "acknowledge_page", "page": first(&after)["id"], "answer": "coming"});
    backend.done(&id, &answer).await;
    backend.stop().await;
    assert!(hook.is_empty());
}

#[tokio::test]
async fn channels_that_become_suspect_are_left_between_two_attempts() {
    let (mut inside, mut outside) = (Hook::always("503 Later").await, Hook::new(&[]).await);
    let mut route = outside.route();
    route.in_band = false;
    let clock = TestClock::default();
    let backend = Plan::new()
        .clock(&clock)
        .routes(TEAM, vec![inside.route(), route])
        .start()
        .await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    inside.letter().await;
    backend.until(&id, |i| first(i)["attempts"] == 1).await;
    let suspect = json!({"type": "set", "comms": "suspect"});
    let after = backend.done(&id, &suspect).await;
    assert_eq!(first(&after)["step"], 1);
    outside.letter().await;
    backend.until(&id, is("accepted")).await;
    backend.stop().await;
    assert!(inside.is_empty() && outside.is_empty());
}

#[tokio::test]
async fn a_page_fails_where_no_route_leads_out_of_suspect_channels() {
    let mut inside = Hook::always("503 Later").await;
    let clock = TestClock::default();
    let backend = Plan::new()
        .clock(&clock)
        .routes(TEAM, vec![inside.route()])
        .start()
        .await;
    let id = backend.opened().await;
    backend.done(&id, &page()).await;
    inside.letter().await;
    backend.until(&id, |i| first(i)["attempts"] == 1).await;
    let suspect = json!({"type": "set", "comms": "suspect"});
    let after = backend.done(&id, &suspect).await;
    assert_eq!(
        (&first(&after)["state"], &first(&after)["last_error"]),
        (&json!("failed"), &json!("no out-of-band route"))
    );
    let pages = after["pages"].as_array().unwrap();
    assert_eq!(pages[1]["team"], "incident-command", "it goes on at once");
    let later = json!({"type": "page", "teams": ["threat-intelligence"]});
    let after = backend.done(&id, &later).await;
    assert_eq!(after["pages"][2]["last_error"], "no out-of-band route");
    backend.stop().await;
    assert!(inside.is_empty());
}

#[tokio::test]
async fn a_queue_that_comes_back_wakes_nobody_for_what_went_on_long_ago() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("warboard.db");
    let clock = TestClock::default();
    let (mut bad, mut good) = (Hook::always("503 Later").await, Hook::new(&[]).await);
    let plan = |hook: &Hook| {
        Plan::new()
            .at(&path)
            .clock(&clock)
            .routes(TEAM, vec![hook.route()])
    };
    let backend = plan(&bad).start().await;
    let (old, closed) = (backend.opened().await, backend.opened().await);
    for id in [&old, &closed] {
        backend.done(id, &page()).await;
        bad.letter().await;
        backend.until(id, |i| first(i)["attempts"] == 1).await;
    }
    clock.advance(360_000);
    backend
        .until_at(&clock, &old, |i| i["pages"][1].is_object())
        .await;
    let dismiss = json!({"type": "dismiss", "reason": "no incident"});
    backend.done(&closed, &dismiss).await;
    backend.stop_at(&clock).await;
    clock.advance(5 * 3_600_000);
    let backend = plan(&good).start().await;
    let young = backend.opened().await;
    backend.done(&young, &page()).await;
    backend.until(&young, is("accepted")).await;
    let after = backend.until(&old, is("expired")).await;
    let why = first(&after)["last_error"].as_str().unwrap();
    assert!(why.contains("escalated since"), "{why}");
    assert_eq!(good.letter().await.json()["incident"], json!(young));
    backend.stop().await;
    assert!(good.is_empty());
}
