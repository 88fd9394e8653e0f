//! What is legal record: sent, hold, verdict, close; each asks for the number.

use super::{command, on, on_changed, typed};
use crate::domain::command::Command;
use crate::domain::command::close::Close;
use crate::domain::command::decide_duty::Decide;
use crate::domain::command::dismiss::Dismiss;
use crate::domain::command::not_reportable::NotReportable;
use crate::domain::command::release::Release;
use crate::domain::command::reopen::Reopen;
use crate::domain::command::withdraw_submit::WithdrawSubmit;
use crate::domain::word::{AlarmState, Ended, SubmitKind};
use crate::ui::fixture::{at, keys, now, picture};
use crate::ui::message::Effect;

#[test]
fn sent_records_the_ticked_duties_with_the_number() {
    let mut app = on(0, "AZ-142");
    keys(&mut app, "S Space Enter Enter");
    typed(&mut app, "service health message");
    keys(&mut app, "Enter");
    typed(&mut app, "R-7");
    keys(&mut app, "Enter Enter");
    typed(&mut app, "400 of 1,200");
    let asked = keys(&mut app, "Enter");
    assert!(
        matches!(asked.as_slice(), [Effect::Preview { .. }]),
        "{asked:?}"
    );
    let seen = picture(&mut app, 80, 24);
    assert!(seen.contains("not recorded as sent"), "{seen}");
    insta::assert_snapshot!("sent_80x24", seen);
    let Command::Submit(body) = command(keys(&mut app, "142 Enter")) else {
        panic!("another command");
    };
    assert_eq!(body.duties, ["ms-72h/customer"]);
    assert_eq!(body.channel, "service health message");
    assert_eq!(body.reference.as_deref(), Some("R-7"));
    assert_eq!(body.kind, SubmitKind::Initial);
    assert_eq!(
        body.told.map(|told| (told.done, told.of)),
        Some((400, 1200))
    );
    assert!((body.at - now()).num_seconds().abs() < 60, "{}", body.at);
}

#[test]
fn a_notice_is_not_sent_at_a_day_alone_which_would_read_as_in_time() {
    let mut app = on(0, "AZ-142");
    keys(&mut app, "S Space Enter Ctrl-U");
    typed(&mut app, "2026-11-22");
    keys(&mut app, "Enter");
    typed(&mut app, "portal");
    assert_eq!(keys(&mut app, "Enter Enter Enter Enter"), []);
    let seen = picture(&mut app, 80, 24);
    assert!(seen.contains("Say the time of day too"), "{seen}");
}

#[test]
fn sent_takes_a_record_back() {
    let mut app = on(0, "AZ-139");
    keys(&mut app, "S Down Enter Enter");
    typed(&mut app, "sent to the wrong recipients");
    keys(&mut app, "Enter");
    let Command::WithdrawSubmit(body) = command(keys(&mut app, "139 Enter")) else {
        panic!("another command");
    };
    let expected = WithdrawSubmit {
        duty: body.duty.clone(),
        reason: "sent to the wrong recipients".to_owned(),
    };
    assert!(body.duty.starts_with("ms-dpa/"));
    assert_eq!(body, expected);
}

#[test]
fn hold_holds_and_releases() {
    let mut app = on(0, "AZ-142");
    keys(&mut app, "H Enter Enter");
    typed(&mut app, "FBI Seattle");
    keys(&mut app, "Enter Enter Enter");
    typed(&mut app, "2026-11-30");
    keys(&mut app, "Enter");
    insta::assert_snapshot!("hold_80x24", picture(&mut app, 80, 24));
    let Command::Hold(body) = command(keys(&mut app, "142 Enter")) else {
        panic!("another command");
    };
    assert_eq!(
        (body.duty.as_str(), body.kind.as_str()),
        ("ms-72h/customer", "written")
    );
    assert_eq!(
        (body.authority.as_str(), body.document),
        ("FBI Seattle", None)
    );
    assert_eq!(body.until, Some(at("2026-11-30T00:00:00Z")));
    assert!(
        body.at
            .is_some_and(|at| (at - now()).num_seconds().abs() < 60)
    );

    let mut app = on(0, "AZ-131");
    keys(&mut app, "H Down Enter Enter");
    let expected = Release {
        duty: "hipaa/individuals".to_owned(),
        hold: "h1".to_owned(),
    };
    assert_eq!(
        command(keys(&mut app, "131 Enter")),
        Command::Release(expected)
    );
}

#[test]
fn verdict_decides_a_duty_both_ways_and_answers_no() {
    let mut app = on(0, "AZ-142");
    keys(&mut app, "V Enter Enter");
    typed(&mut app, "no risk to persons");
    keys(&mut app, "Enter");
    typed(&mut app, "2026-12-01");
    keys(&mut app, "Enter");
    insta::assert_snapshot!("verdict_80x24", picture(&mut app, 80, 24));
    let decide = |duty: &str, required, because: &str, day: Option<&str>| {
        Command::Decide(Decide {
            duty: duty.to_owned(),
            required,
            because: because.to_owned(),
            review_on: day.map(str::to_owned),
        })
    };
    let effects = keys(&mut app, "142 Enter");
    let against = decide(
        "ms-72h/customer",
        false,
        "no risk to persons",
        Some("2026-12-01"),
    );
    assert_eq!(command(effects), against);

    let mut app = on(0, "AZ-131");
    keys(&mut app, "V Down Enter Enter");
    typed(&mut app, "keys were lost too");
    keys(&mut app, "Enter");
    let effects = keys(&mut app, "131 Enter");
    let after_all = decide(
        "state/attorney-general@WA",
        true,
        "keys were lost too",
        None,
    );
    assert_eq!(command(effects), after_all);

    let mut app = on(0, "AZ-140");
    keys(&mut app, "V Enter");
    typed(&mut app, "no tenant of ours");
    keys(&mut app, "Enter");
    let seen = picture(&mut app, 80, 24);
    assert!(seen.contains("does not apply: not reportable"), "{seen}");
    let expected = NotReportable {
        reason: "no tenant of ours".to_owned(),
    };
    let effects = keys(&mut app, "140 Enter");
    assert_eq!(command(effects), Command::NotReportable(expected));
}

