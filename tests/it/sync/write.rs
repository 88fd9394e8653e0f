//! What is written to a source: a page to whoever is on call there, and notes. Through the real server, against PagerDuty as far
//! as it is asked here.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use warboard::connector::settings::ConnectorSettings;
use warboard::connector::vendor::Vendor;
use warboard::domain::word::Tlp;
use warboard::paging::settings::{Called, RouteSettings, Target};
use warboard::time::TestClock;

use super::{Room, polled};
use crate::backend::Plan;
use crate::connector::answering;

/// How the vendor takes writes, changed by a test.
type Taking = Arc<Mutex<(u16, Value)>>;

fn called(name: &str) -> Value {
    json!({"responder_request": {"responder_request_targets": [{"responder_request_target":
        {"id": "E1", "incidents_responders": [{"state": "pending", "user": {"id": "U2", "summary": name}}]}}]}})
}

fn pagerduty(line: &str, taking: &Taking) -> (u16, String) {
    let one = json!({"id": "A", "status": "triggered", "title": "odd sign-ins", "updated_at": "2026-11-20T08:00:00Z",
        "created_at": "2026-11-20T08:00:00Z"});
    let body = match line {
        _ if line.starts_with("POST") => {
            let (status, body) = taking.lock().unwrap().clone();
            return (status, body.to_string());
        }
        _ if line.contains("/users?") => {
            json!({"users": [{"id": "U1", "email": "ops@example.com"}]})
        }
        _ if line.contains("/oncalls?") => json!({"oncalls": [
            {"escalation_level": 2, "user": {"summary": "Second"}}, {"escalation_level": 1, "user": {"summary": "D. Okafor"}}]}),
        _ if line.contains("/log_entries") => json!({"log_entries": [], "more": false}),
        _ if line.contains("/incidents/A") => json!({ "incident": one }),
        _ => json!({"incidents": [one], "more": false}),
    };
    (200, body.to_string())
}

fn route() -> RouteSettings {
    RouteSettings {
        target: Target::Connector {
            name: "pd".to_owned(),
            called: Called::Policy("E1".to_owned()),
        },
        ca_file: None,
        clearance: Tlp::Amber,
        in_band: true,
    }
}

const TEAM: &str = "legal-affairs";

/// A backend with PagerDuty, its one incident on record, and the incident's id.
async fn room(taking: &Taking, change: impl FnOnce(&mut ConnectorSettings)) -> (Room, String) {
    let clock = TestClock::default();
    let answers = taking.clone();
    let (url, asked) = answering(move |line| pagerduty(line, &answers));
    let source = polled(&url, &clock, |settings| {
        let vendor = Vendor::of("pagerduty").unwrap();
        settings.vendor = vendor;
        settings.mapping = warboard::connector::settings::Mapping::new(vendor, "azure");
        settings.name = "pd".to_owned();
        settings
            .options
            .insert("from", "ops@example.com".to_owned());
        change(settings);
    });
    let plan = Plan::new().clock(&clock).polled(vec![source]);
    let room = Room {
        backend: plan.routes(TEAM, vec![route()]).start().await,
        clock,
        cases: Arc::default(),
        asked,
    };
    let list = room
        .until("/v1/incidents", "the incident", |list| {
            list["incidents"].as_array().unwrap().len() == 1
        })
        .await;
    let id = list["incidents"][0]["id"].as_str().unwrap().to_owned();
    (room, id)
}

impl Room {
    fn posts(&self, to: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        let posts = asked
            .iter()
            .filter(|line| line.starts_with("POST") && line.contains(to));
        posts.count()
    }

    async fn page_until(&self, id: &str, state: &str) -> Value {
        let path = format!("/v1/incidents/{id}");
        self.until(&path, state, |incident| {
            incident["pages"][0]["state"] == state
        })
        .await
    }
}

fn page() -> Value {
    json!({"type": "page", "teams": [TEAM], "message": "come"})
}

