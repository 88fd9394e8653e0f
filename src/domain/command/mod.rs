//! What the domain is asked, one file a command: its body, and `decide`, which answers with events or a refusal.
//! Nothing here changes anything; `Incident::apply` does. Every change goes through `decide`, whatever door it came by.

pub mod acknowledge_alarm;
pub mod acknowledge_page;
pub mod advance;
pub mod alert;
pub mod assign;
pub mod break_glass;
pub mod cancel_page;
pub mod close;
pub mod confirm_time;
pub mod decide_duty;
pub mod declare;
pub mod dismiss;
pub mod finish_lesson;
pub mod hand_over;
pub mod hold;
pub mod lesson;
pub mod not_applicable;
pub mod not_reportable;
pub mod note;
pub mod note_there;
pub mod open;
pub mod page;
pub mod record_time;
pub mod redact;
pub mod release;
pub mod reopen;
pub mod restrict;
pub mod review;
mod scope;
pub mod set;
pub mod shelve_alarm;
pub mod submit;
pub mod take;
pub mod text;
pub mod trigger;
pub mod undo;
pub mod unshelve_alarm;
pub mod upstream;
pub mod withdraw_submit;
pub mod worker;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::allowed::{CommandKind, Standing, allowed};
use super::caller::Caller;
use super::directory::Directory;
use super::duty::{self, Rules};
use super::event::Event;
use super::incident::Incident;
use super::instant::Instant;
use super::refusal::Refusal;
use super::view::DutyView;
use super::word::Via;

/// What a caller asks to be done to one incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    Note(note::Note),
    RecordTime(record_time::RecordTime),
    Page(page::Page),
    AcknowledgePage(acknowledge_page::AcknowledgePage),
    Take(take::Take),
    Declare(declare::Declare),
    NotReportable(not_reportable::NotReportable),
    Advance(advance::Advance),
    Undo(undo::Undo),
    Dismiss(dismiss::Dismiss),
    Close(close::Close),
    Reopen(reopen::Reopen),
    Assign(assign::Assign),
    HandOver(hand_over::HandOver),
    Set(Box<set::Set>),
    NotApplicable(not_applicable::NotApplicable),
    CancelPage(cancel_page::CancelPage),
    Submit(submit::Submit),
    WithdrawSubmit(withdraw_submit::WithdrawSubmit),
    Hold(hold::Hold),
    Release(release::Release),
    ConfirmTime(confirm_time::ConfirmTime),
    Lesson(lesson::Lesson),
    FinishLesson(finish_lesson::FinishLesson),
    Review(review::Review),
    Decide(decide_duty::Decide),
    AcknowledgeAlarm(acknowledge_alarm::AcknowledgeAlarm),
    ShelveAlarm(shelve_alarm::ShelveAlarm),
    UnshelveAlarm(unshelve_alarm::UnshelveAlarm),
    Restrict(restrict::Restrict),
    BreakGlass(break_glass::BreakGlass),
    Redact(redact::Redact),
}

impl Command {
    /// Its kind: the word in `type`.
    pub fn kind(&self) -> CommandKind {
        match self {
            Command::Note(_) => CommandKind::Note,
            Command::RecordTime(_) => CommandKind::RecordTime,
            Command::Page(_) => CommandKind::Page,
            Command::AcknowledgePage(_) => CommandKind::AcknowledgePage,
            Command::Take(_) => CommandKind::Take,
            Command::Declare(_) => CommandKind::Declare,
            Command::NotReportable(_) => CommandKind::NotReportable,
            Command::Advance(_) => CommandKind::Advance,
            Command::Undo(_) => CommandKind::Undo,
            Command::Dismiss(_) => CommandKind::Dismiss,
            Command::Close(_) => CommandKind::Close,
            Command::Reopen(_) => CommandKind::Reopen,
            Command::Assign(_) => CommandKind::Assign,
            Command::HandOver(_) => CommandKind::HandOver,
            Command::Set(_) => CommandKind::Set,
            Command::NotApplicable(_) => CommandKind::NotApplicable,
            Command::CancelPage(_) => CommandKind::CancelPage,
            Command::Submit(_) => CommandKind::Submit,
            Command::WithdrawSubmit(_) => CommandKind::WithdrawSubmit,
            Command::Hold(_) => CommandKind::Hold,
            Command::Release(_) => CommandKind::Release,
            Command::ConfirmTime(_) => CommandKind::ConfirmTime,
            Command::Lesson(_) => CommandKind::Lesson,
            Command::FinishLesson(_) => CommandKind::FinishLesson,
            Command::Review(_) => CommandKind::Review,
            Command::Decide(_) => CommandKind::Decide,
            Command::AcknowledgeAlarm(_) => CommandKind::AcknowledgeAlarm,
            Command::ShelveAlarm(_) => CommandKind::ShelveAlarm,
            Command::UnshelveAlarm(_) => CommandKind::UnshelveAlarm,
            Command::Restrict(_) => CommandKind::Restrict,
            Command::BreakGlass(_) => CommandKind::BreakGlass,
            Command::Redact(_) => CommandKind::Redact,
        }
    }
}

