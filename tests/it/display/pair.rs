//! The display's page and its pairing: what the page may do, who gets a cookie for which code, and what that cookie opens.

use serde_json::json;
use warboard::domain::word::Role;

use super::stream::Stream;
use super::{WALL, code, detail, paired, sent};
use crate::backend::Backend;
use crate::http::Ask;
use crate::program::Backend as Program;

#[tokio::test]
async fn the_page_is_all_its_own_and_may_be_framed_by_nobody() {
    let backend = Backend::new().await;
    for (path, kind) in [
        ("/display", "text/html; charset=utf-8"),
        ("/display/page.js", "text/javascript; charset=utf-8"),
        ("/display/page.css", "text/css; charset=utf-8"),
    ] {
        let answer = backend.ask("GET", path).send().await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), Some(kind));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        let csp = answer.header("content-security-policy").unwrap();
        for rule in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        ] {
            assert!(csp.split("; ").any(|part| part == rule), "{rule} in {csp}");
        }
        assert!(!csp.contains("unsafe"), "{csp}");
        // Nothing is asked of anybody else, and nothing makes markup of a text.
        for foreign in [
            "http://",
            "https://",
            "//cdn",
            "innerHTML",
            "insertAdjacent",
            "eval(",
        ] {
            assert!(!answer.text().contains(foreign), "{foreign} in {path}");
        }
    }
    let page = backend.ask("GET", "/display").send().await;
    let (page, lower) = (page.text().to_owned(), page.text().to_lowercase());
    assert!(
        !lower.contains(" style=") && !lower.contains("<style"),
        "{page}"
    );
    for handler in [
        " onload",
        " onclick",
        " onsubmit",
        " onerror",
        "javascript:",
    ] {
        assert!(!lower.contains(handler), "{handler}");
    }
    assert_eq!(lower.matches("<script").count(), 1);
    assert!(!page.contains("{build}"), "{page}");
    let posted = backend.ask("POST", "/display").send().await;
    assert_eq!(posted.status, 405);
    backend.stop().await;
}

