//! Proofs of the dialogs that edit, decide, hold, send, end and hand over: from keys to the exact command, bound to the
//! version that was looked at; what they refuse in words; and how they look.

mod change;
mod record;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::command::Command;
use crate::domain::command::undo::Undo;
use crate::domain::view::IncidentView;
use crate::domain::word::{Comms, Phase};
use crate::ui::fixture::{app, app_with, board_with, keys, now, picture, shared, tick};
use crate::ui::input::Input;
use crate::ui::message::{Effect, Message};
use crate::ui::shared::Target;
use crate::ui::{App, draw, tick as patched, update};

/// A viewer who looks at one incident.
fn on(source: usize, id: &str) -> App {
    on_changed(source, id, |_| {})
}

/// The same after the incident was changed.
fn on_changed(source: usize, id: &str, change: impl Fn(&mut IncidentView)) -> App {
    let mut shared = shared();
    shared.board = board_with(source, |incident| {
        if incident.id == id {
            change(incident);
        }
    });
    let (board, filter) = (Arc::clone(&shared.board), shared.filter.clone());
    shared
        .index
        .update(&board, &filter, shared.now, shared.wall);
    let mut app = app_with(shared);
    app.show_incident(Target {
        source,
        id: id.to_owned(),
    });
    app
}

/// A text pasted at once, so that the source is still live when it is sent.
fn typed(app: &mut App, text: &str) {
    update(app, Message::Input(Input::Paste(text.to_owned())));
}

/// The one command that was sent, with the version it is bound to.
fn sent(effects: Vec<Effect>) -> (String, u64, Command) {
    match effects.as_slice() {
        [
            Effect::Send {
                id,
                version,
                command,
                ..
            },
        ] => (id.clone(), *version, Command::clone(command)),
        other => panic!("no command alone was sent: {other:?}"),
    }
}

fn command(effects: Vec<Effect>) -> Command {
    let (_, version, command) = sent(effects);
    assert_eq!(version, 12, "bound to the version that was looked at");
    command
}

#[test]
fn links_are_shown_and_copied_and_never_opened() {
    let mut app = on_changed(0, "AZ-142", |incident| {
        incident.comms = Comms::Suspect;
        incident.bridge = Some("https://meet.example/\u{202e}241-za".to_owned());
    });
    keys(&mut app, "o");
    let seen = picture(&mut app, 80, 24);
    assert!(
        seen.contains("<U+202E>") && seen.contains("COMPANY CHANNELS SUSPECT"),
        "{seen}"
    );
    insta::assert_snapshot!("links_80x24", seen);
    let copied = keys(&mut app, "j Enter");
    assert_eq!(copied, [Effect::Copy("#inc-az-142".to_owned())]);
    assert_eq!(app.layers(), 0);
}

#[test]
fn undo_takes_back_my_own_fresh_move_and_says_why_not_else() {
    let fresh = |incident: &mut IncidentView| {
        if let Some(last) = incident.last_move.as_mut() {
            last.at = now() - chrono::TimeDelta::minutes(3);
        }
    };
    let mut app = on_changed(0, "AZ-142", fresh);
    keys(&mut app, "u");
    let seen = picture(&mut app, 80, 24);
    assert!(
        seen.contains(Phase::ContainmentEradicationAndRecovery.title()),
        "{seen}"
    );
    insta::assert_snapshot!("undo_80x24", seen);
    assert_eq!(command(keys(&mut app, "Enter")), Command::Undo(Undo {}));

    let mut late = on(0, "AZ-142");
    keys(&mut late, "u");
    assert_eq!(late.layers(), 0);
    assert!(picture(&mut late, 120, 30).contains("over 10 minutes old"));

    let mut since = on_changed(0, "AZ-142", |incident| {
        fresh(incident);
        (incident.version, incident.persons_version) = (13, 13);
    });
    keys(&mut since, "u");
    assert!(picture(&mut since, 120, 30).contains("since the move"));
}

#[test]
fn undo_after_a_move_and_something_else_says_that_it_is_something_else_that_stands_in_the_way() {
    // The backend has ended the move by then: nothing of it is in the incident any more.
    let mut app = on_changed(0, "AZ-142", |incident| {
        incident.last_move = None;
        incident.phase_since = now() - chrono::TimeDelta::minutes(2);
    });
    keys(&mut app, "u");
    assert_eq!(app.layers(), 0);
    let seen = picture(&mut app, 120, 30);
    assert!(
        seen.contains("Something else was done to AZ-142 since the move"),
        "{seen}"
    );
    let mut never = on_changed(0, "AZ-142", |incident| {
        incident.last_move = None;
        incident.phase_since = incident.opened_at;
    });
    keys(&mut never, "u");
    let seen = picture(&mut never, 120, 30);
    assert!(
        seen.contains("AZ-142 has no phase move to take back."),
        "{seen}"
    );
}

