//! Reading a TOML file key by key, so that everything wrong in it is told at once, each with its line.
//! What the keys mean, the files beside this one know.

use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, quoted};
use super::home::{Environment, expand};

/// The longest file that is read; whoever has a longer one has named the wrong file.
const LENGTH_MAX: u64 = 1 << 20;
const MISSING: &str = "is missing; it is needed here";

/// The text of a file; none where there is no such file.
///
/// # Errors
/// Why it cannot be read, as a sentence.
pub(super) fn read_text(path: &Path) -> Result<Option<String>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot be read: {error}")),
    };
    let mut bytes = Vec::new();
    file.take(LENGTH_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > LENGTH_MAX {
        return Err("is longer than 1 MiB; is it the right file?".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8 text; save it as such")?;
    Ok(Some(text))
}

/// A table of the file and the keys that lead to it.
#[derive(Debug, Clone)]
pub(super) struct Part<'t> {
    path: String,
    at: usize,
    table: &'t DeTable<'t>,
}

impl<'t> Part<'t> {
    /// The whole file.
    pub(super) fn root(table: &'t DeTable<'t>) -> Part<'t> {
        Part {
            path: String::new(),
            at: 0,
            table,
        }
    }

    /// A key below it, as faults name it.
    pub(super) fn key(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// Whether the key is there, whatever its value.
    pub(super) fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    /// Every key and its value.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &'t Spanned<DeValue<'t>>)> {
        let entries = self.table.iter();
        entries.map(|(key, value)| (key.get_ref().as_ref(), value))
    }

    /// Where a key's value begins, or the table where it is not there.
    fn place(&self, name: &str) -> usize {
        self.table
            .get(name)
            .map_or(self.at, |value| value.span().start)
    }
}

/// A file being read, with what was found wrong so far.
pub(super) struct Document<'a> {
    /// The file as faults name it.
    pub(super) file: String,
    source: &'a str,
    folder: PathBuf,
    env: Environment<'a>,
    pub(super) faults: Vec<Fault>,
}

