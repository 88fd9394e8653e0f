//! What time alone changes: a version at each due, limit and end of a hold, though nobody asked for it.

use serde_json::{Value, json};

use crate::backend::Backend;

fn status(incident: &Value) -> &str {
    let duties = incident["duties"].as_array().unwrap();
    let duty = duties.iter().find(|duty| duty["id"] == "ms-72h/customer");
    duty.unwrap()["status"].as_str().unwrap()
}

fn rings(incident: &Value, kind: &str) -> bool {
    let alarms = incident["alarms"].as_array().unwrap();
    alarms
        .iter()
        .any(|alarm| alarm["kind"] == kind && alarm["state"] == "unacknowledged")
}

/// A reader derives what rings by itself; that the worker wrote it down is told by the version.
fn newer(incident: &Value, than: &Value) -> bool {
    incident["version"].as_u64() > than["version"].as_u64()
}

const HOUR: i64 = 3_600_000;

#[tokio::test]
async fn a_duty_past_its_due_makes_a_version_and_wakes_readers() {
    let (backend, clock) = Backend::still().await;
    let id = backend.opened().await;
    let declared = backend.done(&id, &json!({"type": "declare"})).await;
    clock.advance(65 * HOUR);
    // The clock stands, so that the due lies exactly seven hours ahead.
    let declared = backend.until(&id, |i| newer(i, &declared)).await;
    assert!(rings(&declared, "ten_percent_left"));
    let cursor = backend.cursor().await;
    clock.advance(7 * HOUR);
    // At its due it is not late yet.
    assert_eq!(status(&backend.incident(&id).await), "running");
    let path = format!("/v1/changes?since={cursor}&wait=60");
    let ask = backend.ask("GET", &path).token(
        &backend
            .issue("reader", warboard::domain::word::Role::Viewer)
            .await,
    );
    let held = tokio::spawn(async move { ask.send().await });
    let late = backend
        .until_at(&clock, &id, |i| newer(i, &declared) && rings(i, "passed"))
        .await;
    assert_eq!(status(&late), "overdue");
    assert_eq!(
        late["version"].as_u64().unwrap(),
        declared["version"].as_u64().unwrap() + 1
    );
    assert_eq!(late["persons_version"], declared["persons_version"]);
    let news = held.await.unwrap().expect(200);
    assert_eq!(status(&news["incidents"][0]), "overdue");
    let entry = backend.timeline(&id).await.last().unwrap().clone();
    assert_eq!(
        (&entry["kind"], &entry["via"]),
        (&json!("statuses_changed"), &json!("worker"))
    );
    assert_eq!(entry["body"]["duties"], json!(["ms-72h/customer"]));
    // Once is enough.
    for _ in 0..5 {
        clock.advance(HOUR);
        backend.ask("GET", "/readyz").send().await.expect(200);
    }
    assert_eq!(backend.incident(&id).await["version"], late["version"]);
    backend.stop().await;
}

#[tokio::test]
async fn the_end_of_a_hold_makes_a_version() {
    let (backend, clock) = Backend::still().await;
    let id = backend.opened().await;
    backend.done(&id, &json!({"type": "declare"})).await;
    let until = "2026-11-27T14:07:32Z";
    let hold = json!({"type": "hold", "duty": "ms-72h/customer", "kind": "exception:risk-to-others", "until": until, "authority": "BKA"});
    let held = backend.done(&id, &hold).await;
    assert_eq!(status(&held), "held");
    clock.advance(95 * HOUR);
    backend.ask("GET", "/readyz").send().await.expect(200);
    assert_eq!(
        status(&backend.incident(&id).await),
        "held",
        "it lies past its due, and is held"
    );
    clock.advance(HOUR);
    let after = backend.until_at(&clock, &id, |i| status(i) != "held").await;
    assert_eq!(status(&after), "overdue");
    backend.stop().await;
}

#[tokio::test]
async fn what_time_changed_while_the_server_was_down_is_made_up_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("warboard.db");
    let clock = warboard::time::TestClock::default();
    let plan = || crate::backend::Plan::new().at(&path).clock(&clock);
    let backend = plan().start().await;
    let id = backend.opened().await;
    let before = backend.done(&id, &json!({"type": "declare"})).await;
    backend.stop().await;
    clock.advance(80 * HOUR);
    let backend = plan().start().await;
    let after = backend
        .until(&id, |i| i["version"] != before["version"])
        .await;
    assert_eq!(status(&after), "overdue");
    backend.stop().await;
}

