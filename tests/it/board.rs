//! The board in a real terminal over a real backend: what a person does and sees, and what is left behind.

use nix::sys::signal::Signal;

use crate::fault::is_long;
use crate::program::Backend;
use crate::terminal::Terminal;

fn board(backend: &Backend, size: (u16, u16)) -> Terminal {
    let args = ["board", "--url", &backend.url];
    Terminal::start(
        backend.home.path(),
        size,
        &args,
        &[("WARBOARD_TOKEN", &backend.token)],
    )
}

fn open(backend: &Backend, title: &str) -> String {
    let id = backend.done(&["open", title, "--service", "azure", "--severity", "sev2"]);
    id.trim().to_owned()
}

#[test]
fn a_change_made_on_one_board_is_on_the_other() {
    let backend = Backend::start();
    let id = open(&backend, "Signing key used from an unknown network");
    let mut one = board(&backend, (80, 24));
    let mut two = board(&backend, (200, 50));
    one.sees(&id);
    two.sees("Signing key used");
    two.sees("NO COMMANDER");
    // What the person may do stands in the foot once the board knows who they are.
    one.sees("> forward");
    one.keys(">");
    one.sees("Enter");
    one.until("the dialog of the move", |picture| {
        picture.to_lowercase().contains("containment")
    });
    one.keys("\r");
    one.sees("done");
    let shown = backend.done(&["show", &id, "--json"]);
    assert!(
        shown.contains("\"phase\":\"containment_eradication_and_recovery\""),
        "{shown}"
    );
    two.until("the move on the other board", |picture| {
        picture.contains("moved") || picture.contains("containment, eradication")
    });
}

#[test]
fn q_leaves_the_terminal_as_it_was() {
    let backend = Backend::start();
    let id = open(&backend, "A");
    let mut terminal = board(&backend, (80, 24));
    terminal.sees(&id);
    assert!(terminal.screen().alternate_screen() && terminal.screen().hide_cursor());
    assert!(!terminal.is_cooked());
    terminal.keys("q");
    assert_eq!(terminal.ends().exit_code(), 0);
    assert!(!terminal.screen().alternate_screen() && !terminal.screen().hide_cursor());
    assert!(!terminal.screen().bracketed_paste());
    assert!(terminal.is_cooked());
}

#[test]
fn signals_end_it_with_their_codes_and_restore_the_terminal() {
    let backend = Backend::start();
    for (signal, code) in [(Signal::SIGTERM, 143), (Signal::SIGHUP, 129)] {
        let mut terminal = board(&backend, (80, 24));
        terminal.sees("UTC");
        terminal.signal(signal);
        assert_eq!(terminal.ends().exit_code(), code, "{signal}");
        assert!(!terminal.screen().alternate_screen(), "{signal}");
        assert!(terminal.is_cooked(), "{signal}");
    }
}

#[test]
fn it_survives_every_size_and_says_when_there_is_no_room() {
    let backend = Backend::start();
    let id = open(&backend, "A");
    let mut terminal = board(&backend, (80, 24));
    terminal.sees(&id);
    for (w, h) in [(1, 1), (2, 1), (300, 100), (39, 11)] {
        terminal.resize(w, h);
    }
    terminal.sees("needs more room");
    terminal.resize(40, 12);
    terminal.sees(&id);
    terminal.resize(120, 40);
    terminal.sees(&id);
}

#[test]
fn a_killed_backend_is_down_with_an_age_and_comes_back_live() {
    let mut backend = Backend::start();
    let id = open(&backend, "A");
    let mut terminal = board(&backend, (120, 40));
    terminal.sees(" live");
    backend.kill();
    terminal.sees("DOWN");
    terminal.sees("refuses connections");
    assert!(terminal.picture().contains(&id));
    backend.start_again();
    let took = terminal.until("live again", |picture| {
        picture.contains(" live") && !picture.contains("DOWN")
    });
    // A machine with many others on it keeps no such promise.
    println!("live again after {took:?}");
    assert!(!is_long() || took.as_millis() < 2_500, "{took:?}");
}

#[test]
fn the_wall_has_no_keys_but_ctrl_c_twice() {
    let backend = Backend::start();
    let id = open(&backend, "A");
    let args = ["--wall", "--url", &backend.url];
    let mut wall = Terminal::start(
        backend.home.path(),
        (60, 17),
        &args,
        &[("WARBOARD_TOKEN", &backend.token)],
    );
    wall.until("the incident", |picture| {
        picture.contains(&id) || picture.contains("NO COMMANDER")
    });
    wall.keys("q>1\x03");
    wall.sees("again");
    wall.keys("\x03");
    assert_eq!(wall.ends().exit_code(), 0);
}

#[test]
fn without_a_terminal_it_says_what_to_use() {
    let backend = Backend::start();
    let done = crate::program::warboard(backend.home.path(), &["board", "--url", &backend.url])
        .env("WARBOARD_TOKEN", &backend.token)
        .env("TERM", "dumb")
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&done.stderr).contains("--once"),
        "{done:?}"
    );
}

#[test]
fn a_restricted_duty_is_nothing_on_a_wall_and_has_no_name_on_a_shared_screen() {
    let backend = Backend::start();
    let id = open(&backend, "A");
    backend.done(&["set", &id, "regimes=sec-8k-105"]);
    let at = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
    backend.done(&["record", &id, "materiality_determined_at", &at]);
    let once = |more: &[&str]| {
        let all = ["board", "--once", "--size", "160x50"];
        backend.done(&[&all[..], more].concat()).to_lowercase()
    };
    let names = ["8-k", "sec-8k", "materiality", "securities"];
    for more in [
        &["--wall"][..],
        &["--screen", "wall"],
        &["--screen", "wall", "--format", "html"],
        &["--screen", "wall", "--mask"],
    ] {
        let told = once(more);
        assert!(told.contains("detect"), "{told}");
        for word in names.iter().chain(&["restricted"]) {
            assert!(!told.contains(word), "{more:?}: {word}: {told}");
        }
    }
    for screen in ["lanes", "clocks", &id] {
        let told = once(&["--mask", "--screen", screen]);
        assert!(told.contains("restricted"), "{screen}: {told}");
        for word in names.iter().take(2) {
            assert!(!told.contains(word), "{screen}: {word}: {told}");
        }
    }
}
