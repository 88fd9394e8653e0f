//! Documents from a small incident: what must stand in them, and that no text of it becomes markup.

use serde_json::{Value, json};

use super::{Kind, Sheet, markdown};
use crate::domain::board::HeadView;
use crate::domain::view::IncidentView;
use crate::domain::view_of::MASKED;
use crate::wire::EntryBody;

fn incident(exercise: bool) -> IncidentView {
    let mut view: IncidentView = serde_json::from_str(INCIDENT).unwrap();
    view.exercise = exercise;
    view
}

const INCIDENT: &str = r###"{
    "id": "AZ-1", "version": 5, "service": "azure", "title": "# odd [sign-ins](http://x.example)",
    "summary": "first\n## second", "codename": "COPPER HERON", "masked": [],
    "classification": "suspected_breach", "severity": "sev1", "reportable": "unknown", "responsibility": "unknown",
    "phase": "containment_eradication_and_recovery", "pass": 1, "phase_since": "2026-11-26T10:00:00Z",
    "opened_at": "2026-11-26T09:00:00Z", "occurred_at": null, "starts_at": null, "ended": null, "closed_at": null,
    "updated_at": "2026-11-26T10:00:00Z", "exercise": false, "tlp": "amber+strict",
    "owner": "azure-security-response", "owner_lead": null, "service_team": null, "service_lead": null,
    "commander": "d.okafor", "deputy": null, "scribe": null, "bridge": null, "channel": null, "out_of_band": null,
    "triggers": {}, "regimes": [], "profile": {}, "duties": [],
    "gates": [{"to": "post_incident_activity", "hard": true, "unmet": ["contained_at"]}],
    "pages": [{"id": "p", "team": "legal-affairs", "state": "accepted", "route": "webhook", "attempts": 1,
        "urgency": "high", "answer": null, "eta": null, "queued_at": "2026-11-26T09:00:00Z",
        "accepted_at": "2026-11-26T09:00:00Z", "acknowledged_at": null, "by": "d.okafor", "message": null,
        "last_error": null}],
    "lessons": [{"id": "l", "text": "rotate keys", "owner": null, "due": null, "done_at": null, "by": "x"}],
    "review": null, "upstream": null
}"###;

fn entry(seq: u64, at: &str, kind: &str, line: &str, body: Value) -> EntryBody {
    serde_json::from_value(json!({
        "seq": seq, "version": seq, "at": at, "by": "d.okafor", "via": "cli", "kind": kind, "line": line, "body": body,
    }))
    .unwrap()
}

fn entries() -> Vec<EntryBody> {
    let mut redacted = entry(
        3,
        "2026-11-26T09:30:00Z",
        "noted",
        "fact noted, redacted by j.counsel: names a customer",
        json!({"kind": "fact", "text": "[redacted]"}),
    );
    redacted.redacted = serde_json::from_value(
        json!({"by": "j.counsel", "at": "2026-11-26T11:00:00Z", "reason": "names a customer"}),
    )
    .ok();
    vec![
        entry(
            1,
            "2026-11-26T09:00:00Z",
            "opened",
            "opened",
            json!({"starts_at": null}),
        ),
        entry(
            2,
            "2026-11-26T09:10:00Z",
            "noted",
            "decision noted",
            json!({"kind": "decision", "text": "isolate | <b>now</b>"}),
        ),
        redacted,
        entry(
            4,
            "2026-11-26T10:00:00Z",
            "advanced",
            "moved to contain",
            json!({"from": "detection_and_analysis", "to": "containment_eradication_and_recovery"}),
        ),
    ]
}

fn made(kind: Kind, exercise: bool) -> String {
    let incident = incident(exercise);
    let entries = entries();
    let head = HeadView {
        seq: 4,
        hash: "ab".repeat(32),
    };
    markdown(
        kind,
        &Sheet {
            incident: &incident,
            entries: &entries,
            now: "2026-11-26T12:00:00Z".parse().unwrap(),
            by: "d.okafor",
            backend: "azure",
            head: Some(&head),
        },
    )
}

const ALL: [Kind; 4] = [Kind::Log, Kind::Handoff, Kind::Sitrep, Kind::Review];

