//! Bytes that nobody would send, made from a seed by changing good ones: the properties of `fuzz/property.rs` on any compiler,
//! and the same bodies before a backend. Nothing leads these bytes where the code branches; `cargo fuzz` does.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::backend::Backend;
use crate::fault::dice::Dice;
use crate::fault::is_long;

#[path = "../../fuzz/property.rs"]
mod property;

/// How long one kind is fed in the long form.
const LONG: Duration = Duration::from_secs(100);

/// What stands between good and bad.
const TOKENS: [&[u8]; 24] = [
    b"\x1b[2J",
    b"\x1b]0;x\x07",
    b"\x9b1m",
    b"\0",
    b"\r\n",
    b"\xff\xfe",
    b"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x92",
    b"\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81",
    b"\xe2\x80\xae",
    b"\xe2\x81\xa6",
    b"\xef\xb8\x8f",
    b"\xf3\xa0\x81\x81",
    b"\"\"",
    b"{}",
    b"[]",
    b"null",
    b"-1",
    b"1e999",
    b"9999-12-31T23:59:60Z",
    b"0000-01-01T00:00:00Z",
    b"[[",
    b" = ",
    b"\"type\":\"note\"",
    b"\\ud800",
];

/// A good one, spoilt in a few places.
fn spoilt(good: &[&[u8]], dice: &mut Dice) -> Vec<u8> {
    let pick = |dice: &mut Dice, n: usize| usize::try_from(dice.next()).unwrap_or(0) % n.max(1);
    let mut bytes = good[pick(dice, good.len())].to_vec();
    for _ in 0..=dice.below(4) {
        let at = pick(dice, bytes.len() + 1);
        match dice.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 if at < bytes.len() => {
                bytes.remove(at);
            }
            2 => bytes.truncate(at),
            3 => {
                let end = at + pick(dice, bytes.len() - at.min(bytes.len()) + 1).min(200);
                let again = bytes[at..end.min(bytes.len())].to_vec();
                bytes.splice(at..at, again);
            }
            4 => {
                let other = good[pick(dice, good.len())];
                let from = pick(dice, other.len() + 1);
                bytes.splice(at.., other[from..].iter().copied());
            }
            5 => bytes.insert(at, u8::try_from(dice.below(256)).unwrap()),
            _ => {
                let token = TOKENS[pick(dice, TOKENS.len())];
                bytes.splice(at..at, token.iter().copied());
            }
        }
    }
    bytes
}

/// Feeds a property: so often in the short form, so long in the long one. What made it fail is told byte by byte.
fn feed(name: &str, short: usize, good: &[&[u8]], property: fn(&[u8])) {
    let mut dice = Dice::thrown(name);
    for bytes in good {
        property(bytes);
    }
    let (began, mut fed) = (Instant::now(), 0);
    let enough = |fed: usize| match is_long() {
        true => began.elapsed() > LONG,
        false => fed >= short,
    };
    while !enough(fed) {
        let bytes = spoilt(good, &mut dice);
        let outcome = std::panic::catch_unwind(|| property(&bytes));
        assert!(
            outcome.is_ok(),
            "{name} fails for b\"{}\"",
            bytes.escape_ascii()
        );
        fed += 1;
    }
    println!("{name}: {fed} inputs");
}

#[test]
fn any_text_is_safe_to_draw() {
    let good: [&[u8]; 5] = [
        "Größe 字 e\u{301} 👩‍🚒 ✔️ a\u{200f}b".as_bytes(),
        b"plain text\twith\r\nlines",
        "\u{1F1E9}\u{1F1EA} \u{FF76}\u{FF9E} \u{0E01}\u{0E33}".as_bytes(),
        "#️⃣ 1⃣ \u{1F44D}\u{1F3FD}".as_bytes(),
        b"\x1b[31mred\x1b[0m \xc2\x9b2J",
    ];
    feed("text", 4_000, &good, property::text);
}

const BODIES: [&[u8]; 10] = [
    br#"{"type":"note","kind":"fact","text":"a line","occurred_at":"2026-11-23T14:07:32Z"}"#,
    br#"{"type":"page","teams":["legal-affairs"],"message":"come","urgency":"low","again":true}"#,
    br#"{"type":"set","severity":"sev2","title":null,"regimes":["ms-72h"],"profile":{"zone":"Europe/Berlin","affected":{"tenants":1200}}}"#,
    br#"{"type":"record_time","trigger":"aware_at","at":"2026-11","precision":"month","source":"mail"}"#,
    br#"{"type":"submit","duties":["ms-72h/customer"],"at":"2026-11-23T14:07:32Z","channel":"portal","kind":"initial","told":{"done":3,"of":9}}"#,
    br#"{"type":"hold","duty":"ms-72h/customer","kind":"exception:risk-to-others","authority":"police","until":"2026-12-01T00:00:00Z"}"#,
    br#"{"type":"advance","to":"containment_eradication_and_recovery","reason":"found","override":true}"#,
    br#"{"service":"azure","title":"odd sign-ins","severity":"sev1","triggers":{"aware_at":"2026-11-23T14:07:32Z"},"upstream":{"connector":"veris","key":"1","url":"https://a.example/"}}"#,
    br#"{"type":"urn:warboard:problem:invalid","title":"t","status":422,"detail":"d","unmet":["severity"]}"#,
    br#"{"cursor":"a-1","now":"2026-11-23T14:07:32Z","complete":true,"next":null,"incidents":[]}"#,
];

