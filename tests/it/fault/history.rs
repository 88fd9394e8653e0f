//! A recorded history of many clients at the same incident, looked through for what must not be: two winners of one version,
//! a lost update, a stale read, a reader of the feed that skipped. A cut connection is an unknown result, never a failed one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::sync::watch;

use super::dice::Dice;
use super::node::{Place, directory};
use super::reader::{Reader, Versions};
use super::times;
use crate::http::{Ask, Line};

const CLIENTS: usize = 50;
const READERS: usize = 4;
const INCIDENTS: usize = 3;

/// How one attempt to write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// 200, and the version it made.
    Won(u64),
    /// 412, and the version that stands there.
    Lost(u64),
    /// Cut before the answer: written or not.
    Unknown,
}

/// One attempt: to write upon `at` when `known` was the highest version acknowledged to anybody.
#[derive(Debug)]
struct Attempt {
    incident: String,
    mark: String,
    at: u64,
    known: u64,
    ended: Ended,
}

/// Where the nodes listen, and who asks.
struct Field {
    nodes: Vec<SocketAddr>,
    token: String,
    incidents: Vec<String>,
    /// The highest version of each incident that was acknowledged to a writer.
    promised: Arc<Mutex<Versions>>,
    /// With one node nothing acknowledged may be missing from any later answer.
    strict: bool,
}

impl Field {
    fn known(&self, id: &str) -> u64 {
        self.promised.lock().unwrap().get(id).copied().unwrap_or(0)
    }

    fn promise(&self, id: &str, version: u64) {
        let mut promised = self.promised.lock().unwrap();
        let known = promised.entry(id.to_owned()).or_default();
        *known = version.max(*known);
    }
}

async fn client(field: Arc<Field>, name: usize, operations: usize, mut dice: Dice) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    while attempts.len() < operations {
        let to = field.nodes[usize::try_from(dice.next()).unwrap_or(name) % field.nodes.len()];
        // Most of them at the first incident, so that they meet there.
        let at = if dice.one_in(5) { dice.below(2) + 1 } else { 0 };
        let id = &field.incidents[usize::try_from(at).unwrap()];
        let known = field.known(id);
        let path = format!("/v1/incidents/{id}");
        let read = Ask::new(to, "GET", &path).token(&field.token).send().await;
        let version = read.expect(200)["version"].as_u64().unwrap();
        assert!(
            version >= known || !field.strict,
            "{id} was at {known} before it was read, shown at {version}"
        );
        assert_eq!(read.etag(), format!("\"{version}\""));
        let mark = format!("mark-{name}-{}-", attempts.len());
        let known = field.known(id);
        let ask = Ask::new(to, "POST", &format!("{path}/commands"))
            .token(&field.token)
            .header("if-match", &format!("\"{version}\""))
            .json(&json!({"type": "note", "kind": "fact", "text": mark}));
        let ended = if dice.one_in(20) {
            let mut line = Line::open(to).await;
            line.write(&ask.bytes(true)).await;
            Ended::Unknown
        } else {
            match ask.try_send().await {
                None => Ended::Unknown,
                Some(answer) => {
                    let body = answer.json();
                    match answer.status {
                        200 => Ended::Won(body["version"].as_u64().unwrap()),
                        412 => Ended::Lost(body["incident"]["version"].as_u64().unwrap()),
                        other => panic!("{other}: {}", answer.text()),
                    }
                }
            }
        };
        match ended {
            Ended::Won(version) => field.promise(id, version),
            Ended::Lost(stands) => assert!(stands > version, "{id}: {stands} beat {version}"),
            Ended::Unknown => {}
        }
        attempts.push(Attempt {
            incident: id.clone(),
            mark,
            at: version,
            known,
            ended,
        });
    }
    attempts
}

/// What the record holds: version and mark of every note of an incident.
async fn record(place: &Place, to: SocketAddr, id: &str) -> BTreeMap<u64, String> {
    let (mut notes, mut after) = (BTreeMap::new(), 0);
    loop {
        let path = format!("/v1/incidents/{id}/timeline?limit=500&after={after}");
        let body = place.get(to, &path).await.expect(200);
        for entry in body["entries"].as_array().unwrap() {
            let version = entry["version"].as_u64().unwrap();
            let text = entry["body"]["text"].as_str().unwrap_or("opened");
            let before = notes.insert(version, text.to_owned());
            assert_eq!(before, None, "two entries made version {version} of {id}");
        }
        match body["next"].as_u64() {
            Some(next) => after = next,
            None => return notes,
        }
    }
}

