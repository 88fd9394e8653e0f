//! What a source says now: taken over where only it changed, a conflict where both did, and never the end of an incident.

use serde_json::{Map, Value};

use super::*;
use crate::domain::command::upstream::{UpstreamState, conflicts, hear, stand, standing};
use crate::domain::view::Upstream;
use crate::domain::word::{Phase, Severity};

fn heard(status: &str, phase: Option<Phase>, severity: Option<Severity>) -> UpstreamState {
    let mut rest = Map::new();
    rest.insert("raw_status".to_owned(), Value::from(status));
    UpstreamState {
        upstream: Upstream {
            connector: "cases".to_owned(),
            key: "3".to_owned(),
            url: None,
            rest,
        },
        title: Some("odd sign-ins".to_owned()),
        severity,
        phase,
        standing: "open".to_owned(),
    }
}

fn first() -> UpstreamState {
    heard(
        "Open",
        Some(Phase::DetectionAndAnalysis),
        Some(Severity::Sev3),
    )
}

/// An incident that came from there.
fn desk() -> Desk {
    let upstream = serde_json::to_value(first().first()).unwrap();
    let body = serde_json::json!({"service": "azure", "title": "odd sign-ins", "severity": "sev3", "upstream": upstream});
    let mut desk = Desk::with(&body.to_string());
    desk.by("cases", Role::Admin);
    desk
}

impl Desk {
    fn hear(&mut self, heard: &UpstreamState) -> usize {
        let events = hear(&self.incident, heard, &self.context());
        let n = events.len();
        if n > 0 {
            self.apply(events);
        }
        n
    }
}

#[test]
fn what_says_nothing_new_makes_no_version() {
    let mut desk = desk();
    assert_eq!(desk.hear(&first()), 0);
    desk.hear(&heard(
        "In progress",
        Some(Phase::DetectionAndAnalysis),
        None,
    ));
    assert_eq!(
        desk.hear(&heard(
            "In progress",
            Some(Phase::DetectionAndAnalysis),
            None
        )),
        0
    );
}

#[test]
fn what_only_the_source_changed_is_taken_over() {
    let mut desk = desk();
    let containment = Phase::ContainmentEradicationAndRecovery;
    desk.hear(&heard("Recovery", Some(containment), Some(Severity::Sev1)));
    assert_eq!(
        (desk.incident.phase, desk.incident.severity),
        (containment, Some(Severity::Sev1))
    );
    desk.hear(&heard(
        "Reporting",
        Some(Phase::PostIncidentActivity),
        Some(Severity::Sev1),
    ));
    assert_eq!(desk.incident.phase, Phase::PostIncidentActivity);
    desk.hear(&heard(
        "Open",
        Some(Phase::DetectionAndAnalysis),
        Some(Severity::Sev1),
    ));
    assert_eq!(
        (desk.incident.phase, desk.incident.pass),
        (Phase::DetectionAndAnalysis, 2)
    );
    let upstream = desk.incident.upstream.clone().unwrap();
    assert!(conflicts(&upstream).is_empty());
    assert_eq!(upstream.rest["raw_status"], "Open");
}

#[test]
fn what_both_sides_changed_is_shown_with_both_values_and_never_overwritten() {
    let mut desk = desk();
    desk.by("d.okafor", Role::Commander)
        .ok(r#"{"type": "set", "severity": "sev1"}"#);
    desk.by("cases", Role::Admin);
    assert_eq!(desk.hear(&first()), 0, "only we changed it");
    let theirs = heard(
        "Open",
        Some(Phase::DetectionAndAnalysis),
        Some(Severity::Sev5),
    );
    desk.hear(&theirs);
    assert_eq!(desk.incident.severity, Some(Severity::Sev1));
    let upstream = desk.incident.upstream.clone().unwrap();
    let told = [("severity".to_owned(), "sev1".to_owned(), "sev5".to_owned())];
    assert_eq!(conflicts(&upstream), told);
    assert_eq!(
        desk.incident.change.clone().unwrap().text.unwrap(),
        "cases disagrees"
    );
    assert_eq!(desk.hear(&theirs), 0, "it is said once");
    // Once both say the same it is over, and the source is followed again.
    desk.hear(&heard(
        "Open",
        Some(Phase::DetectionAndAnalysis),
        Some(Severity::Sev1),
    ));
    assert!(conflicts(desk.incident.upstream.as_ref().unwrap()).is_empty());
    desk.hear(&heard(
        "Open",
        Some(Phase::DetectionAndAnalysis),
        Some(Severity::Sev4),
    ));
    assert_eq!(desk.incident.severity, Some(Severity::Sev4));
}

#[test]
fn what_the_domain_refuses_is_a_conflict_too() {
    let mut desk = desk();
    desk.hear(&heard("Reporting", Some(Phase::PostIncidentActivity), None));
    desk.hear(&heard(
        "Recovery",
        Some(Phase::ContainmentEradicationAndRecovery),
        None,
    ));
    assert_eq!(desk.incident.phase, Phase::PostIncidentActivity);
    let conflicts = conflicts(desk.incident.upstream.as_ref().unwrap());
    assert_eq!(conflicts[0].0, "phase");
}

#[test]
fn resolved_or_gone_there_ends_nothing_here() {
    let mut desk = desk();
    let mut resolved = heard("resolved", None, None);
    resolved.standing = "resolved".to_owned();
    desk.hear(&resolved);
    assert!(desk.incident.is_open());
    assert_eq!(
        standing(desk.incident.upstream.as_ref().unwrap()),
        Some("resolved")
    );
    let events = stand(&desk.incident, "gone");
    desk.apply(events);
    assert!(desk.incident.is_open() && stand(&desk.incident, "gone").is_empty());
    assert_eq!(
        desk.incident.change.clone().unwrap().text.unwrap(),
        "gone in cases"
    );
    desk.hear(&first());
    assert_eq!(
        standing(desk.incident.upstream.as_ref().unwrap()),
        Some("open")
    );
}

#[test]
fn a_mere_word_of_the_source_fails_nobody_s_confirmation() {
    let mut desk = desk();
    let before = desk.incident.persons_version;
    desk.hear(&heard(
        "In progress",
        Some(Phase::DetectionAndAnalysis),
        None,
    ));
    assert_eq!(desk.incident.persons_version, before);
    desk.hear(&heard(
        "In progress",
        Some(Phase::DetectionAndAnalysis),
        Some(Severity::Sev1),
    ));
    assert!(desk.incident.persons_version > before);
}

#[test]
fn how_far_notes_came_outlives_the_next_word_of_the_source_and_is_nobodys_command() {
    use crate::domain::command::note_there::NotesThere;
    let mut desk = desk();
    let there = |desk: &Desk| NotesThere::of(desk.incident.upstream.as_ref().unwrap());
    let begun = there(&desk).begun(7);
    let events = begun.told(&desk.incident);
    desk.apply(events);
    assert_eq!(there(&desk).under_way, Some(7));
    assert!(begun.told(&desk.incident).is_empty(), "said once");
    let lost = begun.lost("no answer".to_owned());
    let events = lost.told(&desk.incident);
    desk.apply(events);
    desk.hear(&heard("Recovery", None, Some(Severity::Sev3)));
    let kept = there(&desk);
    assert_eq!((kept.upto, kept.under_way, kept.last), (7, None, None));
    assert_eq!(kept.lost[0].entry, 7);
    // What was certainly not written is looked at again.
    assert_eq!(there(&desk).begun(9).again().upto, 8);
}
