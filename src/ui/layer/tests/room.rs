//! What stands where there is little room: long sentences of toasts and sources, dialogs in windows that are too small for
//! them, and the keys of the foot.

use super::*;
use crate::domain::board::{Board, Source};
use crate::ui::fixture::{keys, picture};

fn resize(app: &mut App, w: u16, h: u16) {
    update(app, Message::Input(Input::Resize { w, h }));
}

fn last_row(app: &mut App, w: u16, h: u16) -> String {
    let seen = picture(app, w, h);
    seen.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn a_long_toast_is_read_to_its_end() {
    let mut app = on(AZURE, "AZ-142");
    let told = "AZ-2 is closed from post-incident activity and dismissed from detection; move it there first.";
    app.shared.warn("Something older.");
    app.shared.warn(told);
    for (w, h) in [(40, 12), (60, 16), (80, 24), (120, 34)] {
        let seen = picture(&mut app, w, h);
        let flat: Vec<&str> = seen.split_whitespace().collect();
        assert!(flat.join(" ").contains(told), "{w}x{h}\n{seen}");
        assert!(seen.contains("Something older."), "{w}x{h}\n{seen}");
    }
    app.shared.warn("word ".repeat(100));
    let seen = picture(&mut app, 40, 12);
    assert!(
        seen.contains('…'),
        "what no window holds is cut with a mark\n{seen}"
    );
}

#[test]
fn what_is_to_be_done_about_a_source_is_not_what_is_cut() {
    let mut app = on(AZURE, "AZ-142");
    let mut board = Board::clone(&app.shared.board);
    let mut source = Source::clone(&board.sources[AZURE]);
    source.heard = None;
    let error = "127.0.0.1:18999 refuses connections: is it running, and is the port right?";
    source.error = Some(error.into());
    board.sources[AZURE] = Arc::new(source);
    update(&mut app, Message::Board(Arc::new(board)));
    let narrow = picture(&mut app, 80, 24);
    assert!(
        narrow.contains("azure: is it running, and is the port right?"),
        "{narrow}"
    );
    let wide = picture(&mut app, 120, 34);
    assert!(wide.contains(&format!("azure: {error}")), "{wide}");
}

#[test]
fn a_dialog_without_room_leaves_head_and_list_and_says_the_way_back() {
    for opening in [">", "p", "+", "?", ":"] {
        let mut app = on(AZURE, "AZ-142");
        resize(&mut app, 40, 12);
        let board = picture(&mut app, 40, 12);
        let foot = last_row(&mut app, 40, 12);
        assert_eq!(
            foot.split_whitespace().collect::<Vec<_>>(),
            ["AZ-142", "1-4", "/"]
        );
        keys(&mut app, opening);
        assert_eq!(app.layers(), 1, "{opening}");
        let seen = picture(&mut app, 40, 12);
        let rows = |text: &str| {
            text.lines()
                .skip(1)
                .take(10)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(rows(&seen), rows(&board), "{opening}");
        assert!(seen.contains("STALE"), "{seen}");
        assert!(
            last_row(&mut app, 40, 12).contains("this dialog needs 60x16 · Esc back"),
            "{seen}"
        );
        assert_eq!(
            keys(&mut app, "Enter y Enter"),
            [],
            "what is not seen sends nothing"
        );
        assert_eq!(paste(&mut app, "text"), []);
        resize(&mut app, 60, 16);
        assert!(
            !picture(&mut app, 60, 16).contains("needs 60x16"),
            "{opening}"
        );
        resize(&mut app, 40, 12);
        keys(&mut app, "Esc");
        assert_eq!(app.layers(), 0, "{opening}");
    }
}

#[test]
fn the_filter_fits_forty_columns() {
    let mut app = on(AZURE, "AZ-142");
    resize(&mut app, 40, 12);
    keys(&mut app, "/");
    write(&mut app, "heron and a long text");
    let row = last_row(&mut app, 40, 12);
    assert!(
        row.contains("long text") && row.contains("Enter  Esc"),
        "{row}"
    );
    keys(&mut app, "Ctrl-U");
    write(&mut app, "heron");
    let row = last_row(&mut app, 40, 12);
    assert!(row.contains("/ heron") && row.contains("2 of 12"), "{row}");
    keys(&mut app, "Enter");
    assert_eq!(app.shared.filter.text(), "heron");
}

#[test]
fn the_foot_offers_nothing_that_can_only_refuse() {
    let mut app = on(AZURE, "AZ-142");
    let foot = last_row(&mut app, 120, 34);
    assert!(
        foot.contains("> forward") && !foot.contains("loop back"),
        "{foot}"
    );
    assert!(!foot.contains("declare"), "it is declared\n{foot}");
    keys(&mut app, "<");
    assert_eq!(app.layers(), 0);
    let told = seen(&mut app);
    assert!(told.contains("it loops back from containment"), "{told}");
    select(&mut app, AZURE, "AZ-139");
    let foot = last_row(&mut app, 120, 34);
    assert!(foot.contains("< loop back"), "{foot}");
    select(&mut app, AZURE, "AZ-140");
    let foot = last_row(&mut app, 120, 34);
    assert!(foot.contains("D declare"), "{foot}");
}

#[test]
fn nothing_is_offered_to_look_at_where_nothing_is_listed() {
    for screen in ["3", "4"] {
        let mut app = on(AZURE, "AZ-142");
        keys(&mut app, screen);
        assert!(
            last_row(&mut app, 120, 34).contains("Enter look"),
            "{screen}"
        );
        keys(&mut app, "/");
        write(&mut app, "no such thing");
        keys(&mut app, "Enter");
        let foot = last_row(&mut app, 120, 34);
        assert!(!foot.contains("Enter look"), "{screen}: {foot}");
    }
}

#[test]
fn under_a_dialog_the_foot_of_the_board_is_silent() {
    let mut app = on(AZURE, "AZ-142");
    assert!(last_row(&mut app, 80, 24).contains("> forward"));
    keys(&mut app, "p");
    assert_eq!(last_row(&mut app, 80, 24).trim(), "");
    keys(&mut app, "Esc");
    assert!(last_row(&mut app, 80, 24).contains("> forward"));
}
