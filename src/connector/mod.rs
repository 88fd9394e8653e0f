//! Incidents from elsewhere: what a foreign record means in our words. Each format and each vendor's dialect stays private
//! to its file; `port` is what they have in common. Who asks, and what becomes of the answer, stands in `cli` and `server`.

pub mod alert;
mod call;
mod carrier;
mod entra;
pub mod error;
mod field;
mod graph;
mod incidentio;
mod iris;
pub mod landing;
pub mod login;
mod odata;
mod pagerduty;
pub mod port;
mod sentinel;
pub mod settings;
mod thehive;
pub mod vendor;
pub mod veris;

#[cfg(test)]
mod stub;
#[cfg(test)]
mod tests;

use crate::time::SharedClock;
use settings::ConnectorSettings;
use vendor::Connected;

/// Makes a connector of its settings.
///
/// # Errors
/// The key that cannot be used, and why.
pub fn connector(settings: &ConnectorSettings, clock: &SharedClock) -> Connected {
    (settings.vendor.connect)(settings, clock.clone())
}