#[test]
fn the_arithmetic_of_a_duty_stands_whole_and_scrolls() {
    let mut app = app();
    app.show_incident(Target {
        source: 0,
        id: "AZ-142".to_owned(),
    });
    keys(&mut app, "q 3");
    app.shared.selected_duty = None;
    keys(&mut app, "gg");
    let rows = app.shared.index.duties.len();
    for _ in 0..rows {
        if app.shared.selected_duty.as_deref() == Some("ms-72h/customer") {
            break;
        }
        keys(&mut app, "j");
    }
    keys(&mut app, "Enter");
    assert_eq!(app.layers(), 1);
    let whole = picture(&mut app, 120, 40);
    for words in [
        "counted from",
        "3d0h elapsed",
        "Berlin +01:00",
        "not moved",
        "located",
    ] {
        assert!(whole.contains(words), "{words}\n{whole}");
    }
    insta::assert_snapshot!("explain_80x24", picture(&mut app, 80, 24));
    insta::assert_snapshot!("explain_200x50", picture(&mut app, 200, 50));
    let top = picture(&mut app, 60, 16);
    keys(&mut app, "G");
    assert_ne!(picture(&mut app, 60, 16), top);
    keys(&mut app, "Esc");
    assert_eq!(app.layers(), 0);
}

#[test]
fn the_question_reportable_is_explained_where_no_duty_is_selected() {
    let mut app = app();
    keys(&mut app, "3 gg");
    for _ in 0..app.shared.index.duties.len() {
        if app
            .shared
            .selected
            .as_ref()
            .is_some_and(|of| of.id == "AZ-140")
        {
            break;
        }
        keys(&mut app, "j");
    }
    assert_eq!(app.shared.selected_duty, None);
    keys(&mut app, "Enter");
    let seen = picture(&mut app, 80, 24);
    assert!(seen.contains("Nobody has answered"), "{seen}");
    assert!(seen.contains("waits for it"), "{seen}");
}

#[test]
fn a_tick_over_a_dialog_equals_a_draw() {
    for (key, id, source) in [
        ("S", "AZ-142", 0),
        ("V", "M365-77", 1),
        ("u", "AZ-142", 0),
        ("r", "DYN-31", 3),
    ] {
        let mut app = on_changed(source, id, |incident| {
            if let Some(last) = incident.last_move.as_mut() {
                last.at = now() - chrono::TimeDelta::minutes(3);
            }
        });
        keys(&mut app, key);
        keys(&mut app, "Tab");
        assert_eq!(app.layers(), 1, "{key}");
        let mut front = Buffer::empty(Rect::new(0, 0, 80, 24));
        let mut live = draw(&app, &mut front);
        for ms in [
            700, 1_000, 13_000, 59_000, 420_000, 600_000, 3_600_000, 30_000,
        ] {
            tick(&mut app, ms);
            let told = patched(&live, app.shared.now);
            let mut whole = Buffer::empty(front.area);
            let anew = draw(&app, &mut whole);
            if told.redraw {
                (front, live) = (whole, anew);
                continue;
            }
            for patch in told.patches {
                front.set_string(patch.x, patch.y, &patch.text, patch.style);
            }
            assert_eq!(front, whole, "{key} after {ms} ms");
        }
    }
}

#[test]
fn dialogs_stand_in_a_wide_window_too() {
    for (key, id, source) in [
        ("e", "AZ-142", 0),
        ("r", "AZ-142", 0),
        ("S", "AZ-142", 0),
        ("H", "AZ-131", 0),
        ("V", "AZ-142", 0),
        ("L", "AZ-120", 0),
        ("T", "AZ-142", 0),
        ("Q", "M365-70", 1),
    ] {
        let mut app = on(source, id);
        keys(&mut app, key);
        assert_eq!(app.layers(), 1, "{key} on {id}");
        insta::assert_snapshot!(format!("open_{key}_200x50"), picture(&mut app, 200, 50));
        insta::assert_snapshot!(format!("open_{key}_80x24"), picture(&mut app, 80, 24));
        picture(&mut app, 60, 16);
    }
}
