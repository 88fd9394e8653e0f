//! `config`: the settings in force and where each comes from, and whether the files are right.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::args::BoardFlags;
use super::environment::variable;
use super::exit::{DONE, Outcome};
use super::output::Output;
use super::store::{self, StorePlace};
use crate::config::{ServerFile, Settings};

/// Flags of `config`.
#[derive(Debug, ClapArgs)]
pub struct ConfigArgs {
    #[command(subcommand)]
    pub action: ConfigAction,
}

/// What may be done with settings.
#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// Print the settings in force, secrets as ***
    Show(BoardFlags),
    /// Check the settings, and the backend's file if there is one
    Check {
        #[command(flatten)]
        flags: BoardFlags,
        /// The backend's own file
        #[arg(long, value_name = "FILE")]
        server: Option<PathBuf>,
    },
}

pub fn run(args: ConfigArgs) -> Outcome {
    let output = Output::default();
    match args.action {
        ConfigAction::Show(flags) => {
            let settings = Settings::load(&flags.flags(), &variable)?;
            for line in settings.show().lines() {
                output.line(line);
            }
            if variable(store::VARIABLE).is_some() {
                let shown = StorePlace::find(None)?.shown();
                output.line(&format!("# store = \"{shown}\", of {}", store::VARIABLE));
            }
        }
        ConfigAction::Check { flags, server } => {
            let settings = Settings::load(&flags.flags(), &variable)?;
            let file = ServerFile::load(server.as_deref(), &variable)?;
            output.line(&format!(
                "good: {} sources, {} services, {} teams",
                settings.sources.len(),
                file.directory.services.len(),
                file.directory.teams.len()
            ));
        }
    }
    Ok(DONE)
}
