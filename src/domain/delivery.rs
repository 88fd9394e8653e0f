//! A delivery: one page by one route, as it waits in the outbox until a route has taken it.
//! It is kept by the room `store` and sent by the room `paging`; neither knows the other.

use super::instant::Instant;

/// The kind of route by which the pages of exercises go: nowhere outside.
pub const EXERCISE: &str = "exercise";

/// A delivery in the outbox. Key and body are fixed before the first byte is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The idempotency key, the same on every attempt.
    pub key: String,
    /// The page's id.
    pub page: String,
    /// The incident's id.
    pub incident: String,
    /// The id of the team that is paged.
    pub team: String,
    /// The kind of the route, and its place in the team's whole list.
    pub route: String,
    /// Which of the page's routes it is: 0 for the first, +1 for each escalation.
    pub step: u32,
    /// What is sent, byte for byte the same on every attempt.
    pub body: Vec<u8>,
    /// How often it was tried.
    pub attempts: u32,
    /// Not before this instant.
    pub next_at: Instant,
    /// When it was written down.
    pub queued_at: Instant,
    /// Takes a page back instead of bringing one.
    pub stand_down: bool,
}
