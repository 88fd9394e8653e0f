//! Seats, fields, notes, lessons.

use super::*;
use crate::domain::word::{Seat, Severity, Tlp};

#[test]
fn a_seat_is_assigned_offered_and_taken() {
    let mut desk = Desk::new();
    let commander = |desk: &Desk| desk.incident.seats.get(Seat::Commander).map(str::to_owned);
    desk.ok(r#"{"type": "assign", "role": "commander", "person": "d.okafor"}"#);
    desk.refused(r#"{"type": "assign", "role": "commander", "person": "d.okafor"}"#);
    desk.ok(r#"{"type": "hand_over", "role": "commander", "to": "k.ono"}"#);
    assert_eq!(
        commander(&desk).as_deref(),
        Some("d.okafor"),
        "until it is taken, nothing changes"
    );
    let take = r#"{"type": "take", "role": "commander"}"#;
    desk.by("s.weiss", Role::Commander).refused(take);
    desk.by("k.ono", Role::Responder);
    assert_eq!(desk.kind(take), RefusalKind::NotAllowed);
    desk.by("k.ono", Role::Commander).ok(take);
    assert_eq!(commander(&desk).as_deref(), Some("k.ono"));
    assert_eq!(desk.incident.hand_overs, []);
    desk.ok(r#"{"type": "assign", "role": "commander", "person": null}"#);
    assert_eq!(commander(&desk), None);
    desk.by("r.haddad", Role::Responder)
        .ok(r#"{"type": "take", "role": "scribe"}"#);
}

#[test]
fn a_decider_belongs_to_a_duty() {
    let mut desk = Desk::new();
    desk.refused(r#"{"type": "assign", "role": "decider", "person": "j.lindqvist"}"#);
    desk.refused(
        r#"{"type": "assign", "role": "decider", "person": "j.lindqvist", "duty": "nis2/early"}"#,
    );
    desk.refused(
        r#"{"type": "assign", "role": "scribe", "person": "a", "duty": "ms-72h/customer"}"#,
    );
    desk.ok(r#"{"type": "assign", "role": "decider", "person": "j.lindqvist", "duty": "ms-72h/customer"}"#);
}

#[test]
fn set_touches_what_it_names_and_clears_what_is_null() {
    let mut desk = Desk::new();
    desk.ok(r#"{"type": "set", "severity": "sev1", "summary": "s", "tlp": "red", "profile": {"zone": "Europe/Berlin", "a": 1}}"#);
    desk.ok(r#"{"type": "set", "summary": null, "profile": {"a": null, "b": 2}}"#);
    let incident = &desk.incident;
    assert_eq!(incident.severity, Some(Severity::Sev1), "untouched");
    assert_eq!(
        (incident.summary.as_deref(), incident.tlp),
        (None, Tlp::Red)
    );
    let keys: Vec<&str> = incident.profile.keys().map(String::as_str).collect();
    assert_eq!(keys, ["zone", "b"]);
    desk.refused(r#"{"type": "set", "title": null}"#);
    desk.refused(r#"{"type": "set", "profile": {"zone": "Mars/Olympus"}}"#);
    let long = "x".repeat(301);
    desk.refused(&format!(r#"{{"type": "set", "title": "{long}"}}"#));
}

#[test]
fn a_note_has_limits_in_characters_and_no_nul() {
    let mut desk = Desk::new();
    let note = |text: &str| format!(r#"{{"type": "note", "kind": "fact", "text": "{text}"}}"#);
    desk.ok(&note(&"é".repeat(20_000)));
    desk.refused(&note(&"é".repeat(20_001)));
    desk.refused(&note(""));
    desk.refused(&note("a\\u0000b"));
}

#[test]
fn lessons_outlive_the_incident() {
    let mut desk = Desk::new();
    desk.ok(r#"{"type": "lesson", "text": "rotate keys", "owner": "azure-engineering"}"#);
    desk.ok(r#"{"type": "dismiss", "reason": "not ours"}"#);
    let id = desk
        .incident
        .lessons
        .first()
        .map(|lesson| lesson.id.clone())
        .unwrap();
    desk.ok(&format!(r#"{{"type": "finish_lesson", "lesson": "{id}"}}"#));
    assert!(
        desk.incident
            .lessons
            .first()
            .is_some_and(|lesson| lesson.done_at.is_some())
    );
    desk.refused(&format!(r#"{{"type": "finish_lesson", "lesson": "{id}"}}"#));
}
