//! What is written to incident.io: a status, a page, a note; and who is told before it.

use super::*;

#[tokio::test]
async fn pitfall_5_an_advance_reads_compares_writes_and_reads_again() {
    let stub = Stub::new().await;
    let before = incident("A", "Investigating", "live");
    let after = changed_at(incident("A", "Fixing", "live"), "2026-11-24T09:30:00.000Z");
    stub.on("GET /v2/incidents/A", &[one(&before), one(&after)]);
    stub.on(
        "GET /v1/incident_statuses",
        &[statuses(&[
            ("Investigating", 1, "live"),
            ("Fixing", 2, "live"),
        ])],
    );
    stub.on("POST /v2/incidents/A/actions/edit", &[one(&after)]);
    let incidentio = incidentio(&stub);
    let case = incidentio
        .advance("A", &seen("Investigating"), "fixing")
        .await
        .unwrap();
    assert_eq!(case.status, "Fixing");
    assert_eq!(
        posts(&stub)[0].body,
        json!({"incident": {"incident_status_id": "S-Fixing"}, "notify_incident_channel": true})
    );
    let conflict = incidentio
        .advance("A", &seen("Investigating"), "Monitoring")
        .await
        .unwrap_err();
    let ConnectorError::Conflict { current } = conflict else {
        panic!("{conflict:?}");
    };
    assert_eq!(current.status, "Fixing");
    // What is there already is not written.
    let there = incidentio
        .advance("A", &case.version, "Fixing")
        .await
        .unwrap();
    assert_eq!(there, case);
    assert_eq!(posts(&stub).len(), 1);
}

#[tokio::test]
async fn pitfall_5_a_refused_transition_is_told_in_its_own_words_and_nothing_is_written() {
    let stub = Stub::new().await;
    stub.on(
        "GET /v2/incidents/A",
        &[one(&incident("A", "Triage", "triage"))],
    );
    stub.on(
        "GET /v1/incident_statuses",
        &[statuses(&[("Fixing", 2, "live")])],
    );
    let refusal = json!({"type": "validation_error", "status": 422, "request_id": "r", "errors": [{"code": "invalid_value",
        "message": "an incident cannot move from triage to active", "source": {"field": "incident_status_id"}}]});
    stub.on(
        "POST /v2/incidents/A/actions/edit",
        &[answer(422, &refusal)],
    );
    let error = incidentio(&stub)
        .advance("A", &seen("Triage"), "Fixing")
        .await
        .unwrap_err();
    let ConnectorError::Invalid { message, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(message, "an incident cannot move from triage to active");
}

#[tokio::test]
async fn pitfall_13_a_write_that_does_not_show_yet_is_not_taken_for_done() {
    let stub = Stub::new().await;
    let before = incident("A", "Investigating", "live");
    stub.on("GET /v2/incidents/A", &[one(&before)]);
    stub.on(
        "GET /v1/incident_statuses",
        &[statuses(&[("Fixing", 2, "live")])],
    );
    stub.on("POST /v2/incidents/A/actions/edit", &[one(&before)]);
    let error = incidentio(&stub)
        .advance("A", &seen("Investigating"), "Fixing")
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ConnectorError::Unknown(why) if why.contains("is 'Investigating'")),
        "{error:?}"
    );
}

#[tokio::test]
async fn pitfall_11_statuses_are_known_by_name_or_category_and_read_anew_at_an_unknown_one() {
    let stub = Stub::new().await;
    let first = statuses(&[("Review", 7, "learning"), ("Write-up", 6, "learning")]);
    let second = statuses(&[("Write-up", 6, "learning"), ("Eindämmung", 2, "live")]);
    stub.on("GET /v1/incident_statuses", &[first, second]);
    let incidentio = incidentio(&stub);
    assert_eq!(
        incidentio.status_id("learning").await.unwrap(),
        "S-Write-up"
    );
    assert_eq!(incidentio.status_id("review").await.unwrap(), "S-Review");
    assert_eq!(stub.calls().len(), 1);
    assert_eq!(
        incidentio.status_id("Eindämmung").await.unwrap(),
        "S-Eindämmung"
    );
    assert_eq!(stub.calls().len(), 2);
    let unknown = incidentio.status_id("Nowhere").await.unwrap_err();
    assert!(
        unknown.to_string().contains("it has: Eindämmung, Write-up"),
        "{unknown}"
    );
}

