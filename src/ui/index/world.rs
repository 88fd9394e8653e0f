//! What the head and the foot of every screen tell of all incidents, whatever the filter: counts, the highest mark,
//! the nearest duties, vacancies, pages nobody answered, what changed, what waits in preparation.

use std::sync::Arc;

use super::duty::{self, DutyGroup, DutyRow};
use crate::domain::board::{Board, Source};
use crate::domain::instant::{Instant, Mono};
use crate::domain::view::{IncidentView, PageView};
use crate::domain::word::{Comms, PageState, Phase, Seat, Severity, Tlp};

/// How many of each list are kept: more than any screen shows.
const KEPT: usize = 64;

/// How many incidents are open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub real: usize,
    pub exercises: usize,
    /// Real and exercises by lane.
    pub lanes: [usize; 3],
    /// In preparation.
    pub preparation: usize,
}

/// A seat nobody holds.
#[derive(Debug, Clone)]
pub struct Vacancy {
    pub source: usize,
    pub incident: Arc<IncidentView>,
    /// `commander`, `service lead`, `owner lead`.
    pub seat: &'static str,
}

/// A page that waits for a person.
#[derive(Debug, Clone)]
pub struct OpenPage {
    pub source: usize,
    pub incident: Arc<IncidentView>,
    /// Which of the incident's pages.
    pub page: usize,
}

impl OpenPage {
    /// The page itself.
    pub fn view(&self) -> Option<&PageView> {
        self.incident.pages.get(self.page)
    }
}

/// The latest change of an incident.
#[derive(Debug, Clone)]
pub struct Change {
    pub at: Instant,
    pub source: usize,
    pub incident: Arc<IncidentView>,
}

