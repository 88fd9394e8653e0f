//! The units for systemd: it takes them, and every flag in them is one of the program's.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::output;

fn units() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "service"))
        .collect();
    paths.sort();
    let named = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read_to_string(&path).unwrap())
    };
    paths.into_iter().map(named).collect()
}

/// The arguments of the program in a unit.
fn arguments(unit: &str) -> Vec<String> {
    let line = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="));
    let mut words = line.unwrap().split_whitespace().map(str::to_owned);
    assert_eq!(words.next().as_deref(), Some("/usr/bin/warboard"));
    words.collect()
}

#[test]
fn every_flag_of_the_units_is_one_of_the_program_s() {
    let home = tempfile::tempdir().unwrap();
    for (name, unit) in units() {
        let arguments = arguments(&unit);
        let verb = arguments.first().filter(|word| !word.starts_with('-'));
        let mut help: Vec<&str> = verb.map(String::as_str).into_iter().collect();
        help.push("--help");
        let done = output(home.path(), &help);
        let said = String::from_utf8(done.stdout).unwrap();
        if verb.is_some_and(|verb| verb == "ssh-serve") && !done.status.success() {
            // A program without the SSH door has no use for its unit.
            continue;
        }
        assert!(done.status.success(), "{name}: {help:?}");
        for flag in arguments.iter().filter(|word| word.starts_with("--")) {
            let known = said
                .split(|c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '`'))
                .any(|word| word == flag);
            assert!(known, "{name}: {flag} is not known");
        }
    }
}

#[test]
fn every_service_is_confined() {
    let units = units();
    assert_eq!(units.len(), 3);
    for (name, unit) in units {
        for line in [
            "NoNewPrivileges=yes",
            "ProtectSystem=strict",
            "ProtectHome=yes",
            "PrivateTmp=yes",
            "CapabilityBoundingSet=",
            "SystemCallFilter=@system-service",
            "Restart=always",
        ] {
            assert!(unit.lines().any(|of| of == line), "{name} lacks {line}");
        }
    }
}

#[test]
fn systemd_takes_the_units() {
    let there = Command::new("systemd-analyze").arg("--version").output();
    if !there.is_ok_and(|done| done.status.success()) {
        return crate::fault::missing("systemd-analyze", "install systemd");
    }
    let folder = tempfile::tempdir().unwrap();
    let mut verify = Command::new("systemd-analyze");
    verify.arg("verify").env("SYSTEMD_LOG_LEVEL", "warning");
    for (name, unit) in units() {
        // What is started must be there to be verified.
        let unit = unit.replace("/usr/bin/warboard", env!("CARGO_BIN_EXE_warboard"));
        let path = folder.path().join(name.replace("@.", "@tty1."));
        std::fs::write(&path, unit).unwrap();
        verify.arg(path);
    }
    let done = verify.output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    let about_ours = said.lines().filter(|line| line.contains("warboard"));
    let about_ours: Vec<&str> = about_ours.collect();
    assert!(about_ours.is_empty(), "{said}");
}

#[test]
fn what_the_units_name_is_what_the_steps_make() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let (steps, users) = (read("README.md"), read("warboard.sysusers"));
    for (name, unit) in units() {
        let user = unit.lines().find_map(|line| line.strip_prefix("User="));
        let user = user.unwrap();
        assert!(users.contains(&format!("u {user} - ")), "{name}: {user}");
        assert!(steps.contains(&format!("-g {user} ")), "{name}: {user}");
        assert!(!unit.contains("DynamicUser"), "{name}");
        let named = unit.split_whitespace();
        let files = named.filter_map(|word| word.split_once("/etc/warboard/").map(|(_, at)| at));
        for file in files {
            let file = file.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            assert!(steps.contains(file), "{name}: {file} is not made");
        }
    }
}
