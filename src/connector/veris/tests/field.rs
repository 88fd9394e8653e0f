//! Proofs of the fields: what of a record becomes which, and how exactly it is known.

use super::*;
use crate::domain::command::open::OpenTrigger;
use crate::domain::word::{Classification, Severity};

#[test]
fn the_time_it_happened_is_as_exact_as_the_record() {
    for (incident, expected, left) in [
        (json!({"year": 2013}), Some("2013"), ""),
        (json!({"year": 2013, "month": 5}), Some("2013-05"), ""),
        (
            json!({"year": 2013, "month": 5, "day": 14}),
            Some("2013-05-14"),
            "",
        ),
        (
            json!({"year": 2013, "day": 14}),
            Some("2013"),
            "timeline.incident.day: 14",
        ),
        (
            json!({"year": 2013, "month": 2, "day": 30}),
            Some("2013-02"),
            "timeline.incident.day: 30",
        ),
        (
            json!({"year": 2013, "month": 13}),
            Some("2013"),
            "timeline.incident.month: 13",
        ),
        (
            json!({"year": 2013, "month": 5, "day": 14, "time": "22:18:27 -0500"}),
            Some("2013-05-15T03:18:27Z"),
            "",
        ),
        (
            json!({"year": 2013, "month": 5, "day": 14, "time": "15:18Z"}),
            Some("2013-05-14T15:18:00Z"),
            "timeline.incident.time: \"15:18Z\"",
        ),
        (
            json!({"year": 2013, "month": 5, "day": 14, "time": "15:18:27"}),
            Some("2013-05-14"),
            "timeline.incident.time: \"15:18:27\"",
        ),
        (
            json!({"year": "2013", "month": 5.0, "day": null}),
            Some("2013-05"),
            "timeline.incident.day: null",
        ),
        (json!({"year": 13}), None, "timeline.incident.year: 13"),
        (json!({"month": 5}), None, "timeline.incident.month: 5"),
        (json!("2013"), None, "timeline.incident: \"2013\""),
        (
            json!({"year": 2040}),
            None,
            "timeline.incident says 2040, which lies ahead; it was not taken for when it happened.\ntimeline.incident.year: 2040",
        ),
    ] {
        let imported = one(&json!({"incident_id": "x", "timeline": {"incident": incident}}));
        let at = imported.open.occurred_at.map(|at| at.to_string());
        assert_eq!(at.as_deref(), expected, "{incident}");
        let notes = notes(&imported);
        let told = notes.split_once('\n').map_or("", |(_, told)| told);
        assert_eq!(told, left, "{incident}");
        filed(&imported);
    }
}

