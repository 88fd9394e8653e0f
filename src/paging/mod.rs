//! Ways to reach a team: what a page says over a route, and how a route is spoken to. When a page is sent, how often and
//! what comes of it is the backend's; which teams there are is the directory's.

pub mod channel;
pub mod mail;
pub mod message;
pub mod ntfy;
pub mod pagerduty;
mod post;
pub mod settings;
pub mod slack;
mod smtp;
pub mod teams;
mod text;
pub mod webhook;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::domain::board::RouteView;
use crate::domain::instant::Instant;
use crate::net::SettingsFault;
use crate::time::SharedClock;
use channel::Channel;
use message::PageMessage;
use ntfy::Ntfy;
use pagerduty::PagerDuty;
use settings::{Called, RouteKind, RouteSettings, Target};
use smtp::Smtp;
use webhook::Webhook;

/// One attempt to hand a page over.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The page's key, the same on every attempt.
    pub key: &'a str,
    /// What [`Route::body`] made, the same on every attempt.
    pub body: &'a [u8],
    /// An earlier attempt may have arrived. A route whose receiver cannot tell says so in the page, and changes nothing else.
    pub repeat: bool,
    pub now: Instant,
}

/// How an attempt to hand a page over ended, as far as can be known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The paging system has it.
    Accepted,
    /// It was sent, and no answer came, or one that says that something broke there (5xx but 503): it may have arrived.
    Unknown(String),
    /// It certainly did not arrive: nothing was sent, or the other side asks to come later (408, 425, 429, 503). Worth another
    /// attempt, not before so many milliseconds where the other side said so.
    NotTaken {
        why: String,
        retry_after_ms: Option<i64>,
    },
    /// It did not arrive and never will by this route: another attempt would end the same.
    Failed(String),
}

impl Sent {
    /// Every word of `word`.
    pub const WORDS: [&'static str; 4] = ["accepted", "unknown", "refused", "failed"];

    /// How it ended in one word, as metrics and the log name it; there, what was not taken this time is `refused`.
    pub const fn word(&self) -> &'static str {
        match self {
            Sent::Accepted => "accepted",
            Sent::Unknown(_) => "unknown",
            Sent::NotTaken { .. } => "refused",
            Sent::Failed(_) => "failed",
        }
    }

    fn not_taken(why: impl ToString) -> Sent {
        Sent::NotTaken {
            why: why.to_string(),
            retry_after_ms: None,
        }
    }
}

/// One way to reach a team.
pub trait Route: Send + Sync + std::fmt::Debug {
    /// What is kept and handed over for a page; pure, and without any secret of the route.
    fn body(&self, key: &str, message: &PageMessage) -> Vec<u8>;
    /// Whether the other side knows a page again by its key.
    fn dedupes(&self) -> bool;
    /// Whether what may have arrived is sent again by itself. Where not, people look first.
    fn repeats(&self) -> bool {
        true
    }
    /// Whether a message can say that a page is over; where not, it would only call people once more.
    fn recalls(&self) -> bool {
        true
    }
    /// Who would be called now, by name, or why that is not known; None where the route calls whoever the other side likes.
    fn on_call(&self, now: Instant) -> Option<BoxFuture<'_, Result<Vec<String>, String>>> {
        let _ = now;
        None
    }
    /// Hands a body over.
    fn send<'a>(&'a self, attempt: Attempt<'a>) -> BoxFuture<'a, Sent>;
    /// What takes a page back that was accepted, as a body to send; None where there is no such thing.
    fn resolution(&self, _key: &str) -> Option<Vec<u8>> {
        None
    }
}

/// Makes the route by a connector, by the connector's name; a fault where none of that name calls anybody.
pub type ByConnector<'a> = dyn Fn(&str, &Called) -> Result<Arc<dyn Route>, SettingsFault> + 'a;

/// Makes one route ready.
///
/// # Errors
/// Which of its keys cannot be used, and why.
pub fn route(
    settings: &RouteSettings,
    clock: &SharedClock,
    by_connector: &ByConnector<'_>,
) -> Result<Arc<dyn Route>, SettingsFault> {
    let ca_file = settings.ca_file.clone();
    Ok(match settings.target.clone() {
        Target::PagerDuty {
            url,
            routing_key_file,
        } => Arc::new(PagerDuty::new(&url, routing_key_file, ca_file)?),
        Target::Webhook { url, secret_file } => Arc::new(Webhook::new(&url, secret_file, ca_file)?),
        Target::Slack { address } => Arc::new(Channel::new(&address, ca_file, slack::FORM)?),
        Target::Teams { address } => Arc::new(Channel::new(&address, ca_file, teams::FORM)?),
        Target::Smtp(mail) => Arc::new(Smtp::new(mail, ca_file, clock.clone())?),
        Target::Connector { name, called } => by_connector(&name, &called)?,
        Target::Ntfy { url, token_file } => Arc::new(Ntfy::new(&url, token_file, ca_file)?),
    })
}

/// A route that is ready, with its kind: what was written for another kind must not go out over it.
type Ready = (RouteKind, Arc<dyn Route>);

/// The routes of a backend's teams, in the order of its file.
#[derive(Debug, Clone, Default)]
pub struct Routes(HashMap<String, Vec<Ready>>);

impl Routes {
    /// Makes the routes of all teams ready; a fault names the team and which of its routes.
    ///
    /// # Errors
    /// Every route that cannot be used, all at once.
    pub fn new(
        teams: &[(String, Vec<RouteSettings>)],
        clock: &SharedClock,
        by_connector: &ByConnector<'_>,
    ) -> Result<Routes, Vec<(String, usize, SettingsFault)>> {
        let (mut routes, mut faults) = (HashMap::new(), Vec::new());
        for (team, settings) in teams {
            let mut of_team: Vec<Ready> = Vec::new();
            for (place, settings) in settings.iter().enumerate() {
                match route(settings, clock, by_connector) {
                    Ok(route) => of_team.push((settings.kind(), route)),
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
    pub fn get(&self, team: &str, place: usize) -> Option<&dyn Route> {
        let (_, route) = self.0.get(team)?.get(place)?;
        Some(&**route)
    }

    /// The same, if it is still of the kind that a page was written for.
    pub fn get_of(&self, team: &str, place: usize, kind: &str) -> Option<&dyn Route> {
        let (found, route) = self.0.get(team)?.get(place)?;
        (found.as_str() == kind).then_some(&**route)
    }
}

/// What the directory tells readers of a route.
pub fn view(settings: &RouteSettings) -> RouteView {
    RouteView {
        kind: settings.kind().as_str().to_owned(),
        clearance: settings.clearance,
        in_band: settings.in_band,
        connector: match &settings.target {
            Target::Connector { name, .. } => Some(name.clone()),
            _ => None,
        },
    }
}
