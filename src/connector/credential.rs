//! Credentials as the settings place them: in a file, behind a command, in a variable. They are read when they are needed,
//! so that a new one counts without a restart.

use super::error::ConnectorError;
use super::settings::TokenPlace;
use crate::secret::{Secret, command_words, read_secret_command, read_secret_file};
use crate::time::SharedClock;

/// How long a command may take to print credentials, in milliseconds.
const COMMAND_WITHIN_MS: i64 = 10_000;

/// Reads what stands in a place.
///
/// # Errors
/// `Auth`, with what is wrong there.
pub(super) async fn read(
    place: &TokenPlace,
    clock: &SharedClock,
) -> Result<Secret, ConnectorError> {
    let unread = |why: String| ConnectorError::Auth(why);
    match place {
        TokenPlace::File(path) => read_secret_file(path).map_err(|e| unread(e.to_string())),
        TokenPlace::Command(line) => {
            let limit = clock.sleep(COMMAND_WITHIN_MS);
            read_secret_command(&command_words(line), limit)
                .await
                .map_err(|e| unread(e.to_string()))
        }
        TokenPlace::Variable { name, value } => value
            .clone()
            .ok_or_else(|| unread(format!("the variable {name} is not set"))),
    }
}
