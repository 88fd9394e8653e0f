//! Proofs of the lists: that they are kept up to date and not only filled, and what their order is.

use proptest::prelude::*;

use super::*;
use crate::domain::board::Source;
use crate::domain::word::{DutyStatus, Severity};
use crate::ui::fixture::{MONO, board, now};

fn filled(board: &Board, filter: &Filter) -> Index {
    let mut index = Index::default();
    index.update(&Arc::new(board.clone()), filter, MONO, now());
    index
}

/// What stands where, by name.
fn names(index: &Index) -> (Vec<Vec<&str>>, Vec<String>, Vec<String>) {
    let lanes = index.lanes.iter();
    let lanes = lanes.map(|rows| rows.iter().map(|row| row.incident.id.as_str()).collect());
    let duties = index.duties.iter();
    let duties = duties.map(|row| format!("{:?} {} {}", row.group, row.incident.id, row.duty_id()));
    let teams = index.teams.iter();
    let teams = teams.map(|row| {
        let cells = row.cells.iter().map(|cell| {
            let worst = cell.worst.as_ref().map(|(_, of)| of.id.as_str());
            format!("{} {worst:?}", cell.count)
        });
        format!("{} {:?}", row.team, cells.collect::<Vec<_>>())
    });
    (lanes.collect(), duties.collect(), teams.collect())
}

/// The board with one incident of one source gone, or otherwise changed.
fn changed(board: &Board, source: usize, at: usize, how: u8) -> Board {
    let mut board = board.clone();
    let mut of = Source::clone(&board.sources[source]);
    let mut incidents = (*of.incidents).clone();
    if let Some(place) = incidents.get_mut(at) {
        let mut incident = IncidentView::clone(place);
        match how {
            0 => incident.severity = Some(Severity::Sev1),
            1 => incident.phase = Phase::PostIncidentActivity,
            2 => incident.phase = Phase::Preparation,
            3 => incident.duties.clear(),
            4 => incident.commander = None,
            _ => incident.ended = Some(crate::domain::word::Ended::Closed),
        }
        *place = Arc::new(incident);
    }
    if how == 6 && at < incidents.len() {
        incidents.remove(at);
    }
    of.incidents = Arc::new(incidents);
    board.sources[source] = Arc::new(of);
    board
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lists_kept_from_board_to_board_are_those_of_the_last_board(
        steps in prop::collection::vec((0..4_usize, 0..6_usize, 0..7_u8), 1..20),
        filtered in any::<bool>(),
    ) {
        let filter = Filter::default().with_text(if filtered { "sev" } else { "" });
        let mut board = board();
        let mut index = filled(&board, &filter);
        for (source, at, how) in steps {
            board = changed(&board, source, at, how);
            index.update(&Arc::new(board.clone()), &filter, MONO, now());
            let fresh = filled(&board, &filter);
            prop_assert_eq!(names(&index), names(&fresh));
            prop_assert_eq!(index.finished, fresh.finished);
            prop_assert_eq!(index.groups, fresh.groups);
        }
    }
}

#[test]
fn duties_stand_in_their_groups_and_the_finished_are_counted_by_how() {
    let index = filled(&board(), &Filter::default());
    for (group, (begin, count)) in DutyGroup::ALL.iter().zip(index.groups) {
        let rows = index.duties.get(begin..begin + count).unwrap();
        assert!(rows.iter().all(|row| row.group == *group));
    }
    assert_eq!(index.finished, [6, 0, 11, 2, 3]);
    let running = index
        .duties
        .iter()
        .filter(|row| row.group == DutyGroup::Running);
    assert!(running.map(|row| row.at).is_sorted());
}

#[test]
fn a_filter_narrows_the_lists_but_not_what_the_head_tells() {
    let filter = Filter::default().with_text("amber finch");
    let index = filled(&board(), &filter);
    assert_eq!(index.rows().count(), 1);
    assert_eq!(index.world.counts.real, 11);
    let mine = Filter::default().with_person(Some("j.lindqvist".to_owned()));
    let ids: Vec<String> = filled(&board(), &mine)
        .rows()
        .map(|row| row.incident.id.clone())
        .collect();
    // Where j.lindqvist decides a duty.
    assert_eq!(ids, ["AZ-142", "AZ-139", "AZ-131"]);
}

#[test]
fn a_hold_that_ends_moves_its_duty_by_time_alone() {
    let mut index = filled(&board(), &Filter::default());
    let held = |index: &Index| index.groups[4].1;
    assert_eq!(held(&index), 1);
    let board = Arc::clone(index.board());
    // Alarms change before it ends.
    while held(&index) > 0 {
        let changes = index.regroup_at().unwrap();
        index.update(&board, &Filter::default(), changes, now());
        assert!(index.regroup_at() > Some(changes) || held(&index) == 0);
    }
    let row = index.duties.iter().find(|row| {
        row.incident.id == "AZ-131"
            && row
                .view()
                .is_some_and(|duty| duty.status == DutyStatus::Held)
    });
    assert_eq!(row.unwrap().group, DutyGroup::Running);
}

