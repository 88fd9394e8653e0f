//! Alarms: which conditions of duties and seats ask a person for an action in time, derived from the record and `now`,
//! and what people did about each. Writers and readers whose clock moves on share these functions; ringing is `ui`'s.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::duty::{self, status_at};
use super::incident::Incident;
use super::incident::page::Page;
use super::instant::Instant;
use super::view::{AlarmView, DutyView, HoldView, IncidentView, PageView};
use super::word::{AlarmKind, AlarmState, Direction, DutyStatus, Phase, Severity};

/// How long a commander's seat may be vacant before it is an alarm.
pub const VACANT_FOR: TimeDelta = TimeDelta::minutes(5);
/// How long before its end a hold is an alarm.
const HOLD_ENDING_FOR: TimeDelta = TimeDelta::hours(24);

/// A condition that holds, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// The duty it is about; None for the commander's seat and for a page.
    pub duty: Option<String>,
    /// The page it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    pub kind: AlarmKind,
    /// When the condition began to hold.
    pub since: Instant,
}

/// An alarm that began to ring, and the page that asks somebody to come for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raised {
    #[serde(flatten)]
    pub alarm: Alarm,
    /// The page's id; None where this alarm pages nobody, or somebody is called already.
    pub page: Option<String>,
}

impl Alarm {
    /// Its name in the API: `ms-72h/customer#passed`, `seat/commander#vacant`, `page/p1f3#eta_passed`.
    pub fn id(&self) -> String {
        match (&self.duty, &self.page) {
            (Some(duty), _) => format!("{duty}#{}", self.kind),
            (None, Some(page)) => format!("page/{page}#{}", self.kind),
            (None, None) => "seat/commander#vacant".to_owned(),
        }
    }

    /// Whether `passed` of the same duty stands for it.
    pub fn is_lesser(&self) -> bool {
        is_lesser(self.kind)
    }

    fn of_view(view: &AlarmView) -> Alarm {
        Alarm {
            duty: view.duty.clone(),
            page: view.page.clone(),
            kind: view.kind,
            since: view.since,
        }
    }
}

fn is_lesser(kind: AlarmKind) -> bool {
    matches!(kind, AlarmKind::LatestStart | AlarmKind::TenPercentLeft)
}

/// Whether an alarm of this kind is critical: it alone may blink.
pub fn is_critical(kind: AlarmKind) -> bool {
    matches!(kind, AlarmKind::LatestStart | AlarmKind::Passed)
}

/// What alarms of one incident depend on.
#[derive(Clone, Copy)]
struct Ground<'a> {
    /// Whether it is worked on; what has ended rings for nothing.
    open: bool,
    phase: Phase,
    severity: Option<Severity>,
    vacant_since: Option<Instant>,
    duties: &'a [DutyView],
    pages: Pages<'a>,
}

