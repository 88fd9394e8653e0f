//! `connector`: the incident systems of a backend's file, and whether one can be read. `check` asks for one page with the
//! real credentials and shows how each incident would land; it writes nothing, here or there.

mod intake;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::environment::{block_on, clock, variable};
use super::exit::{DONE, FAILED, Failure, NOT_ALLOWED, Outcome, UNREACHABLE};
use super::output::{Output, table};
use crate::config::ServerFile;
use crate::connector::connector;
use crate::connector::error::ConnectorError;
use crate::connector::landing::{Landing, land, opened};
use crate::connector::port::{Case, Connector};
use crate::connector::settings::{ConnectorSettings, TokenPlace};
use crate::domain::caller::Caller;
use crate::domain::command::Context;
use crate::domain::command::open::Allotted;
use crate::domain::word::{Role, Via};
use crate::time::SharedClock;

/// How many incidents are asked one by one for what the list lacks; the rest are shown as the list has them.
const COMPLETED_MAX: usize = 20;

/// Flags of `connector`.
#[derive(Debug, ClapArgs)]
pub struct ConnectorArgs {
    #[command(subcommand)]
    pub action: ConnectorAction,
}

/// What may be done with connectors.
#[derive(Debug, Subcommand)]
pub enum ConnectorAction {
    /// List the connectors of the backend's file, and what each can do
    List(FileArgs),
    /// Read one page with the real credentials and show how each incident would land; writes nothing
    Check {
        /// The name of the connector, or of the intake
        name: String,
        /// For an intake: a file with a body as its sender posts it, - for standard input; shows how it would land
        #[arg(long, value_name = "FILE")]
        sample: Option<PathBuf>,
        #[command(flatten)]
        file: FileArgs,
    },
}

