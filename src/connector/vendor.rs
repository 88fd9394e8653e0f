//! What is known of a vendor before it is asked anything: its words, its keys in the file, how often it is asked. Each adapter
//! describes its own as `VENDOR`; here is the form of that, and the list of them.

use std::fmt;
use std::sync::Arc;

use super::port::Connector;
use super::settings::ConnectorSettings;
use super::{graph, incidentio, iris, pagerduty, sentinel, thehive};
use crate::domain::word::{Phase, Severity};
use crate::net::SettingsFault;
use crate::time::SharedClock;

/// A connector, or the key that cannot be used.
pub type Connected = Result<Arc<dyn Connector>, SettingsFault>;

/// A vendor, as its adapter describes it.
pub struct Vendor {
    /// The word in the file.
    pub word: &'static str,
    /// What a person calls it.
    pub name: &'static str,
    /// Where it is unless the file says otherwise; none where everybody runs their own.
    pub url: Option<&'static str>,
    /// Keys of the file that it takes beside those that all take. Their values are texts.
    pub keys: &'static [&'static str],
    /// Milliseconds between two turns of asking.
    pub interval_ms: i64,
    /// What its statuses mean unless the file says otherwise. Of the statuses of one phase the first is the one to write.
    pub phases: &'static [(&'static str, Phase)],
    /// The same for severities.
    pub severities: &'static [(&'static str, Severity)],
    /// Words that say that nobody has assessed the severity: no fault, and no severity.
    pub unassessed: &'static [&'static str],
    /// What of the settings it cannot use, found without asking anybody.
    pub faults: fn(&ConnectorSettings) -> Vec<SettingsFault>,
    /// Makes the connector.
    pub connect: fn(&ConnectorSettings, SharedClock) -> Connected,
}

/// All of them, in the order of their words.
pub static VENDORS: [&Vendor; 6] = [
    &graph::VENDOR,
    &incidentio::VENDOR,
    &iris::VENDOR,
    &pagerduty::VENDOR,
    &sentinel::VENDOR,
    &thehive::VENDOR,
];

impl Vendor {
    /// The vendor of a word in the file.
    pub fn of(word: &str) -> Option<&'static Vendor> {
        VENDORS.into_iter().find(|vendor| vendor.word == word)
    }
}

impl fmt::Debug for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word)
    }
}

impl PartialEq for Vendor {
    fn eq(&self, other: &Vendor) -> bool {
        self.word == other.word
    }
}
