//! What is written into the record: entries, instants, lessons, the review; from flags.

use clap::Args as ClapArgs;

use super::{Sending, Sent, to_incident};
use crate::cli::exit::Failure;
use crate::cli::given::{instant, instant_or_day, when};
use crate::domain::command::Command;
use crate::domain::command::confirm_time::ConfirmTime;
use crate::domain::command::finish_lesson::FinishLesson;
use crate::domain::command::lesson::Lesson;
use crate::domain::command::not_applicable::NotApplicable;
use crate::domain::command::note::Note;
use crate::domain::command::record_time::RecordTime;
use crate::domain::command::redact::Redact;
use crate::domain::command::review::Review;
use crate::domain::word::{Milestone, NoteKind, Precision};

/// Flags of `note`.
#[derive(Debug, ClapArgs)]
pub struct NoteArgs {
    pub id: String,
    pub text: String,
    /// fact, decision, assumption, action, communication, evidence
    #[arg(long, default_value = "fact")]
    pub kind: NoteKind,
    #[arg(long, value_name = "INSTANT")]
    pub occurred_at: Option<String>,
    /// Read by counsel, commanders and you only, and never in an export that does not ask for it
    #[arg(long)]
    pub privileged: bool,
    #[command(flatten)]
    pub sending: Sending,
}

impl NoteArgs {
    /// The command that these flags ask for.
    ///
    /// # Errors
    /// `--occurred-at` is no instant.
    pub fn sent(self) -> Result<Sent, Failure> {
        let occurred_at = self.occurred_at.as_deref().map(when).transpose()?;
        let command = Command::Note(Note {
            text: self.text,
            kind: self.kind,
            occurred_at,
            privileged: self.privileged,
        });
        Ok(to_incident(self.id, command, self.sending))
    }
}

/// Flags of `record`.
#[derive(Debug, ClapArgs)]
pub struct RecordArgs {
    pub id: String,
    /// The trigger or milestone, as detected_at, aware_at, contained_at
    pub trigger: String,
    /// RFC 3339 with Z or an offset; or a day, month or year where no more is known
    pub at: String,
    #[arg(long)]
    pub precision: Option<Precision>,
    /// Where it is known from
    #[arg(long)]
    pub source: Option<String>,
    /// Why it is moved
    #[arg(long)]
    pub reason: Option<String>,
    /// For this duty alone
    #[arg(long)]
    pub duty: Option<String>,
    #[command(flatten)]
    pub sending: Sending,
}

impl RecordArgs {
    /// The command that these flags ask for.
    ///
    /// # Errors
    /// The second argument is no instant, day, month or year.
    pub fn sent(self) -> Result<Sent, Failure> {
        let command = Command::RecordTime(RecordTime {
            trigger: self.trigger,
            at: when(&self.at)?,
            precision: self.precision,
            source: self.source,
            reason: self.reason,
            duty: self.duty,
        });
        Ok(to_incident(self.id, command, self.sending))
    }
}

/// Flags of `confirm`.
#[derive(Debug, ClapArgs)]
pub struct ConfirmArgs {
    pub id: String,
    pub trigger: String,
    /// the duty it was proposed for alone, or 'incident'; needed where several are proposed
    #[arg(long)]
    pub duty: Option<String>,
    #[command(flatten)]
    pub sending: Sending,
}

impl ConfirmArgs {
    /// The command that these flags ask for.
    pub fn sent(self) -> Sent {
        let command = Command::ConfirmTime(ConfirmTime {
            trigger: self.trigger,
            duty: self.duty,
        });
        to_incident(self.id, command, self.sending)
    }
}

/// Flags of `not-applicable`.
#[derive(Debug, ClapArgs)]
pub struct NotApplicableArgs {
    pub id: String,
    /// contained_at, eradicated_at or recovered_at
    pub milestone: Milestone,
    #[arg(long)]
    pub reason: String,
    #[command(flatten)]
    pub sending: Sending,
}

impl NotApplicableArgs {
    /// The command that these flags ask for.
    pub fn sent(self) -> Sent {
        let command = Command::NotApplicable(NotApplicable {
            milestone: self.milestone,
            reason: self.reason,
        });
        to_incident(self.id, command, self.sending)
    }
}

/// Flags of `redact`.
#[derive(Debug, ClapArgs)]
pub struct RedactArgs {
    pub id: String,
    /// The entry's number, as timeline shows it first
    pub entry: u64,
    /// Why; it stays in the record, so it must not repeat what goes
    #[arg(long)]
    pub reason: String,
    #[command(flatten)]
    pub sending: Sending,
}

impl RedactArgs {
    /// The command that these flags ask for.
    pub fn sent(self) -> Sent {
        let command = Command::Redact(Redact {
            entry: self.entry,
            reason: self.reason,
        });
        to_incident(self.id, command, self.sending)
    }
}

/// Flags of `lesson`.
#[derive(Debug, ClapArgs)]
pub struct LessonArgs {
    pub id: String,
    pub text: String,
    #[arg(long)]
    pub owner: Option<String>,
    #[arg(long, value_name = "INSTANT")]
    pub due: Option<String>,
    #[command(flatten)]
    pub sending: Sending,
}

impl LessonArgs {
    /// The command that these flags ask for.
    ///
    /// # Errors
    /// `--due` is no instant.
    pub fn sent(self) -> Result<Sent, Failure> {
        let due = self.due.as_deref().map(instant_or_day).transpose()?;
        let command = Command::Lesson(Lesson {
            text: self.text,
            owner: self.owner,
            due,
        });
        Ok(to_incident(self.id, command, self.sending))
    }
}

/// Flags of `finish-lesson`.
#[derive(Debug, ClapArgs)]
pub struct FinishLessonArgs {
    pub id: String,
    pub lesson: String,
    #[command(flatten)]
    pub sending: Sending,
}

impl FinishLessonArgs {
    /// The command that these flags ask for.
    pub fn sent(self) -> Sent {
        let command = Command::FinishLesson(FinishLesson {
            lesson: self.lesson,
        });
        to_incident(self.id, command, self.sending)
    }
}

/// Flags of `review`.
#[derive(Debug, ClapArgs)]
pub struct ReviewArgs {
    pub id: String,
    pub text: String,
    #[arg(long, value_name = "INSTANT")]
    pub held_at: String,
    #[command(flatten)]
    pub sending: Sending,
}

impl ReviewArgs {
    /// The command that these flags ask for.
    ///
    /// # Errors
    /// `--held-at` is no instant.
    pub fn sent(self) -> Result<Sent, Failure> {
        let command = Command::Review(Review {
            held_at: instant(&self.held_at)?,
            text: self.text,
        });
        Ok(to_incident(self.id, command, self.sending))
    }
}
