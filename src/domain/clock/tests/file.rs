//! Files: faults named by file, line and key, what a user's file may do, and what the board makes of conditions.

use serde_json::json;

use super::stand::{of, rule};
use crate::domain::clock::{
    Catalogue, CatalogueFault, Facts, Lacking, Profile, evaluate, explain, propose,
};
use crate::domain::when::When;
use crate::domain::word::DutyStatus;

const HEAD: &str = "schema = \"regimes/1\"\n[[regime]]\nid = \"acme\"\nname = \"Acme\"\njurisdiction = \"contract\"\ncitation = \"cl. 14\"\nstatus = \"in_force\"\nverified = 2026-11-23\n";
const STAGE: &str =
    "[[regime.stage]]\nid = \"customer\"\nto = [\"customer:acme\"]\ntrigger = \"aware_at\"\n";
const CLOCK: &str = "clock = { kind = \"elapsed\", hours = 24 }\n";

fn faults(text: &str) -> Vec<CatalogueFault> {
    let built_in = Catalogue::built_in().unwrap();
    built_in
        .with_user_file("own.toml", text)
        .err()
        .unwrap_or_default()
}

fn triggers(name: &str, at: &str) -> Vec<(String, When)> {
    vec![(name.to_owned(), When::parse(at).unwrap())]
}

#[test]
fn every_fault_names_file_line_and_key() {
    for (text, line, key) in [
        (format!("{HEAD}colour = 1\n{STAGE}{CLOCK}"), 9, "regime.colour"),
        (format!("{HEAD}{STAGE}clock = {{ kind = \"elapsed\", hours = 24, hous = 3 }}\n"), 13, "regime.stage.clock.hous"),
        (format!("{HEAD}{STAGE}clock = {{ kind = \"business-days\", n = 2, calendar = \"mars\" }}\n"), 13, "regime.stage.clock.calendar"),
        (format!("{HEAD}{STAGE}clock = {{ kind = \"days\", n = 2, zone = \"Europe/Lodnon\" }}\n"), 13, "regime.stage.clock.zone"),
        (format!("{HEAD}{STAGE}clock = {{ kind = \"fortnight\" }}\n"), 13, "regime.stage.clock.kind"),
        (format!("{HEAD}{STAGE}clock = {{ kind = \"days\", n = 0 }}\n"), 13, "regime.stage.clock.n"),
        (format!("{HEAD}{STAGE}{CLOCK}when = \"a and\"\n"), 14, "regime.stage.when"),
        (format!("{HEAD}{STAGE}{CLOCK}{STAGE}{CLOCK}"), 14, "regime.stage.id"),
        (format!("{HEAD}{STAGE}{CLOCK}prepare_for = \"soon\"\n"), 14, "regime.stage.prepare_for"),
        (format!("{HEAD}supersedes = \"nothing\"\n{STAGE}{CLOCK}"), 9, "regime.supersedes"),
        (HEAD.replace("verified = 2026-11-23\n", STAGE) + CLOCK, 2, "regime.verified"),
        (HEAD.replace("in_force", "valid") + STAGE + CLOCK, 7, "regime.status"),
        (HEAD.replace("acme", "hipaa") + STAGE + CLOCK, 2, "regime.id"),
        (HEAD.replace("regimes/1", "regimes/9") + STAGE + CLOCK, 1, "schema"),
        (format!("{HEAD}{STAGE}{CLOCK}x = [\n"), 14, "(file)"),
        ("id = \"mars\"\nvalid_from = 2026-01-01\nvalid_through = 2026-12-31\nholidays = [\"soon\"]\n".to_owned(), 4, "holidays"),
        ("id = \"us-federal\"\nvalid_from = 2026-01-01\nvalid_through = 2026-12-31\n".to_owned(), 1, "id"),
    ] {
        let found = faults(&text);
        assert!(
            found.iter().any(|f| f.file == "own.toml" && f.line == line && f.key == key),
            "{key} in line {line} of\n{text}\n{found:?}"
        );
    }
    let several = faults(&format!(
        "{HEAD}colour = 1\n{STAGE}clock = {{ kind = \"days\" }}\nhue = 2\n"
    ));
    assert_eq!(several.len(), 3, "{several:?}");
    assert!(
        several[0]
            .to_string()
            .starts_with("own.toml:9: regime.colour: ")
    );
}

#[test]
fn a_file_adds_and_replaces_only_what_it_says() {
    let built_in = Catalogue::built_in().unwrap();
    let count = built_in.regimes().len();
    let hash = built_in.hash().to_owned();
    let added = built_in
        .with_user_file("own.toml", &format!("{HEAD}{STAGE}{CLOCK}"))
        .unwrap();
    assert_eq!(added.regimes().len(), count + 1);
    assert_ne!(added.hash(), hash);
    let text = HEAD.replace("\"acme\"", "\"hipaa-own\"\nsupersedes = \"hipaa\"");
    let replaced = added
        .with_user_file("own2.toml", &format!("{text}{STAGE}{CLOCK}"))
        .unwrap();
    assert_eq!(replaced.regimes().len(), count + 1);
    assert_eq!(
        replaced.regime("hipaa").map(|r| r.id.as_str()),
        Some("hipaa-own")
    );
}

