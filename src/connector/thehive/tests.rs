//! TheHive over hand-made answers in the forms of its API.

use std::collections::BTreeSet;

use super::*;
use crate::connector::port::{Whom, all};
use crate::connector::stub::{self, Stub, json as answer, with_headers};

const ASK: &str = "POST /api/v1/query";
/// 2026-11-24T09:00:00Z.
const NINE: i64 = 1_795_510_800_000;

fn thehive(stub: &Stub) -> TheHive {
    TheHive::new(&stub.settings(&VENDOR), stub::clock()).unwrap()
}

fn case(id: &str, status: &str, stage: &str) -> Value {
    json!({"_id": id, "_type": "Case", "number": 7, "title": format!("case {id}"), "status": status, "stage": stage,
        "severity": 3, "severityLabel": "HIGH", "tags": ["gdpr", "team:blue"], "_createdAt": NINE, "startDate": 1})
}

fn changed_at(mut case: Value, ms: i64) -> Value {
    case["_updatedAt"] = json!(ms);
    case
}

fn described(mut case: Value, text: &str) -> Value {
    case["description"] = json!(text);
    case
}

fn list(cases: &[Value]) -> String {
    answer(200, &json!(cases))
}

fn bodies(stub: &Stub) -> Vec<Value> {
    stub.asked().into_iter().map(|asked| asked.body).collect()
}

fn since(ms: i64) -> Watermark {
    Watermark {
        at: crate::connector::field::instant_of_ms(ms).unwrap(),
        seen: BTreeSet::new(),
    }
}

fn keys(cases: &[Case]) -> Vec<&str> {
    cases.iter().map(|case| case.key.as_str()).collect()
}

async fn cases(thehive: &TheHive, since: &Watermark) -> (Vec<Case>, Watermark) {
    match thehive.changes(since).await.unwrap() {
        Delta::Cases {
            cases, watermark, ..
        } => (cases, watermark),
        Delta::Resync => panic!("a resync"),
    }
}

#[tokio::test]
async fn open_cases_are_listed_by_one_query_in_the_name_of_the_organisation() {
    let stub = Stub::new().await;
    let mut first = case("~1", "Containment", "InProgress");
    first["customFields"] = json!([{"name": "business-unit", "value": null}, {"name": "service", "value": "Azure Storage"}]);
    stub.on(ASK, &[list(&[first, case("~2", "New", "New")])]);
    let mut settings = stub.settings(&VENDOR);
    settings.options.insert(ORGANISATION, "blue".to_owned());
    settings.options.insert(SERVICE_FIELD, "service".to_owned());
    let thehive = TheHive::new(&settings, stub::clock()).unwrap();
    let whole = all(&thehive).await.unwrap();
    assert_eq!(keys(&whole.cases), ["~1", "~2"]);
    let case = &whole.cases[0];
    assert_eq!(
        (case.status.as_str(), case.category.as_deref()),
        ("Containment", Some("InProgress"))
    );
    assert_eq!(
        (case.severity.as_deref(), case.group.as_deref()),
        (Some("HIGH"), Some("Azure Storage"))
    );
    assert_eq!(case.tags, ["gdpr", "team:blue"]);
    assert_eq!(case.url, Some(format!("{}/cases/~1/details", stub.url)));
    assert!(case.open && case.partial);
    let asked = &stub.asked()[0];
    assert_eq!(
        asked.body,
        json!({"query": [{"_name": "listCase"}, {"_name": "filter", "_and": [{"_ne": {"_field": "stage", "_value": "Closed"}}]},
            {"_name": "sort", "_fields": [{"_createdAt": "asc"}]}, {"_name": "page", "from": 0, "to": 100}],
            "excludeFields": ["summary", "description"]})
    );
    for line in ["authorization: Bearer hunter2", "x-organisation: blue"] {
        assert!(asked.head.contains(line), "{}", asked.head);
    }
    settings
        .options
        .insert(ORGANISATION, "bl\u{7f}ue".to_owned());
    let faults = (VENDOR.faults)(&settings);
    assert_eq!(faults[0].key, ORGANISATION);
}

