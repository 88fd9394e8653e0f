//! `decide`: counsel's word that a duty asks for no notice, or its inverse; with a name and the ground.

use serde::{Deserialize, Serialize};

use super::{Context, submit, text};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;

/// Decides whether a duty's notice is required.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    pub duty: String,
    pub required: bool,
    pub because: String,
    /// The day on which it is looked at again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_on: Option<String>,
}

pub(super) fn decide(
    incident: &Incident,
    body: &Decide,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    text::check("because", &body.because, text::REASON)?;
    submit::known(&context.duties(incident), std::slice::from_ref(&body.duty))?;
    if let Some(day) = &body.review_on
        && chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").is_err()
    {
        return Err(Refusal::invalid(
            "'review_on' is a day, such as 2026-12-01.",
        ));
    }
    Ok(vec![Event::Decided {
        duty: body.duty.clone(),
        required: body.required,
        because: body.because.clone(),
        review_on: body.review_on.clone(),
    }])
}
