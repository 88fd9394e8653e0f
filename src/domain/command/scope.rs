//! What an incident is counted under: its regimes and the profile they ask. Refused here is what no clock could be counted
//! from; what follows from the rest is `duty`.

use serde_json::{Map, Value};

use super::{Context, text};
use crate::domain::clock::{Catalogue, Profile};
use crate::domain::duty::{SUBJECTS, is_subject};
use crate::domain::refusal::Refusal;
use crate::domain::text::near::steps;

/// Most keys a profile may have.
const PROFILE_KEYS: usize = 64;
/// Most regimes one incident may be under.
const REGIMES: usize = 64;
/// Most subjects one regime's duties may be told apart by.
const SUBJECTS_OF_REGIME: usize = 200;
/// Most ids a refusal names.
const NAMED: usize = 5;

/// Whether these regimes may stand; `known` are those the incident has already, whatever became of their rules.
pub(super) fn check_regimes(
    regimes: &[String],
    known: &[String],
    context: &Context<'_>,
) -> Result<(), Refusal> {
    if regimes.len() > REGIMES {
        return Err(Refusal::invalid(format!(
            "'regimes' names {}; at most {REGIMES} fit.",
            regimes.len()
        )));
    }
    let catalogue = context.rules.catalogue();
    for regime in regimes {
        text::check("regimes", regime, text::NAME)?;
        if catalogue.regime(regime).is_none() && !known.contains(regime) {
            return Err(unknown(regime, catalogue));
        }
    }
    Ok(())
}

fn unknown(regime: &str, catalogue: &Catalogue) -> Refusal {
    let regime: String = regime.chars().take(80).collect();
    let ids = catalogue.regimes().iter().map(|r| r.id.as_str());
    let mut near: Vec<(usize, &str)> = ids.map(|id| (steps(&regime, id), id)).collect();
    near.sort_unstable();
    let likely = near.iter().filter(|(far, id)| {
        *far <= 1 + regime.chars().count() / 3 || (regime.len() > 2 && id.contains(regime.as_str()))
    });
    let likely: Vec<&str> = likely.map(|(_, id)| *id).take(NAMED).collect();
    let hint = match likely.as_slice() {
        [] => "warboard regimes list, or GET /v1/regimes, has those there are".to_owned(),
        likely => format!("near it are: {}", likely.join(", ")),
    };
    Refusal::invalid(format!(
        "'regimes' names '{regime}', which is not in the catalogue; {hint}."
    ))
}

/// Whether a profile may stand, as it would be after the change; `touched` are the keys that were given.
pub(super) fn check_profile(
    profile: &Map<String, Value>,
    touched: &Map<String, Value>,
    context: &Context<'_>,
) -> Result<(), Refusal> {
    text::check_fields("profile", touched)?;
    if profile.len() > PROFILE_KEYS {
        return Err(Refusal::invalid(format!(
            "'profile' has {} keys; at most {PROFILE_KEYS} fit.",
            profile.len()
        )));
    }
    let catalogue = context.rules.catalogue();
    // What stands from before is not the fault of who touches another key.
    let read = Profile::from_json(&Value::Object(touched.clone()))
        .map_err(|fault| Refusal::invalid(format!("'profile' cannot be read: {fault}.")))?;
    if let Some(calendar) = read.calendar.filter(|id| catalogue.calendar(id).is_none()) {
        let known = catalogue.calendars().iter().map(|c| c.id.as_str());
        return Err(Refusal::invalid(format!(
            "'profile.calendar' '{}' is not a calendar that is known; known are: {}.",
            calendar.chars().take(80).collect::<String>(),
            known.collect::<Vec<_>>().join(", ")
        )));
    }
    match touched.get(SUBJECTS) {
        Some(subjects) if !subjects.is_null() => check_subjects(subjects),
        _ => Ok(()),
    }
}

fn check_subjects(subjects: &Value) -> Result<(), Refusal> {
    let wrong = || {
        Refusal::invalid(
            "'profile.subjects' tells apart whom one regime's duties are for: write {\"ms-72h\": [\"acme\", \"wave-2\"]}, names in small letters, digits and dashes.",
        )
    };
    for (regime, names) in subjects.as_object().ok_or_else(wrong)? {
        let names = names.as_array().ok_or_else(wrong)?;
        if names.len() > SUBJECTS_OF_REGIME {
            return Err(Refusal::invalid(format!(
                "'profile.subjects' names {} for {}; at most {SUBJECTS_OF_REGIME} fit.",
                names.len(),
                regime.chars().take(80).collect::<String>()
            )));
        }
        for name in names {
            name.as_str().filter(|n| is_subject(n)).ok_or_else(wrong)?;
        }
    }
    Ok(())
}
