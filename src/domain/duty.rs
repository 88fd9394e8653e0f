//! Duties: what an incident owes, derived from its record, never stored. One function for the server that writes and
//! for readers whose clock moves on. How an instant is counted is `clock`.

use chrono::TimeDelta;

use super::directory::Directory;
use super::incident::Incident;
use super::incident::record::Trigger;
use super::instant::Instant;
use super::view::{DeciderView, DutyView, HoldView};
use super::word::{Direction, DutyStatus, Milestone, Reportable};

/// The rules in force at a backend.
#[derive(Debug, Clone, Default)]
pub struct Rules {}

/// A stage that counts elapsed hours from a trigger, or has no number at all.
struct Stage {
    regime: &'static str,
    stage: &'static str,
    to: &'static str,
    rule: &'static str,
    trigger: &'static str,
    hours: Option<i64>,
    citation: &'static str,
}

const STAGES: &[Stage] = &[
    Stage {
        regime: "ms-dpa",
        stage: "customer",
        to: "customers",
        rule: "MS DPA",
        trigger: "aware_at",
        hours: None,
        citation: "DPA, section Security Incident Notification (1)",
    },
    Stage {
        regime: "ms-dpa",
        stage: "detail",
        to: "customers",
        rule: "MS DPA detail",
        trigger: "aware_at",
        hours: None,
        citation: "DPA, section Security Incident Notification (2)",
    },
    Stage {
        regime: "ms-dpa",
        stage: "mitigate",
        to: "customers",
        rule: "MS DPA mitigate",
        trigger: "aware_at",
        hours: None,
        citation: "DPA, section Security Incident Notification (3)",
    },
    Stage {
        regime: "ms-72h",
        stage: "customer",
        to: "customers",
        rule: "MS 72 h (practice)",
        trigger: "declared_at",
        hours: Some(72),
        citation: "Microsoft Learn: breach notification, practice and not law",
    },
];

/// The incident's duties as of `now`, in the order of its regimes.
pub fn derive(
    incident: &Incident,
    directory: &Directory,
    _rules: &Rules,
    now: Instant,
) -> Vec<DutyView> {
    let stages = incident
        .regimes
        .iter()
        .flat_map(|regime| STAGES.iter().filter(move |s| s.regime == regime));
    stages
        .map(|stage| derive_one(incident, directory, stage, now))
        .collect()
}

fn derive_one(incident: &Incident, directory: &Directory, stage: &Stage, now: Instant) -> DutyView {
    let id = format!("{}/{}", stage.regime, stage.stage);
    let trigger = incident
        .trigger_of_duty(stage.trigger, &id)
        .filter(|t| t.at.starts_a_clock());
    let counted_from = trigger.map(|t: &Trigger| t.at.at);
    let due_at = stage
        .hours
        .and_then(|hours| counted_from.map(|from| from + TimeDelta::hours(hours)));
    let submission = incident.submission(&id);
    let told = submission.and_then(|s| s.told);
    let mitigated = (stage.stage == "mitigate")
        .then(|| mitigated_at(incident))
        .flatten();
    let submitted_at = submission.map(|s| s.at).or(mitigated);
    let verdict = incident
        .duties
        .get(&id)
        .and_then(|d| d.verdict.as_ref())
        .filter(|v| !v.required);
    let hold = incident.hold(&id).map(|h| HoldView {
        id: h.id.clone(),
        kind: h.kind.clone(),
        from: h.from,
        until: h.until,
        authority: h.authority.clone(),
        document: h.document.clone(),
        by: h.by.clone(),
    });
    let answered_no = incident.reportable == Reportable::No;
    let mut duty = DutyView {
        regime: stage.regime.to_owned(),
        stage: stage.stage.to_owned(),
        subject: "all".to_owned(),
        to: stage.to.to_owned(),
        rule: stage.rule.to_owned(),
        status: DutyStatus::Waiting,
        trigger: Some(stage.trigger.to_owned()),
        counted_from,
        due_at,
        limit_at: None,
        latest_start_at: None,
        prepare_for: None,
        decider: decider(incident, directory, &id),
        direction: Direction::Deadline,
        submitted_at,
        outcome: None,
        told,
        hold,
        because: None,
        restricted: false,
        page_on_latest_start: false,
        citation: stage.citation.to_owned(),
        confidence: "located".to_owned(),
        verified: "2026-11-23".to_owned(),
        enabled: true,
        id,
    };
    let told_all = told.is_none_or(|told| told.done >= told.of);
    if submitted_at.is_some() && told_all {
        duty.status = DutyStatus::Met;
        duty.outcome = due_at
            .zip(submitted_at)
            .map(|(due, sent)| if sent <= due { "on_time" } else { "late" }.to_owned());
    } else if let Some(verdict) = verdict {
        duty.status = DutyStatus::Decided;
        duty.because = Some(format!("{}, {}", verdict.because, verdict.by));
    } else if answered_no {
        duty.status = DutyStatus::NotRequired;
        duty.because = Some("not reportable".to_owned());
        duty.due_at = None;
    } else if counted_from.is_none() {
        duty.status = DutyStatus::Waiting;
    } else if stage.hours.is_none() {
        duty.status = DutyStatus::NoFixedLimit;
    } else {
        duty.status = DutyStatus::Running;
        duty.status = status_at(&duty, now);
    }
    duty
}

