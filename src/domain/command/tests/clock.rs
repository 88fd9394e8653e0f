//! The clocks of duties as commands move them: triggers, roles, counts, chains of stages, holds, embargoes, subjects; and
//! what holds of them whatever was recorded.

use proptest::prelude::*;

use super::*;
use crate::domain::duty;
use crate::domain::view::DutyView;
use crate::domain::word::DutyStatus;

pub(super) fn desk(regimes: &str, profile: &str) -> Desk {
    Desk::with(&format!(
        r#"{{"service": "azure", "title": "t", "regimes": {regimes}, "profile": {profile}}}"#
    ))
}

pub(super) fn duties(desk: &Desk) -> Vec<DutyView> {
    duty::derive(&desk.incident, &desk.directory, &desk.rules, desk.now)
}

pub(super) fn duty(desk: &Desk, id: &str) -> DutyView {
    let found = duties(desk).into_iter().find(|duty| duty.id == id);
    found.unwrap_or_else(|| panic!("no duty {id}"))
}

pub(super) fn status(desk: &Desk, id: &str) -> DutyStatus {
    duty(desk, id).status
}

pub(super) fn record(trigger: &str, at: &str, more: &str) -> String {
    format!(r#"{{"type": "record_time", "trigger": "{trigger}", "at": "{at}"{more}}}"#)
}

pub(super) fn submit(duty: &str, at: &str) -> String {
    format!(
        r#"{{"type": "submit", "duties": ["{duty}"], "at": "{at}", "channel": "portal", "kind": "initial"}}"#
    )
}

#[test]
fn names_of_rules_stand_as_people_know_them() {
    let desk = desk(r#"["ms-dpa", "ms-72h", "gdpr-33", "nis2-23"]"#, "{}");
    let names: Vec<(String, String)> = duties(&desk).into_iter().map(|d| (d.id, d.rule)).collect();
    for (id, rule) in [
        ("ms-dpa/customer", "MS DPA"),
        ("ms-dpa/detail", "MS DPA detail"),
        ("ms-dpa/mitigate", "MS DPA mitigate"),
        ("ms-72h/customer", "MS 72 h (practice)"),
        ("gdpr-33/authority", "GDPR 33"),
    ] {
        let found = names.iter().find(|(known, _)| known == id);
        assert_eq!(found.map(|(_, name)| name.as_str()), Some(rule), "{id}");
    }
    let unsure = super::rules();
    let part = unsure.catalogue().regimes().iter();
    let part = part.filter(|r| !r.confidence.warning().is_empty()).count();
    assert!(part > 0);
}

#[test]
fn roles_say_which_stages_of_gdpr_apply() {
    let mut desk = desk(r#"["gdpr-33"]"#, "{}");
    desk.ok(&record("aware_at", "2026-11-23T09:15:00Z", ""));
    assert_eq!(status(&desk, "gdpr-33/authority"), DutyStatus::Running);
    assert_eq!(
        status(&desk, "gdpr-33/controller"),
        DutyStatus::NoFixedLimit
    );
    desk.ok(r#"{"type": "set", "profile": {"roles": ["processor"]}}"#);
    let authority = duty(&desk, "gdpr-33/authority");
    assert_eq!(authority.status, DutyStatus::NotRequired);
    assert!(
        authority.because.is_some_and(|b| b.contains("roles")),
        "the screen says which condition"
    );
    assert_eq!(
        status(&desk, "gdpr-33/controller"),
        DutyStatus::NoFixedLimit
    );
    desk.ok(r#"{"type": "set", "profile": {"roles": ["controller"]}}"#);
    let authority = duty(&desk, "gdpr-33/authority");
    assert_eq!(authority.due_at, Some(at("2026-11-26T09:15:00Z")));
    assert_eq!(authority.limit_at, Some(at("2026-11-26T10:00:00Z")));
    assert_eq!(status(&desk, "gdpr-33/controller"), DutyStatus::NotRequired);
    assert_eq!(status(&desk, "gdpr-33/subjects"), DutyStatus::Waiting);
}

#[test]
fn an_unknown_count_is_asked_for_and_a_known_one_settles_it() {
    let mut desk = desk(r#"["hipaa"]"#, r#"{"zone": "America/Chicago"}"#);
    desk.ok(&record("discovered_at", "2026-11-20T12:00:00Z", ""));
    assert_eq!(status(&desk, "hipaa/individuals"), DutyStatus::Running);
    assert_eq!(status(&desk, "hipaa/hhs_small"), DutyStatus::Undecided);
    let at_least =
        r#"{"type": "set", "profile": {"affected": {"individuals": {"at_least": 480}}}}"#;
    desk.ok(at_least);
    assert_eq!(status(&desk, "hipaa/hhs_small"), DutyStatus::Undecided);
    desk.ok(r#"{"type": "set", "profile": {"affected": {"individuals": 620}}}"#);
    let small = duty(&desk, "hipaa/hhs_small");
    assert_eq!(small.status, DutyStatus::NotRequired);
    let because = small.because.unwrap();
    assert!(
        because.contains("620") && because.contains("< 500"),
        "{because}"
    );
    assert_eq!(status(&desk, "hipaa/hhs_500"), DutyStatus::Running);
}

#[test]
fn a_stage_that_hangs_on_a_submission_waits_for_it_and_for_its_own_alone() {
    let mut desk = desk(r#"["nis2-23", "dora-19"]"#, r#"{"zone": "Europe/Berlin"}"#);
    desk.ok(&record("aware_at", "2026-11-23T08:00:00Z", ""));
    let last = duty(&desk, "nis2-23/final");
    assert_eq!(last.status, DutyStatus::Waiting);
    assert_eq!(last.trigger.as_deref(), Some("submitted:notification"));
    desk.ok(&submit("nis2-23/notification", "2026-11-23T10:00:00Z"));
    assert_eq!(status(&desk, "nis2-23/notification"), DutyStatus::Met);
    let last = duty(&desk, "nis2-23/final");
    assert_eq!(last.due_at, Some(at("2026-12-23T22:59:59Z")));
    assert_eq!(status(&desk, "dora-19/intermediate"), DutyStatus::Waiting);
    desk.ok(r#"{"type": "withdraw_submit", "duty": "nis2-23/notification", "reason": "bounced"}"#);
    assert_eq!(status(&desk, "nis2-23/final"), DutyStatus::Waiting);
}

#[test]
fn dora_is_provisional_until_it_is_classified_and_never_before_awareness() {
    let mut desk = desk(r#"["dora-19"]"#, r#"{"zone": "Europe/Berlin"}"#);
    desk.ok(&record("aware_at", "2026-11-23T08:00:00Z", ""));
    assert_eq!(status(&desk, "dora-19/initial"), DutyStatus::Provisional);
    let refused = desk.refused(&record("classified_major_at", "2026-11-23T07:59:00Z", ""));
    assert!(refused.detail.contains("before aware_at"), "{refused}");
    desk.ok(&record("classified_major_at", "2026-11-23T09:00:00Z", ""));
    let initial = duty(&desk, "dora-19/initial");
    assert_eq!(initial.status, DutyStatus::Running);
    assert_eq!(initial.due_at, Some(at("2026-11-23T13:00:00Z")));
    assert_eq!(initial.trigger.as_deref(), Some("classified_major_at"));
}

#[test]
fn what_cannot_be_is_refused_with_a_sentence() {
    let mut desk = desk(r#"["ms-72h", "nis2-23"]"#, "{}");
    let future = desk.refused(&record("aware_at", "2026-11-23T10:05:01Z", ""));
    assert!(future.detail.contains("lies in the future"), "{future}");
    desk.ok(&record("aware_at", "2026-11-23T10:05:00Z", ""));
    desk.ok(r#"{"type": "declare", "at": "2026-11-23T09:00:00Z"}"#);
    let early = desk.refused(&submit("ms-72h/customer", "2026-11-23T08:59:59Z"));
    assert!(early.detail.contains("declared_at"), "{early}");
    let hold = desk.refused(
        r#"{"type": "hold", "duty": "ms-72h/customer", "kind": "exception:risk-to-others", "at": "2026-11-23T09:00:00Z", "until": "2026-11-23T08:00:00Z", "authority": "BKA"}"#,
    );
    assert!(hold.detail.contains("before it starts"), "{hold}");
    let near = desk.refused(r#"{"type": "set", "regimes": ["ms-72h", "gdpr33"]}"#);
    assert!(near.detail.contains("gdpr-33"), "{near}");
    let far = desk.refused(r#"{"type": "set", "regimes": ["zzzzzzzzzzzzzzzz"]}"#);
    assert!(far.detail.contains("/v1/regimes"), "{far}");
    let zone = desk.refused(r#"{"type": "set", "profile": {"zone": "Mars/Base"}}"#);
    assert!(zone.detail.contains("profile.zone"), "{zone}");
    let calendar = desk.refused(r#"{"type": "set", "profile": {"calendar": "mars"}}"#);
    assert!(calendar.detail.contains("us-federal"), "{calendar}");
    let subjects = desk.refused(r#"{"type": "set", "profile": {"subjects": ["acme"]}}"#);
    assert!(subjects.detail.contains("profile.subjects"), "{subjects}");
}

#[test]
fn a_regime_on_record_that_left_the_catalogue_asks_nothing_and_may_stay() {
    let mut desk = desk(r#"["ms-72h"]"#, "{}");
    desk.incident.regimes.push("gone".to_owned());
    assert_eq!(duties(&desk).len(), 1);
    desk.ok(r#"{"type": "set", "regimes": ["gone", "ms-dpa"]}"#);
    assert_eq!(duties(&desk).len(), 3);
}

#[test]
fn holds_follow_on_one_another_and_one_begun_too_late_holds_nothing() {
    let mut desk = desk(
        r#"["sec-8k-105"]"#,
        r#"{"zone": "America/New_York", "calendar": "us-federal"}"#,
    );
    let id = "sec-8k-105/form_8k";
    desk.ok(&record(
        "materiality_determined_at",
        "2026-11-20T15:00:00Z",
        "",
    ));
    // Mon 23, Tue 24, Wed 25, Thanksgiving, Fri 27.
    assert_eq!(duty(&desk, id).due_at, Some(at("2026-11-27T22:30:00Z")));
    let hold = |from: &str, until: &str| {
        format!(
            r#"{{"type": "hold", "duty": "{id}", "kind": "ag-delay", "at": "{from}", "until": "{until}", "authority": "AG"}}"#
        )
    };
    desk.ok(&hold("2026-11-23T10:00:00Z", "2026-12-23T22:30:00Z"));
    let held = duty(&desk, id);
    assert_eq!(
        (held.status, held.due_at),
        (DutyStatus::Held, Some(at("2026-12-23T22:30:00Z")))
    );
    // The extension begins after the number of the text, within the first delay.
    desk.now = at("2026-12-20T10:00:00Z");
    desk.ok(&hold("2026-12-20T10:00:00Z", "2027-01-22T22:30:00Z"));
    let held = duty(&desk, id);
    assert_eq!(held.due_at, Some(at("2027-01-22T22:30:00Z")));
    assert_eq!(held.hold.and_then(|h| h.until), held.due_at);
    desk.now = at("2027-01-22T22:30:00Z");
    assert_eq!(status(&desk, id), DutyStatus::Held, "its last instant");
    desk.now = at("2027-01-25T10:00:00Z");
    assert_eq!(status(&desk, id), DutyStatus::Overdue);
    desk.ok(&hold("2027-01-25T10:00:00Z", "2027-03-01T00:00:00Z"));
    assert_eq!(
        status(&desk, id),
        DutyStatus::Overdue,
        "what passed stays passed"
    );
}

#[test]
fn an_embargo_ends_after_its_last_instant() {
    let mut desk = desk(
        r#"["fcc-64-2011-old"]"#,
        r#"{"zone": "America/New_York", "calendar": "us-federal"}"#,
    );
    let id = "fcc-64-2011-old/customers_not_before";
    desk.ok(&record("determined_at", "2026-11-20T15:00:00Z", ""));
    assert_eq!(status(&desk, id), DutyStatus::Waiting);
    desk.ok(&submit(
        "fcc-64-2011-old/law_enforcement",
        "2026-11-23T09:00:00Z",
    ));
    let embargo = duty(&desk, id);
    assert_eq!(embargo.status, DutyStatus::Embargo);
    let end = embargo.due_at.unwrap();
    desk.now = end;
    assert_eq!(status(&desk, id), DutyStatus::Embargo);
    assert_eq!(duty::status_at(&embargo, end), DutyStatus::Embargo);
    desk.now = end + TimeDelta::milliseconds(1);
    assert_eq!(status(&desk, id), DutyStatus::NoFixedLimit);
    assert_eq!(
        duty::status_at(&embargo, desk.now),
        DutyStatus::NoFixedLimit
    );
}

#[test]
fn what_is_not_in_force_and_what_no_calendar_knows_have_no_number() {
    let mut desk = desk(
        r#"["circia", "contract-bd", "sec-8k-105"]"#,
        r#"{"zone": "Europe/London"}"#,
    );
    for trigger in ["aware_at", "reasonable_belief_at"] {
        desk.ok(&record(trigger, "2026-11-23T09:00:00Z", ""));
    }
    let circia = duties(&desk).into_iter().filter(|d| d.regime == "circia");
    for duty in circia {
        assert_eq!((duty.status, duty.due_at), (DutyStatus::NotInForce, None));
        assert!(duty.because.is_some());
    }
    let contract = duty(&desk, "contract-bd/bd1");
    assert_eq!(
        (contract.status, contract.due_at, contract.enabled),
        (DutyStatus::CalendarUnknown, None, false)
    );
    desk.now = at("2031-12-29T10:00:00Z");
    desk.ok(&record(
        "materiality_determined_at",
        "2031-12-29T09:00:00Z",
        "",
    ));
    assert_eq!(
        status(&desk, "sec-8k-105/form_8k"),
        DutyStatus::CalendarUnknown,
        "past the end of the calendar"
    );
}

#[test]
fn a_later_trigger_keeps_the_headline_and_a_loop_back_moves_nothing() {
    let mut desk = desk(r#"["gdpr-33", "nis2-23"]"#, r#"{"zone": "Europe/Berlin"}"#);
    desk.ok(&record("aware_at", "2026-11-23T08:00:00Z", ""));
    desk.ok(&record(
        "aware_at",
        "2026-11-23T09:00:00Z",
        r#", "reason": "read wrong""#,
    ));
    let due = Some(at("2026-11-26T08:00:00Z"));
    assert_eq!(duty(&desk, "gdpr-33/authority").due_at, due);
    desk.ok(CONTAIN);
    desk.ok(&record("contained_at", "2026-11-23T09:30:00Z", ""));
    desk.ok(LOOP);
    assert_eq!(duty(&desk, "gdpr-33/authority").due_at, due);
    desk.by("k.ono", Role::Commander);
    desk.ok(r#"{"type": "confirm_time", "trigger": "aware_at"}"#);
    assert_eq!(
        duty(&desk, "gdpr-33/authority").due_at,
        Some(at("2026-11-26T09:00:00Z"))
    );
}

#[test]
fn mitigation_is_met_by_the_milestones_of_the_present_pass() {
    let mut desk = desk(r#"["ms-dpa"]"#, "{}");
    desk.ok(&record("aware_at", "2026-11-23T08:00:00Z", ""));
    desk.ok(CONTAIN);
    for (trigger, at) in [("contained_at", "09:00"), ("eradicated_at", "09:20")] {
        desk.ok(&record(trigger, &format!("2026-11-23T{at}:00Z"), ""));
    }
    desk.ok(r#"{"type": "not_applicable", "milestone": "recovered_at", "reason": "nothing fell"}"#);
    assert_eq!(status(&desk, "ms-dpa/mitigate"), DutyStatus::Met);
    desk.ok(LOOP);
    assert_eq!(status(&desk, "ms-dpa/mitigate"), DutyStatus::NoFixedLimit);
}

#[test]
fn subjects_have_clocks_notices_and_deciders_of_their_own() {
    let mut desk = desk(
        r#"["ms-72h"]"#,
        r#"{"subjects": {"ms-72h": ["acme", "beta"]}}"#,
    );
    let ids: Vec<String> = duties(&desk).into_iter().map(|d| d.id).collect();
    assert_eq!(ids, ["ms-72h/customer@acme", "ms-72h/customer@beta"]);
    desk.ok(r#"{"type": "declare", "at": "2026-11-23T08:00:00Z"}"#);
    desk.ok(&record(
        "declared_at",
        "2026-11-23T07:00:00Z",
        r#", "duty": "ms-72h/customer@beta""#,
    ));
    let due = |desk: &Desk, id: &str| duty(desk, id).due_at.unwrap();
    assert_eq!(
        due(&desk, "ms-72h/customer@acme"),
        at("2026-11-26T08:00:00Z")
    );
    assert_eq!(
        due(&desk, "ms-72h/customer@beta"),
        at("2026-11-26T07:00:00Z")
    );
    desk.ok(&submit("ms-72h/customer@beta", "2026-11-23T09:00:00Z"));
    desk.ok(
        r#"{"type": "assign", "role": "decider", "person": "j.l", "duty": "ms-72h/customer@acme"}"#,
    );
    assert_eq!(status(&desk, "ms-72h/customer@beta"), DutyStatus::Met);
    let acme = duty(&desk, "ms-72h/customer@acme");
    assert_eq!(acme.status, DutyStatus::Running);
    assert_eq!(acme.decider.person.as_deref(), Some("j.l"));
    assert_eq!(acme.subject, "acme");
    // A later instant of one duty would move its clock: it is only proposed.
    desk.refused(&record(
        "declared_at",
        "2026-11-23T09:00:00Z",
        r#", "duty": "ms-72h/customer@acme""#,
    ));
    let mut green = desk.caller.audience();
    green.clearance = crate::domain::word::Tlp::Green;
    let seen = crate::domain::view_of::view(
        &green,
        &desk.incident,
        &desk.directory,
        &desk.rules,
        desk.now,
    );
    let told = serde_json::to_string(&seen.unwrap()).unwrap();
    assert!(!told.contains("acme") && !told.contains("beta"), "{told}");
}

#[test]
fn what_was_recorded_for_all_stays_when_subjects_are_told_apart() {
    let mut desk = Desk::new();
    desk.ok(r#"{"type": "declare", "at": "2026-11-23T08:00:00Z"}"#);
    desk.ok(&submit("ms-72h/customer", "2026-11-23T09:00:00Z"));
    desk.ok(r#"{"type": "set", "profile": {"subjects": {"ms-72h": ["wave-2"]}}}"#);
    assert_eq!(status(&desk, "ms-72h/customer"), DutyStatus::Met);
    assert_eq!(status(&desk, "ms-72h/customer@wave-2"), DutyStatus::Running);
}

#[test]
fn not_reportable_ends_what_waits_for_the_declaration_alone() {
    let mut desk = desk(r#"["ms-dpa", "ms-72h", "gdpr-33"]"#, "{}");
    desk.ok(&record("aware_at", "2026-11-23T08:00:00Z", ""));
    desk.ok(r#"{"type": "not_reportable", "reason": "no data"}"#);
    for id in ["ms-dpa/customer", "ms-dpa/mitigate", "ms-72h/customer"] {
        let duty = duty(&desk, id);
        assert_eq!(duty.status, DutyStatus::NotRequired, "{id}");
        assert_eq!(duty.because.as_deref(), Some("not reportable"));
    }
    assert_eq!(status(&desk, "gdpr-33/authority"), DutyStatus::Running);
}

#[test]
fn waves_of_notices_count_by_the_last_number_told() {
    let mut desk = Desk::new();
    desk.ok(r#"{"type": "declare", "at": "2026-11-23T08:00:00Z"}"#);
    let wave = |minute: u32, more: &str| {
        let kind = if minute == 0 { "initial" } else { "update" };
        format!(
            r#"{{"type": "submit", "duties": ["ms-72h/customer"], "at": "2026-11-23T09:{minute:02}:00Z", "channel": "m", "kind": "{kind}"{more}}}"#
        )
    };
    desk.ok(&wave(0, r#", "told": {"done": 600, "of": 1200}"#));
    desk.ok(&wave(10, ""));
    assert_eq!(status(&desk, "ms-72h/customer"), DutyStatus::Running);
    desk.ok(&wave(20, r#", "told": {"done": 1200, "of": 1200}"#));
    let met = duty(&desk, "ms-72h/customer");
    assert_eq!(met.status, DutyStatus::Met);
    assert_eq!(met.submitted_at, Some(at("2026-11-23T09:20:00Z")));
    assert_eq!(met.told.map(|t| t.done), Some(1200));
}

fn steps() -> impl Strategy<Value = (usize, usize, i64, i64)> {
    (0..8_usize, 0..64_usize, 0..40_000_i64, 1..60_000_i64)
}

/// Does what a random step says, if it may be done.
fn step(desk: &mut Desk, (what, which, back, ahead): (usize, usize, i64, i64)) {
    let all = duties(desk);
    let Some(duty) = all.get(which % all.len().max(1)) else {
        return;
    };
    let id = &duty.id;
    let past = (desk.now - TimeDelta::minutes(back)).to_rfc3339();
    let later = (desk.now + TimeDelta::minutes(ahead)).to_rfc3339();
    let trigger = duty
        .trigger
        .clone()
        .unwrap_or_else(|| "aware_at".to_owned());
    let command = match what {
        0 | 1 => record(&trigger, &past, r#", "reason": "r""#),
        2 => record(
            &trigger,
            &past,
            &format!(r#", "reason": "r", "duty": "{id}""#),
        ),
        3 => format!(
            r#"{{"type": "hold", "duty": "{id}", "kind": "oral", "at": "{past}", "until": "{later}", "authority": "a"}}"#
        ),
        4 => format!(r#"{{"type": "hold", "duty": "{id}", "kind": "oral", "authority": "a"}}"#),
        5 => submit(id, &past),
        6 => r#"{"type": "declare"}"#.to_owned(),
        _ => format!(r#"{{"type": "decide", "duty": "{id}", "required": false, "because": "b"}}"#),
    };
    let _ = desk.give(&command);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn readers_and_the_record_agree_at_every_later_instant(
        regimes in prop::collection::vec(0..99_usize, 4),
        given in prop::collection::vec(steps(), 1..14),
    ) {
        let rules = super::rules();
        let all = rules.catalogue().regimes();
        let mut names: Vec<&str> = regimes.iter().filter_map(|n| all.get(*n)).map(|r| r.id.as_str()).collect();
        names.extend(["ms-dpa", "fcc-64-2011-old", "hipaa", "dora-19"]);
        names.sort_unstable();
        names.dedup();
        let profile = r#"{"zone": "Europe/Berlin", "calendar": "de-national", "affected": 700, "subjects": {"hipaa": ["all", "x"]}}"#;
        let mut desk = desk(&serde_json::to_string(&names).unwrap(), profile);
        let mut events = desk.told.clone();
        let mut stamps: Vec<(Event, Stamp)> = Vec::new();
        for one in given {
            let version = desk.incident.version;
            step(&mut desk, one);
            if desk.incident.version > version {
                let stamp = Stamp { version: desk.incident.version, at: desk.now, by: desk.caller.name.clone(), via: Via::Api };
                stamps.extend(desk.told.iter().map(|event| (event.clone(), stamp.clone())));
            }
            desk.later(7 * 60);
        }
        // The record alone makes the same duties.
        let first = Stamp { version: 1, at: at("2026-11-23T10:00:00Z"), by: "d.okafor".to_owned(), via: Via::Api };
        let Event::Opened(opened) = events.remove(0) else { panic!("no opening") };
        let mut replayed = Incident::opened(&opened, &first);
        for (event, stamp) in &stamps {
            let stored = serde_json::to_string(event).unwrap();
            replayed.apply(&serde_json::from_str(&stored).unwrap(), stamp);
        }
        let known = duties(&desk);
        prop_assert_eq!(&known, &duty::derive(&replayed, &desk.directory, &desk.rules, desk.now));

        let mut instants: Vec<Instant> = known.iter().flat_map(duty::changes_at).filter(|at| *at >= desk.now).collect();
        instants.sort_unstable();
        instants.dedup();
        for instant in instants.into_iter().take(60) {
            for milliseconds in [-1, 0, 1] {
                let then = (instant + TimeDelta::milliseconds(milliseconds)).max(desk.now);
                let later = duty::derive(&desk.incident, &desk.directory, &desk.rules, then);
                for (seen, later) in known.iter().zip(&later) {
                    prop_assert_eq!(duty::status_at(seen, then), later.status, "{} at {} from {:?}", seen.id, then, seen);
                    prop_assert_eq!(duty::status_at(later, then), later.status);
                }
            }
        }
    }
}
