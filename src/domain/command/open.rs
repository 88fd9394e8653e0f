//! `open`: puts a possible incident on record. The id and the codename are allotted by the store, in the same transaction.

use indexmap::IndexMap;
use serde::de::value::MapAccessDeserializer;
use serde::de::{IntoDeserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{Context, record_time, text};
use crate::domain::event::{Event, Opened};
use crate::domain::instant::Instant;
use crate::domain::refusal::Refusal;
use crate::domain::view::Upstream;
use crate::domain::when::When;
use crate::domain::word::{Classification, Precision, Role, Severity, Tlp};

/// The body of `POST /v1/incidents`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Open {
    pub service: String,
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classification: Option<Classification>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tlp: Option<Tlp>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exercise: bool,
    /// A planned exercise: it waits in preparation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub starts_at: Option<Instant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub occurred_at: Option<When>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regimes: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub profile: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schema(value_type = Object)]
    pub triggers: IndexMap<String, OpenTrigger>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Upstream>,
}

/// A trigger known at opening: the instant alone, or with how and from whom it is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum OpenTrigger {
    At(When),
    Full(FullTrigger),
}

impl<'de> Deserialize<'de> for OpenTrigger {
    /// By hand: an untagged enum would not name the field that it does not know.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OpenTrigger, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = OpenTrigger;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an instant, or an object with 'at', 'precision' and 'source'")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OpenTrigger, E> {
                When::deserialize(text.into_deserializer()).map(OpenTrigger::At)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OpenTrigger, A::Error> {
                FullTrigger::deserialize(MapAccessDeserializer::new(map)).map(OpenTrigger::Full)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A trigger with its precision and source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FullTrigger {
    pub at: When,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<Precision>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// What the store allots to a new incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allotted {
    /// `<prefix>-<n>`.
    pub id: String,
    pub codename: String,
}

/// Most keys a profile may have.
const PROFILE_KEYS: usize = 64;
/// Most regimes one incident may be under.
const REGIMES: usize = 64;

/// Whether a list of regimes and a profile may stand; `set` asks the same.
pub(super) fn check_profile(
    regimes: Option<&[String]>,
    profile: Option<&Map<String, Value>>,
) -> Result<(), Refusal> {
    if let Some(regimes) = regimes {
        if regimes.len() > REGIMES {
            return Err(Refusal::invalid(format!(
                "'regimes' names {}; at most {REGIMES} fit.",
                regimes.len()
            )));
        }
        for regime in regimes {
            text::check("regimes", regime, text::NAME)?;
        }
    }
    if let Some(profile) = profile {
        text::check_fields("profile", profile)?;
        if profile.len() > PROFILE_KEYS {
            return Err(Refusal::invalid(format!(
                "'profile' has {} keys; at most {PROFILE_KEYS} fit.",
                profile.len()
            )));
        }
        if let Some(zone) = profile.get("zone").filter(|zone| !zone.is_null()) {
            let known = zone
                .as_str()
                .is_some_and(|zone| zone.parse::<chrono_tz::Tz>().is_ok());
            if !known {
                return Err(Refusal::invalid(format!(
                    "'profile.zone' {zone} is no time zone; write one such as Europe/Berlin."
                )));
            }
        }
    }
    Ok(())
}

/// Decides an opening.
pub fn decide(
    body: &Open,
    allotted: &Allotted,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    if context.caller.role < Role::Responder {
        return Err(Refusal::not_allowed(
            "Opening an incident needs the role responder; ask an incident commander.",
        ));
    }
    let Some(service) = context
        .directory
        .service(&body.service)
        .filter(|s| context.caller.sees_service(&s.id))
    else {
        let known: Vec<&str> = context
            .directory
            .services
            .iter()
            .map(|s| s.id.as_str())
            .filter(|s| context.caller.sees_service(s))
            .collect();
        return Err(Refusal::invalid(format!(
            "There is no service '{}'; known are: {}.",
            body.service.chars().take(80).collect::<String>(),
            known.join(", ")
        )));
    };
    text::check("title", &body.title, text::TITLE)?;
    text::check_optional("summary", body.summary.as_deref(), text::LONG)?;
    check_profile(body.regimes.as_deref(), body.profile.as_ref())?;
    if body.starts_at.is_some() && !body.exercise {
        return Err(Refusal::invalid(
            "'starts_at' is for a planned exercise: set \"exercise\": true, or leave it out.",
        ));
    }
    text::in_calendar_optional("starts_at", body.starts_at)?;
    if let Some(at) = body.occurred_at {
        text::not_in_future("occurred_at", at.at, context.now)?;
    }
    if let Some(upstream) = &body.upstream {
        text::check("upstream.connector", &upstream.connector, text::NAME)?;
        text::check("upstream.key", &upstream.key, text::TITLE)?;
        text::fits(
            "upstream.url",
            upstream.url.as_deref().unwrap_or_default(),
            text::MESSAGE,
        )?;
        text::check_fields("upstream", &upstream.rest)?;
    }
    let opened = Opened {
        id: allotted.id.clone(),
        codename: allotted.codename.clone(),
        service: service.id.clone(),
        title: body.title.clone(),
        summary: body.summary.clone(),
        classification: body.classification,
        severity: body.severity,
        tlp: body.tlp.unwrap_or(Tlp::Amber),
        exercise: body.exercise,
        starts_at: body.starts_at,
        occurred_at: body.occurred_at,
        owner: service.owner.clone(),
        service_team: service.service_team.clone(),
        regimes: body
            .regimes
            .clone()
            .unwrap_or_else(|| service.regimes.clone()),
        profile: body.profile.clone().unwrap_or_default(),
        upstream: body.upstream.clone(),
    };
    let mut events = vec![Event::Opened(Box::new(opened))];
    for (name, given) in &body.triggers {
        events.push(trigger(name, given, context)?);
    }
    Ok(events)
}

fn trigger(name: &str, given: &OpenTrigger, context: &Context<'_>) -> Result<Event, Refusal> {
    if !record_time::is_trigger_name(name) {
        return Err(Refusal::invalid(format!(
            "'triggers' names '{}'; a trigger is a name such as detected_at.",
            name.chars().take(80).collect::<String>()
        )));
    }
    if name == "declared_at" {
        return Err(Refusal::invalid(
            "'triggers' cannot set declared_at: open the incident, then declare it, with a name.",
        ));
    }
    let (at, source) = match given {
        OpenTrigger::At(at) => (*at, None),
        OpenTrigger::Full(full) => (
            record_time::precise(full.at, full.precision)?,
            full.source.clone(),
        ),
    };
    text::check_optional("source", source.as_deref(), text::NAME)?;
    text::not_in_future(name, at.at, context.now)?;
    Ok(Event::TimeRecorded {
        trigger: name.to_owned(),
        at,
        precision: at.precision,
        source,
        reason: None,
        duty: None,
        proposed: false,
    })
}
