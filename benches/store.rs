//! What batching brings: commands a second of sixteen clients through the store's port, against the very same rows written bare,
//! one transaction a command, on the same disk in the same run. Prints both and their ratio. SQLite always; PostgreSQL where
//! `WARBOARD_BENCH_STORE` names a database for it (postgres://...), which keeps what was written.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection as _, PgConnection, SqliteConnection, query, query_scalar};
use tokio::sync::Mutex;
use warboard::domain::caller::Caller;
use warboard::domain::command::open::{self, Open};
use warboard::domain::command::{Command, Context, decide};
use warboard::domain::directory::Directory;
use warboard::domain::duty::Rules;
use warboard::domain::event::Event;
use warboard::domain::incident::{Incident, Stamp};
use warboard::domain::instant::Instant;
use warboard::domain::word::{Role, Via};
use warboard::secret::Secret;
use warboard::store::chain::Link;
use warboard::store::postgres::PostgresStore;
use warboard::store::sqlite::SqliteStore;
use warboard::store::{Answer, Changes, Done, Found, Idempotency, Job, Outcome, Store, Target};
use warboard::time::{SharedClock, SystemClock};

const CLIENTS: usize = 16;
/// Commands of one client when it is measured, and when it is only tried.
const MEASURED: usize = 400;
const TRIED: usize = 4;

type Fallible<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What every decision here depends on.
struct World {
    now: Instant,
    caller: Caller,
    directory: Directory,
    rules: Rules,
}

impl World {
    fn new() -> Fallible<World> {
        Ok(World {
            now: "2026-11-23T14:07:32Z".parse()?,
            caller: Caller::new("d.okafor", Role::Commander),
            directory: Directory::default(),
            rules: Rules::built_in().map_err(|faults| format!("{faults:?}"))?,
        })
    }

    fn context(&self) -> Context<'_> {
        Context {
            now: self.now,
            caller: &self.caller,
            via: Via::Api,
            directory: &self.directory,
            rules: &self.rules,
            random: 7,
        }
    }

    fn stamp(&self, version: u64) -> Stamp {
        Stamp {
            version,
            at: self.now,
            by: self.caller.name.clone(),
            via: Via::Api,
        }
    }

    /// A note on top of an incident: its events, and the incident after them.
    fn noted(&self, before: &Incident, command: &Command) -> Option<(Vec<Event>, Incident, Stamp)> {
        let events = decide(before, command, &self.context()).ok()?;
        let stamp = self.stamp(before.version + 1);
        let mut after = before.clone();
        for event in &events {
            after.apply(event, &stamp);
        }
        Some((events, after, stamp))
    }
}

fn note(client: usize, n: usize) -> Fallible<Command> {
    let text =
        format!("note {n} of client {client}: tokens of the service were used from elsewhere");
    Ok(serde_json::from_value(
        json!({"type": "note", "kind": "fact", "text": text}),
    )?)
}

fn nothing() -> Outcome {
    Outcome::Answer(answer(Vec::new()))
}

fn answer(body: Vec<u8>) -> Answer {
    Answer {
        status: 200,
        etag: None,
        location: None,
        body,
    }
}

fn idempotency(token: &str, client: usize, n: usize) -> Idempotency {
    Idempotency {
        token: token.to_owned(),
        // A database may hold those of an earlier run.
        key: format!("{}-{client}-{n}", std::process::id()),
        digest: [7; 32],
    }
}

/// One incident a client; their ids.
async fn opened(store: &dyn Store, world: &Arc<World>) -> Fallible<Vec<String>> {
    let mut ids = Vec::new();
    for n in 0..CLIENTS {
        let body: Open = serde_json::from_value(
            json!({"service": "azure", "title": format!("odd sign-ins {n}")}),
        )?;
        let of = world.clone();
        let job = Job {
            lease: None,
            target: Target::New {
                prefix: "AZ".to_owned(),
                upstream: None,
            },
            idempotency: None,
            decide: Box::new(move |found| {
                let Found::Allotted(allotted) = found else {
                    return nothing();
                };
                let Ok(events) = open::decide(&body, &allotted, &of.context()) else {
                    return nothing();
                };
                let stamp = of.stamp(1);
                let Some(Event::Opened(first)) = events.first() else {
                    return nothing();
                };
                let mut incident = Incident::opened(first, &stamp);
                for event in events.iter().skip(1) {
                    incident.apply(event, &stamp);
                }
                Outcome::Write(Box::new(Changes {
                    incident,
                    events,
                    stamp,
                    outbox: Vec::new(),
                    answer: answer(Vec::new()),
                }))
            }),
            now: world.now,
        };
        match store.submit(job).await? {
            Done::Written { incident, .. } => ids.push(incident.id.clone()),
            other => return Err(format!("not opened: {other:?}").into()),
        }
    }
    Ok(ids)
}

