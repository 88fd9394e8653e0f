//! Nothing hostile reaches a terminal: every field an attacker may fill carries sequences that a terminal would obey, and every
//! byte that comes is looked at.

use crate::program::Backend;
use crate::terminal::Terminal;

/// What a terminal would obey, hide or turn around.
const POISON: &str = "x\u{1b}]52;c;cHduZWQ=\u{7}\u{1b}[31m\u{9b}5m\u{202e}evil\u{200b}\u{1b}Pq\u{1b}\\e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}z\u{e0041}\t\u{7f}";

/// Takes what our own emitter may write out of a stream; gives what is left that a terminal would obey.
fn foreign(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut found = Vec::new();
    let mut rest = text.as_ref();
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = after;
        match c {
            '\u{1b}' => {
                let Some(body) = after.strip_prefix('[') else {
                    found.push(format!("ESC {:?}", after.chars().next()));
                    continue;
                };
                let end = body
                    .find(|c: char| ('\u{40}'..='\u{7e}').contains(&c))
                    .unwrap_or(body.len());
                let (parameters, tail) = body.split_at(end);
                let last = tail.chars().next().unwrap_or(' ');
                let ours = parameters
                    .chars()
                    .all(|c| c.is_ascii_digit() || matches!(c, ';' | '?'))
                    && matches!(
                        last,
                        'm' | 'H'
                            | 'J'
                            | 'K'
                            | 'A'
                            | 'B'
                            | 'C'
                            | 'D'
                            | 'G'
                            | 'd'
                            | 'h'
                            | 'l'
                            | 'c'
                            | 'b'
                            | 'X'
                    );
                if !ours {
                    found.push(format!("CSI {parameters}{last}"));
                }
                rest = tail.get(last.len_utf8()..).unwrap_or_default();
            }
            '\r' | '\n' | '\u{8}' => {}
            c if c.is_control() => found.push(format!("control {:04x}", u32::from(c))),
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{e0000}'..='\u{e007f}' => {
                found.push(format!("hidden {:04x}", u32::from(c)));
            }
            _ => {}
        }
    }
    let marks = text
        .chars()
        .fold((0, 0), |(run, most): (u32, u32), c| match c {
            '\u{300}'..='\u{36f}' => (run + 1, most.max(run + 1)),
            _ => (0, most),
        });
    if marks.1 > 8 {
        found.push(format!("{} marks on one letter", marks.1));
    }
    found
}

/// Every dialog names the way out, one without room for itself too.
fn is_dialog(picture: &str) -> bool {
    picture.contains("Esc")
}

/// Whom one can page is read after the incidents: until then the key says so for a while.
fn waits(picture: &str) -> bool {
    picture.contains("The directory of")
}

fn toml_poison() -> String {
    let mut text = String::new();
    for c in POISON.chars() {
        text.push_str(&format!("\\U{:08X}", u32::from(c)));
    }
    text
}

fn poisoned() -> (Backend, String) {
    let poison = toml_poison();
    let backend = Backend::with(&format!(
        "[[service]]\nid = \"azure\"\nname = \"{poison}\"\nprefix = \"AZ\"\nowner = \"owners\"\n\n\
         [[team]]\nid = \"owners\"\nname = \"{poison}\"\nshort = \"own\"\nkind = \"security_response\"\nengage_when = [\"{poison}\"]\n"
    ));
    let id = backend
        .done(&[
            "open",
            POISON,
            "--service",
            "azure",
            "--summary",
            POISON,
            "--severity",
            "sev1",
        ])
        .trim()
        .to_owned();
    backend.done(&["assign", &id, "commander", POISON]);
    backend.done(&["note", &id, POISON]);
    backend.done(&[
        "set",
        &id,
        &format!("bridge={POISON}"),
        &format!("channel={POISON}"),
        &format!("out_of_band={POISON}"),
    ]);
    backend.done(&["page", &id, "owners", "--message", POISON]);
    backend.done(&["lesson", &id, POISON, "--owner", POISON]);
    (backend, id)
}

#[test]
fn no_screen_or_dialog_passes_on_what_a_terminal_would_obey() {
    let (backend, id) = poisoned();
    for size in [(200, 50), (80, 24), (40, 12)] {
        let args = ["board", "--url", &backend.url];
        let mut terminal = Terminal::start(
            backend.home.path(),
            (80, 24),
            &args,
            &[("WARBOARD_TOKEN", &backend.token)],
        );
        terminal.sees(&id);
        // What the person may do stands in the foot once the board knows who they are, where dialogs have room.
        terminal.sees("> forward");
        terminal.resize(size.0, size.1);
        for (keys, title, back) in [
            ("2", "TEAMS", "1"),
            ("3", "CLOCKS", "1"),
            ("\r", "INCIDENT", "q"),
        ] {
            let titled = |picture: &str| picture.lines().next().is_some_and(|l| l.contains(title));
            terminal.keys(keys);
            terminal.until(title, titled);
            terminal.keys(back);
            terminal.until(back, |picture| !titled(picture));
        }
        for keys in ["p", "e", "o", "r", "L", "?"] {
            terminal.keys(keys);
            terminal.until(keys, |picture| is_dialog(picture) || waits(picture));
            while !is_dialog(&terminal.picture()) {
                terminal.until("that it may be asked again", |picture| !waits(picture));
                terminal.keys(keys);
                terminal.until(keys, |picture| is_dialog(picture) || waits(picture));
            }
            // Esc and the next key at once would be another key.
            terminal.keys("\x1b");
            terminal.until("no dialog", |picture| !is_dialog(picture));
        }
        terminal.keys("1");
        terminal.resize(size.0 + 1, size.1 + 1);
        terminal.sees(&id);
        terminal.keys("q");
        assert_eq!(terminal.ends().exit_code(), 0);
        assert_eq!(foreign(&terminal.bytes), Vec::<String>::new(), "{size:?}");
    }
}

#[test]
fn no_printed_line_passes_on_what_a_terminal_would_obey() {
    let (backend, id) = poisoned();
    for args in [
        vec!["list"],
        vec!["show", &id],
        vec!["timeline", &id],
        vec!["teams"],
        vec!["list", "--q", POISON],
        vec!["show", POISON],
        vec!["advance", &id, "--to", "preparation"],
        vec!["board", "--once"],
        vec!["board", "--once", "--format", "ansi"],
        vec!["doctor"],
    ] {
        let (_, stdout, stderr) = backend.run(&args);
        for text in [stdout, stderr] {
            assert_eq!(
                foreign(text.as_bytes()),
                Vec::<String>::new(),
                "{args:?}: {text:?}"
            );
        }
    }
}

#[test]
fn a_planted_sequence_is_found() {
    assert_eq!(
        foreign(b"a\x1b[31mb\x1b[2;5Hc\x1b[?25l\r\n"),
        Vec::<String>::new()
    );
    assert!(!foreign(POISON.as_bytes()).is_empty());
    assert_eq!(foreign(b"\x1b]0;x\x07").len(), 2);
}
