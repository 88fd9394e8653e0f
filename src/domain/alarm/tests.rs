//! Proofs of alarms: when each condition begins and ends, and that a reader who only has a snapshot comes to the same.

use super::*;
use crate::domain::view::DeciderView;

fn at(text: &str) -> Instant {
    format!("2026-11-{text}:00Z").parse().unwrap()
}

/// Declared on the 20th at noon, due on the 23rd at noon, to be begun at 09:30.
fn duty() -> DutyView {
    DutyView {
        id: "ms-72h/customer".to_owned(),
        regime: "ms-72h".to_owned(),
        stage: "customer".to_owned(),
        subject: "all".to_owned(),
        to: "customers".to_owned(),
        rule: "MS 72 h".to_owned(),
        status: DutyStatus::Running,
        provisional: false,
        trigger: Some("declared_at".to_owned()),
        counted_from: Some(at("20T12:00")),
        due_at: Some(at("23T12:00")),
        limit_at: None,
        latest_start_at: Some(at("23T09:30")),
        prepare_for: Some("2h30m".to_owned()),
        decider: DeciderView::default(),
        direction: Direction::Deadline,
        submitted_at: None,
        met_by: Vec::new(),
        met_at: None,
        outcome: None,
        told: None,
        hold: None,
        review_on: None,
        review_at: None,
        triggers: Default::default(),
        holds: Vec::new(),
        because: None,
        restricted: false,
        contract: false,
        page_on_latest_start: false,
        citation: String::new(),
        confidence: "located".to_owned(),
        verified: "2026-11-23".to_owned(),
        enabled: true,
    }
}

fn held(until: Option<&str>) -> DutyView {
    DutyView {
        status: DutyStatus::Held,
        hold: Some(HoldView {
            id: "h".to_owned(),
            kind: "law_enforcement".to_owned(),
            from: at("21T00:00"),
            until: until.map(at),
            authority: "BKA".to_owned(),
            document: None,
            by: "d.okafor".to_owned(),
        }),
        ..duty()
    }
}

fn ground(duties: &[DutyView]) -> Ground<'_> {
    Ground {
        open: true,
        phase: Phase::DetectionAndAnalysis,
        severity: Some(Severity::Sev2),
        vacant_since: None,
        duties,
        pages: Pages::Recorded(&[]),
    }
}

/// The kinds whose conditions hold, with when they began.
fn kinds(duty: &DutyView, now: &str) -> Vec<(AlarmKind, Instant)> {
    let duties = [duty.clone()];
    let alarms = ground(&duties).alarms_at(at(now));
    alarms
        .into_iter()
        .map(|alarm| (alarm.kind, alarm.since))
        .collect()
}

#[test]
fn each_kind_begins_at_its_instant() {
    use AlarmKind::*;
    // A tenth of 72 h is 7 h 12 min.
    let tenth = (TenPercentLeft, at("23T04:48"));
    let start = (LatestStart, at("23T09:30"));
    for (now, expected) in [
        ("23T04:47", vec![]),
        ("23T04:48", vec![tenth]),
        ("23T09:30", vec![tenth]),
        ("23T09:31", vec![start, tenth]),
        ("23T12:00", vec![start, tenth]),
        ("23T12:01", vec![(Passed, at("23T12:00"))]),
        ("29T12:01", vec![(Passed, at("23T12:00"))]),
    ] {
        assert_eq!(kinds(&duty(), now), expected, "{now}");
    }
    let no_start = DutyView {
        latest_start_at: None,
        prepare_for: None,
        ..duty()
    };
    assert_eq!(kinds(&no_start, "23T11:00"), [tenth], "no lead is invented");
    let to_the_limit = DutyView {
        limit_at: Some(at("24T12:00")),
        ..duty()
    };
    assert_eq!(kinds(&to_the_limit, "23T13:00"), [(Passed, at("23T12:00"))]);
    for status in [
        DutyStatus::Met,
        DutyStatus::Decided,
        DutyStatus::Waiting,
        DutyStatus::NotRequired,
    ] {
        assert_eq!(
            kinds(&DutyView { status, ..duty() }, "29T12:00"),
            [],
            "{status}"
        );
    }
    assert_eq!(
        kinds(
            &DutyView {
                enabled: false,
                ..duty()
            },
            "29T12:00"
        ),
        []
    );
}

#[test]
fn a_hold_warns_a_day_before_its_end_and_moves_what_it_covers() {
    use AlarmKind::*;
    let hold = held(Some("28T12:00"));
    assert_eq!(kinds(&hold, "23T12:01"), []);
    assert_eq!(kinds(&hold, "27T11:59"), []);
    assert_eq!(kinds(&hold, "27T12:00"), [(HoldEnding, at("27T12:00"))]);
    assert_eq!(kinds(&hold, "28T12:00"), [(HoldEnding, at("27T12:00"))]);
    assert_eq!(kinds(&hold, "28T12:01"), [(Passed, at("28T12:00"))]);
    assert_eq!(
        kinds(&held(None), "29T12:00"),
        [],
        "an open end is nothing to wait for"
    );
    let too_late = DutyView {
        due_at: Some(at("20T13:00")),
        ..hold
    };
    assert_eq!(
        kinds(&too_late, "22T00:00"),
        [(Passed, at("20T13:00"))],
        "what had passed stays passed"
    );
    let short = held(Some("21T06:00"));
    assert_eq!(kinds(&short, "21T00:00"), [(HoldEnding, at("21T00:00"))]);
}

