//! Proofs of the import: every record that is read can be put on record by the domain, and says no more than it did.

mod field;

use serde_json::{Value, json};

use super::*;
use crate::domain::caller::Caller;
use crate::domain::command::open::Allotted;
use crate::domain::command::{Context, decide, open};
use crate::domain::directory::Directory;
use crate::domain::duty::Rules;
use crate::domain::event::Event;
use crate::domain::incident::{Incident, Stamp};
use crate::domain::word::{Ended, Phase, Role, Via};

fn options(closed: bool) -> Options {
    Options {
        service: "azure".to_owned(),
        closed,
        now: "2026-11-23T10:00:00Z".parse().unwrap(),
    }
}

fn one(record: &Value) -> Imported {
    one_as(record, false)
}

fn one_as(record: &Value, closed: bool) -> Imported {
    let bytes = serde_json::to_vec(record).unwrap();
    let read = read("x.json", &bytes, &options(closed));
    assert_eq!(read.faults, []);
    read.incidents.into_iter().next().unwrap()
}

/// The same after its way through a request's body.
fn sent<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    let body = serde_json::to_string(value).unwrap();
    assert!(body.len() < crate::wire::BODY_LIMIT);
    serde_json::from_str(&body).unwrap()
}

/// Puts it on record as a backend would.
fn filed(imported: &Imported) -> Incident {
    let (directory, rules, caller) = (
        Directory::default(),
        Rules::built_in().unwrap(),
        Caller::new("d.okafor", Role::Commander),
    );
    let now = options(false).now;
    let context = Context {
        now,
        caller: &caller,
        via: Via::Import,
        directory: &directory,
        rules: &rules,
        random: 1,
    };
    let mut stamp = Stamp {
        version: 1,
        at: now,
        by: caller.name.clone(),
        via: Via::Import,
    };
    let allotted = Allotted {
        id: "AZ-1".to_owned(),
        codename: "COPPER HERON".to_owned(),
    };
    let told = |what: &str| format!("{}: {what}", imported.key);
    let events = open::decide(&sent(&imported.open), &allotted, &context)
        .unwrap_or_else(|refusal| panic!("{}", told(&refusal.detail)));
    let Some(Event::Opened(opened)) = events.first() else {
        panic!("{}", told("is not opened"));
    };
    let mut incident = Incident::opened(opened, &stamp);
    for event in events.iter().skip(1) {
        incident.apply(event, &stamp);
    }
    for command in &imported.then {
        stamp.version += 1;
        let events = decide(&incident, &sent(command), &context)
            .unwrap_or_else(|refusal| panic!("{}", told(&refusal.detail)));
        for event in &events {
            incident.apply(event, &stamp);
        }
    }
    incident
}

