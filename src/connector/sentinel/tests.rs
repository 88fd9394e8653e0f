//! Microsoft Sentinel over hand-made answers: what is asked and written, and the ways in which it can go wrong.

mod write;

use super::*;
use crate::connector::entra::tests::{lends, settings};
use crate::connector::port::{Whom, all};
use crate::connector::stub::{self, Stub, with_headers};
use crate::domain::instant::Instant;

const PATH: &str = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/soc%28eu%29/providers/Microsoft.OperationalInsights/workspaces/soc-1/providers/Microsoft.SecurityInsights/incidents";

fn configured(stub: &Stub) -> ConnectorSettings {
    let mut settings = settings(stub, &VENDOR);
    for (key, value) in [
        (SUBSCRIPTION, "00000000-1111-2222-3333-444444444444"),
        (RESOURCE_GROUP, "soc(eu)"),
        (WORKSPACE, "soc-1"),
    ] {
        settings.options.insert(key, value.to_owned());
    }
    settings
}

fn sentinel(stub: &Stub) -> Sentinel {
    lends(stub);
    Sentinel::new(&configured(stub), stub::clock()).unwrap()
}

/// The same, and it says why it closes.
fn closing(stub: &Stub, word: &str) -> Sentinel {
    lends(stub);
    let mut settings = configured(stub);
    settings.options.insert(CLASSIFICATION, word.to_owned());
    Sentinel::new(&settings, stub::clock()).unwrap()
}

fn incident(name: &str, status: &str, labels: &[&str], changed: &str) -> Value {
    let labels: Vec<Value> = labels
        .iter()
        .map(|label| json!({"labelName": label, "labelType": "User"}))
        .collect();
    json!({
        "id": format!("{PATH}/{name}"), "name": name, "type": "Microsoft.SecurityInsights/Incidents",
        "etag": format!("\"{name}-{changed}\""),
        "properties": {
            "title": "Token theft", "description": "From two places at once", "severity": "High", "status": status,
            "labels": labels, "owner": {"assignedTo": "SOC Tier 2", "email": null, "ownerType": "Group", "objectId": "7"},
            "createdTimeUtc": "2026-11-24T08:00:00.1234567Z", "lastModifiedTimeUtc": changed, "incidentNumber": 84,
            "incidentUrl": "https://portal.example/84", "providerName": "not in our model", "relatedAnalyticRuleIds": ["r"],
            "additionalData": {"alertsCount": 3, "techniques": ["T1528"]}
        }
    })
}

const EARLY: &str = "2026-11-24T09:00:00.1Z";
const LATER: &str = "2026-11-24T09:30:00Z";

fn one(value: &Value) -> String {
    stub::json(200, value)
}

fn list(values: &[Value], next: Option<String>) -> String {
    stub::json(200, &json!({"value": values, "nextLink": next}))
}

fn refusal(status: u16, code: &str, words: &str) -> String {
    stub::json(status, &json!({"error": {"code": code, "message": words}}))
}

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// The calls without those for tokens.
fn calls(stub: &Stub) -> Vec<String> {
    let calls = stub.calls().into_iter();
    calls.filter(|call| !call.contains("/oauth2/")).collect()
}

