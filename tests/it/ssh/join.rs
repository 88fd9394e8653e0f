//! A door as a process of its own, before a backend elsewhere: its token speaks for people, and only such a one opens it.

use super::{Door, issued, listening, new_key, serving, store, text};
use crate::program::{Backend, warboard};

#[test]
fn a_door_of_its_own_shows_a_backend_with_a_doors_token_alone() {
    let mut door = Door::open(&[]);
    let id = door.incident("A");
    let line = new_key(&door.home, "d.okafor");
    let file = format!("warboard=\"person=d.okafor,role=commander\" {line}\n");
    std::fs::write(door.home.path().join("keys"), file).unwrap();
    let args = [
        "ssh-serve",
        "--listen",
        "127.0.0.1:0",
        "--host-key",
        "host2",
        "--authorized-keys",
        "keys",
        "--url",
        &door.url,
    ];
    let refused = warboard(door.home.path(), &args)
        .env("WARBOARD_TOKEN", &door.token)
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    assert!(text(&refused.stderr).contains("--door"), "{refused:?}");
    let token = issued(
        &door.home,
        &["--role", "responder", "--name", "bastion", "--door"],
    );
    let mut child = warboard(door.home.path(), &args)
        .env("WARBOARD_TOKEN", &token)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let found = listening(&mut child, &["ssh://"]);
    door.port = found[0].rsplit(':').next().unwrap().parse().unwrap();
    // The person may be a commander, the door may not.
    let refused = door.ssh("d.okafor", &["show", &id]);
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    assert!(
        text(&refused.stderr).contains("may not give the role commander"),
        "{refused:?}"
    );
    let file = format!("warboard=\"person=d.okafor,role=responder\" {line}\n");
    std::fs::write(door.home.path().join("keys"), file).unwrap();
    let shown = door.ssh("d.okafor", &["show", &id]);
    assert_eq!(shown.status.code(), Some(0), "{shown:?}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn faults_in_the_keys_are_named_by_line_and_end_the_start() {
    let backend = Backend::start();
    std::fs::write(
        backend.home.path().join("keys"),
        "# ours\nwarboard=\"person=a,rule=x\" ssh-ed25519 AAAA\nrestrict ssh-ed25519 AAAA\n",
    )
    .unwrap();
    let store = store(&backend.home, "other.db");
    let done = warboard(backend.home.path(), &serving(&store))
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(2), "{done:?}");
    let told = text(&done.stderr);
    assert!(told.contains("keys:2: 'rule=x' is no right"), "{told}");
    assert!(told.contains("keys:3: 'restrict' is no option"), "{told}");
}

#[test]
fn the_boards_of_a_door_say_that_its_token_ends_soon() {
    let mut door = Door::open(&["person=d.okafor,role=commander"]);
    let rights = ["--role", "commander", "--name", "bastion", "--door"];
    let token = issued(&door.home, &[&rights[..], &["--expires", "2d"]].concat());
    let places = ["--host-key", "host2", "--authorized-keys", "keys"];
    let args = ["ssh-serve", "--listen", "127.0.0.1:0", "--url", &door.url];
    let mut child = warboard(door.home.path(), &[&args[..], &places].concat())
        .env("WARBOARD_TOKEN", &token)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The backend's own door has no token that ends.
    let mut board = door.board("d.okafor", (120, 34), &[]);
    board.sees("d.okafor");
    assert!(!board.picture().contains("token"), "{}", board.picture());
    let found = listening(&mut child, &["ssh://"]);
    door.port = found[0].rsplit(':').next().unwrap().parse().unwrap();
    let mut board = door.board("d.okafor", (120, 34), &[]);
    board.sees("door token expires in 1 d");
    child.kill().unwrap();
    child.wait().unwrap();
}
