//! What time alone changes: a version at each due, limit and end of a hold, though nobody asked for it.

use serde_json::{Value, json};

use crate::backend::Backend;

fn status(incident: &Value) -> &str {
    let duties = incident["duties"].as_array().unwrap();
    let duty = duties.iter().find(|duty| duty["id"] == "ms-72h/customer");
    duty.unwrap()["status"].as_str().unwrap()
}

const HOUR: i64 = 3_600_000;

#[tokio::test]
async fn a_duty_past_its_due_makes_a_version_and_wakes_readers() {
    let (backend, clock) = Backend::still().await;
    let id = backend.opened().await;
    let declared = backend.done(&id, &json!({"type": "declare"})).await;
    let cursor = backend.cursor().await;
    clock.advance(72 * HOUR);
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
        .until_at(&clock, &id, |i| status(i) == "overdue")
        .await;
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
    let hold = json!({"type": "hold", "duty": "ms-72h/customer", "kind": "law_enforcement", "until": until, "authority": "BKA"});
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
