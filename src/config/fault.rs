//! What is wrong with what somebody wrote: the place, the key, what it is and what would be right. Every fault of a
//! file is told at once. What becomes of it, an exit code or a line of a check, the command line decides.

use std::fmt;

use crate::domain::text::SafeText;

/// How faults of flags name their place.
pub const COMMAND_LINE: &str = "command line";
/// How faults of variables name their place.
pub const ENVIRONMENT: &str = "environment";

/// One thing wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file as it was named, or [`COMMAND_LINE`], or [`ENVIRONMENT`].
    pub file: String,
    /// From 1; 0 where there is no line.
    pub line: usize,
    /// The key, with the tables it stands in: `source.url`; empty where it is about no key.
    pub key: String,
    /// What it is, and what to do.
    pub what: String,
}

impl Fault {
    pub(super) fn new(file: &str, line: usize, key: &str, what: impl Into<String>) -> Fault {
        Fault {
            file: file.to_owned(),
            line,
            key: key.to_owned(),
            what: what.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, ": `{}`", self.key)?;
        }
        write!(f, ": {}", self.what)
    }
}

/// Settings that cannot be used, with everything that is wrong with them, a line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ConfigError(pub Vec<Fault>);

impl ConfigError {
    /// Whether a flag or a variable is at fault, not a file alone: wrong use of the command.
    pub fn is_wrong_use(&self) -> bool {
        let told = |fault: &Fault| fault.file == COMMAND_LINE || fault.file == ENVIRONMENT;
        self.0.iter().any(told)
    }

    /// Nothing, or all faults: by file in the order of reading, within a file by line.
    pub(super) fn unless_none(mut faults: Vec<Fault>) -> Result<(), ConfigError> {
        if faults.is_empty() {
            return Ok(());
        }
        let mut files: Vec<String> = Vec::new();
        for fault in &faults {
            if !files.contains(&fault.file) {
                files.push(fault.file.clone());
            }
        }
        faults.sort_by_key(|fault| {
            let file = files.iter().position(|file| *file == fault.file);
            (file, fault.line)
        });
        Err(ConfigError(faults))
    }
}

/// A value as a fault may show it: on one line, cut, with nothing in it that moves a cursor.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", SafeText::line(text).truncated(60))
}
