//! Who is calling: tokens `wb_<id>_<secret>`, compared by their sha256 in constant time, and the extractor of a caller.
//! What a caller may do is decided in `domain`; where tokens are kept is `store`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use chrono::TimeDelta;
use http::request::Parts;
use http::{HeaderMap, header};
use parking_lot::{Mutex, MutexGuard};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::watch;

use super::behalf;
use super::inside::Inside;
use super::issue::{TokenRequest, made};
use super::metric::Metrics;
use super::problem::Problem;
use super::state::ServerState;
use super::trouble::Trouble;
use crate::domain::caller::{Caller, DISPLAY, PENDING};
use crate::domain::instant::{Instant, Mono};
use crate::domain::word::{Role, Tlp, Via};
use crate::secret::Secret;
use crate::store::{Store, StoreError, Token};
use crate::time::{SharedClock, timeout};

/// Length of a secret: 32 bytes in base64url.
const SECRET_LEN: usize = 43;
/// How long a token read from the store is believed: a revocation bites within it.
const BELIEVE_FOR_MS: i64 = 1_000;
/// How long a token is believed that cannot be read because the store is away: what is shown goes on, writing cannot.
const BELIEVE_WITHOUT_STORE_FOR_MS: i64 = 15 * 60_000;
/// How long the store is waited for where there is a token to believe meanwhile.
const ASK_WITHIN_MS: i64 = 1_000;
/// How often the use of a token is written down.
const TOUCH_AFTER_MS: i64 = 60_000;
/// Most tokens kept in memory.
const KEPT: usize = 4_096;

/// Everybody who has a token that works. Doors speak for others, and what waits for a display is nobody yet.
pub(super) async fn callers(state: &ServerState) -> Result<Vec<Caller>, StoreError> {
    let now = state.clock.now();
    let tokens = state.store.tokens().await?;
    let working = tokens
        .iter()
        .filter(|token| works(token, now) && !token.door && !token.name.starts_with(PENDING));
    Ok(working.map(behalf::own).collect())
}

/// The public id of a token, if the text has the form of one.
fn token_id(text: &str) -> Option<&str> {
    let (id, secret) = text.strip_prefix("wb_")?.split_once('_')?;
    let id_ok = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    let secret_ok = secret.len() == SECRET_LEN
        && secret
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    (id_ok && secret_ok).then_some(id)
}

pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, further) = (values.next()?, values.next());
    if further.is_some() {
        return None;
    }
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_matches(' '))
}

fn works(token: &Token, now: Instant) -> bool {
    token.revoked_at.is_none() && now < token.expires_at
}

struct Known {
    token: Arc<Token>,
    read_at: Mono,
    /// When the store was asked last, with or without an answer.
    asked_at: Mono,
    touched_at: Option<Mono>,
}

/// Tokens read lately, and the news that one of them changed.
pub struct Tokens {
    known: Mutex<HashMap<String, Known>>,
    /// The door of this process, in no store.
    door: Mutex<Option<Arc<Token>>>,
    changed: watch::Sender<u64>,
    held: tokio::sync::Notify,
}

