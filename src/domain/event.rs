//! What happened to an incident: the entries of its timeline, in the form they are stored for ever.
//! Facts only; whether they were allowed was decided in `command`, what they change is `incident::apply`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::alarm::{Alarm, Raised};
use super::command::set::Set;
use super::incident::page::Reached;
use super::instant::Instant;
use super::view::{Told, Upstream};
use super::when::When;
use super::word::{
    Answer, Classification, GateWord, Milestone, NoteKind, PageState, Phase, Seat, Severity,
    SubmitKind, Tlp, Urgency,
};

/// One fact about an incident; its kind and body are what an entry of the timeline holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
pub enum Event {
    Opened(Box<Opened>),
    Noted {
        text: String,
        kind: NoteKind,
        occurred_at: Option<When>,
        /// Only counsel, commanders and its author read it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        privileged: bool,
    },
    TimeRecorded {
        trigger: String,
        at: When,
        precision: super::word::Precision,
        source: Option<String>,
        reason: Option<String>,
        duty: Option<String>,
        proposed: bool,
    },
    TimeConfirmed {
        trigger: String,
        duty: Option<String>,
        /// The pass in which it was proposed; entries of before do not say, and there a milestone took the place of all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pass: Option<u32>,
    },
    NotApplicable {
        milestone: Milestone,
        reason: String,
    },
    Declared {
        at: Instant,
        reason: Option<String>,
        proposed: bool,
    },
    NotReportable {
        reason: String,
    },
    Advanced {
        from: Phase,
        to: Phase,
        pass: u32,
        reason: Option<String>,
        unmet: Vec<GateWord>,
        overridden: bool,
        /// It loops back for a wider scope: what was decided not to be notified is to be decided anew.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        widens: bool,
    },
    MoveUndone {
        from: Phase,
        to: Phase,
        pass: u32,
        phase_since: Instant,
    },
    Dismissed {
        reason: String,
    },
    Closed {
        reason: String,
        unmet: Vec<GateWord>,
        overridden: bool,
    },
    Reopened {
        reason: String,
        pass: u32,
    },
    Assigned {
        role: Seat,
        person: Option<String>,
        duty: Option<String>,
    },
    HandOverOffered {
        role: Seat,
        to: String,
    },
    SeatTaken {
        role: Seat,
        from: Option<String>,
    },
    FieldsSet(Box<Set>),
    PageQueued {
        page: String,
        team: String,
        route: Option<String>,
        message: Option<String>,
        urgency: Urgency,
        escalates_at: Option<Instant>,
        /// The route's place in the team's whole list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<u32>,
    },
    /// A repeat of a page that nobody has begun to send: it goes with that one.
    PageFolded {
        page: String,
        team: String,
        message: Option<String>,
        urgency: Urgency,
    },
    PageProgressed {
        page: String,
        state: PageState,
        attempts: u32,
        last_error: Option<String>,
        /// It tells of a route that the page has left behind, and of nothing else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left: Option<Reached>,
    },
    PageEscalated {
        page: String,
        team: String,
        route: Option<String>,
        step: u32,
        why: String,
        escalates_at: Option<Instant>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<u32>,
        /// The team that is asked in its place, by a page of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked: Option<String>,
    },
    PageAcknowledged {
        page: String,
        name: String,
        answer: Option<Answer>,
        eta: Option<Instant>,
    },
    PageCancelled {
        page: String,
        reason: String,
    },
    Submitted {
        duties: Vec<String>,
        at: Instant,
        channel: String,
        reference: Option<String>,
        kind: SubmitKind,
        told: Option<Told>,
    },
    SubmissionWithdrawn {
        duty: String,
        reason: String,
    },
    Held {
        hold: String,
        duty: String,
        kind: String,
        at: Instant,
        until: Option<Instant>,
        authority: String,
        document: Option<String>,
    },
    Released {
        duty: String,
        hold: String,
    },
    Decided {
        duty: String,
        required: bool,
        because: String,
        review_on: Option<String>,
    },
    LessonAdded {
        lesson: String,
        text: String,
        owner: Option<String>,
        due: Option<Instant>,
    },
    LessonFinished {
        lesson: String,
    },
    Reviewed {
        held_at: Instant,
        text: String,
    },
    /// From now on it exists for these people only; nobody named: for all again.
    Restricted {
        people: Vec<String>,
    },
    /// An admin who is not on the list came in all the same.
    GlassBroken {
        reason: String,
        until: Instant,
        /// Who of the list no page reaches.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unpaged: Vec<String>,
    },
    /// The time of a broken glass is over; written by the worker.
    GlassMended {
        person: String,
    },
    /// Time alone changed what some duties say; written by the worker so that readers hear of it.
    StatusesChanged {
        duties: Vec<String>,
    },
    /// Alarms began to ring; written by the worker, once each.
    AlarmsRaised {
        alarms: Vec<Raised>,
    },
    AlarmAcknowledged {
        alarm: Alarm,
    },
    AlarmShelved {
        alarm: Alarm,
        reason: String,
        until: Instant,
    },
    AlarmUnshelved {
        alarm: Alarm,
    },
    /// What its source says of it; what was taken over from it stands in events of its own.
    UpstreamChanged {
        upstream: Box<Upstream>,
    },
    /// The store was restored from a backup; what became of these pages since it was made is not known.
    Restored {
        made_at: Instant,
        pages: Vec<String>,
    },
    /// The texts of another entry were taken out of the record.
    Redacted {
        entry: u64,
        reason: String,
    },
}