/// When the last of the three milestones of the present pass was reached, if all were reached or do not apply.
fn mitigated_at(incident: &Incident) -> Option<Instant> {
    if !Milestone::ALL.iter().all(|m| incident.has_milestone(*m)) {
        return None;
    }
    let reached = Milestone::ALL.iter().filter_map(|m| {
        incident
            .trigger(m.as_str())
            .filter(|t| t.pass == incident.pass)
            .map(|t| t.at.at)
    });
    let waived = incident
        .not_applicable
        .iter()
        .filter(|n| n.pass == incident.pass)
        .map(|n| n.at);
    reached.chain(waived).max()
}

fn decider(incident: &Incident, directory: &Directory, duty: &str) -> DeciderView {
    let team = format!("privacy-{}", incident.service);
    DeciderView {
        team: directory.team(&team).map(|t| t.id.clone()),
        person: incident.duties.get(duty).and_then(|d| d.decider.clone()),
    }
}

/// What a duty's status is at an instant, given what its snapshot says: time alone moves it from running to past due and
/// overdue, out of a hold, out of an embargo. Everything else needs a new snapshot.
pub fn status_at(duty: &DutyView, now: Instant) -> DutyStatus {
    use DutyStatus::{Embargo, Held, NoFixedLimit, Overdue, PastDue, Provisional, Running};
    let counting = matches!(
        duty.status,
        Running | Provisional | PastDue | Overdue | Held
    );
    if !counting {
        let over = duty.status == Embargo && duty.due_at.is_some_and(|due| now >= due);
        return if over { NoFixedLimit } else { duty.status };
    }
    // A deadline that passed before the hold began stays passed.
    let passed_before_hold = |hold: &HoldView| duty.due_at.is_some_and(|due| due < hold.from);
    let hold = duty.hold.as_ref().filter(|hold| !passed_before_hold(hold));
    if hold.is_some_and(|hold| hold.from <= now && hold.until.is_none_or(|until| now <= until)) {
        return Held;
    }
    let Some(due) = duty.due_at else {
        return duty.status;
    };
    // After a hold the duty runs to the later of its due and the hold's end.
    let due = hold
        .and_then(|hold| hold.until)
        .map_or(due, |until| due.max(until));
    match duty.limit_at {
        _ if now <= due => {
            if duty.status == Provisional {
                Provisional
            } else {
                Running
            }
        }
        Some(limit) if now <= limit => PastDue,
        _ => Overdue,
    }
}

/// The instants at which time alone changes what a duty says: latest start, due, limit, end of hold.
pub fn changes_at(duty: &DutyView) -> impl Iterator<Item = Instant> {
    let live = matches!(
        duty.status,
        DutyStatus::Running
            | DutyStatus::Provisional
            | DutyStatus::PastDue
            | DutyStatus::Overdue
            | DutyStatus::Held
            | DutyStatus::Embargo
    );
    let hold = duty.hold.as_ref().and_then(|h| h.until);
    [duty.latest_start_at, duty.due_at, duty.limit_at, hold]
        .into_iter()
        .flatten()
        .filter(move |_| live)
}
