//! How dialogs look, in the smallest window that matters and in a large one.

use super::*;
use crate::ui::fixture::{keys, picture, styled};

/// Draws the same dialog in both sizes, without the screen behind it: with its styles where it is as wide as the window.
fn look(name: &str, mut app: App) {
    let small = styled(&mut app, 80, 24);
    let large = picture(&mut app, 200, 50);
    insta::assert_snapshot!(format!("{name}-80x24"), dialog_of(&small));
    insta::assert_snapshot!(format!("{name}-200x50"), dialog_of(&large));
}

/// The rows and columns of the dialog, and the styles of these rows.
fn dialog_of(picture: &str) -> String {
    let (text, styles) = picture.split_once("-- styles\n").unwrap_or((picture, ""));
    let rows: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
    let corner = |sign| {
        let found = rows.iter().enumerate().find_map(|(y, row)| {
            let x = row.iter().position(|c| *c == sign)?;
            Some((y, x))
        });
        found.unwrap_or_else(|| panic!("no dialog in\n{picture}"))
    };
    let (top, left) = corner('┌');
    let (bottom, right) = corner('┘');
    let mut told = String::new();
    for row in &rows[top..=bottom] {
        let cells = row.iter().take(right + 1).skip(left);
        told.push_str(cells.collect::<String>().trim_end());
        told.push('\n');
    }
    for line in styles.lines() {
        let y = line.split('|').next().and_then(|y| y.parse::<usize>().ok());
        if y.is_some_and(|y| (top..=bottom).contains(&y)) {
            told.push_str(line);
            told.push('\n');
        }
    }
    told
}

fn after(source: usize, id: &str, typed: &str) -> App {
    let mut app = on(source, id);
    keys(&mut app, typed);
    app
}

#[test]
fn help_palette_and_filter() {
    look("help", after(AZURE, "AZ-142", "?"));
    look("palette", after(AZURE, "AZ-142", ": r e c o"));
    let mut app = after(AZURE, "AZ-142", "/ h e r o n");
    let row = picture(&mut app, 80, 24);
    assert_eq!(
        row.lines().last(),
        Some(" / heron                                2 of 12 open  Enter keep  Esc as before")
    );
}

#[test]
fn moving() {
    look("forward", after(M365, "M365-77", ">"));
    look("forward-hard", after(AZURE, "AZ-139", ">"));
    look("forward-override", {
        let mut app = after(AZURE, "AZ-139", ">");
        write(&mut app, "recorded elsewhere");
        keys(&mut app, "Enter");
        app
    });
    look("back", after(DYNAMICS, "DYN-31", "< Down"));
}

/// Threat intelligence is reached over two routes, of which only the first is cleared.
fn give_routes(app: &mut App) {
    use crate::domain::board::{Board, RouteView, Source};
    use crate::domain::word::Tlp;
    let route = |kind: &str, clearance| RouteView {
        kind: kind.to_owned(),
        clearance,
        in_band: true,
        connector: None,
    };
    let mut board = Board::clone(&app.shared.board);
    let mut source = Source::clone(&board.sources[AZURE]);
    let mut teams = Vec::clone(&source.teams);
    for team in teams.iter_mut().filter(|t| t.id == "threat-intelligence") {
        team.routes = vec![route("webhook", Tlp::Amber), route("smtp", Tlp::Green)];
    }
    source.teams = Arc::new(teams);
    board.sources[AZURE] = Arc::new(source);
    update(app, Message::Board(Arc::new(board)));
}

#[test]
fn paging() {
    look("page", after(AZURE, "AZ-142", "p Space Down Down"));
    look("page-review", {
        let mut app = on(AZURE, "AZ-142");
        give_routes(&mut app);
        keys(&mut app, "p");
        write(&mut app, "threat");
        keys(&mut app, "Space Enter");
        write(&mut app, "Match the indicators, please.");
        keys(&mut app, "Enter Enter");
        app
    });
    look(
        "acknowledge",
        after(AZURE, "AZ-142", "a Enter Enter + 2 0 m"),
    );
    look("stand-down", after(AZURE, "AZ-142", "x Enter Down Enter"));
}

#[test]
fn recording() {
    look("write", {
        let mut app = after(AZURE, "AZ-142", "w");
        write(
            &mut app,
            "The signing key was revoked in all regions; caches hold it for up to an hour more, so tokens made with it are still taken until then.",
        );
        app
    });
    look("time", {
        let mut app = after(AZURE, "AZ-142", "t Down Enter");
        write(&mut app, "2026-11-20 17:00");
        app
    });
    look("open", {
        let mut app = after(AZURE, "AZ-142", "+");
        write(&mut app, "Odd tokens");
        keys(&mut app, "Enter Down");
        app
    });
    look("declare", {
        let mut app = on(AZURE, "AZ-140");
        let asked = keys(&mut app, "D");
        foresight::answer(&mut app, &asked, Ok(foresight::declared()));
        app
    });
    look("declare-reading", after(AZURE, "AZ-140", "D"));
    look("declare-failed", {
        let mut app = on(AZURE, "AZ-140");
        let asked = keys(&mut app, "D");
        foresight::answer(&mut app, &asked, Err("The connection broke."));
        app
    });
    look("declare-review", {
        let mut app = on(AZURE, "AZ-140");
        let asked = keys(&mut app, "D");
        foresight::answer(&mut app, &asked, Ok(foresight::declared()));
        let asked = keys(&mut app, "Enter Down Enter");
        foresight::answer(&mut app, &asked, Ok(foresight::declared()));
        app
    });
    look("conflict", {
        let mut app = after(AZURE, "AZ-139", "< Down");
        board(&mut app, AZURE, |incident| {
            incident.version = 14;
            incident.persons_version = 14;
            incident.severity = Some(crate::domain::word::Severity::Sev1);
        });
        app
    });
}

