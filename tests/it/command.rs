//! The command line as scripts use it: exit codes, JSON, refusals in words.

use crate::program::{Backend, output, warboard};
use crate::terminal::Terminal;

fn open(backend: &Backend) -> String {
    let id = backend.done(&[
        "open",
        "Export job runs under a retired account",
        "--service",
        "azure",
    ]);
    id.trim().to_owned()
}

#[test]
fn a_refusal_is_3_and_names_what_is_unmet() {
    let backend = Backend::start();
    let id = open(&backend);
    backend.done(&["advance", &id, "--to", "contain"]);
    let (code, _, stderr) = backend.run(&["advance", &id, "--to", "post"]);
    assert_eq!(code, 3, "{stderr}");
    assert!(
        stderr.contains("contained_at") && stderr.contains("recovered_at"),
        "{stderr}"
    );
    let (code, _, stderr) = backend.run(&["advance", &id, "--to", "detect"]);
    assert_eq!(code, 3, "{stderr}");
    assert!(stderr.contains("reason"), "{stderr}");
    let (code, _, _) = backend.run(&["close", &id, "--reason", "x"]);
    assert_eq!(code, 3);
}

#[test]
fn a_lost_race_is_3_and_says_who_won() {
    let backend = Backend::start();
    let id = open(&backend);
    backend.done(&["note", &id, "first"]);
    let (code, _, stderr) = backend.run(&["advance", &id, "--to", "contain", "--if-match", "1"]);
    assert_eq!(code, 3, "{stderr}");
    assert!(
        stderr.contains("version 2") && stderr.contains("d.okafor"),
        "{stderr}"
    );
}

#[test]
fn a_weak_token_is_4_and_a_wrong_one_too() {
    let mut backend = Backend::start();
    let id = open(&backend);
    let good = std::mem::take(&mut backend.token);
    backend.token = backend.issue("viewer", "wall");
    let (code, _, stderr) = backend.run(&["advance", &id, "--to", "contain"]);
    assert_eq!(code, 4, "{stderr}");
    backend.token = format!("{good}x");
    assert_eq!(backend.run(&["list"]).0, 4);
}

#[test]
fn nobody_there_is_5_and_the_frame_is_printed_all_the_same() {
    let mut backend = Backend::start();
    open(&backend);
    backend.kill();
    assert_eq!(backend.run(&["list"]).0, 5);
    let (code, frame, _) = backend.run(&["board", "--once", "--size", "80x24"]);
    assert_eq!(code, 5);
    assert!(frame.contains("not heard yet"), "{frame}");
    // In 80 columns it is the remedy that stands whole.
    assert!(
        frame.contains("is it running, and is the port right?"),
        "{frame}"
    );
}

#[test]
fn one_backend_that_is_down_does_not_hide_what_another_tells() {
    use std::os::unix::fs::PermissionsExt;
    let backend = Backend::start();
    let id = open(&backend);
    let folder = backend.home.path().join("two");
    std::fs::create_dir_all(&folder).unwrap();
    let token = folder.join("token");
    std::fs::write(&token, &backend.token).unwrap();
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
    let source = |name: &str, url: &str| {
        format!(
            "[[source]]\nname = \"{name}\"\nurl = \"{url}\"\ntoken_file = \"{}\"\n",
            token.display()
        )
    };
    let config = folder.join("config.toml");
    let down = source("down", "http://127.0.0.1:9");
    std::fs::write(&config, down + &source("live", &backend.url)).unwrap();
    for (what, told) in [("list", id.as_str()), ("teams", "legal-affairs")] {
        let args = [what, "--config", config.to_str().unwrap()];
        let done = output(backend.home.path(), &args);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(done.stdout), text(done.stderr));
        assert_eq!(done.status.code(), Some(5), "{stderr}");
        assert!(stdout.contains(told), "{stdout}{stderr}");
        assert!(stderr.contains("is missing above"), "{stderr}");
    }
}

#[test]
fn wrong_use_is_2() {
    let backend = Backend::start();
    for args in [
        vec!["advance", "AZ-1"],
        vec!["advance", "AZ-1", "--to", "nowhere"],
        vec!["record", "AZ-1", "aware_at", "2026-11-23T16:49:00"],
        vec!["set", "AZ-1", "colour=red"],
        vec!["board", "--once", "--screen", "nowhere"],
        vec!["board", "--once", "--size", "0x0"],
        vec!["serve", "--store", "mongodb://x"],
        vec!["token", "issue", "--role", "king", "--name", "x"],
    ] {
        let (code, _, stderr) = match args[0] {
            "serve" | "token" => {
                let done = output(backend.home.path(), &args);
                let stderr = String::from_utf8(done.stderr).unwrap();
                (done.status.code().unwrap(), String::new(), stderr)
            }
            _ => backend.run(&args),
        };
        assert_eq!(code, 2, "{args:?}: {stderr}");
    }
}

