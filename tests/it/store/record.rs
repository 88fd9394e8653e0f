//! The record on both engines: whatever its owner does to it is found, a redacted text comes back on no node, and a backup of
//! either engine goes into either.

use chrono::TimeDelta;
use warboard::domain::word::PageState;
use warboard::store::audit::Noted;
use warboard::store::claim::{Caps, Claim};
use warboard::store::{Delivery, Done, OutboxChange, StoreError};

use super::place::{
    Node, Place, at, keyed, note, note_by_page, note_with, open, open_from, opened, page, redact,
    written,
};

on_both! {
    every_way_to_change_the_record_is_found
    a_record_written_anew_is_told_by_a_head_that_was_noted
    a_redacted_text_comes_back_on_no_node
    a_delivery_under_way_is_reworded_and_emptied_when_it_ends
    a_backup_goes_into_either_engine
    pages_of_long_ago_are_not_sent_by_a_restore
    a_backup_goes_into_an_empty_store_only_and_whole_or_not_at_all
}

const NEEDLE: &str = "needle-of-a-customer";

/// Entries 1 to 6: AZ-1 opened, a note, AZ-2 opened, AZ-1 pages, a note on AZ-2, a note on AZ-1; written in turns.
async fn told(place: &Place) -> [Node; 2] {
    let [a, b] = place.nodes().await;
    written(
        &*a,
        keyed(open_from(NEEDLE, Some(("siem", "k-1"))), "k1", 1),
    )
    .await;
    written(&*b, note("AZ-1", "seen at the door")).await;
    written(&*a, open("another")).await;
    written(&*b, page("AZ-1", "p1")).await;
    written(&*a, note("AZ-2", "nothing new")).await;
    written(&*b, keyed(note("AZ-1", "still there"), "k2", 2)).await;
    [a, b]
}

fn delivery(key: &str) -> Delivery {
    Delivery {
        key: key.to_owned(),
        page: "p1".to_owned(),
        incident: "AZ-1".to_owned(),
        team: "legal-affairs".to_owned(),
        route: "0/webhook".to_owned(),
        step: 0,
        body: NEEDLE.as_bytes().to_vec(),
        attempts: 0,
        next_at: at(0),
        queued_at: at(0),
        stand_down: false,
    }
}

fn claim(ms: i64) -> Claim {
    Claim {
        node: "n".to_owned(),
        now: at(ms),
        lease_ms: 10_000,
        under_way: Vec::new(),
        caps: Caps::default(),
    }
}

