//! Clients that open, note, move and page under load, and remember what they were told: every answer counts, and what has no
//! answer is asked again under the same key until it has one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::dice::Dice;
use super::node::{PARTNERS, Place};
use super::reader::{Versions, versions};
use crate::http::{Answer, Ask, soon};

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
                        let team = format!("partner-{}", self.name % PARTNERS);
                        json!({"type": "page", "teams": [team], "message": mark, "again": true})
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

    /// Asks until the node is gone, or enough is done. A store that is away is no answer: the same again in a moment.
    async fn work(
        mut self,
        to: SocketAddr,
        promised: Arc<Mutex<Versions>>,
        acknowledged: watch::Sender<usize>,
        enough: watch::Receiver<bool>,
    ) -> Client {
        while !*enough.borrow() {
            let request = match self.unknown.take() {
                Some(request) => request,
                None => self.request(),
            };
            if !self.once(to, request, &promised).await {
                return self;
            }
            if self.unknown.is_none() {
                acknowledged.send_modify(|count| *count += 1);
            }
        }
        self
    }

    /// Asks once; false if nobody is there.
    async fn once(&mut self, to: SocketAddr, request: Request, promised: &Mutex<Versions>) -> bool {
        let answer = self.ask(to, &request).try_send().await;
        match answer {
            Some(answer) if answer.status == 503 => {
                answer.pause().await;
                self.unknown = Some(request);
                self.book.asked_again += 1;
                true
            }
            Some(answer) => {
                self.note(&request, &answer, promised);
                true
            }
            None => {
                self.unknown = Some(request);
                self.book.asked_again += 1;
                false
            }
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
            let says = |of: &Value| of["message"] == request.mark.as_str();
            let page = pages.iter().find(|page| {
                let folded = page["folded"].as_array().into_iter().flatten();
                says(page) || folded.into_iter().any(says)
            });
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

/// All clients of a test.
pub struct Crowd {
    clients: Vec<Client>,
    /// The highest version of each incident that anybody was told.
    pub promised: Arc<Mutex<Versions>>,
}

/// Clients at work.
pub struct Working {
    acknowledged: watch::Receiver<usize>,
    enough: watch::Sender<bool>,
    clients: Vec<JoinHandle<Client>>,
}

impl Working {
    /// Waits until so many answers came.
    pub async fn reaches(&mut self, count: usize) {
        let reaching = self.acknowledged.wait_for(|now| *now >= count);
        soon("enough answers", reaching).await.unwrap();
    }

    /// How many answers came so far.
    pub fn count(&self) -> usize {
        *self.acknowledged.borrow()
    }
}

impl Crowd {
    pub fn new(place: &Place, dice: &mut Dice) -> Crowd {
        let client = |name| Client {
            name,
            token: place.token.clone(),
            dice: dice.another(),
            count: 0,
            at_hand: None,
            unknown: None,
            book: Book::default(),
        };
        Crowd {
            clients: (0..CLIENTS).map(client).collect(),
            promised: Arc::default(),
        }
    }

    /// Lets all of them at these nodes.
    pub fn work(&mut self, nodes: &[SocketAddr]) -> Working {
        let (tell, acknowledged) = watch::channel(0);
        let (enough, told) = watch::channel(false);
        let mut clients = Vec::new();
        for client in self.clients.drain(..) {
            let to = nodes[client.name % nodes.len()];
            let work = client.work(to, self.promised.clone(), tell.clone(), told.clone());
            clients.push(tokio::spawn(work));
        }
        Working {
            acknowledged,
            enough,
            clients,
        }
    }

    /// Takes them back, once each has its last answer or found nobody there.
    pub async fn take_back(&mut self, working: Working) {
        working.enough.send_replace(true);
        for client in working.clients {
            let client = soon("the end of a client's work", client).await;
            self.clients.push(client.unwrap());
        }
    }

    /// Asks again what has no answer yet: now it must get one.
    pub async fn settle(&mut self, to: SocketAddr) {
        for client in &mut self.clients {
            let promised = self.promised.clone();
            let settling = async {
                while let Some(request) = client.unknown.take() {
                    assert!(client.once(to, request, &promised).await, "nobody there");
                }
            };
            soon("an answer", settling).await;
        }
    }

    /// Every page that was acknowledged.
    pub fn pages(&self) -> BTreeSet<String> {
        let books = self.clients.iter().map(|client| &client.book);
        books.flat_map(|book| book.pages.iter().cloned()).collect()
    }

    /// How many commands were acknowledged, and how many were asked again.
    pub fn counts(&self) -> (usize, usize) {
        let books = || self.clients.iter().map(|client| &client.book);
        (
            books().map(|book| book.acknowledged).sum(),
            books().map(|book| book.asked_again).sum(),
        )
    }

    /// Holds what a node tells of the incidents now at work to what was acknowledged.
    pub async fn check_at_hand(&self, place: &Place, to: SocketAddr) {
        check_versions(place, to, &self.promised).await;
        check(place, to, &self.clients, true).await;
    }

    /// The same for everything.
    pub async fn check(&self, place: &Place, to: SocketAddr) {
        check_versions(place, to, &self.promised).await;
        check(place, to, &self.clients, false).await;
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
            let told = place.told(to, id).await;
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
