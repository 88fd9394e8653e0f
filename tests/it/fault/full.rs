//! A disk that fills up under a running backend: it refuses what it cannot keep and says why, goes on reading and paging, and
//! goes on as before when there is room again. The disk is a small one in memory, mounted for that process alone.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;
use tempfile::TempDir;

use super::node::{Node, Place, directory, webhook};
use super::receiver::{Manner, Receiver, TAKES};
use crate::http::soon;
use crate::program::warboard;

/// Room on the small disk.
const SIZE: &str = "6m";
/// Most lines of its log that a backend may spend on a disk that stays full for a while.
const LINES: usize = 40;

/// How a process gets mounts of its own here: as root, or as root of a user namespace; None where neither is allowed.
fn unshare() -> Option<&'static str> {
    ["-m", "-Urm"].into_iter().find(|flags| {
        let folder = tempfile::tempdir().unwrap();
        let mount = format!(
            "mount -t tmpfs -o size=64k none '{}'",
            folder.path().display()
        );
        let tried = Command::new("unshare")
            .args([*flags, "sh", "-c", mount.as_str()])
            .stderr(Stdio::null())
            .status();
        tried.is_ok_and(|status| status.success())
    })
}

/// A backend over a store on its small disk, and where that disk is seen from outside.
struct Small {
    place: Place,
    node: Node,
    disk: PathBuf,
    _home: TempDir,
}

impl Small {
    async fn start(flags: &str, server_toml: &str) -> Small {
        let home = tempfile::tempdir().unwrap();
        let disk = home.path().join("disk");
        std::fs::create_dir(&disk).unwrap();
        let token = home.path().join("token");
        let store = format!("sqlite:{}", disk.join("test.db").display());
        let folder = home.path().join(".config/warboard");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("server.toml"), server_toml).unwrap();
        // Whatever opens the store must see the disk: the token is issued inside too.
        let script = format!(
            "mount -t tmpfs -o size={SIZE} none '{disk}' && '{program}' token issue --store '{store}' --role commander --name d.okafor >'{token}' 2>/dev/null && exec '{program}' serve --listen 127.0.0.1:0 --store '{store}'",
            disk = disk.display(),
            program = env!("CARGO_BIN_EXE_warboard"),
            token = token.display(),
        );
        let inner = warboard(home.path(), &[]);
        let mut command = Command::new("unshare");
        command
            .args([flags, "sh", "-c", script.as_str()])
            .env_clear();
        for (name, value) in inner.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("WARBOARD_LOG", "warn");
        command.current_dir(home.path()).stdin(Stdio::null());
        let node = Node::spawn(command.into()).listening().await;
        let seen = Path::new("/proc").join(node.pid().to_string()).join("root");
        let disk = seen.join(disk.strip_prefix("/").unwrap());
        // The disk is seen through the process; names that are resolved lead elsewhere, so it is looked at in a copy.
        let copies = tempfile::tempdir().unwrap();
        let place = Place {
            store: format!("sqlite:{}", copies.path().join("test.db").display()),
            token: std::fs::read_to_string(token).unwrap().trim().to_owned(),
            home: copies,
        };
        Small {
            place,
            node,
            disk,
            _home: home,
        }
    }

    fn ballast(&self) -> PathBuf {
        self.disk.join("ballast")
    }

    /// Walks the record in a copy, nobody writing meanwhile.
    async fn verify(&self) {
        let copy = self.place.file();
        for end in ["", "-wal"] {
            let name = format!("test.db{end}");
            std::fs::copy(self.disk.join(&name), copy.with_file_name(name)).unwrap();
        }
        self.place.verify().await;
    }

    /// Leaves not a byte.
    fn fill(&self) {
        let mut ballast = File::create(self.ballast()).unwrap();
        loop {
            match ballast.write_all(&[7; 4096]) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writes_and_goes_on_reading_and_paging() {
    let Some(flags) = unshare() else {
        return super::missing("a small disk that can be mounted", "run this as root");
    };
    let receiver = Receiver::new(Manner::Says("503 Later")).await;
    let small = Small::start(flags, &directory("1h", &webhook(&receiver.url))).await;
    let (place, to) = (&small.place, small.node.address);
    let id = place.opened(to).await;
    let page = json!({"type": "page", "teams": ["legal-affairs"]});
    place.order(to, &id, &page).send().await.expect(200);
    place
        .until(to, &id, |i| i["pages"][0]["attempts"] != 0)
        .await;

    // Notes until not one more fits: the log of the database has room of its own to use up first.
    small.fill();
    let note = |n: usize| {
        let text = format!("note {n} {}", "x".repeat(15_000));
        json!({"type": "note", "kind": "fact", "text": text})
    };
    let mut kept = 0;
    let refused = loop {
        let answer = place.order(to, &id, &note(kept)).send().await;
        if answer.status != 200 {
            break answer;
        }
        kept += 1;
        assert!(kept < 2_000, "the disk does not fill up");
    };
    let (word, detail) = refused.problem(507);
    assert_eq!(word, "store_full");
    assert!(detail.contains("free some space"), "{detail}");
    assert!(refused.header("retry-after").is_some());
    let (word, _) = place.get(to, "/readyz").await.problem(507);
    assert_eq!(word, "store_full");
    place.get(to, "/healthz").await.expect(200);
    let cli = warboard(place.home.path(), &["note", &id, "one more", "--url"])
        .arg(format!("http://{to}"))
        .env("WARBOARD_TOKEN", &place.token)
        .output()
        .unwrap();
    let told = String::from_utf8(cli.stderr).unwrap();
    assert_eq!(cli.status.code(), Some(1), "{told}");
    assert!(told.contains("store is full"), "{told}");

    // It is still tried, and still the same, though how the last attempt went cannot be written down.
    let tries = receiver
        .came()
        .values()
        .map(|came| came.times)
        .sum::<usize>();
    let again = |than: usize| {
        move |came: &std::collections::BTreeMap<String, super::receiver::Came>| {
            came.values().map(|came| came.times).sum::<usize>() > than
        }
    };
    receiver.until("another attempt", again(tries)).await;
    receiver.set(TAKES);
    receiver
        .until("the page", |came| came.values().any(|came| came.taken > 0))
        .await;
    assert_eq!(receiver.came().len(), 1, "one key");

    // Reading goes on, and what was refused is not there.
    for n in 0..20 {
        let answer = place.order(to, &id, &note(9_000 + n)).send().await;
        assert_eq!(answer.status, 507, "{}", answer.text());
    }
    let list = place.get(to, "/v1/incidents").await.expect(200);
    assert_eq!(list["incidents"][0]["id"], id.as_str());
    let path = format!("/v1/incidents/{id}/timeline?limit=1000");
    let timeline = place.get(to, &path).await.expect(200);
    let notes = timeline["entries"].as_array().unwrap().iter();
    assert_eq!(notes.filter(|entry| entry["kind"] == "note").count(), kept);
    let (lines, last) = small.node.said();
    assert!(lines < LINES, "{lines} lines: {last:#?}");

    // With room again nothing needs to be done.
    std::fs::remove_file(small.ballast()).unwrap();
    let written = async {
        while place.order(to, &id, &note(kept)).send().await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    soon("a note that is kept", written).await;
    place.get(to, "/readyz").await.expect(200);
    place
        .until(to, &id, |i| i["pages"][0]["state"] == "accepted")
        .await;
    small.verify().await;
    small.node.kill().await;
}
