//! What a duty's status is at an instant, for readers whose clock moves on from a snapshot. It agrees with `clock::evaluate`
//! at every later instant; what else than time can change a status needs a new snapshot.

use crate::domain::instant::Instant;
use crate::domain::view::{DutyView, HoldView};
use crate::domain::word::DutyStatus;

/// What a duty's status is at an instant, given what its snapshot says: time alone moves it from running to past due and
/// overdue, out of a hold, out of an embargo. Everything else needs a new snapshot.
pub fn status_at(duty: &DutyView, now: Instant) -> DutyStatus {
    use DutyStatus::{Embargo, Held, NoFixedLimit, Overdue, PastDue, Provisional, Running};
    let counting = matches!(
        duty.status,
        Running | Provisional | PastDue | Overdue | Held
    );
    if !counting {
        // The instant itself is still within the embargo, as it is still within a deadline.
        let over = duty.status == Embargo && duty.due_at.is_some_and(|due| now > due);
        return if over { NoFixedLimit } else { duty.status };
    }
    // A deadline that passed before the hold began stays passed.
    let passed_before_hold = |hold: &HoldView| duty.due_at.is_some_and(|due| due < hold.from);
    let hold = duty.hold.as_ref().filter(|hold| !passed_before_hold(hold));
    if hold.is_some_and(|hold| hold.from <= now && hold.until.is_none_or(|until| now <= until)) {
        return Held;
    }
    let Some(due) = duty.due_at else {
        // Held without a number: when the hold ends there is none again.
        let over = duty.status == Held && hold.is_some_and(|hold| hold.from <= now);
        return if over { NoFixedLimit } else { duty.status };
    };
    // After a hold the duty runs to the later of its due and the hold's end.
    let due = hold
        .and_then(|hold| hold.until)
        .map_or(due, |until| due.max(until));
    match duty.limit_at {
        _ if now <= due => {
            if duty.status == Provisional || duty.provisional {
                Provisional
            } else {
                Running
            }
        }
        Some(limit) if now <= limit => PastDue,
        _ => Overdue,
    }
}

/// The instants at which time alone changes what a duty says: latest start, due, limit, end of hold.
pub fn changes_at(duty: &DutyView) -> impl Iterator<Item = Instant> {
    let live = matches!(
        duty.status,
        DutyStatus::Running
            | DutyStatus::Provisional
            | DutyStatus::PastDue
            | DutyStatus::Overdue
            | DutyStatus::Held
            | DutyStatus::Embargo
    );
    let hold = duty.hold.as_ref().and_then(|h| h.until);
    [duty.latest_start_at, duty.due_at, duty.limit_at, hold]
        .into_iter()
        .flatten()
        .filter(move |_| live)
}
