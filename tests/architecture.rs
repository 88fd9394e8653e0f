//! The house rules, held by reading the sources: floors, who may use which crate, where time is asked, heads and
//! sizes of files. What a compiler or clippy can hold is left to them; comments and string contents do not count.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

#[path = "architecture/source.rs"]
mod source;

use source::{Mention, mentions, tokens};

/// Every room with its floor. A file uses its own room and lower floors only.
const FLOORS: &[(&str, u8)] = &[
    ("domain", 0),
    ("wire", 1),
    ("net", 1),
    ("secret", 1),
    ("time", 1),
    ("client", 2),
    ("store", 2),
    ("paging", 2),
    ("connector", 2),
    ("report", 2),
    ("ui", 3),
    ("server", 3),
    ("session", 4),
    ("config", 5),
    ("cli", 6),
    ("main", 7),
];

/// A path prefix and the rooms (or folders below them) that alone may use it.
const RESERVED: &[(&str, &[&str])] = &[
    ("tokio::time", &["time"]),
    ("std::time::SystemTime", &["time"]),
    ("ratatui", &["ui", "session"]),
    ("ratatui::crossterm", &["session"]),
    ("crossterm", &["session"]),
    ("sqlx", &["store"]),
    ("russh", &["session/ssh"]),
    ("reqwest", &["net", "client", "paging", "connector"]),
    ("reqwest::ClientBuilder", &["net"]),
    ("reqwest::Client::new", &["net"]),
    ("reqwest::Client::builder", &["net"]),
    ("reqwest::get", &["net"]),
    ("axum", &["server", "session/display"]),
];

/// What the pure rooms must not touch: no IO, no async, no lock, no interior mutability.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::thread",
    "std::cell",
    "std::sync::Mutex",
    "std::sync::RwLock",
    "std::sync::OnceLock",
    "std::sync::LazyLock",
    "std::sync::atomic",
    "std::sync::mpsc",
    "tokio",
    "futures",
    "rustix",
];

const PURE_ROOMS: &[&str] = &["domain", "ui"];
const CLOCKS: &[&str] = &["Utc", "Local", "Instant", "SystemTime"];
const STATEFUL: &[&str] = &[
    "LazyLock",
    "OnceLock",
    "OnceCell",
    "LazyCell",
    "Mutex",
    "RwLock",
    "RefCell",
    "AtomicBool",
    "AtomicU64",
    "AtomicUsize",
];
const LONGEST_FILE: usize = 500;

/// Whether `path` is `reserved` or below it; a glob counts for all it may bring in.
fn touches(path: &[String], reserved: &str) -> bool {
    let reserved: Vec<&str> = reserved.split("::").collect();
    let glob = path.last().is_some_and(|last| last == "*");
    let named = if glob { &path[..path.len() - 1] } else { path };
    let shared = named
        .iter()
        .zip(&reserved)
        .take_while(|(a, b)| a == *b)
        .count();
    shared == reserved.len() || (glob && shared == named.len() && shared > 0)
}

fn inside(file: &str, place: &str) -> bool {
    file.strip_prefix(place)
        .is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
}

/// Every breach of the rules in one file below `src`, each a line `file:line: what`.
fn source_faults(file: &str, source: &str) -> Vec<String> {
    let t = tokens(source);
    let mut faults = file_faults(&format!("src/{file}"), source);
    let mut fault = |line: usize, what: String| faults.push(format!("src/{file}:{line}: {what}"));
    let room = file
        .split('/')
        .next()
        .unwrap_or(file)
        .trim_end_matches(".rs");
    let floor_of = |name: &str| {
        FLOORS
            .iter()
            .find(|(room, _)| *room == name)
            .map(|(_, floor)| *floor)
    };
    let floor = floor_of(room);
    if floor.is_none() && room != "lib" {
        fault(
            1,
            format!(
                "the room '{room}' has no floor: name it in design and in FLOORS, or move the file"
            ),
        );
    }
    for Mention { path, line } in mentions(&t, file) {
        let shown = path.join("::");
        if let (Some(floor), Some("crate"), Some(other)) =
            (floor, path.first().map(String::as_str), path.get(1))
        {
            match floor_of(other) {
                Some(theirs) if other != room && theirs > floor => fault(
                    line,
                    format!("{shown}: floor {theirs} is above floor {floor}"),
                ),
                Some(theirs) if other != room && theirs == floor => {
                    fault(line, format!("{shown}: a neighbour on floor {floor}"))
                }
                None if other == "*" => fault(line, format!("{shown}: name what is used")),
                _ => {}
            }
        }
        for (reserved, places) in RESERVED {
            if touches(&path, reserved) && !places.iter().any(|place| inside(file, place)) {
                fault(
                    line,
                    format!("{shown}: {reserved} belongs to {}", places.join(", ")),
                );
            }
        }
        if let [.., owner, last] = path.as_slice()
            && last == "now"
            && CLOCKS.contains(&owner.as_str())
            && room != "time"
        {
            fault(
                line,
                format!("{shown}: only the room time asks what time it is"),
            );
        }
        if PURE_ROOMS.contains(&room)
            && let Some(impure) = IMPURE.iter().find(|impure| touches(&path, impure))
        {
            fault(line, format!("{shown}: {room} is pure, {impure} is not"));
        }
    }
    for (at, token) in t.iter().enumerate() {
        let next = t.get(at + 1).map_or("", |token| token.text.as_str());
        let pure = PURE_ROOMS.contains(&room);
        if pure && (token.text == "async" || token.text == "." && next == "await") {
            fault(token.line, format!("{room} is pure: no async"));
        }
        if token.text == "thread_local" && next == "!" {
            fault(token.line, "no state in thread-locals".to_owned());
        }
        let lifetime = at > 0 && t[at - 1].text == "'";
        if token.text == "static"
            && !lifetime
            && (next == "mut" || static_type(&t[at..]).any(|name| STATEFUL.contains(&name)))
        {
            fault(token.line, "no state in statics".to_owned());
        }
    }
    faults
}

