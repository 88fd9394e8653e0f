//! Cursors: where a reader stands in the feed, and where in a list. Opaque to readers; a cursor of another store, or one
//! that lies ahead of this one, is refused.

use super::problem::Problem;
use super::state::ServerState;

/// A place of the feed as readers are given it: `<store-epoch>-<n>`.
pub fn written(state: &ServerState, place: u64) -> String {
    format!("{}-{place}", state.store.epoch())
}

fn number(text: &str) -> Option<u64> {
    let plain = !text.is_empty()
        && text.len() <= 20
        && text.bytes().all(|b| b.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

/// The place that a cursor names; 410 for one that is malformed, foreign or from the future.
///
/// # Errors
/// 410 for a cursor that leads nowhere; 503 if the store cannot be asked.
pub async fn read(state: &ServerState, cursor: &str) -> Result<u64, Problem> {
    let (epoch, place) = cursor.rsplit_once('-').ok_or_else(Problem::gone)?;
    let place = number(place)
        .filter(|_| epoch == state.store.epoch())
        .ok_or_else(Problem::gone)?;
    if place > state.mirror.read().head() {
        // Another node may have written what this one does not show yet.
        if place > state.store.head().await? {
            return Err(Problem::gone());
        }
        state.mirror.reach(place, &state.clock).await;
    }
    Ok(place)
}

/// `next` of a list: the cursor of the load's first page, and the last id given.
pub fn next(first: &str, last: &str) -> String {
    format!("{first}~{last}")
}

/// The first page's cursor and the last id, as `next` joined them.
///
/// # Errors
/// 422 for what no list gave, 410 for what another store's list gave.
pub fn read_next(state: &ServerState, after: &str) -> Result<(String, String), Problem> {
    let fault = || Problem::invalid("'after' must be what a list gave as 'next'.");
    let (first, last) = after.rsplit_once('~').ok_or_else(fault)?;
    let (epoch, place) = first.rsplit_once('-').ok_or_else(fault)?;
    number(place).ok_or_else(fault)?;
    if epoch != state.store.epoch() {
        return Err(Problem::gone());
    }
    let id_ok = !last.is_empty()
        && last.len() <= 64
        && last.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if id_ok {
        Ok((first.to_owned(), last.to_owned()))
    } else {
        Err(fault())
    }
}
