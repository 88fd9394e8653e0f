//! The incident on record: unmasked state, made only by applying events (`apply`).
//! What a reader sees of it is `view`; what may be done to it is `command`; what it owes is `duty`.

mod alarm;
pub mod apply;
pub mod page;
pub mod record;
mod standing;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::instant::Instant;
use super::restriction::Restriction;
use super::view::{ChangeView, DecisionView, HandOverView, LessonView, ReviewView, Upstream};
use super::when::When;
use super::word::{
    Classification, Comms, Ended, Milestone, Phase, Reportable, Responsibility, Seat, Severity,
    Tlp, Via,
};
use page::Page;
use record::{AlarmRecord, Duty, NotApplicable, Submission, Trigger, is_milestone};

/// Who made a change, when, by which door, and which version of the incident it made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The version that the change made.
    pub version: u64,
    pub at: Instant,
    /// The name that stands in the record.
    pub by: String,
    pub via: Via,
}

/// One incident as its events left it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    pub id: String,
    /// Grows by one with each change, whoever made it.
    pub version: u64,
    /// The version of the last command that a person gave; a confirmation bound to an older one is refused.
    pub persons_version: u64,
    pub service: String,
    pub title: String,
    pub summary: Option<String>,
    pub codename: String,
    pub classification: Option<Classification>,
    pub severity: Option<Severity>,
    pub reportable: Reportable,
    /// Who answered whether customers must be told, when and why.
    pub reportable_by: Option<DecisionView>,
    pub responsibility: Responsibility,
    pub phase: Phase,
    /// How often it has entered detection and analysis; 0 for an exercise that has not begun.
    pub pass: u32,
    /// When it came into its phase.
    pub phase_since: Instant,
    pub opened_at: Instant,
    pub opened_by: String,
    /// When it happened, as exactly as that is known.
    pub occurred_at: Option<When>,
    /// When a planned exercise begins.
    pub starts_at: Option<Instant>,
    /// How it ended, if it did; None while it is worked on.
    pub ended: Option<Ended>,
    pub closed_at: Option<Instant>,
    pub updated_at: Instant,
    pub exercise: bool,
    pub tlp: Tlp,
    /// The security response team, by id.
    pub owner: String,
    /// The service's own team, by id.
    pub service_team: Option<String>,
    pub seats: Seats,
    /// Where people speak about it.
    pub bridge: Option<String>,
    /// Where people write about it.
    pub channel: Option<String>,
    /// Where they meet while the company's own channels are suspect.
    pub out_of_band: Option<String>,
    /// Whether the company's own channels can be trusted.
    pub comms: Comms,
    /// Every instant that was recorded, in its order; what counts is said by its standing.
    pub triggers: Vec<Trigger>,
    pub not_applicable: Vec<NotApplicable>,
    /// The regimes it is counted under, by id.
    pub regimes: Vec<String>,
    /// What is known of the entity; read by `clock::Profile`.
    pub profile: Map<String, Value>,
    /// What was recorded about duties, by duty id; the duties themselves are derived.
    pub duties: IndexMap<String, Duty>,
    pub pages: Vec<Page>,
    pub lessons: Vec<LessonView>,
    pub review: Option<ReviewView>,
    /// The incident it is in another system.
    pub upstream: Option<Upstream>,
    /// Seats that are offered and not taken yet.
    pub hand_overs: Vec<HandOverView>,
    /// The last phase move, as long as `undo` may take it back.
    pub last_move: Option<LastMove>,
    /// What changed last, in words.
    pub change: Option<ChangeView>,
    /// The latest change with its values, as people read it; absent in what an earlier build wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// What people did about alarms, by alarm id; which ring is derived.
    #[serde(default)]
    pub alarms: IndexMap<String, AlarmRecord>,
    /// Since when the commander's seat has been vacant, if it is.
    #[serde(default)]
    pub vacant_since: Option<Instant>,
    /// Since when each filled seat is held by who holds it, by the seat's word.
    #[serde(default)]
    pub seated_at: IndexMap<String, Instant>,
    /// For whom it exists; None: for everybody whose services it is of.
    #[serde(default)]
    pub restriction: Option<Restriction>,
    /// Entries whose texts were taken out, by seq: who did it, when and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub redactions: BTreeMap<u64, DecisionView>,
}

