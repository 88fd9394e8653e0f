//! A backend that takes incidents in from a case system: they appear, follow, leave and come back, and trouble is said. What
//! it does with several at once stands in `across`.

mod across;

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use warboard::connector::connector;
use warboard::connector::settings::{ConnectorSettings, Mapping};
use warboard::connector::vendor::Vendor;
use warboard::domain::word::Phase;
use warboard::secret::{Place, Secret};
use warboard::server::PolledConnector;
use warboard::store::Store as _;
use warboard::time::{SharedClock, TestClock};

use crate::backend::{Backend, Plan};
use crate::connector::answering;
use crate::http::soon;

mod node;
mod single;
mod told;
mod trouble;
mod write;

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

/// DFIR-IRIS as far as it is asked here: its list, one case of it, its states, and an update that moves a case to
/// Containment. A text in place of the list is what it answers to everything.
fn iris(cases: &mut Value, line: &str) -> (u16, String) {
    let good = |data: Value| (200, json!({"status": "success", "data": data}).to_string());
    let Value::Array(list) = cases else {
        return (500, "<html>down</html>".to_owned());
    };
    if line.contains("/manage/cases/filter") {
        return good(json!({"cases": list, "next_page": null}));
    }
    if line.contains("/case-states/") {
        return good(json!([{"state_name": "Containment", "state_id": 4}]));
    }
    let id = line
        .split([' ', '/'])
        .filter_map(|part| part.parse::<u64>().ok())
        .next();
    let Some(place) = list.iter().position(|case| case["case_id"].as_u64() == id) else {
        return (
            400,
            json!({"status": "error", "message": "Case ID 1 not found"}).to_string(),
        );
    };
    // A case may be one of those that take a write before it can be read.
    if line.starts_with("POST") && list[place]["slow"].is_null() {
        list[place] = case(id.unwrap(), "Containment", "9");
    }
    good(list[place].clone())
}

/// A vendor at this address, whose incidents belong to azure; its token is a word to look for where it must not be.
pub fn settings(vendor: &'static Vendor, name: &str, url: &str) -> ConnectorSettings {
    let token = Place::Variable {
        name: "TOKEN".to_owned(),
        value: Some(Secret::new("hunter2")),
    };
    ConnectorSettings::new(vendor, name, url, token, "azure")
}

/// DFIR-IRIS at this address, as a source called `cases`.
fn polled(
    url: &str,
    clock: &TestClock,
    change: impl FnOnce(&mut ConnectorSettings),
) -> PolledConnector {
    let mut settings = settings(Vendor::of("iris").unwrap(), "cases", url);
    change(&mut settings);
    let shared: SharedClock = Arc::new(clock.clone());
    let made = connector(&settings, &shared).unwrap();
    PolledConnector::new(settings, made)
}

impl Room {
    async fn new(cases: Value) -> Room {
        Room::with(cases, false).await
    }

    async fn with(cases: Value, write_phases: bool) -> Room {
        let cases = Arc::new(Mutex::new(cases));
        let answers = cases.clone();
        let change = |settings: &mut ConnectorSettings| settings.write_phases = write_phases;
        let answer = move |line: &str| iris(&mut answers.lock().unwrap(), line);
        Room {
            cases,
            ..Room::answered_by(change, answer).await
        }
    }

