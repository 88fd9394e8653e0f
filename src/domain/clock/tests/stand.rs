//! What the tests stand on: a catalogue of one rule, a question to it, a table of instants.

use serde_json::{Value, json};

use crate::domain::clock::{Catalogue, Rule, cases};
use crate::domain::instant::Instant;
use crate::domain::when::When;

/// A catalogue with the built-in calendars and one regime `x` of one stage `s`.
pub fn of(stage: &str) -> Catalogue {
    of_regime("status = \"in_force\"", stage)
}

/// The same with further keys of the regime.
pub fn of_regime(regime: &str, stage: &str) -> Catalogue {
    let text = format!(
        "schema = \"regimes/1\"\n[[regime]]\nid = \"x\"\nname = \"X\"\njurisdiction = \"X\"\ncitation = \"X 1\"\n\
         verified = 2026-11-23\n{regime}\n[[regime.stage]]\nid = \"s\"\nto = [\"someone\"]\n{stage}\n"
    );
    Catalogue::built_in()
        .unwrap()
        .with_user_file("x.toml", &text)
        .unwrap_or_else(|faults| panic!("{faults:?}"))
}

pub fn at(text: &str) -> Instant {
    When::parse(text).unwrap().at
}

/// The answer for stage `s` of regime `x`.
pub fn ask(catalogue: &Catalogue, case: Value, now: Option<&str>) -> Value {
    let mut case = case;
    case["id"] = json!("c");
    case["regime"] = json!("x");
    let result = cases::run(
        &json!({ "cases": [case] }).to_string(),
        catalogue,
        now.map(at),
    )
    .unwrap();
    let answer = &result["results"][0];
    assert!(answer.get("refused").is_none(), "{answer}");
    answer["stages"]["s"].clone()
}

/// Each row: trigger a, and the due and limit it must give (empty: none).
pub fn table(stage: &str, profile: Value, rows: &[(&str, &str, &str)]) {
    let catalogue = of(stage);
    for (from, due, limit) in rows {
        let answer = ask(
            &catalogue,
            json!({"profile": profile, "triggers": {"a": from}}),
            None,
        );
        let text = |key: &str| answer[key].as_str().unwrap_or("").to_owned();
        assert_eq!(
            (text("due_utc").as_str(), text("limit_utc").as_str()),
            (*due, *limit),
            "{stage} from {from}: {answer}"
        );
    }
}

pub fn berlin() -> Value {
    json!({"zone": "Europe/Berlin", "calendar": "de-national"})
}

pub fn new_york() -> Value {
    json!({"zone": "America/New_York", "calendar": "us-federal"})
}

/// The financial sector's initial notice, with short trigger names.
pub const DORA: &str = "clock = { kind = \"first-of\", of = [ { kind = \"elapsed\", hours = 4, trigger = \"c\" }, { kind = \"elapsed\", hours = 24, trigger = \"a\" } ], late = { if = \"c\", after = \"a\", hours = 24, use = 0 }, provisional_without = \"c\" }\nlimit = { rule = \"roll\", calendar = \"profile\", at = \"12:00:00\", unless = [\"credit-institution\", \"ca-disapplied\"] }";

/// The only rule of a catalogue made by `of`.
pub fn rule(catalogue: &Catalogue) -> Rule<'_> {
    catalogue.rule("x", "s").unwrap()
}
