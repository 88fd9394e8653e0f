//! Proofs of `[[intake]]`: what it may leave out, and every fault with its line and key.

use super::*;
use crate::connector::alert::{DAMP, NEW_A_MINUTE, Then};
use crate::domain::instant::Instant;
use crate::domain::span::Span;
use crate::domain::word::{Classification, Severity};

const WHOLE: &str = r#"[[intake]]
kind = "alertmanager"
name = "alerts"
token_file = "alerts.token"
token_expires_at = "2027-01-31T18:00:00+01:00"
damp = "20m"
new_a_minute = 5
expect_every = "5m"
[[intake.rule]]
match = ['alertname="Watchdog"']
watchdog = true
[[intake.rule]]
match = ['severity=~"critical|page"', 'env!="test"']
service = "azure"
severity = "sev2"
severity_label = "severity"
severities = { critical = "sev1" }
title = "{groupLabels.alertname}: {commonAnnotations.summary}"
classification = "security_policy_violation"
regimes = ["gdpr-33"]
profile = { zone = "Europe/Berlin" }
exercise = true
[[intake.rule]]
match = []
ignore = true

[[intake]]
kind = "alertmanager"
name = "second"
token_env = "TOKEN"
[[intake.rule]]
match = []
service = "azure"
"#;

fn read(content: &str) -> Result<ServerFile, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.toml");
    std::fs::write(&path, content).unwrap();
    ServerFile::load(Some(&path), &|name| {
        (name == "TOKEN").then(|| "hunter2".to_owned())
    })
}

#[test]
fn intakes_are_read_with_their_rules() {
    let file = read(WHOLE).unwrap();
    let [first, second] = file.intakes.as_slice() else {
        panic!("{:?}", file.intakes);
    };
    assert_eq!((first.name.as_str(), first.new_a_minute), ("alerts", 5));
    assert_eq!(
        (first.damp, first.expect_every),
        (Span::minutes(20), Some(Span::minutes(5)))
    );
    let ends: Instant = "2027-01-31T17:00:00Z".parse().unwrap();
    assert_eq!(
        (first.token_expires_at, second.token_expires_at),
        (Some(ends), None)
    );
    assert!(matches!(first.rules[0].then, Then::Watchdog));
    assert!(matches!(first.rules[2].then, Then::Ignore));
    let Then::Open(opening) = &first.rules[1].then else {
        panic!("{:?}", first.rules[1]);
    };
    assert_eq!(opening.severity, Some(Severity::Sev2));
    assert_eq!(
        opening.severities,
        [("critical".to_owned(), Severity::Sev1)]
    );
    assert_eq!(
        opening.classification,
        Classification::SecurityPolicyViolation
    );
    assert_eq!(opening.profile["zone"], "Europe/Berlin");
    assert!(opening.exercise && opening.title.is_some());
    assert_eq!((second.damp, second.new_a_minute), (DAMP, NEW_A_MINUTE));
    let Then::Open(opening) = &second.rules[0].then else {
        panic!("{:?}", second.rules[0]);
    };
    assert_eq!(opening.classification, Classification::SuspectedBreach);
    assert!(!format!("{second:?}").contains("hunter2"));
}

#[test]
fn every_fault_of_an_intake_is_told_with_its_line() {
    let faults = read(
        "[[connector]]\nkind = \"iris\"\nname = \"x\"\nurl = \"https://i.example\"\ntoken_env = \"TOKEN\"\nservice = \"azure\"\n\
         [[intake]]\nkind = \"grafana\"\nname = \"x\"\ntoken = \"hunter2\"\ndamp = \"soon\"\nnew_a_minute = 0\nodd = 1\n\
         [[intake.rule]]\nmatch = ['=x', 'a=~\"(\"']\nservice = \"blue\"\nseverity = \"high\"\nseverity_label = \"severity\"\ntitle = \"{alertname}\"\nregimes = [\"gdpr-3\"]\n\
         [[intake.rule]]\nmatch = []\nignore = true\nservice = \"azure\"\n\
         [[intake.rule]]\nservice = \"azure\"\n\
         [[intake]]\nkind = \"alertmanager\"\nname = \"a b\"\ntoken_env = \"TOKEN\"\nexpect_every = \"1s\"\n\
         [[intake]]\nkind = \"alertmanager\"\nname = \"x\"\ntoken_env = \"TOKEN\"\n[[intake.rule]]\nmatch = []\nignore = true\n",
    )
    .unwrap_err()
    .to_string();
    assert!(!faults.contains("hunter2"), "{faults}");
    for part in [
        "server.toml:8: `intake.kind`: 'grafana' is not one of: alertmanager",
        "server.toml:10: `intake.token`: a token does not stand in this file",
        "server.toml:11: `intake.damp`: 'soon' is not a length of time",
        "server.toml:12: `intake.new_a_minute`: must be a number from 1 to 600",
        "server.toml:13: `intake.odd`: unknown key",
        "`intake.rule.match`: '=x': '' is no name of a label",
        "server.toml:15: `intake.rule.match`: 'a=~\"(\"': '(' is no expression",
        "server.toml:16: `intake.rule.service`: 'blue' is none of the services",
        "server.toml:17: `intake.rule.severity`",
        "server.toml:18: `intake.rule.severity_label`: needs severities",
        "server.toml:19: `intake.rule.title`: '{alertname}' names nothing",
        "server.toml:20: `intake.rule.regimes`: 'gdpr-3' is not a regime",
        "server.toml:24: `intake.rule.service`: has no use beside ignore",
        "`intake.rule.match`: is missing",
        "`intake.rule.match`: is never reached",
        "`intake.name`: 'a b' is no name here",
        "`intake.expect_every`: must lie between",
        "`intake.expect_every`: needs a rule with watchdog",
        "`intake.rule`: is missing",
        "`intake.name`: another intake or connector is called 'x' too",
    ] {
        assert!(faults.contains(part), "{part}:\n{faults}");
    }
}

#[test]
fn the_end_of_an_intakes_token_is_an_instant_that_nobody_can_read_in_two_ways() {
    let ends = |value: &str| {
        read(&format!(
            "[[intake]]\nkind = \"alertmanager\"\nname = \"x\"\ntoken_env = \"TOKEN\"\ntoken_expires_at = {value}\n[[intake.rule]]\nmatch = []\nignore = true\n"
        ))
    };
    let day: Instant = "2027-01-31T00:00:00Z".parse().unwrap();
    let file = ends("\"2027-01-31\"").unwrap();
    assert_eq!(file.intakes[0].token_expires_at, Some(day));
    for value in [
        "\"2027-01\"",
        "\"2027-01-31T17:00:00\"",
        "\"90d\"",
        "\"31.01.2027\"",
    ] {
        let told = ends(value).unwrap_err().to_string();
        let line = "server.toml:5: `intake.token_expires_at`: ";
        assert!(
            told.contains(line) && told.contains("is no instant"),
            "{told}"
        );
    }
    let told = ends("2027-01-31T17:00:00Z").unwrap_err().to_string();
    assert!(told.contains("in quotes"), "{told}");
}
