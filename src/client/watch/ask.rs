//! One request of a poller: which it is, how long it may take, and what came of it.

use crate::client::api::Api;
use crate::client::error::ApiError;
use crate::client::heard::Heard;
use crate::domain::board::{About, TeamView};
use crate::domain::instant::Mono;
use crate::net::seconds;
use crate::time::{Clock, timeout};
use crate::wire::ListBody;

/// Seconds that a request for changes is held.
pub(super) const WAIT_S: u64 = 5;
/// The longest a request may take, in milliseconds; a little above the hold.
const WITHIN_MS: i64 = 8_000;
/// The same for a page of the list, which may be long on a slow line.
const PAGE_WITHIN_MS: i64 = 20_000;
/// How much later than its limit an answer may be read on a busy machine.
const LATE_MS: i64 = 2_000;

/// What is asked next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Page { query: String, etag: Option<String> },
    About,
    Teams,
    Changes { cursor: String, wait_s: u64 },
}

/// What was answered.
pub(super) enum Got {
    /// None: the list is still what the entity tag said.
    Page(Heard<Option<ListBody>>),
    About(Heard<About>),
    Teams(Heard<Vec<TeamView>>),
    /// With the seconds that it was allowed to be held.
    Changes(Heard<ListBody>, u64),
}

impl Got {
    /// Which of the source's tokens was used.
    pub fn token(&self) -> u64 {
        match self {
            Got::Page(heard) => heard.token,
            Got::About(heard) => heard.token,
            Got::Teams(heard) => heard.token,
            Got::Changes(heard, _) => heard.token,
        }
    }
}

impl Step {
    /// The longest it may take, in milliseconds.
    pub fn within_ms(&self) -> i64 {
        match self {
            Step::Page { .. } => PAGE_WITHIN_MS,
            _ => WITHIN_MS,
        }
    }

    /// Asks, not before `at`.
    ///
    /// # Errors
    /// As the call of [`Api`] that this step makes; `Unreachable` if it took too long, or the machine slept meanwhile.
    pub async fn ask(&self, api: &Api, clock: &dyn Clock, at: Mono) -> Result<Got, ApiError> {
        if clock.mono() < at {
            clock.sleep_until(at).await;
        }
        let began = clock.mono();
        let within = self.within_ms();
        let got = timeout(clock, within, self.ask_now(api)).await;
        // What lay in the machine while it slept is no news.
        let late = clock.mono() - began > within + LATE_MS;
        match got {
            Ok(got) if !late => got,
            _ => Err(ApiError::Unreachable {
                sentence: format!(
                    "{} did not answer within {}",
                    api.place(),
                    seconds(within.unsigned_abs())
                ),
                refusal: false,
            }),
        }
    }

    async fn ask_now(&self, api: &Api) -> Result<Got, ApiError> {
        Ok(match self {
            Step::Page { query, etag: None } => Got::Page(api.list_page(query).await?.map(Some)),
            Step::Page {
                query,
                etag: Some(etag),
            } => Got::Page(api.list_page_unless(query, etag).await?),
            Step::About => Got::About(api.about().await?),
            Step::Teams => Got::Teams(api.teams().await?),
            Step::Changes { cursor, wait_s } => {
                Got::Changes(api.changes(cursor, *wait_s).await?, *wait_s)
            }
        })
    }
}
