//! `record_time`: a named instant that can start a clock. Earlier counts at once; later, or none that a clock could
//! start from, is proposed and waits for a second person. A milestone recorded in a later pass is a new value, not a move.

use serde::{Deserialize, Serialize};

use super::{Context, text, trigger};
use crate::domain::clock::guard;
use crate::domain::duty;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::instant::Instant;
use crate::domain::refusal::Refusal;
use crate::domain::view_of::HIDDEN;
use crate::domain::when::When;
use crate::domain::word::{Precision, Role};

/// An instant for a trigger, of the incident or of one duty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordTime {
    pub trigger: String,
    #[schema(value_type = String)]
    pub at: When,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<Precision>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duty: Option<String>,
}

/// What begins the name of a trigger that is a notice sent; `submit` alone records one.
pub const SUBMITTED: &str = "submitted:";

/// Whether a text can name a trigger: `detected_at`, `submitted:early`; not what stands for a name that is hidden.
pub fn is_trigger_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && !name.starts_with(HIDDEN)
        && name.bytes().all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b':' | b'-')
        })
}

/// The instant with the precision that was given beside it, which cannot be finer than the text itself.
pub(super) fn precise(at: When, precision: Option<Precision>) -> Result<When, Refusal> {
    match precision {
        Some(precision) if precision < at.precision => Err(Refusal::invalid(format!(
            "'at' is given as {at}, which is known to the {} only; 'precision' cannot be {precision}.",
            at.precision
        ))),
        Some(precision) => Ok(at.with_precision(precision)),
        None => Ok(at),
    }
}

/// A refusal of the clocks, as a command answers it.
pub(super) fn refused(refused: guard::Refused) -> Refusal {
    Refusal::invalid(format!("{refused}."))
}

/// An instant that a clock may be counted from: of four digits in the year, and not ahead.
pub(super) fn check_instant(name: &str, at: When, now: Instant) -> Result<(), Refusal> {
    text::in_calendar(name, at.at)?;
    guard::not_in_the_future(name, at, now).map_err(refused)
}

/// Refuses an instant that could not stand beside the others of the incident or the duty.
pub(super) fn check_order(
    incident: &Incident,
    name: &str,
    duty: Option<&str>,
    at: When,
) -> Result<(), Refusal> {
    let mut beside = vec![(name.to_owned(), at)];
    for other in incident.triggers.iter().filter(|t| t.name != name) {
        if beside.iter().any(|(known, _)| *known == other.name) {
            continue;
        }
        let counts = match duty {
            Some(duty) => incident.trigger_of_duty(&other.name, duty),
            None => incident.trigger(&other.name),
        };
        beside.extend(counts.map(|t| (t.name.clone(), t.at)));
    }
    guard::in_order(&beside).map_err(refused)
}

pub(super) fn decide(
    incident: &Incident,
    body: &RecordTime,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    if !is_trigger_name(&body.trigger) {
        return Err(Refusal::invalid(
            "'trigger' must be a name such as detected_at: small letters, digits, underscores.",
        ));
    }
    if body.trigger.starts_with(SUBMITTED) {
        return Err(Refusal::invalid(format!(
            "'{}' comes from what is recorded as sent: record it with the command submit.",
            body.trigger
        )));
    }
    trigger::check(&body.trigger, context)?;
    // Customers found later are a subject of their own, and so is the decision about them.
    let of_subject = body.duty.is_some() && context.caller.role >= Role::Commander;
    if body.trigger == "declared_at" && !of_subject {
        return Err(Refusal::invalid(
            "'declared_at' is set by the command declare, with a name; it is not recorded like other times. For one duty alone a commander records it.",
        ));
    }
    text::check_optional("source", body.source.as_deref(), text::NAME)?;
    text::check_optional("reason", body.reason.as_deref(), text::REASON)?;
    let at = precise(body.at, body.precision)?;
    check_instant(&body.trigger, at, context.now)?;
    if let Some(duty) = &body.duty
        && !context.duties(incident).iter().any(|d| d.id == *duty)
    {
        return Err(Refusal::invalid(format!(
            "The incident has no duty '{duty}'."
        )));
    }
    check_order(incident, &body.trigger, body.duty.as_deref(), at)?;
    let duty = body.duty.as_deref();
    let proposed = duty::is_later_on_record(incident, context.rules, &body.trigger, duty, at);
    if proposed && body.reason.is_none() {
        let what = match at.starts_a_clock() {
            true => "already recorded, and earlier: a later instant",
            false => "already recorded, to the day or better: an instant that starts no clock",
        };
        return Err(Refusal::invalid(format!(
            "{} is {what} needs a 'reason', and a second person to confirm it.",
            body.trigger
        )));
    }
    Ok(vec![Event::TimeRecorded {
        trigger: body.trigger.clone(),
        at,
        precision: at.precision,
        source: body.source.clone(),
        reason: body.reason.clone(),
        duty: body.duty.clone(),
        proposed,
    }])
}
