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

impl ConnectorError {
    /// Somebody changed it since it was seen.
    pub fn conflict(current: Case) -> ConnectorError {
        let current = Box::new(current);
        ConnectorError::Conflict { current }
    }

    /// Whether it is about whoever asks, so that the next question would meet it too.
    pub fn is_of_all(&self) -> bool {
        matches!(
            self,
            ConnectorError::Auth(_) | ConnectorError::RateLimited { .. }
        )
    }
}

/// How many questions in a row may have no answer before it is the source that is away.
const AWAY_AFTER: usize = 3;

/// Tells trouble with one incident from trouble with its source, where incidents are asked for one by one.
#[derive(Debug, Default)]
pub struct OneByOne {
    silent: usize,
    answered: bool,
}

impl OneByOne {
    /// It answered.
    pub fn answered(&mut self) {
        self.silent = 0;
        self.answered = true;
    }

    /// Whether it answered anything at all.
    pub fn has_answered(&self) -> bool {
        self.answered
    }

    /// An error, where it is that one incident's own: the others can be asked for.
    ///
    /// # Errors
    /// The same, where it would meet the next one too.
    pub fn judge(&mut self, error: ConnectorError) -> Result<ConnectorError, ConnectorError> {
        match error {
            error if error.is_of_all() => Err(error),
            ConnectorError::Transport(_) => {
                self.silent += 1;
                match self.silent >= AWAY_AFTER {
                    true => Err(error),
                    false => Ok(error),
                }
            }
            error => {
                self.answered();
                Ok(error)
            }
        }
    }
}
