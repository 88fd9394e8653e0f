//! Where an incident stands among others: drills after real ones, then severity, then what is missing, then the
//! nearest deadline. A rank depends on the snapshot alone, so it holds until the next one.

use crate::domain::view::{DutyView, IncidentView};
use crate::domain::word::{DutyStatus, Phase, Reportable, Severity};

/// A place in the order; smaller is more urgent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    exercise: bool,
    severity: u8,
    /// 0: a decision is missing; 1: a clock runs; 2: neither.
    class: u8,
    /// When the nearest deadline is, or since when the decision is missing.
    at_ms: i64,
    /// By prefix, then by number, as people count.
    id: (String, u64),
    source: usize,
}

impl Rank {
    /// The place of an incident.
    pub fn of(source: usize, incident: &IncidentView) -> Rank {
        let due = nearest(incident).and_then(|duty| duty.due_at);
        // An incident about which nobody is aware of anything yet is asked too, but ranks by its clocks.
        let missing = undecided(incident)
            || (asks_reportable(incident) && incident.triggers.contains_key("aware_at"));
        let (class, at_ms) = match (missing, due) {
            (true, _) => (0, incident.opened_at.timestamp_millis()),
            (false, Some(due)) => (1, due.timestamp_millis()),
            (false, None) => (2, incident.opened_at.timestamp_millis()),
        };
        Rank {
            exercise: incident.exercise,
            severity: Severity::rank(incident.severity),
            class,
            at_ms,
            id: numbered(&incident.id),
            source,
        }
    }
}

/// `AZ-142` as (`AZ`, 142), so that 9 stands before 10.
pub(super) fn numbered(id: &str) -> (String, u64) {
    match id
        .rsplit_once('-')
        .and_then(|(prefix, n)| Some((prefix, n.parse().ok()?)))
    {
        Some((prefix, n)) => (prefix.to_owned(), n),
        None => (id.to_owned(), 0),
    }
}

/// The duty whose clock runs and ends first.
pub fn nearest(incident: &IncidentView) -> Option<&DutyView> {
    let running = incident
        .duties
        .iter()
        .filter(|duty| duty.enabled && duty.status.counts_down() && duty.due_at.is_some());
    running.min_by_key(|duty| duty.due_at)
}

/// Whether a clock cannot run because nobody has decided: undecided, calendar unknown, or reportable at all?
pub fn decision_missing(incident: &IncidentView) -> bool {
    undecided(incident) || asks_reportable(incident)
}

/// Whether a duty waits for somebody to decide. Nothing has happened yet while an incident is in preparation.
fn undecided(incident: &IncidentView) -> bool {
    let mut duties = incident.duties.iter().filter(|duty| duty.enabled);
    incident.phase != Phase::Preparation
        && duties.any(|duty| {
            matches!(
                duty.status,
                DutyStatus::Undecided | DutyStatus::CalendarUnknown
            )
        })
}

/// Whether the question "reportable?" stands: it does from the opening on, until somebody answers it.
pub fn asks_reportable(incident: &IncidentView) -> bool {
    incident.reportable == Reportable::Unknown
        && incident.is_open()
        && incident.phase != Phase::Preparation
}
