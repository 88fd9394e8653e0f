//! Microsoft's systems through the whole program: a backend that follows a workspace of Sentinel and writes moves back, and
//! a person who signs in for a connector at the command line.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use warboard::connector::connector;
use warboard::connector::settings::ConnectorSettings;
use warboard::connector::vendor::Vendor;
use warboard::server::PolledConnector;
use warboard::time::{SharedClock, TestClock};

use crate::backend::{Backend, Plan};
use crate::http::soon;
use crate::program::output;

/// Answers what was asked, with what was sent with it.
trait Answer: Fn(&str, &str) -> (u16, Value) + Send + 'static {}
impl<F: Fn(&str, &str) -> (u16, Value) + Send + 'static> Answer for F {}

/// A service of Microsoft on a free port, with what it was asked.
fn serving(answer: impl Answer) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noting = asked.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
            let (head, length) = loop {
                match stream.read(&mut part) {
                    Ok(n) if n > 0 => bytes.extend_from_slice(&part[..n]),
                    _ => break (0, 0),
                }
                let text = String::from_utf8_lossy(&bytes).to_lowercase();
                if let Some(end) = text.find("\r\n\r\n") {
                    let length = text.split("content-length: ").nth(1);
                    let length = length.and_then(|rest| rest.lines().next()?.parse().ok());
                    break (end + 4, length.unwrap_or(0));
                }
            };
            while bytes.len() < head + length {
                match stream.read(&mut part) {
                    Ok(n) if n > 0 => bytes.extend_from_slice(&part[..n]),
                    _ => break,
                }
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let what = text.lines().next().unwrap_or_default();
            let what = what.trim_end_matches(" HTTP/1.1").to_owned();
            let (status, body) = answer(&what, &text[head..]);
            noting.lock().unwrap().push(what);
            let body = body.to_string();
            let answer = format!(
                "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (url, asked)
}

const CLIENT: &str = "11111111-2222-3333-4444-555555555555";

fn incident(name: &str, status: &str, labels: &[&str], etag: u32) -> Value {
    let labels: Vec<Value> = labels
        .iter()
        .map(|label| json!({"labelName": label}))
        .collect();
    json!({"name": name, "etag": format!("\"{etag}\""), "properties": {
        "title": "Token theft", "severity": "High", "status": status, "labels": labels, "kept": "by others",
        "createdTimeUtc": "2026-11-23T08:00:00Z", "lastModifiedTimeUtc": format!("2026-11-23T14:07:{etag:02}.5Z")}})
}

/// Sentinel as far as it is asked here. A write against an old etag is refused; one that is taken gives a new one.
fn sentinel(incidents: &mut [Value], what: &str, body: &str) -> (u16, Value) {
    if what.contains("/oauth2/") {
        return (200, json!({"access_token": "t1", "expires_in": 3_600}));
    }
    let name = what.split(['/', '?']).find(|part| part.starts_with("inc-"));
    let Some(name) = name else {
        let open = |incident: &&Value| {
            !what.contains("status%20ne") || incident["properties"]["status"] != "Closed"
        };
        let value: Vec<&Value> = incidents.iter().filter(open).collect();
        return (200, json!({ "value": value }));
    };
    let Some(found) = incidents
        .iter_mut()
        .find(|incident| incident["name"] == name)
    else {
        return (
            404,
            json!({"error": {"code": "NotFound", "message": "gone"}}),
        );
    };
    if what.starts_with("PUT") {
        let sent: Value = serde_json::from_str(body).unwrap();
        if sent["etag"] != found["etag"] {
            let words = "Newer version of resource exists for etag. Data was not saved";
            return (
                409,
                json!({"error": {"code": "Conflict", "message": words}}),
            );
        }
        *found = sent;
        found["etag"] = json!("\"40\"");
        found["properties"]["lastModifiedTimeUtc"] = json!("2026-11-23T14:07:40.5Z");
    }
    (200, found.clone())
}

/// A workspace whose incidents a test changes, its backend and the clock they run on.
struct Room {
    backend: Backend,
    clock: TestClock,
    incidents: Arc<Mutex<Vec<Value>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Room {
    async fn new(incidents: Vec<Value>) -> Room {
        let (clock, incidents) = (TestClock::default(), Arc::new(Mutex::new(incidents)));
        let answers = incidents.clone();
        let (url, asked) =
            serving(move |what, body| sentinel(&mut answers.lock().unwrap(), what, body));
        let shared: SharedClock = Arc::new(clock.clone());
        let vendor = Vendor::of("sentinel").unwrap();
        let options = [
            ("tenant", "contoso.example"),
            ("client_id", CLIENT),
            ("login_url", &url),
            ("subscription", CLIENT),
            ("resource_group", "soc"),
            ("workspace", "soc"),
        ];
        let settings = ConnectorSettings {
            options: BTreeMap::from(options.map(|(key, value)| (key, value.to_owned()))),
            write_phases: true,
            ..crate::sync::settings(vendor, "sentinel", &url)
        };
        let made = connector(&settings, &shared).unwrap();
        let plan = Plan::new()
            .clock(&clock)
            .polled(vec![PolledConnector::new(settings, made)]);
        Room {
            backend: plan.start().await,
            clock,
            incidents,
            asked,
        }
    }

    fn set(&self, incidents: Vec<Value>) {
        *self.incidents.lock().unwrap() = incidents;
    }

    /// The calls so far, without those for tokens.
    fn calls(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let calls = asked.iter().filter(|what| !what.contains("/oauth2/"));
        calls.cloned().collect()
    }

    /// Lets time pass until an incident is as it shall be; gives it.
    async fn until(&self, what: &str, good: impl Fn(&Value) -> bool) -> Value {
        let coming = async {
            loop {
                let list = self
                    .backend
                    .get(&self.backend.tokens.admin, "/v1/incidents")
                    .await
                    .json();
                let found = list["incidents"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .find(|one| good(one));
                if let Some(found) = found {
                    return found.clone();
                }
                self.backend.pass(&self.clock, 1_000).await;
            }
        };
        soon(what, coming).await
    }

    async fn moved(&self, id: &str, to: &str) {
        let ask = self
            .backend
            .ask("POST", &format!("/v1/incidents/{id}/commands"));
        let ask = ask
            .token(&self.backend.tokens.commander)
            .header("if-match", "*");
        let body = json!({"type": "advance", "to": to});
        ask.json(&body).send().await.expect(200);
    }
}

#[tokio::test]
async fn sentinel_is_followed_by_what_changed_and_written_with_its_etag() {
    let room = Room::new(vec![incident("inc-1", "New", &["vip"], 1)]).await;
    let taken = room
        .until("the incident", |one| one["upstream"]["key"] == "inc-1")
        .await;
    assert_eq!(
        (&taken["severity"], &taken["phase"]),
        (&json!("sev2"), &json!("detection_and_analysis"))
    );
    let id = taken["id"].as_str().unwrap().to_owned();
    // It moves here: the whole object goes there, and comes back with another etag.
    let containment = "containment_eradication_and_recovery";
    room.moved(&id, containment).await;
    let written = |one: &Value| one["upstream"]["raw_status"] == "containment";
    let written = room.until("the move written there", written).await;
    assert_eq!(
        (&written["upstream"]["version"], &written["phase"]),
        (&json!("\"40\""), &json!(containment))
    );
    let there = room.incidents.lock().unwrap()[0].clone();
    assert_eq!(
        there["properties"]["labels"],
        json!([{"labelName": "vip"}, {"labelName": "phase:containment"}])
    );
    assert_eq!(
        (&there["properties"]["kept"], &there["properties"]["status"]),
        (&json!("by others"), &json!("Active"))
    );
    let puts = |room: &Room| {
        let calls = room.calls();
        calls.iter().filter(|what| what.starts_with("PUT")).count()
    };
    assert_eq!(puts(&room), 1);
    // It moves there by a label: the next question, which asks what changed, tells it.
    room.set(vec![incident(
        "inc-1",
        "Active",
        &["vip", "phase:post-incident"],
        41,
    )]);
    room.until("the move there", |one| {
        one["phase"] == "post_incident_activity"
    })
    .await;
    let calls = room.calls();
    let whole = calls.iter().filter(|what| what.contains("status%20ne"));
    assert_eq!(whole.count(), 1, "{calls:?}");
    assert!(
        calls
            .iter()
            .any(|what| what.contains("lastModifiedTimeUtc%20ge%20")),
        "{calls:?}"
    );
    // Closed there, it leaves the list; here it stays open until somebody closes it.
    room.set(vec![incident(
        "inc-1",
        "Closed",
        &["phase:post-incident"],
        41,
    )]);
    let closed = room
        .until("its end there", |one| {
            one["upstream"]["standing"] == "resolved"
        })
        .await;
    assert_eq!((&closed["ended"], puts(&room)), (&Value::Null, 1));
    room.backend.stop_at(&room.clock).await;
}

#[tokio::test]
async fn a_quiet_minute_of_sentinel_costs_two_calls() {
    let room = Room::new(vec![incident("inc-1", "New", &[], 1)]).await;
    room.until("the incident", |one| one["upstream"]["key"] == "inc-1")
        .await;
    let before = room.calls().len();
    for _ in 0..60 {
        room.backend.pass(&room.clock, 1_000).await;
        room.backend
            .get(&room.backend.tokens.admin, "/v1/info")
            .await;
    }
    let asked = room.calls().len() - before;
    assert!(asked <= 2, "{asked} calls in a minute");
    let all = room.asked.lock().unwrap().len();
    let tokens = all - room.calls().len();
    assert_eq!(tokens, 1, "one token serves them all");
    room.backend.stop_at(&room.clock).await;
}

fn file(url: &str, rest: &str) -> String {
    format!(
        "[[connector]]\nkind = \"graph\"\nname = \"xdr\"\nurl = \"{url}\"\nlogin_url = \"{url}\"\n\
         tenant = \"contoso.example\"\nclient_id = \"{CLIENT}\"\nservice = \"azure\"\n{rest}"
    )
}

fn run(home: &Path, args: &[&str]) -> (i32, String, String) {
    let args: Vec<&str> = args
        .iter()
        .copied()
        .chain(["--config", "server.toml"])
        .collect();
    let done = output(home, &args);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        done.status.code().unwrap(),
        text(done.stdout),
        text(done.stderr),
    )
}

#[test]
fn a_person_signs_in_at_the_command_line_and_the_connector_reads_with_it() {
    let refused = Arc::new(Mutex::new(false));
    let says_no = refused.clone();
    let (url, asked) = serving(move |what, body| {
        if what.ends_with("/devicecode") {
            let code = json!({"device_code": "d-hunter2", "user_code": "ABCD-EFGH", "interval": 1, "expires_in": 900,
                "verification_uri": "https://login.example/device\u{1b}[31m"});
            return (200, code);
        }
        if what.ends_with("/token") && *says_no.lock().unwrap() {
            let words = "AADSTS700082: The refresh token has expired. Trace ID: 1";
            return (
                400,
                json!({"error": "invalid_grant", "error_description": words}),
            );
        }
        if what.ends_with("/token")
            && (body.contains("device_code=d-hunter2") || body.contains("refresh_token=r-hunter2"))
        {
            return (
                200,
                json!({"access_token": "t1", "expires_in": 3_600, "refresh_token": "r-hunter2"}),
            );
        }
        let incident = json!({"id": "7", "displayName": "Ransomware", "status": "awaitingAction", "severity": "medium",
            "createdDateTime": "2026-01-23T08:00:00Z", "customTags": ["phase:recovery"]});
        (200, json!({"value": [incident]}))
    });
    let home = tempfile::tempdir().unwrap();
    std::fs::write(
        home.path().join("server.toml"),
        file(&url, "login = \"device\"\n"),
    )
    .unwrap();
    let (code, out, err) = run(home.path(), &["connector", "check", "xdr"]);
    assert_eq!(code, 4, "{out}{err}");
    assert!(err.contains("warboard connector login xdr"), "{err}");
    let (code, out, err) = run(home.path(), &["connector", "login", "xdr"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(
        out.contains("https://login.example/device") && out.contains("type ABCD-EFGH"),
        "{out}"
    );
    assert!(
        err.contains("signed in for connector 'xdr'") && !format!("{out}{err}").contains("hunter2"),
        "{err}"
    );
    assert!(!out.contains('\u{1b}'));
    let kept = home.path().join(".local/share/warboard/xdr.login");
    assert_eq!(std::fs::metadata(&kept).unwrap().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "r-hunter2");
    let (code, out, err) = run(home.path(), &["connector", "check", "xdr"]);
    assert_eq!(code, 0, "{out}{err}");
    for part in [
        "7",
        "recovery",
        "sev3",
        "containment_eradication_and_recovery",
        "Ransomware",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    assert!(
        asked
            .lock()
            .unwrap()
            .iter()
            .all(|what| !what.contains("hunter2"))
    );
    // It ends some day, and says what to do.
    *refused.lock().unwrap() = true;
    let (code, _, err) = run(home.path(), &["connector", "check", "xdr"]);
    assert_eq!(code, 4, "{err}");
    assert!(
        err.contains("expired or was taken back: run  warboard connector login xdr"),
        "{err}"
    );
}

#[test]
fn who_signs_in_by_a_secret_needs_nobody_to_sign_in() {
    let home = tempfile::tempdir().unwrap();
    let rest = "token_file = \"app.secret\"\n";
    std::fs::write(
        home.path().join("server.toml"),
        file("http://127.0.0.1:1", rest),
    )
    .unwrap();
    let (code, _, err) = run(home.path(), &["connector", "login", "xdr"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("nobody signs in for connector 'xdr'"), "{err}");
    let (code, out, err) = run(home.path(), &["connector", "list"]);
    assert_eq!(code, 0, "{err}");
    for part in [
        "xdr",
        "Microsoft Graph security",
        "asks what changed",
        "phases in a field",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
}
