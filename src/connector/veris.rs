//! VERIS 1.3 records as incidents: what each says, as the commands that put it on record here. Nothing is invented: a
//! year alone stays a year, and what has no place becomes an entry. Asking a backend to do it is the command line's.

mod piece;
mod record;
mod rest;
#[cfg(test)]
mod tests;
mod timeline;

use std::collections::HashMap;
use std::fmt;

use crate::domain::command::Command;
use crate::domain::command::open::Open;
use crate::domain::instant::Instant;
use piece::Piece;

/// The name under which these records are known upstream.
pub const CONNECTOR: &str = "veris";
/// The reason of every move and gate that an import passes.
pub const REASON: &str = "imported";

/// How records are filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The service they belong to.
    pub service: String,
    /// As history: closed, or dismissed where the record calls it a false positive.
    pub closed: bool,
    /// The present; what a record says of the future is not taken for a fact.
    pub now: Instant,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Read {
    /// What can be put on record, in the order of the file.
    pub incidents: Vec<Imported>,
    /// What cannot.
    pub faults: Vec<VerisFault>,
}

/// One record as it is put on record here. The same record and options give the same commands, in the same order.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// Its `incident_id`; a second import finds the incident by it.
    pub key: String,
    /// The opening.
    pub open: Open,
    /// What is asked of the opened incident, one after the other.
    pub then: Vec<Command>,
}

/// A record that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct VerisFault {
    /// The file as it was named.
    pub file: String,
    /// Where the record begins, or where it breaks off; from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for VerisFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.why)
    }
}

/// Reads a file: one object, a list of objects, or one object a line. A bad record does not stop the others.
pub fn read(file_name: &str, bytes: &[u8], options: &Options) -> Read {
    let mut read = Read::default();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for Piece { line, value } in piece::pieces(bytes) {
        let imported = value.and_then(|value| {
            let imported = record::imported(value, options).map_err(|why| (line, why))?;
            match seen.insert(imported.key.clone(), line) {
                Some(first) => Err((
                    line,
                    format!(
                        "has the incident_id of the record on line {first}; only that one is taken"
                    ),
                )),
                None => Ok(imported),
            }
        });
        match imported {
            Ok(imported) => read.incidents.push(imported),
            Err((line, why)) => read.faults.push(VerisFault {
                file: file_name.to_owned(),
                line,
                why,
            }),
        }
    }
    read
}