/// The words of a static's type: from its colon to its `=`.
fn static_type(t: &[source::Token]) -> impl Iterator<Item = &str> {
    let words = t.iter().map(|token| token.text.as_str());
    words
        .skip(1)
        .skip_while(|text| *text != ":")
        .take_while(|text| !matches!(*text, "=" | ";" | ">"))
}

/// What holds for every Rust file, tests and benches too.
fn file_faults(file: &str, source: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if !source.starts_with("//!") {
        faults.push(format!(
            "{file}:1: begins without a `//!` head that says what lives here"
        ));
    }
    let lines = source.lines().count();
    if lines > LONGEST_FILE {
        faults.push(format!(
            "{file}: {lines} lines, over {LONGEST_FILE}: split it by what it is about"
        ));
    }
    let t = tokens(source);
    for (at, token) in t.iter().enumerate() {
        let before: Vec<&str> = t[at.saturating_sub(3)..at]
            .iter()
            .map(|token| token.text.as_str())
            .collect();
        let attribute = matches!(before.as_slice(), [.., "#", "["] | [.., "#", "!", "["]);
        let conditional = before.last() == Some(&",")
            && t[..at]
                .iter()
                .rev()
                .take(12)
                .any(|token| token.text == "cfg_attr");
        if token.text == "allow"
            && t.get(at + 1).is_some_and(|next| next.text == "(")
            && (attribute || conditional)
        {
            faults.push(format!(
                "{file}:{}: #[allow]: mend it, or #[expect(.., reason = \"..\")]",
                token.line
            ));
        }
    }
    faults
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, found)?;
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

#[test]
fn every_source_keeps_the_house_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut report, mut count) = (String::new(), 0);
    for folder in ["src", "tests", "benches", "fuzz/fuzz_targets"] {
        let base = root.join(folder);
        let mut files = Vec::new();
        if base.exists() {
            rust_files(&base, &mut files).unwrap();
        }
        files.sort();
        count += files.len();
        for path in files {
            let source = std::fs::read_to_string(&path).unwrap();
            let name = path.strip_prefix(&base).unwrap().to_str().unwrap();
            let faults = if folder == "src" {
                source_faults(name, &source)
            } else {
                file_faults(&format!("{folder}/{name}"), &source)
            };
            faults
                .iter()
                .for_each(|fault| writeln!(report, "{fault}").unwrap());
        }
    }
    assert!(
        count > 3,
        "the walk found only {count} files: it looks in the wrong place"
    );
    assert!(report.is_empty(), "\n{report}");
}

/// A fixture becomes a file with a proper head, so that only what is planted can be found.
fn planted(file: &str, body: &str) -> Vec<String> {
    source_faults(file, &format!("//! A fixture.\n{body}\n"))
}

