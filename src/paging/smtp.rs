//! Handing a mail over, step by step, so that it is known what a failure means: before its text was sent it certainly did not
//! arrive. TLS by STARTTLS is required except to this machine. A taken mail is accepted, not read.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use futures::future::BoxFuture;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;

use super::mail::{Envelope, body, mail};
use super::message::PageMessage;
use super::settings::MailSettings;
use super::text::line;
use super::{Attempt, Route, Sent};
use crate::net::SettingsFault;
use crate::secret::{self, read_secret_file};
use crate::time::{SharedClock, timeout};

/// From connecting until the server wants the text, in milliseconds.
const READY_WITHIN_MS: i64 = 6_000;
/// From the text to the server's word that it has it, in milliseconds.
const TAKEN_WITHIN_MS: i64 = 3_500;
/// How long to wait for a goodbye, in milliseconds.
const QUIT_WITHIN_MS: i64 = 200;

/// A mail server.
pub struct Smtp {
    settings: MailSettings,
    envelope: Envelope,
    tls: TlsParameters,
    /// An authority was named for this server.
    authority: bool,
    clock: SharedClock,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place())
    }
}

/// Why a server is not ready for the text, and whether asking again may help.
struct Obstacle {
    why: String,
    for_good: bool,
}

impl Obstacle {
    fn here(why: impl ToString) -> Obstacle {
        Obstacle {
            why: why.to_string(),
            for_good: false,
        }
    }
}

impl Smtp {
    /// Checks addresses, authorities and password once; the password is read again for every attempt.
    ///
    /// # Errors
    /// One of them cannot be used.
    pub fn new(
        settings: MailSettings,
        ca_file: Option<PathBuf>,
        clock: SharedClock,
    ) -> Result<Smtp, SettingsFault> {
        let envelope = Envelope::new(&settings)?;
        if let Some(path) = &settings.password_file {
            read_secret_file(path).map_err(|error| SettingsFault::new("password_file", error))?;
        }
        let mut tls = TlsParameters::builder(settings.host.clone());
        if let Some(path) = &ca_file {
            let unusable = |why: String| {
                let why = format!(
                    "the authorities in {} cannot be read: {why}",
                    path.display()
                );
                SettingsFault::new("ca_file", why)
            };
            let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
            let authority =
                Certificate::from_pem(&pem).map_err(|error| unusable(error.to_string()))?;
            tls = tls
                .certificate_store(CertificateStore::None)
                .add_root_certificate(authority);
        }
        let tls = tls
            .build()
            .map_err(|error| SettingsFault::new("host", error))?;
        Ok(Smtp {
            settings,
            envelope,
            tls,
            authority: ca_file.is_some(),
            clock,
        })
    }

    fn place(&self) -> String {
        format!("{}:{}", self.settings.host, self.settings.port)
    }

    async fn within<T>(
        &self,
        ms: i64,
        work: impl Future<Output = Result<T, Obstacle>>,
    ) -> Result<T, Obstacle> {
        timeout(&*self.clock, ms, work)
            .await
            .unwrap_or_else(|_| Err(Obstacle::here("it did not answer in time")))
    }

    fn told(&self, obstacle: &Obstacle) -> String {
        format!("{}: {}", self.place(), obstacle.why)
    }

