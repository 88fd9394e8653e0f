//! Alarms of all incidents that wait for somebody to hear them, whatever the filter; and whether they come in a flood.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::alarm::{self, is_critical};
use crate::domain::board::Board;
use crate::domain::instant::{Instant, Mono};
use crate::domain::view::{AlarmView, DutyView, IncidentView};
use crate::domain::word::{AlarmState, Severity};

/// More than this many within `FLOOD_FOR` are a flood: then the first ones are listed first.
const FLOOD: usize = 10;
/// Within what time they have to begin.
const FLOOD_FOR: TimeDelta = TimeDelta::minutes(10);

/// An alarm that nobody has acknowledged.
#[derive(Debug, Clone)]
pub struct AlarmRow {
    pub source: usize,
    pub incident: Arc<IncidentView>,
    pub view: AlarmView,
}

impl AlarmRow {
    /// Whether its condition lasts.
    pub fn rings(&self) -> bool {
        self.view.state == AlarmState::Unacknowledged
    }

    /// The duty it is about.
    pub fn duty(&self) -> Option<&DutyView> {
        let id = self.view.duty.as_ref()?;
        self.incident.duties.iter().find(|duty| duty.id == *id)
    }

    /// Its place: drills last, what rings before what is over, the critical ones first, then the graver incident.
    fn key(&self) -> (bool, bool, bool, u8, Instant) {
        (
            self.incident.exercise,
            !self.rings(),
            !is_critical(self.view.kind),
            Severity::rank(self.incident.severity),
            self.view.since,
        )
    }
}

/// The alarms that wait for somebody, in their order.
#[derive(Debug, Clone, Default)]
pub struct Alarms {
    pub rows: Vec<AlarmRow>,
    /// They came so fast that they stand in the order in which they began.
    pub flood: bool,
    /// When time alone changes them.
    pub(super) changes_at: Option<Mono>,
}

/// Looks at every open incident.
pub(super) fn alarms(board: &Board, now: Mono, wall: Instant) -> Alarms {
    let mut alarms = Alarms::default();
    for (source, of) in board.sources.iter().enumerate() {
        let time = of.time(now).unwrap_or(wall);
        let mono = |at: Instant| now + (at - time).num_milliseconds().max(0) + 1;
        let mut recent: Vec<Instant> = Vec::new();
        for incident in of.incidents.iter().filter(|incident| incident.is_open()) {
            let next = alarm::changes_of_view_at(incident).into_iter();
            let next = next.filter(|at| *at >= time).map(mono).min();
            alarms.changes_at = next.into_iter().chain(alarms.changes_at).min();
            let waits = |view: &AlarmView| {
                matches!(
                    view.state,
                    AlarmState::Unacknowledged | AlarmState::Returned
                )
            };
            for view in alarm::of_view(incident, time).into_iter().filter(waits) {
                if view.state == AlarmState::Unacknowledged && view.since > time - FLOOD_FOR {
                    recent.push(view.since);
                }
                alarms.rows.push(AlarmRow {
                    source,
                    incident: Arc::clone(incident),
                    view,
                });
            }
        }
        // The flood is over when the eleventh newest has stood for its time.
        recent.sort_unstable_by(|a, b| b.cmp(a));
        if let Some(since) = recent.get(FLOOD) {
            alarms.flood = true;
            let over = mono(*since + FLOOD_FOR);
            alarms.changes_at = alarms
                .changes_at
                .map_or(Some(over), |at| Some(at.min(over)));
        }
    }
    match alarms.flood {
        true => alarms
            .rows
            .sort_by_key(|row| (row.incident.exercise, !row.rings(), row.view.since)),
        false => alarms.rows.sort_by_key(AlarmRow::key),
    }
    alarms
}
