//! How cases land: what the mapping places, what it says it cannot place, and that the domain takes it.

use super::*;
use crate::connector::port::Version;
use crate::connector::settings::TagRule;
use crate::connector::{iris, pagerduty};
use crate::domain::caller::Caller;
use crate::domain::directory::Directory;
use crate::domain::duty::Rules;
use crate::domain::word::{Ended, Role, Via};

fn case(status: &str) -> Case {
    Case {
        key: "3".to_owned(),
        url: Some("https://iris.example/case?cid=3".to_owned()),
        title: "Ransomware".to_owned(),
        summary: None,
        status: status.to_owned(),
        open: true,
        severity: Some("High".to_owned()),
        group: Some("Contoso".to_owned()),
        tags: vec!["GDPR".to_owned()],
        created_at: Some("2026-11-23T20:42:29Z".parse().unwrap()),
        updated_at: Some("2026-11-23T21:00:00Z".parse().unwrap()),
        version: Version("1 Open".to_owned()),
        merged_into: None,
        partial: false,
        category: None,
    }
}

fn mapping() -> Mapping {
    Mapping::new(&iris::VENDOR, "azure")
}

/// Lands it and puts it on record.
fn filed(case: &Case, mapping: &Mapping) -> (Landing, Incident) {
    let (directory, rules) = (Directory::default(), Rules::built_in().unwrap());
    let caller = Caller::new("connector cases", Role::Admin);
    let context = Context {
        now: "2026-11-24T10:00:00Z".parse().unwrap(),
        caller: &caller,
        via: Via::Import,
        directory: &directory,
        rules: &rules,
        random: 1,
    };
    let landing = land(case, "cases", mapping, &context);
    let allotted = Allotted {
        id: "AZ-1".to_owned(),
        codename: "COPPER HERON".to_owned(),
    };
    let (incident, _, _) = opened(&landing, "cases", &allotted, &context).unwrap();
    (landing, incident)
}

#[test]
fn every_shipped_state_lands_in_its_phase() {
    use Phase::{
        ContainmentEradicationAndRecovery as C, DetectionAndAnalysis as D,
        PostIncidentActivity as P,
    };
    for (status, phase) in [
        ("Unspecified", D),
        ("In progress", D),
        ("Open", D),
        ("containment", C),
        ("Eradication", C),
        ("Recovery", C),
        ("Post-Incident", P),
        ("Reporting", P),
    ] {
        let (landing, incident) = filed(&case(status), &mapping());
        assert_eq!(
            (incident.phase, incident.ended),
            (phase, None::<Ended>),
            "{status}"
        );
        assert_eq!(landing.unplaced, Vec::<String>::new(), "{status}");
    }
    let (_, incident) = filed(&case("Open"), &mapping());
    assert_eq!(incident.severity, Some(Severity::Sev2));
    assert!(incident.trigger("detected_at").is_some());
    let upstream = incident.upstream.unwrap();
    assert_eq!(
        (upstream.connector.as_str(), upstream.key.as_str()),
        ("cases", "3")
    );
    assert_eq!(upstream.rest["raw_status"], "Open");
    assert_eq!(upstream.rest["version"], "1 Open");
}

#[test]
fn what_has_no_place_is_said_and_lands_all_the_same() {
    let mut odd = case("Quarantine");
    odd.severity = Some("Apocalyptic".to_owned());
    odd.created_at = Some("2026-11-25T10:00:00Z".parse().unwrap());
    odd.merged_into = Some("9".to_owned());
    let mut mapping = mapping();
    mapping.services = vec![("Fabrikam".to_owned(), "dynamics-365".to_owned())];
    let (landing, incident) = filed(&odd, &mapping);
    let told = landing.unplaced.join("\n");
    for part in [
        "'Quarantine' means no phase",
        "'Apocalyptic' is none of ours",
        "lies ahead",
        "'Contoso' is none",
        "merged",
    ] {
        assert!(told.contains(part), "{told}");
    }
    assert_eq!(
        (incident.phase, incident.severity),
        (Phase::DetectionAndAnalysis, None)
    );
    assert_eq!(incident.upstream.unwrap().rest["raw_status"], "Quarantine");
}

#[test]
fn customers_and_tags_choose_service_regimes_and_profile() {
    let mut mapping = mapping();
    mapping.services = vec![("contoso".to_owned(), "dynamics-365".to_owned())];
    let profile = serde_json::json!({"roles": ["processor"]});
    mapping.tags = vec![TagRule {
        tag: "gdpr".to_owned(),
        regimes: vec!["gdpr-33".to_owned()],
        profile: profile.as_object().unwrap().clone(),
    }];
    let (_, incident) = filed(&case("Open"), &mapping);
    assert_eq!(incident.service, "dynamics-365");
    assert_eq!(incident.regimes, ["ms-dpa", "ms-72h", "gdpr-33"]);
    assert_eq!(incident.profile["roles"][0], "processor");
}

#[test]
fn pitfall_15_hostile_and_huge_texts_land_cut_and_without_nul() {
    let mut huge = case("Open");
    huge.title = "a\0b\u{1b}[31m".repeat(200);
    huge.summary = Some("x".repeat(1_048_576));
    huge.url = Some("u".repeat(5_000));
    let (_, incident) = filed(&huge, &mapping());
    assert_eq!(incident.title.chars().count(), 300);
    assert!(!incident.title.contains('\0'));
    assert_eq!(incident.summary.unwrap().chars().count(), 20_000);
    assert_eq!(incident.upstream.unwrap().url, None);
    huge.title = " ".to_owned();
    assert_eq!(filed(&huge, &mapping()).1.title, "(no text)");
}

#[test]
fn the_status_to_write_is_the_first_of_its_phase() {
    let mapping = mapping();
    assert_eq!(
        mapping.status_for(Phase::ContainmentEradicationAndRecovery),
        Some("Containment")
    );
    assert_eq!(mapping.status_for(Phase::Preparation), None);
    let pagerduty = Mapping::new(&pagerduty::VENDOR, "azure");
    assert_eq!(pagerduty.status_for(Phase::PostIncidentActivity), None);
}
