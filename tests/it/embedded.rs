//! The board that brings its own backend, a second one that joins it and takes over, and the demo.

use crate::program::{output, warboard};
use crate::terminal::Terminal;

#[test]
fn a_second_board_joins_the_first_and_takes_over_when_it_ends() {
    let home = tempfile::tempdir().unwrap();
    let mut first = Terminal::start(home.path(), (100, 30), &[], &[]);
    first.sees("local live");
    let opened = output(
        home.path(),
        &[
            "open",
            "Found by the command line",
            "--service",
            "azure",
            "--severity",
            "sev1",
        ],
    );
    assert!(opened.status.success(), "{opened:?}");
    first.sees("AZ-1");
    let mut second = Terminal::start(home.path(), (100, 30), &[], &[]);
    second.sees("AZ-1");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(home.path().join(".local/share/warboard/backend.json"))
            .unwrap()
            .permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    first.keys("q");
    assert_eq!(first.ends().exit_code(), 0);
    let opened = (0..100).any(|_| {
        output(
            home.path(),
            &["open", "After the first ended", "--service", "azure"],
        )
        .status
        .success()
    });
    assert!(opened);
    second.sees("AZ-2");
    second.keys("q");
    assert_eq!(second.ends().exit_code(), 0);
    assert!(
        !home
            .path()
            .join(".local/share/warboard/backend.json")
            .exists()
    );
}

#[test]
fn a_demo_lives_and_says_that_it_is_an_exercise() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(home.path(), (120, 40), &["demo"], &[]);
    terminal.sees("0 real");
    terminal.sees("EXERCISE");
    let before = terminal.picture();
    terminal.until("something that moves", |picture| {
        picture != before && picture.contains("opened")
    });
    terminal.keys("q");
    assert_eq!(terminal.ends().exit_code(), 0);
}

#[test]
fn a_demo_s_picture_is_repeatable() {
    let home = tempfile::tempdir().unwrap();
    let args = [
        "demo",
        "--seed",
        "7",
        "--at",
        "2026-11-23T14:07:32Z",
        "--once",
        "--size",
        "120x40",
    ];
    let picture = |format: &str| {
        let mut command = warboard(home.path(), &args);
        let done = command.args(["--format", format]).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap()
    };
    let text = picture("text");
    assert!(text.starts_with(" 14:07:32 UTC"), "{text}");
    assert_eq!(text.lines().count(), 40);
    assert_eq!(text, picture("text"));
    assert!(picture("svg").starts_with("<svg"));
    assert!(picture("ansi").contains("\x1b["));
    // A terminal that says it has no colours, or few, gets none that it has not.
    for (term, not) in [("dumb", "\x1b[38;"), ("xterm-256color", "\x1b[38;2;")] {
        let mut command = warboard(home.path(), &args);
        let done = command
            .args(["--format", "ansi"])
            .env("TERM", term)
            .output();
        let told = String::from_utf8(done.unwrap().stdout).unwrap();
        assert!(told.contains("14:07:32") && !told.contains(not), "{term}");
    }
    let json: serde_json::Value = serde_json::from_str(&picture("json")).unwrap();
    assert_eq!(json["rows"].as_array().unwrap().len(), 40);
    assert_eq!(json["sources"][0]["state"], "live");
}
