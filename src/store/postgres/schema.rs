//! Opening a connection with the limits that keep a node that hangs from holding up the others, and bringing the schema
//! `warboard` to this version's tables.

use std::str::FromStr as _;
use std::sync::Arc;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use super::session::{Session, Watcher, first};
use crate::secret::Secret;
use crate::store::StoreError;
use crate::store::sql::db::{Db, sql};
use crate::store::sql::engine::Meta;
use crate::store::sql::meta::meta;
use crate::time::{SharedClock, timeout};

/// Every version of the tables, oldest first. A version that was released is never changed.
const VERSIONS: &[&str] = &[
    include_str!("0001_init.sql"),
    include_str!("0002_lease.sql"),
    include_str!("0003_door.sql"),
    include_str!("0004_redaction.sql"),
    include_str!("0005_intake.sql"),
];
/// How long one statement may take that the server is at work on; it gives up its statements before.
const HURRIED_MS: i64 = 8_000;
/// How long the tables may take to be brought to a version.
const BRING_WITHIN_MS: i64 = 600_000;

/// A node that hangs inside its transaction loses it, and the lock with it, before another one's patience ends; one whose
/// machine is gone is found out by keepalives. What was acknowledged is on disk, whatever the server's default is.
const PREPARE: &str = "SET search_path = warboard;
SET statement_timeout = '7s';
SET lock_timeout = '6s';
SET idle_in_transaction_session_timeout = '4s';
SET tcp_keepalives_idle = 3;
SET tcp_keepalives_interval = 1;
SET tcp_keepalives_count = 3;
SET tcp_user_timeout = '6s';
SET client_min_messages = warning;
SET default_transaction_read_only = off;
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// For what reads or fills the whole store: a file may be slow, and nobody waits for it.
pub(super) const UNHURRIED: &str = "SET statement_timeout = '10min';
SET idle_in_transaction_session_timeout = '10min'";

/// Reads the URL. What is wrong with it is told without it: it may hold a password.
pub(super) fn options(url: &Secret) -> Result<PgConnectOptions, StoreError> {
    let options = PgConnectOptions::from_str(url.expose()).map_err(|_| {
        StoreError::Unavailable(
            "its URL cannot be read: write postgres://ROLE@HOST:PORT/DATABASE?sslmode=verify-full"
                .to_owned(),
        )
    })?;
    Ok(options
        .application_name("warboard")
        .disable_statement_logging())
}

/// Gives a new connection its limits, and refuses a replica: what it shows may be of before, and in another order.
pub(super) async fn prepare(connection: &mut PgConnection) -> Result<Session, sqlx::Error> {
    let (replica, pid, began): (bool, i64, i64) = sqlx::query_as(
        "SELECT pg_is_in_recovery(), pg_backend_pid()::bigint, coalesce((SELECT (extract(epoch FROM backend_start) * 1000000)::bigint FROM pg_stat_activity WHERE pid = pg_backend_pid()), 0)",
    )
    .fetch_one(&mut *connection)
    .await?;
    if replica {
        return Err(sqlx::Error::Configuration(
            "the database is a replica; give the URL of the primary".into(),
        ));
    }
    sqlx::raw_sql(PREPARE).execute(connection).await?;
    Ok(Session { pid, began })
}

/// The same for a connection that nobody watches over.
pub(super) async fn limit(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    prepare(connection).await.map(drop)
}

/// Connects for the writer and brings the tables to this version. Several nodes may do so at once: all but one find the
/// work done.
pub(super) async fn open(
    options: &PgConnectOptions,
    clock: &SharedClock,
) -> Result<(Db, Meta), StoreError> {
    let (mut db, watcher, version) = connect(options, clock).await?;
    if version < VERSIONS.len() {
        db.watched_by(Arc::new(watcher.clone().unhurried()));
        timeout(&**clock, BRING_WITHIN_MS, bring(&mut db)).await??;
        db.watched_by(Arc::new(watcher));
    }
    let meta = meta(&mut db).await?;
    Ok((db, meta))
}

/// The same, with the time that filling all of it may take.
pub(super) async fn open_to_fill(
    options: &PgConnectOptions,
    clock: &SharedClock,
) -> Result<(Db, Meta), StoreError> {
    let (db, _) = open(options, clock).await?;
    db.close().await;
    let (mut db, watcher, _) = connect(options, clock).await?;
    let meta = meta(&mut db).await?;
    db.script(UNHURRIED).await?;
    db.watched_by(Arc::new(watcher.unhurried()));
    Ok((db, meta))
}

