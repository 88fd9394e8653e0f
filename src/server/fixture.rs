//! A backend for the tests of this room: over a temporary store, by the built-in rules, with nobody to poll and no intake.
//! The backend that integration tests ask over HTTP is their own.

use std::sync::Arc;

use super::outbox::Courier;
use super::state::{Limits, ServerState, Setup};
use crate::domain::directory::Directory;
use crate::domain::duty::Rules;
use crate::store::sqlite::SqliteStore;
use crate::time::SharedClock;

/// With this directory and clock; what it sends, this courier takes.
pub async fn state(
    directory: Directory,
    clock: SharedClock,
    courier: Arc<dyn Courier>,
) -> Arc<ServerState> {
    let setup = Setup {
        store: Arc::new(SqliteStore::temporary().await.unwrap()),
        clock,
        directory,
        rules: Rules::built_in().unwrap(),
        courier,
        name: "azure".to_owned(),
        public_url: None,
        limits: Limits::default(),
        polled: Vec::new(),
        intakes: Vec::new(),
    };
    ServerState::load(setup).await.unwrap()
}
