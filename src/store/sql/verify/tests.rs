//! What one who owns the file can do to the record, each thing done with the guards taken off, and each found.

use proptest::prelude::*;
use sqlx::{query, query_as, query_scalar};

use crate::store::audit::{FaultKind, Noted, Report};
use crate::store::chain::{self, START};
use crate::store::sql::row::EntryRow;
use crate::store::sqlite::fixture::{Told, told};

fn has(report: &Report, kind: FaultKind, seq: Option<u64>, incident: Option<&str>) -> bool {
    report.faults.iter().any(|fault| {
        fault.kind == kind
            && (seq.is_none() || fault.seq == seq)
            && (incident.is_none() || fault.incident.as_deref() == incident)
    })
}

#[tokio::test]
async fn an_untouched_record_is_sound_and_says_where_it_ends() {
    let told = told().await;
    let report = told.verified(&[]).await;
    assert!(report.is_sound(), "{:?}", report.faults);
    assert_eq!((report.entries, report.incidents), (6, 2));
    assert_eq!(report.head.seq, 6);
    let noted = [
        Noted {
            seq: Some(6),
            hash: report.head.hash.clone(),
        },
        Noted {
            seq: None,
            hash: report.head.hash.clone(),
        },
        Noted {
            seq: Some(0),
            hash: START.to_owned(),
        },
    ];
    assert!(told.verified(&noted).await.is_sound());
}

#[tokio::test]
async fn every_way_to_change_the_record_is_found() {
    use FaultKind::*;
    let told = told().await;
    let copy = "INSERT INTO entry SELECT 7, incident, version, at, \"by\", via, kind, body, prev, hash, salt FROM entry WHERE seq = 6;";
    let put_in = "UPDATE entry SET seq = seq + 100 WHERE seq > 3; UPDATE entry SET seq = seq - 99 WHERE seq > 100; INSERT INTO entry SELECT 4, incident, version, at, \"by\", via, kind, body, prev, hash, salt FROM entry WHERE seq = 2;";
    let renumbered =
        "DELETE FROM entry WHERE seq = 3; UPDATE entry SET seq = seq - 1 WHERE seq > 3;";
    let swapped = "UPDATE entry SET seq = 100 WHERE seq = 2; UPDATE entry SET seq = 2 WHERE seq = 6; UPDATE entry SET seq = 6 WHERE seq = 100;";
    let bodies = "UPDATE entry SET body = (SELECT body FROM entry WHERE seq = 6) WHERE seq = 2;";
    let cases = [
        (
            "UPDATE entry SET body = replace(body, 'door', 'wall') WHERE seq = 2",
            Altered,
            Some(2),
        ),
        (
            "UPDATE entry SET body = replace(body, 'fact', 'decision') WHERE seq = 2",
            Altered,
            Some(2),
        ),
        (
            "UPDATE entry SET at = '2026-11-26T11:00:00Z' WHERE seq = 2",
            Altered,
            Some(2),
        ),
        (
            "UPDATE entry SET \"by\" = 'm.other' WHERE seq = 2",
            Altered,
            Some(2),
        ),
        (
            "UPDATE entry SET via = 'cli' WHERE seq = 2",
            Altered,
            Some(2),
        ),
        (
            "UPDATE entry SET kind = 'reviewed' WHERE seq = 2",
            Altered,
            Some(2),
        ),
        (
            "UPDATE entry SET version = 9 WHERE seq = 2",
            Altered,
            Some(2),
        ),
        (
            "UPDATE entry SET incident = 'AZ-2' WHERE seq = 2",
            Altered,
            Some(2),
        ),
        (
            "UPDATE entry SET salt = NULL WHERE seq = 2",
            Altered,
            Some(2),
        ),
        ("UPDATE entry SET salt = '' WHERE seq = 2", Altered, Some(2)),
        (
            "UPDATE entry SET hash = prev WHERE seq = 2",
            Altered,
            Some(2),
        ),
        (
            "UPDATE entry SET prev = hash WHERE seq = 2",
            Unlinked,
            Some(2),
        ),
        ("DELETE FROM entry WHERE seq = 3", Missing, Some(4)),
        ("DELETE FROM entry WHERE seq = 1", Missing, Some(2)),
        (renumbered, Unlinked, Some(3)),
        (swapped, Unlinked, Some(2)),
        (bodies, Altered, Some(2)),
        (copy, Added, None),
        (put_in, Unlinked, Some(4)),
        ("DELETE FROM entry WHERE seq = 6", Cut, None),
        (
            "DELETE FROM entry WHERE seq = 6; DELETE FROM meta WHERE name = 'head'",
            Cut,
            None,
        ),
    ];
    for (sql, kind, seq) in cases {
        let report = told.tampered(sql).await.verified(&[]).await;
        assert!(has(&report, kind, seq, None), "{sql}: {:?}", report.faults);
    }
}