#[tokio::test]
async fn a_list_is_read_whole_over_its_links() {
    let stub = Stub::new().await;
    let labels = ["vip", "phase:Containment"];
    let next = format!(
        "{}{PATH}?api-version={API_VERSION}&$skipToken=a%2Bb",
        stub.url
    );
    let first = list(
        &[
            incident("a", "Active", &labels, EARLY),
            incident("b", "Closed", &[], EARLY),
        ],
        Some(next),
    );
    let odd = json!({"name": "c", "etag": null, "properties": {"status": "Parked", "labels": null, "owner": null, "severity": "Purple"}});
    stub.on(
        &format!("GET {PATH}?"),
        &[first, list(&[odd, json!({"id": 1}), json!(null)], None)],
    );
    let whole = all(&sentinel(&stub)).await.unwrap();
    let [a, c] = whole.cases.as_slice() else {
        panic!("{whole:?}");
    };
    assert_eq!(
        (a.key.as_str(), a.title.as_str(), a.status.as_str()),
        ("a", "Token theft", "Containment")
    );
    assert_eq!(
        (a.severity.as_deref(), a.group.as_deref()),
        (Some("High"), Some("SOC Tier 2"))
    );
    assert_eq!(
        (a.tags.as_slice(), a.category.as_deref()),
        (&labels.map(str::to_owned)[..], Some("Active"))
    );
    assert_eq!(
        (a.created_at, a.updated_at),
        (Some(at("2026-11-24T08:00:00.1234567Z")), Some(at(EARLY)))
    );
    assert_eq!(
        (a.version.0.as_str(), a.url.as_deref()),
        (
            "\"a-2026-11-24T09:00:00.1Z\"",
            Some("https://portal.example/84")
        )
    );
    // Words that nobody told us of show as themselves.
    assert_eq!(
        (
            c.title.as_str(),
            c.status.as_str(),
            c.severity.as_deref(),
            c.open
        ),
        ("incident c", "Parked", Some("Purple"), true)
    );
    assert_eq!((whole.unread.len(), whole.cut), (2, None));
    let asked = stub.asked();
    assert!(
        asked[1].head.contains("authorization: Bearer t1") && !asked[1].head.contains("cookie")
    );
    assert_eq!(
        calls(&stub),
        [
            format!(
                "GET {PATH}?api-version=2024-03-01&$filter=properties%2Fstatus%20ne%20%27Closed%27&$orderby=properties%2FcreatedTimeUtc%20asc&$top=50"
            ),
            format!("GET {PATH}?api-version=2024-03-01&$skipToken=a%2Bb"),
        ]
    );
}

#[tokio::test]
async fn two_thousand_incidents_take_forty_calls_and_a_wait_in_the_middle_loses_none() {
    let stub = Stub::new().await;
    let mut answers = Vec::new();
    for part in 0..40 {
        let incidents: Vec<Value> = (0..50)
            .map(|n| incident(&format!("i{}", part * 50 + n), "New", &[], EARLY))
            .collect();
        let next = (part < 39).then(|| format!("{}{PATH}?$skipToken={}", stub.url, part + 1));
        answers.push(list(&incidents, next));
    }
    stub.on(&format!("GET {PATH}?"), &answers);
    let whole = all(&sentinel(&stub)).await.unwrap();
    assert_eq!((whole.cases.len(), calls(&stub).len()), (2_000, 40));
    // The limit of a minute is reached in the middle.
    answers.insert(30, with_headers(429, "retry-after: 0\r\n", ""));
    stub.on(&format!("GET {PATH}?"), &answers);
    let clock = crate::time::TestClock::at(at("2026-11-24T10:00:00Z"));
    let sentinel = Sentinel::new(&configured(&stub), std::sync::Arc::new(clock.clone())).unwrap();
    let whole = crate::connector::entra::tests::passing(&clock, all(&sentinel))
        .await
        .unwrap();
    assert_eq!(whole.cases.len(), 2_000);
    // At its beginning nothing is lost by coming again later.
    stub.on(
        &format!("GET {PATH}?"),
        &[with_headers(429, "retry-after: 17\r\n", "")],
    );
    let retry_at = at("2026-11-24T10:00:17Z");
    assert_eq!(
        self::sentinel(&stub).list(None).await.unwrap_err(),
        ConnectorError::RateLimited { retry_at }
    );
}

#[tokio::test]
async fn a_next_part_elsewhere_is_not_asked_for_and_a_circle_ends() {
    let stub = Stub::new().await;
    let here = stub.url.clone();
    let first = format!(
        "{PATH}?api-version={API_VERSION}&$filter=properties%2Fstatus%20ne%20%27Closed%27&$orderby=properties%2FcreatedTimeUtc%20asc&$top=50"
    );
    for (next, told) in [
        (
            "https://elsewhere.example/incidents?$skipToken=1".to_owned(),
            "at another address",
        ),
        (
            format!("{here}.elsewhere.example/incidents"),
            "at another address",
        ),
        (
            format!("{here}@elsewhere.example/incidents"),
            "at another address",
        ),
        (format!("{here}0/incidents"), "at another address"),
        ("\u{e9}\u{e9}".to_owned(), "at another address"),
        (format!("{here}{first}"), "in a circle"),
    ] {
        stub.on(&format!("GET {PATH}?"), &[list(&[], Some(next.clone()))]);
        let error = all(&sentinel(&stub)).await.unwrap_err();
        assert!(
            matches!(&error, ConnectorError::Transport(why) if why.contains(told)),
            "{next}: {error}"
        );
    }
}

