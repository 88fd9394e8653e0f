//! SIGHUP at the door: who may come in and the door's own key are read again, and what cannot be used changes nothing.

use std::sync::{Arc, Mutex};

use nix::sys::signal::{Signal, kill};
use russh::client;
use russh::keys::PublicKeyOrCertificate;

use super::{Door, new_key, text, until};

/// Notes with which key the door shows itself.
struct Notes(Arc<Mutex<String>>);

impl client::Handler for Notes {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        key: &PublicKeyOrCertificate,
    ) -> Result<bool, russh::Error> {
        *self.0.lock().unwrap() = format!("{key:?}");
        Ok(true)
    }
}

/// The key that the door shows now.
async fn shown(door: &Door) -> String {
    let noted = Arc::new(Mutex::new(String::new()));
    let handler = Notes(noted.clone());
    let connected = client::connect(Arc::default(), ("127.0.0.1", door.port), handler).await;
    drop(connected.unwrap());
    let shown = noted.lock().unwrap().clone();
    assert!(!shown.is_empty());
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_host_key_is_shown_after_sighup_and_a_faulty_one_changes_nothing() {
    let door = Door::open(&["person=d.okafor,role=commander"]);
    let file = door.home.path().join("host");
    let first = shown(&door).await;
    std::fs::write(&file, "no key at all").unwrap();
    kill(door.pid(), Signal::SIGHUP).unwrap();
    // Each is heard in its turn: the good one after it shows that the faulty one was looked at.
    assert_eq!(shown(&door).await, first);
    std::fs::remove_file(&file).unwrap();
    kill(door.pid(), Signal::SIGHUP).unwrap();
    assert_eq!(shown(&door).await, first);
    new_key(&door.home, "other_host");
    std::fs::rename(door.key("other_host"), &file).unwrap();
    kill(door.pid(), Signal::SIGHUP).unwrap();
    let begun = std::time::Instant::now();
    while shown(&door).await == first {
        assert!(
            begun.elapsed() < crate::http::PATIENCE,
            "the old key is shown"
        );
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[test]
fn at_sighup_whoever_lost_their_key_leaves_and_whoever_got_one_comes_in() {
    let door = Door::open(&[
        "person=d.okafor,role=commander",
        "person=gone,role=responder",
    ]);
    let id = door.incident("A");
    let mut stays = door.board("d.okafor", (80, 24), &[]);
    let mut leaves = door.board("gone", (80, 24), &[]);
    for board in [&mut stays, &mut leaves] {
        board.sees(&id);
    }
    let keys = door.home.path().join("keys");
    let lines = std::fs::read_to_string(&keys).unwrap();
    let kept = lines.lines().filter(|line| !line.contains("person=gone"));
    let mut text_of: String = kept.map(|line| format!("{line}\n")).collect();
    let new = new_key(&door.home, "new");
    text_of.push_str(&format!("warboard=\"person=new,role=viewer\" {new}\n"));
    // As an editor does: another file in its place.
    let beside = door.home.path().join("keys.new");
    std::fs::write(&beside, text_of).unwrap();
    std::fs::rename(&beside, &keys).unwrap();
    kill(door.pid(), Signal::SIGHUP).unwrap();
    assert_eq!(leaves.ends().exit_code(), 4);
    assert!(
        leaves.picture().contains("no longer gives"),
        "{}",
        leaves.picture()
    );
    until("the new person in", || {
        let listed = door.ssh("new", &["list"]);
        listed.status.success().then(|| text(&listed.stdout))
    });
    let other = door.incident("B");
    stays.sees(&other);
}
