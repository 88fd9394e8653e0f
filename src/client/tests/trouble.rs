//! What bad answers and silence make of a source: its error, its freshness, and when it is asked again.

use super::*;
use crate::client::script::{incident, token_file, write_token};
use crate::domain::board::Freshness;
use crate::secret::Place;
use crate::time::Clock;

impl Followed {
    fn freshness(&self) -> Freshness {
        self.source().freshness(self.backend.clock.mono())
    }
}

#[tokio::test]
async fn every_kind_of_failure_is_told_waited_out_and_forgotten() {
    let html = "content-type: text/html\r\n";
    let now = "x-warboard-now: 2026-11-23T14:07:32.000Z\r\n";
    // Status, headers, body, what is told, the longest wait.
    for (status, headers, body, part, wait_ms) in [
        (200, html, "<html>", "HTML", 500),
        (200, "", "{}", "x-warboard-now", 500),
        (200, now, "{\"cursor\":", "half a JSON", 500),
        (500, "", "", "500", 500),
        (429, "", "", "429", 500),
        (429, "retry-after: 30\r\n", "", "429", 31_000),
        (404, now, "{}", "nothing by that name", 500),
        (422, now, "{\"detail\": \"no\"}", "no", 500),
        (401, "", "", "401", 5_000),
        (403, "", "", "403", 5_000),
    ] {
        let (mut followed, changes) = Followed::with(&[incident("AZ-1", 1)]).await;
        let before = followed.source();
        changes.answer(status, headers, body);
        let source = followed.until_error(part).await;
        assert!(Arc::ptr_eq(&source.incidents, &before.incidents), "{part}");
        assert_eq!(source.heard, before.heard, "{part}");
        assert_eq!(source.refused_since.is_some(), [401, 403].contains(&status));
        assert!(followed.backend.is_quiet(), "{part}");
        followed.backend.clock.advance(wait_ms);
        let again = followed.backend.expect("/v1/changes?since=s-1").await;
        again.good(&list("s-1", None, &[]));
        let source = followed.until(|s| s.error.is_none()).await;
        assert!(source.refused_since.is_none() && source.heard > before.heard);
        // It may be another process by now.
        followed.backend.expect("/v1/info").await;
    }
}

#[tokio::test]
async fn an_answer_that_was_given_before_is_no_news_and_sets_no_clock() {
    let (mut followed, changes) = Followed::with(&[incident("AZ-1", 1)]).await;
    let own = changes.header("x-warboard-ask").unwrap();
    changes.api(
        200,
        &format!("x-warboard-ask: {own}\r\n"),
        &list("s-1", None, &[]),
    );
    followed.backend.clock.advance(1_000);
    let again = followed.backend.expect("/v1/changes?since=s-1").await;
    assert_ne!(again.header("x-warboard-ask").unwrap(), own);
    let before = followed.source();
    // Twenty minutes old, by its clock and by what it answers.
    let old = format!("x-warboard-now: 2026-11-23T13:47:32.000Z\r\nx-warboard-ask: {own}\r\n");
    again.answer(200, &old, &list("s-1", None, &[]).to_string());
    let source = followed.until_error("that it gave before").await;
    assert_eq!(
        (source.heard, source.offset_ms, source.as_of),
        (before.heard, before.offset_ms, before.as_of)
    );
    followed.backend.clock.advance(30_000);
    assert_eq!(followed.freshness(), Freshness::Stale);
}

#[tokio::test]
async fn a_backend_that_is_gone_is_down_after_three_seconds_and_back_within_one() {
    let mut followed = Followed::start(|backend| {
        let mut settings = crate::client::SourceSettings {
            name: "azure".into(),
            url: "http://127.0.0.1:1".into(),
            token: Place::Given(crate::secret::Secret::new("t")),
            ca_file: None,
        };
        settings.name.push('2');
        Api::new(
            &settings,
            &backend.shared_clock(),
            crate::domain::word::Via::Board,
        )
        .unwrap()
    })
    .await;
    let source = followed.until_error("refuses connections").await;
    assert_eq!(source.name, "azure2");
    assert_eq!(followed.freshness(), Freshness::Stale);
    followed.backend.clock.advance(3_000);
    assert_eq!(followed.freshness(), Freshness::Down);
}

#[tokio::test]
async fn a_closed_connection_is_asked_again_within_a_second() {
    let (mut followed, changes) = Followed::with(&[incident("AZ-1", 1)]).await;
    drop(changes);
    let source = followed.until_error("closed the connection").await;
    assert_eq!(source.refused_since, None);
    followed.backend.clock.advance(1_000);
    followed.backend.expect("/v1/changes").await;
}

#[tokio::test]
async fn silence_ages_and_is_given_up_a_little_after_the_hold() {
    let (mut followed, _changes) = Followed::with(&[incident("AZ-1", 1)]).await;
    followed.backend.clock.advance(7_999);
    assert_eq!(followed.source().error, None);
    followed.backend.clock.advance(1);
    followed.until_error("did not answer").await;
    assert_eq!(followed.freshness(), Freshness::Live);
    followed.backend.clock.advance(2_000);
    assert_eq!(followed.freshness(), Freshness::Lagging);
    let _again = followed.backend.expect("/v1/changes").await;
    followed.backend.clock.advance(20_000);
    assert_eq!(followed.freshness(), Freshness::Stale);
}

