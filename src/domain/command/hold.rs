//! `hold`: an authority, or a written exception, allows or orders not to tell yet.

use serde::{Deserialize, Serialize};

use super::{Context, record_time, submit, text};
use crate::domain::clock::{self, guard, hold};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::instant::Instant;
use crate::domain::refusal::Refusal;

/// Holds a duty; without `at`, from now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    pub duty: String,
    /// One that the duty's text knows (`written`, `oral`, `ag-delay`), or a written exception of it: `exception:<name>`.
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Instant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Instant>,
    /// Who ordered or vetted it.
    pub authority: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
}

pub(super) fn decide(
    incident: &Incident,
    body: &Hold,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    text::check("kind", &body.kind, text::NAME)?;
    text::check("authority", &body.authority, text::NAME)?;
    text::check_optional("document", body.document.as_deref(), text::REASON)?;
    submit::known(&context.duties(incident), std::slice::from_ref(&body.duty))?;
    let kind = kind(body, context)?;
    let at = body.at.unwrap_or(context.now);
    text::not_in_future("at", at, context.now)?;
    text::in_calendar_optional("until", body.until)?;
    guard::hold_in_order(&clock::Hold {
        kind: kind.clone(),
        from: Some(at),
        until: body.until,
    })
    .map_err(record_time::refused)?;
    if body.until == Some(at) {
        return Err(Refusal::invalid(
            "The hold ends as it starts and holds nothing: correct 'at' or 'until'.",
        ));
    }
    Ok(vec![Event::Held {
        hold: context.fresh_id("h", 0),
        duty: body.duty.clone(),
        kind,
        at,
        until: body.until,
        authority: body.authority.clone(),
        document: body.document.clone(),
    }])
}

/// The kind as the duty's text has it. What the text does not know stops no clock.
fn kind(body: &Hold, context: &Context<'_>) -> Result<String, Refusal> {
    let Some((regime, stage)) = context.rules.stage_of(&body.duty) else {
        return Ok(body.kind.clone());
    };
    if let Some(kind) = hold::kind_of(regime, stage, &body.kind) {
        return Ok(kind);
    }
    let known = hold::kinds(regime, stage);
    let what = match known.is_empty() {
        true => "its text knows no hold at all".to_owned(),
        false => format!("its text knows {}", known.join(", ")),
    };
    Err(Refusal::invalid(format!(
        "A hold of kind '{}' does not stop the clock of {}: {what}. Where an authority orders it all the same, note the order and ask counsel.",
        body.kind, body.duty
    )))
}
