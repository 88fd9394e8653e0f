//! What the directory says when it says no (RFC 6749, 5.2, with codes of its own), as sentences that tell what to do. No
//! sentence holds a secret, even where the directory repeats it.

use serde_json::Value;

use crate::connector::call::SAID_CELLS;
use crate::connector::error::ConnectorError;
use crate::connector::field::text;
use crate::domain::text::SafeText;
use crate::secret::Secret;

/// A no.
pub(super) struct Said {
    /// The word of the standard, such as `invalid_grant`.
    pub word: String,
    /// In its own words, without what only its support reads.
    words: String,
}

impl Said {
    pub fn of(body: &Value) -> Said {
        let words = text(body, &["error_description"]).unwrap_or_default();
        let end = ["Trace ID:", "\r", "\n"]
            .iter()
            .filter_map(|mark| words.find(mark))
            .min();
        Said {
            word: text(body, &["error"]).unwrap_or_default(),
            words: words
                .get(..end.unwrap_or(words.len()))
                .unwrap_or_default()
                .trim()
                .to_owned(),
        }
    }

    /// An application was refused.
    pub fn of_secret(&self, place: &str, secret: &Secret) -> ConnectorError {
        let todo = match self.word.as_str() {
            "invalid_client" => {
                "look at client_id, and whether its secret has expired: make a new one there and save its value, not its id"
            }
            "unauthorized_client" => {
                "look at tenant and client_id: this directory does not know the application"
            }
            "invalid_scope" | "invalid_resource" => {
                "look at url: this directory gives no tokens for it"
            }
            _ => "look at tenant, client_id and the secret",
        };
        self.refusal(place, todo, Some(secret))
    }

    /// A person's sign-in was refused.
    pub fn of_device(&self, place: &str, name: &str, kept: Option<&Secret>) -> ConnectorError {
        let todo = match self.word.as_str() {
            "unauthorized_client" | "invalid_client" => {
                "look at tenant and client_id, and whether the application may be signed in to by device code (public client flows)".to_owned()
            }
            _ => format!(
                "the sign-in has expired or was taken back: run  warboard connector login {name}"
            ),
        };
        self.refusal(place, &todo, kept)
    }

    fn refusal(&self, place: &str, todo: &str, secret: Option<&Secret>) -> ConnectorError {
        let word = told(&self.word, secret);
        let words = match self.words.is_empty() {
            true => String::new(),
            false => format!(": {}", told(&self.words, secret)),
        };
        ConnectorError::Auth(format!("{place} says {word}; {todo}{words}"))
    }
}

/// What the other side wrote, cut and cleaned.
fn told(text: &str, secret: Option<&Secret>) -> String {
    let hidden = secret
        .map(Secret::expose)
        .filter(|secret| !secret.is_empty());
    let text = match hidden {
        Some(secret) => text.replace(secret, "***"),
        None => text.to_owned(),
    };
    SafeText::line(&text).truncated(SAID_CELLS)
}
