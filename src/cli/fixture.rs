//! An incident and a duty as a backend tells them, for tests of what is printed of them.
//! What a test is about stands in the test.

use serde_json::{Value, json};

use crate::domain::view::IncidentView;

/// An open incident, with what is different about it.
pub fn incident(more: Value) -> IncidentView {
    let mut view = json!({
        "id": "AZ-1", "version": 5, "service": "azure", "title": "odd sign-ins", "summary": null,
        "codename": "COPPER HERON", "masked": [], "classification": null, "severity": "sev1",
        "reportable": "unknown", "responsibility": "unknown", "phase": "containment_eradication_and_recovery",
        "pass": 1, "phase_since": "2026-11-26T10:00:00Z", "opened_at": "2026-11-26T09:00:00Z",
        "occurred_at": null, "starts_at": null, "ended": null, "closed_at": null,
        "updated_at": "2026-11-26T10:00:00Z", "exercise": false, "tlp": "amber", "owner": "azure-security-response",
        "owner_lead": null, "service_team": null, "service_lead": null, "commander": "d.okafor", "deputy": null,
        "scribe": null, "bridge": null, "channel": null, "out_of_band": null, "triggers": {}, "regimes": [],
        "profile": {}, "duties": [], "gates": [], "pages": [], "lessons": [], "review": null, "upstream": null,
    });
    let fields = view.as_object_mut().unwrap();
    fields.extend(more.as_object().cloned().unwrap_or_default());
    serde_json::from_value(view).unwrap()
}

/// A duty, with what is different about it.
pub fn duty(more: Value) -> Value {
    let mut duty = json!({
        "id": "gdpr-33/authority", "regime": "gdpr-33", "stage": "authority", "subject": "all", "to": "authority",
        "rule": "GDPR 33", "status": "overdue", "trigger": "aware_at", "due_at": "2026-11-26T11:00:00Z",
        "limit_at": null, "latest_start_at": null, "prepare_for": null, "decider": {"team": null, "person": null},
        "direction": "deadline", "submitted_at": null, "outcome": null, "told": null, "citation": "Art. 33",
        "confidence": "located", "verified": "2026-11-23", "enabled": true,
    });
    let fields = duty.as_object_mut().unwrap();
    fields.extend(more.as_object().cloned().unwrap_or_default());
    duty
}
