//! What all handlers and workers of one backend share: its ports, its directory, its mirror and its caches.
//! Nothing here is static: several backends live in one process, each with a state of its own.

use std::collections::HashMap;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::alert::AlertIntake;
use super::auth::Tokens;
use super::connector::PolledConnector;
use super::metric::Metrics;
use super::mirror::Mirror;
use super::outbox::Courier;
use super::roster::Rosters;
use super::sending::Sending;
use super::shown::Views;
use super::trouble::Trouble;
use super::who::Presence;
use crate::domain::directory::Directory;
use crate::domain::duty::Rules;
use crate::domain::word::{Classification, DutyStatus, GateWord, Phase, Severity};
use crate::secret::Secret;
use crate::store::claim::Caps;
use crate::store::{Store, StoreError};
use crate::time::{Mono, SharedClock};

/// Where one thing may not grow without end.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections open at once; further ones wait to be accepted.
    pub connections: usize,
    /// The same from one address that is no trusted proxy's; further ones are closed at once.
    pub connections_of_address: usize,
    /// Milliseconds in which a request's head must have come.
    pub head_within_ms: i64,
    /// Milliseconds in which a request's body must have come.
    pub body_within_ms: i64,
    /// Milliseconds a connection may stay open between two requests.
    pub idle_for_ms: i64,
    /// Milliseconds a peer may take no byte of an answer.
    pub stalled_for_ms: i64,
    /// Milliseconds that open requests are given to end when the server ends.
    pub drain_within_ms: i64,
    /// Largest head of a request, in bytes.
    pub head_bytes: usize,
    /// Milliseconds from one log line that tells the end of the record to the next.
    pub head_every_ms: i64,
    /// Deliveries under way at once, and in a minute.
    pub caps: Caps,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 20_000,
            connections_of_address: 10_000,
            head_within_ms: 10_000,
            body_within_ms: 10_000,
            idle_for_ms: 90_000,
            stalled_for_ms: 30_000,
            drain_within_ms: 10_000,
            head_bytes: 32 * 1024,
            head_every_ms: 3_600_000,
            caps: Caps::default(),
        }
    }
}

/// What a backend is made of.
pub struct Setup {
    pub store: Arc<dyn Store>,
    pub clock: SharedClock,
    pub directory: Directory,
    pub rules: Rules,
    /// What carries pages to teams.
    pub courier: Arc<dyn Courier>,
    pub name: String,
    /// Where people reach this backend; without it pages carry no answer link.
    pub public_url: Option<String>,
    pub limits: Limits,
    /// The incident systems that are polled.
    pub polled: Vec<PolledConnector>,
    /// Who may post alerts.
    pub intakes: Vec<AlertIntake>,
}

/// Nothing of the outbox is under way, and nothing will be begun unless something is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rested {
    /// What was written when the outbox was looked into.
    pub head: u64,
    /// When it is looked into again.
    pub until: Mono,
}

/// The shared state of one backend.
pub struct ServerState {
    pub store: Arc<dyn Store>,
    pub clock: SharedClock,
    pub directory: Directory,
    pub rules: Rules,
    pub name: String,
    pub limits: Limits,
    pub(super) polled: Vec<Arc<PolledConnector>>,
    pub(super) intakes: Vec<Arc<AlertIntake>>,
    /// Hash of the shared definitions.
    pub definitions: String,
    /// The name of this process among those that share a store.
    pub(super) node: String,
    pub(super) courier: Arc<dyn Courier>,
    pub(super) mirror: Mirror,
    pub(super) views: Views,
    pub(super) tokens: Tokens,
    pub(super) presence: Presence,
    pub(super) rosters: Rosters,
    pub(super) sending: Arc<Sending>,
    /// The place of the feed up to which it has been looked at what time has changed.
    pub(super) reviewed: watch::Sender<u64>,
    /// The last time that the outbox held nothing to begin, and nothing of it was under way.
    pub(super) rested: watch::Sender<Option<Rested>>,
    /// Requests held open end when this is cancelled.
    pub(super) ending: CancellationToken,
    pub(super) openapi: bytes::Bytes,
    pub(super) metrics: Metrics,
    /// Requests that the store's trouble left unanswered.
    pub(super) unanswered: Trouble,
    /// Commands that wait long for the store.
    pub(super) slow: Trouble,
    links: Links,
}

