//! Where a secret is kept, and reading it from there without holding up anybody else. What it is shown to, or compared with,
//! each caller knows.

use std::future::Future;
use std::path::{Path, PathBuf};

use super::Secret;
use super::read::{SecretError, command_words, read_secret_command, read_secret_file};

/// How long a command may take to print a secret, in milliseconds.
pub const COMMAND_WITHIN_MS: i64 = 10_000;

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The secret itself.
    Given(Secret),
    /// In a file that only its owner may read.
    File(PathBuf),
    /// Printed by a command, which is run without a shell.
    Command(String),
    /// In a variable, with what it held at the start.
    Variable { name: String, value: Option<Secret> },
}

/// Reads it. A command is stopped when `limit` ends.
///
/// # Errors
/// Why it cannot be read, as a sentence without the secret.
pub async fn read(place: &Place, limit: impl Future<Output = ()>) -> Result<Secret, SecretError> {
    match place {
        Place::Given(secret) => Ok(secret.clone()),
        Place::File(path) => read_file(path).await,
        Place::Command(line) => read_secret_command(&command_words(line), limit).await,
        Place::Variable { name, value } => value
            .clone()
            .ok_or_else(|| SecretError::Unset { name: name.clone() }),
    }
}

/// Reads the secret in a file on a thread of its own: it may lie on a network that hangs.
///
/// # Errors
/// As [`read_secret_file`].
pub async fn read_file(path: &Path) -> Result<Secret, SecretError> {
    let of = path.to_owned();
    match tokio::task::spawn_blocking(move || read_secret_file(&of)).await {
        Ok(read) => read,
        Err(ended) => Err(SecretError::Unreadable {
            path: path.to_owned(),
            cause: std::io::Error::other(ended.to_string()),
        }),
    }
}

/// The same where there is a file; without one there is no secret.
///
/// # Errors
/// As [`read_secret_file`].
pub async fn read_given(path: Option<&Path>) -> Result<Option<Secret>, SecretError> {
    match path {
        Some(path) => read_file(path).await.map(Some),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_secret_is_read_from_wherever_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        super::super::write_owner_file(&path, b"hunter2").unwrap();
        let secret = Secret::new("hunter2");
        let variable = |value: Option<Secret>| Place::Variable {
            name: "TOKEN".to_owned(),
            value,
        };
        for place in [
            Place::Given(secret.clone()),
            Place::File(path.clone()),
            Place::Command("printf hunter2".to_owned()),
            variable(Some(secret.clone())),
        ] {
            let read = read(&place, std::future::pending()).await;
            assert_eq!(read.unwrap(), secret, "{place:?}");
        }
        let why = |error: SecretError| error.to_string();
        let unset = read(&variable(None), std::future::pending()).await;
        assert_eq!(why(unset.unwrap_err()), "the variable TOKEN is not set");
        let gone = Place::File(folder.path().join("gone"));
        let gone = read(&gone, std::future::pending()).await;
        assert!(why(gone.unwrap_err()).contains("gone"));
    }
}
