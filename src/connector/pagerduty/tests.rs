//! PagerDuty over hand-made answers in the forms of its REST API.

use super::*;
use crate::connector::port::all;
use crate::connector::stub::{self, Stub, json as answer, with_headers};

mod log;

const LIST: &str = "GET /incidents?";

fn settings(stub: &Stub) -> ConnectorSettings {
    let mut settings = stub.settings(&VENDOR);
    settings.options.insert(FROM, "ops@example.com".to_owned());
    settings
}

fn pagerduty(stub: &Stub) -> PagerDuty {
    PagerDuty::new(&settings(stub), stub::clock()).unwrap()
}

fn with_field(stub: &Stub) -> PagerDuty {
    let mut settings = settings(stub);
    settings.options.insert(PHASE_FIELD, "phase".to_owned());
    PagerDuty::new(&settings, stub::clock()).unwrap()
}

fn incident(id: &str, status: &str) -> Value {
    json!({"id": id, "title": format!("incident {id}"), "status": status, "created_at": "2026-11-20T08:00:00Z",
        "updated_at": "2026-11-24T09:00:00Z", "html_url": format!("https://acme.pagerduty.com/incidents/{id}"),
        "priority": {"summary": "P2"}, "service": {"id": "S1", "summary": "Azure Storage"}})
}

fn one(value: Value) -> String {
    answer(200, &json!({ "incident": value }))
}

fn list(incidents: &[Value], more: bool) -> String {
    answer(
        200,
        &json!({"incidents": incidents, "more": more, "total": null}),
    )
}

#[tokio::test]
async fn pitfall_4_all_open_incidents_are_asked_for_whatever_their_age() {
    let stub = Stub::new().await;
    stub.on(
        LIST,
        &[
            list(&[incident("A", "triggered")], true),
            list(&[incident("B", "acknowledged")], false),
        ],
    );
    let whole = all(&pagerduty(&stub)).await.unwrap();
    let keys: Vec<&str> = whole.cases.iter().map(|case| case.key.as_str()).collect();
    assert_eq!(keys, ["A", "B"]);
    assert_eq!(whole.cases[0].group.as_deref(), Some("Azure Storage"));
    assert_eq!(whole.cases[0].severity.as_deref(), Some("P2"));
    for (asked, offset) in stub.asked().iter().zip(["offset=0", "offset=100"]) {
        for part in [
            "date_range=all",
            "statuses[]=triggered&statuses[]=acknowledged",
            "limit=100",
            offset,
        ] {
            assert!(asked.what.contains(part), "{}", asked.what);
        }
        for line in [
            "accept: application/vnd.pagerduty+json;version=2",
            "authorization: Token token=hunter2",
            "from: ops@example.com",
        ] {
            assert!(asked.head.contains(line), "{}", asked.head);
        }
    }
}

#[tokio::test]
async fn pitfall_3_the_cap_of_ten_thousand_is_said_and_not_run_into() {
    let stub = Stub::new().await;
    stub.on(LIST, &[list(&[incident("A", "triggered")], true)]);
    let whole = all(&pagerduty(&stub)).await.unwrap();
    assert!(whole.cut.unwrap().contains("10000"));
    assert_eq!(stub.calls().len(), 100);
    assert!(
        stub.calls()[99].contains("offset=9900"),
        "{}",
        stub.calls()[99]
    );
}

#[tokio::test]
async fn a_phase_in_a_field_stands_before_the_status_and_costs_a_call_only_where_the_list_lacks_it()
{
    let stub = Stub::new().await;
    let mut told = incident("A", "acknowledged");
    told["custom_fields"] = json!([{"name": "phase", "value": "Containment"}]);
    stub.on(LIST, &[list(&[told, incident("B", "acknowledged")], false)]);
    let values =
        json!({"custom_fields": [{"name": "other", "value": 1}, {"name": "phase", "value": null}]});
    stub.on(
        "GET /incidents/B/custom_fields/values",
        &[answer(200, &values)],
    );
    let pagerduty = with_field(&stub);
    let whole = all(&pagerduty).await.unwrap();
    assert_eq!(
        (whole.cases[0].status.as_str(), whole.cases[0].partial),
        ("Containment", false)
    );
    assert!(whole.cases[1].partial);
    let complete = pagerduty.complete(whole.cases[1].clone()).await.unwrap();
    assert_eq!(
        (complete.status.as_str(), complete.partial),
        ("acknowledged", false)
    );
    assert_eq!(stub.calls().len(), 2);
}

