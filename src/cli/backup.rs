//! `backup` and `restore`: a whole store into a file and back, on the store itself, whether or not a server runs. What is in
//! the file proves itself before the file has its name, and again when it is read.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;

use super::environment::{block_on, clock};
use super::exit::{DONE, Failure, Outcome};
use super::output::Output;
use super::store::StorePlace;
use crate::store::{StoreError, archive};

/// Flags of `backup`.
#[derive(Debug, ClapArgs)]
pub struct BackupArgs {
    /// The file to write; it must not be there yet
    pub file: PathBuf,
    /// sqlite:PATH or postgres://...; default: $WARBOARD_STORE, else warboard.db in the data folder
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
}

/// Flags of `restore`.
#[derive(Debug, ClapArgs)]
pub struct RestoreArgs {
    /// The backup
    pub file: PathBuf,
    /// The new store, sqlite:PATH or postgres://...
    #[arg(long, value_name = "URL")]
    pub store: String,
}

pub fn run(args: BackupArgs) -> Outcome {
    block_on(1, backup(args))?
}

pub fn run_restore(args: RestoreArgs) -> Outcome {
    block_on(1, restore(args))?
}

async fn backup(args: BackupArgs) -> Outcome {
    let place = StorePlace::find(args.store.as_deref())?;
    let failed = |error: std::io::Error| {
        Failure::new(format!(
            "{} cannot be written: {error}",
            args.file.display()
        ))
    };
    if args.file.exists() {
        return Err(Failure::new(there(&args.file)));
    }
    let folder = match args.file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let clock = clock();
    let mut record = place.record(&clock).await?;
    // Readable for its owner alone, as temporary files are; under its name only when it is whole and on disk.
    let temporary = tempfile::Builder::new()
        .prefix(".warboard-backup-")
        .tempfile_in(folder)
        .map_err(failed)?;
    let mut out = BufWriter::new(temporary.as_file());
    let report = record.backup(clock.now(), &mut out).await?;
    out.flush().map_err(failed)?;
    drop(out);
    temporary.as_file().sync_all().map_err(failed)?;
    let mut written = BufReader::new(File::open(temporary.path()).map_err(failed)?);
    archive::check(&mut written).map_err(StoreError::from)?;
    temporary.persist_noclobber(&args.file).map_err(|error| {
        match error.error.kind() == std::io::ErrorKind::AlreadyExists {
            true => Failure::new(there(&args.file)),
            false => failed(error.error),
        }
    })?;
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(failed)?;
    Output::default().line(&format!(
        "{}: {} entries of {} incidents, head {}:{}",
        args.file.display(),
        report.entries,
        report.incidents,
        report.head.seq,
        report.head.hash
    ));
    Ok(DONE)
}

fn there(file: &Path) -> String {
    format!(
        "{} is there already, and no backup is written over; give another name",
        file.display()
    )
}

async fn restore(args: RestoreArgs) -> Outcome {
    let place = StorePlace::find(Some(&args.store))?;
    let opened = |error: std::io::Error| {
        Failure::new(format!("{} cannot be read: {error}", args.file.display()))
    };
    // Read twice: nothing is made of a file that is not whole.
    let mut file = BufReader::new(File::open(&args.file).map_err(opened)?);
    archive::check(&mut file).map_err(|error| {
        Failure::new(format!(
            "{} is no backup that can be used: {error}. Nothing was restored",
            args.file.display()
        ))
    })?;
    let mut file = BufReader::new(File::open(&args.file).map_err(opened)?);
    let restored = place.restore(&clock(), &mut file).await?;
    let output = Output::default();
    output.line(&format!(
        "{}: {} entries of {} incidents, as of {}, head {}:{}",
        place.shown(),
        restored.report.entries,
        restored.report.incidents,
        restored.header.made_at.format("%Y-%m-%d %H:%M:%S UTC"),
        restored.report.head.seq,
        restored.report.head.hash
    ));
    if restored.uncertain > 0 {
        output.note(&format!(
            "{} pages waited for an answer when the backup was made: they are not sent again and say so on the board; page again where nobody comes",
            restored.uncertain
        ));
    }
    Ok(DONE)
}
