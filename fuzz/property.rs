//! What must hold for any bytes that come from outside, one function a kind. Run by libFuzzer (`fuzz_targets`) and, with bytes
//! made from a seed, by the tests of the program. A fault is a panic.

use std::fs;
use std::sync::LazyLock;

use serde_json::Value;
use serde_json::json;
use warboard::config::{Flags, ServerFile, Settings};
use warboard::connector::alert::body::AlertGroupBody;
use warboard::connector::alert::landing::{Fate, group, land, name};
use warboard::connector::alert::{AlertSettings, DAMP, NEW_A_MINUTE, Opening, Rule, Then};
use warboard::domain::caller::Caller;
use warboard::domain::clock::Catalogue;
use warboard::domain::command::alert::first;
use warboard::domain::command::open::{Allotted, Open, decide};
use warboard::domain::command::{Command, Context};
use warboard::domain::directory::Directory;
use warboard::domain::duty::Rules;
use warboard::domain::text::{SafeText, is_hidden, json_ascii};
use warboard::domain::word::{Classification, Role, Severity, Via};
use warboard::paging::webhook::signature;
use warboard::secret::{Place, Secret};
use warboard::session::Decoder;
use warboard::ui::input::{Input, Key, KeyCode};
use warboard::wire::{ListBody, ProblemBody};

/// Marks that turn the direction of text.
fn turns(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Characters that act unseen and stay: only inside an emoji.
fn joins(c: char) -> bool {
    matches!(c, '\u{200D}' | '\u{FE0E}' | '\u{FE0F}')
}

fn shown(safe: &SafeText, multi: bool) {
    for c in safe.shown().chars() {
        let line = multi && c == '\n';
        assert!(line || !c.is_control(), "{c:?} in {safe:?}");
        assert!(!turns(c), "{c:?} in {safe:?}");
        assert!(line || joins(c) || !is_hidden(c), "{c:?} in {safe:?}");
    }
    for line in safe.lines() {
        let first = line.chars().next();
        assert!(!first.is_some_and(joins), "{safe:?} begins by joining");
    }
}

/// A text for a terminal: nothing in it acts, nothing is done twice, nothing is wider than it says.
pub fn text(data: &[u8]) {
    let received = String::from_utf8_lossy(data);
    for multi in [false, true] {
        let make: fn(&str) -> SafeText = match multi {
            true => SafeText::multi,
            false => SafeText::line,
        };
        let safe = make(&received);
        shown(&safe, multi);
        assert_eq!(safe.raw(), received, "what was received is kept");
        let again = make(safe.shown());
        assert_eq!(again.shown(), safe.shown(), "idempotent");
        assert_eq!(again.width(), safe.width());
    }
    let line = SafeText::line(&received);
    for cells in [0, 1, 2, 7, 40] {
        let cut = line.truncated(cells);
        assert!(SafeText::line(&cut).width() <= cells, "{cut:?} in {cells}");
        assert_eq!(SafeText::line(&line.fit(cells)).width(), cells);
    }
    let told = json_ascii(&Value::from(&*received).to_string());
    assert!(told.bytes().all(|b| matches!(b, b' '..=b'~')), "{told}");
    let back: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(back, &*received, "the same text");
}

/// The body of a command, of an opening, of an answer: read or refused; what is read is written and read again as the same.
pub fn body(data: &[u8]) {
    if let Ok(command) = serde_json::from_slice::<Command>(data) {
        let written = serde_json::to_vec(&command).unwrap();
        let again: Command = serde_json::from_slice(&written).unwrap();
        assert_eq!(again, command);
        refuses_more::<Command>(&written);
    }
    if let Ok(open) = serde_json::from_slice::<Open>(data) {
        let written = serde_json::to_vec(&open).unwrap();
        let again: Open = serde_json::from_slice(&written).unwrap();
        assert_eq!(again, open);
        refuses_more::<Open>(&written);
    }
    // What a board hears of a backend that lies.
    if let Ok(problem) = serde_json::from_slice::<ProblemBody>(data) {
        let written = serde_json::to_value(&problem).unwrap();
        let again: ProblemBody = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(again).unwrap(), written);
    }
    if let Ok(list) = serde_json::from_slice::<ListBody>(data) {
        let written = serde_json::to_value(&list).unwrap();
        let again: ListBody = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(again).unwrap(), written);
    }
}

