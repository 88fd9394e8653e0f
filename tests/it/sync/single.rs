//! One incident that makes trouble at its source: all others are read and written as ever, and what is wrong with it is said.

use super::*;
use crate::connector::answering_bodies;

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
    let all = list["incidents"].as_array().unwrap().iter();
    let ids = all.map(|incident| incident["id"].as_str().unwrap());
    let mut ids: Vec<&str> = ids.collect();
    // As the worker meets them.
    ids.sort_unstable();
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
