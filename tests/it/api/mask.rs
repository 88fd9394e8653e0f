//! Nothing above a token's clearance leaves the server: a canary in every field that people write, and in every name,
//! is looked for in everything a lower token can ask, refusals included.

use serde_json::{Value, json};
use warboard::domain::word::{Role, Tlp};

use crate::backend::{Backend, Plan};
use crate::hook::Hook;
use crate::http::{Answer, Ask};

const CANARY: &str = "canary";

/// A red incident with everything on it, all of it written by `canary-...`.
pub(super) async fn full(backend: &Backend) -> (String, String) {
    let author = backend
        .issue_as("canary-author", Role::Commander, |request| {
            request.counsel = true
        })
        .await;
    let second = backend.issue("canary-second", Role::Commander).await;
    let c = |what: &str| format!("canary {what}");
    let open = json!({
        "service": "azure", "title": c("title"), "summary": c("summary"), "tlp": "red",
        "profile": {"zone": "Europe/Berlin", "canary": c("profile")},
        "triggers": {"detected_at": {"at": "2026-11-01T00:00:00Z", "source": c("source")}},
        "upstream": {"connector": c("connector"), "key": c("key"), "url": c("url"), "more": c("more")},
    });
    let answer = backend
        .ask("POST", "/v1/incidents")
        .token(&author)
        .json(&open)
        .send()
        .await;
    let id = answer.expect(201)["id"].as_str().unwrap().to_owned();
    let duty = "ms-dpa/customer";
    let at = "2026-11-02T00:00:00Z";
    let mut orders = vec![
        json!({"type": "set", "bridge": c("bridge"), "channel": c("channel"), "out_of_band": c("out of band")}),
        json!({"type": "note", "kind": "evidence", "text": c("note")}),
        json!({"type": "note", "kind": "communication", "text": c("advice"), "privileged": true}),
        json!({"type": "declare", "reason": c("declare")}),
        json!({"type": "record_time", "trigger": "aware_at", "at": at, "source": c("source"), "reason": c("reason")}),
        json!({"type": "record_time", "trigger": "aware_at", "at": "2026-11-03T00:00:00Z", "reason": c("later")}),
        json!({"type": "not_applicable", "milestone": "eradicated_at", "reason": c("milestone")}),
        json!({"type": "assign", "role": "decider", "person": c("decider"), "duty": duty}),
        json!({"type": "hold", "duty": "ms-72h/customer", "kind": "exception:risk-to-others", "authority": c("authority"), "document": c("document")}),
        json!({"type": "decide", "duty": duty, "required": false, "because": c("because"), "review_on": "2026-12-01"}),
        json!({"type": "submit", "duties": ["ms-dpa/detail"], "at": at, "channel": c("by"), "reference": c("reference"), "kind": "initial"}),
        json!({"type": "withdraw_submit", "duty": "ms-dpa/detail", "reason": c("withdraw")}),
        json!({"type": "page", "teams": ["legal-affairs", "threat-intelligence"], "message": c("message")}),
        json!({"type": "lesson", "text": c("lesson"), "owner": c("owner")}),
        json!({"type": "review", "held_at": null, "text": c("review")}),
        json!({"type": "take", "role": "commander"}),
        json!({"type": "hand_over", "role": "commander", "to": c("heir")}),
        json!({"type": "advance", "to": "containment_eradication_and_recovery", "reason": c("advance")}),
        json!({"type": "advance", "to": "detection_and_analysis", "reason": c("loop")}),
    ];
    for role in ["deputy", "scribe", "owner_lead", "service_lead"] {
        orders.push(json!({"type": "assign", "role": role, "person": c(role)}));
    }
    let mut page = Value::Null;
    for mut order in orders {
        if order["type"] == "review" {
            let now = backend.clock.now().to_rfc3339();
            order["held_at"] = json!(now);
        }
        let after = backend.order(&author, &id, &order).send().await;
        assert_eq!(after.status, 200, "{order}: {}", after.text());
        if order["type"] == "page" {
            page = after.json()["pages"][1]["id"].clone();
        }
    }
    let answer = json!({"type": "acknowledge_page", "page": page, "answer": "coming"});
    backend
        .order(&second, &id, &answer)
        .send()
        .await
        .expect(200);
    let last = json!({"type": "advance", "to": "containment_eradication_and_recovery", "reason": c("last")});
    backend.order(&author, &id, &last).send().await.expect(200);
    (id, page.as_str().unwrap().to_owned())
}

