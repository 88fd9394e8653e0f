//! One board over four vendors: a phase is moved on it and written to each in its own way; and a source whose clock is wrong.

use super::*;
use crate::connector::answering_bodies;
use warboard::time::Clock as _;

/// A vendor with one incident, which a write moves from `before` to `after`.
fn vendor(
    before: &'static str,
    after: &'static str,
    answer: impl Fn(&str, &str) -> String + Send + 'static,
) -> (String, Arc<Mutex<Vec<String>>>) {
    let moved = Mutex::new(false);
    answering(move |line| {
        let mut moved = moved.lock().unwrap();
        let reads = line.starts_with("GET") || line.contains("/api/v1/query");
        *moved |= !reads;
        let status = if *moved { after } else { before };
        (200, answer(line, status))
    })
}

fn incidentio() -> (String, Arc<Mutex<Vec<String>>>) {
    vendor("Investigating", "Fixing", |line, status| {
        let incident = json!({"id": "01A", "name": "of incident.io", "created_at": "2026-11-20T08:00:00Z",
            "updated_at": "2026-11-20T08:00:00Z", "incident_status": {"id": status, "name": status, "category": "live"}});
        let statuses = json!([{"id": "Fixing", "name": "Fixing", "rank": 2, "category": "live"}]);
        match line.split([' ', '?']).nth(1) {
            Some("/v2/incidents") => json!({"incidents": [incident]}),
            Some("/v1/incident_statuses") => json!({ "incident_statuses": statuses }),
            _ => json!({ "incident": incident }),
        }
        .to_string()
    })
}

fn thehive() -> (String, Arc<Mutex<Vec<String>>>) {
    vendor("InProgress", "Containment", |line, status| {
        match line.starts_with("PATCH") {
            true => String::new(),
            false => json!([{"_id": "~1", "title": "of TheHive", "status": status, "stage": "InProgress", "description": "d",
                "_createdAt": 1_795_000_000_000_i64}])
            .to_string(),
        }
    })
}

fn pagerduty() -> (String, Arc<Mutex<Vec<String>>>) {
    vendor("Analysis", "Containment", |line, status| {
        let fields = json!([{"name": "phase", "value": status}]);
        let incident = json!({"id": "PA", "title": "of PagerDuty", "status": "acknowledged", "custom_fields": fields,
            "created_at": "2026-11-20T08:00:00Z", "updated_at": "2026-11-20T08:00:00Z"});
        match line.split([' ', '?']).nth(1) {
            Some("/incidents") => json!({"incidents": [incident], "more": false}),
            Some("/log_entries") => json!({"log_entries": [], "more": false}),
            _ => json!({ "incident": incident }),
        }
        .to_string()
    })
}

fn polled(word: &str, url: String, clock: &SharedClock) -> PolledConnector {
    let vendor = Vendor::of(word).unwrap();
    let values = [("from", "ops@example.com"), ("phase_field", "phase")];
    let options = values
        .into_iter()
        .filter(|(key, _)| vendor.keys.contains(key))
        .map(|(key, value)| (key, value.to_owned()));
    let mut settings = ConnectorSettings {
        options: options.collect(),
        write_phases: true,
        ..super::settings(vendor, word, &url)
    };
    settings.mapping.phases.push((
        "Containment".to_owned(),
        Phase::ContainmentEradicationAndRecovery,
    ));
    let made = connector(&settings, clock).unwrap();
    PolledConnector::new(settings, made)
}

/// A backend over vendors of these words, as a room whose cases nobody changes.
pub(super) async fn room(vendors: Vec<(&str, String)>) -> Room {
    room_at(TestClock::at(NOW.parse().unwrap()), vendors).await
}

const NOW: &str = "2026-11-24T10:00:00Z";

