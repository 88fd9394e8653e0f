//! Tokens as they are made: what is asked for, why one is refused, and the secret that is shown once.
//! Who presents one is `auth`'s; where they are kept is `store`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use crate::domain::command::text;
use crate::domain::instant::Instant;
use crate::domain::text::is_hidden;
use crate::domain::word::{Role, Tlp};
use crate::secret::Secret;
use crate::store::{Store, StoreError, Token};

/// The longest a token may work, in days.
const MOST_DAYS: i64 = 366;

/// What a new token shall be.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    pub name: String,
    pub role: Role,
    pub counsel: bool,
    /// None: what the role has by default.
    pub clearance: Option<Tlp>,
    pub services: Vec<String>,
    pub team: Option<String>,
    /// It speaks for people, and for nobody else.
    pub door: bool,
    pub expires_at: Instant,
}

/// Why no token was issued.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// A token that works has this name.
    #[error("a token named '{0}' works already; revoke it first, or choose another name")]
    NameTaken(String),
    /// The request contradicts itself.
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a token and puts its sha256 into the store. The secret is given out here, once, and kept nowhere.
///
/// # Errors
/// `NameTaken`: a token of this name still works; `Invalid`: the name or the end cannot be; `Store`: it cannot be written.
pub async fn issue_token(
    store: &dyn Store,
    now: Instant,
    request: TokenRequest,
) -> Result<(Secret, Token), TokenError> {
    check_name(&request.name)?;
    if request.expires_at <= now {
        return Err(TokenError::Invalid(
            "The token would have expired already; choose a later end.".to_owned(),
        ));
    }
    if request.expires_at - now > TimeDelta::days(MOST_DAYS) {
        return Err(TokenError::Invalid(format!(
            "A token works for {MOST_DAYS} days at most, so that one that is forgotten ends; choose an earlier end."
        )));
    }
    let (secret, token) = made(now, request);
    if store.put_token(token.clone()).await? {
        Ok((secret, token))
    } else {
        Err(TokenError::NameTaken(token.name))
    }
}

/// A name stands in the record: two that look alike must be one.
fn check_name(name: &str) -> Result<(), TokenError> {
    text::check("name", name, text::NAME).map_err(|fault| TokenError::Invalid(fault.detail))?;
    let odd = |c: char| c.is_control() || is_hidden(c) || (c.is_whitespace() && c != ' ');
    if name.chars().any(odd) {
        return Err(TokenError::Invalid(
            "A token's name stands in the record; it cannot hold control characters, nor blanks and others that cannot be told from nothing.".to_owned(),
        ));
    }
    if name.trim() != name || name.contains("  ") {
        return Err(TokenError::Invalid(format!(
            "The name '{name}' has a blank at its begin or end, or two in a row, and would look like another one; leave it out."
        )));
    }
    Ok(())
}

pub(super) fn made(now: Instant, request: TokenRequest) -> (Secret, Token) {
    let id = hex::encode(rand::random::<[u8; 6]>());
    let secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let whole = format!("wb_{id}_{secret}");
    let token = Token {
        id,
        sha256: Sha256::digest(whole.as_bytes()).into(),
        role: request.role,
        counsel: request.counsel,
        clearance: request
            .clearance
            .unwrap_or_else(|| request.role.default_clearance()),
        services: request.services,
        team: request.team,
        door: request.door,
        created_at: now,
        expires_at: request.expires_at,
        revoked_at: None,
        last_used_at: None,
        name: request.name,
    };
    (Secret::new(whole), token)
}