async fn every_way_to_change_the_record_is_found(place: Place) {
    let [node, _] = told(&place).await;
    node.is_sound().await;
    let mut owner = place.owner().await;
    owner.unguard().await;
    let tables = ["entry", "page", "snapshot", "counter", "meta"];
    for table in tables {
        let keep = format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}");
        owner.run(&keep).await.unwrap();
    }
    let cases = [
        "UPDATE entry SET body = replace(body, 'door', 'wall') WHERE seq = 2",
        "UPDATE entry SET body = replace(body, 'fact', 'decision') WHERE seq = 2",
        "UPDATE entry SET salt = 'another' WHERE seq = 2",
        "UPDATE entry SET salt = '' WHERE seq = 2",
        "UPDATE entry SET salt = NULL WHERE seq = 2",
        "UPDATE entry SET \"by\" = 'k.iyer' WHERE seq = 5",
        "UPDATE entry SET at = '2020-01-01T00:00:00Z' WHERE seq = 6",
        "UPDATE entry SET version = 9 WHERE seq = 6",
        "UPDATE entry SET hash = prev WHERE seq = 3",
        "DELETE FROM entry WHERE seq = 1",
        "DELETE FROM entry WHERE seq = 4",
        "DELETE FROM entry WHERE seq = 6",
        "DELETE FROM entry",
        "DELETE FROM entry WHERE seq = 3; UPDATE entry SET seq = seq - 1 WHERE seq = 4; UPDATE entry SET seq = seq - 1 WHERE seq = 5; UPDATE entry SET seq = seq - 1 WHERE seq = 6",
        "UPDATE entry SET seq = 100 WHERE seq = 2; UPDATE entry SET seq = 2 WHERE seq = 6; UPDATE entry SET seq = 6 WHERE seq = 100",
        "INSERT INTO entry SELECT 7, incident, version, at, \"by\", via, kind, body, prev, hash, salt FROM entry WHERE seq = 6",
        "UPDATE meta SET value = '5 ' || (SELECT hash FROM entry WHERE seq = 5) WHERE name = 'head'",
        "DELETE FROM meta WHERE name = 'head'",
        "UPDATE snapshot SET body = replace(body, 'another', 'nothing') WHERE incident = 'AZ-2'",
        "UPDATE snapshot SET codename = 'NO SUCH' WHERE incident = 'AZ-2'",
        "UPDATE snapshot SET upstream_key = 'k-2' WHERE incident = 'AZ-1'",
        "UPDATE snapshot SET seq = 99 WHERE incident = 'AZ-1'",
        "DELETE FROM snapshot WHERE incident = 'AZ-2'",
        "DELETE FROM page",
        "UPDATE page SET incident = 'AZ-2'",
        "UPDATE counter SET last = 1 WHERE prefix = 'AZ'",
        "INSERT INTO outbox (key, page, incident, team, route, step, body, attempts, next_at, queued_at) SELECT 'p9-0', 'p9', 'AZ-1', 't', 'r', 0, digest, 0, 0, 0 FROM answer WHERE key = 'k1'",
    ];
    for case in cases {
        owner
            .run(case)
            .await
            .unwrap_or_else(|error| panic!("{case}: {error}"));
        let report = place.record().await.verify(&[]).await.unwrap();
        assert!(!report.is_sound(), "{case}");
        owner.run("DELETE FROM outbox").await.unwrap();
        for table in tables {
            let back =
                format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}");
            owner.run(&back).await.unwrap();
        }
        let report = place.record().await.verify(&[]).await.unwrap();
        assert!(report.is_sound(), "after {case}: {:?}", report.faults);
    }
}

async fn a_record_written_anew_is_told_by_a_head_that_was_noted(place: Place) {
    let [node, _] = told(&place).await;
    let head = node.chain_head().await.unwrap();
    assert_eq!(head.seq, 6);
    let noted = Noted {
        seq: Some(6),
        hash: head.hash,
    };
    let mut record = place.record().await;
    let report = record.verify(std::slice::from_ref(&noted)).await.unwrap();
    assert!(report.is_sound(), "{:?}", report.faults);
    // Cut at an old end, with everything beside it put right: only who noted the end knows.
    let mut owner = place.owner().await;
    owner.unguard().await;
    let cut = "DELETE FROM entry WHERE seq = 6; UPDATE meta SET value = '5 ' || (SELECT hash FROM entry WHERE seq = 5) WHERE name = 'head'";
    owner.run(cut).await.unwrap();
    let report = record.verify(&[noted]).await.unwrap();
    assert!(
        report
            .faults
            .iter()
            .any(|fault| fault.to_string().contains('6')),
        "{:?}",
        report.faults
    );
}