#[tokio::test]
async fn pitfall_7_a_page_goes_to_whoever_is_on_call_at_the_source_and_names_them_before() {
    let taking: Taking = Arc::new(Mutex::new((200, called("D. Okafor"))));
    let (room, id) = room(&taking, |_| {}).await;
    let preview = room
        .backend
        .ask("POST", &format!("/v1/incidents/{id}/preview"));
    let preview = preview.token(&room.backend.tokens.commander).json(&page());
    let wanted = json!([{"team": TEAM, "connector": "pd", "people": ["D. Okafor"], "why": null}]);
    assert_eq!(preview.send().await.expect(200)["on_call"], wanted);
    assert_eq!(preview.send().await.expect(200)["on_call"], wanted);
    let asked = room.asked.lock().unwrap().clone();
    let lookups = asked
        .iter()
        .filter(|line| line.contains("/oncalls"))
        .count();
    assert_eq!(lookups, 1, "it is kept for a moment");
    assert_eq!(
        room.posts("responder_requests"),
        0,
        "nobody is paged by a preview"
    );
    room.backend.done(&id, &page()).await;
    let incident = room.page_until(&id, "accepted").await;
    assert_eq!(incident["pages"][0]["route"], "connector");
    room.pass(60).await;
    assert_eq!(room.posts("responder_requests"), 1);
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn pitfall_7_a_page_without_an_answer_is_unknown_and_never_repeated_by_itself() {
    let taking: Taking = Arc::new(Mutex::new((502, json!({}))));
    let (room, id) = room(&taking, |_| {}).await;
    room.backend.done(&id, &page()).await;
    let incident = room.page_until(&id, "unknown").await;
    let error = incident["pages"][0]["last_error"].as_str().unwrap();
    assert!(error.contains("check there first"), "{error}");
    room.pass(180).await;
    assert_eq!(room.posts("responder_requests"), 1);
    // A person who looked may page once more.
    let (word, _) = room.backend.refused(&id, &page()).await;
    assert_eq!(word, "already_paged");
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn pitfall_7_a_receipt_that_names_nobody_is_a_page_that_failed() {
    let taking: Taking = Arc::new(Mutex::new((200, json!({}))));
    let (room, id) = room(&taking, |_| {}).await;
    room.backend.done(&id, &page()).await;
    let incident = room.page_until(&id, "failed").await;
    let error = incident["pages"][0]["last_error"].as_str().unwrap();
    assert!(error.contains("called nobody"), "{error}");
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn an_incident_that_is_not_the_sources_has_no_route_by_it() {
    let taking: Taking = Arc::new(Mutex::new((200, called("D. Okafor"))));
    let (room, _) = room(&taking, |_| {}).await;
    let id = room.backend.opened().await;
    room.backend.done(&id, &page()).await;
    let incident = room.page_until(&id, "failed").await;
    assert_eq!(incident["pages"][0]["last_error"], "no route");
    room.pass(20).await;
    assert_eq!(room.posts("responder_requests"), 0);
    room.backend.stop_at(&room.clock).await;
}

fn note(text: &str, privileged: bool) -> Value {
    json!({"type": "note", "text": text, "kind": "fact", "privileged": privileged})
}

#[tokio::test]
async fn a_note_is_written_there_once_where_the_file_says_so_and_a_privileged_one_never() {
    let taking: Taking = Arc::new(Mutex::new((201, json!({"note": {"id": "N1"}}))));
    let (room, id) = room(&taking, |settings| settings.write_notes = Some(Tlp::Red)).await;
    room.backend.done(&id, &note("for counsel", true)).await;
    room.backend
        .done(&id, &note("blocked the account", false))
        .await;
    let path = format!("/v1/incidents/{id}");
    room.until(&path, "the note there", |incident| {
        incident["upstream"]["notes"]["last"] == "written"
    })
    .await;
    room.pass(60).await;
    assert_eq!(room.posts("/incidents/A/notes"), 1);
    let info = room.get("/v1/info").await;
    assert_eq!(info["connectors"][0]["takes"]["no_notes"], Value::Null);
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn a_note_that_may_have_been_written_is_told_and_not_written_again() {
    let taking: Taking = Arc::new(Mutex::new((502, json!({}))));
    let (room, id) = room(&taking, |settings| settings.write_notes = Some(Tlp::Red)).await;
    room.backend
        .done(&id, &note("blocked the account", false))
        .await;
    let path = format!("/v1/incidents/{id}");
    let incident = room
        .until(&path, "the doubt", |incident| {
            incident["upstream"]["notes"]["lost"].is_array()
        })
        .await;
    let why = incident["upstream"]["notes"]["lost"][0]["why"]
        .as_str()
        .unwrap();
    assert!(why.contains("look there"), "{why}");
    *taking.lock().unwrap() = (201, json!({"note": {"id": "N2"}}));
    room.pass(60).await;
    assert_eq!(room.posts("/incidents/A/notes"), 1);
    // The next note goes out as ever.
    room.backend.done(&id, &note("another", false)).await;
    room.until(&path, "the next note", |incident| {
        incident["upstream"]["notes"]["last"] == "written"
    })
    .await;
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn notes_stay_here_unless_the_file_says_otherwise_and_above_its_clearance() {
    for clearance in [None, Some(Tlp::Clear)] {
        let taking: Taking = Arc::new(Mutex::new((201, json!({}))));
        let (room, id) = room(&taking, |settings| settings.write_notes = clearance).await;
        room.backend
            .done(&id, &note("blocked the account", false))
            .await;
        room.pass(40).await;
        assert_eq!(room.posts("/notes"), 0, "{clearance:?}");
        let info = room.get("/v1/info").await;
        let why = &info["connectors"][0]["takes"]["no_notes"];
        assert_eq!(why.is_string(), clearance.is_none(), "{why}");
        room.backend.stop_at(&room.clock).await;
    }
}

#[tokio::test]
async fn what_a_source_obeys_is_told_with_the_reason() {
    let taking: Taking = Arc::new(Mutex::new((200, json!({}))));
    let (room, _) = room(&taking, |settings| settings.write_phases = true).await;
    let info = room.get("/v1/info").await;
    let takes = &info["connectors"][0]["takes"];
    assert_eq!(
        takes["phases"],
        json!({"detection_and_analysis": "acknowledged"})
    );
    assert_eq!(
        (&takes["no_phases"], &takes["no_pages"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        takes["no_notes"],
        "write_notes is off in the backend's file"
    );
    room.backend.stop_at(&room.clock).await;
}
