//! `regimes`: which texts are known, what one says, and whether a file of one's own can be used. How its parts are put into
//! words stands in `words`.

mod words;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use serde_json::{Value, json};

use super::catalogue::{UserFiles, built_in, read, regime};
use super::clocks::mark;
use super::exit::{DONE, FAILED, Failure, Outcome};
use super::output::{Output, table};
use crate::domain::clock::regime::{Force, Regime, Stage};
use crate::domain::clock::trace::date;
use crate::domain::clock::{Catalogue, CatalogueFault};
use crate::domain::word::Direction;

/// Flags of `regimes`.
#[derive(Debug, ClapArgs)]
pub struct RegimesArgs {
    #[command(subcommand)]
    pub action: RegimesAction,
}

/// What may be done with regimes.
#[derive(Debug, Subcommand)]
pub enum RegimesAction {
    /// List them
    List {
        /// Those too that are disabled or not in force
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        files: UserFiles,
    },
    /// Show everything one says
    Show {
        /// Its id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        files: UserFiles,
    },
    /// Check regime and calendar files of your own
    Check {
        /// The files
        #[arg(required = true)]
        file: Vec<PathBuf>,
    },
}

pub fn run(args: RegimesArgs) -> Outcome {
    match args.action {
        RegimesAction::List { all, json, files } => list(&files.catalogue()?, all, json),
        RegimesAction::Show { id, json, files } => {
            let catalogue = files.catalogue()?;
            show(regime(&catalogue, &id)?, json)
        }
        RegimesAction::Check { file } => check(&file),
    }
}

fn list(catalogue: &Catalogue, all: bool, json: bool) -> Outcome {
    let output = Output::default();
    let counts = |regime: &&Regime| all || (regime.enabled && regime.force == Force::InForce);
    let shown: Vec<&Regime> = catalogue.regimes().iter().filter(counts).collect();
    if json {
        let regimes: Vec<Value> = shown.iter().map(|regime| brief(regime)).collect();
        output.json(json!({ "regimes": regimes }).to_string().as_bytes());
        return Ok(DONE);
    }
    let rows: Vec<Vec<String>> = shown
        .iter()
        .map(|regime| {
            vec![
                regime.id.clone(),
                regime.short.clone(),
                regime.jurisdiction.clone(),
                regime.force.as_str().to_owned(),
                regime.confidence.as_str().to_owned(),
                match regime.enabled {
                    true => "enabled".to_owned(),
                    false => "DISABLED".to_owned(),
                },
                stage_ids(regime).join(" "),
            ]
        })
        .collect();
    for line in table(&rows) {
        output.line(&line);
    }
    let left_out = catalogue.regimes().len() - shown.len();
    if left_out > 0 {
        output.note(&format!(
            "{left_out} more are disabled or not in force: --all lists them"
        ));
    }
    Ok(DONE)
}

fn stage_ids(regime: &Regime) -> Vec<&str> {
    regime
        .stages
        .iter()
        .map(|stage| stage.id.as_str())
        .collect()
}

fn brief(regime: &Regime) -> Value {
    json!({
        "id": regime.id,
        "name": regime.name,
        "short": regime.short,
        "jurisdiction": regime.jurisdiction,
        "family": regime.family,
        "citation": regime.citation,
        "status": regime.force.as_str(),
        "confidence": regime.confidence.as_str(),
        "enabled": regime.enabled,
        "verified": regime.verified,
        "stages": stage_ids(regime),
    })
}

fn show(regime: &Regime, json: bool) -> Outcome {
    let output = Output::default();
    if json {
        output.json(whole(regime).to_string().as_bytes());
        return Ok(DONE);
    }
    output.line(&format!("{}  {}", regime.id, regime.name));
    if let Some(mark) = mark(regime) {
        output.line(&mark);
    }
    for line in table(&about(regime)) {
        output.line(&line);
    }
    for stage in &regime.stages {
        output.line("");
        output.line(&format!("stage {}", stage.id));
        for line in table(&of_stage(stage)) {
            output.line(&line);
        }
    }
    Ok(DONE)
}

