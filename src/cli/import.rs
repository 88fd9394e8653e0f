//! `import veris`: foreign records as incidents. What a record means is the connector's; here it is sent, in order, with keys
//! that make a second run do nothing twice.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use sha2::{Digest, Sha256};

use super::connection::Reach;
use super::environment::{block_on, clock};
use super::exit::{DONE, FAILED, Failure, Outcome};
use super::output::Output;
use crate::client::{Api, ApiError};
use crate::connector::veris::{self, Imported};
use crate::domain::instant::Instant;
use crate::domain::word::Via;

/// Flags of `import`.
#[derive(Debug, ClapArgs)]
pub struct ImportArgs {
    #[command(subcommand)]
    pub format: Formats,
}

/// What can be brought in.
#[derive(Debug, Subcommand)]
pub enum Formats {
    /// VERIS 1.3 JSON: single objects, arrays, or one object a line
    Veris(VerisArgs),
}

/// Flags of `import veris`.
#[derive(Debug, ClapArgs)]
pub struct VerisArgs {
    /// The service that they become incidents of; default: the backend's first
    #[arg(long)]
    pub service: Option<String>,
    /// File them as history: closed
    #[arg(long)]
    pub closed: bool,
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub reach: Reach,
}

pub fn run(args: ImportArgs) -> Outcome {
    match args.format {
        Formats::Veris(args) => block_on(1, import(args))?,
    }
}

#[derive(Default)]
struct Tally {
    landed: usize,
    faults: usize,
}

async fn import(args: VerisArgs) -> Outcome {
    let output = Output::default();
    let api = args.reach.one(Via::Import)?;
    let heard = api.about().await?;
    let service = match args.service {
        Some(service) => service,
        None => {
            let first = heard.value.services.first().ok_or_else(|| {
                Failure::new("the backend has no service that this token may see".to_owned())
            })?;
            output.note(&format!(
                "service: {}, the backend's first; choose another with --service",
                first.id
            ));
            first.id.clone()
        }
    };
    let options = veris::Options {
        service,
        closed: args.closed,
        now: clock().now(),
    };
    let mut tally = Tally::default();
    for path in &args.files {
        let name = path.display().to_string();
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                output.note(&format!("{name}: cannot be read: {error}"));
                tally.faults += 1;
                continue;
            }
        };
        let read = veris::read(&name, &bytes, &options);
        for fault in &read.faults {
            output.note(&fault.to_string());
            tally.faults += 1;
        }
        for imported in read.incidents {
            match land(&api, &imported, heard.now).await {
                Ok(id) => {
                    tally.landed += 1;
                    output.line(&format!("{id}  {}", imported.key));
                }
                Err(error @ (ApiError::Unreachable { .. } | ApiError::NotAllowed { .. })) => {
                    output.note(&format!(
                        "{} landed before this; run it again, nothing lands twice",
                        tally.landed
                    ));
                    return Err(error.into());
                }
                Err(error) => {
                    output.note(&format!("{name}: {}: {error}", imported.key));
                    tally.faults += 1;
                }
            }
        }
    }
    output.note(&format!(
        "{} landed, {} could not be read or placed",
        tally.landed, tally.faults
    ));
    Ok(if tally.faults > 0 { FAILED } else { DONE })
}

/// How long the backend remembers keys, less a day: what was opened before is not touched again.
const REMEMBERED_DAYS: i64 = 29;

/// Opens one and does what its record says was done; a second run with the same record changes nothing.
async fn land(api: &Api, imported: &Imported, now: Instant) -> Result<String, ApiError> {
    let written = serde_json::to_vec(&(&imported.open, &imported.then)).unwrap_or_default();
    let digest = Sha256::digest(written);
    let mark = hex::encode(digest.split_at(12).0);
    let incident = api
        .open(&imported.open, &format!("import-{mark}-open"))
        .await?;
    if (now - incident.opened_at).num_days() >= REMEMBERED_DAYS {
        return Ok(incident.id);
    }
    for (n, command) in imported.then.iter().enumerate() {
        let key = format!("import-{mark}-{n}");
        api.command(&incident.id, None, command, &key).await?;
    }
    Ok(incident.id)
}
