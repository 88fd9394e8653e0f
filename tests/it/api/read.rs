//! Reading: entity tags, pages of a list, filters.

use serde_json::{Value, json};
use warboard::domain::word::{Role, Tlp};

use crate::backend::{Backend, Plan};
use crate::hook::Hook;

fn ids(list: &Value) -> Vec<&str> {
    let incidents = list["incidents"].as_array().unwrap().iter();
    incidents.map(|i| i["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_incident_is_304_until_it_changes() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let path = format!("/v1/incidents/{id}");
    let token = &backend.tokens.commander;
    let first = backend.get(token, &path).await;
    assert_eq!(first.etag(), "\"1\"");
    assert_eq!(first.header("cache-control"), Some("private"));
    assert_eq!(
        first.header("vary"),
        Some("Authorization, x-warboard-on-behalf-of")
    );
    for tag in ["\"1\"", "W/\"1\"", "\"0\", \"1\"", "*"] {
        let ask = backend
            .ask("GET", &path)
            .token(token)
            .header("if-none-match", tag);
        let again = ask.send().await;
        assert_eq!((again.status, again.etag()), (304, "\"1\""), "{tag}");
        assert_eq!(
            again.header("vary"),
            Some("Authorization, x-warboard-on-behalf-of")
        );
    }
    backend
        .done(&id, &json!({"type": "note", "kind": "fact", "text": "t"}))
        .await;
    let ask = backend
        .ask("GET", &path)
        .token(token)
        .header("if-none-match", "\"1\"");
    let changed = ask.send().await;
    assert_eq!((changed.status, changed.etag()), (200, "\"2\""));
    backend.stop().await;
}

#[tokio::test]
async fn the_tag_of_a_list_covers_cursor_audience_and_filter() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let (commander, viewer) = (&backend.tokens.commander, &backend.tokens.viewer);
    let tag = async |token: &str, path: &str| backend.get(token, path).await.etag().to_owned();
    let list = tag(commander, "/v1/incidents").await;
    assert_eq!(tag(commander, "/v1/incidents").await, list);
    let twin = backend.issue("second-commander", Role::Commander).await;
    assert_eq!(
        tag(&twin, "/v1/incidents").await,
        list,
        "one audience, one tag"
    );
    let mut tags = vec![
        list.clone(),
        tag(viewer, "/v1/incidents").await,
        tag(commander, "/v1/incidents?open=all").await,
        tag(commander, "/v1/incidents?severity=sev1").await,
    ];
    let ask = backend.ask("GET", "/v1/incidents").token(viewer);
    assert_eq!(ask.header("if-none-match", &list).send().await.status, 200);
    let ask = backend.ask("GET", "/v1/incidents").token(commander);
    assert_eq!(ask.header("if-none-match", &list).send().await.status, 304);
    backend
        .done(&id, &json!({"type": "note", "kind": "fact", "text": "t"}))
        .await;
    tags.push(tag(commander, "/v1/incidents").await);
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 5);
    backend.stop().await;
}

#[tokio::test]
async fn pages_of_one_load_carry_the_first_cursor_and_miss_nothing() {
    let backend = Backend::new().await;
    for _ in 0..7 {
        backend.opened().await;
    }
    let token = &backend.tokens.commander;
    let whole = backend.get(token, "/v1/incidents").await.expect(200);
    assert_eq!(
        (&whole["complete"], &whole["next"]),
        (&json!(true), &Value::Null)
    );
    let first = backend
        .get(token, "/v1/incidents?limit=3")
        .await
        .expect(200);
    assert_eq!(first["complete"], false);
    let mut seen: Vec<String> = ids(&first).into_iter().map(str::to_owned).collect();
    // What changes meanwhile comes by the feed, from the first page's cursor.
    let late = backend.opened().await;
    backend
        .done(
            &seen[0],
            &json!({"type": "note", "kind": "fact", "text": "t"}),
        )
        .await;
    let mut page = first.clone();
    while let Some(next) = page["next"].as_str() {
        let path = format!("/v1/incidents?limit=3&after={next}");
        page = backend.get(token, &path).await.expect(200);
        assert_eq!(page["cursor"], first["cursor"]);
        assert_eq!(page["complete"], page["next"].is_null());
        seen.extend(ids(&page).into_iter().map(str::to_owned));
    }
    let once: std::collections::BTreeSet<&String> = seen.iter().collect();
    assert_eq!(once.len(), seen.len(), "{seen:?}");
    assert!(
        ids(&whole)
            .into_iter()
            .all(|id| seen.iter().any(|s| s == id))
    );
    let path = format!("/v1/changes?since={}", first["cursor"].as_str().unwrap());
    let news = backend.get(token, &path).await.expect(200);
    assert_eq!(ids(&news), [late.as_str(), seen[0].as_str()]);
    for after in ["x", "x-1~AZ-1", "~", "", "AZ-1"] {
        let answer = backend
            .get(token, &format!("/v1/incidents?after={after}"))
            .await;
        assert!(
            matches!(answer.status, 410 | 422),
            "{after}: {}",
            answer.status
        );
    }
    for limit in ["0", "10001", "-1", "x"] {
        backend
            .get(token, &format!("/v1/incidents?limit={limit}"))
            .await
            .problem(422);
    }
    backend.stop().await;
}