/// The pages of an incident, wherever it was read.
#[derive(Clone, Copy)]
enum Pages<'a> {
    Recorded(&'a [Page]),
    Read(&'a [PageView]),
}

impl<'a> Pages<'a> {
    /// Those with which somebody is on the way, and when they said to be there.
    fn expected(self) -> Vec<(&'a str, Instant)> {
        match self {
            Pages::Recorded(pages) => pages
                .iter()
                .filter_map(|page| Some((page.id.as_str(), page.expected_at()?)))
                .collect(),
            Pages::Read(pages) => pages
                .iter()
                .filter_map(|page| Some((page.id.as_str(), page.expected_at()?)))
                .collect(),
        }
    }
}

impl<'a> Ground<'a> {
    fn of(incident: &'a Incident, duties: &'a [DutyView]) -> Ground<'a> {
        Ground {
            open: incident.is_open(),
            phase: incident.phase,
            severity: incident.severity,
            vacant_since: vacant_since(incident),
            duties,
            pages: Pages::Recorded(&incident.pages),
        }
    }

    fn of_view(view: &'a IncidentView) -> Ground<'a> {
        Ground {
            open: view.is_open(),
            phase: view.phase,
            severity: view.severity,
            vacant_since: view.commander_vacant_since,
            duties: &view.duties,
            pages: Pages::Read(&view.pages),
        }
    }

    /// When the vacant seat becomes an alarm.
    fn vacant_at(self) -> Option<Instant> {
        let grave = matches!(self.severity, Some(Severity::Sev1 | Severity::Sev2));
        let since = self
            .vacant_since
            .filter(|_| grave && self.open && self.phase != Phase::Preparation)?;
        since.checked_add_signed(VACANT_FOR)
    }

    fn duties(self) -> impl Iterator<Item = &'a DutyView> {
        let open = self.open;
        self.duties.iter().filter(move |duty| open && duty.enabled)
    }

    fn expected(self) -> Vec<(&'a str, Instant)> {
        match self.open {
            true => self.pages.expected(),
            false => Vec::new(),
        }
    }

    fn alarms_at(self, now: Instant) -> Vec<Alarm> {
        let mut alarms: Vec<Alarm> = Vec::new();
        for duty in self.duties() {
            let add = |kind: AlarmKind, since: Instant| Alarm {
                duty: Some(duty.id.clone()),
                page: None,
                kind,
                since,
            };
            alarms.extend(
                of_duty(duty, now)
                    .into_iter()
                    .map(|(kind, at)| add(kind, at)),
            );
        }
        let vacant = self.vacant_at().filter(|at| *at <= now);
        alarms.extend(vacant.map(|since| Alarm {
            duty: None,
            page: None,
            kind: AlarmKind::VacantCommand,
            since,
        }));
        // At the instant itself they may still come.
        let late = self.expected().into_iter().filter(|(_, eta)| *eta < now);
        alarms.extend(late.map(|(page, since)| Alarm {
            duty: None,
            page: Some(page.to_owned()),
            kind: AlarmKind::EtaPassed,
            since,
        }));
        alarms
    }

    fn changes_at(self) -> Vec<Instant> {
        let mut changes: Vec<Instant> = self.vacant_at().into_iter().collect();
        changes.extend(self.expected().into_iter().map(|(_, eta)| eta));
        for duty in self.duties() {
            let onsets = Onsets::of(duty);
            let own = [
                onsets.latest_start,
                onsets.ten_percent_left,
                onsets.passed,
                onsets.hold_ending,
            ];
            changes.extend(own.into_iter().flatten());
            changes.extend(review_at(duty));
            changes.extend(duty::changes_at(duty));
        }
        changes
    }
}

/// Since when the commander's seat of an incident is vacant.
pub fn vacant_since(incident: &Incident) -> Option<Instant> {
    let since = incident.vacant_since.unwrap_or(incident.opened_at);
    incident.seats.commander.is_none().then_some(since)
}

/// When each alarm of a duty that counts begins, if nothing else happens before.
#[derive(Default)]
struct Onsets {
    latest_start: Option<Instant>,
    ten_percent_left: Option<Instant>,
    passed: Option<Instant>,
    hold_ending: Option<Instant>,
}

impl Onsets {
    fn of(duty: &DutyView) -> Onsets {
        use DutyStatus::{Held, Overdue, PastDue, Provisional, Running};
        let counting = matches!(
            duty.status,
            Running | Provisional | PastDue | Overdue | Held
        );
        if !counting {
            return Onsets::default();
        }
        // A deadline that passed before the hold began stays passed, as its status does.
        let passed_before = |hold: &&HoldView| duty.due_at.is_some_and(|due| due < hold.from);
        let hold = duty.hold.as_ref().filter(|hold| !passed_before(hold));
        let until = hold.and_then(|hold| hold.until);
        let hold_ending = hold
            .zip(until)
            .map(|(hold, until)| (until - HOLD_ENDING_FOR).max(hold.from));
        if hold.is_some() && until.is_none() {
            return Onsets::default();
        }
        let after = |at: Instant| until.map_or(at, |until| at.max(until));
        let due = duty.due_at.map(after);
        let tenth = duty.counted_from.zip(due).and_then(|(from, due)| {
            let ms = (due - from).num_milliseconds();
            (ms > 0).then(|| due - TimeDelta::milliseconds(ms / 10))
        });
        Onsets {
            latest_start: duty.latest_start_at.map(after),
            ten_percent_left: tenth.map(after),
            passed: due,
            hold_ending,
        }
    }
}

