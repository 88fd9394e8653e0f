//! Owning teams against phases: how many incidents, the worst of them, the nearest duty, and what is vacant.

use std::sync::Arc;

use super::Row;
use super::rank::nearest;
use crate::domain::instant::Instant;
use crate::domain::view::IncidentView;

/// One team in one phase.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    pub count: usize,
    /// How many of them are drills.
    pub exercises: usize,
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
    /// By lane.
    pub cells: [Cell; 3],
    /// Incidents without a commander.
    pub no_commander: usize,
    /// Incidents whose service lead is vacant.
    pub no_service_lead: usize,
    /// Incidents whose owner lead is vacant.
    pub no_owner_lead: usize,
}

/// Rows for all incidents of the lanes, the team with the most urgent incident first.
pub(super) fn teams(lanes: &[Vec<Row>; 3]) -> Vec<TeamRow> {
    let mut rows: indexmap::IndexMap<(usize, &str), (TeamRow, &super::Rank)> =
        indexmap::IndexMap::new();
    for (lane, row) in lanes
        .iter()
        .enumerate()
        .flat_map(|(i, lane)| lane.iter().map(move |r| (i, r)))
    {
        let incident = &row.incident;
        let entry = rows.entry((row.source, incident.owner.as_str()));
        let (team, best) = entry.or_insert_with(|| {
            let team = TeamRow {
                source: row.source,
                team: incident.owner.clone(),
                cells: Default::default(),
                no_commander: 0,
                no_service_lead: 0,
                no_owner_lead: 0,
            };
            (team, &row.rank)
        });
        *best = (*best).min(&row.rank);
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
        let due = nearest(incident)
            .and_then(|duty| duty.due_at)
            .filter(|_| !incident.exercise);
        if let Some(due) = due
            && cell.nearest.as_ref().is_none_or(|(known, ..)| due < *known)
        {
            cell.nearest = Some((due, row.source, Arc::clone(incident)));
        }
    }
    let mut rows: Vec<_> = rows.into_values().collect();
    rows.sort_by_key(|(_, rank)| *rank);
    rows.into_iter().map(|(row, _)| row).collect()
}
