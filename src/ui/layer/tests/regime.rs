//! Choosing regimes: the backend's whole catalogue, those that the profile calls for first, found by typing.

use super::*;
use crate::ui::fixture::{keys, picture};
use crate::wire::{ProposedBody, RegimeBody, RegimesBody};

fn regime(id: &str, name: &str, enabled: bool) -> RegimeBody {
    RegimeBody {
        id: id.to_owned(),
        name: name.to_owned(),
        short: id.to_uppercase(),
        jurisdiction: String::new(),
        citation: String::new(),
        status: "in_force".to_owned(),
        confidence: "located".to_owned(),
        enabled,
        verified: "2026-11-23".to_owned(),
        stages: Vec::new(),
    }
}

fn catalogue() -> RegimesBody {
    RegimesBody {
        rules: "r".to_owned(),
        tz: "z".to_owned(),
        regimes: vec![
            regime("ms-72h", "Microsoft practice, 72 hours", true),
            regime("ms-dpa", "Microsoft data protection addendum", true),
            regime("hipaa", "US health data breach rule", false),
            regime("gdpr-33", "General Data Protection Regulation, 33", true),
        ],
        proposed: Some(vec![ProposedBody {
            id: "gdpr-33".to_owned(),
            reason: "GDPR: zone is in the Union".to_owned(),
        }]),
    }
}

fn read(effects: &[Effect]) -> (usize, Option<String>) {
    match effects {
        [Effect::Regimes { source, profile }] => (*source, profile.clone()),
        other => panic!("the catalogue should have been asked for: {other:?}"),
    }
}

fn answer(app: &mut App, asked: &[Effect], body: Result<RegimesBody, &str>) -> Vec<Effect> {
    let (source, profile) = read(asked);
    let body = body.map(Arc::new).map_err(str::to_owned);
    update(
        app,
        Message::Regimes {
            source,
            profile,
            body,
        },
    )
}

/// The edit dialog, its cursor on the regimes; and what was asked.
fn editing() -> (App, Vec<Effect>) {
    let mut app = on(AZURE, "AZ-142");
    let asked = keys(&mut app, "e");
    keys(&mut app, "Tab Tab Tab Tab Tab Tab Tab Tab Tab");
    (app, asked)
}

#[test]
fn the_whole_catalogue_is_offered_and_what_the_profile_calls_for_stands_first() {
    let (mut app, asked) = editing();
    let (source, profile) = read(&asked);
    assert_eq!(source, AZURE);
    assert!(profile.unwrap().contains("Europe/Berlin"));
    assert!(seen(&mut app).contains("reading azure's catalogue"));
    assert_eq!(answer(&mut app, &asked, Ok(catalogue())), []);
    let told = picture(&mut app, 120, 40);
    assert!(!told.contains("reading azure's catalogue"), "{told}");
    let place = |words: &str| {
        told.find(words)
            .unwrap_or_else(|| panic!("{words} in\n{told}"))
    };
    assert!(place("proposed: GDPR: zone is in the Union") < place("Microsoft practice, 72"));
    place("verify before use · in force · US health");
    insta::assert_snapshot!("edit-regimes-120x40", told);
}

#[test]
fn a_regime_is_found_by_its_name_and_ticked() {
    let (mut app, asked) = editing();
    answer(&mut app, &asked, Ok(catalogue()));
    write(&mut app, "health");
    keys(&mut app, "Space Tab Tab");
    let (_, _, command) = sent(&keys(&mut app, "Enter"));
    assert!(command.contains(r#""regimes":["#) && command.contains("hipaa"));
    assert!(
        command.contains("ms-72h"),
        "what was there stays: {command}"
    );
}

#[test]
fn the_catalogue_is_kept_and_a_read_that_fails_takes_nothing_away() {
    let (mut app, asked) = editing();
    answer(&mut app, &asked, Err("The connection broke."));
    let told = picture(&mut app, 120, 40);
    assert!(
        told.contains("azure did not tell its catalogue: The connection broke."),
        "{told}"
    );
    assert!(told.contains("ms-dpa"), "{told}");
    keys(&mut app, "Esc");
    let again = keys(&mut app, "e");
    answer(&mut app, &again, Ok(catalogue()));
    keys(&mut app, "Esc");
    assert_eq!(keys(&mut app, "e"), [], "it is known");
    answer(&mut app, &again, Err("The connection broke."));
    keys(&mut app, "Tab Tab Tab Tab Tab Tab Tab Tab Tab");
    assert!(picture(&mut app, 120, 40).contains("US health"));
}

#[test]
fn an_incident_is_opened_with_the_regimes_of_its_service_or_with_those_ticked() {
    let mut app = on(AZURE, "AZ-142");
    let asked = keys(&mut app, "+");
    assert_eq!(read(&asked), (AZURE, None));
    answer(&mut app, &asked, Ok(catalogue()));
    write(&mut app, "Odd tokens");
    keys(&mut app, "Enter Enter Enter Enter Enter Enter");
    write(&mut app, "general data");
    keys(&mut app, "Space Enter");
    let effects = keys(&mut app, "Enter");
    let [Effect::Open { open, .. }] = effects.as_slice() else {
        panic!("an incident should have been opened: {effects:?}");
    };
    let regimes = open.regimes.clone().unwrap();
    assert!(regimes.contains(&"gdpr-33".to_owned()), "{regimes:?}");
    assert!(regimes.contains(&"ms-72h".to_owned()), "{regimes:?}");
}