#[tokio::test]
async fn pitfall_1_changes_are_asked_by_their_own_time_with_an_overlap_and_none_counts_twice() {
    let stub = Stub::new().await;
    let sentinel = sentinel(&stub);
    let since = Watermark {
        at: at("2026-11-24T09:00:00.1Z"),
        seen: Default::default(),
    };
    let same = incident("a", "Active", &[], EARLY);
    // One boundary instant holds two changes, of which one appears late.
    let rounds = [
        (vec![same.clone()], vec!["a"], EARLY),
        (
            vec![same.clone(), incident("b", "New", &[], EARLY)],
            vec!["b"],
            EARLY,
        ),
        (
            vec![same.clone(), incident("b", "New", &[], EARLY)],
            vec![],
            EARLY,
        ),
        (vec![incident("a", "Closed", &[], LATER)], vec!["a"], LATER),
    ];
    let mut since = since;
    for (told, expected, mark) in rounds {
        stub.on(&format!("GET {PATH}?"), &[list(&told, None)]);
        let Delta::Cases {
            cases,
            gone,
            watermark,
            ..
        } = sentinel.changes(&since).await.unwrap()
        else {
            panic!("a resync for {expected:?}");
        };
        let keys: Vec<&str> = cases.iter().map(|case| case.key.as_str()).collect();
        assert_eq!((keys, gone.len(), watermark.at), (expected, 0, at(mark)));
        since = watermark;
    }
    let calls = calls(&stub);
    assert_eq!(calls.len(), 4, "one call a turn");
    assert!(
        calls[0].contains("$filter=properties%2FlastModifiedTimeUtc%20ge%202026-11-24T08%3A59%3A00Z&$orderby=properties%2FlastModifiedTimeUtc%20asc"),
        "{}",
        calls[0]
    );
}

#[tokio::test]
async fn pitfall_1_a_watermark_ahead_of_the_service_is_not_believed() {
    let stub = Stub::new().await;
    let sentinel = sentinel(&stub);
    let date = |values: &[Value]| {
        let body = json!({"value": values}).to_string();
        with_headers(200, "date: Tue, 24 Nov 2026 09:00:30 GMT\r\n", &body)
    };
    // Our clock is an hour ahead; and one incident bears a time of next year.
    let ahead = incident("x", "New", &[], "2027-11-24T09:00:00Z");
    let told = [ahead, incident("a", "Active", &[], EARLY)];
    stub.on(
        &format!("GET {PATH}?"),
        &[date(&[]), date(&told), date(&told)],
    );
    let since = Watermark {
        at: at("2026-11-24T10:00:00Z"),
        seen: Default::default(),
    };
    let Delta::Cases {
        cases, watermark, ..
    } = sentinel.changes(&since).await.unwrap()
    else {
        panic!("a resync");
    };
    assert_eq!((cases.len(), watermark.at), (2, at("2026-11-24T09:00:30Z")));
    assert!(
        calls(&stub)[1].contains("2026-11-24T08%3A45%3A30Z"),
        "{:?}",
        calls(&stub)
    );
    let Delta::Cases { cases, .. } = sentinel.changes(&watermark).await.unwrap() else {
        panic!("a resync");
    };
    assert_eq!((cases.len(), calls(&stub).len()), (0, 3));
}

#[tokio::test]
async fn too_many_changes_are_read_as_the_whole_list() {
    let stub = Stub::new().await;
    let answers: Vec<String> = (0..20)
        .map(|part| list(&[], Some(format!("{}{PATH}?$skipToken={part}", stub.url))))
        .collect();
    stub.on(&format!("GET {PATH}?"), &answers);
    let since = Watermark {
        at: at(EARLY),
        seen: Default::default(),
    };
    assert_eq!(
        sentinel(&stub).changes(&since).await.unwrap(),
        Delta::Resync
    );
    assert!(calls(&stub).len() <= 11, "{:?}", calls(&stub));
    stub.on(
        &format!("GET {PATH}?"),
        &[list(&[json!({"etag": 1})], None)],
    );
    assert_eq!(
        sentinel(&stub).changes(&since).await.unwrap(),
        Delta::Resync
    );
}

