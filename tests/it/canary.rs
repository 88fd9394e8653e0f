//! A word that stands in every text of a red and of a restricted incident is told by no display, no export, no error and no
//! log: the program is run as an operator runs it, and every byte it gives out is read.

use crate::program::Backend;

const CANARY: &str = "zanzibar";

/// Everything that a person without clearance can get out of the program, with its exit code.
fn told(backend: &Backend, args: &[&str]) -> (i32, String) {
    let (code, stdout, stderr) = backend.run(args);
    (code, format!("{stdout}{stderr}").to_lowercase())
}

#[test]
fn no_display_no_export_no_error_and_no_log_tells_what_is_hidden() {
    let mut backend = Backend::talkative();
    let text = |what: &str| format!("{CANARY} {what}");
    let mut ids = Vec::new();
    for tlp in ["tlp=red", "tlp=clear"] {
        let title = text("title");
        let id = backend.done(&["open", &title, "--service", "azure", "--severity", "sev1"]);
        let id = id.trim().to_owned();
        let summary = format!("summary={}", text("summary"));
        let bridge = format!("bridge={}", text("bridge"));
        backend.done(&["set", &id, tlp, &summary, &bridge]);
        backend.done(&["assign", &id, "commander", CANARY]);
        backend.done(&["note", &id, &text("note"), "--kind", "evidence"]);
        backend.done(&["note", &id, &text("advice"), "--privileged"]);
        backend.done(&["declare", &id, "--reason", &text("reason")]);
        backend.done(&["page", &id, "legal-affairs", "--message", &text("message")]);
        let owner = format!("{CANARY}-owner");
        backend.done(&["lesson", &id, &text("lesson"), "--owner", &owner]);
        ids.push(id);
    }
    let hidden = ids[1].clone();
    backend.done(&["restrict", &hidden, CANARY]);
    let codename = backend.done(&["show", &hidden, "--json"]);
    let codename: serde_json::Value = serde_json::from_str(&codename).unwrap();
    let codename = codename["codename"].as_str().unwrap().to_lowercase();
    let commander = std::mem::take(&mut backend.token);
    for (role, name) in [("viewer", "wall"), ("responder", "low")] {
        backend.token = backend.issue(role, name);
        let mut asked: Vec<Vec<&str>> = vec![
            vec!["list"],
            vec!["list", "--json"],
            vec!["teams", "--json"],
            vec!["show", &hidden],
            vec!["timeline", &hidden, "--privileged"],
            vec!["note", &hidden, "x"],
            vec!["break-glass", &hidden, "--reason", "x"],
            vec!["take", &hidden, "scribe"],
        ];
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
            assert!(!said.contains(&codename), "{name}: {line:?}: {said}");
            let refused =
                line.get(1) == Some(&hidden.as_str()) || ["undo", "take"].contains(&line[0]);
            assert_eq!(code == 0, !refused, "{name}: {line:?}: {said}");
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
