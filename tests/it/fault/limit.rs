//! How soon a page goes out, on the machine's own clock: after its command, after a restart, after the loss of a node. The
//! figures are printed; in the long form they are held to what is promised.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;

use super::network::{database, over};
use super::node::{Node, Place, directory, webhook};
use super::receiver::{Came, Manner, Receiver, TAKES};
use super::{is_long, times};

/// The first attempt after the command, and any attempt after the start of a process and after the loss of a node.
const FIRST: Duration = Duration::from_secs(2);
const RESTART: Duration = Duration::from_secs(10);
const LOSS: Duration = Duration::from_secs(15);

fn taken(came: &BTreeMap<String, Came>) -> usize {
    came.values().map(|came| came.taken).sum()
}

/// Pages for a new incident; when that was asked for.
async fn paged(place: &Place, node: &Node) -> Instant {
    let id = place.opened(node.address).await;
    let page = json!({"type": "page", "teams": ["legal-affairs"]});
    let asked = Instant::now();
    let order = place.order(node.address, &id, &page);
    order.send().await.expect(200);
    asked
}

/// Waits until the receiver has one more than before.
async fn arrives(receiver: &Receiver, before: usize, since: Instant) -> Duration {
    receiver
        .until("an attempt", |came| taken(came) > before)
        .await;
    since.elapsed()
}

/// A node that is in the middle of a send.
async fn sending(place: &Place, receiver: &Receiver) -> Node {
    receiver.set(Manner::Holds);
    let node = place.start().await;
    let before = receiver.came().len();
    paged(place, &node).await;
    receiver
        .until("the first attempt", |came| came.len() > before)
        .await;
    receiver.set(TAKES);
    node
}

async fn after_restart(place: &Place, receiver: &Receiver) -> Duration {
    let node = sending(place, receiver).await;
    let before = taken(&receiver.came());
    node.kill().await;
    let began = Instant::now();
    let node = place.start().await;
    let took = arrives(receiver, before, began).await;
    node.kill().await;
    took
}

async fn after_loss(place: &Place, receiver: &Receiver) -> Duration {
    let node = sending(place, receiver).await;
    let other = place.start().await;
    let before = taken(&receiver.came());
    node.kill().await;
    let took = arrives(receiver, before, Instant::now()).await;
    other.kill().await;
    took
}

/// Prints the figures, and holds the slowest to the promise where there were enough of them.
fn hold(what: &str, mut took: Vec<Duration>, most: Duration) {
    took.sort_unstable();
    let (median, slowest) = (took[took.len() / 2], took[took.len() - 1]);
    println!(
        "{what}: {median:?} in the middle of {}, {slowest:?} at most",
        took.len()
    );
    assert!(!is_long() || slowest <= most, "{what}: {slowest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_goes_out_within_two_seconds_and_within_ten_of_a_restart() {
    let receiver = Receiver::new(TAKES).await;
    let place = Place::new(&directory("1h", &webhook(&receiver.url)));
    let node = place.start().await;
    let mut took = Vec::new();
    for _ in 0..times(3, 40) {
        let before = taken(&receiver.came());
        let asked = paged(&place, &node).await;
        took.push(arrives(&receiver, before, asked).await);
    }
    node.kill().await;
    hold("a first attempt after its command", took, FIRST);
    let mut took = Vec::new();
    for _ in 0..times(1, 15) {
        took.push(after_restart(&place, &receiver).await);
    }
    hold("an attempt after a restart", took, RESTART);
}

/// A lease runs for nine seconds: this takes its time, and the long form does it often.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_loss_of_a_node_another_one_sends_within_fifteen_seconds() {
    let database = database().await;
    let receiver = Receiver::new(TAKES).await;
    let file = directory("1h", &webhook(&receiver.url));
    let place = over(database.url().expose(), &file);
    let (mut loss, mut restart) = (Vec::new(), Vec::new());
    for _ in 0..times(1, 8) {
        loss.push(after_loss(&place, &receiver).await);
        restart.push(after_restart(&place, &receiver).await);
    }
    hold("an attempt after the loss of a node", loss, LOSS);
    hold("an attempt after a restart beside nobody", restart, RESTART);
}
