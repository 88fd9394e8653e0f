//! Ways in which a countdown that runs could have been moved later, stopped or hidden, one test for each.

use super::clock::{desk, duty, record, status, submit};
use super::*;
use crate::domain::word::DutyStatus;

const BERLIN: &str = r#"{"zone": "Europe/Berlin"}"#;
const ANGELES: &str = r#"{"zone": "America/Los_Angeles"}"#;
const FEDRAMP: &str = r#"{"zone": "UTC", "class": "d"}"#;
const REASON: &str = r#", "reason": "read wrong""#;

#[test]
fn a_month_does_not_remove_the_countdown_of_an_instant() {
    let mut desk = desk(r#"["gdpr-33"]"#, BERLIN);
    desk.by("r.one", Role::Responder);
    let id = "gdpr-33/authority";
    desk.ok(&record("aware_at", "2026-11-20T05:00:00Z", ""));
    let due = duty(&desk, id).due_at;
    assert_eq!(due, Some(at("2026-11-23T05:00:00Z")));
    let refused = desk.refused(&record("aware_at", "2026-11", ""));
    assert!(refused.detail.contains("starts no clock"), "{refused}");
    desk.ok(&record("aware_at", "2026-11", REASON));
    assert_eq!(duty(&desk, id).due_at, due, "proposed only");
    desk.ok(&record("aware_at", "2026-11-22T05:00:00Z", REASON));
    assert_eq!(duty(&desk, id).due_at, due, "proposed only");
}

#[test]
fn a_later_instant_is_compared_with_the_one_that_a_month_replaced() {
    let mut desk = desk(r#"["gdpr-33"]"#, BERLIN);
    let id = "gdpr-33/authority";
    desk.ok(&record("aware_at", "2026-11-20T05:00:00Z", ""));
    // As a record of before: the month counted at once.
    let month = crate::domain::when::When::parse("2026-11").unwrap();
    desk.apply(vec![Event::TimeRecorded {
        trigger: "aware_at".to_owned(),
        at: month,
        precision: month.precision,
        source: None,
        reason: None,
        duty: None,
        proposed: false,
    }]);
    assert_eq!(status(&desk, id), DutyStatus::Waiting);
    desk.refused(&record("aware_at", "2026-11-22T05:00:00Z", ""));
    desk.ok(&record("aware_at", "2026-11-20T05:00:00Z", ""));
    assert_eq!(duty(&desk, id).due_at, Some(at("2026-11-23T05:00:00Z")));
}

#[test]
fn a_day_is_compared_from_where_the_entity_counts_it() {
    let mut west = desk(r#"["gdpr-33"]"#, ANGELES);
    let id = "gdpr-33/authority";
    west.ok(&record("aware_at", "2026-11-22T05:00:00Z", ""));
    west.refused(&record("aware_at", "2026-11-22", ""));
    assert_eq!(duty(&west, id).due_at, Some(at("2026-11-25T05:00:00Z")));

    let mut east = desk(r#"["gdpr-33"]"#, r#"{"zone": "Asia/Tokyo"}"#);
    east.ok(&record("aware_at", "2026-11-21T20:00:00Z", ""));
    // The 22nd began there at 15:00Z of the day before: earlier, and so it counts at once.
    east.ok(&record("aware_at", "2026-11-22", ""));
    assert_eq!(duty(&east, id).due_at, Some(at("2026-11-24T15:00:00Z")));
    east.refused(&record("aware_at", "2026-11-21T15:00:01Z", ""));

    // Where the text names its own zone its day counts too.
    let mut text = desk(r#"["sec-8k-105"]"#, r#"{"zone": "Asia/Tokyo"}"#);
    let trigger = "materiality_determined_at";
    text.ok(&record(trigger, "2026-11-20T02:00:00Z", ""));
    text.refused(&record(trigger, "2026-11-20", ""));
}

#[test]
fn a_milestone_of_one_duty_in_a_later_pass_does_not_move_what_counts_from_the_first() {
    let mut desk = desk(r#"["fedramp-cr26"]"#, FEDRAMP);
    let id = "fedramp-cr26/final";
    desk.ok(CONTAIN);
    desk.ok(&record("recovered_at", "2026-11-23T09:00:00Z", ""));
    let due = duty(&desk, id).due_at;
    assert!(due.is_some());
    desk.ok(LOOP);
    desk.later(600);
    let of_duty = format!(r#", "duty": "{id}""#);
    desk.refused(&record("recovered_at", "2026-11-23T19:00:00Z", &of_duty));
    desk.ok(&record("recovered_at", "2026-11-23T19:00:00Z", ""));
    assert_eq!(duty(&desk, id).due_at, due);
}

#[test]
fn what_was_sent_counts_in_the_order_in_which_it_was_sent() {
    let mut desk = desk(r#"["dora-19"]"#, BERLIN);
    desk.ok(&record("aware_at", "2026-11-20T08:00:00Z", ""));
    let id = "dora-19/initial";
    let update = submit(id, "2026-11-22T10:00:00Z").replace("\"initial\"", "\"update\"");
    desk.ok(&update);
    assert_eq!(status(&desk, "dora-19/intermediate"), DutyStatus::Waiting);
    desk.ok(&submit(id, "2026-11-20T22:00:00Z"));
    let intermediate = duty(&desk, "dora-19/intermediate");
    assert_eq!(intermediate.due_at, Some(at("2026-11-23T22:00:00Z")));
    let initial = duty(&desk, id);
    assert_eq!(initial.outcome.as_deref(), Some("on_time"));
    assert_eq!(initial.submitted_at, Some(at("2026-11-20T22:00:00Z")));
}

#[test]
fn an_update_alone_is_no_first_notice_and_a_correction_is_none() {
    let mut desk = desk(r#"["dora-19"]"#, BERLIN);
    desk.ok(&record("aware_at", "2026-11-22T08:00:00Z", ""));
    let (initial, intermediate) = ("dora-19/initial", "dora-19/intermediate");
    let of_kind = |id: &str, kind: &str, at: &str| {
        submit(id, at).replace("\"initial\"", &format!("\"{kind}\""))
    };
    for kind in ["update", "correction"] {
        desk.ok(&of_kind(initial, kind, "2026-11-22T10:00:00Z"));
        assert_ne!(status(&desk, initial), DutyStatus::Met, "{kind}");
    }
    desk.ok(&submit(initial, "2026-11-22T11:00:00Z"));
    assert_eq!(status(&desk, initial), DutyStatus::Met);
    // The intermediate report is an update of what the same authority was told.
    desk.ok(&of_kind(intermediate, "update", "2026-11-22T12:00:00Z"));
    assert_eq!(status(&desk, intermediate), DutyStatus::Met);
}

#[test]
fn a_hold_that_the_text_does_not_know_stops_no_clock() {
    let mut desk = desk(r#"["gdpr-33", "hipaa", "ms-dpa"]"#, BERLIN);
    desk.ok(&record("aware_at", "2026-11-23T08:00:00Z", ""));
    desk.ok(&record("discovered_at", "2026-11-23T08:00:00Z", ""));
    let hold = |duty: &str, kind: &str| {
        format!(r#"{{"type": "hold", "duty": "{duty}", "kind": "{kind}", "authority": "a"}}"#)
    };
    for (duty, kind) in [
        ("gdpr-33/authority", "written"),
        ("gdpr-33/authority", "exception:"),
        ("gdpr-33/authority", "exception:risk-to-others"),
        ("gdpr-33/authority", "exception:a"),
        ("hipaa/individuals", "told"),
    ] {
        let refused = desk.refused(&hold(duty, kind));
        assert_eq!(refused.kind, RefusalKind::Invalid);
        assert!(refused.detail.contains("its text knows"), "{refused}");
    }
    let named = desk.refused(&hold("hipaa/individuals", "told"));
    assert!(named.detail.contains("written, oral"), "{named}");
    desk.ok(&hold(
        "gdpr-33/authority",
        "exception:Unlikely_to_result in a risk",
    ));
    desk.ok(&hold(
        "ms-dpa/customer",
        "exception:law-enforcement-instruction",
    ));
}

#[test]
fn an_oral_hold_ends_by_itself_however_it_is_spelled() {
    let mut desk = desk(r#"["hipaa"]"#, r#"{"zone": "UTC"}"#);
    let id = "hipaa/individuals";
    desk.ok(&record("discovered_at", "2026-10-01T08:00:00Z", ""));
    desk.ok(&format!(
        r#"{{"type": "hold", "duty": "{id}", "kind": "Oral", "at": "2026-11-21T10:00:00Z", "authority": "a"}}"#
    ));
    let held = duty(&desk, id);
    assert_eq!(held.status, DutyStatus::Held);
    assert_eq!(held.due_at, Some(at("2026-12-21T23:59:59Z")));
    assert_eq!(held.hold.map(|hold| hold.kind).as_deref(), Some("oral"));
    // As it stands in records of before.
    let mut old = desk.incident.clone();
    for hold in old.duties.values_mut().flat_map(|duty| &mut duty.holds) {
        hold.kind = "ORAL".to_owned();
    }
    desk.incident = old;
    assert_eq!(duty(&desk, id).due_at, Some(at("2026-12-21T23:59:59Z")));
}

#[test]
fn a_fact_that_nobody_recorded_never_gives_the_later_reading() {
    let mut nis = desk(r#"["nis2-23"]"#, BERLIN);
    let id = "nis2-23/notification";
    nis.ok(&record("aware_at", "2026-11-23T08:00:00Z", ""));
    let open = duty(&nis, id);
    assert_eq!(open.due_at, Some(at("2026-11-24T08:00:00Z")));
    let because = open.because.unwrap();
    assert!(
        because.contains("trust_service_provider is not known"),
        "{because}"
    );
    nis.ok(r#"{"type": "set", "profile": {"trust_service_provider": false}}"#);
    let known = duty(&nis, id);
    assert_eq!(
        (known.due_at, known.because),
        (Some(at("2026-11-26T08:00:00Z")), None)
    );
    nis.ok(r#"{"type": "set", "profile": {"trust_service_provider": true}}"#);
    assert_eq!(duty(&nis, id).due_at, Some(at("2026-11-24T08:00:00Z")));
}

#[test]
fn an_entity_of_which_nobody_said_what_it_is_has_no_relief_for_closed_days() {
    let mut dora = desk(
        r#"["dora-19"]"#,
        r#"{"zone": "Europe/Berlin", "calendar": "de-national"}"#,
    );
    let id = "dora-19/initial";
    dora.ok(&record("aware_at", "2026-11-20T20:00:00Z", ""));
    let open = duty(&dora, id);
    assert_eq!((open.status, open.limit_at), (DutyStatus::Overdue, None));
    dora.ok(r#"{"type": "set", "profile": {"entity_type": "investment-firm"}}"#);
    let firm = duty(&dora, id);
    assert_eq!(firm.limit_at, Some(at("2026-11-23T11:00:00Z")));
    assert_eq!(firm.status, DutyStatus::PastDue);
}

#[test]
fn a_milestone_confirmed_in_one_pass_leaves_those_of_the_others() {
    let mut desk = desk(r#"["fedramp-cr26"]"#, FEDRAMP);
    let id = "fedramp-cr26/final";
    desk.ok(CONTAIN);
    desk.ok(&record("recovered_at", "2026-11-23T09:00:00Z", ""));
    let due = duty(&desk, id).due_at;
    assert_eq!(due, Some(at("2026-11-23T12:00:00Z")));
    desk.ok(LOOP);
    desk.later(600);
    desk.ok(&record("recovered_at", "2026-11-23T19:00:00Z", ""));
    desk.ok(&record("recovered_at", "2026-11-23T19:30:00Z", REASON));
    desk.by("k.ono", Role::Commander);
    desk.ok(r#"{"type": "confirm_time", "trigger": "recovered_at"}"#);
    let reached = desk.incident.trigger("recovered_at").map(|t| t.at.at);
    assert_eq!(reached, Some(at("2026-11-23T19:30:00Z")));
    assert_eq!(duty(&desk, id).due_at, due);
    assert_eq!(status(&desk, id), DutyStatus::Overdue);
}

#[test]
fn a_milestone_proposed_in_an_earlier_pass_takes_nothing_from_the_present_one() {
    let mut desk = desk(r#"["fedramp-cr26"]"#, FEDRAMP);
    desk.ok(CONTAIN);
    desk.ok(&record("recovered_at", "2026-11-23T08:00:00Z", ""));
    desk.ok(&record("recovered_at", "2026-11-23T09:00:00Z", REASON));
    desk.ok(LOOP);
    desk.later(60);
    desk.ok(&record("recovered_at", "2026-11-23T10:30:00Z", ""));
    desk.by("k.ono", Role::Commander);
    desk.refused(r#"{"type": "confirm_time", "trigger": "recovered_at"}"#);
    assert!(
        desk.incident
            .has_milestone(crate::domain::word::Milestone::Recovered)
    );
}

#[test]
fn a_confirmation_of_before_is_replayed_as_it_was() {
    let mut desk = desk(r#"["fedramp-cr26"]"#, FEDRAMP);
    desk.ok(CONTAIN);
    desk.ok(&record("recovered_at", "2026-11-23T08:00:00Z", ""));
    desk.ok(LOOP);
    desk.ok(&record("recovered_at", "2026-11-23T09:00:00Z", ""));
    desk.ok(&record("recovered_at", "2026-11-23T09:30:00Z", REASON));
    let old = r#"{"kind": "time_confirmed", "body": {"trigger": "recovered_at", "duty": null}}"#;
    desk.apply(vec![serde_json::from_str(old).unwrap()]);
    let counting = desk.incident.triggers.iter().filter(|t| t.counts());
    assert_eq!(counting.count(), 1, "it took the place of all");
}

#[test]
fn a_confirmation_names_what_the_second_person_saw() {
    let mut desk = desk(
        r#"["gdpr-33"]"#,
        r#"{"zone": "Europe/Berlin", "subjects": {"gdpr-33": ["acme", "beta"]}}"#,
    );
    let (acme, beta) = ("gdpr-33/authority@acme", "gdpr-33/authority@beta");
    desk.ok(&record("aware_at", "2026-11-22T05:00:00Z", ""));
    let before = duty(&desk, beta).due_at;
    desk.ok(&record("aware_at", "2026-11-22T08:00:00Z", REASON));
    let of_acme = format!(r#"{REASON}, "duty": "{acme}""#);
    desk.ok(&record("aware_at", "2026-11-22T06:00:00Z", &of_acme));
    let seen = duty(&desk, acme).triggers;
    let proposed = seen["aware_at"].proposed.as_ref().unwrap();
    assert_eq!(proposed.at.at, at("2026-11-22T06:00:00Z"));
    desk.by("k.ono", Role::Commander);
    let confirm = |of: &str| format!(r#"{{"type": "confirm_time", "trigger": "aware_at"{of}}}"#);
    let several = desk.refused(&confirm(""));
    assert_eq!(several.kind, RefusalKind::State);
    assert!(
        several.detail.contains(acme) && several.detail.contains("incident"),
        "{several}"
    );
    desk.ok(&confirm(&format!(r#", "duty": "{acme}""#)));
    assert_eq!(duty(&desk, beta).due_at, before);
    assert_eq!(duty(&desk, acme).due_at, Some(at("2026-11-25T06:00:00Z")));
    desk.refused(&confirm(&format!(r#", "duty": "{acme}""#)));
    desk.ok(&confirm(r#", "duty": "incident""#));
    assert_eq!(duty(&desk, beta).due_at, Some(at("2026-11-25T08:00:00Z")));
}

#[test]
fn a_confirmation_makes_no_order_that_cannot_be() {
    let mut desk = desk(r#"["dora-19"]"#, BERLIN);
    desk.ok(&record("aware_at", "2026-11-22T05:00:00Z", ""));
    desk.ok(&record("aware_at", "2026-11-22T08:00:00Z", REASON));
    desk.ok(&record("classified_major_at", "2026-11-22T07:00:00Z", ""));
    desk.by("k.ono", Role::Commander);
    let refused = desk.refused(r#"{"type": "confirm_time", "trigger": "aware_at"}"#);
    assert!(refused.detail.contains("before aware_at"), "{refused}");
}

#[test]
fn a_subject_with_recorded_work_stays_when_the_profile_names_it_no_more() {
    let mut desk = desk(
        r#"["gdpr-33"]"#,
        r#"{"subjects": {"gdpr-33": ["acme", "beta", "gone", "late"]}}"#,
    );
    desk.ok(&record("aware_at", "2026-11-23T08:00:00Z", ""));
    let id = "gdpr-33/authority@beta";
    let partial = submit(id, "2026-11-23T09:00:00Z");
    desk.ok(&partial.replace('}', r#", "told": {"done": 1, "of": 2}}"#));
    desk.ok(&record(
        "aware_at",
        "2026-11-23T07:00:00Z",
        r#", "duty": "gdpr-33/authority@late""#,
    ));
    desk.ok(r#"{"type": "set", "profile": {"subjects": {"gdpr-33": ["acme"]}}}"#);
    assert_eq!(status(&desk, id), DutyStatus::Running);
    assert_eq!(
        duty(&desk, "gdpr-33/authority@late").due_at,
        Some(at("2026-11-26T07:00:00Z"))
    );
    let all = super::clock::duties(&desk);
    let subjects = |name: &str| all.iter().any(|duty| duty.subject == name);
    assert!(subjects("acme") && !subjects("gone") && !subjects("all"));
    desk.ok(r#"{"type": "set", "profile": {"subjects": null}}"#);
    let all = super::clock::duties(&desk);
    let subjects = |name: &str| all.iter().any(|duty| duty.subject == name);
    assert!(subjects("all") && subjects("beta") && !subjects("acme"));
}

#[test]
fn a_wider_scope_brings_a_decision_not_to_notify_up_again() {
    let mut desk = desk(r#"["gdpr-33"]"#, BERLIN);
    let id = "gdpr-33/authority";
    desk.ok(&record("aware_at", "2026-11-23T08:00:00Z", ""));
    let decide = format!(
        r#"{{"type": "decide", "duty": "{id}", "required": false, "because": "encrypted"}}"#
    );
    desk.ok(&decide);
    desk.ok(CONTAIN);
    let back = |reason: &str| LOOP.replace("new indicator", reason);
    desk.ok(&back("new indicator"));
    assert_eq!(status(&desk, id), DutyStatus::Decided);
    desk.ok(CONTAIN);
    desk.ok(&back("wider scope"));
    let again = duty(&desk, id);
    assert_eq!(again.status, DutyStatus::Running);
    assert!(
        again
            .because
            .is_some_and(|because| because.contains("encrypted"))
    );
    desk.ok(r#"{"type": "undo"}"#);
    assert_eq!(
        status(&desk, id),
        DutyStatus::Decided,
        "the move was taken back"
    );
    desk.ok(&back("two more tenants"));
    assert_eq!(status(&desk, id), DutyStatus::Running);
    desk.ok(CONTAIN).ok(r#"{"type": "undo"}"#);
    assert_eq!(
        status(&desk, id),
        DutyStatus::Running,
        "only a step within the pass"
    );
    desk.ok(&decide);
    assert_eq!(status(&desk, id), DutyStatus::Decided);
}

#[test]
fn a_decision_not_to_notify_rings_on_the_day_it_is_looked_at_again() {
    let mut desk = desk(r#"["gdpr-33"]"#, BERLIN);
    let id = "gdpr-33/authority";
    desk.ok(&record("aware_at", "2026-11-23T08:00:00Z", ""));
    desk.ok(&format!(
        r#"{{"type": "decide", "duty": "{id}", "required": false, "because": "b", "review_on": "2026-11-25"}}"#
    ));
    let seen = duty(&desk, id);
    assert_eq!(seen.review_on.as_deref(), Some("2026-11-25"));
    assert_eq!(seen.review_at, Some(at("2026-11-24T23:00:00Z")));
    let alarms = |desk: &Desk| {
        let all = super::clock::duties(desk);
        crate::domain::alarm::of_incident(&desk.incident, &all, desk.now)
    };
    let rings = |desk: &Desk| {
        alarms(desk)
            .iter()
            .any(|alarm| alarm.id == format!("{id}#review_due"))
    };
    desk.now = at("2026-11-24T22:59:59Z");
    assert!(!rings(&desk));
    let all = super::clock::duties(&desk);
    let changes = crate::domain::alarm::changes_at(&desk.incident, &all);
    assert!(changes.contains(&at("2026-11-24T23:00:00Z")));
    desk.now = at("2026-11-24T23:00:00Z");
    assert!(rings(&desk));
}

#[test]
fn what_was_sent_is_not_recorded_as_a_time() {
    let mut desk = desk(r#"["nis2-23"]"#, BERLIN);
    desk.by("r.one", Role::Responder);
    let refused = desk.refused(&record(
        "submitted:notification",
        "2026-11-23T08:00:00Z",
        "",
    ));
    assert_eq!(refused.kind, RefusalKind::Invalid);
    assert!(refused.detail.contains("submit"), "{refused}");
    assert_eq!(status(&desk, "nis2-23/final"), DutyStatus::Waiting);
}

#[test]
fn what_was_provisional_is_provisional_again_after_a_hold() {
    let mut desk = desk(r#"["dora-19"]"#, BERLIN);
    let id = "dora-19/initial";
    desk.ok(&record("aware_at", "2026-11-23T08:00:00Z", ""));
    // A hold by the text's own exception: the authority is told before the limit passes.
    desk.ok(&format!(
        r#"{{"type": "hold", "duty": "{id}", "kind": "exception:tell-the-authority", "until": "2026-11-23T12:00:00Z", "authority": "BaFin"}}"#
    ));
    let held = duty(&desk, id);
    assert_eq!(held.status, DutyStatus::Held);
    desk.later(180);
    assert_eq!(status(&desk, id), DutyStatus::Provisional);
    assert_eq!(
        crate::domain::duty::status_at(&held, desk.now),
        DutyStatus::Provisional
    );
}

#[test]
fn a_countdown_of_a_text_that_was_read_long_ago_says_so() {
    let mut desk = desk(r#"["gdpr-33"]"#, BERLIN);
    let rule = |desk: &Desk| duty(desk, "gdpr-33/authority").rule;
    // Its text was read on 23 Nov 2026.
    desk.now = at("2027-11-23T10:00:00Z");
    assert_eq!(rule(&desk), "GDPR 33");
    desk.now = at("2027-11-24T10:00:00Z");
    assert_eq!(rule(&desk), "GDPR 33, read text again");
    desk.rules = desk.rules.clone().warning_after(400);
    assert_eq!(rule(&desk), "GDPR 33");
}

#[test]
fn a_milestone_known_to_the_month_gives_way_to_the_first_that_starts_a_clock() {
    let mut desk = desk(r#"["fedramp-cr26"]"#, FEDRAMP);
    let id = "fedramp-cr26/final";
    desk.ok(CONTAIN);
    desk.ok(&record("recovered_at", "2026-11", ""));
    assert_eq!(status(&desk, id), DutyStatus::Waiting);
    desk.ok(LOOP);
    desk.ok(&record("recovered_at", "2026-11-23T09:00:00Z", ""));
    assert_eq!(duty(&desk, id).due_at, Some(at("2026-11-23T12:00:00Z")));
}
