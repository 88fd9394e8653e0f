//! The record from outside: `verify`, `redact`, `backup` and `restore` as a person at a shell runs them.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::program::{Backend, output, warboard};

/// A backend with some record, and what its store is called.
fn told() -> (Backend, String, String) {
    let backend = Backend::start();
    let opened = backend.done(&["open", "odd sign-ins", "--service", "azure"]);
    let id = opened.trim().to_owned();
    backend.done(&["note", &id, "seen at the door of Contoso"]);
    let store = format!("sqlite:{}", backend.home.path().join("test.db").display());
    (backend, id, store)
}

fn run(backend: &Backend, args: &[&str]) -> (i32, String, String) {
    let done = output(backend.home.path(), args);
    (
        done.status.code().unwrap(),
        String::from_utf8(done.stdout).unwrap(),
        String::from_utf8(done.stderr).unwrap(),
    )
}

#[test]
fn verify_reads_beside_a_server_and_finds_what_was_done_to_the_file() {
    let (mut backend, _, store) = told();
    let (code, out, err) = run(&backend, &["verify", "--store", &store, "--json"]);
    assert_eq!(code, 0, "{out}{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&report["sound"], &report["entries"]),
        (&Value::Bool(true), &2.into())
    );
    let head = format!(
        "{}:{}",
        report["head"]["seq"],
        report["head"]["hash"].as_str().unwrap()
    );
    let (code, out, _) = run(&backend, &["verify", "--store", &store, "--head", &head]);
    assert_eq!(code, 0);
    assert!(out.contains(&head), "{out}");
    backend.token = backend.issue("admin", "keeper");
    let doctor = backend.run(&["doctor"]).1;
    assert!(doctor.contains(&head), "{doctor}");
    let (code, _, err) = run(&backend, &["verify", "--store", &store, "--head", "12"]);
    assert_eq!(code, 2, "{err}");
    let (code, _, err) = run(&backend, &["verify", "--store", "sqlite:none.db"]);
    assert_eq!(code, 1);
    assert!(err.contains("none.db"), "{err}");
    assert!(!backend.home.path().join("none.db").exists());
    backend.kill();
    // What was in the log beside the file comes into it.
    backend.issue("viewer", "x");
    let path = backend.home.path().join("test.db");
    let bytes = std::fs::read(&path).unwrap();
    let place = bytes.windows(8).position(|at| at == b"the door").unwrap();
    let mut bent = bytes.clone();
    bent[place..place + 8].copy_from_slice(b"the wall");
    std::fs::write(&path, bent).unwrap();
    let (code, out, _) = run(&backend, &["verify", "--store", &store]);
    assert_eq!(code, 1);
    assert!(out.contains("entry 2 of AZ-1: it was changed"), "{out}");
}

