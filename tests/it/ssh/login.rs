//! What a person does over the door: comes in, looks, moves, answers a page, leaves; with their own name and rights.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Door, text, until};

const COMMANDER: &str = "person=d.okafor,role=commander,team=legal-affairs";

fn json(printed: &str) -> Value {
    serde_json::from_str(printed).unwrap()
}

#[test]
fn a_person_comes_in_answers_a_page_in_their_own_name_and_leaves_the_terminal_as_it_was() {
    let door = Door::open(&[COMMANDER]);
    let id = door.incident("Signing key used from an unknown network");
    let other = door.incident("Odd consent grants");
    door.desk(&["page", &id, "legal-affairs"]);
    let mut board = door.board("d.okafor", (80, 24), &[]);
    board.sees(&id);
    board.sees(&other);
    // What the person may do stands in the foot once the board knows who they are.
    board.sees("> forward");
    assert!(board.screen().alternate_screen() && board.screen().hide_cursor());
    board.keys("G\r");
    board.sees("Odd consent grants");
    board.keys("1gg");
    board.resize(132, 40);
    board.sees("CONTAINMENT & RECOVERY");
    board.resize(80, 24);
    board.keys("a");
    board.sees("coming");
    // Enter confirms on the last field. One that comes too soon after another is not taken, and holds off the next: as a
    // person would, look for a while before it is pressed again.
    board.keys("\t\t");
    let mut pressed: Option<Instant> = None;
    let shown = until("the answer on record", || {
        if pressed.is_none_or(|at| at.elapsed() > Duration::from_secs(1)) {
            board.keys("\r");
            pressed = Some(Instant::now());
        }
        let shown = json(&door.desk(&["show", &id, "--json"]));
        (shown["pages"][0]["state"] == "acknowledged").then_some(shown)
    });
    assert_eq!(shown["pages"][0]["answer"], "coming");
    let timeline = json(&door.desk(&["timeline", &id, "--json"]));
    let answered = timeline["entries"].as_array().unwrap().iter();
    let answered = answered
        .rev()
        .find(|entry| entry["by"] == "d.okafor")
        .unwrap();
    assert_eq!(answered["via"], "ssh", "{answered}");
    board.keys("1q");
    assert_eq!(board.ends().exit_code(), 0);
    assert!(!board.screen().alternate_screen() && !board.screen().hide_cursor());
    assert!(!board.screen().bracketed_paste() && board.is_cooked());
}

#[test]
fn rights_are_the_persons_and_not_the_doors() {
    let door = Door::open(&[
        "person=l.ook,role=viewer",
        "person=dyn,role=commander,services=dynamics-365",
    ]);
    let id = door.incident("Title that is amber");
    let seen = door.ssh("l.ook", &["show", &id]);
    assert!(text(&seen.stdout).contains("(hidden)"), "{seen:?}");
    assert!(!text(&seen.stdout).contains("Title that"), "{seen:?}");
    let mut viewer = door.board("l.ook", (120, 40), &[]);
    viewer.sees(&id);
    // Before the board knows who looks, it can say only that: their name stands in the foot once it does.
    viewer.sees("l.ook");
    viewer.keys(">");
    viewer.sees("needs the role");
    let seen = door.ssh("dyn", &["list", "--json"]);
    assert_eq!(
        json(&text(&seen.stdout))["incidents"],
        json("[]"),
        "{seen:?}"
    );
    let seen = door.ssh("dyn", &["show", &id]);
    assert_eq!(seen.status.code(), Some(1), "{seen:?}");
}

