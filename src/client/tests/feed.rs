//! What good answers make of the board: loaded, merged, loaded again, with what is unchanged left as it is.

use super::*;
use crate::client::script::{incident, token_file, write_token};
use crate::domain::board::Freshness;
use crate::secret::Place;
use crate::time::Clock;

fn delta(cursor: &str, incidents: &[Value], gone: &[&str]) -> Value {
    let mut body = list(cursor, None, incidents);
    body["gone"] = json!(gone);
    body
}

#[tokio::test]
async fn the_first_list_makes_a_board_and_changes_are_put_into_it() {
    let all = [
        incident("AZ-1", 1),
        incident("AZ-2", 1),
        incident("AZ-3", 1),
    ];
    let (mut followed, changes) = Followed::with(&all).await;
    assert_eq!(changes.path, "/v1/changes?since=s-1&wait=5");
    let before = followed.source();
    assert!(before.complete && before.error.is_none());
    assert_eq!(
        before.freshness(followed.backend.clock.mono()),
        Freshness::Live
    );
    assert_eq!(before.about.as_ref().unwrap().name, "Azure");
    assert_eq!(ids(&before), ["AZ-1", "AZ-2", "AZ-3"]);

    let mut ended = incident("AZ-3", 2);
    ended["ended"] = json!("closed");
    let new = [incident("AZ-10", 1), incident("AZ-2", 2), ended];
    changes.good(&delta("s-4", &new, &["AZ-1", "AZ-99"]));
    let after = followed.until(|s| s.incidents.len() == 2).await;
    assert_eq!(ids(&after), ["AZ-10", "AZ-2"]);
    assert_eq!(after.incidents[1].version, 2);
    followed.backend.clock.advance(10);
    let changes = followed.backend.next().await;
    assert_eq!(changes.path, "/v1/changes?since=s-4&wait=5");

    // The same again, something older and nothing at all are no change.
    let generation = followed.board.borrow().generation;
    changes.good(&delta(
        "s-5",
        &[incident("AZ-2", 2), incident("AZ-10", 1)],
        &[],
    ));
    followed
        .board
        .wait_for(|b| b.generation > generation)
        .await
        .unwrap();
    assert!(Arc::ptr_eq(&followed.source().incidents, &after.incidents));
    // A backend that does not hold the request is given a second.
    assert!(followed.backend.is_quiet());
    followed.backend.clock.advance(1_000);
    let changes = followed.backend.expect("/v1/changes?since=s-5").await;
    changes.good(&delta("s-5", &[incident("AZ-2", 1)], &[]));
    followed.board.changed().await.unwrap();
    assert!(Arc::ptr_eq(&followed.source().incidents, &after.incidents));
}

#[tokio::test]
async fn pages_are_shown_as_they_come_and_said_to_be_not_all() {
    let mut followed = Followed::start(Backend::given).await;
    let first = followed.backend.expect("/v1/incidents?limit=100").await;
    first.good(&list("s-1", Some("s-1~AZ-1"), &[incident("AZ-1", 1)]));
    let part = followed.until(|s| s.incidents.len() == 1).await;
    assert!(!part.complete && part.heard.is_some());
    followed
        .backend
        .expect("/v1/info")
        .await
        .good(&about("Azure"));
    followed
        .backend
        .expect("/v1/teams")
        .await
        .good(&json!({ "teams": [] }));
    let second = followed.backend.next().await;
    assert_eq!(second.path, "/v1/incidents?limit=500&after=s-1~AZ-1");
    second.good(&list("s-1", None, &[incident("AZ-2", 1)]));
    let whole = followed.until(|s| s.complete).await;
    assert_eq!(ids(&whole), ["AZ-1", "AZ-2"]);
    assert!(Arc::ptr_eq(&part.incidents[0], &whole.incidents[0]));
    followed.backend.expect("/v1/changes?since=s-1").await;
}

