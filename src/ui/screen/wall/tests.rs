//! Proofs of the wall: what is shown to a room, what is not, and that pages turn by time alone.

mod source;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};

use crate::domain::board::{About, Board, ConnectorView, Fault, Source, TakesView};
use crate::domain::view::IncidentView;
use crate::domain::word::Severity;
use crate::ui::app::App;
use crate::ui::fixture::{app_with, board, board_with, keys, picture, shared_with, tick};
use crate::ui::message::Message;
use crate::ui::shared::Options;
use crate::ui::theme::{Role, SHIPPED};
use crate::ui::{draw, update};

fn wall(mask: bool) -> App {
    let options = Options {
        wall: true,
        mask,
        ..Options::default()
    };
    app_with(shared_with(options, "night"))
}

fn rows(picture: &str) -> Vec<String> {
    let rows = picture.lines().filter(|line| line.starts_with("sev"));
    rows.map(|line| line.chars().take(17).collect()).collect()
}

#[test]
fn pages_turn_every_ten_seconds_and_show_each_incident_once() {
    let mut app = wall(false);
    let mut seen = Vec::new();
    for page in 1..=3 {
        let picture = picture(&mut app, 60, 17);
        assert!(picture.contains(&format!("page {page}/3")), "{picture}");
        seen.extend(rows(&picture));
        tick(&mut app, 9_999);
        assert_eq!(rows(&picture), rows(&self::picture(&mut app, 60, 17)));
        tick(&mut app, 1);
    }
    assert!(picture(&mut app, 60, 17).contains("page 1/3"));
    assert_eq!(seen.first().unwrap(), "sev1 COPPER HERON");
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((count, seen.len()), (11, 11));
}

#[test]
fn a_more_urgent_incident_brings_the_first_page_back() {
    let mut app = wall(false);
    picture(&mut app, 60, 17);
    tick(&mut app, 10_000);
    assert!(picture(&mut app, 60, 17).contains("page 2/3"));
    let worse = board_with(2, |incident| incident.severity = Some(Severity::Sev1));
    let calm = board_with(0, |incident| incident.severity = Some(Severity::Sev3));
    let mut both = Board::clone(&worse);
    both.sources[0] = Arc::clone(&calm.sources[0]);
    update(&mut app, Message::Board(Arc::new(both)));
    let picture = picture(&mut app, 60, 17);
    assert!(picture.contains("page 1/3"), "{picture}");
    assert_eq!(rows(&picture)[0], "sev1 TEAL MARTEN ");
}

#[test]
fn of_a_restricted_duty_a_wall_says_nothing() {
    // As if the duties were not there, with the alarms that ring for them and the change that tells of one.
    let none = board_with(0, |incident| {
        let had = !std::mem::take(&mut incident.duties).is_empty();
        incident.alarms.retain(|alarm| alarm.duty.is_none());
        if let Some(change) = incident.change.as_mut().filter(|_| had) {
            change.text = None;
        }
    });
    let restricted = board_with(0, |incident| {
        for duty in &mut incident.duties {
            duty.restricted = true;
        }
        let has = !incident.duties.is_empty();
        if let Some(change) = incident.change.as_mut().filter(|_| has) {
            change.text = Some("recorded restricted duty as sent".to_owned());
        }
    });
    for (w, h) in [(200, 50), (120, 34), (60, 17), (40, 12)] {
        let mut app = wall(false);
        update(&mut app, Message::Board(none.clone()));
        let expected = picture(&mut app, w, h);
        let mut app = wall(false);
        update(&mut app, Message::Board(restricted.clone()));
        let picture = picture(&mut app, w, h);
        assert_eq!(picture, expected);
        assert!(!picture.contains("restricted"), "{picture}");
    }
    let mut app = wall(false);
    update(&mut app, Message::Board(restricted.clone()));
    let first = app.shared.board.clone();
    update(&mut app, Message::Board(restricted));
    let again = &app.shared.board;
    let incidents = |board: &Board| board.sources[0].incidents[0].clone();
    assert!(Arc::ptr_eq(&incidents(&first), &incidents(again)));
}

#[test]
fn a_mask_leaves_out_names_and_texts() {
    let mut app = wall(true);
    for (w, h) in [(200, 50), (120, 34), (60, 17)] {
        let picture = picture(&mut app, w, h);
        for words in [
            "okafor",
            "lindqvist",
            "haddad",
            "abara",
            "Acme",
            "indicator",
            "persons unknown",
        ] {
            assert!(!picture.contains(words), "{words}\n{picture}");
        }
        for words in ["COPPER HERON", "NO COMMANDER", "NOBODY", "TLP:AMBER"] {
            assert!(picture.contains(words), "{words}\n{picture}");
        }
    }
}

#[test]
fn no_key_does_anything() {
    let mut app = wall(false);
    let before = picture(&mut app, 60, 17);
    let effects = keys(&mut app, "1 2 3 > p y Enter q Esc");
    assert_eq!(effects, []);
    assert_eq!((app.quit(), app.layers()), (None, 0));
    tick(&mut app, -3_600);
    assert_eq!(before, picture(&mut app, 60, 17));
}