async fn room_at(clock: TestClock, vendors: Vec<(&str, String)>) -> Room {
    let shared: SharedClock = Arc::new(clock.clone());
    let polled = vendors
        .into_iter()
        .map(|(word, url)| polled(word, url, &shared));
    let plan = Plan::new().clock(&clock).polled(polled.collect());
    Room {
        backend: plan.start().await,
        clock,
        cases: Arc::default(),
        asked: Arc::default(),
    }
}

#[tokio::test]
async fn pitfall_18_a_phase_moved_on_one_board_is_written_to_each_vendor_in_its_own_way() {
    let cases = Mutex::new(json!([case(1, "Open", "1")]));
    let (iris, iris_asked) = answering(move |line| iris(&mut cases.lock().unwrap(), line));
    let (incidentio, incidentio_asked) = incidentio();
    let (thehive, thehive_asked) = thehive();
    let (pagerduty, pagerduty_asked) = pagerduty();
    let vendors = vec![
        ("iris", iris),
        ("incidentio", incidentio),
        ("thehive", thehive),
        ("pagerduty", pagerduty),
    ];
    let room = room(vendors).await;
    let four = |list: &Value| list["incidents"].as_array().unwrap().len() == 4;
    let list = room.until("/v1/incidents", "four incidents", four).await;
    for incident in list["incidents"].as_array().unwrap() {
        assert_eq!(incident["phase"], "detection_and_analysis", "{incident}");
        let path = format!(
            "/v1/incidents/{}/commands",
            incident["id"].as_str().unwrap()
        );
        let ask = room.backend.ask("POST", &path);
        let ask = ask
            .token(&room.backend.tokens.commander)
            .header("if-match", "*");
        let body = json!({"type": "advance", "to": "containment_eradication_and_recovery"});
        ask.json(&body).send().await.expect(200);
    }
    let written = |list: &Value| {
        let mut all = list["incidents"].as_array().unwrap().iter();
        all.all(|incident| {
            let status = incident["upstream"]["raw_status"].as_str();
            matches!(status, Some("Containment" | "Fixing"))
        })
    };
    let list = room
        .until("/v1/incidents", "all four written", written)
        .await;
    for incident in list["incidents"].as_array().unwrap() {
        assert_eq!(
            incident["phase"], "containment_eradication_and_recovery",
            "{incident}"
        );
        assert_eq!(incident["upstream"]["conflicts"], Value::Null, "{incident}");
    }
    let writes = |asked: &Mutex<Vec<String>>| {
        let asked = asked.lock().unwrap();
        let writes = asked
            .iter()
            .filter(|line| !line.starts_with("GET") && !line.contains("/api/v1/query"));
        writes.cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        writes(&iris_asked),
        ["POST /manage/cases/update/1 HTTP/1.1"]
    );
    assert_eq!(
        writes(&incidentio_asked),
        ["POST /v2/incidents/01A/actions/edit HTTP/1.1"]
    );
    assert_eq!(writes(&thehive_asked), ["PATCH /api/v1/case/~1 HTTP/1.1"]);
    assert_eq!(
        writes(&pagerduty_asked),
        ["PUT /incidents/PA/custom_fields/values HTTP/1.1"]
    );
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn pitfall_1_a_time_that_lies_ahead_of_everybody_does_not_hide_what_comes_before_it() {
    // One case bears a time of the next century; the one that is new afterwards bears its own.
    let late = Arc::new(Mutex::new(false));
    let telling = late.clone();
    let (url, asked) = answering_bodies(move |line, body| {
        assert!(line.starts_with("POST /api/v1/query"), "{line}");
        let mut times = vec![4_102_444_800_000_i64];
        if *telling.lock().unwrap() {
            times.push(1_795_514_401_000);
        }
        // As it is asked: everything that is open, or what was made since.
        let body: Value = serde_json::from_str(body).unwrap();
        let made = &body["query"][1]["_and"][0]["_or"][1]["_gte"]["_value"];
        let since = made.as_i64().unwrap_or(0);
        let told = times.into_iter().filter(|ms| *ms >= since);
        let told = told.map(|ms| json!({"_id": format!("~{ms}"), "title": "t", "status": "New", "stage": "New", "description": "d", "_createdAt": ms}));
        (200, told.collect::<Value>().to_string())
    });
    let room = room(vec![("thehive", url)]).await;
    let count = |n: usize| move |list: &Value| list["incidents"].as_array().unwrap().len() == n;
    room.until("/v1/incidents", "the first", count(1)).await;
    *late.lock().unwrap() = true;
    // The whole list would tell it too, five minutes later.
    room.turn().await;
    room.wait("/v1/incidents", "the second", count(2)).await;
    let asked = asked.lock().unwrap().len();
    assert_eq!(asked, 2, "a list, and what changed since");
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn what_a_list_left_out_is_said_until_a_list_is_whole() {
    let mended = Arc::new(Mutex::new(false));
    let telling = mended.clone();
    let (url, asked) = answering_bodies(move |_, body| {
        let case = json!({"_id": "~1", "title": "t", "status": "New", "stage": "New", "description": "d", "_createdAt": 1_795_510_800_000_i64});
        let whole = body.contains("_ne");
        let list = match whole && !*telling.lock().unwrap() {
            true => json!([case, {"title": "without an id"}]),
            false => json!([case]),
        };
        (200, list.to_string())
    });
    let room = room(vec![("thehive", url)]).await;
    let said = |info: &Value| {
        let trouble = info["connectors"][0]["trouble"].as_str();
        trouble.is_some_and(|trouble| trouble.contains("could not be read"))
    };
    room.until("/v1/info", "that one is missing", said).await;
    // Turns that ask for changes alone do not make it good.
    let before = asked.lock().unwrap().len();
    for _ in 0..3 {
        room.turn().await;
        let info = room.get("/v1/info").await;
        assert!(said(&info), "{info}");
    }
    assert_eq!(asked.lock().unwrap().len(), before + 3);
    *mended.lock().unwrap() = true;
    let quiet = |info: &Value| info["connectors"][0]["trouble"].is_null();
    room.until("/v1/info", "that nothing is missing", quiet)
        .await;
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn pitfall_1_a_change_made_while_a_long_list_is_read_is_not_passed_over() {
    let clock = TestClock::at(NOW.parse().unwrap());
    let ms = |clock: &TestClock| clock.now().timestamp_millis();
    let (moving, begun) = (clock.clone(), Arc::new(Mutex::new(None)));
    let since = Arc::new(Mutex::new(Vec::new()));
    let (first, telling) = (begun.clone(), since.clone());
    let (url, _) = answering_bodies(move |_, body| {
        let body: Value = serde_json::from_str(body).unwrap();
        let changed = &body["query"][1]["_and"][0]["_or"][0]["_gte"]["_value"];
        if let Some(at) = changed.as_i64() {
            telling.lock().unwrap().push(at);
            return (200, "[]".to_owned());
        }
        let mut first = first.lock().unwrap();
        if first.is_none() {
            *first = Some(ms(&moving));
            // Reading takes its time, and the last case is changed meanwhile.
            moving.advance(5_000);
        }
        let updated = first.unwrap() + 4_000;
        let case = json!([{"_id": "~1", "title": "t", "status": "New", "stage": "New", "description": "d",
            "_createdAt": 1_795_510_800_000_i64, "_updatedAt": updated}]);
        (200, case.to_string())
    });
    let room = room_at(clock, vec![("thehive", url)]).await;
    room.until("/v1/info", "a question for changes", |_| {
        !since.lock().unwrap().is_empty()
    })
    .await;
    // What was changed before that one, in a part that had been read by then, is asked for.
    let begun = begun.lock().unwrap().unwrap();
    let first = since.lock().unwrap()[0];
    assert!(first <= begun - 30_000, "{first} after {begun}");
    room.backend.stop_at(&room.clock).await;
}