#[tokio::test]
async fn every_row_beside_the_record_that_does_not_fit_it_is_found() {
    use FaultKind::{Beside, Differs};
    let told = told().await;
    let cases = [
        (
            "UPDATE snapshot SET body = replace(body, 'oddly', 'evenly') WHERE incident = 'AZ-1'",
            Differs,
            Some("AZ-1"),
        ),
        (
            "UPDATE snapshot SET body = '{}' WHERE incident = 'AZ-1'",
            Differs,
            Some("AZ-1"),
        ),
        (
            "DELETE FROM snapshot WHERE incident = 'AZ-2'",
            Differs,
            Some("AZ-2"),
        ),
        (
            "UPDATE snapshot SET seq = 60 WHERE incident = 'AZ-1'",
            Differs,
            Some("AZ-1"),
        ),
        (
            "UPDATE snapshot SET version = 60 WHERE incident = 'AZ-1'",
            Differs,
            Some("AZ-1"),
        ),
        (
            "UPDATE snapshot SET service = 'other' WHERE incident = 'AZ-1'",
            Differs,
            Some("AZ-1"),
        ),
        (
            "UPDATE snapshot SET codename = 'X Y' WHERE incident = 'AZ-1'",
            Differs,
            Some("AZ-1"),
        ),
        (
            "UPDATE snapshot SET upstream_key = 'k-2' WHERE incident = 'AZ-1'",
            Differs,
            Some("AZ-1"),
        ),
        (
            "UPDATE snapshot SET upstream_connector = NULL WHERE incident = 'AZ-1'",
            Differs,
            Some("AZ-1"),
        ),
        (
            "UPDATE snapshot SET upstream_connector = 'siem', upstream_key = 'k' WHERE incident = 'AZ-2'",
            Differs,
            Some("AZ-2"),
        ),
        (
            "INSERT INTO snapshot SELECT 'AZ-3', 9, version, service, 'X Y', NULL, NULL, body FROM snapshot WHERE incident = 'AZ-2'",
            Differs,
            Some("AZ-3"),
        ),
        ("UPDATE page SET incident = 'AZ-2'", Beside, Some("AZ-1")),
        ("DELETE FROM page", Beside, Some("AZ-1")),
        ("INSERT INTO page VALUES ('p2', 'AZ-2')", Beside, None),
        ("UPDATE outbox SET incident = 'AZ-2'", Beside, Some("AZ-2")),
        ("UPDATE outbox SET page = 'p9'", Beside, Some("AZ-1")),
        ("UPDATE outbox SET key = 'p9-0'", Beside, Some("AZ-1")),
        ("UPDATE outbox SET step = 3", Beside, Some("AZ-1")),
        ("UPDATE outbox SET done = 1", Beside, Some("AZ-1")),
        ("DELETE FROM outbox", Beside, Some("AZ-1")),
        (
            "UPDATE counter SET last = 1 WHERE prefix = 'AZ'",
            Beside,
            Some("AZ-2"),
        ),
    ];
    for (sql, kind, incident) in cases {
        let report = told.tampered(sql).await.verified(&[]).await;
        assert!(
            has(&report, kind, None, incident),
            "{sql}: {:?}",
            report.faults
        );
    }
}

