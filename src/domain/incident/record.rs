//! What is recorded about an incident's times and duties: triggers with their history, submissions, holds, decisions.
//! Records only; what follows from them is computed in `duty` and `clock`.

use serde::{Deserialize, Serialize};

use crate::domain::alarm::Alarm;
use crate::domain::instant::Instant;
use crate::domain::view::{DecisionView, Told};
use crate::domain::when::When;
use crate::domain::word::{Milestone, SubmitKind};

/// Whether a recorded instant counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It counts.
    Counts,
    /// Later than the one that counts: waits for a second person.
    Proposed,
    /// Another took its place; kept because nothing is deleted.
    Superseded,
}

/// One instant recorded for a trigger, with who said so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// Such as `aware_at`.
    pub name: String,
    pub at: When,
    /// Who recorded it.
    pub by: String,
    /// Where it is known from.
    pub source: Option<String>,
    pub reason: Option<String>,
    /// When it was recorded.
    pub entered_at: Instant,
    /// The incident's pass at that time.
    pub pass: u32,
    /// The one duty it is for; None: for all.
    pub duty: Option<String>,
    pub standing: Standing,
}

impl Trigger {
    /// Whether it counts now.
    pub fn counts(&self) -> bool {
        self.standing == Standing::Counts
    }

    /// Whether it waits for a second person.
    pub fn is_proposed(&self) -> bool {
        self.standing == Standing::Proposed
    }
}

/// Whether a trigger is a milestone, which each pass reaches anew.
pub fn is_milestone(name: &str) -> bool {
    Milestone::ALL.iter().any(|m| m.as_str() == name)
}

/// A milestone that was said not to apply, in one pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotApplicable {
    pub milestone: Milestone,
    pub reason: String,
    pub by: String,
    pub at: Instant,
    pub pass: u32,
}

/// What persons recorded about one duty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Duty {
    /// Who decides, by name.
    pub decider: Option<String>,
    pub submissions: Vec<Submission>,
    pub holds: Vec<Hold>,
    /// The latest verdict of counsel: required or not, and why.
    pub verdict: Option<Verdict>,
    /// The instant its clock began to count from, kept when a milestone is recorded anew in a later pass.
    pub counting_from: Option<Instant>,
}

/// A notice recorded as sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Submission {
    /// When the notice was sent, as recorded.
    pub at: Instant,
    /// By which way it went.
    pub channel: String,
    /// What the other side calls it.
    pub reference: Option<String>,
    pub kind: SubmitKind,
    /// How many of those to be told have been.
    pub told: Option<Told>,
    pub by: String,
    /// When that was recorded.
    pub entered_at: Instant,
    /// Who took it back, and why.
    pub withdrawn: Option<DecisionView>,
}

/// A ground for not telling yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    pub id: String,
    /// One of the kinds that the stage allows.
    pub kind: String,
    pub from: Instant,
    /// When it ends by itself; None: not before it is released.
    pub until: Option<Instant>,
    pub authority: String,
    /// What it stands in.
    pub document: Option<String>,
    /// Who recorded it.
    pub by: String,
    /// Who released it, and when.
    pub released: Option<DecisionView>,
}

/// Counsel's word on a duty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    pub required: bool,
    /// The ground.
    pub because: String,
    /// The day on which it is to be looked at again.
    pub review_on: Option<String>,
    pub by: String,
    pub at: Instant,
    /// The pass that began for a wider scope since: it is to be decided anew, and until then asks for a notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renew_in: Option<u32>,
}

impl Verdict {
    /// Whether it takes the duty off the list: it says that no notice is needed, and the scope is still what it was.
    pub fn spares(&self) -> bool {
        !self.required && self.renew_in.is_none()
    }
}

/// What became of an alarm that rang.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmRecord {
    /// As it last rang.
    pub alarm: Alarm,
    /// When it last began to ring; None once it was shelved.
    pub raised_at: Option<Instant>,
    /// Who heard it first.
    pub acknowledged: Option<DecisionView>,
    /// None: it is not put aside.
    pub shelved: Option<Shelf>,
    /// When it last paged somebody.
    pub paged_at: Option<Instant>,
}

/// An alarm put aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shelf {
    /// Who shelved it, when and why: its owner.
    pub why: DecisionView,
    /// When it rings again.
    pub until: Instant,
}