#[test]
fn the_example_file_of_the_form_loads_over_the_built_in_ones() {
    let calendar = "id = \"gulf\"\nweek = [\"fri\", \"sat\"]\nvalid_from = 2026-01-01\nvalid_through = 2026-12-31\nclosures = [ { date = 2026-06-16, reason = \"Hijri New Year\", source = \"order 7\" } ]\n";
    let overlay =
        "overlays = \"gulf\"\nclosures = [ { date = 2026-06-17, reason = \"mourning\" } ]\n";
    let regime = format!(
        "{HEAD}{STAGE}clock = {{ kind = \"business-days\", n = 1, calendar = \"gulf\", zone = \"Asia/Dubai\", end = \"17:00:00\" }}\n"
    );
    let catalogue = Catalogue::built_in()
        .unwrap()
        .with_user_files([
            ("acme.toml", regime.as_str()),
            ("gulf.toml", calendar),
            ("more.toml", overlay),
        ])
        .unwrap();
    let profile = Profile::default();
    let triggers = triggers("aware_at", "2026-06-15T08:00:00Z");
    let facts = Facts::new(&triggers, &profile);
    let lines = explain(catalogue.rule("acme", "customer").unwrap(), &facts);
    let skipped: Vec<&str> = lines
        .iter()
        .filter(|l| l.label == "skipped")
        .map(|l| l.text.as_str())
        .collect();
    assert_eq!(
        skipped,
        [
            "Tue 16 Jun 2026: closed by order: Hijri New Year",
            "Wed 17 Jun 2026: closed by order: mourning"
        ]
    );
    assert!(
        lines
            .iter()
            .any(|l| l.label == "due" && l.text.contains("2026-06-18T13:00:00Z")),
        "{lines:?}"
    );
}

#[test]
fn on_the_board_an_unknown_condition_is_asked_and_a_false_one_says_why() {
    let catalogue = of(
        "trigger = \"a\"\nwhen = \"affected.individuals < 500\"\nclock = { kind = \"elapsed\", hours = 24 }",
    );
    let triggers = triggers("a", "2026-11-20T12:00:00Z");
    for (affected, lacking, status) in [
        (json!(null), Lacking::Asks, DutyStatus::Undecided),
        (json!(null), Lacking::Counts, DutyStatus::Running),
        (
            json!({"individuals": "at_least 480"}),
            Lacking::Asks,
            DutyStatus::Undecided,
        ),
        (json!(499), Lacking::Asks, DutyStatus::Running),
        (json!(620), Lacking::Counts, DutyStatus::NotRequired),
    ] {
        let profile = Profile::from_json(&json!({ "affected": affected })).unwrap();
        let facts = Facts {
            lacking,
            ..Facts::new(&triggers, &profile)
        };
        let duty = evaluate(rule(&catalogue), &facts);
        assert_eq!(duty.status, status, "{affected}");
        assert_eq!(duty.due.is_some(), status == DutyStatus::Running);
        if status == DutyStatus::NotRequired {
            let why = duty.why.unwrap().sentence(&facts);
            assert_eq!(
                why,
                "affected.individuals is 620; the rule is affected.individuals < 500"
            );
        }
    }
}

#[test]
fn roles_pick_the_stages_and_none_recorded_shows_all() {
    let catalogue = Catalogue::built_in().unwrap();
    let triggers = triggers("aware_at", "2026-11-20T12:00:00Z");
    let status = |roles: serde_json::Value, stage: &str| {
        let profile =
            Profile::from_json(&json!({"zone": "Europe/Berlin", "roles": roles})).unwrap();
        evaluate(
            catalogue.rule("gdpr-33", stage).unwrap(),
            &Facts::new(&triggers, &profile),
        )
        .status
    };
    assert_eq!(status(json!(null), "authority"), DutyStatus::Running);
    assert_eq!(status(json!(null), "controller"), DutyStatus::NoFixedLimit);
    assert_eq!(
        status(json!(["processor"]), "authority"),
        DutyStatus::NotRequired
    );
    assert_eq!(
        status(json!(["processor"]), "controller"),
        DutyStatus::NoFixedLimit
    );
    assert_eq!(
        status(json!(["controller"]), "controller"),
        DutyStatus::NotRequired
    );
    assert_eq!(
        status(json!(["controller", "processor"]), "authority"),
        DutyStatus::Running
    );
}

#[test]
fn mitigation_is_met_by_the_three_milestones_and_a_decision_ends_the_asking() {
    let catalogue = Catalogue::built_in().unwrap();
    let profile = Profile::default();
    let mitigate = catalogue.rule("ms-dpa", "mitigate").unwrap();
    let mut triggers = triggers("aware_at", "2026-11-20T12:00:00Z");
    for name in ["contained_at", "eradicated_at", "recovered_at"] {
        assert_ne!(
            evaluate(mitigate, &Facts::new(&triggers, &profile)).state,
            DutyStatus::Met
        );
        triggers.push((
            name.to_owned(),
            When::parse("2026-11-21T12:00:00Z").unwrap(),
        ));
    }
    let facts = Facts::new(&triggers, &profile);
    assert_eq!(evaluate(mitigate, &facts).state, DutyStatus::Met);
    let customer = catalogue.rule("ms-dpa", "customer").unwrap();
    let decided = Facts {
        decided: true,
        ..facts
    };
    assert_eq!(evaluate(customer, &decided).state, DutyStatus::Decided);
}