#[test]
fn a_board_that_is_empty_or_was_never_heard_says_so() {
    let mut app = wall(false);
    update(&mut app, Message::Board(Arc::default()));
    assert!(picture(&mut app, 60, 17).contains("No source is configured."));
    let unheard = Board {
        sources: vec![
            Arc::new(Source::new("azure")),
            Arc::new(Source::new("m365")),
        ],
        generation: 8,
    };
    update(&mut app, Message::Board(Arc::new(unheard)));
    let told = picture(&mut app, 60, 17);
    assert!(
        told.contains("Waiting for the first answer of azure, m365."),
        "{told}"
    );
    let mut empty = board();
    for source in &mut empty.sources {
        let mut of = Source::clone(source);
        of.incidents = Arc::new(Vec::<Arc<IncidentView>>::new());
        *source = Arc::new(of);
    }
    update(&mut app, Message::Board(Arc::new(empty)));
    let told = picture(&mut app, 60, 17);
    assert!(told.contains("No open incident."), "{told}");
    assert!(told.contains("0 real"), "{told}");
}

#[test]
fn the_last_ten_minutes_run_by_seconds_and_what_passed_says_so() {
    let mut app = wall(false);
    // 16:39:30, then 16:49:20.
    tick(&mut app, 9_118_000);
    let before = picture(&mut app, 60, 17);
    assert!(before.contains("START PASSED"), "{before}");
    tick(&mut app, 590_000);
    let after = picture(&mut app, 60, 17);
    assert!(after.lines().nth(3).unwrap().starts_with("+ "), "{after}");
    // Where there is room the sign is as big as what it belongs to.
    let after = picture(&mut app, 80, 24);
    let row = after.lines().nth(3).unwrap();
    assert!(row.starts_with("▀█▀ "), "{after}");
}

#[test]
fn no_cell_of_a_big_digit_has_the_colour_of_its_ground_in_any_theme() {
    for (theme, _) in SHIPPED {
        for late_ms in [0, 9_118_000, 20_000_000] {
            for (w, h) in [(60, 17), (120, 34), (200, 50)] {
                let options = Options {
                    wall: true,
                    ..Options::default()
                };
                let mut app = app_with(shared_with(options, theme));
                tick(&mut app, late_ms);
                picture(&mut app, w, h);
                let mut buffer = Buffer::empty(Rect::new(0, 0, w, h));
                draw(&app, &mut buffer);
                let cells = buffer.content.iter();
                let digits = cells.filter(|cell| ["█", "▀", "▄"].contains(&cell.symbol()));
                let mut any = 0;
                for cell in digits {
                    any += 1;
                    let plain = app.shared.theme.style(Role::Text);
                    assert_eq!(
                        Some(cell.bg),
                        plain.bg,
                        "{theme} {w}x{h}: a ground of its own"
                    );
                    assert!(
                        !cell.modifier.contains(Modifier::REVERSED),
                        "{theme} {w}x{h}"
                    );
                    assert!(
                        cell.fg != cell.bg || cell.fg == Color::Reset,
                        "{theme} {w}x{h}"
                    );
                }
                assert!(any > 20, "{theme} {w}x{h}: no digits");
            }
        }
    }
}

#[test]
fn beside_the_seconds_of_the_last_minutes_recipient_and_decider_stand() {
    let mut app = wall(false);
    tick(&mut app, 9_118_000);
    let drill = board_with(0, |incident| incident.exercise = true);
    for board in [board_with(0, |_| {}), drill] {
        let calm = Board {
            sources: board.sources.get(..1).unwrap().to_vec(),
            ..Board::clone(&board)
        };
        update(&mut app, Message::Board(Arc::new(calm)));
        let seen = picture(&mut app, 60, 17);
        for words in ["COPPER HERON", "customers by 16:49", "j.lindqvist"] {
            assert!(seen.contains(words), "{words}\n{seen}");
        }
    }
    assert!(picture(&mut app, 60, 17).contains("sev1 EX COPPER HERON"));
}

/// The fixture's board with one source changed.
fn with_source(at: usize, change: impl Fn(&mut Source)) -> Arc<Board> {
    let mut board = board();
    let mut of = Source::clone(&board.sources[at]);
    change(&mut of);
    board.sources[at] = Arc::new(of);
    Arc::new(board)
}

/// The same with that source alone.
fn only_source(at: usize, change: impl Fn(&mut Source)) -> Arc<Board> {
    let board = with_source(at, change);
    Arc::new(Board {
        sources: vec![board.sources[at].clone()],
        ..Board::clone(&board)
    })
}

fn about(source: &mut Source, change: impl Fn(&mut About)) {
    let mut about = About::clone(source.about.as_ref().unwrap());
    change(&mut about);
    source.about = Some(Arc::new(about));
}

fn told(board: Arc<Board>, w: u16, h: u16) -> String {
    let mut app = wall(false);
    update(&mut app, Message::Board(board));
    picture(&mut app, w, h)
}

