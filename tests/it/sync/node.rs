//! Several nodes on one database: one asks a source, all tell how far that has come, another takes over.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use warboard::time::{Clock as _, TestClock};

use super::{Mapping, Room, Vendor, case, iris, polled};
use crate::backend::{Backend, Plan};
use crate::connector::answering;
use crate::http::soon;
use warboard::connector::settings::ConnectorSettings;

/// Moves the clock until both nodes answer as they shall.
async fn until_both(
    nodes: &[&Backend],
    clock: &TestClock,
    what: &str,
    good: impl Fn(&Value) -> bool,
) {
    let waiting = async {
        loop {
            let mut all = true;
            // Tokens are the store's: the last node's are good at each.
            let token = &nodes[nodes.len() - 1].tokens.admin;
            for node in nodes {
                let info = node.get(token, "/v1/info").await.json();
                all &= good(&info["connectors"][0]);
            }
            if all {
                return;
            }
            nodes[0].pass(clock, 500).await;
        }
    };
    soon(what, waiting).await;
}

#[tokio::test]
async fn two_nodes_ask_a_source_as_often_as_one_and_the_second_takes_over() {
    let clock = TestClock::default();
    let cases = Arc::new(Mutex::new(json!([case(1, "Open", "1795466550.5")])));
    let source = |name: &'static str| {
        let (answers, seen) = (cases.clone(), name);
        let (url, asked) = answering(move |line| iris(&mut answers.lock().unwrap(), line));
        (
            polled(&url, &clock, |settings| settings.name = "cases".to_owned()),
            asked,
            seen,
        )
    };
    let (of_first, first_asked, _) = source("first");
    let (of_second, second_asked, _) = source("second");
    let first = Plan::new()
        .clock(&clock)
        .polled(vec![of_first])
        .start()
        .await;
    // The first node has the source before there is another.
    until_both(&[&first], &clock, "the first answer", |connector| {
        connector["open"] == 1
    })
    .await;
    let second = Plan::new()
        .clock(&clock)
        .beside(&first)
        .polled(vec![of_second])
        .start()
        .await;
    until_both(
        &[&first, &second],
        &clock,
        "one truth on both",
        |connector| connector["open"] == 1 && connector["changed_at"] == "2026-11-23T20:42:30.500Z",
    )
    .await;
    let answered = |node: &Value| node["answered_at"].as_str().unwrap_or_default().to_owned();
    let info = first.get(&second.tokens.admin, "/v1/info").await.json();
    let before = answered(&info["connectors"][0]);
    until_both(
        &[&first, &second],
        &clock,
        "the next answer on both",
        |connector| answered(connector) > before,
    )
    .await;
    assert_eq!(second_asked.lock().unwrap().len(), 0, "only one asks");
    let asked = first_asked.lock().unwrap().len();
    first.stop_serving(&clock).await;
    *cases.lock().unwrap() = json!([
        case(1, "Open", "1795466550.5"),
        case(2, "Open", "1795466551.5")
    ]);
    let lost_at = clock.now();
    until_both(
        &[&second],
        &clock,
        "the second node's own answer",
        |connector| connector["open"] == 2,
    )
    .await;
    let took = (clock.now() - lost_at).num_milliseconds();
    assert!(took <= 15_000, "took over after {took} ms");
    assert_eq!(
        first_asked.lock().unwrap().len(),
        asked,
        "the first is gone"
    );
    let list = second
        .get(&second.tokens.admin, "/v1/incidents")
        .await
        .json();
    assert_eq!(list["incidents"].as_array().unwrap().len(), 2, "each once");
    second.stop_at(&clock).await;
}

/// A list of so many cases in the state, read page by page; what the line asks for.
pub(super) fn pages(line: &str, count: u64, state: &str) -> (u16, String) {
    let number = |name: &str| {
        let rest = line.split(&format!("{name}=")).nth(1)?;
        rest.split(['&', ' ']).next()?.parse::<u64>().ok()
    };
    let page = number("&page").or_else(|| number("?page")).unwrap_or(1);
    let from = (page - 1) * 100;
    let cases: Vec<Value> = (from..count.min(from + 100))
        .map(|n| case(count - n, state, "1"))
        .collect();
    let last = count.div_ceil(100);
    let body = json!({"status": "success", "data": {"cases": cases, "last_page": last,
        "next_page": (page < last).then_some(page + 1)}});
    (200, body.to_string())
}

#[tokio::test]
async fn two_thousand_incidents_cost_twenty_calls_at_first_and_eight_in_a_quiet_minute() {
    const ALL: usize = 2_000;
    let room = Room::answered_by(
        |settings| settings.name = "cases".to_owned(),
        |line| pages(line, ALL as u64, "Open"),
    )
    .await;
    // The clock stands still meanwhile: nothing is asked twice for want of a quick machine.
    room.taken(ALL).await;
    let first = room.asked.lock().unwrap().len();
    assert_eq!(first, 20, "{:?}", room.asked.lock().unwrap().last());
    let whole = room.get("/v1/info").await["connectors"][0]["whole_at"].clone();
    assert!(whole.is_string());
    room.pass(60).await;
    let asked = room.asked.lock().unwrap().len() - first;
    assert!((1..=8).contains(&asked), "{asked} calls in a quiet minute");
    // Part by part it is read to the end again.
    let again = async {
        while room.get("/v1/info").await["connectors"][0]["whole_at"] == whole {
            room.pass(15).await;
        }
    };
    soon("the whole list again", again).await;
    room.backend.stop_at(&room.clock).await;
}

