//! A node is killed at random moments under load, again and again. Nothing that it acknowledged may be missing afterwards,
//! no page lost, nothing done twice, and a reader's cursor must lead on.

use std::time::Duration;

use tokio::sync::watch;

use super::client::Crowd;
use super::dice::Dice;
use super::node::{Node, Place, directory, webhook};
use super::reader::Reader;
use super::receiver::{Receiver, TAKES};
use super::times;

/// How many answers there are for each kill at least.
const ENOUGH: usize = 15;

/// Kills nodes of this place so often, then looks at what is left.
pub async fn crash(place: &Place, receiver: &Receiver, kills: usize, mut dice: Dice) {
    let mut crowd = Crowd::new(place, &mut dice);
    let (tell, node_at) = watch::channel(None);
    let mut reader = Reader::start(node_at, &place.token, crowd.promised.clone(), true);
    let mut wanted = 0;
    for round in 0..kills {
        if dice.one_in(4) {
            // While it recovers from the kill before.
            let starting = Node::spawn(place.serve());
            tokio::time::sleep(Duration::from_millis(dice.below(200))).await;
            starting.kill().await;
        }
        let node = place.start().await;
        crowd.check_at_hand(place, node.address).await;
        tell.send_replace(Some(node.address));
        let mut working = crowd.work(&[node.address]);
        let mut answers = usize::try_from(dice.below(80)).unwrap();
        if round + 1 == kills {
            // The last round makes up for what chance left out of all the others.
            answers = answers.max((ENOUGH * kills).saturating_sub(wanted));
        }
        wanted += answers;
        working.reaches(answers).await;
        tokio::time::sleep(Duration::from_micros(dice.below(20_000))).await;
        tell.send_replace(None);
        node.kill().await;
        crowd.take_back(working).await;
        if round % 20 == 19 {
            place.verify().await;
        }
    }
    let node = place.start().await;
    tell.send_replace(Some(node.address));
    crowd.settle(node.address).await;
    crowd.check(place, node.address).await;
    let pages = crowd.pages();
    let repeats = receiver.has_all(&pages).await;
    let all = crowd.promised.lock().unwrap().clone();
    reader.has_seen(&all).await;
    let entries = place.verify().await;
    node.kill().await;
    let (acknowledged, again) = crowd.counts();
    println!(
        "{kills} kills: {acknowledged} commands acknowledged, {again} asked again, {} pages, {repeats} of them repeated, {entries} entries",
        pages.len()
    );
    assert!(acknowledged >= ENOUGH * kills, "{acknowledged}");
    assert!(pages.len() > kills, "{}", pages.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_at_random_moments_lose_nothing_and_repeat_nothing() {
    let dice = Dice::thrown("kills_at_random_moments");
    let receiver = Receiver::new(TAKES).await;
    let place = Place::new(&directory("1h", &webhook(&receiver.url)));
    crash(&place, &receiver, times(8, 200), dice).await;
}
