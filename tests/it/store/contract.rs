//! What every store must do, whatever engine it is on.

use std::sync::Arc;

use futures::future::join_all;
use warboard::domain::login::{Login, LoginNote};
use warboard::domain::word::{LoginOutcome, Role, Tlp};
use warboard::store::{
    Done, Found, Idempotency, Job, Logins, NO_INCIDENT, OutboxChange, Outcome, StoreError, Target,
    Token,
};

use super::place::{
    Place, answer, at, claimed, delivery, keyed, keys, note, note_by_page, note_with, open,
    open_from, opened, page, times, written,
};

on_both! {
    what_is_written_is_read_again_and_verifies
    of_sixteen_racers_on_one_version_one_wins
    a_job_that_panics_writes_nothing_and_those_beside_it_are_written
    an_answer_is_remembered_under_its_key
    an_incident_of_another_system_is_opened_once
    an_incident_is_found_by_its_page
    tokens_are_kept_taken_used_and_revoked
    a_setting_is_made_once
    logins_stand_in_the_chain_once_and_move_no_feed
    what_is_old_is_forgotten_and_what_waits_is_not
    no_more_than_a_thousand_are_forgotten_at_once
    a_store_that_is_opened_again_goes_on
    a_closed_store_takes_nothing
}

async fn what_is_written_is_read_again_and_verifies(place: Place) {
    let store = place.node().await;
    assert_eq!(store.head().await.unwrap(), 0);
    assert!(
        store.is_sound().await.entries == 0,
        "an empty record is sound"
    );
    let id = opened(&*store).await;
    assert_eq!(id, "AZ-1");
    written(
        &*store,
        note(&id, "quoted \" and \\ and 日本語 and 'single'"),
    )
    .await;
    let other = opened(&*store).await;
    assert_eq!(other, "AZ-2");
    let (incident, seq) = written(&*store, note(&id, "last")).await;
    assert_eq!((incident.version, seq), (3, 4));
    assert_eq!(store.head().await.unwrap(), 4);
    let since = store.since(0, 10).await.unwrap();
    let seen: Vec<(u64, &str)> = since
        .iter()
        .map(|snapshot| (snapshot.seq, snapshot.incident.id.as_str()))
        .collect();
    assert_eq!(seen, [(3, "AZ-2"), (4, "AZ-1")]);
    assert_eq!(*since[1].incident, *incident);
    assert_eq!(store.since(3, 10).await.unwrap().len(), 1);
    assert_eq!(store.since(0, 1).await.unwrap().len(), 1);
    let entries = store.timeline(&id, 1, 10).await.unwrap();
    assert_eq!(entries.len(), 2);
    assert!(entries[0].body.contains("日本語"), "{:?}", entries[0]);
    assert_eq!((entries[1].version, entries[1].at), (3, at(0)));
    assert!(store.timeline("none", 0, 10).await.unwrap().is_empty());
    store.ready().await.unwrap();
    let report = store.is_sound().await;
    assert_eq!((report.entries, report.incidents), (4, 2));
}

