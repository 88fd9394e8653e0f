//! The rows that say which node asks a source, and what it told the others. What a lease is good for stands in
//! `store::poll`; writers come one after the other, so that reading and marking a row is one step.

use super::db::{Db, sql};
use crate::store::StoreError;
use crate::store::claim::{Held, Lease};
use crate::store::poll::{Tend, Tended};

/// Gives the lease to whoever has it already, or asks after it has run out. `now` is the time of leases.
pub(super) async fn tend(db: &mut Db, tend: &Tend, now: i64) -> Result<Tended, StoreError> {
    let until = now.saturating_add(tend.lease_ms);
    let row: Option<(String, i64, i64, String)> =
        sql("SELECT holder, fence, lease_until, told FROM intake WHERE name = $1")
            .bind(tend.connector.as_str())
            .optional(db)
            .await?;
    let (fence, told) = match row {
        None if tend.lease_ms == 0 => {
            return Ok(Tended {
                lease: None,
                told: String::new(),
            });
        }
        None => (1, String::new()),
        Some((holder, fence, _, told)) if holder == tend.node => (fence, told),
        Some((_, fence, ends, told)) if ends <= now && tend.lease_ms > 0 => {
            (fence.saturating_add(1), told)
        }
        Some((_, _, _, told)) => return Ok(Tended { lease: None, told }),
    };
    let told = tend.told.clone().unwrap_or(told);
    sql("INSERT INTO intake (name, holder, fence, lease_until, told) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, fence = excluded.fence, lease_until = excluded.lease_until, told = excluded.told")
        .bind(tend.connector.as_str())
        .bind(tend.node.as_str())
        .bind(fence)
        .bind(until)
        .bind(told.as_str())
        .run(db)
        .await?;
    let lease = Lease {
        of: Held::Connector,
        key: tend.connector.clone(),
        fence,
    };
    Ok(Tended {
        lease: Some(lease),
        told,
    })
}

/// Ends the leases of a process that is gone: the file has one server at a time.
///
/// # Errors
/// The database does not do it; the leases run out by themselves.
pub async fn end_leases(db: &mut Db) -> Result<(), StoreError> {
    sql("UPDATE intake SET lease_until = 0").run(db).await?;
    Ok(())
}
