//! The socket: patience with slow peers has an end, connections are counted, and the server ends in order.

use std::time::Duration;

use serde_json::{Value, json};
use warboard::server::Limits;
use warboard::time::TestClock;

use crate::backend::{Backend, Plan};
use crate::http::{Line, soon};

/// Moves the clock until the other side has closed, and tells how long that took in milliseconds of the clock.
async fn closed_after(clock: &TestClock, line: &mut Line) -> i64 {
    let before = warboard::time::Clock::now(clock);
    let closing = async {
        loop {
            tokio::select! {
                biased;
                closed = line.is_closed() => {
                    assert!(closed, "an answer came instead");
                    return;
                }
                () = tokio::time::sleep(Duration::from_millis(1)) => clock.advance(50),
            }
        }
    };
    soon("the end of the connection", closing).await;
    (warboard::time::Clock::now(clock) - before).num_milliseconds()
}

#[tokio::test]
async fn a_head_that_does_not_end_is_cut_off() {
    let (backend, clock) = Backend::still().await;
    for drips in [false, true] {
        let mut line = Line::open(backend.address).await;
        line.write(b"GET /healthz HT").await;
        backend.ask("GET", "/healthz").send().await.expect(200);
        clock.advance(9_000);
        backend.ask("GET", "/healthz").send().await.expect(200);
        assert!(line.is_silent());
        if drips {
            // A byte now and then buys no time.
            line.write(b"TP/1.1\r\n").await;
        }
        let took = closed_after(&clock, &mut line).await;
        assert!(took < 5_000, "{took}");
    }
    backend.stop().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_408() {
    let (backend, clock) = Backend::still().await;
    let token = &backend.tokens.commander;
    let mut line = Line::open(backend.address).await;
    let head = format!(
        "POST /v1/incidents HTTP/1.1\r\nhost: b\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{\"service\""
    );
    line.write(head.as_bytes()).await;
    let answering = async {
        loop {
            tokio::select! {
                biased;
                answer = line.answer(true) => return answer,
                () = tokio::task::yield_now() => clock.advance(50),
            }
        }
    };
    let answer = soon("an answer", answering).await;
    assert_eq!(answer.problem(408).0, "too_slow");
    backend.stop().await;
}

#[tokio::test]
async fn a_connection_is_kept_and_an_idle_one_is_closed() {
    let (backend, clock) = Backend::still().await;
    let mut line = Line::open(backend.address).await;
    let ask = backend.ask("GET", "/healthz").bytes(false);
    for _ in 0..3 {
        line.write(&ask).await;
        line.answer(true).await.expect(200);
    }
    line.write(&[ask.clone(), ask.clone(), ask].concat()).await;
    for _ in 0..3 {
        line.answer(true).await.expect(200);
    }
    clock.advance(80_000);
    backend.ask("GET", "/healthz").send().await.expect(200);
    assert!(line.is_silent());
    closed_after(&clock, &mut line).await;
    backend.stop().await;
}

#[tokio::test]
async fn a_held_request_is_no_slow_peer() {
    let (backend, clock) = Backend::still().await;
    let id = backend.opened().await;
    let cursor = backend.cursor().await;
    let path = format!("/v1/changes?since={cursor}&wait=60");
    let mut line = Line::open(backend.address).await;
    line.write(
        &backend
            .ask("GET", &path)
            .token(&backend.tokens.viewer)
            .bytes(false),
    )
    .await;
    backend.ask("GET", "/healthz").send().await.expect(200);
    for _ in 0..50 {
        clock.advance(1_000);
        tokio::task::yield_now().await;
    }
    backend
        .done(&id, &json!({"type": "note", "kind": "fact", "text": "t"}))
        .await;
    assert_eq!(
        line.answer(true).await.expect(200)["incidents"][0]["version"],
        2
    );
    backend.stop().await;
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_cut_off() {
    let (backend, clock) = Backend::still().await;
    let fill = "x".repeat(900_000);
    for _ in 0..24 {
        backend
            .open(&json!({"service": "azure", "title": "t", "profile": {"x": fill}}))
            .await;
    }
    let mut line = Line::open(backend.address).await;
    line.write(
        &backend
            .ask("GET", "/v1/incidents")
            .token(&backend.tokens.commander)
            .bytes(false),
    )
    .await;
    backend.ask("GET", "/healthz").send().await.expect(200);
    for _ in 0..70 {
        clock.advance(1_000);
        backend.ask("GET", "/healthz").send().await.expect(200);
    }
    let taken = line.rest().await;
    assert!(taken < 24 * 900_000, "{taken} bytes came after all");
    backend.stop().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_their_turn() {
    let limits = Limits {
        connections: 2,
        ..Limits::default()
    };
    let backend = Plan::new().limits(limits).start().await;
    let ask = backend.ask("GET", "/healthz").bytes(false);
    let (mut one, mut two) = (
        Line::open(backend.address).await,
        Line::open(backend.address).await,
    );
    for line in [&mut one, &mut two] {
        line.write(&ask).await;
        line.answer(true).await.expect(200);
    }
    let mut three = Line::open(backend.address).await;
    three.write(&ask).await;
    one.write(&ask).await;
    one.answer(true).await.expect(200);
    assert!(three.is_silent());
    drop(two);
    three.answer(true).await.expect(200);
    backend.stop().await;
}

#[tokio::test]
async fn one_address_does_not_take_the_connections_of_all_others() {
    let limits = Limits {
        connections: 4,
        connections_of_address: 2,
        ..Limits::default()
    };
    let backend = Plan::new().limits(limits).start().await;
    let ask = backend.ask("GET", "/healthz").bytes(false);
    let (mut one, mut two) = (
        Line::open(backend.address).await,
        Line::open(backend.address).await,
    );
    for line in [&mut one, &mut two] {
        line.write(&ask).await;
        line.answer(true).await.expect(200);
    }
    let mut three = Line::open(backend.address).await;
    assert!(soon("the end of the third", three.is_closed()).await);
    let mut other = Line::open_from("127.0.0.2", backend.address).await;
    other.write(&ask).await;
    other.answer(true).await.expect(200);
    drop((one, two));
    // Its places are free as soon as the server has seen that.
    let again = async {
        loop {
            let mut line = Line::open(backend.address).await;
            line.write(&ask).await;
            if !line.is_closed().await {
                return line;
            }
        }
    };
    soon("a place", again).await.answer(true).await.expect(200);
    backend.stop().await;
}

#[tokio::test]
async fn what_is_under_way_is_finished_when_the_server_ends() {
    let backend = Backend::new().await;
    let mut idle = Line::open(backend.address).await;
    idle.write(&backend.ask("GET", "/healthz").bytes(false))
        .await;
    idle.answer(true).await.expect(200);
    let open = json!({"service": "azure", "title": "under way"});
    let ask = backend
        .ask("POST", "/v1/incidents")
        .token(&backend.tokens.commander)
        .json(&open);
    let bytes = ask.bytes(false);
    let (head, rest) = bytes.split_at(bytes.len() - 10);
    let mut line = Line::open(backend.address).await;
    line.write(head).await;
    backend.ask("GET", "/healthz").send().await.expect(200);
    backend.begin_to_end();
    assert!(idle.is_closed().await);
    line.write(rest).await;
    let answer = line.answer(true).await;
    answer.expect(201);
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(line.is_closed().await);
    let address = backend.address;
    backend.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn what_does_not_end_is_cut_when_the_time_to_drain_is_over() {
    let clock = TestClock::default();
    let limits = Limits {
        drain_within_ms: 2_000,
        ..Limits::default()
    };
    let backend = Plan::new().clock(&clock).limits(limits).start().await;
    let mut line = Line::open(backend.address).await;
    line.write(b"GET /healthz HT").await;
    backend.ask("GET", "/healthz").send().await.expect(200);
    backend.begin_to_end();
    let took = closed_after(&clock, &mut line).await;
    assert!(took >= 2_000, "{took}");
    backend.stop().await;
}

#[tokio::test]
async fn a_server_about_to_end_is_not_ready() {
    let backend = Backend::new().await;
    let (mut line, ask) = (
        Line::open(backend.address).await,
        backend.ask("GET", "/readyz"),
    );
    let bytes = ask.bytes(false);
    let (head, rest) = bytes.split_at(10);
    line.write(head).await;
    backend.ask("GET", "/healthz").send().await.expect(200);
    backend.begin_to_end();
    tokio::task::yield_now().await;
    line.write(rest).await;
    let answer = line.answer(true).await;
    assert_eq!(answer.problem(503).0, "ending");
    let body: Value = answer.json();
    assert_eq!(body["status"], 503);
    backend.stop().await;
}