#[test]
fn discovery_and_containment_follow_only_where_the_record_allows_it() {
    let day = json!({"year": 2013, "month": 1, "day": 30});
    let month = json!({"year": 2013, "month": 11});
    let year = json!({"year": 2013});
    let exact = json!({"year": 2013, "month": 1, "day": 30, "time": "10:00:00Z"});
    for (incident, discovery, containment, discovered, contained) in [
        (
            &day,
            json!({"unit": "Days", "value": 3}),
            json!({"unit": "Weeks", "value": 1}),
            Some("2013-02-02"),
            Some("2013-02"),
        ),
        (
            &day,
            json!({"unit": "Hours", "value": 1}),
            json!(null),
            None,
            None,
        ),
        (
            &day,
            json!({"unit": "Weeks", "value": 4}),
            json!(null),
            None,
            None,
        ),
        (
            &day,
            json!({"unit": "Months", "value": 1}),
            json!({"unit": "Days", "value": 1}),
            Some("2013-02"),
            None,
        ),
        (
            &month,
            json!({"unit": "Months", "value": 2}),
            json!({"unit": "Months", "value": 0}),
            Some("2014-01"),
            Some("2014-01"),
        ),
        (
            &month,
            json!({"unit": "Days", "value": 1}),
            json!(null),
            None,
            None,
        ),
        (
            &year,
            json!({"unit": "Years", "value": 2}),
            json!(null),
            Some("2015"),
            None,
        ),
        (
            &year,
            json!({"unit": "Months", "value": 2}),
            json!(null),
            None,
            None,
        ),
        (
            &year,
            json!({"unit": "Years", "value": 40}),
            json!(null),
            None,
            None,
        ),
        (
            &year,
            json!({"unit": "Years", "value": 99_999_999_999_u64}),
            json!(null),
            None,
            None,
        ),
        (
            &exact,
            json!({"unit": "Minutes", "value": 5}),
            json!({"unit": "Hours", "value": 2}),
            Some("2013-01-30T10:05:00Z"),
            Some("2013-01-30"),
        ),
        (
            &exact,
            json!({"unit": "Seconds", "value": 5}),
            json!({"unit": "Hours", "value": 13}),
            Some("2013-01-30T10:00:05Z"),
            None,
        ),
        (
            &day,
            json!({"unit": "Days"}),
            json!({"unit": "Days", "value": 1}),
            None,
            None,
        ),
        (
            &day,
            json!({"unit": "Days", "value": -1}),
            json!(null),
            None,
            None,
        ),
        (
            &day,
            json!({"unit": "Unknown", "value": 1}),
            json!("soon"),
            None,
            None,
        ),
    ] {
        let imported = one(&json!({"incident_id": "x", "timeline": {
            "incident": incident, "discovery": discovery, "containment": containment,
        }}));
        let at = |name: &str| match imported.open.triggers.get(name) {
            Some(OpenTrigger::Full(full)) => Some(full.at.to_string()),
            _ => None,
        };
        assert_eq!(
            at("discovered_at").as_deref(),
            discovered,
            "{incident} {discovery}"
        );
        assert_eq!(
            at("contained_at").as_deref(),
            contained,
            "{discovery} {containment}"
        );
        // What they were made of stays readable.
        assert!(notes(&imported).contains("timeline.discovery"));
        let incident = filed(&imported);
        assert_eq!(incident.triggers.len(), imported.open.triggers.len());
    }
}

#[test]
fn classification_says_no_more_than_the_record() {
    use Classification::{ConfirmedBreach, SuspectedBreach};
    for (incident, disclosure, expected) in [
        ("Confirmed", json!("Yes"), Some(ConfirmedBreach)),
        ("Confirmed", json!("Potentially"), Some(SuspectedBreach)),
        ("Confirmed", json!("Unknown"), Some(SuspectedBreach)),
        ("Confirmed", json!(null), Some(SuspectedBreach)),
        ("Confirmed", json!("No"), None),
        ("Suspected", json!("Yes"), Some(SuspectedBreach)),
        ("Near miss", json!("Yes"), None),
        ("False positive", json!("Unknown"), None),
        ("whatever", json!("Yes"), None),
    ] {
        let imported = one(&json!({"incident_id": "x", "security_incident": incident,
            "attribute": {"confidentiality": {"data_disclosure": disclosure}}}));
        assert_eq!(
            imported.open.classification, expected,
            "{incident} {disclosure}"
        );
        assert!(notes(&imported).contains("security_incident"));
    }
    let outage = one(
        &json!({"incident_id": "x", "security_incident": "Confirmed",
        "attribute": {"availability": {"variety": ["Interruption"]}}}),
    );
    assert_eq!(outage.open.classification, None);
    for (rating, expected) in [
        ("Catastrophic", Some(Severity::Sev1)),
        ("Damaging", Some(Severity::Sev2)),
        ("Painful", None),
        ("Insignificant", None),
        ("Unknown", None),
    ] {
        let imported = one(&json!({"incident_id": "x", "impact": {"overall_rating": rating}}));
        assert_eq!(imported.open.severity, expected);
    }
}

