//! Pages, from flags.

use clap::Args as ClapArgs;

use super::{Sending, Sent, To, to_incident};
use crate::cli::environment::clock;
use crate::cli::exit::Failure;
use crate::cli::given::instant_or_ahead;
use crate::domain::command::Command;
use crate::domain::command::acknowledge_page::AcknowledgePage;
use crate::domain::command::cancel_page::CancelPage;
use crate::domain::command::page::Page;
use crate::domain::word::{Answer, Urgency};

/// Flags of `page`.
#[derive(Debug, ClapArgs)]
pub struct PageArgs {
    pub id: String,
    #[arg(required = true, value_name = "TEAM")]
    pub teams: Vec<String>,
    #[arg(long)]
    pub message: Option<String>,
    #[arg(long, default_value = "high")]
    pub urgency: Urgency,
    /// Page a team although it has an open page for this incident
    #[arg(long)]
    pub again: bool,
    #[command(flatten)]
    pub sending: Sending,
}

impl PageArgs {
    /// The command that these flags ask for.
    pub fn sent(self) -> Sent {
        let command = Command::Page(Page {
            teams: self.teams,
            message: self.message,
            urgency: self.urgency,
            again: self.again,
        });
        to_incident(self.id, command, self.sending)
    }
}

/// Flags of `ack`.
#[derive(Debug, ClapArgs)]
pub struct AckArgs {
    /// The page's id, as  warboard show  lists it
    pub page: String,
    /// coming, remote, cannot or arrived
    #[arg(long)]
    pub answer: Option<Answer>,
    /// When the team will be there, as 2026-11-23T16:49:00Z or +20m
    #[arg(long, value_name = "INSTANT")]
    pub eta: Option<String>,
    #[command(flatten)]
    pub sending: Sending,
}

impl AckArgs {
    /// The command that these flags ask for.
    ///
    /// # Errors
    /// `--eta` is no instant.
    pub fn sent(self) -> Result<Sent, Failure> {
        let now = clock().now();
        let eta = self.eta.as_deref();
        let eta = eta.map(|text| instant_or_ahead(text, now)).transpose()?;
        Ok(Sent {
            to: To::Page(self.page.clone()),
            command: Command::AcknowledgePage(AcknowledgePage {
                page: self.page,
                answer: self.answer,
                eta,
            }),
            sending: self.sending,
            yes: false,
        })
    }
}

/// Flags of `cancel`.
#[derive(Debug, ClapArgs)]
pub struct CancelArgs {
    /// The page's id, as  warboard show  lists it
    pub page: String,
    #[arg(long)]
    pub reason: String,
    #[command(flatten)]
    pub sending: Sending,
}

impl CancelArgs {
    /// The command that these flags ask for.
    pub fn sent(self) -> Sent {
        Sent {
            to: To::Page(self.page.clone()),
            command: Command::CancelPage(CancelPage {
                page: self.page,
                reason: self.reason,
            }),
            sending: self.sending,
            yes: false,
        }
    }
}
