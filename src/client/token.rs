//! The token of one source: read when first needed and again when it was refused, because a file or a command may
//! meanwhile give another one.

use std::sync::Arc;

use http::HeaderValue;
use tokio::sync::Mutex;

use super::error::ApiError;
use crate::secret::{self, COMMAND_WITHIN_MS, Place, Secret};
use crate::time::SharedClock;

/// A token as it is sent, and which one of this source it is: what was read with one must not be mixed with what another reads.
#[derive(Debug)]
pub(super) struct Token {
    secret: Secret,
    pub header: HeaderValue,
    pub number: u64,
}

/// Reads and keeps the token of one source.
pub(super) struct Tokens {
    from: Place,
    clock: SharedClock,
    current: Mutex<Option<Arc<Token>>>,
}

impl Tokens {
    pub fn new(from: Place, clock: SharedClock) -> Tokens {
        Tokens {
            from,
            clock,
            current: Mutex::new(None),
        }
    }

    /// The token to send.
    ///
    /// # Errors
    /// `NotAllowed`: the token cannot be read, or no header can carry it.
    pub async fn current(&self) -> Result<Arc<Token>, ApiError> {
        let mut current = self.current.lock().await;
        match &*current {
            Some(token) => Ok(token.clone()),
            None => {
                let token = Arc::new(sendable(self.read().await?, 1)?);
                *current = Some(token.clone());
                Ok(token)
            }
        }
    }

    /// Another token than the one that was refused, if there is one by now.
    ///
    /// # Errors
    /// `NotAllowed`: the token cannot be read again, or no header can carry it.
    pub async fn other_than(&self, refused: &Token) -> Result<Option<Arc<Token>>, ApiError> {
        if matches!(self.from, Place::Given(_) | Place::Variable { .. }) {
            return Ok(None);
        }
        // Held while reading: of many requests refused at once only the first reads.
        let mut current = self.current.lock().await;
        if let Some(token) = current.as_ref().filter(|t| t.number != refused.number) {
            return Ok(Some(token.clone()));
        }
        let secret = self.read().await?;
        if secret == refused.secret {
            return Ok(None);
        }
        let token = Arc::new(sendable(secret, refused.number + 1)?);
        *current = Some(token.clone());
        Ok(Some(token))
    }

    async fn read(&self) -> Result<Secret, ApiError> {
        let limit = self.clock.sleep(COMMAND_WITHIN_MS);
        let read = secret::read(&self.from, limit).await;
        read.map_err(|error| unreadable(&error))
    }
}

fn unreadable(why: &dyn std::fmt::Display) -> ApiError {
    ApiError::NotAllowed {
        status: 401,
        sentence: format!("no token: {why}"),
    }
}

fn sendable(secret: Secret, number: u64) -> Result<Token, ApiError> {
    let mut header = HeaderValue::try_from(format!("Bearer {}", secret.expose()))
        .map_err(|_| unreadable(&"it has characters that no token has"))?;
    header.set_sensitive(true);
    Ok(Token {
        secret,
        header,
        number,
    })
}
