//! A word that stands in every text of a red, of a restricted and of an incident that was opened restricted is told by no display, no export, no error and no
//! log: the program is run as an operator runs it, and every byte it gives out is read.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::program::{Backend, output};

const CANARY: &str = "zanzibar";

/// Everything that a person without clearance can get out of the program, with its exit code.
fn told(backend: &Backend, args: &[&str]) -> (i32, String) {
    let (code, stdout, stderr) = backend.run(args);
    (code, format!("{stdout}{stderr}").to_lowercase())
}

/// Everything that an answer holds, its head too, in small letters.
fn answered(token: &str, url: &str, more: &[&str]) -> String {
    let done = Command::new("/usr/bin/curl")
        .args(["-s", "-i", "-H", &format!("Authorization: Bearer {token}")])
        .args(["-H", "Content-Type: application/json"])
        .args(more)
        .arg(url)
        .output()
        .unwrap();
    String::from_utf8(done.stdout).unwrap().to_lowercase()
}

/// The first picture that a browser display is sent.
fn displayed(backend: &Backend) -> String {
    let pair = ["display", "pair", "--store", backend.store()];
    let pair = output(backend.home.path(), &pair);
    let code = String::from_utf8(pair.stdout).unwrap();
    let body = format!("{{\"code\": \"{}\"}}", code.trim());
    let origin = format!("Origin: {}", backend.url);
    let url = format!("{}/display/pair", backend.url);
    let paired = Command::new("/usr/bin/curl")
        .args(["-s", "-i", "-H", &origin, "-d", &body, &url])
        .args(["-H", "Content-Type: application/json"])
        .output()
        .unwrap();
    let paired = String::from_utf8(paired.stdout).unwrap();
    let cookie = paired
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))
        .and_then(|cookie| cookie.split(';').next());
    let mut stream = Command::new("/usr/bin/curl")
        .args([
            "-sN",
            "-m",
            "60",
            "-H",
            &format!("Cookie: {}", cookie.unwrap()),
        ])
        .arg(format!(
            "{}/display/stream?columns=160&rows=50",
            backend.url
        ))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = String::new();
    for line in BufReader::new(stream.stdout.take().unwrap()).lines() {
        let line = line.unwrap().to_lowercase();
        let last = line.starts_with("data:") && line.contains("rows");
        told.push_str(&line);
        if last {
            break;
        }
    }
    stream.kill().unwrap();
    stream.wait().unwrap();
    told
}

#[test]
fn no_display_no_export_no_error_and_no_log_tells_what_is_hidden() {
    let mut backend = Backend::talkative();
    let text = |what: &str| format!("{CANARY} {what}");
    let mut ids = Vec::new();
    for (tlp, restricted) in [
        ("tlp=red", false),
        ("tlp=clear", false),
        ("tlp=clear", true),
    ] {
        let title = text("title");
        let mut open = vec!["open", &title, "--service", "azure", "--severity", "sev1"];
        if restricted {
            open.extend(["--tlp", "clear", "--restrict", CANARY]);
        }
        let id = backend.done(&open);
        let id = id.trim().to_owned();
        let summary = format!("summary={}", text("summary"));
        let bridge = format!("bridge={}", text("bridge"));
        backend.done(&["set", &id, tlp, &summary, &bridge, "--yes"]);
        backend.done(&["assign", &id, "commander", CANARY]);
        backend.done(&["note", &id, &text("note"), "--kind", "evidence"]);
        backend.done(&["note", &id, &text("advice"), "--privileged"]);
        backend.done(&["declare", &id, "--reason", &text("reason")]);
        backend.done(&["page", &id, "legal-affairs", "--message", &text("message")]);
        let owner = format!("{CANARY}-owner");
        backend.done(&["lesson", &id, &text("lesson"), "--owner", &owner]);
        ids.push(id);
    }
    let hidden = ids[1..].to_vec();
    backend.done(&["restrict", &hidden[0], CANARY]);
    let mut codenames = Vec::new();
    for id in &hidden {
        let shown = backend.done(&["show", id, "--json"]);
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        codenames.push(shown["codename"].as_str().unwrap().to_lowercase());
    }
    let named = |said: &str| codenames.iter().any(|codename| said.contains(codename));
    let commander = std::mem::take(&mut backend.token);
    for (role, name) in [("viewer", "wall"), ("responder", "low")] {
        backend.token = backend.issue(role, name);
        let mut asked: Vec<Vec<&str>> = vec![
            vec!["list"],
            vec!["list", "--json"],
            vec!["teams", "--json"],
        ];
        for hidden in &hidden {
            asked.extend([
                vec!["show", hidden],
                vec!["timeline", hidden, "--privileged"],
                vec!["note", hidden, "x"],
                vec!["break-glass", hidden, "--reason", "x"],
                vec!["take", hidden, "scribe"],
            ]);
        }
        for document in ["sitrep", "handoff", "log", "review"] {
            for id in &ids {
                asked.push(vec!["export", document, id]);
                asked.push(vec!["export", document, id, "--json"]);
            }
        }
        for json in [false, true] {
            for verb in ["show", "timeline"] {
                let mut line = vec![verb, ids[0].as_str()];
                if json {
                    line.push("--json");
                }
                asked.push(line);
            }
        }
        asked.push(vec!["timeline", &ids[0], "--privileged", "--json"]);
        asked.push(vec!["undo", &ids[0]]);
        asked.push(vec!["take", &ids[0], "commander"]);
        for screen in ["lanes", "teams", "clocks", "people", "wall", &ids[0]] {
            for format in ["text", "svg", "json"] {
                let mut line = vec!["board", "--once", "--size", "160x50"];
                line.extend(["--format", format, "--screen", screen]);
                if screen == "wall" {
                    line.push("--wall");
                }
                asked.push(line);
            }
        }
        for line in asked {
            let (code, said) = told(&backend, &line);
            assert!(!said.contains(CANARY), "{name}: {line:?}: {said}");
            assert!(!named(&said), "{name}: {line:?}: {said}");
            let of_hidden = hidden.iter().any(|id| line.contains(&id.as_str()));
            let refused = of_hidden || ["undo", "take"].contains(&line[0]);
            assert_eq!(code == 0, !refused, "{name}: {line:?}: {said}");
        }
        errors(&backend, &ids, &codenames);
    }
    let picture = displayed(&backend);
    let metrics = backend.metrics.clone().unwrap();
    for (what, said) in [
        ("the browser display", picture),
        ("metrics", answered("", &metrics, &[])),
    ] {
        assert!(said.len() > 200, "{what}: {said}");
        assert!(!said.contains(CANARY), "{what}: {said}");
        assert!(!named(&said), "{what}: {said}");
        for id in &hidden {
            assert!(
                what != "metrics" || !said.contains(&id.to_lowercase()),
                "{said}"
            );
        }
    }
    // A shared room is shown the codename and no text, whoever's token it is.
    backend.token = commander;
    for screen in ["lanes", "teams", "clocks", "people", "wall", &ids[0]] {
        let line = [
            "board", "--once", "--mask", "--size", "160x50", "--screen", screen,
        ];
        let (_, said) = told(&backend, &line);
        assert!(!said.contains(CANARY), "masked: {screen}: {said}");
    }
    let log = backend.log().to_lowercase();
    assert!(!log.is_empty(), "nothing was logged");
    assert!(!log.contains(CANARY), "{log}");
    assert!(
        !log.contains(&backend.token.to_lowercase()),
        "a token is logged"
    );
}