#[test]
fn the_latest_start_is_there_only_when_somebody_said_how_long_it_takes() {
    let stage = "trigger = \"a\"\nclock = { kind = \"elapsed\", hours = 24 }\n";
    let triggers = triggers("a", "2026-11-20T12:00:00Z");
    let profile = Profile::default();
    let start = |stage: &str| {
        let catalogue = of(stage);
        evaluate(rule(&catalogue), &Facts::new(&triggers, &profile)).latest_start
    };
    assert_eq!(start(stage), None);
    let expected = When::parse("2026-11-21T09:30:00Z").unwrap().at;
    assert_eq!(
        start(&format!("{stage}prepare_for = \"2h30m\"")),
        Some(expected)
    );
}

#[test]
fn stages_for_the_few_are_restricted_unless_the_file_says_otherwise() {
    let catalogue = Catalogue::built_in().unwrap();
    let restricted =
        |regime: &str, stage: &str| catalogue.rule(regime, stage).unwrap().stage.restricted;
    assert!(restricted("sec-8k-105", "form_8k") && restricted("us-ca", "ag"));
    assert!(
        restricted("fcc-64-2011-old", "law_enforcement") && !restricted("gdpr-33", "authority")
    );
}

#[test]
fn a_closed_day_has_the_name_that_it_has_there() {
    let catalogue = Catalogue::built_in().unwrap();
    for (calendar, day, name) in [
        ("us-federal", "2026-05-25", "Memorial Day"),
        ("gb-eng", "2026-05-25", "Spring bank holiday"),
        ("ie-national", "2028-06-05", "June Holiday"),
        ("de-national", "2026-05-25", "Whit Monday"),
    ] {
        let calendar = catalogue.calendar(calendar).unwrap();
        let reason = calendar.reason(day.parse().unwrap());
        assert_eq!(reason.as_deref(), Some(name), "{day}");
    }
}

#[test]
fn california_asks_for_its_attorney_general_above_five_hundred() {
    let catalogue = Catalogue::built_in().unwrap();
    let stage = catalogue.rule("us-ca", "ag").unwrap().stage;
    let asked = stage.when.as_ref().unwrap();
    for (affected, expected) in [(500, false), (501, true)] {
        let profile = Profile::from_json(&json!({"affected": affected})).unwrap();
        assert_eq!(asked.condition.holds(&profile), Some(expected));
    }
}

#[test]
fn an_explanation_can_be_followed_step_by_step() {
    let catalogue = Catalogue::built_in().unwrap();
    let profile = Profile::from_json(&json!({"zone": "Europe/Berlin"})).unwrap();
    let triggers = triggers("materiality_determined_at", "2026-11-23T21:00:00-05:00");
    let facts = Facts::new(&triggers, &profile);
    let lines = explain(catalogue.rule("sec-8k-105", "form_8k").unwrap(), &facts);
    let texts: Vec<String> = lines
        .iter()
        .map(|l| format!("{}: {}", l.label, l.text))
        .collect();
    for expected in [
        "start: that is Mon 23 Nov 2026 in America/New_York",
        "day: Wed 25 Nov 2026: day 2",
        "skipped: Thu 26 Nov 2026: Thanksgiving Day",
        "skipped: Sat 28 Nov 2026: Saturday",
        "day: Mon 30 Nov 2026: day 4",
        "due: Mon 30 Nov 2026 17:30:00 EST (America/New_York), 2026-11-30T22:30:00Z",
        "citation: 17 CFR 249.308; Form 8-K Item 1.05, General Instruction B.1; 17 CFR 229.106",
        "confidence: located",
        "verified: 2026-11-23",
    ] {
        assert!(
            texts.iter().any(|text| text == expected),
            "{expected} is not in\n{}",
            texts.join("\n")
        );
    }
}

#[test]
fn a_profile_calls_for_the_regimes_it_is_known_to_need() {
    let catalogue = Catalogue::built_in().unwrap();
    let ask = |profile| {
        let profile = Profile::from_json(&profile).unwrap();
        let found = propose(&catalogue, &profile);
        found
            .into_iter()
            .map(|(id, why)| (id.to_owned(), why))
            .collect::<Vec<_>>()
    };
    assert!(ask(json!({})).is_empty());
    let found = ask(json!({"personal_data": true, "countries": ["DE", "BR"], "states": ["CA"]}));
    let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["gdpr-33", "us-ca", "br-lgpd"]);
    assert!(
        found[0]
            .1
            .contains("personal_data is true, countries is de, br, eea"),
        "{found:?}"
    );
}