#[test]
fn an_embargo_that_is_over_is_an_alarm_until_it_is_sent() {
    use AlarmKind::*;
    let embargo = DutyView {
        direction: Direction::NotBefore,
        status: DutyStatus::Embargo,
        latest_start_at: None,
        ..duty()
    };
    assert_eq!(kinds(&embargo, "23T12:00"), []);
    assert_eq!(kinds(&embargo, "23T12:01"), [(EmbargoOver, at("23T12:00"))]);
    let anew = DutyView {
        status: DutyStatus::NoFixedLimit,
        ..embargo.clone()
    };
    assert_eq!(
        kinds(&anew, "23T12:01"),
        [(EmbargoOver, at("23T12:00"))],
        "in a snapshot made after it too"
    );
    let sent = DutyView {
        status: DutyStatus::Met,
        ..embargo
    };
    assert_eq!(kinds(&sent, "23T12:01"), []);
}

#[test]
fn a_seat_vacant_for_five_minutes_is_an_alarm_of_grave_incidents_only() {
    let vacant = Ground {
        vacant_since: Some(at("23T10:00")),
        ..ground(&[])
    };
    assert!(vacant.alarms_at(at("23T10:04")).is_empty());
    let alarms = vacant.alarms_at(at("23T10:05"));
    let ids: Vec<String> = alarms.iter().map(Alarm::id).collect();
    assert_eq!(ids, ["seat/commander#vacant"]);
    assert_eq!(alarms[0].since, at("23T10:05"));
    assert_eq!(vacant.changes_at(), [at("23T10:05")]);
    for other in [
        Ground {
            severity: Some(Severity::Sev3),
            ..vacant
        },
        Ground {
            severity: None,
            ..vacant
        },
        Ground {
            phase: Phase::Preparation,
            ..vacant
        },
        Ground {
            open: false,
            ..vacant
        },
        Ground {
            vacant_since: None,
            ..vacant
        },
    ] {
        assert!(other.alarms_at(at("29T10:00")).is_empty());
        assert!(other.changes_at().is_empty());
    }
}

#[test]
fn every_instant_at_which_an_alarm_begins_is_told_beforehand() {
    for duty in [duty(), held(Some("28T12:00")), held(Some("21T06:00"))] {
        let duties = [duty];
        let ground = ground(&duties);
        let told = ground.changes_at();
        let (mut now, end) = (at("20T12:00"), at("29T00:00"));
        let mut before = ground.alarms_at(now);
        while now < end {
            let next = now + TimeDelta::minutes(1);
            let after = ground.alarms_at(next);
            let same = before == after;
            let known = told.iter().any(|at| now <= *at && *at <= next);
            assert!(same || known, "{before:?} to {after:?} at {next}");
            (now, before) = (next, after);
        }
    }
}

fn marks(alarm: Alarm) -> Marks {
    Marks {
        alarm,
        rang: true,
        acknowledged: None,
        shelved: None,
    }
}

fn alarm(kind: AlarmKind, since: &str) -> Alarm {
    Alarm {
        duty: Some("ms-72h/customer".to_owned()),
        page: None,
        kind,
        since: at(since),
    }
}

fn states(views: &[AlarmView]) -> Vec<(AlarmKind, AlarmState)> {
    views.iter().map(|view| (view.kind, view.state)).collect()
}

#[test]
fn what_people_did_decides_the_state() {
    use AlarmKind::{LatestStart, Passed, TenPercentLeft};
    use AlarmState::{Acknowledged, Returned, Unacknowledged};
    let start = || alarm(LatestStart, "23T09:30");
    let now = at("23T10:00");
    let acknowledged = |when: &str| Marks {
        acknowledged: Some((Some("d.okafor".to_owned()), at(when))),
        ..marks(start())
    };
    let shelved = |until: &str| Marks {
        rang: false,
        shelved: Some(Shelved {
            by: Some("d.okafor".to_owned()),
            at: Some(at("23T09:40")),
            until: at(until),
            reason: Some("counsel drafts".to_owned()),
        }),
        ..marks(start())
    };
    for (holds, done, expected) in [
        (true, None, Some(Unacknowledged)),
        (true, Some(marks(start())), Some(Unacknowledged)),
        (true, Some(acknowledged("23T09:45")), Some(Acknowledged)),
        // It began anew after somebody acknowledged an earlier one.
        (true, Some(acknowledged("23T09:00")), Some(Unacknowledged)),
        (true, Some(shelved("23T10:01")), Some(AlarmState::Shelved)),
        (true, Some(shelved("23T10:00")), Some(Unacknowledged)),
        (false, Some(marks(start())), Some(Returned)),
        (false, Some(acknowledged("23T09:45")), None),
        (false, Some(shelved("23T10:01")), None),
        (false, Some(shelved("23T10:00")), None),
        (false, None, None),
    ] {
        let alarms = if holds { vec![start()] } else { Vec::new() };
        let views = stand(alarms, done.into_iter().collect(), now);
        assert_eq!(views.first().map(|view| view.state), expected);
        assert!(views.len() < 2);
    }
    let view = &stand(vec![start()], vec![shelved("23T12:00")], now)[0];
    assert_eq!(view.reason.as_deref(), Some("counsel drafts"));
    assert_eq!(
        (view.until, view.by.as_deref()),
        (Some(at("23T12:00")), Some("d.okafor"))
    );
    // What has passed stands for what warned of it.
    let warned = || vec![marks(start()), marks(alarm(TenPercentLeft, "23T04:48"))];
    let passed = stand(vec![alarm(Passed, "23T12:00")], warned(), at("23T13:00"));
    assert_eq!(states(&passed), [(Passed, Unacknowledged)]);
    let mut over = warned();
    over.push(marks(alarm(Passed, "23T12:00")));
    let over = stand(Vec::new(), over, at("23T13:00"));
    assert_eq!(states(&over), [(Passed, Returned)]);
}
