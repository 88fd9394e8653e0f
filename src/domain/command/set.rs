//! `set`: fields of an incident. Absent is untouched, null is cleared; `regimes` replaces, `profile` merges by top-level key.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{Context, scope, text, worker};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::refusal::Refusal;
use crate::domain::view_of::MASKED;
use crate::domain::word::{Classification, Comms, Responsibility, Severity, Tlp};

/// A field that may be absent, null or given.
pub type Field<T> = Option<Option<T>>;

fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Field<T>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// The fields to set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Set {
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Severity>)]
    pub severity: Field<Severity>,
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Classification>)]
    pub classification: Field<Classification>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub summary: Field<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tlp: Option<Tlp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regimes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub profile: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub responsibility: Option<Responsibility>,
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub bridge: Field<String>,
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub channel: Field<String>,
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub out_of_band: Field<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comms: Option<Comms>,
}

impl Set {
    /// The names of the fields it touches.
    pub fn touched(&self) -> Vec<&'static str> {
        let all = [
            ("severity", self.severity.is_some()),
            ("classification", self.classification.is_some()),
            ("title", self.title.is_some()),
            ("summary", self.summary.is_some()),
            ("tlp", self.tlp.is_some()),
            ("regimes", self.regimes.is_some()),
            ("profile", self.profile.is_some()),
            ("responsibility", self.responsibility.is_some()),
            ("bridge", self.bridge.is_some()),
            ("channel", self.channel.is_some()),
            ("out_of_band", self.out_of_band.is_some()),
            ("comms", self.comms.is_some()),
        ];
        all.into_iter()
            .filter(|(_, touched)| *touched)
            .map(|(name, _)| name)
            .collect()
    }

    /// The first field it touches that the caller sees masked: what stands there would be overwritten unseen.
    fn touches_hidden(&self, incident: &Incident, context: &Context<'_>) -> Option<&'static str> {
        if context.caller.audience().may_read(incident.tlp) {
            return None;
        }
        let catalogue = context.rules.catalogue();
        let contract = |id: &String| catalogue.names_a_customer(id);
        let hidden = |field: &&str| match *field {
            "tlp" => true,
            "regimes" => incident.regimes.iter().any(contract),
            field => MASKED.contains(&field),
        };
        self.touched().into_iter().find(hidden)
    }

    /// Sets the fields of an incident.
    pub fn apply_to(&self, incident: &mut Incident) {
        fn put<T: Clone>(field: &mut Option<T>, given: &Field<T>) {
            if let Some(value) = given {
                field.clone_from(value);
            }
        }
        fn replace<T: Clone>(field: &mut T, given: &Option<T>) {
            if let Some(value) = given {
                field.clone_from(value);
            }
        }
        put(&mut incident.severity, &self.severity);
        put(&mut incident.classification, &self.classification);
        put(&mut incident.summary, &self.summary);
        put(&mut incident.bridge, &self.bridge);
        put(&mut incident.channel, &self.channel);
        put(&mut incident.out_of_band, &self.out_of_band);
        replace(&mut incident.title, &self.title);
        replace(&mut incident.tlp, &self.tlp);
        replace(&mut incident.regimes, &self.regimes);
        replace(&mut incident.responsibility, &self.responsibility);
        replace(&mut incident.comms, &self.comms);
        for (key, value) in self.profile.iter().flatten() {
            if value.is_null() {
                incident.profile.shift_remove(key);
            } else {
                incident.profile.insert(key.clone(), value.clone());
            }
        }
    }
}

pub(super) fn decide(
    incident: &Incident,
    body: &Set,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    if let Some(field) = body.touches_hidden(incident, context) {
        return Err(Refusal::not_allowed(format!(
            "'{field}' is hidden from the token {}: the incident is marked {}, above its clearance; somebody who may read it changes it.",
            context.caller.name, incident.tlp
        )));
    }
    if body.touched().is_empty() {
        return Err(Refusal::invalid(
            "'set' names no field; nothing would change.",
        ));
    }
    text::check_optional("title", body.title.as_deref(), text::TITLE)?;
    text::check_optional(
        "summary",
        body.summary.as_ref().and_then(|f| f.as_deref()),
        text::LONG,
    )?;
    for (key, field) in [
        ("bridge", &body.bridge),
        ("channel", &body.channel),
        ("out_of_band", &body.out_of_band),
    ] {
        text::check_optional(key, field.as_ref().and_then(|f| f.as_deref()), text::TITLE)?;
    }
    if let Some(regimes) = &body.regimes {
        scope::check_regimes(regimes, &incident.regimes, context)?;
    }
    if let Some(profile) = &body.profile {
        let mut after = incident.clone();
        body.apply_to(&mut after);
        scope::check_profile(&after.profile, profile, context)?;
    }
    if body.tlp.is_some_and(|tlp| tlp > context.caller.clearance) {
        return Err(Refusal::invalid(
            "You cannot mark an incident above your own clearance: you would no longer see it.",
        ));
    }
    let mut events = vec![Event::FieldsSet(Box::new(body.clone()))];
    if body.comms == Some(Comms::Suspect) && incident.comms == Comms::Trusted {
        let mut after = incident.clone();
        body.apply_to(&mut after);
        events.extend(worker::leave_in_band(&after, context));
    }
    Ok(events)
}
