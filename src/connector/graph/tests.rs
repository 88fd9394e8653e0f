//! Security incidents of Microsoft Graph over hand-made answers: what is asked and written, and the ways in which it can go
//! wrong. What it shares with others over tokens and lists is proved where that stands.

use super::*;
use crate::connector::entra::tests::{lends, settings};
use crate::connector::port::{Whom, all};
use crate::connector::stub::{self, Stub, with_headers};
use crate::domain::instant::Instant;

fn graph(stub: &Stub) -> Graph {
    lends(stub);
    Graph::new(&settings(stub, &VENDOR), stub::clock()).unwrap()
}

fn incident(id: &str, status: &str, tags: &[&str], changed: &str) -> Value {
    json!({
        "@odata.etag": "not a version", "id": id, "displayName": "Ransomware on file servers", "description": "long",
        "status": status, "severity": "high", "assignedTo": "ann@contoso.example", "customTags": tags, "systemTags": ["Critical asset"],
        "classification": "unknown", "determination": "unknown", "redirectIncidentId": null,
        "createdDateTime": "2026-11-24T08:00:00Z", "lastUpdateDateTime": changed, "incidentWebUrl": "https://portal.example/7"
    })
}

fn merged(id: &str, into: &str) -> Value {
    let mut value = incident(id, "redirected", &[], LATER);
    value["redirectIncidentId"] = into.into();
    value
}

const EARLY: &str = "2026-11-24T09:00:00.1Z";
const LATER: &str = "2026-11-24T09:30:00Z";

fn one(value: &Value) -> String {
    stub::json(200, value)
}

fn list(values: &[Value], next: Option<String>) -> String {
    stub::json(
        200,
        &json!({"@odata.context": "x", "value": values, "@odata.nextLink": next}),
    )
}

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn since() -> Watermark {
    Watermark {
        at: at(EARLY),
        seen: Default::default(),
    }
}

fn calls(stub: &Stub) -> Vec<String> {
    let calls = stub.calls().into_iter();
    calls.filter(|call| !call.contains("/oauth2/")).collect()
}

async fn changed(graph: &Graph) -> Vec<Case> {
    match graph.changes(&since()).await.unwrap() {
        Delta::Cases { cases, .. } => cases,
        Delta::Resync => panic!("a resync"),
    }
}

#[tokio::test]
async fn a_list_is_read_whole_over_its_links() {
    let stub = Stub::new().await;
    let next = format!("{}{INCIDENTS}?$top=50&$skiptoken=7", stub.url);
    let first = [
        incident("1", "active", &["phase:eradication"], EARLY),
        incident("2", "resolved", &[], EARLY),
    ];
    let second = [
        json!({"id": 3, "status": null, "severity": null, "customTags": null}),
        json!({}),
    ];
    stub.on(
        &format!("GET {INCIDENTS}?"),
        &[list(&first, Some(next)), list(&second, None)],
    );
    let whole = all(&graph(&stub)).await.unwrap();
    let [a, b] = whole.cases.as_slice() else {
        panic!("{whole:?}");
    };
    assert_eq!(
        (
            a.status.as_str(),
            a.category.as_deref(),
            a.severity.as_deref()
        ),
        ("eradication", Some("active"), Some("high"))
    );
    assert_eq!(
        (a.title.as_str(), a.group.as_deref()),
        ("Ransomware on file servers", Some("ann@contoso.example"))
    );
    assert_eq!(a.tags, ["phase:eradication", "Critical asset"]);
    assert_eq!(
        (a.created_at, a.updated_at),
        (Some(at("2026-11-24T08:00:00Z")), Some(at(EARLY)))
    );
    assert_eq!(
        (b.key.as_str(), b.title.as_str(), b.status.as_str()),
        ("3", "incident 3", "unknown")
    );
    assert_eq!(whole.unread.len(), 1);
    assert_eq!(
        calls(&stub),
        [
            format!("GET {INCIDENTS}?$filter=status%20ne%20%27resolved%27&$top=50"),
            format!("GET {INCIDENTS}?$top=50&$skiptoken=7"),
        ]
    );
}

#[tokio::test]
async fn pitfall_12_newer_words_are_asked_for_and_show_as_themselves() {
    let stub = Stub::new().await;
    let told = [
        incident("1", "awaitingAction", &[], EARLY),
        incident("2", "quarantinedByPolicy", &[], EARLY),
    ];
    stub.on(&format!("GET {INCIDENTS}?"), &[list(&told, None)]);
    stub.on(&format!("GET {INCIDENTS}/1"), &[one(&told[0])]);
    let graph = graph(&stub);
    let cases = graph.list(None).await.unwrap().cases;
    let words: Vec<(&str, bool)> = cases
        .iter()
        .map(|case| (case.status.as_str(), case.open))
        .collect();
    assert_eq!(
        words,
        [("awaitingAction", true), ("quarantinedByPolicy", true)]
    );
    graph.read("1").await.unwrap();
    let asked = stub.asked();
    let asked = asked.iter().filter(|asked| asked.what.starts_with("GET"));
    let heads: Vec<&str> = asked.map(|asked| asked.head.as_str()).collect();
    assert!(
        heads.len() == 2
            && heads
                .iter()
                .all(|head| head.contains("prefer: include-unknown-enum-members")),
        "{heads:?}"
    );
}

