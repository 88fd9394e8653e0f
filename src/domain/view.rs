//! The incident as a reader is given it: the body of the API and what every screen draws from.
//! What the reader's clearance hides is null and named in `masked`. The unmasked state is `incident::Incident`.

mod trigger;

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::gate::OF_PEOPLE;
use super::instant::Instant;
use super::restriction::Restriction;
use super::when::When;
use super::word::{
    AlarmKind, AlarmState, Answer, Classification, Comms, Direction, DutyStatus, Ended, GateWord,
    PageState, Phase, Reportable, Responsibility, Role, Seat, Severity, Tlp, Urgency,
};

pub use trigger::{ProposedView, TriggerView};

/// One incident, for one audience.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IncidentView {
    pub id: String,
    /// 1 at opening, +1 for each change.
    pub version: u64,
    /// The version of the last command a person gave; a confirmation bound to an older one is refused.
    #[serde(default)]
    pub persons_version: u64,
    pub service: String,
    pub title: Option<String>,
    pub summary: Option<String>,
    pub codename: String,
    /// Names of fields hidden from this reader, wholly or in part; their null is not a vacancy. A name that is never null, as
    /// `by` is, is empty where it is hidden.
    #[serde(default, deserialize_with = "exact")]
    pub masked: Vec<String>,
    pub classification: Option<Classification>,
    pub severity: Option<Severity>,
    pub reportable: Reportable,
    pub responsibility: Responsibility,
    pub phase: Phase,
    pub pass: u32,
    #[schema(value_type = String, format = DateTime)]
    pub phase_since: Instant,
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Instant,
    #[schema(value_type = Option<String>)]
    pub occurred_at: Option<When>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub starts_at: Option<Instant>,
    pub ended: Option<Ended>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed_at: Option<Instant>,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Instant,
    pub exercise: bool,
    pub tlp: Tlp,
    pub owner: String,
    pub owner_lead: Option<String>,
    pub service_team: Option<String>,
    pub service_lead: Option<String>,
    pub commander: Option<String>,
    pub deputy: Option<String>,
    pub scribe: Option<String>,
    pub bridge: Option<String>,
    pub channel: Option<String>,
    pub out_of_band: Option<String>,
    #[serde(default = "trusted")]
    pub comms: Comms,
    #[schema(value_type = Object)]
    pub triggers: IndexMap<String, TriggerView>,
    pub regimes: Vec<String>,
    #[schema(value_type = Object)]
    pub profile: Map<String, Value>,
    #[serde(deserialize_with = "exact")]
    pub duties: Vec<DutyView>,
    /// By which rules and time zones the duties were counted.
    #[serde(default)]
    pub counted: CountedView,
    #[serde(deserialize_with = "exact")]
    pub gates: Vec<GateView>,
    #[serde(deserialize_with = "exact")]
    pub pages: Vec<PageView>,
    pub lessons: Vec<LessonView>,
    pub review: Option<ReviewView>,
    pub upstream: Option<Upstream>,
    /// Seats offered to somebody who has not taken them yet.
    #[serde(default, deserialize_with = "exact")]
    pub hand_overs: Vec<HandOverView>,
    /// Who answered the question whether customers must be told, and why.
    #[serde(default)]
    pub reportable_by: Option<DecisionView>,
    /// The phase move that `undo` would take back.
    #[serde(default)]
    pub last_move: Option<LastMoveView>,
    /// The latest change in one line, for "what changed".
    #[serde(default)]
    pub change: Option<ChangeView>,
    /// What rings, was acknowledged, came back unacknowledged or is shelved, as of the snapshot.
    #[serde(default, deserialize_with = "exact")]
    pub alarms: Vec<AlarmView>,
    /// Since when nobody has commanded; null where somebody does, and for readers who may not know.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub commander_vacant_since: Option<Instant>,
    /// Since when each filled seat is held by who holds it, by the seat's word.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub seated_at: IndexMap<String, Instant>,
    /// For whom it exists; null: for everybody whose services it is of.
    #[serde(default)]
    pub restriction: Option<Restriction>,
}

/// Reads a list without room to spare: readers keep thousands of these, most with one entry, and change none.
fn exact<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    let mut list = Vec::deserialize(from)?;
    list.shrink_to_fit();
    Ok(list)
}

fn trusted() -> Comms {
    Comms::Trusted
}