/// Rows of what there is; nothing is said of what there is not.
#[derive(Default)]
struct Rows(Vec<Vec<String>>);

impl Rows {
    fn add(&mut self, label: &str, text: impl AsRef<str>) {
        if !text.as_ref().is_empty() {
            self.0
                .push(vec![format!("  {label}"), text.as_ref().to_owned()]);
        }
    }

    fn each<T: AsRef<str>>(&mut self, label: &str, texts: impl IntoIterator<Item = T>) {
        for text in texts {
            self.add(label, text);
        }
    }
}

fn about(regime: &Regime) -> Vec<Vec<String>> {
    let mut rows = Rows::default();
    rows.add("jurisdiction", &regime.jurisdiction);
    rows.add("family", &regime.family);
    rows.add("citation", &regime.citation);
    rows.add(
        "status",
        match regime.status_note.as_str() {
            "" => regime.force.as_str().to_owned(),
            note => format!("{}: {note}", regime.force.as_str()),
        },
    );
    rows.each("applies from", regime.applies_from.map(date));
    rows.each("applies until", regime.applies_until.map(date));
    rows.add(
        "confidence",
        match regime.confidence.warning() {
            "" => regime.confidence.as_str().to_owned(),
            warning => format!("{}: {warning}", regime.confidence.as_str()),
        },
    );
    rows.add("verified", date(regime.verified));
    rows.each("owner", &regime.owner);
    rows.each("supersedes", &regime.supersedes);
    rows.add("counting", &regime.counting);
    rows.each(
        "proposed when",
        regime.proposed_when.as_ref().map(|asked| &asked.text),
    );
    rows.each("exception", &regime.exceptions);
    rows.each(
        "source",
        regime
            .sources
            .iter()
            .map(|source| match source.gist.as_str() {
                "" => source.address.clone(),
                gist => format!("{}: {gist}", source.address),
            }),
    );
    rows.add("file", &regime.file);
    rows.0
}

fn of_stage(stage: &Stage) -> Vec<Vec<String>> {
    let mut rows = Rows::default();
    rows.add("to", stage.to.join(", "));
    rows.add("who", &stage.who);
    rows.each("when", stage.when.as_ref().map(|asked| &asked.text));
    rows.add("trigger", stage.clock.triggers().join(", "));
    rows.add("starts", &stage.trigger_text);
    let label = match stage.direction {
        Direction::Deadline => "due",
        Direction::NotBefore => "not before",
    };
    rows.add(label, words::clock(&stage.clock));
    rows.each("outer", stage.limit.as_ref().map(words::limit));
    for variant in &stage.variants {
        rows.add(
            "variant",
            format!(
                "when {}: {}",
                variant.when.text,
                words::clock(&variant.clock)
            ),
        );
        rows.each("outer", variant.limit.as_ref().map(words::limit));
    }
    rows.add("wording", &stage.wording);
    rows.each("hold", stage.holds.iter().map(words::hold));
    rows.each("exception", &stage.exceptions);
    rows.add("met by", stage.met_by.join(", "));
    rows.add(
        "decider",
        stage
            .decider
            .as_deref()
            .unwrap_or("not named: the service's own setting counts"),
    );
    rows.add(
        "start by",
        match stage.prepare_for {
            Some(span) => format!("due less {span} for drafting and approval"),
            None => "start not set".to_owned(),
        },
    );
    if stage.page_on_latest_start {
        rows.add("pages", "the decider, at the latest start");
    }
    if stage.restricted {
        rows.add("restricted", "on shared screens only \"restricted duty\"");
    }
    rows.add("note", &stage.note);
    rows.0
}

