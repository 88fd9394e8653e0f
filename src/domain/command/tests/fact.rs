//! What is told as a fact was recorded as that fact: a notice that nobody sent is not sent, one sent to some is not sent to
//! all, and a page that goes nowhere says so.

use super::*;
use crate::domain::command::{trigger, worker};
use crate::domain::duty;
use crate::domain::say;
use crate::domain::view::DutyView;
use crate::domain::word::{DutyStatus, PageState};

fn duty(desk: &Desk, id: &str) -> DutyView {
    let all = duty::derive(&desk.incident, &desk.directory, &desk.rules, desk.now);
    all.into_iter().find(|duty| duty.id == id).unwrap()
}

fn desk(regimes: &str) -> Desk {
    Desk::with(&format!(
        r#"{{"service": "azure", "title": "odd sign-ins", "regimes": {regimes}}}"#
    ))
}

fn record(trigger: &str, at: &str) -> String {
    format!(
        r#"{{"type": "record_time", "trigger": "{trigger}", "at": "2026-11-23T{at}:00Z", "precision": "exact"}}"#
    )
}

#[test]
fn a_duty_that_the_milestones_meet_is_met_and_not_sent() {
    let mut desk = desk(r#"["ms-dpa"]"#);
    desk.ok(&record("aware_at", "08:00")).ok(CONTAIN);
    desk.ok(r#"{"type": "not_applicable", "milestone": "eradicated_at", "reason": "nothing to eradicate"}"#);
    desk.ok(&record("contained_at", "09:00"));
    let open = duty(&desk, "ms-dpa/mitigate");
    assert_eq!((open.submitted_at, open.met_at), (None, None));
    desk.ok(&record("recovered_at", "09:30"));
    let met = duty(&desk, "ms-dpa/mitigate");
    assert_eq!(met.status, DutyStatus::Met);
    assert_eq!(met.submitted_at, None, "nobody sent anything");
    assert_eq!(
        met.met_at,
        Some(desk.now),
        "the last one did not apply as of now"
    );
    let reached = met.reached_words();
    assert_eq!(reached.as_deref(), Some("contained, eradicated, recovered"));
}

fn submit(kind: &str, told: &str) -> String {
    format!(
        r#"{{"type": "submit", "duties": ["gdpr-33/authority"], "at": "2026-11-23T09:30:00Z", "channel": "portal", "kind": "{kind}"{told}}}"#
    )
}

#[test]
fn a_notice_without_a_number_completes_one_that_told_some() {
    let mut desk = desk(r#"["gdpr-33"]"#);
    desk.ok(&record("aware_at", "08:00"));
    desk.ok(&submit("initial", r#", "told": {"done": 2, "of": 5}"#));
    let some = duty(&desk, "gdpr-33/authority");
    assert_eq!(some.status, DutyStatus::Running);
    assert_eq!(
        some.told_in_part().map(|told| (told.done, told.of)),
        Some((2, 5))
    );
    for kind in ["update", "correction"] {
        desk.ok(&submit(kind, ""));
        assert!(
            duty(&desk, "gdpr-33/authority").told_in_part().is_some(),
            "{kind} tells nobody new"
        );
    }
    desk.ok(&submit("initial", ""));
    let all = duty(&desk, "gdpr-33/authority");
    assert_eq!(all.status, DutyStatus::Met);
    assert_eq!(all.told.map(|told| (told.done, told.of)), Some((5, 5)));
}

const PAGE: &str = r#"{"type": "page", "teams": ["legal-affairs"]}"#;

#[test]
fn a_page_without_a_route_escalates_at_once_and_keeps_its_cause() {
    let mut desk = Desk::new();
    for team in &mut desk.directory.teams {
        team.routes.clear();
    }
    desk.ok(PAGE);
    let events = worker::overdue_pages(&desk.incident, &desk.context());
    assert!(!events.is_empty(), "nobody waits for an answer to nothing");
    desk.apply(events);
    let page = desk.incident.pages.first().cloned().unwrap();
    assert_eq!(page.state, PageState::Failed);
    assert_eq!(page.last_error.as_deref(), Some("no route"));
    assert_eq!(page.escalates_at, None);
    assert_eq!(desk.incident.pages.len(), 2, "the next team is asked");
}

fn said(desk: &Desk) -> Vec<String> {
    let lines = desk
        .told
        .iter()
        .filter_map(|event| say::with_values(event, &desk.incident));
    lines.collect()
}

#[test]
fn an_escalation_names_who_did_not_answer_and_who_is_asked_instead() {
    let mut desk = super::pages::with_routes(&[("webhook", true), ("webhook", true)]);
    desk.ok(PAGE).later(10);
    let events = worker::overdue_pages(&desk.incident, &desk.context());
    desk.apply(events);
    assert_eq!(said(&desk), ["legal-affairs: no answer, paged by route 2"]);
    desk.later(10);
    let events = worker::overdue_pages(&desk.incident, &desk.context());
    desk.apply(events);
    let told = said(&desk).join("; ");
    assert!(
        told.contains("legal-affairs: no answer, no further route, "),
        "{told}"
    );
    let further = desk
        .incident
        .pages
        .get(1)
        .map(|page| page.team.clone())
        .unwrap();
    assert!(told.contains(&format!("{further} paged")), "{told}");
    // What is kept says what it always said: a record that is there replays to the same.
    let kept = desk
        .incident
        .change
        .as_ref()
        .and_then(|change| change.text.clone());
    assert!(
        kept.is_some_and(|text| text.starts_with("page")),
        "{:?}",
        desk.incident.change
    );
}

#[test]
fn a_slip_in_a_triggers_name_is_refused_with_what_was_meant() {
    let mut desk = desk(r#"["gdpr-33"]"#);
    let refusal = desk.refused(&record("awre_at", "08:00"));
    assert!(refusal.detail.contains("near: aware_at"), "{refusal}");
    let refusal = desk.refused(&record("aware", "08:00"));
    assert!(refusal.detail.contains("near: aware_at"), "{refusal}");
    // What nobody can have meant is a name of their own.
    desk.ok(&record("vendor_called_at", "08:00"));
    let seen = crate::domain::view_of::view(
        &desk.caller.audience(),
        &desk.incident,
        &desk.directory,
        &desk.rules,
        desk.now,
    );
    let seen = seen.unwrap();
    assert!(trigger::starts_nothing(&seen, "vendor_called_at"));
    assert!(!trigger::starts_nothing(&seen, "aware_at"));
}

#[test]
fn what_is_read_of_the_record_holds_the_values_and_what_is_kept_the_old_words() {
    let mut desk = desk(r#"["gdpr-33"]"#);
    let mut told = |command: &str, words: &str, kept: &str| {
        desk.ok(command);
        assert_eq!(said(&desk).last().map(String::as_str), Some(words));
        let change = desk.incident.change.as_ref().and_then(|c| c.text.clone());
        assert_eq!(change.as_deref(), Some(kept), "old records replay to this");
        assert_eq!(desk.incident.said.as_deref(), Some(words));
    };
    told(
        &record("aware_at", "08:00"),
        "aware recorded: 2026-11-23 08:00 UTC",
        "aware recorded",
    );
    told(
        r#"{"type": "set", "severity": "sev1", "tlp": "green", "comms": "suspect", "title": "x"}"#,
        "severity sev1, title set, tlp GREEN, comms suspect",
        "severity, title, tlp, comms set",
    );
    told(
        &submit("initial", r#", "told": {"done": 2, "of": 5}"#),
        "gdpr-33/authority recorded as sent 2026-11-23 09:30 UTC by portal, told 2 of 5",
        "gdpr-33/authority recorded as sent",
    );
    told(
        r#"{"type": "hold", "duty": "gdpr-33/authority", "kind": "exception:later-measures", "at": "2026-11-23T09:00:00Z", "until": "2026-11-30T09:00:00Z", "authority": "a"}"#,
        "gdpr-33/authority held until 2026-11-30 09:00 UTC",
        "gdpr-33/authority held",
    );
}

#[test]
fn a_line_that_names_a_restricted_duty_is_read_without_its_values() {
    let restricted = ["gdpr-33/authority".to_owned()];
    let said = "gdpr-33/authority recorded as sent 2026-11-23 09:30 UTC by portal";
    assert!(crate::domain::view_of::names_one(said, &restricted));
    assert!(!crate::domain::view_of::names_one(
        "severity sev1",
        &restricted
    ));
}

#[test]
fn who_may_not_decide_is_sent_to_counsel_and_not_to_another_commander() {
    let mut desk = desk(r#"["gdpr-33"]"#);
    desk.caller.counsel = false;
    let refusal = desk.refused(
        r#"{"type": "decide", "duty": "gdpr-33/authority", "required": false, "because": "b"}"#,
    );
    assert!(refusal.detail.contains("Ask counsel"), "{refusal}");
}
