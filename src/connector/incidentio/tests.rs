//! incident.io over hand-made answers in the forms of its API.

mod write;

use std::collections::BTreeSet;

use super::*;
use crate::connector::port::all;
use crate::connector::stub::{self, Stub, json as answer, with_headers};

const LIST: &str = "GET /v2/incidents?status_category";
const CHANGED: &str = "GET /v2/incidents?updated_at";

fn incidentio(stub: &Stub) -> IncidentIo {
    IncidentIo::new(&stub.settings(&VENDOR), stub::clock()).unwrap()
}

fn status_of(name: &str, category: &str) -> Value {
    json!({"id": format!("S-{name}"), "name": name, "rank": 2, "category": category})
}

fn incident(id: &str, status: &str, category: &str) -> Value {
    json!({"id": id, "reference": "INC-7", "name": format!("incident {id}"), "incident_status": status_of(status, category),
        "created_at": "2026-11-20T08:00:00.123Z", "updated_at": "2026-11-24T09:00:00.456Z",
        "permalink": format!("https://app.incident.io/acme/incidents/{id}"), "summary": "tokens were read",
        "severity": {"id": "V1", "name": "Major", "rank": 2}, "mode": "standard", "visibility": "public"})
}

fn changed_at(mut incident: Value, at: &str) -> Value {
    incident["updated_at"] = json!(at);
    incident
}

fn one(value: &Value) -> String {
    answer(200, &json!({ "incident": value }))
}

fn list(incidents: &[Value], after: Option<&str>) -> String {
    let meta = json!({"after": after, "page_size": 250, "total_record_count": 9});
    answer(
        200,
        &json!({"incidents": incidents, "pagination_meta": meta}),
    )
}

fn statuses(all: &[(&str, i64, &str)]) -> String {
    let one = |(name, rank, category): &(&str, i64, &str)| json!({"id": format!("S-{name}"), "name": name, "rank": rank, "category": category});
    let all: Vec<Value> = all.iter().map(one).collect();
    answer(200, &json!({ "incident_statuses": all }))
}

fn since(at: &str) -> Watermark {
    Watermark {
        at: at.parse().unwrap(),
        seen: BTreeSet::new(),
    }
}

fn seen(status: &str) -> Version {
    Version(format!("2026-11-24T09:00:00.456Z {status}"))
}

fn keys(cases: &[Case]) -> Vec<&str> {
    cases.iter().map(|case| case.key.as_str()).collect()
}

fn posts(stub: &Stub) -> Vec<stub::Asked> {
    let mut asked = stub.asked();
    asked.retain(|asked| asked.what.starts_with("POST"));
    asked
}

#[tokio::test]
async fn every_incident_that_is_not_over_is_listed_with_its_words() {
    let stub = Stub::new().await;
    let mut first = incident("A", "Fixing", "live");
    first["incident_type"] = json!({"name": "Security"});
    first["custom_field_entries"] = json!([
        {"custom_field": {"name": "Affected service"}, "values": [{"value_catalog_entry": {"name": "Azure Storage"}}]},
        {"custom_field": {"name": "Personal data"}, "values": [{"value_option": {"value": "yes"}}, {"value_text": "t".repeat(101)}]},
        {"custom_field": {"name": "Empty"}, "values": []}, {"custom_field": null, "values": [{}]}]);
    stub.on(
        LIST,
        &[
            list(&[first], Some("A")),
            list(&[incident("B", "Triage", "triage")], None),
        ],
    );
    let mut settings = stub.settings(&VENDOR);
    settings
        .options
        .insert(SERVICE_FIELD, "affected service".to_owned());
    let incidentio = IncidentIo::new(&settings, stub::clock()).unwrap();
    let whole = all(&incidentio).await.unwrap();
    assert_eq!(keys(&whole.cases), ["A", "B"]);
    let case = &whole.cases[0];
    assert_eq!(
        (case.status.as_str(), case.category.as_deref(), case.open),
        ("Fixing", Some("live"), true)
    );
    assert_eq!(case.severity.as_deref(), Some("Major"));
    assert_eq!(case.group.as_deref(), Some("Azure Storage"));
    assert_eq!(
        case.tags,
        [
            "Security",
            "Affected service: Azure Storage",
            "Personal data: yes"
        ]
    );
    assert_eq!(case.summary.as_deref(), Some("tokens were read"));
    assert_eq!(
        case.created_at,
        Some("2026-11-20T08:00:00.123Z".parse().unwrap())
    );
    assert_eq!(case.version, seen("Fixing"));
    let calls = stub.calls();
    for part in ["closed", "declined", "merged", "canceled"] {
        let filter = format!("status_category[not_in]={part}");
        assert!(calls[0].contains(&filter), "{}", calls[0]);
    }
    assert!(
        calls[0].contains("page_size=250") && !calls[0].contains("after="),
        "{calls:?}"
    );
    assert!(calls[1].ends_with("&after=A"), "{calls:?}");
    let head = &stub.asked()[0].head;
    assert!(head.contains("authorization: Bearer hunter2"), "{head}");
}