#[tokio::test]
async fn pitfall_10_times_are_milliseconds_and_a_case_never_changed_has_the_time_it_was_made() {
    let stub = Stub::new().await;
    let changed = changed_at(case("~2", "New", "New"), NINE + 61_001);
    stub.on(ASK, &[list(&[case("~1", "New", "New"), changed])]);
    let whole = all(&thehive(&stub)).await.unwrap();
    let at = |text: &str| Some(text.parse::<crate::domain::instant::Instant>().unwrap());
    assert_eq!(whole.cases[0].created_at, at("2026-11-24T09:00:00Z"));
    assert_eq!(whole.cases[0].updated_at, whole.cases[0].created_at);
    assert_eq!(whole.cases[0].version.0, "1795510800000 New");
    assert_eq!(whole.cases[1].updated_at, at("2026-11-24T09:01:01.001Z"));
}

#[tokio::test]
async fn pitfall_3_the_list_goes_on_from_a_time_so_that_a_case_closed_meanwhile_shifts_nothing() {
    let stub = Stub::new().await;
    let at = |id: usize, ms: i64| {
        let mut case = case(&format!("~{id}"), "New", "New");
        case["_createdAt"] = json!(ms);
        case
    };
    let first: Vec<Value> = (0..100).map(|n| at(n, NINE + n as i64)).collect();
    // From the last one's time on it comes again; then a hundred of one time.
    let mut second = vec![at(99, NINE + 99)];
    second.extend((100..199).map(|n| at(n, NINE + 500)));
    let third: Vec<Value> = (100..200).map(|n| at(n, NINE + 500)).collect();
    stub.on(
        ASK,
        &[
            list(&first),
            list(&second),
            list(&third),
            list(&[at(200, NINE + 500)]),
        ],
    );
    let whole = all(&thehive(&stub)).await.unwrap();
    assert_eq!(whole.cases.len(), 201);
    let pages: Vec<(Value, Value)> = bodies(&stub)
        .into_iter()
        .map(|body| {
            let made = body["query"][1]["_and"][1]["_gte"]["_value"].clone();
            (made, body["query"][3]["from"].clone())
        })
        .collect();
    let pair = |ms: Value, from: i64| (ms, json!(from));
    assert_eq!(
        pages,
        [
            pair(Value::Null, 0),
            pair(json!(NINE + 99), 0),
            pair(json!(NINE + 500), 0),
            pair(json!(NINE + 500), 100)
        ]
    );
}

#[tokio::test]
async fn two_thousand_cases_are_twenty_one_calls() {
    let stub = Stub::new().await;
    let mut next = 0;
    let mut parts = Vec::new();
    while next < 2_000 {
        let first = usize::saturating_sub(next, 1);
        let part: Vec<Value> = (first..2_000.min(first + 100))
            .map(|n| {
                let mut case = case(&format!("~{n}"), "New", "New");
                case["_createdAt"] = json!(NINE + n as i64);
                case
            })
            .collect();
        next = first + part.len();
        parts.push(list(&part));
    }
    stub.on(ASK, &parts);
    assert_eq!(all(&thehive(&stub)).await.unwrap().cases.len(), 2_000);
    assert_eq!(stub.calls().len(), 21);
}

