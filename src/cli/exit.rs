//! How a run ends: the exit codes that scripts rely on, and the sentence that goes with a failure.
//! What failed and why is told by the floor that saw it.

use crate::client::ApiError;
use crate::config::ConfigError;

/// Done.
pub const DONE: i32 = 0;
/// Something failed.
pub const FAILED: i32 = 1;
/// Used wrongly.
pub const USAGE: i32 = 2;
/// The backend refused (412, 422, 428).
pub const REFUSED: i32 = 3;
/// The token does not reach (401, 403).
pub const NOT_ALLOWED: i32 = 4;
/// No backend could be reached.
pub const UNREACHABLE: i32 = 5;

/// Why a run ended otherwise than done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Failure {
    pub code: i32,
    pub sentence: String,
}

/// What a subcommand comes to: the exit code.
pub type Outcome = Result<i32, Failure>;

impl Failure {
    /// Something failed.
    pub fn new(sentence: impl Into<String>) -> Failure {
        Failure {
            code: FAILED,
            sentence: sentence.into(),
        }
    }

    /// Used wrongly.
    pub fn usage(sentence: impl Into<String>) -> Failure {
        Failure {
            code: USAGE,
            sentence: sentence.into(),
        }
    }
}

/// The exit code of a backend's answer.
pub fn code_of(error: &ApiError) -> i32 {
    match error {
        ApiError::Refused { .. } | ApiError::Conflict { .. } => REFUSED,
        ApiError::NotAllowed { .. } => NOT_ALLOWED,
        ApiError::Unreachable { .. } => UNREACHABLE,
        _ => FAILED,
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Failure {
        let mut sentence = error.to_string();
        if let ApiError::Refused { unmet, .. } = &error
            && !unmet.is_empty()
        {
            let words: Vec<&str> = unmet.iter().map(|word| word.as_str()).collect();
            sentence.push_str(&format!(" Unmet: {}.", words.join(", ")));
        }
        Failure {
            code: code_of(&error),
            sentence,
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        Failure::usage(error.to_string())
    }
}

impl From<crate::store::StoreError> for Failure {
    fn from(error: crate::store::StoreError) -> Failure {
        Failure::new(error.to_string())
    }
}

impl From<crate::server::ServerError> for Failure {
    fn from(error: crate::server::ServerError) -> Failure {
        Failure::new(error.to_string())
    }
}

impl From<crate::session::SessionError> for Failure {
    fn from(error: crate::session::SessionError) -> Failure {
        Failure::new(error.to_string())
    }
}
