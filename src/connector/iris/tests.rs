//! DFIR-IRIS over recorded answers of a running server, and over the ways in which one can go wrong.

use super::*;
use crate::connector::port::all;
use crate::connector::stub::{self, Stub, recorded};

const FILTER: &str = "GET /manage/cases/filter";

fn iris(stub: &Stub) -> Iris {
    Iris::new(&stub.settings(&VENDOR), stub::clock()).unwrap()
}

fn page(cases: &[Value], next: Option<u64>) -> String {
    let data = json!({"total": 9, "cases": cases, "next_page": next});
    stub::json(200, &json!({"status": "success", "data": data}))
}

fn named(id: u64, state: &str) -> Value {
    json!({"case_id": id, "name": format!("#{id}"), "state": {"state_name": state}, "close_date": null})
}

#[tokio::test]
async fn a_recorded_list_is_read_whole() {
    let stub = Stub::new().await;
    stub.on(
        FILTER,
        &[
            recorded("case-filter-page1.json"),
            page(&[named(1, "Open")], None),
        ],
    );
    let whole = all(&iris(&stub)).await.unwrap();
    assert_eq!((whole.cut, whole.unread.len()), (None, 0));
    let keys: Vec<&str> = whole.cases.iter().map(|case| case.key.as_str()).collect();
    assert_eq!(keys, ["3", "2", "1"]);
    let first = &whole.cases[0];
    assert_eq!(first.title, "#3 - Ransomware on file server");
    assert_eq!(
        (first.status.as_str(), first.severity.as_deref()),
        ("Containment", Some("High"))
    );
    assert_eq!(first.tags, ["phase:containment", "team:blue"]);
    assert_eq!(first.group.as_deref(), Some("IrisInitialClient"));
    assert_eq!(first.url, Some(format!("{}/case?cid=3", stub.url)));
    assert_eq!(
        first.created_at,
        Some("2026-11-23T20:42:29.889568Z".parse().unwrap())
    );
    assert_eq!(
        first.updated_at,
        Some("2026-11-23T20:42:30.649Z".parse().unwrap())
    );
    let head = &stub.asked()[0].head;
    assert!(
        head.contains("authorization: Bearer hunter2") && !head.contains("cookie"),
        "{head}"
    );
    assert!(
        stub.calls()[1].contains("page=2&per_page=100"),
        "{:?}",
        stub.calls()
    );
}

#[tokio::test]
async fn pitfall_3_a_list_that_shifts_while_it_is_read_has_no_case_twice() {
    let stub = Stub::new().await;
    let second = page(&[named(8, "Recovery"), named(7, "Open")], None);
    stub.on(
        FILTER,
        &[page(&[named(9, "Open"), named(8, "Open")], Some(2)), second],
    );
    let whole = all(&iris(&stub)).await.unwrap();
    let told: Vec<(&str, &str)> = whole
        .cases
        .iter()
        .map(|c| (c.key.as_str(), c.status.as_str()))
        .collect();
    assert_eq!(told, [("9", "Open"), ("8", "Recovery"), ("7", "Open")]);
}

#[tokio::test]
async fn two_thousand_cases_are_twenty_calls() {
    let stub = Stub::new().await;
    let pages: Vec<String> = (0..20u64)
        .map(|n| {
            let cases: Vec<Value> = (0..100).map(|m| named(n * 100 + m, "Open")).collect();
            page(&cases, (n < 19).then_some(n + 2))
        })
        .collect();
    stub.on(FILTER, &pages);
    assert_eq!(all(&iris(&stub)).await.unwrap().cases.len(), 2_000);
    assert_eq!(stub.calls().len(), 20);
}

#[tokio::test]
async fn where_most_cases_are_closed_the_open_states_are_asked_for_one_by_one() {
    let stub = Stub::new().await;
    let closed: Vec<Value> = (10..100).map(|n| named(n, "Closed")).collect();
    let newest = [vec![named(100, "Open")], closed].concat();
    let body =
        json!({"status": "success", "data": {"cases": newest, "next_page": 2, "last_page": 40}});
    stub.on(FILTER, &[stub::json(200, &body)]);
    let states = json!({"status": "success", "data": [{"state_name": "Open", "state_id": 3},
        {"state_name": "Closed", "state_id": 9}, {"state_name": "Recovery", "state_id": 6}]});
    stub.on("GET /manage/case-states/list", &[stub::json(200, &states)]);
    let by_state = |id: u64| format!("GET /manage/cases/filter?case_state_id={id}&page=");
    stub.on(
        &format!("{}1", by_state(3)),
        &[page(&[named(100, "Open")], Some(2))],
    );
    stub.on(
        &format!("{}2", by_state(3)),
        &[page(&[named(7, "Open")], None)],
    );
    stub.on(&by_state(6), &[page(&[named(1, "Recovery")], None)]);
    let whole = all(&iris(&stub)).await.unwrap();
    let keys: Vec<&str> = whole.cases.iter().map(|case| case.key.as_str()).collect();
    assert_eq!(keys, ["100", "7", "1"]);
    assert_eq!(stub.calls().len(), 5, "{:?}", stub.calls());
}

