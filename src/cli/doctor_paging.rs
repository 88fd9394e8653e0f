//! `doctor paging`: sends a marked test over every route of a backend's file, and says of each whether it was taken.
//! Whether a person saw it, only a person can say.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::environment::{block_on, clock, variable};
use super::exit::{DONE, FAILED, Failure, Outcome};
use super::output::{Output, table};
use crate::config::ServerFile;
use crate::net::SettingsFault;
use crate::paging::message::PageMessage;
use crate::paging::settings::{Called, RouteKind, RouteSettings};
use crate::paging::{Attempt, Sent, route};
use crate::time::{SharedClock, timeout};

/// The longest one test may take, in milliseconds.
const TEST_WITHIN_MS: i64 = 15_000;

/// Flags of `doctor paging`.
#[derive(Debug, ClapArgs)]
pub struct PagingArgs {
    /// The backend's own file; default: server.toml in the settings' folder
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

pub fn run(args: PagingArgs) -> Outcome {
    let file = ServerFile::load(args.config.as_deref(), &variable)?;
    if file.routes.is_empty() {
        return Err(Failure::new(
            "no team has a route: add [[team.route]] to the backend's file, or name it with --config",
        ));
    }
    block_on(1, tests(file))?
}

/// All of them side by side, told in the order of the file.
async fn tests(file: ServerFile) -> Outcome {
    let clock = clock();
    let mut tests = Vec::new();
    for (id, routes) in &file.routes {
        let name = file.directory.team(id).map_or(id, |team| &team.name);
        for settings in routes {
            tests.push(test(id, name, settings, &clock));
        }
    }
    let unreached: Vec<String> = file
        .directory
        .teams
        .iter()
        .filter(|team| {
            !file
                .routes
                .iter()
                .any(|(id, routes)| *id == team.id && !routes.is_empty())
        })
        .map(|team| team.id.clone())
        .collect();
    let told = futures::future::join_all(tests).await;
    let rows: Vec<Vec<String>> = told.iter().map(|(_, row)| row.clone()).collect();
    let output = Output::default();
    for line in table(&rows) {
        output.line(&line);
    }
    for team in &unreached {
        output.line(&format!(
            "NO ROUTE  {team}: nobody is woken by a page to it"
        ));
    }
    let good = told.iter().all(|(good, _)| *good);
    Ok(if good { DONE } else { FAILED })
}

/// Whether the route took its test, and the line that says so.
async fn test(
    id: &str,
    name: &str,
    settings: &RouteSettings,
    clock: &SharedClock,
) -> (bool, Vec<String>) {
    let kind = settings.kind().as_str();
    let row = |good, verdict: &str, why: String| {
        let cells = [verdict, id, kind];
        let mut row: Vec<String> = cells.iter().map(|cell| (*cell).to_owned()).collect();
        row.push(why);
        (good, row)
    };
    let by_connector = |name: &str, _: &Called| {
        let why = format!("not tested: {name} calls people for its own incidents only");
        Err(SettingsFault::new("connector", why))
    };
    let route = match route(settings, clock, &by_connector) {
        Ok(route) => route,
        Err(fault) if settings.kind() == RouteKind::Connector => {
            return row(true, "skipped", fault.why);
        }
        Err(fault) => return row(false, "WRONG", fault.to_string()),
    };
    let now = clock.now();
    let message = PageMessage::test(name, settings.clearance, now);
    let body = route.body(&message.page, &message);
    let attempt = Attempt {
        key: &message.page,
        body: &body,
        repeat: false,
        now,
    };
    match timeout(&**clock, TEST_WITHIN_MS, route.send(attempt)).await {
        Ok(Sent::Accepted) => {}
        Ok(Sent::Unknown(why)) => {
            return row(false, "UNKNOWN", format!("{why}: it may have arrived"));
        }
        Ok(Sent::NotTaken { why, .. } | Sent::Failed(why)) => return row(false, "WRONG", why),
        Err(_) => return row(false, "UNKNOWN", "no answer in time".to_owned()),
    }
    let taken = "accepted: ask the team whether the test arrived";
    let Some(body) = route.resolution(&message.page) else {
        return row(true, "good", taken.to_owned());
    };
    // What the test opened there is closed again, so that it wakes nobody later.
    let attempt = Attempt {
        body: &body,
        ..attempt
    };
    match timeout(&**clock, TEST_WITHIN_MS, route.send(attempt)).await {
        Ok(Sent::Accepted) => row(true, "good", format!("{taken}; closed again")),
        _ => row(true, "good", format!("{taken}, and close it there")),
    }
}
