//! Phase moves, gates, the loop, undo, endings.

use super::*;
use crate::domain::word::{Ended, GateWord, Phase};

const MILESTONES: [&str; 3] = ["contained_at", "eradicated_at", "recovered_at"];

fn reach(desk: &mut Desk, milestones: &[&str]) {
    for name in milestones {
        let at = desk.now.to_rfc3339();
        desk.ok(&format!(
            r#"{{"type": "record_time", "trigger": "{name}", "at": "{at}"}}"#
        ));
    }
}

fn contained() -> Desk {
    let mut desk = Desk::new();
    desk.ok(CONTAIN);
    desk
}

#[test]
fn only_the_drawn_moves_are_legal() {
    use Phase::{
        ContainmentEradicationAndRecovery as C, DetectionAndAnalysis as D,
        PostIncidentActivity as P, Preparation,
    };
    let stand = |phase: Phase| {
        let mut desk = Desk::new();
        if phase == Preparation {
            let body = r#"{"service": "azure", "title": "drill", "exercise": true, "starts_at": "2026-11-26T09:00:00Z"}"#;
            return Desk::with(body);
        }
        if phase != D {
            desk.ok(CONTAIN);
        }
        if phase == P {
            reach(&mut desk, &MILESTONES);
            desk.ok(POST);
        }
        desk
    };
    let legal = [(Preparation, D), (D, C), (C, D), (C, P), (P, D)];
    for from in Phase::ALL {
        for to in Phase::ALL {
            let mut desk = stand(*from);
            assert_eq!(desk.incident.phase, *from);
            if *from == C {
                reach(&mut desk, &MILESTONES);
            }
            let moved = desk.give(&format!(
                r#"{{"type": "advance", "to": "{to}", "reason": "wider scope"}}"#
            ));
            assert_eq!(
                moved.is_ok(),
                legal.contains(&(*from, *to)),
                "{from} to {to}"
            );
            if moved.is_ok() {
                assert_eq!(desk.incident.phase, *to);
            }
        }
    }
}

#[test]
fn gates_never_stop_containment_and_are_recorded() {
    let desk = contained();
    assert_eq!(
        desk.incident.phase,
        Phase::ContainmentEradicationAndRecovery
    );
    let Some(Event::Advanced { unmet, .. }) = desk.told.first() else {
        panic!("{:?}", desk.told);
    };
    let expected = [
        GateWord::Commander,
        GateWord::Classification,
        GateWord::Severity,
    ];
    assert_eq!(unmet, &expected);
}

#[test]
fn post_incident_asks_for_the_milestones_of_this_pass() {
    let mut desk = contained();
    let refusal = desk.refused(POST);
    assert_eq!(refusal.kind, RefusalKind::Gate);
    let all = [
        GateWord::ContainedAt,
        GateWord::EradicatedAt,
        GateWord::RecoveredAt,
    ];
    assert_eq!(refusal.unmet, all);
    reach(&mut desk, &["contained_at", "eradicated_at"]);
    desk.ok(
        r#"{"type": "not_applicable", "milestone": "recovered_at", "reason": "nothing was down"}"#,
    );
    desk.ok(POST).later(5).ok(LOOP).ok(CONTAIN);
    assert_eq!(desk.incident.pass, 2);
    assert_eq!(
        desk.refused(POST).unmet,
        all,
        "the earlier pass's milestones do not count"
    );
    assert_eq!(
        desk.incident.trigger("contained_at").map(|t| t.pass),
        Some(1),
        "what is shown is the last earlier one, with its pass"
    );
}