/// All clients at once, each one command after the other.
async fn side_by_side<F, W>(client: F) -> Fallible<Duration>
where
    F: Fn(usize) -> W,
    W: Future<Output = Fallible<()>> + Send + 'static,
{
    let began = Stopwatch::now();
    let clients: Vec<_> = (0..CLIENTS).map(|n| tokio::spawn(client(n))).collect();
    for client in clients {
        client.await??;
    }
    Ok(began.elapsed())
}

/// Through the port: the writer puts whatever waits into one transaction.
async fn through_the_port(store: Arc<dyn Store>, each: usize) -> Fallible<Duration> {
    let world = Arc::new(World::new()?);
    let ids = Arc::new(opened(&*store, &world).await?);
    side_by_side(|client| {
        let (store, world, ids) = (store.clone(), world.clone(), ids.clone());
        async move {
            for n in 0..each {
                let (of, command) = (world.clone(), note(client, n)?);
                let job = Job {
                    lease: None,
                    target: Target::Incident(ids[client].clone()),
                    idempotency: Some(idempotency("port", client, n)),
                    decide: Box::new(move |found| {
                        let Found::Incident(before) = found else {
                            return nothing();
                        };
                        let Some((events, incident, stamp)) = of.noted(&before, &command) else {
                            return nothing();
                        };
                        let body = serde_json::to_vec(&incident).unwrap_or_default();
                        Outcome::Write(Box::new(Changes {
                            incident,
                            events,
                            stamp,
                            outbox: Vec::new(),
                            answer: answer(body),
                        }))
                    }),
                    now: world.now,
                };
                match store.submit(job).await? {
                    Done::Written { .. } => {}
                    other => return Err(format!("not written: {other:?}").into()),
                }
            }
            Ok(())
        }
    })
    .await
}

/// One command by hand, in a transaction of its own: the statements that the port needs for it, no more and no less.
macro_rules! by_hand {
    ($name:ident, $connection:ty, $begin:literal, $head:literal) => {
        async fn $name(
            db: &mut $connection,
            world: &World,
            id: &str,
            key: Idempotency,
            command: &Command,
        ) -> Fallible<()> {
            let mut transaction = db.begin_with($begin).await?;
            let head: String = query_scalar($head).fetch_one(&mut *transaction).await?;
            let known: Option<i64> =
                query_scalar("SELECT status FROM answer WHERE token = $1 AND key = $2")
                    .bind(&key.token)
                    .bind(&key.key)
                    .fetch_optional(&mut *transaction)
                    .await?;
            if known.is_some() {
                return Err("it was there already".into());
            }
            let body: String = query_scalar("SELECT body FROM snapshot WHERE incident = $1")
                .bind(id)
                .fetch_one(&mut *transaction)
                .await?;
            let before: Incident = serde_json::from_str(&body)?;
            let (events, after, stamp) = world.noted(&before, command).ok_or("it was refused")?;
            let (seq, hash) = head.split_once(' ').ok_or("the head is unreadable")?;
            let (mut seq, mut prev): (i64, String) = (seq.parse()?, hash.to_owned());
            let at = stamp.at.to_rfc3339();
            for event in &events {
                let mut whole = serde_json::to_value(event)?;
                let body = whole["body"].take().to_string();
                seq += 1;
                let hash = Link {
                    seq: u64::try_from(seq)?,
                    incident: id,
                    version: stamp.version,
                    at: &at,
                    by: &stamp.by,
                    via: stamp.via.as_str(),
                    kind: event.kind(),
                    body: &body,
                    salt: None,
                    prev: &prev,
                }
                .hash();
                query("INSERT INTO entry (seq, incident, version, at, \"by\", via, kind, body, prev, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
                    .bind(seq)
                    .bind(id)
                    .bind(i64::try_from(stamp.version)?)
                    .bind(&at)
                    .bind(&stamp.by)
                    .bind(stamp.via.as_str())
                    .bind(event.kind())
                    .bind(&body)
                    .bind(&prev)
                    .bind(&hash)
                    .execute(&mut *transaction)
                    .await?;
                prev = hash;
            }
            let body = serde_json::to_string(&after)?;
            query("UPDATE snapshot SET seq = $2, version = $3, body = $4 WHERE incident = $1")
                .bind(id)
                .bind(seq)
                .bind(i64::try_from(after.version)?)
                .bind(&body)
                .execute(&mut *transaction)
                .await?;
            query("UPDATE meta SET value = $1 WHERE name = 'head'")
                .bind(format!("{seq} {prev}"))
                .execute(&mut *transaction)
                .await?;
            query("INSERT INTO answer (token, key, digest, status, etag, location, body, at) VALUES ($1, $2, $3, 200, NULL, NULL, $4, $5)")
                .bind(&key.token)
                .bind(&key.key)
                .bind(&key.digest[..])
                .bind(body.as_bytes())
                .bind(world.now.timestamp_millis())
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok(())
        }
    };
}

by_hand!(
    by_hand_in_a_file,
    SqliteConnection,
    "BEGIN IMMEDIATE",
    "SELECT value FROM meta WHERE name = 'head'"
);
by_hand!(
    by_hand_in_a_database,
    PgConnection,
    "BEGIN",
    "SELECT value FROM meta WHERE name = 'head' FOR UPDATE"
);

/// Commands take turns at one connection: the best that one transaction a command can do with SQLite.
async fn bare_in_a_file(
    path: &std::path::Path,
    ids: Vec<String>,
    each: usize,
) -> Fallible<Duration> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true);
    let db = Arc::new(Mutex::new(SqliteConnection::connect_with(&options).await?));
    let (world, ids) = (Arc::new(World::new()?), Arc::new(ids));
    side_by_side(|client| {
        let (db, world, ids) = (db.clone(), world.clone(), ids.clone());
        async move {
            for n in 0..each {
                let (key, command) = (idempotency("bare", client, n), note(client, n)?);
                let mut db = db.lock().await;
                by_hand_in_a_file(&mut db, &world, &ids[client], key, &command).await?;
            }
            Ok(())
        }
    })
    .await
}

