//! The README is true: every command in it runs, in its order, in a home of its own, and its key table is the keymap's.

use std::process::{Command, Stdio};

const README: &str = include_str!("../../README.md");

/// The commands of the blocks marked `sh`, a line each.
fn commands() -> Vec<String> {
    let mut commands = Vec::new();
    let mut inside = false;
    for line in README.lines() {
        match line.trim() {
            "```sh" => inside = true,
            "```" => inside = false,
            command if inside && !command.is_empty() && !command.starts_with('#') => {
                commands.push(command.to_owned())
            }
            _ => {}
        }
    }
    commands
}

#[test]
fn the_key_table_is_the_keymap_s() {
    let table = warboard::ui::keymap::Keymap::default().markdown();
    assert!(
        README.contains(table.trim()),
        "put this into the README:\n{table}"
    );
}

#[test]
fn every_command_runs() {
    let home = tempfile::tempdir().unwrap();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_warboard"));
    // The README's port may be taken on this machine.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let mut script = String::from("set -eu\n");
    for command in commands() {
        // What builds the program has built it: this test runs in it. What needs a terminal has tests of its own.
        if command.starts_with("cargo ") || command == "tests/run" || command.starts_with("git ") {
            continue;
        }
        let needs_terminal = [
            "warboard",
            "warboard demo",
            "warboard board",
            "warboard --wall",
        ]
        .iter()
        .any(|bare| {
            command == *bare
                || command
                    .strip_prefix(bare)
                    .is_some_and(|rest| rest.starts_with(" --url"))
        });
        if needs_terminal {
            continue;
        }
        script.push_str(&format!(
            "echo '+ {}' >&2\n{command}\n",
            command.replace('\'', "")
        ));
        if command.ends_with('&') {
            script.push_str("pid=$!\nfor i in $(seq 1000); do curl -fs http://127.0.0.1:18787/healthz >/dev/null && break; done\n");
        }
    }
    script.push_str("kill $pid; wait $pid\n");
    let script = script.replace("18787", &port);
    let path = format!(
        "{}:{}",
        program.parent().unwrap().display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let done = Command::new("bash")
        .args(["-c", &script])
        .env_clear()
        .env("PATH", path)
        .env("HOME", home.path())
        .env("USER", "tester")
        .env("TERM", "xterm-256color")
        .env("LANG", "C.UTF-8")
        .current_dir(home.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
}
