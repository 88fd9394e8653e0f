//! Which store: `--store`, else `WARBOARD_STORE`, else the file in the data folder; and opening it.
//! A URL may hold a password: it is told without it, always.

use std::io::BufRead;
use std::path::PathBuf;
use std::sync::Arc;

use super::environment::variable;
use super::exit::Failure;
use crate::config::data_home;
use crate::secret::Secret;
use crate::store::postgres::{self, PostgresStore};
use crate::store::sqlite::{self, SqliteStore};
use crate::store::{Record, Restored, Store};
use crate::time::SharedClock;

/// The variable that names a store where no flag does: a flag can be read by everybody on the machine.
pub const VARIABLE: &str = "WARBOARD_STORE";

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorePlace {
    Sqlite(PathBuf),
    /// The whole URL.
    Postgres(Secret),
}

impl StorePlace {
    /// From the flag, the variable or the default.
    ///
    /// # Errors
    /// What was given names no store.
    pub fn find(flag: Option<&str>) -> Result<StorePlace, Failure> {
        match flag.map(str::to_owned).or_else(|| variable(VARIABLE)) {
            None => Ok(StorePlace::Sqlite(data_home(&variable).join("warboard.db"))),
            Some(url) => StorePlace::of(&url),
        }
    }

    /// From a URL.
    ///
    /// # Errors
    /// The URL is neither `sqlite:PATH` nor `postgres://...`; it is told without its password.
    pub fn of(url: &str) -> Result<StorePlace, Failure> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(StorePlace::Postgres(Secret::new(url)));
        }
        match url.strip_prefix("sqlite:") {
            Some(path) if !path.is_empty() => Ok(StorePlace::Sqlite(PathBuf::from(path))),
            _ => Err(Failure::usage(format!(
                "'{}' names no store: write sqlite:PATH or postgres://ROLE@HOST/DATABASE",
                masked(url)
            ))),
        }
    }

    /// The URL without its password.
    pub fn shown(&self) -> String {
        match self {
            StorePlace::Sqlite(path) => format!("sqlite:{}", path.display()),
            StorePlace::Postgres(url) => masked(url.expose()),
        }
    }

    /// Opens it for a server.
    ///
    /// # Errors
    /// The store cannot be opened: as `open` of its kind says.
    pub async fn open(&self, clock: &SharedClock) -> Result<Arc<dyn Store>, Failure> {
        Ok(match self {
            StorePlace::Sqlite(path) => Arc::new(SqliteStore::open(path).await?),
            StorePlace::Postgres(url) => Arc::new(PostgresStore::open(url, clock).await?),
        })
    }

    /// Opens it beside servers that may be running.
    ///
    /// # Errors
    /// The store cannot be opened: as `for_tokens` of its kind says.
    pub async fn open_beside(&self, clock: &SharedClock) -> Result<Arc<dyn Store>, Failure> {
        Ok(match self {
            StorePlace::Sqlite(path) => Arc::new(SqliteStore::for_tokens(path).await?),
            StorePlace::Postgres(url) => Arc::new(PostgresStore::for_tokens(url, clock).await?),
        })
    }

    /// Opens it beside servers that may be running, where there is one: what ends or pairs something makes no store.
    ///
    /// # Errors
    /// There is no file, or the store cannot be opened: as `for_tokens` of its kind says.
    pub async fn open_known(&self, clock: &SharedClock) -> Result<Arc<dyn Store>, Failure> {
        match self {
            StorePlace::Sqlite(path) if !path.exists() => Err(Failure::new(format!(
                "there is no store at {}: name the one that  warboard serve  has with --store or {VARIABLE}",
                self.shown()
            ))),
            known => known.open_beside(clock).await,
        }
    }

    /// Opens its record to read it, whoever serves it; nothing is made or changed.
    ///
    /// # Errors
    /// There is no such store, or it cannot be read.
    pub async fn record(&self, clock: &SharedClock) -> Result<Box<dyn Record>, Failure> {
        Ok(match self {
            StorePlace::Sqlite(path) => Box::new(sqlite::record(path).await?),
            StorePlace::Postgres(url) => Box::new(postgres::record(url, clock).await?),
        })
    }

    /// Puts a backup into it, where it is empty.
    ///
    /// # Errors
    /// The store is in use or not empty, or the backup is damaged: as `restore` of its kind says.
    pub async fn restore(
        &self,
        clock: &SharedClock,
        from: &mut (dyn BufRead + Send),
    ) -> Result<Restored, Failure> {
        let now = clock.now();
        Ok(match self {
            StorePlace::Sqlite(path) => SqliteStore::restore(path, from, now).await?,
            StorePlace::Postgres(url) => PostgresStore::restore(url, clock, from, now).await?,
        })
    }

    /// What may be read on the way to the database, and by whom; None where nothing is to be said.
    pub fn warning(&self) -> Option<String> {
        let StorePlace::Postgres(url) = self else {
            return None;
        };
        let (address, query) = match url.expose().split_once('?') {
            Some((address, query)) => (address, query),
            None => (url.expose(), ""),
        };
        let host = address.split("//").nth(1).unwrap_or_default();
        let host = host.split('/').next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let near = matches!(name, "" | "localhost" | "127.0.0.1" | "[::1]");
        let by_socket = query.split('&').any(|part| part.starts_with("host=/"));
        let verified = query
            .split('&')
            .any(|part| part == "sslmode=verify-full" || part == "sslmode=verify-ca");
        (!near && !by_socket && !verified).then(|| {
            format!(
                "the database at {name} is not verified: add sslmode=verify-full to the URL, or whoever is between may read and change the record"
            )
        })
    }
}

