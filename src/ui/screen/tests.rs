//! Proofs for all screens: that a tick never leaves an old text standing, that nothing breaks in any window, and what
//! they look like.

use std::sync::Arc;

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation;

use super::ScreenName;
use crate::domain::board::{About, Board, ConnectorView, Freshness, Source};
use crate::domain::word::{Answer, Comms, PageState};
use crate::ui::app::App;
use crate::ui::fixture::{app, app_with, at, board_with, keys, picture, shared_with, styled, tick};
use crate::ui::glyph::Glyphs;
use crate::ui::input::Input;
use crate::ui::live::LiveCells;
use crate::ui::message::Message;
use crate::ui::shared::{Options, Target};
use crate::ui::{draw, next_tick_at, update};

mod room;

const SCREENS: [ScreenName; 6] = [
    ScreenName::Lanes,
    ScreenName::Teams,
    ScreenName::Clocks,
    ScreenName::People,
    ScreenName::Incident,
    ScreenName::Wall,
];

fn options(screen: ScreenName) -> Options {
    Options {
        wall: screen == ScreenName::Wall,
        ..Options::default()
    }
}

fn showing(screen: ScreenName, theme: &str) -> App {
    let mut app = app_with(shared_with(options(screen), theme));
    app.show(screen);
    if screen == ScreenName::Wall {
        // As every board comes to a wall: without what it must not show.
        let board = app.shared.board.clone();
        update(&mut app, Message::Board(board));
    }
    app
}

fn sized(app: &mut App, w: u16, h: u16) {
    update(app, Message::Input(Input::Resize { w, h }));
}

fn drawn(app: &App) -> (Buffer, Vec<LiveCells>) {
    let (w, h) = app.shared.size;
    let mut buffer = Buffer::empty(Rect::new(0, 0, w, h));
    let live = draw(app, &mut buffer);
    (buffer, live)
}

fn rows(buffer: &Buffer) -> Vec<String> {
    let row = |y| (0..buffer.area.width).map(move |x| buffer[(x, y)].symbol());
    (0..buffer.area.height)
        .map(|y| row(y).collect::<String>())
        .collect()
}

/// Lets time go by in steps; gives how often a draw was asked for.
fn goes_by(app: &mut App, steps: impl Iterator<Item = i64>) -> usize {
    let (mut front, mut live) = drawn(app);
    let mut redraws = 0;
    for ms in steps {
        tick(app, ms);
        let told = crate::ui::tick(&live, app.shared.now);
        if told.redraw {
            redraws += 1;
            (front, live) = drawn(app);
            continue;
        }
        for patch in told.patches {
            for (x, letter) in (patch.x..).zip(patch.text.graphemes(true)) {
                front[(x, patch.y)]
                    .set_symbol(letter)
                    .set_style(patch.style);
            }
        }
        let (fresh, _) = drawn(app);
        assert_eq!(rows(&front), rows(&fresh), "at {:?}", app.shared.wall);
        assert_eq!(front, fresh, "styles at {:?}", app.shared.wall);
    }
    redraws
}

#[test]
fn a_tick_leaves_no_old_text_standing_and_seldom_asks_for_a_draw() {
    for screen in SCREENS {
        for (w, h) in [(200, 50), (120, 34), (80, 24), (60, 17), (40, 12)] {
            let mut app = showing(screen, "night");
            sized(&mut app, w, h);
            let redraws = goes_by(&mut app, std::iter::repeat_n(1_000, 180));
            assert!(
                redraws <= 45,
                "{screen:?} {w}x{h}: {redraws} draws in 180 s"
            );
        }
    }
}

/// Three fields filled the column, and `T-00:09:08customers` was read.
#[test]
fn a_countdown_of_three_fields_keeps_off_what_it_is_for() {
    let mut app = showing(ScreenName::Lanes, "night");
    tick(&mut app, 9_140_000);
    let seen = picture(&mut app, 80, 24);
    assert!(seen.contains("T-00:09:08 customers"), "{seen}");
}

