//! Keys with an `expiry-time`: refused from that instant on, who is in by one leaves then, boards say so before. OpenSSH's own
//! client at a door on a clock that stands still, and at the program.

use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::process::Stdio;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use warboard::config::{Flags, Settings};
use warboard::session::ssh::house::{Asked, House, Last, Visit};
use warboard::session::ssh::limit::Limits;
use warboard::session::ssh::roster_file::RosterFile;
use warboard::session::ssh::{self, key};
use warboard::time::{Clock, SharedClock, TestClock};
use warboard::ui::App;
use warboard::ui::glyph::Glyphs;
use warboard::ui::shared::{Options, Shared};

use super::record::{first, logins};
use super::{Door, SSH, issued, new_key, options_of, serving, store, text, until};
use crate::program::warboard;
use crate::terminal::Terminal;

/// A board without a source, and a word for whoever asks for one.
struct Hut;

impl House for Hut {
    fn asked(&self, _: Visit, words: &str) -> Asked {
        if !words.is_empty() {
            let out = b"here\n".to_vec();
            let last = Last {
                out,
                ..Last::default()
            };
            return Asked::Print(Box::pin(std::future::ready(last)));
        }
        let settings = Settings::load(&Flags::default(), &|_| None).unwrap();
        let options = Options {
            read_only: false,
            wall: false,
            no_quit: false,
            mask: false,
            no_blink: false,
            mine: settings.zone,
        };
        let glyphs = Glyphs { ascii: false };
        let shared = Shared::new(options, settings.theme, glyphs, settings.keymap);
        Asked::Board(Box::new(App::new(shared)))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_its_expiry_on_a_key_is_refused_and_who_came_in_by_it_leaves() {
    let home = tempfile::tempdir().unwrap();
    let clock = TestClock::default();
    let line = new_key(&home, "d.okafor");
    // The clock stands at 14:07:32.
    let rights = "expiry-time=\"20261123150000\",warboard=\"person=d.okafor,role=viewer\"";
    let keys = home.path().join("keys");
    std::fs::write(&keys, format!("{rights} {line}\n")).unwrap();
    let shared: SharedClock = Arc::new(clock.clone());
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let listener = listener.await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let host = home.path().join("host");
    let setup = ssh::Setup {
        house: Arc::new(Hut),
        apis: Vec::new(),
        roster: RosterFile::open(&keys, shared.clone()).unwrap(),
        key: key::host_key(&host).unwrap(),
        key_file: host,
        reload: Arc::new(Notify::new()),
        clock: shared,
        limits: Limits::default(),
    };
    let ending = CancellationToken::new();
    let serving = tokio::spawn(ssh::serve(
        listener,
        setup,
        ending.clone().cancelled_owned(),
    ));
    let client = tokio::task::spawn_blocking(move || {
        let mut args = options_of(&home, "d.okafor", port);
        let said = |words: &str| {
            let mut args = options_of(&home, "d.okafor", port);
            args.extend(["anyone@127.0.0.1".to_owned(), words.to_owned()]);
            let mut command = std::process::Command::new(SSH);
            command.args(args).env_clear().env("HOME", home.path());
            let done = command.stdin(Stdio::null()).output().unwrap();
            (done.status.code(), text(&done.stdout))
        };
        let expires_at = chrono::DateTime::parse_from_rfc3339("2026-11-23T15:00:00Z").unwrap();
        let left = (expires_at.to_utc() - clock.now()).num_milliseconds();
        // Its last millisecond: whoever comes in is in.
        clock.advance(left - 1);
        assert_eq!(said("word"), (Some(0), "here\n".to_owned()));
        args.extend(["-tt", "anyone@127.0.0.1"].map(str::to_owned));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut board = Terminal::running(SSH, home.path(), (80, 24), &args, &[]);
        board.until("a frame", |picture| !picture.trim().is_empty());
        clock.advance(1);
        assert_eq!(board.ends().exit_code(), 4);
        let picture = board.picture();
        assert!(picture.contains("your key has expired"), "{picture}");
        assert_eq!(clock.now(), expires_at.to_utc(), "at that instant");
        assert_eq!(said("word"), (Some(255), String::new()));
    });
    client.await.unwrap();
    ending.cancel();
    serving.await.unwrap();
}

/// The file of keys with an option before a person's line.
fn put_option(door: &Door, option: &str) {
    let keys = door.home.path().join("keys");
    let lines = std::fs::read_to_string(&keys).unwrap();
    let beside = door.home.path().join("keys.new");
    std::fs::write(
        &beside,
        lines.replace("warboard=", &format!("{option},warboard=")),
    )
    .unwrap();
    std::fs::rename(beside, keys).unwrap();
}

#[test]
fn an_expired_key_that_tries_is_on_record_and_boards_say_that_one_ends_soon() {
    let door = Door::open(&["person=d.okafor,role=commander"]);
    let admin = issued(&door.home, &["--role", "admin", "--name", "root"]);
    let mut board = door.board("d.okafor", (120, 34), &[]);
    board.sees("d.okafor");
    assert!(
        !board.picture().contains("expires in"),
        "{}",
        board.picture()
    );
    let soon = chrono::Utc::now() + chrono::TimeDelta::hours(60);
    put_option(
        &door,
        &soon.format("expiry-time=\"%Y%m%d%H%M%SZ\"").to_string(),
    );
    for words in [vec![], vec!["board --wall"]] {
        let mut board = door.board("d.okafor", (120, 34), &words);
        board.sees("key expires in 2 d");
    }
    // Who was in by it before may stay, and is told with the next news.
    door.incident("A");
    board.sees("key expires in 2 d");
    let keys = door.home.path().join("keys");
    let lines = std::fs::read_to_string(&keys).unwrap();
    let year = lines.find("time=\"").unwrap() + "time=\"".len();
    let over = format!("{}2020{}", &lines[..year], &lines[year + 4..]);
    std::fs::write(&keys, over).unwrap();
    assert_eq!(board.ends().exit_code(), 4);
    assert!(
        board.picture().contains("your key has expired"),
        "{}",
        board.picture()
    );
    assert_eq!(door.ssh("d.okafor", &["list"]).status.code(), Some(255));
    let seen = until("the refused login on record", || {
        let seen = logins(&door, &admin);
        first(&seen, "d.okafor", "refused").cloned()
    });
    assert_eq!(seen["reason"], "expired", "{seen}");
}

#[test]
fn the_start_names_whose_keys_never_expire_and_the_line_of_an_expiry_that_is_none() {
    let home = tempfile::tempdir().unwrap();
    let write = |person: &str, option: &str| {
        let key = new_key(&home, person);
        format!("{option}warboard=\"person={person},role=viewer\" {key}\n")
    };
    let good = [
        write("a.lind", ""),
        write("k.ono", "expiry-time=\"20991231\","),
        write("m.sy", ""),
    ]
    .concat();
    let keys = home.path().join("keys");
    let bad = write("x", "expiry-time=\"tomorrow\",");
    std::fs::write(&keys, format!("{good}{bad}")).unwrap();
    let store = store(&home, "test.db");
    let done = warboard(home.path(), &serving(&store)).output().unwrap();
    assert_eq!(done.status.code(), Some(2), "{done:?}");
    let told = text(&done.stderr);
    let line = "keys:4: 'expiry-time=\"tomorrow\"' names no instant";
    assert!(told.contains(line) && told.contains("it is UTC"), "{told}");

    std::fs::write(&keys, good).unwrap();
    let mut child = warboard(home.path(), &serving(&store))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut says = |words: &[&str]| {
        let found = lines.by_ref().map_while(Result::ok);
        let mut found = found.filter(|line| words.iter().all(|word| line.contains(word)));
        assert!(found.next().is_some(), "never said: {words:?}");
    };
    says(&["never expire", "\"keys\":2", "a.lind, m.sy"]);
    // One that cannot be used is said, and that it can again.
    std::fs::write(home.path().join("keys"), "<html>\n").unwrap();
    says(&["keys:1: '<html>' is no option here"]);
    says(&["cannot be used", "no line of it is right"]);
    std::fs::write(home.path().join("keys"), "# nobody\n").unwrap();
    says(&["can be used again"]);
    child.kill().unwrap();
    child.wait().unwrap();
}
