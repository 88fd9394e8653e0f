//! The board's incidents in the orders that screens ask for, kept from board to board: an incident whose `Arc` is the
//! same is not looked at again. Order depends on the snapshot and on how the sources' clocks differ, never on the time, so that a tick re-sorts nothing.

mod alarm;
mod duty;
mod filter;
mod rank;
mod table;
mod world;

use std::sync::Arc;

pub use alarm::{AlarmRow, Alarms};
pub use duty::{DutyGroup, DutyRow, known_by, known_since};
pub use filter::Filter;
pub use rank::{Rank, asks_reportable, decision_missing, nearest};
pub use table::{Cell, TeamRow};
pub use world::{Change, Counts, OpenPage, PrepItem, PrepKind, Vacancy, World};

use crate::domain::board::Board;
use crate::domain::instant::{Instant, Mono};
use crate::domain::view::IncidentView;
use crate::domain::word::Phase;

/// One incident in a list.
#[derive(Debug, Clone)]
pub struct Row {
    /// Which source of the board.
    pub source: usize,
    pub incident: Arc<IncidentView>,
    /// Where it stands among others.
    pub rank: Rank,
}

/// Every list the screens draw a slice of.
#[derive(Debug, Default)]
pub struct Index {
    board: Arc<Board>,
    filter: Filter,
    /// Open incidents in detection, containment and post-incident, each by rank; what passes the filter.
    pub lanes: [Vec<Row>; 3],
    /// What waits in preparation; never filtered away.
    pub preparation: Vec<PrepItem>,
    /// Duties of open incidents in their groups; what passes the filter.
    pub duties: Vec<DutyRow>,
    /// Where each group begins in `duties`, and how many it has.
    pub groups: [(usize, usize); DutyGroup::ALL.len()],
    /// How many duties each group has, those counted that stand as one row.
    pub owed: [usize; DutyGroup::ALL.len()],
    /// How many are finished, by how: sent, does not apply, decided against, not in force.
    pub finished: [usize; 5],
    /// One row an owning team; what passes the filter.
    pub teams: Vec<TeamRow>,
    /// What the head of every screen tells; never filtered.
    pub world: World,
    /// What nobody has heard yet; never filtered.
    pub alarms: Alarms,
    /// When time alone moves a duty to another group.
    regroup_at: Option<Mono>,
    /// The clocks of the sources by which duties were grouped and put in order, in milliseconds from ours.
    clocks: Vec<Option<i64>>,
}

/// A source's clock that is set by as much has its duties grouped anew; less is the estimate that settles.
const CLOCK_SET_MS: i64 = 1_000;

/// The three lanes, in the order of `Index::lanes`.
pub const LANES: [Phase; 3] = [
    Phase::DetectionAndAnalysis,
    Phase::ContainmentEradicationAndRecovery,
    Phase::PostIncidentActivity,
];

/// Which lane a phase has; preparation has none.
pub fn lane_of(phase: Phase) -> Option<usize> {
    LANES.iter().position(|lane| *lane == phase)
}

impl Index {
    /// Takes in a newer board or another filter. Gives the incidents that are new or changed, as (source, id).
    pub fn update(&mut self, board: &Arc<Board>, filter: &Filter, now: Mono, wall: Instant) {
        let same_filter = self.filter == *filter;
        let due = self.regroup_at().is_some_and(|at| now >= at);
        let same_incidents = self.board.sources.len() == board.sources.len()
            && self
                .board
                .sources
                .iter()
                .zip(&board.sources)
                .all(|(old, new)| Arc::ptr_eq(&old.incidents, &new.incidents));
        if same_filter && same_incidents && !due && self.has_clocks_of(board) {
            self.board = Arc::clone(board);
            return;
        }
        self.clocks = board.sources.iter().map(|of| of.offset_ms).collect();
        let old = std::mem::replace(&mut self.board, Arc::clone(board));
        self.filter = filter.clone();
        match same_filter && old.sources.len() == board.sources.len() {
            true => self.change_lanes(&old),
            false => self.fill_lanes(),
        }
        self.world = world::world(board, now, wall);
        self.alarms = alarm::alarms(board, now, wall);
        self.preparation = world::preparation(board);
        self.teams = table::teams(&self.lanes, &self.preparation);
        self.fill_duties(now, wall);
    }

    /// Whether the sources' clocks still show what they showed when all was put in order.
    fn has_clocks_of(&self, board: &Board) -> bool {
        let mut both = self.clocks.iter().zip(&board.sources);
        both.all(|(old, new)| match (old, new.offset_ms) {
            (Some(old), Some(new)) => (new - old).abs() < CLOCK_SET_MS,
            (old, new) => old.is_some() == new.is_some(),
        })
    }

