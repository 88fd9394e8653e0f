//! Every route of the document against every role, clearance and service: what is answered, and that no byte of it tells
//! what the token may not know. A route without a rule here fails.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use warboard::domain::word::{Role, Tlp};

use super::mask::full;
use crate::backend::Backend;
use crate::http::{Answer, Ask};

/// Who may ask a route, and what of an incident it touches.
#[derive(Clone, Copy, PartialEq)]
enum Rule {
    /// Anybody, without a token.
    Open,
    /// Any token; what it holds depends on the token.
    Reads,
    /// Any token for whom the incident exists.
    ReadsOne,
    /// A token that may write, for whom the incident exists.
    WritesOne,
    /// A token that may write.
    Writes,
    /// Whoever has the signed link, and nobody by a token.
    Link,
    /// A browser display by its cookie, and nobody by a token.
    Cookie,
    /// Whoever has a pairing code, from the display's own page, and nobody by a token.
    Code,
    /// A door's token that speaks for itself.
    Door,
    /// Admins and counsel.
    Audit,
    /// Whoever has the intake's own token, and nobody by another.
    Intake,
}

fn rule(route: &str) -> Rule {
    match route {
        "get /healthz" | "get /readyz" | "get /openapi.json" | "get /display" => Rule::Open,
        "get /display/stream" => Rule::Cookie,
        "post /display/pair" => Rule::Code,
        "put /v1/who" | "put /v1/roster" | "get /v1/named" | "post /v1/logins" => Rule::Door,
        "get /v1/logins" => Rule::Audit,
        "post /v1/intake/{name}" => Rule::Intake,
        "get /v1/info" | "get /v1/teams" | "get /v1/regimes" | "get /v1/incidents"
        | "get /v1/changes" | "get /v1/who" => Rule::Reads,
        "get /v1/incidents/{id}"
        | "get /v1/incidents/{id}/timeline"
        | "get /v1/incidents/{id}/duties/{duty}/explain" => Rule::ReadsOne,
        "post /v1/incidents/{id}/commands" | "post /v1/incidents/{id}/preview" => Rule::WritesOne,
        "post /v1/incidents" => Rule::Writes,
        "get /v1/pages/{id}/acknowledge" | "post /v1/pages/{id}/acknowledge" => Rule::Link,
        route => panic!("{route} has no rule of who may ask it: write one"),
    }
}

struct Reader {
    name: String,
    role: Role,
    counsel: bool,
    clearance: Tlp,
    service: Option<&'static str>,
    token: String,
}

struct Secret {
    id: String,
    service: &'static str,
    tlp: Tlp,
    /// The word in all that people wrote on it.
    word: &'static str,
    restricted: bool,
}

impl Secret {
    fn exists_for(&self, reader: &Reader) -> bool {
        !self.restricted && reader.service.is_none_or(|service| service == self.service)
    }

    fn is_read_by(&self, reader: &Reader) -> bool {
        self.exists_for(reader) && self.tlp <= reader.clearance
    }
}

async fn readers(backend: &Backend) -> Vec<Reader> {
    let mut readers = Vec::new();
    for (role, counsel) in [
        (Role::Viewer, false),
        (Role::Viewer, true),
        (Role::Responder, false),
        (Role::Commander, false),
        (Role::Admin, false),
    ] {
        for clearance in Tlp::ALL.iter().copied() {
            if counsel && clearance != Tlp::Clear && clearance != Tlp::Red {
                continue;
            }
            for service in ["azure", "dynamics-365"] {
                // A token for all services stands for the two once, where nothing else is in its way.
                let service = (clearance != Tlp::Red || service == "azure").then_some(service);
                let name = format!("{role}-{counsel}-{clearance}-{service:?}");
                let token = backend
                    .issue_as(&name, role, |request| {
                        request.counsel = counsel;
                        request.clearance = Some(clearance);
                        request.services = service.map(str::to_owned).into_iter().collect();
                    })
                    .await;
                readers.push(Reader {
                    name,
                    role,
                    counsel,
                    clearance,
                    service,
                    token,
                });
            }
        }
    }
    readers
}

