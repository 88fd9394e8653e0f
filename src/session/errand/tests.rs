//! Errands against a backend that each test plays itself.

use serde_json::json;

use super::*;
use crate::client::script::{Asked, Backend, about, incident, list};
use crate::time::Clock;

/// A session over one source, its board loaded.
struct Sent {
    backend: Backend,
    errand: Errand,
    watch: Arc<Watch>,
    news: mpsc::Receiver<Message>,
    /// The board's own request, held.
    _held: Asked,
}

impl Sent {
    async fn new() -> Sent {
        let mut backend = Backend::new().await;
        let apis = vec![backend.given()];
        let watch = Arc::new(Watch::start(apis.clone(), backend.shared_clock()));
        let (sender, news) = mpsc::channel(64);
        let first = backend.expect("/v1/incidents").await;
        first.good(&list("s-1", None, &[incident("AZ-1", 7)]));
        backend.expect("/v1/info").await.good(&about("Azure"));
        let teams = backend.expect("/v1/teams").await;
        teams.good(&json!({ "teams": [] }));
        let held = backend.expect("/v1/changes").await;
        let shown = tokio::sync::watch::channel(watch.clone()).1;
        let errand = Errand::new(apis, shown, backend.shared_clock(), sender);
        Sent {
            backend,
            errand,
            watch,
            news,
            _held: held,
        }
    }

    fn undo(&self, ticket: u64) {
        let command = serde_json::from_value(json!({ "type": "undo" })).unwrap();
        self.errand.send(Effect::Send {
            ticket,
            source: 0,
            id: "AZ-1".into(),
            version: 7,
            command: Box::new(command),
        });
    }

    async fn reply(&mut self) -> (u64, Reply) {
        match self.news.recv().await.unwrap() {
            Message::Replied { ticket, reply } => (ticket, reply),
            other => panic!("{other:?}"),
        }
    }

    fn shown(&self) -> u64 {
        let board = self.watch.board();
        board.borrow().incident(0, "AZ-1").unwrap().version
    }
}

#[tokio::test]
async fn a_command_that_is_done_stands_on_the_board_before_the_reply_is_read() {
    let mut sent = Sent::new().await;
    sent.undo(1);
    let asked = sent.backend.expect("/v1/incidents/AZ-1/commands").await;
    assert_eq!(asked.header("if-match").unwrap(), "\"7\"");
    let mut body = incident("AZ-1", 8);
    body["unmet"] = json!(["severity"]);
    asked.good(&body);
    let (ticket, reply) = sent.reply().await;
    assert!(
        matches!(reply, Reply::Done { incident, unmet } if incident.version == 8 && unmet.len() == 1)
    );
    assert_eq!((ticket, sent.shown()), (1, 8));
}

#[tokio::test]
async fn a_ticket_has_one_key_and_another_ticket_another() {
    let mut sent = Sent::new().await;
    let mut keys = Vec::new();
    for ticket in [1, 1, 2] {
        sent.undo(ticket);
        let asked = sent.backend.expect("/v1/incidents/AZ-1/commands").await;
        keys.push(asked.header("idempotency-key").unwrap());
        asked.good(&incident("AZ-1", 8));
        sent.reply().await;
    }
    assert!(keys[0] == keys[1] && keys[1] != keys[2]);
    let other = Sent::new().await;
    assert_ne!(sent.errand.shared.key(1), other.errand.shared.key(1));
}

#[tokio::test]
async fn refusals_become_replies_without_another_try() {
    let mut sent = Sent::new().await;
    let problem = json!({ "detail": "No.", "unmet": ["review"], "incident": incident("AZ-1", 9) });
    for (status, is_so) in [
        (
            422,
            (|r| matches!(r, Reply::Refused { sentence, unmet } if sentence == "No." && unmet.len() == 1))
                as fn(&Reply) -> bool,
        ),
        (428, |r| matches!(r, Reply::Refused { .. })),
        (
            401,
            |r| matches!(r, Reply::NotAllowed { sentence } if sentence == "No."),
        ),
        (403, |r| matches!(r, Reply::NotAllowed { .. })),
        (404, |r| matches!(r, Reply::NotAllowed { .. })),
        (
            412,
            |r| matches!(r, Reply::Conflict { incident: Some(i), .. } if i.version == 9),
        ),
    ] {
        sent.undo(u64::from(status));
        let asked = sent.backend.expect("/v1/incidents/AZ-1/commands").await;
        asked.api(status, "", &problem);
        let (ticket, reply) = sent.reply().await;
        assert_eq!(ticket, u64::from(status));
        assert!(is_so(&reply), "{status}: {reply:?}");
    }
    // What a conflict tells is shown too.
    assert_eq!(sent.shown(), 9);
}

