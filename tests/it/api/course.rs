//! The course of an incident over the API: every move, the gates, undo, ending, the times of its triggers.

use serde_json::{Value, json};
use warboard::domain::word::Role;

use crate::backend::Backend;

const PREPARATION: &str = "preparation";
const DETECTION: &str = "detection_and_analysis";
const CONTAINMENT: &str = "containment_eradication_and_recovery";
const POST: &str = "post_incident_activity";
const PHASES: [&str; 4] = [PREPARATION, DETECTION, CONTAINMENT, POST];

fn advance(to: &str) -> Value {
    json!({"type": "advance", "to": to})
}

fn with(mut body: Value, more: Value) -> Value {
    let fields = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(fields);
    body
}

/// An incident brought to a phase by the shortest way.
async fn in_phase(backend: &Backend, phase: &str) -> String {
    let mut body = json!({"service": "azure", "title": "t"});
    if phase == PREPARATION {
        body = with(
            body,
            json!({"exercise": true, "starts_at": "2030-01-01T00:00:00Z"}),
        );
    }
    let id = backend.open(&body).await["id"].as_str().unwrap().to_owned();
    if phase == CONTAINMENT || phase == POST {
        backend.done(&id, &advance(CONTAINMENT)).await;
    }
    if phase == POST {
        let forced = json!({"override": true, "reason": "drill"});
        backend.done(&id, &with(advance(POST), forced)).await;
    }
    assert_eq!(backend.incident(&id).await["phase"], phase);
    id
}

#[tokio::test]
async fn every_move_is_legal_or_refused_and_the_loop_counts_passes() {
    let backend = Backend::new().await;
    let legal = [
        (PREPARATION, DETECTION, 1),
        (DETECTION, CONTAINMENT, 1),
        (CONTAINMENT, POST, 1),
        (CONTAINMENT, DETECTION, 2),
        (POST, DETECTION, 2),
    ];
    for from in PHASES {
        for to in PHASES {
            let id = in_phase(&backend, from).await;
            let order = with(
                advance(to),
                json!({"reason": "new indicator", "override": true}),
            );
            let is_legal = legal.iter().find(|(f, t, _)| *f == from && *t == to);
            match is_legal {
                Some((_, _, pass)) => {
                    let after = backend.done(&id, &order).await;
                    assert_eq!(
                        (&after["phase"], &after["pass"]),
                        (&json!(to), &json!(pass))
                    );
                    assert_eq!(after["phase_since"], after["updated_at"]);
                }
                None => {
                    let before = backend.incident(&id).await;
                    let (word, _) = backend.refused(&id, &order).await;
                    assert_eq!(word, "state", "{from} to {to}");
                    assert_eq!(backend.incident(&id).await["version"], before["version"]);
                }
            }
        }
    }
    backend.stop().await;
}

#[tokio::test]
async fn looping_back_needs_a_reason() {
    let backend = Backend::new().await;
    for from in [CONTAINMENT, POST] {
        let id = in_phase(&backend, from).await;
        let (word, detail) = backend.refused(&id, &advance(DETECTION)).await;
        assert_eq!(word, "invalid");
        assert!(detail.contains("reason"), "{detail}");
        let blank = with(advance(DETECTION), json!({"reason": " "}));
        backend.refused(&id, &blank).await;
    }
    backend.stop().await;
}

#[tokio::test]
async fn a_soft_gate_is_passed_and_said() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let before = backend.incident(&id).await;
    let unmet = json!(["commander", "classification", "severity"]);
    assert_eq!(
        before["gates"],
        json!([{"to": CONTAINMENT, "hard": false, "unmet": unmet}])
    );
    let after = backend.done(&id, &advance(CONTAINMENT)).await;
    assert_eq!(after["unmet"], unmet);
    assert_eq!(
        backend.timeline(&id).await.last().unwrap()["body"]["unmet"],
        unmet
    );
    let open = json!({"service": "azure", "title": "t", "severity": "sev2", "classification": "suspected_breach"});
    let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    backend
        .done(&id, &json!({"type": "take", "role": "commander"}))
        .await;
    let after = backend.done(&id, &advance(CONTAINMENT)).await;
    assert!(after.get("unmet").is_none(), "{after}");
    backend.stop().await;
}

