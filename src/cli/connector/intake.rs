//! `connector` for intakes: there is nothing to fetch from who speaks by itself, so `check` reads the token, and shows how a
//! body that was saved would land. It writes nothing.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{CheckBody, ConnectorRow, LandingRow, json, token_words};
use crate::cli::environment::clock;
use crate::cli::exit::{DONE, FAILED, Failure, NOT_ALLOWED, Outcome};
use crate::cli::output::{Output, table};
use crate::config::ServerFile;
use crate::connector::alert::body::AlertGroupBody;
use crate::connector::alert::landing::{Fate, Landing, Placed, group, land};
use crate::connector::alert::{AlertSettings, KIND, NAME};
use crate::connector::landing::{Landing as OfIncident, opened};
use crate::domain::caller::Caller;
use crate::domain::command::Context;
use crate::domain::command::alert;
use crate::domain::command::open::{Allotted, Open};
use crate::domain::word::{Phase, Role, Via};
use crate::secret::{self, COMMAND_WITHIN_MS};
use crate::wire::BODY_LIMIT;

/// One line of `connector list`.
pub(super) fn row(settings: &AlertSettings) -> ConnectorRow {
    let watched = match settings.expect_every {
        Some(every) => format!(", heard every {every}"),
        None => String::new(),
    };
    ConnectorRow {
        name: settings.name.clone(),
        kind: KIND,
        vendor: NAME,
        url: format!("POST /v1/intake/{}", settings.name),
        token: token_words(&settings.token),
        can: vec![format!("opens by rule ({}){watched}", settings.rules.len())],
    }
}

/// Whether its token can be read, and how a sample would land.
pub(super) async fn check(
    file: ServerFile,
    name: String,
    sample: Option<PathBuf>,
    as_json: bool,
) -> Outcome {
    let Some(settings) = file.intakes.iter().find(|known| known.name == name) else {
        return Err(Failure::usage(format!("there is no intake '{name}'")));
    };
    let (output, clock) = (Output::default(), clock());
    secret::read(&settings.token, clock.sleep(COMMAND_WITHIN_MS))
        .await
        .map_err(|why| Failure {
            code: NOT_ALLOWED,
            sentence: format!("intake '{name}': {why}"),
        })?;
    if let Some(why) = settings.token_over(clock.now()) {
        return Err(Failure {
            code: NOT_ALLOWED,
            sentence: format!("intake '{name}': {why}"),
        });
    }
    let Some(sample) = sample else {
        output.note(&format!(
            "{NAME} posts to {name} by itself: there is nothing to fetch. Its token can be read."
        ));
        output.note(&format!(
            "Save a body that it posts and see how it would land: warboard connector check {name} --sample FILE"
        ));
        return Ok(DONE);
    };
    let body = read(&sample)?;
    let now = clock.now();
    let landing = land(&body, settings, &file.directory, now);
    if landing.watchdog {
        output.note(
            "an alert in it is the one that always fires: it proves that alerts come through",
        );
    }
    let Landing { fate, .. } = landing;
    let (placed, nothing) = match fate {
        Fate::Open(placed) => (Some(*placed), None),
        Fate::Unmatched => (
            None,
            Some("no rule fits: nothing would be opened, and the board would say so"),
        ),
        Fate::Ignored => (
            None,
            Some("a rule says that it is ignored: nothing would be opened"),
        ),
        _ => (
            None,
            Some("nothing else fires in it: nothing would be opened"),
        ),
    };
    let rules = match file.rules {
        Some(rules) => rules,
        None => crate::cli::serve::built_in()?,
    };
    let caller = Caller::new(name.clone(), Role::Admin);
    let context = Context {
        now,
        caller: &caller,
        via: Via::Import,
        directory: &file.directory,
        rules: &rules,
        random: 0,
    };
    let landed = placed.map(|placed| landed(&body, placed, &name, &context));
    let refused = landed.as_ref().and_then(|(row, _)| row.refused.clone());
    let code = if refused.is_some() { FAILED } else { DONE };
    if as_json {
        let body = CheckBody {
            connector: name,
            incidents: landed.into_iter().map(|(row, _)| row).collect(),
            complete: true,
            unread: Vec::new(),
            cut: nothing.map(str::to_owned),
        };
        json(&output, &body)?;
        return Ok(code);
    }
    if let Some(nothing) = nothing {
        output.note(nothing);
    }
    let Some((row, cells)) = landed else {
        return Ok(code);
    };
    for line in table(&[cells]) {
        output.line(&line);
    }
    for line in &row.unplaced {
        output.note(line);
    }
    output.note(&match refused {
        Some(why) => format!("would be refused: {why}"),
        None => "nothing was written".to_owned(),
    });
    Ok(code)
}

/// How a group would land, and its line for a person.
fn landed(
    body: &AlertGroupBody,
    placed: Placed,
    name: &str,
    context: &Context<'_>,
) -> (LandingRow, Vec<String>) {
    let Placed {
        open,
        rule,
        unplaced,
    } = placed;
    let cells = cells(&open, rule);
    let told = group(body, name, context.now);
    let open = Open {
        upstream: Some(alert::first(&told, 1, context.now)),
        ..open
    };
    let landing = OfIncident {
        open,
        phase: None,
        unplaced,
    };
    let allotted = Allotted {
        id: String::new(),
        codename: String::new(),
    };
    let refused = opened(&landing, name, &allotted, context).err();
    let OfIncident { open, unplaced, .. } = landing;
    let row = LandingRow {
        key: body.group_key.clone(),
        status: body.status.as_str().to_owned(),
        service: open.service,
        severity: open.severity,
        phase: Phase::DetectionAndAnalysis,
        title: open.title,
        unplaced,
        refused: refused.map(|refusal| refusal.detail),
    };
    (row, cells)
}

fn read(sample: &Path) -> Result<AlertGroupBody, Failure> {
    let failed = |why: String| Failure::new(format!("{}: {why}", sample.display()));
    let mut bytes = Vec::new();
    let most = u64::try_from(BODY_LIMIT).unwrap_or(u64::MAX);
    let read = match sample == Path::new("-") {
        true => std::io::stdin()
            .lock()
            .take(most + 1)
            .read_to_end(&mut bytes),
        false => {
            std::fs::File::open(sample).and_then(|file| file.take(most + 1).read_to_end(&mut bytes))
        }
    };
    read.map_err(|error| failed(format!("cannot be read: {error}")))?;
    if bytes.len() > BODY_LIMIT {
        return Err(failed(format!(
            "is over {BODY_LIMIT} bytes: it would be refused"
        )));
    }
    let mut reader = serde_json::Deserializer::from_slice(&bytes);
    let body: AlertGroupBody = serde_path_to_error::deserialize(&mut reader)
        .map_err(|fault| failed(format!("'{}': {}", fault.path(), fault.inner())))?;
    body.check().map_err(failed)?;
    Ok(body)
}

/// By which rule, and what it would be here.
fn cells(open: &Open, rule: usize) -> Vec<String> {
    let severity = open.severity.map_or("sev?", |severity| severity.as_str());
    let exercise = if open.exercise { "EXERCISE" } else { "" };
    vec![
        format!("rule {rule}"),
        open.service.clone(),
        severity.to_owned(),
        exercise.to_owned(),
        open.title.clone(),
    ]
}
