//! `unshelve_alarm`: a shelved alarm rings again before its time.

use serde::{Deserialize, Serialize};

use super::Context;
use super::acknowledge_alarm::{known, named};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;
use crate::domain::word::AlarmState;

/// Takes an alarm off the shelf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnshelveAlarm {
    /// `<duty id>#<kind>`, or `seat/commander#vacant`.
    pub alarm: String,
}

pub(super) fn decide(
    incident: &Incident,
    body: &UnshelveAlarm,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    let view = known(incident, &body.alarm, context)?;
    if view.state != AlarmState::Shelved {
        return Err(Refusal::state("The alarm is not shelved."));
    }
    Ok(vec![Event::AlarmUnshelved { alarm: named(view) }])
}
