//! The legal record of duties, from flags.

use clap::Args as ClapArgs;

use super::{Sending, Sent, to_incident};
use crate::cli::exit::Failure;
use crate::cli::given::instant;
use crate::domain::command::Command;
use crate::domain::command::decide_duty::Decide;
use crate::domain::command::hold::Hold;
use crate::domain::command::release::Release;
use crate::domain::command::submit::Submit;
use crate::domain::command::withdraw_submit::WithdrawSubmit;
use crate::domain::view::Told;
use crate::domain::word::SubmitKind;

/// Flags of `submit`.
#[derive(Debug, ClapArgs)]
pub struct SubmitArgs {
    pub id: String,
    /// Duties, as ms-72h/customer
    #[arg(required = true, value_name = "DUTY")]
    pub duties: Vec<String>,
    /// When it was sent
    #[arg(long, value_name = "INSTANT")]
    pub at: String,
    /// By what: a portal, a letter, a call
    #[arg(long)]
    pub channel: String,
    #[arg(long)]
    pub reference: Option<String>,
    /// initial, update, final or correction
    #[arg(long, default_value = "initial")]
    pub kind: SubmitKind,
    /// How many of how many have been told, as 600/1200; without it all, but for an update or a correction
    #[arg(long, value_name = "DONE/OF", value_parser = told)]
    pub told: Option<Told>,
    #[command(flatten)]
    pub sending: Sending,
}

fn told(text: &str) -> Result<Told, String> {
    let counts = text
        .split_once('/')
        .and_then(|(done, of)| Some((done.trim().parse().ok()?, of.trim().parse().ok()?)));
    match counts {
        Some((done, of)) => Ok(Told { done, of }),
        None => Err("write it as 600/1200".to_owned()),
    }
}

impl SubmitArgs {
    /// The command that these flags ask for.
    ///
    /// # Errors
    /// `--at` is no instant.
    pub fn sent(self) -> Result<Sent, Failure> {
        let command = Command::Submit(Submit {
            duties: self.duties,
            at: instant(&self.at)?,
            channel: self.channel,
            reference: self.reference,
            kind: self.kind,
            told: self.told,
        });
        Ok(to_incident(self.id, command, self.sending))
    }
}

/// Flags of `withdraw-submit`.
#[derive(Debug, ClapArgs)]
pub struct WithdrawArgs {
    pub id: String,
    pub duty: String,
    #[arg(long)]
    pub reason: String,
    #[command(flatten)]
    pub sending: Sending,
}

impl WithdrawArgs {
    /// The command that these flags ask for.
    pub fn sent(self) -> Sent {
        let command = Command::WithdrawSubmit(WithdrawSubmit {
            duty: self.duty,
            reason: self.reason,
        });
        to_incident(self.id, command, self.sending)
    }
}

/// Flags of `hold`.
#[derive(Debug, ClapArgs)]
pub struct HoldArgs {
    pub id: String,
    pub duty: String,
    /// one that the duty's text knows: written, oral, ag-delay, or exception:NAME
    #[arg(long)]
    pub kind: String,
    #[arg(long)]
    pub authority: String,
    #[arg(long, value_name = "INSTANT")]
    pub at: Option<String>,
    #[arg(long, value_name = "INSTANT")]
    pub until: Option<String>,
    #[arg(long)]
    pub document: Option<String>,
    #[command(flatten)]
    pub sending: Sending,
}

impl HoldArgs {
    /// The command that these flags ask for.
    ///
    /// # Errors
    /// `--at` or `--until` is no instant.
    pub fn sent(self) -> Result<Sent, Failure> {
        let command = Command::Hold(Hold {
            duty: self.duty,
            kind: self.kind,
            at: self.at.as_deref().map(instant).transpose()?,
            until: self.until.as_deref().map(instant).transpose()?,
            authority: self.authority,
            document: self.document,
        });
        Ok(to_incident(self.id, command, self.sending))
    }
}

/// Flags of `release`.
#[derive(Debug, ClapArgs)]
pub struct ReleaseArgs {
    pub id: String,
    pub duty: String,
    pub hold: String,
    #[command(flatten)]
    pub sending: Sending,
}

impl ReleaseArgs {
    /// The command that these flags ask for.
    pub fn sent(self) -> Sent {
        let command = Command::Release(Release {
            duty: self.duty,
            hold: self.hold,
        });
        to_incident(self.id, command, self.sending)
    }
}

/// Flags of `decide`.
#[derive(Debug, ClapArgs)]
pub struct DecideArgs {
    pub id: String,
    pub duty: String,
    /// It needs notice after all; without this flag: none
    #[arg(long)]
    pub required: bool,
    #[arg(long)]
    pub because: String,
    /// When the decision is looked at again, as 2026-12-01
    #[arg(long, value_name = "DATE")]
    pub review_on: Option<String>,
    #[command(flatten)]
    pub sending: Sending,
}

impl DecideArgs {
    /// The command that these flags ask for.
    pub fn sent(self) -> Sent {
        let command = Command::Decide(Decide {
            duty: self.duty,
            required: self.required,
            because: self.because,
            review_on: self.review_on,
        });
        to_incident(self.id, command, self.sending)
    }
}