#[tokio::test]
async fn filters_all_hold_at_once() {
    let hook = Hook::new(&[]).await;
    let backend = Plan::new()
        .routes("legal-affairs", vec![hook.route()])
        .start()
        .await;
    let open = async |body: Value| backend.open(&body).await["id"].as_str().unwrap().to_owned();
    let a = open(json!({"service": "azure", "title": "Odd sign-ins", "severity": "sev1"})).await;
    let b =
        open(json!({"service": "dynamics-365", "title": "t", "summary": "an ODD export"})).await;
    let c = open(json!({"service": "azure", "title": "t", "severity": "sev1"})).await;
    let d = open(json!({"service": "azure", "title": "dismissed"})).await;
    backend
        .done(&d, &json!({"type": "dismiss", "reason": "no incident"}))
        .await;
    let to = "containment_eradication_and_recovery";
    backend
        .done(&c, &json!({"type": "advance", "to": to}))
        .await;
    backend
        .done(&c, &json!({"type": "take", "role": "commander"}))
        .await;
    backend
        .done(&b, &json!({"type": "assign", "role": "decider", "person": "j.lindqvist", "duty": "ms-dpa/customer"}))
        .await;
    backend
        .done(&a, &json!({"type": "page", "teams": ["legal-affairs"]}))
        .await;
    let token = &backend.tokens.commander;
    for (query, expected) in [
        ("", vec![&a, &c, &b]),
        ("?open=all", vec![&a, &c, &d, &b]),
        ("?service=azure", vec![&a, &c]),
        ("?phase=containment_eradication_and_recovery", vec![&c]),
        (
            "?severity=sev1&service=azure&phase=detection_and_analysis",
            vec![&a],
        ),
        ("?owner=dynamics-365-security-response", vec![&b]),
        ("?person=commander", vec![&c]),
        ("?person=j.lindqvist", vec![&b]),
        ("?team=legal-affairs", vec![&a]),
        ("?team=dynamics-365-engineering", vec![&b]),
        ("?q=odd", vec![&a, &b]),
        ("?q=DYN-1", vec![&b]),
        ("?q=nothing", vec![]),
        ("?open=all&q=dismissed", vec![&d]),
    ] {
        let list = backend
            .get(token, &format!("/v1/incidents{query}"))
            .await
            .expect(200);
        assert_eq!(ids(&list), expected, "{query}");
    }
    for query in [
        "phase=x",
        "severity=sev9",
        "open=closed",
        "q=a&q=b",
        "limit=1&limit=2",
    ] {
        backend
            .get(token, &format!("/v1/incidents?{query}"))
            .await
            .problem(422);
    }
    backend.stop().await;
}

#[tokio::test]
async fn a_filter_finds_nothing_that_its_reader_may_not_see() {
    let backend = Backend::new().await;
    let open = json!({"service": "azure", "title": "hidden words", "tlp": "red"});
    let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    backend
        .done(&id, &json!({"type": "take", "role": "commander"}))
        .await;
    backend
        .done(&id, &json!({"type": "assign", "role": "decider", "person": "privy", "duty": "ms-dpa/customer"}))
        .await;
    let low = backend
        .issue_as("low", Role::Commander, |request| {
            request.clearance = Some(Tlp::Amber)
        })
        .await;
    for (query, high) in [
        ("q=hidden", 1),
        ("person=commander", 1),
        ("person=privy", 1),
        ("q=more", 0),
    ] {
        let path = format!("/v1/incidents?{query}");
        let seen = backend
            .get(&backend.tokens.commander, &path)
            .await
            .expect(200);
        assert_eq!(ids(&seen).len(), high, "{query}");
        let seen = backend.get(&low, &path).await.expect(200);
        assert_eq!(ids(&seen).len(), 0, "{query}");
    }
    backend.stop().await;
}

#[tokio::test]
async fn a_closed_incident_stays_listed_while_a_lesson_is_open() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let lesson = json!({"type": "lesson", "text": "rotate keys", "owner": "d.okafor"});
    let after = backend.done(&id, &lesson).await;
    let lesson = after["lessons"][0]["id"].as_str().unwrap().to_owned();
    backend
        .done(&id, &json!({"type": "dismiss", "reason": "no incident"}))
        .await;
    let token = &backend.tokens.viewer;
    let list = backend.get(token, "/v1/incidents").await.expect(200);
    assert_eq!(ids(&list), [id.as_str()]);
    backend
        .done(&id, &json!({"type": "finish_lesson", "lesson": lesson}))
        .await;
    let list = backend.get(token, "/v1/incidents").await.expect(200);
    assert!(ids(&list).is_empty());
    backend.stop().await;
}

#[tokio::test]
async fn a_timeline_is_read_in_stretches_oldest_first() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    for n in 0..5 {
        backend
            .done(
                &id,
                &json!({"type": "note", "kind": "fact", "text": format!("note {n}")}),
            )
            .await;
    }
    let token = &backend.tokens.commander;
    let (mut after, mut seen) = (0, Vec::new());
    loop {
        let path = format!("/v1/incidents/{id}/timeline?after={after}&limit=2");
        let stretch = backend.get(token, &path).await.expect(200);
        seen.extend(stretch["entries"].as_array().unwrap().clone());
        match stretch["next"].as_u64() {
            Some(next) => after = next,
            None => break,
        }
    }
    let versions: Vec<_> = seen
        .iter()
        .map(|e| e["version"].as_u64().unwrap())
        .collect();
    assert_eq!(versions, [1, 2, 3, 4, 5, 6]);
    assert_eq!(seen[0]["kind"], "opened");
    assert_eq!(seen[5]["body"]["text"], "note 4");
    assert_eq!(
        (&seen[5]["by"], &seen[5]["via"]),
        (&json!("commander"), &json!("api"))
    );
    for query in [
        "limit=0",
        "limit=1001",
        "after=-1",
        "after=18446744073709551615",
    ] {
        backend
            .get(token, &format!("/v1/incidents/{id}/timeline?{query}"))
            .await
            .problem(422);
    }
    backend.stop().await;
}
