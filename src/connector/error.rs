//! How asking a vendor can fail, whichever it is: one list, so that whoever asks need not know the dialect.

use super::port::Case;
use crate::domain::instant::Instant;

/// Why a vendor did not do what was asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConnectorError {
    /// It does not know us, or the credentials cannot be read.
    #[error("{0}")]
    Auth(String),
    /// It knows us and says no.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such incident, or none that we may see.
    #[error("there is no {0} there any more, or none that these credentials may see")]
    NotFound(String),
    /// Somebody changed it since it was seen; nothing was written.
    #[error("{key} was changed there meanwhile, it is '{status}' now: nothing was written; look at it and decide again", key = current.key, status = current.status)]
    Conflict {
        /// As it stands there.
        current: Box<Case>,
    },
    /// It does not take what we sent.
    #[error("{field}: {message}")]
    Invalid {
        /// What was wrong.
        field: String,
        /// Why.
        message: String,
    },
    /// It wants to be left alone for a while; nothing was done.
    #[error("it asks to wait until {}", retry_at.format("%H:%M:%S UTC"))]
    RateLimited {
        /// When it may be asked again, by our clock.
        retry_at: Instant,
    },
    /// A write was sent and its end is not known: it may have happened.
    #[error("{0}: it may have been done; look there before doing it again")]
    Unknown(String),
    /// No answer that can be used.
    #[error("{0}")]
    Transport(String),
}
