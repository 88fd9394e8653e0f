//! `finish_lesson`: a lesson is done; the card leaves preparation.

use serde::{Deserialize, Serialize};

use super::Context;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;

/// Marks a lesson as done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinishLesson {
    pub lesson: String,
}

pub(super) fn decide(
    incident: &Incident,
    body: &FinishLesson,
    _context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    match incident.lessons.iter().find(|l| l.id == body.lesson) {
        None => Err(Refusal::invalid(format!(
            "The incident has no lesson '{}'.",
            body.lesson
        ))),
        Some(lesson) if lesson.done_at.is_some() => {
            Err(Refusal::state("The lesson is done already."))
        }
        Some(_) => Ok(vec![Event::LessonFinished {
            lesson: body.lesson.clone(),
        }]),
    }
}
