//! What the process was given besides its arguments: variables, and the runtime that a subcommand runs in.
//! The one place of the command line that reads the environment.

use std::future::Future;
use std::sync::Arc;

use super::exit::Failure;
use crate::time::{SharedClock, SystemClock};

/// A variable, if it is set to something.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Who runs this, as the record names people: the login name, cut to what a name may be.
pub fn person() -> String {
    let login = ["USER", "LOGNAME"].iter().find_map(|name| variable(name));
    let kept: String = login
        .unwrap_or_default()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))
        .take(60)
        .collect();
    match kept.is_empty() {
        true => "local".to_owned(),
        false => kept,
    }
}

/// Whether the locale says that the terminal takes more than ASCII; what is not set says nothing.
pub fn is_utf8() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| variable(name));
    locale.is_none_or(|locale| {
        let locale = locale.to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// Runs a subcommand to its end on `threads` worker threads.
///
/// # Errors
/// The system gives this process no threads.
pub fn block_on<F: Future>(threads: usize, work: F) -> Result<F::Output, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name("warboard")
        .max_blocking_threads(8)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("this process cannot start its threads: {error}")))?;
    let output = runtime.block_on(work);
    // What still waits, such as a name server, must not hold the exit up.
    runtime.shutdown_background();
    Ok(output)
}

/// The machine's clocks.
pub fn clock() -> SharedClock {
    Arc::new(SystemClock::new())
}