/// Every client has a connection of its own; the row that notes the end of the chain makes them take turns.
async fn bare_in_a_database(url: &str, ids: Vec<String>, each: usize) -> Fallible<Duration> {
    let (world, ids) = (Arc::new(World::new()?), Arc::new(ids));
    let mut lines = Vec::new();
    for _ in 0..CLIENTS {
        let mut line = PgConnection::connect(url).await?;
        sqlx::raw_sql("SET search_path = warboard")
            .execute(&mut line)
            .await?;
        lines.push(Arc::new(Mutex::new(line)));
    }
    side_by_side(|client| {
        let (db, world, ids) = (lines[client].clone(), world.clone(), ids.clone());
        async move {
            let mut db = db.lock().await;
            for n in 0..each {
                let (key, command) = (idempotency("bare", client, n), note(client, n)?);
                by_hand_in_a_database(&mut db, &world, &ids[client], key, &command).await?;
            }
            Ok(())
        }
    })
    .await
}

async fn sqlite(each: usize) -> Fallible<(Duration, Duration)> {
    let folder = tempfile::tempdir()?;
    let store = Arc::new(SqliteStore::open(&folder.path().join("port.db")).await?);
    let port = through_the_port(store.clone(), each).await?;
    store.close().await;
    let path = folder.path().join("bare.db");
    let store = SqliteStore::open(&path).await?;
    let ids = opened(&store, &Arc::new(World::new()?)).await?;
    store.close().await;
    let bare = bare_in_a_file(&path, ids, each).await?;
    Ok((port, bare))
}

async fn postgres(url: &str, each: usize) -> Fallible<(Duration, Duration)> {
    let clock: SharedClock = Arc::new(SystemClock::new());
    let store = Arc::new(PostgresStore::open(&Secret::new(url), &clock).await?);
    let port = through_the_port(store.clone(), each).await?;
    let ids = opened(&*store, &Arc::new(World::new()?)).await?;
    store.close().await;
    let bare = bare_in_a_database(url, ids, each).await?;
    Ok((port, bare))
}

fn report(name: &str, each: usize, port: Duration, bare: Duration) -> Fallible<f64> {
    let commands = f64::from(u32::try_from(each * CLIENTS)?);
    let (port, bare) = (commands / port.as_secs_f64(), commands / bare.as_secs_f64());
    let ratio = port / bare;
    writeln!(
        std::io::stdout(),
        "store/{name}: {port:.0} commands/s through the port, {bare:.0} bare, {ratio:.2} times as many"
    )?;
    Ok(ratio)
}

fn main() -> Fallible<()> {
    // `cargo bench` says so; `cargo test` only wants to know that it runs.
    let measured = std::env::args().any(|argument| argument == "--bench");
    let each = if measured { MEASURED } else { TRIED };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let (port, bare) = runtime.block_on(sqlite(each))?;
    let mut worst = report("sqlite", each, port, bare)?;
    if let Ok(url) = std::env::var("WARBOARD_BENCH_STORE") {
        let (port, bare) = runtime.block_on(postgres(&url, each))?;
        worst = worst.min(report("postgres", each, port, bare)?);
    }
    if measured && worst < 1.0 {
        return Err("batching does not beat one transaction a command".into());
    }
    Ok(())
}
