//! Proofs of how alert groups land: matchers and titles by tables, rules by mixed groups, and bodies that nobody should send.

use super::body::{AlertGroupBody, Labels};
use super::landing::{Fate, Landing, Placed, group, land, name};
use super::matcher::Matcher;
use super::template::Template;
use super::*;
use crate::domain::directory::Directory;
use crate::domain::instant::Instant;
use crate::secret::Place;

const SAMPLE: &str = include_str!("../../../tests/fixtures/alertmanager/webhook.json");

fn now() -> Instant {
    "2026-11-23T20:45:00Z".parse().unwrap()
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn rule(matchers: &[&str], then: Then) -> Rule {
    Rule {
        matchers: matchers.iter().map(|text| text.parse().unwrap()).collect(),
        then,
    }
}

fn opening(service: &str) -> Opening {
    Opening {
        service: service.to_owned(),
        severity: Some(Severity::Sev4),
        severity_label: Some("severity".to_owned()),
        severities: vec![
            ("critical".to_owned(), Severity::Sev1),
            ("warning".to_owned(), Severity::Sev3),
        ],
        title: None,
        classification: Classification::SuspectedBreach,
        regimes: Vec::new(),
        profile: Map::new(),
        exercise: false,
    }
}

fn opens(matchers: &[&str], service: &str) -> Rule {
    rule(matchers, Then::Open(Box::new(opening(service))))
}

fn settings(rules: Vec<Rule>) -> AlertSettings {
    AlertSettings {
        name: "alerts".to_owned(),
        token: Place::Variable {
            name: "TOKEN".to_owned(),
            value: None,
        },
        token_expires_at: None,
        damp: DAMP,
        new_a_minute: NEW_A_MINUTE,
        expect_every: None,
        rules,
    }
}

fn landed(body: &AlertGroupBody, rules: Vec<Rule>) -> Landing {
    land(body, &settings(rules), &Directory::default(), now())
}

fn placed(body: &AlertGroupBody, rules: Vec<Rule>) -> Placed {
    match landed(body, rules).fate {
        Fate::Open(placed) => *placed,
        other => panic!("{other:?}"),
    }
}

/// A firing group with these labels, an alert each.
fn firing(alerts: &[&[(&str, &str)]]) -> AlertGroupBody {
    let mut body: AlertGroupBody = serde_json::from_str(SAMPLE).unwrap();
    let first = body.alerts[0].clone();
    body.alerts = alerts
        .iter()
        .map(|pairs| {
            let mut alert = first.clone();
            alert.labels = labels(pairs);
            alert
        })
        .collect();
    body.common_labels = Labels::new();
    body.group_labels = Labels::new();
    body
}

#[test]
fn matchers_are_read_as_alertmanager_writes_them() {
    let have = labels(&[
        ("severity", "critical"),
        ("path", r"C:\x"),
        ("quote", "a\"b"),
    ]);
    for (text, fits) in [
        (r#"severity="critical""#, true),
        ("severity=critical", true),
        (r#" severity = "critical" "#, true),
        (r#"severity!="critical""#, false),
        (r#"severity=~"crit|page""#, false),
        (r#"severity=~"crit.*|page""#, true),
        (r#"severity!~"warn.*""#, true),
        (r#"team="""#, true),
        (r#"team!="""#, false),
        (r#"team=~".+""#, false),
        (r#"path="C:\\x""#, true),
        (r#"quote="a\"b""#, true),
        (r#"severity=~"^critical$""#, true),
        (r#"severity=~"a)|(?:.*""#, true),
    ] {
        match text.parse::<Matcher>() {
            Ok(matcher) => assert_eq!(matcher.fits(&have), fits, "{text}"),
            Err(why) => assert!(why.contains("no expression"), "{text}: {why}"),
        }
    }
    for text in [
        "severity",
        "=x",
        "1a=x",
        r#"a="x"#,
        r#"a=x""#,
        r#"a="x" b"#,
        r#"a=~"(""#,
        r#"a=~"(?:x{1000}){1000}""#,
        r#"a=~"(.)\1""#,
    ] {
        assert!(text.parse::<Matcher>().is_err(), "{text}");
    }
    let long = format!("a=\"{}\"", "x".repeat(1_000));
    assert!(long.parse::<Matcher>().is_err());
}

#[test]
fn a_group_cannot_break_out_of_the_anchors_of_an_expression() {
    let matcher: Matcher = r#"severity=~"critical|page""#.parse().unwrap();
    for (value, fits) in [
        ("critical", true),
        ("page", true),
        ("not critical", false),
        ("critical\nx", false),
        ("critical\n", false),
        ("pages", false),
    ] {
        assert_eq!(
            matcher.fits(&labels(&[("severity", value)])),
            fits,
            "{value:?}"
        );
    }
}

#[test]
fn titles_are_plain_insertion() {
    let body: AlertGroupBody = serde_json::from_str(SAMPLE).unwrap();
    for (text, expected) in [
        (
            "{groupLabels.alertname}: {commonAnnotations.summary}",
            "NodeDown: down",
        ),
        (
            "{commonLabels.severity} {commonLabels.none}",
            "critical (no none)",
        ),
        ("plain", "plain"),
        ("{ groupLabels.team }}", "blue}"),
    ] {
        let template: Template = text.parse().unwrap();
        assert_eq!(template.filled(&body), expected);
    }
    for text in [
        "{",
        "{groupLabels}",
        "{groupLabels.}",
        "{alerts.x}",
        "{{range .Alerts}}",
    ] {
        assert!(text.parse::<Template>().is_err(), "{text}");
    }
    let mut hostile = body;
    let value = "{commonLabels.severity}{{.}}".to_owned();
    hostile
        .group_labels
        .insert("alertname".to_owned(), value.clone());
    let template: Template = "{groupLabels.alertname}".parse().unwrap();
    assert_eq!(
        template.filled(&hostile),
        value,
        "nothing is filled in twice"
    );
}

#[test]
fn the_recorded_group_lands_by_the_first_rule_that_fits() {
    let body: AlertGroupBody = serde_json::from_str(SAMPLE).unwrap();
    let rules = vec![
        opens(&[r#"team="green""#], "dynamics-365"),
        opens(&[r#"severity=~"critical|page""#], "azure"),
        rule(&[], Then::Ignore),
    ];
    let Placed {
        open,
        rule,
        unplaced,
    } = placed(&body, rules);
    assert_eq!((open.service.as_str(), rule), ("azure", 2));
    assert_eq!(open.title, "NodeDown: down");
    assert_eq!(open.severity, Some(Severity::Sev1));
    assert_eq!(open.classification, Some(Classification::SuspectedBreach));
    let began = open.occurred_at.unwrap().at;
    assert_eq!(began.to_rfc3339(), "2026-11-23T20:44:44.419756811+00:00");
    assert!(open.triggers.is_empty(), "no clock starts by itself");
    assert_eq!(unplaced, Vec::<String>::new());
    let summary = open.summary.unwrap();
    for part in ["Suspected, not assessed", r#"team="blue""#, "phase: triage"] {
        assert!(summary.contains(part), "{part}: {summary}");
    }
    assert!(
        summary.contains("- since 2026-11-23T20:44:44Z"),
        "to the second: {summary}"
    );
    assert!(
        !summary.contains("Z:"),
        "nothing is announced that does not come: {summary}"
    );
    let told = group(&body, "alerts", now());
    assert_eq!(told.key, r#"{}:{alertname="NodeDown", team="blue"}"#);
    assert_eq!((told.alerts, told.firing), (1, true));
    assert_eq!(told.url.as_deref(), Some("http://x/"));
    assert_ne!(told.id, group(&body, "other", now()).id);
}

#[test]
fn a_rule_that_ignores_one_alert_silences_no_other_of_its_group() {
    let rules = || {
        vec![
            rule(&[r#"alertname="Watchdog""#], Then::Watchdog),
            rule(&[r#"severity="info""#], Then::Ignore),
            opens(&[r#"severity=~"critical|warning""#], "azure"),
        ]
    };
    let watchdog: &[(&str, &str)] = &[("alertname", "Watchdog")];
    let info: &[(&str, &str)] = &[("alertname", "a"), ("severity", "info")];
    let warning: &[(&str, &str)] = &[("alertname", "b"), ("severity", "warning")];
    let critical: &[(&str, &str)] = &[("alertname", "c"), ("severity", "critical")];
    let none: &[(&str, &str)] = &[("alertname", "d")];
    let mixed = placed(&firing(&[info, warning, none, critical]), rules());
    assert_eq!(
        mixed.open.severity,
        Some(Severity::Sev1),
        "the worst counts"
    );
    let landing = landed(&firing(&[watchdog, warning]), rules());
    assert!(landing.watchdog && matches!(landing.fate, Fate::Open(_)));
    let landing = landed(&firing(&[watchdog]), rules());
    assert!(landing.watchdog && matches!(landing.fate, Fate::Nothing));
    assert!(matches!(
        landed(&firing(&[info]), rules()).fate,
        Fate::Ignored
    ));
    assert!(matches!(
        landed(&firing(&[info, none]), rules()).fate,
        Fate::Unmatched
    ));
    let mut resolved = firing(&[critical]);
    resolved.status = super::body::AlertStatus::Resolved;
    assert!(matches!(landed(&resolved, rules()).fate, Fate::Nothing));
}

#[test]
fn an_alert_that_began_in_the_future_or_long_ago_is_said_and_not_used() {
    let critical: &[(&str, &str)] = &[("severity", "critical")];
    for (began, newest_known) in [
        ("2031-01-01T00:00:00Z", false),
        ("1970-01-01T00:00:00Z", true),
        ("0001-01-01T00:00:00Z", true),
        ("soon", false),
        ("", false),
    ] {
        let mut body = firing(&[critical, critical]);
        body.alerts[0].starts_at = began.to_owned();
        let placed = placed(&body, vec![opens(&[], "azure")]);
        let at = placed.open.occurred_at.unwrap().at;
        assert_eq!(at.to_rfc3339(), "2026-11-23T20:44:44.419756811+00:00");
        assert!(placed.unplaced[0].starts_with("1 alerts say"), "{began}");
        assert!(placed.open.summary.unwrap().contains(&placed.unplaced[0]));
        let told = group(&body, "alerts", now());
        assert_eq!(told.newest_at.is_some(), newest_known, "{began}");
    }
}

#[test]
fn what_is_hostile_or_too_long_is_cut_and_kept_from_the_record() {
    let critical: &[(&str, &str)] = &[("severity", "critical")];
    let mut body = firing(&[critical]);
    body.truncated_alerts = 7;
    body.group_key = format!("{{}}:{{a=\"{}\"}}", "x".repeat(5_000));
    body.external_url = "javascript:alert(1)".to_owned();
    body.alerts[0].generator_url = "http://x/ \u{1b}[2J".to_owned();
    let long = "long \0".repeat(500);
    body.common_annotations = labels(&[("summary", long.as_str())]);
    for n in 0..500 {
        let (label, value) = (format!("l{n}"), "v\0\u{1b}[31m".repeat(1_000));
        body.common_labels.insert(label, value);
    }
    let placed = placed(&body, vec![opens(&[], "azure")]);
    assert!(placed.open.title.chars().count() <= 300);
    assert!(
        placed
            .unplaced
            .iter()
            .any(|line| line.starts_with("7 alerts of the group"))
    );
    let text = serde_json::to_string(&placed.open).unwrap();
    assert!(!text.contains("\\u0000"), "{text}");
    assert!(placed.open.summary.unwrap().chars().count() <= 20_000);
    let told = group(&body, "alerts", now());
    assert!(told.key.chars().count() <= 240 && told.text.chars().count() <= 600);
    assert_eq!(told.url, None);
    assert!(name(&body).chars().count() <= 60);
}

#[test]
fn a_body_is_read_with_what_it_lacks_and_with_what_is_new_in_it() {
    let least = r#"{"version": "4", "groupKey": "{}:{}", "status": "firing", "new": [1],
        "commonAnnotations": null, "alerts": [{"status": "firing", "labels": null, "odd": {}}]}"#;
    let body: AlertGroupBody = serde_json::from_str(least).unwrap();
    assert_eq!(body.check(), Ok(()));
    assert_eq!(placed(&body, vec![opens(&[], "azure")]).open.title, "{}:{}");
    for (from, to, told) in [
        ("\"4\"", "\"5\"", "'version' is '5'"),
        ("\"{}:{}\"", "\" \"", "'groupKey' is empty"),
    ] {
        let body: AlertGroupBody = serde_json::from_str(&least.replace(from, to)).unwrap();
        assert!(body.check().unwrap_err().contains(told), "{told}");
    }
    for broken in [
        least.replace("firing", "pending"),
        least.replace("\"alerts\"", "\"alarms\""),
        least.replace("\"4\"", "4"),
    ] {
        assert!(
            serde_json::from_str::<AlertGroupBody>(&broken).is_err(),
            "{broken}"
        );
    }
}