/// One duty: (incident, regime, stage, subject), with its clock as of the snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DutyView {
    /// `regime/stage`, with `@subject` when that is not `all`.
    pub id: String,
    pub regime: String,
    pub stage: String,
    pub subject: String,
    /// Who is to be told.
    pub to: String,
    /// The rule in a few letters, as screens name it: `MS 72 h (practice)`.
    #[serde(default)]
    pub rule: String,
    pub status: DutyStatus,
    /// A part of its number is missing: once no hold is in effect it is provisional again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
    /// The trigger it counts or waits for.
    pub trigger: Option<String>,
    /// The instant the clock was counted from.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub counted_from: Option<Instant>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Instant>,
    /// The latest instant that the text itself allows, if later than `due_at`.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub limit_at: Option<Instant>,
    /// `due_at` less `prepare_for`: alarms ring on it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub latest_start_at: Option<Instant>,
    /// Drafting and approval time, as written (`2h30m`); absent: start not set.
    pub prepare_for: Option<String>,
    pub decider: DeciderView,
    pub direction: Direction,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub submitted_at: Option<Instant>,
    /// The instants that are themselves the notice, as `contained_at`; empty: a notice is recorded as sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub met_by: Vec<String>,
    /// When the last of these was reached or found not to apply, where that met it and nothing was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub met_at: Option<Instant>,
    /// `on_time`, `between_due_and_limit` or `late`, once submitted; `early` before an embargo ended.
    pub outcome: Option<String>,
    pub told: Option<Told>,
    /// When a hold ends, by whose authority.
    #[serde(default)]
    pub hold: Option<HoldView>,
    /// The day on which a decision not to notify is looked at again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_on: Option<String>,
    /// When that day begins where the entity is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub review_at: Option<Instant>,
    /// Instants recorded for this duty alone, before those of the incident, and what is proposed for it alone.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schema(value_type = std::collections::HashMap<String, TriggerView>)]
    pub triggers: IndexMap<String, TriggerView>,
    /// The kinds of hold that its text names; a written exception of it (`exception:<name>`) may be one besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<String>,
    /// Who decided against, or the condition that makes it not required.
    #[serde(default)]
    pub because: Option<String>,
    /// Shown on shared screens only as "restricted duty".
    #[serde(default)]
    pub restricted: bool,
    /// Whether a contract asks for it, so that its regime and recipient name a customer. Where that is hidden they are
    /// placeholders.
    #[serde(default)]
    pub contract: bool,
    /// Whether its latest start, once passed, pages the decider's team.
    #[serde(default)]
    pub page_on_latest_start: bool,
    pub citation: String,
    pub confidence: String,
    pub verified: String,
    pub enabled: bool,
}

/// The record of a computation: what it was counted by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CountedView {
    /// Hash of the regimes and calendars in force.
    pub rules: String,
    /// Version of the time zone database.
    pub tz: String,
}

/// Who decides a duty: a team, and the person where one is named.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeciderView {
    pub team: Option<String>,
    pub person: Option<String>,
}

/// One alarm: what it is about, and what people did about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlarmView {
    /// `<duty id>#<kind>`, `seat/commander#vacant`, or `page/<page id>#eta_passed`.
    pub id: String,
    pub kind: AlarmKind,
    /// The duty it is about; null for a seat or a page.
    pub duty: Option<String>,
    /// The page it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// When its condition began.
    #[schema(value_type = String, format = DateTime)]
    pub since: Instant,
    pub state: AlarmState,
    /// Who acknowledged or shelved it.
    pub by: Option<String>,
    /// When that was.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Instant>,
    /// When a shelved one rings again.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Instant>,
    /// Why it is shelved.
    pub reason: Option<String>,
}

/// How many of those to be told have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Told {
    pub done: u64,
    pub of: u64,
}

/// A hold on a duty that still stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HoldView {
    pub id: String,
    pub kind: String,
    #[schema(value_type = String, format = DateTime)]
    pub from: Instant,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Instant>,
    pub authority: String,
    pub document: Option<String>,
    pub by: String,
}

/// What is unmet before a phase can be left for `to` (a phase, or `closed`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GateView {
    pub to: String,
    /// Hard gates refuse without an override; soft ones are only recorded.
    pub hard: bool,
    /// Without conditions on who is hidden from this reader: neither met nor unmet is told of them.
    pub unmet: Vec<GateWord>,
}

/// A repeat that went with a page which waited to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FoldedView {
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    pub by: String,
    pub message: Option<String>,
}