async fn plain(backend: &Backend, service: &str, tlp: &str, word: &str) -> String {
    let open =
        json!({"service": service, "title": format!("{word} t"), "summary": word, "tlp": tlp});
    let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    let note = json!({"type": "note", "kind": "fact", "text": word});
    backend.done(&id, &note).await;
    id
}

fn untold(answer: &Answer, what: &str, word: &str) {
    let text = answer.text().to_lowercase();
    assert!(!text.contains(word), "{what} tells {word}: {text}");
    for (name, value) in &answer.headers {
        let value = value.to_lowercase();
        assert!(!value.contains(word), "{what}: {name}: {value}");
    }
}

fn ask(backend: &Backend, method: &str, path: &str, id: &str, since: &str) -> Ask {
    let path = path
        .replace("{id}", id)
        .replace("{name}", "alerts")
        .replace("{duty}", "ms-72h%2Fcustomer");
    let note = json!({"type": "note", "kind": "fact", "text": "t"});
    match (method, path.as_str()) {
        ("get", "/v1/incidents") => backend.ask("GET", "/v1/incidents?open=all"),
        ("get", "/v1/changes") => backend.ask("GET", &format!("/v1/changes?since={since}")),
        ("get", path) if path.ends_with("/timeline") => {
            backend.ask("GET", &format!("{path}?privileged=true"))
        }
        ("get", "/display/stream") => backend.ask("GET", "/display/stream?columns=60&rows=17"),
        ("get", path) => backend.ask("GET", path),
        ("put", path) => backend.ask("PUT", path).json(&json!({"people": []})),
        ("post", "/display/pair") => backend
            .ask("POST", "/display/pair")
            .json(&json!({"code": "22222222"})),
        ("post", "/v1/incidents") => backend
            .ask("POST", "/v1/incidents")
            .json(&json!({"service": "nowhere", "title": "t"})),
        ("post", path) if path.starts_with("/v1/pages/") => backend
            .ask("POST", path)
            .json(&json!({"name": "n", "answer": "coming"})),
        ("post", path) => backend
            .ask("POST", path)
            .header("if-match", "*")
            .json(&note),
        (method, path) => panic!("{method} {path}: how is it asked?"),
    }
}

