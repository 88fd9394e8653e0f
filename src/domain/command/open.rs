//! `open`: puts a possible incident on record. The id and the codename are allotted by the store, in the same transaction.

use indexmap::IndexMap;
use serde::de::value::MapAccessDeserializer;
use serde::de::{IntoDeserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{Context, record_time, restrict, scope, text};
use crate::domain::allowed::{CommandKind, Standing, allowed};
use crate::domain::clock::guard;
use crate::domain::event::{Event, Opened};
use crate::domain::instant::Instant;
use crate::domain::refusal::Refusal;
use crate::domain::view::Upstream;
use crate::domain::when::When;
use crate::domain::word::{Classification, Phase, Precision, Role, Severity, Tlp};

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
    /// Who may see it, by the names of their tokens; whoever opens it is always among them. Absent: everybody with the
    /// service; an empty list is refused. It is restricted by the entry that opens it, and was never there for anybody else.
    /// Needs what the command `restrict` needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<Vec<String>>,
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
    /// What rules ask of the entity: `zone`, `calendar`, `roles`, `countries`, `affected` and more. `subjects` tells apart
    /// whom a regime's duties are for: `{"ms-72h": ["acme"]}` makes the duty `ms-72h/customer@acme`.
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

/// Decides an opening.
///
/// # Errors
/// The caller may not open incidents, there is no such service for them, or a field does not fit.
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
    if body.people.is_some() {
        let anew = Standing {
            phase: Phase::DetectionAndAnalysis,
            ended: None,
            exercise: body.exercise,
        };
        allowed(CommandKind::Restrict, anew, context.caller)?;
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
    if let Some(regimes) = &body.regimes {
        scope::check_regimes(regimes, &[], context)?;
    }
    if let Some(profile) = &body.profile {
        scope::check_profile(profile, profile, context)?;
    }
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
    let people = people(body, context)?;
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
        people,
    };
    let mut events = vec![Event::Opened(Box::new(opened))];
    let mut recorded = Vec::new();
    for (name, given) in &body.triggers {
        let (at, event) = trigger(name, given, context)?;
        recorded.push((name.clone(), at));
        events.push(event);
    }
    guard::in_order(&recorded).map_err(record_time::refused)?;
    Ok(events)
}

/// For whom it exists from its first entry on; nobody named: for everybody.
fn people(body: &Open, context: &Context<'_>) -> Result<Vec<String>, Refusal> {
    let Some(given) = &body.people else {
        return Ok(Vec::new());
    };
    if given.is_empty() {
        return Err(Refusal::invalid(
            "'people' is empty: name who may see the incident, you alone if nobody else, or leave it out for everybody.",
        ));
    }
    restrict::list(given, body.tlp.unwrap_or(Tlp::Amber), context)
}

fn trigger(
    name: &str,
    given: &OpenTrigger,
    context: &Context<'_>,
) -> Result<(When, Event), Refusal> {
    if !record_time::is_trigger_name(name) {
        return Err(Refusal::invalid(format!(
            "'triggers' names '{}'; a trigger is a name such as detected_at.",
            name.chars().take(80).collect::<String>()
        )));
    }
    super::trigger::check(name, context)?;
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
    record_time::check_instant(name, at, context.now)?;
    let event = Event::TimeRecorded {
        trigger: name.to_owned(),
        at,
        precision: at.precision,
        source,
        reason: None,
        duty: None,
        proposed: false,
    };
    Ok((at, event))
}