/// A URL with what stands between `:` and `@` masked, and every value of its query that could be a secret.
fn masked(url: &str) -> String {
    let (address, query) = match url.split_once('?') {
        Some((address, query)) => (address, Some(query)),
        None => (url, None),
    };
    let mut shown = match (address.split_once("//"), address.rfind('@')) {
        (Some((scheme, rest)), Some(_)) => {
            let (login, place) = rest.rsplit_once('@').unwrap_or(("", rest));
            let login = match login.split_once(':') {
                Some((role, _)) => format!("{role}:***"),
                None => login.to_owned(),
            };
            format!("{scheme}//{login}@{place}")
        }
        (None, Some(at)) => format!("***{}", address.get(at..).unwrap_or_default()),
        _ => address.to_owned(),
    };
    if let Some(query) = query {
        let parts: Vec<String> = query
            .split('&')
            .map(|part| match part.split_once('=') {
                Some((key, _)) if key.to_lowercase().contains("pass") => format!("{key}=***"),
                _ => part.to_owned(),
            })
            .collect();
        shown.push('?');
        shown.push_str(&parts.join("&"));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_password() {
        for (url, shown) in [
            ("postgres://w:s3cr3t@db/x", "postgres://w:***@db/x"),
            (
                "postgres://w:s3@cr3t@db:5432/x?sslmode=verify-full",
                "postgres://w:***@db:5432/x?sslmode=verify-full",
            ),
            (
                "postgresql://db/x?user=w&password=s3cr3t",
                "postgresql://db/x?user=w&password=***",
            ),
            ("postgres://w@db/x", "postgres://w@db/x"),
        ] {
            assert_eq!(StorePlace::of(url).unwrap().shown(), shown);
        }
        let failure = StorePlace::of("mysql://w:s3cr3t@db/x").unwrap_err();
        let told = failure.to_string();
        assert!(
            told.contains("mysql://w:***@db/x") && !told.contains("s3cr3t"),
            "{told}"
        );
        assert!(!format!("{:?}", StorePlace::of("postgres://w:s3cr3t@db/x")).contains("s3cr3t"));
    }

    #[test]
    fn a_database_elsewhere_that_is_not_verified_is_warned_of() {
        let warned = |url: &str| StorePlace::of(url).unwrap().warning().is_some();
        assert!(warned("postgres://w:p@db.example/x"));
        assert!(warned("postgres://w@db.example:5432/x?sslmode=require"));
        assert!(!warned(
            "postgres://w@db.example:5432/x?sslmode=verify-full"
        ));
        assert!(!warned("postgres://w@localhost:5432/x"));
        assert!(!warned("postgres://w@localhost/x?host=/run/postgresql"));
        assert!(!warned("sqlite:x.db"));
    }
}
