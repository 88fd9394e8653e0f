//! The bodies of our own HTTP API that are more than one incident: lists, changes, entries, problems.
//! One incident's body is `domain::view::IncidentView`, a command's is `domain::command::Command`.

mod login;
mod regime;
mod told;
mod who;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::board::TeamView;
use crate::domain::instant::Instant;
use crate::domain::view::{DecisionView, DutyView, IncidentView};
use crate::domain::word::{DutyStatus, GateWord, Role, Via};

pub use login::{LOGINS_LIMIT, LoginEntryBody, LoginRecordBody, LoginsBody};
pub use regime::{ProposedBody, RegimeBody, RegimesBody, StageBody};
pub use told::{Told, told};
pub use who::{
    DoorBody, NamedBody, PEOPLE_LIMIT, PRESENCE_SECONDS, PersonBody, ROSTER_LIMIT, RosterBody,
    WhoBody,
};

/// The header that carries the backend's clock on every answer: RFC 3339 with milliseconds.
pub const NOW_HEADER: &str = "x-warboard-now";
/// The header that names a request: the caller's own name for it, if it is well-formed, else one that is made.
pub const REQUEST_HEADER: &str = "x-request-id";
/// The header in which a reader sends what it made up for this one request; the answer carries the same back. An answer with
/// another one was given before, to another request: something on the way keeps answers that it must not keep. Not
/// [`REQUEST_HEADER`], which proxies write anew.
pub const ASK_HEADER: &str = "x-warboard-ask";

/// The header in which a door says for whom it speaks, in the form of `domain::grant`.
pub const BEHALF_HEADER: &str = "x-warboard-on-behalf-of";
/// The media type of errors (RFC 9457).
pub const PROBLEM: &str = "application/problem+json";
/// Largest request body, in bytes.
pub const BODY_LIMIT: usize = 1 << 20;
/// Longest time a long-poll may be held, in seconds.
pub const WAIT_LIMIT_SECONDS: u64 = 60;

/// A list of incidents, or what changed in it: the answer of `GET /v1/incidents` and `GET /v1/changes`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ListBody {
    /// Where to go on reading changes; opaque.
    pub cursor: String,
    /// When this snapshot was made, by the backend's clock.
    #[schema(value_type = String, format = DateTime)]
    pub now: Instant,
    /// False while `next` names a further page.
    pub complete: bool,
    pub next: Option<String>,
    #[schema(value_type = Vec<IncidentView>)]
    pub incidents: Vec<Arc<IncidentView>>,
    /// Ids this caller may no longer see; only in changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
}

/// What became of a group of alerts: the answer of `POST /v1/intake/{name}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LandedBody {
    pub landed: Landed,
    /// The incident that it is on record in; left out where that is restricted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
}

impl LandedBody {
    /// On record in this incident.
    pub fn of(landed: Landed, incident: &str) -> LandedBody {
        LandedBody {
            landed,
            incident: Some(incident.to_owned()),
        }
    }
}

/// How a group of alerts landed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Landed {
    /// A new incident.
    Opened,
    /// Its incident says something new.
    Updated,
    /// Its incident says so already.
    Unchanged,
    /// Too many came at once: it waits in the incident of the storm, and has none of its own yet.
    Waiting,
    /// A rule says that nothing is opened for it.
    Ignored,
    /// No rule fits.
    Unmatched,
    /// Heard, and nothing follows from it.
    Heard,
}

/// One line of a timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EntryBody {
    pub seq: u64,
    pub version: u64,
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    pub by: String,
    pub via: Via,
    pub kind: String,
    /// What it says in one line.
    pub line: Option<String>,
    #[schema(value_type = Object)]
    pub body: Value,
    /// Who took its texts out of the record, when and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redacted: Option<DecisionView>,
}

/// The arithmetic of one duty: the answer of `GET /v1/incidents/{id}/duties/{duty}/explain`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExplainBody {
    /// The duty's id.
    pub duty: String,
    pub status: DutyStatus,
    /// What is counted, from what, each day that counts or is skipped, and the text it rests on, in order.
    pub lines: Vec<LineBody>,
    pub citation: String,
    pub confidence: String,
    pub verified: String,
    /// Hash of the regimes and calendars it was counted by.
    pub rules: String,
    /// Version of the time zone database.
    pub tz: String,
}

/// One line of an explanation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LineBody {
    /// What the line is about: `trigger`, `start`, `day`, `skipped`, `due`, ...
    pub label: String,
    pub text: String,
}

/// A stretch of a timeline, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TimelineBody {
    pub entries: Vec<EntryBody>,
    /// `after` for the next stretch; null at the end.
    pub next: Option<u64>,
}

/// The directory of teams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TeamsBody {
    pub teams: Vec<TeamView>,
}

/// The answer to a command: the incident, and the soft gates that were passed unmet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CommandAnswerBody {
    #[serde(flatten)]
    pub incident: IncidentView,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmet: Vec<GateWord>,
}

/// What a command would do to the clocks: the answer of `POST /v1/incidents/{id}/preview`. Nothing of it is on record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PreviewBody {
    /// The duties as they are.
    pub before: Vec<DutyView>,
    /// The duties as they would be if the command came now.
    pub after: Vec<DutyView>,
    /// The soft gates that the command would pass unmet.
    #[serde(default)]
    pub unmet: Vec<GateWord>,
    /// Who would newly see the incident or read its texts; null where the command lets nobody in.
    #[serde(default)]
    pub newly: Option<NewlyBody>,
    /// Who a page would wake by the systems that incidents came from; empty where it goes by none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_call: Vec<OnCallBody>,
}

/// Who a route by a connector would call now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OnCallBody {
    /// The team that is paged.
    pub team: String,
    /// The connector that calls.
    pub connector: String,
    /// Whom, by name; at most 20 of them. Empty: nobody, unless `why` says that it is not known.
    pub people: Vec<String>,
    /// Why it is not known.
    pub why: Option<String>,
}

/// Who sees more after a command than before it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewlyBody {
    /// Names of tokens and of people who may come in by a door, at most 200 of them.
    pub people: Vec<String>,
    /// How many there are.
    pub people_in_all: usize,
    /// Their roles.
    pub roles: Vec<Role>,
    /// Their teams, and those whose pages will have its texts.
    pub teams: Vec<String>,
    /// Names of paired displays, at most 200 of them: whoever is in their rooms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub displays: Vec<String>,
}

/// An error as RFC 9457 has it. `incident` stands in a 412: what it is now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    #[serde(rename = "type", default)]
    pub kind: String,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub status: u16,
    #[serde(default)]
    pub detail: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmet: Vec<GateWord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Box<IncidentView>>,
    /// The request that it answers, as the log names it: `urn:warboard:request:<id>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}
