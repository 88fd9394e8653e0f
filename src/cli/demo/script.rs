//! What goes on while the demo is watched: an incident opened and declared, a page and its answer, a loop back, again and
//! again with other words. Each round ends what it opened, so that the board stays as full as it is.

use serde_json::{Value, json};

use super::story::{Cast, Told, page};
use crate::cli::exit::Failure;
use crate::time::SharedClock;

/// Between two steps.
const STEP_MS: i64 = 5_000;
/// Between two rounds.
const ROUND_MS: i64 = 20_000;

const TITLES: [(&str, &str); 5] = [
    ("microsoft-365", "Consent granted to an unknown application"),
    ("azure", "Service principal signs in from two continents"),
    ("dynamics-365", "Report shared with everybody by a template"),
    ("power-platform", "Custom connector points at a new host"),
    ("azure", "Debug image found in production"),
];

/// Plays rounds without end. A step that fails is left out: what the viewer did to an incident wins.
pub async fn play(cast: Cast, told: Told, clock: SharedClock, seed: u32) {
    let start = usize::try_from(seed).unwrap_or_default();
    for (service, title) in TITLES.iter().cycle().skip(start % TITLES.len()) {
        if let Err(failure) = round(&cast, &told, &clock, service, title).await {
            tracing::debug!(%failure, "a round of the demo ended early");
        }
        clock.sleep(ROUND_MS).await;
    }
}

async fn round(
    cast: &Cast,
    told: &Told,
    clock: &SharedClock,
    service: &str,
    title: &str,
) -> Result<(), Failure> {
    let story = |name: &str| told.get(name).cloned().unwrap_or_default();
    let (keys, crm) = (story("keys"), story("crm"));
    clock.sleep(STEP_MS).await;
    let opened = cast
        .open("t.mbeki", json!({"service": service, "title": title, "severity": "sev3", "triggers": {"detected_at": clock.now()}}))
        .await?;
    let id = opened.id;
    let step = async |who: &str, on: &str, body: Value| {
        clock.sleep(STEP_MS).await;
        // The viewer may have done the same, or something else.
        if let Err(failure) = cast.give(who, on, body).await {
            tracing::debug!(%failure, "a step of the demo was refused");
        }
    };
    step(
        "t.mbeki",
        &id,
        json!({"type": "assign", "role": "commander", "person": "t.mbeki"}),
    )
    .await;
    step("t.mbeki", &keys, json!({"type": "page", "teams": ["threat-intelligence"], "message": "Do you know this signer?"})).await;
    step(
        "t.mbeki",
        &id,
        json!({"type": "set", "severity": "sev2", "classification": "suspected_breach"}),
    )
    .await;
    let open = page(cast.of("r.haddad")?, &keys, "threat-intelligence").await?;
    let eta = clock.now() + chrono::TimeDelta::minutes(20);
    step(
        "r.haddad",
        &keys,
        json!({"type": "acknowledge_page", "page": open, "answer": "coming", "eta": eta}),
    )
    .await;
    step(
        "d.okafor",
        &id,
        json!({"type": "declare", "reason": "reads by others in the log"}),
    )
    .await;
    step(
        "t.mbeki",
        &id,
        json!({"type": "advance", "to": "containment_eradication_and_recovery"}),
    )
    .await;
    step(
        "p.abara",
        &crm,
        json!({"type": "advance", "to": "detection_and_analysis", "reason": "new indicator"}),
    )
    .await;
    step("t.mbeki", &id, json!({"type": "note", "kind": "fact", "text": "The application is blocked in every tenant."})).await;
    step(
        "p.abara",
        &crm,
        json!({"type": "advance", "to": "containment_eradication_and_recovery"}),
    )
    .await;
    step(
        "t.mbeki",
        &id,
        json!({"type": "dismiss", "reason": "the drill of this round is over"}),
    )
    .await;
    Ok(())
}
