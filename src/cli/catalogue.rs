//! The catalogue as the command line has it: the built-in files and those a person names, and what was probably meant where
//! an id is not known. What a regime says is the domain's.

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;

use super::exit::Failure;
use crate::domain::clock::regime::Regime;
use crate::domain::clock::{Catalogue, CatalogueFault};
use crate::domain::text::near::steps;

/// Files of one's own beside the built-in ones.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct UserFiles {
    /// Read regimes of your own too; may be given several times
    #[arg(long, value_name = "FILE")]
    pub regimes: Vec<PathBuf>,
    /// Read a calendar of your own, or closures for one; may be given several times
    #[arg(long, value_name = "FILE")]
    pub calendars: Vec<PathBuf>,
}

impl UserFiles {
    /// The built-in catalogue with these files. With a fault in any of them nothing is counted.
    ///
    /// # Errors
    /// A file cannot be read, or holds a fault; every fault of every file is told.
    pub fn catalogue(&self) -> Result<Catalogue, Failure> {
        let mut texts = Vec::new();
        for file in self.calendars.iter().chain(&self.regimes) {
            texts.push((file.display().to_string(), read(file)?));
        }
        let files = texts
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()));
        built_in()?
            .with_user_files(files)
            .map_err(|faults| Failure::new(lines(&faults)))
    }
}

/// The built-in catalogue alone.
///
/// # Errors
/// A fault in one of the program's own files.
pub fn built_in() -> Result<Catalogue, Failure> {
    Catalogue::built_in().map_err(|faults| Failure::new(lines(&faults)))
}

/// The text of a file.
///
/// # Errors
/// The file cannot be read, or is no UTF-8.
pub fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", file.display())))
}

fn lines(faults: &[CatalogueFault]) -> String {
    let lines: Vec<String> = faults.iter().map(CatalogueFault::to_string).collect();
    lines.join("\n")
}

/// A regime by its id; one that is not known is answered with those that were probably meant.
///
/// # Errors
/// The catalogue has no such regime; the sentence names those that were probably meant.
pub fn regime<'c>(catalogue: &'c Catalogue, id: &str) -> Result<&'c Regime, Failure> {
    if let Some(regime) = catalogue.regime(id) {
        return Ok(regime);
    }
    let wanted = id.to_lowercase();
    let mut found = near(
        id,
        catalogue.regimes().iter().map(|regime| regime.id.as_str()),
    );
    let named = catalogue.regimes().iter().filter(|regime| {
        let known = [&regime.name, &regime.short, &regime.citation];
        wanted.len() >= 3
            && known
                .iter()
                .any(|text| text.to_lowercase().contains(&wanted))
    });
    for regime in named {
        if !found.contains(&regime.id.as_str()) {
            found.push(&regime.id);
        }
    }
    found.truncate(MEANT);
    Err(Failure::usage(unknown(
        "a regime",
        id,
        &found,
        "warboard regimes list --all has them all",
    )))
}

/// The sentence about a word that is not known: what it is not, what was probably meant, else where to look.
pub fn unknown(what: &str, given: &str, near: &[&str], look: &str) -> String {
    match near {
        [] => format!("'{given}' is not {what} that is known; {look}."),
        near => format!(
            "'{given}' is not {what} that is known; near: {}.",
            near.join(", ")
        ),
    }
}

/// How many words are offered at most.
const MEANT: usize = 6;

/// The known words nearest to a given one, the nearest first.
pub fn near<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let given = given.to_lowercase();
    let mut found: Vec<(usize, &str)> = known
        .filter_map(|word| {
            let lower = word.to_lowercase();
            let inside = !given.is_empty() && (lower.contains(&given) || given.contains(&lower));
            let steps = steps(&given, &lower);
            match inside {
                true => Some((0, word)),
                false => (steps <= 1 + given.len() / 4).then_some((steps, word)),
            }
        })
        .collect();
    found.sort();
    found.dedup();
    found
        .into_iter()
        .map(|(_, word)| word)
        .take(MEANT)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_what_is_nearest() {
        let known = ["gdpr-33", "uk-gdpr-33", "hipaa", "sec-8k-105"];
        assert_eq!(near("hippa", known.into_iter()), ["hipaa"]);
        assert_eq!(near("gdpr", known.into_iter()), ["gdpr-33", "uk-gdpr-33"]);
        assert!(near("zzzzzz", known.into_iter()).is_empty());
        assert_eq!(
            (steps("abc", "abd"), steps("", "ab"), steps("abc", "ac")),
            (1, 2, 1)
        );
    }

    #[test]
    fn a_regime_is_found_by_a_word_of_its_name_too() {
        let catalogue = built_in().unwrap();
        let failure = regime(&catalogue, "GDPR").unwrap_err();
        assert_eq!(failure.code, 2);
        assert!(failure.sentence.contains("gdpr-33"), "{failure}");
    }
}
