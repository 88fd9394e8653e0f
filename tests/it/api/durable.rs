//! What was acknowledged is on disk: over a restart, over `kill -9`, and never under two servers.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use warboard::store::StoreError;
use warboard::store::sqlite::SqliteStore;
use warboard::time::TestClock;

use crate::backend::{Backend, Plan, report};
use crate::hook::{HANG, Hook};
use crate::http::{Ask, Line, soon};

#[tokio::test]
async fn a_restart_keeps_everything_and_the_chain_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("warboard.db");
    let backend = Plan::new().at(&path).start().await;
    let id = backend.opened().await;
    backend.done(&id, &json!({"type": "declare"})).await;
    backend
        .done(
            &id,
            &json!({"type": "page", "teams": ["legal-affairs"], "message": "please come"}),
        )
        .await;
    // No team has a route here: the command team is asked at once, and in vain.
    backend
        .until(&id, |i| i["pages"][1]["state"] == "failed")
        .await;
    backend
        .done(
            &id,
            &json!({"type": "note", "kind": "fact", "text": "line\nline"}),
        )
        .await;
    let seen = backend.incident(&id).await;
    let timeline = backend.timeline(&id).await;
    let cursor = backend.cursor().await;
    backend.stop().await;
    let backend = Plan::new().at(&path).start().await;
    assert_eq!(backend.incident(&id).await, seen);
    assert_eq!(backend.timeline(&id).await, timeline);
    assert_eq!(
        backend.cursor().await,
        cursor,
        "readers go on where they were"
    );
    let found = report(&path, &[]).await;
    assert!(found.is_sound(), "{:?}", found.faults);
    assert_eq!((found.entries, found.incidents), (6, 1));
    let second = backend.opened().await;
    assert_ne!(
        backend.incident(&second).await["codename"],
        seen["codename"]
    );
    assert_eq!(second, "AZ-2");
    backend.stop().await;
}

#[tokio::test]
async fn a_second_server_on_one_file_is_refused_and_the_first_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("warboard.db");
    let backend = Plan::new().at(&path).start().await;
    let refused = Plan::new().at(&path).try_start().await;
    assert!(matches!(refused.map(|_| ()), Err(StoreError::InUse(_))));
    let other_name = folder.path().join("link.db");
    std::os::unix::fs::symlink(&path, &other_name).unwrap();
    let refused = Plan::new().at(&other_name).try_start().await;
    assert!(matches!(refused.map(|_| ()), Err(StoreError::InUse(_))));
    // Tokens are issued beside it.
    let beside = SqliteStore::for_tokens(&path).await.unwrap();
    warboard::store::Store::close(&beside).await;
    backend.opened().await;
    backend.stop().await;
    Plan::new().at(&path).start().await.stop().await;
}

#[tokio::test]
async fn a_page_that_was_not_taken_before_a_restart_is_sent_after_it_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("warboard.db");
    let clock = TestClock::default();
    let mut hook = Hook::new(&["503 Later"]).await;
    let plan = || {
        Plan::new()
            .at(&path)
            .clock(&clock)
            .routes("legal-affairs", vec![hook.route()])
    };
    let (first, second) = (plan(), plan());
    let backend = first.start().await;
    let id = backend.opened().await;
    backend
        .done(&id, &json!({"type": "page", "teams": ["legal-affairs"]}))
        .await;
    let before = hook.letter().await;
    backend.until(&id, |i| i["pages"][0]["attempts"] == 1).await;
    backend.stop().await;
    let backend = second.start().await;
    backend
        .until_at(&clock, &id, |i| i["pages"][0]["state"] == "accepted")
        .await;
    let after = hook.letter().await;
    assert_eq!(
        after.header("idempotency-key"),
        before.header("idempotency-key")
    );
    assert_eq!(after.body, before.body);
    backend.stop().await;
}

#[tokio::test]
async fn a_route_that_hangs_holds_up_no_end_and_its_page_is_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("warboard.db");
    let clock = TestClock::default();
    let mut hook = Hook::new(&[HANG]).await;
    let plan = || {
        Plan::new()
            .at(&path)
            .clock(&clock)
            .routes("legal-affairs", vec![hook.route()])
    };
    let (first, second) = (plan(), plan());
    let backend = first.start().await;
    let id = backend.opened().await;
    backend
        .done(&id, &json!({"type": "page", "teams": ["legal-affairs"]}))
        .await;
    let before = hook.letter().await;
    // A slow request in front of it: both share the time there is.
    let mut line = Line::open(backend.address).await;
    line.write(b"GET /healthz HT").await;
    backend.ask("GET", "/healthz").send().await.expect(200);
    let took = backend.stop_at(&clock).await;
    assert!(took < 12_000, "{took}");
    let backend = second.start().await;
    let after = hook.letter().await;
    assert_eq!(
        after.header("idempotency-key"),
        before.header("idempotency-key")
    );
    assert_eq!(after.body, before.body);
    backend
        .until(&id, |i| i["pages"][0]["state"] == "accepted")
        .await;
    backend.stop().await;
}

/// Where the process that is to be killed finds its store, and the address of the hook.
const STORE: &str = "WARBOARD_IT_STORE";
const HOOK: &str = "WARBOARD_IT_HOOK";

