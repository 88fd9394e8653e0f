//! One incident that makes trouble at its source: all others are read and written as ever, and what is wrong with it is said.

use super::*;
use crate::connector::answering_bodies;
use warboard::domain::word::Tlp;

fn of<'a>(list: &'a Value, key: &str) -> Option<&'a Value> {
    let mut all = list["incidents"].as_array().unwrap().iter();
    all.find(|incident| incident["upstream"]["key"] == key)
}

fn says(info: &Value, words: &str) -> bool {
    let trouble = info["connectors"][0]["trouble"].as_str();
    trouble.is_some_and(|trouble| trouble.contains(words))
}

fn is_quiet(info: &Value) -> bool {
    info["connectors"][0]["trouble"].is_null()
}

fn whole(info: &Value) -> Option<String> {
    info["connectors"][0]["whole_at"]
        .as_str()
        .map(str::to_owned)
}

/// A number of incidents on record, as a list tells it.
fn count(n: usize) -> impl Fn(&Value) -> bool {
    move |list| list["incidents"].as_array().unwrap().len() == n
}

fn containment() -> Value {
    json!({"type": "advance", "to": "containment_eradication_and_recovery"})
}

/// DFIR-IRIS with three cases; case 2 can be made one that the list does not show, and that answers this status.
async fn one_that_cannot_be_read_stops_nothing(status: u16) {
    let cases = Arc::new(Mutex::new(json!([
        case(1, "Open", "1"),
        case(2, "Open", "1"),
        case(3, "Open", "1")
    ])));
    let hidden = Arc::new(Mutex::new(false));
    let (answers, hiding) = (cases.clone(), hidden.clone());
    let room = Room::answered_by(
        |settings| settings.write_phases = true,
        move |line| {
            let mut cases = answers.lock().unwrap();
            if !*hiding.lock().unwrap() {
                return iris(&mut cases, line);
            }
            if line.contains("/manage/cases/2 ") {
                return (status, json!({"message": "not yours"}).to_string());
            }
            let second = cases.as_array_mut().unwrap().remove(1);
            let answer = iris(&mut cases, line);
            cases.as_array_mut().unwrap().insert(1, second);
            answer
        },
    )
    .await;
    let list = room.until("/v1/incidents", "three", count(3)).await;
    let id = of(&list, "1").unwrap()["id"].as_str().unwrap().to_owned();
    *hidden.lock().unwrap() = true;
    let info = room
        .until("/v1/info", "that one cannot be read", |info| {
            says(info, "2 could not be read")
        })
        .await;
    let before = whole(&info);
    // The list is read to its end, and a move of another one is written.
    room.backend.done(&id, &containment()).await;
    room.until("/v1/incidents", "the move there", |list| {
        of(list, "1").unwrap()["upstream"]["raw_status"] == "Containment"
    })
    .await;
    let info = room
        .until("/v1/info", "the next whole list", |info| {
            whole(info) > before
        })
        .await;
    assert!(says(&info, "2 could not be read"), "{info}");
    let list = room.get("/v1/incidents").await;
    assert_eq!(of(&list, "2").unwrap()["upstream"]["standing"], "open");
    *hidden.lock().unwrap() = false;
    room.until("/v1/info", "the end of the trouble", is_quiet)
        .await;
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn an_incident_that_became_private_stops_nothing_else_of_its_source() {
    one_that_cannot_be_read_stops_nothing(403).await;
}

#[tokio::test]
async fn an_incident_that_always_answers_with_a_fault_stops_nothing_else_of_its_source() {
    one_that_cannot_be_read_stops_nothing(500).await;
}

#[tokio::test]
async fn an_incident_that_cannot_be_completed_keeps_no_other_from_being_taken_in() {
    let mended = Arc::new(Mutex::new(false));
    let telling = mended.clone();
    let (url, _) = answering_bodies(move |_, body| {
        let case = |id: &str| json!({"_id": id, "title": id, "status": "New", "stage": "New", "_createdAt": 1_795_510_800_000_i64});
        let body: Value = serde_json::from_str(body).unwrap();
        match body["query"][0]["idOrName"].as_str() {
            Some("~1") if !*telling.lock().unwrap() => {
                (403, json!({"message": "private"}).to_string())
            }
            Some(id) => {
                let mut whole = case(id);
                whole["description"] = json!("d");
                (200, json!([whole]).to_string())
            }
            None => (200, json!([case("~1"), case("~2")]).to_string()),
        }
    });
    let room = across::room(vec![("thehive", url)]).await;
    let list = room.until("/v1/incidents", "the other one", count(1)).await;
    assert!(of(&list, "~2").is_some(), "{list}");
    let info = room
        .until("/v1/info", "that the first is missing", |info| {
            says(info, "~1 could not be read")
        })
        .await;
    assert!(whole(&info).is_some(), "{info}");
    // Nobody knows yet whose it is: an admin alone is told what is said of it.
    let tokens = &room.backend.tokens;
    let seen = room.backend.get(&tokens.commander, "/v1/info").await;
    assert!(says(&seen.json(), "an incident could not be read"));
    for word in ["~1", "private"] {
        assert!(!seen.text().contains(word), "{}", seen.text());
    }
    *mended.lock().unwrap() = true;
    room.until("/v1/incidents", "both", count(2)).await;
    room.until("/v1/info", "the end of the trouble", is_quiet)
        .await;
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn moves_that_the_source_has_no_word_for_take_no_place_from_the_others() {
    let cases: Vec<Value> = (1..=11).map(|id| case(id, "Open", "1")).collect();
    let cases = Arc::new(Mutex::new(json!(cases)));
    let answers = cases.clone();
    let change = |settings: &mut ConnectorSettings| {
        settings.write_phases = true;
        settings.mapping.phases = vec![
            ("Open".to_owned(), Phase::DetectionAndAnalysis),
            ("Containment".to_owned(), Phase::PostIncidentActivity),
        ];
    };
    let answer = move |line: &str| iris(&mut answers.lock().unwrap(), line);
    let room = Room::answered_by(change, answer).await;
    let list = room.until("/v1/incidents", "eleven", count(11)).await;
    // The one with the last key is the last that the worker meets.
    let mut all = list["incidents"].as_array().unwrap().clone();
    all.sort_by_key(|of| of["upstream"]["key"].as_str().map(str::to_owned));
    let ids: Vec<&str> = all.iter().map(|of| of["id"].as_str().unwrap()).collect();
    for id in &ids {
        room.backend.done(id, &containment()).await;
    }
    let on = json!({"type": "advance", "to": "post_incident_activity", "override": true, "reason": "a test"});
    room.backend.done(ids[10], &on).await;
    let posts = |_: &Value| {
        let asked = room.asked.lock().unwrap();
        asked.iter().any(|line| line.starts_with("POST"))
    };
    room.until("/v1/info", "the move of the eleventh", posts)
        .await;
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn a_move_that_always_meets_a_fault_keeps_no_other_from_being_written() {
    let cases = Arc::new(Mutex::new(json!([
        case(1, "Open", "1"),
        case(2, "Open", "1"),
        case(3, "Open", "1")
    ])));
    let answers = cases.clone();
    let room = Room::answered_by(
        |settings| settings.write_phases = true,
        move |line| match line.contains("/manage/cases/1 ") || line.contains("/manage/cases/2 ") {
            true => (500, String::new()),
            false => iris(&mut answers.lock().unwrap(), line),
        },
    )
    .await;
    let list = room.until("/v1/incidents", "three", count(3)).await;
    for key in ["1", "2", "3"] {
        let id = of(&list, key).unwrap()["id"].as_str().unwrap();
        room.backend.done(id, &containment()).await;
    }
    room.until("/v1/incidents", "the move of the third", |list| {
        of(list, "3").unwrap()["upstream"]["raw_status"] == "Containment"
    })
    .await;
    let info = room
        .until("/v1/info", "what is not written", |info| {
            says(info, "the move of 1 is not written there")
        })
        .await;
    assert!(says(&info, "the move of 2 is not written there"), "{info}");
    room.backend.stop_at(&room.clock).await;
}

/// incident.io with two incidents, of which the first answers every note with this status.
fn incidentio(status: Arc<Mutex<u16>>) -> (String, Arc<Mutex<Vec<String>>>) {
    answering_bodies(move |line, body| {
        let one = |id: &str| {
            json!({"id": id, "name": id, "created_at": "2026-11-20T08:00:00Z", "updated_at": "2026-11-20T08:00:00Z",
            "incident_status": {"id": "I", "name": "Investigating", "category": "live"}})
        };
        match line.split([' ', '?']).nth(1) {
            Some("/v2/incidents") => (200, json!({"incidents": [one("A"), one("B")]}).to_string()),
            Some("/v2/incident_timeline_items") => {
                let body: Value = serde_json::from_str(body).unwrap();
                match body["incident_id"] == "A" {
                    true => (*status.lock().unwrap(), json!({}).to_string()),
                    false => (200, json!({}).to_string()),
                }
            }
            Some(path) => {
                let incident = one(path.rsplit('/').next().unwrap());
                (200, json!({"incident": incident}).to_string())
            }
            None => (404, String::new()),
        }
    })
}

/// A backend over it that writes notes, and the ids of both incidents.
async fn noting(status: &Arc<Mutex<u16>>) -> (Room, [String; 2]) {
    let clock = TestClock::at("2026-11-24T10:00:00Z".parse().unwrap());
    let (url, asked) = incidentio(status.clone());
    let vendor = Vendor::of("incidentio").unwrap();
    let source = polled(&url, &clock, |settings| {
        settings.vendor = vendor;
        settings.mapping = Mapping::new(vendor, "azure");
        settings.write_notes = Some(Tlp::Red);
    });
    let plan = Plan::new().clock(&clock).polled(vec![source]);
    let room = Room {
        backend: plan.start().await,
        clock,
        cases: Arc::default(),
        asked,
    };
    let list = room.until("/v1/incidents", "both", count(2)).await;
    let ids = ["A", "B"].map(|key| of(&list, key).unwrap()["id"].as_str().unwrap().to_owned());
    (room, ids)
}

fn note(text: &str) -> Value {
    json!({"type": "note", "text": text, "kind": "fact"})
}

#[tokio::test]
async fn a_note_that_always_meets_a_fault_keeps_no_other_from_being_written() {
    let status = Arc::new(Mutex::new(500));
    let (room, [first, second]) = noting(&status).await;
    room.backend
        .done(&first, &note("blocked the account"))
        .await;
    room.until("/v1/info", "that it is not written yet", |info| {
        says(info, "A has notes that are not written there yet")
    })
    .await;
    let written = |incident: &Value| incident["upstream"]["notes"]["last"] == "written";
    room.backend.done(&second, &note("reset the token")).await;
    let path = format!("/v1/incidents/{second}");
    room.until(&path, "the other note", written).await;
    // It is written once its incident can be.
    *status.lock().unwrap() = 200;
    let path = format!("/v1/incidents/{first}");
    room.until(&path, "the first note", written).await;
    room.until("/v1/info", "the end of the trouble", is_quiet)
        .await;
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn a_note_that_cannot_be_written_for_four_hours_is_said_to_be_lost() {
    let status = Arc::new(Mutex::new(500));
    let (room, [first, _]) = noting(&status).await;
    room.backend
        .done(&first, &note("blocked the account"))
        .await;
    room.until("/v1/info", "that it is not written yet", |info| {
        says(info, "A has notes that are not written there yet")
    })
    .await;
    room.clock.advance(4 * 3_600_000);
    let path = format!("/v1/incidents/{first}");
    let incident = room
        .until(&path, "that it is lost", |incident| {
            incident["upstream"]["notes"]["lost"].is_array()
        })
        .await;
    let lost = &incident["upstream"]["notes"]["lost"];
    assert_eq!(lost[0]["why"], "older than four hours: not written there");
    // It is told once, and nothing waits any more.
    room.until("/v1/info", "the end of the trouble", is_quiet)
        .await;
    *status.lock().unwrap() = 200;
    let posts = || {
        let asked = room.asked.lock().unwrap();
        asked
            .iter()
            .filter(|line| line.contains("timeline_items"))
            .count()
    };
    let before = posts();
    room.turn().await;
    room.turn().await;
    assert_eq!(posts(), before);
    let incident = room.get(&path).await;
    assert_eq!(
        incident["upstream"]["notes"]["lost"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn an_incident_that_is_refused_here_is_said_and_tried_again() {
    let long = Arc::new(Mutex::new(true));
    let telling = long.clone();
    // No record takes a key as long as this one.
    let (url, _) = answering_bodies(move |_, body| {
        let case = |id: &str| {
            json!({"_id": id, "title": "t", "status": "New", "stage": "New", "description": "d",
            "_createdAt": 1_795_510_800_000_i64})
        };
        let body: Value = serde_json::from_str(body).unwrap();
        let lists = body["query"][1]["_and"][0]["_ne"].is_object();
        let answer = match (lists, *telling.lock().unwrap()) {
            (true, true) => json!([case("~1"), case(&"~2".repeat(1_000))]),
            (true, false) => json!([case("~1"), case("~2")]),
            (false, _) => json!([]),
        };
        (200, answer.to_string())
    });
    let room = across::room(vec![("thehive", url)]).await;
    room.until("/v1/incidents", "the other one", count(1)).await;
    let said = |info: &Value| says(info, "could not be taken in");
    let info = room.until("/v1/info", "the refusal", said).await;
    assert!(says(&info, "key"), "{info}");
    // It is said for as long as it is so.
    room.turn().await;
    let info = room.get("/v1/info").await;
    assert!(said(&info), "{info}");
    *long.lock().unwrap() = false;
    room.until("/v1/incidents", "both", count(2)).await;
    room.until("/v1/info", "the end of the trouble", is_quiet)
        .await;
    room.backend.stop_at(&room.clock).await;
}
