//! The arithmetic of one duty in words, as the caller may see it. How it is counted is `domain::clock`; a reader whose
//! clearance does not reach is told what the rule says, and nothing of the entity it is counted for.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;

use super::auth::Authorized;
use super::problem::Problem;
use super::shown;
use super::state::ServerState;
use crate::domain::duty;
use crate::domain::view_of::view;
use crate::wire::{ExplainBody, LineBody};

/// Lines that say what a text says, whatever the incident.
const OF_THE_TEXT: &[&str] = &[
    "rule",
    "starts",
    "status",
    "wording",
    "outcome",
    "counting",
    "exception",
    "note",
    "citation",
    "source",
    "confidence",
    "verified",
    "computed",
];

/// Why a duty says what it says.
#[utoipa::path(get, path = "/v1/incidents/{id}/duties/{duty}/explain", params(
    ("id" = String, Path, description = "An incident's id"),
    ("duty" = String, Path, description = "A duty's id, `regime/stage` or `regime/stage@subject`; its `/` may be written as %2F or as it is"),
), responses((status = 200, body = ExplainBody)))]
pub async fn explain(
    State(state): State<Arc<ServerState>>,
    authorized: Authorized,
    Path((id, duty)): Path<(String, String)>,
) -> Result<Response, Problem> {
    explained(&state, &authorized, &id, &duty)
}

/// The same, where the duty's id is written with its slash.
pub async fn explain_written(
    State(state): State<Arc<ServerState>>,
    authorized: Authorized,
    Path((id, regime, stage)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    explained(&state, &authorized, &id, &format!("{regime}/{stage}"))
}

fn explained(
    state: &ServerState,
    authorized: &Authorized,
    id: &str,
    duty: &str,
) -> Result<Response, Problem> {
    let audience = authorized.caller.audience();
    let incident = state.mirror.incident(id).ok_or_else(Problem::not_found)?;
    let now = state.clock.now();
    let (directory, rules) = (&state.directory, &state.rules);
    // The view says whether there is such a duty for this reader, and under which name.
    let seen = view(&audience, &incident, directory, rules, now).ok_or_else(Problem::not_found)?;
    let place = seen.duties.iter().position(|seen| seen.id == duty);
    let shown = place.and_then(|place| seen.duties.get(place));
    let known = duty::derive(&incident, directory, rules, now);
    let known = place.and_then(|place| known.get(place));
    let (counted, mut lines) = known
        .and_then(|known| duty::explained(&incident, directory, rules, &known.id, now))
        .ok_or_else(Problem::not_found)?;
    let mut citation = counted.citation;
    if !audience.reads(&incident, now) {
        // The text of a contract names the customer.
        let contract = shown.is_none_or(|shown| shown.contract);
        let of_the_text = |label| OF_THE_TEXT.contains(&label) && (!contract || label == "status");
        lines.retain(|line| of_the_text(line.label));
        citation = shown
            .map(|shown| shown.citation.clone())
            .unwrap_or_default();
    }
    let by = rules.counted();
    let body = ExplainBody {
        duty: duty.to_owned(),
        status: counted.status,
        lines: lines
            .into_iter()
            .map(|line| LineBody {
                label: line.label.to_owned(),
                text: line.text,
            })
            .collect(),
        citation,
        confidence: counted.confidence,
        verified: counted.verified,
        rules: by.rules,
        tz: by.tz,
    };
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    Ok(shown::json(Bytes::from(bytes), None))
}
