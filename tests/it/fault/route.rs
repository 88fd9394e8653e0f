//! Receivers that behave badly, before the program as it is run and on the machine's own clock: every page ends acknowledged,
//! escalated or visibly failed, whatever the other side does.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::node::{Place, webhook};
use super::receiver::{Manner, Receiver, TAKES};

const GARBAGE: &[u8] = b"\x1b]0;owned\x07\xff\xfe this is no HTTP\r\n\r\n\x1b[2J";
const HALF: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\nhalf of i";
const FLOOD: &[u8] =
    b"HTTP/1.1 999 \x1b[31mno\r\nretry-after: 99999999999999\r\ncontent-length: 0\r\n\r\n";

/// Each with the team that has to do with it.
const BAD: [(&str, Manner); 9] = [
    ("t-500", Manner::Says("500 Internal Server Error")),
    (
        "t-429",
        Manner::Says("429 Too Many Requests\r\nretry-after: 3600"),
    ),
    ("t-404", Manner::Says("404 Not Found")),
    (
        "t-302",
        Manner::Says("302 Found\r\nlocation: http://127.0.0.1:1/"),
    ),
    ("t-nothing", Manner::Holds),
    ("t-garbage", Manner::Writes(GARBAGE)),
    ("t-half", Manner::Writes(HALF)),
    ("t-flood", Manner::Writes(FLOOD)),
    ("t-close", Manner::Closes),
];

fn server_file(bad: &BTreeMap<&str, Receiver>, second: &Receiver, last: &Receiver) -> String {
    let mut file = String::from(
        "[[service]]\nid = \"azure\"\nname = \"Azure\"\nprefix = \"AZ\"\nowner = \"on-call\"\nregimes = []\n",
    );
    let mut team = |id: &str, more: &str, routes: &str| {
        file += &format!(
            "[[team]]\nid = \"{id}\"\nname = \"{id}\"\nkind = \"partner\"\nack_within = \"2s\"\n{more}{routes}"
        );
    };
    team("on-call", "", &webhook(&last.url));
    for (id, receiver) in bad {
        // Half of them have a second route, half another team behind them.
        let both = format!("{}{}", webhook(&receiver.url), webhook(&second.url));
        team(id, "", &both);
        let beside = format!("{id}-alone");
        let escalates = "escalate_to = \"on-call\"\n";
        team(&beside, escalates, &webhook(&receiver.url));
    }
    file
}

fn pages(incident: &Value) -> &[Value] {
    incident["pages"].as_array().unwrap()
}

/// Whether a person has it, or it went on to where a person can be, or it says that it did not arrive.
fn is_settled(incident: &Value) -> bool {
    let (first, team) = (&pages(incident)[0], &pages(incident)[0]["team"]);
    match team.as_str().unwrap().ends_with("-alone") {
        true => pages(incident)
            .iter()
            .any(|page| page["team"] == "on-call" && page["state"] == "accepted"),
        false => first["state"] == "accepted" && first["route"] == "webhook",
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_before_a_bad_receiver_escalates_and_is_answered() {
    let mut bad = BTreeMap::new();
    for (team, manner) in BAD {
        bad.insert(team, Receiver::new(manner).await);
    }
    let second = Receiver::new(TAKES).await;
    let last = Receiver::new(TAKES).await;
    let place = Place::new(&server_file(&bad, &second, &last));
    let node = place.start().await;
    let to = node.address;
    let mut incidents = Vec::new();
    for team in bad
        .keys()
        .flat_map(|t| [(*t).to_owned(), format!("{t}-alone")])
    {
        let id = place.opened(to).await;
        let page = json!({"type": "page", "teams": [team]});
        place.order(to, &id, &page).send().await.expect(200);
        incidents.push((id, team));
    }
    for (id, team) in &incidents {
        let settled = place.until(to, id, is_settled).await;
        let first = &pages(&settled)[0];
        // Only an answer of a person looks good, and what went wrong stands there, harmless to a terminal.
        assert_ne!(first["state"], "acknowledged", "{team}: {first}");
        if team.ends_with("-alone") {
            let why = first["last_error"].as_str().unwrap_or_default();
            let visible = matches!(
                first["state"].as_str(),
                Some("failed" | "unknown" | "queued" | "sending")
            );
            assert!(visible, "{team}: {first}");
            assert!(!why.chars().any(char::is_control), "{team}: {why:?}");
            if first["state"] != "sending" && first["attempts"] != 0 {
                assert!(!why.is_empty(), "{team}: {first}");
            }
        }
        for page in pages(&settled) {
            let body = json!({"type": "acknowledge_page", "page": page["id"]});
            place.order(to, id, &body).send().await.expect(200);
        }
        place
            .until(to, id, |incident| {
                let answered = |page: &Value| page["state"] == "acknowledged";
                pages(incident).iter().all(answered)
            })
            .await;
    }
    for receiver in bad.values().chain([&second, &last]) {
        for (key, came) in receiver.came() {
            assert_eq!(came.bodies.len(), 1, "{key} came with several contents");
        }
    }
    // A page answered is sent no further; the log did not run away over all this.
    let (lines, said) = node.said();
    assert!(lines < 200, "{lines}: {said:#?}");
    place.verify().await;
    node.kill().await;
}
