//! `list`: the incidents of a backend, one a line, the most urgent first.

use clap::Args as ClapArgs;

use super::connection::{Reach, segment};
use super::environment::block_on;
use super::exit::{DONE, Failure, Outcome};
use super::output::table;
use crate::client::Api;
use crate::domain::duty::status_at;
use crate::domain::instant::Instant;
use crate::domain::view::IncidentView;
use crate::domain::word::{Severity, Via};

/// Flags of `list`.
#[derive(Debug, ClapArgs)]
pub struct ListArgs {
    /// Closed and dismissed ones too
    #[arg(long)]
    pub all: bool,
    /// Only of this phase
    #[arg(long)]
    pub phase: Option<String>,
    /// Only of this service
    #[arg(long)]
    pub service: Option<String>,
    /// Only of this owning team
    #[arg(long)]
    pub owner: Option<String>,
    /// Only of this severity
    #[arg(long)]
    pub severity: Option<String>,
    /// Only where this person holds a seat or decides
    #[arg(long)]
    pub person: Option<String>,
    /// Only with this in id, codename or title
    #[arg(long, short)]
    pub q: Option<String>,
    #[command(flatten)]
    pub reach: Reach,
}

impl ListArgs {
    fn query(&self) -> String {
        let given = [
            ("open", self.all.then_some("all")),
            ("phase", self.phase.as_deref()),
            ("service", self.service.as_deref()),
            ("owner", self.owner.as_deref()),
            ("severity", self.severity.as_deref()),
            ("person", self.person.as_deref()),
            ("q", self.q.as_deref()),
        ];
        let pairs: Vec<String> = given
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", segment(value?))))
            .collect();
        pairs.join("&")
    }
}

pub fn run(args: ListArgs) -> Outcome {
    block_on(1, list(args))?
}

/// For whoever has a runtime already.
pub async fn list(args: ListArgs) -> Outcome {
    let output = args.reach.output();
    let query = args.query();
    if args.reach.json {
        let api = args.reach.one(Via::Cli)?;
        let path = match query.is_empty() {
            true => "/v1/incidents".to_owned(),
            false => format!("/v1/incidents?{query}"),
        };
        output.json(&api.get_raw(&path).await?);
        return Ok(DONE);
    }
    let mut rows = Vec::new();
    for api in args.reach.candidates(Via::Cli)? {
        let (incidents, now) = whole(&api, &query).await?;
        rows.extend(incidents.iter().map(|incident| row(incident, now)));
    }
    rows.sort();
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(_, row)| row).collect();
    if rows.is_empty() {
        output.note("no incident");
    }
    for line in table(&rows) {
        output.line(&line);
    }
    Ok(DONE)
}

async fn whole(api: &Api, query: &str) -> Result<(Vec<IncidentView>, Instant), Failure> {
    let heard = api.list_page(query).await?;
    let incidents = heard.value.incidents.iter();
    Ok((incidents.map(|i| (**i).clone()).collect(), heard.now))
}

type Order = (bool, bool, u8, String, u64);

fn row(incident: &IncidentView, now: Instant) -> (Order, Vec<String>) {
    let (prefix, number) = incident.id.rsplit_once('-').unwrap_or(("", "0"));
    let order = (
        incident.exercise,
        incident.ended.is_some(),
        Severity::rank(incident.severity),
        prefix.to_owned(),
        number.parse().unwrap_or(u64::MAX),
    );
    let nearest = incident
        .duties
        .iter()
        .filter(|duty| duty.enabled && status_at(duty, now).counts_down())
        .filter_map(|duty| Some((duty.due_at?, duty)))
        .min_by_key(|(due, _)| *due);
    let next = match nearest {
        Some((due, duty)) => format!("{} by {}", duty.id, due.format("%a %d %b %H:%M UTC")),
        None => "-".to_owned(),
    };
    let phase = match incident.ended {
        Some(ended) => ended.as_str().to_owned(),
        None => incident.phase.short().to_owned(),
    };
    let title = incident
        .title
        .clone()
        .unwrap_or_else(|| "(hidden)".to_owned());
    let cells = vec![
        incident.id.clone(),
        incident.severity.map_or("sev?", |s| s.as_str()).to_owned(),
        phase,
        incident.codename.clone(),
        incident
            .commander
            .clone()
            .unwrap_or_else(|| match incident.is_masked("commander") {
                true => "(hidden)".to_owned(),
                false => "NO COMMANDER".to_owned(),
            }),
        next,
        match incident.exercise {
            true => format!("EXERCISE {title}"),
            false => title,
        },
    ];
    (order, cells)
}
