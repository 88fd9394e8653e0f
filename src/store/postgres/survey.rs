//! Looking at a database without changing anything in it: can it be reached, is it what a store needs, what should be better?
//! For whoever sets one up; a node that serves does not ask.

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, query_as, query_scalar};

use super::schema;
use crate::secret::Secret;
use crate::store::StoreError;
use crate::time::{SharedClock, timeout};

/// How long the whole look may take.
const WITHIN_MS: i64 = 10_000;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// One line: which server, and the version of the tables.
    pub what: String,
    /// What works and should be better, each with its remedy.
    pub notes: Vec<String>,
}

/// Looks at the database of this URL.
///
/// # Errors
/// It cannot be reached, refuses us, or is a replica.
pub async fn survey(url: &Secret, clock: &SharedClock) -> Result<Survey, StoreError> {
    let options = schema::options(url)?;
    let look = async {
        let mut connection = PgConnection::connect_with(&options).await?;
        schema::prepare(&mut connection).await?;
        let survey = look(&mut connection).await;
        connection.close().await?;
        survey
    };
    let looked = timeout(&**clock, WITHIN_MS, look).await;
    let looked = looked.map_err(StoreError::from);
    looked
        .and_then(|looked| looked.map_err(StoreError::from))
        .map_err(|error| schema::told(error, &options))
}

async fn look(db: &mut PgConnection) -> Result<Survey, sqlx::Error> {
    let (server, role, encrypted): (String, String, bool) = query_as(
        "SELECT current_setting('server_version'), current_user::text, coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)",
    )
    .fetch_one(&mut *db)
    .await?;
    let is_set_up: bool = query_scalar("SELECT to_regclass('warboard.meta') IS NOT NULL")
        .fetch_one(&mut *db)
        .await?;
    let mut notes = Vec::new();
    let tables = match is_set_up {
        true => {
            let version: Option<String> =
                query_scalar("SELECT value FROM warboard.meta WHERE name = 'version'")
                    .fetch_optional(&mut *db)
                    .await?;
            format!("tables of version {}", version.unwrap_or_default())
        }
        false => "no tables yet: the first  warboard token issue  or  serve  makes them".to_owned(),
    };
    for (setting, why) in [
        ("fsync", "a power cut may lose what was acknowledged"),
        ("full_page_writes", "a power cut may damage the record"),
    ] {
        let value: String = query_scalar("SELECT current_setting($1)")
            .bind(setting)
            .fetch_one(&mut *db)
            .await?;
        if value == "off" {
            notes.push(format!(
                "{setting} is off: {why}; set it on in postgresql.conf"
            ));
        }
    }
    if is_set_up {
        let (owner, superuser): (bool, bool) = query_as(
            "SELECT (SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class c WHERE c.oid = to_regclass('warboard.entry')), (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)",
        )
        .fetch_one(&mut *db)
        .await?;
        if owner || superuser {
            notes.push(format!(
                "{role} owns the tables, so it could drop what makes the record append-only: serve as a role of its own, see the README"
            ));
        }
    }
    Ok(Survey {
        what: format!(
            "PostgreSQL {server} as {role}, {}, {tables}",
            if encrypted {
                "encrypted"
            } else {
                "not encrypted"
            }
        ),
        notes,
    })
}
