//! The program as a process that is treated badly: started over a store, killed, stopped, filled up. The store is a URL, so
//! that the same attacks go against every kind of store.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use warboard::secret::Secret;
use warboard::store::{Record as _, postgres, sqlite};
use warboard::time::{SharedClock, SystemClock};

use crate::http::{Answer, Ask, soon};
use crate::program::{output, warboard};

/// Most lines of a node's log that are kept.
const LINES: usize = 200;

/// Where nodes live: a home with the backend's own file, and a store.
pub struct Place {
    pub home: TempDir,
    /// As `--store` takes it.
    pub store: String,
    /// A commander's token.
    pub token: String,
}

/// Teams beside the owner's, with the same routes: one team takes only so many first pages a minute.
pub const PARTNERS: usize = 8;

/// A backend's own file with one service and one team; `routes` are the team's, as they stand in the file.
pub fn directory(ack_within: &str, routes: &str) -> String {
    let partners = (0..PARTNERS).map(|n| {
        format!(
            "[[team]]\nid = \"partner-{n}\"\nname = \"Partner {n}\"\nkind = \"partner\"\nack_within = \"{ack_within}\"\n{routes}"
        )
    });
    let partners: String = partners.collect();
    format!(
        r#"[[service]]
id = "azure"
name = "Azure"
prefix = "AZ"
owner = "legal-affairs"
regimes = []
[[team]]
id = "legal-affairs"
name = "Legal Affairs"
kind = "partner"
ack_within = "{ack_within}"
{routes}{partners}"#
    )
}

/// A route to a webhook.
pub fn webhook(url: &str) -> String {
    format!("[[team.route]]\nkind = \"webhook\"\nurl = \"{url}\"\n")
}

impl Place {
    /// A home with this file, over a store in one file of that home.
    pub fn new(server_toml: &str) -> Place {
        let home = tempfile::tempdir().unwrap();
        let store = format!("sqlite:{}", home.path().join("test.db").display());
        Place::over(home, store, server_toml)
    }

