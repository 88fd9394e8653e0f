//! `completions` and `man`: made from the arguments themselves, so that they never lag behind.

use clap::{Args as ClapArgs, CommandFactory};
use clap_complete::Shell;

use super::args::Args;
use super::exit::{DONE, Failure, Outcome};
use super::output::Output;

/// Flags of `completions`.
#[derive(Debug, ClapArgs)]
pub struct CompletionsArgs {
    /// Which shell
    pub shell: Shell,
}

pub fn run(args: CompletionsArgs) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "warboard", &mut script);
    Output::default().own(&String::from_utf8_lossy(&script));
    Ok(DONE)
}

pub fn man() -> Outcome {
    let mut page = Vec::new();
    clap_mangen::Man::new(Args::command())
        .render(&mut page)
        .map_err(|error| Failure::new(format!("the manual page cannot be made: {error}")))?;
    Output::default().own(&String::from_utf8_lossy(&page));
    Ok(DONE)
}