/// PagerDuty with so many open incidents and a log in which nothing happens.
fn many(line: &str, count: usize) -> (u16, String) {
    if line.contains("/log_entries") {
        return (200, json!({"log_entries": [], "more": false}).to_string());
    }
    let offset = line.split("offset=").nth(1).unwrap_or("0");
    let from: usize = offset.split(['&', ' ']).next().unwrap().parse().unwrap();
    let one = |n: usize| {
        json!({"id": format!("P{n}"), "status": "triggered", "title": format!("incident {n}"),
        "updated_at": "2026-11-20T08:00:00Z", "created_at": "2026-11-20T08:00:00Z"})
    };
    let incidents: Vec<Value> = (from..count.min(from + 100)).map(one).collect();
    let more = from + 100 < count;
    (
        200,
        json!({"incidents": incidents, "more": more}).to_string(),
    )
}

#[tokio::test]
async fn two_thousand_incidents_of_a_source_with_a_log_cost_twenty_calls_and_six_in_a_quiet_minute()
{
    const ALL: usize = 2_000;
    let pagerduty = |settings: &mut ConnectorSettings| {
        let vendor = Vendor::of("pagerduty").unwrap();
        settings.vendor = vendor;
        settings.mapping = Mapping::new(vendor, "azure");
    };
    let room = Room::answered_by(pagerduty, |line| many(line, ALL)).await;
    room.taken(ALL).await;
    let first = room.asked.lock().unwrap().len();
    assert_eq!(first, 20, "one for each hundred");
    room.pass(60).await;
    let asked = room.asked.lock().unwrap().len() - first;
    assert!((1..=6).contains(&asked), "{asked} calls in a quiet minute");
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn pitfall_2_what_leaves_a_long_list_is_asked_for_and_marked_when_it_is_gone() {
    const ALL: usize = 301;
    let gone = Arc::new(Mutex::new(false));
    let there = gone.clone();
    let room = Room::answered_by(
        |_| {},
        move |line| {
            let left = ALL - usize::from(*there.lock().unwrap());
            match line.contains("/manage/cases/filter") {
                true => pages(line, left as u64, "Open"),
                // The newest one was deleted.
                false => (
                    400,
                    json!({"status": "error", "message": "Case ID 301 not found"}).to_string(),
                ),
            }
        },
    )
    .await;
    room.taken(ALL).await;
    *gone.lock().unwrap() = true;
    // Three hundred are read once a turn.
    let marked = |list: &Value| {
        let all = list["incidents"].as_array().unwrap();
        let marked = all.iter().filter(|of| of["upstream"]["standing"] == "gone");
        let marked: Vec<&Value> = marked.collect();
        marked.len() == 1 && marked[0]["upstream"]["key"] == "301"
    };
    let mark = async {
        while !marked(&room.get("/v1/incidents").await) {
            room.turn().await;
        }
    };
    soon("the mark", mark).await;
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn a_list_that_became_shorter_than_where_its_walk_had_come_to_is_read_from_its_beginning() {
    const ALL: usize = 301;
    const LEFT: u64 = 150;
    let shorter = Arc::new(Mutex::new(false));
    let there = shorter.clone();
    let room = Room::answered_by(
        |_| {},
        move |line| {
            let missing = || {
                let said = json!({"status": "error", "message": "not found"});
                (400, said.to_string())
            };
            let beyond = line.contains("page=3&") || line.contains("page=4&");
            match (
                line.contains("/manage/cases/filter"),
                *there.lock().unwrap(),
            ) {
                (true, false) => pages(line, ALL as u64, "Open"),
                (true, true) if !beyond => pages(line, LEFT, "Open"),
                _ => missing(),
            }
        },
    )
    .await;
    room.taken(ALL).await;
    // Part by part, until the fourth is the next.
    let came_to = |page: &str| {
        let asked = room.asked.lock().unwrap();
        asked.last().is_some_and(|line| line.contains(page))
    };
    while !came_to("page=3&") {
        room.turn().await;
    }
    *shorter.lock().unwrap() = true;
    let whole = room.get("/v1/info").await["connectors"][0]["whole_at"].clone();
    room.until("/v1/info", "that the list ended early", |info| {
        info["connectors"][0]["trouble"].is_string()
    })
    .await;
    let info = room
        .until("/v1/info", "the whole list again", |info| {
            let connector = &info["connectors"][0];
            connector["whole_at"] != whole && connector["trouble"].is_null()
        })
        .await;
    assert_eq!(info["connectors"][0]["open"], LEFT);
    room.backend.stop_at(&room.clock).await;
}
