//! What holds of every deadline whatever one person does: it never moves later and never goes away, unless a hold with an
//! authority says so or a second person confirms. Random steps, each compared with how the duties stood before it.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::clock::duties;
use super::*;
use crate::domain::clock::kind::Clock;
use crate::domain::view::DutyView;
use crate::domain::word::Direction;

const REGIMES: &str = r#"["gdpr-33", "nis2-23", "dora-19", "hipaa", "sec-8k-105", "fedramp-cr26", "ms-72h", "jp-appi"]"#;
const TRIGGERS: &[&str] = &[
    "aware_at",
    "discovered_at",
    "materiality_determined_at",
    "recovered_at",
    "contained_at",
    "classified_major_at",
    "high_risk_determined_at",
];
const PLACES: &[&str] = &[
    r#""zone": "Europe/Berlin", "calendar": "de-national""#,
    r#""zone": "America/Los_Angeles", "calendar": "us-federal""#,
    r#""zone": "Asia/Tokyo""#,
    r#""zone": ["America/New_York", "Pacific/Auckland"]"#,
    r#""country": "DE""#,
];

#[derive(Debug, Clone)]
struct Step {
    what: usize,
    which: usize,
    trigger: usize,
    back: i64,
    form: usize,
}

fn step() -> impl Strategy<Value = Step> {
    let parts = (
        0..13_usize,
        0..64_usize,
        0..TRIGGERS.len(),
        0..20_000_i64,
        0..6_usize,
    );
    parts.prop_map(|(what, which, trigger, back, form)| Step {
        what,
        which,
        trigger,
        back,
        form,
    })
}

/// The command of a step, and the duty that it may hold.
fn command(step: &Step, now: Instant, all: &[DutyView]) -> (String, Option<String>) {
    let duty = all.get(step.which % all.len().max(1));
    let duty = duty.map_or("", |duty| duty.id.as_str());
    let past = now - TimeDelta::minutes(step.back);
    let exact = past.to_rfc3339();
    let at = match step.form {
        0 => past.format("%Y-%m").to_string(),
        1 | 2 => past.format("%Y-%m-%d").to_string(),
        _ => exact.clone(),
    };
    let trigger = TRIGGERS[step.trigger];
    let record = |more: &str| {
        format!(
            r#"{{"type": "record_time", "trigger": "{trigger}", "at": "{at}", "reason": "r"{more}}}"#
        )
    };
    let kind = ["initial", "update", "final", "correction"][step.which % 4];
    let hold = ["written", "Oral", "ag-delay", "told"][step.which % 4];
    match step.what {
        0..=4 => (record(""), None),
        5 | 6 => (record(&format!(r#", "duty": "{duty}""#)), None),
        7 => (
            format!(
                r#"{{"type": "hold", "duty": "{duty}", "kind": "{hold}", "at": "{exact}", "authority": "a"}}"#
            ),
            Some(duty.to_owned()),
        ),
        8 => (
            format!(
                r#"{{"type": "submit", "duties": ["{duty}"], "at": "{exact}", "channel": "c", "kind": "{kind}"}}"#
            ),
            None,
        ),
        9 => (
            format!(r#"{{"type": "declare", "at": "{exact}", "reason": "r"}}"#),
            None,
        ),
        10 if step.form < 3 => (CONTAIN.to_owned(), None),
        10 => (LOOP.to_owned(), None),
        11 => (
            format!(r#"{{"type": "confirm_time", "trigger": "{trigger}"}}"#),
            None,
        ),
        _ => (
            r#"{"type": "set", "profile": {"subjects": {"gdpr-33": ["acme"]}}}"#.to_owned(),
            None,
        ),
    }
}

/// Whether the text itself lets a trigger that is recorded, or moved earlier, end later: the switch of DORA.
fn switches(rules: &Rules, id: &str) -> bool {
    let stage = rules.stage_of(id).map(|(_, stage)| &stage.clock);
    matches!(stage, Some(Clock::FirstOf { late: Some(_), .. }))
}

/// Whether anything is on record for this duty alone.
fn is_recorded(incident: &Incident, id: &str) -> bool {
    let own = incident
        .triggers
        .iter()
        .any(|t| t.duty.as_deref() == Some(id));
    let recorded = incident.duties.get(id);
    own || recorded.is_some_and(|duty| !duty.submissions.is_empty() || !duty.holds.is_empty())
}

/// One run of steps by one person.
fn walk(rules: &Rules, place: usize, steps: &[Step]) -> Result<(), TestCaseError> {
    let profile = format!(
        r#"{{{}, "class": "d", "affected": 700, "entity_type": "investment-firm", "subjects": {{"gdpr-33": ["acme", "beta"]}}}}"#,
        PLACES[place]
    );
    let body = format!(
        r#"{{"service": "azure", "title": "t", "regimes": {REGIMES}, "profile": {profile}}}"#
    );
    let mut desk = Desk::by_rules(&body, rules.clone());
    for step in steps {
        let before = duties(&desk);
        let (command, held) = command(step, desk.now, &before);
        let recorded = desk.incident.clone();
        if desk.give(&command).is_err() {
            continue;
        }
        let after = duties(&desk);
        let deadlines = before.iter();
        for was in deadlines.filter(|duty| duty.direction == Direction::Deadline) {
            let Some(due) = was.due_at.filter(|_| held.as_ref() != Some(&was.id)) else {
                continue;
            };
            let Some(is) = after.iter().find(|duty| duty.id == was.id) else {
                prop_assert!(!is_recorded(&recorded, &was.id), "{command} hid {was:?}");
                continue;
            };
            prop_assert!(
                is.due_at.is_some(),
                "{command} took the number of {was:?} away: {is:?}"
            );
            let later = is.due_at.is_some_and(|at| at > due);
            prop_assert!(
                !later || switches(rules, &was.id),
                "{command} moved {was:?} later: {is:?}"
            );
        }
        desk.later(90);
    }
    Ok(())
}

#[test]
fn no_due_moves_later_or_vanishes_without_a_reason_and_a_confirmation() {
    // Reading the rules takes longer than all else: once for all runs.
    let rules = rules();
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let runs = (0..PLACES.len(), prop::collection::vec(step(), 2..16));
    let walked = runner.run(&runs, |(place, steps)| walk(&rules, place, &steps));
    walked.unwrap_or_else(|broken| panic!("{broken}"));
}
