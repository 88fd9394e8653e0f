//! `themes`: which are shipped, and whether one's own is right: it reads, and its contrast is enough.

use std::path::{Path, PathBuf};

use clap::{Args as ClapArgs, Subcommand};

use super::exit::{DONE, FAILED, Failure, Outcome};
use super::output::{Output, table};
use crate::ui::theme::{SHIPPED, Theme, contrast};

/// Flags of `themes`.
#[derive(Debug, ClapArgs)]
pub struct ThemesArgs {
    #[command(subcommand)]
    pub action: ThemesAction,
}

/// What may be done with themes.
#[derive(Debug, Subcommand)]
pub enum ThemesAction {
    /// List the shipped ones
    List,
    /// Check a theme file, or all that are shipped
    Check {
        /// The file
        file: Option<PathBuf>,
    },
}

pub fn run(args: ThemesArgs) -> Outcome {
    let output = Output::default();
    match args.action {
        ThemesAction::List => {
            let rows: Vec<Vec<String>> = SHIPPED
                .iter()
                .map(|(name, _)| {
                    let about = Theme::shipped(name).map(|theme| theme.about().to_owned());
                    vec![(*name).to_owned(), about.unwrap_or_default()]
                })
                .collect();
            for line in table(&rows) {
                output.line(&line);
            }
            Ok(DONE)
        }
        ThemesAction::Check { file: Some(file) } => {
            check(&[(file.display().to_string(), read(&file)?)])
        }
        ThemesAction::Check { file: None } => {
            let themes: Result<Vec<_>, Failure> = SHIPPED
                .iter()
                .map(|(name, _)| {
                    let theme = Theme::shipped(name);
                    Ok((
                        (*name).to_owned(),
                        theme.map_err(|e| Failure::new(e.to_string()))?,
                    ))
                })
                .collect();
            check(&themes?)
        }
    }
}

fn read(file: &Path) -> Result<Theme, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", file.display())))?;
    let beside = |name: &str| {
        let other = file.with_file_name(format!("{name}.toml"));
        std::fs::read_to_string(other).ok()
    };
    Theme::parse(&file.display().to_string(), &text, &beside)
        .map_err(|error| Failure::new(error.to_string()))
}

fn check(themes: &[(String, Theme)]) -> Outcome {
    let output = Output::default();
    let mut code = DONE;
    for (name, theme) in themes {
        let faults = contrast::faint(theme);
        match faults.is_empty() {
            true => output.line(&format!("{name}: good")),
            false => code = FAILED,
        }
        for fault in faults {
            output.line(&format!("{name}: {fault}"));
        }
    }
    Ok(code)
}
