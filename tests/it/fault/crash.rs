//! A node is killed at random moments under load, again and again. Nothing that it acknowledged may be missing afterwards,
//! no page lost, nothing done twice, and a reader's cursor must lead on.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::dice::Dice;
use super::node::{Node, Place, directory, webhook};
use super::reader::{Reader, Versions, versions};
use super::receiver::{Receiver, TAKES};
use super::times;
use crate::http::{Answer, Ask};

const CLIENTS: usize = 8;
/// After so many commands a client opens another incident.
const COMMANDS: u64 = 14;

/// A request whose answer counts, however often it must be asked for: always under the same key.
#[derive(Clone)]
struct Request {
    path: String,
    key: String,
    body: Value,
    /// A text that stands in the record exactly once, if it was carried out.
    mark: String,
}

/// What a client knows to be acknowledged.
#[derive(Default)]
struct Book {
    /// By incident: every mark that must stand in its timeline.
    marks: BTreeMap<String, BTreeSet<String>>,
    pages: BTreeSet<String>,
    acknowledged: usize,
    asked_again: usize,
}

struct Client {
    name: usize,
    token: String,
    dice: Dice,
    count: usize,
    /// The incident at hand, and whether it is in containment.
    at_hand: Option<(String, bool)>,
    /// Asked, and not known whether it was carried out.
    unknown: Option<Request>,
    book: Book,
}

impl Client {
    fn request(&mut self) -> Request {
        self.count += 1;
        let mark = format!("mark-{}-{}-", self.name, self.count);
        let key = format!("key-{}-{}", self.name, self.count);
        let open = self.dice.one_in(COMMANDS);
        let (path, body) = match self.at_hand.clone().filter(|_| !open) {
            None => {
                let body = json!({"service": "azure", "title": mark});
                ("/v1/incidents".to_owned(), body)
            }
            Some((id, contained)) => {
                let body = match self.dice.below(6) {
                    0 | 1 => {
                        json!({"type": "page", "teams": ["legal-affairs"], "message": mark, "again": true})
                    }
                    2 => {
                        let to = match contained {
                            true => "detection_and_analysis",
                            false => "containment_eradication_and_recovery",
                        };
                        json!({"type": "advance", "to": to, "reason": mark})
                    }
                    _ => json!({"type": "note", "kind": "fact", "text": mark}),
                };
                (format!("/v1/incidents/{id}/commands"), body)
            }
        };
        Request {
            path,
            key,
            body,
            mark,
        }
    }

    fn ask(&self, to: SocketAddr, request: &Request) -> Ask {
        Ask::new(to, "POST", &request.path)
            .token(&self.token)
            .header("idempotency-key", &request.key)
            .header("if-match", "*")
            .json(&request.body)
    }

    /// Asks until the node is gone.
    async fn work(
        mut self,
        to: SocketAddr,
        promised: Arc<Mutex<Versions>>,
        acknowledged: watch::Sender<usize>,
    ) -> Client {
        loop {
            let again = self.unknown.is_some();
            let request = match self.unknown.take() {
                Some(request) => request,
                None => self.request(),
            };
            match self.ask(to, &request).try_send().await {
                None => {
                    self.unknown = Some(request);
                    return self;
                }
                Some(answer) => {
                    self.book.asked_again += usize::from(again);
                    self.note(&request, &answer, &promised);
                }
            }
            acknowledged.send_modify(|count| *count += 1);
        }
    }

    fn note(&mut self, request: &Request, answer: &Answer, promised: &Mutex<Versions>) {
        assert!(
            matches!(answer.status, 200 | 201),
            "{}: {} {}",
            request.body,
            answer.status,
            answer.text()
        );
        let seen = answer.json();
        let id = seen["id"].as_str().unwrap().to_owned();
        let version = seen["version"].as_u64().unwrap();
        let contained = seen["phase"] == "containment_eradication_and_recovery";
        let mut promised = promised.lock().unwrap();
        let known = promised.entry(id.clone()).or_default();
        *known = version.max(*known);
        drop(promised);
        if request.body["type"] == "page" {
            let pages = seen["pages"].as_array().unwrap();
            let page = pages.iter().find(|p| p["message"] == request.mark.as_str());
            let page = page.unwrap_or_else(|| panic!("{} is not in {seen}", request.mark));
            let page = page["id"].as_str().unwrap().to_owned();
            self.book.pages.insert(page);
        }
        let marks = self.book.marks.entry(id.clone()).or_default();
        assert!(marks.insert(request.mark.clone()));
        self.book.acknowledged += 1;
        self.at_hand = Some((id, contained));
    }
}

/// Every mark of this incident's timeline with how often it stands there.
async fn told(place: &Place, to: SocketAddr, id: &str) -> BTreeMap<String, usize> {
    let (mut told, mut after) = (BTreeMap::new(), 0);
    loop {
        let path = format!("/v1/incidents/{id}/timeline?limit=500&after={after}");
        let body = place.get(to, &path).await.expect(200);
        let entries = body["entries"].as_array().unwrap();
        for entry in entries {
            // An entry may tell its text twice, as it was given and in a sentence.
            let text = entry.to_string();
            let marks = text.match_indices("mark-").map(|(at, _)| &text[at..]);
            let marks: BTreeSet<&str> = marks
                .filter_map(|rest| Some(&rest[..=rest.match_indices('-').nth(2)?.0]))
                .collect();
            for mark in marks {
                *told.entry(mark.to_owned()).or_default() += 1;
            }
        }
        match body["next"].as_u64() {
            Some(next) => after = next,
            None => return told,
        }
    }
}

