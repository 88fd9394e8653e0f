//! Duties in groups by what must happen. The question whether an incident is reportable at all stands among them as
//! if it were one: it has an age and nobody's name.

use std::sync::Arc;

use chrono::TimeDelta;

use super::rank::{asks_reportable, numbered};
use crate::domain::board::Board;
use crate::domain::duty::{changes_at, status_at};
use crate::domain::instant::Instant;
use crate::domain::view::{DutyView, IncidentView};
use crate::domain::word::{DutyStatus, Phase};

/// What must happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DutyGroup {
    /// A decision or a fact is missing, so no clock can run.
    DecisionMissing,
    /// A clock runs, or has run out.
    Running,
    /// The text gives no number.
    NoNumber,
    /// Must not be done before an instant.
    NotBefore,
    /// Held by an authority.
    Held,
    /// Sent, does not apply, decided against, not in force.
    Finished,
}

impl DutyGroup {
    /// Every group, in the order of the screen.
    pub const ALL: [DutyGroup; 6] = [
        DutyGroup::DecisionMissing,
        DutyGroup::Running,
        DutyGroup::NoNumber,
        DutyGroup::NotBefore,
        DutyGroup::Held,
        DutyGroup::Finished,
    ];

    /// The heading.
    pub const fn title(self) -> &'static str {
        match self {
            DutyGroup::DecisionMissing => "DECISION MISSING",
            DutyGroup::Running => "RUNNING",
            DutyGroup::NoNumber => "NO NUMBER IN THE TEXT",
            DutyGroup::NotBefore => "NOT BEFORE",
            DutyGroup::Held => "HELD",
            DutyGroup::Finished => "FINISHED",
        }
    }

    /// The group of a status.
    pub const fn of(status: DutyStatus) -> DutyGroup {
        match status {
            DutyStatus::Waiting | DutyStatus::Undecided | DutyStatus::CalendarUnknown => {
                DutyGroup::DecisionMissing
            }
            DutyStatus::Provisional
            | DutyStatus::Running
            | DutyStatus::PastDue
            | DutyStatus::Overdue => DutyGroup::Running,
            DutyStatus::NoFixedLimit => DutyGroup::NoNumber,
            DutyStatus::Embargo => DutyGroup::NotBefore,
            DutyStatus::Held => DutyGroup::Held,
            DutyStatus::Met
            | DutyStatus::NotRequired
            | DutyStatus::Decided
            | DutyStatus::NotInForce => DutyGroup::Finished,
        }
    }
}

/// One duty in the list.
#[derive(Debug, Clone)]
pub struct DutyRow {
    pub group: DutyGroup,
    pub source: usize,
    pub incident: Arc<IncidentView>,
    /// Which of the incident's duties; `None`: the question "reportable?".
    pub duty: Option<usize>,
    /// Others of the incident that stand as one row with it: they wait for the same trigger, or are of the same regime
    /// and without a number.
    pub with: Vec<usize>,
    /// What it is sorted by: due, or since when.
    pub at: Instant,
    /// The same by the clock that all sources are compared by.
    pub(super) compared_at: Instant,
}

impl DutyRow {
    /// The duty itself; `None` for the question.
    pub fn view(&self) -> Option<&DutyView> {
        self.incident.duties.get(self.duty?)
    }

    /// The duties that stand as one row with it.
    pub fn others(&self) -> impl Iterator<Item = &DutyView> {
        let duties = &self.incident.duties;
        self.with.iter().filter_map(|at| duties.get(*at))
    }

    /// Whether another duty has its place in this row.
    fn takes(&self, duty: &DutyView, group: DutyGroup) -> bool {
        let same = |first: &DutyView| match group {
            DutyGroup::DecisionMissing => {
                first.status == DutyStatus::Waiting
                    && duty.status == DutyStatus::Waiting
                    && first.trigger == duty.trigger
            }
            DutyGroup::NoNumber => first.regime == duty.regime,
            _ => false,
        };
        self.group == group && self.view().is_some_and(same)
    }

    /// The duty's id, or `reportable` for the question.
    pub fn duty_id(&self) -> &str {
        self.view().map_or("reportable", |duty| duty.id.as_str())
    }

    /// Its place in the list: drills last, then by instant.
    pub(super) fn key(&self) -> (DutyGroup, bool, Instant, usize, &str, Option<usize>) {
        let id = self.incident.id.as_str();
        (
            self.group,
            self.incident.exercise,
            self.compared_at,
            self.source,
            id,
            self.duty,
        )
    }