/// When a decision not to notify is looked at again.
fn review_at(duty: &DutyView) -> Option<Instant> {
    duty.review_at
        .filter(|_| duty.status == DutyStatus::Decided)
}

/// The alarms of one duty. `passed` stands for what warned of it before.
fn of_duty(duty: &DutyView, now: Instant) -> Vec<(AlarmKind, Instant)> {
    let onsets = Onsets::of(duty);
    let begun = |kind, at: Option<Instant>| at.filter(|at| *at <= now).map(|at| (kind, at));
    let mut alarms = Vec::new();
    let status = status_at(duty, now);
    match status {
        DutyStatus::Running | DutyStatus::Provisional => {
            // At its latest start it may still begin in time.
            let start = onsets.latest_start.filter(|at| *at < now);
            alarms.extend(begun(AlarmKind::LatestStart, start));
            alarms.extend(begun(AlarmKind::TenPercentLeft, onsets.ten_percent_left));
        }
        DutyStatus::PastDue | DutyStatus::Overdue => {
            alarms.extend(begun(AlarmKind::Passed, onsets.passed));
        }
        DutyStatus::Decided => alarms.extend(begun(AlarmKind::ReviewDue, review_at(duty))),
        DutyStatus::Held => alarms.extend(begun(AlarmKind::HoldEnding, onsets.hold_ending)),
        _ if duty.direction == Direction::NotBefore && !status.is_finished() => {
            // The instant itself is still within the embargo.
            let over = duty.due_at.filter(|at| *at < now);
            alarms.extend(begun(AlarmKind::EmbargoOver, over));
        }
        _ => {}
    }
    alarms
}

/// What a record says of an alarm, wherever it was read.
struct Marks {
    alarm: Alarm,
    /// It rang, and was not put aside since.
    rang: bool,
    acknowledged: Option<(Option<String>, Instant)>,
    shelved: Option<Shelved>,
}

struct Shelved {
    by: Option<String>,
    at: Option<Instant>,
    until: Instant,
    reason: Option<String>,
}

/// Alarms with their states, the first that began first: those whose condition holds, and those that came back before
/// anybody acknowledged them.
fn stand(alarms: Vec<Alarm>, mut marks: Vec<Marks>, now: Instant) -> Vec<AlarmView> {
    let mut views: Vec<AlarmView> = Vec::with_capacity(alarms.len());
    for alarm in alarms {
        let id = alarm.id();
        let at = marks.iter().position(|marks| marks.alarm.id() == id);
        let marks = at.map(|at| marks.swap_remove(at));
        views.push(standing(id, alarm, marks, now));
    }
    for marks in marks {
        let unheard = marks.rang && marks.acknowledged.is_none();
        let stood_for = marks.alarm.is_lesser()
            && views
                .iter()
                .any(|view| view.kind == AlarmKind::Passed && view.duty == marks.alarm.duty);
        if unheard && !stood_for {
            let mut view = plain(marks.alarm.id(), marks.alarm);
            view.state = AlarmState::Returned;
            views.push(view);
        }
    }
    views.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
    // A graver alarm that came back stands for the lesser ones too.
    let passed: Vec<Option<String>> = views
        .iter()
        .filter(|view| view.kind == AlarmKind::Passed)
        .map(|view| view.duty.clone())
        .collect();
    views.retain(|view| {
        !(view.state == AlarmState::Returned && is_lesser(view.kind) && passed.contains(&view.duty))
    });
    views
}

fn plain(id: String, alarm: Alarm) -> AlarmView {
    AlarmView {
        id,
        kind: alarm.kind,
        duty: alarm.duty,
        page: alarm.page,
        since: alarm.since,
        state: AlarmState::Unacknowledged,
        by: None,
        at: None,
        until: None,
        reason: None,
    }
}