#[tokio::test]
async fn pitfall_1_changes_are_asked_for_with_an_overlap_and_told_once_by_id_and_version() {
    let stub = Stub::new().await;
    let (new, old) = (
        case("~1", "New", "New"),
        changed_at(case("~2", "InProgress", "InProgress"), NINE),
    );
    let moved = changed_at(case("~2", "Containment", "InProgress"), NINE);
    let closed = changed_at(case("~3", "TruePositive", "Closed"), NINE + 5);
    stub.on(
        ASK,
        &[list(&[new.clone(), old]), list(&[new, moved, closed])],
    );
    let thehive = thehive(&stub);
    let (first, watermark) = cases(&thehive, &since(NINE - 1_000)).await;
    assert_eq!(keys(&first), ["~1", "~2"]);
    assert_eq!(watermark.at.timestamp_millis(), NINE);
    let filter = &bodies(&stub)[0]["query"][1]["_and"];
    let at = NINE - 1_000 - 30_000;
    assert_eq!(
        *filter,
        json!([{"_or": [{"_gte": {"_field": "_updatedAt", "_value": at}}, {"_gte": {"_field": "_createdAt", "_value": at}}]}])
    );
    // Changed a second time within the millisecond, and one that is closed: both are told, what was told is not.
    let (second, watermark) = cases(&thehive, &watermark).await;
    assert_eq!(keys(&second), ["~2", "~3"]);
    assert_eq!((second[0].open, second[1].open), (true, false));
    let (third, _) = cases(&thehive, &watermark).await;
    assert!(third.is_empty(), "{third:?}");
    assert_eq!(stub.calls().len(), 3, "one call a turn");
}

#[tokio::test]
async fn too_many_changes_ask_for_the_whole_list() {
    let stub = Stub::new().await;
    let parts: Vec<String> = (0..20)
        .map(|part| {
            let of = |n: i64| {
                let mut case = case(&format!("~{part}-{n}"), "New", "New");
                case["_createdAt"] = json!(NINE + part * 100 + n);
                case
            };
            list(&(0..100).map(of).collect::<Vec<_>>())
        })
        .collect();
    stub.on(ASK, &parts);
    let delta = thehive(&stub).changes(&since(NINE)).await.unwrap();
    assert_eq!(delta, Delta::Resync);
}

#[tokio::test]
async fn pitfall_15_long_texts_are_asked_for_one_case_at_a_time_and_never_two_of_them() {
    let stub = Stub::new().await;
    let bare = case("~1", "New", "New");
    // As long as it may be, of what takes the most room on the way.
    let huge = described(bare.clone(), &"\u{1b}".repeat(1_048_576));
    stub.on(ASK, &[list(&[bare]), list(&[huge])]);
    let thehive = thehive(&stub);
    let listed = all(&thehive).await.unwrap().cases.remove(0);
    assert!(listed.partial);
    let version = listed.version.clone();
    let case = thehive.complete(listed).await.unwrap();
    assert_eq!(case.summary.map(|text| text.len()), Some(1_048_576));
    assert_eq!((case.partial, case.version), (false, version));
    assert_eq!(
        bodies(&stub)[1],
        json!({"query": [{"_name": "getCase", "idOrName": "~1"}, {"_name": "page", "from": 0, "to": 1}], "excludeFields": ["summary"]})
    );
}

#[tokio::test]
async fn pitfall_15_hostile_words_are_kept_as_they_are_and_cut_where_they_land() {
    let stub = Stub::new().await;
    let mut hostile = case("~1\u{1b}[2J/../x", "N\u{202e}ew\n", "New");
    hostile["title"] = json!("a\0b\u{1b}]0;x\u{7}".repeat(300));
    hostile["tags"] = json!(["", 7, null, {"x": 1}]);
    stub.on(ASK, &[list(&[hostile])]);
    let case = all(&thehive(&stub)).await.unwrap().cases.remove(0);
    let url = case.url.as_deref().unwrap();
    assert!(url.ends_with("/cases/~1%1B%5B2J%2F..%2Fx/details"), "{url}");
    assert_eq!(case.tags, ["7"]);
    assert_eq!(case.status, "N\u{202e}ew");
}