#[tokio::test]
async fn pitfall_7_a_page_carries_its_key_so_that_a_repeat_calls_nobody_again() {
    let stub = Stub::new().await;
    let fresh = json!({"escalation": {"id": "E1", "status": "pending", "events": []}});
    let later = json!({"escalation": {"id": "E1", "status": "triggered", "events": [
        {"event": "triggered"}, {"event": "notified_users", "users": [{"id": "U1", "name": "D. Okafor"}, {"id": "U2"}]},
        {"event": "acked", "users": [{"name": "D. Okafor"}]}]}});
    stub.on(
        "POST /v2/escalations",
        &[String::new(), answer(201, &fresh), answer(201, &later)],
    );
    let incidentio = incidentio(&stub);
    assert_eq!(incidentio.capabilities().paging, Paging::ServerIdempotent);
    let whom = Whom::Policy("P1".to_owned());
    let lost = incidentio
        .page("A", &whom, "come", "page-1")
        .await
        .unwrap_err();
    assert!(matches!(lost, ConnectorError::Unknown(_)), "{lost:?}");
    let receipt = incidentio.page("A", &whom, "come", "page-1").await.unwrap();
    let pair = |name: &str, state: &str| (name.to_owned(), state.to_owned());
    assert_eq!(receipt.called, [pair("escalation path P1", "pending")]);
    let receipt = incidentio.page("A", &whom, "come", "page-1").await.unwrap();
    assert_eq!(
        receipt.called,
        [pair("D. Okafor", "acked"), pair("U2", "notified_users")]
    );
    let posts = posts(&stub);
    let body = json!({"idempotency_key": "page-1", "title": "come", "incident_id": "A", "escalation_path_id": "P1"});
    assert!(
        posts.len() == 3 && posts.iter().all(|post| post.body == body),
        "{posts:?}"
    );
}

#[tokio::test]
async fn pitfall_7_an_escalation_that_is_over_and_reached_nobody_called_nobody() {
    let stub = Stub::new().await;
    let expired =
        json!({"escalation": {"id": "E1", "status": "expired", "events": [{"event": "expired"}]}});
    stub.on("POST /v2/escalations", &[answer(201, &expired)]);
    let whom = Whom::Person("U1".to_owned());
    let receipt = incidentio(&stub)
        .page("A", &whom, "come", "page-1")
        .await
        .unwrap();
    assert!(receipt.called.is_empty(), "{receipt:?}");
    assert_eq!(posts(&stub)[0].body["user_ids"], json!(["U1"]));
}

#[tokio::test]
async fn who_is_called_first_is_named_before_the_call() {
    let stub = Stub::new().await;
    let paths = |id: &str, after: Option<&str>| {
        let people = json!([{"id": "U1", "name": "D. Okafor"}, {"id": "U2"}]);
        let body = json!({"escalation_paths": [{"id": id, "current_responders": people}], "pagination_meta": {"after": after}});
        answer(200, &body)
    };
    stub.on(
        "GET /v2/escalation_paths",
        &[paths("P0", Some("P0")), paths("P1", None)],
    );
    let incidentio = incidentio(&stub);
    let whom = Whom::Policy("P1".to_owned());
    assert_eq!(
        incidentio.on_call(&whom).await.unwrap(),
        ["D. Okafor", "U2"]
    );
    assert!(stub.calls()[1].contains("after=P0"), "{:?}", stub.calls());
    let unknown = incidentio.on_call(&Whom::Policy("P9".to_owned())).await;
    assert_eq!(
        unknown.unwrap_err(),
        ConnectorError::NotFound("escalation path P9".to_owned())
    );
}

#[tokio::test]
async fn a_note_is_an_item_of_the_timeline_with_its_key() {
    let stub = Stub::new().await;
    stub.on(
        "POST /v2/incident_timeline_items",
        &[answer(201, &json!({}))],
    );
    let long = format!("{}\nmore", "x".repeat(300));
    let incidentio = incidentio(&stub);
    incidentio.note("A", &long, "note-1").await.unwrap();
    incidentio.note("A", " \n", "note-2").await.unwrap();
    let posts = posts(&stub);
    assert_eq!(posts[0].body["idempotency_key"], "note-1");
    assert_eq!(posts[0].body["timestamp"], "2026-11-24T10:00:00.000Z");
    assert_eq!(posts[0].body["description"], long);
    let title = posts[0].body["title"].as_str().unwrap();
    assert!(
        title.chars().count() == TITLE_MAX && title.ends_with('…'),
        "{title}"
    );
    assert_eq!(posts[1].body["title"], "note");
}
