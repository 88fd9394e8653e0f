//! A table for every rule around the number: limits, force, holds, the present, embargoes, guards, unknown zones.

use serde_json::{Value, json};

use super::stand::{DORA, ask, at, berlin, new_york, of, of_regime, table};
use crate::domain::clock::cases;

#[test]
fn an_end_on_a_closed_day_moves_unless_the_entity_has_no_relief() {
    let catalogue = of(DORA);
    let triggers = json!({"a": "2026-12-25T20:00:00+01:00", "c": "2026-12-25T22:00:00+01:00"});
    for (profile, limit) in [
        (
            json!({"entity_type": "investment-firm"}),
            "2026-12-28T11:00:00Z",
        ),
        (json!({"entity_type": "credit_institution"}), ""),
        (
            json!({"entity_type": "investment-firm", "ca_disapplied": true}),
            "",
        ),
        (
            json!({"entity_type": "investment-firm", "ca_disapplied": false}),
            "2026-12-28T11:00:00Z",
        ),
    ] {
        let mut profile = profile;
        profile["zone"] = json!("Europe/Berlin");
        profile["calendar"] = json!("de-national");
        let answer = ask(
            &catalogue,
            json!({"profile": profile, "triggers": triggers}),
            None,
        );
        assert_eq!(answer["due_utc"], "2026-12-26T01:00:00Z");
        assert_eq!(
            answer["limit_utc"].as_str().unwrap_or(""),
            limit,
            "{profile}"
        );
    }
}

#[test]
fn a_period_of_two_days_holds_two_working_days() {
    let rule = |n: u32| {
        format!(
            "trigger = \"a\"\nclock = {{ kind = \"days\", n = {n} }}\nlimit = {{ rule = \"roll\", calendar = \"profile\", two_working_days = true }}"
        )
    };
    table(
        &rule(2),
        berlin(),
        &[
            (
                "2026-12-24T10:00:00+01:00",
                "2026-12-26T22:59:59Z",
                "2026-12-29T22:59:59Z",
            ),
            (
                "2026-11-20T10:00:00+01:00",
                "2026-11-22T22:59:59Z",
                "2026-11-24T22:59:59Z",
            ),
            // Thursday: the end is Saturday, rolled to Monday; Friday and Monday are two.
            (
                "2026-11-19T10:00:00+01:00",
                "2026-11-21T22:59:59Z",
                "2026-11-23T22:59:59Z",
            ),
            // Saturday: the end is an open Monday, but it holds one working day only.
            (
                "2026-11-21T10:00:00+01:00",
                "2026-11-23T22:59:59Z",
                "2026-11-24T22:59:59Z",
            ),
            ("2026-11-17T10:00:00+01:00", "2026-11-19T22:59:59Z", ""),
        ],
    );
    // A period of one day need not.
    table(
        &rule(1),
        berlin(),
        &[(
            "2026-11-20T10:00:00+01:00",
            "2026-11-21T22:59:59Z",
            "2026-11-23T22:59:59Z",
        )],
    );
}

#[test]
fn what_is_not_in_force_never_counts() {
    let clock = "trigger = \"a\"\nclock = { kind = \"elapsed\", hours = 24 }";
    for status in ["proposed", "deferred", "repealed"] {
        let catalogue = of_regime(&format!("status = \"{status}\""), clock);
        let answer = ask(
            &catalogue,
            json!({"triggers": {"a": "2026-11-20T12:00:00Z"}}),
            None,
        );
        assert_eq!(answer["status"], "not_in_force");
        assert!(answer["due_utc"].is_null());
    }
    let catalogue = of_regime(
        "status = \"in_force\"\napplies_from = 2026-09-11\napplies_until = 2026-12-31",
        clock,
    );
    for (from, status) in [
        ("2026-09-10T23:59:59+02:00", "not_in_force"),
        ("2026-09-11T00:00:00+02:00", "running"),
        ("2026-12-31T23:59:59+01:00", "running"),
        ("2027-01-01T00:00:00+01:00", "not_in_force"),
    ] {
        let answer = ask(
            &catalogue,
            json!({"profile": berlin(), "triggers": {"a": from}}),
            None,
        );
        assert_eq!(answer["status"], status, "{from}");
    }
    let answer = ask(
        &catalogue,
        json!({"profile": berlin(), "triggers": {}}),
        None,
    );
    assert_eq!(answer["status"], "waiting");
}