#[tokio::test]
async fn every_route_holds_for_every_role_clearance_and_service() {
    let backend = Backend::new().await;
    let document = backend.ask("GET", "/openapi.json").send().await.expect(200);
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let route = format!("{method} {path}");
            routes.push((method.clone(), path.clone(), rule(&route)));
        }
    }
    let (red, _) = full(&backend).await;
    let secret = |id, service, tlp, word, restricted| Secret {
        id,
        service,
        tlp,
        word,
        restricted,
    };
    let hidden = plain(&backend, "azure", "clear", "hiddenword").await;
    let order = json!({"type": "restrict", "people": ["listed"]});
    backend.done(&hidden, &order).await;
    let sealed = json!({"service": "azure", "title": "sealedword t", "summary": "sealedword", "tlp": "clear",
        "people": ["listed"]});
    let sealed = backend.open(&sealed).await["id"].clone();
    let sealed = sealed.as_str().unwrap().to_owned();
    let secrets = [
        secret(red, "azure", Tlp::Red, "canary", false),
        secret(
            plain(&backend, "azure", "green", "greenword").await,
            "azure",
            Tlp::Green,
            "greenword",
            false,
        ),
        secret(
            plain(&backend, "dynamics-365", "amber", "otherword").await,
            "dynamics-365",
            Tlp::Amber,
            "otherword",
            false,
        ),
        secret(hidden, "azure", Tlp::Clear, "hiddenword", true),
        secret(sealed, "azure", Tlp::Clear, "sealedword", true),
    ];
    let page = backend.incident(&secrets[0].id).await["pages"][0]["id"].clone();
    let page = page.as_str().unwrap().to_owned();
    let readers = readers(&backend).await;
    let start = backend.cursor().await;
    for (method, path, rule) in &routes {
        let nobody = ask(&backend, method, path, "AZ-1", &start).send().await;
        match rule {
            Rule::Open => assert_eq!(nobody.status, 200, "{method} {path}"),
            Rule::Link => assert_eq!(nobody.status, 404, "{method} {path}"),
            Rule::Code => assert_eq!(nobody.status, 403, "{method} {path}"),
            _ => assert_eq!(nobody.status, 401, "{method} {path}"),
        }
        for reader in &readers {
            let of_one = path.contains("/incidents/{id}");
            for secret in secrets.iter().take(if of_one { secrets.len() } else { 1 }) {
                let id = if *rule == Rule::Link {
                    &page
                } else {
                    &secret.id
                };
                let asked = ask(&backend, method, path, id, &start).token(&reader.token);
                let answer = asked.send().await;
                let what = format!("{method} {path} {} by {}", secret.word, reader.name);
                let writes = reader.role >= Role::Responder;
                let expected = match rule {
                    Rule::Open | Rule::Reads => 200,
                    Rule::Link => 404,
                    Rule::Cookie | Rule::Intake => 401,
                    Rule::Code | Rule::Door => 403,
                    Rule::Audit if reader.role < Role::Admin && !reader.counsel => 403,
                    Rule::Audit => 200,
                    Rule::Writes if !writes => 403,
                    Rule::Writes => 422,
                    Rule::WritesOne if !writes => 403,
                    Rule::ReadsOne | Rule::WritesOne => match secret.exists_for(reader) {
                        true => 200,
                        false => 404,
                    },
                };
                assert_eq!(answer.status, expected, "{what}: {}", answer.text());
                for secret in secrets.iter().filter(|secret| !secret.is_read_by(reader)) {
                    untold(&answer, &what, secret.word);
                    if !secret.exists_for(reader) && answer.status == 200 {
                        let id = format!("\"{}\"", secret.id).to_lowercase();
                        untold(&answer, &what, &id);
                    }
                }
            }
        }
    }
    // What is counted and found is what is seen.
    for reader in &readers {
        let seen: BTreeSet<&str> = secrets
            .iter()
            .filter(|secret| secret.exists_for(reader))
            .map(|secret| secret.id.as_str())
            .collect();
        let list = backend
            .get(&reader.token, "/v1/incidents")
            .await
            .expect(200);
        let listed = list["incidents"].as_array().unwrap().iter();
        let listed: BTreeSet<&str> = listed.map(|one| one["id"].as_str().unwrap()).collect();
        assert_eq!(listed, seen, "{}", reader.name);
        for secret in &secrets {
            let found = format!("/v1/incidents?q={}", secret.word);
            let found = backend.get(&reader.token, &found).await.expect(200);
            let found = found["incidents"].as_array().unwrap().len();
            assert_eq!(
                found,
                usize::from(secret.is_read_by(reader)),
                "{}",
                reader.name
            );
        }
    }
    backend.stop().await;
}

#[tokio::test]
async fn a_viewer_s_token_changes_nothing_whatever_it_sends() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let document = backend.ask("GET", "/openapi.json").send().await.expect(200);
    let before = backend.cursor().await;
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let rule = rule(&format!("{method} {path}"));
            if method == "get" || matches!(rule, Rule::Link | Rule::Code) {
                continue;
            }
            let path = path.replace("{id}", &id).replace("{name}", "alerts");
            for kind in warboard::domain::allowed::CommandKind::ALL {
                let body = json!({"type": kind.as_str()});
                let answer = backend
                    .ask(&method.to_uppercase(), &path)
                    .token(&backend.tokens.viewer)
                    .header("if-match", "*")
                    .json(&body)
                    .send()
                    .await;
                let refused = if rule == Rule::Intake { 401 } else { 403 };
                assert_eq!(answer.status, refused, "{method} {path} {body}");
            }
        }
    }
    assert_eq!(backend.cursor().await, before);
    backend.stop().await;
}

