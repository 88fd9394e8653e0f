//! The worked cases: status, due, limit, trigger and outcome of each stage that a case speaks of.

use serde_json::Value;

use crate::domain::clock::{Catalogue, cases};

const CASES: &str = include_str!("cases.json");

#[test]
fn every_worked_case_comes_out_as_it_was_worked() {
    let catalogue = Catalogue::built_in().unwrap();
    let result = cases::run(CASES, &catalogue, None).unwrap();
    let file: Value = serde_json::from_str(CASES).unwrap();
    let (mut checked, mut wrong) = (0, Vec::new());
    for (case, answer) in file["cases"]
        .as_array()
        .unwrap()
        .iter()
        .zip(result["results"].as_array().unwrap())
    {
        assert_eq!(case["id"], answer["id"]);
        for (stage, expected) in case["expect"].as_object().unwrap() {
            let got = &answer["stages"][stage];
            let due_only = ["status", "due_utc", "limit_utc", "outcome"];
            let same = due_only.iter().all(|key| got[key] == expected[key])
                && (expected["status"] == "not_in_force" || got["trigger"] == expected["trigger"]);
            checked += 1;
            if !same {
                wrong.push(format!("{} {stage}: {got} is not {expected}", case["id"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(file["cases"].as_array().unwrap().len(), 71);
    assert!(checked > 90, "only {checked} stages were checked");
}

#[test]
fn the_catalogue_holds_every_regime_and_ships_the_unverified_disabled() {
    let catalogue = Catalogue::built_in().unwrap();
    let stages: usize = catalogue.regimes().iter().map(|r| r.stages.len()).sum();
    // The list of 171 stages, and two more of the Microsoft contract.
    assert_eq!((catalogue.regimes().len(), stages), (99, 173));
    for regime in catalogue.regimes() {
        let general = regime.confidence.as_str() == "general";
        assert!(!(general && regime.enabled), "{}", regime.id);
        assert!(!regime.citation.is_empty() && regime.verified.to_string() == "2026-11-23");
    }
}