async fn of_sixteen_racers_on_one_version_one_wins(place: Place) {
    let nodes = place.nodes().await;
    let id = opened(&*nodes[0]).await;
    let race = (0..16).map(|n| {
        let node = nodes[n % 2].clone();
        let job = note_with(&id, &format!("racer {n}"), Some(1), Vec::new());
        async move { node.submit(job).await.unwrap() }
    });
    let (mut won, mut lost) = (0, 0);
    for done in join_all(race).await {
        match done {
            Done::Written { .. } => won += 1,
            Done::Answered(answer) => {
                assert_eq!(answer.status, 412);
                lost += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((won, lost), (1, 15));
    assert_eq!(nodes[1].is_sound().await.entries, 2);
}

async fn a_job_that_panics_writes_nothing_and_those_beside_it_are_written(place: Place) {
    let store = place.node().await;
    let id = opened(&*store).await;
    let bad = Job {
        lease: None,
        target: Target::Incident(id.clone()),
        idempotency: None,
        decide: Box::new(|_| panic!("a fault on purpose")),
        now: at(0),
    };
    let twisted = Job {
        lease: None,
        target: Target::Incident(id.clone()),
        idempotency: None,
        decide: Box::new(|found| {
            let Found::Incident(before) = found else {
                return Outcome::Answer(answer(404));
            };
            // It would stay at its version.
            let changes = warboard::store::Changes {
                incident: (*before).clone(),
                events: vec![warboard::domain::event::Event::StatusesChanged {
                    duties: Vec::new(),
                }],
                stamp: warboard::domain::incident::Stamp {
                    version: before.version,
                    at: at(0),
                    by: "x".to_owned(),
                    via: warboard::domain::word::Via::Cli,
                },
                outbox: Vec::new(),
                answer: answer(200),
            };
            Outcome::Write(Box::new(changes))
        }),
        now: at(0),
    };
    let (first, bad, twisted, last) = tokio::join!(
        store.submit(note(&id, "first")),
        store.submit(bad),
        store.submit(twisted),
        store.submit(note(&id, "last")),
    );
    assert!(matches!(first, Ok(Done::Written { .. })), "{first:?}");
    assert!(matches!(bad, Err(StoreError::Fault(_))), "{bad:?}");
    assert!(matches!(twisted, Err(StoreError::Fault(_))), "{twisted:?}");
    assert!(matches!(last, Ok(Done::Written { .. })), "{last:?}");
    assert_eq!(store.is_sound().await.entries, 3);
}

async fn an_answer_is_remembered_under_its_key(place: Place) {
    let [a, b] = place.nodes().await;
    let id = opened(&*a).await;
    let same = || keyed(note(&id, "once"), "k1", 7);
    let (one, two) = tokio::join!(a.submit(same()), b.submit(same()));
    let kinds = [one.unwrap(), two.unwrap()];
    let writes = kinds
        .iter()
        .filter(|done| matches!(done, Done::Written { .. }));
    assert_eq!(writes.count(), 1, "{kinds:?}");
    let replayed = kinds.iter().find_map(|done| match done {
        Done::Retold { answer, .. } => Some(answer),
        _ => None,
    });
    let etag = Some("\"2\"".to_owned());
    let first = warboard::store::Answer {
        etag,
        ..answer(200)
    };
    assert_eq!(replayed, Some(&first));
    let again = b.submit(keyed(note(&id, "other"), "k1", 8)).await.unwrap();
    assert!(matches!(again, Done::KeyReused), "{again:?}");
    // A refusal is not remembered: it may become right later.
    let refused = keyed(note_with(&id, "late", Some(1), Vec::new()), "k2", 1);
    let refused = a.submit(refused).await.unwrap();
    assert!(matches!(refused, Done::Answered(_)), "{refused:?}");
    written(&*b, keyed(note(&id, "late"), "k2", 1)).await;
    assert_eq!(times(&*a, &id, "once").await, 1);
    assert_eq!(times(&*a, &id, "late").await, 1);
}

async fn an_incident_of_another_system_is_opened_once(place: Place) {
    let [a, b] = place.nodes().await;
    let from = || open_from("theirs", Some(("veris", "42")));
    let (one, two) = tokio::join!(a.submit(from()), b.submit(from()));
    let ids: Vec<String> = [one.unwrap(), two.unwrap()]
        .into_iter()
        .map(|done| match done {
            Done::Written { incident, .. } | Done::Known(incident) => incident.id.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids, ["AZ-1", "AZ-1"]);
    written(&*b, open_from("theirs", Some(("veris", "43")))).await;
    assert_eq!(a.since(0, 10).await.unwrap().len(), 2);
}

async fn an_incident_is_found_by_its_page(place: Place) {
    let [a, b] = place.nodes().await;
    let (id, _) = (opened(&*a).await, opened(&*a).await);
    written(&*a, page(&id, "p1")).await;
    let (incident, _) = written(&*b, note_by_page("p1", "found")).await;
    assert_eq!((incident.id.as_str(), incident.version), ("AZ-1", 3));
    let none = a.submit(note_by_page("p2", "lost")).await.unwrap();
    assert!(matches!(none, Done::Answered(answer) if answer.status == 404));
    b.is_sound().await;
}

fn token(id: &str, name: &str) -> Token {
    Token {
        id: id.to_owned(),
        name: name.to_owned(),
        sha256: [3; 32],
        role: Role::Commander,
        counsel: true,
        clearance: Tlp::Red,
        services: vec!["azure".to_owned(), "a,b".to_owned()],
        team: Some("legal-affairs".to_owned()),
        door: false,
        created_at: at(0),
        expires_at: at(1_000_000),
        revoked_at: None,
        last_used_at: None,
    }
}

async fn tokens_are_kept_taken_used_and_revoked(place: Place) {
    let [a, b] = place.nodes().await;
    assert!(a.put_token(token("a1", "d.okafor")).await.unwrap());
    assert!(
        !b.put_token(token("a2", "d.okafor")).await.unwrap(),
        "the name is taken"
    );
    assert!(b.put_token(token("a3", "k.iyer")).await.unwrap());
    assert_eq!(b.token("a1").await.unwrap(), Some(token("a1", "d.okafor")));
    assert_eq!(a.token("a2").await.unwrap(), None);
    b.touch_token("a1", at(70_000)).await.unwrap();
    a.touch_token("a1", at(60_000)).await.unwrap();
    let used = a.token("a1").await.unwrap().unwrap().last_used_at;
    assert_eq!(used, Some(at(70_000)), "a use does not go back in time");
    assert!(b.revoke_token("d.okafor", at(80_000)).await.unwrap());
    assert!(
        !a.revoke_token("d.okafor", at(90_000)).await.unwrap(),
        "it is revoked already"
    );
    assert!(!a.revoke_token("nobody", at(90_000)).await.unwrap());
    assert_eq!(
        a.token("a1").await.unwrap().unwrap().revoked_at,
        Some(at(80_000))
    );
    assert!(
        a.put_token(token("a4", "d.okafor")).await.unwrap(),
        "its name is free again"
    );
    let names: Vec<String> = b
        .tokens()
        .await
        .unwrap()
        .into_iter()
        .map(|t| t.id)
        .collect();
    assert_eq!(names, ["a1", "a3", "a4"]);
}

async fn a_setting_is_made_once(place: Place) {
    let [a, b] = place.nodes().await;
    let (one, two) = tokio::join!(
        a.setting("link_key", Box::new(|| vec![1, 0, 255])),
        b.setting("link_key", Box::new(|| vec![2, 0, 255])),
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one, two);
    let later = b.setting("link_key", Box::new(|| vec![9])).await.unwrap();
    assert_eq!(later, one);
}

async fn logins_stand_in_the_chain_once_and_move_no_feed(place: Place) {
    let store = place.node().await;
    let id = opened(&*store).await;
    let note = |person: &str, outcome| LoginNote {
        door: "bastion".to_owned(),
        login: Login {
            outcome,
            person: Some(person.to_owned()),
            key: Some("SHA256:abc".to_owned()),
            address: Some("192.0.2.7".to_owned()),
            reason: None,
            at: at(-60),
            last_at: at(-60),
            count: 1,
        },
    };
    let logins = |digest: u8| Logins {
        notes: vec![
            note("a", LoginOutcome::LoggedIn),
            note("b", LoginOutcome::Refused),
        ],
        at: at(0),
        idempotency: Idempotency {
            token: "door".to_owned(),
            key: "one".to_owned(),
            digest: [digest; 32],
        },
    };
    for _ in 0..2 {
        assert!(store.put_logins(logins(1)).await.unwrap());
    }
    assert!(!store.put_logins(logins(2)).await.unwrap());
    assert_eq!(store.head().await.unwrap(), 1, "the feed stands still");
    assert_eq!(store.since(1, 10).await.unwrap().len(), 0);
    assert_eq!(store.chain_head().await.unwrap().seq, 3);
    let entries = store.timeline(NO_INCIDENT, 0, 10).await.unwrap();
    let by: Vec<(&str, &str)> = entries
        .iter()
        .map(|entry| (entry.by.as_str(), entry.kind.as_str()))
        .collect();
    // Who was turned away has proved nothing: the door says it.
    assert_eq!(by, [("a", "login"), ("bastion", "login")]);
    assert_eq!(entries[0].at, at(0));
    let told: LoginNote = serde_json::from_str(&entries[0].body).unwrap();
    assert_eq!(told, note("a", LoginOutcome::LoggedIn));
    let (_, seq) = written(&*store, super::place::note(&id, "behind them")).await;
    assert_eq!(seq, 4);
    assert_eq!(store.head().await.unwrap(), 4);
    let report = store.is_sound().await;
    assert_eq!((report.entries, report.incidents, report.logins), (4, 1, 2));
}

async fn what_is_old_is_forgotten_and_what_waits_is_not(place: Place) {
    let store = place.node().await;
    let id = opened(&*store).await;
    written(&*store, keyed(note(&id, "once"), "k1", 7)).await;
    let put = [
        OutboxChange::Put(delivery("k1", "p1", 10)),
        OutboxChange::Put(delivery("k2", "p2", 10)),
    ];
    written(&*store, note_with(&id, "paged", None, put.to_vec())).await;
    let done = OutboxChange::Done {
        key: "k1".to_owned(),
    };
    written(&*store, note_with(&id, "sent", None, vec![done])).await;
    store.forget_answers_before(at(1_000)).await.unwrap();
    let again = store
        .submit(keyed(note(&id, "twice"), "k1", 8))
        .await
        .unwrap();
    assert!(matches!(again, Done::Written { .. }), "{again:?}");
    let due = claimed(&*store, "a", 1_000).await;
    assert_eq!(keys(&due), ["k2"]);
    // Its row is gone: the key may be put again.
    let put = OutboxChange::Put(delivery("k1", "p1", 10));
    written(&*store, note_with(&id, "paged", None, vec![put])).await;
    assert_eq!(keys(&claimed(&*store, "b", 1_000).await), ["k1"]);
}

async fn no_more_than_a_thousand_are_forgotten_at_once(place: Place) {
    let store = place.node().await;
    let id = opened(&*store).await;
    let all = || (0..1_001).map(|n| format!("k{n}"));
    let put = all().map(|key| OutboxChange::Put(delivery(&key, "p1", 10)));
    written(&*store, note_with(&id, "paged", None, put.collect())).await;
    let done = all().map(|key| OutboxChange::Done { key });
    written(&*store, note_with(&id, "sent", None, done.collect())).await;
    // Whoever asks is told that there are more.
    assert!(store.forget_answers_before(at(1_000)).await.unwrap());
    assert!(!store.forget_answers_before(at(1_000)).await.unwrap());
}

async fn a_store_that_is_opened_again_goes_on(place: Place) {
    let store = place.node().await;
    let id = opened(&*store).await;
    let (epoch, incident) = (
        store.epoch().to_owned(),
        written(&*store, note(&id, "x")).await,
    );
    store.close().await;
    drop(store);
    let store = place.node().await;
    assert_eq!(store.epoch(), epoch);
    let since = store.since(0, 10).await.unwrap();
    assert_eq!(
        (since[0].seq, &since[0].incident),
        (incident.1, &incident.0)
    );
    let (next, _) = written(&*store, open("the next")).await;
    assert_eq!(next.id, "AZ-2");
    assert_ne!(next.codename, incident.0.codename);
    store.is_sound().await;
}

async fn a_closed_store_takes_nothing(place: Place) {
    let store = place.node().await;
    let id = opened(&*store).await;
    store.close().await;
    let late = store.submit(note(&id, "late")).await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    assert!(store.ready().await.is_err());
    store.close().await;
    let store = Arc::new(store);
    drop(store);
    assert_eq!(times(&*place.node().await, &id, "late").await, 0);
}
