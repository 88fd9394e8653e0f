//! Owning teams against phases: how many incidents, the worst of them, the nearest duty, and what is vacant. What waits
//! in preparation stands in the last column.

use std::sync::Arc;

use super::rank::nearest;
use super::{PrepItem, PrepKind, Rank, Row};
use crate::domain::instant::Instant;
use crate::domain::view::IncidentView;
use crate::domain::word::Phase;

/// One team in one phase.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    pub count: usize,
    /// How many of them are drills.
    pub exercises: usize,
    /// How many open lessons are among them.
    pub lessons: usize,
    /// The most urgent, with its source.
    pub worst: Option<(usize, Arc<IncidentView>)>,
    /// The incident whose deadline is nearest, with its source.
    pub nearest: Option<(Instant, usize, Arc<IncidentView>)>,
}

/// One owning team.
#[derive(Debug, Clone)]
pub struct TeamRow {
    /// The source that names it.
    pub source: usize,
    /// The owner's id.
    pub team: String,
    /// By lane; then preparation, whose count is of planned incidents and open lessons.
    pub cells: [Cell; 4],
    /// Incidents without a commander.
    pub no_commander: usize,
    /// Incidents whose service lead is vacant.
    pub no_service_lead: usize,
    /// Incidents whose owner lead is vacant.
    pub no_owner_lead: usize,
}

impl TeamRow {
    fn new(source: usize, team: &str) -> TeamRow {
        TeamRow {
            source,
            team: team.to_owned(),
            cells: Default::default(),
            no_commander: 0,
            no_service_lead: 0,
            no_owner_lead: 0,
        }
    }
}

/// Rows for all incidents of the lanes and what waits in preparation, the team with the most urgent incident first.
pub(super) fn teams(lanes: &[Vec<Row>; 3], preparation: &[PrepItem]) -> Vec<TeamRow> {
    let mut rows: indexmap::IndexMap<(usize, &str), (TeamRow, Option<&Rank>)> =
        indexmap::IndexMap::new();
    for (lane, row) in lanes
        .iter()
        .enumerate()
        .flat_map(|(i, lane)| lane.iter().map(move |r| (i, r)))
    {
        let incident = &row.incident;
        let entry = rows.entry((row.source, incident.owner.as_str()));
        let (team, best) =
            entry.or_insert_with(|| (TeamRow::new(row.source, &incident.owner), None));
        *best = Some(best.map_or(&row.rank, |known| known.min(&row.rank)));
        let vacant = |field: &str, held: &Option<String>| {
            usize::from(held.is_none() && !incident.is_masked(field))
        };
        team.no_commander += vacant("commander", &incident.commander);
        team.no_service_lead += vacant("service_lead", &incident.service_lead);
        team.no_owner_lead += vacant("owner_lead", &incident.owner_lead);
        let Some(cell) = team.cells.get_mut(lane) else {
            continue;
        };
        cell.count += 1;
        cell.exercises += usize::from(incident.exercise);
        // Lanes are sorted, so the first is the worst.
        cell.worst
            .get_or_insert_with(|| (row.source, Arc::clone(incident)));
        // A drill's clock never stands for that of a real incident: only where there are drills alone, and a lane
        // has them last.
        let drills_alone = cell.exercises == cell.count;
        let due = nearest(incident)
            .and_then(|duty| duty.due_at)
            .filter(|_| !incident.exercise || drills_alone);
        if let Some(due) = due
            && cell.nearest.as_ref().is_none_or(|(known, ..)| due < *known)
        {
            cell.nearest = Some((due, row.source, Arc::clone(incident)));
        }
    }
    for item in preparation {
        let incident = &item.incident;
        let entry = rows.entry((item.source, incident.owner.as_str()));
        let (team, _) = entry.or_insert_with(|| (TeamRow::new(item.source, &incident.owner), None));
        let [.., cell] = &mut team.cells;
        cell.count += 1;
        let planned = item.kind == PrepKind::Planned;
        cell.exercises += usize::from(planned && incident.exercise);
        cell.lessons += usize::from(!planned);
        let worst = (item.source, Arc::clone(incident));
        match &cell.worst {
            // What is planned stands before the incidents that lessons came from.
            Some((_, known)) if !planned || known.phase == Phase::Preparation => {}
            _ => cell.worst = Some(worst),
        }
    }
    let mut rows: Vec<_> = rows.into_values().collect();
    rows.sort_by_key(|(_, rank)| (rank.is_none(), *rank));
    rows.into_iter().map(|(row, _)| row).collect()
}