/// The persons of an incident; an empty seat is a vacancy and shown as one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seats {
    pub commander: Option<String>,
    pub deputy: Option<String>,
    pub scribe: Option<String>,
    pub owner_lead: Option<String>,
    pub service_lead: Option<String>,
}

impl Seats {
    /// Who sits there. A decider belongs to a duty, not to the incident: always None here.
    pub fn get(&self, seat: Seat) -> Option<&str> {
        match seat {
            Seat::Commander => self.commander.as_deref(),
            Seat::Deputy => self.deputy.as_deref(),
            Seat::Scribe => self.scribe.as_deref(),
            Seat::OwnerLead => self.owner_lead.as_deref(),
            Seat::ServiceLead => self.service_lead.as_deref(),
            Seat::Decider => None,
        }
    }

    /// Fills or empties a seat.
    pub fn set(&mut self, seat: Seat, person: Option<String>) {
        match seat {
            Seat::Commander => self.commander = person,
            Seat::Deputy => self.deputy = person,
            Seat::Scribe => self.scribe = person,
            Seat::OwnerLead => self.owner_lead = person,
            Seat::ServiceLead => self.service_lead = person,
            Seat::Decider => {}
        }
    }
}

/// What `undo` needs to take the last phase move back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastMove {
    /// The version that the move made.
    pub version: u64,
    pub at: Instant,
    pub by: String,
    pub from: Phase,
    pub from_pass: u32,
    /// When it had come into the phase that it left.
    pub from_since: Instant,
}

impl Incident {
    /// Whether it is still being worked on.
    pub fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// Whether it is on boards: it is open, or a lesson of it is unfinished.
    pub fn is_listed(&self) -> bool {
        self.is_open() || self.lessons.iter().any(|lesson| lesson.done_at.is_none())
    }

    /// The instant that counts for a trigger of the whole incident: the present pass's, or the last earlier one.
    pub fn trigger(&self, name: &str) -> Option<&Trigger> {
        self.triggers
            .iter()
            .rev()
            .find(|t| t.name == name && t.duty.is_none() && t.counts())
    }

    /// The instant that counts for one duty: its own, or else the incident's.
    pub fn trigger_of_duty(&self, name: &str, duty: &str) -> Option<&Trigger> {
        let own = self
            .triggers
            .iter()
            .rev()
            .find(|t| t.name == name && t.duty.as_deref() == Some(duty) && t.counts());
        own.or_else(|| self.trigger(name))
    }

    /// The instants proposed for a trigger and not yet confirmed, of the incident and of single duties. A milestone's
    /// lapses when a new pass begins, which reaches it anew.
    pub fn proposals(&self, name: &str) -> impl Iterator<Item = &Trigger> {
        self.triggers.iter().filter(move |t| {
            t.name == name && t.is_proposed() && (t.pass == self.pass || !is_milestone(&t.name))
        })
    }

    /// The instant proposed for a trigger of the incident, or of one duty, and not yet confirmed.
    pub fn proposed(&self, name: &str, duty: Option<&str>) -> Option<&Trigger> {
        let of = self.proposals(name).filter(|t| t.duty.as_deref() == duty);
        of.last()
    }

    /// Whether a milestone was reached, or said not to apply, in the present pass.
    pub fn has_milestone(&self, milestone: Milestone) -> bool {
        let reached = self.triggers.iter().any(|t| {
            t.name == milestone.as_str() && t.pass == self.pass && t.duty.is_none() && t.counts()
        });
        reached
            || self
                .not_applicable
                .iter()
                .any(|n| n.milestone == milestone && n.pass == self.pass)
    }

    /// The page with this id.
    pub fn page(&self, id: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.id == id)
    }

    /// The submission of a duty that was entered last and not withdrawn: the one that can be taken back.
    pub fn submission(&self, duty: &str) -> Option<&Submission> {
        self.duties
            .get(duty)?
            .submissions
            .iter()
            .rfind(|s| s.withdrawn.is_none())
    }
}
