//! What an alert intake is told, and what it is: groups of alerts that a monitoring system posts by itself. What a group means
//! here is `landing`; how its body looks, `body`; where the settings are written down is the business of `config`.

pub mod body;
pub mod landing;
pub mod matcher;
pub mod template;

use crate::secret::Place;
use serde_json::{Map, Value};

use self::matcher::Matcher;
use self::template::Template;
use crate::domain::instant::Instant;
use crate::domain::span::Span;
use crate::domain::word::{Classification, Severity};

/// The word in the file.
pub const KIND: &str = "alertmanager";
/// What a person calls it.
pub const NAME: &str = "Alertmanager";
/// The version of the body that is understood.
pub const BODY_VERSION: &str = "4";
/// Firing again within it is the same firing, unless the file says otherwise.
pub const DAMP: Span = Span::minutes(15);
/// Incidents that one intake opens in a minute, unless the file says otherwise.
pub const NEW_A_MINUTE: usize = 30;
/// Most rules of an intake, and most matchers of a rule.
pub const RULES_MAX: usize = 64;
pub const MATCHERS_MAX: usize = 16;

/// One intake.
#[derive(Debug, Clone)]
pub struct AlertSettings {
    /// Unique among intakes and connectors; it stands in `upstream.connector` and in the address.
    pub name: String,
    /// What the sender shows. It opens nothing else.
    pub token: Place,
    /// From this instant on it opens nothing, whatever the place holds; None: never.
    pub token_expires_at: Option<Instant>,
    /// A group that fires again within it after it was resolved is the same firing.
    pub damp: Span,
    /// Most incidents opened in a minute; groups above it wait in one.
    pub new_a_minute: usize,
    /// How often an alert that always fires must be heard, where one is agreed on.
    pub expect_every: Option<Span>,
    /// The first that fits an alert counts for it.
    pub rules: Vec<Rule>,
}

impl AlertSettings {
    /// Why its token opens nothing any more, once it has ended.
    pub fn token_over(&self, now: Instant) -> Option<String> {
        let at = self.token_expires_at.filter(|at| now >= *at)?;
        let at = at.format("%d %b %Y %H:%M UTC");
        Some(format!(
            "its token ended {at}, alerts are REFUSED: give it another, with a later token_expires_at"
        ))
    }
}

/// What becomes of alerts with certain labels.
#[derive(Debug, Clone)]
pub struct Rule {
    /// All must fit; none fits every alert.
    pub matchers: Vec<Matcher>,
    pub then: Then,
}

/// What becomes of them.
#[derive(Debug, Clone)]
pub enum Then {
    Open(Box<Opening>),
    /// Nothing, and nothing is said of it.
    Ignore,
    /// It proves that alerts come through, and nothing else.
    Watchdog,
}

/// How a group's incident is opened.
#[derive(Debug, Clone)]
pub struct Opening {
    pub service: String,
    /// Where no label says it.
    pub severity: Option<Severity>,
    /// The label that tells the severity, by `severities`.
    pub severity_label: Option<String>,
    pub severities: Vec<(String, Severity)>,
    /// None: the alert's name and summary.
    pub title: Option<Template>,
    pub classification: Classification,
    /// Added to those of the service.
    pub regimes: Vec<String>,
    pub profile: Map<String, Value>,
    pub exercise: bool,
}

#[cfg(test)]
mod tests;