#[tokio::test]
async fn no_answer_is_tried_three_times_with_one_key_and_then_told() {
    let mut sent = Sent::new().await;
    sent.undo(4);
    let mut keys = Vec::new();
    let began = sent.backend.clock.mono();
    // Broken, closed, silent.
    for n in 0..3 {
        let asked = sent.backend.expect("/v1/incidents/AZ-1/commands").await;
        keys.push(asked.header("idempotency-key").unwrap());
        match n {
            0 => asked.answer(503, "retry-after: 1\r\n", ""),
            1 => drop(asked),
            _ => {
                sent.backend.clock.advance(4_000);
                break;
            }
        }
        // The next try comes when its pause is over, whenever that began.
        while sent.backend.is_idle() {
            sent.backend.clock.advance(20);
            tokio::task::yield_now().await;
        }
    }
    keys.dedup();
    assert_eq!(keys.len(), 1);
    let (ticket, reply) = sent.reply().await;
    assert!(
        matches!(&reply, Reply::Unreachable { sentence } if sentence.contains("not known")),
        "{reply:?}"
    );
    assert_eq!(ticket, 4);
    assert!(sent.backend.clock.mono() - began <= TRIES_WITHIN_MS + TRY_AT_LEAST_MS);
}

#[tokio::test]
async fn opening_brings_the_new_incident() {
    let mut sent = Sent::new().await;
    let open = json!({ "service": "azure", "title": "t" });
    sent.errand.send(Effect::Open {
        ticket: 5,
        source: 0,
        open: Box::new(serde_json::from_value(open).unwrap()),
    });
    let asked = sent.backend.expect("/v1/incidents").await;
    assert_eq!(asked.method, "POST");
    asked.api(201, "", &incident("AZ-2", 1));
    let (_, reply) = sent.reply().await;
    assert!(matches!(reply, Reply::Done { incident, .. } if incident.id == "AZ-2"));
    assert!(sent.watch.board().borrow().incident(0, "AZ-2").is_some());
}

fn entries(from: u64, count: u64, next: Option<u64>) -> serde_json::Value {
    let entry = |seq| json!({ "seq": seq, "version": 1, "at": "2026-11-23T14:00:00Z", "by": "a", "via": "api", "kind": "noted", "line": null, "body": {} });
    let entries: Vec<_> = (from..from + count).map(entry).collect();
    json!({ "entries": entries, "next": next })
}

#[tokio::test]
async fn a_timeline_is_read_to_its_end_or_said_to_be_cut() {
    let mut sent = Sent::new().await;
    for (stretches, expected, whole) in [
        (
            vec![entries(1, 500, Some(500)), entries(501, 3, None)],
            503,
            true,
        ),
        (
            vec![
                entries(1, 1_999, Some(1_999)),
                entries(2_000, 2, Some(2_001)),
            ],
            2_000,
            false,
        ),
        (
            vec![entries(1, 2, Some(2)), entries(3, 1, Some(2))],
            3,
            false,
        ),
    ] {
        sent.errand.send(Effect::Timeline {
            source: 0,
            id: "AZ-1".into(),
        });
        for stretch in stretches {
            let asked = sent
                .backend
                .expect("/v1/incidents/AZ-1/timeline?privileged=true&after=")
                .await;
            asked.good(&stretch);
        }
        let message = sent.news.recv().await.unwrap();
        assert!(
            matches!(message, Message::Timeline { entries, complete, .. } if entries.len() == expected && complete == whole)
        );
    }
    sent.errand.send(Effect::Timeline {
        source: 0,
        id: "AZ-1".into(),
    });
    sent.backend.next().await.answer(500, "", "");
    let message = sent.news.recv().await.unwrap();
    assert!(
        matches!(message, Message::TimelineFailed { sentence, .. } if sentence.contains("500"))
    );
}

#[tokio::test]
async fn reading_anew_gives_the_incident_or_a_sentence() {
    let mut sent = Sent::new().await;
    let reread = || Effect::Reread {
        source: 0,
        id: "AZ-1".into(),
    };
    sent.errand.send(reread());
    let asked = sent.backend.expect("/v1/incidents/AZ-1").await;
    asked.good(&incident("AZ-1", 10));
    let message = sent.news.recv().await.unwrap();
    assert!(matches!(message, Message::Reread { incident: Ok(i), .. } if i.version == 10));
    assert_eq!(sent.shown(), 10);
    sent.errand.send(reread());
    sent.backend.next().await.api(404, "", &json!({}));
    let message = sent.news.recv().await.unwrap();
    assert!(
        matches!(message, Message::Reread { incident: Err(sentence), .. } if sentence.contains("nothing"))
    );
    sent.errand.send(Effect::Reread {
        source: 3,
        id: "AZ-1".into(),
    });
    let message = sent.news.recv().await.unwrap();
    assert!(matches!(
        message,
        Message::Reread {
            incident: Err(_),
            source: 3,
            ..
        }
    ));
}