/// A field that nobody knows is refused, never passed over.
fn refuses_more<T: serde::de::DeserializeOwned>(written: &[u8]) {
    let mut body: Value = serde_json::from_slice(written).unwrap();
    body["zz_unknown"] = json!(1);
    assert!(serde_json::from_value::<T>(body.clone()).is_err(), "{body}");
}

/// Writes `data` as a file of a fresh home, and gives what `load` makes of it, twice the same.
fn loaded<T: std::fmt::Debug, E: std::fmt::Display>(
    name: &str,
    data: &[u8],
    load: impl Fn(&dyn Fn(&str) -> Option<String>) -> Result<T, E>,
) -> Result<T, String> {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("warboard");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join(name), data).unwrap();
    let config_home = home.path().display().to_string();
    let env = |variable: &str| match variable {
        "XDG_CONFIG_HOME" | "XDG_DATA_HOME" | "HOME" => Some(config_home.clone()),
        _ => None,
    };
    let told = |result: &Result<T, E>| match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => error.to_string(),
    };
    let first = load(&env);
    let again = load(&env);
    assert_eq!(told(&first), told(&again), "the same file, the same result");
    first.map_err(|error| {
        let told = error.to_string();
        assert!(told.contains(name), "it names the file: {told}");
        told
    })
}

/// A person's settings: read, or refused with the file's name.
pub fn config(data: &[u8]) {
    drop(loaded("config.toml", data, |env| {
        Settings::load(&Flags::default(), env)
    }));
}

/// The backend's own file: read, or refused with its name; every team that a service names is there.
pub fn server_file(data: &[u8]) {
    let Ok(file) = loaded("server.toml", data, |env| ServerFile::load(None, env)) else {
        return;
    };
    for service in &file.directory.services {
        let owner = file.directory.team(&service.owner);
        assert!(owner.is_some(), "{} is owned by nobody", service.id);
    }
    for (team, _) in &file.routes {
        assert!(
            file.directory.team(team).is_some(),
            "a route of nobody: {team}"
        );
    }
}

/// Read once: a file of one's own comes on top of it.
static BUILT_IN: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::built_in().unwrap());

/// A file of regimes, calendars or closures beside the built-in ones: read, or refused with its name and a line.
pub fn regime(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let before = BUILT_IN.regimes().len();
    match BUILT_IN.clone().with_user_file("own.toml", &text) {
        Ok(catalogue) => assert!(catalogue.regimes().len() >= before, "one was lost"),
        Err(faults) => {
            assert!(!faults.is_empty(), "refused without a word");
            for fault in faults {
                let told = fault.to_string();
                assert!(told.contains("own.toml"), "it names the file: {told}");
            }
        }
    }
}