#[tokio::test]
async fn pitfall_2_what_is_closed_there_leaves_the_list_without_an_error() {
    let stub = Stub::new().await;
    stub.on(
        FILTER,
        &[page(&[named(2, "Closed"), named(1, "Open")], None)],
    );
    let whole = all(&iris(&stub)).await.unwrap();
    assert_eq!(whole.cases.len(), 1);
}

#[tokio::test]
async fn missing_null_and_unknown_values_are_no_errors() {
    let stub = Stub::new().await;
    let odd = json!({"case_id": 5, "name": null, "state": null, "severity": null, "tags": null,
        "modification_history": null, "initial_date": "soon", "client": 7});
    let new = json!({"case_id": "6", "name": "x", "state": {"state_name": "Quarantine"}});
    stub.on(
        FILTER,
        &[page(
            &[odd, new, json!({"name": "no id"}), json!(null)],
            None,
        )],
    );
    let whole = all(&iris(&stub)).await.unwrap();
    assert_eq!(whole.unread.len(), 2);
    assert_eq!(whole.cases[0].title, "case 5");
    assert_eq!(
        (whole.cases[0].status.as_str(), whole.cases[0].created_at),
        ("Unspecified", None)
    );
    assert_eq!(whole.cases[1].status, "Quarantine");
}

#[tokio::test]
async fn pitfall_9_not_found_is_told_from_not_valid_though_both_are_400() {
    let stub = Stub::new().await;
    stub.on(
        "GET /manage/cases/99999",
        &[recorded("case-get-missing.json")],
    );
    let missing = iris(&stub).read("99999").await.unwrap_err();
    assert_eq!(missing, ConnectorError::NotFound("case 99999".to_owned()));
    stub.on("GET /manage/cases/3", &[recorded("case-get.json")]);
    stub.on(
        "GET /manage/case-states/list",
        &[recorded("case-states.json")],
    );
    stub.on(
        "POST /manage/cases/update/3",
        &[recorded("case-update-bad-state.json")],
    );
    let iris = iris(&stub);
    let seen = iris.read("3").await.unwrap().version;
    let refused = iris.advance("3", &seen, "Containment").await.unwrap_err();
    assert!(
        matches!(refused, ConnectorError::Invalid { .. }),
        "{refused:?}"
    );
    stub.on(FILTER, &[recorded("bad-key.json")]);
    let auth = iris.list(None).await.unwrap_err();
    assert!(
        matches!(&auth, ConnectorError::Auth(why) if why.contains("Authentication required")),
        "{auth:?}"
    );
}

fn at_state(state: &str, changed: &str) -> String {
    let data = json!({"case_id": 3, "case_name": "x", "state_name": state, "modification_history": {changed: {}}});
    stub::json(200, &json!({"status": "success", "data": data}))
}

#[tokio::test]
async fn pitfall_11_states_are_known_by_name_and_read_anew_at_an_unknown_one() {
    let stub = Stub::new().await;
    let other = json!([{"state_name": "Containment", "state_id": 77}]);
    let other = stub::json(200, &json!({"status": "success", "data": other}));
    stub.on(
        "GET /manage/case-states/list",
        &[other, recorded("case-states.json")],
    );
    let good = stub::json(200, &json!({"status": "success", "data": {}}));
    stub.on("POST /manage/cases/update/3", &[good]);
    let seen = Version("1.000000 Open".to_owned());
    let states = [at_state("Open", "1"), at_state("Containment", "2")];
    stub.on("GET /manage/cases/3", &states);
    let iris = iris(&stub);
    iris.advance("3", &seen, "containment").await.unwrap();
    stub.on(
        "GET /manage/cases/3",
        &[at_state("Open", "1"), at_state("Recovery", "2")],
    );
    iris.advance("3", &seen, "Recovery").await.unwrap();
    let ids: Vec<Value> = stub
        .asked()
        .into_iter()
        .filter(|a| a.what.starts_with("POST"))
        .map(|a| a.body)
        .collect();
    assert_eq!(ids, [json!({"state_id": 77}), json!({"state_id": 6})]);
    stub.on("GET /manage/cases/3", &[at_state("Open", "1")]);
    let unknown = iris.advance("3", &seen, "Nowhere").await.unwrap_err();
    assert!(
        unknown
            .to_string()
            .contains("it has: Unspecified, In progress"),
        "{unknown}"
    );
}

