//! Alert groups over the socket, as Alertmanager posts them: what opens an incident, what only changes one, who is refused,
//! and that a restart, a second node and a storm lose nothing.

mod token;

use serde_json::{Value, json};
use warboard::config::ServerFile;
use warboard::connector::alert::AlertSettings;
use warboard::time::TestClock;

use crate::backend::{Backend, Plan};
use crate::http::Answer;

const SAMPLE: &str = include_str!("../fixtures/alertmanager/webhook.json");
const TOKEN: &str = "hunter2-of-the-intake";
const RULES: &str = r#"
[[intake.rule]]
match = ['alertname="Watchdog"']
watchdog = true
[[intake.rule]]
match = ['severity=~"critical|page"']
service = "azure"
severity_label = "severity"
severities = { critical = "sev2" }
[[intake.rule]]
match = ['severity="info"']
ignore = true
"#;

/// An intake with these keys and rules, as the backend's file has it.
fn intake(keys: &str) -> Vec<AlertSettings> {
    intake_of("token_env = \"TOKEN\"", keys)
}

/// The same, with its token from this place.
fn intake_of(token: &str, keys: &str) -> Vec<AlertSettings> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.toml");
    let text =
        format!("[[intake]]\nkind = \"alertmanager\"\nname = \"alerts\"\n{token}\n{keys}\n{RULES}");
    std::fs::write(&path, text).unwrap();
    let token = |name: &str| (name == "TOKEN").then(|| TOKEN.to_owned());
    ServerFile::load(Some(&path), &token).unwrap().intakes
}

async fn backend(keys: &str) -> (Backend, TestClock) {
    let clock = TestClock::default();
    let plan = Plan::new().clock(&clock).intakes(intake(keys));
    (plan.start().await, clock)
}

/// A group of one alert, which began before the clock of the tests does.
fn group(name: &str, status: &str, severity: &str) -> Value {
    let mut body: Value = serde_json::from_str(SAMPLE).unwrap();
    body["groupKey"] = format!("{{}}:{{alertname=\"{name}\"}}").into();
    body["status"] = status.into();
    let labels = json!({"alertname": name, "severity": severity});
    body["groupLabels"] = json!({"alertname": name});
    body["commonLabels"] = labels.clone();
    body["alerts"][0]["status"] = status.into();
    body["alerts"][0]["labels"] = labels;
    body["alerts"][0]["startsAt"] = "2026-11-23T14:00:00Z".into();
    body
}

async fn post(backend: &Backend, body: &Value) -> Answer {
    let ask = backend.ask("POST", "/v1/intake/alerts").token(TOKEN);
    ask.json(body).send().await
}

/// How a group landed, and in which incident.
async fn landed(backend: &Backend, body: &Value) -> (String, String) {
    let answer = post(backend, body).await.expect(200);
    let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
    (text("landed"), text("incident"))
}

async fn all(backend: &Backend) -> Vec<Value> {
    let list = backend
        .get(&backend.tokens.admin, "/v1/incidents?open=all")
        .await;
    list.expect(200)["incidents"].as_array().unwrap().clone()
}

/// What the intake wrote in an incident's timeline: workers write there too.
async fn written(backend: &Backend, id: &str) -> Vec<Value> {
    let mut timeline = backend.timeline(id).await;
    timeline.retain(|entry| entry["by"] == "alerts");
    timeline
}

async fn trouble(backend: &Backend) -> Value {
    let info = backend.get(&backend.tokens.viewer, "/v1/info").await;
    info.expect(200)["connectors"][0].clone()
}

