//! Pairing: a short code, made where the store is and typed at the display, becomes a viewer's token in that browser. Until
//! then it waits as a token of its own that opens nothing. How often a code may be tried stands in `attempt`.

use chrono::TimeDelta;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

pub use crate::domain::caller::{DISPLAY, PENDING};
use crate::domain::instant::Instant;
use crate::domain::word::{Role, Tlp};
use crate::secret::Secret;
use crate::server::{TokenError, TokenRequest, issue_token};
use crate::store::{Store, StoreError, Token};

/// How long a code waits, in minutes.
pub const CODE_MINUTES: i64 = 10;
/// Signs that nobody takes for another one when they are read out.
const ALPHABET: &[u8] = b"23456789ABCDEFGHJKMNPQRSTWXYZ";
const CODE_LEN: usize = 8;
/// Longest name of a display.
const NAME: usize = 60;
/// The longest a display's token may work, in days.
const DAYS: i64 = 366;

/// What a display shall be.
#[derive(Debug, Clone)]
pub struct PairRequest {
    /// How it is called: letters, digits, `.`, `-`, `_`.
    pub name: String,
    /// The highest mark it shows; none: what viewers have.
    pub clearance: Option<Tlp>,
    /// Only these services; empty: all.
    pub services: Vec<String>,
    /// How long its token works once it is paired.
    pub expires_after: TimeDelta,
}

/// Why a display was not paired.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    #[error(
        "a display named '{0}' works already: end it with  warboard display revoke {0}  or choose another --name"
    )]
    NameTaken(String),
    #[error("{0}")]
    Invalid(String),
    /// Mistyped, used or too old: which one is not told.
    #[error(
        "This code opens nothing: it may be mistyped, used, or older than 10 minutes. A new one comes from:  warboard display pair  on the backend's machine, with the --store that the backend has"
    )]
    Refused,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<TokenError> for PairError {
    fn from(error: TokenError) -> PairError {
        match error {
            TokenError::NameTaken(name) => {
                PairError::NameTaken(name.trim_start_matches(DISPLAY).to_owned())
            }
            TokenError::Invalid(what) => PairError::Invalid(what),
            TokenError::Store(error) => PairError::Store(error),
        }
    }
}

/// Puts a code into the store and gives it out, grouped for reading: `ABCD-2345`. A code that waits for the same name ends.
///
/// # Errors
/// `Invalid`: the name or the time cannot be; `NameTaken`: a display of this name works; `Store`: it cannot be written.
pub async fn begin(
    store: &dyn Store,
    now: Instant,
    request: PairRequest,
) -> Result<Secret, PairError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if !(1..=NAME).contains(&request.name.len()) || !request.name.chars().all(fits) {
        return Err(PairError::Invalid(format!(
            "'{}' is no name for a display: write 1 to {NAME} letters, digits, '.', '-' or '_'",
            request.name
        )));
    }
    let seconds = request.expires_after.num_seconds();
    if !(60..=DAYS * 86_400).contains(&seconds) {
        return Err(PairError::Invalid(format!(
            "a display's token works for a minute at least and {DAYS} days at most"
        )));
    }
    if works(&store.tokens().await?, &display_name(&request.name), now) {
        return Err(PairError::NameTaken(request.name));
    }
    let name = format!("{PENDING}{}", request.name);
    store.revoke_token(&name, now).await?;
    let code = code();
    let pending = Token {
        id: pending_id(seconds),
        name,
        sha256: digest(&code),
        role: Role::Viewer,
        counsel: false,
        clearance: request
            .clearance
            .unwrap_or_else(|| Role::Viewer.default_clearance()),
        services: request.services,
        team: None,
        door: false,
        created_at: now,
        expires_at: now + TimeDelta::minutes(CODE_MINUTES),
        revoked_at: None,
        last_used_at: None,
    };
    let name = request.name;
    match store.put_token(pending).await? {
        true => {
            let (first, second) = code.split_at(CODE_LEN / 2);
            Ok(Secret::new(format!("{first}-{second}")))
        }
        // Somebody else asked for the same name in this moment.
        false => Err(PairError::Invalid(format!(
            "another code for '{name}' was made just now: use that one, or try again"
        ))),
    }
}

/// Exchanges a code for a display's token, made in this moment. The code ends with it, whatever comes of it.
///
/// # Errors
/// `Refused`: no code that waits is this one; `NameTaken`: a display got this name meanwhile; `Store`: it cannot be
/// written, and the code is used up if it was revoked before.
pub async fn finish(
    store: &dyn Store,
    now: Instant,
    typed: &str,
) -> Result<(Secret, Token), PairError> {
    let code = read_code(typed).ok_or(PairError::Refused)?;
    let digest = digest(&code);
    let tokens = store.tokens().await?;
    // All are compared, the whole of each: the time taken says nothing about which code waits.
    let found = tokens.iter().fold(None, |found, token| {
        let waits = token.name.starts_with(PENDING) && is_open(token, now);
        let equal = bool::from(token.sha256.ct_eq(&digest));
        if waits && equal { Some(token) } else { found }
    });
    let pending = found.ok_or(PairError::Refused)?;
    let seconds = seconds_of(&pending.id).ok_or(PairError::Refused)?;
    // Of two who have the same code only one ends it.
    if !store.revoke_token(&pending.name, now).await? {
        return Err(PairError::Refused);
    }
    let request = TokenRequest {
        name: display_name(pending.name.trim_start_matches(PENDING)),
        role: Role::Viewer,
        counsel: false,
        clearance: Some(pending.clearance),
        services: pending.services.clone(),
        team: None,
        door: false,
        expires_at: now + TimeDelta::seconds(seconds),
    };
    Ok(issue_token(store, now, request).await?)
}

