//! What a door says to a backend and asks it: who is there, who came in, whom to ask for by name.
//! How anything is asked stands in `api`.

use http::Method;

use super::api::{Api, Ask, SMALL, written};
use super::error::ApiError;
use super::heard::Heard;
use crate::wire::{DoorBody, LoginRecordBody, LoginsBody, WhoBody};

impl Api {
    /// Who is connected through doors.
    pub async fn who(&self) -> Result<Heard<WhoBody>, ApiError> {
        self.read(Ask::get("/v1/who", SMALL)).await
    }

    /// Tells who is connected through this door, in place of what was told before.
    pub async fn report(&self, people: &DoorBody) -> Result<(), ApiError> {
        let ask = Ask {
            method: Method::PUT,
            ..Ask::post("/v1/who", written(people)?)
        };
        self.ask(&ask).await.map(|_| ())
    }

    /// Tells what happened at this door, for the record. The same `key` never writes it twice.
    pub async fn tell_logins(&self, logins: &LoginsBody, key: &str) -> Result<(), ApiError> {
        let ask = Ask {
            key: Some(key),
            ..Ask::post("/v1/logins", written(logins)?)
        };
        self.ask(&ask).await.map(|_| ())
    }

    /// The stretch of the record's logins after an entry's `seq`; 0 for the first.
    pub async fn logins(&self, after: u64) -> Result<Heard<LoginRecordBody>, ApiError> {
        let path = format!("/v1/logins?after={after}");
        self.read(Ask::get(&path, SMALL)).await
    }
}
