//! What `show` prints of an incident: a fact is told as the fact that was recorded.
//! How it is fetched is not proved here.

use serde_json::{Value, json};

use super::lines;
use crate::cli::fixture::{duty, incident};

fn shown(more: Value) -> String {
    lines(&incident(more), "2026-11-26T12:00:00Z".parse().unwrap()).join("\n")
}

#[test]
fn a_waived_milestone_is_not_shown_as_having_happened() {
    let told = shown(json!({"triggers": {"eradicated_at": {
        "at": "2026-11-26T10:50:31Z", "precision": "exact", "by": "d.okafor", "source": null,
        "entered_at": "2026-11-26T10:50:31Z", "pass": 1, "not_applicable": "nothing to eradicate",
    }}}));
    assert!(
        told.contains("does not apply: nothing to eradicate; said 2026-11-26 10:50:31Z, d.okafor"),
        "{told}"
    );
    assert!(!told.contains("(exact)"), "{told}");
}

#[test]
fn a_later_instant_that_is_only_proposed_is_shown_as_that() {
    let told = shown(json!({"triggers": {"aware_at": {
        "at": "2026-11-26T09:00:00Z", "precision": "exact", "by": "d.okafor", "source": null,
        "entered_at": "2026-11-26T09:00:00Z", "pass": 1, "proposed": {"at": "2026-11-26T10:00:00Z",
        "by": "k.ono", "entered_at": "2026-11-26T11:00:00Z", "reason": null},
    }}}));
    let said = "2026-11-26 09:00:00Z (exact), d.okafor; later 2026-11-26 10:00:00Z PROPOSED by k.ono, not confirmed";
    assert!(told.contains(said), "{told}");
}

#[test]
fn a_duty_is_shown_as_sent_only_where_all_were_told() {
    let met = duty(json!({"status": "met", "trigger": null, "due_at": null,
        "met_by": ["contained_at", "eradicated_at", "recovered_at"], "met_at": "2026-11-26T10:50:31Z"}));
    let told = shown(json!({"duties": [met]}));
    assert!(
        told.contains("contained, eradicated, recovered: 2026-11-26 10:50:31Z"),
        "{told}"
    );
    assert!(!told.contains("sent"), "{told}");
    let part = duty(json!({"submitted_at": "2026-11-26T10:00:00Z", "told": {"done": 2, "of": 5}}));
    let told = shown(json!({"duties": [part]}));
    assert!(
        told.contains("by 2026-11-26 11:00:00Z, sent to 2 of 5"),
        "{told}"
    );
}