#[tokio::test]
async fn pitfall_5_a_case_changed_meanwhile_is_not_written_over() {
    let stub = Stub::new().await;
    stub.on("GET /manage/cases/3", &[at_state("Eradication", "2")]);
    let seen = Version("1.000000 Open".to_owned());
    let conflict = iris(&stub)
        .advance("3", &seen, "Containment")
        .await
        .unwrap_err();
    let ConnectorError::Conflict { current } = conflict else {
        panic!("{conflict:?}");
    };
    assert_eq!(current.status, "Eradication");
    assert_eq!(stub.calls().len(), 1, "nothing was written");
}

#[tokio::test]
async fn pitfall_5_a_success_that_changed_nothing_is_found_out() {
    let stub = Stub::new().await;
    stub.on(
        "GET /manage/case-states/list",
        &[recorded("case-states.json")],
    );
    stub.on("GET /manage/cases/3", &[at_state("Open", "1")]);
    let good = stub::json(200, &json!({"status": "success", "data": {}}));
    stub.on("POST /manage/cases/update/3", &[good]);
    let seen = Version("1.000000 Open".to_owned());
    let error = iris(&stub)
        .advance("3", &seen, "Containment")
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ConnectorError::Unknown(why) if why.contains("is 'Open'")),
        "{error:?}"
    );
}

#[tokio::test]
async fn closing_and_reopening_go_by_their_own_routes() {
    let stub = Stub::new().await;
    stub.on(
        "GET /manage/case-states/list",
        &[recorded("case-states.json")],
    );
    stub.on(
        "GET /manage/cases/3",
        &[recorded("case-get.json"), recorded("case-get-closed.json")],
    );
    stub.on("POST /manage/cases/close/3", &[recorded("case-close.json")]);
    let iris = iris(&stub);
    let seen = Version("1795466550.169330 Open".to_owned());
    let closed = iris.advance("3", &seen, "Closed").await.unwrap();
    assert!(!closed.open);
    stub.on(
        "GET /manage/cases/3",
        &[recorded("case-get-closed.json"), at_state("Recovery", "9")],
    );
    stub.on(
        "POST /manage/cases/reopen/3",
        &[recorded("case-reopen.json")],
    );
    let good = stub::json(200, &json!({"status": "success", "data": {}}));
    stub.on("POST /manage/cases/update/3", &[good]);
    iris.advance("3", &closed.version, "Recovery")
        .await
        .unwrap();
    let posts: Vec<String> = stub
        .calls()
        .into_iter()
        .filter(|call| call.starts_with("POST"))
        .collect();
    assert_eq!(
        posts,
        [
            "POST /manage/cases/close/3",
            "POST /manage/cases/reopen/3",
            "POST /manage/cases/update/3"
        ]
    );
}

#[tokio::test]
async fn a_note_is_written_and_a_lost_one_is_not_repeated() {
    let stub = Stub::new().await;
    stub.on(
        "POST /case/tasklog/add?cid=3",
        &[recorded("note-tasklog.json"), String::new()],
    );
    let iris = iris(&stub);
    iris.note("3", "note from tui", "n1").await.unwrap();
    assert_eq!(
        stub.asked()[0].body,
        json!({"log_content": "note from tui"})
    );
    let lost = iris.note("3", "again", "n1").await.unwrap_err();
    assert!(matches!(lost, ConnectorError::Unknown(_)), "{lost:?}");
    assert_eq!(stub.calls().len(), 2);
}