#[test]
fn a_drill_never_stands_before_a_real_incident() {
    let mut board = board();
    let mut of = Source::clone(&board.sources[0]);
    let incidents = of.incidents.iter().map(|incident| {
        let mut incident = IncidentView::clone(incident);
        if incident.id == "AZ-142" {
            incident.exercise = true;
        }
        Arc::new(incident)
    });
    of.incidents = Arc::new(incidents.collect());
    board.sources[0] = Arc::new(of);
    let index = filled(&board, &Filter::default());
    let last = |lane: &Vec<Row>| lane.last().unwrap().incident.id.clone();
    assert_eq!(last(&index.lanes[0]), "AZ-142");
    assert_eq!(index.world.running.last().unwrap().incident.id, "AZ-142");
    let azure = index.teams.iter().find(|team| team.source == 0).unwrap();
    assert_eq!(azure.cells[0].worst.as_ref().unwrap().1.id, "AZ-140");
    assert_eq!(azure.cells[0].nearest.as_ref().map(|near| near.0), None);
}

#[test]
fn duties_that_wait_for_the_same_stand_as_one_row_and_are_all_counted() {
    let waiting = crate::ui::fixture::board_with(0, |incident| {
        if incident.id != "AZ-142" {
            return;
        }
        for duty in &mut incident.duties {
            duty.status = DutyStatus::Waiting;
            duty.trigger = Some("aware_at".to_owned());
        }
    });
    let index = filled(&waiting, &Filter::default());
    let mut rows = index
        .duties
        .iter()
        .filter(|row| row.incident.id == "AZ-142" && row.group == DutyGroup::DecisionMissing);
    let row = rows.next().unwrap();
    assert!(rows.next().is_none());
    let all = row.incident.duties.iter().filter(|duty| duty.enabled);
    assert_eq!(1 + row.others().count(), all.count());
    assert_eq!(index.owed[0], index.groups[0].1 + row.with.len());
}

#[test]
fn nothing_is_missing_before_an_incident_has_begun() {
    let planned = crate::ui::fixture::board_with(0, |incident| {
        incident.phase = Phase::Preparation;
    });
    let index = filled(&planned, &Filter::default());
    let missing = index.world.missing.iter();
    assert!(missing.clone().all(|row| row.source != 0));
    assert!(missing.count() > 0);
}

#[test]
fn a_team_with_drills_alone_has_their_clock() {
    let drills = crate::ui::fixture::board_with(0, |incident| incident.exercise = true);
    let index = filled(&drills, &Filter::default());
    let azure = index.teams.iter().find(|team| team.source == 0).unwrap();
    let nearest = azure.cells[0].nearest.as_ref();
    assert_eq!(nearest.map(|(_, _, of)| of.id.as_str()), Some("AZ-142"));
}

/// How much time is left of every duty whose clock runs, real ones first, in the order of the lists.
fn left(index: &Index) -> Vec<Vec<(bool, i64)>> {
    let left = |row: &DutyRow| {
        let time = index.board().sources[row.source].time(MONO).unwrap();
        (row.incident.exercise, (row.at - time).num_seconds())
    };
    let listed = index.duties.iter();
    let listed = listed.filter(|row| row.group == DutyGroup::Running);
    vec![
        index.world.running.iter().map(left).collect(),
        listed.map(left).collect(),
    ]
}

#[test]
fn a_backend_whose_clock_is_set_has_its_duties_in_order_by_what_is_left() {
    let mut board = board();
    let mut index = filled(&board, &Filter::default());
    for by in [3_600_000, -7_200_000, 86_400_000] {
        let mut of = Source::clone(&board.sources[0]);
        of.offset_ms = of.offset_ms.map(|offset| offset + by);
        board.sources[0] = Arc::new(of);
        index.update(&Arc::new(board.clone()), &Filter::default(), MONO, now());
        for rows in left(&index) {
            assert!(rows.len() > 3 && rows.is_sorted(), "{by}: {rows:?}");
        }
        let fresh = filled(&board, &Filter::default());
        assert_eq!(names(&index), names(&fresh), "{by}");
        assert_eq!(index.regroup_at(), fresh.regroup_at(), "{by}");
    }
}

#[test]
fn an_estimate_of_a_clock_that_settles_changes_no_order() {
    let mut board = board();
    let before = names(&filled(&board, &Filter::default())).1;
    for (source, by) in [(0, 40), (1, -70), (2, 900)] {
        let mut of = Source::clone(&board.sources[source]);
        of.offset_ms = of.offset_ms.map(|offset| offset + by);
        board.sources[source] = Arc::new(of);
    }
    assert_eq!(before, names(&filled(&board, &Filter::default())).1);
}
