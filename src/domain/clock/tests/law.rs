//! A table for every kind of clock: instants worked by hand, written as the texts are.

use serde_json::{Value, json};

use super::stand::{DORA, ask, berlin, new_york, of, table};

#[test]
fn elapsed_hours_run_on_the_utc_line() {
    table(
        "trigger = \"a\"\nclock = { kind = \"elapsed\", hours = 24 }",
        berlin(),
        &[
            ("2026-03-28T22:00:00+01:00", "2026-03-29T21:00:00Z", ""),
            ("2026-10-24T22:00:00+02:00", "2026-10-25T20:00:00Z", ""),
            ("2028-02-28T12:00:00Z", "2028-02-29T12:00:00Z", ""),
            // Only the day is known: from its first moment where the entity is.
            ("2026-11-20", "2026-11-20T23:00:00Z", ""),
        ],
    );
    table(
        "trigger = \"a\"\nclock = { kind = \"elapsed\", hours = 0.25 }",
        json!({"zone": "UTC"}),
        &[("2026-12-31T23:50:00Z", "2027-01-01T00:05:00Z", "")],
    );
}

#[test]
fn the_hour_of_the_event_is_not_counted_in_the_outer_reading() {
    table(
        "trigger = \"a\"\nclock = { kind = \"elapsed\", hours = 72 }\nlimit = { rule = \"eu-1182-71-hours\" }",
        berlin(),
        &[
            (
                "2026-06-01T10:00:00Z",
                "2026-06-04T10:00:00Z",
                "2026-06-04T11:00:00Z",
            ),
            (
                "2026-06-01T10:59:59Z",
                "2026-06-04T10:59:59Z",
                "2026-06-04T11:00:00Z",
            ),
        ],
    );
}

#[test]
fn days_end_with_the_local_day_and_start_as_the_text_says() {
    let next = "trigger = \"a\"\nclock = { kind = \"days\", n = 30 }";
    table(
        next,
        new_york(),
        &[
            ("2026-02-01T03:00:00Z", "2026-03-03T04:59:59Z", ""),
            // Local noon would be on the other side of the change: 31 Oct is still summer, 30 Nov is not.
            ("2026-10-31T12:00:00-04:00", "2026-12-01T04:59:59Z", ""),
            ("2028-02-10T12:00:00-05:00", "2028-03-12T04:59:59Z", ""),
        ],
    );
    table(
        "trigger = \"a\"\nclock = { kind = \"days\", n = 30, start = \"same-day\", zone = \"Asia/Tokyo\" }",
        new_york(),
        &[("2026-11-30T15:00:00Z", "2026-12-30T14:59:59Z", "")],
    );
    table(
        "trigger = \"a\"\nclock = { kind = \"days\", n = 1, end = \"12:00:00\" }",
        berlin(),
        &[("2026-06-01T10:00:00Z", "2026-06-02T10:00:00Z", "")],
    );
}

#[test]
fn business_days_skip_what_is_closed_and_the_trigger_s_own_day() {
    let clock = "trigger = \"a\"\nclock = { kind = \"business-days\", n = 4, calendar = \"us-federal\", zone = \"America/New_York\", end = \"17:30:00\" }";
    table(
        clock,
        berlin(),
        &[
            ("2027-06-15T15:00:00-04:00", "2027-06-22T21:30:00Z", ""),
            ("2027-12-27T15:00:00-05:00", "2028-01-03T22:30:00Z", ""),
            ("2026-09-05T10:00:00-04:00", "2026-09-11T21:30:00Z", ""),
            // Already the 24th in Berlin, still the 23rd where the text counts.
            ("2026-11-24T01:00:00+01:00", "2026-11-30T22:30:00Z", ""),
        ],
    );
    let answer = ask(
        &of(clock),
        json!({"profile": {"zone": "UTC", "calendar": "us-federal", "extra_closures": ["2026-12-24"]},
               "triggers": {"a": "2026-12-18T12:00:00-05:00"}}),
        None,
    );
    assert_eq!(answer["due_utc"], "2026-12-28T22:30:00Z");
}