fn standing(id: String, alarm: Alarm, marks: Option<Marks>, now: Instant) -> AlarmView {
    let mut view = plain(id, alarm);
    let Some(marks) = marks else {
        return view;
    };
    if let Some(shelf) = marks.shelved.filter(|shelf| now < shelf.until) {
        view.state = AlarmState::Shelved;
        (view.by, view.at) = (shelf.by, shelf.at);
        (view.until, view.reason) = (Some(shelf.until), shelf.reason);
    } else if let Some((by, at)) = marks.acknowledged.filter(|(_, at)| *at >= view.since) {
        // One that began again later is another one, and rings.
        view.state = AlarmState::Acknowledged;
        (view.by, view.at) = (by, Some(at));
    }
    view
}

/// The alarms whose conditions hold at an instant, whatever was done about them.
pub fn alarms_at(incident: &Incident, duties: &[DutyView], now: Instant) -> Vec<Alarm> {
    Ground::of(incident, duties).alarms_at(now)
}

/// The alarms of an incident on record; `duties` as of `now`.
pub fn of_incident(incident: &Incident, duties: &[DutyView], now: Instant) -> Vec<AlarmView> {
    if !incident.is_open() {
        return Vec::new();
    }
    let marks = incident.alarms.values().map(|record| Marks {
        alarm: record.alarm.clone(),
        rang: record.raised_at.is_some(),
        acknowledged: record
            .acknowledged
            .as_ref()
            .map(|why| (Some(why.by.clone()), why.at)),
        shelved: record.shelved.as_ref().map(|shelf| Shelved {
            by: Some(shelf.why.by.clone()),
            at: Some(shelf.why.at),
            until: shelf.until,
            reason: shelf.why.reason.clone(),
        }),
    });
    stand(alarms_at(incident, duties, now), marks.collect(), now)
}

/// The alarms of an incident as a reader was given it, at a later instant.
pub fn of_view(view: &IncidentView, now: Instant) -> Vec<AlarmView> {
    if !view.is_open() {
        return Vec::new();
    }
    let marks = view.alarms.iter().map(|alarm| Marks {
        alarm: Alarm::of_view(alarm),
        rang: matches!(
            alarm.state,
            AlarmState::Unacknowledged | AlarmState::Returned
        ),
        acknowledged: alarm
            .at
            .filter(|_| alarm.state == AlarmState::Acknowledged)
            .map(|at| (alarm.by.clone(), at)),
        shelved: alarm
            .until
            .filter(|_| alarm.state == AlarmState::Shelved)
            .map(|until| Shelved {
                by: alarm.by.clone(),
                at: alarm.at,
                until,
                reason: alarm.reason.clone(),
            }),
    });
    let alarms = Ground::of_view(view).alarms_at(now);
    stand(alarms, marks.collect(), now)
}

/// The instants at which time alone changes an incident's alarms. `duties` as of its last version.
pub fn changes_at(incident: &Incident, duties: &[DutyView]) -> Vec<Instant> {
    if !incident.is_open() {
        return Vec::new();
    }
    let shelves = incident.alarms.values();
    let shelves = shelves.filter_map(|record| record.shelved.as_ref().map(|shelf| shelf.until));
    let mut changes = Ground::of(incident, duties).changes_at();
    changes.extend(shelves);
    changes
}

/// The same for a reader.
pub fn changes_of_view_at(view: &IncidentView) -> Vec<Instant> {
    if !view.is_open() {
        return Vec::new();
    }
    let mut changes = Ground::of_view(view).changes_at();
    changes.extend(view.alarms.iter().filter_map(|alarm| alarm.until));
    changes
}

/// The alarms that ring and of which no entry tells yet.
pub fn unwritten(incident: &Incident, duties: &[DutyView], now: Instant) -> Vec<Alarm> {
    let ringing = of_incident(incident, duties, now).into_iter();
    let ringing = ringing.filter(|view| view.state == AlarmState::Unacknowledged);
    let written = |view: &AlarmView| {
        let record = incident.alarms.get(&view.id);
        record
            .and_then(|record| record.raised_at)
            .is_some_and(|at| at >= view.since)
    };
    ringing
        .filter(|view| !written(view))
        .map(|view| Alarm::of_view(&view))
        .collect()
}

#[cfg(test)]
mod tests;
