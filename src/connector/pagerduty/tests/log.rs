//! PagerDuty's log as the feed of changes.

use super::*;

#[tokio::test]
async fn pitfall_1_the_log_is_read_with_an_overlap_and_no_entry_counts_twice() {
    let stub = Stub::new().await;
    let entry = |id: &str, at: &str, key: &str| json!({"id": id, "created_at": at, "incident": {"id": key}});
    let first = json!([
        entry("L2", "2026-11-24T09:59:30Z", "B"),
        entry("L1", "2026-11-24T09:59:30Z", "A")
    ]);
    let second = json!([
        entry("L3", "2026-11-24T09:59:30Z", "C"),
        entry("L2", "2026-11-24T09:59:30Z", "B")
    ]);
    let log = |entries: &Value| answer(200, &json!({"log_entries": entries, "more": false}));
    stub.on("GET /log_entries", &[log(&first), log(&second)]);
    stub.on("GET /incidents/A", &[one(incident("A", "acknowledged"))]);
    stub.on(
        "GET /incidents/B",
        &[answer(
            404,
            &json!({"error": {"message": "Not Found", "code": 2100}}),
        )],
    );
    stub.on("GET /incidents/C", &[one(incident("C", "triggered"))]);
    let pagerduty = pagerduty(&stub);
    let start = Watermark {
        at: "2026-11-24T09:59:00Z".parse().unwrap(),
        seen: BTreeSet::new(),
    };
    let Delta::Cases {
        cases,
        gone,
        watermark,
        ..
    } = pagerduty.changes(&start).await.unwrap()
    else {
        panic!("a resync");
    };
    assert_eq!(
        (cases.len(), cases[0].key.as_str(), gone),
        (1, "A", vec!["B".to_owned()])
    );
    assert_eq!(
        watermark.at,
        "2026-11-24T09:59:30Z"
            .parse::<crate::domain::instant::Instant>()
            .unwrap()
    );
    assert!(
        stub.calls()[0].contains("since=2026-11-24T09%3A58%3A00Z"),
        "{:?}",
        stub.calls()
    );
    // A second entry of the boundary second that came late is not lost.
    let Delta::Cases { cases, .. } = pagerduty.changes(&watermark).await.unwrap() else {
        panic!("a resync");
    };
    let keys: Vec<&str> = cases.iter().map(|case| case.key.as_str()).collect();
    assert_eq!(keys, ["C"]);
}

#[tokio::test]
async fn a_log_too_long_or_unreadable_asks_for_the_whole_list() {
    let stub = Stub::new().await;
    let entries: Vec<Value> = (0..60)
        .map(|n| json!({"id": n, "created_at": "2026-11-24T09:59:30Z", "incident": {"id": format!("I{n}")}}))
        .collect();
    let start = Watermark {
        at: "2026-11-24T09:59:00Z".parse().unwrap(),
        seen: BTreeSet::new(),
    };
    for body in [
        json!({"log_entries": entries, "more": false}),
        json!({"log_entries": [{"id": "x"}], "more": false}),
        json!({"log_entries": [], "more": true}),
    ] {
        stub.on("GET /log_entries", &[answer(200, &body)]);
        assert_eq!(
            pagerduty(&stub).changes(&start).await.unwrap(),
            Delta::Resync
        );
    }
}

#[tokio::test]
async fn an_incident_of_the_log_that_is_refused_keeps_no_other_from_being_told() {
    let stub = Stub::new().await;
    let entry = |id: &str, key: &str| json!({"id": id, "created_at": "2026-11-24T09:59:30Z", "incident": {"id": key}});
    let entries = json!([entry("L1", "A"), entry("L2", "B"), entry("L3", "C")]);
    let body = json!({"log_entries": entries, "more": false});
    stub.on("GET /log_entries", &[answer(200, &body)]);
    stub.on(
        "GET /incidents/A",
        &[answer(403, &json!({"error": {"message": "private"}}))],
    );
    stub.on("GET /incidents/B", &[answer(500, &json!({}))]);
    stub.on("GET /incidents/C", &[one(incident("C", "triggered"))]);
    let start = Watermark {
        at: "2026-11-24T09:59:00Z".parse().unwrap(),
        seen: BTreeSet::new(),
    };
    let told = pagerduty(&stub).changes(&start).await.unwrap();
    let Delta::Cases { cases, unread, .. } = told else {
        panic!("a resync");
    };
    let keys: Vec<&str> = cases.iter().map(|case| case.key.as_str()).collect();
    assert_eq!(keys, ["C"]);
    assert!(
        matches!(&unread[..], [(a, ConnectorError::Forbidden(_)), (b, ConnectorError::Transport(_))] if a == "A" && b == "B"),
        "{unread:?}"
    );
}
