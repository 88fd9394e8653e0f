//! Seats: taken when vacant or handed over, assigned by a commander; roles decide who may.

use serde_json::{Value, json};
use warboard::domain::word::Role;

use crate::backend::Backend;

fn take(role: &str) -> Value {
    json!({"type": "take", "role": role})
}

#[tokio::test]
async fn a_seat_is_taken_handed_over_and_taken_again() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let heir = backend.issue("heir", Role::Commander).await;
    let after = backend.done(&id, &take("commander")).await;
    assert_eq!(after["commander"], "commander");
    assert_eq!(backend.refused(&id, &take("commander")).await.0, "state");
    let answer = backend.order(&heir, &id, &take("commander")).send().await;
    let (_, detail) = answer.problem(422);
    assert!(detail.contains("commander is the commander"), "{detail}");
    let offer = json!({"type": "hand_over", "role": "commander", "to": "heir"});
    let after = backend.done(&id, &offer).await;
    assert_eq!(
        after["commander"], "commander",
        "the holder keeps it until it is taken"
    );
    assert_eq!(after["hand_overs"][0]["to"], "heir");
    let other = backend.issue("other", Role::Commander).await;
    backend
        .order(&other, &id, &take("commander"))
        .send()
        .await
        .problem(422);
    let after = backend
        .order(&heir, &id, &take("commander"))
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&after["commander"], &after["hand_overs"]),
        (&json!("heir"), &json!([]))
    );
    backend.stop().await;
}

#[tokio::test]
async fn a_responder_takes_any_vacant_seat_but_the_commanders() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let token = &backend.tokens.responder;
    for role in ["deputy", "scribe", "owner_lead", "service_lead"] {
        let after = backend
            .order(token, &id, &take(role))
            .send()
            .await
            .expect(200);
        assert_eq!(after[role], "responder");
    }
    backend
        .order(token, &id, &take("commander"))
        .send()
        .await
        .problem(403);
    backend
        .order(token, &id, &take("decider"))
        .send()
        .await
        .problem(422);
    let vacate = json!({"type": "assign", "role": "scribe", "person": null});
    backend.order(token, &id, &vacate).send().await.problem(403);
    assert_eq!(backend.done(&id, &vacate).await["scribe"], Value::Null);
    let nobody = json!({"type": "assign", "role": "decider", "person": "j.lindqvist"});
    assert_eq!(backend.refused(&id, &nobody).await.0, "invalid");
    let decider = json!({"type": "assign", "role": "decider", "person": "j.lindqvist", "duty": "ms-72h/customer"});
    let after = backend.done(&id, &decider).await;
    let duty = after["duties"]
        .as_array()
        .unwrap()
        .iter()
        .find(|d| d["id"] == "ms-72h/customer");
    assert_eq!(duty.unwrap()["decider"]["person"], "j.lindqvist");
    backend.stop().await;
}

#[tokio::test]
async fn set_touches_what_is_named_and_clears_what_is_null() {
    let backend = Backend::new().await;
    let id = backend.opened().await;
    let set = |fields: Value| {
        let mut body = json!({"type": "set"});
        body.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        body
    };
    let profile = json!({"zone": "Europe/Berlin", "affected": {"tenants": 7}});
    let after = backend
        .done(&id, &set(json!({"severity": "sev2", "bridge": "+49 30 1", "profile": profile, "summary": "s"})))
        .await;
    assert_eq!(
        (&after["severity"], &after["profile"]),
        (&json!("sev2"), &profile)
    );
    let after = backend
        .done(
            &id,
            &set(json!({"severity": null, "profile": {"affected": null, "roles": ["processor"]}})),
        )
        .await;
    assert_eq!(after["severity"], Value::Null);
    assert_eq!(after["bridge"], "+49 30 1");
    assert_eq!(
        after["profile"],
        json!({"zone": "Europe/Berlin", "roles": ["processor"]})
    );
    assert_eq!(after["summary"], "s");
    for wrong in [
        json!({}),
        json!({"title": ""}),
        json!({"profile": {"zone": "Berlin"}}),
        json!({"severity": "sev9"}),
    ] {
        backend.refused(&id, &set(wrong)).await;
    }
    let raise = set(json!({"tlp": "red"}));
    let low = backend
        .issue_as("low", Role::Commander, |r| {
            r.clearance = Some(warboard::domain::word::Tlp::Amber)
        })
        .await;
    backend.order(&low, &id, &raise).send().await.problem(422);
    assert_eq!(backend.done(&id, &raise).await["tlp"], "red");
    backend.stop().await;
}