async fn a_redacted_text_comes_back_on_no_node(place: Place) {
    let [a, b] = told(&place).await;
    let sent = OutboxChange::Put(delivery("p1-0"));
    written(&*a, note_with("AZ-1", "paged", None, vec![sent])).await;
    // The other node has the incident at hand, title and all.
    written(&*b, note("AZ-1", "written by b")).await;
    let reword = OutboxChange::Reword {
        key: "p1-0".to_owned(),
        body: b"{}".to_vec(),
        begun: true,
    };
    let (incident, seq) = written(&*a, redact("AZ-1", 1, vec![reword])).await;
    assert_eq!(seq, 9);
    assert!(!format!("{incident:?}").contains(NEEDLE));
    let (incident, _) = written(&*b, note("AZ-1", "and goes on")).await;
    assert!(!format!("{incident:?}").contains(NEEDLE), "{incident:?}");
    written(&*a, note_by_page("p1", "on both")).await;
    for node in [&a, &b] {
        let report = node.is_sound().await;
        assert_eq!(report.redactions.len(), 1);
        let redaction = &report.redactions[0];
        assert_eq!((redaction.entry, redaction.told_in), (1, 9));
        let shown = node.since(0, 10).await.unwrap();
        assert!(shown.iter().all(|s| !format!("{s:?}").contains(NEEDLE)));
        let entries = node.timeline("AZ-1", 0, 10).await.unwrap();
        assert!(entries.iter().all(|e| !e.body.contains(NEEDLE)));
        assert!(entries[0].body.contains("[redacted]"), "{:?}", entries[0]);
        // What was remembered of it is told as it stands now, or not at all.
        let again = keyed(note("AZ-1", "still there"), "k2", 2);
        let Done::Retold { incident, answer } = node.submit(again).await.unwrap() else {
            panic!("it was answered before");
        };
        assert_eq!((incident.version, answer.body.len()), (9, 0));
    }
    let mut owner = place.owner().await;
    let everything = match &place {
        Place::Sqlite(_) => {
            "SELECT body FROM entry UNION ALL SELECT body FROM snapshot UNION ALL SELECT CAST(body AS TEXT) FROM answer UNION ALL SELECT CAST(body AS TEXT) FROM outbox"
        }
        Place::Postgres(_) => {
            "SELECT body FROM entry UNION ALL SELECT body FROM snapshot UNION ALL SELECT encode(body, 'escape') FROM answer UNION ALL SELECT encode(body, 'escape') FROM outbox"
        }
    };
    let rows = owner.texts(everything).await;
    assert!(rows.len() > 12, "{rows:?}");
    assert!(rows.iter().all(|row| !row.contains(NEEDLE)), "{rows:?}");
    let twice = a.submit(redact("AZ-1", 1, Vec::new())).await.unwrap();
    assert!(
        matches!(twice, Done::Answered(_)),
        "nothing is left to take out"
    );
}

async fn a_delivery_under_way_is_reworded_and_emptied_when_it_ends(place: Place) {
    let [a, b] = told(&place).await;
    let put = OutboxChange::Put(delivery("p1-0"));
    written(&*a, note_with("AZ-1", "paged", None, vec![put])).await;
    let under_way = b.claim(claim(0)).await.unwrap().taken;
    assert_eq!(under_way[0].delivery.body, NEEDLE.as_bytes());
    // Nobody thought of this one.
    written(&*a, redact("AZ-1", 1, Vec::new())).await;
    let done = OutboxChange::Done {
        key: "p1-0".to_owned(),
    };
    let mut job = note_with("AZ-1", "sent", None, vec![done]);
    job.lease = Some(under_way[0].lease.clone());
    written(&*b, job).await;
    let mut owner = place.owner().await;
    let left = owner
        .texts("SELECT key FROM outbox WHERE length(body) > 0")
        .await;
    assert!(left.is_empty(), "{left:?}");
}

