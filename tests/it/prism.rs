//! Every request that an adapter makes, held against the vendor's own document: Prism serves it and refuses what it does not
//! describe. `tests/prism` starts Prism and names the addresses in `WARBOARD_PRISM`; without them nothing is asked here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use warboard::connector::connector;
use warboard::connector::port::{Connector, Watermark, Whom};
use warboard::connector::settings::ConnectorSettings;
use warboard::connector::vendor::{VENDORS, Vendor};
use warboard::net::{HttpClient, HttpSettings, Limits};
use warboard::time::{SharedClock, TestClock};

/// How one adapter is driven.
struct Drive {
    word: &'static str,
    /// Its own keys of the file; `{url}` stands for where it is served.
    options: &'static [(&'static str, &'static str)],
    /// Incidents that are read one by one.
    keys: &'static [&'static str],
    /// The status that the first of them is moved to.
    to: &'static str,
    /// What the document has no part in and is answered here, such as a login, by what was asked.
    aside: fn(&str) -> Option<Value>,
    /// Makes of an answer, which Prism gives without a memory, what a living server would say.
    tell: fn(&str, &mut Value),
    /// Everything it asks, without what stands behind a question mark.
    asks: &'static [&'static str],
}

const DRIVES: &[Drive] = &[
    Drive {
        word: "incidentio",
        options: &[],
        keys: &["01A", "01MERGED"],
        to: "Monitoring",
        aside: |_| None,
        tell: |what, answer| {
            if what.starts_with("GET /v1/incident_statuses") {
                answer["incident_statuses"][0]["name"] = json!("Monitoring");
            }
            if what.starts_with("GET /v2/incidents/01MERGED") {
                answer["incident"]["incident_status"]["category"] = json!("merged");
            }
        },
        asks: &[
            "GET /v1/incident_statuses",
            "GET /v2/escalation_paths",
            "GET /v2/incident_updates",
            "GET /v2/incidents",
            "GET /v2/incidents/01A",
            "GET /v2/incidents/01MERGED",
            "POST /v2/escalations",
            "POST /v2/incident_timeline_items",
            "POST /v2/incidents/01A/actions/edit",
        ],
    },
    Drive {
        word: "sentinel",
        options: &[
            ("tenant", "contoso.example"),
            ("client_id", "11111111-2222-3333-4444-555555555555"),
            ("login_url", "{url}"),
            ("subscription", "11111111-2222-3333-4444-555555555555"),
            ("resource_group", "soc"),
            ("workspace", "soc"),
        ],
        keys: &["inc-1"],
        to: "containment",
        aside: |what| {
            let token = json!({"token_type": "Bearer", "expires_in": 3_600, "access_token": "t1"});
            what.contains("/oauth2/").then_some(token)
        },
        // The document's example of a link leads nowhere.
        tell: |_, answer| {
            if answer.get("nextLink").is_some() {
                answer["nextLink"] = Value::Null;
            }
        },
        asks: &[
            "GET /subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/soc/providers/Microsoft.OperationalInsights/workspaces/soc/providers/Microsoft.SecurityInsights/incidents",
            "GET /subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/soc/providers/Microsoft.OperationalInsights/workspaces/soc/providers/Microsoft.SecurityInsights/incidents/inc-1",
            "POST /contoso.example/oauth2/v2.0/token",
            "PUT /subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/soc/providers/Microsoft.OperationalInsights/workspaces/soc/providers/Microsoft.SecurityInsights/incidents/inc-1",
            "PUT /subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/soc/providers/Microsoft.OperationalInsights/workspaces/soc/providers/Microsoft.SecurityInsights/incidents/inc-1/comments/d58481f6-3623-8fe7-859a-e35c66178e30",
        ],
    },
    Drive {
        word: "thehive",
        options: &[("organisation", "blue")],
        keys: &["~12"],
        to: "Containment",
        aside: |_| None,
        // The document does not say what a query is answered with.
        tell: |what, answer| {
            if what == "POST /api/v1/query" {
                *answer = json!([{"_id": "~12", "_createdAt": 1_795_510_800_000_i64, "status": "New", "stage": "New"}]);
            }
        },
        asks: &[
            "PATCH /api/v1/case/~12",
            "POST /api/v1/case/~12/comment",
            "POST /api/v1/query",
        ],
    },
];

/// Stands between an adapter and Prism, and writes down what was asked and how it was answered.
struct Between {
    url: String,
    heard: Arc<Mutex<Vec<(String, u16, String)>>>,
    serving: JoinHandle<()>,
}

impl Drop for Between {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Between {
    async fn new(prism: &str, drive: &'static Drive) -> Between {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (noting, client) = (
            heard.clone(),
            HttpClient::new(prism, &HttpSettings::default()).unwrap(),
        );
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (status, what, body) = pass(stream, &client, drive).await;
                noting.lock().unwrap().push((what, status, body));
            }
        });
        Between {
            url,
            heard,
            serving,
        }
    }
}

