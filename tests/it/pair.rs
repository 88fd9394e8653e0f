//! Two backends as processes on one PostgreSQL database: each shows what the other writes, either may be killed, and both
//! outlive the database's restart.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::hook::Hook;
use crate::http::{Answer, Ask, soon};
use crate::program::{Backend, output};

fn address(backend: &Backend) -> SocketAddr {
    backend.url.trim_start_matches("http://").parse().unwrap()
}

async fn get(backend: &Backend, path: &str) -> Answer {
    Ask::new(address(backend), "GET", path)
        .token(&backend.token)
        .send()
        .await
}

async fn post(backend: &Backend, path: &str, body: &Value) -> Answer {
    Ask::new(address(backend), "POST", path)
        .token(&backend.token)
        .header("if-match", "*")
        .json(body)
        .send()
        .await
}

async fn open(backend: &Backend, title: &str) -> String {
    let body = json!({"service": "azure", "title": title});
    let opened = post(backend, "/v1/incidents", &body).await.expect(201);
    opened["id"].as_str().unwrap().to_owned()
}

/// Waits until an incident is as it should be.
async fn until(backend: &Backend, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/v1/incidents/{id}");
    soon("the incident as wanted", async {
        loop {
            let answer = get(backend, &path).await;
            if answer.status == 200 && wanted(&answer.json()) {
                return answer.json();
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await
}

/// Waits for a probe's status.
async fn ready(backend: &Backend, status: u16) -> Answer {
    soon("the probe's answer", async {
        loop {
            let answer = Ask::new(address(backend), "GET", "/readyz").send().await;
            if answer.status == status {
                return answer;
            }
        }
    })
    .await
}

fn directory(hook: &Hook) -> String {
    format!(
        r#"[[service]]
id = "azure"
name = "Azure"
prefix = "AZ"
owner = "legal-affairs"
[[team]]
id = "legal-affairs"
name = "Legal Affairs"
kind = "partner"
[[team.route]]
kind = "webhook"
url = "{}"
"#,
        hook.url()
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_backends_on_one_database_are_one() {
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let database = cluster.database().await;
    let store = database.url().expose().to_owned();
    let mut hook = Hook::new(&[]).await;
    let file = directory(&hook);
    let mut a = Backend::on(&store, &file, "a");
    let b = Backend::on(&store, &file, "b");

    let cursor = get(&b, "/v1/incidents").await.expect(200)["cursor"].clone();
    let waiting = format!("/v1/changes?since={}&wait=30", cursor.as_str().unwrap());
    let (id, changed) = tokio::join!(open(&a, "odd sign-ins"), get(&b, &waiting));
    assert_eq!(changed.expect(200)["incidents"][0]["id"], id);

    let commands = format!("/v1/incidents/{id}/commands");
    let page = json!({"type": "page", "teams": ["legal-affairs"]});
    post(&b, &commands, &page).await.expect(200);
    let first = hook.letter().await;
    until(&a, &id, |i| i["pages"][0]["state"] == "accepted").await;
    let mut keys = BTreeSet::from([first.header("idempotency-key").to_owned()]);

    a.kill();
    let note = json!({"type": "note", "kind": "fact", "text": "a is gone"});
    post(&b, &commands, &note).await.expect(200);
    assert_eq!(open(&b, "another").await, "AZ-2");
    a.start_again();
    let seen = until(&a, "AZ-2", |_| true).await;
    assert_eq!(seen["title"], "another");
    while let Some(letter) = hook.waiting() {
        keys.insert(letter.header("idempotency-key").to_owned());
    }
    assert_eq!(keys.len(), 1, "one page has one key, whoever sends it");

    let listed = output(a.home.path(), &["token", "list", "--store", &store]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains('a') && listed.contains('b'), "{listed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_stopped_is_waited_for_and_what_is_shown_goes_on() {
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let database = cluster.database().await;
    let hook = Hook::new(&[]).await;
    let backend = Backend::on(database.url().expose(), &directory(&hook), "a");
    let id = open(&backend, "odd sign-ins").await;
    let path = format!("/v1/incidents/{id}");
    let commands = format!("{path}/commands");
    let note = json!({"type": "note", "kind": "fact", "text": "while it is away"});
    let cursor = get(&backend, "/v1/incidents").await.expect(200)["cursor"].clone();
    let feed = format!("/v1/changes?since={}&wait=60", cursor.as_str().unwrap());

    cluster.down();
    let told = ready(&backend, 503).await;
    assert_eq!(
        told.header("content-type"),
        Some("application/problem+json")
    );
    let alive = Ask::new(address(&backend), "GET", "/healthz").send().await;
    alive.expect(200);
    get(&backend, &path).await.expect(200);
    get(&backend, "/v1/incidents").await.expect(200);
    let refused = post(&backend, &commands, &note).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    // Whoever waits for news must not take silence for "nothing changed".
    let waited = soon("the end of the feed", get(&backend, &feed)).await;
    assert_eq!(waited.status, 503, "{}", waited.text());
    get(&backend, &path).await.expect(200);

    cluster.up();
    ready(&backend, 200).await;
    post(&backend, &commands, &note).await.expect(200);
    until(&backend, &id, |i| i["version"] == 2).await;
    soon("the feed again", async {
        while get(&backend, &feed).await.status != 200 {}
    })
    .await;
}
