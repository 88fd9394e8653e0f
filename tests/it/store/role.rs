//! The record is append-only in the database itself: for the role that serves, and for mistakes of the one that owns it.

use warboard::store::postgres::{PostgresStore, survey};
use warboard::store::{Store as _, chain};

use super::place::{Owner, Place, clock, note, open, opened, redact, report, written};

const TAMPERING: &[&str] = &[
    "DELETE FROM entry WHERE seq = 1",
    "UPDATE entry SET body = '{}' WHERE seq = 1",
    "UPDATE entry SET body = '{}', salt = '' WHERE seq = 1",
    "UPDATE entry SET body = '[redacted sha256:00]', salt = '' WHERE seq = 1",
    "UPDATE entry SET \"by\" = 'nobody', body = '[redacted sha256:00]' WHERE seq = 1",
    "UPDATE entry SET hash = prev",
    "UPDATE entry SET salt = ''",
    "UPDATE entry SET salt = NULL",
    "UPDATE entry SET salt = 'another'",
    "INSERT INTO entry SELECT 99, incident, version, at, \"by\", via, kind, body, prev, hash, salt FROM entry WHERE seq = 1",
];

/// The text of an entry gives way to its hash, and other things with it.
async fn redaction(owner: &mut Owner) -> (String, Vec<String>) {
    let body = owner.texts("SELECT body FROM entry WHERE seq = 1").await;
    let salt = owner.texts("SELECT salt FROM entry WHERE seq = 1").await;
    let (gone, _) = chain::redacted(&body[0], Some(&salt[0])).unwrap();
    let update = |body: &str, salt: &str| {
        format!("UPDATE entry SET body = '{body}', salt = '{salt}' WHERE seq = 1")
    };
    let also = [
        update(&gone.replace("azure", "power-platform"), ""),
        update(&gone.replace("\"title\"", "\"name\""), ""),
        update(&gone.replace("\"title\":", "\"title\" :"), ""),
        update(&gone.replace("\"summary\":null", "\"summary\":\"a\""), ""),
        update(&gone.replace("\"exercise\":false", "\"exercise\":true"), ""),
        update(&body[0].replace("An incident", "Another"), ""),
        update(&gone, &salt[0]),
        update(&gone, "another"),
    ];
    for (other, n) in also.iter().zip(0..) {
        assert_ne!(*other, update(&gone, ""), "{n} changes something");
    }
    (update(&gone, ""), also.to_vec())
}

#[tokio::test]
async fn on_sqlite_entries_are_neither_changed_nor_deleted() {
    let place = Place::sqlite();
    let store = place.node().await;
    opened(&*store).await;
    store.close().await;
    let mut owner = place.owner().await;
    let (redaction, others) = redaction(&mut owner).await;
    let all = TAMPERING.iter().map(|statement| (*statement).to_owned());
    for statement in all.chain(others) {
        let refused = owner.run(&statement).await;
        let told = refused.expect_err(&statement).to_string();
        assert!(told.contains("append-only"), "{statement}: {told}");
    }
    owner.run(&redaction).await.unwrap();
}

#[tokio::test]
async fn on_postgres_not_even_the_owner_changes_entries_by_mistake() {
    let place = Place::postgres().await;
    opened(&*place.node().await).await;
    let mut owner = place.owner().await;
    let (redaction, others) = redaction(&mut owner).await;
    let all = TAMPERING.iter().chain(&[
        "TRUNCATE entry",
        "SET session_replication_role = replica; DELETE FROM entry",
        "SET session_replication_role = replica; UPDATE entry SET body = '{}', salt = ''",
    ]);
    for statement in all.map(|statement| (*statement).to_owned()).chain(others) {
        let refused = owner.run(&statement).await;
        let told = refused.unwrap_err().to_string();
        assert!(told.contains("append-only"), "{statement}: {told}");
        owner
            .run("SET session_replication_role = origin")
            .await
            .unwrap();
    }
    owner.run(&redaction).await.unwrap();
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
    written(&store, redact(&id, 2, Vec::new())).await;
    assert!(report(&url).await.is_sound());
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