#[test]
fn beyond_its_list_a_calendar_gives_no_number() {
    let clock =
        of("trigger = \"a\"\nclock = { kind = \"business-days\", n = 2, calendar = \"profile\" }");
    for (profile, from) in [
        (new_york(), "2028-12-28T12:00:00-05:00"),
        (new_york(), "2029-05-01T12:00:00-05:00"),
        (new_york(), "2025-06-01T12:00:00-05:00"),
        (
            json!({"zone": "America/New_York"}),
            "2026-06-01T12:00:00-05:00",
        ),
        (
            json!({"zone": "America/New_York", "calendar": "mars"}),
            "2026-06-01T12:00:00-05:00",
        ),
    ] {
        let answer = ask(
            &clock,
            json!({"profile": profile, "triggers": {"a": from}}),
            None,
        );
        assert_eq!(answer["status"], "calendar_unknown", "{from}");
        assert!(answer["due_utc"].is_null() && answer["limit_utc"].is_null());
    }
    // The last days of the list itself still count.
    let answer = ask(
        &clock,
        json!({"profile": new_york(), "triggers": {"a": "2028-12-26T12:00:00-05:00"}}),
        None,
    );
    assert_eq!(answer["due_utc"], "2028-12-29T04:59:59Z");
    // A limit that cannot be known is left out; the headline does not need the calendar.
    table(
        "trigger = \"a\"\nclock = { kind = \"days\", n = 14 }\nlimit = { rule = \"roll\", calendar = \"profile\" }",
        berlin(),
        &[("2028-12-20T12:00:00+01:00", "2029-01-03T22:59:59Z", "")],
    );
}

#[test]
fn months_clamp_to_the_last_day() {
    table(
        "trigger = \"a\"\nclock = { kind = \"months\", n = 1 }",
        berlin(),
        &[
            ("2027-01-31T12:00:00+01:00", "2027-02-28T22:59:59Z", ""),
            ("2028-01-31T12:00:00+01:00", "2028-02-29T22:59:59Z", ""),
            ("2026-11-30T12:00:00+01:00", "2026-12-30T22:59:59Z", ""),
            ("2026-12-31T23:30:00Z", "2027-02-01T22:59:59Z", ""),
        ],
    );
}

#[test]
fn the_year_of_the_trigger_is_the_local_one() {
    table(
        "trigger = \"a\"\nclock = { kind = \"year-end\", n = 60 }",
        new_york(),
        &[
            ("2026-06-01T12:00:00-04:00", "2027-03-02T04:59:59Z", ""),
            ("2027-06-01T12:00:00-04:00", "2028-03-01T04:59:59Z", ""),
            ("2027-01-01T04:00:00Z", "2027-03-02T04:59:59Z", ""),
        ],
    );
}

#[test]
fn first_of_takes_the_earliest_unless_the_first_came_late() {
    let catalogue = of(DORA);
    for (a, c, status, due, trigger) in [
        (
            "2026-11-23T08:00:00Z",
            "2026-11-23T10:00:00Z",
            "running",
            "2026-11-23T14:00:00Z",
            "c",
        ),
        (
            "2026-11-23T08:00:00Z",
            "2026-11-24T06:00:00Z",
            "running",
            "2026-11-24T08:00:00Z",
            "a",
        ),
        // Exactly 24 h is not later; one second more is.
        (
            "2026-11-23T08:00:00Z",
            "2026-11-24T08:00:00Z",
            "running",
            "2026-11-24T08:00:00Z",
            "a",
        ),
        (
            "2026-11-23T08:00:00Z",
            "2026-11-24T08:00:01Z",
            "running",
            "2026-11-24T12:00:01Z",
            "c",
        ),
        (
            "2026-11-23T08:00:00Z",
            "",
            "provisional",
            "2026-11-24T08:00:00Z",
            "a",
        ),
        (
            "",
            "2026-11-23T10:00:00Z",
            "running",
            "2026-11-23T14:00:00Z",
            "c",
        ),
        ("", "", "waiting", "", "c"),
    ] {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let triggers = json!({"a": given(a), "c": given(c)});
        let answer = ask(
            &catalogue,
            json!({"profile": berlin(), "triggers": triggers}),
            None,
        );
        assert_eq!(
            (&answer["status"], &answer["trigger"]),
            (&json!(status), &json!(trigger)),
            "{a} {c}"
        );
        assert_eq!(answer["due_utc"].as_str().unwrap_or(""), due, "{a} {c}");
    }
}

