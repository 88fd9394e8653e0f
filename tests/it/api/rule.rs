//! What every answer has, and how a wrong request is told what is wrong with it.

use serde_json::json;

use crate::backend::Backend;
use crate::http::Line;

#[tokio::test]
async fn errors_of_every_kind_are_problems_with_the_clock_on_them() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let (path, token) = (format!("/v1/incidents/{id}"), &backend.tokens.commander);
    let commands = format!("{path}/commands");
    let cases = [
        (backend.ask("GET", "/v1/incidents"), 401, "unauthorized"),
        (
            backend
                .ask("POST", "/v1/incidents")
                .token(&backend.tokens.viewer),
            403,
            "not_allowed",
        ),
        (backend.ask("GET", "/nowhere"), 404, "not_found"),
        (
            backend.ask("GET", "/v1/incidents/AZ-999").token(token),
            404,
            "not_found",
        ),
        (
            backend.ask("DELETE", &path).token(token),
            405,
            "method_not_allowed",
        ),
        (
            backend.ask("PUT", "/v1/incidents").token(token),
            405,
            "method_not_allowed",
        ),
        (
            backend
                .ask("POST", &commands)
                .token(token)
                .raw("text/plain", "{}"),
            415,
            "media_type",
        ),
        (
            backend
                .ask("POST", &commands)
                .token(token)
                .raw("application/json", "{"),
            400,
            "malformed",
        ),
        (
            backend.ask("GET", "/v1/changes?since=x").token(token),
            410,
            "cursor_gone",
        ),
        (
            backend.ask("GET", "/v1/incidents?colour=red").token(token),
            422,
            "invalid",
        ),
        (
            backend
                .ask("POST", &commands)
                .token(token)
                .json(&json!({"type": "undo"})),
            428,
            "precondition_required",
        ),
        (
            backend.order_at(token, &id, "\"99\"", &json!({"type": "undo"})),
            412,
            "precondition_failed",
        ),
        (
            backend.order_at(token, &id, "99", &json!({"type": "undo"})),
            400,
            "malformed",
        ),
        (
            backend.order(token, &id, &json!({"type": "undo"})),
            422,
            "state",
        ),
        (
            backend.ask("GET", "/v1/incidents/%ff").token(token),
            400,
            "bad_request",
        ),
    ];
    for (n, (ask, status, word)) in cases.into_iter().enumerate() {
        let (found, _) = ask.send().await.problem(status);
        assert_eq!(found, word, "case {n}");
    }
    let answer = backend.ask("DELETE", &path).token(token).send().await;
    assert!(answer.header("allow").unwrap().contains("GET"));
    let answer = backend.ask("HEAD", &path).token(token).send().await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    backend.stop().await;
}

#[tokio::test]
async fn what_is_no_http_is_answered_as_a_problem_too() {
    let backend = Backend::new().await;
    let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(200_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(500));
    for (bytes, status) in [
        ("nonsense\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nbad header\r\n\r\n".to_owned(), 400),
        (long, 431),
        (many, 431),
    ] {
        let mut line = Line::open(backend.address).await;
        line.write(bytes.as_bytes()).await;
        line.answer(true).await.problem(status);
    }
    // Behind a good request on the same connection too.
    let good = backend.ask("GET", "/healthz").bytes(false);
    let mut line = Line::open(backend.address).await;
    line.write(&[good, b"nonsense\r\n\r\n".to_vec()].concat())
        .await;
    line.answer(true).await.expect(200);
    line.answer(true).await.problem(400);
    backend.stop().await;
}

