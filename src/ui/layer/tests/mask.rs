//! What a room is not told: no layer and no screen shows it under `--mask`. It is one letter that stands nowhere else, so that no
//! cut and no wrap can keep it from being found.

use super::canary::{CANARY, answered, c, changed, full, in_a_room, some};
use super::*;
use crate::domain::word::DutyStatus;
use crate::ui::fixture::{keys, picture};
use crate::ui::keymap::{Action, Place};

/// Where the canary is found in so large a window; gives what was drawn.
fn clean(app: &mut App, size: (u16, u16), what: &str, found: &mut Vec<String>) -> String {
    let drawn = picture(app, size.0, size.1);
    let told = drawn.lines().filter(|line| line.contains(CANARY));
    for line in told.map(str::trim) {
        if !found.iter().any(|known| known.ends_with(line)) {
            found.push(format!("{what}: {line}"));
        }
    }
    drawn
}

const SMALL: (u16, u16) = (60, 16);
const LARGE: (u16, u16) = (200, 60);

pub(super) const SEEN: [(usize, &str); 5] = [
    (AZURE, "AZ-142"),
    (AZURE, "AZ-140"),
    (AZURE, "AZ-139"),
    (M365, "M365-70"),
    (M365, "M365-77"),
];

/// Opens the layer of an action, and goes through it: what asks for a text is given one, what offers a choice is taken down
/// its list. Whether one opened.
fn walk(app: &mut App, action: Action, what: &str, found: &mut Vec<String>) -> bool {
    let key = app.shared.keymap.label(action);
    let asked = keys(app, &key);
    clean(app, SMALL, what, found);
    clean(app, LARGE, what, found);
    if app.layers() == 0 {
        return false;
    }
    answered(app, asked);
    let mut before = String::new();
    for step in 0..9 {
        let drawn = clean(app, LARGE, what, found);
        let asked = match (drawn == before, step % 3) {
            (true, _) => paste(app, "ok"),
            (false, 1) => keys(app, "Down"),
            (false, _) => keys(app, "Enter"),
        };
        answered(app, asked);
        before = drawn;
    }
    true
}

