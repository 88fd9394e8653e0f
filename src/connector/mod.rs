//! Incidents from elsewhere: what a foreign record means in our words. Each format and each vendor's dialect stays private
//! to its file; `port` is what they have in common. Who asks, and what becomes of the answer, stands in `cli` and `server`.

pub mod alert;
mod call;
pub mod credential;
pub mod error;
mod field;
mod iris;
pub mod landing;
mod pagerduty;
pub mod port;
pub mod settings;
pub mod vendor;
pub mod veris;

#[cfg(test)]
mod stub;

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