#[tokio::test]
async fn too_many_at_once_are_told_and_not_sent() {
    let mut sent = Sent::new().await;
    for ticket in 0..40 {
        sent.undo(ticket);
    }
    let mut refused = Vec::new();
    for _ in AT_ONCE..40 {
        let (ticket, reply) = sent.reply().await;
        assert!(matches!(reply, Reply::Unreachable { .. }));
        refused.push(ticket);
    }
    assert_eq!(refused, (32..40).collect::<Vec<u64>>());
    for _ in 0..AT_ONCE {
        let asked = sent.backend.expect("/v1/incidents/AZ-1/commands").await;
        asked.good(&incident("AZ-1", 8));
    }
    for _ in 0..AT_ONCE {
        let (_, reply) = sent.reply().await;
        assert!(matches!(reply, Reply::Done { .. }));
    }
}

#[tokio::test]
async fn asking_now_goes_to_the_watch() {
    let mut sent = Sent::new().await;
    sent.errand.send(Effect::AskNow);
    let asked = sent.backend.expect("/v1/changes").await;
    assert!(asked.path.ends_with("wait=0"));
}

#[tokio::test]
async fn an_arithmetic_comes_back_with_the_version_it_was_asked_for() {
    let mut sent = Sent::new().await;
    let explain = || Effect::Explain {
        source: 0,
        id: "AZ-1".into(),
        duty: "gdpr-33/authority".into(),
        version: 7,
    };
    sent.errand.send(explain());
    let path = "/v1/incidents/AZ-1/duties/gdpr-33%2Fauthority/explain";
    sent.backend.expect(path).await.good(&json!({
        "duty": "gdpr-33/authority", "status": "running", "lines": [{ "label": "due", "text": "soon" }],
        "citation": "Art. 33", "confidence": "located", "verified": "2026-11-23", "rules": "r", "tz": "z",
    }));
    match sent.news.recv().await.unwrap() {
        Message::Explained {
            version: 7,
            body: Ok(body),
            ..
        } => assert_eq!(body.lines[0].text, "soon"),
        other => panic!("{other:?}"),
    }
    sent.errand.send(explain());
    sent.backend.expect(path).await.good(&json!({ "duty": 1 }));
    match sent.news.recv().await.unwrap() {
        Message::Explained { body: Err(_), .. } => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_would_follow_is_asked_without_a_version_and_a_refusal_is_told() {
    let mut sent = Sent::new().await;
    let preview = || Effect::Preview {
        source: 0,
        id: "AZ-1".into(),
        version: 7,
        command: Box::new(serde_json::from_value(json!({ "type": "declare" })).unwrap()),
    };
    sent.errand.send(preview());
    let asked = sent.backend.expect("/v1/incidents/AZ-1/preview").await;
    assert_eq!(asked.header("if-match"), None);
    asked.good(&json!({ "before": [], "after": [], "unmet": ["severity"] }));
    match sent.news.recv().await.unwrap() {
        Message::Previewed {
            version: 7,
            body: Ok(body),
            ..
        } => assert_eq!(body.unmet.len(), 1),
        other => panic!("{other:?}"),
    }
    sent.errand.send(preview());
    let asked = sent.backend.expect("/v1/incidents/AZ-1/preview").await;
    asked.good(&json!([]));
    match sent.news.recv().await.unwrap() {
        Message::Previewed { body: Err(_), .. } => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_catalogue_is_asked_with_the_profile_that_comes_back_with_it() {
    let mut sent = Sent::new().await;
    let profile = Some(r#"{"zone":"Europe/Berlin"}"#.to_owned());
    sent.errand.send(Effect::Regimes {
        source: 0,
        profile: profile.clone(),
    });
    let asked = sent.backend.expect("/v1/regimes").await;
    asked.good(&json!({ "rules": "r", "tz": "z", "regimes": [],
        "proposed": [{ "id": "gdpr-33", "reason": "the Union" }] }));
    match sent.news.recv().await.unwrap() {
        Message::Regimes {
            source: 0,
            profile: told,
            body: Ok(body),
        } => {
            assert_eq!(told, profile);
            assert_eq!(body.proposed.as_ref().unwrap()[0].id, "gdpr-33");
        }
        other => panic!("{other:?}"),
    }
}
