//! A redacted text is gone from every place of the store, the record still proves itself, and says who took it out.

use sqlx::{query, query_as, query_scalar};

use crate::domain::command::redact::Unredactable;
use crate::domain::event::Event;
use crate::store::chain;
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::fixture::{NEEDLE, Told, at, bytes, incident, noted, told, write};
use crate::store::{Answer, Done, Found, Job, OutboxChange, Outcome, Store as _, Target};

fn redaction(entry: u64) -> Target {
    Target::Redaction {
        incident: "AZ-1".to_owned(),
        entry,
    }
}

fn event(entry: u64) -> Event {
    Event::Redacted {
        entry,
        reason: "names a customer".to_owned(),
    }
}

async fn redacted(store: &SqliteStore, entry: u64, outbox: Vec<OutboxChange>) -> Done {
    let key = format!("redact-{entry}");
    write(
        store,
        redaction(entry),
        &key,
        vec![event(entry)],
        outbox,
        at(),
    )
    .await
}

fn reword() -> Vec<OutboxChange> {
    vec![OutboxChange::Reword {
        key: "p1-0".to_owned(),
        body: b"{}".to_vec(),
        begun: true,
    }]
}

fn holds(told: &Told, text: &str) -> bool {
    bytes(&told.path)
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn no_byte_of_a_redacted_text_stays_in_the_store() {
    let told = told().await;
    let store = SqliteStore::open(&told.path).await.unwrap();
    assert!(holds(&told, NEEDLE));
    redacted(&store, 1, reword()).await;
    // The fixture's own answer to the redaction repeats the needle; the house's never would.
    query("UPDATE answer SET body = x''")
        .execute(&mut told.db().await)
        .await
        .unwrap();
    let purged: i64 = query_scalar("PRAGMA wal_checkpoint(TRUNCATE)")
        .fetch_one(&mut told.db().await)
        .await
        .unwrap();
    assert_eq!(purged, 0);
    assert!(!holds(&told, NEEDLE), "while the store is open");
    let report = told.verified(&[]).await;
    assert!(report.is_sound(), "{:?}", report.faults);
    let redaction = &report.redactions[0];
    assert_eq!((redaction.entry, redaction.told_in), (1, 7));
    assert_eq!(
        (redaction.by.as_str(), redaction.incident.as_str()),
        ("d.okafor", "AZ-1")
    );
    assert_eq!(redaction.reason, "names a customer");
    let shown = store.since(0, 10).await.unwrap();
    let shown = shown.iter().find(|s| s.incident.id == "AZ-1").unwrap();
    assert_eq!(shown.incident.title, chain::REDACTED_SHOWN);
    assert_eq!(
        shown.incident.summary.as_deref(),
        Some(chain::REDACTED_SHOWN)
    );
    assert!(shown.incident.redactions.contains_key(&1));
    assert_eq!(
        shown.incident.pages[0].message.as_deref(),
        Some("please come")
    );
    store.close().await;
}

#[tokio::test]
async fn the_log_beside_the_store_is_emptied_before_a_redaction_is_acknowledged() {
    let told = told().await;
    let store = SqliteStore::open(&told.path).await.unwrap();
    write(
        &store,
        incident("AZ-1"),
        "n",
        vec![noted("a word in the log")],
        Vec::new(),
        at(),
    )
    .await;
    assert!(holds(&told, "a word in the log"));
    redacted(&store, 7, reword()).await;
    assert!(!holds(&told, "a word in the log"));
    store.close().await;
}

#[tokio::test]
async fn what_was_answered_before_is_told_as_it_stands_now_and_nothing_is_done_twice() {
    let told = told().await;
    let store = SqliteStore::open(&told.path).await.unwrap();
    redacted(&store, 2, reword()).await;
    // Another command on the incident, sent once more.
    let again = write(
        &store,
        incident("AZ-1"),
        "k6",
        vec![noted("still there")],
        Vec::new(),
        at(),
    )
    .await;
    let Done::Retold {
        answer,
        incident: now,
    } = again
    else {
        panic!("{again:?}");
    };
    assert!(answer.body.is_empty());
    assert_eq!((now.id.as_str(), now.version), ("AZ-1", 5));
    // The command whose text is gone: not even its digest is kept.
    let again = write(
        &store,
        incident("AZ-1"),
        "k2",
        vec![noted("seen")],
        Vec::new(),
        at(),
    )
    .await;
    assert!(matches!(again, Done::KeyReused), "{again:?}");
    let digests: Vec<Vec<u8>> = query_scalar("SELECT digest FROM answer WHERE key = 'k2'")
        .fetch_all(&mut told.db().await)
        .await
        .unwrap();
    assert_eq!(digests, [Vec::<u8>::new()]);
    // Of another incident nothing is forgotten.
    let again = write(
        &store,
        incident("AZ-2"),
        "k5",
        vec![noted("nothing new")],
        Vec::new(),
        at(),
    )
    .await;
    assert!(
        matches!(&again, Done::Retold { answer, .. } if !answer.body.is_empty()),
        "{again:?}"
    );
    store.close().await;
}

#[tokio::test]
async fn answers_of_the_version_before_are_found_by_what_they_say() {
    let told = told().await;
    query("UPDATE answer SET incident = NULL")
        .execute(&mut told.db().await)
        .await
        .unwrap();
    let store = SqliteStore::open(&told.path).await.unwrap();
    redacted(&store, 2, reword()).await;
    let left: Vec<(String, i64)> =
        query_as("SELECT key, length(body) FROM answer WHERE length(body) > 0 ORDER BY key")
            .fetch_all(&mut told.db().await)
            .await
            .unwrap();
    let keys: Vec<&str> = left.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["k3", "k5", "redact-2"]);
    store.close().await;
}

