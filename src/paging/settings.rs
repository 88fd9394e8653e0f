//! A team's route as an operator writes it. Addresses in that file are allowed as written, loopback too.

use std::path::PathBuf;

use serde::Deserialize;

use crate::domain::word::Tlp;

/// What kind of system a route speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RouteKind {
    /// Our own JSON, signed, to any address.
    Webhook,
}

impl RouteKind {
    /// The word in the file and in the directory.
    pub const fn as_str(self) -> &'static str {
        match self {
            RouteKind::Webhook => "webhook",
        }
    }
}

/// One `[[team.route]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteSettings {
    pub kind: RouteKind,
    pub url: String,
    /// What signs the body; without it a receiver cannot tell a page from a forgery.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// Authorities to trust besides the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Texts above it are left out.
    #[serde(default = "green")]
    pub clearance: Tlp,
    /// Whether it runs over the company's own channels: skipped while those are suspect.
    #[serde(default = "yes")]
    pub in_band: bool,
}

fn green() -> Tlp {
    Tlp::Green
}

fn yes() -> bool {
    true
}

/// Why a route cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{key}': {why}")]
pub struct SettingsFault {
    /// Which key of the route.
    pub key: &'static str,
    pub why: String,
}
