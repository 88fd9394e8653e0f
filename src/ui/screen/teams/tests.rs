//! Proofs of the teams: one stands on a team and a phase, and its worst incident is the selected one.

use crate::domain::word::{Phase, Severity};
use crate::ui::app::App;
use crate::ui::fixture::{app, board_with, keys, picture};
use crate::ui::message::Message;
use crate::ui::screen::ScreenName;
use crate::ui::update;

fn selected(app: &App) -> &str {
    app.shared.selected.as_ref().unwrap().id.as_str()
}

#[test]
fn keys_move_between_cells_that_have_something() {
    let mut app = app();
    keys(&mut app, "2 gg");
    let mut seen = vec![selected(&app).to_owned()];
    for key in ["l", "l", "l", "h", "j", "j", "h", "G", "["] {
        keys(&mut app, key);
        seen.push(selected(&app).to_owned());
    }
    // Down from post-incident activity the team has only containment.
    let expected = [
        "AZ-142", "AZ-139", "AZ-120", "AZ-145", "AZ-120", "DYN-31", "M365-61", "M365-77", "PP-12",
        "M365-70",
    ];
    assert_eq!(seen, expected);
    keys(&mut app, "gg Enter");
    assert_eq!(app.screen(), ScreenName::Incident);
    assert_eq!(selected(&app), "AZ-120");
}

#[test]
fn one_stays_in_the_cell_when_its_worst_incident_changes() {
    let mut app = app();
    keys(&mut app, "2 gg l");
    assert_eq!(selected(&app), "AZ-139");
    let worse = board_with(0, |incident| {
        if incident.id == "AZ-131" {
            incident.severity = Some(Severity::Sev1);
        }
    });
    update(&mut app, Message::Board(worse));
    assert_eq!(selected(&app), "AZ-131");
    let gone = board_with(0, |incident| incident.phase = Phase::PostIncidentActivity);
    update(&mut app, Message::Board(gone));
    assert_eq!(selected(&app), "AZ-142");
}

#[test]
fn an_incident_selected_elsewhere_takes_one_to_its_cell() {
    let mut app = app();
    picture(&mut app, 80, 24);
    keys(&mut app, "1 jjjjj");
    assert_eq!(selected(&app), "AZ-139");
    keys(&mut app, "2");
    let picture = picture(&mut app, 120, 34);
    assert!(picture.contains("▸2 sev2 PALE ORCHID AZ-139"), "{picture}");
}

#[test]
fn vacancies_and_what_waits_are_told_in_words() {
    let mut app = app();
    keys(&mut app, "2");
    let picture = picture(&mut app, 120, 34);
    for words in [
        "NO COMMANDER 1",
        "NO SERVICE LEAD 1",
        "1 exercise · 2 lessons",
        "as of 14:03",
        "decision missing",
    ] {
        assert!(picture.contains(words), "{words} in\n{picture}");
    }
}
