//! A backend that takes incidents in from a case system: they appear, follow, leave and come back, and trouble is said.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use warboard::connector::connector;
use warboard::connector::settings::{ConnectorSettings, Kind, Mapping, TokenPlace};
use warboard::secret::Secret;
use warboard::server::Intake;
use warboard::time::{SharedClock, TestClock};

use crate::backend::{Backend, Plan};
use crate::connector::answering;
use crate::http::soon;

/// A case system whose cases a test changes, its backend and the clock they run on.
struct Room {
    backend: Backend,
    clock: TestClock,
    cases: Arc<Mutex<Value>>,
    asked: Arc<Mutex<Vec<String>>>,
}

fn case(id: u64, state: &str, changed: &str) -> Value {
    json!({"case_id": id, "name": format!("case {id}"), "state": {"state_name": state},
        "severity": {"severity_name": "High"}, "initial_date": "2026-11-20T08:00:00", "modification_history": {changed: {}}})
}

/// DFIR-IRIS as far as it is asked here: its list, and that it has none of any other case. A text in place of the list is
/// what it answers to everything.
fn iris(cases: &Value, line: &str) -> (u16, String) {
    match (cases, line.contains("/manage/cases/filter")) {
        (Value::String(text), _) => (500, text.clone()),
        (cases, true) => {
            let data = json!({"cases": cases, "next_page": null});
            (200, json!({"status": "success", "data": data}).to_string())
        }
        _ => (
            400,
            json!({"status": "error", "message": "Case ID 1 not found"}).to_string(),
        ),
    }
}

impl Room {
    async fn new(cases: Value) -> Room {
        let (clock, cases) = (TestClock::default(), Arc::new(Mutex::new(cases)));
        let answers = cases.clone();
        let (url, asked) = answering(move |line| iris(&answers.lock().unwrap(), line));
        let shared: SharedClock = Arc::new(clock.clone());
        let settings = ConnectorSettings {
            kind: Kind::Iris,
            name: "cases".to_owned(),
            url,
            token: TokenPlace::Variable {
                name: "TOKEN".to_owned(),
                value: Some(Secret::new("hunter2")),
            },
            ca_file: None,
            from: None,
            phase_field: None,
            mapping: Mapping::new(Kind::Iris, "azure"),
        };
        let made = connector(&settings, &shared).unwrap();
        let plan = Plan::new()
            .clock(&clock)
            .intakes(vec![Intake::new(settings, made)]);
        Room {
            backend: plan.start().await,
            clock,
            cases,
            asked,
        }
    }

    fn set(&self, cases: Value) {
        *self.cases.lock().unwrap() = cases;
    }

    async fn get(&self, path: &str) -> Value {
        let token = &self.backend.tokens.admin;
        self.backend.get(token, path).await.json()
    }

    /// Lets time pass until what is read there is as it shall be; gives it.
    async fn until(&self, path: &str, what: &str, good: impl Fn(&Value) -> bool) -> Value {
        let coming = async {
            loop {
                let body = self.get(path).await;
                if good(&body) {
                    return body;
                }
                self.clock.advance(1_000);
            }
        };
        soon(what, coming).await
    }
}

#[tokio::test]
async fn incidents_are_taken_in_followed_and_marked_when_they_are_gone() {
    let room = Room::new(json!([
        case(1, "Open", "1"),
        case(2, "Eradication", "1"),
        case(3, "Closed", "1")
    ]))
    .await;
    let list = room
        .until("/v1/incidents", "two incidents", |list| {
            list["incidents"].as_array().unwrap().len() == 2
        })
        .await;
    let of = |list: &Value, key: &str| {
        let all = list["incidents"].as_array().unwrap();
        all.iter()
            .find(|incident| incident["upstream"]["key"] == key)
            .unwrap()
            .clone()
    };
    let (first, second) = (of(&list, "1"), of(&list, "2"));
    assert_eq!(
        (&first["phase"], &first["severity"]),
        (&json!("detection_and_analysis"), &json!("sev2"))
    );
    assert_eq!(second["phase"], "containment_eradication_and_recovery");
    assert_eq!(second["upstream"]["raw_status"], "Eradication");
    // It moves there, and here too.
    room.set(json!([
        case(1, "Containment", "2"),
        case(2, "Eradication", "1")
    ]));
    room.until("/v1/incidents", "the move", |list| {
        of(list, "1")["phase"] == "containment_eradication_and_recovery"
    })
    .await;
    // It goes there, and stays open here, with a mark.
    room.set(json!([case(2, "Eradication", "1")]));
    let list = room
        .until("/v1/incidents", "the mark", |list| {
            of(list, "1")["upstream"]["standing"] == "gone"
        })
        .await;
    assert_eq!(of(&list, "1")["ended"], Value::Null);
    room.set(json!([
        case(1, "Recovery", "3"),
        case(2, "Eradication", "1")
    ]));
    room.until("/v1/incidents", "it again", |list| {
        of(list, "1")["upstream"]["standing"] == "open"
    })
    .await;
    let version = of(&room.get("/v1/incidents").await, "2")["version"].clone();
    assert_eq!(
        version, second["version"],
        "what says nothing new makes no version"
    );
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn trouble_is_said_and_ends_nothing_and_the_age_of_what_is_known_stands_beside_it() {
    let room = Room::new(json!("<html>down</html>")).await;
    let info = room
        .until("/v1/info", "the trouble", |info| {
            !info["connectors"][0]["trouble"].is_null()
        })
        .await;
    let connector = &info["connectors"][0];
    assert!(
        connector["trouble"].as_str().unwrap().contains("500"),
        "{connector}"
    );
    assert_eq!(
        (&connector["name"], &connector["kind"]),
        (&json!("cases"), &json!("iris"))
    );
    assert_eq!(connector["answered_at"], Value::Null);
    room.set(json!([case(1, "Open", "1795466550.5")]));
    let info = room
        .until("/v1/info", "the answer", |info| {
            info["connectors"][0]["trouble"].is_null()
        })
        .await;
    let connector = &info["connectors"][0];
    assert_eq!(connector["open"], 1);
    assert_eq!(connector["changed_at"], "2026-11-23T20:42:30.500Z");
    assert!(connector["answered_at"].is_string() && connector["asked_at"].is_string());
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn a_quiet_minute_costs_no_more_calls_than_one_a_quarter() {
    let room = Room::new(json!([case(1, "Open", "1")])).await;
    room.until("/v1/incidents", "the incident", |list| {
        list["incidents"].as_array().unwrap().len() == 1
    })
    .await;
    let before = room.asked.lock().unwrap().len();
    for _ in 0..60 {
        room.clock.advance(1_000);
        room.get("/v1/info").await;
    }
    let asked = room.asked.lock().unwrap().len() - before;
    assert!(asked <= 4, "{asked} calls in a minute");
    room.backend.stop_at(&room.clock).await;
}
