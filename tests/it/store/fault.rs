//! A database that goes away, hangs, or is not heard when it commits: nothing is acknowledged that is not there, nothing is
//! said to have failed that is, and everything goes on by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use warboard::store::postgres::{self, PostgresStore};
use warboard::store::{Done, Record as _, Store, StoreError};
use warboard::time::{SharedClock, TestClock};

use super::line::{Cut, Line};
use super::place::{Place, at, clock, keyed, note, opened, report, times, written};
use crate::cluster::{Cluster, Database};
use crate::http::soon;

/// A node that reaches its database over a line.
async fn over_a_line(clock: &SharedClock) -> (Line, PostgresStore, Database<'static>) {
    let Place::Postgres(database) = Place::postgres().await else {
        unreachable!()
    };
    let line = Line::to(Cluster::shared().socket()).await;
    let url = database.url_by(line.port);
    let node = PostgresStore::open(&url, clock).await.unwrap();
    (line, node, database)
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_looked_for_and_acknowledged_once() {
    let (line, node, database) = over_a_line(&clock()).await;
    let id = opened(&node).await;
    line.cut(Cut::Answer);
    let (incident, seq) = written(&node, note(&id, "arrived")).await;
    assert!(line.was_cut());
    assert_eq!((incident.version, seq), (2, 2));
    assert_eq!(times(&node, &id, "arrived").await, 1);
    written(&node, note(&id, "next")).await;
    let found = report(&database.url()).await;
    assert!(found.is_sound() && found.entries == 3, "{found:?}");
}

#[tokio::test]
async fn a_commit_that_never_arrived_is_carried_out_again() {
    let (line, node, database) = over_a_line(&clock()).await;
    let id = opened(&node).await;
    line.cut(Cut::Commit);
    written(&node, note(&id, "again")).await;
    assert!(line.was_cut());
    assert_eq!(times(&node, &id, "again").await, 1);
    let found = report(&database.url()).await;
    assert!(found.is_sound() && found.entries == 2, "{found:?}");
}

#[tokio::test]
async fn connections_that_the_server_ends_are_made_again_unnoticed() {
    let (_line, node, database) = over_a_line(&clock()).await;
    let id = opened(&node).await;
    let mut admin = database.connection().await;
    for round in 0..3 {
        sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
            .execute(&mut admin)
            .await
            .unwrap();
        // Readers' connections went as well.
        assert_eq!(node.head().await.unwrap(), 1 + round);
        written(&node, note(&id, "x")).await;
    }
}

/// The node's clock, run so fast that its patience ends soon, until it is to be as slow as the machine's.
struct Hurry {
    step_ms: Arc<AtomicI64>,
    task: tokio::task::JoinHandle<()>,
}

impl Hurry {
    fn new(clock: &TestClock) -> Hurry {
        let step_ms = Arc::new(AtomicI64::new(100));
        let (clock, step) = (clock.clone(), step_ms.clone());
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(2)).await;
                clock.advance(step.load(Ordering::Relaxed));
            }
        });
        Hurry { step_ms, task }
    }

    /// From now on the database answers again, and is given the time that it takes.
    fn calm(&self) {
        self.step_ms.store(2, Ordering::Relaxed);
    }
}

