//! A source that is down, slow, lying or rate-limiting: the other one goes on, its own incidents stay on the board with their
//! age, and what warboard does itself (records, duties, pages) works as ever. Through the real server, with two sources.

use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Value, json};
use warboard::time::{Clock as _, TestClock};

use super::{Room, case, iris, polled};
use crate::backend::Plan;
use crate::connector::answering;
use crate::hook::Hook;
use crate::http::soon;

/// What ails a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ails {
    Nothing,
    Down,
    Slow,
    Lying,
    Limited,
}

/// What ails it now, how many questions a slow one has before it, and a bell that lets it go on.
type Health = Arc<(Mutex<(Ails, usize)>, Condvar)>;

fn set(health: &Health, ails: Ails) {
    health.0.lock().unwrap().0 = ails;
    health.1.notify_all();
}

fn sick(health: &Health, cases: &Mutex<Value>, line: &str) -> (u16, String) {
    let ails = health.0.lock().unwrap().0;
    match ails {
        Ails::Nothing => iris(&mut cases.lock().unwrap(), line),
        Ails::Down => (500, "<html>down</html>".to_owned()),
        Ails::Slow => {
            let mut before = health.0.lock().unwrap();
            before.1 += 1;
            drop(health.1.wait_while(before, |(ails, _)| *ails == Ails::Slow));
            (503, String::new())
        }
        // It says that it has nothing, and nonsense of what it has.
        Ails::Lying if line.contains("/manage/cases/filter") => (
            200,
            json!({"status": "success", "data": {"cases": [], "next_page": null}}).to_string(),
        ),
        Ails::Lying => (200, "<html>welcome</html>".to_owned()),
        Ails::Limited => (429, json!({"message": "too many"}).to_string()),
    }
}

/// The end of a test lets a slow source go.
struct Cured(Health);

impl Drop for Cured {
    fn drop(&mut self) {
        set(&self.0, Ails::Nothing);
    }
}

fn of<'a>(list: &'a Value, connector: &str) -> Option<&'a Value> {
    let mut all = list["incidents"].as_array().unwrap().iter();
    all.find(|incident| incident["upstream"]["connector"] == connector)
}

fn told<'a>(info: &'a Value, connector: &str) -> &'a Value {
    let mut all = info["connectors"].as_array().unwrap().iter();
    all.find(|of| of["name"] == connector).unwrap()
}

async fn the_rest_goes_on_beside(ails: Ails) {
    let clock = TestClock::default();
    let health: Health = Arc::new((Mutex::new((Ails::Nothing, 0)), Condvar::new()));
    let _cured = Cured(health.clone());
    let bad = Arc::new(Mutex::new(json!([case(1, "Open", "1")])));
    let good = Arc::new(Mutex::new(json!([case(1, "Open", "1")])));
    let (of_health, of_bad) = (health.clone(), bad.clone());
    let (bad_url, bad_asked) = answering(move |line| sick(&of_health, &of_bad, line));
    let of_good = good.clone();
    let (good_url, _) = answering(move |line| iris(&mut of_good.lock().unwrap(), line));
    let polled = vec![
        polled(&bad_url, &clock, |settings| {
            settings.name = "bad".to_owned()
        }),
        polled(&good_url, &clock, |settings| {
            settings.name = "good".to_owned()
        }),
    ];
    let mut hook = Hook::new(&["200 OK"]).await;
    let plan = Plan::new().clock(&clock).polled(polled);
    let backend = plan
        .routes("legal-affairs", vec![hook.route()])
        .start()
        .await;
    let room = Room {
        backend,
        clock,
        cases: good,
        asked: bad_asked,
    };
    let list = room
        .until("/v1/incidents", "an incident of each", |list| {
            of(list, "bad").is_some() && of(list, "good").is_some()
        })
        .await;
    let id = of(&list, "bad").unwrap()["id"].as_str().unwrap().to_owned();
    set(&health, ails);
    let info = room
        .until("/v1/info", "the trouble", |info| match ails {
            Ails::Slow => health.0.lock().unwrap().1 > 0,
            _ => told(info, "bad")["trouble"].is_string(),
        })
        .await;
    let asked_at = room.clock.now();
    let last_good = told(&info, "bad")["answered_at"].clone();
    let asked = room.asked.lock().unwrap().len();
    // The other source goes on.
    room.set(json!([case(1, "Containment", "2"), case(2, "Open", "1")]));
    room.until("/v1/incidents", "what the other source says", |list| {
        let moved = of(list, "good").unwrap();
        list["incidents"].as_array().unwrap().len() == 3
            && moved["upstream"]["raw_status"] == "Containment"
    })
    .await;
    // Its own incident stands, and how old that is can be seen.
    let incident = room.get(&format!("/v1/incidents/{id}")).await;
    assert_eq!(
        (&incident["ended"], &incident["upstream"]["standing"]),
        (&Value::Null, &json!("open"))
    );
    let info = room.get("/v1/info").await;
    assert_eq!(
        told(&info, "bad")["answered_at"],
        last_good,
        "its age grows"
    );
    room.until("/v1/info", "the other source's age", |info| {
        told(info, "good")["answered_at"].as_str() > last_good.as_str()
    })
    .await;
    if ails == Ails::Limited {
        let waited = (room.clock.now() - asked_at).num_milliseconds();
        let most = asked + 1 + usize::try_from(waited / 30_000).unwrap();
        let now = room.asked.lock().unwrap().len();
        assert!(now <= most, "{now} calls, {waited} ms after {asked}");
    }
    // What warboard does itself.
    room.backend
        .done(
            &id,
            &json!({"type": "note", "text": "by hand", "kind": "fact"}),
        )
        .await;
    let declared = room.backend.done(&id, &json!({"type": "declare"})).await;
    assert_eq!(declared["reportable"], "declared");
    let page = json!({"type": "page", "teams": ["legal-affairs"], "message": "come"});
    room.backend.done(&id, &page).await;
    let letter = soon("the page", hook.letter()).await;
    assert_eq!(letter.json()["incident"], id.as_str());
    // And it is followed again once it is well.
    *bad.lock().unwrap() = json!([case(1, "Eradication", "3")]);
    set(&health, Ails::Nothing);
    room.until("/v1/incidents", "its next word", |list| {
        of(list, "bad").unwrap()["upstream"]["raw_status"] == "Eradication"
    })
    .await;
    room.until("/v1/info", "the end of the trouble", |info| {
        told(info, "bad")["trouble"].is_null()
    })
    .await;
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn a_source_that_is_down_leaves_the_rest_as_it_is() {
    the_rest_goes_on_beside(Ails::Down).await;
}

#[tokio::test]
async fn a_source_that_is_slow_leaves_the_rest_as_it_is() {
    the_rest_goes_on_beside(Ails::Slow).await;
}

#[tokio::test]
async fn a_source_that_lies_leaves_the_rest_as_it_is() {
    the_rest_goes_on_beside(Ails::Lying).await;
}

#[tokio::test]
async fn a_source_that_limits_leaves_the_rest_as_it_is() {
    the_rest_goes_on_beside(Ails::Limited).await;
}
