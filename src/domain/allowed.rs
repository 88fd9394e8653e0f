//! One answer to "may this caller do this here and now": it feeds keys, palette, dialogs and the server alike.
//! What exactly a command needs besides is decided in `command`.

use super::caller::Caller;
use super::refusal::{Refusal, RefusalKind};
use super::word::{Ended, Phase, Role, words};

/// What an incident shows of itself to the question of what is allowed; state and view both give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub phase: Phase,
    pub ended: Option<Ended>,
    pub exercise: bool,
}

words! {
    /// Every command by kind, in the order of the API's list: the word in its `type`.
    CommandKind {
        Note = "note",
        RecordTime = "record_time",
        Page = "page",
        AcknowledgePage = "acknowledge_page",
        Take = "take",
        Declare = "declare",
        NotReportable = "not_reportable",
        Advance = "advance",
        Undo = "undo",
        Dismiss = "dismiss",
        Close = "close",
        Reopen = "reopen",
        Assign = "assign",
        HandOver = "hand_over",
        Set = "set",
        NotApplicable = "not_applicable",
        CancelPage = "cancel_page",
        Submit = "submit",
        WithdrawSubmit = "withdraw_submit",
        Hold = "hold",
        Release = "release",
        ConfirmTime = "confirm_time",
        Lesson = "lesson",
        FinishLesson = "finish_lesson",
        Review = "review",
        Decide = "decide",
        AcknowledgeAlarm = "acknowledge_alarm",
        ShelveAlarm = "shelve_alarm",
        UnshelveAlarm = "unshelve_alarm",
        Restrict = "restrict",
        BreakGlass = "break_glass",
        Redact = "redact",
    }
}

impl CommandKind {
    /// The weakest role that may.
    pub const fn role(self) -> Role {
        use CommandKind::*;
        match self {
            Note | RecordTime | Page | AcknowledgePage | Take | AcknowledgeAlarm => Role::Responder,
            BreakGlass => Role::Admin,
            _ => Role::Commander,
        }
    }

    /// Whether it is counsel's alone, whatever the role.
    pub const fn is_counsels(self) -> bool {
        matches!(self, CommandKind::Decide | CommandKind::Redact)
    }

    /// Whether it needs an incident that is still open.
    const fn needs_open(self) -> bool {
        use CommandKind::*;
        match self {
            Reopen | Note | Lesson | FinishLesson | Review | Submit | WithdrawSubmit
            | AcknowledgePage | CancelPage | Set | RecordTime | ConfirmTime | Decide | Assign
            | Restrict | BreakGlass | Redact => false,
            Page | Take | Declare | NotReportable | Advance | Undo | Dismiss | Close | HandOver
            | NotApplicable | Hold | Release | AcknowledgeAlarm | ShelveAlarm | UnshelveAlarm => {
                true
            }
        }
    }
}

/// Whether the caller may do this to an incident that stands so. The refusal says what is missing.
///
/// # Errors
/// `NotAllowed`: the caller lacks the role or the capability; `State`: the incident has ended, or has not.
pub fn allowed(kind: CommandKind, standing: Standing, caller: &Caller) -> Result<(), Refusal> {
    let may = match kind {
        kind if kind.is_counsels() => caller.counsel,
        CommandKind::ConfirmTime | CommandKind::Restrict => {
            caller.counsel || caller.role >= kind.role()
        }
        _ => caller.role >= kind.role(),
    };
    if !may {
        let needed = if kind.is_counsels() {
            "the capability counsel".to_owned()
        } else {
            format!("the role {}", kind.role())
        };
        // A commander without the capability is told who has it, not to ask another commander.
        let whom = match kind.is_counsels() {
            true => "counsel, or whoever gives out tokens",
            false if kind.role() > Role::Commander => "an administrator",
            false => "an incident commander",
        };
        return Err(Refusal::not_allowed(format!(
            "'{}' needs {needed}; the token {} has the role {}. Ask {whom}.",
            kind.as_str(),
            caller.name,
            caller.role
        )));
    }
    let state = |detail: String| {
        Err(Refusal {
            kind: RefusalKind::State,
            detail,
            unmet: Vec::new(),
        })
    };
    match (standing.ended, kind) {
        (Some(ended), _) if kind.needs_open() => {
            state(format!("The incident is {ended}; reopen it first."))
        }
        (None, CommandKind::Reopen) => {
            state("The incident is open; there is nothing to reopen.".to_owned())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_and_capability_decide_and_ended_incidents_refuse_moves() {
        let open = Standing {
            phase: Phase::DetectionAndAnalysis,
            ended: None,
            exercise: false,
        };
        let closed = Standing {
            ended: Some(Ended::Closed),
            ..open
        };
        let (viewer, responder, commander) = (
            Caller::new("v", Role::Viewer),
            Caller::new("r", Role::Responder),
            Caller::new("c", Role::Commander),
        );
        for kind in CommandKind::ALL {
            assert!(allowed(*kind, open, &viewer).is_err(), "{kind:?}");
        }
        assert!(allowed(CommandKind::Page, open, &responder).is_ok());
        assert!(allowed(CommandKind::Advance, open, &responder).is_err());
        assert!(allowed(CommandKind::Advance, open, &commander).is_ok());
        assert!(allowed(CommandKind::Advance, closed, &commander).is_err());
        assert!(allowed(CommandKind::Reopen, open, &commander).is_err());
        let counsel = Caller {
            counsel: true,
            ..responder
        };
        for kind in [CommandKind::Decide, CommandKind::Redact] {
            assert!(allowed(kind, open, &commander).is_err());
            assert!(allowed(kind, open, &counsel).is_ok());
            assert!(allowed(kind, closed, &counsel).is_ok());
        }
    }
}
