//! What `/v1/info` tells of a source: counts of what exists for whoever asks, and trouble without the keys of the rest.

use serde_json::{Value, json};
use warboard::domain::word::Role;

use super::{Room, case, iris};

#[tokio::test]
async fn a_source_s_count_and_trouble_say_nothing_of_incidents_that_a_reader_does_not_see() {
    let mut slow = case(1, "Open", "1");
    slow["slow"] = json!(true);
    let room = Room::with(json!([slow, case(2, "Open", "1")]), true).await;
    let backend = &room.backend;
    let both = |list: &Value| list["incidents"].as_array().unwrap().len() == 2;
    let list = room.until("/v1/incidents", "both incidents", both).await;
    let mut all = list["incidents"].as_array().unwrap().iter();
    let first = all.find(|one| one["upstream"]["key"] == "1").unwrap();
    let id = first["id"].as_str().unwrap();
    let body = json!({"type": "advance", "to": "containment_eradication_and_recovery"});
    backend.done(id, &body).await;
    let key = "the move of 1 ";
    let pending = |info: &Value| {
        let trouble = info["connectors"][0]["trouble"].as_str();
        trouble.is_some_and(|trouble| trouble.contains(key))
    };
    room.until("/v1/info", "that it is pending", pending).await;
    let foreign = backend
        .issue_as("foreign", Role::Viewer, |request| {
            request.services = vec!["power-platform".to_owned()];
        })
        .await;
    let tokens = &backend.tokens;
    let seen = async |token: &str| {
        let info = backend.get(token, "/v1/info").await.expect(200);
        let source = info["connectors"][0].clone();
        let trouble = source["trouble"].as_str().unwrap().to_owned();
        assert!(trouble.contains("does not show there yet"), "{trouble}");
        (source["open"].as_u64().unwrap(), trouble.contains(key))
    };
    // A viewer sees that it is there, and may not read of it.
    assert_eq!(seen(&tokens.viewer).await, (2, false));
    assert_eq!(seen(&foreign).await, (0, false));
    assert_eq!(seen(&tokens.admin).await, (2, true));
    backend
        .done(id, &json!({"type": "restrict", "people": ["listed"]}))
        .await;
    assert_eq!(seen(&tokens.admin).await, (1, false));
    assert_eq!(seen(&tokens.viewer).await, (1, false));
    assert_eq!(seen(&tokens.commander).await, (2, true));
    room.backend.stop_at(&room.clock).await;
}

/// What DFIR-IRIS says of a move that it does not take.
const SAID: &str = "Case 1 'canary Contoso breach' lacks its customer";

#[tokio::test]
async fn what_a_source_says_of_an_incident_is_told_to_those_who_read_that_one() {
    let cases = std::sync::Mutex::new(json!([case(1, "Open", "1"), case(2, "Open", "1")]));
    let answer = move |line: &str| match line.starts_with("POST") && line.contains("/update") {
        true => (400, json!({"status": "error", "message": SAID}).to_string()),
        false => iris(&mut cases.lock().unwrap(), line),
    };
    let room = Room::answered_by(|settings| settings.write_phases = true, answer).await;
    let backend = &room.backend;
    let both = |list: &Value| list["incidents"].as_array().unwrap().len() == 2;
    let list = room.until("/v1/incidents", "both incidents", both).await;
    let mut all = list["incidents"].as_array().unwrap().iter();
    let first = all.find(|one| one["upstream"]["key"] == "1").unwrap();
    let id = first["id"].as_str().unwrap();
    let body = json!({"type": "advance", "to": "containment_eradication_and_recovery"});
    backend.done(id, &body).await;
    let refused = |info: &Value| {
        let trouble = info["connectors"][0]["trouble"].as_str();
        trouble.is_some_and(|trouble| trouble.contains("canary"))
    };
    room.until("/v1/info", "that it is refused", refused).await;
    let foreign = backend
        .issue_as("foreign", Role::Responder, |request| {
            request.services = vec!["power-platform".to_owned()];
        })
        .await;
    let tokens = &backend.tokens;
    let in_words = async |token: &str| {
        let info = backend.get(token, "/v1/info").await.expect(200);
        let trouble = info["connectors"][0]["trouble"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(trouble.contains("is not written there"), "{trouble}");
        let told = trouble.contains("canary");
        assert!(
            told || trouble == "the move of an incident is not written there",
            "{trouble}"
        );
        told
    };
    assert!(in_words(&tokens.responder).await, "they read it");
    for low in [&tokens.viewer, &foreign] {
        assert!(!in_words(low).await);
    }
    let red = json!({"type": "set", "tlp": "red"});
    backend.done(id, &red).await;
    assert!(!in_words(&tokens.responder).await, "it is red now");
    assert!(in_words(&tokens.admin).await);
    let listed = json!({"type": "restrict", "people": ["listed"]});
    backend.done(id, &listed).await;
    assert!(!in_words(&tokens.admin).await, "they are on no list");
    assert!(in_words(&tokens.commander).await);
    room.backend.stop_at(&room.clock).await;
}
