//! Rows as both engines keep them, and what they are to the rest of the house.

use std::str::FromStr;
use std::sync::Arc;

use sqlx::FromRow;

use super::db::{Db, sql};
use crate::domain::instant::Instant;
use crate::domain::word::UnknownWord;
use crate::store::archive::{Bytes, TokenLine};
use crate::store::chain::{self, Link};
use crate::store::claim::Waiting;
use crate::store::{Answer, Delivery, Entry, Snapshot, StoreError, Token};

/// Rows read at a time.
pub(super) const ROWS: i64 = 1_000;

/// A number as it is kept.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number as it was before it was kept.
pub(super) fn uint(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// An instant as text, exactly.
pub(super) fn text_of(at: Instant) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

fn instant(ms: i64) -> Result<Instant, StoreError> {
    Instant::from_timestamp_millis(ms)
        .ok_or_else(|| StoreError::Corrupt(format!("{ms} is no instant")))
}

fn word<T: FromStr<Err = UnknownWord>>(word: &str) -> Result<T, StoreError> {
    word.parse()
        .map_err(|error: UnknownWord| StoreError::Corrupt(error.to_string()))
}

#[derive(Debug, FromRow)]
pub(super) struct EntryRow {
    pub(super) seq: i64,
    pub(super) incident: String,
    pub(super) version: i64,
    pub(super) at: String,
    pub(super) by: String,
    pub(super) via: String,
    pub(super) kind: String,
    pub(super) body: String,
    /// Absent in a file that no server of this version has opened yet.
    #[sqlx(default)]
    pub(super) salt: Option<String>,
    pub(super) prev: String,
    pub(super) hash: String,
}

impl EntryRow {
    pub(super) fn link(&self) -> Link<'_> {
        Link {
            seq: uint(self.seq),
            incident: &self.incident,
            version: uint(self.version),
            at: &self.at,
            by: &self.by,
            via: &self.via,
            kind: &self.kind,
            body: &self.body,
            salt: self.salt.as_deref(),
            prev: &self.prev,
        }
    }

    pub(super) fn entry(self) -> Result<Entry, StoreError> {
        let unreadable = |what: &str| {
            StoreError::Corrupt(format!("entry {} of {}: {what}", self.seq, self.incident))
        };
        Ok(Entry {
            seq: uint(self.seq),
            version: uint(self.version),
            at: self.at.parse().map_err(|_| unreadable("its instant"))?,
            via: word(&self.via)?,
            incident: self.incident,
            by: self.by,
            kind: self.kind,
            body: chain::shown(&self.body, self.salt.as_deref()),
        })
    }
}

/// Entries in the order of the record, a stretch at a time: a walk through all of them takes bounded memory.
#[derive(Debug)]
pub(super) struct Entries<'a> {
    /// None: of every incident.
    incident: Option<&'a str>,
    after: i64,
}

impl<'a> Entries<'a> {
    /// The whole record.
    pub(super) fn all() -> Entries<'a> {
        Entries {
            incident: None,
            after: i64::MIN,
        }
    }

    /// Those of one incident.
    pub(super) fn of(incident: &'a str) -> Entries<'a> {
        Entries {
            incident: Some(incident),
            after: i64::MIN,
        }
    }

    /// The next stretch; None at the end.
    pub(super) async fn next(&mut self, db: &mut Db) -> Result<Option<Vec<EntryRow>>, StoreError> {
        let statement = match self.incident {
            None => sql("SELECT * FROM entry WHERE seq > $1 ORDER BY seq LIMIT $2"),
            Some(_) => {
                sql("SELECT * FROM entry WHERE seq > $1 AND incident = $3 ORDER BY seq LIMIT $2")
            }
        };
        let mut statement = statement.bind(self.after).bind(ROWS);
        if let Some(incident) = self.incident {
            statement = statement.bind(incident);
        }
        let rows: Vec<EntryRow> = statement.all(db).await?;
        let Some(last) = rows.last() else {
            return Ok(None);
        };
        self.after = last.seq;
        Ok(Some(rows))
    }
}

#[derive(Debug, FromRow)]
pub(super) struct SnapshotRow {
    pub(super) seq: i64,
    pub(super) body: String,
}

impl SnapshotRow {
    pub(super) fn snapshot(self) -> Result<Snapshot, StoreError> {
        let incident = serde_json::from_str(&self.body).map_err(|error| {
            StoreError::Corrupt(format!("the incident of entry {}: {error}", self.seq))
        })?;
        Ok(Snapshot {
            seq: uint(self.seq),
            incident: Arc::new(incident),
        })
    }
}