/// Every entry once more from the first that was changed, as one who knows how the chain is made would do it.
async fn chained_anew(told: &Told) {
    let mut db = told.db().await;
    let rows: Vec<EntryRow> = query_as("SELECT * FROM entry ORDER BY seq")
        .fetch_all(&mut db)
        .await
        .unwrap();
    let mut prev = START.to_owned();
    for mut row in rows {
        row.prev.clone_from(&prev);
        let hash = row.link().hash();
        query("UPDATE entry SET prev = $2, hash = $3 WHERE seq = $1")
            .bind(row.seq)
            .bind(&row.prev)
            .bind(&hash)
            .execute(&mut db)
            .await
            .unwrap();
        prev = hash;
    }
    query("UPDATE meta SET value = (SELECT max(seq) FROM entry) || ' ' || $1 WHERE name = 'head'")
        .bind(&prev)
        .execute(&mut db)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_record_written_anew_as_a_whole_is_found_by_a_head_that_was_noted_elsewhere() {
    let told = told().await;
    let head = told.verified(&[]).await.head;
    let with_place = Noted {
        seq: Some(6),
        hash: head.hash.clone(),
    };
    let without = Noted {
        seq: None,
        hash: head.hash.clone(),
    };
    let edited = told
        .tampered("UPDATE entry SET body = replace(body, 'door', 'wall') WHERE seq = 2")
        .await;
    chained_anew(&edited).await;
    assert!(
        edited.verified(&[]).await.is_sound(),
        "nothing else can tell"
    );
    for noted in [&with_place, &without] {
        let report = edited.verified(std::slice::from_ref(noted)).await;
        assert!(
            has(&report, FaultKind::Replaced, None, None),
            "{:?}",
            report.faults
        );
    }
    // The last entry is gone, and everything that could tell of it.
    let cut = told
        .tampered("DELETE FROM entry WHERE seq = 6; UPDATE snapshot SET seq = 4, version = 3, body = replace(body, '\"version\":4', '\"version\":3') WHERE incident = 'AZ-1'")
        .await;
    chained_anew(&cut).await;
    let report = cut.verified(&[with_place, without]).await;
    assert!(
        has(&report, FaultKind::Cut, None, None),
        "{:?}",
        report.faults
    );
    assert!(
        has(&report, FaultKind::Replaced, None, None),
        "{:?}",
        report.faults
    );
}

#[tokio::test]
async fn a_text_that_somebody_took_out_without_saying_so_is_found() {
    let told = told().await;
    let mut db = told.db().await;
    let (body, salt): (String, Option<String>) =
        query_as("SELECT body, salt FROM entry WHERE seq = 2")
            .fetch_one(&mut db)
            .await
            .unwrap();
    let (gone, empty) = chain::redacted(&body, salt.as_deref()).unwrap();
    // The guards let it pass: it is what they let pass.
    query("UPDATE entry SET body = $1, salt = $2 WHERE seq = 2")
        .bind(gone)
        .bind(empty)
        .execute(&mut db)
        .await
        .unwrap();
    let report = told.verified(&[]).await;
    assert!(has(&report, FaultKind::Redaction, Some(2), Some("AZ-1")));
    assert_eq!(report.faults.len(), 1, "{:?}", report.faults);
}

#[tokio::test]
async fn the_guards_let_an_entry_neither_change_nor_go() {
    let told = told().await;
    let mut db = told.db().await;
    for sql in [
        "DELETE FROM entry WHERE seq = 6",
        "UPDATE entry SET at = '' WHERE seq = 2",
        "UPDATE entry SET seq = 9 WHERE seq = 6",
        "UPDATE entry SET hash = '' WHERE seq = 2",
        "UPDATE entry SET salt = 'x' WHERE seq = 2",
        "UPDATE entry SET salt = '' WHERE seq = 2",
        "UPDATE entry SET body = '{}', salt = '' WHERE seq = 2",
        "UPDATE entry SET body = replace(body, 'door', 'wall'), salt = '' WHERE seq = 2",
        "UPDATE entry SET body = replace(body, 'fact', '[redacted sha256:]'), salt = 'x' WHERE seq = 2",
        "UPDATE entry SET body = replace(body, '}', ',\"x\":\"[redacted sha256:]\"}'), salt = '' WHERE seq = 2",
        "INSERT OR REPLACE INTO entry SELECT * FROM entry WHERE seq = 2",
        "INSERT INTO entry SELECT 9, incident, version, at, \"by\", via, kind, body, prev, hash, salt FROM entry WHERE seq = 6",
    ] {
        let refused = query(sqlx::AssertSqlSafe(sql.to_owned()))
            .execute(&mut db)
            .await;
        let error = refused
            .err()
            .unwrap_or_else(|| panic!("{sql} was let pass"));
        assert!(error.to_string().contains("append-only"), "{sql}: {error}");
    }
    assert!(told.verified(&[]).await.is_sound());
}

#[tokio::test]
async fn a_file_is_not_made_or_brought_to_another_version_by_looking_at_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.db");
    let error = crate::store::sqlite::record(&path).await.unwrap_err();
    assert!(error.to_string().contains("none.db"), "{error}");
    assert!(!path.exists());
    std::fs::write(&path, "").unwrap();
    assert!(crate::store::sqlite::record(&path).await.is_err());
    let told = told().await;
    // As a file of the version before: no salts anywhere.
    let old = told.tampered("DROP INDEX answer_by_incident; ALTER TABLE answer DROP COLUMN incident; ALTER TABLE entry DROP COLUMN salt; PRAGMA user_version = 1").await;
    chained_anew(&old).await;
    assert!(old.verified(&[]).await.is_sound());
    let version: i64 = query_scalar("PRAGMA user_version")
        .fetch_one(&mut old.db().await)
        .await
        .unwrap();
    assert_eq!(version, 1);
}