#[tokio::test]
async fn pitfall_2_a_merged_incident_tells_where_it_went() {
    let stub = Stub::new().await;
    let mut merged = incident("A", "resolved");
    merged["resolve_reason"] = json!({"type": "merge_resolve_reason", "incident": {"id": "B"}});
    stub.on("GET /incidents/A", &[one(merged)]);
    let case = pagerduty(&stub).read("A").await.unwrap();
    assert_eq!((case.open, case.merged_into.as_deref()), (false, Some("B")));
}

#[tokio::test]
async fn pitfall_4_a_step_back_is_refused_since_it_would_page_again() {
    let stub = Stub::new().await;
    stub.on("GET /incidents/A", &[one(incident("A", "acknowledged"))]);
    let pagerduty = pagerduty(&stub);
    let seen = pagerduty.read("A").await.unwrap().version;
    let error = pagerduty
        .advance("A", &seen, "triggered")
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("open the incident again"),
        "{error}"
    );
    let error = pagerduty
        .advance("A", &seen, "Containment")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("phase_field"), "{error}");
    assert!(stub.calls().iter().all(|call| call.starts_with("GET")));
}

#[tokio::test]
async fn pitfall_5_an_advance_reads_compares_writes_and_reads_again() {
    let stub = Stub::new().await;
    let mut after = incident("A", "acknowledged");
    after["updated_at"] = json!("2026-11-24T09:30:00Z");
    stub.on(
        "GET /incidents/A",
        &[one(incident("A", "triggered")), one(after.clone())],
    );
    stub.on("PUT /incidents/A", &[one(after.clone())]);
    let pagerduty = pagerduty(&stub);
    let seen = Version("2026-11-24T09:00:00Z triggered".to_owned());
    let case = pagerduty.advance("A", &seen, "acknowledged").await.unwrap();
    assert_eq!(case.status, "acknowledged");
    assert_eq!(stub.asked()[1].body["incident"]["status"], "acknowledged");
    stub.on("GET /incidents/A", &[one(after)]);
    let conflict = pagerduty.advance("A", &seen, "resolved").await.unwrap_err();
    assert!(
        matches!(conflict, ConnectorError::Conflict { .. }),
        "{conflict:?}"
    );
}

#[tokio::test]
async fn a_phase_is_written_to_its_field() {
    let stub = Stub::new().await;
    let in_phase = |phase: &str| {
        let mut value = incident("A", "acknowledged");
        value["custom_fields"] = json!([{"name": "phase", "value": phase}]);
        one(value)
    };
    stub.on(
        "GET /incidents/A",
        &[
            in_phase("Analysis"),
            in_phase("Analysis"),
            in_phase("Containment"),
        ],
    );
    stub.on(
        "PUT /incidents/A/custom_fields/values",
        &[answer(200, &json!({}))],
    );
    let pagerduty = with_field(&stub);
    let seen = pagerduty.read("A").await.unwrap().version;
    let case = pagerduty.advance("A", &seen, "Containment").await.unwrap();
    assert_eq!(case.status, "Containment");
    let written = stub
        .asked()
        .into_iter()
        .find(|asked| asked.what.starts_with("PUT"))
        .unwrap();
    assert_eq!(
        written.body,
        json!({"custom_fields": [{"name": "phase", "value": "Containment"}]})
    );
}

