//! Metrics, request ids and what goes into the log, seen from outside.

use serde_json::json;
use warboard::domain::word::Role;
use warboard::server::Limits;

use crate::backend::{Backend, Plan};
use crate::hook::Hook;
use crate::http::{Ask, soon};
use crate::program;

/// One sample of the answer, by its name with labels.
fn sample(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| {
        let rest = line.strip_prefix(name)?;
        rest.strip_prefix(' ')
    });
    line.map(|value| value.parse().unwrap())
}

async fn scraped(backend: &Backend) -> String {
    let answer = Ask::new(backend.measured.unwrap(), "GET", "/metrics")
        .send()
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(
        answer
            .header("content-type")
            .unwrap()
            .starts_with("text/plain; version=0.0.4")
    );
    answer.text().to_owned()
}

#[tokio::test]
async fn every_metric_is_there_and_counts() {
    let (clock, plan) = still();
    let backend = plan.metrics().start().await;
    backend
        .issue_as("soon", Role::Viewer, |request| {
            request.expires_at = backend.clock.now() + chrono::TimeDelta::days(3);
        })
        .await;
    let id = backend.opened().await;
    backend
        .done(&id, &json!({"type": "page", "teams": ["legal-affairs"]}))
        .await;
    backend.done(&id, &json!({"type": "declare"})).await;
    let text = scraped(&backend).await;
    for (name, expected) in [
        ("warboard_store_ready", 1.0),
        ("warboard_feed_lag_entries", 0.0),
        ("warboard_tokens_expiring", 1.0),
        ("warboard_store_failed_commits_total", 0.0),
        ("warboard_store_errors_total{kind=\"unavailable\"}", 0.0),
        ("warboard_duties_past_due", 0.0),
        (
            "warboard_command_duration_seconds_count{command=\"open\",result=\"done\"}",
            1.0,
        ),
        (
            "warboard_requests_total{method=\"POST\",route=\"/v1/incidents\",status=\"201\"}",
            1.0,
        ),
        ("warboard_feed_waiters", 0.0),
    ] {
        assert_eq!(sample(&text, name), Some(expected), "{name}\n{text}");
    }
    assert!(sample(&text, "warboard_store_commits_total").unwrap() >= 3.0);
    assert!(sample(&text, "warboard_connections").unwrap() >= 1.0);
    assert!(sample(&text, "warboard_duties{status=\"running\"}").unwrap() >= 1.0);
    assert!(text.contains("warboard_build_info{version="), "{text}");
    for name in [
        "warboard_pages",
        "warboard_pages_waiting",
        "warboard_page_oldest_unacknowledged_seconds",
        "warboard_page_escalations_total",
        "warboard_duties_past_latest_start",
        "warboard_first_attempt_delay_seconds",
        "warboard_store_batch_size",
        "warboard_store_queue",
        "warboard_delivery_attempts_total",
    ] {
        assert!(text.contains(&format!("# TYPE {name} ")), "{name}\n{text}");
    }
    // A day later the notices are past due, and the page is as old.
    clock.advance(80 * 3_600_000);
    let text = scraped(&backend).await;
    assert!(sample(&text, "warboard_duties_past_due").unwrap() >= 1.0);
    let oldest = sample(&text, "warboard_page_oldest_unacknowledged_seconds").unwrap();
    assert!(oldest >= 80.0 * 3_600.0, "{oldest}\n{text}");
    backend.stop_at(&clock).await;
}

fn still() -> (warboard::time::TestClock, Plan) {
    let clock = warboard::time::TestClock::default();
    (clock.clone(), Plan::new().clock(&clock))
}

