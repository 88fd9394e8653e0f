//! Says in the log where the record ends, at the start, from time to time and at the end. Whoever keeps the log elsewhere can
//! show later that nothing before it was changed: `warboard verify --head`.

use std::sync::Arc;

use crate::server::state::ServerState;

/// Tells it again and again.
pub async fn work(state: Arc<ServerState>) {
    loop {
        tell(&state).await;
        state.clock.sleep(state.limits.head_every_ms).await;
    }
}

/// Tells it once.
pub async fn tell(state: &ServerState) {
    match state.store.chain_head().await {
        Ok(head) => tracing::info!(
            target: "warboard::record",
            seq = head.seq,
            hash = %head.hash,
            "the record reaches here"
        ),
        Err(error) => tracing::warn!(%error, "the end of the record could not be read"),
    }
}
