//! The subcommands that do one thing to one incident: each is the body of one command, read from flags.
//! Sending it, its key, its version and its answer are the same for all and stand here.

mod access;
pub mod alarm;
mod duty;
mod page;
mod people;
mod phase;
mod record;

use clap::{Args as ClapArgs, Subcommand};

use super::connection::{Reach, fresh_key, segment};
use super::environment::block_on;
use super::exit::{DONE, Failure, Outcome};
use super::output::Output;
use crate::client::{Api, ApiError};
use crate::domain::command::Command;
use crate::domain::command::acknowledge_page::AcknowledgePage;
use crate::domain::command::trigger::starts_nothing;
use crate::domain::incident::page::{to_nobody, woke_nobody};
use crate::domain::view::IncidentView;
use crate::domain::word::Via;

/// Flags of every verb.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct Sending {
    /// Do it only if nobody changed the incident after this version
    #[arg(long, value_name = "VERSION")]
    pub if_match: Option<u64>,
    /// Sending again with the same key does nothing twice
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    #[command(flatten)]
    pub reach: Reach,
}

/// What may be done to an incident.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Move to another phase
    Advance(phase::AdvanceArgs),
    /// Take back my last move
    Undo(phase::UndoArgs),
    /// Declare a customer-reportable breach; starts the clocks that run from it
    Declare(phase::DeclareArgs),
    /// Answer "reportable?" with no
    NotReportable(phase::ReasonArgs),
    /// Close
    Close(phase::CloseArgs),
    /// Dismiss: not an incident
    Dismiss(phase::ReasonArgs),
    /// Reopen; lands in detection and analysis
    Reopen(phase::ReasonArgs),
    /// Put a person into a seat, or take one out
    Assign(people::AssignArgs),
    /// Offer a seat to a person
    HandOver(people::HandOverArgs),
    /// Take a vacant or offered seat
    Take(people::TakeArgs),
    /// Set fields
    Set(people::SetArgs),
    /// Page teams
    Page(page::PageArgs),
    /// Acknowledge a page
    Ack(page::AckArgs),
    /// Stand down a page
    Cancel(page::CancelArgs),
    /// Write an entry
    Note(record::NoteArgs),
    /// Record when something happened
    Record(record::RecordArgs),
    /// Confirm a later instant that somebody else proposed
    Confirm(record::ConfirmArgs),
    /// Say that a milestone does not apply
    NotApplicable(record::NotApplicableArgs),
    /// Add a lesson
    Lesson(record::LessonArgs),
    /// Finish a lesson
    FinishLesson(record::FinishLessonArgs),
    /// Record the review
    Review(record::ReviewArgs),
    /// Record notifications as sent
    Submit(duty::SubmitArgs),
    /// Withdraw a notification recorded as sent
    WithdrawSubmit(duty::WithdrawArgs),
    /// Hold a duty
    Hold(duty::HoldArgs),
    /// Release a hold
    Release(duty::ReleaseArgs),
    /// Decide that a duty needs no notice, or that it does
    Decide(duty::DecideArgs),
    /// Put an alarm aside for a while
    Shelve(alarm::ShelveArgs),
    /// Let a shelved alarm ring again
    Unshelve(alarm::UnshelveArgs),
    /// Let an incident exist for some people only, or lift that
    Restrict(access::RestrictArgs),
    /// As an admin, see a restricted incident for an hour; recorded, and its people are paged
    BreakGlass(access::BreakGlassArgs),
    /// Take the texts of an entry out of the record, for ever; the record says who did it and why
    Redact(record::RedactArgs),
}

/// One command on its way.
#[derive(Debug)]
pub struct Sent {
    /// The incident, or the page from which it is found.
    pub to: To,
    pub command: Command,
    pub sending: Sending,
    /// Whom it newly lets in was agreed to before.
    pub yes: bool,
}

/// What a command is for.
#[derive(Debug)]
pub enum To {
    Incident(String),
    Page(String),
    /// One that the caller does not see: nobody can be asked which backend has it.
    Unseen(String),
}

impl Verb {
    fn sent(self) -> Result<Sent, Failure> {
        match self {
            Verb::Advance(args) => Ok(args.sent()),
            Verb::Undo(args) => Ok(args.sent()),
            Verb::Declare(args) => args.sent(),
            Verb::NotReportable(args) => Ok(args.not_reportable()),
            Verb::Close(args) => Ok(args.sent()),
            Verb::Dismiss(args) => Ok(args.dismiss()),
            Verb::Reopen(args) => Ok(args.reopen()),
            Verb::Assign(args) => Ok(args.sent()),
            Verb::HandOver(args) => Ok(args.sent()),
            Verb::Take(args) => Ok(args.sent()),
            Verb::Set(args) => args.sent(),
            Verb::Page(args) => Ok(args.sent()),
            Verb::Ack(args) => args.sent(),
            Verb::Cancel(args) => Ok(args.sent()),
            Verb::Note(args) => args.sent(),
            Verb::Record(args) => args.sent(),
            Verb::Confirm(args) => Ok(args.sent()),
            Verb::NotApplicable(args) => Ok(args.sent()),
            Verb::Lesson(args) => args.sent(),
            Verb::FinishLesson(args) => Ok(args.sent()),
            Verb::Review(args) => args.sent(),
            Verb::Submit(args) => args.sent(),
            Verb::WithdrawSubmit(args) => Ok(args.sent()),
            Verb::Hold(args) => args.sent(),
            Verb::Release(args) => Ok(args.sent()),
            Verb::Decide(args) => Ok(args.sent()),
            Verb::Shelve(args) => args.sent(),
            Verb::Unshelve(args) => Ok(args.sent()),
            Verb::Restrict(args) => Ok(args.sent()),
            Verb::BreakGlass(args) => Ok(args.sent()),
            Verb::Redact(args) => Ok(args.sent()),
        }
    }
}

