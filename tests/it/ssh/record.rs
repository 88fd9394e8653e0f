//! Logins in the record: who came in, went and was turned away stands in the chain, told late where the backend was away.

use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use serde_json::Value;

use super::{Door, issued, listening, new_key, text, until};
use crate::program::{output, warboard};

fn json(printed: &str) -> Value {
    serde_json::from_str(printed).unwrap()
}

/// A process that ends with its test, however that ends.
struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The logins on record, as an admin reads them.
pub fn logins(door: &Door, admin: &str) -> Vec<Value> {
    let all = ["logins", "--json", "--url", &door.url];
    let done = warboard(door.home.path(), &all)
        .env("WARBOARD_TOKEN", admin)
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    let body = json(&text(&done.stdout));
    body["logins"].as_array().unwrap().clone()
}

/// The first of this person and outcome.
pub fn first<'a>(logins: &'a [Value], person: &str, outcome: &str) -> Option<&'a Value> {
    let found = logins
        .iter()
        .find(|entry| entry["login"]["person"] == person && entry["login"]["outcome"] == outcome);
    found.map(|entry| &entry["login"])
}

#[test]
fn every_login_stands_in_the_record_and_is_read_by_admins_and_counsel_alone() {
    let mut door = Door::open(&[
        "person=d.okafor,role=commander",
        "person=r.haddad,role=responder",
    ]);
    let admin = issued(&door.home, &["--role", "admin", "--name", "root"]);
    let id = door.incident("A");
    assert!(door.ssh("d.okafor", &["list"]).status.success());
    // Whose public key is known and whose private one is not: named, and not proven.
    let public = door.home.path().join("public_only.pub");
    let known = format!("{}.pub", door.key("r.haddad").display());
    std::fs::copy(known, &public).unwrap();
    let mut args = door.options("r.haddad");
    let identity = format!("-i{}", door.key("r.haddad").display());
    for arg in &mut args {
        if *arg == identity {
            *arg = format!("-i{}", public.display());
        }
    }
    let tried = std::process::Command::new(super::SSH)
        .args(args)
        .args(["anyone@127.0.0.1", "list"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(!tried.status.success(), "{tried:?}");
    let seen = until("the logins on record", || {
        let seen = logins(&door, &admin);
        let all = first(&seen, "d.okafor", "logged_in").is_some()
            && first(&seen, "d.okafor", "logged_out").is_some()
            && first(&seen, "r.haddad", "refused").is_some();
        all.then_some(seen)
    });
    let came = first(&seen, "d.okafor", "logged_in").unwrap();
    assert_eq!(came["address"], "127.0.0.1");
    assert!(
        came["key"].as_str().unwrap().starts_with("SHA256:"),
        "{came}"
    );
    assert_eq!(came["count"], 1);
    assert_eq!(
        first(&seen, "r.haddad", "refused").unwrap()["reason"],
        "not_proven"
    );
    assert_eq!(first(&seen, "r.haddad", "logged_in"), None);

    let commander = warboard(door.home.path(), &["logins", "--url", &door.url])
        .env("WARBOARD_TOKEN", &door.token)
        .output()
        .unwrap();
    assert_eq!(commander.status.code(), Some(4), "{commander:?}");
    let counsel = issued(
        &door.home,
        &["--role", "viewer", "--name", "legal", "--counsel"],
    );
    assert_eq!(logins(&door, &counsel).len(), seen.len());

    // Entries without an incident move no feed: what waits for the end of it finds it.
    door.desk(&["note", &id, "after the logins"]);
    assert_eq!(door.ends(), 0);
    let store = format!("sqlite:{}", door.home.path().join("test.db").display());
    let verified = output(door.home.path(), &["verify", "--json", "--store", &store]);
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
    let report = json(&text(&verified.stdout));
    assert_eq!(
        (&report["sound"], &report["incidents"]),
        (&true.into(), &1.into())
    );
    assert_eq!(report["logins"], 2, "{report}");
    // And they come back with a backup.
    let file = door.home.path().join("all.backup").display().to_string();
    let backup = output(door.home.path(), &["backup", "--store", &store, &file]);
    assert!(backup.status.success(), "{backup:?}");
    let copy = format!("sqlite:{}", door.home.path().join("copy.db").display());
    let restored = output(door.home.path(), &["restore", "--store", &copy, &file]);
    assert!(restored.status.success(), "{restored:?}");
    let verified = output(door.home.path(), &["verify", "--json", "--store", &copy]);
    assert_eq!(json(&text(&verified.stdout))["logins"], 2, "{verified:?}");
}

#[test]
fn a_key_that_was_taken_away_and_tries_again_is_on_record() {
    let door = Door::open(&[
        "person=d.okafor,role=commander",
        "person=gone,role=responder",
    ]);
    let admin = issued(&door.home, &["--role", "admin", "--name", "root"]);
    let keys = door.home.path().join("keys");
    let lines = std::fs::read_to_string(&keys).unwrap();
    let kept: String = lines
        .lines()
        .filter(|line| !line.contains("person=gone"))
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(&keys, kept).unwrap();
    assert!(!door.ssh("gone", &["list"]).status.success());
    let seen = until("the refused login on record", || {
        let seen = logins(&door, &admin);
        first(&seen, "gone", "refused").cloned()
    });
    assert_eq!(seen["reason"], "taken_away", "{seen}");
}

#[test]
fn a_login_while_the_backend_is_away_is_let_in_and_told_later_with_its_own_instant() {
    let mut door = Door::open(&["person=d.okafor,role=commander"]);
    let admin = issued(&door.home, &["--role", "admin", "--name", "root"]);
    let rights = ["--role", "admin", "--name", "side", "--door"];
    let token = issued(&door.home, &rights);
    let other = new_key(&door.home, "k.ono");
    std::fs::write(
        door.home.path().join("side_keys"),
        format!("warboard=\"person=k.ono,role=viewer\" {other}\n"),
    )
    .unwrap();
    let args = [
        "ssh-serve",
        "--listen",
        "127.0.0.1:0",
        "--url",
        &door.url,
        "--host-key",
        "side_host",
        "--authorized-keys",
        "side_keys",
    ];
    let side = warboard(door.home.path(), &args)
        .env("WARBOARD_TOKEN", &token)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut side = Ended(side);
    let at = listening(&mut side.0, &["ssh://"]);
    door.port = at[0].rsplit(':').next().unwrap().parse().unwrap();
    // Nobody answers from here on, and the person is in all the same.
    kill(door.pid(), Signal::SIGSTOP).unwrap();
    let helped = door.ssh("k.ono", &["list", "--help"]);
    assert!(helped.status.success(), "{helped:?}");
    let came_by = chrono::Utc::now();
    kill(door.pid(), Signal::SIGCONT).unwrap();
    let entry = until("the login on record", || {
        let seen = logins(&door, &admin);
        seen.into_iter().find(|entry| {
            entry["login"]["person"] == "k.ono" && entry["login"]["outcome"] == "logged_in"
        })
    });
    let instant = |value: &Value| -> chrono::DateTime<chrono::Utc> {
        value.as_str().unwrap().parse().unwrap()
    };
    assert!(instant(&entry["login"]["at"]) <= came_by, "{entry}");
    assert!(instant(&entry["recorded_at"]) >= came_by, "{entry}");
    assert_eq!(entry["door"], "side");
}