    /// The id as (prefix, number).
    pub fn numbered(&self) -> (String, u64) {
        numbered(&self.incident.id)
    }
}

/// Since when an incident has been known to somebody: awareness, else its opening.
pub fn known_since(incident: &IncidentView) -> Instant {
    let aware = incident
        .triggers
        .get("aware_at")
        .filter(|trigger| trigger.at.starts_a_clock());
    aware.map_or(incident.opened_at, |trigger| trigger.at.at)
}

/// What `known_since` counts from, in a word: `aware`, else `opened`.
pub fn known_by(incident: &IncidentView) -> &'static str {
    let aware = incident.triggers.get("aware_at");
    match aware.is_some_and(|trigger| trigger.at.starts_a_clock()) {
        true => "aware",
        false => "opened",
    }
}

/// Clocks that differ by less are one: an estimate that moves by milliseconds must not change an order.
const SAME_CLOCK: TimeDelta = TimeDelta::seconds(2);

/// How far the clock of each source is ahead of that of the first one heard. Two backends of which one has a wrong clock count
/// to instants that cannot be compared as they stand: what is nearer is what has less time left.
pub(super) fn ahead(board: &Board) -> Vec<TimeDelta> {
    let offsets = || board.sources.iter().map(|source| source.offset_ms);
    let first = offsets().flatten().next();
    let by = |offset: Option<i64>| {
        let ahead = offset?.saturating_sub(first?);
        let ahead = TimeDelta::try_milliseconds(ahead)?;
        (ahead.abs() >= SAME_CLOCK).then_some(ahead)
    };
    offsets()
        .map(|offset| by(offset).unwrap_or_default())
        .collect()
}

/// Adds an incident's duties, each in its group at `now`, the clock of its source, which is `ahead` of the one that all are
/// compared by; gives when time alone first changes a group.
pub(super) fn rows(
    source: usize,
    incident: &Arc<IncidentView>,
    (now, ahead): (Instant, TimeDelta),
    out: &mut Vec<DutyRow>,
) -> Option<Instant> {
    let row = |group, duty, at: Instant| DutyRow {
        group,
        source,
        incident: Arc::clone(incident),
        duty,
        with: Vec::new(),
        at,
        compared_at: at.checked_sub_signed(ahead).unwrap_or(at),
    };
    let first = out.len();
    let asks = asks_reportable(incident);
    if asks {
        out.push(row(DutyGroup::DecisionMissing, None, known_since(incident)));
    }
    let mut next: Option<Instant> = None;
    for (i, duty) in incident
        .duties
        .iter()
        .enumerate()
        .filter(|(_, duty)| duty.enabled)
    {
        let group = DutyGroup::of(status_at(duty, now));
        // The question "reportable?" stands for all that wait for its answer.
        let stood_for = duty.status == DutyStatus::Waiting
            && matches!(duty.trigger.as_deref(), Some("declared_at" | "aware_at"))
            && asks;
        // Nothing is missing of what has not begun.
        let not_begun = incident.phase == Phase::Preparation && group == DutyGroup::DecisionMissing;
        if stood_for || not_begun {
            continue;
        }
        let mut mine = out.iter_mut().skip(first);
        if let Some(row) = mine.find(|row| row.takes(duty, group)) {
            row.with.push(i);
            continue;
        }
        let at = match group {
            DutyGroup::Running | DutyGroup::NotBefore | DutyGroup::Held => duty.due_at,
            DutyGroup::Finished => duty.submitted_at.or(duty.met_at),
            DutyGroup::DecisionMissing | DutyGroup::NoNumber => duty.counted_from,
        };
        out.push(row(
            group,
            Some(i),
            at.unwrap_or_else(|| known_since(incident)),
        ));
        let moves = matches!(duty.status, DutyStatus::Held | DutyStatus::Embargo);
        if moves {
            next = changes_at(duty).filter(|at| *at >= now).chain(next).min();
        }
    }
    next
}

/// How many of the duties are sent, met without a notice, do not apply, were decided against, are not in force.
pub(super) fn finished(rows: &[DutyRow]) -> [usize; 5] {
    let mut counts = [0; 5];
    for duty in rows.iter().filter_map(DutyRow::view) {
        let place = match duty.status {
            DutyStatus::Met if duty.met_at.is_none() => 0,
            DutyStatus::Met => 1,
            DutyStatus::NotRequired => 2,
            DutyStatus::Decided => 3,
            DutyStatus::NotInForce => 4,
            _ => continue,
        };
        if let Some(count) = counts.get_mut(place) {
            *count += 1;
        }
    }
    counts
}