#[test]
fn closing_shows_what_is_unmet_and_overrides_only_with_a_reason() {
    let mut app = on(1, "M365-70");
    assert_eq!(keys(&mut app, "Q Enter"), []);
    let seen = picture(&mut app, 80, 24);
    assert!(seen.contains("review: not held"), "{seen}");
    typed(&mut app, "resolved");
    assert_eq!(keys(&mut app, "Enter"), []);
    assert!(picture(&mut app, 80, 24).contains("meet it first, or override"));
    keys(&mut app, "Down Enter");
    assert_eq!(keys(&mut app, "Enter"), []);
    let seen = picture(&mut app, 80, 24);
    assert!(seen.contains("by override, unmet: review"), "{seen}");
    insta::assert_snapshot!("close_80x24", seen);
    let expected = Close {
        reason: "resolved".to_owned(),
        overridden: true,
    };
    assert_eq!(
        command(keys(&mut app, "70 Enter")),
        Command::Close(expected)
    );
}

#[test]
fn what_is_met_is_closed_what_was_none_dismissed_what_ended_reopened() {
    let mut app = on_changed(1, "M365-70", |incident| incident.gates[0].unmet.clear());
    keys(&mut app, "Q");
    typed(&mut app, "resolved");
    keys(&mut app, "Enter");
    let expected = Close {
        reason: "resolved".to_owned(),
        overridden: false,
    };
    assert_eq!(
        command(keys(&mut app, "70 Enter")),
        Command::Close(expected)
    );

    let mut app = on(0, "AZ-144");
    keys(&mut app, "Q");
    typed(&mut app, "a test of ours");
    keys(&mut app, "Enter");
    let expected = Dismiss {
        reason: "a test of ours".to_owned(),
    };
    assert_eq!(
        command(keys(&mut app, "144 Enter")),
        Command::Dismiss(expected)
    );

    let mut app = on_changed(1, "M365-70", |incident| {
        incident.ended = Some(Ended::Closed)
    });
    keys(&mut app, "Q");
    typed(&mut app, "came back");
    keys(&mut app, "Enter");
    let seen = picture(&mut app, 80, 24);
    assert!(seen.contains("Detection & Analysis, pass 2"), "{seen}");
    let expected = Reopen {
        reason: "came back".to_owned(),
    };
    assert_eq!(
        command(keys(&mut app, "70 Enter")),
        Command::Reopen(expected)
    );
}

#[test]
fn what_is_declared_or_contained_is_not_ended_and_says_why() {
    let mut declared = on(0, "AZ-142");
    assert_eq!(keys(&mut declared, "Q"), []);
    assert_eq!(declared.layers(), 0);
    assert!(picture(&mut declared, 120, 30).contains("is not dismissed"));
}

#[test]
fn an_alarm_is_shelved_with_a_reason_and_an_end_and_taken_back() {
    let mut app = on(1, "M365-77");
    keys(&mut app, "A Enter Enter");
    typed(&mut app, "counsel drafts");
    let seen = picture(&mut app, 80, 24);
    assert!(seen.contains("counsel drafts"), "{seen}");
    insta::assert_snapshot!("shelve_80x24", seen);
    let Command::ShelveAlarm(body) = command(keys(&mut app, "Enter Enter")) else {
        panic!("another command");
    };
    assert_eq!(body.alarm, "gdpr/authority#ten_percent_left");
    assert_eq!(body.reason, "counsel drafts");
    let ahead = (body.until - now()).num_minutes();
    assert!((59..=60).contains(&ahead), "{ahead} minutes");

    let mut long = on(1, "M365-77");
    keys(&mut long, "A Enter Enter");
    typed(&mut long, "counsel drafts");
    keys(&mut long, "Enter Ctrl-U");
    typed(&mut long, "+25h");
    assert_eq!(keys(&mut long, "Enter"), []);
    assert!(picture(&mut long, 80, 24).contains("24 hours at most"));

    let mut back = on_changed(1, "M365-77", |incident| {
        for alarm in &mut incident.alarms {
            alarm.state = AlarmState::Shelved;
            alarm.until = Some(at("2026-11-23T16:00:00Z"));
        }
    });
    keys(&mut back, "A Enter");
    let Command::UnshelveAlarm(body) = command(keys(&mut back, "Enter")) else {
        panic!("another command");
    };
    assert!(body.alarm.starts_with("gdpr/authority#"));

    let mut none = on(0, "AZ-144");
    keys(&mut none, "A");
    assert_eq!(none.layers(), 0);
}