#[tokio::test]
async fn the_recorded_group_opens_one_suspected_incident_however_often_it_is_sent() {
    let (backend, clock) = backend("").await;
    let mut body: Value = serde_json::from_str(SAMPLE).unwrap();
    body["alerts"][0]["startsAt"] = "2026-11-23T14:00:00.419756811Z".into();
    let (how, id) = landed(&backend, &body).await;
    assert_eq!((how.as_str(), id.as_str()), ("opened", "AZ-1"));
    let incident = backend.incident(&id).await;
    for (key, expected) in [
        ("title", json!("NodeDown: down")),
        ("classification", json!("suspected_breach")),
        ("severity", json!("sev2")),
        ("reportable", json!("unknown")),
        ("phase", json!("detection_and_analysis")),
    ] {
        assert_eq!(incident[key], expected, "{key}");
    }
    assert!(
        incident["occurred_at"]
            .as_str()
            .unwrap()
            .starts_with("2026-11-23T14:00:00")
    );
    assert_eq!(incident["triggers"], json!({}), "no clock starts by itself");
    let upstream = &incident["upstream"];
    for (key, expected) in [
        ("connector", "alerts"),
        ("key", r#"{}:{alertname="NodeDown", team="blue"}"#),
        ("url", "http://x/"),
        ("raw_status", "firing"),
        ("standing", "open"),
    ] {
        assert_eq!(upstream[key], expected, "{key}");
    }
    for _ in 0..5 {
        clock.advance(60_000);
        assert_eq!(
            landed(&backend, &body).await,
            ("unchanged".to_owned(), id.clone())
        );
    }
    assert_eq!(
        written(&backend, &id).await.len(),
        1,
        "a repeat adds no line"
    );
    body["status"] = "resolved".into();
    body["alerts"][0]["status"] = "resolved".into();
    assert_eq!(landed(&backend, &body).await.0, "updated");
    let incident = backend.incident(&id).await;
    assert_eq!(incident["upstream"]["standing"], "resolved");
    assert_eq!(
        incident["ended"],
        Value::Null,
        "resolved there ends nothing here"
    );
    let timeline = written(&backend, &id).await;
    assert_eq!((timeline.len(), &timeline[1]["by"]), (2, &json!("alerts")));
    assert_eq!(timeline[1]["line"], "alerts: resolved");
    assert_eq!(all(&backend).await.len(), 1);
    backend.stop().await;
}

#[tokio::test]
async fn who_lacks_the_intake_s_token_is_told_nothing_and_its_token_opens_nothing_else() {
    let (backend, _clock) = backend("").await;
    let body = group("a", "firing", "critical");
    let mut answers = Vec::new();
    for (name, token) in [
        ("alerts", backend.tokens.admin.as_str()),
        ("alerts", "wrong"),
        ("alerts", ""),
        ("nowhere", "wrong"),
        ("nowhere", TOKEN),
    ] {
        let ask = backend.ask("POST", &format!("/v1/intake/{name}"));
        let answer = ask.token(token).json(&body).send().await;
        answers.push((
            answer.problem(401),
            answer.header("www-authenticate").map(str::to_owned),
        ));
    }
    let bare = backend
        .ask("POST", "/v1/intake/alerts")
        .json(&body)
        .send()
        .await;
    answers.push((
        bare.problem(401),
        bare.header("www-authenticate").map(str::to_owned),
    ));
    assert!(
        answers.windows(2).all(|two| two[0] == two[1]),
        "{answers:?}"
    );
    for path in ["/v1/incidents", "/v1/info", "/v1/changes?since=x"] {
        assert_eq!(backend.get(TOKEN, path).await.status, 401, "{path}");
    }
    let open = json!({"service": "azure", "title": "t"});
    let ask = backend
        .ask("POST", "/v1/incidents")
        .token(TOKEN)
        .json(&open);
    assert_eq!(ask.send().await.status, 401);
    assert_eq!(all(&backend).await.len(), 0);
    backend.stop().await;
}

#[tokio::test]
async fn a_body_that_is_no_alert_group_is_refused_with_what_is_wrong_and_where() {
    let (backend, _clock) = backend("").await;
    let ask = || backend.ask("POST", "/v1/intake/alerts").token(TOKEN);
    let good = group("a", "firing", "critical");
    let mut without = good.clone();
    without["alerts"][0]["labels"] = json!({"a": 1});
    let mut version = good.clone();
    version["version"] = "3".into();
    let mut status = good.clone();
    status["status"] = "pending".into();
    for (body, code, told) in [
        (without, 422, "alerts[0].labels.a"),
        (version, 422, "'version' is '3'"),
        (status, 422, "'status'"),
        (json!([]), 422, "does not fit"),
        (json!({"version": "4"}), 422, "groupKey"),
    ] {
        let answer = ask().json(&body).send().await;
        let (_, detail) = answer.problem(code);
        assert!(detail.contains(told), "{told}: {detail}");
    }
    assert_eq!(ask().raw("application/json", "{").send().await.status, 400);
    assert_eq!(
        ask()
            .raw("text/plain", good.to_string())
            .send()
            .await
            .status,
        415
    );
    let mut large = good.clone();
    large["alerts"][0]["annotations"]["x"] = "y".repeat(1 << 20).into();
    assert_eq!(ask().json(&large).send().await.status, 413);
    let deep = format!("{{\"version\": {}", "[".repeat(100_000));
    let answer = ask().raw("application/json", deep).send().await;
    assert!([400, 422].contains(&answer.status), "{}", answer.status);
    // What is hostile in a good body is taken as text.
    let mut hostile = group("\u{1b}[2J\u{202e}\0x", "firing", "critical");
    hostile["commonAnnotations"]["summary"] = "\u{1b}]0;x\u{7}".repeat(1_000).into();
    hostile["new"] = json!({"field": [1]});
    let (how, id) = landed(&backend, &hostile).await;
    assert_eq!(how, "opened");
    let incident = backend.incident(&id).await;
    assert!(!incident.to_string().contains("\\u0000"));
    assert_eq!(
        landed(&backend, &hostile).await,
        ("unchanged".to_owned(), id)
    );
    backend.stop().await;
}

#[tokio::test]
async fn what_fits_no_rule_is_said_and_what_a_rule_ignores_is_not() {
    let (backend, clock) = backend("").await;
    assert_eq!(
        landed(&backend, &group("a", "firing", "info")).await.0,
        "ignored"
    );
    assert_eq!(
        landed(&backend, &group("b", "resolved", "critical"))
            .await
            .0,
        "heard"
    );
    assert_eq!(trouble(&backend).await["trouble"], Value::Null);
    assert_eq!(
        landed(&backend, &group("c", "firing", "odd")).await.0,
        "unmatched"
    );
    assert_eq!(
        landed(&backend, &group("d", "firing", "odd")).await.0,
        "unmatched"
    );
    let view = trouble(&backend).await;
    let told = view["trouble"].as_str().unwrap();
    assert!(
        told.starts_with("2 alert groups fit no rule since 14:07 UTC"),
        "{told}"
    );
    assert_eq!(view["kind"], "alertmanager");
    assert!(view["answered_at"].is_string() && view["asked_at"].is_null());
    clock.advance(3_600_000);
    assert_eq!(trouble(&backend).await["trouble"], Value::Null);
    assert_eq!(all(&backend).await.len(), 0);
    backend.stop().await;
}

#[tokio::test]
async fn a_group_that_flaps_is_one_incident_across_a_restart_and_a_new_one_after_it_was_dismissed()
{
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("warboard.db");
    let clock = TestClock::default();
    let plan = || Plan::new().at(&path).clock(&clock).intakes(intake(""));
    let mut backend = plan().start().await;
    let fires = |minute: usize| {
        let mut body = group("a", "firing", "critical");
        body["alerts"][0]["startsAt"] = format!("2026-11-23T14:{minute:02}:00Z").into();
        body
    };
    let (_, id) = landed(&backend, &fires(7)).await;
    for n in 1..7 {
        clock.advance(180_000);
        let (how, of) = landed(&backend, &group("a", "resolved", "critical")).await;
        assert_eq!((how.as_str(), &of), ("updated", &id));
        clock.advance(180_000);
        let (how, of) = landed(&backend, &fires(7 + 6 * n)).await;
        assert_eq!((how.as_str(), &of), ("updated", &id));
        if n == 3 {
            backend.stop().await;
            backend = plan().start().await;
        }
    }
    let line = written(&backend, &id).await.pop().unwrap()["line"].clone();
    assert!(
        line.as_str()
            .unwrap()
            .starts_with("alerts: firing, fired 7 times in 36m"),
        "{line}"
    );
    let dismiss = json!({"type": "dismiss", "reason": "a test of the sensor"});
    backend.done(&id, &dismiss).await;
    clock.advance(60_000);
    landed(&backend, &group("a", "resolved", "critical")).await;
    clock.advance(60_000);
    assert_eq!(
        landed(&backend, &fires(45)).await,
        ("updated".to_owned(), id.clone())
    );
    let incident = backend.incident(&id).await;
    assert_eq!(incident["ended"], "dismissed", "nobody opened it again");
    clock.advance(900_000);
    let (how, second) = landed(&backend, &fires(59)).await;
    assert_eq!(how, "opened");
    assert_ne!(second, id);
    assert_eq!(
        landed(&backend, &fires(59)).await,
        ("unchanged".to_owned(), second)
    );
    assert_eq!(all(&backend).await.len(), 2);
    backend.stop().await;
}

#[tokio::test]
async fn two_nodes_that_hear_of_a_group_at_once_make_one_incident() {
    let clock = TestClock::default();
    let first = Plan::new().clock(&clock).intakes(intake("")).start().await;
    let second = Plan::new().clock(&clock).intakes(intake("")).beside(&first);
    let second = second.start().await;
    for n in 0..10 {
        let body = group(&format!("g{n}"), "firing", "critical");
        let (a, b) = tokio::join!(landed(&first, &body), landed(&second, &body));
        assert_eq!(a.1, b.1, "{n}");
        let mut how = [a.0, b.0];
        how.sort();
        assert_eq!(how, ["opened", "unchanged"]);
        let resolved = group(&format!("g{n}"), "resolved", "critical");
        assert_eq!(landed(&second, &resolved).await.0, "updated");
        assert_eq!(landed(&first, &resolved).await.0, "unchanged");
    }
    assert_eq!(all(&second).await.len(), 10);
    second.begin_to_end();
    first.stop().await;
}

#[tokio::test]
async fn a_storm_opens_as_many_as_it_may_and_the_rest_wait_in_one_incident() {
    let (backend, clock) = backend("new_a_minute = 3").await;
    let of = |n: usize, status: &str| group(&format!("g{n}"), status, "critical");
    let mut storms = Vec::new();
    for n in 0..12 {
        let (how, id) = landed(&backend, &of(n, "firing")).await;
        match n {
            0..3 => assert_eq!(how, "opened"),
            _ => {
                assert_eq!(how, "waiting");
                storms.push(id);
            }
        }
    }
    storms.dedup();
    assert_eq!(storms.len(), 1, "{storms:?}");
    assert_eq!(all(&backend).await.len(), 4);
    let storm = backend.incident(&storms[0]).await;
    assert_eq!(
        storm["title"],
        "Alert storm: more than 3 groups a minute from alerts"
    );
    let waiting = |storm: &Value| {
        storm["upstream"]["storm"]["waiting"]
            .as_object()
            .unwrap()
            .len()
    };
    assert_eq!(waiting(&storm), 9);
    let line = written(&backend, &storms[0]).await.pop().unwrap()["line"].clone();
    assert_eq!(line, "alerts: 9 alert groups wait");
    // A repeat in the same minute waits on; one that is resolved leaves.
    assert_eq!(landed(&backend, &of(5, "firing")).await.0, "waiting");
    assert_eq!(landed(&backend, &of(11, "resolved")).await.0, "heard");
    assert_eq!(waiting(&backend.incident(&storms[0]).await), 8);
    // The sender's repeats bring them one after the other, and none twice.
    for round in 0..3 {
        clock.advance(60_000);
        for n in 0..11 {
            let (how, _) = landed(&backend, &of(n, "firing")).await;
            assert_ne!(how, "unmatched", "{round} {n}");
        }
    }
    assert_eq!(all(&backend).await.len(), 12);
    let storm = backend.incident(&storms[0]).await;
    assert_eq!(
        (waiting(&storm), &storm["upstream"]["standing"]),
        (0, &json!("resolved"))
    );
    backend.stop().await;
}

#[tokio::test]
async fn a_watchdog_that_falls_silent_is_trouble_until_it_is_heard_again() {
    let (backend, clock) = backend("expect_every = \"5m\"").await;
    let watchdog = group("Watchdog", "firing", "none");
    assert_eq!(landed(&backend, &watchdog).await.0, "heard");
    clock.advance(300_000);
    assert_eq!(trouble(&backend).await["trouble"], Value::Null);
    clock.advance(420_000);
    // Another alert is no proof: it may come by another way.
    landed(&backend, &group("a", "firing", "critical")).await;
    let told = trouble(&backend).await["trouble"].clone();
    assert_eq!(
        told,
        "SILENT for 12m, expected every 5m: alerts may not come through"
    );
    landed(&backend, &watchdog).await;
    assert_eq!(trouble(&backend).await["trouble"], Value::Null);
    assert_eq!(all(&backend).await.len(), 1);
    backend.stop().await;
}

#[tokio::test]
async fn alerts_that_fire_are_counted_for_whom_their_incident_exists() {
    let (backend, clock) = backend("").await;
    let (_, id) = landed(&backend, &group("NodeDown", "firing", "critical")).await;
    assert_eq!(trouble(&backend).await["open"], 1);
    let restrict = json!({"type": "restrict", "people": ["listed"]});
    backend.done(&id, &restrict).await;
    assert_eq!(trouble(&backend).await["open"], 0);
    backend.stop_at(&clock).await;
}

#[tokio::test]
async fn whoever_posts_alerts_is_not_told_which_incident_is_restricted() {
    let (backend, _clock) = backend("").await;
    let body = group("NodeDown", "firing", "critical");
    let (how, id) = landed(&backend, &body).await;
    assert_eq!((how.as_str(), id.as_str()), ("opened", "AZ-1"));
    let order = serde_json::json!({"type": "restrict", "people": ["x"]});
    backend.done(&id, &order).await;
    for status in ["firing", "resolved"] {
        let answer = post(&backend, &group("NodeDown", status, "critical")).await;
        answer.expect(200);
        assert!(!answer.text().contains("AZ-"), "{}", answer.text());
    }
    let seen = backend.incident(&id).await;
    assert_eq!(
        seen["upstream"]["standing"], "resolved",
        "heard all the same"
    );
    // Nor may anybody open under a key that the intake looks after, on record or not.
    for key in [&seen["upstream"]["key"], &serde_json::json!("new")] {
        let open = serde_json::json!({"service": "azure", "title": "t", "upstream": {"connector": "alerts", "key": key}});
        let ask = backend.ask("POST", "/v1/incidents");
        let answer = ask.token(&backend.tokens.admin).json(&open).send().await;
        let (_, detail) = answer.problem(422);
        assert!(detail.contains("opens its incidents itself"), "{detail}");
    }
    backend.stop().await;
}