#[derive(Debug, FromRow)]
pub(super) struct AnswerRow {
    pub(super) digest: Vec<u8>,
    pub(super) status: i64,
    pub(super) etag: Option<String>,
    pub(super) location: Option<String>,
    pub(super) body: Vec<u8>,
    pub(super) incident: Option<String>,
}

impl AnswerRow {
    pub(super) fn answer(self) -> Answer {
        Answer {
            status: u16::try_from(self.status).unwrap_or(200),
            etag: self.etag,
            location: self.location,
            body: self.body,
        }
    }
}

#[derive(Debug, FromRow)]
pub(super) struct DeliveryRow {
    key: String,
    page: String,
    incident: String,
    team: String,
    route: String,
    step: i64,
    body: Vec<u8>,
    attempts: i64,
    next_at: i64,
    queued_at: i64,
    stand_down: i64,
    pub(super) fence: i64,
}

/// A delivery that may be claimed, without what is sent.
#[derive(Debug, FromRow)]
pub(super) struct WaitingRow {
    pub(super) key: String,
    team: String,
    route: String,
    queued_at: i64,
    first_at: Option<i64>,
    stand_down: i64,
    pub(super) lease_until: i64,
    pub(super) holder: Option<String>,
    pub(super) may_have_arrived: i64,
}

impl WaitingRow {
    pub(super) fn waiting(&self) -> Waiting {
        Waiting {
            key: self.key.clone(),
            team: self.team.clone(),
            route: self.route.clone(),
            queued_at: self.queued_at,
            first: self.first_at.is_none(),
            stand_down: self.stand_down != 0,
        }
    }
}

impl DeliveryRow {
    pub(super) fn delivery(self) -> Result<Delivery, StoreError> {
        Ok(Delivery {
            next_at: instant(self.next_at)?,
            queued_at: instant(self.queued_at)?,
            key: self.key,
            page: self.page,
            incident: self.incident,
            team: self.team,
            route: self.route,
            step: u32::try_from(self.step).unwrap_or(u32::MAX),
            body: self.body,
            attempts: u32::try_from(self.attempts).unwrap_or(u32::MAX),
            stand_down: self.stand_down != 0,
        })
    }
}

#[derive(Debug, FromRow)]
pub(super) struct TokenRow {
    id: String,
    name: String,
    sha256: Vec<u8>,
    role: String,
    /// 0 or 1: not both engines have a type for it.
    counsel: i64,
    clearance: String,
    services: String,
    team: Option<String>,
    /// 0 or 1. Absent in a store that no server of this version has opened yet.
    #[sqlx(default)]
    door: i64,
    created_at: i64,
    expires_at: i64,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
}

/// A token as a row keeps it and a backup copies it.
pub(super) fn token_line(token: &Token) -> TokenLine {
    TokenLine {
        id: token.id.clone(),
        name: token.name.clone(),
        sha256: Bytes(token.sha256.to_vec()),
        role: token.role.as_str().to_owned(),
        counsel: token.counsel,
        clearance: token.clearance.as_str().to_owned(),
        services: serde_json::Value::from(token.services.clone()).to_string(),
        team: token.team.clone(),
        created_at: token.created_at.timestamp_millis(),
        expires_at: token.expires_at.timestamp_millis(),
        revoked_at: token.revoked_at.map(|at| at.timestamp_millis()),
        last_used_at: token.last_used_at.map(|at| at.timestamp_millis()),
        door: token.door,
    }
}

impl TokenRow {
    /// As a backup copies it.
    pub(super) fn line(self) -> TokenLine {
        TokenLine {
            id: self.id,
            name: self.name,
            sha256: Bytes(self.sha256),
            role: self.role,
            counsel: self.counsel != 0,
            clearance: self.clearance,
            services: self.services,
            team: self.team,
            created_at: self.created_at,
            expires_at: self.expires_at,
            revoked_at: self.revoked_at,
            last_used_at: self.last_used_at,
            door: self.door != 0,
        }
    }

    pub(super) fn token(self) -> Result<Token, StoreError> {
        let unreadable = |what: &str| StoreError::Corrupt(format!("token {}: {what}", self.id));
        Ok(Token {
            sha256: self
                .sha256
                .try_into()
                .map_err(|_| unreadable("its digest"))?,
            role: word(&self.role)?,
            clearance: word(&self.clearance)?,
            services: serde_json::from_str(&self.services)
                .map_err(|_| unreadable("its services"))?,
            created_at: instant(self.created_at)?,
            expires_at: instant(self.expires_at)?,
            revoked_at: self.revoked_at.map(instant).transpose()?,
            last_used_at: self.last_used_at.map(instant).transpose()?,
            id: self.id,
            name: self.name,
            counsel: self.counsel != 0,
            team: self.team,
            door: self.door != 0,
        })
    }
}
