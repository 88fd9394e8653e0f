//! `open`: puts a possible incident on record.

use clap::Args as ClapArgs;
use indexmap::IndexMap;
use serde_json::Map;

use super::connection::{Reach, fresh_key};
use super::environment::block_on;
use super::exit::{DONE, Failure, Outcome};
use super::given::{assignment, fact, instant, when};
use super::output::Output;
use super::verb::unclocked;
use crate::client::Api;
use crate::domain::command::open::{Open, OpenTrigger};
use crate::domain::command::trigger::starts_nothing;
use crate::domain::word::{Classification, Severity, Tlp, Via};

/// Flags of `open`.
#[derive(Debug, ClapArgs)]
pub struct OpenArgs {
    /// What happened, in one line; no name of a person or a customer
    pub title: String,
    /// The service; may be left out where there is only one
    #[arg(long)]
    pub service: Option<String>,
    #[arg(long)]
    pub severity: Option<Severity>,
    #[arg(long)]
    pub classification: Option<Classification>,
    #[arg(long)]
    pub summary: Option<String>,
    #[arg(long)]
    pub tlp: Option<Tlp>,
    /// Who may see it, by the names of their tokens; you are always among them. It never exists for anybody else
    #[arg(long, value_name = "PERSON,...", value_delimiter = ',')]
    pub restrict: Vec<String>,
    /// A drill: never pages real people
    #[arg(long)]
    pub exercise: bool,
    /// When a planned exercise starts
    #[arg(long, requires = "exercise", value_name = "INSTANT")]
    pub starts_at: Option<String>,
    #[arg(long, value_name = "INSTANT")]
    pub occurred_at: Option<String>,
    /// Instead of the service's own regimes; may be given several times
    #[arg(long, value_name = "ID")]
    pub regime: Vec<String>,
    /// A named instant, as detected_at=2026-11-23T14:00:00Z; may be given several times
    #[arg(long, value_name = "NAME=INSTANT")]
    pub trigger: Vec<String>,
    /// A fact of the profile, as zone=Europe/Berlin; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub profile: Vec<String>,
    /// Sending again with the same key opens nothing twice
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    #[command(flatten)]
    pub reach: Reach,
}

pub fn run(args: OpenArgs) -> Outcome {
    block_on(1, open(args))?
}

async fn open(args: OpenArgs) -> Outcome {
    let (api, service) = place(&args).await?;
    let mut triggers = IndexMap::new();
    for given in &args.trigger {
        let (name, at) = assignment(given)?;
        triggers.insert(name.to_owned(), OpenTrigger::At(when(at)?));
    }
    let mut profile = Map::new();
    for given in &args.profile {
        let (key, value) = assignment(given)?;
        fact(&mut profile, key, value);
    }
    let body = Open {
        service,
        title: args.title,
        classification: args.classification,
        severity: args.severity,
        summary: args.summary,
        tlp: args.tlp,
        people: (!args.restrict.is_empty()).then_some(args.restrict),
        exercise: args.exercise,
        starts_at: args.starts_at.as_deref().map(instant).transpose()?,
        occurred_at: args.occurred_at.as_deref().map(when).transpose()?,
        regimes: (!args.regime.is_empty()).then_some(args.regime),
        profile: (!profile.is_empty()).then_some(profile),
        triggers,
        upstream: None,
    };
    let key = args.idempotency_key.unwrap_or_else(fresh_key);
    let output = Output::default();
    if args.reach.json {
        let body = serde_json::to_vec(&body)
            .map_err(|error| Failure::new(format!("the request cannot be written: {error}")))?;
        output.json(
            &api.post_raw("/v1/incidents", None, Some(&key), body)
                .await?,
        );
        return Ok(DONE);
    }
    let incident = api.open(&body, &key).await?;
    output.line(&incident.id);
    let restriction = incident.restriction.as_ref();
    let restricted = restriction.map_or(String::new(), |list| {
        format!(", restricted to {}", list.people.join(", "))
    });
    output.note(&format!(
        "{} {} is open{restricted}",
        incident.id, incident.codename
    ));
    for name in body
        .triggers
        .keys()
        .filter(|name| starts_nothing(&incident, name))
    {
        output.note(&unclocked(&incident.id, name));
    }
    Ok(DONE)
}

/// The backend that has the service, and the service where only one is there.
async fn place(args: &OpenArgs) -> Result<(Api, String), Failure> {
    let (mut known, mut all) = (Vec::new(), Vec::new());
    for api in args.reach.candidates(Via::Cli)? {
        for service in api.about().await?.value.services {
            all.push(service.id.clone());
            if args
                .service
                .as_ref()
                .is_none_or(|wanted| *wanted == service.id)
            {
                known.push((api.clone(), service.id));
            }
        }
    }
    let ids: Vec<String> = known.iter().map(|(_, id)| id.clone()).collect();
    match (known.pop(), known.is_empty(), &args.service) {
        (Some(only), true, _) => Ok(only),
        (Some(_), false, Some(service)) => Err(Failure::usage(format!(
            "several backends have the service '{service}': choose one with --url"
        ))),
        (Some(_), false, None) => Err(Failure::usage(format!(
            "choose a service with --service: {}",
            ids.join(", ")
        ))),
        (None, _, _) => Err(Failure::usage(format!(
            "no backend that answered has the service '{}': choose one of {}",
            args.service.clone().unwrap_or_default(),
            all.join(", ")
        ))),
    }
}