#[test]
fn last_of_takes_the_latest_and_needs_all() {
    let catalogue = of(
        "clock = { kind = \"last-of\", of = [ { kind = \"elapsed\", hours = 24, trigger = \"a\" }, { kind = \"business-days\", n = 1, calendar = \"profile\", trigger = \"b\" } ] }",
    );
    let ask = |triggers: Value| {
        ask(
            &catalogue,
            json!({"profile": berlin(), "triggers": triggers}),
            None,
        )
    };
    let both = ask(json!({"a": "2026-11-20T10:00:00Z", "b": "2026-11-20T10:00:00Z"}));
    assert_eq!(
        (&both["due_utc"], &both["trigger"]),
        (&json!("2026-11-23T22:59:59Z"), &json!("b"))
    );
    let one = ask(json!({"a": "2026-11-20T10:00:00Z"}));
    assert_eq!(
        (&one["status"], &one["trigger"]),
        (&json!("waiting"), &json!("b"))
    );
}

#[test]
fn a_table_is_picked_by_the_profile_and_its_defaults() {
    let catalogue = of(
        "trigger = \"a\"\n[regime.stage.clock]\nkind = \"table\"\nkey = [\"class\", \"pain\"]\ndefault = { pain = \"5\" }\ncalendar = \"us-federal\"\nrows.b = { 1 = \"1bd\", 5 = \"2d\" }\nrows.d = { 1 = 1, 5 = 0.25 }",
    );
    for (profile, status, due) in [
        (json!({"class": "d"}), "running", "2026-11-20T12:15:00Z"),
        (
            json!({"class": "D", "pain": 1}),
            "running",
            "2026-11-20T13:00:00Z",
        ),
        (
            json!({"class": "b", "pain": "1"}),
            "running",
            "2026-11-23T23:59:59Z",
        ),
        (json!({"class": "b"}), "running", "2026-11-22T23:59:59Z"),
        (json!({"class": "z"}), "undecided", ""),
        (json!({}), "undecided", ""),
    ] {
        let mut profile = profile;
        profile["zone"] = json!("UTC");
        let answer = ask(
            &catalogue,
            json!({"profile": profile, "triggers": {"a": "2026-11-20T12:00:00Z"}}),
            None,
        );
        assert_eq!(answer["status"], status, "{profile}");
        assert_eq!(answer["due_utc"].as_str().unwrap_or(""), due, "{profile}");
    }
}

#[test]
fn a_text_without_a_number_shows_none() {
    let catalogue = of("trigger = \"a\"\nclock = { kind = \"none\", wording = \"promptly\" }");
    let with = ask(
        &catalogue,
        json!({"triggers": {"a": "2026-11-20T12:00:00Z"}}),
        Some("2027-11-20T12:00:00Z"),
    );
    assert_eq!(
        (&with["status"], &with["state"]),
        (&json!("no_fixed_limit"), &json!("no_fixed_limit"))
    );
    assert!(with["due_utc"].is_null() && with["limit_utc"].is_null());
    let without = ask(
        &catalogue,
        json!({"triggers": {"detected_at": "2026-11-20T12:00:00Z"}}),
        None,
    );
    assert_eq!(
        (&without["status"], &without["trigger"]),
        (&json!("waiting"), &json!("a"))
    );
}
