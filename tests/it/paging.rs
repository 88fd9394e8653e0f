//! Paging by the program as it is run: the test of every route, and a page whose sender was killed.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::mpsc;

use serde_json::Value;

use crate::program::{Backend, output};

const DIRECTORY: &str = r#"[[service]]
id = "azure"
name = "Azure"
prefix = "AZ"
owner = "legal-affairs"
[[team]]
id = "legal-affairs"
name = "Legal Affairs"
kind = "partner"
"#;

/// Takes requests and answers each with the next of these, then none; an empty one is never answered.
fn receiver(answers: &'static [&'static str]) -> (String, mpsc::Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, bodies) = mpsc::channel();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut all, mut chunk) = (Vec::new(), [0; 4096]);
            let body = loop {
                let n = stream.read(&mut chunk).unwrap();
                all.extend(&chunk[..n]);
                let text = String::from_utf8_lossy(&all);
                let body = text.split_once("\r\n\r\n").map(|(_, body)| body);
                if let Some(body) = body.and_then(|body| serde_json::from_str(body).ok()) {
                    break body;
                }
            };
            tell.send(body).unwrap();
            if answer.is_empty() {
                held.push(stream);
                continue;
            }
            let head =
                format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
        }
    });
    (url, bodies)
}

fn secret(folder: &Path, name: &str, mode: u32) {
    let path = folder.join(name);
    std::fs::write(&path, "0123456789abcdef0123456789abcdef").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn doctor_tests_every_route_and_says_which_took_it() {
    let home = tempfile::tempdir().unwrap();
    let (pagerduty, events) = receiver(&["202 Accepted", "202 Accepted"]);
    let (slack, messages) = receiver(&["404 Not Found"]);
    secret(home.path(), "good.key", 0o600);
    secret(home.path(), "open.key", 0o644);
    let file = format!(
        r#"{DIRECTORY}[[team.route]]
kind = "pagerduty"
url = "{pagerduty}"
routing_key_file = "good.key"
[[team.route]]
kind = "slack"
url = "{slack}/T0"
[[team.route]]
kind = "webhook"
url = "http://127.0.0.1:1/"
secret_file = "open.key"
[[team]]
id = "communications"
name = "Communications"
kind = "partner"
"#
    );
    std::fs::write(home.path().join("routes.toml"), file).unwrap();
    let ended = output(
        home.path(),
        &["doctor", "paging", "--config", "routes.toml"],
    );
    assert_eq!(ended.status.code(), Some(1));
    let told = String::from_utf8(ended.stdout).unwrap();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 4, "{told}");
    assert!(lines[3].starts_with("NO ROUTE  communications"), "{told}");
    assert!(
        lines[0].starts_with("good   legal-affairs  pagerduty  accepted")
            && lines[0].ends_with("closed again"),
        "{told}"
    );
    assert!(
        lines[1].starts_with("WRONG  legal-affairs  slack      it answered 404"),
        "{told}"
    );
    assert!(lines[2].contains("chmod 600"), "{told}");
    let trigger = events.recv().unwrap();
    let summary = trigger["payload"]["summary"].as_str().unwrap();
    assert!(
        summary.contains("TEST from warboard, no incident"),
        "{summary}"
    );
    assert_eq!(events.recv().unwrap()["event_action"], "resolve");
    let text = messages.recv().unwrap()["text"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(text.contains("TEST from warboard, no incident"), "{text}");
}

#[test]
fn doctor_needs_a_route_to_test() {
    let home = tempfile::tempdir().unwrap();
    let ended = output(home.path(), &["doctor", "paging"]);
    assert_eq!(ended.status.code(), Some(1));
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(told.contains("[[team.route]]"), "{told}");
}

#[test]
fn a_page_whose_sender_was_killed_is_repeated_with_its_mark() {
    let (slack, messages) = receiver(&["", "200 OK"]);
    let file = format!("{DIRECTORY}[[team.route]]\nkind = \"slack\"\nurl = \"{slack}/T0\"\n");
    let mut backend = Backend::with(&file);
    let id = backend.done(&["open", "odd sign-ins", "--service", "azure"]);
    backend.done(&["page", id.trim(), "legal-affairs"]);
    let sent = messages.recv().unwrap();
    assert_eq!(sent["blocks"][0]["text"]["type"], "plain_text");
    backend.kill();
    backend.start_again();
    let repeat = messages.recv().unwrap();
    assert_eq!(
        repeat["blocks"][0]["text"]["text"],
        "repeat, may be a duplicate"
    );
    assert_eq!(repeat["blocks"][1], sent["blocks"][0]);
}