/// Holds what a node tells to what was acknowledged, for these incidents.
async fn check(place: &Place, to: SocketAddr, clients: &[Client], only_at_hand: bool) {
    for client in clients {
        for (id, marks) in &client.book.marks {
            let at_hand = client.at_hand.as_ref().is_some_and(|(at, _)| at == id);
            if only_at_hand && !at_hand {
                continue;
            }
            let told = told(place, to, id).await;
            for mark in marks {
                let times = told.get(mark).copied().unwrap_or(0);
                assert_eq!(times, 1, "{mark} stands {times} times in {id}");
            }
            // What is not acknowledged may stand there once, and never twice.
            for (mark, times) in told {
                assert_eq!(times, 1, "{mark} stands {times} times in {id}");
            }
        }
    }
}

async fn check_versions(place: &Place, to: SocketAddr, promised: &Mutex<Versions>) {
    let list = place.get(to, "/v1/incidents?open=all").await.expect(200);
    let shown = versions(&list);
    for (id, version) in promised.lock().unwrap().iter() {
        let shown = shown.get(id).copied().unwrap_or(0);
        assert!(shown >= *version, "{id} was at {version}, is at {shown}");
    }
}

/// What the loop went through.
struct Toll {
    acknowledged: usize,
    asked_again: usize,
    pages: usize,
    repeats: usize,
    entries: u64,
}

/// Kills nodes of this place so often, then looks at what is left.
async fn crash(place: Place, receiver: &Receiver, kills: usize, mut dice: Dice) -> Toll {
    let promised = Arc::<Mutex<Versions>>::default();
    let (tell, node_at) = watch::channel(None);
    let mut reader = Reader::start(node_at, &place.token, promised.clone(), true);
    let mut clients: Vec<Client> = (0..CLIENTS)
        .map(|name| Client {
            name,
            token: place.token.clone(),
            dice: dice.another(),
            count: 0,
            at_hand: None,
            unknown: None,
            book: Book::default(),
        })
        .collect();
    for round in 0..kills {
        if dice.one_in(4) {
            // While it recovers from the kill before.
            let starting = Node::spawn(place.serve());
            tokio::time::sleep(std::time::Duration::from_millis(dice.below(200))).await;
            starting.kill().await;
        }
        let node = place.start().await;
        check_versions(&place, node.address, &promised).await;
        check(&place, node.address, &clients, true).await;
        tell.send_replace(Some(node.address));
        let (acknowledged, mut counted) = watch::channel(0);
        let working: Vec<_> = clients
            .drain(..)
            .map(|client| {
                let work = client.work(node.address, promised.clone(), acknowledged.clone());
                tokio::spawn(work)
            })
            .collect();
        let enough = usize::try_from(dice.below(80)).unwrap();
        let counting = counted.wait_for(|count| *count >= enough);
        crate::http::soon("enough answers", counting).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_micros(dice.below(20_000))).await;
        tell.send_replace(None);
        node.kill().await;
        for working in working {
            clients.push(working.await.unwrap());
        }
        if round % 20 == 19 {
            place.verify().await;
        }
    }
    let node = place.start().await;
    tell.send_replace(Some(node.address));
    for client in &mut clients {
        if let Some(request) = client.unknown.take() {
            let answer = client.ask(node.address, &request).send().await;
            client.note(&request, &answer, &promised);
        }
    }
    check(&place, node.address, &clients, false).await;
    check_versions(&place, node.address, &promised).await;
    let pages: BTreeSet<String> = clients
        .iter()
        .flat_map(|client| client.book.pages.iter().cloned())
        .collect();
    let repeats = receiver.has_all(&pages).await;
    let all = promised.lock().unwrap().clone();
    reader.has_seen(&all).await;
    let entries = place.verify().await;
    node.kill().await;
    Toll {
        acknowledged: clients.iter().map(|c| c.book.acknowledged).sum(),
        asked_again: clients.iter().map(|c| c.book.asked_again).sum(),
        pages: pages.len(),
        repeats,
        entries,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_at_random_moments_lose_nothing_and_repeat_nothing() {
    let dice = Dice::thrown("kills_at_random_moments");
    let receiver = Receiver::new(TAKES).await;
    let place = Place::new(&directory("1h", &webhook(&receiver.url)));
    let kills = times(8, 200);
    let toll = crash(place, &receiver, kills, dice).await;
    println!(
        "{kills} kills: {} commands acknowledged, {} asked again, {} pages, {} of them repeated, {} entries",
        toll.acknowledged, toll.asked_again, toll.pages, toll.repeats, toll.entries
    );
    assert!(toll.acknowledged > kills * 10, "{}", toll.acknowledged);
    assert!(toll.pages > kills, "{}", toll.pages);
}