#[test]
fn an_override_needs_a_reason_and_says_what_was_unmet() {
    let mut desk = contained();
    let bare = r#"{"type": "advance", "to": "post_incident_activity", "override": true}"#;
    desk.refused(bare);
    desk.ok(r#"{"type": "advance", "to": "post_incident_activity", "override": true, "reason": "moved to another team"}"#);
    let Some(Event::Advanced {
        unmet, overridden, ..
    }) = desk.told.first()
    else {
        panic!("{:?}", desk.told);
    };
    assert!(*overridden);
    assert_eq!(unmet.len(), 3);
}

#[test]
fn looping_back_needs_a_reason_and_adds_a_pass() {
    let mut desk = contained();
    assert_eq!(desk.incident.pass, 1);
    let bare = r#"{"type": "advance", "to": "detection_and_analysis"}"#;
    assert_eq!(desk.kind(bare), RefusalKind::Invalid);
    desk.later(10).ok(LOOP);
    assert_eq!(
        (desk.incident.pass, desk.incident.phase_since),
        (2, desk.now)
    );
}

#[test]
fn undo_takes_back_ones_own_last_move_within_ten_minutes() {
    let undo = r#"{"type": "undo"}"#;
    let mut desk = contained();
    let since = at("2026-11-23T10:00:00Z");
    desk.later(30).ok(LOOP);
    desk.later(10).ok(undo);
    assert_eq!(
        desk.incident.phase,
        Phase::ContainmentEradicationAndRecovery
    );
    assert_eq!((desk.incident.pass, desk.incident.phase_since), (1, since));
    desk.refused(undo);

    let mut late = contained();
    late.later(11);
    late.refused(undo);

    let mut other = contained();
    other.by("p.abara", Role::Commander);
    assert!(other.refused(undo).detail.contains("d.okafor"));

    let mut after = contained();
    after.ok(r#"{"type": "note", "text": "seen", "kind": "fact"}"#);
    after.refused(undo);
}

#[test]
fn closing_asks_for_everything_and_reopening_lands_in_detection() {
    let close = r#"{"type": "close", "reason": "done"}"#;
    let mut desk = contained();
    assert_eq!(desk.kind(close), RefusalKind::State);
    reach(&mut desk, &MILESTONES);
    desk.ok(POST);
    let unmet = desk.refused(close).unmet;
    assert_eq!(
        unmet,
        [GateWord::Reportable, GateWord::Duties, GateWord::Review]
    );
    desk.ok(r#"{"type": "not_reportable", "reason": "no customer data"}"#);
    desk.ok(r#"{"type": "review", "held_at": "2026-11-23T10:00:00Z", "text": "short"}"#);
    desk.ok(close);
    assert_eq!(desk.incident.ended, Some(Ended::Closed));
    assert_eq!(desk.incident.closed_at, Some(desk.now));
    assert_eq!(desk.incident.phase, Phase::PostIncidentActivity);
    desk.refused(CONTAIN);
    desk.ok(r#"{"type": "reopen", "reason": "seen again"}"#);
    assert_eq!((desk.incident.ended, desk.incident.closed_at), (None, None));
    assert_eq!(
        (desk.incident.phase, desk.incident.pass),
        (Phase::DetectionAndAnalysis, 2)
    );
}

#[test]
fn only_what_is_still_in_detection_and_not_declared_is_dismissed() {
    let dismiss = r#"{"type": "dismiss", "reason": "a test account"}"#;
    let mut desk = Desk::new();
    desk.ok(dismiss);
    assert_eq!(desk.incident.ended, Some(Ended::Dismissed));
    let mut desk = contained();
    desk.refused(dismiss);
    let mut desk = Desk::new();
    desk.ok(r#"{"type": "declare"}"#);
    desk.refused(dismiss);
}

#[test]
fn a_planned_exercise_begins_in_preparation_with_pass_zero() {
    let body = r#"{"service": "azure", "title": "drill", "exercise": true, "starts_at": "2026-11-26T09:00:00Z"}"#;
    let mut desk = Desk::with(body);
    assert_eq!(
        (desk.incident.phase, desk.incident.pass),
        (Phase::Preparation, 0)
    );
    desk.ok(r#"{"type": "advance", "to": "detection_and_analysis"}"#);
    assert_eq!(desk.incident.pass, 1);
}