impl ServerState {
    /// Reads what the store has; after this the state answers.
    ///
    /// # Errors
    /// The store cannot be read, or its key for links cannot be written.
    pub async fn load(setup: Setup) -> Result<Arc<ServerState>, StoreError> {
        let key = setup
            .store
            .setting("link_key", Box::new(|| rand::random::<[u8; 32]>().to_vec()))
            .await?;
        let mirror = Mirror::new();
        mirror.catch_up(&*setup.store).await?;
        Ok(Arc::new(ServerState {
            node: hex::encode(rand::random::<[u8; 8]>()),
            definitions: definitions(&setup.directory, &setup.rules),
            metrics: Metrics::new(&*setup.store),
            unanswered: Trouble::new(
                "requests cannot be answered: the store does not do what it is asked",
            ),
            slow: Trouble::new("the store writes slowly: commands wait for over a second"),
            store: setup.store,
            clock: setup.clock,
            directory: setup.directory,
            rules: setup.rules,
            name: setup.name,
            limits: setup.limits,
            polled: setup.polled.into_iter().map(Arc::new).collect(),
            intakes: setup.intakes.into_iter().map(Arc::new).collect(),
            courier: setup.courier,
            mirror,
            views: Views::default(),
            tokens: Tokens::new(),
            presence: Presence::default(),
            rosters: Rosters::default(),
            sending: Arc::default(),
            reviewed: watch::Sender::new(0),
            rested: watch::Sender::new(None),
            ending: CancellationToken::new(),
            openapi: super::openapi::document(),
            links: Links {
                key,
                public_url: setup
                    .public_url
                    .map(|url| url.trim_end_matches('/').to_owned()),
            },
        }))
    }

    /// Opens a door of this process's own: a token with every right that speaks for people alone and is kept in memory. A
    /// second one replaces the first.
    pub fn open_door(&self, name: &str) -> Secret {
        self.tokens.open_door(name, self.clock.now())
    }

    /// The link by which a page is answered; None without a public address.
    pub fn answer_link(&self, page: &str) -> Option<String> {
        self.links.answer_link(page)
    }

    /// Ends when the workers have nothing left to do at this instant: what time has changed is written, and every page that is
    /// due has been handed over or put off. For whoever sets the clock and wants the same course each time.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn settled(&self) -> Result<(), StoreError> {
        let (mut reviewed, mut rested) = (self.reviewed.subscribe(), self.rested.subscribe());
        loop {
            let head = self.store.head().await?;
            let due = self.store.next_delivery_at().await?;
            let seen = *reviewed.borrow_and_update();
            // What waits for a cap is due all the while.
            let put_off = rested
                .borrow_and_update()
                .is_some_and(|rest| rest.head >= head && rest.until > self.clock.mono());
            let idle = put_off || due.is_none_or(|at| at > self.clock.now());
            if seen >= head && idle {
                return Ok(());
            }
            let changed = tokio::select! {
                changed = reviewed.changed() => changed,
                changed = rested.changed() => changed,
            };
            if changed.is_err() {
                return Ok(());
            }
        }
    }

    /// Ends when no display looks on.
    pub async fn unwatched(&self) {
        let mut displays = self.presence.displays();
        // The sender is as old as this state.
        let _ended = displays.wait_for(HashMap::is_empty).await;
    }

    /// Where people reach this backend, if that is known.
    pub fn public_url(&self) -> Option<&str> {
        self.links.public_url.as_deref()
    }

    /// What signs the link of a page.
    pub fn link_tag(&self, page: &str) -> String {
        self.links.tag(page)
    }

    /// Whether a tag signs this page.
    pub fn link_is_good(&self, page: &str, tag: &str) -> bool {
        self.links.tag(page).as_bytes().ct_eq(tag.as_bytes()).into()
    }
}

struct Links {
    key: Vec<u8>,
    public_url: Option<String>,
}

impl Links {
    fn answer_link(&self, page: &str) -> Option<String> {
        let url = self.public_url.as_ref()?;
        Some(format!(
            "{url}/v1/pages/{page}/acknowledge?t={}",
            self.tag(page)
        ))
    }

    fn tag(&self, page: &str) -> String {
        // HMAC takes keys of any length: this cannot fail, and an empty tag would be equal to none given.
        Hmac::<Sha256>::new_from_slice(&self.key).map_or_else(
            |_| hex::encode(rand::random::<[u8; 16]>()),
            |mut mac| {
                mac.update(b"acknowledge\0");
                mac.update(page.as_bytes());
                hex::encode(mac.finalize().into_bytes())
            },
        )
    }
}

/// The hash of what backends that share incidents must agree on: phases, severities, gates, regimes.
fn definitions(directory: &Directory, rules: &Rules) -> String {
    let agreed = json!({
        "phases": Phase::ALL,
        "classifications": Classification::ALL,
        "severities": Severity::ALL.iter().map(|severity| {
            let meaning = directory.severities.iter().find(|s| s.id == *severity);
            (severity.as_str(), meaning.map(|s| s.means.as_str()))
        }).collect::<Vec<_>>(),
        "gates": GateWord::ALL,
        "statuses": DutyStatus::ALL,
        "regimes": rules.catalogue().hash(),
    });
    hex::encode(Sha256::digest(agreed.to_string().as_bytes()))
}