fn notes(imported: &Imported) -> String {
    let texts = imported.then.iter().filter_map(|command| match command {
        Command::Note(note) => Some(note.text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

#[test]
fn objects_lists_and_lines_are_read_alike() {
    let (a, b) = (r#"{"incident_id": "a"}"#, r#"{"incident_id": "b"}"#);
    for (content, keys) in [
        (a.to_owned(), &["a"][..]),
        (format!("\u{feff}{a}\n"), &["a"]),
        ("{\n  \"incident_id\":\n    \"a\"\n}\n".to_owned(), &["a"]),
        (format!("[{a}, {b}]"), &["a", "b"]),
        (format!("\n[\n  {a},\n  {b}\n]\n"), &["a", "b"]),
        (format!("{a}\n{b}\n"), &["a", "b"]),
        (format!("\u{feff}\n{a}\r\n\r\n   \n{b}"), &["a", "b"]),
        ("[]".to_owned(), &[]),
        (
            r#"[{"incident_id": "a", "x": "],[{\"\\"}, {"incident_id": "b"}]"#.to_owned(),
            &["a", "b"],
        ),
    ] {
        let read = read("x.json", content.as_bytes(), &options(false));
        let found: Vec<&str> = read.incidents.iter().map(|i| i.key.as_str()).collect();
        assert_eq!(
            (found.as_slice(), &read.faults[..]),
            (keys, &[][..]),
            "{content}"
        );
    }
}

#[test]
fn a_bad_record_is_named_with_its_line_and_the_good_ones_go_in() {
    let ok = |id: &str| format!(r#"{{"incident_id": "{id}"}}"#);
    for (content, keys, faults) in [
        (
            format!(
                "{}\n{{\"incident_id\": \"x\",\n[1]\n\"text\"\n{{}}\n{}\n",
                ok("a"),
                ok("b")
            ),
            &["a", "b"][..],
            &[
                "v.json:2: is no JSON at column 20: EOF while parsing a value",
                "v.json:3: is a list, not an object: each record is one JSON object",
                "v.json:4: is a text, not an object: each record is one JSON object",
                "v.json:5: has no incident_id; without one a second import would not know it again",
            ][..],
        ),
        (
            format!("[1]\n{}\n{{bad\n", ok("a")),
            &["a"],
            &[
                "v.json:1: is a list, not an object: each record is one JSON object",
                "v.json:3: is no JSON at column 2: key must be a string",
            ],
        ),
        (
            format!(
                "[\n{},\n{{\"incident_id\": nonsense}},\n7,\n{}\n]",
                ok("a"),
                ok("b")
            ),
            &["a", "b"],
            &[
                "v.json:3: is no JSON at column 18: expected ident",
                "v.json:4: is a number, not an object: each record is one JSON object",
            ],
        ),
        (
            format!("[{},\n{},\n{{\"incident_id\": \"c", ok("a"), ok("b")),
            &["a", "b"],
            &[
                "v.json:3: is no JSON at column 18: EOF while parsing a string",
                "v.json:3: the list that begins the file is not closed: the file is cut off here, or a record before is broken",
            ],
        ),
        (
            format!("{}\n{}\n", ok("a"), ok("a")),
            &["a"],
            &["v.json:2: has the incident_id of the record on line 1; only that one is taken"],
        ),
        (
            "{\n  \"incident_id\": \"a\",\n  \"summary\": oops\n}\n".to_owned(),
            &[],
            &["v.json:3: is no JSON at column 14: expected value"],
        ),
        (
            "{\"incident_id\": \"a\\u0000b\"}\n{\"incident_id\": [1]}\n{\"incident_id\": \"  \"}"
                .to_owned(),
            &[],
            &[
                "v.json:1: has an incident_id with a NUL or with more than 300 characters",
                "v.json:2: has an incident_id that is a list",
                "v.json:3: has no incident_id; without one a second import would not know it again",
            ],
        ),
        (
            " \n".to_owned(),
            &[],
            &["v.json:1: the file holds no record"],
        ),
        (
            "[],\n{}".to_owned(),
            &[],
            &["v.json:1: the list ends here, and something comes after it"],
        ),
    ] {
        let read = read("v.json", content.as_bytes(), &options(false));
        let found: Vec<&str> = read.incidents.iter().map(|i| i.key.as_str()).collect();
        let told: Vec<String> = read.faults.iter().map(ToString::to_string).collect();
        assert_eq!(found, keys, "{content}\n{told:?}");
        assert_eq!(told, faults, "{content}");
    }
    let bytes = b"{\"incident_id\": \"a\"}\n{\"incident_id\": \"\xff\"}\n";
    let read = read("v.json", bytes, &options(false));
    assert_eq!((read.incidents.len(), read.faults.len()), (1, 1));
    assert_eq!(read.faults[0].line, 2);
    assert_eq!(
        super::read("v.json", b"\xff\xfe{\0", &options(false)).faults[0].why,
        "the file is UTF-16; save it as UTF-8"
    );
}

#[test]
fn huge_and_hostile_texts_go_in_whole() {
    let nul = "a\0b \u{1b}[31m \u{202e}".repeat(3_000);
    let long = "Ünicode \"quoted\" \\ text. ".repeat(2_000);
    let record = json!({
        "incident_id": "x",
        "summary": nul,
        "notes": long,
        "odd \u{0} key": {"": [[1], {"deep": null}]},
        "victim": {"victim_id": "\u{0}", "country": ["US", "\u{0}", 7, "Unknown"]},
    });
    let imported = one(&record);
    let incident = filed(&imported);
    let summary = incident.summary.as_deref().unwrap();
    assert!(summary.starts_with("a\u{2400}b") && summary.ends_with('\u{2026}'));
    assert_eq!(summary.chars().count(), 20_000);
    assert!(incident.title.chars().count() <= 300 && !incident.title.contains('\0'));
    let notes = notes(&imported);
    assert!(notes.contains("holds a NUL character") && notes.contains("and was cut"));
    assert!(
        notes.contains(r#"["odd \u0000 key"][""][0]: [1]"#),
        "paths of odd keys"
    );
    // The parts, put together, are the texts as received.
    for text in [&nul, &long] {
        let json = Value::from(text.as_str()).to_string();
        let whole: String = notes
            .lines()
            .map(|line| {
                line.split_once(") ").map_or(line, |(mark, rest)| {
                    if mark.starts_with("(part ") {
                        rest
                    } else {
                        line
                    }
                })
            })
            .collect();
        assert!(whole.contains(&json), "{}", &json[..40]);
    }
}

#[test]
fn what_is_placed_nowhere_is_kept_with_its_path() {
    let imported = one(&json!({
        "incident_id": "x",
        "action": {"hacking": {"variety": ["SQLi", "DoS"], "cve": "CVE-2008-4250"}},
        "asset": {"assets": [{"variety": "S - Database", "amount": 2}]},
        "discovery_method": "Ext - customer",
        "summary": "Short.",
        "plus": {"timeline": {"notification": {"year": 2014}}, "empty": {}},
        "schema_version": "1.3.0",
    }));
    assert_eq!(
        notes(&imported),
        "VERIS record x, what has no field here:\n\
         action.hacking.variety: [\"SQLi\",\"DoS\"]\n\
         action.hacking.cve: \"CVE-2008-4250\"\n\
         asset.assets[0].variety: \"S - Database\"\n\
         asset.assets[0].amount: 2\n\
         discovery_method: \"Ext - customer\"\n\
         plus.timeline.notification.year: 2014\n\
         plus.empty: {}\n\
         schema_version: \"1.3.0\""
    );
    assert_eq!(one(&json!({"incident_id": "x"})).then, []);
}

#[test]
fn real_records_land_in_the_phase_they_support() {
    // They stand beside the project where it is built; elsewhere the records above have to do.
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/veris.jsonl");
    if !std::path::Path::new(file).exists() {
        return;
    }
    // One in ten: all of them are brought in by the program itself in another test.
    let all = std::fs::read_to_string(file).unwrap();
    let some: Vec<&str> = all.lines().step_by(10).collect();
    let (bytes, count) = (some.join("\n").into_bytes(), some.len());
    let once = read("veris.jsonl", &bytes, &options(false));
    let again = read("veris.jsonl", &bytes, &options(false));
    assert!(again == once, "the same file gives the same commands");
    for closed in [false, true] {
        let read = read("veris.jsonl", &bytes, &options(closed));
        assert_eq!((read.incidents.len(), &read.faults[..]), (count, &[][..]));
        for imported in &read.incidents {
            let incident = filed(imported);
            match (closed, incident.phase) {
                (true, phase) => {
                    assert_eq!(phase, Phase::PostIncidentActivity);
                    assert_eq!(incident.ended, Some(Ended::Closed));
                }
                (false, Phase::DetectionAndAnalysis | Phase::ContainmentEradicationAndRecovery) => {
                    assert_eq!(incident.ended, None);
                }
                (false, phase) => panic!("{}: {phase}", imported.key),
            }
        }
    }
}
