//! `restrict`: from now on an incident exists for the people named, and for nobody else; null or none lifts it. Which names
//! make a list, for one that is opened restricted too.

use serde::{Deserialize, Deserializer, Serialize};

use super::{Context, text};
use crate::domain::caller::{DISPLAY, PENDING};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;
use crate::domain::word::Tlp;

/// Most people on a list.
const MOST: usize = 100;
/// Most people named to whoever may not restrict.
const TOLD: usize = 5;

/// Restricts an incident to people, by the names of their tokens. Whoever restricts is always among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Restrict {
    /// Must be there: a body that forgot it lifts nothing. Null or empty lifts the restriction.
    #[serde(deserialize_with = "given")]
    #[schema(required = true)]
    pub people: Option<Vec<String>>,
}

/// Some of the names on a list, and how many there are besides.
fn named(people: &[String]) -> String {
    let (told, rest) = people.split_at(people.len().min(TOLD));
    let told = told.join(", ");
    match rest.len() {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}

fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    Option::deserialize(deserializer)
}

pub(super) fn decide(
    incident: &Incident,
    body: &Restrict,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    may_read(incident.tlp, context)?;
    if let Some(restriction) = &incident.restriction
        && !restriction.lists(&context.caller.name)
    {
        return Err(Refusal::not_allowed(format!(
            "The broken glass lets {} look at {}, not decide who else does; somebody on its list restricts it anew or lifts it: {}.",
            context.caller.name,
            incident.id,
            named(&restriction.people)
        )));
    }
    let given = body.people.as_deref().unwrap_or_default();
    if given.is_empty() {
        return match incident.restriction {
            Some(_) => Ok(vec![Event::Restricted { people: Vec::new() }]),
            None => Err(Refusal::state(format!(
                "{} is not restricted; there is nothing to lift.",
                incident.id
            ))),
        };
    }
    let people = list(given, incident.tlp, context)?;
    Ok(vec![Event::Restricted { people }])
}

/// Whose clearance does not reach leaves nobody else in who reads it either.
fn may_read(tlp: Tlp, context: &Context<'_>) -> Result<(), Refusal> {
    if context.caller.audience().may_read(tlp) {
        return Ok(());
    }
    Err(Refusal::not_allowed(format!(
        "The incident is marked {tlp}, above the clearance of the token {}; somebody who may read it restricts it.",
        context.caller.name
    )))
}

/// The list that the names given make for an incident of this mark: whoever asks stands first on it, named or not.
///
/// # Errors
/// The mark is above the caller's clearance, a name is none of a person, or there are too many.
pub(super) fn list(
    given: &[String],
    tlp: Tlp,
    context: &Context<'_>,
) -> Result<Vec<String>, Refusal> {
    may_read(tlp, context)?;
    let mut people = vec![context.caller.name.clone()];
    for name in given {
        text::check("people", name, text::NAME)?;
        let name = name.trim();
        if name.chars().any(char::is_control) {
            return Err(Refusal::invalid(
                "'people' holds a name with a control character; no token has one.",
            ));
        }
        if name.starts_with(DISPLAY) || name.starts_with(PENDING) {
            return Err(Refusal::invalid(format!(
                "'people' holds '{name}', which is a display: what everybody in a room reads is not restricted. Leave it out."
            )));
        }
        if !people.iter().any(|known| known == name) {
            people.push(name.to_owned());
        }
    }
    if people.len() > MOST {
        return Err(Refusal::invalid(format!(
            "'people' names {} with you; at most {MOST} fit.",
            people.len()
        )));
    }
    Ok(people)
}
