//! The record is append-only in the database itself: for the role that serves, and for mistakes of the one that owns it.

use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;
use warboard::store::Store as _;
use warboard::store::postgres::{PostgresStore, survey};
use warboard::store::sqlite::SqliteStore;

use super::place::{Place, clock, note, open, opened, written};

const TAMPERING: &[&str] = &[
    "DELETE FROM entry WHERE seq = 1",
    "UPDATE entry SET body = '{}' WHERE seq = 1",
    "UPDATE entry SET \"by\" = 'nobody', body = '[redacted sha256:00]' WHERE seq = 1",
    "UPDATE entry SET hash = prev",
];
const REDACTION: &str = "UPDATE entry SET body = '[redacted sha256:00]' WHERE seq = 1";

#[tokio::test]
async fn on_sqlite_entries_are_neither_changed_nor_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.db");
    let store = SqliteStore::open(&path).await.unwrap();
    opened(&store).await;
    store.close().await;
    let url = format!("sqlite:{}", path.display());
    let mut owner = SqliteConnection::connect(&url).await.unwrap();
    for statement in TAMPERING {
        let refused = sqlx::raw_sql(*statement).execute(&mut owner).await;
        let told = refused.unwrap_err().to_string();
        assert!(told.contains("append-only"), "{statement}: {told}");
    }
    sqlx::raw_sql(REDACTION).execute(&mut owner).await.unwrap();
}

#[tokio::test]
async fn on_postgres_not_even_the_owner_changes_entries_by_mistake() {
    let Place::Postgres(database) = Place::postgres().await else {
        unreachable!()
    };
    let store = PostgresStore::open(&database.url(), &clock())
        .await
        .unwrap();
    opened(&store).await;
    let mut owner = database.connection().await;
    let all = TAMPERING.iter().chain(&[
        "TRUNCATE entry",
        "SET session_replication_role = replica; DELETE FROM entry",
    ]);
    for statement in all {
        sqlx::raw_sql("SET search_path = warboard")
            .execute(&mut owner)
            .await
            .unwrap();
        let refused = sqlx::raw_sql(*statement).execute(&mut owner).await;
        let told = refused.unwrap_err().to_string();
        assert!(told.contains("append-only"), "{statement}: {told}");
    }
    sqlx::raw_sql(REDACTION).execute(&mut owner).await.unwrap();
}

/// What the README tells to run, once the tables are there.
const GRANTS: &str = include_str!("grants.sql");

#[tokio::test]
async fn a_role_of_its_own_serves_and_cannot_touch_the_record() {
    let Place::Postgres(database) = Place::postgres().await else {
        unreachable!()
    };
    let readme = include_str!("../../../README.md");
    assert!(
        readme.contains(GRANTS.trim()),
        "the README tells these grants"
    );
    PostgresStore::for_tokens(&database.url(), &clock())
        .await
        .unwrap()
        .close()
        .await;
    let role = format!("serving_{}", database.name);
    let mut owner = database.connection().await;
    let grants = GRANTS.replace("warboard_serve", &role);
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "CREATE ROLE {role} LOGIN; {grants}"
    )))
    .execute(&mut owner)
    .await
    .unwrap();
    let url = database.url_as(&role);
    let store = PostgresStore::open(&url, &clock()).await.unwrap();
    let id = opened(&store).await;
    written(&store, note(&id, "served")).await;
    written(&store, open("another")).await;
    store.setting("k", Box::new(|| vec![1])).await.unwrap();
    store
        .forget_answers_before(super::place::at(1))
        .await
        .unwrap();
    store.ready().await.unwrap();
    let mut serving = database.connection_as(&role).await;
    let all = TAMPERING.iter().chain(&[
        "TRUNCATE entry",
        "DROP TABLE entry",
        "ALTER TABLE entry DISABLE TRIGGER ALL",
        "DROP FUNCTION entry_stays() CASCADE",
    ]);
    for statement in all {
        sqlx::raw_sql("SET search_path = warboard")
            .execute(&mut serving)
            .await
            .unwrap();
        let refused = sqlx::raw_sql(*statement).execute(&mut serving).await;
        let told = refused.unwrap_err().to_string();
        assert!(
            told.contains("append-only")
                || told.contains("permission denied")
                || told.contains("must be owner"),
            "{statement}: {told}"
        );
    }
    let found = survey(&url, &clock()).await.unwrap();
    assert!(found.what.contains("tables of version"), "{found:?}");
    assert!(
        !found.notes.iter().any(|note| note.contains("owns")),
        "{found:?}"
    );
    let owners = survey(&database.url(), &clock()).await.unwrap();
    assert!(
        owners.notes.iter().any(|note| note.contains("owns")),
        "{owners:?}"
    );
}

#[tokio::test]
async fn a_role_without_tables_is_told_what_to_do() {
    let Place::Postgres(database) = Place::postgres().await else {
        unreachable!()
    };
    let role = format!("early_{}", database.name);
    let mut owner = database.connection().await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE ROLE {role} LOGIN")))
        .execute(&mut owner)
        .await
        .unwrap();
    let refused = PostgresStore::open(&database.url_as(&role), &clock()).await;
    let told = refused.unwrap_err().to_string();
    assert!(told.contains("README"), "{told}");
}
