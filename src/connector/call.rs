//! One call to a vendor: credentials read when needed, the answer's status judged as far as all vendors agree. What a
//! refusal's body says, each adapter reads itself.

use http::{HeaderValue, Method, StatusCode, header};
use serde_json::Value;

use std::sync::Arc;

use super::entra::Entra;
use super::error::ConnectorError;
use super::settings::ConnectorSettings;
use crate::domain::instant::Instant;
use crate::domain::text::SafeText;
use crate::net::SettingsFault;
use crate::net::{
    HttpClient, HttpSettings, Limits, NetAnswer, NetError, http_date, is_in_the_clear, url_place,
    wait_ms,
};
use crate::secret::{self, COMMAND_WITHIN_MS, Place, Secret};
use crate::time::SharedClock;

/// The longest one call may take, and the longest answer.
pub(super) const LIMITS: Limits = Limits {
    total_ms: 20_000,
    body_bytes: 8 << 20,
};
/// How long to wait where a service says "too many" and not how long.
pub(super) const WAIT_MS: i64 = 30_000;
/// How much of what the other side said is told on, in cells.
pub(super) const SAID_CELLS: usize = 160;

/// A way to a vendor.
pub(super) struct Line {
    client: HttpClient,
    credentials: Credentials,
    /// What stands before the credentials in the header: `Bearer `.
    scheme: &'static str,
    /// Sent with every call.
    headers: Vec<(&'static str, HeaderValue)>,
    clock: SharedClock,
}

/// What a call is made with.
enum Credentials {
    /// What stands in a place, for as long as it stands there.
    Kept(Place),
    /// What a directory gives for a while.
    Lent(Arc<Entra>),
}

/// An answer that is JSON, or a refusal of any form.
pub(super) struct JsonAnswer {
    pub status: StatusCode,
    /// When it was answered, by the other side's clock, if it tells.
    pub answered_at: Option<Instant>,
    /// Null where the body of a refusal is no JSON.
    pub body: Value,
}

impl Line {
    /// Checks the address. Credentials go over plain HTTP to this machine only.
    ///
    /// # Errors
    /// The address or a file of authorities cannot be used: the key and why.
    pub fn new(
        settings: &ConnectorSettings,
        scheme: &'static str,
        headers: Vec<(&'static str, HeaderValue)>,
        clock: SharedClock,
    ) -> Result<Line, SettingsFault> {
        Ok(Line {
            client: client("url", &settings.url, settings)?,
            credentials: Credentials::Kept(settings.token.clone()),
            scheme,
            headers,
            clock,
        })
    }

    /// The same with tokens that a directory gives: whoever is refused with one asks once more with a new one.
    ///
    /// # Errors
    /// As [`Line::new`].
    pub fn lent(
        settings: &ConnectorSettings,
        entra: Arc<Entra>,
        headers: Vec<(&'static str, HeaderValue)>,
        clock: SharedClock,
    ) -> Result<Line, SettingsFault> {
        let line = Line::new(settings, "Bearer ", headers, clock)?;
        let credentials = Credentials::Lent(entra);
        Ok(Line {
            credentials,
            ..line
        })
    }

    /// The address, without a slash at its end.
    pub fn base(&self) -> &str {
        self.client.base().as_str().trim_end_matches('/')
    }

    /// Reads.
    ///
    /// # Errors
    /// `Auth`, `Forbidden` and `RateLimited` as the other side answered; `Transport` for no answer or one that is none of
    /// its API's.
    pub async fn get(&self, path: &str) -> Result<JsonAnswer, ConnectorError> {
        self.ask(Method::GET, path, None).await
    }

    /// Asks. Whatever is not `GET` counts as a write: when its end is not known, it may have happened.
    ///
    /// # Errors
    /// As [`Line::get`]; for a write that may have happened `Unknown` in place of `Transport`.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<JsonAnswer, ConnectorError> {
        let secret = self.secret().await?;
        match (
            self.once(&method, path, body, &secret).await,
            &self.credentials,
        ) {
            // Nothing was done. It may have been taken back before its time.
            (Err(ConnectorError::Auth(_)), Credentials::Lent(entra)) => {
                entra.refused(&secret).await;
                let secret = self.secret().await?;
                self.once(&method, path, body, &secret).await
            }
            (answer, _) => answer,
        }
    }

    async fn once(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
        secret: &Secret,
    ) -> Result<JsonAnswer, ConnectorError> {
        let reads = *method == Method::GET;
        let mut request = self
            .client
            .request(method.clone(), path)
            .map_err(|error| ConnectorError::Transport(error.to_string()))?
            .header(header::AUTHORIZATION, self.sendable(secret)?);
        for (name, value) in &self.headers {
            request = request.header(*name, value.clone());
        }
        if let Some(body) = body {
            let bytes = serde_json::to_vec(body).unwrap_or_default();
            request = request
                .header(header::CONTENT_TYPE, "application/json")
                .body(bytes);
        }
        match self.client.send(request, LIMITS).await {
            Ok(answer) => self.judge(&answer, reads),
            Err(error) => Err(silence(&error, reads)),
        }
    }

    /// Asks with a body for what changes nothing: whatever becomes of it, nothing was done.
    ///
    /// # Errors
    /// As [`Line::get`].
    pub async fn query(&self, path: &str, body: &Value) -> Result<JsonAnswer, ConnectorError> {
        match self.ask(Method::POST, path, Some(body)).await {
            Err(ConnectorError::Unknown(why)) => Err(ConnectorError::Transport(why)),
            answer => answer,
        }
    }

    async fn secret(&self) -> Result<Secret, ConnectorError> {
        match &self.credentials {
            Credentials::Kept(place) => {
                let limit = self.clock.sleep(COMMAND_WITHIN_MS);
                let read = secret::read(place, limit).await;
                read.map_err(|error| ConnectorError::Auth(error.to_string()))
            }
            Credentials::Lent(entra) => entra.token().await,
        }
    }

    fn sendable(&self, secret: &Secret) -> Result<HeaderValue, ConnectorError> {
        let value = format!("{}{}", self.scheme, secret.expose());
        let mut value = HeaderValue::try_from(value).map_err(|_| {
            ConnectorError::Auth(
                "the credentials hold something that no header can carry; look at what was saved"
                    .to_owned(),
            )
        })?;
        value.set_sensitive(true);
        Ok(value)
    }

    fn judge(&self, answer: &NetAnswer, reads: bool) -> Result<JsonAnswer, ConnectorError> {
        let status = answer.status;
        let now = self.clock.now();
        let limited = |ms: i64| ConnectorError::RateLimited {
            retry_at: now + chrono::TimeDelta::milliseconds(ms),
        };
        let answered_at = answer.header("date").and_then(|text| http_date(text, now));
        let place = self.client.place();
        let lost = |why: String| match reads {
            true => ConnectorError::Transport(why),
            false => ConnectorError::Unknown(why),
        };
        match status.as_u16() {
            401 => Err(ConnectorError::Auth(format!(
                "{place} does not take the credentials (401){}",
                said(&answer.body)
            ))),
            403 => Err(ConnectorError::Forbidden(format!(
                "the credentials do not reach at {place} (403){}",
                said(&answer.body)
            ))),
            429 => Err(limited(wait_ms(answer, now).unwrap_or(WAIT_MS))),
            503 if reads && wait_ms(answer, now).is_some() => {
                Err(limited(wait_ms(answer, now).unwrap_or(WAIT_MS)))
            }
            500.. => Err(lost(format!("{place} answered {status}"))),
            300..=399 => Err(ConnectorError::Transport(format!(
                "{place} answered {status}, and redirects are not followed; write the address it leads to"
            ))),
            200..=299 => match serde_json::from_slice(&answer.body) {
                Ok(body) => Ok(JsonAnswer {
                    status,
                    answered_at,
                    body,
                }),
                Err(_) if answer.body.is_empty() => Ok(JsonAnswer {
                    status,
                    answered_at,
                    body: Value::Null,
                }),
                Err(_) => Err(lost(format!(
                    "{place} answered {status} with something that is no JSON; is the address that of its API?"
                ))),
            },
            _ => Ok(JsonAnswer {
                status,
                answered_at,
                body: serde_json::from_slice(&answer.body).unwrap_or_default(),
            }),
        }
    }
}

/// Whether it says that somebody else wrote meanwhile.
pub(super) fn is_conflict(heard: &JsonAnswer) -> bool {
    matches!(heard.status.as_u16(), 409 | 412)
}

/// An answer that says yes.
///
/// # Errors
/// `NotFound`: what was asked for is not there; `Invalid`: any other no, in its own words.
pub(super) fn good(heard: JsonAnswer, what: &str) -> Result<JsonAnswer, ConnectorError> {
    if heard.status.is_success() {
        return Ok(heard);
    }
    if matches!(heard.status.as_u16(), 404 | 410) {
        return Err(ConnectorError::NotFound(what.to_owned()));
    }
    Err(ConnectorError::Invalid {
        field: what.to_owned(),
        message: message(&heard.body).unwrap_or_else(|| format!("it answered {}", heard.status)),
    })
}

/// A client for one of the addresses of the settings. Credentials go over plain HTTP to this machine only.
///
/// # Errors
/// The address under this key, or the file of authorities, cannot be used.
pub(super) fn client(
    key: &'static str,
    url: &str,
    settings: &ConnectorSettings,
) -> Result<HttpClient, SettingsFault> {
    let http = HttpSettings {
        ca_file: settings.ca_file.clone(),
        proxy: settings.proxy.clone(),
        ..HttpSettings::default()
    };
    let client = HttpClient::new(url, &http).map_err(|error| SettingsFault::new(key, error))?;
    sealed(key, url).map(|()| client)
}

/// Whether credentials may be sent to an address; it is not called.
///
/// # Errors
/// The address under this key cannot be used, or what is sent there could be read on the way.
pub(super) fn sealed(key: &'static str, url: &str) -> Result<(), SettingsFault> {
    url_place(url).map_err(|error| SettingsFault::new(key, error))?;
    match is_in_the_clear(url) {
        true => Err(SettingsFault::new(
            key,
            "would send the credentials in the clear; write https://",
        )),
        false => Ok(()),
    }
}

fn silence(error: &NetError, reads: bool) -> ConnectorError {
    match reads || error.is_before_sending() {
        true => ConnectorError::Transport(error.to_string()),
        false => ConnectorError::Unknown(error.to_string()),
    }
}

/// What a refusal says for itself, in the forms vendors use; not a page made for a browser.
fn said(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    message(&body).map_or_else(String::new, |text| format!(": {text}"))
}

/// The words of a refusal's body, cut and cleaned.
pub(super) fn message(body: &Value) -> Option<String> {
    let paths: [&[&str]; 3] = [&["error", "message"], &["message"], &["detail"]];
    let of_list = || {
        let errors = super::field::items(body, &["errors"])?;
        errors
            .iter()
            .find_map(|error| super::field::text(error, &["message"]))
    };
    let mut text = paths
        .iter()
        .find_map(|path| super::field::text(body, path))
        .or_else(of_list)?;
    for more in super::field::items(body, &["error", "errors"]).unwrap_or_default() {
        if let Some(more) = more.as_str() {
            text.push_str("; ");
            text.push_str(more);
        }
    }
    Some(SafeText::line(&text).truncated(SAID_CELLS))
}
