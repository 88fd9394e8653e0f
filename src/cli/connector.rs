//! `connector`: the incident systems of a backend's file, and whether one can be read. `check` asks for one page with the
//! real credentials and shows how each incident would land; it writes nothing, here or there. Signing in is `connector::login`.

mod login;

mod intake;

use crate::secret::Place;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use serde::Serialize;

use super::environment::{block_on, clock, variable};
use super::exit::{DONE, FAILED, Failure, NOT_ALLOWED, Outcome, UNREACHABLE};
use super::output::{Output, table};
use crate::config::ServerFile;
use crate::connector::connector;
use crate::connector::error::ConnectorError;
use crate::connector::landing::{Landing, land, opened};
use crate::connector::port::{Case, Connector};
use crate::connector::settings::ConnectorSettings;
use crate::domain::caller::Caller;
use crate::domain::command::Context;
use crate::domain::command::open::Allotted;
use crate::domain::word::{Phase, Role, Severity, Via};
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
    List(ToldArgs),
    /// Read one page with the real credentials and show how each incident would land; writes nothing
    Check {
        /// The name of the connector, or of the intake
        name: String,
        /// For an intake: a file with a body as its sender posts it, - for standard input; shows how it would land
        #[arg(long, value_name = "FILE")]
        sample: Option<PathBuf>,
        #[command(flatten)]
        told: ToldArgs,
    },
    /// Sign in for a connector as a person: shows a code and where to type it, and keeps what the backend then renews
    Login {
        /// The connector's name
        name: String,
        #[command(flatten)]
        file: FileArgs,
    },
}

/// Which file, and how the answer is told.
#[derive(Debug, Clone, ClapArgs)]
pub struct ToldArgs {
    #[command(flatten)]
    pub file: FileArgs,
    /// One JSON object for a program
    #[arg(long)]
    pub json: bool,
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
        ConnectorAction::List(told) => list(&load(&told.file)?, told.json),
        ConnectorAction::Check { name, sample, told } => {
            let file = load(&told.file)?;
            match file.intakes.iter().any(|intake| intake.name == name) {
                true => block_on(1, intake::check(file, name, sample, told.json))?,
                false if sample.is_some() => Err(Failure::usage(
                    "--sample is for an intake: what a connector reads, its source has",
                )),
                false => block_on(1, check(file, name, told.json))?,
            }
        }
        ConnectorAction::Login { name, file } => block_on(1, login::login(load(&file)?, name))?,
    }
}

fn load(args: &FileArgs) -> Result<ServerFile, Failure> {
    Ok(ServerFile::load(args.config.as_deref(), &variable)?)
}

/// The connector, or the key at fault as a sentence.
///
/// # Errors
/// A key of its settings cannot be used: which, and why.
pub fn made(
    settings: &ConnectorSettings,
    clock: &SharedClock,
) -> Result<std::sync::Arc<dyn Connector>, Failure> {
    connector(settings, clock)
        .map_err(|fault| Failure::usage(format!("connector '{}', {fault}", settings.name)))
}

/// What is told of a connector without asking anybody.
#[derive(Serialize)]
struct ConnectorRow {
    name: String,
    kind: &'static str,
    vendor: &'static str,
    url: String,
    /// Where the credentials are, never what they are.
    token: String,
    can: Vec<String>,
}

/// How an incident there would land here.
#[derive(Serialize)]
struct LandingRow {
    key: String,
    status: String,
    service: String,
    /// Null: it lands without one.
    severity: Option<Severity>,
    phase: Phase,
    title: String,
    /// What has no place here, each with why.
    unplaced: Vec<String>,
    /// Why the backend would not take it; null where it would.
    refused: Option<String>,
}

/// What one page of a source says.
#[derive(Serialize)]
struct CheckBody {
    connector: String,
    incidents: Vec<LandingRow>,
    /// False: there are more than this page has.
    complete: bool,
    /// What could not be read, each with why.
    unread: Vec<String>,
    /// Why the source does not tell all, if it does not.
    cut: Option<String>,
}

fn json(output: &Output, body: &impl Serialize) -> Result<(), Failure> {
    let body = serde_json::to_vec(body).map_err(|error| Failure::new(error.to_string()))?;
    output.json(&body);
    Ok(())
}

