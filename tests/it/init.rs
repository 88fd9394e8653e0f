//! `init`: by flags, and by questions on a real terminal; what it writes is what a board reads.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::program::{Backend, warboard};
use crate::terminal::Terminal;

fn run(home: &Path, args: &[&str], token: Option<&str>) -> (i32, String) {
    let mut command = warboard(home, args);
    if let Some(token) = token {
        command.env("WARBOARD_TOKEN", token);
    }
    let done = command.output().unwrap();
    (
        done.status.code().unwrap(),
        String::from_utf8(done.stderr).unwrap(),
    )
}

#[test]
fn by_flags_it_writes_what_a_board_reads_and_overwrites_nothing() {
    let backend = Backend::start();
    let home = tempfile::tempdir().unwrap();
    let args = ["init", "--url", &backend.url, "--theme", "day"];
    let (code, said) = run(home.path(), &args, Some(&backend.token));
    assert_eq!(code, 0, "{said}");
    let folder = home.path().join(".config/warboard");
    let place = backend.url.trim_start_matches("http://").replace(':', "-");
    let token_file = folder.join(format!("{place}.token"));
    let mode = std::fs::metadata(&token_file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let config = std::fs::read_to_string(folder.join("config.toml")).unwrap();
    assert!(config.contains("# ") && !config.contains("wb_"), "{config}");
    // What was written works by itself.
    assert_eq!(run(home.path(), &["list"], None).0, 0);
    let (code, said) = run(home.path(), &["config", "check"], None);
    assert_eq!(code, 0, "{said}");

    let (code, said) = run(home.path(), &args, Some(&backend.token));
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("--force"), "{said}");
    let again = std::fs::read_to_string(folder.join("config.toml")).unwrap();
    assert_eq!(again, config);
    let forced = [&args[..], &["--force"]].concat();
    assert_eq!(run(home.path(), &forced, Some(&backend.token)).0, 0);
}

#[test]
fn what_cannot_work_is_not_written() {
    let backend = Backend::start();
    let home = tempfile::tempdir().unwrap();
    let wrong = format!("wb_x_{}", "A".repeat(43));
    for (args, token, code, part) in [
        (&["init"][..], Some("x"), 2, "--url is missing"),
        (&["init", "--url", &backend.url], None, 2, "--token-file"),
        (
            &["init", "--url", &backend.url],
            Some(&*wrong),
            4,
            "cannot be used",
        ),
        (
            &["init", "--url", "http://192.0.2.1"],
            Some("x"),
            2,
            "in the clear",
        ),
        (
            &["init", "--url", &backend.url, "--theme", "x"],
            Some(&*backend.token),
            2,
            "no theme",
        ),
        (
            &["init", "--url", "http://127.0.0.1:1"],
            Some("x"),
            5,
            "cannot be used",
        ),
    ] {
        let (given, said) = run(home.path(), args, token);
        assert_eq!(given, code, "{args:?}: {said}");
        assert!(said.contains(part), "{args:?}: {said}");
    }
    assert!(!home.path().join(".config/warboard/config.toml").exists());
    let args = ["init", "--url", "http://127.0.0.1:1", "--no-check"];
    assert_eq!(run(home.path(), &args, Some("x")).0, 0);
}

#[test]
fn on_a_terminal_it_asks_and_does_not_show_the_token() {
    let backend = Backend::start();
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(home.path(), (100, 24), &["init"], &[]);
    terminal.until("the first question", |seen| seen.contains("Backend, as"));
    terminal.keys("http://192.0.2.1\r");
    terminal.until("why not", |seen| seen.contains("in the clear"));
    terminal.keys(&format!("{}\r", backend.url));
    terminal.until("the second question", |seen| {
        seen.contains("Token (it is not shown")
    });
    terminal.keys(&format!("{}\r", backend.token));
    terminal.until("the third question", |seen| seen.contains("Theme, night"));
    terminal.keys("\r");
    terminal.until("the end", |seen| seen.contains("written: "));
    let seen = String::from_utf8_lossy(&terminal.bytes).into_owned();
    assert!(!seen.contains("wb_"), "{seen}");
    assert_eq!(run(home.path(), &["list"], None).0, 0);

    // A second time it asks before it overwrites, and no is the usual answer.
    let config = home.path().join(".config/warboard/config.toml");
    let before = std::fs::read_to_string(&config).unwrap();
    let mut terminal = Terminal::start(home.path(), (100, 24), &["init"], &[]);
    terminal.until("the question", |seen| seen.contains("Overwrite it? [y/N]"));
    terminal.keys("\r");
    terminal.until("the end", |seen| seen.contains("stays as it is"));
    assert_eq!(std::fs::read_to_string(&config).unwrap(), before);
}
