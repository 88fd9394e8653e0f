//! Requests as they leave, and what every kind of answer becomes.

use crate::secret::Place;
use serde_json::json;

use crate::client::ApiError;
use crate::client::script::{self, Backend, incident, list, token_file, write_token};
use crate::domain::command::Command;
use crate::domain::word::GateWord;

const NOW: &str = "x-warboard-now: 2026-11-23T14:07:32.250Z\r\n";

/// What `GET /v1/info` becomes when it is answered so.
async fn asked(status: u16, headers: &str, body: &str) -> ApiError {
    let mut backend = Backend::new().await;
    let api = backend.given();
    let (heard, ()) = tokio::join!(api.about(), async {
        backend.next().await.answer(status, headers, body);
    });
    heard.unwrap_err()
}

#[tokio::test]
async fn what_is_not_our_api_is_told_by_its_kind() {
    let html = "content-type: text/html; charset=utf-8\r\n";
    for (status, headers, body, part) in [
        (200, html, "<html>log in</html>", "not our API (HTML)"),
        (404, html, "<h1>nginx</h1>", "not our API (HTML)"),
        (200, "", "  <!doctype html>", "not our API (HTML)"),
        (200, "", "{}", "without x-warboard-now"),
        (
            200,
            "x-warboard-now: soon\r\n",
            "{}",
            "without x-warboard-now",
        ),
        (304, "", "", "without x-warboard-now"),
        (200, NOW, "{\"name\": \"Az", "half a JSON document"),
        (200, NOW, "hello", "no JSON"),
        (200, NOW, "{\"name\": 7}", "not our API's"),
        (302, "location: http://trap.example/\r\n", "", "(302)"),
        (
            400,
            NOW,
            "{\"detail\": \"bad \\u001b[31m thing\"}",
            "400: bad",
        ),
        (418, "", "", "418"),
    ] {
        let error = asked(status, headers, body).await;
        let sentence = error.to_string();
        assert!(matches!(error, ApiError::Garbage { .. }), "{error:?}");
        assert!(sentence.contains(part), "{sentence}");
        assert!(!sentence.contains('\u{1b}'), "{sentence:?}");
        assert!(!sentence.contains("trap"), "{sentence}");
    }
}

#[tokio::test]
async fn refusals_keep_their_sentence_cleaned() {
    let error = asked(401, NOW, "{\"detail\": \"A valid token is needed.\"}").await;
    assert!(
        matches!(&error, ApiError::NotAllowed { status: 401, sentence } if sentence == "A valid token is needed.")
    );
    let error = asked(403, "content-type: text/html\r\n", "<b>no</b>").await;
    assert!(
        matches!(&error, ApiError::NotAllowed { status: 403, sentence } if sentence.contains("(403)"))
    );
    assert_eq!(asked(404, NOW, "{}").await, ApiError::NotFound);
    assert_eq!(asked(410, "", "").await, ApiError::Gone);
    let body = "{\"detail\": \"Not yet.\", \"unmet\": [\"commander\"]}";
    assert_eq!(
        asked(422, NOW, body).await,
        ApiError::Refused {
            sentence: "Not yet.".into(),
            unmet: vec![GateWord::Commander]
        }
    );
    let body = json!({ "detail": "It moved on.", "incident": incident("AZ-1", 8) }).to_string();
    let error = asked(412, NOW, &body).await;
    assert!(
        matches!(&error, ApiError::Conflict { incident: Some(i), sentence } if i.version == 8 && sentence == "It moved on.")
    );
    // An incident in words unknown here does not hide the sentence.
    let body = "{\"detail\": \"It moved on.\", \"incident\": {\"phase\": \"lunch\"}}";
    let error = asked(412, NOW, body).await;
    assert!(
        matches!(&error, ApiError::Conflict { incident: None, sentence } if sentence == "It moved on.")
    );
    assert!(matches!(
        asked(428, NOW, "").await,
        ApiError::Refused { .. }
    ));
}

#[tokio::test]
async fn waits_asked_for_are_read_as_seconds_or_dates_and_bounded() {
    for (headers, expected) in [
        ("", None),
        ("retry-after: 7\r\n", Some(7_000)),
        ("retry-after: 100000\r\n", Some(120_000)),
        ("retry-after: soon\r\n", None),
        ("retry-after: -5\r\n", None),
        // The machine's own clock shows 14:07:32.
        (
            "retry-after: Mon, 23 Nov 2026 14:08:02 GMT\r\n",
            Some(30_000),
        ),
        (
            "date: Mon, 23 Nov 2026 14:08:00 GMT\r\nretry-after: Mon, 23 Nov 2026 14:08:02 GMT\r\n",
            Some(2_000),
        ),
        ("retry-after: Mon, 23 Nov 2026 13:00:00 GMT\r\n", Some(0)),
    ] {
        assert_eq!(
            asked(429, headers, "").await,
            ApiError::Busy {
                status: 429,
                retry_after_ms: expected
            },
            "{headers}"
        );
    }
    assert!(asked(500, "", "<html>").await.to_string().contains("500"));
    assert!(asked(503, "", "").await.to_string().contains("503"));
}

