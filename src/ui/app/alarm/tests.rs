//! Proofs of what is heard: a sound for each alarm that begins, seldom; silence for all boards; a flood in its order.

use std::sync::Arc;

use super::*;
use crate::domain::alarm;
use crate::domain::board::Board;
use crate::domain::view::IncidentView;
use crate::domain::word::{AlarmState, Role, Severity};
use crate::ui::fixture::{
    app, app_with, at, board_with, keys, now, picture, shared, shared_with, styled, tick,
};
use crate::ui::message::{Message, Reply};
use crate::ui::shared::Options;
use crate::ui::update;

const BELL: [Effect; 1] = [Effect::Bell];

/// The board on which nobody has heard this incident's alarms.
fn ringing(source: usize, id: &str) -> Arc<Board> {
    board_with(source, |incident| {
        if incident.id == id {
            incident.alarms.clear();
        }
    })
}

fn comes(app: &mut App, board: Arc<Board>) -> Vec<Effect> {
    update(app, Message::Board(board))
}

#[test]
fn what_rings_before_we_come_makes_no_sound_and_what_begins_makes_one() {
    let mut first = shared();
    first.board = ringing(1, "M365-77");
    let board = Arc::clone(&first.board);
    let (time, wall) = (first.now, first.wall);
    first.index.update(&board, &Default::default(), time, wall);
    let mut late = app_with(first);
    assert_eq!(comes(&mut late, board), []);
    assert!(!late.shared.index.alarms.rows.is_empty());

    let mut app = app();
    assert_eq!(comes(&mut app, ringing(1, "M365-77")), BELL);
    assert_eq!(tick(&mut app, 60_000), [], "once");
    let again = comes(&mut app, ringing(1, "M365-77"));
    assert_eq!(
        again,
        [],
        "the same alarm in a newer snapshot is not another"
    );
}

#[test]
fn time_alone_rings_the_bell_at_the_instant() {
    let mut app = app();
    // AZ-142 is to be begun by 14:19.
    assert_eq!(tick(&mut app, 687_000), []);
    assert_eq!(tick(&mut app, 1_002), BELL);
    let ids = app
        .shared
        .index
        .alarms
        .rows
        .iter()
        .map(|row| row.view.id.as_str());
    assert!(
        ids.into_iter()
            .any(|id| id == "ms-72h/customer#latest_start")
    );
}

#[test]
fn two_sounds_are_half_a_minute_apart_and_none_is_lost() {
    let mut app = app();
    assert_eq!(comes(&mut app, ringing(1, "M365-77")), BELL);
    tick(&mut app, 5_000);
    let both = board_with(1, |incident| incident.alarms.clear());
    let mut both = Board::clone(&both);
    let other = board_with(0, |incident| {
        incident.severity = Some(Severity::Sev1);
        incident.commander = None;
        incident.commander_vacant_since = Some(at("2026-11-23T13:00:00Z"));
    });
    both.sources[0] = Arc::clone(&other.sources[0]);
    assert_eq!(comes(&mut app, Arc::new(both)), [], "too soon");
    assert_eq!(tick(&mut app, 24_000), []);
    assert_eq!(tick(&mut app, 1_000), BELL, "later");
    assert_eq!(tick(&mut app, 60_000), []);
}

#[test]
fn what_was_heard_meanwhile_makes_no_late_sound_and_a_wall_makes_none() {
    let mut app = app();
    assert_eq!(comes(&mut app, ringing(1, "M365-77")), BELL);
    let quiet = Arc::new(crate::ui::fixture::board());
    comes(&mut app, Arc::clone(&quiet));
    assert_eq!(comes(&mut app, ringing(1, "M365-77")), []);
    comes(&mut app, quiet);
    assert_eq!(tick(&mut app, 60_000), []);

    let options = Options {
        wall: true,
        ..Options::default()
    };
    let mut wall = app_with(shared_with(options, "night"));
    assert_eq!(comes(&mut wall, ringing(1, "M365-77")), []);
}