/// Which file.
#[derive(Debug, Clone, ClapArgs)]
pub struct FileArgs {
    /// The backend's own file; default: server.toml in the settings' folder
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

pub fn run(args: ConnectorArgs) -> Outcome {
    match args.action {
        ConnectorAction::List(file) => list(&load(&file)?),
        ConnectorAction::Check { name, sample, file } => {
            let file = load(&file)?;
            match file.intakes.iter().any(|intake| intake.name == name) {
                true => block_on(1, intake::check(file, name, sample))?,
                false if sample.is_some() => Err(Failure::usage(
                    "--sample is for an intake: what a connector reads, its source has",
                )),
                false => block_on(1, check(file, name))?,
            }
        }
    }
}

fn load(args: &FileArgs) -> Result<ServerFile, Failure> {
    Ok(ServerFile::load(args.config.as_deref(), &variable)?)
}

/// The connector, or the key at fault as a sentence.
pub fn made(
    settings: &ConnectorSettings,
    clock: &SharedClock,
) -> Result<std::sync::Arc<dyn Connector>, Failure> {
    connector(settings, clock)
        .map_err(|fault| Failure::usage(format!("connector '{}', {fault}", settings.name)))
}

fn list(file: &ServerFile) -> Outcome {
    let output = Output::default();
    if file.connectors.is_empty() && file.intakes.is_empty() {
        output.note(
            "no connector is configured: add [[connector]] or [[intake]] to the backend's file",
        );
        return Ok(DONE);
    }
    let clock = clock();
    let mut rows = Vec::new();
    for settings in &file.connectors {
        let can = made(settings, &clock)?.capabilities().words().join(", ");
        rows.push(vec![
            settings.name.clone(),
            settings.vendor.name.to_owned(),
            settings.url.clone(),
            token_words(&settings.token),
            can,
        ]);
    }
    rows.extend(file.intakes.iter().map(intake::row));
    for line in table(&rows) {
        output.line(&line);
    }
    Ok(DONE)
}

fn token_words(token: &TokenPlace) -> String {
    match token {
        TokenPlace::File(path) => format!("token in {}", path.display()),
        TokenPlace::Command(_) => "token by command".to_owned(),
        TokenPlace::Variable { name, .. } => format!("token in {name}"),
    }
}

async fn check(file: ServerFile, name: String) -> Outcome {
    let Some(settings) = file.connectors.iter().find(|known| known.name == name) else {
        let connectors = file.connectors.iter().map(|known| known.name.as_str());
        let intakes = file.intakes.iter().map(|known| known.name.as_str());
        let known: Vec<&str> = connectors.chain(intakes).collect();
        return Err(Failure::usage(match known.is_empty() {
            true => {
                "no connector is configured: add [[connector]] to the backend's file".to_owned()
            }
            false => format!(
                "there is no connector '{name}'; there are: {}",
                known.join(", ")
            ),
        }));
    };
    let (output, clock) = (Output::default(), clock());
    let connector = made(settings, &clock)?;
    let batch = connector
        .list(None)
        .await
        .map_err(|error| failed(settings, &error))?;
    let mut cases: Vec<Case> = Vec::new();
    let mut asked = 0;
    for case in batch.cases {
        if case.partial && asked < COMPLETED_MAX {
            asked += 1;
            let whole = connector.complete(case).await;
            cases.push(whole.map_err(|error| failed(settings, &error))?);
        } else {
            cases.push(case);
        }
    }
    let rules = match file.rules {
        Some(rules) => rules,
        None => super::serve::built_in()?,
    };
    let caller = Caller::new(settings.name.clone(), Role::Admin);
    let context = Context {
        now: clock.now(),
        caller: &caller,
        via: Via::Import,
        directory: &file.directory,
        rules: &rules,
        random: 0,
    };
    let (mut rows, mut unplaced, mut refused) = (Vec::new(), Vec::new(), false);
    for case in &cases {
        let landing = land(case, &settings.name, &settings.mapping, &context);
        unplaced.extend(
            landing
                .unplaced
                .iter()
                .map(|why| format!("{}: {why}", case.key)),
        );
        if let Err(why) = placed(&landing, settings, &context) {
            refused = true;
            unplaced.push(format!("{}: would be refused: {why}", case.key));
        }
        if case.partial {
            unplaced.push(format!(
                "{}: the phase in its field was not asked for",
                case.key
            ));
        }
        rows.push(row(case, &landing));
    }
    for line in table(&rows) {
        output.line(&line);
    }
    for line in unplaced.iter().chain(&batch.unread).chain(&batch.cut) {
        output.note(line);
    }
    output.note(&match (cases.len(), batch.next.is_some()) {
        (0, false) => format!("{} answers and has no open incident", settings.name),
        (n, false) => format!(
            "{} answers: {n} open incidents; nothing was written",
            settings.name
        ),
        (n, true) => format!(
            "{} answers: the first {n} open incidents, and there are more; nothing was written",
            settings.name
        ),
    });
    Ok(if refused { FAILED } else { DONE })
}

/// Whether the domain would take it.
fn placed(
    landing: &Landing,
    settings: &ConnectorSettings,
    context: &Context<'_>,
) -> Result<(), String> {
    let allotted = Allotted {
        id: String::new(),
        codename: String::new(),
    };
    let taken = opened(landing, &settings.name, &allotted, context);
    taken.map(|_| ()).map_err(|refusal| refusal.detail)
}

/// What it is there, and what it would be here.
fn row(case: &Case, landing: &Landing) -> Vec<String> {
    let severity = landing
        .open
        .severity
        .map_or("sev?", |severity| severity.as_str());
    let phase = landing
        .phase
        .map_or("detection_and_analysis", |phase| phase.as_str());
    vec![
        case.key.clone(),
        case.status.clone(),
        landing.open.service.clone(),
        severity.to_owned(),
        phase.to_owned(),
        landing.open.title.clone(),
    ]
}

fn failed(settings: &ConnectorSettings, error: &ConnectorError) -> Failure {
    let code = match error {
        ConnectorError::Auth(_) | ConnectorError::Forbidden(_) => NOT_ALLOWED,
        ConnectorError::Transport(_) | ConnectorError::RateLimited { .. } => UNREACHABLE,
        _ => FAILED,
    };
    Failure {
        code,
        sentence: format!("connector '{}': {error}", settings.name),
    }
}