    /// A connection on which the server waits for the text.
    async fn ready(&self) -> Result<AsyncSmtpConnection, Obstacle> {
        let settings = &self.settings;
        let us = ClientId::default();
        let connecting = Duration::from_millis(READY_WITHIN_MS.unsigned_abs());
        let mut server = AsyncSmtpConnection::connect_tokio1(
            (settings.host.as_str(), settings.port),
            Some(connecting),
            &us,
            None,
            None,
        )
        .await
        .map_err(obstacle)?;
        // What never leaves the machine needs no certificate, unless an authority was named for it.
        let secured = self.authority || !is_loopback(&settings.host);
        if secured && server.can_starttls() {
            server
                .starttls(self.tls.clone(), &us)
                .await
                .map_err(obstacle)?;
        } else if secured {
            return Err(Obstacle {
                why: "it offers no STARTTLS, so nothing was sent: mail does not go in the clear"
                    .to_owned(),
                for_good: true,
            });
        }
        if let (Some(name), Some(path)) = (&settings.username, &settings.password_file) {
            let password = secret::read_file(path).await.map_err(Obstacle::here)?;
            let proof = Credentials::new(name.clone(), password.expose().to_owned());
            server
                .auth(DEFAULT_MECHANISMS, &proof)
                .await
                .map_err(obstacle)?;
        }
        let from = self.envelope.from.email.clone();
        server
            .command(Mail::new(Some(from), Vec::new()))
            .await
            .map_err(obstacle)?;
        self.address(&mut server).await?;
        server.command(Data).await.map_err(obstacle)?;
        Ok(server)
    }

    /// Names everybody; one address that is gone does not keep the page from the others.
    async fn address(&self, server: &mut AsyncSmtpConnection) -> Result<(), Obstacle> {
        let (mut taken, mut refused) = (0, None);
        for to in &self.envelope.to {
            let asked = Rcpt::new(to.email.clone(), Vec::new());
            match server.command(asked).await {
                Ok(_) => taken += 1,
                Err(error) if error.status().is_some() => {
                    let why = obstacle(error);
                    tracing::warn!(
                        server = self.place(),
                        why = why.why,
                        "a page's address was refused"
                    );
                    refused = Some(why);
                }
                Err(error) => return Err(obstacle(error)),
            }
        }
        match (taken, refused) {
            (0, Some(why)) => Err(why),
            _ => Ok(()),
        }
    }

    async fn attempt(&self, attempt: Attempt<'_>) -> Sent {
        let Some(mail) = mail(attempt.body, attempt.key, &self.envelope, attempt.repeat) else {
            return Sent::Failed("the stored page is no mail; page the team again".to_owned());
        };
        let mut server = match self.within(READY_WITHIN_MS, self.ready()).await {
            Ok(server) => server,
            Err(obstacle) if obstacle.for_good => return Sent::Failed(self.told(&obstacle)),
            Err(obstacle) => return Sent::not_taken(self.told(&obstacle)),
        };
        let text = mail.formatted();
        let taken = timeout(&*self.clock, TAKEN_WITHIN_MS, server.message(&text)).await;
        let sent = match taken {
            Ok(Ok(_)) => Sent::Accepted,
            Ok(Err(error)) => {
                let answered = error.status().is_some();
                let obstacle = obstacle(error);
                match (answered, obstacle.for_good) {
                    (true, true) => Sent::Failed(self.told(&obstacle)),
                    (true, false) => Sent::not_taken(self.told(&obstacle)),
                    (false, _) => Sent::Unknown(self.told(&obstacle)),
                }
            }
            Err(_) => Sent::Unknown(format!("{}: no answer to the text in time", self.place())),
        };
        // What the server thinks of the goodbye changes nothing.
        let _ = timeout(&*self.clock, QUIT_WITHIN_MS, server.abort()).await;
        sent
    }
}

impl Route for Smtp {
    fn body(&self, _key: &str, message: &PageMessage) -> Vec<u8> {
        body(message)
    }

    fn dedupes(&self) -> bool {
        false
    }

    fn send<'a>(&'a self, attempt: Attempt<'a>) -> BoxFuture<'a, Sent> {
        Box::pin(self.attempt(attempt))
    }
}

fn obstacle(error: Error) -> Obstacle {
    Obstacle {
        why: line(&error.to_string(), 200),
        for_good: error.is_permanent(),
    }
}

/// Whether mail to this host never leaves the machine.
fn is_loopback(host: &str) -> bool {
    let address = host.parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}