#[test]
fn json_is_the_api_s_own_body_byte_for_byte() {
    let backend = Backend::start();
    let id = backend
        .done(&["open", "Ünïcödé", "--service", "azure"])
        .trim()
        .to_owned();
    let shown = backend.done(&["show", &id, "--json"]);
    assert!(shown.contains("Ünïcödé"), "{shown}");
    let body: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(body["id"], id);
    let list: serde_json::Value = serde_json::from_str(&backend.done(&["list", "--json"])).unwrap();
    assert_eq!(list["incidents"][0], body);
}

#[test]
fn a_key_makes_a_repeat_safe() {
    let backend = Backend::start();
    let args = [
        "open",
        "Twice",
        "--service",
        "azure",
        "--idempotency-key",
        "k1",
    ];
    assert_eq!(backend.done(&args), backend.done(&args));
    let list: serde_json::Value = serde_json::from_str(&backend.done(&["list", "--json"])).unwrap();
    assert_eq!(list["incidents"].as_array().unwrap().len(), 1);
}

#[test]
fn an_incident_goes_its_whole_way_by_the_command_line() {
    let backend = Backend::start();
    let id = open(&backend);
    let at = "2020-01-01T00:00:00Z";
    backend.done(&[
        "set",
        &id,
        "severity=sev2",
        "classification=confirmed_breach",
        "profile.zone=Europe/Berlin",
    ]);
    backend.done(&["assign", &id, "commander", "d.okafor"]);
    backend.done(&["declare", &id, "--reason", "confirmed"]);
    // No team has a route: the page is on record, and it is said that it woke nobody.
    let (code, paged, warned) = backend.run(&["page", &id, "legal-affairs", "incident-command"]);
    assert!(code == 0 && paged.ends_with("the page FAILED\n"), "{paged}");
    assert!(
        warned.contains(
            "legal-affairs FAILED, no route; incident-command FAILED, no route: nobody was woken"
        ),
        "{warned}"
    );
    let shown: serde_json::Value =
        serde_json::from_str(&backend.done(&["show", &id, "--json"])).unwrap();
    let page = shown["pages"][0]["id"].as_str().unwrap().to_owned();
    let answered = backend.done(&["ack", &page, "--answer", "coming"]);
    assert!(
        answered.contains("answered coming; legal-affairs coming"),
        "{answered}"
    );
    backend.done(&["advance", &id, "--to", "contain"]);
    for milestone in ["contained_at", "eradicated_at"] {
        backend.done(&["record", &id, milestone, at]);
    }
    backend.done(&[
        "not-applicable",
        &id,
        "recovered_at",
        "--reason",
        "nothing was lost",
    ]);
    backend.done(&["advance", &id, "--to", "post"]);
    backend.done(&["undo", &id]);
    backend.done(&["advance", &id, "--to", "post"]);
    backend.done(&[
        "lesson",
        &id,
        "Retire accounts with their people",
        "--owner",
        "k.ono",
    ]);
    let now = chrono_now(&backend, &id);
    backend.done(&[
        "submit",
        &id,
        "ms-72h/customer",
        "ms-dpa/customer",
        "ms-dpa/detail",
        "--at",
        &now,
        "--channel",
        "portal",
    ]);
    backend.done(&["review", &id, "Short and good", "--held-at", &now]);
    backend.done(&["close", &id, "--reason", "reviewed", "--override"]);
    assert!(backend.done(&["timeline", &id]).lines().count() >= 12);
    assert!(!backend.done(&["list", "--all"]).is_empty());
}

/// The backend's own time, as the incident's last change has it.
fn chrono_now(backend: &Backend, id: &str) -> String {
    let shown: serde_json::Value =
        serde_json::from_str(&backend.done(&["show", id, "--json"])).unwrap();
    shown["updated_at"].as_str().unwrap().to_owned()
}

