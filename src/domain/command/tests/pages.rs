//! Pages: who is asked, once, and what happens when nobody answers.

use super::*;
use crate::domain::board::RouteView as Route;
use crate::domain::command::worker::{self, PageProgress};
use crate::domain::directory::Team;
use crate::domain::incident::page::Page;
use crate::domain::word::PageState;

const PAGE: &str = r#"{"type": "page", "teams": ["legal-affairs"], "message": "please come"}"#;

pub(super) fn with_routes(routes: &[(&str, bool)]) -> Desk {
    let mut desk = Desk::new();
    for team in desk
        .directory
        .teams
        .iter_mut()
        .filter(|team| team.id == "legal-affairs")
    {
        let route = |(kind, in_band): &(&str, bool)| Route {
            kind: (*kind).to_owned(),
            clearance: crate::domain::word::Tlp::Amber,
            in_band: *in_band,
            connector: None,
        };
        team.routes = routes.iter().map(route).collect();
    }
    desk
}

fn late(desk: &mut Desk) -> usize {
    let events = worker::overdue_pages(&desk.incident, &desk.context());
    let count = events.len();
    desk.apply(events);
    count
}

#[test]
fn a_team_with_an_open_page_is_not_paged_again_by_accident() {
    let mut desk = with_routes(&[("webhook", true)]);
    desk.ok(PAGE);
    let both = r#"{"type": "page", "teams": ["security-response-center", "legal-affairs"]}"#;
    assert_eq!(desk.kind(both), RefusalKind::AlreadyPaged);
    assert_eq!(desk.incident.pages.len(), 1, "nothing was sent to anyone");
    desk.ok(r#"{"type": "page", "teams": ["legal-affairs"], "again": true}"#);
    assert_eq!(desk.incident.pages.len(), 2);
    desk.refused(r#"{"type": "page", "teams": ["the-moon"]}"#);
    desk.refused(r#"{"type": "page", "teams": []}"#);
}

#[test]
fn unanswered_it_goes_to_the_next_route_and_then_says_that_none_is_left() {
    let mut desk = with_routes(&[("webhook", true), ("webhook", true)]);
    desk.ok(PAGE).later(9);
    assert_eq!(late(&mut desk), 0);
    desk.later(1);
    assert_ne!(late(&mut desk), 0);
    let page = desk.incident.pages.first().cloned().unwrap();
    assert_eq!((page.step, page.state), (1, PageState::Queued));
    desk.later(10);
    assert_ne!(late(&mut desk), 0);
    assert_eq!(
        desk.incident.pages.len(),
        2,
        "the command team is asked when the team has no route left"
    );
    assert!(
        desk.incident
            .pages
            .first()
            .is_some_and(|page| page.state.is_open())
    );
}

#[test]
fn cannot_escalates_at_once_and_coming_is_the_end() {
    let mut desk = with_routes(&[("webhook", true), ("webhook", true)]);
    desk.ok(PAGE);
    let id = desk
        .incident
        .pages
        .first()
        .map(|page| page.id.clone())
        .unwrap();
    let answer = |answer: &str| {
        format!(r#"{{"type": "acknowledge_page", "page": "{id}", "answer": "{answer}"}}"#)
    };
    desk.ok(&answer("cannot"));
    assert_eq!(desk.incident.pages.first().map(|page| page.step), Some(1));
    desk.ok(&answer("coming"));
    let page = desk.incident.pages.first().cloned().unwrap();
    assert_eq!(page.state, PageState::Acknowledged);
    assert_eq!(page.acknowledged_by.as_deref(), Some("d.okafor"));
    desk.later(60);
    assert_eq!(late(&mut desk), 0);
    desk.refused(&answer("coming"));
}

#[test]
fn only_the_teams_own_people_or_a_commander_acknowledge() {
    let mut desk = with_routes(&[("webhook", true)]);
    desk.ok(PAGE);
    let id = desk
        .incident
        .pages
        .first()
        .map(|page| page.id.clone())
        .unwrap();
    let acknowledge = format!(r#"{{"type": "acknowledge_page", "page": "{id}"}}"#);
    desk.by("x.other", Role::Responder);
    desk.caller.team = Some("privacy-azure".to_owned());
    assert_eq!(desk.kind(&acknowledge), RefusalKind::NotAllowed);
    desk.caller.team = Some("legal-affairs".to_owned());
    desk.ok(&acknowledge);
}

#[test]
fn a_late_report_of_the_worker_never_takes_an_answer_back() {
    let mut desk = with_routes(&[("webhook", true)]);
    desk.ok(PAGE);
    let id = desk
        .incident
        .pages
        .first()
        .map(|page| page.id.clone())
        .unwrap();
    let progress = |state| PageProgress {
        page: id.clone(),
        state,
        attempts: 1,
        last_error: None,
    };
    let events = worker::progress(&desk.incident, &progress(PageState::Accepted));
    desk.apply(events);
    assert_eq!(
        desk.incident.pages.first().map(|page| page.state),
        Some(PageState::Accepted)
    );
    desk.ok(&format!(
        r#"{{"type": "acknowledge_page", "page": "{id}"}}"#
    ));
    assert_eq!(
        worker::progress(&desk.incident, &progress(PageState::Failed)),
        []
    );
}

#[test]
fn the_timeline_says_how_far_a_page_got_and_what_changed_does_not() {
    use crate::domain::say::{change, line};
    let mut desk = with_routes(&[("webhook", true)]);
    desk.ok(PAGE);
    let page = desk.incident.pages.first().map(|page| page.id.clone());
    let told = |state, attempts, error: Option<&str>| {
        let progress = PageProgress {
            page: page.clone().unwrap(),
            state,
            attempts,
            last_error: error.map(str::to_owned),
        };
        let events = worker::progress(&desk.incident, &progress);
        let event = events.first().unwrap();
        assert_eq!(change(event, &desk.incident), None);
        line(event, &desk.incident).unwrap()
    };
    let tried = told(PageState::Sending, 23, Some("500"));
    assert_eq!(tried, "legal-affairs: tried 23 times, 500");
    let accepted = told(PageState::Accepted, 1, None);
    assert_eq!(accepted, "legal-affairs: accepted");
    let failed = told(PageState::Failed, 2, Some("no route"));
    assert_eq!(failed, "legal-affairs: FAILED, tried 2 times, no route");
}

#[test]
fn an_exercise_pages_nobody_and_suspect_channels_are_left_out() {
    let mut drill = Desk::with(r#"{"service": "azure", "title": "drill", "exercise": true}"#);
    drill.ok(PAGE);
    let route = |desk: &Desk| {
        desk.incident
            .pages
            .first()
            .and_then(|page| page.route.clone())
    };
    assert_eq!(route(&drill).as_deref(), Some("exercise"));

    let mut desk = with_routes(&[("slack", true), ("webhook", false)]);
    desk.ok(r#"{"type": "set", "comms": "suspect"}"#).ok(PAGE);
    assert_eq!(route(&desk).as_deref(), Some("webhook"));
}

#[test]
fn a_page_is_stood_down_with_a_reason_and_stays_on_record() {
    let mut desk = with_routes(&[("webhook", true)]);
    desk.ok(PAGE);
    let id = desk
        .incident
        .pages
        .first()
        .map(|page| page.id.clone())
        .unwrap();
    desk.refused(&format!(
        r#"{{"type": "cancel_page", "page": "{id}", "reason": ""}}"#
    ));
    desk.ok(&format!(
        r#"{{"type": "cancel_page", "page": "{id}", "reason": "resolved"}}"#
    ));
    assert_eq!(
        desk.incident.pages.first().map(|page| page.state),
        Some(PageState::Cancelled)
    );
    desk.refused(&format!(
        r#"{{"type": "acknowledge_page", "page": "{id}"}}"#
    ));
}

fn fail_all(desk: &mut Desk) {
    let open = |page: &&Page| page.is_open() && page.state != PageState::Failed;
    while let Some(page) = desk.incident.pages.iter().find(open) {
        let events = worker::fail(&desk.incident, page, 1, "401", &desk.context());
        desk.apply(events);
    }
}

/// The only page of the team that commands failed.
fn with_a_failed_page_to_command() -> Desk {
    let mut desk = with_routes(&[("webhook", true)]);
    let route = desk.directory.team("legal-affairs").unwrap().routes.clone();
    let command = |team: &&mut Team| team.id == "incident-command";
    let command = desk.directory.teams.iter_mut().find(command).unwrap();
    command.routes = route;
    desk.ok(r#"{"type": "page", "teams": ["incident-command"]}"#);
    fail_all(&mut desk);
    assert_eq!(teams(&desk), ["incident-command"]);
    desk
}

fn teams(desk: &Desk) -> Vec<&str> {
    let pages = desk.incident.pages.iter();
    pages.map(|page| page.team.as_str()).collect()
}

#[test]
fn an_escalation_is_not_swallowed_by_a_page_that_failed() {
    let mut desk = with_a_failed_page_to_command();
    desk.later(60).ok(PAGE).later(10);
    assert_ne!(late(&mut desk), 0);
    let all = ["incident-command", "legal-affairs", "incident-command"];
    assert_eq!(teams(&desk), all);
}

#[test]
fn teams_whose_routes_all_fail_do_not_page_each_other_in_turn() {
    let mut desk = with_a_failed_page_to_command();
    desk.ok(PAGE);
    fail_all(&mut desk);
    assert_eq!(teams(&desk), ["incident-command", "legal-affairs"]);
}