#[test]
fn silence_acknowledges_each_alarm_once_for_all_boards() {
    let mut app = app();
    keys(&mut app, "s");
    assert!(picture(&mut app, 80, 24).contains("No alarm waits"));
    comes(&mut app, ringing(1, "M365-77"));
    let waiting = app.shared.index.alarms.rows.len();
    let sent: Vec<Effect> = keys(&mut app, "s");
    assert_eq!(sent.len(), waiting);
    for effect in &sent {
        let Effect::Send {
            id,
            version,
            command,
            ..
        } = effect
        else {
            panic!("{effect:?}");
        };
        assert_eq!((id.as_str(), *version), ("M365-77", 12));
        assert!(matches!(**command, Command::AcknowledgeAlarm(_)));
    }
    let toast = format!("{waiting} alarm");
    assert!(picture(&mut app, 80, 24).contains(&toast));
    assert_eq!(keys(&mut app, "s"), [], "they are under way");
    let incident = app.shared.board.incident(1, "M365-77").cloned().unwrap();
    let tickets = sent.iter().filter_map(|effect| match effect {
        Effect::Send { ticket, .. } => Some(*ticket),
        _ => None,
    });
    app.shared.toasts.clear();
    for ticket in tickets {
        let reply = Reply::Done {
            incident: Arc::clone(&incident),
            unmet: Vec::new(),
        };
        update(&mut app, Message::Replied { ticket, reply });
    }
    assert_eq!(app.shared.toasts.len(), 0, "told once, for all");
}

#[test]
fn who_may_not_silence_is_told_why_and_not_offered_it() {
    let mut shared = shared();
    shared.options.read_only = true;
    shared.board = ringing(1, "M365-77");
    let mut app = app_with(shared);
    let board = Arc::clone(&app.shared.board);
    comes(&mut app, board);
    assert_eq!(keys(&mut app, "s"), []);
    let seen = picture(&mut app, 120, 34);
    assert!(seen.contains("read-only"), "{seen}");
    assert!(
        seen.contains("ALARM") && !seen.contains("s silence"),
        "{seen}"
    );
    let mut viewer = app_with(crate::ui::fixture::shared());
    let mut board = Board::clone(&ringing(1, "M365-77"));
    let mut of = crate::domain::board::Source::clone(&board.sources[1]);
    let mut about = crate::domain::board::About::clone(of.about.as_ref().unwrap());
    about.you.role = Role::Viewer;
    of.about = Some(Arc::new(about));
    board.sources[1] = Arc::new(of);
    comes(&mut viewer, Arc::new(board));
    assert_eq!(keys(&mut viewer, "s"), []);
    assert!(picture(&mut viewer, 80, 24).contains("responder"));
}

fn vacant(incident: &mut IncidentView, minute: i64) {
    incident.severity = Some(Severity::Sev2);
    incident.commander = None;
    incident.commander_vacant_since = Some(now() - chrono::TimeDelta::minutes(minute + 5));
}

#[test]
fn a_flood_lists_what_came_first() {
    let mut app = app();
    let board = board_with(0, |incident| incident.alarms.clear());
    let mut board = Board::clone(&board);
    let mut of = crate::domain::board::Source::clone(&board.sources[0]);
    let mut many = Vec::new();
    for n in 0..12 {
        let mut incident = IncidentView::clone(of.incident("AZ-142").unwrap());
        incident.id = format!("AZ-{}", 900 + n);
        incident.duties.clear();
        incident.alarms.clear();
        // The later in the list, the earlier it began.
        vacant(&mut incident, n / 2);
        many.push(Arc::new(incident));
    }
    of.incidents = Arc::new(many);
    board.sources[0] = Arc::new(of);
    comes(&mut app, Arc::new(board));
    assert!(app.shared.index.alarms.flood);
    let seen = picture(&mut app, 120, 34);
    let line = seen.lines().find(|line| line.contains("ALARM 12")).unwrap();
    assert!(
        line.contains("first AZ-910 NO COMMANDER · AZ-911"),
        "{line}"
    );
    assert!(line.contains("more"), "{line}");
    tick(&mut app, 10 * 60_000);
    assert!(!app.shared.index.alarms.flood, "ten minutes on it is none");
}

