//! One statement and one connection, whatever the engine: values of three kinds, `$n` places, rows by `FromRow`.
//! Nothing here knows a table; what differs between engines stands in `sqlite` and `postgres`.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::pin;
use std::sync::Arc;

use futures::future::{BoxFuture, Either, select};
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{
    AssertSqlSafe, Connection as _, Database, Error, FromRow, PgConnection, Postgres, Sqlite,
    SqliteConnection,
};

use super::error;

/// A value as both engines keep it: BIGINT or INTEGER, TEXT, BYTEA or BLOB.
#[derive(Debug, Clone)]
pub enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::Int(Some(value))
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Value {
        Value::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Value {
        Value::Text(Some(value.to_owned()))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Value {
        Value::Text(Some(value))
    }
}

impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Value {
        Value::Text(value.map(str::to_owned))
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Value {
        Value::Bytes(Some(value.to_owned()))
    }
}

/// A row that either engine can give.
pub trait Fetched:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Fetched for T where
    T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

/// A statement with its values.
#[derive(Debug, Clone)]
pub struct Sql {
    text: &'static str,
    values: Vec<Value>,
}

/// A statement that both engines understand; its places are `$1`, `$2`, ...
pub fn sql(text: &'static str) -> Sql {
    Sql {
        text,
        values: Vec::new(),
    }
}

/// The engine's own query with the values in their places.
macro_rules! bound {
    ($query:expr, $values:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match value {
                Value::Int(value) => query.bind(value),
                Value::Text(value) => query.bind(value),
                Value::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}

impl Sql {
    /// Puts a value into the next place.
    pub fn bind(mut self, value: impl Into<Value>) -> Sql {
        self.values.push(value.into());
        self
    }

    /// Carries it out; how many rows it touched.
    ///
    /// # Errors
    /// What the engine says; `PoolClosed` if the line is gone.
    pub async fn run(self, db: &mut Db) -> Result<u64, Error> {
        let Sql { text, values } = self;
        db.unanswered = true;
        let watch = db.watch.as_deref();
        let result = match &mut db.line {
            Line::Sqlite(line) => bound!(sqlx::query::<Sqlite>(text), values)
                .execute(&mut **line)
                .await
                .map(|done| done.rows_affected()),
            Line::Postgres(line) => {
                let query = bound!(sqlx::query::<Postgres>(text), values);
                let done = heard(watch, query.execute(line)).await;
                done.map(|done| done.rows_affected())
            }
            Line::Gone => Err(Error::PoolClosed),
        };
        db.answered(result)
    }

    /// Every row.
    ///
    /// # Errors
    /// What the engine says, also of a row that does not fit `T`; `PoolClosed` if the line is gone.
    pub async fn all<T: Fetched>(self, db: &mut Db) -> Result<Vec<T>, Error> {
        let Sql { text, values } = self;
        db.unanswered = true;
        let watch = db.watch.as_deref();
        let result = match &mut db.line {
            Line::Sqlite(line) => {
                bound!(sqlx::query_as::<Sqlite, T>(text), values)
                    .fetch_all(&mut **line)
                    .await
            }
            Line::Postgres(line) => {
                let query = bound!(sqlx::query_as::<Postgres, T>(text), values);
                heard(watch, query.fetch_all(line)).await
            }
            Line::Gone => Err(Error::PoolClosed),
        };
        db.answered(result)
    }

    /// The first row, if there is one. For statements that find one row at most.
    ///
    /// # Errors
    /// As [`Sql::all`].
    pub async fn optional<T: Fetched>(self, db: &mut Db) -> Result<Option<T>, Error> {
        Ok(self.all(db).await?.into_iter().next())
    }
}

/// Looks after one line: an answer that will never come is not waited for.
pub trait Watch: Send + Sync {
    /// Ends when what was asked at its beginning will not be answered any more.
    fn lost(&self) -> BoxFuture<'_, Error>;
    /// Ends, over another line, what the database still does for this one.
    fn end<'a>(&'a self, other: &'a mut Db) -> BoxFuture<'a, ()>;
}

/// The answer, unless whoever watches over the line gives it up.
async fn heard<T>(
    watch: Option<&dyn Watch>,
    answer: impl Future<Output = Result<T, Error>> + Send,
) -> Result<T, Error> {
    let Some(watch) = watch else {
        return answer.await;
    };
    match select(pin!(answer), watch.lost()).await {
        Either::Left((answer, _)) => answer,
        Either::Right((lost, _)) => Err(lost),
    }
}

/// A connection of either engine, the writer's own or a reader's.
pub struct Db {
    line: Line,
    watch: Option<Arc<dyn Watch>>,
    /// A statement was sent and its answer is not in: whatever comes next on this line may belong to it.
    unanswered: bool,
    /// The last error was one after which the whole transaction is tried again.
    pub(super) try_again: bool,
}

enum Line {
    Sqlite(Held<Sqlite>),
    Postgres(PgConnection),
    /// It was given back.
    Gone,
}

enum Held<D: Database> {
    Own(D::Connection),
    Lent(PoolConnection<D>),
}

impl<D: Database> Deref for Held<D> {
    type Target = D::Connection;

    fn deref(&self) -> &D::Connection {
        match self {
            Held::Own(own) => own,
            Held::Lent(lent) => lent,
        }
    }
}

impl<D: Database> DerefMut for Held<D> {
    fn deref_mut(&mut self) -> &mut D::Connection {
        match self {
            Held::Own(own) => own,
            Held::Lent(lent) => lent,
        }
    }
}

impl Db {
    fn new(line: Line) -> Db {
        Db {
            line,
            watch: None,
            unanswered: false,
            try_again: false,
        }
    }

    /// A connection of SQLite's that belongs to whoever holds this.
    pub fn sqlite(own: SqliteConnection) -> Db {
        Db::new(Line::Sqlite(Held::Own(own)))
    }

    /// A connection of PostgreSQL's that belongs to whoever holds this, and what watches over its line.
    pub fn postgres(own: PgConnection, watch: Arc<dyn Watch>) -> Db {
        let mut db = Db::new(Line::Postgres(own));
        db.watch = Some(watch);
        db
    }

    /// Puts another one in charge of the line.
    pub fn watched_by(&mut self, watch: Arc<dyn Watch>) {
        self.watch = Some(watch);
    }

    /// One out of SQLite's readers; it goes back when this is dropped.
    pub fn lent_sqlite(lent: PoolConnection<Sqlite>) -> Db {
        Db::new(Line::Sqlite(Held::Lent(lent)))
    }

    /// Statements without values, made by us alone: several at once, split by `;`.
    ///
    /// # Errors
    /// What the engine says; `PoolClosed` if the line is gone.
    pub async fn script(&mut self, text: &str) -> Result<(), Error> {
        self.unanswered = true;
        let script = sqlx::raw_sql(AssertSqlSafe(text));
        let watch = self.watch.as_deref();
        let result = match &mut self.line {
            Line::Sqlite(line) => script.execute(&mut **line).await.map(|_| ()),
            Line::Postgres(line) => {
                let done = heard(watch, script.execute(line)).await;
                done.map(|_| ())
            }
            Line::Gone => Err(Error::PoolClosed),
        };
        self.answered(result)
    }

    fn answered<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        // An error that is no answer of the database leaves the line in an unknown state.
        self.unanswered = result
            .as_ref()
            .is_err_and(|error| error.as_database_error().is_none());
        self.try_again = result.as_ref().is_err_and(error::is_passing);
        result
    }

    /// Whether everything that was asked was answered.
    pub fn is_clear(&self) -> bool {
        !self.unanswered
    }

    /// Ends the connection; one that waits for an answer still is dropped. Gives then who can end what it left behind.
    pub async fn close(self) -> Option<Arc<dyn Watch>> {
        if self.unanswered {
            // Goodbyes on a line that hangs would hang too.
            return self.watch;
        }
        let Db { line, .. } = self;
        let _ = match line {
            Line::Sqlite(Held::Own(own)) => own.close().await,
            Line::Sqlite(Held::Lent(lent)) => lent.close().await,
            Line::Postgres(own) => own.close().await,
            Line::Gone => Ok(()),
        };
        None
    }
}

/// Where connections belong that were lent.
pub trait Home: Send + Sync {
    /// Takes back one that has answered everything.
    fn take_back(&self, db: Db);
}

/// A reader's connection that is given back, or ended where it was left in the middle of something.
pub struct Reader {
    db: Db,
    /// None: it is a pool of the library's, to which it goes back by itself.
    home: Option<Box<dyn Home>>,
}

impl Reader {
    pub fn new(db: Db) -> Reader {
        Reader { db, home: None }
    }

    /// One that goes back to this home.
    pub fn lent(db: Db, home: Box<dyn Home>) -> Reader {
        Reader {
            db,
            home: Some(home),
        }
    }
}

impl Deref for Reader {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut Db {
        &mut self.db
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if self.db.unanswered {
            if let Line::Sqlite(Held::Lent(lent)) = &mut self.db.line {
                // What is left unanswered on the line must not meet the next reader.
                lent.close_on_drop();
            }
        } else if let Some(home) = &self.home {
            home.take_back(std::mem::replace(&mut self.db, Db::new(Line::Gone)));
        }
    }
}
