//! Connectors through the command line: what is listed, what a check shows of a vendor's incidents, and how faults are told.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::program::output;

/// A vendor that gives one answer to everything, and notes what it was asked.
fn vendor(status: u16, body: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    answering(move |_| (status, body.to_owned()))
}

/// A vendor that answers each request line as it is told, and notes them.
pub fn answering(
    answer: impl Fn(&str) -> (u16, String) + Send + 'static,
) -> (String, Arc<Mutex<Vec<String>>>) {
    answering_bodies(move |line, _| answer(line))
}

/// The same, told the body too.
pub fn answering_bodies(
    answer: impl Fn(&str, &str) -> (u16, String) + Send + 'static,
) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noting = asked.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut head = Vec::new();
            let mut part = [0; 4096];
            while !head.windows(4).any(|four| four == b"\r\n\r\n") {
                match stream.read(&mut part) {
                    Ok(n) if n > 0 => head.extend_from_slice(&part[..n]),
                    _ => break,
                }
            }
            let text = String::from_utf8_lossy(&head).into_owned();
            let (text, begun) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
            let line = text.lines().next().unwrap_or_default().to_owned();
            let length = text.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                let of_body = name.eq_ignore_ascii_case("content-length");
                of_body.then(|| value.parse::<usize>().ok())?
            });
            let mut rest = vec![0; length.unwrap_or(0).saturating_sub(begun.len())];
            let _ = stream.read_exact(&mut rest);
            let body = format!("{begun}{}", String::from_utf8_lossy(&rest));
            let (status, body) = answer(&line, &body);
            noting.lock().unwrap().push(line);
            let answer = format!(
                "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (url, asked)
}

/// A home with a backend's file and a token.
fn home(file: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("server.toml"), file).unwrap();
    let token = home.path().join("iris.token");
    std::fs::write(&token, "hunter2\n").unwrap();
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
    home
}

fn run(home: &Path, args: &[&str]) -> (i32, String, String) {
    let args: Vec<&str> = args
        .iter()
        .copied()
        .chain(["--config", "server.toml"])
        .collect();
    let done = output(home, &args);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        done.status.code().unwrap(),
        text(done.stdout),
        text(done.stderr),
    )
}

fn iris(url: &str) -> String {
    format!(
        "[[connector]]\nkind = \"iris\"\nname = \"cases\"\nurl = \"{url}\"\ntoken_file = \"iris.token\"\nservice = \"azure\"\n"
    )
}

const CASES: &str = r#"{"status":"success","data":{"total":3,"next_page":null,"cases":[
{"case_id":7,"name":"Mailbox rules \u001b[31m","state":{"state_name":"Eradication"},"severity":{"severity_name":"Critical"},"initial_date":"2026-01-23T20:42:29.8"},
{"case_id":6,"name":"Odd","state":{"state_name":"Quarantine"},"severity":null,"initial_date":null},
{"case_id":5,"name":"Done","state":{"state_name":"Closed"}}]}}"#;

