//! What a door says to a backend and asks it: who is there, who may come in, who came, whom to ask for by name.
//! How anything is asked stands in `api`.

use http::Method;

use super::api::{Api, Ask, SMALL, written};
use super::error::ApiError;
use super::heard::Heard;
use crate::net::{Limits, escaped};
use crate::wire::{DoorBody, LoginRecordBody, LoginsBody, NamedBody, RosterBody, WhoBody};

impl Api {
    /// Who is connected through doors.
    ///
    /// # Errors
    /// As [`Api::about`].
    pub async fn who(&self) -> Result<Heard<WhoBody>, ApiError> {
        self.read(Ask::get("/v1/who", SMALL)).await
    }

    /// Tells who is connected through this door, in place of what was told before.
    ///
    /// # Errors
    /// As [`Api::about`]; `NotAllowed` if the token is no door's.
    pub async fn report(&self, people: &DoorBody) -> Result<(), ApiError> {
        let ask = Ask {
            method: Method::PUT,
            ..Ask::post("/v1/who", written(people)?)
        };
        self.ask(&ask).await.map(|_| ())
    }

    /// Tells who may come in by this door, in place of what was told before.
    ///
    /// # Errors
    /// As [`Api::about`]; `NotAllowed` if the token is no door's, `Refused` if the list is too long.
    pub async fn tell_roster(&self, roster: &RosterBody) -> Result<(), ApiError> {
        let ask = Ask {
            method: Method::PUT,
            ..Ask::post("/v1/roster", written(roster)?)
        };
        self.ask(&ask).await.map(|_| ())
    }

    /// Tells what happened at this door, for the record. The same `key` never writes it twice.
    ///
    /// # Errors
    /// As [`Api::about`]; `NotAllowed` if the token is no door's. After `Busy` and `Unreachable` it may be on record: the
    /// same `key` finds out.
    pub async fn tell_logins(&self, logins: &LoginsBody, key: &str) -> Result<(), ApiError> {
        let ask = Ask {
            key: Some(key),
            ..Ask::post("/v1/logins", written(logins)?)
        };
        self.ask(&ask).await.map(|_| ())
    }

    /// For whom a door has to ask by name; held for up to `wait_s` seconds while the answer is still the one with the state
    /// `since`.
    ///
    /// # Errors
    /// As [`Api::about`]; `NotAllowed` if the token is no door's.
    pub async fn named(
        &self,
        since: Option<&str>,
        wait_s: u64,
    ) -> Result<Heard<NamedBody>, ApiError> {
        let path = match since {
            Some(since) => format!("/v1/named?since={}&wait={wait_s}", escaped(since)),
            None => "/v1/named".to_owned(),
        };
        let limits = Limits {
            total_ms: SMALL.total_ms + wait_s * 1_000,
            ..SMALL
        };
        self.read(Ask::get(&path, limits)).await
    }

    /// The stretch of the record's logins after an entry's `seq`; 0 for the first.
    ///
    /// # Errors
    /// As [`Api::about`]; `NotAllowed` if the token may not read the record of logins.
    pub async fn logins(&self, after: u64) -> Result<Heard<LoginRecordBody>, ApiError> {
        let path = format!("/v1/logins?after={after}");
        self.read(Ask::get(&path, SMALL)).await
    }
}