impl Tokens {
    /// Knows no token yet.
    pub fn new() -> Tokens {
        Tokens {
            known: Mutex::new(HashMap::new()),
            door: Mutex::new(None),
            changed: watch::Sender::new(0),
            held: tokio::sync::Notify::new(),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock()
    }

    /// Makes the token of this process's own door; it works as long as the process.
    pub fn open_door(&self, name: &str, now: Instant) -> Secret {
        let request = TokenRequest {
            name: name.to_owned(),
            role: Role::Admin,
            counsel: true,
            clearance: Some(Tlp::Red),
            services: Vec::new(),
            team: None,
            door: true,
            expires_at: now + TimeDelta::days(36_500),
        };
        let (secret, token) = made(now, request);
        let mut door = self.door.lock();
        *door = Some(Arc::new(token));
        secret
    }

    /// The door of this process, if that is its id.
    pub(super) fn own_door(&self, id: &str) -> Option<Arc<Token>> {
        let door = self.door.lock();
        door.clone().filter(|token| token.id == id)
    }

    /// The token with this id, at most a second old while the store can be read.
    async fn find(
        &self,
        id: &str,
        store: &dyn Store,
        clock: &SharedClock,
    ) -> Result<Option<Arc<Token>>, StoreError> {
        if let Some(door) = self.own_door(id) {
            return Ok(Some(door));
        }
        let mono = clock.mono();
        let within = |at: Mono, ms: i64| (0..ms).contains(&(mono - at));
        let fresh = |known: &Known| within(known.asked_at, BELIEVE_FOR_MS);
        if let Some(known) = self.known().get(id).filter(|known| fresh(known)) {
            return Ok(Some(known.token.clone()));
        }
        let kept = self.known().get(id).and_then(|known| {
            let believed = within(known.read_at, BELIEVE_WITHOUT_STORE_FOR_MS);
            believed.then(|| known.token.clone())
        });
        let asked = store.token(id);
        let found = match kept {
            None => asked.await?,
            Some(kept) => match timeout(&**clock, ASK_WITHIN_MS, asked).await {
                Ok(Ok(found)) => found,
                Ok(Err(StoreError::Unavailable(_))) | Err(_) => {
                    if let Some(known) = self.known().get_mut(id) {
                        known.asked_at = clock.mono();
                    }
                    return Ok(Some(kept));
                }
                Ok(Err(error)) => return Err(error),
            },
        };
        let Some(token) = found else {
            self.known().remove(id);
            return Ok(None);
        };
        let token = Arc::new(token);
        let mut known = self.known();
        if known.len() >= KEPT {
            known.retain(|_, known| fresh(known));
        }
        if known.len() < KEPT {
            let touched_at = known.get(id).and_then(|known| known.touched_at);
            let entry = Known {
                token: token.clone(),
                read_at: mono,
                asked_at: mono,
                touched_at,
            };
            known.insert(id.to_owned(), entry);
        }
        Ok(Some(token))
    }

    /// Whether the use of a token should be written down now.
    fn touch(&self, id: &str, mono: Mono) -> bool {
        self.known().get_mut(id).is_some_and(|known| {
            let due = known
                .touched_at
                .is_none_or(|at| mono - at >= TOUCH_AFTER_MS);
            if due {
                known.touched_at = Some(mono);
            }
            due
        })
    }

    /// Tells whenever a token in use was found changed: those who hold a request open look again.
    pub fn changes(&self) -> watch::Receiver<u64> {
        let changes = self.changed.subscribe();
        self.held.notify_one();
        changes
    }

    /// Looks every second after the tokens of requests held open, while there are any; ends never.
    pub async fn watch(&self, store: &dyn Store, clock: &SharedClock, metrics: &Metrics) {
        let trouble = Trouble::new("the tokens cannot be read: revocations bite late");
        loop {
            if self.changed.receiver_count() == 0 {
                self.held.notified().await;
                continue;
            }
            match store.tokens().await {
                Ok(tokens) => {
                    trouble.over();
                    self.compare(tokens, clock.mono());
                }
                Err(error) => {
                    metrics.store_error(&error);
                    trouble.met(&error);
                }
            }
            clock.sleep(BELIEVE_FOR_MS / 2).await;
        }
    }

    fn compare(&self, tokens: Vec<Token>, mono: Mono) {
        let now: HashMap<&str, &Token> = tokens.iter().map(|t| (t.id.as_str(), t)).collect();
        let mut changed = false;
        self.known().retain(|id, known| {
            let same = now
                .get(id.as_str())
                .is_some_and(|token| token.revoked_at == known.token.revoked_at);
            changed |= !same;
            if same {
                known.read_at = mono;
                known.asked_at = mono;
            }
            same
        });
        if changed {
            self.changed.send_modify(|generation| *generation += 1);
        }
    }
}

impl Default for Tokens {
    fn default() -> Tokens {
        Tokens::new()
    }
}

/// A caller whose token was found good: who they are, and which token.
#[derive(Debug, Clone)]
pub struct Authorized {
    pub caller: Caller,
    pub token: Arc<Token>,
    /// False for readers of this process, who have no token to be looked at again.
    presented: bool,
}

impl Authorized {
    /// The caller that somebody is with this token, however it came: in the header, or in a display's cookie.
    ///
    /// # Errors
    /// It is no token that works, or the store cannot be read.
    pub async fn by_token(
        state: &Arc<ServerState>,
        presented: &str,
    ) -> Result<Authorized, Problem> {
        let token = Authorized::take(state, presented).await?;
        Ok(Authorized::of(token, true))
    }

    /// The token that was presented, if it works; its use is noted.
    async fn take(state: &Arc<ServerState>, presented: &str) -> Result<Arc<Token>, Problem> {
        let token = check(state, presented).await?;
        if state.tokens.touch(&token.id, state.clock.mono()) {
            let (state, id) = (state.clone(), token.id.clone());
            tokio::spawn(async move {
                if let Err(error) = state.store.touch_token(&id, state.clock.now()).await {
                    state.metrics.store_error(&error);
                    tracing::debug!(%error, "the use of a token was not written down");
                }
            });
        }
        tracing::Span::current().record("token", token.name.as_str());
        Ok(token)
    }

    /// A reader within this process, without a secret: what it may is decided by whoever makes the token up.
    pub(super) fn inside(token: Arc<Token>) -> Authorized {
        Authorized::of(token, false)
    }

    fn of(token: Arc<Token>, presented: bool) -> Authorized {
        Authorized {
            caller: behalf::own(&token),
            token,
            presented,
        }
    }

    /// When the token ends; None for readers of this process.
    pub fn expires_at(&self) -> Option<Instant> {
        self.presented.then_some(self.token.expires_at)
    }

