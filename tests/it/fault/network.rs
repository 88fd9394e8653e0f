//! The same attacks where several nodes share a database: a line between node and database that is cut, held up, and cut just
//! where a COMMIT was sent; nodes that are killed, or stopped in the middle of a send for longer than their lease.

use std::time::{Duration, Instant};

use futures::future::join_all;
use nix::sys::signal::Signal;
use serde_json::json;
use tokio::sync::watch;

use super::client::Crowd;
use super::crash::crash;
use super::dice::Dice;
use super::history::contend;
use super::node::{Node, Place, directory, webhook};
use super::reader::Reader;
use super::receiver::{Manner, Receiver, TAKES};
use super::times;
use crate::cluster::{Cluster, Database};
use crate::http::{Answer, Ask, soon};
use crate::store::line::{Cut, Line};

/// How soon after the network is whole again a node must take commands, say that it is ready, and tell readers the news.
const RECOVERS_WITHIN: Duration = Duration::from_secs(5);

pub fn over(url: &str, server_toml: &str) -> Place {
    Place::over(tempfile::tempdir().unwrap(), url.to_owned(), server_toml)
}

pub async fn database() -> Database<'static> {
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
        working.reaches(working.count() + 16).await;
    }
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
        "{acknowledged} commands acknowledged, {again} asked again, {repeats} pages repeated, {entries} entries"
    );
}

/// How the network between a node and its database fails.
#[derive(Debug, Clone, Copy)]
enum Outage {
    /// What was sent arrives when it is over.
    Held,
    /// What was sent never arrives, and the connections there were never speak again.
    Lost,
    /// The same, from just where a COMMIT was sent on.
    LostAtCommit,
    /// Connections end, and none can be made.
    Refused,
}

/// A node with somebody who writes without a pause and somebody who reads, and the line it has to its database.
struct Watched {
    line: Line,
    place: Place,
    node: Node,
    id: String,
    count: usize,
    _database: Database<'static>,
}

impl Watched {
    async fn start() -> Watched {
        let database = database().await;
        let line = Line::to(Cluster::shared().socket()).await;
        // The line is carried by the threads that would wait for the token.
        let url = database.url_by(line.port);
        let place = tokio::task::block_in_place(|| over(url.expose(), &directory("1h", "")));
        let node = place.start().await;
        let id = place.opened(node.address).await;
        Watched {
            line,
            place,
            node,
            id,
            count: 0,
            _database: database,
        }
    }

    /// Asks until it is answered so: what is measured is when the first one is. Nobody tells a client, or a balancer before
    /// the nodes, when a node is back; the pause is theirs, and shorter than any of theirs.
    async fn until(&self, ask: Ask, status: u16) -> Answer {
        let asking = Box::pin(async {
            loop {
                match ask.try_send().await {
                    Some(answer) if answer.status == status => return answer,
                    _ => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        });
        soon("an answer after an outage", asking).await
    }

    fn note(&mut self) -> (String, Ask) {
        self.count += 1;
        let text = format!("mark-0-{}-", self.count);
        let body = json!({"type": "note", "kind": "fact", "text": text});
        let ask = self.place.order(self.node.address, &self.id, &body);
        (text.clone(), ask.header("idempotency-key", &text))
    }

    /// How long after the end of an outage everything is as before.
    async fn recovers(&mut self, outage: Outage, length: Duration) -> Duration {
        let to = self.node.address;
        // Something is under way when it begins.
        let under_way: Vec<_> = (0..4).map(|_| self.note().1).collect();
        if matches!(outage, Outage::LostAtCommit) {
            self.line.cut(Cut::Line);
        }
        let under_way = join_all(under_way.iter().map(|ask| self.until(ask.clone(), 200)));
        let fails = async {
            match outage {
                Outage::Held => self.line.hold(true),
                Outage::Lost => self.line.lose(),
                Outage::Refused => self.line.refuse(),
                Outage::LostAtCommit => {
                    let cut = async {
                        while !self.line.was_cut() {
                            tokio::task::yield_now().await;
                        }
                    };
                    soon("a COMMIT", cut).await;
                    self.line.lose();
                }
            }
            tokio::time::sleep(length).await;
            self.line.heal();
            Instant::now()
        };
        let ((_, healed), (_, note)) = (tokio::join!(under_way, fails), self.note());
        let list = self.place.ask(to, "GET", "/v1/incidents?limit=1");
        let cursor = self.until(list, 200).await.json()["cursor"].clone();
        let feed = format!("/v1/changes?wait=30&since={}", cursor.as_str().unwrap());
        tokio::join!(
            self.until(note, 200),
            self.until(self.place.ask(to, "GET", "/readyz"), 200),
            self.until(self.place.ask(to, "GET", &feed), 200),
        );
        healed.elapsed()
    }
}

/// An outage has a length: long enough that everybody who waits has given up once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_the_network_failed_a_node_is_back_within_five_seconds() {
    let mut dice = Dice::thrown("however_the_network_failed");
    let all = [
        Outage::Held,
        Outage::Lost,
        Outage::LostAtCommit,
        Outage::Refused,
    ];
    let all = all.map(|outage| (outage, dice.another()));
    let each = all.map(|(outage, mut dice)| {
        tokio::spawn(async move {
            let mut watched = Watched::start().await;
            let mut slowest = Duration::ZERO;
            for _ in 0..times(1, 12) {
                let most = if super::is_long() { 20_000 } else { 1_000 };
                let length = Duration::from_millis(3_000 + dice.below(most));
                let took = watched.recovers(outage, length).await;
                println!("{outage:?} for {length:?}: back after {took:?}");
                slowest = slowest.max(took);
            }
            let (told, wanted) = (
                watched.place.told(watched.node.address, &watched.id).await,
                watched.count,
            );
            assert_eq!(told.len(), wanted, "{outage:?}: {told:?}");
            assert!(
                told.values().all(|times| *times == 1),
                "{outage:?}: {told:?}"
            );
            watched.place.verify().await;
            watched.node.kill().await;
            (outage, slowest)
        })
    });
    for each in each {
        let (outage, slowest) = each.await.unwrap();
        // The short form runs beside everything else, on machines that keep no such promise.
        let held = !super::is_long() || slowest < RECOVERS_WITHIN;
        assert!(held, "{outage:?}: {slowest:?}");
    }
}

/// Each question to the database would be waited for; the quickest of twenty tells whether one was asked, on any machine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_node_is_it_tells_without_asking_a_database_that_is_away() {
    let watched = Watched::start().await;
    watched.line.lose();
    let mut quickest = Duration::MAX;
    for _ in 0..20 {
        let began = Instant::now();
        let about = watched.place.get(watched.node.address, "/v1/info").await;
        assert_eq!(about.expect(200)["services"][0]["id"], "azure");
        quickest = quickest.min(began.elapsed());
    }
    assert!(quickest < Duration::from_millis(500), "{quickest:?}");
    watched.node.kill().await;
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