#[test]
fn a_planted_breach_is_found() {
    let cases: &[(&str, &str, &str)] = &[
        ("domain/x.rs", "use crate::ui::App;", "above"),
        (
            "client/x.rs",
            "use crate::{domain::Phase, server::Api};",
            "above",
        ),
        (
            "client/x.rs",
            "use crate::{domain::{a::B, c::{D, E}}, wire as w, store::{Row}};",
            "neighbour",
        ),
        (
            "ui/mod.rs",
            "fn f() -> crate::server::Api { todo() }",
            "neighbour",
        ),
        (
            "ui/a/b.rs",
            "use super::super::super::session::run;",
            "above",
        ),
        (
            "domain/mod.rs",
            "mod tests { use super::super::wire::Body; }",
            "above",
        ),
        ("wire/x.rs", "use warboard::client;", "above"),
        ("attic/x.rs", "", "no floor"),
        ("wire/x.rs", "use crate::*;", "name what is used"),
        ("server/x.rs", "let a = chrono::Utc::now();", "what time"),
        (
            "server/x.rs",
            "use std::time::Instant as Clock0;\nfn f() { Clock0::now(); }",
            "what time",
        ),
        (
            "cli/x.rs",
            "use tokio::{sync::mpsc, time::sleep};",
            "tokio::time belongs",
        ),
        ("cli/x.rs", "use tokio::*;", "tokio::time belongs"),
        (
            "cli/x.rs",
            "use std::time::{Duration, SystemTime};",
            "SystemTime belongs",
        ),
        (
            "server/x.rs",
            "use ratatui::buffer::Buffer;",
            "ratatui belongs",
        ),
        (
            "ui/x.rs",
            "fn f(k: crossterm::event::KeyCode) {}",
            "crossterm belongs",
        ),
        (
            "ui/x.rs",
            "use ratatui::crossterm;",
            "ratatui::crossterm belongs",
        ),
        (
            "server/x.rs",
            "#[derive(sqlx::FromRow)] struct R;",
            "sqlx belongs",
        ),
        ("server/x.rs", "use reqwest::Response;", "reqwest belongs"),
        (
            "client/x.rs",
            "use reqwest::Client;\nfn f() { Client::new(); }",
            "reqwest::Client::new belongs",
        ),
        ("session/local.rs", "use axum::Router;", "axum belongs"),
        ("ui/x.rs", "use std::{fs, fmt};", "pure"),
        ("domain/x.rs", "async fn f() {}", "no async"),
        ("domain/x.rs", "use std::cell::RefCell;", "pure"),
        (
            "store/x.rs",
            "static SEEN: std::sync::OnceLock<u8> = std::sync::OnceLock::new();",
            "statics",
        ),
        ("store/x.rs", "thread_local! { }", "thread-locals"),
        ("wire/x.rs", "#[allow(dead_code)] fn f() {}", "#[allow]"),
        (
            "wire/x.rs",
            "#![cfg_attr(test, allow(dead_code))]",
            "#[allow]",
        ),
        ("main.rs", &"\n".repeat(500), "lines, over"),
    ];
    for (file, body, expected) in cases {
        let faults = planted(file, body);
        assert!(
            faults.iter().any(|fault| fault.contains(expected)),
            "{file}: {body:?} gave {faults:?}"
        );
    }
    assert!(
        !source_faults("wire/x.rs", "use std::fmt;\n").is_empty(),
        "a missing head is not found"
    );
}

#[test]
fn what_is_right_is_left_alone() {
    let cases: &[(&str, &str)] = &[
        (
            "client/x.rs",
            "use crate::{domain::Phase, time::Clock, client::cache::Cache};",
        ),
        (
            "domain/x.rs",
            "// use crate::ui::App; Utc::now()\n/* tokio::time /* nested */ sqlx */ const A: char = '\"';",
        ),
        (
            "domain/x.rs",
            "const A: &str = \"use crate::ui::App; #[allow(x)]\"; const B: &str = r#\"Utc::now \" sqlx::x\"#;",
        ),
        (
            "domain/x.rs",
            "fn f<'a>(t: &'a str) -> char { '\\'' } fn g(clock: &dyn Clock) { clock.now(); }",
        ),
        (
            "time/system.rs",
            "fn f() { chrono::Utc::now(); tokio::time::sleep(d); }",
        ),
        ("session/display/page.rs", "use axum::Router;"),
        ("session/display.rs", "use axum::Router;"),
        ("client/x.rs", "use reqwest::{Response, Client};"),
        (
            "ui/mod.rs",
            "pub mod time { pub struct T; } mod tests { use super::time::T; use super::server; }",
        ),
        ("main.rs", "fn main() { warboard::cli::run(); }"),
        (
            "store/x.rs",
            "static NAMES: &[&str] = &[]; fn f(x: &'static str) -> Mutex<u8> { allow(x) }",
        ),
    ];
    for (file, body) in cases {
        assert_eq!(planted(file, body), Vec::<String>::new(), "{file}: {body}");
    }
}

#[test]
fn a_use_tree_unfolds_to_full_paths() {
    let t = tokens("use crate::{a::b, c::{self, d as e}, f::*};");
    let found: Vec<String> = mentions(&t, "ui/x.rs")
        .iter()
        .map(|mention| mention.path.join("::"))
        .collect();
    assert_eq!(
        found,
        ["crate::a::b", "crate::c", "crate::c::d", "crate::f::*"]
    );
}
