//! The reader's side of the API: a typed client for one backend, and the pollers that keep a board current.
//! What is drawn of it is `ui`; the bodies it reads are `wire`'s.

mod answer;
mod api;
mod body;
mod door;
mod error;
mod heard;
mod token;
mod watch;

use std::path::PathBuf;

use crate::secret::Place;

pub use api::{Api, Neighbour};
pub use error::ApiError;
pub use heard::Heard;
pub use watch::Watch;

/// One backend, as the owner of the board has it in the settings.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// How the board calls it.
    pub name: String,
    /// Where it is: `https://azure.incidents.example`.
    pub url: String,
    /// Where its token comes from.
    pub token: Place,
    /// Authorities to trust in place of the system's, as a PEM file.
    pub ca_file: Option<PathBuf>,
}

#[cfg(test)]
pub(crate) mod script;
#[cfg(test)]
mod tests;