/// A change at random.
#[derive(Debug, Clone)]
enum Change {
    Set(&'static str, i64, String),
    Delete(i64),
    SwapPlaces(i64, i64),
    SwapBodies(i64, i64),
    Cut(i64),
}

fn change() -> impl Strategy<Value = Change> {
    let column = prop::sample::select(vec![
        "incident", "at", "\"by\"", "via", "kind", "body", "salt", "prev", "hash",
    ]);
    let seq = || 1..=6_i64;
    prop_oneof![
        (column, seq(), "[a-zA-Z0-9{}:\", ]{0,40}").prop_map(|(c, s, v)| Change::Set(c, s, v)),
        seq().prop_map(Change::Delete),
        (seq(), seq())
            .prop_filter("two", |(a, b)| a != b)
            .prop_map(|(a, b)| Change::SwapPlaces(a, b)),
        (seq(), seq())
            .prop_filter("two", |(a, b)| a != b)
            .prop_map(|(a, b)| Change::SwapBodies(a, b)),
        seq().prop_map(Change::Cut),
    ]
}

impl Change {
    fn sql(&self) -> String {
        match self {
            Change::Set(column, seq, value) => {
                format!("UPDATE entry SET {column} = '{value}' WHERE seq = {seq}")
            }
            Change::Delete(seq) => format!("DELETE FROM entry WHERE seq = {seq}"),
            Change::SwapPlaces(a, b) => format!(
                "UPDATE entry SET seq = 100 WHERE seq = {a}; UPDATE entry SET seq = {a} WHERE seq = {b}; UPDATE entry SET seq = {b} WHERE seq = 100"
            ),
            Change::SwapBodies(a, b) => format!(
                "CREATE TEMP TABLE two AS SELECT seq, body FROM entry WHERE seq IN ({a}, {b}); UPDATE entry SET body = coalesce((SELECT body FROM two WHERE seq = {b}), body) WHERE seq = {a}; UPDATE entry SET body = coalesce((SELECT body FROM two WHERE seq = {a}), body) WHERE seq = {b}"
            ),
            Change::Cut(seq) => format!("DELETE FROM entry WHERE seq >= {seq}"),
        }
    }
}

#[test]
fn any_tampering_is_found_whatever_it_is() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let told = runtime.block_on(told());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let changes = prop::collection::vec(change(), 1..3);
    runner
        .run(&changes, |changes| {
            let sql: Vec<String> = changes.iter().map(Change::sql).collect();
            // Two swaps may undo each other; then there is nothing to find.
            let sql = sql.join("; DROP TABLE IF EXISTS temp.two; ");
            let (same, report) = runtime.block_on(async {
                let tampered = told.tampered(&sql).await;
                let all = "SELECT group_concat(seq || incident || at || \"by\" || via || kind || body || coalesce(salt, 'none') || prev || hash, '|') FROM (SELECT * FROM entry ORDER BY seq)";
                let rows = async |told: &Told| -> Option<String> {
                    query_scalar(sqlx::AssertSqlSafe(all.to_owned()))
                        .fetch_one(&mut told.db().await)
                        .await
                        .unwrap()
                };
                (
                    rows(&tampered).await == rows(&told).await,
                    tampered.verified(&[]).await,
                )
            });
            prop_assert_eq!(same, report.is_sound(), "{}: {:?}", sql, report.faults);
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn an_incident_that_an_earlier_build_kept_is_sound_without_its_change_in_full() {
    let told = told().await;
    let earlier = "UPDATE snapshot SET body = json_remove(body, '$.said')";
    let report = told.tampered(earlier).await.verified(&[]).await;
    assert!(report.is_sound(), "{:?}", report.faults);
    let altered = "UPDATE snapshot SET body = json_set(body, '$.said', 'all is well')";
    let report = told.tampered(altered).await.verified(&[]).await;
    assert!(
        has(&report, FaultKind::Differs, None, None),
        "{:?}",
        report.faults
    );
}