#[test]
fn tokens_are_listed_and_revoked_while_the_server_runs() {
    let backend = Backend::start();
    let store = format!("sqlite:{}", backend.home.path().join("test.db").display());
    let list = output(backend.home.path(), &["token", "list", "--store", &store]);
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(
        list.contains("d.okafor") && list.contains("works") && !list.contains("wb_"),
        "{list}"
    );
    // Whose incidents it reads, whose pages it answers, and when to the minute it ends.
    assert!(
        list.contains("every service") && list.contains("no team") && list.contains(" UTC"),
        "{list}"
    );
    let revoked = output(
        backend.home.path(),
        &["token", "revoke", "d.okafor", "--store", &store],
    );
    assert!(revoked.status.success());
    // It is believed for a second at most.
    let refused = (0..200).any(|_| backend.run(&["list"]).0 == 4);
    assert!(refused);
}

#[test]
fn a_second_server_on_one_store_is_refused() {
    let backend = Backend::start();
    let store = format!("sqlite:{}", backend.home.path().join("test.db").display());
    let second = output(
        backend.home.path(),
        &["serve", "--listen", "127.0.0.1:0", "--store", &store],
    );
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("test.db"), "{said}");
}

#[test]
fn sigterm_drains_a_server_and_ends_it_with_0() {
    let home = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", home.path().join("x.db").display());
    let mut child = warboard(
        home.path(),
        &["serve", "--listen", "127.0.0.1:0", "--store", &store],
    )
    .stderr(std::process::Stdio::piped())
    .spawn()
    .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    assert!(
        lines
            .next()
            .unwrap()
            .unwrap()
            .starts_with("listening on http://127.0.0.1:")
    );
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn every_shell_gets_completions_and_the_manual_names_the_subcommands() {
    let home = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let script = output(home.path(), &["completions", shell]);
        assert!(
            String::from_utf8_lossy(&script.stdout).contains("advance"),
            "{shell}"
        );
    }
    let man = output(home.path(), &["man"]);
    assert!(String::from_utf8_lossy(&man.stdout).contains("demo"));
}

#[test]
fn themes_are_listed_and_checked() {
    let home = tempfile::tempdir().unwrap();
    let list = output(home.path(), &["themes", "list"]);
    assert_eq!(String::from_utf8_lossy(&list.stdout).lines().count(), 5);
    assert!(output(home.path(), &["themes", "check"]).status.success());
    std::fs::write(home.path().join("bad.toml"), "colour = 1\n").unwrap();
    let bad = output(home.path(), &["themes", "check", "bad.toml"]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&bad.stderr).contains("bad.toml"),
        "{bad:?}"
    );
}

#[test]
fn alarms_are_listed_silenced_shelved_and_taken_back() {
    let backend = Backend::start();
    let id = open(&backend);
    backend.done(&["declare", &id, "--at", "2026-01-01T00:00:00Z"]);
    let passed = "ms-72h/customer#passed";
    let shown = |state: &str| {
        let text = backend.done(&["show", &id]);
        let line = text.lines().find(|line| line.contains(passed));
        assert!(
            line.is_some_and(|line| line.contains(state)),
            "{state}\n{text}"
        );
    };
    shown("unacknowledged");
    let said = backend.done(&["silence", &id]);
    assert!(
        said.contains("alarm acknowledged: ms-72h/customer DUE PASSED"),
        "{said}"
    );
    shown("acknowledged by");
    assert_eq!(
        backend.done(&["silence", &id]),
        "",
        "nothing waits any more"
    );
    assert_eq!(backend.run(&["silence", &id, passed]).0, 3);
    assert_eq!(backend.run(&["silence", &id, "no/such#passed"]).0, 3);
    let shelve = [
        "shelve",
        &id,
        passed,
        "--reason",
        "counsel drafts",
        "--until",
    ];
    let far = [&shelve[..], &["2999-01-01T00:00:00Z"]].concat();
    assert_eq!(backend.run(&far).0, 3);
    let soon = chrono::Utc::now() + chrono::TimeDelta::hours(1);
    let soon = soon.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    backend.done(&[&shelve[..], &[soon.as_str()]].concat());
    shown("counsel drafts");
    backend.done(&["unshelve", &id, passed]);
    shown("unacknowledged");
}