#[tokio::test]
async fn pages_that_lead_nowhere_are_garbage_and_begun_anew() {
    let mut followed = Followed::start(Backend::given).await;
    for _ in 0..2 {
        let page = followed.backend.next().await;
        if page.path.contains("after") {
            page.good(&list("s-1", Some("n"), &[incident("AZ-2", 1)]));
        } else {
            page.good(&list("s-1", Some("n"), &[incident("AZ-1", 1)]));
            followed
                .backend
                .expect("/v1/info")
                .await
                .good(&about("Azure"));
            followed
                .backend
                .expect("/v1/teams")
                .await
                .good(&json!({ "teams": [] }));
        }
    }
    let lost = followed.until_error("circle").await;
    assert!(!lost.complete);
    followed.backend.clock.advance(500);
    let again = followed.backend.next().await;
    assert_eq!(again.path, "/v1/incidents?limit=100");
    let mut body = list("s-2", None, &[incident("AZ-1", 1)]);
    body["complete"] = json!(false);
    again.good(&body);
    followed.until_error("not complete").await;
    followed.backend.clock.advance(5_000);
    followed
        .backend
        .next()
        .await
        .good(&list("s-3", None, &[incident("AZ-1", 1)]));
    let whole = followed.until(|s| s.complete).await;
    assert_eq!(whole.error, None);
}

#[tokio::test]
async fn a_cursor_that_is_gone_loads_anew_and_keeps_what_is_equal() {
    let (mut followed, changes) = Followed::with(&[incident("AZ-1", 5), incident("AZ-2", 5)]).await;
    let before = followed.source();
    changes.api(410, "", &json!({}));
    let again = followed.backend.next().await;
    assert_eq!(again.path, "/v1/incidents?limit=100");
    assert_eq!(again.header("if-none-match"), None);
    // Another record: its versions count, lower ones too.
    again.good(&list(
        "t-1",
        None,
        &[incident("AZ-1", 5), incident("AZ-2", 3)],
    ));
    let changes = followed.backend.expect("/v1/changes?since=t-1").await;
    let after = followed.source();
    assert!(Arc::ptr_eq(&before.incidents[0], &after.incidents[0]));
    assert_eq!(after.incidents[1].version, 3);
    assert_eq!(after.error, None);
    // A second time in a row is garbage, waited out.
    changes.api(410, "", &json!({}));
    followed.until_error("410").await;
    assert!(followed.backend.is_quiet());
    followed.backend.clock.advance(500);
    followed.backend.next().await.good(&list("u-1", None, &[]));
    let changes = followed.describe().await;
    assert_eq!(changes.path, "/v1/changes?since=u-1&wait=5");
    assert!(followed.source().error.is_some());
    changes.good(&delta("u-2", &[], &[]));
    followed.until(|s| s.error.is_none()).await;
}

#[tokio::test]
async fn the_list_is_read_again_now_and_then_and_a_304_is_enough() {
    let (mut followed, mut changes) = Followed::with(&[incident("AZ-1", 1)]).await;
    let before = followed.source();
    let mut again = Vec::new();
    // Ten minutes of held requests.
    for _ in 0..130 {
        followed.backend.clock.advance(5_000);
        changes.good(&delta("s-1", &[], &[]));
        changes = followed.backend.next().await;
        while !changes.path.starts_with("/v1/changes") {
            again.push(changes.path.clone());
            match changes.path.as_str() {
                "/v1/info" => changes.good(&about("Azure")),
                "/v1/teams" => changes.good(&json!({ "teams": [] })),
                _ => {
                    assert_eq!(changes.header("if-none-match").unwrap(), "\"e1\"");
                    changes.api(304, "", &json!(""));
                }
            }
            changes = followed.backend.next().await;
        }
        assert_eq!(changes.path, "/v1/changes?since=s-1&wait=5");
    }
    again.sort();
    again.dedup();
    assert_eq!(again, ["/v1/incidents?limit=100", "/v1/info", "/v1/teams"]);
    let after = followed.source();
    assert!(Arc::ptr_eq(&before.incidents, &after.incidents));
    assert!(Arc::ptr_eq(&before.teams, &after.teams));
    assert!(after.complete && after.as_of > before.as_of && after.error.is_none());
}

#[tokio::test]
async fn a_list_that_cannot_be_read_again_is_told_while_changes_go_on() {
    let (mut followed, mut changes) = Followed::with(&[incident("AZ-1", 1)]).await;
    let mut version = 1;
    // Until the list is due.
    while changes.path.starts_with("/v1/changes") {
        version += 1;
        followed.backend.clock.advance(5_000);
        changes.good(&delta("s-1", &[incident("AZ-1", version)], &[]));
        changes = followed.next_data().await;
    }
    changes.answer(200, "content-type: text/html\r\n", "<html>");
    followed.until_error("HTML").await;
    // What the backend is may be due by now as well: the list comes at a random moment before it.
    let changes = followed.next_data().await;
    assert!(changes.path.starts_with("/v1/changes?since=s-1"));
    changes.good(&delta("s-2", &[incident("AZ-1", version + 1)], &[]));
    let source = followed.until(|s| s.incidents[0].version > version).await;
    assert!(source.complete && source.error.is_some());
    assert_eq!(source.heard, Some(followed.backend.clock.mono()));
}