    /// The door that the token itself says; else what the request says counts.
    pub fn via(&self) -> Option<Via> {
        self.token.door.then_some(Via::Ssh)
    }

    /// Whose idempotency keys these are: people at one door have each their own.
    pub fn scope(&self) -> String {
        match self.token.door {
            true => format!("{}/{}", self.token.id, self.caller.name),
            false => self.token.id.clone(),
        }
    }

    /// Looks whether the token still works: for requests that are held open.
    ///
    /// # Errors
    /// 401: it was revoked or has run out; 503: the store cannot be asked.
    pub async fn again(&self, state: &ServerState) -> Result<(), Problem> {
        if !self.presented {
            return Ok(());
        }
        // Its secret was compared when the request came: what it was compared with must be there still.
        let found = state
            .tokens
            .find(&self.token.id, &*state.store, &state.clock)
            .await?;
        let same = |token: Arc<Token>| token.sha256 == self.token.sha256;
        let working = found.filter(|token| works(token, state.clock.now()));
        match working.is_some_and(same) {
            true => Ok(()),
            false => Err(Problem::unauthorized()),
        }
    }
}

async fn check(state: &ServerState, presented: &str) -> Result<Arc<Token>, Problem> {
    let id = token_id(presented).ok_or_else(Problem::unauthorized)?;
    let token = state.tokens.find(id, &*state.store, &state.clock).await?;
    let given: [u8; 32] = Sha256::digest(presented.as_bytes()).into();
    // Compared even where there is no such token: the time taken says nothing about ids.
    let stored = token.as_ref().map_or([0; 32], |token| token.sha256);
    let equal = bool::from(given.ct_eq(&stored));
    token
        .filter(|token| equal && works(token, state.clock.now()))
        .ok_or_else(Problem::unauthorized)
}

impl FromRequestParts<Arc<ServerState>> for Authorized {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &Arc<ServerState>,
    ) -> Result<Authorized, Problem> {
        if let Some(Inside(reader)) = parts.extensions.get::<Inside>() {
            return Ok(reader.clone());
        }
        let presented = bearer(&parts.headers).ok_or_else(Problem::unauthorized)?;
        let token = Authorized::take(state, presented).await?;
        if token.name.starts_with(DISPLAY) {
            return Err(Problem::forbidden(
                "This token is a display's: it shows the wall at /display, and opens nothing else.",
            ));
        }
        Ok(Authorized {
            caller: behalf::caller(&parts.headers, &parts.method, &token)?,
            token,
            presented: true,
        })
    }
}

/// The token of a door that speaks for itself.
pub struct Door(pub Arc<Token>);

impl Door {
    /// Looks whether the token still works: for requests that are held open.
    ///
    /// # Errors
    /// 401: it was revoked or has run out; 503: the store cannot be asked.
    pub async fn again(&self, state: &ServerState) -> Result<(), Problem> {
        let found = state
            .tokens
            .find(&self.0.id, &*state.store, &state.clock)
            .await?;
        let working = found.is_some_and(|token| works(&token, state.clock.now()));
        working.then_some(()).ok_or_else(Problem::unauthorized)
    }
}

impl FromRequestParts<Arc<ServerState>> for Door {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &Arc<ServerState>,
    ) -> Result<Door, Problem> {
        let presented = bearer(&parts.headers).ok_or_else(Problem::unauthorized)?;
        let token = check(state, presented).await?;
        match token.door {
            true => Ok(Door(token)),
            false => Err(Problem::forbidden(format!(
                "The token {} is no door's; issue one with  token issue --door.",
                token.name
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_texts_with_the_form_of_a_token_have_an_id() {
        let secret = "A".repeat(40) + "-_9";
        assert_eq!(token_id(&format!("wb_a1_{secret}")), Some("a1"));
        for text in [
            secret.clone(),
            format!("wb_{secret}"),
            format!("wb__{secret}"),
            format!("wb_a1_{secret}x"),
            format!("wb_a.1_{secret}"),
            format!("wb_a1_{}+", "A".repeat(42)),
            "wb_a1_".to_owned(),
        ] {
            assert_eq!(token_id(&text), None, "{text}");
        }
    }

    #[test]
    fn a_header_is_read_once_and_only_as_bearer() {
        let headers = |values: &[&str]| {
            let mut map = HeaderMap::new();
            for value in values {
                map.append(header::AUTHORIZATION, value.parse().unwrap());
            }
            map
        };
        assert_eq!(bearer(&headers(&["Bearer x"])), Some("x"));
        assert_eq!(bearer(&headers(&["bEARER  x"])), Some("x"));
        assert_eq!(bearer(&headers(&["Basic x"])), None);
        assert_eq!(bearer(&headers(&["Bearer x", "Bearer y"])), None);
        assert_eq!(bearer(&headers(&[])), None);
    }
}