#[tokio::test]
async fn each_way_to_say_no_is_told_as_what_it_is() {
    let stub = Stub::new().await;
    let sentinel = sentinel(&stub);
    for (answer, told) in [
        (
            refusal(
                401,
                "InvalidAuthenticationToken",
                "The access token is invalid.",
            ),
            "does not take the credentials",
        ),
        (
            refusal(
                403,
                "AuthorizationFailed",
                "The client has no authorization to read",
            ),
            "do not reach",
        ),
        (
            refusal(404, "ResourceNotFound", "gone"),
            "no incident a there any more",
        ),
        (refusal(400, "InvalidFilter", "bad \u{1b}[31mfilter"), "bad"),
        (with_headers(500, "", "<html>"), "answered 500"),
        (with_headers(200, "", "{\"name\": \"a\", \"prop"), "no JSON"),
        (with_headers(200, "", "<html>sign in</html>"), "no JSON"),
        (stub::json(200, &json!({"value": null})), "is no incident"),
        (
            with_headers(307, "location: https://elsewhere.example\r\n", ""),
            "redirects are not followed",
        ),
    ] {
        stub.on(&format!("GET {PATH}/a?"), &[answer]);
        let error = sentinel.read("a").await.unwrap_err().to_string();
        assert!(
            error.contains(told) && !error.contains('\u{1b}'),
            "{told}: {error}"
        );
    }
    // A write whose end is not known may have happened.
    let before = incident("a", "Active", &[], EARLY);
    stub.on(&format!("GET {PATH}/a?"), &[one(&before)]);
    stub.on(&format!("PUT {PATH}/a?"), &[with_headers(502, "", "")]);
    let seen = item::case(&before).unwrap().version;
    let error = sentinel.advance("a", &seen, "recovery").await.unwrap_err();
    assert!(matches!(error, ConnectorError::Unknown(_)), "{error:?}");
    for body in [json!({"message": "x"}), json!({"value": {}}), json!([])] {
        stub.on(&format!("GET {PATH}?"), &[stub::json(200, &body)]);
        let error = sentinel.list(None).await.unwrap_err();
        assert!(error.to_string().contains("holds no incidents"), "{error}");
    }
}

#[tokio::test]
async fn it_pages_nobody_and_says_so() {
    let stub = Stub::new().await;
    let sentinel = sentinel(&stub);
    let whom = Whom::Person("1".to_owned());
    let error = sentinel.page("a", &whom, "come", "p1").await.unwrap_err();
    assert!(error.to_string().contains("by its routes"), "{error}");
    assert!(sentinel.on_call(&whom).await.unwrap().is_empty() && stub.calls().is_empty());
    assert!(sentinel.login().is_none());
}

#[tokio::test]
async fn every_key_it_cannot_use_is_named() {
    let stub = Stub::new().await;
    let good = configured(&stub);
    assert!(faults(&good).is_empty(), "{:?}", faults(&good));
    for (key, value, told) in [
        (SUBSCRIPTION, Some("mine"), "must be the id"),
        (SUBSCRIPTION, None, "is missing"),
        (RESOURCE_GROUP, Some("a/../b"), "must be the name"),
        (RESOURCE_GROUP, Some("soc."), "must be the name"),
        (RESOURCE_GROUP, None, "is missing"),
        (WORKSPACE, Some("soc_1"), "must be the name"),
        (WORKSPACE, None, "is missing"),
        (
            CLASSIFICATION,
            Some("FalsePositive"),
            "is not one of: Undetermined",
        ),
    ] {
        let mut settings = good.clone();
        match value {
            Some(value) => settings.options.insert(key, value.to_owned()),
            None => settings.options.remove(key),
        };
        let found = faults(&settings);
        assert!(
            matches!(found.as_slice(), [fault] if fault.key == key && fault.why.contains(told)),
            "{key} {value:?}: {found:?}"
        );
        assert!(Sentinel::new(&settings, stub::clock()).is_err());
    }
    let mut closes = good;
    closes.write_phases = true;
    closes
        .mapping
        .phases
        .insert(0, ("Closed".to_owned(), Phase::PostIncidentActivity));
    assert!(
        faults(&closes)[0]
            .to_string()
            .starts_with("classification: is missing")
    );
}