#[tokio::test]
async fn alarms_ring_are_silenced_shelved_and_come_back_by_themselves() {
    let (backend, clock) = Backend::still().await;
    let id = backend.opened().await;
    let declared = backend.done(&id, &json!({"type": "declare"})).await;
    clock.advance(65 * HOUR);
    let alarm = "ms-72h/customer#ten_percent_left";
    let ringing = backend.until_at(&clock, &id, |i| newer(i, &declared)).await;
    assert!(rings(&ringing, "ten_percent_left"));
    let entry = backend.timeline(&id).await.last().unwrap().clone();
    assert_eq!(
        (&entry["kind"], &entry["via"]),
        (&json!("alarms_raised"), &json!("worker"))
    );
    assert_eq!(entry["line"], "alarm: ms-72h/customer 10 % left");
    let silence = json!({"type": "acknowledge_alarm", "alarm": alarm});
    let viewer = backend.order(&backend.tokens.viewer, &id, &silence);
    viewer.send().await.expect(403);
    let heard = backend.order(&backend.tokens.responder, &id, &silence);
    let heard = heard.send().await.expect(200);
    assert_eq!(heard["alarms"][0]["state"], "acknowledged");
    assert_eq!(heard["alarms"][0]["by"], "responder");
    assert_eq!(heard["persons_version"], ringing["persons_version"]);
    let again = backend.order(&backend.tokens.responder, &id, &silence);
    assert_eq!(again.send().await.problem(422).0, "state");
    let now: chrono::DateTime<chrono::Utc> = heard["updated_at"].as_str().unwrap().parse().unwrap();
    let shelve = |hours: i64| {
        let until = now + chrono::TimeDelta::hours(hours);
        json!({"type": "shelve_alarm", "alarm": alarm, "reason": "counsel drafts", "until": until})
    };
    let long = backend.order(&backend.tokens.commander, &id, &shelve(25));
    assert_eq!(long.send().await.problem(422).0, "invalid");
    let weak = backend.order(&backend.tokens.responder, &id, &shelve(2));
    weak.send().await.expect(403);
    let shelved = backend.done(&id, &shelve(2)).await;
    assert_eq!(shelved["alarms"][0]["state"], "shelved");
    assert_eq!(shelved["alarms"][0]["reason"], "counsel drafts");
    clock.advance(2 * HOUR);
    let back = backend.until_at(&clock, &id, |i| newer(i, &shelved)).await;
    assert!(rings(&back, "ten_percent_left"));
    let shelved = backend.done(&id, &shelve(6)).await;
    assert_eq!(shelved["alarms"][0]["state"], "shelved");
    let unshelve = json!({"type": "unshelve_alarm", "alarm": alarm});
    assert!(rings(
        &backend.done(&id, &unshelve).await,
        "ten_percent_left"
    ));
    backend.stop().await;
}

#[tokio::test]
async fn an_eta_that_passes_rings_until_somebody_arrives() {
    let (backend, clock) = Backend::still().await;
    let id = backend.opened().await;
    let page = json!({"type": "page", "teams": ["legal-affairs"]});
    let paged = backend.done(&id, &page).await;
    let page = &paged["pages"][0]["id"];
    let coming = json!({"type": "acknowledge_page", "page": page, "answer": "coming", "eta": "2026-11-23T14:20:00Z"});
    let answered = backend.done(&id, &coming).await;
    clock.advance(12 * 60_000);
    assert!(!rings(&backend.incident(&id).await, "eta_passed"));
    clock.advance(60_000);
    let late = backend.until_at(&clock, &id, |i| newer(i, &answered)).await;
    assert!(rings(&late, "eta_passed"));
    let alarm = format!("page/{}#eta_passed", page.as_str().unwrap());
    assert_eq!(late["alarms"][0]["id"], json!(alarm));
    let heard = json!({"type": "acknowledge_alarm", "alarm": alarm});
    let heard = backend.done(&id, &heard).await;
    assert_eq!(heard["alarms"][0]["state"], "acknowledged");
    let arrived = json!({"type": "acknowledge_page", "page": page, "answer": "arrived"});
    let there = backend.done(&id, &arrived).await;
    assert_eq!(there["alarms"], json!([]));
    assert_eq!(
        there["pages"][0]["acknowledged_at"], answered["pages"][0]["acknowledged_at"],
        "when it was answered stays"
    );
    assert_eq!(backend.refused(&id, &arrived).await.0, "state");
    backend.stop().await;
}

#[tokio::test]
async fn a_seat_nobody_takes_pages_command_once() {
    let (backend, clock) = Backend::still().await;
    let open = json!({"service": "azure", "title": "odd sign-ins", "severity": "sev2"});
    let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    clock.advance(HOUR / 12 - 1_000);
    backend.ask("GET", "/readyz").send().await.expect(200);
    assert_eq!(backend.incident(&id).await["pages"], json!([]));
    clock.advance(1_000);
    let paged = backend
        .until_at(&clock, &id, |i| i["pages"] != json!([]))
        .await;
    assert!(rings(&paged, "vacant_command"));
    let pages = paged["pages"].as_array().unwrap();
    assert_eq!(pages.len(), 1);
    assert_eq!(pages[0]["team"], "incident-command");
    assert_eq!(pages[0]["by"], "warboard");
    let take = json!({"type": "take", "role": "commander"});
    let taken = backend.done(&id, &take).await;
    assert!(!rings(&taken, "vacant_command"));
    assert_eq!(taken["pages"].as_array().unwrap().len(), 1);
    backend.stop().await;
}

#[tokio::test]
async fn what_is_due_for_many_at_one_instant_is_written_side_by_side() {
    use warboard::store::Store as _;
    const MANY: usize = 48;
    let (backend, clock) = Backend::still().await;
    let mut declared = Vec::new();
    for _ in 0..MANY {
        let id = backend.opened().await;
        let after = backend.done(&id, &json!({"type": "declare"})).await;
        declared.push((id, after));
    }
    let tally = backend.store.tally();
    let before = tally.commits();
    clock.advance(65 * HOUR);
    for (id, after) in &declared {
        let written = |incident: &Value| newer(incident, after);
        backend.until_at(&clock, id, written).await;
    }
    let commits = tally.commits() - before;
    assert!(commits < MANY as u64, "{commits} commits for {MANY}");
    backend.stop_at(&clock).await;
}