#[test]
fn a_store_goes_into_a_file_and_back() {
    let (backend, id, store) = told();
    let home = backend.home.path();
    let (code, out, err) = run(&backend, &["backup", "b.jsonl", "--store", &store]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("2 entries of 1 incidents"), "{out}");
    let mode = std::fs::metadata(home.join("b.jsonl"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let (code, _, err) = run(&backend, &["backup", "b.jsonl", "--store", &store]);
    assert_eq!(code, 1);
    assert!(err.contains("already"), "{err}");
    assert_eq!(
        run(&backend, &["backup", "c.jsonl", "--store", "other:x"]).0,
        2
    );
    let (code, out, err) = run(
        &backend,
        &["restore", "b.jsonl", "--store", "sqlite:new.db"],
    );
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("2 entries of 1 incidents"), "{out}");
    let (code, out, _) = run(&backend, &["verify", "--store", "sqlite:new.db"]);
    assert_eq!(code, 0, "{out}");
    let (code, _, err) = run(
        &backend,
        &["restore", "b.jsonl", "--store", "sqlite:new.db"],
    );
    assert_eq!(code, 1);
    assert!(err.contains("not empty"), "{err}");
    let whole = std::fs::read_to_string(home.join("b.jsonl")).unwrap();
    std::fs::write(home.join("bent.jsonl"), whole.replace("door", "wall")).unwrap();
    let (code, _, err) = run(
        &backend,
        &["restore", "bent.jsonl", "--store", "sqlite:x.db"],
    );
    assert_eq!(code, 1);
    assert!(err.contains("Nothing was restored"), "{err}");
    assert!(!home.join("x.db").exists());
    let left: Vec<_> = std::fs::read_dir(home)
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .filter(|name| name.to_string_lossy().starts_with(".warboard-backup"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    drop(id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_verified_redacted_and_goes_into_a_file_and_back() {
    let cluster = tokio::task::spawn_blocking(Cluster::shared).await.unwrap();
    let (from, into) = (cluster.database().await, cluster.database().await);
    let (from, into) = (from.url(), into.url());
    tokio::task::spawn_blocking(move || {
        let backend = Backend::on(from.expose(), "", "d.okafor");
        let opened = backend.done(&["open", "odd sign-ins", "--service", "azure"]);
        let id = opened.trim().to_owned();
        backend.done(&["note", &id, "seen at the door of Contoso"]);
        let counsel =
            backend.issue_with("viewer", "j.counsel", &["--counsel", "--clearance", "red"]);
        let redacted = warboard(
            backend.home.path(),
            &[
                "redact",
                &id,
                "2",
                "--reason",
                "names a customer",
                "--url",
                &backend.url,
            ],
        )
        .env("WARBOARD_TOKEN", counsel)
        .output()
        .unwrap();
        assert!(redacted.status.success(), "{redacted:?}");
        let store = from.expose();
        let (code, out, err) = run(&backend, &["verify", "--store", store]);
        assert_eq!(code, 0, "{out}{err}");
        assert!(
            out.contains("redacted  entry 2 of AZ-1 by j.counsel"),
            "{out}"
        );
        let head = out
            .lines()
            .find(|line| line.starts_with("head"))
            .unwrap()
            .to_owned();
        let (code, _, err) = run(&backend, &["backup", "b.jsonl", "--store", store]);
        assert_eq!(code, 0, "{err}");
        let bytes = std::fs::read_to_string(backend.home.path().join("b.jsonl")).unwrap();
        assert!(!bytes.contains("Contoso"), "{bytes}");
        // Out of the database into a file, out of that into another database.
        for (out_of, file, to) in [
            (None, "b.jsonl", "sqlite:new.db"),
            (Some("sqlite:new.db"), "c.jsonl", into.expose()),
        ] {
            if let Some(out_of) = out_of {
                let (code, _, err) = run(&backend, &["backup", file, "--store", out_of]);
                assert_eq!(code, 0, "{err}");
            }
            let (code, _, err) = run(&backend, &["restore", file, "--store", to]);
            assert_eq!(code, 0, "{err}");
            let (code, out, _) = run(&backend, &["verify", "--store", to]);
            assert_eq!(code, 0, "{out}");
            assert!(out.contains(&head), "{out}");
            let (code, _, err) = run(&backend, &["restore", file, "--store", to]);
            assert_eq!(code, 1);
            assert!(err.contains("not empty"), "{err}");
        }
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_a_store_is_told_and_left_alone() {
    let cluster = tokio::task::spawn_blocking(Cluster::shared).await.unwrap();
    let database = cluster.database().await;
    let url = database.url();
    let home = tempfile::tempdir().unwrap();
    for args in [
        &["verify", "--store", url.expose()][..],
        &["backup", "b.jsonl", "--store", url.expose()],
    ] {
        let done = output(home.path(), args);
        assert_eq!(done.status.code(), Some(1));
        let told = String::from_utf8_lossy(&done.stderr);
        assert!(told.contains("has no store in it"), "{told}");
    }
    assert!(!home.path().join("b.jsonl").exists());
    let schemas: Vec<String> = sqlx::query_scalar(
        "SELECT schema_name::text FROM information_schema.schemata WHERE schema_name = 'warboard'",
    )
    .fetch_all(&mut database.connection().await)
    .await
    .unwrap();
    assert!(schemas.is_empty(), "{schemas:?}");
}

#[test]
fn a_reader_of_the_store_before_is_told_to_load_anew_after_a_restore() {
    let (mut backend, id, store) = told();
    let path = "/v1/changes?since=";
    let list = backend.done(&["list", "--json"]);
    let list: Value = serde_json::from_str(&list).unwrap();
    let cursor = list["cursor"].as_str().unwrap().to_owned();
    run(&backend, &["backup", "b.jsonl", "--store", &store]);
    backend.kill();
    for file in ["test.db", "test.db-wal", "test.db-shm"] {
        let _ = std::fs::remove_file(backend.home.path().join(file));
    }
    assert_eq!(
        run(&backend, &["restore", "b.jsonl", "--store", &store]).0,
        0
    );
    backend.start_again();
    // The token came along, and so did everything on record.
    let shown = backend.done(&["show", &id]);
    assert!(shown.contains("odd sign-ins"), "{shown}");
    let answer = std::process::Command::new("curl")
        .args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "-H"])
        .arg(format!("Authorization: Bearer {}", backend.token))
        .arg(format!("{}{path}{cursor}", backend.url))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&answer.stdout), "410");
}

#[test]
fn counsel_redacts_from_the_command_line() {
    let (backend, id, store) = told();
    let issued = run(
        &backend,
        &[
            "token",
            "issue",
            "--store",
            &store,
            "--role",
            "commander",
            "--name",
            "j.counsel",
            "--counsel",
        ],
    );
    let token = issued.1.trim();
    let (code, _, err) = backend.run(&["redact", &id, "2", "--reason", "names a customer"]);
    assert_eq!(code, 4, "{err}");
    let redacted = crate::program::warboard(
        backend.home.path(),
        &[
            "redact",
            &id,
            "2",
            "--reason",
            "names a customer",
            "--url",
            &backend.url,
        ],
    )
    .env("WARBOARD_TOKEN", token)
    .output()
    .unwrap();
    assert!(redacted.status.success(), "{redacted:?}");
    let timeline = backend.done(&["timeline", &id]);
    assert!(
        timeline.contains("redacted by j.counsel: names a customer"),
        "{timeline}"
    );
    let (code, out, _) = run(&backend, &["verify", "--store", &store]);
    assert_eq!(code, 0, "{out}");
    assert!(
        out.contains("redacted  entry 2 of AZ-1 by j.counsel"),
        "{out}"
    );
    let shown = backend.done(&["timeline", &id, "--json"]);
    assert!(!shown.contains("Contoso"), "{shown}");
}

#[test]
fn an_incident_is_printed_as_each_document() {
    let (mut backend, id, _) = told();
    for (document, title) in [
        ("log", "# Activity log, AZ-1"),
        ("handoff", "# Hand-over, AZ-1"),
        ("sitrep", "# Situation report, AZ-1"),
        ("review", "# Post-incident review, AZ-1"),
    ] {
        let text = backend.done(&["export", document, &id]);
        assert!(text.starts_with("**TLP:AMBER**\n"), "{text}");
        assert!(text.contains(title), "{text}");
    }
    // Where the record ends is told to those who check it.
    backend.token = backend.issue("admin", "auditor");
    let body = backend.done(&["export", "log", &id, "--json"]);
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["entries"].as_array().unwrap().len(), 2);
    assert_eq!(body["incident"]["id"], "AZ-1");
    assert_eq!(body["head"]["seq"], 2);
    assert_eq!(backend.run(&["export", "poem", &id]).0, 2);
}

#[test]
fn a_server_logs_where_the_record_ends_when_it_starts_and_when_it_ends() {
    let home = tempfile::tempdir().unwrap();
    let mut server = crate::program::warboard(
        home.path(),
        &["serve", "--listen", "127.0.0.1:0", "--store", "sqlite:s.db"],
    )
    .stderr(std::process::Stdio::piped())
    .spawn()
    .unwrap();
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let mut heads = |until: &str| -> usize {
        let mut heads = 0;
        for line in lines.by_ref().map_while(Result::ok) {
            let is_head = line.contains("the record reaches here");
            heads += usize::from(is_head);
            if is_head {
                let line: Value = serde_json::from_str(&line).unwrap();
                assert_eq!(line["target"], "warboard::record");
                assert_eq!(line["seq"], 0);
                assert_eq!(line["hash"].as_str().unwrap().len(), 64);
            }
            if line.contains(until) {
                break;
            }
        }
        heads
    };
    assert_eq!(heads("the record reaches here"), 1);
    let pid = i32::try_from(server.id()).unwrap();
    kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
    assert_eq!(heads("never said"), 1);
    assert!(server.wait().unwrap().success());
    let few = output(home.path(), &["serve", "--head-every", "1s"]);
    assert_eq!(few.status.code(), Some(2));
}
