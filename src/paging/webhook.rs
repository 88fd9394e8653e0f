//! A page as signed JSON to any address, after the Standard Webhooks convention: `webhook-id`, `webhook-timestamp` and
//! `webhook-signature`, an HMAC-SHA256 over `id.timestamp.body`. Any 2xx means that the other side has it.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::message::PageMessage;
use super::post::Post;
use super::settings::Address;
use super::{Attempt, Route, Sent};
use crate::net::SettingsFault;
use crate::secret::{self, Secret, read_secret_file};

/// A signed webhook.
#[derive(Debug)]
pub struct Webhook {
    post: Post,
    secret_file: Option<PathBuf>,
}

impl Webhook {
    /// Checks address and secret once; the secret is read again for every attempt, so that it can be replaced.
    ///
    /// # Errors
    /// The address is none, or the secret cannot be read.
    pub fn new(
        url: &str,
        secret_file: Option<PathBuf>,
        ca_file: Option<PathBuf>,
    ) -> Result<Webhook, SettingsFault> {
        let post = Post::new(&Address::Written(url.to_owned()), ca_file)?;
        if let Some(path) = &secret_file {
            read_secret_file(path).map_err(|error| SettingsFault::new("secret_file", error))?;
        }
        Ok(Webhook { post, secret_file })
    }

    async fn attempt(&self, attempt: Attempt<'_>) -> Sent {
        let timestamp = attempt.now.timestamp().to_string();
        let secret = match secret::read_given(self.secret_file.as_deref()).await {
            Ok(secret) => secret,
            Err(error) => return Sent::not_taken(error),
        };
        let (key, body) = (attempt.key, attempt.body);
        let signed = secret
            .as_ref()
            .map(|secret| signature(secret, key, &timestamp, body));
        let hidden: Vec<&str> = secret.iter().map(Secret::expose).collect();
        self.post
            .send(body.to_vec(), &hidden, attempt.now, |request| {
                let request = request
                    .header("idempotency-key", key)
                    .header("webhook-id", key)
                    .header("webhook-timestamp", &timestamp);
                match signed {
                    Some(signed) => request.header("webhook-signature", signed),
                    None => request,
                }
            })
            .await
    }
}

impl Route for Webhook {
    fn body(&self, _key: &str, message: &PageMessage) -> Vec<u8> {
        message.body()
    }

    fn dedupes(&self) -> bool {
        true
    }

    fn send<'a>(&'a self, attempt: Attempt<'a>) -> BoxFuture<'a, Sent> {
        Box::pin(self.attempt(attempt))
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