/// Connects to read, with the time that a walk through all of it may take; nothing is made or brought to another version.
pub(super) async fn connect_to_read(
    options: &PgConnectOptions,
    clock: &SharedClock,
) -> Result<Db, StoreError> {
    let (mut db, watcher, version) = connect(options, clock).await?;
    if version == 0 {
        return Err(StoreError::Corrupt(format!(
            "{} has no store in it; give another --store",
            place(options)
        )));
    }
    db.script(UNHURRIED).await?;
    db.watched_by(Arc::new(watcher.unhurried()));
    Ok(db)
}

/// Connects for one of those that only read.
pub(super) async fn connect_reader(
    options: &PgConnectOptions,
    clock: &SharedClock,
) -> Result<Db, StoreError> {
    let (db, _) = made(options, clock).await?;
    Ok(db)
}

/// A connection, and who watches over it.
async fn made(
    options: &PgConnectOptions,
    clock: &SharedClock,
) -> Result<(Db, Watcher), StoreError> {
    let connect = || async {
        let mut connection = PgConnection::connect_with(options).await?;
        let session = prepare(&mut connection).await?;
        Ok::<_, StoreError>((connection, session))
    };
    let made = first(clock, connect).await;
    let (connection, session) = made.map_err(|error| told(error, options))?;
    let watcher = Watcher {
        options: options.clone(),
        clock: clock.clone(),
        session,
        most_ms: HURRIED_MS,
    };
    let db = Db::postgres(connection, Arc::new(watcher.clone()));
    Ok((db, watcher))
}

/// A connection, who watches over it, and the version of the tables there.
async fn connect(
    options: &PgConnectOptions,
    clock: &SharedClock,
) -> Result<(Db, Watcher, usize), StoreError> {
    let (mut db, watcher) = made(options, clock).await?;
    let version = version(&mut db).await?;
    let known = VERSIONS.len();
    if version > known {
        return Err(StoreError::Corrupt(format!(
            "{} was written by a newer warboard (version {version}, this one knows {known}); use that one",
            place(options)
        )));
    }
    Ok((db, watcher, version))
}

/// The version of the tables that are there; 0 where there are none.
async fn version(db: &mut Db) -> Result<usize, StoreError> {
    let tables: Option<(i64,)> =
        sql("SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'warboard'")
            .optional(db)
            .await?;
    if tables.is_none_or(|(tables,)| tables == 0) {
        return Ok(0);
    }
    let foreign = || {
        StoreError::Corrupt(
            "the schema 'warboard' of this database is another program's; give another database"
                .to_owned(),
        )
    };
    let ours: Option<(i64,)> = sql("SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'warboard' AND tablename IN ('meta', 'entry')")
        .optional(db)
        .await?;
    if ours != Some((2,)) {
        return Err(foreign());
    }
    let version: Option<(String,)> = sql("SELECT value FROM meta WHERE name = 'version'")
        .optional(db)
        .await?;
    version
        .and_then(|(text,)| text.parse().ok())
        .ok_or_else(foreign)
}

async fn bring(db: &mut Db) -> Result<(), StoreError> {
    // The number is the store's mark, `wbrd`: whoever brings tables to a version holds this lock.
    db.script("BEGIN; SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(2002940516)")
        .await?;
    let there = version(db).await?;
    if there == 0 {
        db.script("CREATE SCHEMA IF NOT EXISTS warboard").await?;
    }
    for (at, script) in VERSIONS.iter().enumerate().skip(there) {
        db.script(script).await?;
        sql("INSERT INTO meta (name, value) VALUES ('version', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
            .bind((at + 1).to_string())
            .run(db)
            .await?;
    }
    meta(db).await?;
    db.script("COMMIT").await?;
    Ok(())
}

/// An error with the database it happened to.
pub(super) fn told(error: StoreError, options: &PgConnectOptions) -> StoreError {
    match error {
        StoreError::Unavailable(why) => {
            StoreError::Unavailable(format!("{}: {why}", place(options)))
        }
        other => other,
    }
}

/// Which database, without any secret.
fn place(options: &PgConnectOptions) -> String {
    let host = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    let database = options.get_database().unwrap_or(options.get_username());
    format!(
        "postgres {database} at {host} as {}",
        options.get_username()
    )
}