#[test]
fn a_check_shows_how_each_incident_would_land_and_writes_nothing() {
    let (url, asked) = vendor(200, CASES);
    let home = home(&iris(&url));
    let (code, out, err) = run(home.path(), &["connector", "check", "cases"]);
    assert_eq!(code, 0, "{out}{err}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 2, "{out}");
    for part in [
        "7",
        "Eradication",
        "azure",
        "sev1",
        "containment_eradication_and_recovery",
        "Mailbox rules",
    ] {
        assert!(lines[0].contains(part), "{part}: {out}");
    }
    assert!(!out.contains('\u{1b}'));
    for part in [
        "6: the status 'Quarantine' means no phase",
        "6: it does not say when it began",
        "2 open incidents; nothing was written",
    ] {
        assert!(err.contains(part), "{part}: {err}");
    }
    let asked = asked.lock().unwrap();
    assert!(
        asked.len() == 1 && asked[0].starts_with("GET /manage/cases/filter?"),
        "{asked:?}"
    );
}

#[test]
fn a_list_says_what_each_can_do() {
    let file = format!(
        "{}[[connector]]\nkind = \"pagerduty\"\nname = \"pd\"\ntoken_env = \"PD_TOKEN\"\nservice = \"azure\"\n\
         [[connector]]\nkind = \"incidentio\"\nname = \"io\"\ntoken_env = \"IO_TOKEN\"\nservice = \"azure\"\nservice_field = \"Team\"\n\
         [[connector]]\nkind = \"thehive\"\nname = \"hive\"\nurl = \"https://hive.example\"\ntoken_env = \"HIVE_TOKEN\"\nservice = \"azure\"\n\
         organisation = \"blue\"\nservice_field = \"unit\"\nproxy = \"http://proxy.example:3128\"\n",
        iris("https://iris.example")
    );
    let (code, out, err) = run(home(&file).path(), &["connector", "list"]);
    assert_eq!(code, 0, "{out}{err}");
    for part in [
        "cases",
        "DFIR-IRIS",
        "https://iris.example",
        "has phases",
        "pages by team routes",
        "pd",
        "https://api.pagerduty.com",
        "token in PD_TOKEN",
        "phases by status",
        "incident.io",
        "https://api.incident.io",
        "pages, safe to repeat",
        "TheHive",
        "asks what changed",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let (code, out, err) = run(home("").path(), &["connector", "list"]);
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(err.contains("[[connector]]"), "{err}");
}

const INTAKE: &str = "[[intake]]\nkind = \"alertmanager\"\nname = \"alerts\"\ntoken_file = \"iris.token\"\n\
    [[intake.rule]]\nmatch = ['severity=\"critical\"']\nservice = \"azure\"\nseverity = \"sev2\"\n";
const GROUP: &str = include_str!("../fixtures/alertmanager/webhook.json");

#[test]
fn an_intake_is_listed_and_its_check_shows_how_a_sample_would_land() {
    let home = home(INTAKE);
    std::fs::write(home.path().join("group.json"), GROUP).unwrap();
    std::fs::write(
        home.path().join("other.json"),
        GROUP.replace("critical", "info"),
    )
    .unwrap();
    std::fs::write(
        home.path().join("broken.json"),
        GROUP.replace("firing", "odd"),
    )
    .unwrap();
    let (code, out, err) = run(home.path(), &["connector", "list"]);
    assert_eq!(code, 0, "{out}{err}");
    for part in [
        "alerts",
        "Alertmanager",
        "POST /v1/intake/alerts",
        "iris.token",
        "opens by rule (1)",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    for (args, code, told) in [
        (&["alerts"][..], 0, "nothing to fetch"),
        (
            &["alerts", "--sample", "group.json"],
            0,
            "nothing was written",
        ),
        (&["alerts", "--sample", "other.json"], 0, "no rule fits"),
        (
            &["alerts", "--sample", "broken.json"],
            1,
            "'status': unknown variant",
        ),
        (&["alerts", "--sample", "none.json"], 1, "cannot be read"),
        (
            &["cases", "--sample", "group.json"],
            2,
            "--sample is for an intake",
        ),
        (&["cases"], 2, "there are: alerts"),
    ] {
        let args: Vec<&str> = ["connector", "check"].iter().chain(args).copied().collect();
        let (got, out, err) = run(home.path(), &args);
        assert_eq!(got, code, "{args:?}\n{out}{err}");
        assert!(err.contains(told), "{told}: {err}");
        if told == "nothing was written" {
            for part in ["rule 1", "azure", "sev2", "NodeDown: down"] {
                assert!(out.contains(part), "{part}: {out}");
            }
        }
    }
    let args = ["connector", "check", "alerts", "--json", "--sample"];
    let told = |sample: &str| -> Value {
        let args: Vec<&str> = args.iter().copied().chain([sample]).collect();
        serde_json::from_str(&run(home.path(), &args).1).unwrap()
    };
    let landed = told("group.json");
    let landed = (&landed["incidents"][0], &landed["cut"]);
    assert_eq!(landed.0["service"], "azure", "{landed:?}");
    assert_eq!(
        (&landed.0["refused"], landed.1),
        (&Value::Null, &Value::Null)
    );
    let cut = &told("other.json")["cut"];
    assert!(cut.as_str().unwrap().contains("no rule fits"), "{cut}");
    std::fs::remove_file(home.path().join("iris.token")).unwrap();
    let (code, _, err) = run(home.path(), &["connector", "check", "alerts"]);
    assert!(code == 4 && err.contains("iris.token"), "{err}");
}

#[test]
fn list_and_check_tell_a_program_the_same_as_json() {
    let (url, _) = vendor(200, CASES);
    let home = home(&iris(&url));
    let (code, out, err) = run(home.path(), &["connector", "check", "cases", "--json"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let body: serde_json::Value = serde_json::from_str(&out).unwrap();
    let first = &body["incidents"][0];
    assert_eq!(
        (&first["key"], &first["severity"], &first["phase"]),
        (
            &"7".into(),
            &"sev1".into(),
            &"containment_eradication_and_recovery".into()
        )
    );
    assert_eq!(first["refused"], serde_json::Value::Null);
    let unplaced = body["incidents"][1]["unplaced"][0].as_str().unwrap();
    assert!(unplaced.contains("Quarantine"), "{unplaced}");
    assert_eq!(body["complete"], true);
    let (code, out, _) = run(home.path(), &["connector", "list", "--json"]);
    let body: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &body["connectors"][0]["kind"]), (0, &"iris".into()));
    assert!(!out.contains("hunter2"));
    let empty = self::home("");
    let (code, out, _) = run(empty.path(), &["connector", "list", "--json"]);
    assert_eq!((code, out.trim()), (0, r#"{"connectors":[]}"#));
}

#[test]
fn what_is_wrong_with_a_connector_chooses_the_exit_code() {
    let refusing = vendor(
        401,
        r#"{"status":"error","message":"Authentication required","data":[]}"#,
    )
    .0;
    let html = vendor(200, "<html>hunter2</html>").0;
    for (file, name, code, told) in [
        (iris(&refusing), "cases", 4, "Authentication required"),
        (iris(&html), "cases", 5, "no JSON"),
        (iris("http://127.0.0.1:1"), "cases", 5, "refuses"),
        (iris("https://iris.example"), "case", 2, "there are: cases"),
        (iris("http://iris.example"), "cases", 2, "in the clear"),
        (
            iris(&html).replace("iris.token", "none.token"),
            "cases",
            4,
            "none.token",
        ),
        (
            iris(&html).replace("\"azure\"", "\"blue\""),
            "cases",
            2,
            "server.toml:6: `connector.service`",
        ),
        (
            format!("{}organisation = \"blue\"\n", iris(&html)),
            "cases",
            2,
            "is for thehive; iris has no use for it",
        ),
        (
            format!("{}proxy = \"http://a:b@proxy.example\"\n", iris(&html)),
            "cases",
            2,
            "a user or password in it",
        ),
        (
            iris(&html).replace("token_file", "token"),
            "cases",
            2,
            "does not stand in this file",
        ),
    ] {
        let (got, out, err) = run(home(&file).path(), &["connector", "check", name]);
        assert_eq!(got, code, "{file}\n{out}{err}");
        assert!(
            err.contains(told) && !err.contains("hunter2"),
            "{told}: {err}"
        );
    }
}