#[tokio::test]
async fn two_thousand_incidents_are_eight_calls_and_a_list_that_names_itself_ends() {
    let stub = Stub::new().await;
    let parts: Vec<String> = (0..8)
        .map(|part| {
            let of = |n: usize| incident(&format!("I{}", part * 250 + n), "Fixing", "live");
            let all: Vec<Value> = (0..250).map(of).collect();
            list(&all, (part < 7).then_some(&*format!("P{part}")))
        })
        .collect();
    stub.on(LIST, &parts);
    assert_eq!(all(&incidentio(&stub)).await.unwrap().cases.len(), 2_000);
    assert_eq!(stub.calls().len(), 8);
    stub.on(LIST, &[list(&[incident("A", "Fixing", "live")], Some("A"))]);
    let whole = all(&incidentio(&stub)).await.unwrap();
    assert_eq!((whole.cases.len(), whole.cut), (1, None));
}

#[tokio::test]
async fn pitfall_3_an_incident_that_comes_in_two_parts_of_the_list_counts_once_as_it_stood_last() {
    let stub = Stub::new().await;
    let later = changed_at(
        incident("B", "Monitoring", "live"),
        "2026-11-24T09:01:00.000Z",
    );
    stub.on(
        LIST,
        &[
            list(
                &[
                    incident("A", "Fixing", "live"),
                    incident("B", "Fixing", "live"),
                ],
                Some("B"),
            ),
            list(&[later, incident("C", "Fixing", "live")], None),
        ],
    );
    let whole = all(&incidentio(&stub)).await.unwrap();
    assert_eq!(keys(&whole.cases), ["A", "B", "C"]);
    assert_eq!(whole.cases[1].status, "Monitoring");
}

#[tokio::test]
async fn pitfall_1_changes_are_asked_for_by_the_sources_day_and_told_once_by_id_and_version() {
    let stub = Stub::new().await;
    let (a, b) = (
        incident("A", "Fixing", "live"),
        incident("B", "Fixing", "live"),
    );
    // The same second, and later the same millisecond with another status: each is a change of its own.
    let again = incident("A", "Monitoring", "live");
    let closed = changed_at(
        incident("B", "Closed", "closed"),
        "2026-11-24T09:00:01.000Z",
    );
    stub.on(
        CHANGED,
        &[list(&[a, b.clone()], None), list(&[again, closed], None)],
    );
    let incidentio = incidentio(&stub);
    let Delta::Cases {
        cases, watermark, ..
    } = incidentio
        .changes(&since("2026-11-24T00:00:10Z"))
        .await
        .unwrap()
    else {
        panic!("a resync");
    };
    assert_eq!(keys(&cases), ["A", "B"]);
    // Thirty seconds before that is another day.
    assert!(
        stub.calls()[0].contains("updated_at[gte]=2026-11-23&page_size=250"),
        "{:?}",
        stub.calls()
    );
    assert_eq!(
        watermark.at,
        "2026-11-24T09:00:00.456Z"
            .parse::<crate::domain::instant::Instant>()
            .unwrap()
    );
    let Delta::Cases {
        cases, watermark, ..
    } = incidentio.changes(&watermark).await.unwrap()
    else {
        panic!("a resync");
    };
    assert_eq!(keys(&cases), ["A", "B"]);
    assert_eq!((cases[0].open, cases[1].open), (true, false));
    let Delta::Cases { cases, .. } = incidentio.changes(&watermark).await.unwrap() else {
        panic!("a resync");
    };
    assert!(cases.is_empty(), "{cases:?}");
    assert_eq!(stub.calls().len(), 3, "one call a turn");
}

