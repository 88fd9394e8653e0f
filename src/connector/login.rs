//! Signing in as a person by a device code (RFC 8628): the backend shows a code, somebody types it where they are signed in
//! already, and what comes of it is kept in a file. Vendors that can do so list `KEY` among their keys.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::port::Answer;
use super::vendor::Vendor;
use crate::secret::{Place, Secret};

/// How the backend signs in there.
pub const KEY: &str = "login";
/// As an application, with a secret of its own.
pub const SECRET: &str = "secret";
/// As a person, by a device code.
pub const DEVICE: &str = "device";

/// Whether somebody signs in for the backend; what that gives is kept in a file that nobody else writes.
pub fn is_by_device(vendor: &Vendor, options: &BTreeMap<&'static str, String>) -> bool {
    vendor.keys.contains(&KEY) && options.get(KEY).map(String::as_str) == Some(DEVICE)
}

/// What a person is to do.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// Where they type the code.
    pub address: String,
    /// What they type.
    pub code: String,
    /// How long it counts, in seconds.
    pub within_s: i64,
    /// Seconds between two questions whether they did.
    pub(super) every_s: i64,
    /// By which the other side knows what is asked for.
    pub(super) ticket: Secret,
}

/// Signing in to a vendor.
pub trait Login: Send + Sync {
    /// Asks for a code.
    fn begin(&self) -> Answer<'_, Prompt>;

    /// Waits until somebody typed it, and keeps what comes of it; the answer is the file.
    fn finish<'a>(&'a self, prompt: &'a Prompt) -> Answer<'a, PathBuf>;
}

/// The file in which a sign-in is kept; none where it is no file.
pub(super) fn kept_in(token: &Place) -> Option<PathBuf> {
    match token {
        Place::File(path) => Some(path.clone()),
        Place::Given(_) | Place::Command(_) | Place::Variable { .. } => None,
    }
}
