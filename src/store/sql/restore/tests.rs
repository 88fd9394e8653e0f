//! A backup holds everything that counts, comes back whole or not at all, and sends nothing anew.

use chrono::TimeDelta;
use sqlx::{query, query_scalar};

use crate::domain::instant::Instant;
use crate::domain::word::{PageState, Role, Tlp};
use crate::store::audit::Noted;
use crate::store::claim::{Caps, Claim};
use crate::store::sqlite::fixture::{self, Told, at, told};
use crate::store::sqlite::{SqliteStore, record};
use crate::store::{Record as _, Store as _, StoreError, Token};

async fn backup_of(told: &Told) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut record = record(&told.path).await.unwrap();
    record.backup(at(), &mut bytes).await.unwrap();
    bytes
}

async fn back(
    bytes: &[u8],
    now: Instant,
) -> (tempfile::TempDir, std::path::PathBuf, super::Restored) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.db");
    let restored = SqliteStore::restore(&path, &mut &bytes[..], now)
        .await
        .unwrap();
    (folder, path, restored)
}

fn claim(now: Instant) -> Claim {
    Claim {
        node: "n".to_owned(),
        now,
        lease_ms: 10_000,
        under_way: Vec::new(),
        caps: Caps::default(),
    }
}

fn token() -> Token {
    Token {
        id: "abc".to_owned(),
        name: "j.counsel".to_owned(),
        sha256: [9; 32],
        role: Role::Viewer,
        counsel: true,
        clearance: Tlp::Red,
        services: vec!["azure".to_owned()],
        team: None,
        created_at: at(),
        expires_at: at() + TimeDelta::days(9),
        revoked_at: None,
        last_used_at: None,
        door: true,
    }
}

#[tokio::test]
async fn everything_comes_back_but_the_epoch() {
    let told = told().await;
    let store = SqliteStore::open(&told.path).await.unwrap();
    store.put_token(token()).await.unwrap();
    let key = store
        .setting("link_key", Box::new(|| vec![1, 2, 3]))
        .await
        .unwrap();
    let epoch = store.epoch().to_owned();
    // While it runs.
    let bytes = backup_of(&told).await;
    let before = store.since(0, 10).await.unwrap();
    store.close().await;
    let (_folder, path, restored) = back(&bytes, at() + TimeDelta::minutes(5)).await;
    assert_eq!((restored.report.entries, restored.uncertain), (6, 0));
    let new = SqliteStore::open(&path).await.unwrap();
    assert_ne!(new.epoch(), epoch);
    let after = new.since(0, 10).await.unwrap();
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((before.seq, &before.incident), (after.seq, &after.incident));
    }
    assert_eq!(new.tokens().await.unwrap(), [token()]);
    let kept = new.setting("link_key", Box::new(Vec::new)).await.unwrap();
    assert_eq!(kept, key);
    assert_eq!(new.timeline("AZ-1", 0, 99).await.unwrap().len(), 4);
    // A page of five minutes ago is still sent, with its own key.
    let claims = new.claim(claim(at() + TimeDelta::minutes(5))).await;
    let taken = claims.unwrap().taken;
    let keys: Vec<&str> = taken.iter().map(|c| c.delivery.key.as_str()).collect();
    assert_eq!(keys, ["p1-0"]);
    assert!(!taken[0].repeat, "nobody had begun to send it");
    new.close().await;
    let noted = Noted {
        seq: Some(6),
        hash: restored.header.head.hash,
    };
    let mut record = record(&path).await.unwrap();
    assert!(record.verify(&[noted]).await.unwrap().is_sound());
}

#[tokio::test]
async fn a_delivery_that_was_under_way_comes_back_without_its_lease_and_may_have_arrived() {
    let told = told().await;
    let store = SqliteStore::open(&told.path).await.unwrap();
    let first = store.claim(claim(at())).await.unwrap().taken;
    assert_eq!(first[0].lease.fence, 1);
    let bytes = backup_of(&told).await;
    store.close().await;
    let now = at() + TimeDelta::minutes(5);
    let (_folder, path, _) = back(&bytes, now).await;
    let mut db = fixture::connection(&path).await;
    let kept: (i64, i64, i64, i64) =
        sqlx::query_as("SELECT first_at, may_have_arrived, lease_until, fence FROM outbox")
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert_eq!(kept, (at().timestamp_millis(), 1, 0, 0));
    let new = SqliteStore::open(&path).await.unwrap();
    let again = new.claim(claim(now)).await.unwrap().taken;
    assert!(again[0].repeat && !again[0].interrupted, "{again:?}");
    new.close().await;
}

