//! The record of a store as it is read beside whatever serves it: on a connection of its own, each time from one state.
//! How such a connection is opened is each engine's own.

use std::io::Write;

use futures::future::BoxFuture;

use super::db::Db;
use super::{backup, verify};
use crate::domain::instant::Instant;
use crate::store::audit::{Noted, Report};
use crate::store::{Record, StoreError};

/// One state of the record at a time.
pub struct SqlRecord {
    db: Db,
    begin: &'static str,
}

impl std::fmt::Debug for SqlRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqlRecord").finish_non_exhaustive()
    }
}

impl SqlRecord {
    /// On a connection that cannot write; `begin` is how a read of several statements begins.
    pub fn new(db: Db, begin: &'static str) -> SqlRecord {
        SqlRecord { db, begin }
    }

    /// Ends the read; what went wrong in it comes first.
    async fn end<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        // On a line that fell silent this would only be waited for too.
        if result.is_err() && !self.db.is_clear() {
            return result;
        }
        let ended = self.db.script("ROLLBACK").await;
        let value = result?;
        ended?;
        Ok(value)
    }
}

impl Record for SqlRecord {
    fn verify<'a>(&'a mut self, noted: &'a [Noted]) -> BoxFuture<'a, Result<Report, StoreError>> {
        Box::pin(async move {
            self.db.script(self.begin).await?;
            let report = verify::verify(&mut self.db, noted).await;
            self.end(report).await
        })
    }

    fn backup<'a>(
        &'a mut self,
        made_at: Instant,
        into: &'a mut (dyn Write + Send),
    ) -> BoxFuture<'a, Result<Report, StoreError>> {
        Box::pin(async move {
            self.db.script(self.begin).await?;
            let report = backup::backup(&mut self.db, made_at, into).await;
            self.end(report).await
        })
    }
}