#[test]
fn an_admin_breaks_the_glass_from_the_command_line_and_it_is_on_record() {
    let mut backend = Backend::start();
    let id = backend.done(&[
        "open",
        "Insider",
        "--service",
        "azure",
        "--severity",
        "sev1",
    ]);
    let id = id.trim().to_owned();
    backend.done(&["restrict", &id, "l.costa"]);
    let admin = backend.issue("admin", "root");
    let commander = std::mem::replace(&mut backend.token, admin);
    let (code, shown, _) = backend.run(&["show", &id]);
    assert_eq!((code, shown.as_str()), (1, ""));
    backend.done(&["break-glass", &id, "--reason", "nobody on the list answers"]);
    assert!(backend.done(&["show", &id]).contains("Insider"));
    // Those on the list see who it was and why, and the owner's people were called.
    backend.token = commander;
    let timeline = backend.done(&["timeline", &id]);
    let broken = timeline.lines().find(|line| line.contains("GLASS BROKEN"));
    assert!(broken.unwrap().contains("root"), "{timeline}");
    let shown: serde_json::Value =
        serde_json::from_str(&backend.done(&["show", &id, "--json"])).unwrap();
    let glass = &shown["restriction"]["glass"][0];
    assert_eq!(glass["reason"], "nobody on the list answers");
    assert_eq!(shown["pages"][0]["team"], "azure-security-response");
}

#[test]
fn a_lower_tlp_names_who_newly_reads_and_wants_a_yes() {
    let mut backend = Backend::start();
    let id = open(&backend);
    backend.issue("viewer", "wall");
    let tlp = |backend: &Backend| {
        let body = backend.done(&["show", &id, "--json"]);
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        body["tlp"].as_str().unwrap().to_owned()
    };
    // Nobody at a terminal who could be asked: 2, and nothing is done.
    for json in [&[][..], &["--json"]] {
        let asked = [&["set", &id, "tlp=green"], json].concat();
        let (code, stdout, stderr) = backend.run(&asked);
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        assert!(
            stderr.contains("wall") && stderr.contains("viewer") && stderr.contains("--yes"),
            "{stderr}"
        );
        assert_eq!(tlp(&backend), "amber");
    }
    let (code, _, stderr) = backend.run(&["set", &id, "tlp=green", "--yes"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("newly read by 1: wall"), "{stderr}");
    assert_eq!(tlp(&backend), "green");
    // What lets nobody in asks nothing.
    for field in ["tlp=green", "tlp=red", "severity=sev2"] {
        let (code, _, stderr) = backend.run(&["set", &id, field]);
        assert_eq!((code, stderr.as_str()), (0, ""), "{field}");
    }
    backend.token = backend.issue("responder", "low");
    assert_eq!(backend.run(&["set", &id, "tlp=green", "--yes"]).0, 4);
}

#[test]
fn on_a_terminal_a_lower_tlp_is_asked_about() {
    let backend = Backend::start();
    let id = open(&backend);
    backend.issue("viewer", "wall");
    for (answer, tlp) in [("n", "amber"), ("y", "green")] {
        let args = ["set", &id, "tlp=green", "--url", &backend.url];
        let env = [("WARBOARD_TOKEN", backend.token.as_str())];
        let mut terminal = Terminal::start(backend.home.path(), (100, 24), &args, &env);
        let question = format!("Let them read {id}?");
        terminal.until("the question", |seen| {
            seen.contains("wall") && seen.contains(&question)
        });
        terminal.keys(&format!("{answer}\r"));
        let said = match answer {
            "n" => "nothing was set",
            _ => "tlp GREEN",
        };
        terminal.until("what came of it", |seen| seen.contains(said));
        let body = backend.done(&["show", &id, "--json"]);
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["tlp"], tlp);
    }
}

#[test]
fn privileged_notes_are_in_an_export_only_where_they_are_asked_for_and_may_be_read() {
    let mut backend = Backend::start();
    let id = open(&backend);
    backend.done(&["note", &id, "canary advice", "--privileged"]);
    for document in ["sitrep", "handoff", "log", "review"] {
        for json in [&[][..], &["--json"]] {
            let plain = [&["export", document, &id], json].concat();
            let text = backend.done(&plain);
            assert!(
                !text.contains("canary") && !text.contains("PRIVILEGED"),
                "{text}"
            );
        }
    }
    let asked = ["export", "log", &id, "--privileged"];
    let text = backend.done(&asked);
    assert!(text.contains("canary advice"), "{text}");
    assert_eq!(
        text.matches("PRIVILEGED").count(),
        2,
        "at both ends: {text}"
    );
    backend.token = backend.issue("responder", "low");
    let text = backend.done(&asked);
    assert!(
        !text.contains("canary") && !text.contains("PRIVILEGED"),
        "{text}"
    );
}
