//! `submit`: a notice is recorded as sent, for one or several duties at once. The board records; it does not send.

use serde::{Deserialize, Serialize};

use super::{Context, record_time, text};
use crate::domain::clock::{Evaluated, guard};
use crate::domain::duty;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::instant::Instant;
use crate::domain::refusal::Refusal;
use crate::domain::view::{DutyView, Told};
use crate::domain::word::SubmitKind;

/// Records duties as sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Submit {
    pub duties: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    pub channel: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// A correction never meets a duty, and an update only where an earlier stage told the same people.
    pub kind: SubmitKind,
    /// How many of how many have been told by now. Absent: all, but that an update or a correction of one told in part
    /// leaves its numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
}

/// The duties named, each of which must be one of the incident's.
pub(super) fn known<'a>(
    duties: &'a [DutyView],
    ids: &[String],
) -> Result<Vec<&'a DutyView>, Refusal> {
    ids.iter()
        .map(|id| {
            duties.iter().find(|d| d.id == *id).ok_or_else(|| {
                Refusal::invalid(format!(
                    "The incident has no duty '{}'.",
                    id.chars().take(80).collect::<String>()
                ))
            })
        })
        .collect()
}

pub(super) fn decide(
    incident: &Incident,
    body: &Submit,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    if body.duties.is_empty() {
        return Err(Refusal::invalid("'duties' is empty; name at least one."));
    }
    text::check("channel", &body.channel, text::NAME)?;
    text::check_optional("reference", body.reference.as_deref(), text::NAME)?;
    text::not_in_future("at", body.at, context.now)?;
    if let Some(told) = body.told.filter(|told| told.done > told.of) {
        return Err(Refusal::invalid(format!(
            "'told' says {} of {}; nobody can be told who is not there.",
            told.done, told.of
        )));
    }
    let duties = context.duties(incident);
    let named = known(&duties, &body.duties)?;
    for id in &body.duties {
        let sent = |stage: &str, duty: &Evaluated<'_>| guard::after_trigger(stage, body.at, duty);
        let asked = duty::evaluated(
            incident,
            context.directory,
            context.rules,
            id,
            context.now,
            sent,
        );
        asked.unwrap_or(Ok(())).map_err(record_time::refused)?;
    }
    // A duty named twice was still sent once.
    let mut groups: Vec<(Option<Told>, Vec<String>)> = Vec::new();
    for duty in named {
        let told = body.told.or_else(|| completed(duty, body.kind));
        if groups.iter().any(|(_, ids)| ids.contains(&duty.id)) {
            continue;
        }
        match groups.iter_mut().find(|(of, _)| *of == told) {
            Some((_, ids)) => ids.push(duty.id.clone()),
            None => groups.push((told, vec![duty.id.clone()])),
        }
    }
    let sent = groups.into_iter().map(|(told, duties)| Event::Submitted {
        duties,
        at: body.at,
        channel: body.channel.clone(),
        reference: body.reference.clone(),
        kind: body.kind,
        told,
    });
    Ok(sent.collect())
}

/// Whom a notice without a number has told, where some have been told so far: it is to all who are to be told, and says so
/// by their number. An update or a correction tells nobody new.
pub fn completed(duty: &DutyView, kind: SubmitKind) -> Option<Told> {
    let told = duty.told_in_part()?;
    match kind {
        SubmitKind::Initial | SubmitKind::Final => Some(Told {
            done: told.of,
            of: told.of,
        }),
        SubmitKind::Update | SubmitKind::Correction => None,
    }
}
