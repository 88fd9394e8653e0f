//! `export`: an incident as a document on standard output, made from what the reader's token may see.
//! What stands in which document is `report`.

use clap::{Args as ClapArgs, Subcommand};
use serde_json::json;

use super::connection::Reach;
use super::environment::block_on;
use super::exit::{DONE, Outcome};
use super::output::Output;
use crate::domain::word::Via;
use crate::report::{Kind, Sheet, markdown};

/// Which document.
#[derive(Debug, ClapArgs)]
pub struct ExportArgs {
    #[command(subcommand)]
    pub document: Document,
}

/// The documents there are.
#[derive(Debug, Subcommand)]
pub enum Document {
    /// Where it stands, for those who do not work on it
    Sitrep(OfIncident),
    /// What the next commander must know
    Handoff(OfIncident),
    /// Every entry of the record
    Log(OfIncident),
    /// What happened, how long it took, what was decided and learned
    Review(OfIncident),
}

/// Flags of each.
#[derive(Debug, ClapArgs)]
pub struct OfIncident {
    /// The incident, as AZ-142
    pub id: String,
    /// With privileged entries, as far as the token may read them; the document says so at both ends
    #[arg(long)]
    pub privileged: bool,
    #[command(flatten)]
    pub reach: Reach,
}

pub fn run(args: ExportArgs) -> Outcome {
    let (kind, of) = match args.document {
        Document::Sitrep(of) => (Kind::Sitrep, of),
        Document::Handoff(of) => (Kind::Handoff, of),
        Document::Log(of) => (Kind::Log, of),
        Document::Review(of) => (Kind::Review, of),
    };
    block_on(1, export(kind, of))?
}

async fn export(kind: Kind, of: OfIncident) -> Outcome {
    let api = of.reach.of_incident(&of.id, Via::Cli).await?;
    let (mut entries, mut after) = (Vec::new(), 0);
    loop {
        // A document goes to others: what only counsel, commanders and authors read stays out of it unless it is asked for.
        let stretch = api.timeline(&of.id, after, of.privileged).await?.value;
        entries.extend(stretch.entries);
        match stretch.next {
            Some(next) if next > after => after = next,
            _ => break,
        }
    }
    // After the timeline: no entry is in the document that the incident does not show.
    let about = api.about().await?.value;
    let heard = api.incident(&of.id).await?;
    let output = Output::default();
    if of.reach.json {
        let body = json!({
            "now": heard.now,
            "backend": about.name,
            "by": about.you.name,
            "head": about.head,
            "incident": heard.value,
            "entries": entries,
        });
        output.json(body.to_string().as_bytes());
        return Ok(DONE);
    }
    let text = markdown(
        kind,
        &Sheet {
            incident: &heard.value,
            entries: &entries,
            now: heard.now,
            by: &about.you.name,
            backend: &about.name,
            head: about.head.as_ref(),
        },
    );
    output.own(&text);
    Ok(DONE)
}