#[test]
fn counts_are_as_certain_as_the_record() {
    for (confidentiality, expected) in [
        (
            json!({"data_disclosure": "Yes", "data_total": 1_406}),
            json!(1_406),
        ),
        (
            json!({"data_disclosure": "Potentially", "data_total": 800}),
            json!({"count": 800, "known": "unknown"}),
        ),
        (
            json!({"data_disclosure": "Yes", "data": [{"variety": "Medical", "amount": 34}, {"variety": "Personal", "amount": 1_600}]}),
            json!({"count": 1_600, "known": "at_least"}),
        ),
        (
            json!({"data_disclosure": "Yes", "data_total": "many"}),
            json!("unknown"),
        ),
        (
            json!({"data_disclosure": "No", "data_total": 5}),
            json!(null),
        ),
        (json!("secret"), json!(null)),
    ] {
        let record = json!({"incident_id": "x", "attribute": {"confidentiality": confidentiality}});
        let imported = one(&record);
        let profile = Value::Object(filed(&imported).profile);
        let records = profile.pointer("/affected/records").unwrap_or(&Value::Null);
        assert_eq!(*records, expected, "{confidentiality}");
        assert_eq!(profile.pointer("/affected/individuals"), None);
    }
    let imported = one(&json!({"incident_id": "x",
        "attribute": {"confidentiality": {"data": [{"variety": "Medical"}, {"variety": "Medical"}, {"variety": "Unknown"}]}},
        "victim": {"country": ["US", "GB"]}}));
    let profile = Value::Object(imported.open.profile.clone().unwrap());
    assert_eq!(profile["data_kinds"], json!(["medical"]));
    assert_eq!(profile["countries"], json!(["US", "GB"]));
    assert!(!notes(&imported).contains("victim.country"));
}

#[test]
fn titles_are_the_first_sentence_or_who_was_hit_by_what() {
    for (record, expected) in [
        (
            json!({"summary": "A laptop was stolen from a car. It was not encrypted."}),
            "A laptop was stolen from a car",
        ),
        (
            json!({"summary": "  Dr. Smith lost a flash drive! Nobody found it."}),
            "Dr. Smith lost a flash drive!",
        ),
        (json!({"summary": "one line\nand another"}), "one line"),
        (
            json!({"summary": "The site e.g. was down for hours..."}),
            "The site e.g. was down for hours...",
        ),
        (
            json!({"summary": " ", "victim": {"victim_id": "Kmart"}, "action": {"hacking": {"variety": ["SQLi", "Unknown"]}, "social": {}}}),
            "Kmart: SQLi, social",
        ),
        (json!({"action": {"error": {"variety": ["Loss"]}}}), "Loss"),
        (json!({"summary": 7}), "VERIS record x"),
    ] {
        let mut record = record;
        record["incident_id"] = json!("x");
        let imported = one(&record);
        assert_eq!(imported.open.title, expected);
        filed(&imported);
    }
    let imported = one(&json!({"incident_id": "x", "summary": "ä".repeat(400)}));
    assert_eq!(imported.open.title.chars().count(), 300);
    assert!(imported.open.title.ends_with('\u{2026}'));
}

#[test]
fn the_phase_is_the_one_the_record_supports() {
    let contained = json!({"incident_id": "x", "timeline": {"containment": {"unit": "Hours"}}});
    let never = json!({"incident_id": "x", "timeline": {"containment": {"unit": "Never"}}});
    let nothing = json!({"incident_id": "x", "security_incident": "False positive"});
    for (record, closed, phase, ended) in [
        (
            &contained,
            false,
            Phase::ContainmentEradicationAndRecovery,
            None,
        ),
        (&never, false, Phase::DetectionAndAnalysis, None),
        (&nothing, false, Phase::DetectionAndAnalysis, None),
        (
            &contained,
            true,
            Phase::PostIncidentActivity,
            Some(Ended::Closed),
        ),
        (
            &never,
            true,
            Phase::PostIncidentActivity,
            Some(Ended::Closed),
        ),
        (
            &nothing,
            true,
            Phase::DetectionAndAnalysis,
            Some(Ended::Dismissed),
        ),
    ] {
        let imported = one_as(record, closed);
        let incident = filed(&imported);
        assert_eq!((incident.phase, incident.ended), (phase, ended), "{record}");
        let upstream = incident.upstream.unwrap();
        assert_eq!(
            (upstream.connector.as_str(), upstream.key.as_str()),
            ("veris", "x")
        );
        for command in &imported.then {
            match command {
                Command::Advance(body) => {
                    assert!(body.overridden && body.reason.as_deref() == Some(REASON));
                }
                Command::Close(body) => assert!(body.overridden && body.reason == REASON),
                Command::Dismiss(body) => assert_eq!(body.reason, REASON),
                _ => {}
            }
        }
    }
}