/// Everything, for a program.
fn whole(regime: &Regime) -> Value {
    let mut told = brief(regime);
    let sources: Vec<Value> = regime
        .sources
        .iter()
        .map(|source| json!({ "address": source.address, "gist": source.gist }))
        .collect();
    let stages: Vec<Value> = regime.stages.iter().map(stage_body).collect();
    told["status_note"] = json!(regime.status_note);
    told["applies_from"] = json!(regime.applies_from);
    told["applies_until"] = json!(regime.applies_until);
    told["owner"] = json!(regime.owner);
    told["supersedes"] = json!(regime.supersedes);
    told["counting"] = json!(regime.counting);
    told["exceptions"] = json!(regime.exceptions);
    told["proposed_when"] = json!(regime.proposed_when.as_ref().map(|asked| &asked.text));
    told["sources"] = json!(sources);
    told["stages"] = json!(stages);
    told
}

fn stage_body(stage: &Stage) -> Value {
    let variants: Vec<Value> = stage
        .variants
        .iter()
        .map(|variant| {
            json!({
                "when": variant.when.text,
                "clock": words::clock(&variant.clock),
                "limit": variant.limit.as_ref().map(words::limit),
            })
        })
        .collect();
    let holds: Vec<String> = stage.holds.iter().map(words::hold).collect();
    json!({
        "id": stage.id,
        "to": stage.to,
        "who": stage.who,
        "when": stage.when.as_ref().map(|asked| &asked.text),
        "triggers": stage.clock.triggers(),
        "trigger_text": stage.trigger_text,
        "clock": words::clock(&stage.clock),
        "limit": stage.limit.as_ref().map(words::limit),
        "direction": stage.direction.as_str(),
        "variants": variants,
        "holds": holds,
        "exceptions": stage.exceptions,
        "wording": stage.wording,
        "met_by": stage.met_by,
        "decider": stage.decider,
        "prepare_for": stage.prepare_for,
        "page_on_latest_start": stage.page_on_latest_start,
        "restricted": stage.restricted,
        "note": stage.note,
    })
}

fn check(files: &[PathBuf]) -> Outcome {
    let output = Output::default();
    let mut code = DONE;
    let mut texts = Vec::new();
    for file in files {
        match read(file) {
            Ok(text) => texts.push((file.display().to_string(), text)),
            Err(failure) => {
                output.note(&failure.sentence);
                code = FAILED;
            }
        }
    }
    let faults = with(&texts)?.err().unwrap_or_default();
    for fault in &faults {
        output.note(&fault.to_string());
        code = FAILED;
    }
    texts.retain(|(name, _)| !faults.iter().any(|fault| fault.file == *name));
    // Nothing of a faulty file was used, so the others are as good without it.
    let catalogue = with(&texts)?.unwrap_or_default();
    for (name, text) in &texts {
        output.line(&format!("{name}: good{}", contents(&catalogue, name, text)));
    }
    Ok(code)
}

/// The built-in catalogue with files, by name and text; or the faults of those.
fn with(texts: &[(String, String)]) -> Result<Result<Catalogue, Vec<CatalogueFault>>, Failure> {
    let files = texts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()));
    Ok(built_in()?.with_user_files(files))
}

/// What a good file brings.
fn contents(catalogue: &Catalogue, name: &str, text: &str) -> String {
    let table: toml::Table = text.parse().unwrap_or_default();
    let word = |key: &str| table.get(key).and_then(toml::Value::as_str);
    if let Some(of) = word("overlays") {
        return format!(": closures for calendar {of}");
    }
    if let Some(calendar) = word("id").and_then(|id| catalogue.calendar(id)) {
        return format!(
            ": calendar {}, {} to {}",
            calendar.id, calendar.valid_from, calendar.valid_through
        );
    }
    let found: Vec<&Regime> = catalogue
        .regimes()
        .iter()
        .filter(|regime| regime.file == name)
        .collect();
    let ids: Vec<&str> = found.iter().map(|regime| regime.id.as_str()).collect();
    match ids.is_empty() {
        true => String::new(),
        false => format!(": {}", ids.join(", ")),
    }
}
