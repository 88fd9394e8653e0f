//! The HTTP API and its workers, over the ports of the floor below: commands are decided in the store's transaction, reads
//! come from a mirror that follows its feed. Where pages go is `paging`; what an incident is, is `domain`.

mod about;
mod alert;
mod answer;
pub mod auth;
mod behalf;
mod command;
mod connector;
mod courier;
mod cursor;
mod explain;
#[cfg(test)]
mod fixture;
mod forwarded;
mod hearsay;
mod incident;
mod inside;
mod issue;
mod list;
mod listen;
mod login;
mod lost;
mod meter;
mod metric;
mod mirror;
mod named;
mod newly;
mod on_call;
mod openapi;
pub mod outbox;
mod packed;
mod page;
mod preview;
mod problem;
mod regime;
pub mod request;
mod responder;
mod roster;
mod sending;
mod share;
mod shown;
mod state;
mod trouble;
mod who;
mod worker;
mod write;

pub use alert::AlertIntake;
pub use auth::Authorized;
pub use connector::{PolledConnector, connector_routes};
pub use courier::RouteCourier;
pub use inside::InsideReader;
pub use issue::{TokenError, TokenRequest, issue_token};
pub use listen::{Doors, Peer, ServerError, serve, serve_beside};
pub use outbox::{Courier, Letter};
pub use problem::Problem;
pub use share::{Share, Shares};
pub use state::{Limits, ServerState, Setup};
pub use who::LookingOn;

/// The API's description, as `GET /openapi.json` answers it.
pub fn openapi_document() -> bytes::Bytes {
    openapi::document()
}