#[test]
fn no_layer_shows_in_a_room_what_is_masked() {
    // Every action on one incident, and on others what depends on the phase.
    let of_phase = [
        Action::Forward,
        Action::LoopBack,
        Action::Declare,
        Action::Verdict,
        Action::Close,
    ];
    let mut opened: Vec<Action> = Vec::new();
    let mut found = Vec::new();
    for (place, (source, id)) in SEEN.into_iter().enumerate() {
        let all = if place == 0 { Action::ALL } else { &of_phase };
        for action in all.iter().copied() {
            if action.place() == Place::Dialog || action == Action::Suspend {
                continue;
            }
            let mut app = in_a_room(source, id);
            let what = format!("{} on {id}", action.name());
            if walk(&mut app, action, &what, &mut found) {
                opened.push(action);
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
    let layers = "forward loop-back page acknowledge write time edit roles stand-down undo links declare sent hold \
        verdict shelve lesson restrict hand-over close open who help palette filter";
    for name in layers.split_whitespace() {
        assert!(
            opened.iter().any(|action| action.name() == name),
            "{name} was not opened"
        );
    }
}

#[test]
fn the_same_layers_show_it_where_nothing_is_masked() {
    use Action as A;
    for action in [
        A::Declare,
        A::Hold,
        A::Roles,
        A::Sent,
        A::Time,
        A::Verdict,
        A::StandDown,
        A::Acknowledge,
        A::Edit,
        A::Who,
    ] {
        let mut app = in_a_room(AZURE, "AZ-142");
        app.shared.options.mask = false;
        let mut found = Vec::new();
        walk(&mut app, action, action.name(), &mut found);
        // The screen behind shows some of it too: what counts stands between the dialog's borders.
        let within = |line: &String| {
            line.split('│')
                .nth(1)
                .is_some_and(|cells| cells.contains(CANARY))
        };
        assert!(found.iter().any(within), "{}: {found:?}", action.name());
    }
}

#[test]
fn no_dialog_tells_a_room_who_changed_what() {
    let mut app = in_a_room(AZURE, "AZ-142");
    keys(&mut app, "w");
    let board = changed(|incident| {
        full(incident);
        incident.version += 1;
        incident.persons_version = incident.version;
        incident.commander = some("other");
        for duty in &mut incident.duties {
            duty.status = DutyStatus::Overdue;
        }
    });
    fixture::tick(&mut app, 400);
    update(&mut app, Message::Board(board));
    let mut found = Vec::new();
    clean(&mut app, LARGE, "what others changed", &mut found);
    assert_eq!(found, Vec::<String>::new());
    assert!(picture(&mut app, 120, 40).contains("was changed"));
}

/// A backend's refusal may name a customer or a person: it was drawn as it came.
#[test]
fn a_room_is_told_in_our_own_words_why_a_backend_says_no() {
    let sentence = || c("acme's d.okafor is not on the list");
    let conflict = |app: &App| {
        let mut now = incident(app, AZURE, "AZ-142");
        now.version += 1;
        now.persons_version = now.version;
        arc(now)
    };
    let mut found = Vec::new();
    for left in [false, true] {
        for kind in 0..6 {
            let mut app = in_a_room(AZURE, "AZ-142");
            keys(&mut app, "w");
            paste(&mut app, "ok");
            let effects = keys(&mut app, "Tab Tab Tab Enter");
            let (ticket, _, _) = sent(&effects);
            if left {
                keys(&mut app, "Esc");
            }
            let (said, told) = match kind {
                0 => (
                    Reply::Refused {
                        sentence: sentence(),
                        unmet: vec![crate::domain::word::GateWord::Review],
                    },
                    "Its reason is not for a room",
                ),
                1 => (
                    Reply::NotAllowed {
                        sentence: sentence(),
                    },
                    "This token may not",
                ),
                2 => (
                    Reply::Conflict {
                        incident: None,
                        sentence: sentence(),
                    },
                    "Somebody changed it",
                ),
                3 => (
                    Reply::Conflict {
                        incident: Some(conflict(&app)),
                        sentence: sentence(),
                    },
                    "Somebody changed it",
                ),
                4 => (
                    Reply::Unreachable {
                        sentence: sentence(),
                    },
                    "No answer that can be read",
                ),
                _ => (
                    Reply::Unreachable {
                        sentence: format!("{}. Nothing was sent", sentence()),
                    },
                    "Nothing was sent",
                ),
            };
            reply(&mut app, ticket, said);
            let drawn = clean(
                &mut app,
                LARGE,
                &format!("{kind}, left: {left}"),
                &mut found,
            );
            assert!(drawn.contains("AZ-142"), "{drawn}");
            // A toast may be cut: what it says first is its kind.
            assert!(left || drawn.contains(told), "{kind}: {told}\n{drawn}");
        }
    }
    // Nor is whatever could not be read.
    let mut app = in_a_room(AZURE, "AZ-142");
    keys(&mut app, ":");
    write(&mut app, "AZ-999");
    keys(&mut app, "Enter");
    let failed = Message::Reread {
        source: AZURE,
        id: "AZ-999".to_owned(),
        incident: Err(sentence()),
    };
    update(&mut app, failed);
    let drawn = clean(&mut app, LARGE, "a read", &mut found);
    assert!(drawn.contains("AZ-999: Its reason"), "{drawn}");
    // And what we refuse ourselves names nobody's token.
    let mut app = in_a_room(AZURE, "AZ-142");
    let mut board = crate::domain::board::Board::clone(&app.shared.board);
    for source in &mut board.sources {
        let mut of = crate::domain::board::Source::clone(source);
        let mut about = crate::domain::board::About::clone(of.about.as_ref().unwrap());
        about.you.role = crate::domain::word::Role::Viewer;
        about.you.name = c("viewer");
        about.you.counsel = false;
        of.about = Some(Arc::new(about));
        *source = Arc::new(of);
    }
    update(&mut app, Message::Board(Arc::new(board)));
    select(&mut app, AZURE, "AZ-142");
    keys(&mut app, "D");
    let drawn = clean(&mut app, LARGE, "our own refusal", &mut found);
    assert!(drawn.contains("needs another role"), "{drawn}");
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn no_screen_shows_in_a_room_what_is_masked() {
    let mut found = Vec::new();
    for (source, id) in SEEN {
        let mut app = in_a_room(source, id);
        for screen in ["1", "2", "3", "4"] {
            keys(&mut app, screen);
            clean(&mut app, SMALL, screen, &mut found);
            for _ in 0..6 {
                keys(&mut app, "j");
                clean(&mut app, LARGE, screen, &mut found);
                let asked = keys(&mut app, "Enter");
                answered(&mut app, asked);
                clean(
                    &mut app,
                    LARGE,
                    &format!("{screen}, looked closer"),
                    &mut found,
                );
                keys(&mut app, "Esc");
                keys(&mut app, screen);
            }
            keys(&mut app, "z G");
            clean(&mut app, LARGE, &format!("{screen}, unfolded"), &mut found);
        }
        let mut app = in_a_room(source, id);
        let target = Target {
            source,
            id: id.to_owned(),
        };
        let asked = app.show_incident(target);
        answered(&mut app, asked);
        keys(&mut app, "z");
        for _ in 0..5 {
            clean(&mut app, LARGE, id, &mut found);
            keys(&mut app, "G");
            clean(&mut app, LARGE, id, &mut found);
            keys(&mut app, "Tab");
        }
    }
    assert_eq!(found, Vec::<String>::new());
}