/// A command for an incident.
pub fn to_incident(id: String, command: Command, sending: Sending) -> Sent {
    Sent {
        to: To::Incident(id),
        command,
        sending,
        yes: false,
    }
}

pub fn run(verb: Verb) -> Outcome {
    let sent = verb.sent()?;
    block_on(1, send(sent))?
}

async fn send(sent: Sent) -> Outcome {
    let reach = &sent.sending.reach;
    let (api, id) = match &sent.to {
        To::Incident(id) => (reach.of_incident(id, Via::Cli).await?, id.clone()),
        To::Page(page) => of_page(reach, page).await?,
        To::Unseen(id) => (reach.one(Via::Cli)?, id.clone()),
    };
    let key = sent.sending.idempotency_key.clone();
    let key = key.unwrap_or_else(fresh_key);
    let output = Output::default();
    let if_match = match &sent.command {
        Command::Set(set) if set.tlp.is_some() => access::agreed(&api, &id, &sent, &output).await?,
        _ => sent.sending.if_match,
    };
    if reach.json {
        let body = serde_json::to_vec(&sent.command)
            .map_err(|error| Failure::new(format!("the command cannot be written: {error}")))?;
        let if_match = match if_match {
            Some(version) => format!("\"{version}\""),
            None => "*".to_owned(),
        };
        let path = format!("/v1/incidents/{}/commands", segment(&id));
        let answer = api
            .post_raw(&path, Some(&if_match), Some(&key), body)
            .await?;
        output.json(&answer);
        return Ok(DONE);
    }
    let answer = api
        .command(&id, if_match, &sent.command, &key)
        .await
        .map_err(told)?;
    let change = answer
        .incident
        .change
        .as_ref()
        .and_then(|change| change.text.clone());
    output.line(&format!(
        "{} version {}: {}",
        answer.incident.id,
        answer.incident.version,
        done(&sent.command, &answer.incident, change)
    ));
    if let Command::RecordTime(time) = &sent.command
        && starts_nothing(&answer.incident, &time.trigger)
    {
        output.note(&unclocked(&id, &time.trigger));
    }
    if let Command::Page(page) = &sent.command
        && let Some(lost) = woke_nobody(&answer.incident, &page.teams)
    {
        output.note(&format!("warboard: {lost}"));
    }
    if let Command::BreakGlass(_) = &sent.command
        && let Some(warning) = access::unpaged(&answer.incident)
    {
        output.note(&warning);
    }
    if !answer.unmet.is_empty() {
        let unmet: Vec<&str> = answer.unmet.iter().map(|word| word.as_str()).collect();
        output.note(&format!("unmet, and recorded: {}", unmet.join(", ")));
    }
    Ok(DONE)
}

/// That an instant on record starts no clock.
pub fn unclocked(id: &str, trigger: &str) -> String {
    format!(
        "warboard: no clock of {id} runs from {trigger};  warboard regimes show REGIME  names what a regime's clocks run from"
    )
}

/// What was done: the incident's latest change is that of the last of several things that a command does.
fn done(command: &Command, incident: &IncidentView, change: Option<String>) -> String {
    match command {
        Command::Page(page) => {
            let lost = to_nobody(incident, &page.teams);
            let is_lost = |team: &str| lost.iter().any(|(of, _)| *of == team);
            let paged = page.teams.iter().filter(|team| !is_lost(team));
            let paged: Vec<&str> = paged.map(String::as_str).collect();
            match paged.is_empty() {
                true => "the page FAILED".to_owned(),
                false => format!("paged {}", paged.join(", ")),
            }
        }
        Command::AcknowledgePage(AcknowledgePage {
            answer: Some(answer),
            ..
        }) => match change {
            Some(change) => format!("answered {answer}; {change}"),
            None => format!("answered {answer}"),
        },
        _ => change.unwrap_or_else(|| "done".to_owned()),
    }
}

/// A lost race says who won it.
fn told(error: ApiError) -> Failure {
    let change = match &error {
        ApiError::Conflict {
            incident: Some(incident),
            ..
        } => incident.change.as_ref().map(|change| {
            format!(
                " It is at version {} now: {}, {}.",
                incident.version,
                change.text.as_deref().unwrap_or("changed"),
                change.by
            )
        }),
        _ => None,
    };
    let mut failure = Failure::from(error);
    failure.sentence.push_str(&change.unwrap_or_default());
    failure
}

/// The incident that a page belongs to.
async fn of_page(reach: &Reach, page: &str) -> Result<(Api, String), Failure> {
    for api in reach.candidates(Via::Cli)? {
        let incidents = api.list_page("").await?.value.incidents;
        let found = incidents
            .iter()
            .find(|incident| incident.pages.iter().any(|one| one.id == page));
        if let Some(incident) = found {
            let id = incident.id.clone();
            return Ok((api, id));
        }
    }
    Err(Failure::new(format!(
        "no open incident has the page {page}:  warboard show ID  lists an incident's pages"
    )))
}