#[test]
fn drills_are_marked_where_a_seat_or_an_answer_is_missing() {
    let drill = board_with(0, |incident| {
        incident.exercise = true;
        incident.comms = crate::domain::word::Comms::Suspect;
    });
    let seen = told(drill.clone(), 200, 50);
    assert!(
        seen.contains("service lead TEAL MARTEN, EXERCISE COPPER"),
        "{seen}"
    );
    assert!(
        seen.contains("legal-affairs EXERCISE COPPER HERON"),
        "{seen}"
    );
    assert!(
        seen.contains("COMMS SUSPECT EXERCISE DUSK WILLOW"),
        "{seen}"
    );
}

#[test]
fn the_mark_of_a_reader_is_no_higher_than_what_is_shown_to_them() {
    let green = |source: &mut Source| {
        about(source, |about| {
            about.you.clearance = crate::domain::word::Tlp::Green
        });
    };
    let seen = told(only_source(0, green), 60, 17);
    assert!(
        seen.contains("TLP:GREEN") && !seen.contains("TLP:AMBER"),
        "{seen}"
    );
}

#[test]
fn version_and_end_of_the_token_stand_on_every_wall_with_room_for_a_rule() {
    for (w, h) in [(60, 17), (60, 24), (80, 24), (120, 34)] {
        let mut app = wall(false);
        let seen = picture(&mut app, w, h);
        let version = env!("CARGO_PKG_VERSION");
        assert!(seen.contains(version), "{w}x{h}\n{seen}");
        assert!(seen.contains("token"), "{w}x{h}\n{seen}");
    }
    let mut app = wall(false);
    assert!(picture(&mut app, 60, 17).contains("token 13 d "));
    tick(&mut app, 24 * 60 * 60 * 1000);
    assert!(picture(&mut app, 60, 17).contains("token 12 d "));
}

#[test]
fn a_decision_and_a_duty_without_a_number_have_a_line_and_what_has_none_is_counted() {
    let mut app = wall(false);
    let seen = picture(&mut app, 60, 17);
    let clocks: Vec<&str> = seen
        .lines()
        .skip(5)
        .take(3)
        .map(|row| row.get(..8).unwrap())
        .collect();
    assert_eq!(clocks, ["T-05:58 ", "no clock", "no clock"], "{seen}");
    assert!(seen.contains("2d22h"), "{seen}");
    let rule = seen.lines().nth(8).unwrap();
    assert!(rule.contains(" +2 running · +3 to decide "), "{seen}");
}

#[test]
fn while_something_rings_the_oldest_page_without_an_answer_stands_by_team_and_age() {
    let ringing = board_with(1, |incident| incident.alarms.clear());
    for (w, h) in [(60, 17), (40, 12)] {
        let mut app = wall(false);
        update(&mut app, Message::Board(ringing.clone()));
        let seen = picture(&mut app, w, h);
        assert!(seen.contains("ALARM"), "{seen}");
        let line = seen.lines().find(|line| line.starts_with("NO ANSWER"));
        let line = line.unwrap_or_else(|| panic!("{w}x{h}\n{seen}"));
        assert!(line.contains("legal-affairs"), "{seen}");
        assert!(line.contains("6m40s +1 page"), "{seen}");
        // Beside it a deadline, a missing decision and what is unsent without a number keep their lines.
        assert!(seen.contains("2d22h"), "{seen}");
    }
}

#[test]
fn what_is_left_out_is_counted_by_what_it_is() {
    let vacant = board_with(0, |incident| {
        incident.commander = None;
        incident.service_lead = None;
    });
    let mut app = wall(false);
    update(&mut app, Message::Board(vacant));
    for (w, h) in [(60, 24), (80, 24), (120, 34), (120, 40), (200, 50)] {
        let seen = picture(&mut app, w, h);
        let line = seen.lines().find(|line| line.starts_with("MISSING"));
        let line = line.unwrap_or_else(|| panic!("{w}x{h}\n{seen}"));
        assert!(!line.contains("more"), "{w}x{h}\n{seen}");
        if w >= 120 {
            assert!(line.contains("incidents · service lead"), "{seen}");
        } else {
            let told = line.contains("service lead") || line.contains("+1 seat");
            assert!(told, "{seen}");
        }
    }
}

#[test]
fn the_second_deadline_stands_in_big_digits_beside_the_first_and_in_no_row() {
    let mut app = wall(false);
    for (w, h) in [(120, 34), (120, 40), (200, 50)] {
        let seen = picture(&mut app, w, h);
        let rows: Vec<&str> = seen.lines().collect();
        let begins = |text: &str| rows.iter().filter(|row| row.starts_with(text)).count();
        assert_eq!(begins("T-05:58"), 0, "{w}x{h}\n{seen}");
        assert_eq!(begins("T-1d17:05"), 1, "{w}x{h}\n{seen}");
        let at = usize::from(w) / 3 * 2;
        let named = rows.iter().find(|row| {
            let behind: String = row.chars().skip(at).collect();
            behind.starts_with("sev2 AMBER FINCH")
        });
        assert!(named.is_some(), "{w}x{h}\n{seen}");
    }
    // Nothing of it on a wall that has no room for it.
    let seen = picture(&mut app, 80, 24);
    assert!(seen.contains("\nT-05:58"), "{seen}");
}
