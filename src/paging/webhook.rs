//! A page as signed JSON to any address, after the Standard Webhooks convention: `webhook-id`, `webhook-timestamp` and
//! `webhook-signature`, an HMAC-SHA256 over `id.timestamp.body`. Any 2xx means that the other side has it.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Method, StatusCode, header};
use sha2::Sha256;

use super::settings::{RouteSettings, SettingsFault};
use super::{Route, Sent};
use crate::domain::instant::Instant;
use crate::net::{HttpClient, HttpSettings, Limits, NetAnswer, Reach};
use crate::secret::{Secret, read_secret_file};

/// The longest one attempt may take.
const LIMITS: Limits = Limits {
    total_ms: 10_000,
    body_bytes: 64 * 1024,
};
/// The longest wait that another side may ask for.
const RETRY_AFTER_MAX_MS: i64 = 120_000;

/// A signed webhook.
#[derive(Debug)]
pub struct Webhook {
    client: HttpClient,
    secret_file: Option<PathBuf>,
}

impl Webhook {
    /// Checks address and secret once; the secret is read again for every attempt, so that it can be replaced.
    ///
    /// # Errors
    /// The address is none, or the secret cannot be read.
    pub fn new(settings: &RouteSettings) -> Result<Webhook, SettingsFault> {
        let fault = |key, why: String| SettingsFault { key, why };
        let http = HttpSettings {
            ca_file: settings.ca_file.clone(),
            reach: Reach::AsWritten,
            ..HttpSettings::default()
        };
        let client = HttpClient::new(&settings.url, &http)
            .map_err(|error| fault("url", error.to_string()))?;
        if let Some(path) = &settings.secret_file {
            read_secret_file(path).map_err(|error| fault("secret_file", error.to_string()))?;
        }
        Ok(Webhook {
            client,
            secret_file: settings.secret_file.clone(),
        })
    }

    async fn attempt(&self, key: &str, body: &[u8], now: Instant) -> Sent {
        let not_sent = |why: String| Sent::NotSent {
            why,
            retry_after_ms: None,
        };
        let timestamp = now.timestamp().to_string();
        let request = match self.client.request(Method::POST, "") {
            Ok(request) => request,
            Err(error) => return not_sent(error.to_string()),
        };
        let mut request = request
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", key)
            .header("webhook-id", key)
            .header("webhook-timestamp", &timestamp);
        if let Some(path) = &self.secret_file {
            let secret = match read_secret_file(path) {
                Ok(secret) => secret,
                Err(error) => return not_sent(error.to_string()),
            };
            request = request.header(
                "webhook-signature",
                signature(&secret, key, &timestamp, body),
            );
        }
        match self.client.send(request.body(body.to_vec()), LIMITS).await {
            Ok(answer) => judged(&answer, now),
            Err(error) if error.is_before_sending() => not_sent(error.to_string()),
            Err(error) => Sent::Unknown(error.to_string()),
        }
    }
}

impl Route for Webhook {
    fn send<'a>(&'a self, key: &'a str, body: &'a [u8], now: Instant) -> BoxFuture<'a, Sent> {
        Box::pin(self.attempt(key, body, now))
    }
}

/// `v1,<base64>`: what a receiver computes again over the bytes it got. A secret written `whsec_...` is base64.
pub fn signature(secret: &Secret, id: &str, timestamp: &str, body: &[u8]) -> String {
    let text = secret.expose();
    let packed = text
        .strip_prefix("whsec_")
        .and_then(|packed| STANDARD.decode(packed).ok());
    let key = packed.unwrap_or_else(|| text.as_bytes().to_vec());
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else {
        // HMAC takes keys of any length.
        return String::new();
    };
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

fn judged(answer: &NetAnswer, now: Instant) -> Sent {
    let status = answer.status;
    let why = || format!("it answered {status}");
    if status.is_success() {
        return Sent::Accepted;
    }
    let later = [
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::TOO_EARLY,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    if status.is_server_error() || later.contains(&status) {
        return Sent::NotSent {
            why: why(),
            retry_after_ms: answer
                .header("retry-after")
                .and_then(|text| retry_after_ms(text, now)),
        };
    }
    Sent::Refused(format!("{}: look at the route's address and secret", why()))
}

/// Seconds, or an instant as HTTP writes it (RFC 9110, 10.2.3); never longer than two minutes.
pub fn retry_after_ms(text: &str, now: Instant) -> Option<i64> {
    let text = text.trim();
    let ms = match text.parse::<i64>() {
        Ok(seconds) => seconds.checked_mul(1000)?,
        Err(_) => {
            let at = chrono::DateTime::parse_from_rfc2822(text).ok()?;
            (at.to_utc() - now).num_milliseconds()
        }
    };
    Some(ms.clamp(0, RETRY_AFTER_MAX_MS))
}