#[tokio::test]
async fn pitfall_2_a_redirected_incident_tells_where_it_went_in_the_end() {
    let stub = Stub::new().await;
    let graph = graph(&stub);
    let told = [merged("1", "2"), incident("9", "active", &[], LATER)];
    stub.on(&format!("GET {INCIDENTS}?"), &[list(&told, None)]);
    stub.on(&format!("GET {INCIDENTS}/1"), &[one(&merged("1", "2"))]);
    stub.on(&format!("GET {INCIDENTS}/2"), &[one(&merged("2", "3"))]);
    let gone = stub::json(
        404,
        &json!({"error": {"code": "NotFound", "message": "no"}}),
    );
    let circle = one(&merged("3", "1"));
    for (third, into) in [
        (one(&incident("3", "active", &[], LATER)), "3"),
        (gone, "3"),
        (circle, "3"),
    ] {
        stub.on(&format!("GET {INCIDENTS}/3"), &[third]);
        let cases = changed(&graph).await;
        assert_eq!(
            (cases[0].merged_into.as_deref(), cases[0].open),
            (Some(into), false)
        );
        assert_eq!(
            (cases[1].merged_into.as_deref(), cases[1].open),
            (None, true)
        );
        let case = graph.read("1").await.unwrap();
        assert_eq!(
            (case.merged_into.as_deref(), case.status.as_str()),
            (Some(into), "redirected")
        );
    }
    // It is not on the list of what is open, and one that leads to itself leads nowhere.
    assert_eq!(graph.list(None).await.unwrap().cases.len(), 1);
    assert_eq!(item::case(&merged("4", "4")).unwrap().merged_into, None);
    // It is moved with the one it went into.
    let seen = item::case(&merged("1", "2")).unwrap().version;
    let error = graph.advance("1", &seen, "recovery").await.unwrap_err();
    assert!(
        error.to_string().contains("merged into another one"),
        "{error}"
    );
}

#[tokio::test]
async fn pitfall_1_changes_are_asked_by_their_own_time_with_an_overlap() {
    let stub = Stub::new().await;
    let told = [
        incident("1", "resolved", &[], LATER),
        incident("1", "active", &[], EARLY),
        incident("2", "active", &[], EARLY),
    ];
    stub.on(&format!("GET {INCIDENTS}?"), &[list(&told, None)]);
    let Delta::Cases {
        cases, watermark, ..
    } = graph(&stub).changes(&since()).await.unwrap()
    else {
        panic!("a resync");
    };
    assert_eq!((cases.len(), watermark.at), (2, at(LATER)));
    assert_eq!(
        calls(&stub),
        [format!(
            "GET {INCIDENTS}?$filter=lastUpdateDateTime%20ge%202026-11-24T08%3A59%3A00Z&$top=50"
        )]
    );
}

#[tokio::test]
async fn a_move_writes_status_and_tags_alone_and_keeps_the_tags_of_others() {
    let stub = Stub::new().await;
    let before = incident("1", "active", &["vip", "phase:containment"], EARLY);
    let after = incident("1", "inProgress", &["vip", "phase:recovery"], LATER);
    stub.on(&format!("GET {INCIDENTS}/1"), &[one(&before), one(&after)]);
    stub.on(&format!("PATCH {INCIDENTS}/1"), &[one(&after)]);
    let seen = item::case(&before).unwrap().version;
    let case = graph(&stub).advance("1", &seen, "recovery").await.unwrap();
    assert_eq!(
        (case.status.as_str(), case.category.as_deref()),
        ("recovery", Some("inProgress"))
    );
    let sent = |stub: &Stub| {
        let asked = stub.asked().into_iter().rev();
        let mut patches = asked.filter(|asked| asked.what.starts_with("PATCH"));
        patches.next().unwrap().body
    };
    assert_eq!(
        sent(&stub),
        json!({"status": "inProgress", "customTags": ["vip", "phase:recovery"]})
    );
    // Back to a status of its own, and resolved with why.
    let seen = item::case(&after).unwrap().version;
    stub.on(
        &format!("GET {INCIDENTS}/1"),
        &[one(&after), one(&incident("1", "active", &["vip"], LATER))],
    );
    graph(&stub).advance("1", &seen, "Active").await.unwrap();
    assert_eq!(
        sent(&stub),
        json!({"status": "active", "customTags": ["vip"]})
    );
    let mut settings = settings(&stub, &VENDOR);
    settings
        .options
        .insert(CLASSIFICATION, "truePositive".to_owned());
    let closing = Graph::new(&settings, stub::clock()).unwrap();
    stub.on(
        &format!("GET {INCIDENTS}/1"),
        &[
            one(&after),
            one(&incident("1", "resolved", &["vip"], LATER)),
        ],
    );
    assert!(!closing.advance("1", &seen, "resolved").await.unwrap().open);
    assert_eq!(
        sent(&stub),
        json!({"status": "resolved", "classification": "truePositive"})
    );
}

