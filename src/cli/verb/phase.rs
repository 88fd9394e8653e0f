//! Phase moves and endings, from flags.

use clap::Args as ClapArgs;

use super::{Sending, Sent, to_incident};
use crate::cli::exit::Failure;
use crate::cli::given::instant;
use crate::domain::command::Command;
use crate::domain::command::advance::Advance;
use crate::domain::command::close::Close;
use crate::domain::command::declare::Declare;
use crate::domain::command::dismiss::Dismiss;
use crate::domain::command::not_reportable::NotReportable;
use crate::domain::command::reopen::Reopen;
use crate::domain::command::undo::Undo;
use crate::domain::word::Phase;

/// Flags of `advance`.
#[derive(Debug, ClapArgs)]
pub struct AdvanceArgs {
    pub id: String,
    /// The phase, in full or as prepare, detect, contain, post
    #[arg(long, value_name = "PHASE", value_parser = phase)]
    pub to: Phase,
    /// Why; needed for a loop back and an override
    #[arg(long)]
    pub reason: Option<String>,
    /// Pass a gate that refuses
    #[arg(long = "override", requires = "reason")]
    pub overridden: bool,
    #[command(flatten)]
    pub sending: Sending,
}

fn phase(text: &str) -> Result<Phase, String> {
    let short = Phase::ALL.iter().find(|phase| phase.short() == text);
    match short {
        Some(phase) => Ok(*phase),
        None => text.parse::<Phase>().map_err(|error| error.to_string()),
    }
}

impl AdvanceArgs {
    /// The command that these flags ask for.
    pub fn sent(self) -> Sent {
        let command = Command::Advance(Advance {
            to: self.to,
            reason: self.reason,
            overridden: self.overridden,
        });
        to_incident(self.id, command, self.sending)
    }
}

/// Flags of `undo`.
#[derive(Debug, ClapArgs)]
pub struct UndoArgs {
    pub id: String,
    #[command(flatten)]
    pub sending: Sending,
}

impl UndoArgs {
    /// The command that these flags ask for.
    pub fn sent(self) -> Sent {
        to_incident(self.id, Command::Undo(Undo {}), self.sending)
    }
}

/// Flags of `declare`.
#[derive(Debug, ClapArgs)]
pub struct DeclareArgs {
    pub id: String,
    /// When it was decided; default: now
    #[arg(long, value_name = "INSTANT")]
    pub at: Option<String>,
    #[arg(long)]
    pub reason: Option<String>,
    #[command(flatten)]
    pub sending: Sending,
}

impl DeclareArgs {
    /// The command that these flags ask for.
    ///
    /// # Errors
    /// `--at` is no instant.
    pub fn sent(self) -> Result<Sent, Failure> {
        let at = self.at.as_deref().map(instant).transpose()?;
        let command = Command::Declare(Declare {
            at,
            reason: self.reason,
        });
        Ok(to_incident(self.id, command, self.sending))
    }
}

/// Flags of the verbs that need a reason and nothing else.
#[derive(Debug, ClapArgs)]
pub struct ReasonArgs {
    pub id: String,
    #[arg(long)]
    pub reason: String,
    #[command(flatten)]
    pub sending: Sending,
}

impl ReasonArgs {
    pub fn not_reportable(self) -> Sent {
        let command = Command::NotReportable(NotReportable {
            reason: self.reason,
        });
        to_incident(self.id, command, self.sending)
    }

    pub fn dismiss(self) -> Sent {
        let command = Command::Dismiss(Dismiss {
            reason: self.reason,
        });
        to_incident(self.id, command, self.sending)
    }

    pub fn reopen(self) -> Sent {
        let command = Command::Reopen(Reopen {
            reason: self.reason,
        });
        to_incident(self.id, command, self.sending)
    }
}

/// Flags of `close`.
#[derive(Debug, ClapArgs)]
pub struct CloseArgs {
    pub id: String,
    #[arg(long)]
    pub reason: String,
    /// Pass a gate that refuses
    #[arg(long = "override")]
    pub overridden: bool,
    #[command(flatten)]
    pub sending: Sending,
}

impl CloseArgs {
    /// The command that these flags ask for.
    pub fn sent(self) -> Sent {
        let command = Command::Close(Close {
            reason: self.reason,
            overridden: self.overridden,
        });
        to_incident(self.id, command, self.sending)
    }
}