#[test]
fn every_state_of_an_alarm_is_told_in_words() {
    let states = |state| {
        let mut app = app();
        let board = board_with(1, |incident| {
            for alarm in &mut incident.alarms {
                alarm.state = state;
                if state == AlarmState::Shelved {
                    alarm.until = Some(at("2026-11-23T16:00:00Z"));
                    alarm.reason = Some("counsel drafts".to_owned());
                }
            }
        });
        comes(&mut app, board);
        app.show_incident(Target {
            source: 1,
            id: "M365-77".to_owned(),
        });
        let flat = picture(&mut app, 200, 50);
        flat.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    for (state, words) in [
        (AlarmState::Unacknowledged, "START PASSED: not acknowledged"),
        (
            AlarmState::Acknowledged,
            "START PASSED: acknowledged by d.okafor 14:02",
        ),
        (AlarmState::Shelved, "START PASSED: shelved until 16:00"),
    ] {
        let seen = states(state);
        assert!(seen.contains(words), "{words}\n{seen}");
    }
    let shared = shared();
    let incident = shared.board.incident(1, "M365-77").unwrap();
    let over = alarm::of_view(incident, now()).remove(0);
    let over = crate::domain::view::AlarmView {
        state: AlarmState::Returned,
        ..over
    };
    let (words, _) = crate::ui::screen::words::alarm_state(&shared, 1, incident, &over);
    assert_eq!(words, "over, not acknowledged");
}

#[test]
fn only_what_is_critical_blinks_and_only_where_it_may() {
    let seen = |no_blink: bool, ms: i64| {
        let mut shared = shared();
        shared.options.no_blink = no_blink;
        let mut app = app_with(shared);
        comes(&mut app, ringing(1, "M365-77"));
        tick(&mut app, ms);
        styled(&mut app, 80, 24)
    };
    // The word is there in both; only its look changes.
    for (no_blink, ms) in [(false, 0), (false, 1_000), (true, 0), (true, 1_000)] {
        assert!(seen(no_blink, ms).contains("ALARM "), "{no_blink} {ms}");
    }
    let look = |no_blink, ms| {
        let seen = seen(no_blink, ms);
        let row = seen
            .lines()
            .position(|line| line.contains("ALARM "))
            .unwrap();
        let look = seen
            .lines()
            .find(|line| line.starts_with(&format!("{row:02}| ")));
        look.unwrap().to_owned()
    };
    assert_ne!(look(false, 0), look(false, 1_000));
    assert_eq!(look(true, 0), look(true, 1_000));
    let mut app = app();
    comes(
        &mut app,
        board_with(0, |incident| {
            if incident.id == "AZ-142" {
                vacant(incident, 3);
            }
        }),
    );
    for _ in 0..2 {
        assert!(
            picture(&mut app, 80, 24).contains("ALARM 1"),
            "a seat does not blink"
        );
        tick(&mut app, 1_000);
    }
}

#[test]
fn the_head_with_alarms_looks() {
    for (name, wall) in [("lanes", false), ("wall", true)] {
        let options = Options {
            wall,
            ..Options::default()
        };
        let mut app = app_with(shared_with(options, "night"));
        let mut board = Board::clone(&ringing(1, "M365-77"));
        let other = board_with(0, |incident| {
            if incident.id == "AZ-142" {
                vacant(incident, 3);
            }
        });
        board.sources[0] = Arc::clone(&other.sources[0]);
        comes(&mut app, Arc::new(board));
        for (w, h) in [(120, 34), (80, 24), (60, 17), (40, 12)] {
            insta::assert_snapshot!(format!("{name}_{w}x{h}"), styled(&mut app, w, h));
        }
        if !wall {
            keys(&mut app, "3");
            insta::assert_snapshot!("clocks_80x24", picture(&mut app, 80, 24));
        }
    }
}
