//! Which names an instant is recorded under. A name is open, as regimes bring their own; one that is nearly a known one is a
//! slip, and recorded it would start no clock while somebody believes that it did.

use super::Context;
use crate::domain::refusal::Refusal;
use crate::domain::text::near::steps;
use crate::domain::view::IncidentView;
use crate::domain::word::Milestone;

/// A name this near to a known one was meant to be that.
const SLIP: usize = 2;

/// Refuses a name that no clock of any regime knows and that is nearly one that some clock does.
pub(super) fn check(name: &str, context: &Context<'_>) -> Result<(), Refusal> {
    let regimes = context.rules.catalogue().regimes().iter();
    let mut known: Vec<&str> = Milestone::ALL.iter().map(|m| m.as_str()).collect();
    for stage in regimes.flat_map(|regime| &regime.stages) {
        known.extend(stage.clock.triggers());
        let variants = stage.variants.iter();
        known.extend(variants.flat_map(|variant| variant.clock.triggers()));
        known.extend(stage.met_by.iter().map(String::as_str));
    }
    if known.contains(&name) {
        return Ok(());
    }
    known.sort_unstable();
    known.dedup();
    let whole = format!("{name}_at");
    known.retain(|other| *other == whole || steps(name, other) <= SLIP);
    match known.is_empty() {
        true => Ok(()),
        false => Err(Refusal::invalid(format!(
            "No clock of any regime runs from '{name}'; near: {}.",
            known.join(", ")
        ))),
    }
}

/// Whether no duty that an incident has counts or waits for an instant, nor is met by it.
pub fn starts_nothing(incident: &IncidentView, name: &str) -> bool {
    let of_response = Milestone::ALL.iter().any(|m| m.as_str() == name);
    let mut duties = incident.duties.iter().filter(|duty| duty.enabled);
    !of_response && !duties.any(|duty| duty.trigger.as_deref() == Some(name))
}
