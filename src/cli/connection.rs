//! Which backend a subcommand speaks to, and with which token: `--url`, the settings, or the backend that a board on this
//! machine has started for itself.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::environment::{clock, variable};
use super::exit::{Failure, UNREACHABLE};
use super::output::Output;
use crate::client::{Api, ApiError, SourceSettings};
use crate::config::backend_json::{self, BackendFile};
use crate::config::{Flags, Settings, SourceEntry, TokenEntry, data_home};
use crate::domain::word::Via;
use crate::secret::{Place, Secret};
use crate::time::SharedClock;

/// Where to, for subcommands that speak to a backend.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct Reach {
    /// The backend; default: the configured one, or the one that a board here runs
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Print the API's own body
    #[arg(long)]
    pub json: bool,
    /// Certificate authorities to trust in place of the system's, PEM
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Speak to a backend on another machine in the clear too: everybody on the way reads the token
    #[arg(long)]
    pub insecure: bool,
    /// Read this file instead of the default one
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Set for a guest at a door, in place of what flags, settings and streams say.
    #[arg(skip)]
    pub given: Option<Given>,
}

/// Where a guest's command asks, and where it prints.
#[derive(Debug, Clone)]
pub struct Given {
    pub apis: Vec<Api>,
    pub output: Output,
}

/// A source as the client takes it; `None` where no token is known.
fn client_settings(entry: &SourceEntry) -> Option<SourceSettings> {
    let token = match &entry.token {
        TokenEntry::Given(secret) => Place::Given(secret.clone()),
        TokenEntry::File(path) => Place::File(path.clone()),
        TokenEntry::Command(line) => Place::Command(line.clone()),
        TokenEntry::None => return None,
    };
    Some(SourceSettings {
        name: entry.name.clone(),
        url: entry.url.clone(),
        token,
        ca_file: entry.ca_file.clone(),
    })
}

/// Clients for all sources of the settings.
///
/// # Errors
/// A source without a token, or one whose address cannot be used.
pub fn apis(settings: &Settings, clock: &SharedClock, via: Via) -> Result<Vec<Api>, Failure> {
    let api = |entry: &SourceEntry| {
        let settings = client_settings(entry).ok_or_else(|| {
            Failure::usage(format!(
                "no token for {}: set WARBOARD_TOKEN, or token_file or token_command of its [[source]]",
                entry.name
            ))
        })?;
        Api::new(&settings, clock, via).map_err(Failure::from)
    };
    settings.sources.iter().map(api).collect()
}

/// The client for the backend that a board on this machine runs.
///
/// # Errors
/// The address that the file names cannot be used.
pub fn local(file: &BackendFile, clock: &SharedClock, via: Via) -> Result<Api, ApiError> {
    let settings = SourceSettings {
        name: "local".to_owned(),
        url: file.url.clone(),
        token: Place::Given(Secret::new(file.token.expose())),
        ca_file: None,
    };
    Api::new(&settings, clock, via)
}

/// Where a board keeps the backend that it runs itself.
pub fn backend_file() -> PathBuf {
    backend_json::path(&data_home(&variable))
}

impl Reach {
    /// Where to print.
    pub fn output(&self) -> Output {
        let given = self.given.as_ref();
        given.map(|given| given.output.clone()).unwrap_or_default()
    }

    /// The backends that this may mean.
    ///
    /// # Errors
    /// Settings that cannot be read, no token, or no backend at all.
    pub fn candidates(&self, via: Via) -> Result<Vec<Api>, Failure> {
        if let Some(given) = &self.given {
            return Ok(given.apis.clone());
        }
        let flags = Flags {
            urls: self.url.iter().cloned().collect(),
            ca_file: self.ca_file.clone(),
            insecure: self.insecure,
            config: self.config.clone(),
            ..Flags::default()
        };
        let settings = Settings::load(&flags, &variable)?;
        let clock = clock();
        if !settings.sources.is_empty() {
            return apis(&settings, &clock, via);
        }
        match backend_json::read(&backend_file()) {
            Some(file) => Ok(vec![local(&file, &clock, via)?]),
            None => Err(Failure {
                code: UNREACHABLE,
                sentence: "no backend is known: give --url, name one in the settings, or start a board or  warboard serve".to_owned(),
            }),
        }
    }

    /// The one backend.
    ///
    /// # Errors
    /// As `candidates`, or there are several.
    pub fn one(&self, via: Via) -> Result<Api, Failure> {
        let mut apis = self.candidates(via)?;
        let names: Vec<&str> = apis.iter().map(Api::name).collect();
        let several = Failure::usage(format!(
            "several backends are configured ({}): choose one with --url",
            names.join(", ")
        ));
        match (apis.pop(), apis.is_empty()) {
            (Some(api), true) => Ok(api),
            _ => Err(several),
        }
    }

    /// The backend that has this incident: with several, each is asked.
    ///
    /// # Errors
    /// As `candidates`, or none has it.
    pub async fn of_incident(&self, id: &str, via: Via) -> Result<Api, Failure> {
        let mut apis = self.candidates(via)?;
        if let (1, Some(api)) = (apis.len(), apis.pop()) {
            return Ok(api);
        }
        let mut last = None;
        for api in self.candidates(via)? {
            match api.incident(id).await {
                Ok(_) => return Ok(api),
                Err(error) => last = Some(error),
            }
        }
        match last {
            Some(error) if !matches!(error, ApiError::NotFound) => Err(error.into()),
            _ => Err(Failure::new(format!(
                "no configured backend has the incident {id}: look for it with  warboard list"
            ))),
        }
    }
}

/// A piece of a path, with what would end it escaped.
pub fn segment(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte))
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// A fresh key for one command, kept over its repeats.
pub fn fresh_key() -> String {
    uuid::Uuid::now_v7().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_cannot_leave_its_place() {
        assert_eq!(segment("AZ-142"), "AZ-142");
        assert_eq!(segment("../x?y#z"), "..%2Fx%3Fy%23z");
    }
}
