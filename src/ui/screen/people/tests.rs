//! Proofs of the people's screen: who is missing, who was called, who sits where, and that hidden names are not told.

use std::sync::Arc;

use crate::domain::instant::Instant;
use crate::domain::presence::PresenceView;
use crate::domain::word::{Role, Via};
use crate::ui::app::App;
use crate::ui::fixture::{app, board_with, keys, picture, shared, tick};
use crate::ui::message::{Effect, Message};
use crate::ui::screen::ScreenName;
use crate::ui::shared::Options;
use crate::ui::update;
use crate::wire::WhoBody;

#[test]
fn it_tells_who_is_missing_who_was_called_and_who_sits_where() {
    let mut app = app();
    keys(&mut app, "4");
    assert_eq!(app.screen(), ScreenName::People);
    let seen = picture(&mut app, 200, 50);
    for words in [
        "PEOPLE",
        "VACANT ",
        "NO ANSWER ",
        "SEATS ",
        "commander",
        "no answer 6m40s",
    ] {
        assert!(seen.contains(words), "{words}:\n{seen}");
    }
    assert!(seen.find("VACANT ").unwrap() < seen.find("SEATS ").unwrap());
    keys(&mut app, "gg Enter");
    assert_eq!(app.screen(), ScreenName::Incident);
}

#[test]
fn one_stands_on_incidents_only_and_goes_from_section_to_section() {
    let mut app = app();
    keys(&mut app, "4 gg");
    let mut seen = Vec::new();
    for _ in 0..8 {
        seen.push(app.shared.selected.clone().unwrap());
        keys(&mut app, "l");
    }
    seen.dedup();
    assert!(seen.len() > 1, "{seen:?}");
    keys(&mut app, "G j j");
    assert!(app.shared.selected.is_some());
}

#[test]
fn how_long_a_seat_is_held_is_told_and_a_masked_name_is_not() {
    let since: Instant = "2026-11-23T12:07:32Z".parse().unwrap();
    let options = Options {
        mask: true,
        ..Options::default()
    };
    for mask in [false, true] {
        let mut shared = shared();
        if mask {
            shared.options = options.clone();
        }
        shared.board = board_with(0, |incident| {
            if incident.id == "AZ-142" {
                incident.commander = Some("canary".to_owned());
                incident.seated_at.insert("commander".to_owned(), since);
            }
        });
        let board = shared.board.clone();
        let mut app = App::new(shared);
        update(&mut app, Message::Board(board));
        app.show(ScreenName::People);
        let seen = picture(&mut app, 120, 60);
        assert!(seen.contains("commander for 2h00m"), "{seen}");
        assert_eq!(seen.contains("canary"), !mask, "{seen}");
    }
}

#[test]
fn mine_is_what_i_sit_in_what_my_team_owns_and_where_it_is_paged() {
    let mut app = app();
    keys(&mut app, "m");
    let seen = picture(&mut app, 120, 40);
    assert!(seen.contains("MINE "), "{seen}");
    keys(&mut app, "m");
    assert!(!picture(&mut app, 120, 40).contains("MINE "));
}

#[test]
fn what_is_offered_to_the_viewer_stands_first_in_head_and_list_and_nowhere_on_a_wall() {
    use crate::domain::view::HandOverView;
    use crate::domain::word::Seat;
    let offer = || {
        board_with(0, |incident| {
            if incident.id == "AZ-139" {
                incident.hand_overs = vec![HandOverView {
                    role: Seat::Commander,
                    to: "d.okafor".to_owned(),
                    by: "t.mbeki".to_owned(),
                    at: crate::ui::fixture::now(),
                }];
            }
        })
    };
    let mut app = app();
    update(&mut app, Message::Board(offer()));
    for (w, h) in [(80, 24), (120, 34), (200, 50)] {
        let lanes = picture(&mut app, w, h);
        let flat: Vec<&str> = lanes.split_whitespace().collect();
        let words = "MISSING OFFERED TO YOU commander AZ-139";
        assert!(flat.join(" ").contains(words), "{lanes}");
    }
    keys(&mut app, "4");
    let people = picture(&mut app, 80, 24);
    assert!(people.contains("OFFERED TO YOU 1"), "{people}");
    assert!(people.contains("offered by t.mbeki"), "{people}");
    let options = Options {
        wall: true,
        ..Default::default()
    };
    let mut wall = crate::ui::fixture::app_with(crate::ui::fixture::shared_with(options, "night"));
    update(&mut wall, Message::Board(offer()));
    let wall = picture(&mut wall, 120, 34);
    assert!(!wall.contains("OFFERED"), "{wall}");
}

#[test]
fn a_narrow_window_keeps_age_arrival_and_codename() {
    let mut app = app();
    let eta: Instant = "2026-11-23T19:45:00Z".parse().unwrap();
    let board = board_with(0, |incident| {
        for page in &mut incident.pages {
            if page.acknowledged_at.is_some() {
                page.eta = Some(eta);
            }
        }
    });
    update(&mut app, Message::Board(board));
    keys(&mut app, "4");
    let seen = picture(&mut app, 40, 12);
    for words in [
        "legal-affairs 6m40s  COPPER HERON",
        "service lead  AZ-142 COPPER HERON",
        "19:45  PALE ORCHID",
    ] {
        assert!(seen.contains(words), "{words}\n{seen}");
    }
}

#[test]
fn a_seat_that_is_hidden_is_a_seat_and_no_vacancy() {
    let mut app = app();
    let board = board_with(0, |incident| {
        incident.commander = None;
        incident.masked.push("commander".to_owned());
    });
    update(&mut app, Message::Board(board));
    app.show(ScreenName::People);
    let seen = picture(&mut app, 120, 80);
    let row = |line: &&str| line.contains("▒▒") && line.contains("commander");
    assert!(
        seen.lines()
            .any(|line| row(&line) && line.contains("AZ-142")),
        "{seen}"
    );
    assert!(
        !seen.contains("commander                 VACANT                                AZ-142"),
        "{seen}"
    );
}

#[test]
fn who_is_connected_is_told_with_door_and_displays_and_dropped_first() {
    let mut app = app();
    let effects = keys(&mut app, "4");
    assert!(effects.contains(&Effect::Who { source: 0 }), "{effects:?}");
    let connected_at: Instant = "2026-11-23T12:07:32Z".parse().unwrap();
    let one = |person: &str, via: Via, door: &str| PresenceView {
        person: person.to_owned(),
        role: Role::Responder,
        team: None,
        via,
        door: door.to_owned(),
        connected_at,
        address: None,
        key: None,
    };
    let body = WhoBody {
        people: vec![
            one("m.ruiz", Via::Ssh, "ssh"),
            one("t.mbeki", Via::Ssh, "bastion"),
            one("war-room", Via::Display, "display"),
        ],
    };
    let body = Ok(Arc::new(body));
    update(&mut app, Message::Who { source: 0, body });
    let seen = picture(&mut app, 80, 24);
    for words in [
        "CONNECTED 3",
        "m.ruiz                   ssh for 2h00m",
        "t.mbeki                  ssh bastion for 2h00m",
        "war-room                 display for 2h00m",
    ] {
        assert!(seen.contains(words), "{words}\n{seen}");
    }
    assert!(seen.find("ANSWERED").unwrap() < seen.find("CONNECTED").unwrap());
    assert!(!picture(&mut app, 40, 12).contains("CONNECTED"));
    // Asked again while the screen is seen, and not at each tick.
    assert_eq!(tick(&mut app, 1_000), []);
    assert!(tick(&mut app, 30_000).contains(&Effect::Who { source: 0 }));
}
