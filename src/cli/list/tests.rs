//! What `list` says an incident owes: late is late, and nothing that can still be met is hidden behind it.

use serde_json::{Value, json};

use super::owed;
use crate::cli::fixture::{duty, incident};

fn of(duties: &[Value], reportable: &str) -> String {
    let incident = incident(json!({"duties": duties, "reportable": reportable}));
    owed(&incident, "2026-11-26T23:06:00Z".parse().unwrap())
}

fn due(id: &str, status: &str, at: &str) -> Value {
    duty(json!({"id": id, "status": status, "due_at": at}))
}

#[test]
fn what_is_late_is_not_listed_as_still_to_come() {
    let late = due("gdpr-33/authority", "running", "2026-11-26T22:30:00Z");
    let next = due("nis2-23/authority", "running", "2026-11-27T09:00:00Z");
    assert_eq!(
        of(&[next, late.clone()], "declared"),
        "gdpr-33/authority OVERDUE since Thu 26 Nov 22:30 UTC; nis2-23/authority by Fri 27 Nov 09:00 UTC"
    );
    let more = due("dora-19/authority", "overdue", "2026-11-26T22:00:00Z");
    assert_eq!(
        of(&[late, more], "declared"),
        "dora-19/authority OVERDUE since Thu 26 Nov 22:00 UTC (+1 more late)"
    );
}

#[test]
fn what_is_held_or_not_answered_is_not_nothing() {
    let mut held = due("gdpr-33/authority", "held", "2026-12-20T10:00:00Z");
    held["hold"] = json!({"id": "h", "kind": "law_enforcement", "from": "2026-11-26T10:00:00Z",
        "until": "2026-12-01T10:00:00Z", "authority": "FBI", "document": null, "by": "k.ono"});
    assert_eq!(
        of(&[held], "declared"),
        "gdpr-33/authority HELD to Tue 01 Dec 10:00 UTC"
    );
    assert_eq!(of(&[], "unknown"), "reportable? not answered");
    assert_eq!(of(&[], "no"), "-");
}