impl Drop for Hurry {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn a_line_that_hangs_holds_the_writer_up_for_a_while_and_not_for_ever() {
    let test = TestClock::default();
    let clock: SharedClock = Arc::new(test.clone());
    let (line, node, database) = over_a_line(&clock).await;
    let id = opened(&node).await;
    line.hold(true);
    let hurry = Hurry::new(&test);
    let (written_at_all, read, ready) = soon("an end of the waiting", async {
        tokio::join!(
            node.submit(note(&id, "held up")),
            node.since(0, 10),
            node.ready()
        )
    })
    .await;
    for error in [
        written_at_all.map(|_| ()).unwrap_err(),
        read.map(|_| ()).unwrap_err(),
        ready.unwrap_err(),
    ] {
        assert!(
            matches!(error, StoreError::Unavailable(_) | StoreError::Unknown(_)),
            "{error}"
        );
    }
    hurry.calm();
    line.hold(false);
    soon("the writer again", async {
        while node.ready().await.is_err() {}
        while node.since(0, 10).await.is_err() {}
    })
    .await;
    written(&node, note(&id, "healed")).await;
    assert_eq!(times(&node, &id, "healed").await, 1);
    let found = report(&database.url()).await;
    assert!(found.is_sound(), "{found:?}");
}

#[tokio::test]
async fn a_commit_that_nobody_can_look_for_is_said_to_be_unknown_and_is_safe_to_repeat() {
    let test = TestClock::default();
    let clock: SharedClock = Arc::new(test.clone());
    let (line, node, _database) = over_a_line(&clock).await;
    let id = opened(&node).await;
    line.cut(Cut::Line);
    let hurry = Hurry::new(&test);
    let job = || keyed(note(&id, "perhaps"), "k1", 1);
    let unknown = soon("an end of the waiting", node.submit(job())).await;
    assert!(
        matches!(unknown, Err(StoreError::Unknown(_))),
        "{unknown:?}"
    );
    hurry.calm();
    line.hold(false);
    let again = soon("the writer again", async {
        loop {
            if let Ok(done) = node.submit(job()).await {
                break done;
            }
        }
    })
    .await;
    assert!(matches!(again, Done::Retold { .. }), "{again:?}");
    assert_eq!(times(&node, &id, "perhaps").await, 1);
}

#[tokio::test]
async fn a_record_that_is_walked_is_given_up_when_the_database_falls_silent() {
    let test = TestClock::default();
    let clock: SharedClock = Arc::new(test.clone());
    let (line, node, database) = over_a_line(&clock).await;
    opened(&node).await;
    let url = database.url_by(line.port);
    let mut record = postgres::record(&url, &clock).await.unwrap();
    assert!(record.verify(&[]).await.unwrap().is_sound());
    let mut backup = Vec::new();
    record.backup(at(0), &mut backup).await.unwrap();
    let empty = Cluster::shared().database().await;
    let other = Line::to(Cluster::shared().socket()).await;
    let into = empty.url_by(other.port);
    line.hold(true);
    other.cut(Cut::Line);
    let _hurry = Hurry::new(&test);
    let (verified, restored) = soon("an end of the waiting", async {
        let mut from = &backup[..];
        tokio::join!(
            record.verify(&[]),
            PostgresStore::restore(&into, &clock, &mut from, at(1))
        )
    })
    .await;
    for error in [verified.unwrap_err(), restored.map(|_| ()).unwrap_err()] {
        let told = error.to_string();
        assert!(told.contains("nothing was heard for"), "{told}");
    }
}

#[tokio::test]
async fn a_node_that_hangs_in_its_transaction_loses_the_lock() {
    let Place::Postgres(database) = Place::postgres().await else {
        unreachable!()
    };
    let node = PostgresStore::open(&database.url(), &clock())
        .await
        .unwrap();
    let id = opened(&node).await;
    // What a node does that is then stopped: its transaction has the lock and says no more.
    let mut stopped = database.connection().await;
    sqlx::raw_sql("SET search_path = warboard; SET idle_in_transaction_session_timeout = '1s'; BEGIN; SELECT value FROM meta WHERE name = 'head' FOR UPDATE")
        .execute(&mut stopped)
        .await
        .unwrap();
    // On a machine with many others on it the node may give up once before the database finds time to cut the other off.
    let lock = async {
        loop {
            match node.submit(note(&id, "mine")).await {
                Err(StoreError::Unavailable(_)) => continue,
                done => return done,
            }
        }
    };
    let done = soon("the lock", lock).await;
    assert!(matches!(done, Ok(Done::Written { .. })), "{done:?}");
}

#[tokio::test]
async fn what_was_acknowledged_and_is_gone_stops_the_writer() {
    let Place::Postgres(database) = Place::postgres().await else {
        unreachable!()
    };
    let node = PostgresStore::open(&database.url(), &clock())
        .await
        .unwrap();
    let id = opened(&node).await;
    written(&node, note(&id, "lost")).await;
    // As after the promotion of a replica that lagged: the last entry never was.
    let mut admin = database.connection().await;
    sqlx::raw_sql("SET search_path = warboard; ALTER TABLE entry DISABLE TRIGGER ALL; DELETE FROM entry WHERE seq = 2; UPDATE meta SET value = (SELECT '1 ' || hash FROM entry WHERE seq = 1) WHERE name = 'head'; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        .execute(&mut admin)
        .await
        .unwrap();
    let refused = node.submit(note(&id, "on top")).await;
    assert!(
        matches!(refused, Err(StoreError::Corrupt(_))),
        "{refused:?}"
    );
    assert!(node.ready().await.is_err());
}

#[tokio::test]
async fn what_cannot_be_opened_says_why_and_no_password() {
    let Place::Postgres(database) = Place::postgres().await else {
        unreachable!()
    };
    let url = |url: String| warboard::secret::Secret::new(url);
    let known = database.url().expose().to_owned();
    for (bad, told) in [
        (known.replace(&database.name, "nowhere"), "does not exist"),
        (known.replace("//warboard@", "//nobody:s3cr3t@"), "nobody"),
        (
            "postgres://w:s3cr3t@127.0.0.1:1/x".to_owned(),
            "127.0.0.1:1",
        ),
        ("postgres://w:s3cr3t@h:port/x".to_owned(), "cannot be read"),
    ] {
        let error = PostgresStore::open(&url(bad), &clock()).await.unwrap_err();
        let error = error.to_string();
        assert!(error.contains(told), "{error}");
        assert!(!error.contains("s3cr3t"), "{error}");
    }
}

#[tokio::test]
async fn a_replica_is_refused_until_it_is_the_primary() {
    let primary = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let database = primary.database().await;
    let node = PostgresStore::open(&database.url(), &clock())
        .await
        .unwrap();
    let id = opened(&node).await;
    let replica = primary.replica();
    let refused = PostgresStore::open(&database.url_on(&replica), &clock()).await;
    let told = refused.unwrap_err().to_string();
    assert!(told.contains("replica"), "{told}");
    primary.down();
    replica.promote();
    let node = PostgresStore::open(&database.url_on(&replica), &clock())
        .await
        .unwrap();
    written(&node, note(&id, "on the new primary")).await;
    let found = report(&database.url_on(&replica)).await;
    assert!(found.is_sound() && found.entries == 2, "{found:?}");
}
