//! `lesson`: a finding, with who owns it and until when; a card in preparation until done.

use serde::{Deserialize, Serialize};

use super::{Context, text};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::instant::Instant;
use crate::domain::refusal::Refusal;

/// Adds a lesson; `owner` null is allowed, and stands in the way of closing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    pub text: String,
    pub owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due: Option<Instant>,
}

/// Most lessons one incident can hold.
const MOST: usize = 200;

pub(super) fn decide(
    incident: &Incident,
    body: &Lesson,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    text::check("text", &body.text, text::TITLE)?;
    text::check_optional("owner", body.owner.as_deref(), text::NAME)?;
    text::in_calendar_optional("due", body.due)?;
    if incident.lessons.len() >= MOST {
        return Err(Refusal::state(format!(
            "The incident holds {MOST} lessons already; finish some first."
        )));
    }
    Ok(vec![Event::LessonAdded {
        lesson: context.fresh_id("l", 0),
        text: body.text.clone(),
        owner: body.owner.clone(),
        due: body.due,
    }])
}
