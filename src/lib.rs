//! warboard: a live board for security-incident command in a terminal.
//!
//! One crate, seven floors. A file uses its own room and lower floors, never a higher one and never a
//! neighbour on its own floor; `tests/architecture.rs` holds this.
//!
//! ```text
//! 7  main.rs
//! 6  cli/                        one file a subcommand
//! 5  config/                     settings in layers
//! 4  session/                    one viewer's loop, and the doors it comes in by
//! 3  ui/           server/       ui: pure state, update, draw | server: the HTTP API and its workers
//! 2  client/  store/  paging/  connector/  report/
//! 1  wire/  net/  secret/  time/
//! 0  domain/                     what an incident is: no IO, no async, no clock, no terminal
//! ```
//!
//! Floor 1 is what everything above speaks with: the bodies and headers of the API, HTTP as a client, secrets, the clock.
//! Floor 2 are the neighbours of a backend, each behind a port: boards that ask one (`client`), its record (`store`), the
//! systems that wake people (`paging`), the systems that incidents come from (`connector`), papers made of them (`report`).
//!
//! Data flows one way: `store` -> `server` (API) -> `client` -> `ui` -> screen. What another incident system says comes in
//! by `connector` -> `server::worker` -> `domain::command` -> `store`. A wish flows back:
//! key -> `Action` -> `Effect` -> `client` -> `server` -> `domain::command` -> `store`, and from the outbox in it a worker
//! sends pages by `paging`, moves and notes by `connector`.
//! The board has one source of truth on its side: an immutable `Arc<Board>`, replaced as a whole.

pub mod cli;
pub mod client;
pub mod config;
pub mod connector;
pub mod domain;
pub mod net;
pub mod paging;
pub mod report;
pub mod secret;
pub mod server;
pub mod session;
pub mod store;
pub mod time;
pub mod ui;
pub mod wire;