#[tokio::test]
async fn pitfall_1_a_list_of_changes_that_shifts_tells_each_incident_once_as_it_stood_last() {
    let stub = Stub::new().await;
    let later = changed_at(
        incident("A", "Monitoring", "live"),
        "2026-11-24T09:00:02.000Z",
    );
    stub.on(
        CHANGED,
        &[
            list(&[incident("A", "Fixing", "live")], Some("A")),
            list(&[later], None),
        ],
    );
    let Delta::Cases { cases, .. } = incidentio(&stub)
        .changes(&since("2026-11-24T09:00:00Z"))
        .await
        .unwrap()
    else {
        panic!("a resync");
    };
    assert_eq!(
        (keys(&cases), cases[0].status.as_str()),
        (vec!["A"], "Monitoring")
    );
}

#[tokio::test]
async fn too_many_changes_ask_for_the_whole_list() {
    let stub = Stub::new().await;
    let parts: Vec<String> = (0..20)
        .map(|n| {
            list(
                &[incident(&format!("I{n}"), "Fixing", "live")],
                Some(&format!("I{n}")),
            )
        })
        .collect();
    stub.on(CHANGED, &parts);
    let delta = incidentio(&stub)
        .changes(&since("2026-11-24T09:00:00Z"))
        .await
        .unwrap();
    assert_eq!(delta, Delta::Resync);
    assert_eq!(stub.calls().len(), PARTS);
}

#[tokio::test]
async fn pitfall_2_a_merged_incident_tells_where_it_went() {
    let stub = Stub::new().await;
    stub.on(
        "GET /v2/incidents/A",
        &[one(&incident("A", "Merged", "merged"))],
    );
    let updates =
        json!({"incident_updates": [{"id": "U2"}, {"id": "U1", "merged_into_incident_id": "B"}]});
    stub.on(
        "GET /v2/incident_updates?incident_id=A",
        &[answer(200, &updates), answer(404, &json!({}))],
    );
    let incidentio = incidentio(&stub);
    let case = incidentio.read("A").await.unwrap();
    assert_eq!((case.open, case.merged_into.as_deref()), (false, Some("B")));
    // Where its updates are not to be seen, it is over all the same.
    let case = incidentio.read("A").await.unwrap();
    assert_eq!((case.open, case.merged_into), (false, None));
}

#[tokio::test]
async fn pitfall_2_an_incident_that_is_opened_again_is_a_change_like_any_other() {
    let stub = Stub::new().await;
    let reopened = changed_at(
        incident("A", "Investigating", "live"),
        "2026-11-24T09:00:05.000Z",
    );
    stub.on(
        CHANGED,
        &[
            list(&[incident("A", "Closed", "closed")], None),
            list(&[reopened], None),
        ],
    );
    let incidentio = incidentio(&stub);
    let mut watermark = since("2026-11-24T09:00:00Z");
    for open in [false, true] {
        let Delta::Cases {
            cases,
            watermark: next,
            ..
        } = incidentio.changes(&watermark).await.unwrap()
        else {
            panic!("a resync");
        };
        assert_eq!((keys(&cases), cases[0].open), (vec!["A"], open));
        watermark = next;
    }
}

#[tokio::test]
async fn pitfall_8_its_rate_limit_is_read_in_each_of_its_forms() {
    let stub = Stub::new().await;
    let listed = "x-ratelimit-limit: 1200, 1200;window=60\r\nx-ratelimit-remaining: 0\r\n";
    let body = r#"{"type":"rate_limit","status":429,"errors":[{"code":"too_many_requests","message":"slow down"}],
        "rate_limit":{"name":"api_key","limit":1200,"remaining":0,"retry_after":"2026-11-24T10:00:09Z"}}"#;
    for (answer, at) in [
        (
            with_headers(429, &format!("{listed}retry-after: 7\r\n"), body),
            "10:00:07",
        ),
        (with_headers(429, listed, body), "10:00:09"),
        (
            with_headers(429, "retry-after: Tue, 24 Nov 2026 10:00:20 GMT\r\n", ""),
            "10:00:20",
        ),
        // The source's clock is an hour ahead of ours; how long it asks for is told by its own.
        (
            with_headers(
                429,
                "date: Tue, 24 Nov 2026 11:00:00 GMT\r\n",
                &body.replace("T10:", "T11:"),
            ),
            "10:00:09",
        ),
        (with_headers(429, listed, "<html>"), "10:00:30"),
    ] {
        stub.on(LIST, std::slice::from_ref(&answer));
        let error = incidentio(&stub).list(None).await.unwrap_err();
        let retry_at = format!("2026-11-24T{at}Z").parse().unwrap();
        assert_eq!(error, ConnectorError::RateLimited { retry_at }, "{answer}");
    }
}

