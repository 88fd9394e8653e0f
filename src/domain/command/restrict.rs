//! `restrict`: from now on an incident exists for the people named, and for nobody else; null or none lifts it.

use serde::{Deserialize, Deserializer, Serialize};

use super::{Context, text};
use crate::domain::caller::{DISPLAY, PENDING};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;

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
    if !context.caller.audience().may_read(incident.tlp) {
        return Err(Refusal::not_allowed(format!(
            "The incident is marked {}, above the clearance of the token {}; somebody who may read it restricts it.",
            incident.tlp, context.caller.name
        )));
    }
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
    Ok(vec![Event::Restricted { people }])
}
