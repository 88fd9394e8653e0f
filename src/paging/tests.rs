//! Proofs of the routes, against a listener on a real socket that checks what each kind of receiver would.

mod format;
mod route;
mod smtp;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::message::PageMessage;
use super::webhook::{Webhook, signature};
use super::{Attempt, Route as _, Sent};
use crate::domain::instant::Instant;
use crate::domain::word::{Severity, Tlp, Urgency};
use crate::secret::Secret;

fn now() -> Instant {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

fn webhook(url: &str) -> Webhook {
    Webhook::new(url, None, None).unwrap()
}

fn attempt(body: &[u8]) -> Attempt<'_> {
    Attempt {
        key: "p1-0",
        body,
        repeat: false,
        now: now(),
    }
}

/// A file with a secret in it, for its owner alone.
fn secret_file(content: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, content).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, mode).unwrap();
    (folder, path)
}

/// What a page says whose every text was written by somebody hostile.
fn hostile() -> PageMessage {
    let bad = "<!channel> <@U1> <http://evil|x> & \u{202e}\r\nBcc: a@b [x](http://evil) {{DATE(2026-01-01T00:00:00Z)}}";
    let mut message = PageMessage::test(bad, Tlp::Amber, now());
    message.kind = "page";
    message.page = "p1".to_owned();
    message.incident = "AZ-142".to_owned();
    message.codename = "COPPER HERON".to_owned();
    message.severity = Some(Severity::Sev1);
    message.urgency = Urgency::High;
    message.by = bad.to_owned();
    message.bridge = Some(bad.to_owned());
    message.answer_url = Some("https://board.example/a/p1?x=1&y=2".to_owned());
    message.title = Some(bad.to_owned());
    message.message = Some(bad.repeat(3));
    message
}

/// A page that says as much as it can.
fn long() -> PageMessage {
    let mut message = hostile();
    message.title = Some("<&>\"".repeat(20_000));
    message.summary = Some("\u{1F525}".repeat(200_000));
    message.message = Some("line\n".repeat(30_000));
    message
}

/// Answers one request with these bytes (none: closes after reading it) and gives what it was sent.
async fn answers(answer: &'static str) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut all, mut chunk) = (Vec::new(), [0; 4096]);
        while !all.ends_with(b"}") {
            let n = stream.read(&mut chunk).await.unwrap();
            assert!(n > 0);
            all.extend(&chunk[..n]);
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(all).unwrap()
    });
    (url, heard)
}

#[tokio::test]
async fn a_page_is_signed_and_keeps_its_key() {
    let (url, heard) = answers("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n").await;
    let (_folder, path) = secret_file("whsec_c2VjcmV0\n");
    let route = Webhook::new(&url, Some(path), None).unwrap();
    assert_eq!(route.send(attempt(b"{}")).await, Sent::Accepted);
    let heard = heard.await.unwrap();
    let signed = signature(&Secret::new("secret"), "p1-0", "1795428000", b"{}");
    for line in [
        "POST /hook HTTP/1.1",
        "idempotency-key: p1-0",
        "webhook-id: p1-0",
        "webhook-timestamp: 1795428000",
        &format!("webhook-signature: {signed}"),
    ] {
        assert!(heard.contains(line), "no {line} in {heard}");
    }
}

#[test]
fn the_signature_is_that_of_the_convention() {
    // The example of the Standard Webhooks specification.
    let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let body = br#"{"test": 2432232314}"#;
    assert_eq!(
        signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body),
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    );
}

#[tokio::test]
async fn what_a_status_means_for_the_page() {
    for (answer, expected) in [
        (
            "HTTP/1.1 503 x\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n",
            Some(Some(7_000)),
        ),
        ("HTTP/1.1 429 x\r\ncontent-length: 0\r\n\r\n", Some(None)),
        ("HTTP/1.1 408 x\r\ncontent-length: 0\r\n\r\n", Some(None)),
        ("HTTP/1.1 425 x\r\ncontent-length: 0\r\n\r\n", Some(None)),
        ("HTTP/1.1 404 x\r\ncontent-length: 0\r\n\r\n", None),
        (
            "HTTP/1.1 302 x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            None,
        ),
    ] {
        let (url, _heard) = answers(answer).await;
        let sent = webhook(&url).send(attempt(b"{}")).await;
        match (sent, expected) {
            (Sent::NotTaken { retry_after_ms, .. }, Some(after)) => {
                assert_eq!(retry_after_ms, after)
            }
            (Sent::Failed(_), None) => {}
            (sent, _) => panic!("{answer}: {sent:?}"),
        }
    }
}

#[tokio::test]
async fn a_fault_there_or_of_a_proxy_may_come_after_the_page_was_taken() {
    for answer in [
        "HTTP/1.1 500 x\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 502 x\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 504 x\r\ncontent-length: 0\r\n\r\n",
    ] {
        let (url, _heard) = answers(answer).await;
        let sent = webhook(&url).send(attempt(b"{}")).await;
        assert!(matches!(sent, Sent::Unknown(_)), "{answer}: {sent:?}");
    }
}

#[tokio::test]
async fn no_answer_is_unknown_and_nobody_there_is_not_sent() {
    let (url, _heard) = answers("").await;
    let sent = webhook(&url).send(attempt(b"{}")).await;
    assert!(matches!(sent, Sent::Unknown(_)), "{sent:?}");
    // Kept, so that nobody else comes to listen there.
    let deaf = tokio::net::TcpSocket::new_v4().unwrap();
    deaf.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let route = webhook(&format!("http://{}/", deaf.local_addr().unwrap()));
    let sent = route.send(attempt(b"{}")).await;
    assert!(matches!(sent, Sent::NotTaken { .. }), "{sent:?}");
}

#[test]
fn an_address_that_is_none_is_named() {
    let fault = Webhook::new("ftp://x", None, None).unwrap_err();
    assert_eq!(fault.key, "url");
}