async fn a_backup_goes_into_either_engine(place: Place) {
    let [node, other] = told(&place).await;
    let put = OutboxChange::Put(delivery("p1-0"));
    written(&*node, note_with("AZ-1", "paged", None, vec![put])).await;
    written(&*other, redact("AZ-1", 2, Vec::new())).await;
    let link_key = node.setting("link_key", Box::new(|| vec![1, 0, 255]));
    let link_key = link_key.await.unwrap();
    let mut bytes = Vec::new();
    let mut record = place.record().await;
    let made = record.backup(at(1_000), &mut bytes).await.unwrap();
    assert_eq!(made.head.seq, 8);
    for into in [Place::sqlite(), Place::postgres().await] {
        let restored = into.restore(&bytes, at(60_000)).await.unwrap();
        assert_eq!(
            (restored.report.head.clone(), restored.uncertain),
            (made.head.clone(), 0)
        );
        let new = into.node().await;
        let report = new.is_sound().await;
        assert_eq!(report.redactions, made.redactions);
        assert_ne!(new.epoch(), node.epoch());
        let (before, after) = (node.since(0, 9).await, new.since(0, 9).await);
        assert_eq!(
            format!("{:?}", before.unwrap()),
            format!("{:?}", after.unwrap())
        );
        let (before, after) = (
            node.timeline("AZ-1", 0, 99).await,
            new.timeline("AZ-1", 0, 99).await,
        );
        assert_eq!(before.unwrap(), after.unwrap());
        let kept = new.setting("link_key", Box::new(Vec::new)).await.unwrap();
        assert_eq!(kept, link_key);
        let taken = new.claim(claim(60_000)).await.unwrap().taken;
        assert_eq!(taken[0].delivery, delivery("p1-0"));
        // It goes on where it was: numbers, names, pages.
        let (next, seq) = written(&*new, open("the next")).await;
        assert_eq!((next.id.as_str(), seq), ("AZ-3", 9));
        written(&*new, note_by_page("p1", "found")).await;
        new.is_sound().await;
        let mut again = Vec::new();
        let again = into.record().await.backup(at(2_000), &mut again).await;
        assert_eq!(again.unwrap().head.seq, 10);
    }
}

async fn pages_of_long_ago_are_not_sent_by_a_restore(place: Place) {
    let [node, _] = told(&place).await;
    let put = OutboxChange::Put(delivery("p1-0"));
    written(&*node, note_with("AZ-1", "paged", None, vec![put])).await;
    let mut bytes = Vec::new();
    let backup = place.record().await.backup(at(1_000), &mut bytes).await;
    backup.unwrap();
    let now = at(0) + TimeDelta::hours(3);
    for into in [Place::sqlite(), Place::postgres().await] {
        let restored = into.restore(&bytes, now).await.unwrap();
        assert_eq!((restored.report.entries, restored.uncertain), (8, 1));
        let new = into.node().await;
        new.is_sound().await;
        assert_eq!(new.next_delivery_at().await.unwrap(), None);
        let shown = new.since(0, 9).await.unwrap();
        let of_page = shown.iter().find(|s| s.incident.id == "AZ-1").unwrap();
        let why = of_page.incident.pages[0].last_error.as_deref().unwrap();
        assert!(why.contains("backup of"), "{why}");
        assert_ne!(of_page.incident.pages[0].state, PageState::Sending);
    }
}

async fn a_backup_goes_into_an_empty_store_only_and_whole_or_not_at_all(place: Place) {
    let from = Place::sqlite();
    told(&from).await;
    let mut bytes = Vec::new();
    let backup = from.record().await.backup(at(1_000), &mut bytes).await;
    backup.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let damaged = [
        text.replace("seen at the door", "seen at the wall"),
        text[..text.len() / 2].to_owned(),
        text.lines()
            .filter(|line| !line.contains("\"noted\""))
            .map(|line| format!("{line}\n"))
            .collect(),
        String::new(),
    ];
    for damaged in damaged {
        let refused = place.restore(damaged.as_bytes(), at(1_000)).await;
        assert!(
            matches!(refused, Err(StoreError::Archive(_))),
            "{refused:?}"
        );
    }
    // Nothing of those stayed: the whole one goes in, and nothing on top of it.
    place.restore(text.as_bytes(), at(1_000)).await.unwrap();
    let refused = place.restore(text.as_bytes(), at(1_000)).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("not empty"), "{refused}");
    let node = place.node().await;
    node.is_sound().await;
    let id = opened(&*node).await;
    assert_eq!(id, "AZ-3");
}