pub(super) fn clean(answer: &Answer, what: &str) {
    let text = answer.text().to_lowercase();
    let at = text.find(CANARY).map(|at| {
        let from = text.floor_char_boundary(at.saturating_sub(120));
        text[from..text.ceil_char_boundary((at + 60).min(text.len()))].to_owned()
    });
    assert_eq!(at, None, "{what}");
    for (name, value) in &answer.headers {
        assert!(
            !value.to_lowercase().contains(CANARY),
            "{what}: {name}: {value}"
        );
    }
}

#[tokio::test]
async fn no_canary_reaches_a_lower_clearance() {
    let hook = Hook::new(&[]).await;
    let backend = Plan::new()
        .routes("threat-intelligence", vec![hook.route()])
        .start()
        .await;
    let start = backend.cursor().await;
    let (id, page) = full(&backend).await;
    let high = backend
        .get(&backend.tokens.commander, &format!("/v1/incidents/{id}"))
        .await;
    assert!(high.text().matches(CANARY).count() > 20, "{}", high.text());
    assert_eq!(high.json()["masked"], json!([]));
    for (name, role, clearance) in [
        ("low-viewer", Role::Viewer, Tlp::Green),
        ("low-responder", Role::Responder, Tlp::Amber),
        ("low-commander", Role::Commander, Tlp::AmberStrict),
    ] {
        let token = backend
            .issue_as(name, role, |request| {
                request.clearance = Some(clearance);
                request.counsel = role == Role::Commander;
            })
            .await;
        let cursor = start.clone();
        for path in [
            "/v1/incidents".to_owned(),
            "/v1/incidents?open=all".to_owned(),
            format!("/v1/incidents/{id}"),
            format!("/v1/incidents/{id}/timeline"),
            format!("/v1/changes?since={cursor}"),
        ] {
            let answer = backend.get(&token, &path).await;
            assert_eq!(answer.status, 200, "{path}");
            clean(&answer, &format!("{name} {path}"));
        }
        let seen = backend
            .get(&token, &format!("/v1/incidents/{id}"))
            .await
            .expect(200);
        for field in [
            "title",
            "summary",
            "commander",
            "deputy",
            "profile",
            "upstream",
            "bridge",
        ] {
            let masked = seen["masked"].as_array().unwrap();
            assert!(
                masked.contains(&json!(field)),
                "{field} is not named in {masked:?}"
            );
        }
        assert_eq!(
            (&seen["title"], &seen["commander"]),
            (&Value::Null, &Value::Null)
        );
        if role == Role::Viewer {
            continue;
        }
        for ask in refusals(&backend, &token, &id, &page) {
            let answer = ask.send().await;
            assert_ne!(answer.status, 200, "{}", answer.text());
            clean(&answer, &format!("{name}: {}", answer.status));
        }
    }
    backend.stop().await;
}

/// A contract as the README writes one, with a canary wherever it names the customer.
pub(super) const CONTRACT: &str = r#"
schema = "regimes/1"
[[regime]]
id = "customer-canary"
name = "Canary master agreement"
jurisdiction = "contract"
citation = "canary MSA 2026-03 cl. 14.2"
status = "in_force"
verified = 2026-11-23
owner = "legal@example.invalid"
[[regime.stage]]
id = "notice"
to = ["customer:canary"]
trigger = "aware_at"
clock = { kind = "elapsed", hours = 48 }
[[regime.stage]]
id = "more"
to = ["customer:canary"]
trigger = "canary_told_at"
clock = { kind = "elapsed", hours = 4 }
"#;