#[tokio::test]
async fn a_refused_token_is_read_again_every_five_seconds() {
    let (_folder, path) = token_file("wb_1_old");
    let file = path.clone();
    let mut followed = Followed::start(|b| b.api(Place::File(file))).await;
    for told in ["never heard of it", "still unknown"] {
        let body = format!("{{\"detail\": \"{told}\"}}");
        followed.backend.next().await.answer(401, "", &body);
        followed.until_error(told).await;
        followed.backend.clock.advance(5_000);
    }
    assert_eq!(followed.freshness(), Freshness::Down);
    let refused = followed.backend.next().await;
    write_token(&path, "wb_2_new");
    refused.answer(401, "", "");
    let repeated = followed.backend.next().await;
    assert_eq!(repeated.header("authorization").unwrap(), "Bearer wb_2_new");
    repeated.good(&list("s-1", None, &[]));
    followed.until(|s| s.complete && s.error.is_none()).await;
    assert_eq!(followed.freshness(), Freshness::Live);
}

#[tokio::test]
async fn asking_now_drops_what_is_held_and_what_is_waited_out_once_a_second() {
    let (mut followed, held) = Followed::with(&[incident("AZ-1", 1)]).await;
    followed.watch.ask_now();
    let hurried = followed.backend.next().await;
    assert_eq!(hurried.path, "/v1/changes?since=s-1&wait=0");
    drop(held);
    hurried.good(&list("s-2", None, &[incident("AZ-2", 1)]));
    followed.until(|s| s.incidents.len() == 2).await;
    followed.backend.clock.advance(10);
    let held = followed
        .backend
        .expect("/v1/changes?since=s-2&wait=5")
        .await;
    // Too soon.
    followed.watch.ask_now();
    held.answer(503, "retry-after: 120\r\n", "");
    followed.until_error("503").await;
    followed.backend.clock.advance(1_000);
    assert!(followed.backend.is_quiet());
    followed.watch.ask_now();
    let hurried = followed.backend.next().await;
    assert_eq!(hurried.path, "/v1/changes?since=s-2&wait=0");
}

#[tokio::test]
async fn a_jump_of_the_clock_is_distrusted_until_the_next_answer() {
    for jump in [
        |clock: &crate::time::TestClock| clock.step_wall(120_000),
        |clock: &crate::time::TestClock| clock.advance(120_000),
    ] {
        let (mut followed, changes) = Followed::with(&[incident("AZ-1", 1)]).await;
        jump(&followed.backend.clock);
        // What was asked before the jump says nothing about now.
        changes.good(&list("s-9", None, &[incident("AZ-1", 9)]));
        let source = followed.until(|s| s.distrusted).await;
        assert_eq!(source.incidents[0].version, 1);
        assert_eq!(followed.freshness(), Freshness::Stale);
        let again = followed.backend.next().await;
        assert_eq!(again.path, "/v1/changes?since=s-1&wait=0");
        again.good(&list("s-1", None, &[]));
        followed.until(|s| !s.distrusted).await;
        assert_eq!(followed.freshness(), Freshness::Live);
    }
}

#[tokio::test]
async fn what_the_backend_is_may_fail_without_taking_the_list_along() {
    let mut followed = Followed::start(Backend::given).await;
    followed
        .backend
        .next()
        .await
        .good(&list("s-1", None, &[incident("AZ-1", 1)]));
    followed
        .backend
        .expect("/v1/info")
        .await
        .answer(500, "", "");
    let changes = followed.backend.expect("/v1/changes").await;
    let source = followed.until_error("500").await;
    assert!(source.complete && source.about.is_none());
    followed.backend.clock.advance(5_000);
    changes.good(&list("s-1", None, &[]));
    let changes = followed.backend.expect("/v1/changes").await;
    assert!(followed.source().error.is_some());
    followed.backend.clock.advance(5_000);
    changes.good(&list("s-1", None, &[]));
    followed.describe().await;
    assert_eq!(followed.source().error, None);
}

#[tokio::test]
async fn two_bad_answers_in_a_row_make_the_feed_begin_anew() {
    let (mut followed, changes) = Followed::with(&[incident("AZ-1", 1)]).await;
    let too_much = "HTTP/1.1 200 OK\r\ncontent-length: 900000000\r\n\r\n";
    changes.raw(too_much.into());
    followed.until_error("longer than").await;
    followed.backend.clock.advance(500);
    let html = followed.backend.expect("/v1/changes").await;
    html.answer(200, "", "<html>");
    followed.until_error("HTML").await;
    followed.backend.clock.advance(1_000);
    let again = followed.backend.expect("/v1/incidents").await;
    again.good(&list("s-7", None, &[incident("AZ-1", 7)]));
    let source = followed.until(|s| s.incidents[0].version == 7).await;
    assert!(source.complete);
    followed.backend.expect("/v1/info").await;
}

#[tokio::test]
async fn dropping_the_watch_stops_its_pollers() {
    let (followed, changes) = Followed::with(&[]).await;
    let Followed {
        mut backend,
        watch,
        mut board,
    } = followed;
    drop(watch);
    changes.good(&list("s-1", None, &[]));
    // The last owner of the channel is gone once the poller is.
    while board.changed().await.is_ok() {}
    backend.clock.advance(60_000);
    assert!(backend.is_quiet());
}