#[tokio::test]
async fn pitfall_9_every_kind_of_trouble_has_its_name() {
    let stub = Stub::new().await;
    let incidentio = incidentio(&stub);
    let refusal = |status: u16, message: &str| {
        let body =
            json!({"type": "x", "status": status, "errors": [{"code": "x", "message": message}]});
        answer(status, &body)
    };
    for (answer, told) in [
        (refusal(401, "bad key"), "Auth(\"127"),
        (refusal(403, "no scope"), "Forbidden(\"the"),
        (refusal(404, "gone"), "NotFound"),
        (
            refusal(400, "odd filter"),
            "Invalid { field: \"incidents\", message: \"odd filter\"",
        ),
        (with_headers(500, "", "<html>"), "Transport"),
        (with_headers(502, "", ""), "Transport"),
        (
            with_headers(301, "location: http://127.0.0.1:1/\r\n", ""),
            "Transport",
        ),
        (with_headers(200, "", "<html>login</html>"), "Transport"),
        (with_headers(200, "", r#"{"incidents":[{"id""#), "Transport"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{".to_owned(),
            "Transport",
        ),
        (answer(200, &json!({"incidents": null})), "Transport"),
    ] {
        stub.on(LIST, std::slice::from_ref(&answer));
        let error = incidentio.list(None).await.unwrap_err();
        assert!(
            format!("{error:?}").starts_with(told),
            "{answer}: {error:?}"
        );
    }
    stub.on(LIST, &[refusal(403, "no scope")]);
    let error = incidentio.list(None).await.unwrap_err().to_string();
    assert!(error.contains("no scope"), "{error}");
    stub.on(
        "GET /v2/incidents/A",
        &[one(&incident("A", "Fixing", "live"))],
    );
    for status in [409, 412] {
        stub.on("POST /v2/incident_timeline_items", &[refusal(status, "x")]);
        let error = incidentio.note("A", "x", "n1").await.unwrap_err();
        assert!(
            matches!(error, ConnectorError::Conflict { .. }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn pitfall_12_missing_null_and_unknown_values_show_as_themselves() {
    let stub = Stub::new().await;
    let odd = json!({"id": "A", "name": null, "reference": "INC-9", "severity": null, "created_at": "soon", "updated_at": null,
        "incident_status": {"name": "Verifying", "category": "verifying"}, "custom_field_entries": null, "summary": 7});
    let bare = json!({"id": "B"});
    stub.on(
        LIST,
        &[list(&[odd, bare, json!({"id": null}), json!(3)], None)],
    );
    let whole = all(&incidentio(&stub)).await.unwrap();
    assert_eq!((whole.cases.len(), whole.unread.len()), (2, 2));
    let case = &whole.cases[0];
    assert_eq!(
        (case.title.as_str(), case.status.as_str(), case.open),
        ("INC-9", "Verifying", true)
    );
    assert_eq!(
        (case.created_at, case.version.0.as_str()),
        (None, "- Verifying")
    );
    assert_eq!(
        (
            whole.cases[1].status.as_str(),
            whole.cases[1].title.as_str()
        ),
        ("unknown", "incident B")
    );
}

#[tokio::test]
async fn a_status_of_the_accounts_own_lands_by_its_category_where_that_means_a_phase() {
    let stub = Stub::new().await;
    let mapping = stub.settings(&VENDOR).mapping;
    for (status, category, phase) in [
        (
            "Fixing",
            "live",
            Some(Phase::ContainmentEradicationAndRecovery),
        ),
        ("Write-up", "learning", Some(Phase::PostIncidentActivity)),
        ("Neu", "triage", Some(Phase::DetectionAndAnalysis)),
        ("Waiting for vendor", "live", None),
    ] {
        let case = item::case(&incident("A", status, category), None).unwrap();
        assert_eq!(mapping.phase_of(&case), phase, "{status}");
    }
}

#[tokio::test]
async fn a_change_that_cannot_be_read_asks_for_the_whole_list() {
    let stub = Stub::new().await;
    let odd = json!({"name": "without an id"});
    let told = list(&[incident("A", "Fixing", "live"), odd], None);
    stub.on(CHANGED, &[told]);
    let delta = incidentio(&stub)
        .changes(&since("2026-11-24T09:00:00Z"))
        .await
        .unwrap();
    assert_eq!(delta, Delta::Resync);
}
