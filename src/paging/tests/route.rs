//! Each kind of route over HTTP: what stands in the head, what joins the body only now, what a repeat changes, and what an
//! answer means.

use serde_json::Value;

use super::*;
use crate::paging::Route;
use crate::paging::channel::Channel;
use crate::paging::ntfy::Ntfy;
use crate::paging::pagerduty::PagerDuty;
use crate::paging::settings::Address;
use crate::paging::text::REPEAT;
use crate::paging::{slack, teams};

const TAKEN: &str = "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";

fn split(heard: &str) -> (&str, Value) {
    let (head, body) = heard.split_once("\r\n\r\n").unwrap();
    (head, serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn pagerduty_s_key_joins_the_event_when_it_is_sent() {
    let (url, heard) = answers(TAKEN).await;
    let (_folder, path) = secret_file("0123456789abcdef0123456789abcdef\n");
    let route = PagerDuty::new(&url, path, None).unwrap();
    let body = route.body("p1-0", &hostile());
    let repeat = Attempt {
        repeat: true,
        ..attempt(&body)
    };
    assert_eq!(route.send(repeat).await, Sent::Accepted);
    let heard = heard.await.unwrap();
    let (head, event) = split(&heard);
    assert!(head.contains("content-type: application/json"), "{head}");
    assert_eq!(event["routing_key"], "0123456789abcdef0123456789abcdef");
    let mut kept: Value = serde_json::from_slice(&body).unwrap();
    kept["routing_key"] = event["routing_key"].clone();
    assert_eq!(event, kept, "a repeat is known by its key, not by its text");
    assert!(route.dedupes());
    let resolution = route.resolution("p1-0").unwrap();
    assert_eq!(
        resolution,
        br#"{"event_action":"resolve","dedup_key":"p1-0"}"#
    );
}

#[tokio::test]
async fn what_the_other_side_says_is_told_but_never_the_secret() {
    for (answer, told) in [
        (
            "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n{\"errors\":[\"no \\u001b\"]}",
            "errors",
        ),
        (
            "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\nbad key hunter2",
            "it answered 400 Bad Request: look",
        ),
        (
            "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n<html>\x1b[2J",
            "it answered 404 Not Found: look",
        ),
    ] {
        let (url, _heard) = answers(answer).await;
        let (_folder, path) = secret_file("hunter2");
        let route = PagerDuty::new(&url, path, None).unwrap();
        let body = route.body("p1-0", &hostile());
        match route.send(attempt(&body)).await {
            Sent::Failed(why) => {
                assert!(why.contains(told), "{why}");
                assert!(!why.contains("hunter2") && !why.contains('\u{1b}'), "{why}");
            }
            sent => panic!("{sent:?}"),
        }
    }
}

/// What a route tells of an answer that refuses.
async fn refused(route: &dyn Route) -> String {
    let body = route.body("p1-0", &hostile());
    match route.send(attempt(&body)).await {
        Sent::Failed(why) => why,
        sent => panic!("{sent:?}"),
    }
}

#[tokio::test]
async fn an_address_that_is_a_secret_is_not_told_on_by_a_server_that_repeats_it() {
    for answer in [
        "HTTP/1.1 404 x\r\nconnection: close\r\n\r\n{\"error\":\"cannot POST \\/services\\/T0\\/XyZsEcReT\"}",
        "HTTP/1.1 404 x\r\nconnection: close\r\n\r\nno xyzsecret here",
        "HTTP/1.1 404 x\r\nconnection: close\r\n\r\n{\"sig\":\"q+signed\"}",
        "HTTP/1.1 404 x\r\nconnection: close\r\n\r\n{\"sig\":\"q%2Bsigned\"}",
    ] {
        let (url, _heard) = answers(answer).await;
        let secret = url.replace("/hook", "/services/T0/XyZsEcReT?sig=q%2Bsigned");
        let (_folder, path) = secret_file(&secret);
        let route = Channel::new(&Address::File(path), None, slack::FORM).unwrap();
        let why = refused(&route).await;
        assert_eq!(
            why,
            "it answered 404 Not Found: look at the route's address and secret"
        );
    }
    // What says nothing of it is told.
    let (url, _heard) =
        answers("HTTP/1.1 404 x\r\nconnection: close\r\n\r\nchannel_is_archived").await;
    let (_folder, path) = secret_file(&url.replace("/hook", "/services/T0/XyZsEcReT"));
    let route = Channel::new(&Address::File(path), None, slack::FORM).unwrap();
    let why = refused(&route).await;
    assert!(why.contains("channel_is_archived"), "{why}");
}

#[tokio::test]
async fn the_topic_of_ntfy_is_not_told_on() {
    let (url, _heard) =
        answers("HTTP/1.1 403 x\r\nconnection: close\r\n\r\nno access to legal-7f3a").await;
    let route = Ntfy::new(&url.replace("hook", "legal-7f3a"), None, None).unwrap();
    let why = refused(&route).await;
    assert!(!why.contains("7f3a"), "{why}");
}

#[tokio::test]
async fn slack_and_teams_get_what_is_kept_and_a_repeat_opens_with_its_mark() {
    for repeat in [false, true] {
        let (url, heard) = answers(TAKEN).await;
        let (_folder, path) = secret_file(&url);
        let route = Channel::new(&Address::File(path), None, slack::FORM).unwrap();
        let body = route.body("p1-0", &hostile());
        let sent = route
            .send(Attempt {
                repeat,
                ..attempt(&body)
            })
            .await;
        assert_eq!((sent, route.dedupes()), (Sent::Accepted, false));
        let heard = heard.await.unwrap();
        let (head, whole) = split(&heard);
        assert!(head.starts_with("POST /hook "), "{head}");
        let kept: Value = serde_json::from_slice(&body).unwrap();
        if repeat {
            assert_eq!(whole["blocks"][0]["text"]["text"], REPEAT);
            assert!(whole["text"].as_str().unwrap().starts_with(REPEAT));
            assert_eq!(whole["blocks"][1], kept["blocks"][0]);
        } else {
            assert!(heard.as_bytes().ends_with(&body), "byte for byte");
        }

        let (url, heard) = answers(TAKEN).await;
        let route = Channel::new(&Address::Written(url), None, teams::FORM).unwrap();
        let body = route.body("p1-0", &hostile());
        let sent = route
            .send(Attempt {
                repeat,
                ..attempt(&body)
            })
            .await;
        assert_eq!((sent, route.dedupes()), (Sent::Accepted, false));
        let heard = heard.await.unwrap();
        let (_, whole) = split(&heard);
        let first = "/attachments/0/content/body/0/inlines/0/text";
        let first = whole.pointer(first).unwrap().as_str().unwrap();
        assert_eq!(first == REPEAT, repeat, "{first}");
        assert_eq!(heard.as_bytes().ends_with(&body), !repeat);
    }
}

#[tokio::test]
async fn ntfy_is_told_topic_and_token_when_it_is_sent() {
    for repeat in [false, true] {
        let (url, heard) = answers(TAKEN).await;
        let (_folder, path) = secret_file("tk_secret");
        let route = Ntfy::new(&url, Some(path), None).unwrap();
        let body = route.body("p1-0", &hostile());
        assert!(!String::from_utf8_lossy(&body).contains("topic"));
        let sent = route
            .send(Attempt {
                repeat,
                ..attempt(&body)
            })
            .await;
        assert_eq!(sent, Sent::Accepted);
        let heard = heard.await.unwrap();
        let (head, whole) = split(&heard);
        assert!(head.starts_with("POST / HTTP/1.1"), "{head}");
        assert!(head.contains("authorization: Bearer tk_secret"), "{head}");
        assert!(!head.contains("COPPER"), "no header from data: {head}");
        assert_eq!(whole["topic"], "hook");
        let message = whole["message"].as_str().unwrap();
        assert_eq!(message.starts_with(REPEAT), repeat, "{message}");
        assert!(message.len() <= 4_096);
    }
}

#[tokio::test]
async fn a_secret_is_read_for_every_attempt_and_must_be_its_owner_s() {
    let (_folder, path) = secret_file("https://hooks.example/T0/B0/hunter2");
    let route = Channel::new(&Address::File(path.clone()), None, slack::FORM).unwrap();
    assert!(!format!("{route:?}").contains("hunter2"));
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&path, mode).unwrap();
    match route.send(attempt(b"{}")).await {
        Sent::NotTaken { why, .. } => assert!(why.contains("chmod 600"), "{why}"),
        sent => panic!("{sent:?}"),
    }
    let fault = Channel::new(&Address::File(path), None, slack::FORM).unwrap_err();
    assert_eq!(fault.key, "url_file");
    let written = Address::Written("https://hooks.example/T0/B0/hunter2".to_owned());
    let route = Channel::new(&written, None, slack::FORM).unwrap();
    assert!(!format!("{route:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_kept_body_of_another_kind_is_refused_and_not_sent() {
    let route = Channel::new(
        &Address::Written("http://127.0.0.1:1/".to_owned()),
        None,
        teams::FORM,
    )
    .unwrap();
    let repeat = Attempt {
        repeat: true,
        ..attempt(b"{}")
    };
    assert!(matches!(route.send(repeat).await, Sent::Failed(_)));
}
