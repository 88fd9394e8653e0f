//! Breaking the glass over the door: an admin has nothing but the board there.

use serde_json::Value;

use super::Door;

#[test]
fn an_admin_breaks_the_glass_from_the_board_and_sees_what_is_behind_it() {
    let door = Door::open(&["person=root,role=admin"]);
    let plain = door.incident("Odd consent grants");
    let hidden = door.desk(&[
        "open",
        "Insider behind the grants",
        "--service",
        "azure",
        "--restrict",
        "l.costa",
    ]);
    let hidden = hidden.trim();
    let mut board = door.board("root", (120, 40), &[]);
    board.sees(&plain);
    // Their name stands in the foot once the board knows who they are.
    board.sees("root");
    assert!(!board.picture().contains(hidden));
    board.keys(":");
    board.sees("choose an action");
    board.keys("break glass");
    board.sees("break the glass of a restricted incident");
    board.presses("\r", "cannot wait for them");
    board.keys(hidden);
    board.sees(hidden);
    board.keys("\tnobody answers");
    board.sees("nobody answers");
    board.presses("\r", "Recorded for good");
    let number = hidden.rsplit('-').next().unwrap();
    board.keys(number);
    // The line that tells what Enter does asks for the number no longer.
    board.until("the number", |picture| {
        !picture.contains("then Enter: break") && picture.contains("Recorded for good")
    });
    board.presses("\r", "GLASS ");
    board.presses("\r", "Insider behind the grants");
    let told = door.desk(&["timeline", hidden, "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    let mut entries = told["entries"].as_array().unwrap().iter();
    let broken = entries.find(|entry| entry["kind"] == "glass_broken");
    let broken = broken.unwrap();
    assert_eq!(broken["by"], "root");
    assert_eq!(broken["via"], "ssh");
    assert_eq!(broken["body"]["reason"], "nobody answers");
}