#[tokio::test]
async fn a_contract_names_its_customer_to_nobody_below_the_mark() {
    let backend = Plan::new().regimes(CONTRACT).start().await;
    let start = backend.cursor().await;
    let open = json!({
        "service": "azure", "title": "t", "tlp": "amber", "regimes": ["ms-72h", "customer-canary"],
        "profile": {"subjects": {"customer-canary": ["canary-emea"]}},
        "triggers": {"aware_at": {"at": "2026-11-01T00:00:00Z"}},
    });
    let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    let duty = "customer-canary/notice@canary-emea";
    backend
        .done(
            &id,
            &json!({"type": "assign", "role": "decider", "person": "canary", "duty": duty}),
        )
        .await;
    let told =
        json!({"type": "record_time", "trigger": "canary_told_at", "at": "2026-11-02T00:00:00Z"});
    backend.done(&id, &told).await;
    let high = backend.get(&backend.tokens.responder, "/v1/regimes").await;
    assert!(high.text().contains("customer-canary"), "amber reads it");
    let low = &backend.tokens.viewer;
    let path = format!("/v1/incidents/{id}");
    let seen = backend.get(low, &path).await.expect(200);
    assert_eq!(seen["regimes"], json!(["ms-72h", "hidden-1"]));
    assert_eq!(seen["triggers"]["hidden-1"]["at"], "2026-11-02T00:00:00Z");
    let duties = seen["duties"].as_array().unwrap();
    let mut of_contract = duties.iter().filter(|duty| duty["contract"] == true);
    let duty = of_contract.next().unwrap();
    assert_eq!(duty["id"], "hidden-1/notice@hidden-1");
    let more = of_contract.next().unwrap();
    assert_eq!(more["trigger"], "hidden-1");
    assert_eq!(more["due_at"], "2026-11-02T04:00:00Z");
    let own = json!({"type": "record_time", "trigger": "hidden-1", "at": "2026-11-02T00:00:00Z"});
    let answer = backend
        .order(&backend.tokens.responder, &id, &own)
        .send()
        .await;
    answer.problem(422);
    assert_eq!(
        (&duty["to"], &duty["rule"], &duty["citation"]),
        (&json!("customer"), &json!("contract"), &json!(""))
    );
    assert_eq!(duty["due_at"], "2026-11-03T00:00:00Z", "its clock is right");
    let masked = seen["masked"].as_array().unwrap();
    assert!(masked.contains(&json!("regimes")), "{masked:?}");
    for path in [
        "/v1/incidents?open=all".to_owned(),
        format!("{path}/timeline"),
        format!("{path}/duties/hidden-1%2Fnotice@hidden-1/explain"),
        format!("/v1/changes?since={start}"),
        "/v1/regimes".to_owned(),
        "/v1/regimes?profile=%7B%22zone%22%3A%22Europe%2FBerlin%22%7D".to_owned(),
        "/v1/info".to_owned(),
        path,
    ] {
        let answer = backend.get(low, &path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        clean(&answer, &path);
    }
    backend.stop().await;
}

#[tokio::test]
async fn whether_there_is_a_commander_is_told_by_no_gate_to_whom_the_seat_is_hidden() {
    let backend = Backend::new().await;
    let mut gates = Vec::new();
    for seated in [false, true] {
        let open = json!({"service": "azure", "title": "t", "tlp": "amber", "severity": "sev2"});
        let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
        if seated {
            let take = json!({"type": "take", "role": "commander"});
            backend.done(&id, &take).await;
        }
        let path = format!("/v1/incidents/{id}");
        let high = backend
            .get(&backend.tokens.responder, &path)
            .await
            .expect(200);
        let unmet = high["gates"][0]["unmet"].as_array().unwrap();
        assert_eq!(unmet.contains(&json!("commander")), !seated);
        let low = backend.get(&backend.tokens.viewer, &path).await.expect(200);
        let masked = low["masked"].as_array().unwrap();
        assert!(masked.contains(&json!("gates")), "{masked:?}");
        gates.push(low["gates"].clone());
    }
    assert_eq!(gates[0], gates[1]);
    backend.stop().await;
}

/// What a lower clearance is given as null, empty or not at all is named, so that no reader takes it for a vacancy.
#[tokio::test]
async fn whatever_is_hidden_is_named_in_masked() {
    let backend = Backend::new().await;
    let (id, _) = full(&backend).await;
    let path = format!("/v1/incidents/{id}");
    let high = backend
        .get(&backend.tokens.commander, &path)
        .await
        .expect(200);
    let low = backend.get(&backend.tokens.viewer, &path).await.expect(200);
    let masked: Vec<&str> = low["masked"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for (field, value) in high.as_object().unwrap() {
        // A duty's own fields are named one by one.
        let same = *value == low[field] || ["masked", "duties"].contains(&field.as_str());
        assert!(
            same || masked.contains(&field.as_str()),
            "{field}: {value} and {}",
            low[field]
        );
    }
    for (before, after) in high["duties"]
        .as_array()
        .unwrap()
        .iter()
        .zip(low["duties"].as_array().unwrap())
    {
        for (field, value) in before.as_object().unwrap() {
            assert!(
                *value == after[field] || masked.contains(&field.as_str()),
                "{field}: {value}"
            );
        }
    }
    backend.stop().await;
}

/// Commands that are refused for what is on record.
fn refusals(backend: &Backend, token: &str, id: &str, page: &str) -> Vec<Ask> {
    let order = |body: Value| backend.order(token, id, &body);
    vec![
        backend.order_at(
            token,
            id,
            "\"1\"",
            &json!({"type": "note", "kind": "fact", "text": "t"}),
        ),
        order(json!({"type": "take", "role": "deputy"})),
        order(json!({"type": "take", "role": "commander"})),
        order(json!({"type": "undo"})),
        order(json!({"type": "acknowledge_page", "page": page, "answer": "coming"})),
        order(json!({"type": "page", "teams": ["legal-affairs"]})),
        order(json!({"type": "advance", "to": "containment_eradication_and_recovery"})),
        order(json!({"type": "close", "reason": "r"})),
        order(json!({"type": "reopen", "reason": "r"})),
        order(json!({"type": "record_time", "trigger": "aware_at", "at": "2026-11-04T00:00:00Z"})),
        order(
            json!({"type": "submit", "duties": ["x/y"], "at": "2026-11-04T00:00:00Z", "channel": "m", "kind": "initial"}),
        ),
        order(json!({"type": "decide", "duty": "x/y", "required": false, "because": "b"})),
        order(json!({"type": "release", "duty": "ms-72h/customer", "hold": "x"})),
        order(json!({"type": "finish_lesson", "lesson": "x"})),
    ]
}

#[tokio::test]
async fn nobody_lowers_the_mark_of_what_they_may_not_read() {
    let backend = Backend::new().await;
    let open = json!({"service": "azure", "title": "canary", "tlp": "red"});
    let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    let low = backend
        .issue_as("low", Role::Commander, |request| {
            request.clearance = Some(Tlp::Green)
        })
        .await;
    let lower = json!({"type": "set", "tlp": "green"});
    let answer = backend.order(&low, &id, &lower).send().await;
    answer.problem(403);
    clean(&answer, "the refusal");
    clean(
        &backend.get(&low, &format!("/v1/incidents/{id}")).await,
        "the incident",
    );
    let raise = json!({"type": "set", "tlp": "amber+strict"});
    backend.order(&low, &id, &raise).send().await.problem(403);
    backend.done(&id, &lower).await;
    let seen = backend.get(&low, &format!("/v1/incidents/{id}")).await;
    assert!(seen.text().contains(CANARY));
    backend.stop().await;
}

#[tokio::test]
async fn a_command_of_a_lower_clearance_is_answered_masked() {
    let backend = Backend::new().await;
    let open = json!({"service": "azure", "title": "canary", "tlp": "red", "upstream": {"connector": "x", "key": "1"}});
    let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    let low = &backend.tokens.responder;
    let note = json!({"type": "note", "kind": "fact", "text": "t"});
    let answer = backend
        .order(low, &id, &note)
        .header("idempotency-key", "k")
        .send()
        .await;
    answer.expect(200);
    clean(&answer, "a command");
    let again = backend
        .order(low, &id, &note)
        .header("idempotency-key", "k")
        .send()
        .await;
    clean(&again, "the same again");
    let known = backend
        .ask("POST", "/v1/incidents")
        .token(low)
        .json(&open)
        .send()
        .await;
    // A key of another system is not theirs to try.
    known.problem(403);
    clean(&known, "a known one");
    backend.stop().await;
}