#[tokio::test]
async fn privileged_entries_are_read_by_counsel_commanders_and_their_author_if_asked_for() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let before = backend.incident(&id).await["change"].clone();
    let author = backend.issue("author", Role::Responder).await;
    let other = backend.issue("other", Role::Responder).await;
    let note = json!({"type": "note", "kind": "decision", "text": "advice", "privileged": true});
    let answer = backend.order(&author, &id, &note).send().await;
    answer.expect(200);
    assert_eq!(backend.incident(&id).await["change"], before);
    let path = format!("/v1/incidents/{id}/timeline");
    let tokens = &backend.tokens;
    for (token, reads) in [
        (&author, true),
        (&other, false),
        (&tokens.viewer, false),
        (&tokens.counsel, true),
        (&tokens.commander, true),
        (&tokens.admin, true),
    ] {
        let plain = backend.get(token, &path).await;
        assert!(!plain.text().contains("advice"), "{}", plain.text());
        let asked = backend.get(token, &format!("{path}?privileged=true")).await;
        assert_eq!(asked.text().contains("advice"), reads, "{}", asked.text());
        assert_eq!(asked.text().contains("privileged"), reads);
        for path in ["/v1/incidents", &format!("/v1/incidents/{id}")] {
            let answer = backend.get(token, path).await;
            assert!(!answer.text().contains("privileged"), "{}", answer.text());
        }
    }
    let asked = format!("{path}?privileged=true");
    let entries = backend.get(&tokens.counsel, &asked).await.expect(200);
    let last = entries["entries"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_eq!(last["body"]["privileged"], Value::Bool(true));
    assert_eq!(last["line"], "decision noted, privileged");
    // Above the clearance, counsel or not, it is not there.
    let low = backend
        .issue_as("low", Role::Commander, |request| {
            request.counsel = true;
            request.clearance = Some(Tlp::Clear);
        })
        .await;
    let asked = backend.get(&low, &format!("{path}?privileged=true")).await;
    let asked = asked.expect(200);
    let entries = asked["entries"].as_array().unwrap();
    assert!(
        entries.iter().all(|entry| entry["kind"] != "noted"),
        "{entries:?}"
    );
    backend.stop().await;
}

#[tokio::test]
async fn lowering_a_mark_is_previewed_with_the_names_of_who_newly_reads() {
    let backend = Backend::new().await;
    let open = json!({"service": "azure", "title": "t", "tlp": "red"});
    let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    for (name, clearance, services) in [
        ("low", Tlp::Green, vec![]),
        ("middle", Tlp::Amber, vec!["azure".to_owned()]),
        ("elsewhere", Tlp::Amber, vec!["dynamics-365".to_owned()]),
    ] {
        backend
            .issue_as(name, Role::Responder, |request| {
                request.clearance = Some(clearance);
                request.services = services;
                request.team = Some(format!("team-of-{name}"));
            })
            .await;
    }
    let path = format!("/v1/incidents/{id}/preview");
    let preview = async |order: &Value| {
        let ask = backend.ask("POST", &path).token(&backend.tokens.commander);
        ask.json(order).send().await.expect(200)["newly"].clone()
    };
    let newly = preview(&json!({"type": "set", "tlp": "amber"})).await;
    assert_eq!(newly["people"], json!(["middle", "responder"]));
    assert_eq!(newly["people_in_all"], 2);
    assert_eq!(newly["roles"], json!(["responder"]));
    assert_eq!(newly["teams"], json!(["team-of-middle"]));
    assert_eq!(
        preview(&json!({"type": "set", "tlp": "amber+strict"})).await,
        Value::Null
    );
    let green = preview(&json!({"type": "set", "tlp": "green"})).await;
    assert_eq!(
        green["people"],
        json!(["low", "middle", "responder", "viewer"])
    );
    assert_eq!(green["roles"], json!(["viewer", "responder"]));
    backend.stop().await;
}
