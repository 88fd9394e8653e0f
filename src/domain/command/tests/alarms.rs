//! Alarms: who may silence and shelve them, for how long, and what the worker writes down and pages for, once.

use super::*;
use crate::domain::alarm;
use crate::domain::board::RouteView;
use crate::domain::command::worker::{self, ring, ring_for};
use crate::domain::view::{AlarmView, DutyView};
use crate::domain::word::{AlarmState, PageState, Tlp};

const PASSED: &str = "ms-72h/customer#passed";
const VACANT: &str = "seat/commander#vacant";

/// Declared 72 h and a minute ago, the alarm written down.
fn late() -> Desk {
    let mut desk = Desk::new();
    desk.ok(r#"{"type": "declare"}"#).later(72 * 60 + 1);
    written(&mut desk);
    desk
}

/// What the worker does now; how many events.
fn written(desk: &mut Desk) -> usize {
    let events = ring(&desk.incident, &desk.context(), &[]);
    let count = events.len();
    desk.apply(events);
    count
}

fn alarms(desk: &Desk) -> Vec<AlarmView> {
    let duties = desk.context().duties(&desk.incident);
    alarm::of_incident(&desk.incident, &duties, desk.now)
}

fn state(desk: &Desk, id: &str) -> Option<AlarmState> {
    let alarm = alarms(desk).into_iter().find(|alarm| alarm.id == id);
    alarm.map(|alarm| alarm.state)
}

fn acknowledge(alarm: &str) -> String {
    format!(r#"{{"type": "acknowledge_alarm", "alarm": "{alarm}"}}"#)
}

fn shelve(desk: &Desk, minutes: i64) -> String {
    let until = desk.now + TimeDelta::minutes(minutes);
    let until = until.format("%Y-%m-%dT%H:%M:%SZ");
    format!(
        r#"{{"type": "shelve_alarm", "alarm": "{PASSED}", "reason": "counsel drafts", "until": "{until}"}}"#
    )
}

#[test]
fn it_rings_until_somebody_acknowledges_it_and_stays_in_the_list_until_it_is_over() {
    let mut desk = late();
    assert_eq!(state(&desk, PASSED), Some(AlarmState::Unacknowledged));
    assert_eq!(written(&mut desk), 0, "written down once");
    let version = desk.incident.persons_version;
    desk.by("v", Role::Viewer).refused(&acknowledge(PASSED));
    desk.by("r.haddad", Role::Responder)
        .ok(&acknowledge(PASSED));
    assert_eq!(state(&desk, PASSED), Some(AlarmState::Acknowledged));
    assert_eq!(alarms(&desk)[0].by.as_deref(), Some("r.haddad"));
    assert_eq!(
        desk.incident.persons_version, version,
        "no confirmation fails for it"
    );
    assert_eq!(desk.kind(&acknowledge(PASSED)), RefusalKind::State);
    assert_eq!(
        desk.kind(&acknowledge("ms-72h/customer#hold_ending")),
        RefusalKind::Invalid
    );
    desk.later(60);
    assert_eq!(written(&mut desk), 0);
    desk.by("d.okafor", Role::Commander).ok(
        r#"{"type": "submit", "duties": ["ms-72h/customer"], "at": "2026-11-26T10:30:00Z", "channel": "mail", "kind": "initial"}"#,
    );
    assert_eq!(state(&desk, PASSED), None);
}

#[test]
fn what_is_over_before_anybody_heard_it_says_so_until_it_is_acknowledged() {
    let mut desk = late();
    desk.ok(
        r#"{"type": "submit", "duties": ["ms-72h/customer"], "at": "2026-11-26T10:00:30Z", "channel": "mail", "kind": "initial"}"#,
    );
    assert_eq!(state(&desk, PASSED), Some(AlarmState::Returned));
    let shelving = shelve(&desk, 60);
    assert_eq!(desk.kind(&shelving), RefusalKind::State);
    desk.ok(&acknowledge(PASSED));
    assert_eq!(state(&desk, PASSED), None);
}

#[test]
fn a_shelf_has_a_reason_an_owner_and_an_end() {
    let mut desk = late();
    for minutes in [0, -1, 24 * 60 + 1] {
        let command = shelve(&desk, minutes);
        assert_eq!(desk.kind(&command), RefusalKind::Invalid, "{minutes}");
    }
    let command = shelve(&desk, 24 * 60).replace("counsel drafts", " ");
    assert_eq!(desk.kind(&command), RefusalKind::Invalid);
    let command = shelve(&desk, 24 * 60);
    desk.by("r.haddad", Role::Responder);
    assert_eq!(desk.kind(&command), RefusalKind::NotAllowed);
    desk.by("d.okafor", Role::Commander).ok(&command);
    let alarm = alarms(&desk).remove(0);
    assert_eq!(alarm.state, AlarmState::Shelved);
    assert_eq!(alarm.reason.as_deref(), Some("counsel drafts"));
    assert_eq!(alarm.by.as_deref(), Some("d.okafor"));
    assert_eq!(desk.kind(&acknowledge(PASSED)), RefusalKind::State);
    desk.later(24 * 60 - 1);
    assert_eq!(written(&mut desk), 0);
    desk.later(1);
    assert_eq!(
        state(&desk, PASSED),
        Some(AlarmState::Unacknowledged),
        "by itself"
    );
    assert_eq!(
        written(&mut desk),
        1,
        "and it is written down that it rings again"
    );
    assert_eq!(state(&desk, PASSED), Some(AlarmState::Unacknowledged));
    let unshelve = format!(r#"{{"type": "unshelve_alarm", "alarm": "{PASSED}"}}"#);
    assert_eq!(desk.kind(&unshelve), RefusalKind::State);
    let command = shelve(&desk, 60);
    desk.ok(&command).ok(&unshelve);
    assert_eq!(
        state(&desk, PASSED),
        Some(AlarmState::Unacknowledged),
        "at once"
    );
}

#[test]
fn what_was_warned_of_is_heard_with_what_came_of_it() {
    let mut desk = Desk::new();
    desk.ok(r#"{"type": "declare"}"#).later(65 * 60);
    assert_eq!(written(&mut desk), 1);
    assert_eq!(
        state(&desk, "ms-72h/customer#ten_percent_left"),
        Some(AlarmState::Unacknowledged)
    );
    desk.later(8 * 60);
    assert_eq!(written(&mut desk), 1);
    assert_eq!(alarms(&desk).len(), 1, "passed stands for both");
    desk.ok(&acknowledge(PASSED)).ok(
        r#"{"type": "submit", "duties": ["ms-72h/customer"], "at": "2026-11-26T11:00:00Z", "channel": "mail", "kind": "initial"}"#,
    );
    assert_eq!(alarms(&desk), []);
}

#[test]
fn a_grave_incident_without_a_commander_pages_command_once_after_five_minutes() {
    let mut desk = Desk::with(r#"{"service": "azure", "title": "t", "severity": "sev1"}"#);
    desk.later(4);
    assert_eq!(written(&mut desk), 0);
    desk.later(1);
    assert_eq!(written(&mut desk), 2);
    let pages: Vec<&str> = desk
        .incident
        .pages
        .iter()
        .map(|page| page.team.as_str())
        .collect();
    assert_eq!(pages, ["incident-command"]);
    assert_eq!(written(&mut desk), 0);
    desk.ok(&acknowledge(VACANT)).later(600);
    assert_eq!(written(&mut desk), 0);
    desk.ok(r#"{"type": "take", "role": "commander"}"#);
    assert_eq!(alarms(&desk), []);
    // The seat is vacant anew: that is another alarm. The team has an open page already, so it is not paged twice.
    desk.ok(r#"{"type": "assign", "role": "commander", "person": null}"#)
        .later(5);
    assert_eq!(written(&mut desk), 1);
    assert_eq!(state(&desk, VACANT), Some(AlarmState::Unacknowledged));
    assert_eq!(desk.incident.pages.len(), 1);
}

#[test]
fn a_page_that_failed_stands_in_for_no_alarms_page() {
    let mut desk = Desk::with(r#"{"service": "azure", "title": "t", "severity": "sev1"}"#);
    for team in &mut desk.directory.teams {
        team.routes = vec![RouteView {
            kind: "webhook".to_owned(),
            clearance: Tlp::Amber,
            in_band: true,
            connector: None,
        }];
    }
    desk.ok(r#"{"type": "page", "teams": ["incident-command"]}"#);
    let page = &desk.incident.pages[0];
    let events = worker::fail(&desk.incident, page, 1, "401", &desk.context());
    desk.apply(events);
    assert_eq!(desk.incident.pages[0].state, PageState::Failed);
    desk.later(5);
    assert_eq!(written(&mut desk), 2);
    assert_eq!(desk.incident.pages.len(), 2);
}

#[test]
fn a_lesser_incident_pages_nobody_and_a_drill_only_its_sink() {
    let mut desk = Desk::with(r#"{"service": "azure", "title": "t", "severity": "sev3"}"#);
    desk.later(600);
    assert_eq!(written(&mut desk), 0);
    let mut drill =
        Desk::with(r#"{"service": "azure", "title": "t", "severity": "sev1", "exercise": true}"#);
    drill.later(5);
    assert_eq!(written(&mut drill), 2);
    assert_eq!(drill.incident.pages[0].route.as_deref(), Some("exercise"));
}

#[test]
fn a_latest_start_pages_the_decider_where_the_stage_says_so_and_once() {
    let duties = |desk: &Desk, pages: bool| -> Vec<DutyView> {
        let mut duties = desk.context().duties(&desk.incident);
        let duty = duties.iter_mut().find(|duty| duty.id == "ms-72h/customer");
        let duty = duty.unwrap();
        duty.latest_start_at = duty.due_at.map(|due| due - TimeDelta::minutes(90));
        duty.page_on_latest_start = pages;
        duties
    };
    let ring = |desk: &mut Desk, pages: bool| {
        let duties = duties(desk, pages);
        let events = ring_for(&desk.incident, &duties, &desk.context(), &[]);
        desk.apply(events);
    };
    let start = "ms-72h/customer#latest_start";
    let mut desk = Desk::new();
    desk.ok(r#"{"type": "declare"}"#).later(71 * 60);
    ring(&mut desk, false);
    assert!(desk.incident.alarms.contains_key(start));
    assert_eq!(
        desk.incident.pages.len(),
        0,
        "the stage does not ask for it"
    );

    let mut desk = Desk::new();
    desk.ok(r#"{"type": "declare"}"#).later(71 * 60);
    ring(&mut desk, true);
    let page = desk.incident.pages[0].clone();
    assert_eq!(page.team, "privacy-azure");
    assert!(
        page.message
            .is_some_and(|text| text.contains("ms-72h/customer"))
    );
    assert_eq!(desk.incident.alarms[start].paged_at, Some(desk.now));
    ring(&mut desk, true);
    assert_eq!(desk.incident.pages.len(), 1);
}

#[test]
fn what_has_ended_rings_for_nothing() {
    let mut desk = Desk::with(r#"{"service": "azure", "title": "t", "severity": "sev1"}"#);
    desk.later(5);
    written(&mut desk);
    desk.ok(r#"{"type": "dismiss", "reason": "a test"}"#);
    assert_eq!(alarms(&desk), []);
    assert_eq!(desk.kind(&acknowledge(VACANT)), RefusalKind::State);
    desk.later(60)
        .ok(r#"{"type": "reopen", "reason": "it was none"}"#);
    assert_eq!(alarms(&desk), [], "five minutes from the reopening");
    desk.later(5);
    assert_eq!(alarms(&desk).len(), 1);
}

#[test]
fn a_reader_derives_the_same_from_an_older_snapshot() {
    use crate::domain::view_of::view;
    let mut desk = Desk::with(r#"{"service": "azure", "title": "t", "severity": "sev1"}"#);
    desk.ok(r#"{"type": "declare"}"#).later(5);
    written(&mut desk);
    desk.ok(&acknowledge(VACANT)).later(65 * 60);
    written(&mut desk);
    let audience = desk.caller.audience();
    let seen = |desk: &Desk| {
        view(
            &audience,
            &desk.incident,
            &desk.directory,
            &desk.rules,
            desk.now,
        )
        .unwrap()
    };
    let old = seen(&desk);
    assert_eq!(old.alarms.len(), 2);
    for _ in 0..20 {
        desk.later(30);
        let derived = alarm::of_view(&old, desk.now);
        assert_eq!(derived, alarms(&desk), "at {}", desk.now);
    }
    let low = Caller::new("v", Role::Viewer).audience();
    let masked = view(&low, &desk.incident, &desk.directory, &desk.rules, desk.now).unwrap();
    let kinds: Vec<&str> = masked
        .alarms
        .iter()
        .map(|alarm| alarm.id.as_str())
        .collect();
    assert_eq!(
        kinds,
        [PASSED],
        "a vacancy is not told to whom the seat is not shown"
    );
    assert_eq!(masked.commander_vacant_since, None);
}

#[test]
fn an_alarm_of_a_hidden_subject_names_it_by_its_place() {
    use crate::domain::view_of::view;
    let mut desk = Desk::with(
        r#"{"service": "azure", "title": "t", "profile": {"subjects": {"ms-72h": ["canary"]}}}"#,
    );
    desk.ok(r#"{"type": "declare"}"#).later(72 * 60 + 1);
    written(&mut desk);
    assert!(
        alarms(&desk)
            .iter()
            .any(|alarm| alarm.id.contains("canary"))
    );
    let low = Caller::new("v", Role::Viewer).audience();
    let masked = view(&low, &desk.incident, &desk.directory, &desk.rules, desk.now).unwrap();
    let ids: Vec<&str> = masked.alarms.iter().map(|a| a.id.as_str()).collect();
    assert_eq!(ids, ["ms-72h/customer@hidden-1#passed"]);
    assert!(!serde_json::to_string(&masked).unwrap().contains("canary"));
    assert_eq!(alarm::of_view(&masked, desk.now), masked.alarms);
}
