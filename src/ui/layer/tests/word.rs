//! The words at decisions: what they say is what is so.

use super::*;
use crate::domain::board::{Board, RouteView, Source};
use crate::domain::word::Tlp;
use crate::ui::fixture::keys;

/// The legal team with so many routes, and never told when to engage.
fn legal_with(routes: usize) -> App {
    let mut app = on(AZURE, "AZ-140");
    let mut board = Board::clone(&app.shared.board);
    let mut source = Source::clone(&board.sources[AZURE]);
    let mut teams = Vec::clone(&source.teams);
    for team in teams.iter_mut().filter(|team| team.id == "legal-affairs") {
        team.engage_when.clear();
        let route = RouteView {
            kind: "webhook".to_owned(),
            clearance: Tlp::Red,
            in_band: true,
            connector: None,
        };
        team.routes = vec![route; routes];
    }
    source.teams = Arc::new(teams);
    board.sources[AZURE] = Arc::new(source);
    update(&mut app, Message::Board(Arc::new(board)));
    keys(&mut app, "p");
    write(&mut app, "legal");
    app
}

#[test]
fn a_team_with_one_route_has_no_next_one() {
    for (routes, words) in [(1, "after 10m then"), (2, "after 10m the next route, then")] {
        let mut app = legal_with(routes);
        keys(&mut app, "Space Enter Enter Enter");
        let told = seen(&mut app);
        assert!(told.contains(words), "{words}\n{told}");
    }
}

#[test]
fn what_is_not_said_of_a_team_is_no_reason_to_engage_it() {
    let told = seen(&mut legal_with(0));
    assert!(
        told.contains("when to engage it is not said; no route: nobody is woken"),
        "{told}"
    );
    assert!(!told.contains("answers within"), "nobody is asked\n{told}");
}

#[test]
fn a_hold_offers_the_grounds_that_the_text_of_the_duty_knows() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "H");
    let told = seen(&mut app);
    assert!(
        told.contains("written") && !told.contains("law enforcement"),
        "{told}"
    );
}

#[test]
fn a_line_is_read_by_everybody_unless_it_is_privileged() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "w");
    let told = seen(&mut app);
    assert!(
        told.contains("read by         everybody who sees the incident"),
        "{told}"
    );
}
