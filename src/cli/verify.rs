//! `verify`: walks the whole record of a store and names everything that is not as it was written. Reads only, on the store
//! itself: what a server says of its own record proves nothing.

use clap::Args as ClapArgs;
use serde_json::json;

use super::environment::{block_on, clock};
use super::exit::{DONE, FAILED, Outcome};
use super::output::Output;
use super::store::StorePlace;
use crate::store::audit::{Noted, Report};

/// Flags of `verify`.
#[derive(Debug, ClapArgs)]
pub struct VerifyArgs {
    /// sqlite:PATH or postgres://...; default: $WARBOARD_STORE, else warboard.db in the data folder
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// A head that was noted elsewhere, HASH or SEQ:HASH: the record must still contain it
    #[arg(long, value_name = "HEAD")]
    pub head: Vec<Noted>,
    #[arg(long)]
    pub json: bool,
}

pub fn run(args: VerifyArgs) -> Outcome {
    block_on(1, verify(args))?
}

async fn verify(args: VerifyArgs) -> Outcome {
    let place = StorePlace::find(args.store.as_deref())?;
    let mut record = place.record(&clock()).await?;
    let report = record.verify(&args.head).await?;
    let output = Output::default();
    match args.json {
        true => output.json(body(&report).to_string().as_bytes()),
        false => {
            for line in lines(&report) {
                output.line(&line);
            }
        }
    }
    Ok(match report.is_sound() {
        true => DONE,
        false => FAILED,
    })
}

fn body(report: &Report) -> serde_json::Value {
    json!({
        "sound": report.is_sound(),
        "entries": report.entries,
        "incidents": report.incidents,
        "logins": report.logins,
        "head": report.head,
        "redactions": report.redactions,
        "faults": report.faults,
    })
}

/// What was found, a line each.
pub fn lines(report: &Report) -> Vec<String> {
    let mut lines = vec![
        format!(
            "entries   {} of {} incidents",
            report.entries, report.incidents
        ),
        format!("head      {}:{}", report.head.seq, report.head.hash),
    ];
    if report.logins > 0 {
        lines.push(format!("logins    {}, at the SSH door", report.logins));
    }
    lines.extend(report.redactions.iter().map(|redaction| {
        format!(
            "redacted  entry {} of {} by {}, {}: {}",
            redaction.entry,
            redaction.incident,
            redaction.by,
            redaction.at.format("%Y-%m-%d %H:%M UTC"),
            redaction.reason
        )
    }));
    lines.extend(
        report
            .faults
            .iter()
            .map(|fault| format!("FAULT     {fault}")),
    );
    lines.push(match report.faults.len() {
        0 => "sound     nothing was changed, taken out, put in or moved".to_owned(),
        n if report.is_cut() => format!("NOT SOUND {n} faults, and there may be more"),
        1 => "NOT SOUND 1 fault".to_owned(),
        n => format!("NOT SOUND {n} faults"),
    });
    lines
}