#[test]
fn a_dialog_works_from_60_by_16_and_never_loses_its_bottom_line() {
    for (w, h) in [(60, 16), (80, 24), (300, 100)] {
        for (source, id, typed, bottom) in [
            (AZURE, "AZ-142", ">", "Enter move to containment"),
            (AZURE, "AZ-142", "p", "Enter on to the next field"),
            (
                AZURE,
                "AZ-140",
                "D Enter Enter",
                "type 140, then Enter: dec",
            ),
            (AZURE, "AZ-142", "?", "Esc back to the board"),
            (AZURE, "AZ-142", "+", "Enter on to the next field"),
        ] {
            let mut app = after(source, id, typed);
            let text = picture(&mut app, w, h);
            let least = &bottom[..bottom.len().min(24)];
            assert!(text.contains(least), "{w}x{h} {typed}\n{text}");
        }
    }
}

#[test]
fn a_last_look_longer_than_the_window_opens_at_its_beginning() {
    for (w, h) in [(80, 24), (60, 16)] {
        let mut app = after(
            AZURE,
            "AZ-142",
            "p Space Down Space Down Down Space Down Space Down Space",
        );
        update(&mut app, Message::Input(Input::Resize { w, h }));
        keys(&mut app, "Enter Enter Enter");
        let first = picture(&mut app, w, h);
        for words in [
            "urgency",
            "Azure security response",
            "y page 5 teams",
            "PageDown more",
        ] {
            let found = first.to_lowercase().contains(&words.to_lowercase());
            assert!(found, "{w}x{h}: {words}\n{first}");
        }
        keys(
            &mut app,
            "PageDown PageDown PageDown PageDown PageDown PageDown",
        );
        let last = picture(&mut app, w, h);
        assert!(last.contains("PageUp back up"), "{last}");
        assert!(!last.contains("PageDown"), "{last}");
        let end = "team answers.";
        assert!(
            last.contains("Digital Security") && last.contains(end),
            "{last}"
        );
    }
}

#[test]
fn a_last_look_with_a_number_opens_at_its_beginning_and_follows_the_number_once_typed() {
    let mut app = on(AZURE, "AZ-140");
    update(&mut app, Message::Input(Input::Resize { w: 60, h: 16 }));
    let asked = keys(&mut app, "D");
    foresight::answer(&mut app, &asked, Ok(foresight::declared()));
    let asked = keys(&mut app, "Enter Down Enter");
    foresight::answer(&mut app, &asked, Ok(foresight::declared()));
    let first = picture(&mut app, 60, 16);
    assert!(first.contains("not declared"), "{first}");
    assert!(first.contains("type 140, then Enter"), "{first}");
    keys(&mut app, "1");
    let typed = picture(&mut app, 60, 16);
    assert!(typed.contains("type 140        1"), "{typed}");
}

#[test]
fn the_foot_of_a_dialog_says_how_to_tick_how_to_choose_and_how_to_leave() {
    for (w, h) in [(60, 16), (80, 24), (200, 50)] {
        let mut app = after(AZURE, "AZ-142", "p");
        let teams = picture(&mut app, w, h);
        assert!(teams.contains("Space tick"), "{teams}");
        keys(&mut app, "Space Enter Enter");
        let urgency = picture(&mut app, w, h);
        assert!(urgency.contains("nothing is sent yet"), "{urgency}");
        for seen in [&teams, &urgency] {
            assert!(seen.contains("Esc leave"), "{w}x{h}\n{seen}");
        }
        if w > 60 {
            assert!(urgency.contains("Up Down choose"), "{urgency}");
        }
    }
}

#[test]
fn no_two_choices_look_the_same_and_the_one_under_the_cursor_stands_whole() {
    let mut app = after(AZURE, "AZ-142", "r");
    let wide = picture(&mut app, 80, 24);
    for name in [
        "decides customers, MS DPA  ",
        "decides customers, MS 72 h  ",
    ] {
        assert!(wide.contains(name), "{name}\n{wide}");
    }
    keys(&mut app, "End");
    let narrow = picture(&mut app, 60, 16);
    assert!(narrow.contains("decides customers, MS 72 h"), "{narrow}");
    assert!(narrow.contains("j.lindqvist"), "{narrow}");
}

#[test]
fn after_any_run_of_ticks_a_dialog_is_what_a_draw_would_show() {
    use crate::ui::{draw, tick};
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    for typed in [">", "p", "x", "t", "D", "+", ":", "?", "/"] {
        let mut app = after(AZURE, "AZ-142", typed);
        let area = Rect::new(0, 0, 80, 24);
        let mut front = Buffer::empty(area);
        let live = draw(&app, &mut front);
        for _ in 0..20 {
            crate::ui::fixture::tick(&mut app, 700);
            let told = tick(&live, app.shared.now);
            if told.redraw {
                break;
            }
            for patch in told.patches {
                front.set_string(patch.x, patch.y, &patch.text, patch.style);
            }
            let mut fresh = Buffer::empty(area);
            draw(&app, &mut fresh);
            assert_eq!(front, fresh, "{typed}");
        }
    }
}
