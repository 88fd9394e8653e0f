//! Triggers, declarations, submissions, holds, verdicts: what becomes legal record.

use super::*;
use crate::domain::duty;
use crate::domain::view::DutyView;
use crate::domain::word::{DutyStatus, Reportable};

const DUTY: &str = "ms-72h/customer";

fn duty(desk: &Desk, id: &str) -> DutyView {
    let duties = duty::derive(&desk.incident, &desk.directory, &desk.rules, desk.now);
    duties
        .into_iter()
        .find(|duty| duty.id == id)
        .unwrap_or_else(|| panic!("no duty {id}"))
}

fn declared() -> Desk {
    let mut desk = Desk::new();
    desk.ok(r#"{"type": "declare"}"#);
    desk
}

#[test]
fn declaring_starts_the_72_hours_and_not_reportable_stops_them() {
    let mut desk = Desk::new();
    assert_eq!(duty(&desk, DUTY).status, DutyStatus::Waiting);
    assert_eq!(duty(&desk, DUTY).due_at, None);
    desk.ok(r#"{"type": "declare", "at": "2026-11-23T09:30:00Z"}"#);
    let running = duty(&desk, DUTY);
    assert_eq!(running.status, DutyStatus::Running);
    assert_eq!(running.due_at, Some(at("2026-11-26T09:30:00Z")));
    desk.ok(r#"{"type": "not_reportable", "reason": "no customer data"}"#);
    assert_eq!(desk.incident.reportable, Reportable::No);
    assert_eq!(duty(&desk, DUTY).status, DutyStatus::NotRequired);
    desk.ok(r#"{"type": "declare", "at": "2026-11-23T09:30:00Z"}"#);
    assert_eq!(duty(&desk, DUTY).due_at, Some(at("2026-11-26T09:30:00Z")));
}

#[test]
fn an_earlier_instant_counts_at_once_a_later_one_waits_for_a_second_person() {
    let mut desk = Desk::new();
    let record = |at: &str, more: &str| {
        format!(r#"{{"type": "record_time", "trigger": "aware_at", "at": "{at}"{more}}}"#)
    };
    let counts = |desk: &Desk| desk.incident.trigger("aware_at").map(|t| t.at.at);
    desk.ok(&record("2026-11-23T08:00:00Z", ""));
    desk.ok(&record("2026-11-23T07:00:00Z", ""));
    assert_eq!(counts(&desk), Some(at("2026-11-23T07:00:00Z")));
    desk.refused(&record("2026-11-23T09:00:00Z", ""));
    desk.ok(&record(
        "2026-11-23T09:00:00Z",
        r#", "reason": "the log was read wrong""#,
    ));
    assert_eq!(
        counts(&desk),
        Some(at("2026-11-23T07:00:00Z")),
        "the earlier one keeps the headline"
    );
    let confirm = r#"{"type": "confirm_time", "trigger": "aware_at"}"#;
    assert!(desk.refused(confirm).detail.contains("second person"));
    desk.by("k.ono", Role::Commander).ok(confirm);
    assert_eq!(counts(&desk), Some(at("2026-11-23T09:00:00Z")));
    desk.refused(confirm);
}

#[test]
fn a_later_declaration_is_only_proposed_too() {
    let mut desk = Desk::new();
    desk.ok(r#"{"type": "declare", "at": "2026-11-23T08:00:00Z"}"#);
    desk.refused(r#"{"type": "declare"}"#);
    desk.refused(r#"{"type": "declare", "at": "2026-11-23T09:00:00Z"}"#);
    desk.ok(r#"{"type": "declare", "at": "2026-11-23T09:00:00Z", "reason": "wrong day"}"#);
    assert_eq!(duty(&desk, DUTY).due_at, Some(at("2026-11-26T08:00:00Z")));
}

#[test]
fn a_future_instant_and_a_foreign_name_are_refused() {
    let mut desk = Desk::new();
    for (trigger, when) in [
        ("aware_at", "2026-11-24T10:00:00Z"),
        ("declared_at", "2026-11-23T09:00:00Z"),
        ("Aware At", "2026-11-23T09:00:00Z"),
    ] {
        let command =
            format!(r#"{{"type": "record_time", "trigger": "{trigger}", "at": "{when}"}}"#);
        assert_eq!(desk.kind(&command), RefusalKind::Invalid, "{trigger}");
    }
}

#[test]
fn a_day_starts_a_clock_at_its_beginning_and_a_month_starts_none() {
    let mut desk = Desk::new();
    desk.ok(r#"{"type": "record_time", "trigger": "aware_at", "at": "2026-10"}"#);
    assert_eq!(duty(&desk, "ms-dpa/customer").status, DutyStatus::Waiting);
    desk.ok(r#"{"type": "record_time", "trigger": "aware_at", "at": "2026-11-20"}"#);
    assert_eq!(
        duty(&desk, "ms-dpa/customer").status,
        DutyStatus::NoFixedLimit
    );
}

#[test]
fn a_duty_is_overdue_only_after_its_instant_and_met_when_everybody_was_told() {
    let mut desk = declared();
    desk.later(72 * 60);
    assert_eq!(
        duty(&desk, DUTY).status,
        DutyStatus::Running,
        "the instant itself is in time"
    );
    desk.now += TimeDelta::milliseconds(1);
    assert_eq!(duty(&desk, DUTY).status, DutyStatus::Overdue);
    desk.later(60);
    let sent = |done: u32| {
        format!(
            r#"{{"type": "submit", "duties": ["{DUTY}"], "at": "2026-11-26T09:00:00Z", "channel": "mail", "kind": "initial", "told": {{"done": {done}, "of": 1200}}}}"#
        )
    };
    desk.ok(&sent(600));
    assert_eq!(
        duty(&desk, DUTY).status,
        DutyStatus::Overdue,
        "half are told"
    );
    desk.ok(&format!(
        r#"{{"type": "withdraw_submit", "duty": "{DUTY}", "reason": "wrong list"}}"#
    ));
    desk.ok(&sent(1200));
    let met = duty(&desk, DUTY);
    assert_eq!(
        (met.status, met.outcome.as_deref()),
        (DutyStatus::Met, Some("on_time"))
    );
    desk.refused(r#"{"type": "submit", "duties": ["gdpr-33/authority"], "at": "2026-11-26T09:00:00Z", "channel": "mail", "kind": "initial"}"#);
}

#[test]
fn a_hold_stops_the_clock_until_it_is_released() {
    let mut desk = declared();
    desk.ok(&format!(
        r#"{{"type": "hold", "duty": "{DUTY}", "kind": "exception:risk-to-others", "until": "2026-11-30T00:00:00Z", "authority": "BKA"}}"#
    ));
    let held = duty(&desk, DUTY);
    assert_eq!(held.status, DutyStatus::Held);
    let hold = held.hold.map(|hold| hold.id).unwrap();
    desk.refused(&format!(
        r#"{{"type": "release", "duty": "{DUTY}", "hold": "h-unknown"}}"#
    ));
    desk.ok(&format!(
        r#"{{"type": "release", "duty": "{DUTY}", "hold": "{hold}"}}"#
    ));
    assert_eq!(duty(&desk, DUTY).status, DutyStatus::Running);
}

#[test]
fn counsel_alone_decides_against_a_duty_and_for_it_again() {
    let mut desk = declared();
    let decide = |required: bool| {
        format!(
            r#"{{"type": "decide", "duty": "{DUTY}", "required": {required}, "because": "encrypted"}}"#
        )
    };
    desk.by("p.abara", Role::Admin);
    assert_eq!(desk.kind(&decide(false)), RefusalKind::NotAllowed);
    desk.by("a.name", Role::Responder);
    desk.caller.counsel = true;
    desk.ok(&decide(false));
    let decided = duty(&desk, DUTY);
    assert_eq!(decided.status, DutyStatus::Decided);
    assert!(
        decided
            .because
            .is_some_and(|because| because.contains("a.name"))
    );
    desk.ok(&decide(true));
    assert_eq!(duty(&desk, DUTY).status, DutyStatus::Running);
}
