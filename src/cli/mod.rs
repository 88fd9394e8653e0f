//! The command line: one file a subcommand. Each reads its flags, chooses adapters, starts things and chooses the exit code.
//! What a command means is decided on the lower floors.

mod args;
mod ask;
mod backup;
mod board;
mod catalogue;
mod clocks;
mod completions;
mod config_show;
mod connection;
mod connector;
mod demo;
mod display;
mod doctor;
mod doctor_paging;
mod embedded;
mod environment;
mod exit;
mod export;
#[cfg(test)]
mod fixture;
mod given;
mod import;
mod init;
mod list;
pub mod log;
mod logins;
mod once;
mod open;
mod output;
mod regimes;
mod serve;
mod show;
mod ssh;
mod store;
mod teams;
mod themes;
mod token;
mod verb;
mod verify;

use std::ffi::OsString;

use clap::Parser;

use crate::session::Restorer;
use args::{Args, Sub};
use exit::Outcome;
use output::Output;

/// A command line that was understood.
#[derive(Debug)]
pub struct Invocation(Args);

/// Reads the arguments, the program's name first.
///
/// # Errors
/// What is to be printed instead: a fault in the arguments, help, or the version. The exit code stands in it.
pub fn parse(
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> Result<Invocation, clap::Error> {
    Args::try_parse_from(arguments).map(Invocation)
}

impl Invocation {
    /// Whether the log may go to standard error: while a board stands on the terminal it may not.
    pub fn logs(&self) -> bool {
        matches!(&self.0.command, Some(Sub::Serve(_) | Sub::SshServe(_)))
    }

    /// The form of the log, where one was asked for.
    pub fn log_format(&self) -> Option<log::LogFormat> {
        match &self.0.command {
            Some(Sub::Serve(args)) => args.log_format,
            _ => None,
        }
    }

    /// Carries it out; gives the exit code. `restorer` is what a panic gives the terminal back with.
    pub fn run(self, restorer: &Restorer) -> i32 {
        match dispatch(self.0, restorer) {
            Ok(code) => code,
            Err(failure) => {
                for line in failure.sentence.lines() {
                    Output::default().note(&format!("warboard: {line}"));
                }
                failure.code
            }
        }
    }
}

fn dispatch(args: Args, restorer: &Restorer) -> Outcome {
    match args.command {
        None => board::run(&args.board, restorer),
        Some(Sub::Board(args)) => board::run_args(args, restorer),
        Some(Sub::Demo(args)) => demo::run(args, restorer),
        Some(Sub::Serve(args)) => serve::run(args),
        Some(Sub::SshServe(args)) => ssh::run(args),
        Some(Sub::Token(args)) => token::run(args),
        Some(Sub::Verify(args)) => verify::run(args),
        Some(Sub::Backup(args)) => backup::run(args),
        Some(Sub::Restore(args)) => backup::run_restore(args),
        Some(Sub::Export(args)) => export::run(args),
        Some(Sub::Display(args)) => display::run(args),
        Some(Sub::Open(args)) => open::run(args),
        Some(Sub::List(args)) => list::run(args),
        Some(Sub::Show(args)) => show::run(args),
        Some(Sub::Timeline(args)) => show::run_timeline(args),
        Some(Sub::Teams(args)) => teams::run(args),
        Some(Sub::Logins(args)) => logins::run(args),
        Some(Sub::Verb(verb)) => verb::run(verb),
        Some(Sub::Silence(args)) => verb::alarm::run_silence(args),
        Some(Sub::Import(args)) => import::run(args),
        Some(Sub::Connector(args)) => connector::run(args),
        Some(Sub::Clocks(args)) => clocks::run(args),
        Some(Sub::Regimes(args)) => regimes::run(args),
        Some(Sub::Themes(args)) => themes::run(args),
        Some(Sub::Config(args)) => config_show::run(args),
        Some(Sub::Doctor(args)) => doctor::run(args),
        Some(Sub::Init(args)) => init::run(args),
        Some(Sub::Completions(args)) => completions::run(args),
        Some(Sub::Man) => completions::man(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_contradict_nothing() {
        Args::command().debug_assert();
    }

    #[test]
    fn flags_of_the_board_do_not_get_lost_before_a_subcommand() {
        assert!(parse(["warboard", "--url", "http://127.0.0.1:1", "list"]).is_err());
        assert!(parse(["warboard", "list", "--url", "http://127.0.0.1:1"]).is_ok());
        assert_eq!(
            parse(["warboard", "--nonsense"]).unwrap_err().exit_code(),
            2
        );
    }
}
