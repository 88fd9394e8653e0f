//! Credentials, read when they are needed from where the file says they are. What they are shown to, or compared with, each
//! caller knows.

use super::settings::TokenPlace;
use crate::secret::{Secret, command_words, read_secret_command, read_secret_file};
use crate::time::SharedClock;

/// How long a command may take to print credentials, in milliseconds.
const COMMAND_WITHIN_MS: i64 = 10_000;

/// Reads them.
///
/// # Errors
/// Why they cannot be read, as a sentence without the secret.
pub async fn read(place: &TokenPlace, clock: &SharedClock) -> Result<Secret, String> {
    match place {
        TokenPlace::File(path) => read_secret_file(path).map_err(|error| error.to_string()),
        TokenPlace::Command(line) => {
            let limit = clock.sleep(COMMAND_WITHIN_MS);
            read_secret_command(&command_words(line), limit)
                .await
                .map_err(|error| error.to_string())
        }
        TokenPlace::Variable { name, value } => value
            .clone()
            .ok_or_else(|| format!("the variable {name} is not set")),
    }
}