#[tokio::test]
async fn hard_gates_refuse_and_name_what_is_unmet() {
    let backend = Backend::new().await;
    let id = in_phase(&backend, CONTAINMENT).await;
    let token = &backend.tokens.commander;
    let unmet = async |order: &Value| -> Value {
        let answer = backend.order(token, &id, order).send().await;
        let (word, _) = answer.problem(422);
        assert_eq!(word, "gate");
        answer.json()["unmet"].clone()
    };
    let all = json!(["contained_at", "eradicated_at", "recovered_at"]);
    assert_eq!(unmet(&advance(POST)).await, all);
    let now = backend.clock.now().to_rfc3339();
    let record = json!({"type": "record_time", "trigger": "contained_at", "at": now});
    backend.done(&id, &record).await;
    let waive = json!({"type": "not_applicable", "milestone": "eradicated_at", "reason": "nothing to remove"});
    backend.done(&id, &waive).await;
    assert_eq!(unmet(&advance(POST)).await, json!(["recovered_at"]));
    let forced = with(advance(POST), json!({"override": true}));
    let answer = backend.order(token, &id, &forced).send().await;
    assert_eq!(answer.problem(422).0, "invalid");
    assert_eq!(answer.json()["unmet"], json!(["recovered_at"]));
    let after = backend
        .done(&id, &with(forced, json!({"reason": "board's decision"})))
        .await;
    assert_eq!(after["phase"], POST);
    let entry = backend.timeline(&id).await.last().unwrap().clone();
    assert_eq!(entry["body"]["overridden"], true);
    assert_eq!(entry["body"]["unmet"], json!(["recovered_at"]));
    assert_eq!(entry["body"]["reason"], "board's decision");
    let close = json!({"type": "close", "reason": "done"});
    assert_eq!(
        unmet(&close).await,
        json!(["reportable", "duties", "review"])
    );
    backend
        .done(
            &id,
            &json!({"type": "not_reportable", "reason": "no customer data"}),
        )
        .await;
    backend
        .done(
            &id,
            &json!({"type": "lesson", "text": "rotate keys", "owner": null}),
        )
        .await;
    assert_eq!(unmet(&close).await, json!(["review", "lessons"]));
    let now = backend.clock.now().to_rfc3339();
    backend
        .done(
            &id,
            &json!({"type": "review", "held_at": now, "text": "held"}),
        )
        .await;
    let after = backend
        .done(&id, &with(close, json!({"override": true})))
        .await;
    assert_eq!(
        (&after["ended"], &after["phase"]),
        (&json!("closed"), &json!(POST))
    );
    assert_eq!(after["closed_at"], after["updated_at"]);
    backend.stop().await;
}

#[tokio::test]
async fn a_milestone_counts_in_its_own_pass_only() {
    let backend = Backend::new().await;
    let id = in_phase(&backend, CONTAINMENT).await;
    let record = async |trigger: &str| {
        let now = backend.clock.now().to_rfc3339();
        let order = json!({"type": "record_time", "trigger": trigger, "at": now});
        backend.done(&id, &order).await
    };
    for trigger in ["contained_at", "eradicated_at", "recovered_at"] {
        record(trigger).await;
    }
    let first = backend.incident(&id).await["triggers"]["contained_at"]["at"].clone();
    backend
        .done(
            &id,
            &with(advance(DETECTION), json!({"reason": "wider scope"})),
        )
        .await;
    backend.done(&id, &advance(CONTAINMENT)).await;
    let (word, _) = backend.refused(&id, &advance(POST)).await;
    assert_eq!(word, "gate");
    let seen = backend.incident(&id).await;
    assert_eq!(
        seen["triggers"]["contained_at"]["at"], first,
        "the last earlier one is shown"
    );
    assert_eq!(seen["triggers"]["contained_at"]["pass"], 1);
    // Later than the first pass's, and yet no move: nobody has to confirm it.
    let after = record("contained_at").await;
    assert_eq!(after["triggers"]["contained_at"]["pass"], 2);
    assert_eq!(after["triggers"]["contained_at"]["proposed"], Value::Null);
    record("eradicated_at").await;
    record("recovered_at").await;
    backend.done(&id, &advance(POST)).await;
    backend.stop().await;
}