#[test]
fn any_body_is_read_or_refused_and_reads_back_as_written() {
    feed("body", 4_000, &BODIES, property::body);
}

#[test]
fn any_settings_are_read_or_refused_by_name() {
    let good: [&[u8]; 2] = [
        br#"theme = "night"
zone = "Europe/Berlin"
ascii = true
[[source]]
name = "azure"
url = "https://azure.incidents.example"
token_file = "~/azure.token"
[keys]
forward = ">"
"#,
        b"theme = \"day\"\nmask = true\nno_blink = false\n",
    ];
    feed("config", 300, &good, property::config);
}

#[test]
fn any_server_file_is_read_or_refused_by_name() {
    let good: [&[u8]; 2] = [
        br#"public_url = "https://azure.incidents.example"
[[severity]]
id = "sev1"
means = "confirmed access"
[[service]]
id = "azure"
name = "Azure"
prefix = "AZ"
owner = "azure-security-response"
service_team = "legal-affairs"
regimes = ["ms-dpa", "ms-72h"]
[[team]]
id = "azure-security-response"
name = "Azure Security Response"
kind = "security_response"
[[team]]
id = "legal-affairs"
name = "Legal Affairs"
short = "legal"
kind = "partner"
services = ["azure"]
engage_when = ["customer notification"]
ack_within = "10m"
escalate_to = "azure-security-response"
[[team.route]]
kind = "webhook"
url = "https://hooks.example/legal"
clearance = "amber"
in_band = true
"#,
        b"name = \"azure\"\n",
    ];
    feed("server_file", 300, &good, property::server_file);
}

#[test]
fn any_regime_file_is_read_or_refused_by_name() {
    let own = include_bytes!("../fixtures/regimes.toml");
    let good: [&[u8]; 2] = [own, b"schema = \"regimes/1\"\n"];
    feed("regime", 300, &good, property::regime);
}

#[test]
fn any_change_breaks_a_signature() {
    let good: [&[u8]; 2] = [
        b"whsec_dGhlIHRlYW0ncyBzZWNyZXQ=\np01-0\n{\"page\":\"p01\"}",
        b"0123456789abcdef\nid.with.dots\nbody\nof lines",
    ];
    feed("signature", 500, &good, property::signature_of_any_bytes);
}

#[test]
fn any_bytes_of_a_terminal_are_the_same_keys_however_they_are_cut() {
    let good: [&[u8]; 6] = [
        b"jjkk\x1b[A\x1bOB\x1b[1;5D\x1b[3~\r\t\x7f",
        b"\x1b[200~rm -rf\r\x1b[A y\x1b[201~j",
        b"\x1b[?62;22c\x1b]11;rgb:1e1e/0000/ffff\x1b\\\x1b[I\x1b[O",
        "é字👩\u{200d}🚒\x1bx\x1b\x1b[12;34R".as_bytes(),
        b"\x1b[<0;12;7M\x1b[M !!\x1b[57399;5u\x1bP1$r0m\x1b\\",
        b"\x1b[?2026;2$y\x1b[8;24;80t\x1b[>0;95;0c\x1b_Gi=1;OK\x1b\\",
    ];
    feed("keys", 2_000, &good, property::keys);
}

#[test]
fn any_group_of_alerts_is_refused_by_its_form_or_opens_an_incident() {
    let good: [&[u8]; 3] = [
        include_bytes!("../fixtures/alertmanager/webhook.json"),
        br#"{"version":"4","groupKey":"{}:{alertname=\"X\"}","truncatedAlerts":3,"status":"firing","commonLabels":{"severity":"critical","x":"\u0000\n"},"commonAnnotations":{"summary":"s"},"alerts":[{"status":"firing","labels":{"alertname":"X"},"startsAt":"2026-11-23T20:40:00Z"}]}"#,
        br#"{"version":"4","groupKey":"k","status":"firing","alerts":[{"status":"resolved","startsAt":"0001-01-01T00:00:00Z"}]}"#,
    ];
    feed("alert", 1_000, &good, property::alert);
}

#[tokio::test]
async fn any_body_before_a_backend_gets_an_answer_of_the_api() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let mut dice = Dice::thrown("body before a backend");
    let times = if is_long() { 20_000 } else { 300 };
    for _ in 0..times {
        let bytes = spoilt(&BODIES, &mut dice);
        let path = match dice.below(3) {
            0 => "/v1/incidents".to_owned(),
            1 => format!("/v1/incidents/{id}/preview"),
            _ => format!("/v1/incidents/{id}/commands"),
        };
        let ask = backend.ask("POST", &path).token(&backend.tokens.commander);
        let ask = ask
            .header("if-match", "*")
            .raw("application/json", bytes.clone());
        let answer = ask.send().await;
        let expected = matches!(answer.status, 200 | 201 | 400 | 403 | 404 | 412 | 422);
        assert!(expected, "{}: b\"{}\"", answer.status, bytes.escape_ascii());
    }
    let note = json!({"type": "note", "kind": "fact", "text": "still here"});
    backend.done(&id, &note).await;
    backend.stop().await;
}
