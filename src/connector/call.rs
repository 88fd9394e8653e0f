//! One call to a vendor: credentials read when needed, the answer's status judged as far as all vendors agree. What a
//! refusal's body says, each adapter reads itself.

use http::{HeaderValue, Method, StatusCode, header};
use serde_json::Value;

use super::credential;
use super::error::ConnectorError;
use super::settings::{ConnectorSettings, SettingsFault, TokenPlace};
use crate::domain::text::SafeText;
use crate::net::{HttpClient, HttpSettings, Limits, NetAnswer, NetError, is_loopback_url, wait_ms};
use crate::secret::Secret;
use crate::time::SharedClock;

/// The longest one call may take, and the longest answer.
const LIMITS: Limits = Limits {
    total_ms: 20_000,
    body_bytes: 8 << 20,
};
/// How long to wait where a service says "too many" and not how long.
const WAIT_MS: i64 = 30_000;
/// How much of what the other side said is told on, in cells.
const SAID_CELLS: usize = 160;

/// A way to a vendor.
pub(super) struct Line {
    client: HttpClient,
    token: TokenPlace,
    /// What stands before the credentials in the header: `Bearer `.
    scheme: &'static str,
    /// Sent with every call.
    headers: Vec<(&'static str, HeaderValue)>,
    clock: SharedClock,
}

/// An answer that is JSON, or a refusal of any form.
pub(super) struct Heard {
    pub status: StatusCode,
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
        let http = HttpSettings {
            ca_file: settings.ca_file.clone(),
            ..HttpSettings::default()
        };
        let client = HttpClient::new(&settings.url, &http)
            .map_err(|error| SettingsFault::new("url", error))?;
        if client.base().scheme() == "http" && !is_loopback_url(client.base()) {
            let why = "would send the credentials in the clear; write https://";
            return Err(SettingsFault::new("url", why));
        }
        Ok(Line {
            client,
            token: settings.token.clone(),
            scheme,
            headers,
            clock,
        })
    }

    /// The address, without a slash at its end.
    pub fn base(&self) -> &str {
        self.client.base().as_str().trim_end_matches('/')
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Result<Heard, ConnectorError> {
        self.ask(Method::GET, path, None).await
    }

    /// Asks. Whatever is not `GET` counts as a write: when its end is not known, it may have happened.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Heard, ConnectorError> {
        let reads = method == Method::GET;
        let credentials = self.credentials().await?;
        let mut request = self
            .client
            .request(method, path)
            .map_err(|error| ConnectorError::Transport(error.to_string()))?
            .header(header::AUTHORIZATION, credentials);
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

    async fn credentials(&self) -> Result<HeaderValue, ConnectorError> {
        let secret = credential::read(&self.token, &self.clock).await;
        let secret = secret.map_err(ConnectorError::Auth)?;
        self.sendable(&secret)
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

    fn judge(&self, answer: &NetAnswer, reads: bool) -> Result<Heard, ConnectorError> {
        let status = answer.status;
        let now = self.clock.now();
        let limited = |ms: i64| ConnectorError::RateLimited {
            retry_at: now + chrono::TimeDelta::milliseconds(ms),
        };
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
                Ok(body) => Ok(Heard { status, body }),
                Err(_) if answer.body.is_empty() => Ok(Heard {
                    status,
                    body: Value::Null,
                }),
                Err(_) => Err(lost(format!(
                    "{place} answered {status} with something that is no JSON; is the address that of its API?"
                ))),
            },
            _ => Ok(Heard {
                status,
                body: serde_json::from_slice(&answer.body).unwrap_or_default(),
            }),
        }
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
    let mut text = paths
        .iter()
        .find_map(|path| super::field::text(body, path))?;
    for more in super::field::items(body, &["error", "errors"]).unwrap_or_default() {
        if let Some(more) = more.as_str() {
            text.push_str("; ");
            text.push_str(more);
        }
    }
    Some(SafeText::line(&text).truncated(SAID_CELLS))
}