#[tokio::test]
async fn pitfall_5_an_advance_reads_compares_writes_and_reads_again() {
    let stub = Stub::new().await;
    let before = case("~1", "InProgress", "InProgress");
    let after = changed_at(case("~1", "Containment", "InProgress"), NINE + 7);
    stub.on(ASK, &[list(&[before]), list(std::slice::from_ref(&after))]);
    stub.on(
        "PATCH /api/v1/case/~1",
        &["HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_owned()],
    );
    let thehive = thehive(&stub);
    let seen = Version(format!("{NINE} InProgress"));
    let case = thehive.advance("~1", &seen, "Containment").await.unwrap();
    assert_eq!(
        (case.status.as_str(), case.version.0.clone()),
        ("Containment", format!("{} Containment", NINE + 7))
    );
    let asked = stub.asked();
    assert_eq!(asked[1].body, json!({"status": "Containment"}));
    let conflict = thehive.advance("~1", &seen, "Recovery").await.unwrap_err();
    let ConnectorError::Conflict { current } = conflict else {
        panic!("{conflict:?}");
    };
    assert_eq!(*current, case);
    let there = thehive.advance("~1", &case.version, "Containment").await;
    assert_eq!(there.unwrap(), case);
    let patches = stub
        .calls()
        .into_iter()
        .filter(|call| call.starts_with("PATCH"));
    assert_eq!(patches.count(), 1);
}

#[tokio::test]
async fn pitfall_13_a_write_that_does_not_show_yet_is_not_taken_for_done() {
    let stub = Stub::new().await;
    stub.on(ASK, &[list(&[case("~1", "InProgress", "InProgress")])]);
    stub.on("PATCH /api/v1/case/~1", &[with_headers(204, "", "")]);
    let seen = Version(format!("{NINE} InProgress"));
    let error = thehive(&stub)
        .advance("~1", &seen, "Containment")
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ConnectorError::Unknown(why) if why.contains("is 'InProgress'")),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_unknown_status_is_refused_there_and_told_in_its_words() {
    let stub = Stub::new().await;
    stub.on(ASK, &[list(&[case("~1", "InProgress", "InProgress")])]);
    let refusal = json!({"type": "BadRequest", "message": "CaseStatus Containment not found"});
    stub.on("PATCH /api/v1/case/~1", &[answer(400, &refusal)]);
    let seen = Version(format!("{NINE} InProgress"));
    let error = thehive(&stub)
        .advance("~1", &seen, "Containment")
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "case ~1: CaseStatus Containment not found"
    );
}

#[tokio::test]
async fn pitfall_2_what_is_not_there_any_more_is_gone_and_not_an_error() {
    let stub = Stub::new().await;
    let thehive = thehive(&stub);
    let missing = json!({"type": "NotFoundError", "message": "Case not found"});
    for gone in [answer(404, &missing), list(&[])] {
        stub.on(ASK, &[gone]);
        let error = thehive.read("~1").await.unwrap_err();
        assert_eq!(error, ConnectorError::NotFound("case ~1".to_owned()));
    }
    // Cases merged there are one new case; those it was made of are closed as duplicates or gone.
    stub.on(ASK, &[list(&[case("~1", "Duplicated", "Closed")])]);
    assert!(!thehive.read("~1").await.unwrap().open);
    // Some answer with the one case itself.
    stub.on(ASK, &[answer(200, &case("~1", "New", "New"))]);
    assert!(thehive.read("~1").await.unwrap().open);
}