/// How an incident came on record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    pub id: String,
    pub codename: String,
    pub service: String,
    pub title: String,
    pub summary: Option<String>,
    pub classification: Option<Classification>,
    pub severity: Option<Severity>,
    pub tlp: Tlp,
    pub exercise: bool,
    pub starts_at: Option<Instant>,
    pub occurred_at: Option<When>,
    pub owner: String,
    pub service_team: Option<String>,
    pub regimes: Vec<String>,
    pub profile: Map<String, Value>,
    pub upstream: Option<Upstream>,
    /// For whom it exists from the first; nobody named: for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
}

/// Keys of an entry's body that hold what people wrote. The chain covers their hash, not the text,
/// so that a text can be redacted and the chain still verifies.
pub const TEXT_KEYS: &[&str] = &[
    "text",
    "title",
    "summary",
    "message",
    "reason",
    "because",
    "source",
    "channel",
    "reference",
    "authority",
    "document",
    "bridge",
    "out_of_band",
    "why",
    "last_error",
];
/// The same for entries that were written before texts had salts: it stays as it was, as their hashes do.
pub const FIRST_TEXT_KEYS: &[&str] = &["text", "title", "summary", "message", "reason", "because"];

impl Event {
    /// The word under which it stands in the record.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::Opened(_) => "opened",
            Event::Noted { .. } => "noted",
            Event::TimeRecorded { .. } => "time_recorded",
            Event::TimeConfirmed { .. } => "time_confirmed",
            Event::NotApplicable { .. } => "not_applicable",
            Event::Declared { .. } => "declared",
            Event::NotReportable { .. } => "not_reportable",
            Event::Advanced { .. } => "advanced",
            Event::MoveUndone { .. } => "move_undone",
            Event::Dismissed { .. } => "dismissed",
            Event::Closed { .. } => "closed",
            Event::Reopened { .. } => "reopened",
            Event::Assigned { .. } => "assigned",
            Event::HandOverOffered { .. } => "hand_over_offered",
            Event::SeatTaken { .. } => "seat_taken",
            Event::FieldsSet(_) => "fields_set",
            Event::PageQueued { .. } => "page_queued",
            Event::PageFolded { .. } => "page_folded",
            Event::PageProgressed { .. } => "page_progressed",
            Event::PageEscalated { .. } => "page_escalated",
            Event::PageAcknowledged { .. } => "page_acknowledged",
            Event::PageCancelled { .. } => "page_cancelled",
            Event::Submitted { .. } => "submitted",
            Event::SubmissionWithdrawn { .. } => "submission_withdrawn",
            Event::Held { .. } => "held",
            Event::Released { .. } => "released",
            Event::Decided { .. } => "decided",
            Event::LessonAdded { .. } => "lesson_added",
            Event::LessonFinished { .. } => "lesson_finished",
            Event::Reviewed { .. } => "reviewed",
            Event::Restricted { .. } => "restricted",
            Event::GlassBroken { .. } => "glass_broken",
            Event::GlassMended { .. } => "glass_mended",
            Event::StatusesChanged { .. } => "statuses_changed",
            Event::AlarmsRaised { .. } => "alarms_raised",
            Event::AlarmAcknowledged { .. } => "alarm_acknowledged",
            Event::AlarmShelved { .. } => "alarm_shelved",
            Event::AlarmUnshelved { .. } => "alarm_unshelved",
            Event::UpstreamChanged { .. } => "upstream_changed",
            Event::Restored { .. } => "restored",
            Event::Redacted { .. } => "redacted",
        }
    }

    /// Whether it makes a confirmation that was bound to an older version fail: a person's command does, a worker's
    /// progress does not; nor does who heard an alarm or looked in, which changes nothing that anybody confirms.
    pub fn is_persons(&self) -> bool {
        !matches!(
            self,
            Event::PageProgressed { .. }
                | Event::PageEscalated { .. }
                | Event::GlassBroken { .. }
                | Event::GlassMended { .. }
                | Event::StatusesChanged { .. }
                | Event::AlarmsRaised { .. }
                | Event::AlarmAcknowledged { .. }
                | Event::AlarmShelved { .. }
                | Event::AlarmUnshelved { .. }
                | Event::UpstreamChanged { .. }
                | Event::Restored { .. }
        )
    }
}
