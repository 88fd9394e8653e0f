//! The README is true: every command in it runs, in its order, in a home of its own, and its key table is the keymap's.

use std::process::{Command, Stdio};

use crate::http::free_port;

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
fn every_action_is_named_where_keys_are_set() {
    let (_, list) = README
        .split_once("an action gets another key by its name")
        .unwrap();
    let (list, _) = list.split_once("##").unwrap();
    let table = warboard::ui::keymap::Keymap::default().markdown();
    assert!(table.lines().count() > 60);
    for action in warboard::ui::keymap::Action::ALL {
        let name = format!("`{}`", action.name());
        assert!(list.contains(&name), "{name} is missing");
    }
}

/// The blocks of settings.
fn settings() -> Vec<String> {
    let blocks = README.split("```toml\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap().to_owned());
    blocks.collect()
}

#[test]
fn every_file_of_settings_is_taken() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("warboard");
    std::fs::create_dir(&data).unwrap();
    let none = |_: &str| None;
    let mut seen = (0, 0, 0);
    for block in settings() {
        let path = data.join("file.toml");
        std::fs::write(&path, &block).unwrap();
        let given = path.to_str().unwrap();
        let arguments = if block.contains("[[source]]") {
            seen.0 += 1;
            vec!["config", "check", "--config", given]
        } else if block.contains("schema = \"regimes/1\"") {
            seen.1 += 1;
            vec!["regimes", "check", given]
        } else if block.contains("[regimes]") {
            // Names files that are not here.
            continue;
        } else {
            seen.2 += 1;
            let taken = warboard::config::ServerFile::load(Some(&path), &none);
            assert!(taken.is_ok(), "{block}\n{}", taken.unwrap_err());
            continue;
        };
        let done = crate::program::output(home.path(), &arguments);
        assert!(done.status.success(), "{block}\n{done:?}");
    }
    assert!(seen.0 >= 1 && seen.1 >= 1 && seen.2 >= 6, "{seen:?}");
}

#[test]
fn every_command_runs() {
    let home = tempfile::tempdir().unwrap();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_warboard"));
    // The README's port may be taken on this machine.
    let port = free_port().to_string();
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
            script.push_str("pid=$!\nuntil curl -fs http://127.0.0.1:18787/healthz >/dev/null; do kill -0 $pid; done\n");
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