#[test]
fn every_document_is_marked_at_both_ends_and_says_when_and_from_what_it_was_made() {
    for kind in ALL {
        let text = made(kind, false);
        assert_eq!(
            text.lines().next(),
            Some("**TLP:AMBER+STRICT**"),
            "{kind:?}"
        );
        assert_eq!(
            text.lines().last(),
            Some("**TLP:AMBER+STRICT**"),
            "{kind:?}"
        );
        assert!(text.contains("As of 2026-11-26 12:00:00 UTC, version 5, from azure"));
        assert!(text.contains("Record up to entry 4: `abab"), "{text}");
        assert!(!text.contains("EXERCISE"));
        let drill = made(kind, true);
        for place in [drill.lines().next(), drill.lines().last()] {
            assert!(place.unwrap().contains("EXERCISE EXERCISE"), "{drill}");
        }
        assert!(drill.contains("# EXERCISE: "), "{drill}");
    }
}

#[test]
fn no_text_of_an_incident_is_markup() {
    for kind in ALL {
        let text = made(kind, false);
        assert!(!text.contains("](http:"), "{text}");
        assert!(!text.contains("<b>"), "{text}");
        assert!(!text.contains("\n## second"), "{text}");
    }
}

#[test]
fn each_says_what_it_is_for() {
    let log = made(Kind::Log, false);
    for words in [
        "| 2 | 2026-11-26 09:10:00 UTC |",
        "isolate \\|",
        "redacted by j.counsel: names a customer",
    ] {
        assert!(log.contains(words), "{words}: {log}");
    }
    let handoff = made(Kind::Handoff, false);
    for words in [
        "commander: d.okafor",
        "deputy: **VACANT**",
        "legal-affairs | accepted",
        "contained at",
    ] {
        assert!(handoff.contains(words), "{words}: {handoff}");
    }
    let sitrep = made(Kind::Sitrep, false);
    for words in ["> first", "> \\#\\# second", "severity: sev1"] {
        assert!(sitrep.contains(words), "{words}: {sitrep}");
    }
    let review = made(Kind::Review, false);
    for words in [
        "| detection and analysis | 2026-11-26 09:00:00 UTC | 2026-11-26 10:00:00 UTC | 1h00m |",
        "goes on | 2h00m",
        "rotate keys (**NO OWNER**, open)",
        "decision noted: isolate",
    ] {
        assert!(review.contains(words), "{words}: {review}");
    }
}

/// Whom a lower clearance hides is no vacancy: a document is read far from the board.
#[test]
fn a_person_whom_the_clearance_hides_is_nobody_in_no_document() {
    let mut hidden = incident(false);
    hidden.commander = None;
    hidden.summary = None;
    hidden.lessons[0].text = None;
    hidden.masked = MASKED.iter().map(|word| (*word).to_owned()).collect();
    hidden.gates = serde_json::from_value(json!([
        {"to": "containment_eradication_and_recovery", "hard": false, "unmet": []},
    ]))
    .unwrap();
    hidden.duties = serde_json::from_value(json!([{
        "id": "ms-72h/customer", "regime": "ms-72h", "stage": "customer", "subject": "all", "to": "customers",
        "status": "running", "trigger": "declared_at", "due_at": "2026-11-28T10:00:00Z", "limit_at": null,
        "latest_start_at": null, "prepare_for": null, "decider": {"team": null, "person": null},
        "direction": "deadline", "submitted_at": null, "outcome": null, "told": null, "citation": "c",
        "confidence": "located", "verified": "2026-11-23", "enabled": true,
    }]))
    .unwrap();
    let mut entries = entries();
    for entry in &mut entries {
        entry.by.clear();
    }
    for kind in [Kind::Sitrep, Kind::Handoff, Kind::Review] {
        let told = markdown(
            kind,
            &Sheet {
                incident: &hidden,
                entries: &entries,
                now: "2026-11-26T12:00:00Z".parse().unwrap(),
                by: "viewer",
                backend: "azure",
                head: None,
            },
        );
        for vacancy in ["NOBODY", "VACANT", "NO OWNER", ": not set"] {
            assert!(!told.contains(vacancy), "{kind:?}, {vacancy}:\n{told}");
        }
        assert!(told.contains("hidden from this reader"), "{told}");
        assert!(
            told.contains("| (hidden from this reader) |"),
            "its authors: {told}"
        );
        let gate = told.contains("commander (hidden from this reader)");
        assert_eq!(gate, kind == Kind::Handoff, "{told}");
    }
}