#[test]
fn holds_move_the_number_and_add_no_time_beyond_their_end() {
    let catalogue = of(
        "trigger = \"a\"\nclock = { kind = \"days\", n = 10 }\nlimit = { rule = \"roll\", calendar = \"profile\" }\nhold = [\"written\", { kind = \"oral\", max_days = 30 }]",
    );
    // Ten days after 1 Oct is Sunday the 11th; the limit rolls over Columbus Day.
    for (hold, due, limit) in [
        (
            json!({"kind": "written", "until": "2026-10-05T12:00:00Z"}),
            "2026-10-12T03:59:59Z",
            "2026-10-14T03:59:59Z",
        ),
        (
            json!({"kind": "written", "until": "2026-10-13T12:00:00Z"}),
            "2026-10-13T12:00:00Z",
            "2026-10-14T03:59:59Z",
        ),
        (
            json!({"kind": "written", "until": "2026-10-20T12:00:00Z"}),
            "2026-10-20T12:00:00Z",
            "",
        ),
        (
            json!({"kind": "oral", "at": "2026-10-02T09:00:00-04:00"}),
            "2026-11-02T04:59:59Z",
            "",
        ),
        (
            json!({"kind": "oral", "at": "2026-10-02T09:00:00-04:00", "until": "2027-01-01T00:00:00Z"}),
            "2026-11-02T04:59:59Z",
            "",
        ),
        (
            json!({"kind": "oral", "at": "2026-10-02"}),
            "2026-11-02T04:59:59Z",
            "",
        ),
        (
            json!({"kind": "written", "until": "2026-10-20"}),
            "2026-10-21T03:59:59Z",
            "",
        ),
        (json!({"kind": "oral"}), "", ""),
        (
            json!([{"kind": "written", "until": "2026-10-20T12:00:00Z", "stage": "s"}, {"kind": "written", "until": "2026-10-18T12:00:00Z", "stage": "s"}]),
            "2026-10-20T12:00:00Z",
            "",
        ),
        (
            json!([{"kind": "written", "until": "2026-10-20T12:00:00Z", "stage": "s"}, {"kind": "written", "stage": "s"}]),
            "",
            "",
        ),
    ] {
        let mut hold = hold;
        if hold.is_object() {
            hold["stage"] = json!("s");
        }
        let case = json!({"profile": new_york(), "triggers": {"a": "2026-10-01T12:00:00-04:00"}, "hold": hold});
        let answer = ask(&catalogue, case, None);
        assert_eq!(answer["status"], "held", "{hold}");
        let text = |key: &str| answer[key].as_str().unwrap_or("").to_owned();
        assert_eq!(
            (text("due_utc").as_str(), text("limit_utc").as_str()),
            (due, limit),
            "{hold}"
        );
    }
}

#[test]
fn the_present_tells_the_state() {
    let catalogue = of(
        "trigger = \"a\"\nclock = { kind = \"elapsed\", hours = 72 }\nlimit = { rule = \"eu-1182-71-hours\" }",
    );
    let case = |hold: Value, sent: Value| json!({"profile": berlin(), "triggers": {"a": "2026-11-20T12:30:00Z"}, "hold": hold, "submitted": {"s": sent}});
    let hold = |from: &str, until: &str| json!({"stage": "s", "kind": "written", "from": from, "until": until});
    for (hold, sent, now, state) in [
        (json!(null), json!(null), "2026-11-23T12:30:00Z", "running"),
        (json!(null), json!(null), "2026-11-23T12:30:01Z", "past_due"),
        (json!(null), json!(null), "2026-11-23T13:00:00Z", "past_due"),
        (json!(null), json!(null), "2026-11-23T13:00:01Z", "overdue"),
        (
            json!(null),
            json!("2026-11-21T12:00:00Z"),
            "2026-11-23T13:00:01Z",
            "met",
        ),
        (
            hold("2026-11-21T00:00:00Z", "2026-11-30T00:00:00Z"),
            json!(null),
            "2026-11-24T00:00:00Z",
            "held",
        ),
        (
            hold("2026-11-21T00:00:00Z", "2026-11-30T00:00:00Z"),
            json!(null),
            "2026-11-30T00:00:01Z",
            "overdue",
        ),
        (
            hold("2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"),
            json!(null),
            "2026-11-23T00:00:00Z",
            "running",
        ),
        // A deadline that passed before the hold began stays passed.
        (
            hold("2026-11-24T00:00:00Z", "2026-11-30T00:00:00Z"),
            json!(null),
            "2026-11-25T00:00:00Z",
            "overdue",
        ),
        (
            hold("2026-11-21T00:00:00Z", "2026-11-30T00:00:00Z"),
            json!("2026-11-29T00:00:00Z"),
            "2026-11-29T12:00:00Z",
            "met",
        ),
    ] {
        let answer = ask(&catalogue, case(hold.clone(), sent), Some(now));
        assert_eq!(answer["state"], state, "{now} {hold}");
    }
    for (sent, outcome) in [
        ("2026-11-23T12:30:00Z", "on_time"),
        ("2026-11-23T12:30:01Z", "between_due_and_limit"),
        ("2026-11-23T13:00:00Z", "between_due_and_limit"),
        ("2026-11-23T13:00:01Z", "late"),
    ] {
        assert_eq!(
            ask(&catalogue, case(json!(null), json!(sent)), None)["outcome"],
            outcome
        );
    }
}

