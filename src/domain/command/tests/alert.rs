//! Alert groups that fire, are resolved and fire again: one incident an episode, none lost, and nothing that people ended is
//! opened again behind their backs.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;
use crate::domain::command::alert::{
    Consequence, Course, Group, Storm, WAITING_MAX, first, fold, hear, key, said, same_flapping,
    storm, unfold,
};
use crate::domain::command::upstream::standing;
use crate::domain::span::Span;

const DAMP: Span = Span::minutes(15);
const DISMISS: &str = r#"{"type": "dismiss", "reason": "a test of the sensor"}"#;

fn group(firing: bool, alerts: u64, newest_at: Instant) -> Group {
    Group {
        intake: "alerts".to_owned(),
        key: r#"{}:{alertname="NodeDown"}"#.to_owned(),
        id: "0123456789abcdef0123".to_owned(),
        url: None,
        firing,
        alerts,
        truncated: 0,
        newest_at: Some(newest_at),
        text: r#"alertname="NodeDown""#.to_owned(),
    }
}

/// An incident that a group opened.
fn opened(group: &Group, episode: u64, now: Instant) -> Desk {
    opened_by(group, episode, now, rules())
}

fn opened_by(group: &Group, episode: u64, now: Instant, rules: Rules) -> Desk {
    let upstream = serde_json::to_value(first(group, episode, now)).unwrap();
    let body = serde_json::json!({"service": "azure", "title": "node down", "upstream": upstream});
    let mut desk = Desk::by_rules(&body.to_string(), rules);
    desk.now = now;
    desk
}

fn start() -> Instant {
    at("2026-11-23T10:00:00Z")
}

impl Desk {
    /// Hears a group; whether that made a version.
    fn told(&mut self, group: &Group) -> bool {
        match hear(&self.incident, group, DAMP, self.now) {
            Consequence::Same => false,
            Consequence::Change(events) => {
                self.apply(events);
                true
            }
            other => panic!("{other:?}"),
        }
    }

    fn fires(&mut self) -> bool {
        let newest = self.now;
        self.told(&group(true, 1, newest))
    }

    fn resolved(&mut self) -> bool {
        let newest = self.now;
        self.told(&group(false, 0, newest))
    }

    fn said(&self) -> String {
        said(self.incident.upstream.as_ref().unwrap()).unwrap()
    }

    fn course(&self) -> Course {
        Course::of(self.incident.upstream.as_ref().unwrap()).unwrap()
    }
}

#[test]
fn a_repeat_that_says_nothing_new_makes_no_version_and_another_number_does() {
    let mut desk = opened(&group(true, 1, start()), 1, start());
    assert!(!desk.told(&group(true, 1, start())));
    desk.later(240);
    assert!(!desk.told(&group(true, 1, start())));
    assert!(desk.told(&group(true, 3, start())));
    assert_eq!(desk.said(), "firing; 3 alerts");
    let change = desk.incident.change.as_ref().unwrap();
    assert_eq!(change.text.as_deref(), Some("alerts: firing; 3 alerts"));
}

#[test]
fn a_group_that_flaps_is_counted_in_one_incident() {
    let mut desk = opened(&group(true, 1, start()), 1, start());
    for _ in 0..6 {
        desk.later(3);
        assert!(desk.resolved());
        assert!(!desk.resolved(), "said once");
        desk.later(4);
        assert!(desk.fires());
    }
    assert_eq!(desk.said(), "firing, fired 7 times in 42m; 1 alert");
    let before = desk.incident.upstream.clone().unwrap();
    desk.later(1).resolved();
    assert_eq!(desk.said(), "resolved, fired 7 times in 43m");
    let upstream = desk.incident.upstream.clone().unwrap();
    assert!(same_flapping(&before, &upstream));
    assert_eq!(standing(&upstream), Some("resolved"));
    assert!(desk.incident.is_open(), "resolved there ends nothing here");
    // After the damping time it is a firing of its own, on the incident that is still open.
    desk.later(16).fires();
    assert_eq!(desk.said(), "firing; 1 alert");
    assert!(!same_flapping(
        &upstream,
        desk.incident.upstream.as_ref().unwrap()
    ));
    assert_eq!(
        standing(desk.incident.upstream.as_ref().unwrap()),
        Some("open")
    );
}

#[test]
fn what_a_person_ended_is_noted_within_the_damping_time_and_a_new_incident_after_it() {
    let mut desk = opened(&group(true, 1, start()), 1, start());
    desk.ok(DISMISS);
    desk.later(5).resolved();
    desk.later(5).fires();
    assert!(!desk.incident.is_open(), "nobody opened it again");
    assert_eq!(
        desk.said(),
        "firing after it was ended here, fired 2 times in 10m; 1 alert"
    );
    desk.later(6);
    let newest = desk.now;
    let heard = hear(&desk.incident, &group(true, 1, newest), DAMP, desk.now);
    assert_eq!(heard, Consequence::Over(2));
}

#[test]
fn a_sender_that_repeats_what_was_dismissed_opens_nothing_until_something_begins() {
    let mut desk = opened(&group(true, 1, start()), 1, start());
    desk.ok(DISMISS);
    desk.later(240);
    assert!(desk.told(&group(true, 1, start())), "noted once");
    desk.later(240);
    assert!(!desk.told(&group(true, 1, start())));
    // Whoever sends no "resolved" is heard by the age of its alerts.
    let newest = desk.now;
    let heard = hear(&desk.incident, &group(true, 1, newest), DAMP, desk.now);
    assert_eq!(heard, Consequence::Over(2));
    let mut unknown = group(true, 1, newest);
    unknown.newest_at = None;
    let heard = hear(&desk.incident, &unknown, DAMP, desk.now);
    assert_eq!(heard, Consequence::Over(2), "in doubt it is new");
}