/// The incident with one instant on record, one that does not apply and one that somebody would move later.
fn with_times() -> IncidentView {
    let mut view = incident(false);
    view.triggers = serde_json::from_value(json!({
        "aware_at": {"at": "2026-11-26T09:40:53.159787243Z", "precision": "exact", "by": "d.okafor", "source": null,
            "entered_at": "2026-11-26T09:41:00Z", "pass": 1, "proposed": {"at": "2026-11-26T10:00:00Z",
            "by": "k.ono", "entered_at": "2026-11-26T11:00:00Z", "reason": "the log says so"}},
        "eradicated_at": {"at": "2026-11-26T10:50:31Z", "precision": "exact", "by": "d.okafor", "source": null,
            "entered_at": "2026-11-26T10:50:31Z", "pass": 1, "not_applicable": "nothing to eradicate"},
    }))
    .unwrap();
    view
}

fn sheet_of(incident: &IncidentView, kind: Kind) -> String {
    markdown(
        kind,
        &Sheet {
            incident,
            entries: &entries(),
            now: "2026-11-26T12:00:00Z".parse().unwrap(),
            by: "d.okafor",
            backend: "azure",
            head: None,
        },
    )
}

#[test]
fn a_waived_milestone_is_not_told_as_having_happened() {
    let told = sheet_of(&with_times(), Kind::Sitrep);
    assert!(
        told.contains("| eradicated at | does not apply: nothing to eradicate |  | d.okafor, 2026-11-26 10:50:31 UTC |"),
        "{told}"
    );
    assert!(!told.contains("| eradicated at | 2026"), "{told}");
}

#[test]
fn times_are_to_the_second_and_name_what_is_only_proposed() {
    let told = sheet_of(&with_times(), Kind::Sitrep);
    assert!(
        told.contains("| aware at | 2026-11-26 09:40:53 UTC | exact |"),
        "{told}"
    );
    assert!(
        told.contains(
            "| aware at, PROPOSED later | 2026-11-26 10:00:00 UTC | exact | k.ono | not confirmed"
        ),
        "{told}"
    );
}

#[test]
fn duties_keep_their_due_when_met_and_say_that_nobody_decides() {
    let mut view = incident(false);
    let duty = |more: Value| {
        let mut duty = json!({
            "id": "gdpr-33/authority", "regime": "gdpr-33", "stage": "authority", "subject": "all", "to": "authority",
            "status": "running", "trigger": "aware_at", "due_at": "2026-11-28T10:00:00Z", "limit_at": null,
            "latest_start_at": null, "prepare_for": null, "decider": {"team": "privacy-azure", "person": null},
            "direction": "deadline", "submitted_at": null, "outcome": null, "told": null, "citation": "c",
            "confidence": "located", "verified": "2026-11-23", "enabled": true,
        });
        duty.as_object_mut()
            .unwrap()
            .extend(more.as_object().cloned().unwrap());
        duty
    };
    view.duties = serde_json::from_value(json!([
        duty(json!({})),
        duty(json!({"id": "x/met", "status": "met", "submitted_at": "2026-11-26T11:00:00Z"})),
        duty(json!({"id": "x/part", "submitted_at": "2026-11-26T11:00:00Z", "told": {"done": 2, "of": 5}})),
        duty(json!({"id": "x/not", "status": "not_required", "due_at": null, "because": "b"})),
    ]))
    .unwrap();
    let told = sheet_of(&view, Kind::Sitrep);
    let row = |id: &str| {
        let row = told.lines().find(|line| line.contains(id));
        row.unwrap_or_else(|| panic!("{id} in {told}")).to_owned()
    };
    assert!(
        row("gdpr-33/authority").contains("**NOBODY**, privacy-azure"),
        "{told}"
    );
    assert!(
        row("x/part").contains("sent to 2 of 5, 2026-11-26 11:00:00 UTC"),
        "{told}"
    );
    assert!(row("x/met").contains("2026-11-28 10:00:00 UTC"), "{told}");
    assert!(!row("x/not").contains("start not set"), "{told}");
}

#[test]
fn a_page_that_was_asked_anew_after_a_cannot_waits_still() {
    let mut view = incident(false);
    let page = view.pages.first_mut().unwrap();
    page.acknowledged_at = Some("2026-11-26T09:10:00Z".parse().unwrap());
    page.answer = Some(crate::domain::word::Answer::Cannot);
    page.last_error = Some("answered cannot".to_owned());
    let told = sheet_of(&view, Kind::Sitrep);
    assert!(told.contains("| 3h00m | answered cannot |"), "{told}");
    let page = view.pages.first_mut().unwrap();
    page.state = crate::domain::word::PageState::Acknowledged;
    page.answer = Some(crate::domain::word::Answer::Coming);
    page.last_error = Some("no answer, no further route".to_owned());
    let told = sheet_of(&view, Kind::Handoff) + &sheet_of(&view, Kind::Sitrep);
    assert!(!told.contains("no further route"), "{told}");
}