impl<'a> Document<'a> {
    pub(super) fn new(path: &Path, source: &'a str, env: Environment<'a>) -> Document<'a> {
        Document {
            file: path.display().to_string(),
            source,
            folder: path.parent().unwrap_or(Path::new("")).to_owned(),
            env,
            faults: Vec::new(),
        }
    }

    /// The file's tables; none, and every fault of the syntax on record, where it is no TOML.
    pub(super) fn parse(&mut self) -> Option<DeTable<'a>> {
        // Some editors begin a file with a mark of the byte order.
        let source = self.source.strip_prefix('\u{feff}').unwrap_or(self.source);
        let (table, errors) = DeTable::parse_recoverable(source);
        for error in &errors {
            let at = error.span().map_or(0, |span| span.start);
            self.at(at, "", error.message().to_owned());
        }
        errors.is_empty().then(|| table.into_inner())
    }

    /// The variables of whoever reads it.
    pub(super) fn env(&self) -> Environment<'a> {
        self.env
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, byte: usize) -> usize {
        let source = self.source.strip_prefix('\u{feff}').unwrap_or(self.source);
        source
            .get(..byte)
            .unwrap_or(source)
            .matches('\n')
            .count()
            .saturating_add(1)
    }

    /// The line of a key's value.
    pub(super) fn line_of(&self, part: &Part<'_>, name: &str) -> usize {
        self.line(part.place(name))
    }

    fn at(&mut self, byte: usize, key: &str, what: String) {
        let fault = Fault::new(&self.file, self.line(byte), key, what);
        self.faults.push(fault);
    }

    /// Puts on record what is wrong with a key's value.
    pub(super) fn fault(&mut self, part: &Part<'_>, name: &str, what: impl Into<String>) {
        let key = if name.is_empty() {
            part.path.clone()
        } else {
            part.key(name)
        };
        self.at(part.place(name), &key, what.into());
    }

    /// Every key that is none of these is a fault.
    pub(super) fn known(&mut self, part: &Part<'_>, known: &[&str]) {
        self.known_but(part, known, "");
    }

    /// The same, but for one key that is wrong here too and of which more is to be said elsewhere.
    pub(super) fn known_but(&mut self, part: &Part<'_>, known: &[&str], but: &str) {
        for key in part.table.keys() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) && name != but {
                let shown = quoted(name);
                let what = format!("unknown key; known here are: {}", known.join(" "));
                self.at(key.span().start, &part.key(shown.trim_matches('\'')), what);
            }
        }
    }

    /// A text.
    pub(super) fn text(&mut self, part: &Part<'_>, name: &str) -> Option<String> {
        let value = part.table.get(name)?;
        match value.get_ref().as_str() {
            Some(text) if text.trim().is_empty() => {
                self.fault(part, name, "is empty; write something or leave it out");
                None
            }
            Some(text) => Some(text.to_owned()),
            None => {
                self.fault(part, name, "must be a text in quotes");
                None
            }
        }
    }

    /// A text that must be there.
    pub(super) fn needed(&mut self, part: &Part<'_>, name: &str) -> Option<String> {
        if part.has(name) {
            return self.text(part, name);
        }
        self.fault(part, name, MISSING);
        None
    }

    /// A text of a kind that can be read from it: a word of a closed list, a length of time.
    pub(super) fn word<T>(&mut self, part: &Part<'_>, name: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.text(part, name)?;
        let read = text.parse::<T>();
        read.map_err(|error| self.fault(part, name, error.to_string()))
            .ok()
    }

    /// The same, where it must be there.
    pub(super) fn needed_word<T>(&mut self, part: &Part<'_>, name: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        if part.has(name) {
            return self.word(part, name);
        }
        self.fault(part, name, MISSING);
        None
    }

    /// True or false.
    pub(super) fn yes(&mut self, part: &Part<'_>, name: &str) -> Option<bool> {
        let found = part.table.get(name)?.get_ref().as_bool();
        if found.is_none() {
            self.fault(part, name, "must be true or false, without quotes");
        }
        found
    }

    /// A path: `~/` is the home, a relative one begins at this file's folder.
    pub(super) fn path(&mut self, part: &Part<'_>, name: &str) -> Option<PathBuf> {
        let text = self.text(part, name)?;
        Some(expand(&text, &self.folder, self.env))
    }

    /// A path that must be there.
    pub(super) fn needed_path(&mut self, part: &Part<'_>, name: &str) -> Option<PathBuf> {
        let text = self.needed(part, name)?;
        Some(expand(&text, &self.folder, self.env))
    }

    /// A port of a machine.
    pub(super) fn port(&mut self, part: &Part<'_>, name: &str) -> Option<u16> {
        let value = part.table.get(name)?.get_ref().as_integer();
        let port = value.and_then(|value| u16::from_str_radix(value.as_str(), value.radix()).ok());
        let port = port.filter(|port| *port > 0);
        if port.is_none() {
            self.fault(
                part,
                name,
                "must be a number from 1 to 65535, without quotes",
            );
        }
        port
    }

    /// A number of things, from 1 to `most`.
    pub(super) fn count(&mut self, part: &Part<'_>, name: &str, most: usize) -> Option<usize> {
        let value = part.table.get(name)?.get_ref().as_integer();
        let count =
            value.and_then(|value| usize::from_str_radix(value.as_str(), value.radix()).ok());
        let count = count.filter(|count| (1..=most).contains(count));
        if count.is_none() {
            let what = format!("must be a number from 1 to {most}, without quotes");
            self.fault(part, name, what);
        }
        count
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, part: &Part<'_>, name: &str) -> Option<Vec<String>> {
        let value = part.table.get(name)?;
        let list = value.get_ref().as_array().map(|list| {
            let texts = list.iter().map(|item| item.get_ref().as_str());
            let texts = texts.filter(|text| text.is_some_and(|text| !text.trim().is_empty()));
            let texts: Vec<String> = texts.flatten().map(str::to_owned).collect();
            (texts.len() == list.len()).then_some(texts)
        });
        let list = list.flatten();
        if list.is_none() {
            self.fault(part, name, "must be a list of texts, as [\"one\", \"two\"]");
        }
        list
    }

    /// A path, or a list of paths; none where the key is not there.
    pub(super) fn path_or_paths(&mut self, part: &Part<'_>, name: &str) -> Vec<PathBuf> {
        let Some(value) = part.table.get(name) else {
            return Vec::new();
        };
        if value.get_ref().as_array().is_none() {
            return self.path(part, name).into_iter().collect();
        }
        let texts = self.texts(part, name).unwrap_or_default();
        let paths = texts
            .iter()
            .map(|text| expand(text, &self.folder, self.env));
        paths.collect()
    }

    /// A table, as `[keys]`.
    pub(super) fn part<'t>(&mut self, part: &Part<'t>, name: &str) -> Option<Part<'t>> {
        let value = part.table.get(name)?;
        let Some(table) = value.get_ref().as_table() else {
            self.fault(part, name, format!("must be a table: write [{name}]"));
            return None;
        };
        Some(Part {
            path: part.key(name),
            at: value.span().start,
            table,
        })
    }

    /// The tables of a list, as `[[source]]`.
    pub(super) fn parts<'t>(&mut self, part: &Part<'t>, name: &str) -> Vec<Part<'t>> {
        let Some(value) = part.table.get(name) else {
            return Vec::new();
        };
        let (path, mut parts) = (part.key(name), Vec::new());
        let list = value.get_ref().as_array();
        for item in list.into_iter().flatten() {
            if let Some(table) = item.get_ref().as_table() {
                parts.push(Part {
                    path: path.clone(),
                    at: item.span().start,
                    table,
                });
            }
        }
        if list.is_none_or(|list| list.len() != parts.len()) {
            let what = format!("must be a list of tables: write [[{path}]] before each");
            self.fault(part, name, what);
        }
        parts
    }
}
