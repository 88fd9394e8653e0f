//! `connector login`: signing in for a connector as a person. It shows a code, waits until somebody typed it, and leaves
//! what comes of it in a file that only the backend reads.

use super::{failed, made, named};
use crate::cli::environment::clock;
use crate::cli::exit::{DONE, Failure, Outcome};
use crate::cli::output::Output;
use crate::config::ServerFile;

pub(super) async fn login(file: ServerFile, name: String) -> Outcome {
    let settings = named(&file, &name)?;
    let (output, clock) = (Output::default(), clock());
    let connector = made(settings, &clock)?;
    let Some(login) = connector.login() else {
        return Err(Failure::usage(format!(
            "nobody signs in for connector '{name}': its credentials stand in the backend's file"
        )));
    };
    let failed = |error| failed(settings, &error);
    let prompt = login.begin().await.map_err(failed)?;
    output.line(&format!("open {} and type {}", prompt.address, prompt.code));
    output.note(&format!(
        "it counts for {} minutes; this waits until you did",
        (prompt.within_s / 60).max(1)
    ));
    let path = login.finish(&prompt).await.map_err(failed)?;
    output.note(&format!(
        "signed in for connector '{name}': kept in {}; a running backend takes it up by itself",
        path.display()
    ));
    Ok(DONE)
}