#[test]
fn an_embargo_is_a_floor_and_never_a_deadline() {
    let catalogue = of(
        "trigger = \"submitted:first\"\ndirection = \"not-before\"\nclock = { kind = \"business-days\", n = 7, calendar = \"us-federal\" }",
    );
    let case = |sent: Value| json!({"profile": new_york(), "triggers": {"submitted:first": "2026-11-23T12:00:00-05:00"}, "submitted": {"s": sent}});
    for (now, state) in [
        ("2026-11-24T00:00:00Z", "embargo"),
        ("2026-12-04T04:59:59Z", "embargo"),
        ("2026-12-04T05:00:00Z", "no_fixed_limit"),
    ] {
        let answer = ask(&catalogue, case(json!(null)), Some(now));
        assert_eq!(
            (&answer["status"], &answer["due_utc"]),
            (&json!("embargo"), &json!("2026-12-04T04:59:59Z"))
        );
        assert_eq!(answer["state"], state, "{now}");
    }
    assert_eq!(
        ask(&catalogue, case(json!("2026-12-01T12:00:00Z")), None)["outcome"],
        "early"
    );
    assert_eq!(
        ask(&catalogue, case(json!("2026-12-05T12:00:00Z")), None)["outcome"],
        "on_time"
    );
}

#[test]
fn what_may_not_be_counted_is_refused_with_a_sentence() {
    let catalogue = of("trigger = \"aware_at\"\nclock = { kind = \"elapsed\", hours = 24 }");
    let run = |mut case: Value, now: Option<&str>| {
        case["id"] = json!("c");
        case["regime"] = json!("x");
        let result = cases::run(&json!([case]).to_string(), &catalogue, now.map(at)).unwrap();
        cases::refusals(&result).join("\n")
    };
    for (case, now, sentence) in [
        (
            json!({"triggers": {"aware_at": "2026-11-20T12:00:00"}}),
            None,
            "with Z or an offset",
        ),
        (
            json!({"triggers": {"aware_at": "2026-11-20T12:00:00Z"}}),
            Some("2026-11-20T11:54:59Z"),
            "lies in the future",
        ),
        (
            json!({"triggers": {"aware_at": "2026-11-20T12:00:00Z"}, "submitted": {"s": "2026-11-20T11:59:59Z"}}),
            None,
            "before its trigger aware_at",
        ),
        (
            json!({"triggers": {"aware_at": "2026-11-20T12:00:00Z", "classified_major_at": "2026-11-20T11:00:00Z"}}),
            None,
            "classified_major_at is",
        ),
        (
            json!({"triggers": {}, "hold": {"stage": "s", "kind": "written", "from": "2026-11-20T12:00:00Z", "until": "2026-11-20T11:00:00Z"}}),
            None,
            "hold ends",
        ),
        (
            json!({"profile": {"zone": "Europe/Lodnon"}, "triggers": {}}),
            None,
            "is not a zone",
        ),
    ] {
        let refused = run(case.clone(), now);
        assert!(refused.contains(sentence), "{case}: {refused:?}");
    }
    assert_eq!(
        run(
            json!({"triggers": {"aware_at": "2026-11-20T12:00:00Z"}}),
            Some("2026-11-20T11:55:00Z")
        ),
        ""
    );
    assert!(cases::run("{", &catalogue, None).is_err());
    assert!(cases::run("{}", &catalogue, None).is_err());
}

#[test]
fn without_a_zone_the_earliest_result_counts() {
    let catalogue = of("trigger = \"a\"\nclock = { kind = \"days\", n = 1 }");
    let due = |profile: Value| {
        let answer = ask(
            &catalogue,
            json!({"profile": profile, "triggers": {"a": "2026-11-20T12:00:00Z"}}),
            None,
        );
        answer["due_utc"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        due(json!({"zone": ["Europe/Berlin", "Asia/Tokyo"]})),
        due(json!({"zone": "Asia/Tokyo"}))
    );
    for zone in [
        "Pacific/Kiritimati",
        "Asia/Kolkata",
        "UTC",
        "America/New_York",
        "Pacific/Midway",
    ] {
        assert!(due(json!({})) <= due(json!({"zone": zone})), "{zone}");
    }
}