#[tokio::test]
async fn pitfall_7_a_page_without_an_answer_is_unknown_and_sent_once() {
    let stub = Stub::new().await;
    let users = json!({"users": [{"id": "U9", "email": "other@example.com"}, {"id": "U1", "email": "OPS@example.com"}]});
    stub.on("GET /users?query=ops%40example.com", &[answer(200, &users)]);
    stub.on(
        "POST /incidents/A/responder_requests",
        &[String::new(), with_headers(502, "", "")],
    );
    let pagerduty = pagerduty(&stub);
    let whom = Whom::Policy("E1".to_owned());
    for _ in 0..2 {
        let error = pagerduty.page("A", &whom, "come", "p1").await.unwrap_err();
        assert!(matches!(error, ConnectorError::Unknown(_)), "{error:?}");
    }
    let posts: Vec<_> = stub
        .asked()
        .into_iter()
        .filter(|asked| asked.what.starts_with("POST"))
        .collect();
    assert_eq!(posts.len(), 2, "one for each call");
    assert_eq!(posts[0].body["requester_id"], "U1");
    let target = &posts[0].body["responder_request_targets"][0]["responder_request_target"];
    assert_eq!(
        *target,
        json!({"id": "E1", "type": "escalation_policy_reference"})
    );
}

#[tokio::test]
async fn pitfall_7_a_receipt_names_who_was_called_and_an_empty_one_nobody() {
    let stub = Stub::new().await;
    stub.on(
        "GET /users",
        &[answer(
            200,
            &json!({"users": [{"id": "U1", "email": "ops@example.com"}]}),
        )],
    );
    let receipt = json!({"responder_request": {"responder_request_targets": [{"responder_request_target":
        {"id": "E1", "incidents_responders": [{"state": "pending", "user": {"id": "U2", "summary": "D. Okafor"}}]}}]}});
    stub.on(
        "POST /incidents/A/responder_requests",
        &[answer(200, &receipt), answer(200, &json!({}))],
    );
    let pagerduty = pagerduty(&stub);
    let whom = Whom::Policy("E1".to_owned());
    let receipt = pagerduty.page("A", &whom, "come", "p1").await.unwrap();
    assert_eq!(
        receipt.called,
        [("D. Okafor".to_owned(), "pending".to_owned())]
    );
    assert!(
        pagerduty
            .page("A", &whom, "come", "p1")
            .await
            .unwrap()
            .called
            .is_empty()
    );
}

#[tokio::test]
async fn who_is_called_first_is_named_before_the_call() {
    let stub = Stub::new().await;
    let oncalls = json!({"oncalls": [
        {"escalation_level": 2, "user": {"summary": "B. Late"}}, {"escalation_level": 1, "user": {"summary": "A. First"}},
        {"escalation_level": 1, "user": {"summary": "A. First"}}, {"escalation_level": null, "user": null}]});
    stub.on(
        "GET /oncalls?escalation_policy_ids[]=E1",
        &[answer(200, &oncalls)],
    );
    let names = pagerduty(&stub)
        .on_call(&Whom::Policy("E1".to_owned()))
        .await
        .unwrap();
    assert_eq!(names, ["A. First"]);
}

#[tokio::test]
async fn writes_need_a_user_and_say_so_before_they_are_sent() {
    let stub = Stub::new().await;
    let pagerduty = PagerDuty::new(&stub.settings(&VENDOR), stub::clock()).unwrap();
    let error = pagerduty.note("A", "x", "n1").await.unwrap_err();
    assert!(
        error.to_string().contains("e-mail address as 'from'"),
        "{error}"
    );
    assert!(stub.calls().is_empty());
}