/// A webhook's signature: the same for the same, and another as soon as one byte of what is signed changes.
pub fn signature_of_any_bytes(data: &[u8]) {
    let mut parts = data.splitn(3, |byte| *byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let (secret, id) = (
        String::from_utf8_lossy(part()),
        String::from_utf8_lossy(part()),
    );
    let body = part();
    let secret = Secret::new(&*secret);
    let signed = signature(&secret, &id, "1732370852", body);
    assert_eq!(signed, signature(&secret, &id, "1732370852", body));
    assert!(signed.starts_with("v1,") && signed.len() == 47, "{signed}");
    assert_ne!(signed, signature(&secret, &id, "1732370853", body));
    assert_ne!(
        signed,
        signature(&secret, &format!("{id}x"), "1732370852", body)
    );
    for (at, byte) in body.iter().enumerate().take(64) {
        let mut changed = body.to_vec();
        changed[at] = byte ^ 1;
        assert_ne!(signed, signature(&secret, &id, "1732370852", &changed));
    }
    assert_ne!(
        signed,
        signature(&secret, &id, "1732370852", &[body, b"x"].concat())
    );
}

/// What a terminal sends, in these pieces, and then the key j: whatever came before, that is what it is.
fn pressed<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Input> {
    let (mut decoder, mut inputs) = (Decoder::default(), Vec::new());
    for piece in pieces {
        decoder.feed(piece, &mut inputs);
    }
    if decoder.flush_after().is_some() {
        decoder.flush(&mut inputs);
    }
    assert_eq!(decoder.flush_after(), None, "nothing is open");
    decoder.feed(b"j", &mut inputs);
    assert_eq!(inputs.pop(), Some(Input::Key(Key::char('j'))));
    inputs
}

/// Bytes of a terminal, or of whoever is at the other end of a door: the same keys however they are cut, no more text than is
/// kept of a paste, and no key that is none.
pub fn keys(data: &[u8]) {
    let inputs = pressed([data]);
    assert_eq!(pressed(data.chunks(1)), inputs, "byte by byte");
    for input in inputs {
        match input {
            Input::Key(Key {
                code: KeyCode::Char(c),
                ..
            }) => assert!(!c.is_control(), "{c:?} is no key"),
            Input::Paste(text) => assert!(text.chars().count() <= 64 * 1024, "{}", text.len()),
            _ => {}
        }
    }
}

/// An intake whose one rule takes every group, with a title of its own or the plain one.
fn intake(title: Option<&str>) -> AlertSettings {
    let opening = Opening {
        service: "azure".to_owned(),
        severity: Some(Severity::Sev4),
        severity_label: Some("severity".to_owned()),
        severities: vec![("critical".to_owned(), Severity::Sev1)],
        title: title.map(|title| title.parse().unwrap()),
        classification: Classification::SuspectedBreach,
        regimes: Vec::new(),
        profile: serde_json::Map::new(),
        exercise: false,
    };
    AlertSettings {
        name: "alerts".to_owned(),
        token: Place::Variable {
            name: "TOKEN".to_owned(),
            value: None,
        },
        token_expires_at: None,
        damp: DAMP,
        new_a_minute: NEW_A_MINUTE,
        expect_every: None,
        rules: vec![Rule {
            matchers: Vec::new(),
            then: Then::Open(Box::new(opening)),
        }],
    }
}

/// The rules of the built-in regimes, read once.
static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new(BUILT_IN.clone()));

/// A group of alerts as anybody may post it: refused by its form, or opened, whatever its labels say. None is lost for a text.
pub fn alert(data: &[u8]) {
    let Ok(body) = serde_json::from_slice::<AlertGroupBody>(data) else {
        return;
    };
    if body.check().is_err() {
        return;
    }
    let (now, directory) = (
        "2026-11-23T20:45:00Z".parse().unwrap(),
        Directory::default(),
    );
    let own = group(&body, "alerts", now);
    assert!(own.key.chars().count() <= 240, "{}", own.key);
    assert!(name(&body).chars().count() <= 60, "{}", name(&body));
    for title in [
        None,
        Some("{groupLabels.alertname}{commonLabels.x}{commonAnnotations.y}"),
    ] {
        let Fate::Open(placed) = land(&body, &intake(title), &directory, now).fate else {
            continue;
        };
        let open = Open {
            upstream: Some(first(&own, 1, now)),
            ..placed.open
        };
        let allotted = Allotted {
            id: "AZ-1".to_owned(),
            codename: "HERON".to_owned(),
        };
        let context = Context {
            now,
            caller: &Caller::new("alerts", Role::Admin),
            via: Via::Import,
            directory: &directory,
            rules: &RULES,
            random: 1,
        };
        let opened = decide(&open, &allotted, &context);
        assert!(opened.is_ok(), "{opened:?}");
    }
}
