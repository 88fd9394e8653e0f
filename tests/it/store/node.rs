//! Several nodes on one database: a follower never skips, whoever writes; each hears of the other; both keep one record.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;
use warboard::store::postgres::PostgresStore;
use warboard::store::sqlite::SqliteStore;
use warboard::store::{Store, StoreError};
use warboard::time::{SharedClock, TestClock};

use super::place::{Place, clock, note, open, opened, report, written};
use crate::http::soon;

/// Reads the feed as a mirror does, in small stretches, until it has seen so many incidents.
async fn follow(store: &dyn Store, most: usize) -> BTreeSet<String> {
    let (mut seen, mut place) = (BTreeSet::new(), 0);
    while seen.len() < most {
        for snapshot in store.since(place, 3).await.unwrap() {
            assert!(snapshot.seq > place, "the feed goes forward");
            place = snapshot.seq;
            seen.insert(snapshot.incident.id.clone());
        }
        tokio::task::yield_now().await;
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_never_skips_however_two_nodes_interleave() {
    const EACH: usize = 60;
    let place = Place::postgres().await;
    let nodes = place.nodes().await;
    // Each incident is written once: one that is passed by would never be seen again.
    let writing = nodes.iter().enumerate().map(|(n, node)| async move {
        for stretch in 0..EACH / 4 {
            let jobs = (0..4).map(|k| written(&**node, open(&format!("{n} {stretch} {k}"))));
            join_all(jobs).await;
        }
    });
    let reading = nodes.iter().map(|node| follow(&**node, 2 * EACH));
    let (_, seen) = soon("the end of the feed", async {
        tokio::join!(join_all(writing), join_all(reading))
    })
    .await;
    let all: BTreeSet<String> = (1..=2 * EACH).map(|n| format!("AZ-{n}")).collect();
    assert_eq!(seen, [all.clone(), all]);
    let report = nodes[0].is_sound().await;
    assert_eq!(report.entries, 2 * EACH as u64);
}

#[tokio::test]
async fn a_node_hears_of_what_another_one_writes() {
    let Place::Postgres(database) = Place::postgres().await else {
        unreachable!()
    };
    let a = PostgresStore::open(&database.url(), &clock())
        .await
        .unwrap();
    // Its clock stands still, and so does its looking now and then: it is told, or it never knows.
    let still: SharedClock = Arc::new(TestClock::default());
    let b = PostgresStore::open(&database.url(), &still).await.unwrap();
    let mut woken = b.wake();
    let id = opened(&a).await;
    soon("the news at the other node", async {
        loop {
            let (_, seq) = written(&a, note(&id, "news")).await;
            // It may not listen yet: then it is told of the next one.
            let told = woken.wait_for(|at| *at >= seq);
            if tokio::time::timeout(Duration::from_millis(500), told)
                .await
                .is_ok()
            {
                break;
            }
        }
    })
    .await;
    let before = b.since(0, 10).await.unwrap()[0].incident.version;
    // What the other node wrote counts here at once, whatever was kept at hand.
    written(&b, note(&id, "by b")).await;
    let (incident, _) = written(&a, note(&id, "by a")).await;
    assert_eq!(incident.version, before + 2);
    assert!(report(&database.url()).await.is_sound());
}

#[tokio::test]
async fn nodes_that_start_at_once_make_one_set_of_tables() {
    let Place::Postgres(database) = Place::postgres().await else {
        unreachable!()
    };
    let (url, clock) = (database.url(), clock());
    let nodes = join_all((0..4).map(|_| PostgresStore::open(&url, &clock))).await;
    let nodes: Vec<PostgresStore> = nodes.into_iter().map(Result::unwrap).collect();
    assert!(nodes.iter().all(|node| node.epoch() == nodes[0].epoch()));
    opened(&nodes[3]).await;
    assert_eq!(nodes[0].head().await.unwrap(), 1);
}

#[tokio::test]
async fn a_node_that_goes_away_holds_nobody_up() {
    let place = Place::postgres().await;
    let [a, b] = place.nodes().await;
    let id = opened(&*a).await;
    a.close().await;
    drop(a);
    written(&*b, note(&id, "alone")).await;
    let listener = b.wake();
    b.close().await;
    drop(listener);
}

#[tokio::test]
async fn beside_a_server_tokens_are_issued_and_commands_are_not_taken() {
    let place = Place::postgres().await;
    let node = place.node().await;
    let Place::Postgres(database) = &place else {
        unreachable!()
    };
    let beside = PostgresStore::for_tokens(&database.url(), &clock())
        .await
        .unwrap();
    assert_eq!(beside.epoch(), node.epoch());
    assert!(beside.tokens().await.unwrap().is_empty());
    let refused = beside.submit(open("beside")).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );
    beside.close().await;
}

#[tokio::test]
async fn both_engines_have_the_same_tables_and_columns() {
    let Place::Sqlite(folder) = Place::sqlite() else {
        unreachable!()
    };
    let path = folder.path().join("w.db");
    SqliteStore::open(&path).await.unwrap().close().await;
    let url = format!("sqlite:{}", path.display());
    let mut sqlite = SqliteConnection::connect(&url).await.unwrap();
    let theirs: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT m.name, c.name, CASE WHEN c.\"notnull\" = 1 OR c.pk > 0 THEN 1 ELSE 0 END FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY m.name, c.name",
    )
    .fetch_all(&mut sqlite)
    .await
    .unwrap();
    let place = Place::postgres().await;
    place.node().await.close().await;
    let Place::Postgres(database) = &place else {
        unreachable!()
    };
    let mut postgres = database.connection().await;
    let ours: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text, CASE is_nullable WHEN 'NO' THEN 1 ELSE 0 END::bigint FROM information_schema.columns WHERE table_schema = 'warboard' ORDER BY table_name::text COLLATE \"C\", column_name::text COLLATE \"C\"",
    )
    .fetch_all(&mut postgres)
    .await
    .unwrap();
    assert_eq!(theirs, ours);
}

#[tokio::test]
async fn text_that_the_database_refuses_fails_alone() {
    let place = Place::postgres().await;
    let node = place.node().await;
    let id = opened(&*node).await;
    let (first, odd, last) = tokio::join!(
        node.submit(note(&id, "first")),
        node.submit(note("AZ-1\0", "PostgreSQL takes no NUL in a text")),
        node.submit(note(&id, "last")),
    );
    assert!(first.is_ok() && last.is_ok(), "{first:?} {last:?}");
    assert!(odd.is_err(), "{odd:?}");
    assert_eq!(node.is_sound().await.entries, 3);
    // And soon: nothing was tried again for it.
    soon("a store that can be written", node.ready())
        .await
        .unwrap();
}