/// The name of the token of a display.
pub fn display_name(name: &str) -> String {
    format!("{DISPLAY}{name}")
}

fn is_open(token: &Token, now: Instant) -> bool {
    token.revoked_at.is_none() && now < token.expires_at
}

fn works(tokens: &[Token], name: &str, now: Instant) -> bool {
    tokens
        .iter()
        .any(|token| token.name == name && is_open(token, now))
}

fn code() -> String {
    let mut code = String::with_capacity(CODE_LEN);
    // Bytes beyond the last whole multiple are thrown away: every sign is as likely as another.
    let fair = 256 / ALPHABET.len() * ALPHABET.len();
    while code.len() < CODE_LEN {
        let byte = usize::from(rand::random::<u8>());
        if let Some(sign) = ALPHABET.get(byte % ALPHABET.len()).filter(|_| byte < fair) {
            code.push(char::from(*sign));
        }
    }
    code
}

/// A code as somebody typed it: small letters, blanks and dashes are forgiven.
fn read_code(typed: &str) -> Option<String> {
    let signs = typed.chars().filter(|c| !matches!(c, ' ' | '-'));
    let code: String = signs
        .take(CODE_LEN + 1)
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let good = code.len() == CODE_LEN && code.bytes().all(|byte| ALPHABET.contains(&byte));
    good.then_some(code)
}

/// Of no text that has the form of a token: what waits for a code opens nothing else.
fn digest(code: &str) -> [u8; 32] {
    Sha256::digest(format!("warboard-pair {code}").as_bytes()).into()
}

/// The id of a code that waits says for how many seconds the display's token shall work.
fn pending_id(seconds: i64) -> String {
    format!("pair{seconds}x{:016x}", rand::random::<u64>())
}

fn seconds_of(id: &str) -> Option<i64> {
    let (seconds, _) = id.strip_prefix("pair")?.split_once('x')?;
    seconds.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::SqliteStore;

    fn request(name: &str) -> PairRequest {
        PairRequest {
            name: name.to_owned(),
            clearance: Some(Tlp::Amber),
            services: vec!["azure".to_owned()],
            expires_after: TimeDelta::days(90),
        }
    }

    fn now() -> Instant {
        chrono::DateTime::from_timestamp(1_795_442_852, 0).unwrap()
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        let code = code();
        assert_eq!(code.len(), CODE_LEN);
        let small = code.to_lowercase();
        let (first, second) = small.split_at(4);
        assert_eq!(
            read_code(&format!(" {first} - {second} ")),
            Some(code.clone())
        );
        for bad in [
            "",
            "ABCD",
            "ABCD-234",
            "ABCD-23456",
            "ABCD-2O45",
            "ÄBCD-2345",
            &code.repeat(9),
        ] {
            assert_eq!(read_code(bad), None, "{bad}");
        }
        assert_eq!(seconds_of(&pending_id(90)), Some(90));
    }

    #[tokio::test]
    async fn a_code_makes_one_viewer_s_token_as_it_was_asked_for() {
        let store = SqliteStore::temporary().await.unwrap();
        let code = begin(&store, now(), request("war-room")).await.unwrap();
        let later = now() + TimeDelta::minutes(9);
        let (_, token) = finish(&store, later, code.expose()).await.unwrap();
        assert_eq!(token.name, "display:war-room");
        assert_eq!((token.role, token.counsel), (Role::Viewer, false));
        assert_eq!(
            (token.clearance, &token.services),
            (Tlp::Amber, &vec!["azure".to_owned()])
        );
        assert_eq!(token.expires_at, later + TimeDelta::days(90));
        let again = finish(&store, later, code.expose()).await;
        assert!(matches!(again, Err(PairError::Refused)), "{again:?}");
        let taken = begin(&store, later, request("war-room")).await;
        assert!(matches!(taken, Err(PairError::NameTaken(name)) if name == "war-room"));
    }

    #[tokio::test]
    async fn a_code_ends_with_its_time_and_with_the_next_one_of_its_name() {
        let store = SqliteStore::temporary().await.unwrap();
        let first = begin(&store, now(), request("a")).await.unwrap();
        let second = begin(&store, now(), request("a")).await.unwrap();
        let old = finish(&store, now(), first.expose()).await;
        assert!(matches!(old, Err(PairError::Refused)), "{old:?}");
        let late = now() + TimeDelta::minutes(CODE_MINUTES);
        let late = finish(&store, late, second.expose()).await;
        assert!(matches!(late, Err(PairError::Refused)), "{late:?}");
    }

    #[tokio::test]
    async fn of_many_who_type_one_code_at_once_one_gets_in() {
        let store = SqliteStore::temporary().await.unwrap();
        let code = begin(&store, now(), request("a")).await.unwrap();
        let tries = (0..8).map(|_| finish(&store, now(), code.expose()));
        let done = futures::future::join_all(tries).await;
        assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
    }

    #[tokio::test]
    async fn what_cannot_be_is_refused_in_words() {
        let store = SqliteStore::temporary().await.unwrap();
        for name in ["", "a b", "a\nb", &"x".repeat(61)] {
            let refused = begin(&store, now(), request(name)).await;
            assert!(matches!(refused, Err(PairError::Invalid(_))), "{name:?}");
        }
        let mut endless = request("a");
        endless.expires_after = TimeDelta::days(4_000);
        assert!(matches!(
            begin(&store, now(), endless).await,
            Err(PairError::Invalid(_))
        ));
    }
}
