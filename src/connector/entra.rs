//! Tokens of Microsoft Entra: as an application with a secret, or as a person who signed in by a device code. A token is
//! kept until shortly before its end and renewed by one caller at a time. What it is shown for, the adapters know.

mod device;
mod said;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use http::{HeaderValue, Method, header};
use reqwest::Url;
use serde_json::Value;
use tokio::sync::Mutex;

use super::call::{LIMITS, WAIT_MS, client, sealed};
use super::error::ConnectorError;
use super::field::text;
use super::login::{self, DEVICE, SECRET};
use super::settings::ConnectorSettings;
use crate::domain::instant::Mono;
use crate::net::SettingsFault;
use crate::net::escaped;
use crate::net::{HttpClient, wait_ms};
use crate::secret::{self, COMMAND_WITHIN_MS, Place, Secret, SecretError, write_owner_file};
use crate::time::SharedClock;
use said::Said;

/// The directory: its id, or one of its domains.
pub(super) const TENANT: &str = "tenant";
/// The application by which the backend is known there.
pub(super) const CLIENT_ID: &str = "client_id";
/// Where people and applications sign in.
pub(super) const LOGIN_URL: &str = "login_url";

/// The sign-in of the public cloud.
const PUBLIC_LOGIN: &str = "https://login.microsoftonline.com";
/// A token is renewed this long before its end, in seconds, or a tenth of its life before, whichever is shorter.
const EARLY_SECONDS: i64 = 300;
/// The life of a token whose end is not told, and the longest that is believed, in seconds.
const LIFE_SECONDS: i64 = 300;
const LIFE_MAX_SECONDS: i64 = 86_400;
/// How long a token that is still good is used on when it could not be renewed, in milliseconds.
const AGAIN_AFTER_MS: i64 = 30_000;

/// A directory that lends tokens for one audience.
pub(super) struct Entra {
    client: HttpClient,
    /// Below the address: `/TENANT/oauth2/v2.0/`.
    place: String,
    client_id: String,
    /// What the token is for: everything that was granted at an address.
    scope: String,
    way: Way,
    /// The connector, as a person names it.
    name: String,
    /// Held while it is renewed, so that it is renewed once.
    held: Mutex<Option<Held>>,
    clock: SharedClock,
}

/// How the backend signs in.
enum Way {
    /// As an application.
    Secret(Place),
    /// As a person; what renews the token is kept in this file.
    Device(PathBuf),
}

struct Held {
    token: Secret,
    renew_at: Mono,
    ends_at: Mono,
}

/// What in the settings cannot be used for signing in.
pub(super) fn faults(settings: &ConnectorSettings) -> Vec<SettingsFault> {
    let mut faults = Vec::new();
    let mut fault = |key, why: &str| faults.push(SettingsFault::new(key, why));
    match settings.option(TENANT) {
        None => fault(
            TENANT,
            "is missing: the id of the directory, or one of its domains",
        ),
        Some(tenant) if !is_name(tenant, ".-") => {
            fault(
                TENANT,
                "must be the id of a directory, or one of its domains",
            );
        }
        Some(_) => {}
    }
    match settings.option(CLIENT_ID) {
        None => fault(
            CLIENT_ID,
            "is missing: the id of the application by which warboard is registered",
        ),
        Some(id) if !is_uuid(id) => fault(
            CLIENT_ID,
            "must be the id of an application, as 00000000-0000-0000-0000-000000000000",
        ),
        Some(_) => {}
    }
    match settings.option(login::KEY) {
        Some(DEVICE) if login::kept_in(&settings.token).is_none() => fault(
            login::KEY,
            "by device needs a file to keep the sign-in in: write token_file, or leave it out",
        ),
        None | Some(SECRET | DEVICE) => {}
        Some(_) => fault(login::KEY, "must be secret or device"),
    }
    if let Some(Err(fault)) = settings.option(LOGIN_URL).map(|url| sealed(LOGIN_URL, url)) {
        faults.push(fault);
    }
    faults
}

/// Letters and digits, and a few others.
pub(super) fn is_name(text: &str, others: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    !text.is_empty() && text.len() <= 128 && text.chars().all(fits)
}

pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

impl Entra {
    /// Checks the settings.
    ///
    /// # Errors
    /// The key that cannot be used, and why.
    pub fn new(settings: &ConnectorSettings, clock: SharedClock) -> Result<Entra, SettingsFault> {
        if let Some(fault) = faults(settings).into_iter().next() {
            return Err(fault);
        }
        let option = |key: &str| settings.option(key).unwrap_or_default().to_owned();
        let url = settings.option(LOGIN_URL).unwrap_or(PUBLIC_LOGIN);
        let audience = Url::parse(&settings.url).map_err(|e| SettingsFault::new("url", e))?;
        let way = match (settings.option(login::KEY), login::kept_in(&settings.token)) {
            (Some(DEVICE), Some(path)) => Way::Device(path),
            _ => Way::Secret(settings.token.clone()),
        };
        Ok(Entra {
            client: client(LOGIN_URL, url, settings)?,
            place: format!("/{}/oauth2/v2.0/", escaped(&option(TENANT))),
            client_id: option(CLIENT_ID),
            scope: format!("{}/.default", audience.origin().ascii_serialization()),
            way,
            name: settings.name.clone(),
            held: Mutex::default(),
            clock,
        })
    }

    /// Whether somebody signs in for the backend.
    pub fn is_by_device(&self) -> bool {
        matches!(self.way, Way::Device(_))
    }