/// One request on one connection; the next is not looked at before it is answered.
async fn pass(stream: TcpStream, client: &HttpClient, drive: &Drive) -> (u16, String, String) {
    let mut stream = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let what = lines[0].trim_end_matches(" HTTP/1.1").to_owned();
    let headers: Vec<(&str, &str)> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    stream.read_exact(&mut body).await.unwrap();
    let (status, mut answer) = match (drive.aside)(&what) {
        Some(answer) => (200, answer),
        None => {
            let (method, path) = what.split_once(' ').unwrap();
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let mut request = client.request(method, path).unwrap().body(body);
            let own = ["host", "content-length", "connection", "accept-encoding"];
            for (name, value) in headers {
                if !own.contains(&name.to_lowercase().as_str()) {
                    request = request.header(name, value);
                }
            }
            let answer = client.send(request, Limits::default()).await.unwrap();
            let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            match answer.status.as_u16() {
                500 if only_the_answer_is_wrong(&told) => (200, json!({})),
                status => (status, told),
            }
        }
    };
    let told = answer.to_string();
    (drive.tell)(&what, &mut answer);
    let body = match answer {
        Value::Null => String::new(),
        answer => answer.to_string(),
    };
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let _ = stream.shutdown().await;
    (status, what, told)
}

/// Whether Prism took the request, and found fault with its own answer alone: some documents hold examples that they do not
/// describe.
fn only_the_answer_is_wrong(told: &Value) -> bool {
    let faults = told["validation"].as_array();
    let of_answer = |fault: &Value| fault["location"][0] == "response";
    faults.is_some_and(|faults| !faults.is_empty() && faults.iter().all(of_answer))
}

/// The addresses at which documents are served, by the words of their vendors.
fn served() -> BTreeMap<String, String> {
    let all = std::env::var("WARBOARD_PRISM").unwrap_or_default();
    let pairs = all.split_whitespace().filter_map(|pair| {
        let (word, url) = pair.split_once('=')?;
        Some((word.to_owned(), url.to_owned()))
    });
    pairs.collect()
}

fn settings(vendor: &'static Vendor, drive: &Drive, url: &str) -> ConnectorSettings {
    let options = vendor.keys.iter().filter_map(|key| {
        let mut all = drive.options.iter();
        let (_, value) = all.find(|(known, _)| known == key)?;
        Some((*key, value.replace("{url}", url)))
    });
    ConnectorSettings {
        options: options.collect(),
        write_phases: true,
        ..crate::sync::settings(vendor, "cases", url)
    }
}

/// Calls everything there is to be called. What comes back is of no matter: Prism answers the same to everything.
async fn call(connector: &dyn Connector, drive: &Drive) {
    let list = connector.list(None).await.unwrap();
    assert!(!list.cases.is_empty(), "{list:?}");
    if list.next.is_some() {
        connector.list(list.next).await.unwrap();
    }
    for case in list.cases {
        connector.complete(case).await.unwrap();
    }
    let since = Watermark {
        at: "2026-11-24T09:00:00Z".parse().unwrap(),
        seen: BTreeSet::new(),
    };
    connector.changes(&since).await.unwrap();
    for key in drive.keys {
        connector.read(key).await.unwrap();
    }
    let key = drive.keys[0];
    let seen = connector.read(key).await.unwrap().version;
    let _ = connector.advance(key, &seen, drive.to).await;
    for whom in [
        Whom::Policy("01P".to_owned()),
        Whom::Person("01U".to_owned()),
    ] {
        let _ = connector.on_call(&whom).await;
        let _ = connector.page(key, &whom, "come", "page-1").await;
    }
    let _ = connector.note(key, "a note", "note-1").await;
}

#[tokio::test]
async fn every_request_is_one_that_the_vendors_document_describes() {
    for (word, prism) in served() {
        let Some(vendor) = VENDORS.into_iter().find(|vendor| vendor.word == word) else {
            continue;
        };
        let drive = DRIVES.iter().find(|drive| drive.word == word);
        let drive = drive.unwrap_or_else(|| panic!("nobody says how to drive {word}"));
        let between = Between::new(&prism, drive).await;
        let clock: SharedClock = Arc::new(TestClock::at("2026-11-24T10:00:00Z".parse().unwrap()));
        let made = connector(&settings(vendor, drive, &between.url), &clock).unwrap();
        call(&*made, drive).await;
        let heard = between.heard.lock().unwrap().clone();
        for (what, status, told) in &heard {
            assert!(
                (200..300).contains(status),
                "{word}: {what}: {status} {told}"
            );
        }
        let asked: BTreeSet<&str> = heard
            .iter()
            .map(|(what, ..)| what.split('?').next().unwrap())
            .collect();
        assert_eq!(asked, drive.asks.iter().copied().collect(), "{word}");
    }
}