fn judge(id: &str, record: &BTreeMap<u64, String>, attempts: &[&Attempt]) {
    let versions: Vec<u64> = record.keys().copied().collect();
    let length = u64::try_from(versions.len()).unwrap();
    assert_eq!(versions, (1..=length).collect::<Vec<_>>(), "{id} has holes");
    let standing: BTreeSet<&str> = record.values().map(String::as_str).collect();
    assert_eq!(
        standing.len(),
        versions.len(),
        "a note stands twice in {id}"
    );
    let mut winners = BTreeMap::new();
    for attempt in attempts {
        match attempt.ended {
            Ended::Won(version) => {
                assert_eq!(version, attempt.at + 1, "{attempt:?} passed over a change");
                assert!(
                    version > attempt.known,
                    "{attempt:?} lies before what was known"
                );
                assert_eq!(
                    record.get(&version),
                    Some(&attempt.mark),
                    "a lost update: {attempt:?}"
                );
                let other = winners.insert(version, attempt);
                assert!(other.is_none(), "two winners: {other:?} and {attempt:?}");
            }
            Ended::Lost(_) => assert!(
                !standing.contains(attempt.mark.as_str()),
                "refused and written: {attempt:?}"
            ),
            Ended::Unknown => {
                let written = record.iter().find(|(_, mark)| **mark == attempt.mark);
                if let Some((version, _)) = written {
                    assert_eq!(*version, attempt.at + 1, "{attempt:?} passed over a change");
                }
            }
        }
    }
    let marks: BTreeSet<&str> = attempts.iter().map(|a| a.mark.as_str()).collect();
    let strangers: Vec<_> = standing
        .iter()
        .filter(|mark| **mark != "opened" && !marks.contains(**mark))
        .collect();
    assert!(strangers.is_empty(), "nobody wrote {strangers:?}");
}

/// Lets all clients at the nodes and judges what they went through.
pub async fn contend(place: &Place, nodes: Vec<SocketAddr>, operations: usize, mut dice: Dice) {
    let mut incidents = Vec::new();
    for _ in 0..INCIDENTS {
        incidents.push(place.opened(nodes[0]).await);
    }
    let strict = nodes.len() == 1;
    let promised = Arc::<Mutex<Versions>>::default();
    let (_tells, mut readers): (Vec<_>, Vec<_>) = (0..READERS)
        .map(|n| {
            let (tell, at) = watch::channel(Some(nodes[n % nodes.len()]));
            (
                tell,
                Reader::start(at, &place.token, promised.clone(), strict),
            )
        })
        .unzip();
    let field = Arc::new(Field {
        nodes: nodes.clone(),
        token: place.token.clone(),
        incidents,
        promised: promised.clone(),
        strict,
    });
    let clients: Vec<_> = (0..CLIENTS)
        .map(|name| {
            let each = operations / CLIENTS;
            tokio::spawn(client(field.clone(), name, each, dice.another()))
        })
        .collect();
    let mut attempts = Vec::new();
    for client in clients {
        attempts.extend(client.await.unwrap());
    }
    let mut won = 0;
    for id in &field.incidents {
        let of: Vec<&Attempt> = attempts.iter().filter(|a| a.incident == *id).collect();
        won += of
            .iter()
            .filter(|a| matches!(a.ended, Ended::Won(_)))
            .count();
        let record = record(place, nodes[0], id).await;
        judge(id, &record, &of);
        field.promise(id, *record.keys().last().unwrap());
    }
    let all = promised.lock().unwrap().clone();
    let mut answers = 0;
    for reader in &mut readers {
        reader.has_seen(&all).await;
        answers += reader.answers();
    }
    let unknown = attempts.iter().filter(|a| a.ended == Ended::Unknown);
    println!(
        "{} attempts: {won} won, {} unknown; {READERS} readers had {answers} answers",
        attempts.len(),
        unknown.count()
    );
    assert!(won > operations / 200, "{won} of {operations}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_writers_at_one_version_one_wins_and_nothing_is_lost() {
    let dice = Dice::thrown("of_fifty_writers");
    let place = Place::new(&directory("1h", ""));
    let node = place.start().await;
    contend(&place, vec![node.address], times(1_000, 10_000), dice).await;
    place.verify().await;
    node.kill().await;
}