#[test]
fn an_alert_that_began_just_after_a_dismissal_and_goes_on_is_not_lost() {
    let mut desk = opened(&group(true, 1, start()), 1, start());
    desk.ok(DISMISS);
    desk.later(5);
    let newest = desk.now;
    assert!(desk.told(&group(true, 2, newest)), "noted");
    desk.later(20);
    let heard = hear(&desk.incident, &group(true, 2, newest), DAMP, desk.now);
    assert_eq!(heard, Consequence::Over(2));
}

#[test]
fn keys_of_episodes_are_their_own() {
    let one = group(true, 1, start());
    assert_eq!(key(&one, 1), one.key);
    assert_eq!(
        key(&one, 2),
        r#"{}:{alertname="NodeDown"} #2 0123456789abcdef"#
    );
    let mut cut = one.clone();
    cut.key = "{}:{alertname=\"No\u{2026}".to_owned();
    assert!(key(&cut, 1).ends_with("#1 0123456789abcdef"));
}

#[test]
fn a_storm_holds_as_many_groups_as_it_may_and_asks_the_sender_to_keep_the_rest() {
    let of = |n: usize| Group {
        id: format!("{n:016x}"),
        ..group(true, 1, start())
    };
    let upstream = serde_json::to_value(storm("alerts", "azure", 1, &of(0), "g0")).unwrap();
    let body = serde_json::json!({"service": "azure", "title": "storm", "upstream": upstream});
    let mut desk = Desk::with(&body.to_string());
    let add = |desk: &mut Desk, n: usize| match fold(&desk.incident, &of(n), &format!("g{n}")) {
        Consequence::Change(events) => {
            desk.apply(events);
            Consequence::Change(Vec::new())
        }
        other => other,
    };
    for n in 1..WAITING_MAX {
        assert_ne!(add(&mut desk, n), Consequence::Same);
    }
    assert_eq!(add(&mut desk, 7), Consequence::Same, "it waits already");
    assert_eq!(desk.said(), "100 alert groups wait");
    add(&mut desk, 500);
    assert_eq!(add(&mut desk, 501), Consequence::Full);
    assert_eq!(desk.said(), "100 alert groups wait; the sender keeps more");
    let events = unfold(&desk.incident, &of(7).id);
    desk.apply(events);
    assert!(unfold(&desk.incident, &of(7).id).is_empty());
    let holds = |desk: &Desk, n| {
        Storm::of(desk.incident.upstream.as_ref().unwrap())
            .unwrap()
            .holds(&of(n).id)
    };
    assert!(!holds(&desk, 7) && holds(&desk, 8));
    assert_eq!(desk.said(), "99 alert groups wait");
    desk.ok(DISMISS);
    assert_eq!(add(&mut desk, 7), Consequence::Over(2));
}

/// What may happen to a group, after so many minutes.
#[derive(Debug, Clone, Copy)]
enum Step {
    Fires,
    /// One alert more begins.
    Grows,
    Repeats,
    Resolved,
    Dismissed,
}

fn step() -> impl Strategy<Value = (i64, Step)> {
    let steps = [
        Step::Fires,
        Step::Grows,
        Step::Repeats,
        Step::Resolved,
        Step::Dismissed,
    ];
    (0_i64..40, prop::sample::select(steps.to_vec()))
}

#[test]
fn any_course_opens_one_incident_an_episode_and_loses_no_firing_group() {
    let rules = rules();
    let mut runner = TestRunner::new(ProptestConfig::with_cases(96));
    let course = |steps: Vec<(i64, Step)>| {
        let (mut all, mut now, mut newest): (Vec<Desk>, _, _) = (Vec::new(), start(), start());
        let mut ended = 0;
        for (minutes, step) in steps {
            now += TimeDelta::minutes(minutes);
            let firing = match step {
                Step::Fires | Step::Grows => {
                    newest = now;
                    true
                }
                Step::Repeats => true,
                Step::Resolved => false,
                Step::Dismissed => {
                    if let Some(desk) = all.last_mut().filter(|desk| desk.incident.is_open()) {
                        desk.now = now;
                        desk.ok(DISMISS);
                        ended += 1;
                    }
                    continue;
                }
            };
            let told = group(firing, u64::from(firing), newest);
            let Some(last) = all.last_mut() else {
                if firing {
                    all.push(opened_by(&told, 1, now, rules.clone()));
                }
                continue;
            };
            last.now = now;
            match hear(&last.incident, &told, DAMP, now) {
                Consequence::Same => {}
                Consequence::Change(events) => last.apply(events),
                Consequence::Over(episode) => {
                    prop_assert!(firing && !last.incident.is_open());
                    prop_assert_eq!(episode, all.len() as u64 + 1);
                    all.push(opened_by(&told, episode, now, rules.clone()));
                }
                Consequence::Full => prop_assert!(all.is_empty(), "a group is not full"),
            }
            let last = all.last().unwrap();
            let upstream = last.incident.upstream.as_ref().unwrap();
            prop_assert_eq!(
                standing(upstream),
                Some(if firing { "open" } else { "resolved" })
            );
            if firing && !last.incident.is_open() {
                // Nothing began since the end but lately, or nothing at all.
                let lately = now - last.incident.closed_at.unwrap() <= DAMP.delta();
                prop_assert!(last.course().after_end);
                prop_assert!(lately || last.course().newest_at >= Some(newest));
            }
            prop_assert!(all.len() <= 1 + ended);
            let open = all.iter().filter(|desk| desk.incident.is_open()).count();
            prop_assert!(open <= 1);
        }
        Ok(())
    };
    let steps = prop::collection::vec(step(), 1..24);
    runner.run(&steps, course).unwrap();
}
