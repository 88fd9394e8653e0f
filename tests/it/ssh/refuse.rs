//! What the door does not do: let strangers in, forward, run, transfer. None of it touches those who are in.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use super::{Door, new_key, text, until};
use crate::http::{PATIENCE, free_port};

#[test]
fn a_stranger_is_refused_and_there_is_no_password() {
    let door = Door::open(&["person=d.okafor,role=commander"]);
    new_key(&door.home, "stranger");
    let refused = door.ssh("stranger", &["list"]);
    assert_eq!(refused.status.code(), Some(255));
    let told = text(&refused.stderr);
    assert!(told.contains("Permission denied (publickey)"), "{told}");
    let password = door
        .client(
            "stranger",
            &["-oPreferredAuthentications=password,keyboard-interactive,none"],
            &["list"],
        )
        .output()
        .unwrap();
    assert_eq!(password.status.code(), Some(255));
    assert!(door.ssh("d.okafor", &["list"]).status.success());
}

#[test]
fn a_key_taken_out_of_the_file_opens_nothing_any_more() {
    let door = Door::open(&["person=d.okafor,role=commander"]);
    assert!(door.ssh("d.okafor", &["list"]).status.success());
    std::fs::write(door.home.path().join("keys"), "").unwrap();
    assert_eq!(door.ssh("d.okafor", &["list"]).status.code(), Some(255));
}

#[test]
fn anything_but_reading_is_refused_with_a_sentence() {
    let door = Door::open(&["person=d.okafor,role=admin"]);
    let id = door.incident("A");
    let before = door.desk(&["show", &id, "--json"]);
    for words in [
        &["id"][..],
        &["sh", "-c", "id"],
        &["serve"],
        &["token", "list"],
        &["advance", &id, "--to", "contain"],
        &["note", &id, "x"],
        &["import", "veris", "/etc/passwd"],
        &["regimes", "check", "/etc/passwd"],
        &["list", "--url", "http://127.0.0.1:1"],
        &["list", "--config", "/etc/passwd"],
        &["board", "--once", "--config", "/etc/passwd"],
        &["board", "--once", "--theme", "/etc/passwd"],
        &["board", "--once", "--url", "http://127.0.0.1:1"],
        &["list;id"],
        &["$(id)"],
    ] {
        let done = door.ssh("d.okafor", words);
        assert_eq!(done.status.code(), Some(2), "{words:?}: {done:?}");
        assert!(
            !done.stderr.is_empty() && done.stdout.is_empty(),
            "{words:?}: {done:?}"
        );
        assert!(!text(&done.stderr).contains("root:"), "{words:?}: {done:?}");
    }
    assert_eq!(door.desk(&["show", &id, "--json"]), before);
}

#[test]
fn nothing_is_forwarded_and_those_who_are_in_notice_nothing() {
    let door = Door::open(&["person=d.okafor,role=commander"]);
    let id = door.incident("A");
    let mut board = door.board("d.okafor", (80, 24), &[]);
    board.sees(&id);
    let sftp = door
        .client("d.okafor", &["-s"], &["sftp"])
        .output()
        .unwrap();
    assert!(!sftp.status.success(), "{sftp:?}");
    let back = door
        .client(
            "d.okafor",
            &["-N", "-oExitOnForwardFailure=yes", "-R0:127.0.0.1:9"],
            &[],
        )
        .output()
        .unwrap();
    assert_eq!(back.status.code(), Some(255), "{back:?}");
    let socket = door.home.path().join("agent");
    let agent = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    // It is there, and knows no key.
    std::thread::spawn(move || for _ in agent.incoming() {});
    for option in ["-A", "-X", "-Y"] {
        let done = door
            .client("d.okafor", &[option], &["list"])
            .env("DISPLAY", "127.0.0.1:0")
            .env("SSH_AUTH_SOCK", &socket)
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(0), "{option}: {done:?}");
    }
    let target = door.url.trim_start_matches("http://");
    for (flag, socks) in [("-L", false), ("-D", true)] {
        let port = free_port();
        let place = match socks {
            true => format!("{flag}127.0.0.1:{port}"),
            false => format!("{flag}127.0.0.1:{port}:{target}"),
        };
        let mut client = door
            .client("d.okafor", &["-N", &place], &[])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut through = until("the client's own listener", || {
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        through.set_read_timeout(Some(PATIENCE)).unwrap();
        let asked = match socks {
            true => b"\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x09".to_vec(),
            false => b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        };
        let _ = through.write_all(&asked);
        let mut answer = Vec::new();
        let _ = through.read_to_end(&mut answer);
        assert!(
            !text(&answer).contains("HTTP/1.1"),
            "{flag}: {}",
            text(&answer)
        );
        client.kill().unwrap();
        client.wait().unwrap();
    }
    board.keys("?");
    board.sees("the keys that work here");
}