    /// A token that can be shown now.
    ///
    /// # Errors
    /// `Auth`: nobody has signed in, or the credentials are refused or cannot be read; `Transport`: the directory does not
    /// answer.
    pub async fn token(&self) -> Result<Secret, ConnectorError> {
        let mut held = self.held.lock().await;
        let now = self.clock.mono();
        if let Some(held) = held.as_ref().filter(|held| now < held.renew_at) {
            return Ok(held.token.clone());
        }
        match self.renewed().await {
            Ok(new) => Ok(held.insert(new).token.clone()),
            Err(error) => {
                let now = self.clock.mono();
                let Some(old) = held.as_mut().filter(|held| now < held.ends_at) else {
                    return Err(error);
                };
                tracing::warn!(
                    connector = self.name,
                    error = %error,
                    "a token could not be renewed before its end, and is used on"
                );
                old.renew_at = now + AGAIN_AFTER_MS;
                Ok(old.token.clone())
            }
        }
    }

    /// Forgets a token that was refused, unless another caller did and holds a new one.
    pub async fn refused(&self, token: &Secret) {
        let mut held = self.held.lock().await;
        if held.as_ref().is_some_and(|held| held.token == *token) {
            *held = None;
        }
    }

    async fn renewed(&self) -> Result<Held, ConnectorError> {
        let asked_at = self.clock.mono();
        let answer = match &self.way {
            Way::Secret(place) => {
                let limit = self.clock.sleep(COMMAND_WITHIN_MS);
                let secret = secret::read(place, limit).await;
                let secret = secret.map_err(|error| ConnectorError::Auth(error.to_string()))?;
                let form = [
                    ("grant_type", "client_credentials"),
                    ("scope", &self.scope),
                    ("client_secret", secret.expose()),
                ];
                let answer = self.post("token", &form).await?;
                answer.map_err(|said| said.of_secret(&self.client.place(), &secret))?
            }
            Way::Device(path) => self.by_kept(path).await?,
        };
        self.held_of(&answer, asked_at)
    }

    fn held_of(&self, answer: &Value, asked_at: Mono) -> Result<Held, ConnectorError> {
        let token = text(answer, &["access_token"]).ok_or_else(|| {
            let place = self.client.place();
            ConnectorError::Transport(format!(
                "{place} answered without a token; is {LOGIN_URL} right?"
            ))
        })?;
        let life = text(answer, &["expires_in"]).and_then(|life| life.parse::<i64>().ok());
        let life = life.unwrap_or(LIFE_SECONDS).clamp(0, LIFE_MAX_SECONDS);
        Ok(Held {
            token: Secret::new(token),
            renew_at: asked_at + (life - EARLY_SECONDS.min(life / 10)) * 1_000,
            ends_at: asked_at + life * 1_000,
        })
    }

    /// Renews by what was kept when somebody signed in; what is given in its place is kept.
    async fn by_kept(&self, path: &Path) -> Result<Value, ConnectorError> {
        let kept = secret::read_file(path).await.map_err(|error| {
            let nobody = matches!(&error, SecretError::Unreadable { cause, .. } if cause.kind() == ErrorKind::NotFound);
            ConnectorError::Auth(match nobody {
                true => format!(
                    "nobody has signed in for it: run  warboard connector login {}",
                    self.name
                ),
                false => error.to_string(),
            })
        })?;
        let form = [
            ("grant_type", "refresh_token"),
            ("scope", &*self.offline()),
            ("refresh_token", kept.expose()),
        ];
        let answer = self.post("token", &form).await?;
        let answer =
            answer.map_err(|said| said.of_device(&self.client.place(), &self.name, Some(&kept)))?;
        let new = text(&answer, &["refresh_token"]).filter(|new| new != kept.expose());
        // Somebody may have signed in anew meanwhile: theirs stays.
        let same = secret::read_file(path).await.is_ok_and(|now| now == kept);
        if let Some(new) = new.filter(|_| same)
            && let Err(error) = write_owner_file(path, new.as_bytes())
        {
            tracing::warn!(
                connector = self.name,
                path = %path.display(),
                %error,
                "a renewed sign-in could not be kept; the old one counts until it ends"
            );
        }
        Ok(answer)
    }

    /// What a person grants: the audience, and that it may be renewed.
    fn offline(&self) -> String {
        format!("{} offline_access", self.scope)
    }

    /// Sends a form. What the directory says no to is the inner error; what is nobody's no, the outer one.
    async fn post(
        &self,
        what: &str,
        form: &[(&str, &str)],
    ) -> Result<Result<Value, Said>, ConnectorError> {
        let mut body = format!("client_id={}", escaped(&self.client_id));
        for (key, value) in form {
            body.push_str(&format!("&{key}={}", escaped(value)));
        }
        let lost = |why: String| ConnectorError::Transport(why);
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let request = self
            .client
            .request(Method::POST, &format!("{}{what}", self.place))
            .map_err(|error| lost(error.to_string()))?
            .header(header::CONTENT_TYPE, form)
            .header(header::ACCEPT, HeaderValue::from_static("application/json"))
            .body(body);
        let sent = self.client.send(request, LIMITS).await;
        let answer = sent.map_err(|error| lost(error.to_string()))?;
        let (status, place) = (answer.status, self.client.place());
        let now = self.clock.now();
        let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
        match (status.as_u16(), body) {
            (429 | 503, _) => {
                let ms = wait_ms(&answer, now).unwrap_or(WAIT_MS);
                Err(ConnectorError::RateLimited {
                    retry_at: now + chrono::TimeDelta::milliseconds(ms),
                })
            }
            (200..=299, Some(body)) => Ok(Ok(body)),
            (400..=499, Some(body)) if text(&body, &["error"]).is_some() => {
                Ok(Err(Said::of(&body)))
            }
            (_, Some(_)) => Err(lost(format!("{place} answered {status}"))),
            (_, None) => Err(lost(format!(
                "{place} answered {status} with something that is no JSON; is {LOGIN_URL} right?"
            ))),
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