#[tokio::test]
async fn a_delivery_that_is_done_is_emptied_and_one_that_is_not_is_reworded() {
    let told = told().await;
    let store = SqliteStore::open(&told.path).await.unwrap();
    redacted(&store, 1, reword()).await;
    let body = async || -> Vec<u8> {
        query_scalar("SELECT body FROM outbox")
            .fetch_one(&mut told.db().await)
            .await
            .unwrap()
    };
    assert_eq!(body().await, b"{}");
    let done = vec![OutboxChange::Done {
        key: "p1-0".to_owned(),
    }];
    write(&store, incident("AZ-1"), "d", Vec::new(), done, at()).await;
    redacted(&store, 2, Vec::new()).await;
    assert_eq!(body().await, b"");
    store.close().await;
}

#[tokio::test]
async fn what_cannot_be_redacted_is_said_and_nothing_is_written() {
    let told = told().await;
    let store = SqliteStore::open(&told.path).await.unwrap();
    redacted(&store, 2, Vec::new()).await;
    for (entry, why) in [
        (3, Unredactable::NoEntry),
        (99, Unredactable::NoEntry),
        (2, Unredactable::NoText),
    ] {
        let job = Job {
            target: redaction(entry),
            lease: None,
            idempotency: None,
            decide: Box::new(move |found| {
                let Found::Redaction { without, .. } = found else {
                    panic!("{found:?}");
                };
                assert_eq!(without.unwrap_err(), why);
                Outcome::Answer(Answer::empty(422))
            }),
            now: at(),
        };
        assert!(matches!(store.submit(job).await, Ok(Done::Answered(_))));
    }
    assert_eq!(told.verified(&[]).await.head.seq, 7);
    store.close().await;
}

#[tokio::test]
async fn a_reason_is_redacted_like_any_other_text() {
    let told = told().await;
    let store = SqliteStore::open(&told.path).await.unwrap();
    redacted(&store, 2, Vec::new()).await;
    redacted(&store, 7, Vec::new()).await;
    let report = told.verified(&[]).await;
    assert!(report.is_sound(), "{:?}", report.faults);
    let reasons: Vec<&str> = report
        .redactions
        .iter()
        .map(|r| r.reason.as_str())
        .collect();
    assert_eq!(reasons, [chain::REDACTED_SHOWN, "names a customer"]);
    store.close().await;
}

#[tokio::test]
async fn a_reader_that_takes_long_holds_up_no_command_and_the_log_is_emptied_after_it() {
    let told = told().await;
    let store = SqliteStore::open(&told.path).await.unwrap();
    let mut reader = told.db().await;
    sqlx::raw_sql("BEGIN; SELECT count(*) FROM entry;")
        .execute(&mut reader)
        .await
        .unwrap();
    let note = async |key: &str, text: &str| {
        let events = vec![noted(text)];
        write(&store, incident("AZ-1"), key, events, Vec::new(), at()).await
    };
    note("n", "a word in the log").await;
    redacted(&store, 7, reword()).await;
    assert!(
        holds(&told, "a word in the log"),
        "the reader still sees it"
    );
    note("m", "meanwhile").await;
    sqlx::raw_sql("COMMIT").execute(&mut reader).await.unwrap();
    note("o", "afterwards").await;
    assert!(!holds(&told, "a word in the log"));
    store.close().await;
}