/// What is told of all incidents.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub counts: Counts,
    /// The highest mark of anything shown.
    pub tlp: Option<Tlp>,
    /// Duties whose clock runs, nearest first, drills last.
    pub running: Vec<DutyRow>,
    /// The oldest missing decisions.
    pub missing: Vec<DutyRow>,
    /// The oldest unsent duties without a number.
    pub unnumbered: Vec<DutyRow>,
    /// Seats nobody holds, of the most severe incidents first.
    pub vacancies: Vec<Vacancy>,
    /// How many there are in all, by seat.
    pub vacant: [(&'static str, usize); 2],
    /// Seats that somebody offers to this viewer, with the incident's id; they have it once they take it.
    pub offered: Vec<(Seat, String)>,
    /// Pages that wait for a person, or for one who said to be there by now; what failed first, then the oldest.
    pub pages: Vec<OpenPage>,
    pub pages_in_all: usize,
    /// When time alone adds one: the next ETA.
    pub pages_change_at: Option<Mono>,
    /// Incidents whose company channels are suspect, with their sources; drills last.
    pub suspect: Vec<(usize, Arc<IncidentView>)>,
    /// Newest first.
    pub changes: Vec<Change>,
}

/// Keeps the smallest `KEPT` of a list that grows.
fn keep<T, K: Ord>(list: &mut Vec<T>, key: impl Fn(&T) -> K, all: bool) {
    if list.len() >= 8 * KEPT || (all && list.len() > KEPT) {
        list.sort_by_key(&key);
        list.truncate(KEPT);
    } else if all {
        list.sort_by_key(&key);
    }
}

pub(super) fn world(board: &Board, now: Mono, wall: Instant) -> World {
    let mut world = World {
        vacant: [("commander", 0), ("service lead", 0)],
        ..World::default()
    };
    let mut duties = Vec::new();
    let mut drilled = Vec::new();
    let ahead = duty::ahead(board);
    for (source, (of, ahead)) in board.sources.iter().zip(ahead).enumerate() {
        let time = of.time(now).unwrap_or(wall);
        let clearance = of.about.as_ref().map(|about| about.you.clearance);
        for incident in of.incidents.iter() {
            world.tlp = world.tlp.max(Some(shown_mark(incident, clearance)));
            if let Some(change) = &incident.change {
                let (at, incident) = (change.at, Arc::clone(incident));
                world.changes.push(Change {
                    at,
                    source,
                    incident,
                });
                keep(&mut world.changes, |c| std::cmp::Reverse(c.at), false);
            }
            if !incident.is_open() {
                continue;
            }
            count(&mut world.counts, incident);
            duty::rows(source, incident, (time, ahead), &mut duties);
            for row in duties.drain(..) {
                let list = match row.group {
                    DutyGroup::Running => &mut world.running,
                    DutyGroup::DecisionMissing => &mut world.missing,
                    DutyGroup::NoNumber => &mut world.unnumbered,
                    _ => continue,
                };
                list.push(row);
                keep(list, |r| (r.incident.exercise, r.compared_at), false);
            }
            vacancies(&mut world, source, incident);
            let me = of.about.as_ref().map(|about| about.you.name.as_str());
            let offers = incident.hand_overs.iter();
            let offers = offers.filter(|offer| Some(offer.to.as_str()) == me);
            let offered = offers.map(|offer| (offer.role, incident.id.clone()));
            world.offered.extend(offered);
            pages(&mut world, (source, of.as_ref()), incident, time);
            if incident.comms == Comms::Suspect {
                let list = match incident.exercise {
                    true => &mut drilled,
                    false => &mut world.suspect,
                };
                list.push((source, Arc::clone(incident)));
            }
        }
    }
    for list in [
        &mut world.running,
        &mut world.missing,
        &mut world.unnumbered,
    ] {
        keep(list, |r| (r.incident.exercise, r.compared_at), true);
    }
    world.suspect.append(&mut drilled);
    keep(&mut world.changes, |c| std::cmp::Reverse(c.at), true);
    keep(&mut world.vacancies, vacancy_key, true);
    keep(&mut world.pages, page_key, true);
    world
}

/// The mark of what is shown of an incident: what is above the reader's clearance is hidden, and what is left of it is no
/// more than that.
fn shown_mark(incident: &IncidentView, clearance: Option<Tlp>) -> Tlp {
    clearance.map_or(incident.tlp, |most| incident.tlp.min(most))
}

fn count(counts: &mut Counts, incident: &IncidentView) {
    match incident.exercise {
        true => counts.exercises += 1,
        false => counts.real += 1,
    }
    match super::lane_of(incident.phase).and_then(|lane| counts.lanes.get_mut(lane)) {
        Some(lane) => *lane += 1,
        None => counts.preparation += 1,
    }
}

fn vacancy_key(vacancy: &Vacancy) -> (bool, u8, bool, Instant) {
    let incident = &vacancy.incident;
    let severity = Severity::rank(incident.severity);
    (
        incident.exercise,
        severity,
        vacancy.seat != "commander",
        incident.opened_at,
    )
}

/// Drills last; what reached nobody, or of which that is not known, before what waits for an answer; then the oldest.
fn page_key(page: &OpenPage) -> (bool, bool, Option<Instant>) {
    let view = page.view();
    let lost =
        view.is_some_and(|page| matches!(page.state, PageState::Failed | PageState::Unknown));
    (
        page.incident.exercise,
        !lost,
        view.map(|page| page.queued_at),
    )
}

fn vacancies(world: &mut World, source: usize, incident: &Arc<IncidentView>) {
    if incident.phase == Phase::Preparation {
        return;
    }
    let seats = [
        ("commander", "commander", &incident.commander),
        ("service_lead", "service lead", &incident.service_lead),
    ];
    for (field, seat, held) in seats {
        if held.is_none() && !incident.is_masked(field) {
            let mut counts = world.vacant.iter_mut();
            if let Some((_, count)) = counts.find(|(of, _)| *of == seat) {
                *count += 1;
            }
            let incident = Arc::clone(incident);
            world.vacancies.push(Vacancy {
                source,
                incident,
                seat,
            });
        }
    }
    keep(&mut world.vacancies, vacancy_key, false);
}

fn pages(
    world: &mut World,
    (source, of): (usize, &Source),
    incident: &Arc<IncidentView>,
    time: Instant,
) {
    for (page, view) in incident.pages.iter().enumerate() {
        let late = view.late_since(time).is_some();
        let expected = view.expected_at().filter(|_| !late);
        if let Some(at) = expected.and_then(|at| of.mono(at)) {
            // Late is who is not there behind the instant, not at it.
            let next = world
                .pages_change_at
                .map_or(at + 1, |next| next.min(at + 1));
            world.pages_change_at = Some(next);
        }
        if view.state.is_open() || late {
            world.pages_in_all += 1;
            let incident = Arc::clone(incident);
            world.pages.push(OpenPage {
                source,
                incident,
                page,
            });
        }
    }
    keep(&mut world.pages, page_key, false);
}

/// Something that waits in preparation.
#[derive(Debug, Clone)]
pub struct PrepItem {
    pub source: usize,
    pub incident: Arc<IncidentView>,
    pub kind: PrepKind,
    /// When it is due, or starts.
    pub at: Option<Instant>,
}

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrepKind {
    /// A planned exercise, or an incident that is in preparation.
    Planned,
    /// Which of the incident's lessons.
    Lesson(usize),
}

/// Open lessons of all incidents, closed ones too, and what is planned; by date, undated last.
pub(super) fn preparation(board: &Board) -> Vec<PrepItem> {
    let mut items = Vec::new();
    for (source, of) in board.sources.iter().enumerate() {
        for incident in of.incidents.iter() {
            if incident.is_open() && incident.phase == Phase::Preparation {
                items.push(PrepItem {
                    source,
                    incident: Arc::clone(incident),
                    kind: PrepKind::Planned,
                    at: incident.starts_at,
                });
            }
            let open = incident
                .lessons
                .iter()
                .enumerate()
                .filter(|(_, l)| l.done_at.is_none());
            items.extend(open.map(|(i, lesson)| PrepItem {
                source,
                incident: Arc::clone(incident),
                kind: PrepKind::Lesson(i),
                at: lesson.due,
            }));
        }
    }
    items.sort_by_key(|item| (item.at.is_none(), item.at));
    items
}
