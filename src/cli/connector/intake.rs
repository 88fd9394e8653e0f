//! `connector` for intakes: there is nothing to fetch from who speaks by itself, so `check` reads the token, and shows how a
//! body that was saved would land. It writes nothing.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::token_words;
use crate::cli::environment::clock;
use crate::cli::exit::{DONE, FAILED, Failure, NOT_ALLOWED, Outcome};
use crate::cli::output::{Output, table};
use crate::config::ServerFile;
use crate::connector::alert::body::AlertGroupBody;
use crate::connector::alert::landing::{Fate, Landing, Placed, group, land};
use crate::connector::alert::{AlertSettings, NAME};
use crate::connector::credential;
use crate::connector::landing::{Landing as OfIncident, opened};
use crate::domain::caller::Caller;
use crate::domain::command::Context;
use crate::domain::command::alert;
use crate::domain::command::open::{Allotted, Open};
use crate::domain::word::{Role, Via};
use crate::wire::BODY_LIMIT;

/// One line of `connector list`.
pub(super) fn row(settings: &AlertSettings) -> Vec<String> {
    let watched = match settings.expect_every {
        Some(every) => format!(", heard every {every}"),
        None => String::new(),
    };
    vec![
        settings.name.clone(),
        NAME.to_owned(),
        format!("POST /v1/intake/{}", settings.name),
        token_words(&settings.token),
        format!("opens by rule ({}){watched}", settings.rules.len()),
    ]
}

/// Whether its token can be read, and how a sample would land.
pub(super) async fn check(file: ServerFile, name: String, sample: Option<PathBuf>) -> Outcome {
    let Some(settings) = file.intakes.iter().find(|known| known.name == name) else {
        return Err(Failure::usage(format!("there is no intake '{name}'")));
    };
    let (output, clock) = (Output::default(), clock());
    credential::read(&settings.token, &clock)
        .await
        .map_err(|why| Failure {
            code: NOT_ALLOWED,
            sentence: format!("intake '{name}': {why}"),
        })?;
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
    let placed = match fate {
        Fate::Open(placed) => placed,
        other => {
            output.note(match other {
                Fate::Unmatched => {
                    "no rule fits: nothing would be opened, and the board would say so"
                }
                Fate::Ignored => "a rule says that it is ignored: nothing would be opened",
                _ => "nothing else fires in it: nothing would be opened",
            });
            return Ok(DONE);
        }
    };
    let Placed {
        open,
        rule,
        unplaced,
    } = *placed;
    for line in table(&[cells(&open, rule)]) {
        output.line(&line);
    }
    for line in &unplaced {
        output.note(line);
    }
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
    let open = Open {
        upstream: Some(alert::first(&group(&body, &name, now), 1, now)),
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
    if let Err(refusal) = opened(&landing, &name, &allotted, &context) {
        output.note(&format!("would be refused: {}", refusal.detail));
        return Ok(FAILED);
    }
    output.note("nothing was written");
    Ok(DONE)
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
