//! Clocks through the command line: worked cases, what-ifs, the present, refusals. Files of one's own stand in `regimes`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::program::output;

/// A file of the project's own.
pub fn fixture(name: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name);
    path.to_str().unwrap().to_owned()
}

/// Runs the program in an empty home: exit code, and what it printed to either stream.
pub fn run(args: &[&str]) -> (i32, String, String) {
    let home = tempfile::tempdir().unwrap();
    run_in(home.path(), args)
}

pub fn run_in(home: &Path, args: &[&str]) -> (i32, String, String) {
    let done = output(home, args);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        done.status.code().unwrap(),
        text(done.stdout),
        text(done.stderr),
    )
}

pub fn json_of(args: &[&str]) -> Value {
    let (code, stdout, stderr) = run(args);
    assert_eq!(code, 0, "{args:?}: {stderr}");
    serde_json::from_str(&stdout).unwrap()
}

/// The text with single blanks: how wide a column is does not matter here.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every stage that a case speaks of, compared with what was worked by hand; gives how many there were.
fn agree(file: &str, answer: &Value) -> usize {
    let cases: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let (cases, results) = (
        cases["cases"].as_array().unwrap(),
        answer["results"].as_array().unwrap(),
    );
    assert_eq!(cases.len(), results.len());
    let (mut checked, mut wrong) = (0, Vec::new());
    for (case, result) in cases.iter().zip(results) {
        assert_eq!(case["id"], result["id"]);
        for (stage, expected) in case["expect"].as_object().unwrap() {
            checked += 1;
            for key in ["status", "due_utc", "limit_utc", "trigger", "outcome"] {
                let got = &result["stages"][stage][key];
                if *got != expected[key] {
                    wrong.push(format!(
                        "{} {stage} {key}: {got}, worked {}",
                        case["id"], expected[key]
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    checked
}

#[test]
fn a_case_of_each_kind_comes_out_as_it_was_worked_by_hand() {
    let (cases, regimes) = (fixture("cases.json"), fixture("regimes.toml"));
    let answer = json_of(&["clocks", "eval", "--cases", &cases, "--regimes", &regimes]);
    assert_eq!(agree(&cases, &answer), 21);
    let has_state = answer["results"].as_array().unwrap().iter().any(|result| {
        result["stages"]
            .as_object()
            .unwrap()
            .values()
            .any(|stage| stage["state"] != Value::Null)
    });
    assert!(!has_state, "without a present there is no state");
}

#[test]
fn the_71_published_cases_agree() {
    // They stand beside the project where it is built; elsewhere the cases above have to do.
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/clocks/cases.json");
    if !Path::new(file).exists() {
        return;
    }
    let answer = json_of(&["clocks", "eval", "--cases", file]);
    assert_eq!(answer["results"].as_array().unwrap().len(), 71);
    assert!(agree(file, &answer) > 90);
}

#[test]
fn with_a_present_the_state_is_told_beside_the_clock_s_own_word() {
    let home = tempfile::tempdir().unwrap();
    let case = |id: &str, sent: Value| {
        json!({"id": id, "regime": "gdpr-33", "profile": {"zone": "Europe/Berlin"},
            "triggers": {"aware_at": "2026-06-01T07:15:00Z"}, "submitted": sent})
    };
    let file = json!({"cases": [case("open", json!({})), case("sent", json!({"authority": "2026-06-03T00:00:00Z"}))]});
    std::fs::write(home.path().join("c.json"), file.to_string()).unwrap();
    for (now, open) in [
        ("2026-06-04T07:15:00Z", "running"),
        ("2026-06-04T07:15:01Z", "past_due"),
        ("2026-06-04T08:00:00Z", "past_due"),
        ("2026-06-04T08:00:01Z", "overdue"),
    ] {
        let (code, stdout, _) = run_in(
            home.path(),
            &["clocks", "eval", "--cases", "c.json", "--now", now],
        );
        assert_eq!(code, 0);
        let answer: Value = serde_json::from_str(&stdout).unwrap();
        let authority = |place: usize| answer["results"][place]["stages"]["authority"].clone();
        assert_eq!(authority(0)["state"], open, "{now}");
        assert_eq!(authority(0)["status"], "running");
        assert_eq!(
            (&authority(1)["state"], &authority(1)["outcome"]),
            (&json!("met"), &json!("on_time"))
        );
    }
    // The present lies before the trigger: that case is refused by name, the others are answered.
    let early = [
        "clocks",
        "eval",
        "--cases",
        "c.json",
        "--now",
        "2026-06-01T07:00:00Z",
    ];
    let (code, stdout, stderr) = run_in(home.path(), &early);
    assert_eq!(code, 1);
    assert!(
        stderr.contains("open: aware_at lies in the future"),
        "{stderr}"
    );
    assert!(stdout.contains("\"refused\""), "{stdout}");
}

#[test]
fn a_case_that_may_not_be_counted_is_named_and_the_rest_is_answered() {
    let home = tempfile::tempdir().unwrap();
    let cases = json!({"cases": [
        {"id": "Ä1", "regime": "ms-72h", "triggers": {"declared_at": "2026-06-01T07:15:00"}},
        {"id": "B2", "regime": "no-such", "triggers": {}},
        {"id": "C3", "regime": "ms-72h", "triggers": {"declared_at": "2026-06-01T07:15:00Z"}},
    ]});
    std::fs::write(home.path().join("c.json"), cases.to_string()).unwrap();
    let (code, stdout, stderr) = run_in(home.path(), &["clocks", "eval", "--cases", "c.json"]);
    assert_eq!(code, 1);
    assert!(
        stderr.contains("c.json: Ä1: declared_at: '2026-06-01T07:15:00' is not an instant"),
        "{stderr}"
    );
    assert!(stderr.contains("B2: 'no-such' is not a regime"), "{stderr}");
    assert!(
        stdout.contains("\"Ä1\""),
        "into a pipe, byte for byte: {stdout}"
    );
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        answer["results"][2]["stages"]["customer"]["due_utc"],
        "2026-06-04T07:15:00Z"
    );

    std::fs::write(home.path().join("bad.json"), "{\n \"cases\": [\n  {]\n}").unwrap();
    let (code, stdout, stderr) = run_in(home.path(), &["clocks", "eval", "--cases", "bad.json"]);
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert!(stderr.contains("bad.json:3:"), "{stderr}");
    let (code, _, stderr) = run_in(home.path(), &["clocks", "eval", "--cases", "none.json"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("cannot read none.json"), "{stderr}");
}

#[test]
fn a_what_if_tells_due_outer_reading_arithmetic_and_source() {
    let (code, told, stderr) = run(&[
        "clocks",
        "eval",
        "--regime",
        "sec-8k-105",
        "--trigger",
        "materiality_determined_at=2026-11-23T21:00:00-05:00",
        "--now",
        "2026-11-24T12:00:00Z",
    ]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let told = squeezed(&told);
    for part in [
        "form_8k: running, 6 d 10 h 30 min left",
        "DUE Mon 30 Nov 2026 17:30:00 EST (America/New_York), 2026-11-30T22:30:00Z",
        "skipped Thu 26 Nov 2026: Thanksgiving Day",
        "day Mon 30 Nov 2026: day 4",
        "amendment: waiting for further_info_at",
        "17 CFR 249.308",
        "confidence located",
        "verified Mon 23 Nov 2026, 1 day ago",
        "not legal advice",
    ] {
        assert!(told.contains(part), "{part} is missing:\n{told}");
    }
    let (_, told, _) = run(&[
        "clocks",
        "eval",
        "--regime",
        "gdpr-33",
        "--trigger",
        "aware_at=2026-03-27T16:20:00+01:00",
        "--zone",
        "Europe/Berlin",
        "--now",
        "2026-03-30T15:30:00Z",
    ]);
    let told = squeezed(&told);
    assert!(
        told.contains("authority: past due for 10 min, 30 min left by the outer reading"),
        "{told}"
    );
    assert!(
        told.contains("outer Mon 30 Mar 2026 18:00:00 CEST"),
        "{told}"
    );
}

#[test]
fn a_stage_without_a_number_gets_none() {
    let args = [
        "clocks",
        "eval",
        "--regime",
        "ms-dpa",
        "--trigger",
        "aware_at=2026-03-27T16:20:00Z",
    ];
    let (code, told, _) = run(&args);
    assert_eq!(code, 0);
    assert!(told.contains("customer: no fixed limit"), "{told}");
    assert!(
        told.contains("\"promptly and without undue delay\""),
        "{told}"
    );
    assert!(
        told.contains("no number: the text has none") && !told.contains(" left"),
        "{told}"
    );
    let answer = json_of(&[&args[..], &["--json"]].concat());
    for stage in answer["stages"].as_object().unwrap().values() {
        assert_eq!(
            (&stage["status"], &stage["due_utc"]),
            (&json!("no_fixed_limit"), &Value::Null)
        );
    }
}

#[test]
fn what_is_disabled_says_verify_before_use() {
    let args = [
        "clocks",
        "eval",
        "--regime",
        "contract-bd",
        "--trigger",
        "aware_at=2026-01-23T12:00:00Z",
        "--zone",
        "Europe/London",
        "--calendar",
        "gb-eng",
    ];
    let (code, told, _) = run(&args);
    assert_eq!(code, 0);
    assert!(told.contains("DISABLED: verify before use"), "{told}");
    assert_eq!(
        json_of(&[&args[..], &["--json"]].concat())["stages"]["bd1"]["enabled"],
        false
    );
}

#[test]
fn submissions_holds_and_facts_count() {
    let base = [
        "clocks",
        "eval",
        "--regime",
        "hipaa",
        "--trigger",
        "discovered_at=2026-03-01T22:00:00-05:00",
        "--zone",
        "America/New_York",
        "--now",
        "2026-05-10T00:00:00Z",
        "--json",
        "--fact",
        "affected.individuals=120",
    ];
    let held = json_of(
        &[
            &base[..],
            &["--hold", "individuals=written,2026-04-01,2026-06-15"],
        ]
        .concat(),
    );
    let individuals = &held["stages"]["individuals"];
    assert_eq!(
        (&individuals["state"], &individuals["due_utc"]),
        (&json!("held"), &json!("2026-06-16T03:59:59Z"))
    );
    assert_eq!(held["stages"]["hhs_500"]["state"], "not_required");
    let sent = json_of(
        &[
            &base[..],
            &["--submitted", "individuals=2026-05-02T00:00:00Z"],
        ]
        .concat(),
    );
    let individuals = &sent["stages"]["individuals"];
    assert_eq!(
        (&individuals["state"], &individuals["outcome"]),
        (&json!("met"), &json!("late"))
    );
    let chained = json_of(&[
        "clocks",
        "eval",
        "--regime",
        "dora-19",
        "--zone",
        "Europe/Berlin",
        "--calendar",
        "de-national",
        "--trigger",
        "aware_at=2026-01-10T08:00:00Z",
        "classified_major_at=2026-01-10T10:00:00Z",
        "--submitted",
        "initial=2026-01-10T12:00:00Z",
        "intermediate=2026-01-13T11:00:00Z",
        "--now",
        "2026-01-14T00:00:00Z",
        "--json",
    ]);
    assert_eq!(
        chained["stages"]["final"]["due_utc"],
        "2026-02-13T22:59:59Z"
    );
}

#[test]
fn what_may_not_be_counted_is_wrong_use_and_says_why() {
    let refused = |more: &[&str], said: &str| {
        let base = [
            "clocks",
            "eval",
            "--now",
            "2026-06-10T00:00:00Z",
            "--regime",
            "dora-19",
        ];
        let (code, stdout, stderr) = run(&[&base[..], more].concat());
        assert_eq!((code, stdout.as_str()), (2, ""), "{more:?}: {stderr}");
        assert!(stderr.contains(said), "{said} is missing: {stderr}");
    };
    refused(
        &["--trigger", "aware_at=2026-06-01T10:00:00"],
        "is not an instant",
    );
    refused(
        &["--trigger", "aware_at=2026-06-10T00:05:01Z"],
        "aware_at lies in the future",
    );
    refused(
        &[
            "--trigger",
            "aware_at=2026-06-02T00:00:00Z",
            "--trigger",
            "classified_major_at=2026-06-01T00:00:00Z",
        ],
        "classified_major_at is 2026-06-01T00:00:00Z, before aware_at",
    );
    refused(
        &[
            "--trigger",
            "aware_at=2026-06-02T00:00:00Z",
            "--submitted",
            "initial=2026-06-01T00:00:00Z",
        ],
        "the submission of initial is 2026-06-01T00:00:00Z, before its trigger aware_at",
    );
    refused(
        &["--hold", "initial=written,2026-06-02,2026-06-01"],
        "hold ends",
    );
    refused(
        &["--hold", "nowhere=written,,"],
        "initial, intermediate, final, clients",
    );
    refused(
        &["--trigger", "awre_at=2026-06-01T10:00:00Z"],
        "near: aware_at",
    );
    refused(&["--trigger", "aware_at"], "no KEY=VALUE");
    refused(
        &[
            "--trigger",
            "aware_at=2026-06-01T10:00:00Z",
            "aware_at=2026-06-02T10:00:00Z",
        ],
        "given twice",
    );
    refused(
        &["--zone", "Europe/Lodnon"],
        "'Europe/Lodnon' is not a zone",
    );
    refused(&["--calendar", "gb"], "near: gb-eng");
    refused(&["--nonsense"], "--nonsense");
    for args in [
        &["clocks", "eval"][..],
        &["clocks", "eval", "--cases", "x", "--regime", "gdpr-33"],
        &["clocks", "eval", "--regime", "gdpr-33", "--now", "today"],
    ] {
        assert_eq!(run(args).0, 2, "{args:?}");
    }
    let (code, _, stderr) = run(&["clocks", "eval", "--regime", "gdpr"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("near: gdpr-33"), "{stderr}");
}

#[test]
fn a_text_that_was_read_after_the_instant_asked_about_was_not_read_that_day() {
    let now = "2026-11-20T12:00:00Z";
    let (code, told, _) = run(&["clocks", "eval", "--regime", "sec-8k-105", "--now", now]);
    assert_eq!(code, 0, "{told}");
    let told = squeezed(&told);
    assert!(
        told.contains("verified Mon 23 Nov 2026, after the instant that is counted as of"),
        "{told}"
    );
}
