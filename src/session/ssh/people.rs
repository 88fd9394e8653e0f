//! Who is connected through this door: counted here, told to every source when it changes and well before it is forgotten.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::client::Api;
use crate::domain::grant::Grant;
use crate::domain::instant::Instant;
use crate::time::{SharedClock, timeout};
use crate::wire::{DoorBody, PEOPLE_LIMIT, PRESENCE_SECONDS, PersonBody};

/// How often it is told anew: a report that is lost once does no harm.
const TELL_EVERY_MS: i64 = PRESENCE_SECONDS * 1_000 / 3;
/// At most one report in so much time, however many come and go.
const TELL_AT_MOST_MS: i64 = 500;
/// How long a source may take for a report; others do not wait for it longer.
const TELL_WITHIN_MS: i64 = 5_000;
/// The same for the last one, when the door ends.
const LAST_WITHIN_MS: i64 = 1_000;

/// Somebody who came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// Who, and what they may.
    pub grant: Grant,
    /// Of their key.
    pub fingerprint: String,
    pub address: IpAddr,
    pub connected_at: Instant,
}

impl Guest {
    /// The name in the record.
    pub fn person(&self) -> &str {
        self.grant.person.as_deref().unwrap_or_default()
    }
}

/// Everybody at this door.
#[derive(Debug, Default)]
pub struct People {
    state: Mutex<(u64, BTreeMap<u64, Arc<Guest>>)>,
    changed: Notify,
}

impl People {
    /// Somebody came; they are there as long as the value.
    pub fn enter(self: &Arc<Self>, guest: Arc<Guest>) -> Present {
        let mut state = self.state.lock();
        state.0 += 1;
        let number = state.0;
        state.1.insert(number, guest);
        self.changed.notify_one();
        Present {
            people: self.clone(),
            number,
        }
    }

    fn body(&self) -> DoorBody {
        let state = self.state.lock();
        let person = |guest: &Arc<Guest>| PersonBody {
            person: guest.person().to_owned(),
            role: guest.grant.audience.role,
            team: guest.grant.audience.team.clone(),
            connected_at: guest.connected_at,
            address: Some(guest.address.to_string()),
            key: Some(guest.fingerprint.clone()),
        };
        DoorBody {
            people: state.1.values().take(PEOPLE_LIMIT).map(person).collect(),
        }
    }

    /// Tells all sources for ever.
    pub async fn tell(&self, apis: &[Api], clock: &SharedClock) {
        loop {
            // A source that does not answer shows that on every board already.
            tell(apis, &self.body(), clock, TELL_WITHIN_MS).await;
            clock.sleep(TELL_AT_MOST_MS).await;
            tokio::select! {
                () = self.changed.notified() => {}
                () = clock.sleep(TELL_EVERY_MS) => {}
            }
        }
    }

    /// Tells all sources that nobody is here any more.
    pub async fn tell_gone(&self, apis: &[Api], clock: &SharedClock) {
        tell(apis, &DoorBody::default(), clock, LAST_WITHIN_MS).await;
    }
}

async fn tell(apis: &[Api], body: &DoorBody, clock: &SharedClock, within_ms: i64) {
    let telling = apis.iter().map(|api| async move {
        if let Ok(Err(error)) = timeout(&**clock, within_ms, api.report(body)).await {
            tracing::debug!(source = api.name(), %error, "who is here was not told");
        }
    });
    futures::future::join_all(telling).await;
}

/// Somebody's presence; over with its value.
#[derive(Debug)]
pub struct Present {
    people: Arc<People>,
    number: u64,
}

impl Drop for Present {
    fn drop(&mut self) {
        let mut state = self.people.state.lock();
        state.1.remove(&self.number);
        self.people.changed.notify_one();
    }
}