/// Tries wrong codes as a caller who says these of themselves; the status of the last.
async fn tried(backend: &Program, headers: &[(&str, &str)], times: usize) -> u16 {
    let mut status = 0;
    for _ in 0..times {
        let at = backend.url.trim_start_matches("http://").parse().unwrap();
        let mut ask = Ask::new(at, "POST", "/display/pair").header("origin", "http://backend");
        for (name, value) in headers {
            ask = ask.header(name, value);
        }
        let ask = ask.json(&json!({ "code": "ABCD-2345" }));
        status = ask.send().await.status;
    }
    status
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_display_has_its_own_attempts() {
    let backend = Program::with("trusted_proxies = [\"127.0.0.1/32\"]\n");
    let from = |address| [("x-forwarded-for", address)];
    assert_eq!(tried(&backend, &from("198.51.100.1"), 9).await, 429);
    assert_eq!(tried(&backend, &from("198.51.100.2"), 1).await, 403);
    // What stands before the last hop the caller made up.
    let made_up = from("198.51.100.3, 198.51.100.1");
    assert_eq!(tried(&backend, &made_up, 1).await, 429);
    assert_eq!(
        tried(&backend, &[("forwarded", "for=198.51.100.4")], 1).await,
        403
    );
}

#[tokio::test]
async fn without_a_trusted_proxy_nobody_chooses_the_address_they_count_under() {
    let backend = Program::with("trusted_proxies = [\"10.0.0.0/8\"]\n");
    for n in 0..8 {
        let address = format!("198.51.100.{n}");
        let said = [("x-forwarded-for", address.as_str())];
        assert_eq!(tried(&backend, &said, 1).await, 403);
    }
    let said = [
        ("x-forwarded-for", "10.0.0.1"),
        ("forwarded", "for=10.0.0.2"),
    ];
    assert_eq!(tried(&backend, &said, 1).await, 429);
}

#[tokio::test]
async fn a_code_pairs_once_and_the_cookie_is_for_this_path_alone() {
    let backend = Backend::new().await;
    let code = code(&backend, "war-room").await;
    let typed = code.to_lowercase().replace('-', " ");
    let answer = sent(&backend, &typed).send().await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    let attributes: Vec<&str> = attributes.split("; ").collect();
    for wanted in ["Path=/display", "HttpOnly", "SameSite=Strict"] {
        assert!(attributes.contains(&wanted), "{cookie}");
    }
    assert!(!attributes.contains(&"Secure"), "{cookie}");
    let age = attributes.iter().find_map(|a| a.strip_prefix("Max-Age="));
    let age: i64 = age.unwrap().parse().unwrap();
    assert!((90 * 86_400 - 60..=90 * 86_400).contains(&age), "{age}");
    let token = pair.strip_prefix("warboard_display=").unwrap();
    assert!(token.starts_with("wb_"), "{pair}");
    // It opens nothing besides.
    assert_eq!(backend.get(token, "/v1/info").await.status, 403);
    let opened = backend.ask("POST", "/v1/incidents").token(token);
    let opened = opened
        .json(&json!({"service": "azure", "title": "x"}))
        .send()
        .await;
    assert_eq!(opened.status, 403);
    let mut stream = Stream::open(&backend, token, WALL).await;
    assert_eq!(stream.next().await.name, "frame");

    let used = sent(&backend, &code).send().await;
    let used = detail(&used, 403, "code_refused");
    let wrong = sent(&backend, "ABCD-2345").send().await;
    assert_eq!(
        detail(&wrong, 403, "code_refused"),
        used,
        "both are told the same"
    );
    assert!(used.contains("warboard display pair"), "{used}");
    drop(stream);
    backend.stop().await;
}

#[tokio::test]
async fn under_https_the_cookie_is_secure() {
    let backend = Backend::new().await;
    let code = code(&backend, "a").await;
    let ask = backend
        .ask("POST", "/display/pair")
        .header("origin", "https://backend")
        .json(&json!({ "code": code }));
    let answer = ask.send().await;
    assert_eq!(answer.status, 204);
    assert!(answer.header("set-cookie").unwrap().ends_with("; Secure"));
    backend.stop().await;
}

#[tokio::test]
async fn a_code_comes_from_our_own_page_or_is_not_looked_at() {
    let backend = Backend::new().await;
    let code = code(&backend, "a").await;
    let bare = backend.ask("POST", "/display/pair");
    let body = json!({ "code": code });
    let without = bare.clone().json(&body).send().await;
    detail(&without, 403, "foreign_origin");
    let foreign = bare
        .clone()
        .header("origin", "https://evil.example")
        .json(&body);
    detail(&foreign.send().await, 403, "foreign_origin");
    let ours = || bare.clone().header("origin", "http://backend");
    let cross = ours().header("sec-fetch-site", "cross-site").json(&body);
    detail(&cross.send().await, 403, "foreign_origin");
    let form = ours().raw("application/x-www-form-urlencoded", format!("code={code}"));
    assert_eq!(form.send().await.status, 415);
    let more = ours().json(&json!({"code": code, "role": "admin"}));
    assert_eq!(more.send().await.status, 422);
    // None of them used the code up.
    assert_eq!(sent(&backend, &code).send().await.status, 204);
    backend.stop().await;
}

#[tokio::test]
async fn a_code_ends_after_ten_minutes() {
    let (backend, clock) = Backend::still().await;
    let first = code(&backend, "a").await;
    let second = code(&backend, "b").await;
    clock.advance(10 * 60_000 - 1);
    assert_eq!(sent(&backend, &first).send().await.status, 204);
    clock.advance(1);
    let late = sent(&backend, &second).send().await;
    detail(&late, 403, "code_refused");
    backend.stop_at(&clock).await;
}

#[tokio::test]
async fn whoever_tries_many_codes_is_not_answered_any_more() {
    let (backend, clock) = Backend::still().await;
    let good = code(&backend, "a").await;
    for _ in 0..8 {
        let wrong = sent(&backend, "ABCD-2345").send().await;
        detail(&wrong, 403, "code_refused");
    }
    // Not even the good one is looked at: a guess that hits must not be told from one that misses.
    let flooded = sent(&backend, &good).send().await;
    let words = detail(&flooded, 429, "too_many_codes");
    assert!(words.contains("10 minutes"), "{words}");
    clock.advance(10 * 60_000);
    let fresh = code(&backend, "a").await;
    assert_eq!(sent(&backend, &fresh).send().await.status, 204);
    backend.stop_at(&clock).await;
}

#[tokio::test]
async fn nothing_but_a_display_s_own_token_opens_the_stream() {
    let backend = Backend::new().await;
    let path = "/display/stream?columns=60&rows=17";
    let bare = backend.ask("GET", path).send().await;
    let words = detail(&bare, 401, "not_paired");
    assert!(words.contains("warboard display pair"), "{words}");
    let bearer = backend.ask("GET", path).token(&backend.tokens.admin);
    detail(&bearer.send().await, 401, "not_paired");
    for token in [&backend.tokens.admin, &backend.tokens.viewer] {
        let cookie = format!("warboard_display={token}");
        let with = backend.ask("GET", path).header("cookie", &cookie);
        detail(&with.send().await, 401, "not_paired");
    }
    // A name alone makes no display of a token that can do more.
    let strong = backend.issue("display:strong", Role::Commander).await;
    let cookie = format!("warboard_display={strong}");
    let with = backend.ask("GET", path).header("cookie", &cookie);
    detail(&with.send().await, 401, "not_paired");
    let token = paired(&backend, "a").await;
    let cookie = format!("warboard_display={token}");
    for query in [
        "columns=60",
        "columns=60&rows=99999",
        "columns=60&rows=17&x=1",
    ] {
        let path = format!("/display/stream?{query}");
        let odd = backend.ask("GET", &path).header("cookie", &cookie);
        assert_eq!(odd.send().await.status, 422, "{query}");
    }
    let path = format!("{path}&theme=neon");
    let odd = backend.ask("GET", &path).header("cookie", &cookie);
    assert!(odd.send().await.problem(422).1.contains("night"));
    backend.stop().await;
}

#[tokio::test]
async fn a_display_s_token_shows_the_wall_and_opens_nothing_of_the_api() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let cursor = backend.cursor().await;
    let token = paired(&backend, "a").await;
    for path in [
        "/v1/info",
        "/v1/incidents",
        "/v1/teams",
        &format!("/v1/incidents/{id}"),
        &format!("/v1/incidents/{id}/timeline"),
        &format!("/v1/changes?since={cursor}"),
    ] {
        let (_, told) = backend.get(&token, path).await.problem(403);
        assert!(told.contains("/display"), "{path}: {told}");
    }
    let note = json!({"type": "note", "kind": "fact", "text": "t"});
    backend.order(&token, &id, &note).send().await.problem(403);
    let mut stream = Stream::open(&backend, &token, WALL).await;
    stream.until(|wall| wall.text().contains("DETECT 1")).await;
    backend.stop().await;
}
