//! Proofs of the clocks: one stands on a duty, not on a row; nothing without a number counts down.

use std::sync::Arc;

use super::*;
use crate::domain::word::DutyStatus;
use crate::ui::app::App;
use crate::ui::fixture::{app, board_with, keys, picture};
use crate::ui::message::Message;
use crate::ui::update;

fn clocks() -> App {
    let mut app = app();
    picture(&mut app, 80, 24);
    keys(&mut app, "3 gg");
    app
}

fn stands_on(app: &App) -> (String, String) {
    let target = app.shared.selected.clone().unwrap();
    (
        target.id,
        app.shared.selected_duty.clone().unwrap_or_default(),
    )
}

fn pair(id: &str, duty: &str) -> (String, String) {
    (id.to_owned(), duty.to_owned())
}

#[test]
fn keys_move_from_duty_to_duty_and_take_the_incident_along() {
    let mut app = clocks();
    assert_eq!(stands_on(&app), pair("DYN-31", "state/attorney-general@TX"));
    keys(&mut app, "j");
    assert_eq!(stands_on(&app), pair("AZ-140", ""));
    keys(&mut app, "] ]");
    assert_eq!(stands_on(&app), pair("AZ-144", ""));
    keys(&mut app, "]");
    assert_eq!(stands_on(&app), pair("AZ-142", "ms-72h/customer"));
    keys(&mut app, "G");
    assert_eq!(stands_on(&app), pair("AZ-131", "hipaa/individuals"));
    keys(&mut app, "h");
    assert_eq!(stands_on(&app), pair("AZ-142", "ms-dpa/customer"));
    keys(&mut app, "Ctrl-U k [");
    assert_eq!(stands_on(&app), pair("DYN-31", "state/attorney-general@TX"));
    keys(&mut app, "1");
    assert_eq!(app.shared.selected_duty, None);
}

#[test]
fn the_selection_follows_its_duty_through_a_refresh() {
    let mut app = clocks();
    keys(&mut app, "jjjjj");
    assert_eq!(stands_on(&app), pair("M365-77", "gdpr/authority"));
    // AZ-142 is sent: its row leaves the group above.
    let board = board_with(0, |incident| {
        for duty in &mut incident.duties {
            duty.status = DutyStatus::Met;
        }
    });
    update(&mut app, Message::Board(board));
    assert_eq!(stands_on(&app), pair("M365-77", "gdpr/authority"));
    let picture = picture(&mut app, 80, 24);
    assert!(picture.contains("▸M365-77"), "{picture}");
}

#[test]
fn a_duty_that_went_leaves_one_at_its_incident_and_an_incident_that_went_at_its_place() {
    let mut app = clocks();
    keys(&mut app, "jjjj");
    let board = board_with(0, |incident| {
        incident.duties.retain(|duty| duty.id != "ms-72h/customer");
    });
    update(&mut app, Message::Board(board));
    assert_eq!(stands_on(&app), pair("AZ-142", "ms-dpa/customer"));
    update(&mut app, Message::Board(Arc::default()));
    assert_eq!(app.shared.selected_duty, None);
    assert!(picture(&mut app, 80, 24).contains("Waiting for the first answer."));
}

#[test]
fn what_is_finished_stands_in_one_line_until_it_is_unfolded() {
    let mut app = clocks();
    let before = picture(&mut app, 120, 50);
    assert!(!before.contains("no essential service"), "{before}");
    keys(&mut app, "z G");
    let after = picture(&mut app, 120, 50);
    assert!(
        after.contains("does not apply: no essential service"),
        "{after}"
    );
    assert!(after.contains("sent Mon 23 07:27Z"), "{after}");
    keys(&mut app, "z");
    assert_eq!(stands_on(&app).1, "hipaa/individuals");
}

#[test]
fn an_embargo_never_counts_down_and_a_duty_without_a_number_tells_its_age() {
    let mut app = clocks();
    let picture = picture(&mut app, 120, 34);
    let line = |of: &str| picture.lines().find(|line| line.contains(of)).unwrap();
    assert!(line("RUST PLOVER").contains("NOT BEFORE Fri 4 Dec 05:00Z, in 10d14h"));
    for name in ["RUST PLOVER", "IVORY WREN", "GREY LINDEN", "FERN OTTER"] {
        assert!(!line(name).contains("T-"), "{}", line(name));
    }
    assert!(line("MS DPA").contains("2d22h"));
}

#[test]
fn lines_are_found_by_counting() {
    let mut app = clocks();
    for (height, folded) in [(24, true), (24, false), (50, true), (50, false)] {
        app.shared.folded = folded;
        let list = List::of(&app.shared, height);
        let duties: Vec<usize> = (0..list.lines())
            .filter_map(|line| match list.line(line) {
                Line::Duty(at) => {
                    assert_eq!(list.line_of(at), line);
                    Some(at)
                }
                _ => None,
            })
            .collect();
        assert_eq!(duties, (0..list.len()).collect::<Vec<_>>());
    }
}
