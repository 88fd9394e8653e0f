//! `GET /metrics` on a listener of its own: measures what is there now and answers it all as Prometheus text.
//! Counts only, over all incidents alike: no answer tells one incident from another.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header;

use super::{StateLabel, StatusLabel, Turn};
use crate::domain::duty;
use crate::domain::incident::Incident;
use crate::domain::instant::Instant;
use crate::domain::word::{DutyStatus, PageState};
use crate::server::problem::Problem;
use crate::server::state::ServerState;
use crate::time::timeout;

/// The media type of the text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// What is measured is believed for so long: many who ask cost no more than one.
const BELIEVE_FOR_MS: i64 = 1_000;
/// A store that does not answer by then is not ready.
const READY_WITHIN_MS: i64 = 5_000;
/// A token that ends sooner is counted.
const TOKEN_DAYS: i64 = 7;

/// The route, for a listener that only operators reach.
pub fn routes(state: Arc<ServerState>) -> Router {
    Router::new()
        .route("/metrics", get(scrape))
        .fallback(|| async { Problem::not_found() })
        .with_state(state)
}

async fn scrape(State(state): State<Arc<ServerState>>) -> Response {
    measure(&state).await;
    let kind = [
        (header::CONTENT_TYPE, TEXT),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (kind, state.metrics.text()).into_response()
}

/// What was counted over all incidents.
#[derive(Default)]
struct Census {
    pages: HashMap<&'static str, i64>,
    waiting: i64,
    oldest_s: i64,
    /// By incident, where there are any.
    escalations: HashMap<String, u64>,
    duties: HashMap<&'static str, i64>,
    past_latest_start: i64,
    past_due: i64,
}

impl Census {
    fn take(state: &ServerState, now: Instant) -> Census {
        let incidents: Vec<Arc<Incident>> = {
            let world = state.mirror.read();
            world.after(None).map(|s| s.incident.clone()).collect()
        };
        let mut census = Census::default();
        // A number that moves with a restricted incident would tell of it.
        let counted =
            |incident: &&Arc<Incident>| !incident.exercise && incident.restriction.is_none();
        for incident in incidents.iter().filter(counted) {
            census.pages(incident, now);
            if incident.ended.is_none() {
                census.duties(state, incident, now);
            }
        }
        census
    }

    fn pages(&mut self, incident: &Incident, now: Instant) {
        let escalations: u64 = incident.pages.iter().map(|page| u64::from(page.step)).sum();
        if escalations > 0 {
            self.escalations.insert(incident.id.clone(), escalations);
        }
        for page in &incident.pages {
            *self.pages.entry(page.state.as_str()).or_default() += 1;
            if page.is_open() && incident.ended.is_none() {
                self.waiting += i64::from(page.state == PageState::Queued);
                let age = (now - page.queued_at).num_seconds();
                self.oldest_s = self.oldest_s.max(age);
            }
        }
    }

    fn duties(&mut self, state: &ServerState, incident: &Incident, now: Instant) {
        for duty in duty::derive(incident, &state.directory, &state.rules, now) {
            *self.duties.entry(duty.status.as_str()).or_default() += 1;
            let owed = matches!(
                duty.status,
                DutyStatus::Running
                    | DutyStatus::Provisional
                    | DutyStatus::PastDue
                    | DutyStatus::Overdue
            );
            let past = |at: Option<Instant>| owed && at.is_some_and(|at| at < now);
            self.past_latest_start += i64::from(past(duty.latest_start_at));
            self.past_due += i64::from(past(duty.due_at));
        }
    }
}

impl Turn {
    /// How many came since the last time. A counter never falls: what was counted stays counted.
    fn escalate(&mut self, now: HashMap<String, u64>) -> u64 {
        let news = now.into_iter().map(|(incident, now)| {
            let counted = self.escalated.entry(incident).or_default();
            let news = now.saturating_sub(*counted);
            *counted += news;
            news
        });
        news.sum()
    }
}

async fn measure(state: &Arc<ServerState>) {
    let measured = &state.metrics.measured;
    let mut turn = measured.turn.lock().await;
    let mono = state.clock.mono();
    if turn
        .at
        .is_some_and(|at| (0..BELIEVE_FOR_MS).contains(&(mono - at)))
    {
        return;
    }
    let now = state.clock.now();
    let counting = state.clone();
    // Deriving the duties of thousands of incidents must not hold up an answer.
    let census = tokio::task::spawn_blocking(move || Census::take(&counting, now)).await;
    if let Ok(census) = census {
        for word in PageState::ALL {
            let state = word.as_str();
            let n = census.pages.get(state).copied().unwrap_or_default();
            measured.pages.get_or_create(&StateLabel { state }).set(n);
        }
        for word in DutyStatus::ALL {
            let status = word.as_str();
            let n = census.duties.get(status).copied().unwrap_or_default();
            measured
                .duties
                .get_or_create(&StatusLabel { status })
                .set(n);
        }
        measured.pages_waiting.set(census.waiting);
        measured.oldest_unacknowledged_s.set(census.oldest_s);
        measured
            .escalations
            .inc_by(turn.escalate(census.escalations));
        measured
            .duties_past_latest_start
            .set(census.past_latest_start);
        measured.duties_past_due.set(census.past_due);
    }
    of_store(state, now).await;
    turn.at = Some(mono);
}

/// What only the store knows. Where it does not answer, that is what is told; the rest stays as it was.
async fn of_store(state: &ServerState, now: Instant) {
    let measured = &state.metrics.measured;
    let ready = timeout(&*state.clock, READY_WITHIN_MS, state.store.ready()).await;
    measured
        .store_ready
        .set(i64::from(matches!(ready, Ok(Ok(())))));
    match state.store.head().await {
        Ok(head) => {
            let lag = head.saturating_sub(state.mirror.read().head());
            measured
                .feed_lag
                .set(i64::try_from(lag).unwrap_or(i64::MAX));
        }
        Err(error) => state.metrics.store_error(&error),
    }
    match state.store.tokens().await {
        Ok(tokens) => {
            let soon = now + chrono::TimeDelta::days(TOKEN_DAYS);
            let ends_soon = |token: &&crate::store::Token| {
                token.revoked_at.is_none() && token.expires_at > now && token.expires_at <= soon
            };
            let n = tokens.iter().filter(ends_soon).count();
            measured
                .tokens_expiring
                .set(i64::try_from(n).unwrap_or(i64::MAX));
        }
        Err(error) => state.metrics.store_error(&error),
    }
}