#[tokio::test]
async fn what_another_token_reads_is_loaded_from_the_start() {
    let (_folder, path) = token_file("wb_1_old");
    let file = path.clone();
    let mut followed = Followed::start(|b| b.api(Place::File(file))).await;
    let first = followed.backend.next().await;
    first.good(&list(
        "s-1",
        None,
        &[incident("AZ-1", 1), incident("AZ-2", 1)],
    ));
    let changes = followed.describe().await;
    write_token(&path, "wb_2_new");
    changes.answer(401, "", "");
    // Repeated with the new token, but its answer is not mixed with what the old one read.
    let repeated = followed.backend.expect("/v1/changes?since=s-1").await;
    repeated.good(&delta("s-2", &[incident("AZ-3", 1)], &[]));
    let dropped = followed.until(|s| s.incidents.is_empty()).await;
    assert!(!dropped.complete && dropped.about.is_none() && dropped.heard.is_none());
    let again = followed.backend.expect("/v1/incidents?limit=100").await;
    assert_eq!(again.header("if-none-match"), None);
    again.good(&list("s-2", None, &[incident("AZ-2", 1)]));
    followed.describe().await;
    assert_eq!(ids(&followed.source()), ["AZ-2"]);
}

#[tokio::test]
async fn incidents_that_cannot_be_read_are_counted_until_they_can() {
    let mut strange = incident("AZ-2", 1);
    strange["phase"] = json!("lunch");
    let (mut followed, changes) = Followed::with(&[incident("AZ-1", 1), strange]).await;
    let source = followed.source();
    assert!(!source.complete);
    assert!(
        source
            .error
            .as_deref()
            .unwrap()
            .contains("1 incident (AZ-2) could not be read")
    );
    assert_eq!(ids(&source), ["AZ-1"]);
    changes.good(&delta("s-2", &[incident("AZ-2", 2)], &[]));
    let source = followed.until(|s| s.complete).await;
    assert_eq!((ids(&source), &source.error), (vec!["AZ-1", "AZ-2"], &None));
}

#[tokio::test]
async fn an_answer_to_a_command_is_taken_in_at_once_and_never_goes_back() {
    let (mut followed, changes) = Followed::with(&[incident("AZ-1", 1), incident("AZ-2", 1)]).await;
    let view = serde_json::from_value(incident("AZ-1", 3)).unwrap();
    followed.watch.take_in(0, Arc::new(view));
    followed
        .watch
        .take_in(7, followed.source().incidents[1].clone());
    let own = followed.source();
    assert_eq!(own.incidents[0].version, 3);
    let generation = followed.board.borrow().generation;
    followed.watch.take_in(0, own.incidents[1].clone());
    assert_eq!(followed.board.borrow().generation, generation);
    changes.good(&delta(
        "s-2",
        &[incident("AZ-1", 2), incident("AZ-2", 2)],
        &[],
    ));
    let after = followed.until(|s| s.incidents[1].version == 2).await;
    assert!(Arc::ptr_eq(&after.incidents[0], &own.incidents[0]));
}

#[tokio::test]
async fn the_backends_clock_is_followed() {
    let (mut followed, changes) = Followed::with(&[]).await;
    let clock = followed.backend.clock.clone();
    let source = followed.source();
    assert_eq!(source.time(clock.mono()), Some(clock.now()));
    assert_eq!(source.skew_ms, Some(0));
    // The machine's clock is set by five seconds: it is ahead, the backend is still right.
    let right = clock.now();
    clock.step_wall(5_000);
    let now = right.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let body = delta("s-2", &[], &[]).to_string();
    changes.answer(200, &format!("x-warboard-now: {now}\r\n"), &body);
    let source = followed.until(|s| s.skew_ms == Some(5_000)).await;
    assert_eq!(source.time(clock.mono()), Some(right));
}