#[tokio::test]
async fn pitfall_5_what_was_changed_meanwhile_is_shown_and_not_written_over() {
    let stub = Stub::new().await;
    let before = incident("1", "active", &[], EARLY);
    let theirs = incident("1", "active", &["phase:recovery"], LATER);
    let seen = item::case(&before).unwrap().version;
    for answers in [vec![one(&theirs)], vec![one(&before), one(&theirs)]] {
        stub.on(&format!("GET {INCIDENTS}/1"), &answers);
        for status in [409, 412] {
            stub.on(
                &format!("PATCH {INCIDENTS}/1"),
                &[stub::json(
                    status,
                    &json!({"error": {"code": "Conflict", "message": "no"}}),
                )],
            );
            let error = graph(&stub)
                .advance("1", &seen, "containment")
                .await
                .unwrap_err();
            assert!(
                matches!(&error, ConnectorError::Conflict { current } if current.status == "recovery"),
                "{error:?}"
            );
        }
    }
    stub.on(&format!("GET {INCIDENTS}/1"), &[one(&before)]);
    stub.on(&format!("PATCH {INCIDENTS}/1"), &[one(&before)]);
    let error = graph(&stub)
        .advance("1", &seen, "containment")
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ConnectorError::Unknown(why) if why.contains("is 'active'")),
        "{error}"
    );
    // The same instant with another tag is another version.
    let tagged = incident("1", "active", &["phase:recovery"], EARLY);
    assert_ne!(item::case(&tagged).unwrap().version, seen);
}

#[tokio::test]
async fn a_note_is_appended_and_one_without_an_answer_is_not_known() {
    let stub = Stub::new().await;
    let path = format!("POST {INCIDENTS}/1/comments");
    stub.on(&path, &[stub::json(200, &json!([{"comment": "x"}]))]);
    let graph = graph(&stub);
    graph.note("1", "Isolated \"A\"", "n1").await.unwrap();
    let sent = &stub.asked()[1].body;
    assert_eq!(
        *sent,
        json!({"@odata.type": "microsoft.graph.security.alertComment", "comment": "Isolated \"A\""})
    );
    stub.on(&path, &[with_headers(503, "retry-after: 5\r\n", "")]);
    let error = graph.note("1", "x", "n2").await.unwrap_err();
    assert!(matches!(error, ConnectorError::Unknown(_)), "{error:?}");
    let whom = Whom::Policy("1".to_owned());
    let error = graph.page("1", &whom, "come", "p1").await.unwrap_err();
    assert!(error.to_string().contains("by its routes"), "{error}");
}

#[tokio::test]
async fn pitfall_8_its_limit_and_its_errors_are_told_as_what_they_are() {
    let stub = Stub::new().await;
    let graph = graph(&stub);
    let busy = json!({"error": {"code": "TooManyRequests", "message": "Too Many Requests", "innerError": {}}}).to_string();
    stub.on(
        &format!("GET {INCIDENTS}?"),
        &[with_headers(429, "retry-after: 12\r\n", &busy)],
    );
    let retry_at = at("2026-11-24T10:00:12Z");
    assert_eq!(
        graph.list(None).await.unwrap_err(),
        ConnectorError::RateLimited { retry_at }
    );
    for (status, code, told) in [
        (403, "Forbidden", "do not reach"),
        (404, "NotFound", "no incident 1 there any more"),
        (400, "BadRequest", "incident 1: said"),
    ] {
        let body = json!({"error": {"code": code, "message": "said"}});
        stub.on(&format!("GET {INCIDENTS}/1"), &[stub::json(status, &body)]);
        let error = graph.read("1").await.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
    let mut wrong = settings(&stub, &VENDOR);
    wrong
        .options
        .insert(CLASSIFICATION, "TruePositive".to_owned());
    assert!(
        faults(&wrong)[0]
            .to_string()
            .contains("is not one of: truePositive")
    );
}