#[tokio::test]
async fn every_kind_of_trouble_has_its_name() {
    let stub = Stub::new().await;
    let iris = iris(&stub);
    for (answer, word) in [
        (stub::with_headers(403, "", "{}"), "Forbidden"),
        (stub::with_headers(404, "", ""), "NotFound"),
        (
            stub::with_headers(409, "", r#"{"message":"busy"}"#),
            "Invalid",
        ),
        (stub::with_headers(412, "", ""), "Invalid"),
        (
            stub::with_headers(429, "retry-after: 7\r\n", ""),
            "RateLimited",
        ),
        (
            stub::with_headers(503, "retry-after: 7\r\n", ""),
            "RateLimited",
        ),
        (stub::with_headers(500, "", "<html>"), "Transport"),
        (
            stub::with_headers(302, "location: http://127.0.0.1:1/\r\n", ""),
            "Transport",
        ),
        (
            stub::with_headers(200, "", "<html>login</html>"),
            "Transport",
        ),
        (
            stub::with_headers(200, "", r#"{"status":"success","data":{"cases":[{"ca"#),
            "Transport",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{".to_owned(),
            "Transport",
        ),
        (
            stub::json(200, &json!({"status": "success", "data": []})),
            "Transport",
        ),
        (
            stub::json(200, &json!({"status": "error", "message": "no"})),
            "Invalid",
        ),
    ] {
        stub.on(FILTER, std::slice::from_ref(&answer));
        let error = iris.list(None).await.unwrap_err();
        assert!(
            format!("{error:?}").starts_with(word),
            "{answer}: {error:?}"
        );
    }
}

#[tokio::test]
async fn pitfall_8_a_wait_that_is_asked_for_is_told_by_our_clock() {
    let stub = Stub::new().await;
    stub.on(FILTER, &[stub::with_headers(429, "retry-after: 7\r\n", "")]);
    let error = iris(&stub).list(None).await.unwrap_err();
    let retry_at = "2026-11-24T10:00:07Z".parse().unwrap();
    assert_eq!(error, ConnectorError::RateLimited { retry_at });
}

#[tokio::test]
async fn pitfall_14_credentials_are_never_told_and_never_sent_in_the_clear() {
    let stub = Stub::new().await;
    let mut settings = stub.settings(&VENDOR);
    assert!(!format!("{settings:?}").contains("hunter2"));
    settings.url = "http://iris.example".to_owned();
    let fault = Iris::new(&settings, stub::clock()).err().unwrap();
    assert_eq!(fault.key, "url");
    assert!(fault.why.contains("in the clear"), "{fault}");
    settings.url = "https://user:pass@iris.example".to_owned();
    assert!(Iris::new(&settings, stub::clock()).is_err());
}

#[tokio::test]
async fn pitfall_7_iris_pages_nobody_and_says_so() {
    let stub = Stub::new().await;
    let iris = iris(&stub);
    assert_eq!(iris.capabilities().paging, Paging::ByRoutes);
    let error = iris
        .page("3", &Whom::Person("1".to_owned()), "come", "p1")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("by its routes"), "{error}");
    assert!(stub.calls().is_empty());
}

#[tokio::test]
async fn pitfall_7_a_task_is_read_again_and_names_whose_it_is() {
    let stub = Stub::new().await;
    let good = |data: Value| stub::json(200, &json!({"status": "success", "data": data}));
    let users = json!([{"user_id": 4, "user_login": "d.okafor", "user_name": "D. Okafor"}]);
    stub.on("GET /manage/users/list", &[good(users)]);
    let states = json!([{"id": 7, "status_name": "To do"}, {"id": 1, "status_name": "Done"}]);
    let list = |people: Value| {
        good(
            json!({"tasks_status": states, "tasks": [{"task_id": 2, "status_name": "To do", "task_assignees": people}]}),
        )
    };
    let theirs = json!([{"id": 4, "user": "d.okafor", "name": "D. Okafor"}]);
    stub.on(
        "GET /case/tasks/list?cid=3",
        &[
            list(json!([])),
            list(theirs),
            list(json!([])),
            list(json!([])),
        ],
    );
    stub.on("POST /case/tasks/add?cid=3", &[good(json!({"id": 2}))]);
    let mut settings = stub.settings(&VENDOR);
    settings.options.insert("page", "task".to_owned());
    let iris = Iris::new(&settings, stub::clock()).unwrap();
    let whom = Whom::Person("D.Okafor".to_owned());
    let receipt = iris.page("3", &whom, "come\nnow", "p1-0").await.unwrap();
    assert_eq!(
        receipt.called,
        [("D. Okafor".to_owned(), "To do".to_owned())]
    );
    let asked = stub.asked();
    let task = &asked
        .iter()
        .find(|asked| asked.what.starts_with("POST"))
        .unwrap()
        .body;
    assert_eq!(
        (
            &task["task_title"],
            &task["task_status_id"],
            &task["task_assignees_id"]
        ),
        (&json!("PAGE come"), &json!(7), &json!([4]))
    );
    assert!(task["task_description"].as_str().unwrap().contains("p1-0"));
    // Nobody has it: whatever the answer said, nobody was called.
    let receipt = iris.page("3", &whom, "come", "p2-0").await.unwrap();
    assert!(receipt.called.is_empty());
    let unknown = iris
        .page("3", &Whom::Person("x".to_owned()), "come", "p3")
        .await;
    assert!(
        matches!(unknown, Err(ConnectorError::Invalid { .. })),
        "{unknown:?}"
    );
}
