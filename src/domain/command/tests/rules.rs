//! Rules that hold whatever is asked, in whatever order.

use proptest::prelude::*;

use super::*;
use crate::domain::allowed::{CommandKind, Standing, allowed};
use crate::domain::view_of::view;
use crate::domain::word::{Phase, Tlp};

fn commands() -> impl Strategy<Value = String> {
    let phase = prop::sample::select(Phase::ALL);
    let word = prop::sample::select(vec![
        "commander",
        "deputy",
        "scribe",
        "owner_lead",
        "service_lead",
    ]);
    let trigger = prop::sample::select(vec![
        "aware_at",
        "contained_at",
        "eradicated_at",
        "recovered_at",
    ]);
    prop_oneof![
        (phase, any::<bool>(), any::<bool>()).prop_map(|(to, reason, force)| {
            let reason = if reason {
                r#", "reason": "because""#
            } else {
                ""
            };
            format!(r#"{{"type": "advance", "to": "{to}", "override": {force}{reason}}}"#)
        }),
        Just(r#"{"type": "undo"}"#.to_owned()),
        Just(r#"{"type": "declare"}"#.to_owned()),
        Just(r#"{"type": "not_reportable", "reason": "r"}"#.to_owned()),
        Just(r#"{"type": "reopen", "reason": "r"}"#.to_owned()),
        Just(r#"{"type": "dismiss", "reason": "r"}"#.to_owned()),
        any::<bool>()
            .prop_map(|o| format!(r#"{{"type": "close", "reason": "r", "override": {o}}}"#)),
        Just(r#"{"type": "page", "teams": ["legal-affairs"]}"#.to_owned()),
        word.clone()
            .prop_map(|role| format!(r#"{{"type": "take", "role": "{role}"}}"#)),
        (word, "[a-z]{1,5}").prop_map(|(role, to)| {
            format!(r#"{{"type": "hand_over", "role": "{role}", "to": "{to}"}}"#)
        }),
        (trigger, 0..600i64, any::<bool>()).prop_map(|(trigger, minutes, reason)| {
            let when = at("2026-11-23T10:00:00Z") - TimeDelta::minutes(minutes);
            let reason = if reason { r#", "reason": "r""# } else { "" };
            let when = when.to_rfc3339();
            format!(r#"{{"type": "record_time", "trigger": "{trigger}", "at": "{when}"{reason}}}"#)
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn whatever_is_asked_the_record_stays_sound(steps in prop::collection::vec((commands(), 0..20i64, 0..3usize), 1..40)) {
        let mut desk = Desk::new();
        let mut most_passes = 1;
        let mut due = None;
        for (command, minutes, who) in steps {
            desk.later(minutes);
            let name = ["d.okafor", "k.ono", "s.weiss"].get(who).copied().unwrap_or("d.okafor");
            desk.by(name, Role::Commander);
            let before = desk.incident.clone();
            let done = desk.give(&command).is_ok();
            let incident = &desk.incident;
            if !done {
                prop_assert_eq!(incident, &before);
                continue;
            }
            prop_assert_eq!(incident.version, before.version + 1);
            prop_assert!(incident.pass >= 1 && incident.pass.abs_diff(before.pass) <= 1);
            most_passes = most_passes.max(incident.pass);
            prop_assert_eq!(incident.ended.is_some(), incident.closed_at.is_some());
            prop_assert!(incident.phase_since <= desk.now);
            prop_assert!(incident.updated_at == desk.now);
            // A clock that has begun never gains time by one person alone.
            let counted = incident.trigger("declared_at").map(|trigger| trigger.at.at);
            if let (Some(was), Some(is)) = (due, counted) {
                prop_assert!(is <= was);
            }
            due = counted;
            let seen = view(&desk.caller.audience(), incident, &desk.directory, &desk.rules, desk.now);
            let seen = seen.unwrap();
            let body = serde_json::to_string(&seen).unwrap();
            let again = serde_json::from_str(&body).unwrap();
            prop_assert_eq!(&seen, &again);
            let kept: Incident = serde_json::from_str(&serde_json::to_string(incident).unwrap()).unwrap();
            prop_assert_eq!(incident, &kept);
        }
    }
}

#[test]
fn every_event_reads_back_as_it_was_written() {
    let mut desk = Desk::new();
    for command in [
        CONTAIN,
        LOOP,
        r#"{"type": "declare"}"#,
        r#"{"type": "note", "text": "n", "kind": "decision"}"#,
    ] {
        desk.ok(command);
        for event in &desk.told {
            let text = serde_json::to_string(event).unwrap();
            assert_eq!(
                &serde_json::from_str::<Event>(&text).unwrap(),
                event,
                "{text}"
            );
        }
    }
}

#[test]
fn unknown_fields_and_words_are_refused_by_name() {
    for (body, named) in [
        (r#"{"type": "undo", "when": 1}"#, "when"),
        (r#"{"type": "advance", "to": "containment"}"#, "containment"),
        (r#"{"type": "teleport"}"#, "teleport"),
        (r#"{"type": "note", "kind": "fact"}"#, "text"),
    ] {
        let error = serde_json::from_str::<Command>(body)
            .unwrap_err()
            .to_string();
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn what_the_keys_are_told_is_what_the_server_says() {
    let desk = Desk::new();
    for role in Role::ALL {
        let caller = Caller::new("x", *role);
        for kind in CommandKind::ALL {
            let told = allowed(*kind, Standing::of(&desk.incident), &caller);
            if *role == Role::Viewer {
                assert!(told.is_err(), "{}", kind.as_str());
            }
        }
    }
}

#[test]
fn what_a_clearance_hides_is_null_and_named() {
    let mut desk = Desk::new();
    desk.ok(r#"{"type": "set", "tlp": "red", "summary": "secret"}"#);
    desk.ok(r#"{"type": "assign", "role": "commander", "person": "d.okafor"}"#);
    let reader = Caller::new("room", Role::Viewer);
    assert_eq!(reader.clearance, Tlp::Green);
    let seen = view(
        &reader.audience(),
        &desk.incident,
        &desk.directory,
        &desk.rules,
        desk.now,
    )
    .unwrap();
    let text = serde_json::to_string(&seen).unwrap();
    for hidden in ["secret", "odd sign-ins", "d.okafor"] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
    assert!(seen.is_masked("commander") && seen.is_masked("title"));
    let stranger = Caller {
        services: vec!["dynamics-365".to_owned()],
        ..reader
    };
    assert_eq!(
        view(
            &stranger.audience(),
            &desk.incident,
            &desk.directory,
            &desk.rules,
            desk.now
        ),
        None
    );
}