#[tokio::test]
async fn old_pages_are_not_sent_again_and_are_shown_as_uncertain() {
    let told = told().await;
    let bytes = backup_of(&told).await;
    let now = at() + TimeDelta::hours(3);
    let (_folder, path, restored) = back(&bytes, now).await;
    assert_eq!((restored.report.entries, restored.uncertain), (7, 1));
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(store.next_delivery_at().await.unwrap(), None);
    let shown = store.since(0, 10).await.unwrap();
    let incident = &shown
        .iter()
        .find(|s| s.incident.id == "AZ-1")
        .unwrap()
        .incident;
    let page = &incident.pages[0];
    assert_eq!(page.state, PageState::Unknown);
    assert_eq!(page.escalates_at, None, "nothing goes on by itself");
    let why = page.last_error.as_deref().unwrap();
    assert!(why.contains("backup of 2026-11-26 12:00 UTC"), "{why}");
    let line = incident.change.as_ref().unwrap().text.as_deref().unwrap();
    assert!(line.contains("restored from the backup"), "{line}");
    store.close().await;
}

#[tokio::test]
async fn a_backup_goes_into_an_empty_store_only_and_not_under_a_server() {
    let told = told().await;
    let bytes = backup_of(&told).await;
    let refused = SqliteStore::restore(&told.path, &mut &bytes[..], at()).await;
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("not empty"), "{error}");
    assert!(told.verified(&[]).await.is_sound());
    let store = SqliteStore::open(&told.path).await.unwrap();
    let refused = SqliteStore::restore(&told.path, &mut &bytes[..], at()).await;
    assert!(matches!(refused, Err(StoreError::InUse(_))));
    store.close().await;
}

#[tokio::test]
async fn a_damaged_backup_leaves_nothing_behind() {
    let told = told().await;
    let bytes = backup_of(&told).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.db");
    let text = String::from_utf8(bytes).unwrap();
    let damaged = [
        text.replace("seen at the door", "seen at the wall"),
        text[..text.len() / 2].to_owned(),
        text.lines()
            .filter(|l| !l.contains("\"noted\""))
            .map(|l| format!("{l}\n"))
            .collect(),
        String::new(),
    ];
    for damaged in damaged {
        let refused = SqliteStore::restore(&path, &mut damaged.as_bytes(), at()).await;
        assert!(
            matches!(refused, Err(StoreError::Archive(_))),
            "{refused:?}"
        );
    }
    // It is still empty: the whole one goes in.
    SqliteStore::restore(&path, &mut text.as_bytes(), at())
        .await
        .unwrap();
}

#[tokio::test]
async fn no_backup_is_made_of_a_record_that_is_not_sound() {
    let told = told().await;
    let tampered = told.tampered("DELETE FROM entry WHERE seq = 6").await;
    let mut record = record(&tampered.path).await.unwrap();
    let error = record.backup(at(), &mut Vec::new()).await.unwrap_err();
    assert!(error.to_string().contains("not sound"), "{error}");
}

#[tokio::test]
async fn a_redacted_record_is_backed_up_as_it_is() {
    let told = told().await;
    let store = SqliteStore::open(&told.path).await.unwrap();
    let reason = "r".to_owned();
    let target = crate::store::Target::Redaction {
        incident: "AZ-1".to_owned(),
        entry: 2,
    };
    let event = crate::domain::event::Event::Redacted { entry: 2, reason };
    fixture::write(&store, target, "r", vec![event], Vec::new(), at()).await;
    store.close().await;
    let bytes = backup_of(&told).await;
    assert!(!String::from_utf8_lossy(&bytes).contains("seen at the door"));
    let (_folder, path, restored) = back(&bytes, at()).await;
    assert_eq!(restored.report.redactions.len(), 1);
    let mut db = fixture::connection(&path).await;
    let salt: String = query_scalar("SELECT salt FROM entry WHERE seq = 2")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert_eq!(salt, "");
    query("SELECT 1").execute(&mut db).await.unwrap();
}
