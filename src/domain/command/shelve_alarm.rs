//! `shelve_alarm`: a commander puts an alarm aside, with a reason, for 24 hours at most. Then it rings again by itself.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::acknowledge_alarm::{known, named};
use super::{Context, text};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::instant::Instant;
use crate::domain::refusal::Refusal;
use crate::domain::word::AlarmState;

/// The longest an alarm is shelved.
pub const LONGEST: TimeDelta = TimeDelta::hours(24);

/// Shelves an alarm; its owner is who shelved it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShelveAlarm {
    /// `<duty id>#<kind>`, or `seat/commander#vacant`.
    pub alarm: String,
    pub reason: String,
    /// When it rings again: at most 24 hours ahead.
    #[schema(value_type = String, format = DateTime)]
    pub until: Instant,
}

pub(super) fn decide(
    incident: &Incident,
    body: &ShelveAlarm,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    text::check("reason", &body.reason, text::REASON)?;
    text::in_calendar("until", body.until)?;
    let view = known(incident, &body.alarm, context)?;
    if view.state == AlarmState::Returned {
        return Err(Refusal::state(
            "The alarm's condition is over; acknowledge it instead.",
        ));
    }
    if body.until <= context.now {
        return Err(Refusal::invalid(
            "'until' has gone by; name an instant that is to come.",
        ));
    }
    if body.until - context.now > LONGEST {
        return Err(Refusal::invalid(
            "An alarm is shelved for 24 hours at most; name an earlier 'until'.",
        ));
    }
    Ok(vec![Event::AlarmShelved {
        alarm: named(view),
        reason: body.reason.clone(),
        until: body.until,
    }])
}