#[tokio::test]
async fn nothing_of_an_incident_or_of_a_caller_is_a_label() {
    let backend = Plan::new().metrics().start().await;
    let body =
        json!({"service": "azure", "title": "zq-title", "summary": "zq-summary", "tlp": "red"});
    let opened = backend.open(&body).await;
    let id = opened["id"].as_str().unwrap();
    backend
        .done(
            id,
            &json!({"type": "assign", "role": "commander", "person": "zq.person"}),
        )
        .await;
    backend
        .get(&backend.tokens.viewer, &format!("/v1/incidents/{id}"))
        .await;
    backend.get(&backend.tokens.viewer, "/zq-nowhere/zq").await;
    let brewed = backend.ask("BREW", "/v1/incidents").send().await;
    assert_eq!(brewed.status, 405);
    let text = scraped(&backend).await;
    for hidden in [
        "zq",
        id,
        "AZ-1",
        opened["codename"].as_str().unwrap(),
        "BREW",
        "azure",
    ] {
        assert!(!text.contains(hidden), "{hidden}\n{text}");
    }
    assert!(text.contains("route=\"/v1/incidents/{id}\""), "{text}");
    assert!(text.contains("route=\"none\",status=\"404\""), "{text}");
    backend.stop().await;
}

#[tokio::test]
async fn an_exercise_is_in_no_count_that_rings() {
    let backend = Plan::new().metrics().start().await;
    let body = json!({"service": "azure", "title": "drill", "exercise": true});
    let opened = backend.open(&body).await;
    let id = opened["id"].as_str().unwrap();
    backend
        .done(id, &json!({"type": "page", "teams": ["legal-affairs"]}))
        .await;
    backend.done(id, &json!({"type": "declare"})).await;
    let text = scraped(&backend).await;
    assert_eq!(sample(&text, "warboard_pages_waiting"), Some(0.0));
    assert_eq!(
        sample(&text, "warboard_page_oldest_unacknowledged_seconds"),
        Some(0.0)
    );
    assert_eq!(
        sample(&text, "warboard_duties{status=\"running\"}"),
        Some(0.0)
    );
    backend.stop().await;
}

#[tokio::test]
async fn metrics_are_answered_at_their_own_door_only() {
    let backend = Plan::new().metrics().start().await;
    let at_api = backend.get(&backend.tokens.admin, "/metrics").await;
    assert_eq!(at_api.status, 404);
    let at_metrics = Ask::new(backend.measured.unwrap(), "GET", "/v1/incidents")
        .token(&backend.tokens.admin)
        .send()
        .await;
    assert_eq!(at_metrics.status, 404);
    backend.stop().await;
}