/// A form that had no room was not drawn when the time in it grew shorter and it fitted.
#[test]
fn a_latest_start_gets_its_wide_form_as_soon_as_it_fits() {
    for width in 100..106 {
        let mut app = showing(SCREENS[0], "night");
        sized(&mut app, width, 34);
        goes_by(&mut app, std::iter::repeat_n(4_000, 40));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_time_goes_by_the_picture_is_that_of_a_fresh_draw(
        screen in 0..SCREENS.len(),
        w in 40..160_u16,
        h in 12..50_u16,
        // Around the latest start, the deadline and the end of the day of the board's duties.
        begin in prop::sample::select(vec![0_i64, 680_000, 9_080_000, 9_688_000, 35_540_000]),
        steps in prop::collection::vec(1..20_000_i64, 1..40),
    ) {
        let mut app = showing(SCREENS[screen], "night");
        sized(&mut app, w, h);
        tick(&mut app, begin);
        goes_by(&mut app, steps.into_iter());
    }

    #[test]
    fn no_window_is_too_small_or_odd(screen in 0..SCREENS.len(), w in 1..130_u16, h in 1..40_u16, ascii in any::<bool>()) {
        let mut app = showing(SCREENS[screen], "mono");
        app.shared.glyphs = Glyphs { ascii };
        let picture = picture(&mut app, w, h);
        prop_assert!(!ascii || picture.is_ascii() , "{}", picture);
        keys(&mut app, "j G gg l h Ctrl-D Ctrl-U ] [ z");
        let time = picture.contains("14:07:3");
        let told = time || SCREENS[screen] == ScreenName::Incident;
        prop_assert!(told || w < 40 || h < 12, "{}", picture);
    }
}

#[test]
fn a_tick_comes_each_second_and_no_sooner() {
    for screen in [ScreenName::Lanes, ScreenName::Clocks, ScreenName::Wall] {
        let mut app = showing(screen, "night");
        sized(&mut app, 80, 24);
        let (_, live) = drawn(&app);
        let next = next_tick_at(&live, app.shared.now).unwrap();
        assert_eq!(next - app.shared.now, 1_000, "{screen:?}");
    }
}

fn snapshot(screen: ScreenName, name: &str, sizes: &[(u16, u16)]) {
    let mut app = showing(screen, "night");
    for (w, h) in sizes {
        let picture = styled(&mut app, *w, *h);
        insta::assert_snapshot!(format!("{name}_{w}x{h}"), picture);
    }
}

const SIZES: [(u16, u16); 4] = [(200, 50), (120, 34), (80, 24), (40, 12)];

#[test]
fn lanes_look() {
    snapshot(ScreenName::Lanes, "lanes", &SIZES);
}

#[test]
fn people_look() {
    snapshot(ScreenName::People, "people", &SIZES);
}

#[test]
fn teams_look() {
    snapshot(ScreenName::Teams, "teams", &SIZES);
}

#[test]
fn clocks_look() {
    let mut app = showing(ScreenName::Clocks, "night");
    for (w, h) in SIZES {
        sized(&mut app, w, h);
        keys(&mut app, "gg jjj");
        // The keys took their time.
        let ms = crate::ui::fixture::MONO - app.shared.now;
        tick(&mut app, ms);
        insta::assert_snapshot!(format!("clocks_{w}x{h}"), styled(&mut app, w, h));
    }
}

#[test]
fn the_wall_looks() {
    let sizes = [(200, 50), (120, 34), (80, 24), (60, 17), (40, 12)];
    snapshot(ScreenName::Wall, "wall", &sizes);
}

#[test]
fn clocks_look_in_every_theme() {
    for (theme, _) in crate::ui::theme::SHIPPED {
        let mut app = showing(ScreenName::Clocks, theme);
        insta::assert_snapshot!(format!("clocks_80x24_{theme}"), styled(&mut app, 80, 24));
    }
}

#[test]
fn no_state_is_told_by_colour_alone() {
    for screen in SCREENS {
        let mut mono = showing(screen, "mono");
        let mut night = showing(screen, "night");
        for (w, h) in SIZES {
            assert_eq!(picture(&mut mono, w, h), picture(&mut night, w, h));
        }
    }
    let mut app = app();
    let picture = picture(&mut app, 80, 24);
    for word in [
        "STALE",
        "NOBODY",
        "NO COMMANDER",
        "START PASSED",
        "VACANT",
        "EX ",
        "~",
    ] {
        assert!(picture.contains(word), "{word}\n{picture}");
    }
}

fn az_142() -> Target {
    Target {
        source: 0,
        id: "AZ-142".to_owned(),
    }
}

/// AZ-142 with somebody of legal-affairs on the way, who said to be there at `eta`.
fn expecting(eta: &str) -> Arc<Board> {
    board_with(0, |incident| {
        if incident.id == "AZ-142" {
            incident.pages.truncate(1);
            let page = incident.pages.first_mut().unwrap();
            page.state = PageState::Acknowledged;
            page.acknowledged_by = Some("h.brandt".to_owned());
            page.answer = Some(Answer::Coming);
            page.eta = Some(at(eta));
        }
    })
}

#[test]
fn an_eta_that_passed_is_told_everywhere_and_not_before_it_has() {
    let told = "ETA passed 12m";
    for screen in [
        ScreenName::Lanes,
        ScreenName::Teams,
        ScreenName::Incident,
        ScreenName::Wall,
    ] {
        let mut app = showing(screen, "night");
        update(&mut app, Message::Board(expecting("2026-11-23T14:20:00Z")));
        if screen == ScreenName::Incident {
            app.show_incident(az_142());
        }
        // The fixture's clock shows 14:07:32.
        assert!(!picture(&mut app, 200, 50).contains("ETA passed"));
        tick(&mut app, 748_000);
        let at_it = picture(&mut app, 200, 50);
        assert!(!at_it.contains("ETA passed"), "{screen:?} {at_it}");
        tick(&mut app, 720_000);
        let late = picture(&mut app, 200, 50);
        assert!(late.contains(told), "{screen:?} {late}");
    }
    let mut app = app();
    update(&mut app, Message::Board(expecting("2026-11-23T13:55:30Z")));
    app.show_incident(az_142());
    keys(&mut app, "p");
    let dialog = picture(&mut app, 200, 50);
    assert!(
        dialog.contains("coming") && dialog.contains(told),
        "{dialog}"
    );
}

#[test]
fn suspect_channels_are_told_on_the_wall_and_in_the_head_of_the_lanes() {
    for (screen, w, h) in [
        (ScreenName::Lanes, 80, 24),
        (ScreenName::Wall, 60, 17),
        (ScreenName::Wall, 120, 34),
    ] {
        let mut app = showing(screen, "mono");
        assert!(!picture(&mut app, w, h).contains("COMMS SUSPECT"));
        let suspect = board_with(0, |incident| {
            if incident.id == "AZ-142" {
                incident.comms = Comms::Suspect;
            }
        });
        update(&mut app, Message::Board(suspect));
        let told = picture(&mut app, w, h);
        let name = match screen {
            ScreenName::Wall => "COPPER HERON",
            _ => "AZ-142",
        };
        let words = format!("COMMS SUSPECT {name}");
        assert!(told.contains(&words), "{told}");
    }
}

#[test]
fn a_live_backend_that_cannot_read_its_case_system_says_from_when_its_incidents_are() {
    let mut shared = crate::ui::fixture::shared();
    let mut board = Board::clone(&shared.board);
    board
        .sources
        .retain(|source| source.freshness(shared.now) == Freshness::Live);
    let mut of = Source::clone(&board.sources[0]);
    let mut about = About::clone(of.about.as_ref().unwrap());
    about.connectors = vec![ConnectorView {
        name: "cases".to_owned(),
        kind: "iris".to_owned(),
        asked_at: Some(at("2026-11-23T14:03:00Z")),
        answered_at: Some(at("2026-11-23T14:02:00Z")),
        changed_at: None,
        open: 3,
        trouble: Some("it answered 500\u{1b}[31m".to_owned()),
        whole_at: None,
        token_expires_at: None,
        takes: Default::default(),
    }];
    of.about = Some(Arc::new(about));
    board.sources[0] = Arc::new(of);
    shared.board = Arc::new(board);
    let mut app = app_with(shared);
    let seen = picture(&mut app, 120, 34);
    assert!(
        seen.contains("incidents of cases as of Mon 14:02 UTC: it answered 500"),
        "{seen}"
    );
    assert!(!seen.contains('\u{1b}'));
}

#[test]
fn a_token_is_said_to_expire_a_week_ahead_on_boards_and_walls() {
    use crate::domain::board::{Board, Source};
    use std::sync::Arc;
    let now = crate::ui::fixture::now();
    for (left, told) in [
        (chrono::TimeDelta::days(8), None),
        (
            chrono::TimeDelta::hours(80),
            Some("token for azure expires in 3 d"),
        ),
        (
            chrono::TimeDelta::minutes(90),
            Some("token for azure expires in 1 h"),
        ),
        (
            chrono::TimeDelta::minutes(-1),
            Some("TOKEN ENDED for azure"),
        ),
    ] {
        for screen in [ScreenName::Lanes, ScreenName::Clocks, ScreenName::Wall] {
            let mut app = showing(screen, "night");
            let board = app.shared.board.clone();
            let sources = board.sources.iter().map(|source| {
                let mut source = Source::clone(source);
                let mut about = source.about.as_deref().cloned().unwrap();
                about.token_expires_at = Some(now + left);
                source.heard = Some(app.shared.now);
                source.about = Some(Arc::new(about));
                Arc::new(source)
            });
            let board = Board {
                sources: sources.collect(),
                generation: board.generation + 1,
            };
            update(&mut app, Message::Board(Arc::new(board)));
            let narrow = (screen == ScreenName::Wall).then_some((40, 12));
            for (w, h) in [(120, 34), (80, 24), (60, 17)].into_iter().chain(narrow) {
                let seen = picture(&mut app, w, h);
                match told {
                    Some(words) => assert!(seen.contains(words), "{screen:?} {words}\n{seen}"),
                    None => assert!(!seen.contains("expires in"), "{screen:?}\n{seen}"),
                }
            }
        }
    }
}

#[test]
fn a_change_without_a_name_has_no_hanging_comma() {
    let mut app = app();
    let board = board_with(0, |incident| {
        if let Some(change) = &mut incident.change {
            change.at = at("2026-11-23T14:07:00Z");
            change.by = String::new();
            change.text = None;
        }
    });
    update(&mut app, Message::Board(board));
    let picture = picture(&mut app, 120, 34);
    assert!(picture.contains(" changed"), "{picture}");
    assert!(!picture.contains("changed,"), "{picture}");
}

#[test]
fn a_source_that_answered_and_said_not_who_one_is_is_told_so() {
    use crate::domain::allowed::CommandKind;
    let target = Target {
        source: 0,
        id: "AZ-142".to_owned(),
    };
    let without = |heard: bool| {
        let mut board = Board::clone(&board_with(0, |_| {}));
        let mut source = Source::clone(&board.sources[0]);
        source.about = None;
        if !heard {
            source.heard = None;
        }
        board.sources[0] = Arc::new(source);
        let mut app = app();
        update(&mut app, Message::Board(Arc::new(board)));
        app.shared.may(CommandKind::Note, &target).unwrap_err()
    };
    assert_eq!(
        without(true),
        "azure has not said yet who you are; nothing can be sent to it before it does."
    );
    assert!(without(false).contains("has not answered yet"));
}

#[test]
fn a_filter_beside_them_never_cuts_the_word_that_sources_are_live() {
    use crate::domain::board::{Board, Source};
    use std::sync::Arc;
    let mut app = showing(ScreenName::Lanes, "night");
    let board = app.shared.board.clone();
    let sources = board.sources.iter().map(|source| {
        Arc::new(Source {
            heard: Some(app.shared.now),
            refused_since: None,
            distrusted: false,
            ..Source::clone(source)
        })
    });
    let board = Board {
        sources: sources.collect(),
        generation: board.generation + 1,
    };
    update(&mut app, Message::Board(Arc::new(board)));
    picture(&mut app, 80, 24);
    keys(&mut app, "/ q q Enter");
    for w in 72..=120 {
        let seen = picture(&mut app, w, 24);
        let head = seen.lines().next().unwrap();
        assert!(head.contains(" live"), "{w}: {head}");
    }
}