    /// When `update` has to be called although nothing came.
    pub fn regroup_at(&self) -> Option<Mono> {
        [
            self.regroup_at,
            self.alarms.changes_at,
            self.world.pages_change_at,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The board that was last taken in.
    pub fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// Every lane's rows, in the order of the screen.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.lanes.iter().flatten()
    }

    fn fill_lanes(&mut self) {
        for lane in &mut self.lanes {
            lane.clear();
        }
        for (source, of) in self.board.sources.iter().enumerate() {
            for incident in of.incidents.iter() {
                add(&mut self.lanes, &self.filter, source, incident);
            }
        }
        for lane in &mut self.lanes {
            lane.sort_unstable_by(|a, b| a.rank.cmp(&b.rank));
        }
    }

    /// Only what is new, changed or gone moves: both lists of a source are sorted by id.
    fn change_lanes(&mut self, old: &Board) {
        let board = Arc::clone(&self.board);
        let mut stale: Vec<*const IncidentView> = Vec::new();
        let mut fresh = Vec::new();
        for (source, (before, after)) in old.sources.iter().zip(&board.sources).enumerate() {
            if Arc::ptr_eq(&before.incidents, &after.incidents) {
                continue;
            }
            let (mut a, mut b) = (
                before.incidents.iter().peekable(),
                after.incidents.iter().peekable(),
            );
            loop {
                match (a.peek(), b.peek()) {
                    (Some(was), Some(is)) if Arc::ptr_eq(was, is) => {
                        a.next();
                        b.next();
                    }
                    (Some(was), Some(is)) => match was.id.cmp(&is.id) {
                        std::cmp::Ordering::Less => stale.extend(a.next().map(Arc::as_ptr)),
                        std::cmp::Ordering::Greater => fresh.extend(b.next().map(|i| (source, i))),
                        std::cmp::Ordering::Equal => {
                            stale.extend(a.next().map(Arc::as_ptr));
                            fresh.extend(b.next().map(|i| (source, i)));
                        }
                    },
                    (Some(_), None) => stale.extend(a.next().map(Arc::as_ptr)),
                    (None, Some(_)) => fresh.extend(b.next().map(|i| (source, i))),
                    (None, None) => break,
                }
            }
        }
        stale.sort_unstable();
        for lane in &mut self.lanes {
            if !stale.is_empty() {
                lane.retain(|row| stale.binary_search(&Arc::as_ptr(&row.incident)).is_err());
            }
        }
        for (source, incident) in fresh {
            if let Some((lane, row)) = placed(&self.filter, source, incident)
                && let Some(lane) = self.lanes.get_mut(lane)
            {
                let at = lane.partition_point(|other| other.rank < row.rank);
                lane.insert(at, row);
            }
        }
    }

    fn fill_duties(&mut self, now: Mono, wall: Instant) {
        let sources = self.board.sources.iter().zip(duty::ahead(&self.board));
        let open = sources.enumerate().flat_map(|(source, (of, ahead))| {
            let clock = (of.time(now).unwrap_or(wall), ahead);
            let incidents = of.incidents.iter();
            incidents.map(move |incident| (source, incident, clock))
        });
        let filter = &self.filter;
        let open = open.filter(|(_, incident, _)| incident.is_open() && filter.passes(incident));
        self.duties.clear();
        let mut moves: Option<(Instant, Instant)> = None;
        for (source, incident, clock) in open {
            let next = duty::rows(source, incident, clock, &mut self.duties);
            let (time, _) = clock;
            let sooner =
                next.filter(|at| moves.is_none_or(|(known, time)| *at - time < known - time));
            moves = sooner.map(|at| (at, time)).or(moves);
        }
        self.duties.sort_unstable_by(|a, b| a.key().cmp(&b.key()));
        for (group, place) in DutyGroup::ALL.iter().zip(&mut self.groups) {
            let begin = self.duties.partition_point(|row| row.group < *group);
            let end = self.duties.partition_point(|row| row.group <= *group);
            *place = (begin, end - begin);
        }
        self.owed = [0; DutyGroup::ALL.len()];
        for row in &self.duties {
            let place = DutyGroup::ALL.iter().position(|group| *group == row.group);
            if let Some(count) = place.and_then(|at| self.owed.get_mut(at)) {
                *count += 1 + row.with.len();
            }
        }
        self.finished = duty::finished(&self.duties);
        self.regroup_at = moves.map(|(at, time)| now + (at - time).num_milliseconds().max(0) + 1);
    }
}

fn add(lanes: &mut [Vec<Row>; 3], filter: &Filter, source: usize, incident: &Arc<IncidentView>) {
    if let Some((lane, row)) = placed(filter, source, incident)
        && let Some(lane) = lanes.get_mut(lane)
    {
        lane.push(row);
    }
}

fn placed(filter: &Filter, source: usize, incident: &Arc<IncidentView>) -> Option<(usize, Row)> {
    let lane = lane_of(incident.phase).filter(|_| incident.is_open() && filter.passes(incident))?;
    let row = Row {
        source,
        incident: Arc::clone(incident),
        rank: Rank::of(source, incident),
    };
    Some((lane, row))
}

#[cfg(test)]
mod tests;