    /// With a vendor that answers each request line so.
    async fn answered_by(
        change: impl FnOnce(&mut ConnectorSettings),
        answer: impl Fn(&str) -> (u16, String) + Send + 'static,
    ) -> Room {
        let clock = TestClock::default();
        let (url, asked) = answering(answer);
        let source = polled(&url, &clock, change);
        let plan = Plan::new().clock(&clock).polled(vec![source]);
        Room {
            backend: plan.start().await,
            clock,
            cases: Arc::default(),
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

    /// Waits, while time stands still, until so many are taken in. The record tells how far it is: whoever asked again and
    /// again would take the turns of those who write it.
    async fn taken(&self, count: usize) {
        let entries = u64::try_from(count).unwrap();
        let mut written = self.backend.store.wake();
        let all = written.wait_for(|head| *head >= entries);
        soon("an entry for each", all).await.unwrap();
        self.wait("/v1/info", "all of them", |info| {
            info["connectors"][0]["open"] == count
        })
        .await;
    }

    /// Waits until what is read there is as it shall be, while time stands still.
    async fn wait(&self, path: &str, what: &str, good: impl Fn(&Value) -> bool) {
        let coming = async { while !good(&self.get(path).await) {} };
        soon(what, coming).await;
    }

    /// Lets one turn of asking go by: time moves until it begins, and stands still until it has ended.
    async fn turn(&self) {
        let at = |info: &Value, key: &str| info["connectors"][0][key].as_str().map(str::to_owned);
        let before = at(&self.get("/v1/info").await, "asked_at");
        let begun = |info: &Value| at(info, "asked_at") != before;
        self.until("/v1/info", "a turn", begun).await;
        let ended = |info: &Value| at(info, "answered_at") >= at(info, "asked_at");
        self.wait("/v1/info", "its end", ended).await;
    }

    /// Lets the clock go on for so many seconds, with the workers behind it.
    async fn pass(&self, seconds: u32) {
        for _ in 0..seconds {
            self.backend.pass(&self.clock, 1_000).await;
            self.backend.ask("GET", "/healthz").send().await.expect(200);
        }
    }

    /// Lets time pass until what is read there is as it shall be; gives it.
    async fn until(&self, path: &str, what: &str, good: impl Fn(&Value) -> bool) -> Value {
        let coming = async {
            loop {
                let body = self.get(path).await;
                if good(&body) {
                    return body;
                }
                self.backend.pass(&self.clock, 1_000).await;
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
    room.pass(60).await;
    let asked = room.asked.lock().unwrap().len() - before;
    assert!(asked <= 4, "{asked} calls in a minute");
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn a_move_made_here_is_written_there_against_the_version_that_was_seen() {
    let room = Room::with(json!([case(1, "Open", "1")]), true).await;
    let one = |list: &Value| list["incidents"].as_array().unwrap().len() == 1;
    let list = room.until("/v1/incidents", "the incident", one).await;
    let id = list["incidents"][0]["id"].as_str().unwrap();
    let ask = room
        .backend
        .ask("POST", &format!("/v1/incidents/{id}/commands"));
    let body = json!({"type": "advance", "to": "containment_eradication_and_recovery"});
    let ask = ask
        .token(&room.backend.tokens.commander)
        .header("if-match", "*");
    ask.json(&body).send().await.expect(200);
    let written = |list: &Value| list["incidents"][0]["upstream"]["raw_status"] == "Containment";
    let list = room.until("/v1/incidents", "the move there", written).await;
    assert_eq!(
        list["incidents"][0]["phase"],
        "containment_eradication_and_recovery"
    );
    let posts = || {
        let asked = room.asked.lock().unwrap();
        asked
            .iter()
            .filter(|line| line.starts_with("POST"))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(posts(), ["POST /manage/cases/update/1 HTTP/1.1"]);
    room.pass(60).await;
    assert_eq!(posts().len(), 1, "it is written once");
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn a_move_of_a_restricted_incident_is_not_written_there_until_that_is_lifted() {
    let room = Room::with(json!([case(1, "Open", "1")]), true).await;
    let one = |list: &Value| list["incidents"].as_array().unwrap().len() == 1;
    let list = room.until("/v1/incidents", "the incident", one).await;
    let id = list["incidents"][0]["id"].as_str().unwrap();
    let backend = &room.backend;
    let order = json!({"type": "restrict", "people": ["x"]});
    backend.done(id, &order).await;
    let order = json!({"type": "advance", "to": "containment_eradication_and_recovery"});
    backend.done(id, &order).await;
    let posts = || {
        let asked = room.asked.lock().unwrap();
        asked.iter().filter(|line| line.starts_with("POST")).count()
    };
    room.pass(60).await;
    assert_eq!(posts(), 0);
    let order = json!({"type": "restrict", "people": null});
    backend.done(id, &order).await;
    let written = |list: &Value| list["incidents"][0]["upstream"]["raw_status"] == "Containment";
    room.until("/v1/incidents", "the move there", written).await;
    assert_eq!(posts(), 1);
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn a_move_made_on_both_sides_is_a_conflict_and_nothing_is_written() {
    let room = Room::with(json!([case(1, "Open", "1")]), true).await;
    let one = |list: &Value| list["incidents"].as_array().unwrap().len() == 1;
    let list = room.until("/v1/incidents", "the incident", one).await;
    let id = list["incidents"][0]["id"].as_str().unwrap();
    room.set(json!([case(1, "Reporting", "2")]));
    let ask = room
        .backend
        .ask("POST", &format!("/v1/incidents/{id}/commands"));
    let body = json!({"type": "advance", "to": "containment_eradication_and_recovery"});
    let ask = ask
        .token(&room.backend.tokens.commander)
        .header("if-match", "*");
    ask.json(&body).send().await.expect(200);
    let contested = |list: &Value| list["incidents"][0]["upstream"]["conflicts"].is_array();
    let list = room.until("/v1/incidents", "the conflict", contested).await;
    let conflict = json!([{"field": "phase", "here": "containment_eradication_and_recovery", "there": "post_incident_activity"}]);
    assert_eq!(list["incidents"][0]["upstream"]["conflicts"], conflict);
    let asked = room.asked.lock().unwrap().clone();
    assert!(
        asked.iter().all(|line| line.starts_with("GET")),
        "{asked:?}"
    );
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn pitfall_13_a_move_that_shows_late_there_is_pending_until_a_poll_confirms_it() {
    let mut slow = case(1, "Open", "1");
    slow["slow"] = json!(true);
    let room = Room::with(json!([slow]), true).await;
    let one = |list: &Value| list["incidents"].as_array().unwrap().len() == 1;
    let list = room.until("/v1/incidents", "the incident", one).await;
    let id = list["incidents"][0]["id"].as_str().unwrap();
    let ask = room
        .backend
        .ask("POST", &format!("/v1/incidents/{id}/commands"));
    let body = json!({"type": "advance", "to": "containment_eradication_and_recovery"});
    let ask = ask
        .token(&room.backend.tokens.commander)
        .header("if-match", "*");
    ask.json(&body).send().await.expect(200);
    let pending = |info: &Value| {
        let trouble = info["connectors"][0]["trouble"].as_str();
        trouble.is_some_and(|trouble| trouble.contains("does not show there yet"))
    };
    room.until("/v1/info", "that it is pending", pending).await;
    let posts = || {
        let asked = room.asked.lock().unwrap();
        asked.iter().filter(|line| line.starts_with("POST")).count()
    };
    // It is said for as long as it is so, and not sent again meanwhile.
    for _ in 0..3 {
        room.turn().await;
        let info = room.get("/v1/info").await;
        assert!(pending(&info), "{info}");
        assert_eq!(posts(), 1);
    }
    // A poll finds it done.
    room.set(json!([case(1, "Containment", "2")]));
    let shown = |list: &Value| list["incidents"][0]["upstream"]["raw_status"] == "Containment";
    let list = room.until("/v1/incidents", "that it shows", shown).await;
    assert_eq!(list["incidents"][0]["upstream"]["conflicts"], Value::Null);
    let quiet = |info: &Value| info["connectors"][0]["trouble"].is_null();
    room.until("/v1/info", "that nothing is wrong", quiet).await;
    assert_eq!(posts(), 1);
    room.backend.stop_at(&room.clock).await;
}
