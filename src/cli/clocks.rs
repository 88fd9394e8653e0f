//! `clocks eval`: what is due, and why, without a backend: worked cases from a file, or one regime over what is given on the
//! command line. Counting itself is the domain's.

mod answer;
mod what_if;

pub use answer::mark;

use std::path::{Path, PathBuf};

use clap::{Args as ClapArgs, Subcommand};

use super::catalogue::{UserFiles, read};
use super::exit::{DONE, FAILED, Failure, Outcome};
use super::given;
use super::output::Output;
use crate::domain::clock::{Catalogue, cases};
use crate::domain::instant::Instant;

/// Flags of `clocks`.
#[derive(Debug, ClapArgs)]
pub struct ClocksArgs {
    #[command(subcommand)]
    pub action: ClocksAction,
}

/// What may be done with clocks.
#[derive(Debug, Subcommand)]
pub enum ClocksAction {
    /// Evaluate worked cases, or one regime over triggers given here
    Eval(Box<EvalArgs>),
}

/// Flags of `clocks eval`.
#[derive(Debug, ClapArgs)]
pub struct EvalArgs {
    /// Evaluate the cases of this JSON file, and answer in JSON
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["regime", "trigger", "zone", "calendar", "submitted", "hold", "fact"]
    )]
    pub cases: Option<PathBuf>,
    #[command(flatten)]
    pub what_if: what_if::WhatIfArgs,
    #[command(flatten)]
    pub files: UserFiles,
    /// The present, instead of this machine's clock; cases have none without it
    #[arg(long, value_name = "INSTANT")]
    pub now: Option<String>,
    /// Answer in JSON
    #[arg(long)]
    pub json: bool,
}

pub fn run(args: ClocksArgs) -> Outcome {
    let ClocksAction::Eval(args) = args.action;
    let now = args.now.as_deref().map(given::instant).transpose()?;
    let catalogue = args.files.catalogue()?;
    match (&args.cases, &args.what_if.regime) {
        (Some(file), _) => eval_cases(file, &catalogue, now),
        (None, Some(id)) => what_if::run(id, &args.what_if, &catalogue, now, args.json),
        (None, None) => Err(Failure::usage(
            "nothing to evaluate: give --cases FILE, or --regime ID with --trigger NAME=AT",
        )),
    }
}

fn eval_cases(file: &Path, catalogue: &Catalogue, now: Option<Instant>) -> Outcome {
    let output = Output::default();
    let text = read(file)?;
    let result = cases::run(&text, catalogue, now).map_err(|sentence| {
        // Where it is not JSON the line can be told; where it is, the fault is the file's as a whole.
        let line = match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
            Err(error) => error.line().max(1),
            Ok(_) => 1,
        };
        Failure::new(format!("{}:{line}: {sentence}", file.display()))
    })?;
    output.json(result.to_string().as_bytes());
    let refusals = cases::refusals(&result);
    for refusal in &refusals {
        output.note(&format!("warboard: {}: {refusal}", file.display()));
    }
    match refusals.is_empty() {
        true => Ok(DONE),
        false => Ok(FAILED),
    }
}
