//! `teams`: the directory, with the kinds of ways to reach a team.

use clap::Args as ClapArgs;

use super::connection::Reach;
use super::environment::block_on;
use super::exit::{DONE, Failure, Outcome};
use super::output::{in_part, table};
use crate::domain::board::RouteView;
use crate::domain::word::Via;

/// Flags of `teams`.
#[derive(Debug, ClapArgs)]
pub struct TeamsArgs {
    #[command(flatten)]
    pub reach: Reach,
}

pub fn run(args: TeamsArgs) -> Outcome {
    block_on(1, teams(args))?
}

/// For whoever has a runtime already.
pub async fn teams(args: TeamsArgs) -> Outcome {
    let output = args.reach.output();
    if args.reach.json {
        let api = args.reach.one(Via::Cli)?;
        output.json(&api.get_raw("/v1/teams").await?);
        return Ok(DONE);
    }
    let mut rows = Vec::new();
    let mut silent = Vec::new();
    let apis = args.reach.candidates(Via::Cli)?;
    for api in &apis {
        let teams = match api.teams().await {
            Ok(heard) => heard.value,
            Err(error) => {
                silent.push(Failure::from(error));
                continue;
            }
        };
        for team in teams {
            let name = |route: RouteView| route.connector.unwrap_or(route.kind);
            let routes: Vec<String> = team.routes.into_iter().map(name).collect();
            rows.push(vec![
                team.id,
                team.kind.to_string(),
                match routes.is_empty() {
                    true => "NO ROUTE".to_owned(),
                    false => routes.join(", "),
                },
                format!("answers within {}", team.ack_within),
                team.engage_when.join("; "),
            ]);
        }
    }
    for line in table(&rows) {
        output.line(&line);
    }
    in_part(&output, apis.len(), silent)
}
