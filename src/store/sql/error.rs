//! What an error of the library means for whoever asked, and whether trying again may help.
//! The codes of each engine stand with that engine.

use sqlx::Error;
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

use crate::store::{StoreError, postgres, sqlite};

/// The engine's own error, where it is one.
enum Told<'a> {
    Sqlite(&'a SqliteError),
    Postgres(&'a PgDatabaseError),
    Nobody,
}

fn told(error: &Error) -> Told<'_> {
    let Some(database) = error.as_database_error() else {
        return Told::Nobody;
    };
    if let Some(error) = database.try_downcast_ref::<PgDatabaseError>() {
        return Told::Postgres(error);
    }
    match database.try_downcast_ref::<SqliteError>() {
        Some(error) => Told::Sqlite(error),
        None => Told::Nobody,
    }
}

/// Whether the same transaction may well succeed on another try: a connection that broke, a server that restarts, a deadlock.
pub(super) fn is_passing(error: &Error) -> bool {
    match told(error) {
        Told::Sqlite(_) => false,
        Told::Postgres(error) => postgres::is_passing(error),
        Told::Nobody => is_lost(error),
    }
}

/// Whether a COMMIT that ended so surely wrote nothing. An answer that never came says nothing.
pub(super) fn is_refused(error: &Error) -> bool {
    match told(error) {
        Told::Sqlite(_) => true,
        Told::Postgres(error) => postgres::is_refused(error),
        Told::Nobody => false,
    }
}

fn is_lost(error: &Error) -> bool {
    matches!(
        error,
        Error::Io(_) | Error::Protocol(_) | Error::Tls(_) | Error::WorkerCrashed
    )
}

impl From<Error> for StoreError {
    fn from(error: Error) -> StoreError {
        match told(&error) {
            Told::Sqlite(error) => sqlite::meaning(error),
            Told::Postgres(error) => postgres::meaning(error),
            Told::Nobody => match error {
                Error::ColumnDecode { .. } | Error::Decode(_) | Error::ColumnNotFound(_) => {
                    StoreError::Corrupt(error.to_string())
                }
                Error::PoolTimedOut => StoreError::Unavailable(
                    "no connection to the database was to be had in time".to_owned(),
                ),
                Error::Io(error) => StoreError::Unavailable(format!(
                    "the connection to the database broke or was refused: {error}"
                )),
                error => StoreError::Unavailable(error.to_string()),
            },
        }
    }
}
