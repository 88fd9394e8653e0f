//! `note`: a line for the record, with what kind of line it is.

use serde::{Deserialize, Serialize};

use super::{Context, text};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;
use crate::domain::when::When;
use crate::domain::word::NoteKind;

/// A note: up to 20,000 characters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Note {
    pub text: String,
    pub kind: NoteKind,
    /// When it happened, if that was not now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub occurred_at: Option<When>,
    /// Read by counsel, commanders and its author only, and never in an export that does not ask for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub privileged: bool,
}

pub(super) fn decide(
    _incident: &Incident,
    note: &Note,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    text::check("text", &note.text, text::LONG)?;
    if let Some(at) = note.occurred_at {
        text::not_in_future("occurred_at", at.at, context.now)?;
    }
    Ok(vec![Event::Noted {
        text: note.text.clone(),
        kind: note.kind,
        occurred_at: note.occurred_at,
        privileged: note.privileged,
    }])
}