#[tokio::test]
async fn waiting_requests_are_counted_while_they_wait() {
    let backend = Plan::new().metrics().start().await;
    let cursor = backend.cursor().await;
    let path = format!("/v1/changes?since={cursor}&wait=60");
    let waiting = backend.ask("GET", &path).token(&backend.tokens.viewer);
    let waiting = tokio::spawn(async move { waiting.send().await });
    let counted = async {
        loop {
            let text = scraped(&backend).await;
            if sample(&text, "warboard_feed_waiters") == Some(1.0) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    soon("the waiting request in the count", counted).await;
    backend.opened().await;
    waiting.await.unwrap().expect(200);
    let text = scraped(&backend).await;
    assert_eq!(sample(&text, "warboard_feed_waiters"), Some(0.0));
    backend.stop().await;
}

#[tokio::test]
async fn a_request_has_an_id_in_its_answer_and_in_its_problem() {
    let backend = Backend::new().await;
    let ask = backend.ask("GET", "/v1/incidents/AZ-9");
    let answer = ask
        .token(&backend.tokens.viewer)
        .header("x-request-id", "trace-7_A")
        .send()
        .await;
    assert_eq!(answer.header("x-request-id"), Some("trace-7_A"));
    assert_eq!(
        answer.expect(404)["instance"],
        "urn:warboard:request:trace-7_A"
    );
    for bad in ["a b", "\"", "<x>", ""] {
        let answer = backend
            .ask("GET", "/healthz")
            .header("x-request-id", bad)
            .send()
            .await;
        let id = answer.header("x-request-id").unwrap();
        assert!(id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit()));
        answer.expect(200);
    }
    // A problem of the framework's and one without a token carry it too.
    for (method, path, status) in [("PATCH", "/v1/info", 405), ("GET", "/v1/info", 401)] {
        let answer = backend.ask(method, path).send().await;
        let id = answer.header("x-request-id").unwrap().to_owned();
        let instance = answer.expect(status)["instance"].clone();
        assert_eq!(instance, format!("urn:warboard:request:{id}"));
    }
    backend.stop().await;
}

#[tokio::test]
async fn more_readers_of_metrics_than_there_are_places_wait_and_harm_nobody() {
    let limits = Limits {
        connections: 4,
        ..Limits::default()
    };
    let backend = Plan::new().limits(limits).metrics().start().await;
    let asks = (0..40).map(|_| async {
        scraped(&backend).await;
    });
    futures::future::join_all(asks).await;
    backend.opened().await;
    backend.stop().await;
}

#[test]
fn the_log_of_a_server_names_ids_and_no_texts() {
    let backend = program::Logged::start(&[("WARBOARD_LOG", "debug")]);
    let hostile = "zq-title\u{1b}[31m\u{202e}\nforged";
    backend.done(&["open", hostile, "--service", "azure"]);
    backend.done(&["note", "AZ-1", "zq-note"]);
    backend.done(&["page", "AZ-1", "legal-affairs", "--message", "zq-message"]);
    backend.run(&["show", "AZ-1\u{1b}[2J"]);
    let log = backend.end();
    let token = backend_token(&log);
    assert!(token.is_none(), "{token:?}");
    assert!(!log.contains("zq-") && !log.contains("forged"), "{log}");
    let lines: Vec<serde_json::Value> = log
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let command = |word: &str| {
        let found = lines.iter().find(|line| line["command"] == word);
        found
            .unwrap_or_else(|| panic!("no {word} in {log}"))
            .clone()
    };
    let open = command("open");
    assert_eq!(open["incident"], "AZ-1");
    assert_eq!(open["result"], "done");
    assert_eq!(open["span"]["route"], "/v1/incidents");
    assert_eq!(open["span"]["token"], "d.okafor");
    assert!(open["span"]["id"].as_str().is_some());
    let page = command("page")["pages"].as_str().unwrap().to_owned();
    assert!(!page.is_empty(), "{log}");
    for line in log.lines() {
        assert!(line.is_ascii() && !line.contains('\u{1b}'), "{line:?}");
    }
}

#[tokio::test]
async fn restricting_makes_no_counter_fall_and_is_in_none() {
    let (one, two) = (Hook::new(&[]).await, Hook::new(&[]).await);
    let (clock, plan) = still();
    let plan = plan.routes("legal-affairs", vec![one.route(), two.route()]);
    let backend = plan.metrics().start().await;
    let page = json!({"type": "page", "teams": ["legal-affairs"]});
    let escalated = async || {
        let id = backend.opened().await;
        backend.done(&id, &page).await;
        let second = |incident: &serde_json::Value| incident["pages"][0]["step"] == 1;
        backend.until_at(&clock, &id, second).await;
        id
    };
    let counted = async || {
        // What is measured is believed for a second.
        clock.advance(2_000);
        let text = scraped(&backend).await;
        let count = sample(&text, "warboard_page_escalations_total").unwrap();
        (count, text)
    };
    let first = escalated().await;
    escalated().await;
    let (before, _) = counted().await;
    assert!(before >= 2.0, "{before}");
    let restrict = json!({"type": "restrict", "people": ["listed"]});
    backend.done(&first, &restrict).await;
    let (after, text) = counted().await;
    assert!(after >= before, "{text}");
    // What comes after it is counted, and not lost in what was.
    escalated().await;
    let (last, _) = counted().await;
    assert!(last > after, "{last} after {after}");
    for word in ["restrict", "break_glass"] {
        assert!(!text.contains(&format!("command=\"{word}\"")), "{text}");
    }
    backend.stop_at(&clock).await;
}

/// A token's secret in a text.
fn backend_token(text: &str) -> Option<&str> {
    text.find("wb_").map(|at| &text[at..])
}