#[tokio::test]
async fn silence_is_told_by_its_kind() {
    let mut backend = Backend::new().await;
    let api = backend.given();
    let (heard, ()) = tokio::join!(api.about(), async { drop(backend.next().await) });
    let error = heard.unwrap_err();
    assert!(
        matches!(error, ApiError::Unreachable { refusal: false, .. }),
        "{error:?}"
    );
    let (heard, ()) = tokio::join!(api.about(), async {
        let head =
            format!("HTTP/1.1 200 OK\r\n{NOW}transfer-encoding: chunked\r\n\r\n5\r\n{{\"a\"");
        backend.next().await.raw(head.into_bytes());
    });
    let error = heard.unwrap_err();
    assert!(matches!(error, ApiError::Garbage { .. }), "{error:?}");
    let (heard, ()) = tokio::join!(api.about(), async {
        let head = format!("HTTP/1.1 200 OK\r\n{NOW}content-length: 900000000\r\n\r\n");
        backend.next().await.raw(head.into_bytes());
    });
    let error = heard.unwrap_err();
    assert!(matches!(error, ApiError::Garbage { .. }), "{error:?}");
    assert!(error.to_string().contains("longer than"), "{error}");
    // A port that is kept, so that nobody else comes to listen there.
    let deaf = tokio::net::TcpSocket::new_v4().unwrap();
    deaf.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    backend.url = format!("http://{}", deaf.local_addr().unwrap());
    let error = backend.given().about().await.unwrap_err();
    assert!(
        matches!(error, ApiError::Unreachable { refusal: true, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_refused_token_is_read_again_and_the_request_repeated() {
    let mut backend = Backend::new().await;
    let (_folder, path) = token_file("wb_1_old");
    let api = backend.api(Place::File(path.clone()));
    let (heard, ()) = tokio::join!(api.about(), async {
        let first = backend.next().await;
        assert_eq!(first.header("authorization").unwrap(), "Bearer wb_1_old");
        write_token(&path, "wb_2_new");
        first.answer(401, "", "");
        let second = backend.next().await;
        assert_eq!(second.header("authorization").unwrap(), "Bearer wb_2_new");
        second.good(&script::about("Azure"));
    });
    let heard = heard.unwrap();
    assert_eq!((heard.token, heard.value.name.as_str()), (2, "Azure"));
    // The same token once more is refused once, and what cannot be read is told.
    let (heard, ()) = tokio::join!(api.about(), async {
        backend.next().await.answer(403, "", "");
    });
    assert!(matches!(
        heard,
        Err(ApiError::NotAllowed { status: 403, .. })
    ));
    std::fs::remove_file(&path).unwrap();
    let (heard, ()) = tokio::join!(api.about(), async {
        backend.next().await.answer(401, "", "");
    });
    assert!(heard.unwrap_err().to_string().contains("no token"));
    assert!(backend.is_quiet());
}

#[tokio::test]
async fn a_command_gives_a_token_too() {
    let mut backend = Backend::new().await;
    let api = backend.api(Place::Command("printf 'wb_3_c\\n'".into()));
    let (heard, ()) = tokio::join!(api.teams(), async {
        let asked = backend.next().await;
        assert_eq!(asked.header("authorization").unwrap(), "Bearer wb_3_c");
        asked.good(&json!({ "teams": [] }));
    });
    assert!(heard.unwrap().value.is_empty());
}

#[tokio::test]
async fn commands_carry_version_key_door_and_body() {
    let mut backend = Backend::new().await;
    let api = backend.given();
    let command: Command = serde_json::from_value(json!({ "type": "undo" })).unwrap();
    let (answer, ()) = tokio::join!(api.command("AZ/1", Some(7), &command, "k1"), async {
        let asked = backend.expect("/v1/incidents/AZ%2F1/commands").await;
        assert_eq!(asked.method, "POST");
        for (name, value) in [
            ("if-match", "\"7\""),
            ("idempotency-key", "k1"),
            ("x-warboard-via", "board"),
            ("content-type", "application/json"),
        ] {
            assert_eq!(asked.header(name).as_deref(), Some(value));
        }
        assert_eq!(asked.body, b"{\"type\":\"undo\"}");
        asked.good(&incident("AZ/1", 8));
    });
    assert_eq!(answer.unwrap().incident.version, 8);
    let (raw, ()) = tokio::join!(
        api.post_raw("/v1/incidents", Some("*"), None, b"{}".to_vec()),
        async {
            let asked = backend.next().await;
            assert_eq!(asked.header("if-match").unwrap(), "*");
            asked.answer(200, NOW, "{ \"a\" :1}\n");
        }
    );
    assert_eq!(raw.unwrap(), "{ \"a\" :1}\n");
}

#[tokio::test]
async fn one_unreadable_incident_leaves_the_others() {
    let mut backend = Backend::new().await;
    let api = backend.given();
    let mut strange = incident("AZ-2", 1);
    strange["phase"] = json!("lunch");
    let body = list("s-1", None, &[incident("AZ-1", 1), strange, json!(7)]);
    let (heard, ()) = tokio::join!(api.list_page("open=all"), async {
        backend.expect("/v1/incidents?open=all").await.good(&body);
    });
    let heard = heard.unwrap();
    assert_eq!(heard.value.incidents.len(), 1);
    assert_eq!(heard.unreadable, ["AZ-2", "?1"]);
}