#[tokio::test]
async fn a_field_nobody_knows_is_named() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let open = |more: serde_json::Value| {
        let mut body = json!({"service": "azure", "title": "t"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        backend
            .ask("POST", "/v1/incidents")
            .token(&backend.tokens.commander)
            .json(&body)
    };
    let order = |body| backend.order(&backend.tokens.commander, &id, &body);
    let at = "2020-01-01T00:00:00Z";
    let cases = [
        (open(json!({"colour": 1})), "colour"),
        (
            open(json!({"triggers": {"detected_at": {"at": at, "colour": 1}}})),
            "colour",
        ),
        (order(json!({"type": "undo", "colour": 1})), "colour"),
        (
            order(json!({"type": "note", "kind": "fact", "text": "t", "colour": 1})),
            "colour",
        ),
        (order(json!({"type": "set", "colour": 1})), "colour"),
        (
            order(
                json!({"type": "submit", "duties": ["ms-dpa/customer"], "at": at, "channel": "mail",
                "kind": "initial", "told": {"done": 1, "of": 1, "colour": 1}}),
            ),
            "colour",
        ),
        (order(json!({"type": "paint"})), "paint"),
        (order(json!({"type": "advance"})), "to"),
        (order(json!({"kind": "fact"})), "type"),
        (open(json!({"severity": "sev9"})), "severity"),
        (open(json!({"service": 7})), "service"),
    ];
    for (ask, name) in cases {
        let (_, detail) = ask.send().await.problem(422);
        assert!(detail.contains(name), "{name} is not in: {detail}");
    }
    backend.stop().await;
}

#[tokio::test]
async fn a_body_over_a_mebibyte_is_413_however_it_comes() {
    let backend = Backend::new().await;
    let token = &backend.tokens.commander;
    let body = |bytes: usize| {
        let frame = json!({"service": "azure", "title": "t", "profile": {"x": ""}}).to_string();
        let fill = "x".repeat(bytes - frame.len());
        json!({"service": "azure", "title": "t", "profile": {"x": fill}})
    };
    let post =
        |body: &serde_json::Value| backend.ask("POST", "/v1/incidents").token(token).json(body);
    post(&body((1 << 20) + 1)).send().await.problem(413);
    post(&body(1 << 20)).send().await.expect(201);
    // Without a length, in chunks, it is counted while it comes.
    let mut line = Line::open(backend.address).await;
    let head = format!(
        "POST /v1/incidents HTTP/1.1\r\nhost: b\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    line.write(head.as_bytes()).await;
    for _ in 0..17 {
        line.write(format!("10000\r\n{}\r\n", " ".repeat(0x1_0000)).as_bytes())
            .await;
    }
    line.answer(true).await.problem(413);
    // A length that is announced is enough: nothing of the body is waited for.
    let mut line = Line::open(backend.address).await;
    let head = head.replace("transfer-encoding: chunked", "content-length: 9999999999");
    line.write(head.as_bytes()).await;
    line.answer(true).await.problem(413);
    backend.stop().await;
}

/// A command made of a text.
type OfText = fn(String) -> serde_json::Value;

#[tokio::test]
async fn texts_have_their_limits_in_characters_and_no_nul() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let token = &backend.tokens.commander;
    let of = |n: usize| "ü".repeat(n);
    let order = |body: serde_json::Value| backend.order(token, &id, &body);
    let limits: [(&str, usize, OfText); 6] = [
        ("title", 300, |text| json!({"type": "set", "title": text})),
        (
            "summary",
            20_000,
            |text| json!({"type": "set", "summary": text}),
        ),
        (
            "text",
            20_000,
            |text| json!({"type": "note", "kind": "fact", "text": text}),
        ),
        (
            "message",
            2_000,
            |text| json!({"type": "page", "teams": ["legal-affairs"], "again": true, "message": text}),
        ),
        (
            "person",
            120,
            |text| json!({"type": "assign", "role": "scribe", "person": text}),
        ),
        (
            "reason",
            300,
            |text| json!({"type": "not_reportable", "reason": text}),
        ),
    ];
    for (name, limit, body) in &limits {
        let (_, detail) = order(body(of(limit + 1))).send().await.problem(422);
        assert!(
            detail.contains(name) && detail.contains(&limit.to_string()),
            "{detail}"
        );
        order(body(of(*limit))).send().await.expect(200);
        let (_, detail) = order(body("a\0b".to_owned())).send().await.problem(422);
        assert!(detail.contains(name) && detail.contains("NUL"), "{detail}");
        if *name != "text" {
            continue;
        }
        let (_, detail) = order(body("  ".to_owned())).send().await.problem(422);
        assert!(
            detail.contains(name) && detail.contains("empty"),
            "{detail}"
        );
    }
    backend.stop().await;
}

#[tokio::test]
async fn a_nul_is_refused_at_any_depth() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let open = |more: serde_json::Value| {
        let mut body = json!({"service": "azure", "title": "t"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        backend
            .ask("POST", "/v1/incidents")
            .token(&backend.tokens.commander)
            .json(&body)
    };
    let upstream = |url: &str, rest: &str| json!({"connector": "veris", "key": "1", "url": url, "extra": [rest]});
    for more in [
        json!({"profile": {"a": {"b": ["x\0"]}}}),
        json!({"profile": {"a": {"b\0": 1}}}),
        json!({"profile": {"a\0": 1}}),
        json!({"regimes": ["x\0"]}),
        json!({"upstream": upstream("x\0", "")}),
        json!({"upstream": upstream("", "x\0")}),
    ] {
        let (_, detail) = open(more).send().await.problem(422);
        assert!(detail.contains("NUL"), "{detail}");
    }
    let set = json!({"type": "set", "profile": {"zone": "Europe/Berlin", "x": {"y": "\0"}}});
    let (_, detail) = backend.refused(&id, &set).await;
    assert!(detail.contains("NUL"), "{detail}");
    backend.stop().await;
}

#[tokio::test]
async fn an_instant_beyond_the_calendar_is_refused_and_workers_live_on() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    backend.done(&id, &json!({"type": "declare"})).await;
    let last = "+262142-12-31T23:59:59.9999Z";
    let cases = [
        (
            "until",
            json!({"type": "hold", "duty": "ms-72h/customer", "kind": "exception:risk-to-others", "authority": "y", "until": last}),
        ),
        (
            "due",
            json!({"type": "lesson", "text": "t", "owner": null, "due": last}),
        ),
        (
            "at",
            json!({"type": "declare", "at": "-262143-01-01T00:00:00Z"}),
        ),
        (
            "instant",
            json!({"type": "record_time", "trigger": "aware_at", "at": "-262143-01-01T00:00:00Z"}),
        ),
    ];
    for (name, body) in cases {
        let (_, detail) = backend.refused(&id, &body).await;
        assert!(detail.contains(name), "{detail}");
    }
    let open = json!({"service": "azure", "title": "t", "exercise": true, "starts_at": last});
    let ask = backend
        .ask("POST", "/v1/incidents")
        .token(&backend.tokens.commander);
    let (_, detail) = ask.json(&open).send().await.problem(422);
    assert!(detail.contains("starts_at"), "{detail}");
    backend.stop().await;
}

#[tokio::test]
async fn the_probes_need_no_token_and_info_tells_who_asks() {
    let backend = Backend::new().await;
    for (path, word) in [("/healthz", "alive"), ("/readyz", "ready")] {
        let answer = backend.ask("GET", path).send().await;
        assert_eq!(answer.expect(200)["status"], word);
    }
    let info = backend
        .get(&backend.tokens.responder, "/v1/info")
        .await
        .expect(200);
    assert_eq!(info["you"]["role"], "responder");
    assert_eq!(info["you"]["clearance"], "amber");
    assert_eq!(info["name"], "azure");
    assert_eq!(info["definitions"].as_str().unwrap().len(), 64);
    let teams = backend
        .get(&backend.tokens.viewer, "/v1/teams")
        .await
        .expect(200);
    assert!(teams["teams"].as_array().unwrap().len() > 10);
    let regimes = backend
        .get(&backend.tokens.viewer, "/v1/regimes")
        .await
        .expect(200);
    assert!(
        regimes["regimes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|r| r["id"] == "ms-72h")
    );
    backend.stop().await;
}
