//! Signing in by a device code: asks for one, and asks on until somebody typed it, at the pace that the directory wants.

use std::path::{Path, PathBuf};

use super::{Entra, Way};
use crate::connector::error::ConnectorError;
use crate::connector::field::text;
use crate::connector::login::{Login, Prompt};
use crate::connector::port::Answer;
use crate::domain::text::SafeText;
use crate::secret::{Secret, write_owner_file};

/// How long a code counts, and how often it is asked for, where that is not told, in seconds (RFC 8628, 3.2).
const WITHIN_SECONDS: i64 = 900;
const EVERY_SECONDS: i64 = 5;
/// How much longer to wait after `slow_down`, in seconds (RFC 8628, 3.5).
const SLOWER_SECONDS: i64 = 5;
/// How much of an address and of a code is shown, in cells.
const SHOWN_CELLS: usize = 200;

impl Entra {
    async fn asked(&self, prompt: &Prompt, path: &Path) -> Result<PathBuf, ConnectorError> {
        let ends_at = self.clock.mono() + prompt.within_s * 1_000;
        let mut every_s = prompt.every_s;
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", prompt.ticket.expose()),
        ];
        let late = || {
            ConnectorError::Auth(
                "nobody typed the code in time; run it again for a new one".to_owned(),
            )
        };
        loop {
            self.clock.sleep(every_s * 1_000).await;
            if self.clock.mono() > ends_at {
                return Err(late());
            }
            let said = match self.post("token", &form).await {
                Ok(Ok(answer)) => {
                    let kept = text(&answer, &["refresh_token"]).ok_or_else(|| {
                        ConnectorError::Auth(
                            "it gives nothing that the backend could renew: the application must be allowed offline_access".to_owned(),
                        )
                    })?;
                    let keep = write_owner_file(path, kept.as_bytes());
                    keep.map_err(|error| {
                        ConnectorError::Transport(format!(
                            "cannot keep the sign-in in {}: {error}",
                            path.display()
                        ))
                    })?;
                    *self.held.lock().await = None;
                    return Ok(path.to_owned());
                }
                Ok(Err(said)) => said,
                // The code counts on; whoever typed it shall not have typed it for nothing.
                Err(ConnectorError::RateLimited { .. } | ConnectorError::Transport(_)) => {
                    every_s += SLOWER_SECONDS;
                    continue;
                }
                Err(error) => return Err(error),
            };
            match said.word.as_str() {
                "authorization_pending" => {}
                "slow_down" => every_s += SLOWER_SECONDS,
                "expired_token" | "code_expired" => return Err(late()),
                "access_denied" | "authorization_declined" => {
                    return Err(ConnectorError::Auth(
                        "whoever typed the code said no; run it again if that was not meant"
                            .to_owned(),
                    ));
                }
                _ => {
                    return Err(said.of_device(
                        &self.client.place(),
                        &self.name,
                        Some(&prompt.ticket),
                    ));
                }
            }
        }
    }
}

impl Login for Entra {
    fn begin(&self) -> Answer<'_, Prompt> {
        Box::pin(async move {
            let scope = self.offline();
            let answer = self.post("devicecode", &[("scope", &scope)]).await?;
            let place = self.client.place();
            let answer = answer.map_err(|said| said.of_device(&place, &self.name, None))?;
            let shown = |keys: &[&str]| {
                let found = keys.iter().find_map(|key| text(&answer, &[key]))?;
                Some(SafeText::line(&found).truncated(SHOWN_CELLS))
            };
            let number = |key: &str, usual: i64, most: i64| {
                let told = text(&answer, &[key]).and_then(|told| told.parse().ok());
                told.unwrap_or(usual).clamp(1, most)
            };
            let (Some(address), Some(code), Some(ticket)) = (
                shown(&["verification_uri", "verification_url"]),
                shown(&["user_code"]),
                text(&answer, &["device_code"]),
            ) else {
                return Err(ConnectorError::Transport(format!(
                    "{place} answered without a code to type"
                )));
            };
            Ok(Prompt {
                address,
                code,
                within_s: number("expires_in", WITHIN_SECONDS, 3_600),
                every_s: number("interval", EVERY_SECONDS, 60),
                ticket: Secret::new(ticket),
            })
        })
    }

    fn finish<'a>(&'a self, prompt: &'a Prompt) -> Answer<'a, PathBuf> {
        Box::pin(async move {
            match &self.way {
                Way::Device(path) => self.asked(prompt, path).await,
                Way::Secret(_) => Err(ConnectorError::Invalid {
                    field: "login".to_owned(),
                    message: "this connector signs in with a secret of its own".to_owned(),
                }),
            }
        })
    }
}