/// One request to one team to come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PageView {
    pub id: String,
    pub team: String,
    pub state: PageState,
    /// The kind of the route it goes by now.
    pub route: Option<String>,
    /// 0 for the first route; how often it escalated.
    #[serde(default)]
    pub step: u32,
    pub attempts: u32,
    pub urgency: Urgency,
    pub answer: Option<Answer>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub eta: Option<Instant>,
    #[schema(value_type = String, format = DateTime)]
    pub queued_at: Instant,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub accepted_at: Option<Instant>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub acknowledged_at: Option<Instant>,
    #[serde(default)]
    pub acknowledged_by: Option<String>,
    /// When it escalates if nobody answers.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub escalates_at: Option<Instant>,
    pub by: String,
    pub message: Option<String>,
    pub last_error: Option<String>,
    /// Repeats that go with it, oldest first: they were asked for before anybody had begun to send it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folded: Vec<FoldedView>,
}

/// When whoever said to be coming with a page said to be there.
pub(super) fn expected_at(
    state: PageState,
    answer: Option<Answer>,
    eta: Option<Instant>,
) -> Option<Instant> {
    let coming = state == PageState::Acknowledged && answer == Some(Answer::Coming);
    eta.filter(|_| coming)
}

impl PageView {
    /// When whoever is coming said to be there, while nobody of the team was marked as arrived.
    pub fn expected_at(&self) -> Option<Instant> {
        expected_at(self.state, self.answer, self.eta)
    }

    /// How often it was asked for, where that was more than once.
    pub fn asked_for(&self) -> Option<String> {
        match self.folded.len() {
            0 => None,
            1 => Some("asked for twice".to_owned()),
            more => Some(format!("asked for {} times", more + 1)),
        }
    }

    /// Since when somebody who said to be coming should be there and is not.
    pub fn late_since(&self, now: Instant) -> Option<Instant> {
        self.expected_at().filter(|eta| *eta < now)
    }
}

/// A finding from post-incident activity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LessonView {
    pub id: String,
    pub text: Option<String>,
    pub owner: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due: Option<Instant>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub done_at: Option<Instant>,
    pub by: String,
}

/// The review of an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReviewView {
    #[schema(value_type = String, format = DateTime)]
    pub held_at: Instant,
    pub text: Option<String>,
    pub by: String,
}

/// Where an incident came from: `key` is unique per connector in a store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Upstream {
    pub connector: String,
    pub key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whatever else the connector keeps.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub rest: Map<String, Value>,
}

/// A seat offered to somebody who has not taken it yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HandOverView {
    pub role: Seat,
    pub to: String,
    pub by: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
}

/// A decision with a name, an instant and a reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DecisionView {
    pub by: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    pub reason: Option<String>,
}

/// The phase move that `undo` would take back, while nothing else was done since.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LastMoveView {
    pub by: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    pub from: Phase,
    /// The incident's version right after the move.
    pub version: u64,
}

/// The latest change in one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangeView {
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    pub by: String,
    pub text: Option<String>,
}

/// What the reader of an incident may do, besides the role: given once in `/v1/info`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SelfView {
    pub name: String,
    pub role: Role,
    pub counsel: bool,
    pub clearance: Tlp,
    pub services: Vec<String>,
    pub team: Option<String>,
}

impl IncidentView {
    /// Whether a field was hidden from this reader.
    pub fn is_masked(&self, field: &str) -> bool {
        self.masked.iter().any(|m| m == field)
    }

    /// Whether this reader is not told if a gate's condition is met.
    pub fn hides_gate(&self, word: GateWord) -> bool {
        OF_PEOPLE.contains(&word) && self.is_masked(word.as_str())
    }

    /// Who holds a seat. The decider of a duty stands with the duty.
    pub fn seat(&self, seat: Seat) -> Option<&str> {
        match seat {
            Seat::Commander => self.commander.as_deref(),
            Seat::Deputy => self.deputy.as_deref(),
            Seat::Scribe => self.scribe.as_deref(),
            Seat::OwnerLead => self.owner_lead.as_deref(),
            Seat::ServiceLead => self.service_lead.as_deref(),
            Seat::Decider => None,
        }
    }

    /// Whether it is still being worked on.
    pub fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// Lessons that are not done yet; they outlive the incident.
    pub fn open_lessons(&self) -> impl Iterator<Item = &LessonView> {
        self.lessons
            .iter()
            .filter(|lesson| lesson.done_at.is_none())
    }
}
