//! `acknowledge_alarm`: somebody has heard it, for all boards. It stays in the list for as long as its condition lasts.

use serde::{Deserialize, Serialize};

use super::Context;
use crate::domain::alarm::{self, Alarm};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;
use crate::domain::view::AlarmView;
use crate::domain::word::AlarmState;

/// Acknowledges an alarm that rings, or one that came back before anybody did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeAlarm {
    /// `<duty id>#<kind>`, or `seat/commander#vacant`.
    pub alarm: String,
}

pub(super) fn decide(
    incident: &Incident,
    body: &AcknowledgeAlarm,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    let view = known(incident, &body.alarm, context)?;
    let by = view.by.as_deref().unwrap_or("somebody");
    match view.state {
        AlarmState::Acknowledged => Err(Refusal::state(format!(
            "{} acknowledged this alarm already.",
            context.named(incident, by)
        ))),
        AlarmState::Shelved => Err(Refusal::state(
            "The alarm is shelved and does not ring; unshelve it first.",
        )),
        AlarmState::Unacknowledged | AlarmState::Returned => {
            Ok(vec![Event::AlarmAcknowledged { alarm: named(view) }])
        }
    }
}

/// The alarm of this id, as it stands.
pub(super) fn known(
    incident: &Incident,
    id: &str,
    context: &Context<'_>,
) -> Result<AlarmView, Refusal> {
    let duties = context.duties(incident);
    let alarms = alarm::of_incident(incident, &duties, context.now);
    alarms
        .into_iter()
        .find(|alarm| alarm.id == id)
        .ok_or_else(|| {
            Refusal::invalid(format!(
                "{} has no alarm '{}' now; `warboard show {}` lists them.",
                incident.id,
                id.chars().take(80).collect::<String>(),
                incident.id
            ))
        })
}

/// The alarm as an entry names it.
pub(super) fn named(view: AlarmView) -> Alarm {
    Alarm {
        duty: view.duty,
        page: view.page,
        kind: view.kind,
        since: view.since,
    }
}