/// No proof by itself: the backend that `kill_9_loses_no_acknowledged_command_and_no_page` starts and kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_to_be_killed() {
    let (Some(path), Some(hook)) = (std::env::var_os(STORE), std::env::var_os(HOOK)) else {
        return;
    };
    let route = Hook::route_to(&hook.to_string_lossy());
    let plan = Plan::new()
        .at(Path::new(&path))
        .routes("legal-affairs", vec![route]);
    let backend = plan.start().await;
    println!("\nready {} {}", backend.address, backend.tokens.commander);
    // Whoever started it is gone when this ends.
    let gone = tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0]));
    drop(gone.await);
}

struct Killed {
    child: Child,
    address: std::net::SocketAddr,
    token: String,
}

impl Killed {
    async fn start(path: &Path, hook: &str) -> Killed {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "--nocapture",
                "api::durable::a_backend_to_be_killed",
            ])
            .env(STORE, path)
            .env(HOOK, hook)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = async {
            loop {
                let line = lines.next_line().await.unwrap().unwrap();
                let Some(ready) = line.strip_prefix("ready ") else {
                    continue;
                };
                let (address, token) = ready.split_once(' ').unwrap();
                return (address.parse().unwrap(), token.to_owned());
            }
        };
        let (address, token) = soon("a backend of its own", ready).await;
        Killed {
            child,
            address,
            token,
        }
    }

    async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// What was acknowledged: versions by incident, and the pages.
#[derive(Default, Clone)]
struct Promised {
    versions: BTreeMap<String, u64>,
    pages: Vec<String>,
}

/// Writes until the backend is gone.
async fn write(
    backend: (std::net::SocketAddr, String),
    acknowledged: watch::Sender<usize>,
) -> Promised {
    let (address, token) = backend;
    let mut promised = Promised::default();
    let mut id = None;
    for n in 0.. {
        let (path, body) = match &id {
            None => (
                "/v1/incidents".to_owned(),
                json!({"service": "azure", "title": "t"}),
            ),
            Some(id) => {
                let body = match n % 4 {
                    0 => json!({"type": "page", "teams": ["legal-affairs"], "again": true}),
                    _ => json!({"type": "note", "kind": "fact", "text": "t"}),
                };
                (format!("/v1/incidents/{id}/commands"), body)
            }
        };
        let ask = Ask::new(address, "POST", &path)
            .token(&token)
            .header("if-match", "*")
            .json(&body);
        let Some(answer) = ask.try_send().await else {
            return promised;
        };
        assert!(answer.status < 300, "{}", answer.text());
        acknowledged.send_modify(|count| *count += 1);
        let seen: Value = answer.json();
        let name = seen["id"].as_str().unwrap().to_owned();
        promised
            .versions
            .insert(name.clone(), seen["version"].as_u64().unwrap());
        if body["type"] == "page" {
            let page = seen["pages"].as_array().unwrap().last().unwrap();
            promised.pages.push(page["id"].as_str().unwrap().to_owned());
        }
        id = (n % 9 != 8).then_some(name);
    }
    promised
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_loses_no_acknowledged_command_and_no_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("warboard.db");
    let mut hook = Hook::new(&[]).await;
    let mut all = Promised::default();
    for round in 0..3 {
        let backend = Killed::start(&path, hook.url()).await;
        let (acknowledged, mut counted) = watch::channel(0);
        let writers: Vec<_> = (0..4)
            .map(|_| {
                let to = (backend.address, backend.token.clone());
                tokio::spawn(write(to, acknowledged.clone()))
            })
            .collect();
        let enough = counted.wait_for(|count| *count >= 60 + round * 17);
        drop(soon("enough answers", enough).await.unwrap());
        backend.kill().await;
        for writer in writers {
            let promised = writer.await.unwrap();
            all.versions.extend(promised.versions);
            all.pages.extend(promised.pages);
        }
    }
    let backend = Plan::new()
        .at(&path)
        .routes("legal-affairs", vec![hook.route()])
        .start()
        .await;
    for (id, version) in &all.versions {
        let seen = backend.incident(id).await["version"].as_u64().unwrap();
        assert!(seen >= *version, "{id} was at {version}, is at {seen}");
    }
    let found = report(&path, &[]).await;
    assert!(found.is_sound(), "{:?}", found.faults);
    assert!(all.pages.len() > 20, "{}", all.pages.len());
    // Every page comes at least once, and always as the same.
    let mut came: BTreeMap<String, (String, Vec<u8>)> = BTreeMap::new();
    while all.pages.iter().any(|page| !came.contains_key(page)) {
        let letter = hook.letter().await;
        let page = letter.json()["page"].as_str().unwrap().to_owned();
        let this = (
            letter.header("idempotency-key").to_owned(),
            letter.body.clone(),
        );
        let before = came.entry(page).or_insert_with(|| this.clone());
        assert_eq!(*before, this);
    }
    backend.stop().await;
}

#[tokio::test]
async fn a_damaged_or_foreign_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("warboard.db");
    std::fs::write(
        &path,
        "this is no database, however long it is made to look".repeat(100),
    )
    .unwrap();
    let Err(error) = Plan::new().at(&path).try_start().await.map(|_: Backend| ()) else {
        panic!("it was opened");
    };
    assert!(error.to_string().contains("warboard.db"), "{error}");
    assert!(
        std::fs::read(&path)
            .unwrap()
            .starts_with(b"this is no database"),
        "and left alone"
    );
}
