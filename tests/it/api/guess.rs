//! What is hidden from somebody is not found by trying: not overwritten unseen, and not told by the way in which a
//! command is refused. What answers hold, `mask` looks at.

use serde_json::{Value, json};
use warboard::domain::word::{Role, Tlp};

use super::mask::{CONTRACT, clean};
use crate::backend::{Backend, Plan};

#[tokio::test]
async fn nobody_overwrites_a_field_that_is_hidden_from_them() {
    let backend = Plan::new().regimes(CONTRACT).start().await;
    let open = json!({"service": "azure", "title": "t", "tlp": "red", "regimes": ["ms-72h", "customer-canary"]});
    let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    let low = backend
        .issue_as("low", Role::Commander, |request| {
            request.clearance = Some(Tlp::Green)
        })
        .await;
    let set = async |token: &str, field: &str, value: Value| {
        let body = json!({"type": "set", field: value});
        backend.order(token, &id, &body).send().await
    };
    for (field, value) in [
        ("regimes", json!(["ms-72h"])),
        ("title", json!("other")),
        ("summary", Value::Null),
        ("profile", json!({"zone": "Europe/Berlin"})),
        ("bridge", json!("b")),
        ("channel", json!("c")),
        ("out_of_band", json!("o")),
    ] {
        let answer = set(&low, field, value).await;
        answer.problem(403);
        clean(&answer, field);
    }
    set(&low, "severity", json!("sev2")).await.expect(200);
    let stands = backend.incident(&id).await;
    assert_eq!(stands["regimes"], json!(["ms-72h", "customer-canary"]));
    assert_eq!(stands["title"], "t");
    let own = &backend.tokens.commander;
    set(own, "regimes", json!(["ms-72h"])).await.expect(200);
    // Nothing of it is hidden now.
    set(&low, "regimes", json!(["gdpr-33"])).await.expect(200);
    backend.stop().await;
}

#[tokio::test]
async fn where_the_record_ends_is_told_to_admins_and_counsel_alone() {
    let backend = Backend::new().await;
    let foreign = backend
        .issue_as("foreign", Role::Commander, |request| {
            request.services = vec!["power-platform".to_owned()]
        })
        .await;
    let counsel = backend
        .issue_as("lawyer", Role::Viewer, |request| request.counsel = true)
        .await;
    backend.opened().await;
    backend.opened().await;
    let tokens = &backend.tokens;
    for (token, told) in [
        (&foreign, false),
        (&tokens.commander, false),
        (&tokens.viewer, false),
        (&counsel, true),
        (&tokens.admin, true),
    ] {
        let info = backend.get(token, "/v1/info").await.expect(200);
        assert_eq!(info["head"]["seq"].as_u64(), told.then_some(2), "{info}");
    }
    backend.stop().await;
}

#[tokio::test]
async fn an_admin_learns_by_no_refusal_whether_a_restricted_incident_is_there() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let list = json!({"type": "restrict", "people": ["listed"]});
    backend.done(&id, &list).await;
    let admin = &backend.tokens.admin;
    for reason in [String::new(), "x".repeat(301)] {
        let body = json!({"type": "break_glass", "reason": reason});
        let there = backend.order(admin, &id, &body).send().await;
        let absent = backend.order(admin, "AZ-77", &body).send().await;
        assert_eq!(there.problem(422), absent.problem(422));
    }
    backend.stop().await;
}

#[tokio::test]
async fn a_door_reports_nobody_with_more_than_it_has_and_no_escape_sequence() {
    let backend = Backend::new().await;
    let door = backend
        .issue_as("door", Role::Commander, |request| request.door = true)
        .await;
    let put = async |person: &str, role: &str, team: &str| {
        let person = json!({"person": person, "role": role, "team": team,
            "connected_at": "2026-11-23T14:00:00Z"});
        let told = backend.ask("PUT", "/v1/who").token(&door);
        told.json(&json!({"people": [person]})).send().await
    };
    assert_eq!(put("root", "admin", "legal-affairs").await.status, 204);
    let seen = backend.get(&backend.tokens.viewer, "/v1/who").await;
    assert!(!seen.text().contains("root"), "{}", seen.text());
    for (person, team) in [("p", "a\u{1b}]0;x"), ("a\u{1b}[31m", "legal-affairs")] {
        put(person, "viewer", team).await.problem(422);
    }
    assert_eq!(put("p", "commander", "legal-affairs").await.status, 204);
    let seen = backend.get(&backend.tokens.viewer, "/v1/who").await;
    assert_eq!(seen.expect(200)["people"][0]["person"], "p");
    backend.stop().await;
}