/// What is refused, not found, in conflict or malformed says nothing of what it is about; and a question names nothing by the
/// number of its answers.
fn errors(backend: &Backend, ids: &[String], codenames: &[String]) {
    let at = |path: &str| format!("{}{path}", backend.url);
    let check = |what: &str, said: &str, status: &[&str]| {
        assert!(!said.contains(CANARY), "{what}: {said}");
        for codename in codenames {
            assert!(!said.contains(codename), "{what}: {said}");
        }
        let first = said.lines().next().unwrap_or_default();
        assert!(status.iter().any(|s| first.contains(s)), "{what}: {said}");
    };
    let bodies = [
        (r#"{"type": "note", "text": "x"}"#, "\"1\""),
        (r#"{"type": "note", "text": "x", "y": 1}"#, "*"),
        (
            r#"{"type": "record_time", "trigger": "none", "at": "2026-11-23T14:00:00Z"}"#,
            "*",
        ),
        (
            r#"{"type": "submit", "duties": ["none"], "at": "2026-11-23T14:00:00Z", "channel": "x", "kind": "final"}"#,
            "*",
        ),
        (r#"{"type": "restrict", "people": ["x"]}"#, "*"),
        (
            r#"{"type": "page", "teams": ["legal-affairs"], "urgency": "low"}"#,
            "*",
        ),
        (r#"{"type": "hold""#, "*"),
    ];
    for id in ids {
        for (body, version) in bodies {
            let version = format!("If-Match: {version}");
            for path in ["commands", "preview"] {
                let url = at(&format!("/v1/incidents/{id}/{path}"));
                let said = answered(&backend.token, &url, &["-H", &version, "-d", body]);
                check(body, &said, &["200", "400", "403", "404", "412", "422"]);
            }
        }
        for path in [
            "",
            "/timeline",
            "/timeline?privileged=true",
            "/duties/none/explain",
        ] {
            let url = at(&format!("/v1/incidents/{id}{path}"));
            check(path, &answered(&backend.token, &url, &[]), &["200", "404"]);
            check(path, &answered("wb_x", &url, &[]), &["401"]);
        }
    }
    for query in ["q", "person", "team", "owner"] {
        let url = at(&format!("/v1/incidents?open=all&{query}={CANARY}"));
        let said = answered(&backend.token, &url, &[]);
        check(query, &said, &["200"]);
        assert!(said.ends_with("\"incidents\":[]}"), "{query}: {said}");
    }
    let list = answered(&backend.token, &at("/v1/incidents"), &[]);
    let cursor = list.split("\"cursor\":\"").nth(1).unwrap();
    let (epoch, _) = cursor.split('"').next().unwrap().rsplit_once('-').unwrap();
    let since = answered(
        &backend.token,
        &at(&format!("/v1/changes?since={epoch}-0")),
        &[],
    );
    check("changes", &since, &["200"]);
    for path in [
        "/v1/info",
        "/v1/teams",
        "/v1/regimes",
        "/v1/who",
        "/openapi.json",
    ] {
        check(path, &answered(&backend.token, &at(path), &[]), &["200"]);
    }
    for path in ["/v1/logins", "/v1/named"] {
        check(path, &answered(&backend.token, &at(path), &[]), &["403"]);
    }
}
