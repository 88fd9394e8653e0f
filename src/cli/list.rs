//! `list`: the incidents of a backend, one a line, the most urgent first.

use clap::Args as ClapArgs;

use super::connection::{Reach, segment};
use super::environment::block_on;
use super::exit::{DONE, Failure, Outcome};
use super::output::{in_part, table};
use crate::client::Api;
use crate::domain::duty::status_at;
use crate::domain::instant::Instant;
use crate::domain::view::{DutyView, IncidentView};
use crate::domain::word::{DutyStatus, Severity, Via};
use crate::ui::index::asks_reportable;

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
    let mut silent = Vec::new();
    let apis = args.reach.candidates(Via::Cli)?;
    for api in &apis {
        match whole(api, &query).await {
            Ok((incidents, now)) => rows.extend(incidents.iter().map(|of| row(of, now))),
            Err(failure) => silent.push(failure),
        }
    }
    rows.sort();
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(_, row)| row).collect();
    if rows.is_empty() && silent.is_empty() {
        output.note("no incident");
    }
    for line in table(&rows) {
        output.line(&line);
    }
    in_part(&output, apis.len(), silent)
}

async fn whole(api: &Api, query: &str) -> Result<(Vec<IncidentView>, Instant), Failure> {
    let heard = api.list_page(query).await?;
    let incidents = heard.value.incidents.iter();
    Ok((incidents.map(|i| (**i).clone()).collect(), heard.now))
}

/// What an incident owes: what is late, the next that can still be met, else what keeps a clock from running.
fn owed(incident: &IncidentView, now: Instant) -> String {
    let day = |at: Instant| at.format("%a %d %b %H:%M UTC").to_string();
    let duties = incident.duties.iter().filter(|duty| duty.enabled);
    let duties: Vec<(&DutyView, DutyStatus)> =
        duties.map(|duty| (duty, status_at(duty, now))).collect();
    let nearest = |passes: &dyn Fn(DutyStatus) -> bool| {
        let these = duties.iter().filter(|(_, status)| passes(*status));
        let due = these.filter_map(|(duty, status)| Some((duty.due_at?, *duty, *status)));
        due.min_by_key(|(due, ..)| *due)
    };
    let late = |status| matches!(status, DutyStatus::Overdue | DutyStatus::PastDue);
    let mut said = Vec::new();
    if let Some((due, duty, status)) = nearest(&late) {
        let how = match status {
            DutyStatus::PastDue => "first reading PASSED",
            _ => "OVERDUE since",
        };
        let many = duties.iter().filter(|(_, status)| late(*status)).count();
        let more = match many {
            1 => String::new(),
            many => format!(" (+{} more late)", many - 1),
        };
        said.push(format!("{} {how} {}{more}", duty.id, day(due)));
    }
    let runs = |status: DutyStatus| status.counts_down() && !late(status);
    if let Some((due, duty, _)) = nearest(&runs) {
        said.push(format!("{} by {}", duty.id, day(due)));
    }
    if asks_reportable(incident) {
        said.push("reportable? not answered".to_owned());
    }
    if said.is_empty() {
        let of = |status: DutyStatus| duties.iter().find(|(_, is)| *is == status);
        let waits = [
            (DutyStatus::Undecided, "not decided"),
            (DutyStatus::CalendarUnknown, "calendar unknown"),
            (DutyStatus::NoFixedLimit, "open, no number in the text"),
        ];
        let held = of(DutyStatus::Held).map(|(duty, _)| {
            let until = duty.hold.as_ref().and_then(|hold| hold.until);
            let until = until.map_or_else(
                || "until released".to_owned(),
                |at| format!("to {}", day(at)),
            );
            format!("{} HELD {until}", duty.id)
        });
        let waits = waits
            .into_iter()
            .find_map(|(status, words)| Some(format!("{} {words}", of(status)?.0.id)));
        said.extend(waits.or(held));
    }
    match said.is_empty() {
        true => "-".to_owned(),
        false => said.join("; "),
    }
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
    let next = owed(incident, now);
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

#[cfg(test)]
mod tests;