    /// The same over a store elsewhere.
    pub fn over(home: TempDir, store: String, server_toml: &str) -> Place {
        let folder = home.path().join(".config/warboard");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("server.toml"), server_toml).unwrap();
        let mut place = Place {
            home,
            store,
            token: String::new(),
        };
        place.token = place.issue("commander", "d.okafor");
        place
    }

    /// A token of a role.
    pub fn issue(&self, role: &str, name: &str) -> String {
        let issued = output(
            self.home.path(),
            &[
                "token",
                "issue",
                "--store",
                &self.store,
                "--role",
                role,
                "--name",
                name,
            ],
        );
        assert!(issued.status.success(), "{issued:?}");
        String::from_utf8(issued.stdout).unwrap().trim().to_owned()
    }

    /// `serve` over this store, on a free port.
    pub fn serve(&self) -> Command {
        let args = ["serve", "--listen", "127.0.0.1:0", "--store", &self.store];
        warboard(self.home.path(), &args).into()
    }

    /// A node, as soon as it listens.
    pub async fn start(&self) -> Node {
        Node::spawn(self.serve()).listening().await
    }

    /// The file of the store.
    pub fn file(&self) -> PathBuf {
        PathBuf::from(self.store.strip_prefix("sqlite:").unwrap())
    }

    /// Walks the record from its first entry; gives the number of entries.
    pub async fn verify(&self) -> u64 {
        let report = if self.store.starts_with("sqlite:") {
            let mut record = sqlite::record(&self.file()).await.unwrap();
            record.verify(&[]).await.unwrap()
        } else {
            let clock: SharedClock = Arc::new(SystemClock::new());
            let url = Secret::new(self.store.as_str());
            let mut record = postgres::record(&url, &clock).await.unwrap();
            record.verify(&[]).await.unwrap()
        };
        assert!(report.is_sound(), "{:?}", report.faults);
        report.entries
    }

    pub fn ask(&self, to: SocketAddr, method: &str, path: &str) -> Ask {
        Ask::new(to, method, path).token(&self.token)
    }

    /// A command for any version.
    pub fn order(&self, to: SocketAddr, id: &str, body: &serde_json::Value) -> Ask {
        self.ask(to, "POST", &format!("/v1/incidents/{id}/commands"))
            .header("if-match", "*")
            .json(body)
    }

    /// Opens an incident; its id.
    pub async fn opened(&self, to: SocketAddr) -> String {
        let body = serde_json::json!({"service": "azure", "title": "odd sign-ins"});
        let ask = self.ask(to, "POST", "/v1/incidents").json(&body);
        let opened = ask.send().await.expect(201);
        opened["id"].as_str().unwrap().to_owned()
    }

    pub async fn get(&self, to: SocketAddr, path: &str) -> Answer {
        self.ask(to, "GET", path).send().await
    }

    /// Every mark of this incident's timeline with how often it stands there.
    pub async fn told(&self, to: SocketAddr, id: &str) -> BTreeMap<String, usize> {
        let (mut told, mut after) = (BTreeMap::new(), 0);
        loop {
            let path = format!("/v1/incidents/{id}/timeline?limit=500&after={after}");
            let body = self.get(to, &path).await.expect(200);
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

    /// Follows the feed until an incident is as wanted.
    pub async fn until(
        &self,
        to: SocketAddr,
        id: &str,
        wanted: impl Fn(&serde_json::Value) -> bool,
    ) -> serde_json::Value {
        let mut last = serde_json::Value::Null;
        let waiting = async {
            let list = self.get(to, "/v1/incidents").await.expect(200);
            let mut cursor = list["cursor"].as_str().unwrap().to_owned();
            loop {
                let path = format!("/v1/incidents/{id}");
                let incident = self.get(to, &path).await.expect(200);
                if wanted(&incident) {
                    return incident;
                }
                last = incident;
                let path = format!("/v1/changes?since={cursor}&wait=20");
                let news = self.get(to, &path).await.expect(200);
                cursor = news["cursor"].as_str().unwrap().to_owned();
            }
        };
        match tokio::time::timeout(crate::http::PATIENCE, waiting).await {
            Ok(incident) => incident,
            Err(_) => panic!("{id} is not as wanted: {last}"),
        }
    }
}

/// What a node wrote to its log.
#[derive(Default)]
pub struct Said {
    pub count: usize,
    pub last: VecDeque<String>,
}

/// A process of the program that may not listen yet.
pub struct Starting {
    child: Child,
    said: Arc<Mutex<Said>>,
}

/// A node that listens. Gone with the value, killed.
pub struct Node {
    child: Child,
    pub address: SocketAddr,
    said: Arc<Mutex<Said>>,
}

impl Node {
    pub fn spawn(mut command: Command) -> Starting {
        let child = command
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Starting {
            child,
            said: Arc::default(),
        }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id().unwrap()).unwrap())
    }

    /// SIGKILL, and waits until it is gone.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// How many lines its log has, and the last of them.
    pub fn said(&self) -> (usize, Vec<String>) {
        let said = self.said.lock().unwrap();
        (said.count, said.last.iter().cloned().collect())
    }
}

impl Starting {
    /// SIGKILL before it was asked anything.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits until it says where it listens, and keeps reading its log from there on.
    pub async fn listening(mut self) -> Node {
        let mut lines = BufReader::new(self.child.stderr.take().unwrap()).lines();
        let mut before = Vec::new();
        let told = async {
            loop {
                let Ok(Some(line)) = lines.next_line().await else {
                    panic!("the backend ended: {before:?}");
                };
                if let Some(url) = line.strip_prefix("listening on http://") {
                    return url.parse().unwrap();
                }
                before.push(line);
            }
        };
        let address = soon("a backend that listens", told).await;
        let said = self.said.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let mut said = said.lock().unwrap();
                said.count += 1;
                if said.last.len() == LINES {
                    said.last.pop_front();
                }
                said.last.push_back(line);
            }
        });
        Node {
            child: self.child,
            address,
            said: self.said,
        }
    }
}
