//! `advance`: a phase move, forward or looping back. Gates never stop containment: what is unmet before it is said and
//! recorded; entering post-incident activity asks for the three milestones and refuses without an override.

use serde::{Deserialize, Serialize};

use super::{Context, text};
use crate::domain::event::Event;
use crate::domain::gate;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;
use crate::domain::say::phase_words;
use crate::domain::word::{GateWord, Phase};

/// Why incidents loop back, as people mostly say it.
pub const REASONS: &[&str] = &["new indicator", "wider scope", "failed containment"];

/// Whether a loop back may mean that more is struck than was known, so that decisions not to notify are made anew: all but
/// the two reasons that say something else.
fn widens(reason: Option<&str>) -> bool {
    let reason = reason.unwrap_or_default().trim().to_lowercase();
    !matches!(reason.as_str(), "new indicator" | "failed containment")
}

/// Moves the incident to another phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Advance {
    pub to: Phase,
    /// Required to loop back and to override.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(
        default,
        rename = "override",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub overridden: bool,
}

pub(super) fn decide(
    incident: &Incident,
    body: &Advance,
    _context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    text::check_optional("reason", body.reason.as_deref(), text::REASON)?;
    let (from, to) = (incident.phase, body.to);
    let needs_reason = |what: &str| match body.reason {
        Some(_) => Ok(()),
        None => Err(Refusal::invalid(format!(
            "{what} needs a 'reason': new indicator, wider scope, failed containment, or your own words."
        ))),
    };
    let loops = to == Phase::DetectionAndAnalysis && from != Phase::Preparation;
    let event = |pass: u32, unmet: Vec<GateWord>, overridden: bool| {
        Ok(vec![Event::Advanced {
            from,
            to,
            pass,
            reason: body.reason.clone(),
            unmet,
            overridden,
            widens: loops && widens(body.reason.as_deref()),
        }])
    };
    match (from, to) {
        (Phase::Preparation, Phase::DetectionAndAnalysis) => {
            event(incident.pass.max(1), Vec::new(), false)
        }
        (Phase::DetectionAndAnalysis, Phase::ContainmentEradicationAndRecovery) => {
            event(incident.pass, gate::before_containment(incident), false)
        }
        (Phase::ContainmentEradicationAndRecovery, Phase::PostIncidentActivity) => {
            let unmet = gate::before_post_incident(incident);
            if !unmet.is_empty() {
                hard(
                    &unmet,
                    body.overridden,
                    body.reason.as_deref(),
                    "Entering post-incident activity",
                )?;
            }
            let overridden = !unmet.is_empty();
            event(incident.pass, unmet, overridden)
        }
        (
            Phase::ContainmentEradicationAndRecovery | Phase::PostIncidentActivity,
            Phase::DetectionAndAnalysis,
        ) => {
            needs_reason("Looping back")?;
            event(incident.pass + 1, Vec::new(), false)
        }
        (Phase::PostIncidentActivity, Phase::ContainmentEradicationAndRecovery) => {
            Err(Refusal::state(
                "From post-incident activity an incident loops back to detection and analysis, with a reason, not to containment.",
            ))
        }
        (from, to) if from == to => Err(Refusal::state(format!(
            "The incident is in {} already.",
            phase_words(to)
        ))),
        (from, to) => Err(Refusal::state(format!(
            "From {} an incident does not move to {} directly{}.",
            phase_words(from),
            phase_words(to),
            from.forward().map_or(String::new(), |next| format!(
                "; the next phase is {}",
                phase_words(next)
            )),
        ))),
    }
}

/// Refuses at a hard gate unless it is overridden with a reason.
pub(super) fn hard(
    unmet: &[GateWord],
    overridden: bool,
    reason: Option<&str>,
    what: &str,
) -> Result<(), Refusal> {
    let words = unmet
        .iter()
        .map(|word| word.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    match (overridden, reason) {
        (true, Some(_)) => Ok(()),
        (true, None) => Err(Refusal {
            unmet: unmet.to_vec(),
            ..Refusal::invalid(format!(
                "{what} by override needs a 'reason'; unmet: {words}."
            ))
        }),
        (false, _) => Err(Refusal::gate(
            format!("{what} needs: {words}. Record them, or override with a reason."),
            unmet.to_vec(),
        )),
    }
}