#[test]
fn reading_commands_print_what_they_print_at_home() {
    let door = Door::open(&[COMMANDER]);
    let id = door.incident("One of several");
    door.incident("Another");
    for words in [
        &["list"][..],
        &["list", "-q", "several"],
        &["show", &id, "--json"],
        &["timeline", &id],
        &["teams"],
        &["teams", "--json"],
    ] {
        let there = door.ssh("d.okafor", words);
        assert_eq!(there.status.code(), Some(0), "{words:?}: {there:?}");
        assert_eq!(text(&there.stdout), door.desk(words), "{words:?}");
        assert_eq!(text(&there.stderr), "", "{words:?}");
    }
    let list = json(&text(&door.ssh("d.okafor", &["list", "--json"]).stdout));
    assert_eq!(
        list["incidents"],
        json(&door.desk(&["list", "--json"]))["incidents"]
    );
    let shown = door.ssh("d.okafor", &["show", &id]);
    assert!(text(&shown.stdout).contains("One of several"), "{shown:?}");
    let once = door.ssh("d.okafor", &["board", "--once", "--size", "100x30"]);
    assert_eq!(once.status.code(), Some(0), "{once:?}");
    assert!(text(&once.stdout).contains(&id), "{once:?}");
    assert_eq!(text(&once.stdout).lines().count(), 30);
    let none = door.ssh("d.okafor", &["show", "AZ-999"]);
    let at_home =
        crate::program::warboard(door.home.path(), &["show", "AZ-999", "--url", &door.url])
            .env("WARBOARD_TOKEN", &door.token)
            .output()
            .unwrap();
    assert_eq!(none.status.code(), at_home.status.code());
}

#[test]
fn a_terminals_word_decides_colours_letters_and_theme() {
    let door = Door::open(&[COMMANDER]);
    let id = door.incident("A");
    let mut plain = door.board("d.okafor", (100, 30), &["-oSetEnv=NO_COLOR=1 LANG=C"]);
    plain.sees(&id);
    let coloured = |bytes: &[u8]| text(bytes).contains("38;2;");
    assert!(!coloured(&plain.bytes));
    assert!(plain.picture().is_ascii(), "{}", plain.picture());
    let mut full = door.board(
        "d.okafor",
        (100, 30),
        &["-oSetEnv=COLORTERM=truecolor LC_WARBOARD_THEME=day"],
    );
    full.sees(&id);
    assert!(coloured(&full.bytes));
    let dumb = door
        .client("d.okafor", &["-tt"], &[])
        .env("TERM", "dumb")
        .output()
        .unwrap();
    assert_eq!(dumb.status.code(), Some(2), "{dumb:?}");
    assert!(
        text(&dumb.stdout).contains("--once") || text(&dumb.stderr).contains("--once"),
        "{dumb:?}"
    );
    let without = door.ssh("d.okafor", &[]);
    assert_eq!(without.status.code(), Some(2));
    assert!(
        text(&without.stderr).contains("needs a terminal"),
        "{without:?}"
    );
}

/// Who is connected, as the backend tells it.
pub fn who(door: &Door) -> String {
    let got = std::process::Command::new("/usr/bin/curl")
        .args(["-s", "-H", &format!("Authorization: Bearer {}", door.token)])
        .arg(format!("{}/v1/who", door.url))
        .output()
        .unwrap();
    text(&got.stdout)
}

#[test]
fn who_is_connected_is_told_and_whoever_drops_is_gone() {
    let door = Door::open(&[COMMANDER, "person=r.haddad,role=responder"]);
    let id = door.incident("A");
    let mut board = door.board("r.haddad", (80, 24), &[]);
    board.sees(&id);
    let seen = until("somebody at the door", || {
        Some(who(&door)).filter(|who| who.contains("r.haddad"))
    });
    assert!(
        seen.contains("\"via\":\"ssh\"") && !seen.contains("127.0.0.1"),
        "{seen}"
    );
    board.signal(nix::sys::signal::Signal::SIGKILL);
    until("nobody at the door", || {
        Some(who(&door)).filter(|who| !who.contains("r.haddad"))
    });
}

#[test]
fn at_the_end_of_the_door_every_session_sees_a_sentence_and_the_process_ends_with_0() {
    let mut door = Door::open(&[COMMANDER]);
    let id = door.incident("A");
    let mut boards: Vec<_> = (0..3)
        .map(|_| door.board("d.okafor", (80, 24), &[]))
        .collect();
    for board in &mut boards {
        board.sees(&id);
    }
    assert_eq!(door.ends(), 0);
    for mut board in boards {
        assert_eq!(board.ends().exit_code(), 143);
        assert!(!board.screen().alternate_screen());
        assert!(
            board.picture().contains("this door ends now"),
            "{}",
            board.picture()
        );
        assert!(board.is_cooked());
    }
}
