//! Tokens as an operator handles them: revoked by another process, they end at once, held requests too.

use crate::http::{Ask, soon};
use crate::program::{Backend, output};

#[tokio::test]
async fn a_token_revoked_by_another_process_ends_what_it_holds_open() {
    let backend = Backend::start();
    let address = backend.url.trim_start_matches("http://").parse().unwrap();
    let wall = backend.issue("viewer", "wall");
    let ask = |path: &str| Ask::new(address, "GET", path).token(&wall);
    let list = ask("/v1/incidents").send().await.expect(200);
    let cursor = list["cursor"].as_str().unwrap();
    let held = ask(&format!("/v1/changes?since={cursor}&wait=60"));
    let held = tokio::spawn(async move { held.send().await });
    let store = format!("sqlite:{}", backend.home.path().join("test.db").display());
    let revoke = ["token", "revoke", "--store", &store, "wall"];
    let done = output(backend.home.path(), &revoke);
    assert!(done.status.success(), "{done:?}");
    soon("the end of the held request", held)
        .await
        .unwrap()
        .problem(401);
    ask("/v1/info").send().await.problem(401);
    // The record of it has who, until when, and when it was last used.
    let list = ["token", "list", "--store", &store, "--json"];
    let list = output(backend.home.path(), &list).stdout;
    let list: serde_json::Value = serde_json::from_slice(&list).unwrap();
    let tokens = list["tokens"].as_array().unwrap();
    let wall = tokens.iter().find(|token| token["name"] == "wall").unwrap();
    assert_eq!(wall["state"], "revoked");
    assert!(wall["expires_at"].is_string() && wall["last_used_at"].is_string());
}

#[test]
fn a_display_is_not_paired_on_a_store_that_no_backend_has() {
    let home = tempfile::tempdir().unwrap();
    let away = home.path().join("elsewhere.db");
    let store = format!("sqlite:{}", away.display());
    for verb in [
        &["display", "pair", "--name", "war-room", "--store", &store][..],
        &["display", "list", "--store", &store],
        &["display", "revoke", "war-room", "--store", &store],
        &["token", "list", "--store", &store],
        &["token", "revoke", "d.okafor", "--store", &store],
    ] {
        let done = output(home.path(), verb);
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(1), "{verb:?}: {said}");
        assert!(said.contains("there is no store at"), "{said}");
        assert!(!away.exists(), "{verb:?} made one");
    }
}

#[test]
fn a_token_has_a_name_that_is_no_other_s_and_an_end() {
    let home = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", home.path().join("test.db").display());
    let issue = |name: &str, expires: &str| {
        let words = ["token", "issue", "--store", &store, "--role", "viewer"];
        let further = ["--name", name, "--expires", expires];
        let done = output(home.path(), &[&words[..], &further].concat());
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        (done.status.code(), said)
    };
    assert_eq!(issue("d.okafor", "366d").0, Some(0));
    for (name, expires, sentence) in [
        ("d.okafor ", "90d", "has a blank at its begin or end"),
        (" d.okafor", "90d", "has a blank at its begin or end"),
        ("d.okafor\u{a0}", "90d", "cannot hold"),
        ("d.ok\u{200b}afor", "90d", "cannot hold"),
        ("d.ok\u{202e}afor", "90d", "cannot hold"),
        ("d\u{7}", "90d", "cannot hold"),
        ("a  b", "90d", "two in a row"),
        ("display:war", "90d", "warboard display pair"),
        ("k.ono", "100000d", "366 days at most"),
        ("k.ono", "367d", "366 days at most"),
    ] {
        let (code, said) = issue(name, expires);
        assert_eq!(code, Some(2), "{name:?} {expires}: {said}");
        assert!(said.contains(sentence), "{name:?} {expires}: {said}");
    }
}