fn list(file: &ServerFile, as_json: bool) -> Outcome {
    let output = Output::default();
    if file.connectors.is_empty() && file.intakes.is_empty() && !as_json {
        output.note(
            "no connector is configured: add [[connector]] or [[intake]] to the backend's file",
        );
        return Ok(DONE);
    }
    let clock = clock();
    let mut rows = Vec::new();
    for settings in &file.connectors {
        let can = made(settings, &clock)?.capabilities().words();
        let can = can.map(str::to_owned).to_vec();
        rows.push(ConnectorRow {
            name: settings.name.clone(),
            kind: settings.vendor.word,
            vendor: settings.vendor.name,
            url: settings.url.clone(),
            token: token_words(&settings.token),
            can,
        });
    }
    rows.extend(file.intakes.iter().map(intake::row));
    if as_json {
        json(&output, &serde_json::json!({ "connectors": rows }))?;
        return Ok(DONE);
    }
    let cells = rows.into_iter().map(|row| {
        let can = row.can.join(", ");
        vec![row.name, row.vendor.to_owned(), row.url, row.token, can]
    });
    for line in table(&cells.collect::<Vec<_>>()) {
        output.line(&line);
    }
    Ok(DONE)
}

fn token_words(token: &Place) -> String {
    match token {
        Place::File(path) => format!("token in {}", path.display()),
        Place::Given(_) => "token in the settings".to_owned(),
        Place::Command(_) => "token by command".to_owned(),
        Place::Variable { name, .. } => format!("token in {name}"),
    }
}

/// The connector of a name.
fn named<'f>(file: &'f ServerFile, name: &str) -> Result<&'f ConnectorSettings, Failure> {
    let found = file.connectors.iter().find(|known| known.name == name);
    found.ok_or_else(|| {
        let connectors = file.connectors.iter().map(|known| known.name.as_str());
        let intakes = file.intakes.iter().map(|known| known.name.as_str());
        let known: Vec<&str> = connectors.chain(intakes).collect();
        Failure::usage(match known.is_empty() {
            true => {
                "no connector is configured: add [[connector]] to the backend's file".to_owned()
            }
            false => format!(
                "there is no connector '{name}'; there are: {}",
                known.join(", ")
            ),
        })
    })
}

async fn check(file: ServerFile, name: String, as_json: bool) -> Outcome {
    let settings = named(&file, &name)?;
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
    let built_in;
    let rules = match &file.rules {
        Some(rules) => rules,
        None => {
            built_in = super::serve::built_in()?;
            &built_in
        }
    };
    let caller = Caller::new(settings.name.clone(), Role::Admin);
    let context = Context {
        now: clock.now(),
        caller: &caller,
        via: Via::Import,
        directory: &file.directory,
        rules,
        random: 0,
    };
    let rows: Vec<LandingRow> = cases
        .iter()
        .map(|case| row(case, settings, &context))
        .collect();
    let refused = rows.iter().any(|row| row.refused.is_some());
    let code = if refused { FAILED } else { DONE };
    if as_json {
        let body = CheckBody {
            connector: settings.name.clone(),
            incidents: rows,
            complete: batch.next.is_none(),
            unread: batch.unread,
            cut: batch.cut,
        };
        json(&output, &body)?;
        return Ok(code);
    }
    let (mut cells, mut notes) = (Vec::new(), Vec::new());
    for row in rows {
        notes.extend(row.unplaced.iter().map(|why| format!("{}: {why}", row.key)));
        let refused = row.refused.iter();
        notes.extend(refused.map(|why| format!("{}: would be refused: {why}", row.key)));
        cells.push(vec![
            row.key,
            row.status,
            row.service,
            row.severity
                .map_or("sev?", |severity| severity.as_str())
                .to_owned(),
            row.phase.as_str().to_owned(),
            row.title,
        ]);
    }
    for line in table(&cells) {
        output.line(&line);
    }
    for line in notes.iter().chain(&batch.unread).chain(&batch.cut) {
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
    Ok(code)
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
fn row(case: &Case, settings: &ConnectorSettings, context: &Context<'_>) -> LandingRow {
    let landing = land(case, &settings.name, &settings.mapping, context);
    let refused = placed(&landing, settings, context).err();
    let mut unplaced = landing.unplaced;
    if case.partial {
        unplaced.push("what the list leaves out of it was not asked for".to_owned());
    }
    LandingRow {
        key: case.key.clone(),
        status: case.status.clone(),
        service: landing.open.service,
        severity: landing.open.severity,
        phase: landing.phase.unwrap_or(Phase::DetectionAndAnalysis),
        title: landing.open.title,
        unplaced,
        refused,
    }
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
