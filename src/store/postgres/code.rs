//! What PostgreSQL's error codes (SQLSTATE) mean here: for whoever asked, and for trying again.
//! Errors without a code are `sql::error`'s.

use sqlx::postgres::PgDatabaseError;

use crate::store::StoreError;

/// Whether the transaction may well succeed on another try, on a new connection.
pub fn is_passing(error: &PgDatabaseError) -> bool {
    let code = error.code();
    // Connections that broke or are too many; serialization and deadlocks; a server that ends, starts or fails over;
    // limits of time for locks and statements; a statement prepared before the tables were brought to a new version.
    code.starts_with("08")
        || code.starts_with("40")
        || code.starts_with("57P")
        || matches!(
            code,
            "0A000" | "53300" | "55P03" | "57014" | "25006" | "25P02" | "25P03"
        )
}

/// Whether a COMMIT that ended so surely wrote nothing: it was rolled back for a conflict, a constraint or want of room. A server that
/// ends may have committed before it said so.
pub fn is_refused(error: &PgDatabaseError) -> bool {
    let code = error.code();
    code.starts_with("40") || code.starts_with("23") || code == "53100"
}

/// What it means for whoever asked.
pub fn meaning(error: &PgDatabaseError) -> StoreError {
    let told = error.message();
    let why = match error.code() {
        "53100" => format!("no room is left on the database's disk: {told}"),
        "53300" => format!("the database takes no more connections: {told}"),
        "25006" => {
            "the database is a replica, or read-only; give the URL of the primary".to_owned()
        }
        "28000" | "28P01" => format!(
            "the database refuses the name or the password: {told}; look at the URL, PGPASSFILE and pg_hba.conf"
        ),
        "3D000" => format!("{told}; create it first"),
        "42501" => format!(
            "{told}: this role lacks a right; the README lists what the serving role needs, and the tables are brought up to a version by their owner"
        ),
        "55P03" | "57014" => format!("the database is too slow or another node holds it: {told}"),
        "57P03" => format!("the database is starting or ending: {told}"),
        code => format!("{told} ({code})"),
    };
    match error.code() {
        "53100" => StoreError::Full(why),
        code if code.starts_with("XX") => StoreError::Corrupt(why),
        _ => StoreError::Unavailable(why),
    }
}
