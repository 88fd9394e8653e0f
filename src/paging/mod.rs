//! Ways to reach a team: what a page says over a route, and how a route is spoken to. When a page is sent, how often and
//! what comes of it is the backend's; which teams there are is the directory's.

pub mod message;
pub mod settings;
pub mod webhook;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::domain::board::RouteView;
use crate::domain::instant::Instant;
use settings::{RouteSettings, SettingsFault};
use webhook::Webhook;

/// How an attempt to hand a page over ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The paging system has it.
    Accepted,
    /// It was sent and no answer came: it may have arrived.
    Unknown(String),
    /// It certainly did not arrive; worth another attempt, not before so many milliseconds where the other side said so.
    NotSent {
        why: String,
        retry_after_ms: Option<i64>,
    },
    /// It was refused for good: another attempt would be refused too.
    Refused(String),
}

/// One way to reach a team.
pub trait Route: Send + Sync + std::fmt::Debug {
    /// Hands over a body that is the same on every attempt, under a key that is too.
    fn send<'a>(&'a self, key: &'a str, body: &'a [u8], now: Instant) -> BoxFuture<'a, Sent>;
}

/// The routes of a backend's teams, in the order of its file.
#[derive(Debug, Clone, Default)]
pub struct Routes(HashMap<String, Vec<Arc<dyn Route>>>);

impl Routes {
    /// Makes the routes of all teams ready; a fault names the team and which of its routes.
    ///
    /// # Errors
    /// Every route that cannot be used, all at once.
    pub fn new(
        teams: &[(String, Vec<RouteSettings>)],
    ) -> Result<Routes, Vec<(String, usize, SettingsFault)>> {
        let (mut routes, mut faults) = (HashMap::new(), Vec::new());
        for (team, settings) in teams {
            let mut of_team: Vec<Arc<dyn Route>> = Vec::new();
            for (place, settings) in settings.iter().enumerate() {
                match Webhook::new(settings) {
                    Ok(route) => of_team.push(Arc::new(route)),
                    Err(fault) => faults.push((team.clone(), place, fault)),
                }
            }
            routes.insert(team.clone(), of_team);
        }
        if faults.is_empty() {
            Ok(Routes(routes))
        } else {
            Err(faults)
        }
    }

    /// The n-th route of a team.
    pub fn get(&self, team: &str, place: usize) -> Option<&Arc<dyn Route>> {
        self.0.get(team)?.get(place)
    }
}

/// What the directory tells readers of a route.
pub fn view(settings: &RouteSettings) -> RouteView {
    RouteView {
        kind: settings.kind.as_str().to_owned(),
        clearance: settings.clearance,
        in_band: settings.in_band,
    }
}
