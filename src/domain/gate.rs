//! Gates: what should be true before a phase is left. Soft ones are said and recorded, hard ones refuse
//! without an override. Gates never stop containment.

use super::incident::Incident;
use super::view::{DutyView, GateView};
use super::word::{DutyStatus, GateWord, Milestone, Phase, Reportable};

/// Conditions that are met by there being a person: who may not know who it is, is not told whether there is one. Each is
/// called as the field that names the person.
pub const OF_PEOPLE: &[GateWord] = &[GateWord::Commander, GateWord::Lessons];

/// The name under which closing stands among the gates.
pub const CLOSED: &str = "closed";

/// What the gate before a phase, or before closing, asks, in its order.
pub fn asked(to: &str) -> &'static [GateWord] {
    use GateWord as W;
    match (to, to.parse::<Phase>()) {
        (CLOSED, _) => &[W::Reportable, W::Duties, W::Review, W::Lessons],
        (_, Ok(Phase::ContainmentEradicationAndRecovery)) => {
            &[W::Commander, W::Classification, W::Severity]
        }
        (_, Ok(Phase::PostIncidentActivity)) => &[W::ContainedAt, W::EradicatedAt, W::RecoveredAt],
        _ => &[],
    }
}

/// What is unmet before leaving detection and analysis: said, never in the way.
pub fn before_containment(incident: &Incident) -> Vec<GateWord> {
    let mut unmet = Vec::new();
    if incident.seats.commander.is_none() {
        unmet.push(GateWord::Commander);
    }
    if incident.classification.is_none() {
        unmet.push(GateWord::Classification);
    }
    if incident.severity.is_none() {
        unmet.push(GateWord::Severity);
    }
    unmet
}

/// What is unmet before entering post-incident activity: the milestones of the present pass.
pub fn before_post_incident(incident: &Incident) -> Vec<GateWord> {
    let milestones = [
        (Milestone::Contained, GateWord::ContainedAt),
        (Milestone::Eradicated, GateWord::EradicatedAt),
        (Milestone::Recovered, GateWord::RecoveredAt),
    ];
    milestones
        .into_iter()
        .filter(|(milestone, _)| !incident.has_milestone(*milestone))
        .map(|(_, word)| word)
        .collect()
}

/// What is unmet before closing.
pub fn before_closing(incident: &Incident, duties: &[DutyView]) -> Vec<GateWord> {
    let mut unmet = Vec::new();
    if incident.reportable == Reportable::Unknown {
        unmet.push(GateWord::Reportable);
    }
    if duties.iter().any(|duty| !settled(duty)) {
        unmet.push(GateWord::Duties);
    }
    if incident.review.is_none() {
        unmet.push(GateWord::Review);
    }
    if incident.lessons.iter().any(|lesson| lesson.owner.is_none()) {
        unmet.push(GateWord::Lessons);
    }
    unmet
}

/// Whether a duty is met, not required, or decided against. One that is not in force, or of a regime that
/// is switched off, asks for nothing.
fn settled(duty: &DutyView) -> bool {
    !duty.enabled || duty.status.is_finished() || duty.status == DutyStatus::NotInForce
}

/// The gates in front of an incident as it stands.
pub fn gates(incident: &Incident, duties: &[DutyView]) -> Vec<GateView> {
    let gate = |to: &str, hard: bool, unmet: Vec<GateWord>| GateView {
        to: to.to_owned(),
        hard,
        unmet,
    };
    if !incident.is_open() {
        return Vec::new();
    }
    match incident.phase {
        Phase::Preparation => Vec::new(),
        Phase::DetectionAndAnalysis => {
            vec![gate(
                Phase::ContainmentEradicationAndRecovery.as_str(),
                false,
                before_containment(incident),
            )]
        }
        Phase::ContainmentEradicationAndRecovery => {
            vec![gate(
                Phase::PostIncidentActivity.as_str(),
                true,
                before_post_incident(incident),
            )]
        }
        Phase::PostIncidentActivity => vec![gate(CLOSED, true, before_closing(incident, duties))],
    }
}
