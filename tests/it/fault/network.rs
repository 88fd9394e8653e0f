//! The same attacks where several nodes share a database: a line between node and database that is cut, held up, and cut just
//! where a COMMIT was sent; nodes that are killed, or stopped in the middle of a send for longer than their lease.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::json;
use tokio::sync::watch;

use super::client::Crowd;
use super::crash::crash;
use super::dice::Dice;
use super::history::contend;
use super::node::{Place, directory, webhook};
use super::reader::Reader;
use super::receiver::{Manner, Receiver, TAKES};
use super::times;
use crate::cluster::{Cluster, Database};
use crate::http::soon;
use crate::store::line::{Cut, Line};

/// How soon after the line is whole again all clients must have answers, on a machine that has much else to do. What it took
/// is printed.
const RECOVERS_WITHIN: Duration = Duration::from_secs(30);

fn over(url: &str, server_toml: &str) -> Place {
    Place::over(tempfile::tempdir().unwrap(), url.to_owned(), server_toml)
}

async fn database() -> Database<'static> {
    let cluster = tokio::task::spawn_blocking(Cluster::shared).await.unwrap();
    cluster.database().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_to_the_database_that_breaks_loses_no_command_and_repeats_none() {
    let mut dice = Dice::thrown("a_line_to_the_database");
    let database = database().await;
    let line = Line::to(Cluster::shared().socket()).await;
    let receiver = Receiver::new(TAKES).await;
    let file = directory("1h", &webhook(&receiver.url));
    let place = over(database.url_by(line.port).expose(), &file);
    let node = place.start().await;
    let mut crowd = Crowd::new(&place, &mut dice);
    let (_tell, node_at) = watch::channel(Some(node.address));
    let mut reader = Reader::start(node_at, &place.token, crowd.promised.clone(), false);
    let mut working = crowd.work(&[node.address]);
    let mut slowest = Duration::ZERO;
    for _ in 0..times(6, 100) {
        let more = usize::try_from(dice.below(20)).unwrap() + 5;
        working.reaches(working.count() + more).await;
        match dice.below(3) {
            0 => line.cut(Cut::Answer),
            1 => line.cut(Cut::Commit),
            _ => {
                line.hold(true);
                let most = if super::is_long() { 12_000 } else { 1_500 };
                tokio::time::sleep(Duration::from_millis(dice.below(most))).await;
                line.hold(false);
            }
        }
        // Every client must get an answer again: what was cut included.
        let healed = Instant::now();
        working.reaches(working.count() + 16).await;
        slowest = slowest.max(healed.elapsed());
    }
    assert!(slowest < RECOVERS_WITHIN, "{slowest:?}");
    crowd.take_back(working).await;
    crowd.settle(node.address).await;
    crowd.check(&place, node.address).await;
    let repeats = receiver.has_all(&crowd.pages()).await;
    let all = crowd.promised.lock().unwrap().clone();
    reader.has_seen(&all).await;
    let entries = place.verify().await;
    node.kill().await;
    let (acknowledged, again) = crowd.counts();
    println!(
        "{acknowledged} commands acknowledged, {again} asked again, slowest recovery {slowest:?}, {repeats} pages repeated, {entries} entries"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_over_a_shared_database_lose_nothing_and_repeat_nothing() {
    let dice = Dice::thrown("kills_over_a_shared_database");
    let database = database().await;
    let receiver = Receiver::new(TAKES).await;
    let file = directory("1h", &webhook(&receiver.url));
    let place = over(database.url().expose(), &file);
    crash(&place, &receiver, times(4, 100), dice).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_writers_at_two_nodes_one_wins_each_version() {
    let dice = Dice::thrown("of_fifty_writers_at_two_nodes");
    let database = database().await;
    let place = over(database.url().expose(), &directory("1h", ""));
    let (first, second) = (place.start().await, place.start().await);
    let nodes = vec![first.address, second.address];
    contend(&place, nodes, times(1_000, 10_000), dice).await;
    place.verify().await;
    first.kill().await;
    second.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_stopped_in_the_middle_of_a_send_leaves_one_page_to_see() {
    let database = database().await;
    let receiver = Receiver::new(Manner::Holds).await;
    let file = directory("1h", &webhook(&receiver.url));
    let place = over(database.url().expose(), &file);
    let first = place.start().await;
    let id = place.opened(first.address).await;
    let page = json!({"type": "page", "teams": ["legal-affairs"]});
    place
        .order(first.address, &id, &page)
        .send()
        .await
        .expect(200);
    receiver
        .until("the first attempt", |came| !came.is_empty())
        .await;
    first.signal(Signal::SIGSTOP);
    receiver.set(TAKES);
    // Its lease runs out; another node takes over what it was sending.
    let second = place.start().await;
    receiver
        .until("the other node's attempt", |came| {
            came.values().any(|came| came.taken > 0)
        })
        .await;
    place
        .until(second.address, &id, |i| {
            i["pages"][0]["state"] == "accepted"
        })
        .await;
    first.signal(Signal::SIGCONT);
    // What the first node then learns of its own attempt changes nothing any more.
    let body = json!({"type": "note", "kind": "fact", "text": "still here"});
    let awake = async {
        while place.order(first.address, &id, &body).send().await.status != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    soon("the first node", awake).await;
    for node in [&first, &second] {
        let seen = place
            .until(node.address, &id, |i| i["pages"][0]["state"] == "accepted")
            .await;
        assert_eq!(seen["pages"].as_array().unwrap().len(), 1);
    }
    let came = receiver.came();
    assert_eq!(came.len(), 1, "one key: {:?}", came.keys());
    let only = came.values().next().unwrap();
    assert_eq!(only.bodies.len(), 1, "one content");
    assert_eq!(only.taken, 1, "a receiver that dedupes saw it once");
    place.verify().await;
    first.kill().await;
    second.kill().await;
}
