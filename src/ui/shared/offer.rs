//! What this viewer may do to the selected incident, and so which actions are offered: in footer, help and palette alike.
//! Who decides it on the server's side is `domain::allowed`; nothing here sends.

use super::{Shared, Target};
use crate::domain::alarm;
use crate::domain::allowed::{CommandKind, Standing, allowed};
use crate::domain::command::undo::UNDO_MINUTES;
use crate::domain::instant::Mono;
use crate::domain::refusal::RefusalKind;
use crate::domain::word::{AlarmState, Phase};
use crate::ui::keymap::Action;

/// What an action asks of the domain; one of them allowed is enough. Empty: the action changes no incident.
pub const fn asks_for(action: Action) -> &'static [CommandKind] {
    use Action as A;
    use CommandKind as C;
    match action {
        A::Forward | A::LoopBack => &[C::Advance],
        A::Page => &[C::Page],
        A::Acknowledge => &[C::AcknowledgePage],
        A::Write => &[C::Note],
        A::Time => &[C::RecordTime],
        A::Edit => &[C::Set],
        A::Roles => &[C::Assign],
        A::StandDown => &[C::CancelPage],
        A::Undo => &[C::Undo],
        A::Declare => &[C::Declare],
        A::Sent => &[C::Submit],
        A::Hold => &[C::Hold, C::Release],
        A::Verdict => &[C::Decide, C::NotReportable],
        A::Shelve => &[C::ShelveAlarm, C::UnshelveAlarm],
        A::Lesson => &[C::Lesson],
        A::Restrict => &[C::Restrict],
        A::HandOver => &[C::HandOver, C::Take],
        A::Close => &[C::Close, C::Reopen],
        _ => &[],
    }
}

impl Shared {
    /// Whether this viewer may do a thing to an incident, by role, clearance, source and state; else a sentence.
    ///
    /// # Errors
    /// A sentence: why not, and what would have to be.
    pub fn may(&self, kind: CommandKind, target: &Target) -> Result<(), String> {
        if self.options.read_only {
            return Err("This board is read-only.".to_owned());
        }
        let incident = self
            .incident(target)
            .ok_or("The incident is no longer on the board.")?;
        let caller = self.caller(target.source).ok_or_else(|| {
            let name = self.source_name(target.source);
            let heard = self.source(target.source).and_then(|source| source.heard);
            match heard {
                None => format!("{name} has not answered yet; nothing can be sent to it."),
                Some(_) => format!(
                    "{name} has not said yet who you are; nothing can be sent to it before it does."
                ),
            }
        })?;
        allowed(kind, Standing::of_view(incident), &caller).map_err(|refusal| match refusal.kind {
            // It names whose token it is.
            RefusalKind::NotAllowed if self.options.mask => {
                format!("'{}' needs another role than this board's.", kind.as_str())
            }
            _ => refusal.detail,
        })
    }

    /// Whether an action on the selected incident is offered: in footer, help and palette alike.
    pub fn offers(&self, action: Action) -> bool {
        use Action as A;
        let may = || {
            let target = self.selected.as_ref();
            let may = |kind: &CommandKind| target.is_some_and(|it| self.may(*kind, it).is_ok());
            asks_for(action).iter().any(may)
        };
        match action {
            A::Acknowledge | A::StandDown => may() && self.open_page().is_some(),
            A::Undo => may() && self.undo_until().is_some_and(|until| self.now <= until),
            A::LoopBack => may() && self.loops_back(),
            A::Shelve => may() && self.shelvable(),
            A::Silence => (0..self.board.sources.len()).any(|source| self.may_silence(source)),
            A::CopyId | A::Links => self.selected_incident().is_some(),
            A::Open => {
                !self.options.read_only && (0..self.board.sources.len()).any(|s| self.may_open(s))
            }
            A::BreakGlass => (0..self.board.sources.len()).any(|s| self.may_break_glass(s)),
            _ => asks_for(action).is_empty() || may(),
        }
    }

    /// Whether this viewer may open an incident at a backend.
    pub fn may_open(&self, source: usize) -> bool {
        !self.options.read_only
            && self
                .caller(source)
                .is_some_and(|caller| caller.role >= CommandKind::Note.role())
    }

    /// Whether this viewer may do a thing at a backend to an incident of which nothing is known here.
    fn may_at(&self, source: usize, kind: CommandKind) -> bool {
        let anywhere = Standing {
            phase: Phase::DetectionAndAnalysis,
            ended: None,
            exercise: false,
        };
        let caller = self.caller(source);
        !self.options.read_only
            && caller.is_some_and(|caller| allowed(kind, anywhere, &caller).is_ok())
    }

    /// Whether this viewer may restrict an incident at a backend.
    pub fn may_restrict(&self, source: usize) -> bool {
        self.may_at(source, CommandKind::Restrict)
    }

    /// Whether this viewer may break the glass of restricted incidents at a backend, and would see what is behind it: a room is
    /// shown none.
    pub fn may_break_glass(&self, source: usize) -> bool {
        !self.options.mask && self.may_at(source, CommandKind::BreakGlass)
    }

    /// Why no glass can be broken from here.
    pub fn why_no_glass(&self) -> String {
        if self.options.mask {
            return "A board under --mask shows nothing restricted; break the glass at one without.".to_owned();
        }
        match self.is_answered() {
            _ if self.options.read_only => "This board is read-only.".to_owned(),
            true => "No backend that answered lets you break the glass: it needs the role admin."
                .to_owned(),
            false => "No backend has answered yet; nothing can be sent.".to_owned(),
        }
    }

    /// Whether this viewer may acknowledge alarms at a backend.
    fn may_silence(&self, source: usize) -> bool {
        let role = CommandKind::AcknowledgeAlarm.role();
        let caller = self.caller(source);
        !self.options.read_only && caller.is_some_and(|caller| caller.role >= role)
    }

    /// Whether the selected incident is past detection and analysis, from where alone it loops back.
    fn loops_back(&self) -> bool {
        let selected = self.selected_incident();
        selected.is_some_and(|(_, incident)| incident.phase > Phase::DetectionAndAnalysis)
    }

    /// Whether the selected incident has an alarm to shelve, or one on the shelf.
    fn shelvable(&self) -> bool {
        let Some((target, incident)) = self.selected_incident() else {
            return false;
        };
        let alarms = alarm::of_view(incident, self.time(target.source));
        alarms
            .iter()
            .any(|alarm| alarm.state != AlarmState::Returned)
    }

    fn open_page(&self) -> Option<()> {
        let (_, incident) = self.selected_incident()?;
        incident
            .pages
            .iter()
            .any(|page| page.state.is_open())
            .then_some(())
    }

    /// Until when the selected incident's last move may be taken back, if it is this viewer's own.
    pub fn undo_until(&self) -> Option<Mono> {
        let (target, incident) = self.selected_incident()?;
        let last = incident.last_move.as_ref()?;
        let mine = self.caller(target.source)?.name == last.by;
        mine.then(|| self.mono(target.source, last.at) + UNDO_MINUTES * 60_000)
    }
}
