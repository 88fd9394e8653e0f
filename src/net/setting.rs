//! What is wrong with one setting of somebody who is spoken to.

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {why}")]
pub struct SettingsFault {
    /// The key in the file, of its route or connector.
    pub key: &'static str,
    /// Why, and what would do.
    pub why: String,
}

impl SettingsFault {
    /// The fault of a key, and why.
    pub fn new(key: &'static str, why: impl ToString) -> SettingsFault {
        SettingsFault {
            key,
            why: why.to_string(),
        }
    }
}