/// What a decision may depend on besides the incident and the command.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The backend's instant of the decision.
    pub now: Instant,
    pub caller: &'a Caller,
    pub via: Via,
    pub directory: &'a Directory,
    pub rules: &'a Rules,
    /// Random bits, from which ids of pages, holds and lessons are made.
    pub random: u128,
}

impl Context<'_> {
    /// The n-th fresh id of this decision.
    pub fn fresh_id(&self, prefix: &str, n: usize) -> String {
        let n = u128::try_from(n).unwrap_or_default();
        format!(
            "{prefix}{:020x}",
            self.random.wrapping_add(n) & 0xffff_ffff_ffff_ffff_ffff
        )
    }

    /// A name on record, as a refusal may say it to this caller: what the mark hides is not told in passing.
    pub fn named<'n>(&self, incident: &Incident, name: &'n str) -> &'n str {
        if self.caller.audience().may_read(incident.tlp) {
            name
        } else {
            "somebody"
        }
    }

    /// The incident's duties as of now.
    pub fn duties(&self, incident: &Incident) -> Vec<DutyView> {
        duty::derive(incident, self.directory, self.rules, self.now)
    }
}

/// Decides one command: the events that carry it out, or why not. Nothing is changed here.
///
/// # Errors
/// Why it is not done: the caller may not, the incident does not stand so, the body does not fit, or a gate is unmet.
pub fn decide(
    incident: &Incident,
    command: &Command,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    allowed(command.kind(), Standing::of(incident), context.caller)?;
    match command {
        Command::Note(body) => note::decide(incident, body, context),
        Command::RecordTime(body) => record_time::decide(incident, body, context),
        Command::Page(body) => page::decide(incident, body, context),
        Command::AcknowledgePage(body) => acknowledge_page::decide(incident, body, context),
        Command::Take(body) => take::decide(incident, body, context),
        Command::Declare(body) => declare::decide(incident, body, context),
        Command::NotReportable(body) => not_reportable::decide(incident, body, context),
        Command::Advance(body) => advance::decide(incident, body, context),
        Command::Undo(body) => undo::decide(incident, body, context),
        Command::Dismiss(body) => dismiss::decide(incident, body, context),
        Command::Close(body) => close::decide(incident, body, context),
        Command::Reopen(body) => reopen::decide(incident, body, context),
        Command::Assign(body) => assign::decide(incident, body, context),
        Command::HandOver(body) => hand_over::decide(incident, body, context),
        Command::Set(body) => set::decide(incident, body, context),
        Command::NotApplicable(body) => not_applicable::decide(incident, body, context),
        Command::CancelPage(body) => cancel_page::decide(incident, body, context),
        Command::Submit(body) => submit::decide(incident, body, context),
        Command::WithdrawSubmit(body) => withdraw_submit::decide(incident, body, context),
        Command::Hold(body) => hold::decide(incident, body, context),
        Command::Release(body) => release::decide(incident, body, context),
        Command::ConfirmTime(body) => confirm_time::decide(incident, body, context),
        Command::Lesson(body) => lesson::decide(incident, body, context),
        Command::FinishLesson(body) => finish_lesson::decide(incident, body, context),
        Command::Review(body) => review::decide(incident, body, context),
        Command::Decide(body) => decide_duty::decide(incident, body, context),
        Command::AcknowledgeAlarm(body) => acknowledge_alarm::decide(incident, body, context),
        Command::ShelveAlarm(body) => shelve_alarm::decide(incident, body, context),
        Command::UnshelveAlarm(body) => unshelve_alarm::decide(incident, body, context),
        Command::Restrict(body) => restrict::decide(incident, body, context),
        Command::BreakGlass(body) => break_glass::decide(incident, body, context),
        Command::Redact(body) => redact::decide(incident, body, context),
    }
}

#[cfg(test)]
mod tests;