#[tokio::test]
async fn ending_and_reopening() {
    let backend = Backend::new().await;
    let reason = |kind: &str| json!({"type": kind, "reason": "r"});
    let id = backend.opened().await;
    for order in [reason("close"), reason("reopen")] {
        assert_eq!(backend.refused(&id, &order).await.0, "state");
    }
    let after = backend.done(&id, &reason("dismiss")).await;
    assert_eq!(
        (&after["ended"], &after["phase"]),
        (&json!("dismissed"), &json!(DETECTION))
    );
    for order in [
        advance(CONTAINMENT),
        reason("dismiss"),
        reason("close"),
        json!({"type": "declare"}),
    ] {
        assert_eq!(backend.refused(&id, &order).await.0, "state");
    }
    let after = backend.done(&id, &reason("reopen")).await;
    assert_eq!(
        (&after["ended"], &after["closed_at"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        (&after["phase"], &after["pass"]),
        (&json!(DETECTION), &json!(2))
    );
    let id = in_phase(&backend, CONTAINMENT).await;
    assert_eq!(backend.refused(&id, &reason("dismiss")).await.0, "state");
    let id = backend.opened().await;
    backend.done(&id, &json!({"type": "declare"})).await;
    assert_eq!(backend.refused(&id, &reason("dismiss")).await.0, "state");
    backend.stop().await;
}

#[tokio::test]
async fn undo_takes_ones_own_last_move_back_within_ten_minutes() {
    let (backend, clock) = Backend::still().await;
    let id = backend.opened().await;
    let undo = json!({"type": "undo"});
    assert_eq!(backend.refused(&id, &undo).await.0, "state");
    let before = backend.incident(&id).await;
    clock.advance(60_000);
    backend.done(&id, &advance(CONTAINMENT)).await;
    let other = backend.issue("another", Role::Commander).await;
    backend.order(&other, &id, &undo).send().await.problem(422);
    clock.advance(600_000);
    let after = backend.done(&id, &undo).await;
    for field in ["phase", "pass", "phase_since"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(after["last_move"], Value::Null);
    let kinds: Vec<_> = backend
        .timeline(&id)
        .await
        .iter()
        .map(|e| e["kind"].clone())
        .collect();
    assert_eq!(
        kinds,
        ["opened", "advanced", "move_undone"],
        "both lines stay"
    );
    assert_eq!(backend.refused(&id, &undo).await.0, "state");
    // Too late by a millisecond.
    backend.done(&id, &advance(CONTAINMENT)).await;
    clock.advance(600_001);
    assert_eq!(backend.refused(&id, &undo).await.0, "state");
    // A loop back returns with its pass; anything done since stands in the way.
    let back = with(advance(DETECTION), json!({"reason": "new indicator"}));
    assert_eq!(backend.done(&id, &back).await["pass"], 2);
    assert_eq!(backend.done(&id, &undo).await["pass"], 1);
    backend.done(&id, &back).await;
    backend
        .done(&id, &json!({"type": "note", "kind": "fact", "text": "t"}))
        .await;
    assert_eq!(backend.refused(&id, &undo).await.0, "state");
    backend.stop().await;
}

#[tokio::test]
async fn an_earlier_time_counts_at_once_and_a_later_one_waits_for_a_second_person() {
    let (backend, _) = Backend::still().await;
    let id = backend.opened().await;
    let record = |at: &str| json!({"type": "record_time", "trigger": "aware_at", "at": at, "reason": "logs"});
    let (early, middle, late) = (
        "2026-11-20T10:00:00Z",
        "2026-11-21T10:00:00Z",
        "2026-11-22T10:00:00Z",
    );
    backend.done(&id, &record(middle)).await;
    let after = backend.done(&id, &record(early)).await;
    assert_eq!(after["triggers"]["aware_at"]["at"], early);
    assert_eq!(after["triggers"]["aware_at"]["moved"], 1);
    let bare = json!({"type": "record_time", "trigger": "aware_at", "at": late});
    assert_eq!(backend.refused(&id, &bare).await.0, "invalid");
    let after = backend.done(&id, &record(late)).await;
    assert_eq!(
        after["triggers"]["aware_at"]["at"], early,
        "the earlier one keeps the headline"
    );
    assert_eq!(after["triggers"]["aware_at"]["proposed"]["at"], late);
    let confirm = json!({"type": "confirm_time", "trigger": "aware_at"});
    assert_eq!(
        backend.refused(&id, &confirm).await.0,
        "state",
        "the proposer cannot confirm"
    );
    backend
        .order(&backend.tokens.responder, &id, &confirm)
        .send()
        .await
        .problem(403);
    let after = backend
        .order(&backend.tokens.counsel, &id, &confirm)
        .send()
        .await
        .expect(200);
    assert_eq!(after["triggers"]["aware_at"]["at"], late);
    assert_eq!(after["triggers"]["aware_at"]["proposed"], Value::Null);
    assert_eq!(backend.refused(&id, &confirm).await.0, "state");
    // A responder's later time is confirmed by a commander.
    let later = "2026-11-22T12:00:00Z";
    backend
        .order(&backend.tokens.responder, &id, &record(later))
        .send()
        .await
        .expect(200);
    assert_eq!(
        backend.done(&id, &confirm).await["triggers"]["aware_at"]["at"],
        later
    );
    let declared = json!({"type": "record_time", "trigger": "declared_at", "at": early});
    assert_eq!(backend.refused(&id, &declared).await.0, "invalid");
    let ahead =
        json!({"type": "record_time", "trigger": "detected_at", "at": "2026-11-24T00:00:00Z"});
    assert_eq!(backend.refused(&id, &ahead).await.0, "invalid");
    backend.stop().await;
}

#[tokio::test]
async fn declaring_starts_the_clock_and_a_loop_back_does_not_move_it() {
    let (backend, clock) = Backend::still().await;
    let id = backend.opened().await;
    let duty = |incident: &Value| {
        let duties = incident["duties"].as_array().unwrap();
        duties
            .iter()
            .find(|d| d["id"] == "ms-72h/customer")
            .unwrap()
            .clone()
    };
    let status = |incident: &Value| duty(incident)["status"].as_str().unwrap().to_owned();
    assert_eq!(status(&backend.incident(&id).await), "waiting");
    let after = backend.done(&id, &json!({"type": "declare"})).await;
    assert_eq!(status(&after), "running");
    assert_eq!(duty(&after)["due_at"], "2026-11-26T14:07:32Z");
    assert_eq!(
        (&after["reportable"], &after["reportable_by"]["by"]),
        (&json!("declared"), &json!("commander"))
    );
    clock.advance(3_600_000);
    backend.done(&id, &advance(CONTAINMENT)).await;
    let after = backend
        .done(
            &id,
            &with(advance(DETECTION), json!({"reason": "wider scope"})),
        )
        .await;
    assert_eq!(duty(&after)["due_at"], "2026-11-26T14:07:32Z");
    let after = backend
        .done(&id, &json!({"type": "not_reportable", "reason": "no data"}))
        .await;
    assert_eq!(status(&after), "not_required");
    let after = backend.done(&id, &json!({"type": "declare"})).await;
    assert_eq!(
        (status(&after).as_str(), &after["reportable"]),
        ("running", &json!("declared"))
    );
    let submit = json!({"type": "submit", "duties": ["ms-72h/customer", "ms-dpa/customer", "ms-72h/customer"],
        "at": "2026-11-23T15:00:00Z", "channel": "message center", "kind": "initial"});
    let after = backend.done(&id, &submit).await;
    assert_eq!(
        (status(&after).as_str(), &duty(&after)["outcome"]),
        ("met", &json!("on_time"))
    );
    let withdraw =
        json!({"type": "withdraw_submit", "duty": "ms-72h/customer", "reason": "bounced"});
    let after = backend.done(&id, &withdraw).await;
    assert_eq!(
        status(&after),
        "running",
        "named twice, it was still sent once"
    );
    let decide = json!({"type": "decide", "duty": "ms-72h/customer", "required": false, "because": "no data"});
    backend
        .order(&backend.tokens.commander, &id, &decide)
        .send()
        .await
        .problem(403);
    let after = backend
        .order(&backend.tokens.counsel, &id, &decide)
        .send()
        .await
        .expect(200);
    assert_eq!(status(&after), "decided");
    backend.stop().await;
}