#[tokio::test]
async fn pitfall_8_its_rate_limit_is_read_and_its_errors_say_what_is_wrong() {
    let stub = Stub::new().await;
    stub.on(
        LIST,
        &[with_headers(
            429,
            "ratelimit-limit: 960\r\nratelimit-remaining: 0\r\nratelimit-reset: 12\r\n",
            "",
        )],
    );
    let error = pagerduty(&stub).list(None).await.unwrap_err();
    let retry_at = "2026-11-24T10:00:12Z".parse().unwrap();
    assert_eq!(error, ConnectorError::RateLimited { retry_at });
    let wrong = json!({"error": {"message": "Arguments Caused Error", "code": 2002, "errors": ["Offset must be less than 10000"]}});
    stub.on("POST /incidents/A/notes", &[answer(400, &wrong)]);
    let error = pagerduty(&stub).note("A", "x", "n1").await.unwrap_err();
    assert!(
        error.to_string().contains("Arguments Caused Error; Offset"),
        "{error}"
    );
    stub.on("GET /incidents/A", &[one(incident("A", "acknowledged"))]);
    for status in [409, 412] {
        stub.on("POST /incidents/A/notes", &[with_headers(status, "", "{}")]);
        let error = pagerduty(&stub).note("A", "x", "n1").await.unwrap_err();
        assert!(
            matches!(error, ConnectorError::Conflict { .. }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn null_fields_and_unknown_statuses_show_as_themselves() {
    let stub = Stub::new().await;
    let odd = json!({"id": "A", "title": null, "status": "snoozed", "priority": null, "service": null, "created_at": null});
    stub.on(LIST, &[list(&[odd, json!({"id": null})], false)]);
    let whole = all(&pagerduty(&stub)).await.unwrap();
    assert_eq!((whole.cases.len(), whole.unread.len()), (1, 1));
    assert_eq!(
        (
            whole.cases[0].status.as_str(),
            whole.cases[0].title.as_str()
        ),
        ("snoozed", "incident A")
    );
}

/// There is no document of its API that may be kept here: these are the facts that are known of it, request by request.
#[tokio::test]
async fn pitfall_17_every_request_is_one_that_is_known_to_be_taken() {
    let stub = Stub::new().await;
    stub.on(LIST, &[list(&[], false)]);
    let log = json!({"log_entries": [], "more": false});
    stub.on("GET /log_entries?since=", &[answer(200, &log)]);
    let (before, after) = (incident("A", "triggered"), incident("A", "acknowledged"));
    stub.on("GET /incidents/A", &[one(before), one(after.clone())]);
    let users = json!({"users": [{"id": "U1", "email": "ops@example.com"}]});
    stub.on("GET /users?query=", &[answer(200, &users)]);
    let policy = "GET /oncalls?escalation_policy_ids[]=E1&earliest=true";
    stub.on(policy, &[answer(200, &json!({"oncalls": []}))]);
    stub.on("PUT /incidents/A", &[one(after)]);
    stub.on("POST /incidents/A/", &[answer(201, &json!({}))]);
    let pagerduty = pagerduty(&stub);
    pagerduty.list(None).await.unwrap();
    let since = Watermark {
        at: "2026-11-24T09:59:00Z".parse().unwrap(),
        seen: BTreeSet::new(),
    };
    pagerduty.changes(&since).await.unwrap();
    let seen = Version("2026-11-24T09:00:00Z triggered".to_owned());
    pagerduty.advance("A", &seen, "acknowledged").await.unwrap();
    let whom = Whom::Policy("E1".to_owned());
    pagerduty.on_call(&whom).await.unwrap();
    pagerduty.page("A", &whom, "come", "p1").await.unwrap();
    pagerduty.note("A", "seen", "n1").await.unwrap();
    let target =
        json!({"responder_request_target": {"id": "E1", "type": "escalation_policy_reference"}});
    let bodies = [
        json!({"incident": {"type": "incident_reference", "status": "acknowledged"}}),
        json!({"requester_id": "U1", "message": "come", "responder_request_targets": [target]}),
        json!({"note": {"content": "seen"}}),
    ];
    let writes = [
        "PUT /incidents/A",
        "POST /incidents/A/responder_requests",
        "POST /incidents/A/notes",
    ];
    let mut written = Vec::new();
    for asked in stub.asked() {
        let head = asked.head.to_lowercase();
        for line in [
            "accept: application/vnd.pagerduty+json;version=2",
            "authorization: token token=",
        ] {
            assert!(head.contains(line), "{head}");
        }
        if !asked.what.starts_with("GET") {
            assert!(
                head.contains("from: ops@example.com")
                    && head.contains("content-type: application/json"),
                "{head}"
            );
            written.push((asked.what, asked.body));
        } else if let Some((_, limit)) = asked.what.split_once("limit=") {
            let limit = limit.split('&').next().unwrap().parse::<usize>().unwrap();
            assert!(limit <= 100, "{}", asked.what);
        }
    }
    let expected = writes.map(str::to_owned).into_iter().zip(bodies);
    assert_eq!(written, expected.collect::<Vec<_>>());
}