#[tokio::test]
async fn a_note_is_a_comment_and_a_lost_one_is_not_repeated() {
    let stub = Stub::new().await;
    stub.on(
        "POST /api/v1/case/~1/comment",
        &[answer(201, &json!({"_id": "~2"})), String::new()],
    );
    let thehive = thehive(&stub);
    thehive.note("~1", "seen", "n1").await.unwrap();
    assert_eq!(stub.asked()[0].body, json!({"message": "seen"}));
    let lost = thehive.note("~1", "again", "n2").await.unwrap_err();
    assert!(matches!(lost, ConnectorError::Unknown(_)), "{lost:?}");
    assert_eq!(stub.calls().len(), 2);
    stub.on(ASK, &[list(&[case("~1", "New", "New")])]);
    for status in [409, 412] {
        stub.on(
            "POST /api/v1/case/~1/comment",
            &[answer(status, &json!({}))],
        );
        let error = thehive.note("~1", "x", "n3").await.unwrap_err();
        assert!(
            matches!(error, ConnectorError::Conflict { .. }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn pitfall_9_every_kind_of_trouble_has_its_name_though_a_query_is_a_post() {
    let stub = Stub::new().await;
    let thehive = thehive(&stub);
    let refusal = |status: u16, message: &str| {
        let body = json!({"type": "x", "message": message});
        answer(status, &body)
    };
    for (answer, word) in [
        (refusal(401, "Authentication failure"), "Auth"),
        (refusal(403, "not of this organisation"), "Forbidden"),
        (refusal(404, "no"), "NotFound"),
        (refusal(400, "unknown field"), "Invalid"),
        (with_headers(429, "retry-after: 7\r\n", ""), "RateLimited"),
        (with_headers(500, "", "<html>"), "Transport"),
        (with_headers(502, "", ""), "Transport"),
        (String::new(), "Transport"),
        (
            with_headers(302, "location: http://127.0.0.1:1/\r\n", ""),
            "Transport",
        ),
        (with_headers(200, "", "<html>login</html>"), "Transport"),
        (with_headers(200, "", r#"[{"_id":"~1""#), "Transport"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n[".to_owned(),
            "Transport",
        ),
        (answer(200, &json!({"cases": []})), "Transport"),
    ] {
        stub.on(ASK, std::slice::from_ref(&answer));
        let error = thehive.list(None).await.unwrap_err();
        assert!(
            format!("{error:?}").starts_with(word),
            "{answer}: {error:?}"
        );
    }
}

#[tokio::test]
async fn pitfall_12_missing_null_and_unknown_values_show_as_themselves() {
    let stub = Stub::new().await;
    let odd = json!({"_id": "~1", "title": null, "number": 12, "status": "Quarantined", "stage": "Suspended", "severity": 9,
        "_createdAt": "soon", "_updatedAt": null, "tags": null, "customFields": {}});
    let bare = json!({"_id": "~2", "severity": 4, "_createdAt": i64::MAX});
    stub.on(
        ASK,
        &[list(&[odd, bare, json!({"_id": null}), json!(null)])],
    );
    let whole = all(&thehive(&stub)).await.unwrap();
    assert_eq!((whole.cases.len(), whole.unread.len()), (2, 2));
    let case = &whole.cases[0];
    assert_eq!(
        (case.title.as_str(), case.status.as_str(), case.open),
        ("case 12", "Quarantined", true)
    );
    assert_eq!(
        (
            case.created_at,
            case.severity.as_deref(),
            case.version.0.as_str()
        ),
        (None, None, "Quarantined")
    );
    assert_eq!(
        (
            whole.cases[1].severity.as_deref(),
            whole.cases[1].created_at
        ),
        (Some("CRITICAL"), None)
    );
}

#[tokio::test]
async fn pitfall_7_it_pages_nobody_and_says_so() {
    let stub = Stub::new().await;
    let thehive = thehive(&stub);
    assert_eq!(thehive.capabilities().paging, Paging::ByRoutes);
    let whom = Whom::Person("1".to_owned());
    let error = thehive.page("~1", &whom, "come", "p1").await.unwrap_err();
    assert!(error.to_string().contains("by its routes"), "{error}");
    assert!(stub.calls().is_empty());
}

#[tokio::test]
async fn a_change_that_cannot_be_read_asks_for_the_whole_list() {
    let stub = Stub::new().await;
    let odd = json!({"title": "without an id"});
    stub.on(ASK, &[list(&[case("~1", "New", "New"), odd])]);
    let delta = thehive(&stub).changes(&since(NINE)).await.unwrap();
    assert_eq!(delta, Delta::Resync);
}
