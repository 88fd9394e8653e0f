//! Reading a TOML table key by key, with every fault named by file, line and key. Nothing is guessed: an unknown key, a
//! missing one and one of the wrong kind are faults, and all of them are found in one reading.

use std::str::FromStr;

use chrono::{NaiveDate, NaiveTime};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A fault of a catalogue file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {key}: {what}")]
pub struct CatalogueFault {
    /// The file's name, as it was given.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// The key with its path, such as `regime.stage.clock.zone`.
    pub key: String,
    /// What is wrong and what would be right.
    pub what: String,
}

/// The faults found in one file.
#[derive(Debug)]
pub struct Faults<'t> {
    file: &'t str,
    text: &'t str,
    found: Vec<CatalogueFault>,
    /// Calendars the file names, to be looked for when all files are read.
    pub calendars: Vec<At<String>>,
}

impl<'t> Faults<'t> {
    /// No faults yet.
    pub fn new(file: &'t str, text: &'t str) -> Faults<'t> {
        Faults {
            file,
            text,
            found: Vec::new(),
            calendars: Vec::new(),
        }
    }

    /// The name of the file.
    pub fn file(&self) -> &str {
        self.file
    }

    /// Notes a fault at a byte of the file.
    pub fn add(&mut self, at: usize, key: impl Into<String>, what: impl Into<String>) {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        self.found.push(CatalogueFault {
            file: self.file.to_owned(),
            line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
            key: key.into(),
            what: what.into(),
        });
    }

    /// All faults, in the order of their lines.
    pub fn into_vec(mut self) -> Vec<CatalogueFault> {
        self.found.sort_by_key(|fault| fault.line);
        self.found
    }

    /// Whether none was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}

/// A value where it stands: for messages.
#[derive(Debug, Clone)]
pub struct At<T> {
    pub value: T,
    /// Where it begins in the file, in bytes.
    pub at: usize,
    /// The key with its path, as faults name it.
    pub key: String,
}

/// A table that is being read; `done` complains of the keys nobody asked for.
pub struct Keys<'a, 't> {
    table: &'a DeTable<'t>,
    /// Where the table begins.
    pub at: usize,
    path: String,
    taken: Vec<&'static str>,
}

impl<'a, 't> Keys<'a, 't> {
    /// A table at a path of keys; the file itself has the empty path.
    pub fn new(table: &'a DeTable<'t>, at: usize, path: impl Into<String>) -> Keys<'a, 't> {
        Keys {
            table,
            at,
            path: path.into(),
            taken: Vec::new(),
        }
    }

    /// A key of this table with its path.
    pub fn key(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// The value of a key, which then counts as known.
    pub fn raw(&mut self, name: &'static str) -> Option<&'a Spanned<DeValue<'t>>> {
        self.taken.push(name);
        self.table.get(name)
    }

    fn read<T>(
        &mut self,
        faults: &mut Faults<'_>,
        name: &'static str,
        kind: &str,
        of: impl Fn(&DeValue<'t>) -> Option<T>,
    ) -> Option<At<T>> {
        let value = self.raw(name)?;
        let (at, key) = (value.span().start, self.key(name));
        match of(value.get_ref()) {
            Some(value) => Some(At { value, at, key }),
            None => {
                let found = value.get_ref().type_str();
                faults.add(at, key, format!("write {kind}, not a {found}"));
                None
            }
        }
    }

    /// A text, if the key is there.
    pub fn text(&mut self, faults: &mut Faults<'_>, name: &'static str) -> Option<At<String>> {
        self.read(faults, name, "a text in quotes", |v| {
            v.as_str().map(str::to_owned)
        })
    }

    /// A text, or the empty one.
    pub fn text_or_empty(&mut self, faults: &mut Faults<'_>, name: &'static str) -> String {
        self.text(faults, name)
            .map(|text| text.value)
            .unwrap_or_default()
    }

    /// A text that must be there and say something.
    pub fn need_text(&mut self, faults: &mut Faults<'_>, name: &'static str) -> Option<At<String>> {
        self.need(faults, name);
        let text = self.text(faults, name)?;
        if text.value.trim().is_empty() {
            faults.add(text.at, text.key, "is empty; say something");
            return None;
        }
        Some(text)
    }

    /// Complains if a key is missing.
    pub fn need(&mut self, faults: &mut Faults<'_>, name: &'static str) {
        if !self.table.contains_key(name) {
            faults.add(self.at, self.key(name), "is missing; it is required here");
        }
    }

    /// Whether a key is there.
    pub fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    /// True or false, if the key is there.
    pub fn flag(&mut self, faults: &mut Faults<'_>, name: &'static str) -> Option<bool> {
        let flag = self.read(faults, name, "true or false", DeValue::as_bool)?;
        Some(flag.value)
    }

    /// A number, if the key is there.
    pub fn number(&mut self, faults: &mut Faults<'_>, name: &'static str) -> Option<At<f64>> {
        self.read(faults, name, "a number", number)
    }

    /// A whole number from 1 to 3660, which must be there.
    pub fn need_count(&mut self, faults: &mut Faults<'_>, name: &'static str) -> Option<u32> {
        self.need(faults, name);
        let number = self.number(faults, name)?;
        let whole = number.value;
        if whole.fract() == 0.0 && (1.0..=3660.0).contains(&whole) {
            return Some(whole as u32);
        }
        faults.add(number.at, number.key, "write a whole number from 1 to 3660");
        None
    }

    /// A number of hours up to ten years, fractions allowed, as whole seconds; it must be there.
    pub fn need_hours(&mut self, faults: &mut Faults<'_>, name: &'static str) -> Option<i64> {
        self.need(faults, name);
        let hours = self.number(faults, name)?;
        if hours.value > 0.0 && hours.value <= 87_840.0 {
            return Some((hours.value * 3600.0).round() as i64);
        }
        faults.add(
            hours.at,
            hours.key,
            "write hours, more than 0 and at most 87840",
        );
        None
    }

    /// A date, if the key is there: `2026-11-23`, with or without quotes.
    pub fn date(&mut self, faults: &mut Faults<'_>, name: &'static str) -> Option<NaiveDate> {
        let date = self.read(faults, name, "a date such as 2026-11-23", date)?;
        Some(date.value)
    }

    /// A wall time, if the key is there: `"23:59:59"`, with or without quotes.
    pub fn time(&mut self, faults: &mut Faults<'_>, name: &'static str) -> Option<NaiveTime> {
        let time = self.read(
            faults,
            name,
            "a time such as \"17:30:00\"",
            |value| match value {
                DeValue::String(text) => text.parse().ok(),
                DeValue::Datetime(at) if at.date.is_none() && at.offset.is_none() => {
                    let time = at.time?;
                    NaiveTime::from_hms_opt(
                        time.hour.into(),
                        time.minute.into(),
                        time.second.unwrap_or(0).into(),
                    )
                }
                _ => None,
            },
        )?;
        Some(time.value)
    }

    /// A word that is read by its own rules; the fault says what those are.
    pub fn parsed<T: FromStr>(&mut self, faults: &mut Faults<'_>, name: &'static str) -> Option<T>
    where
        T::Err: std::fmt::Display,
    {
        let text = self.text(faults, name)?;
        match text.value.parse() {
            Ok(value) => Some(value),
            Err(why) => {
                faults.add(text.at, text.key, why.to_string());
                None
            }
        }
    }

    /// One of a few words; `-` and `_` are alike.
    pub fn word<T: Copy>(
        &mut self,
        faults: &mut Faults<'_>,
        name: &'static str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let text = self.text(faults, name)?;
        let given = text.value.replace('-', "_");
        let found = words
            .iter()
            .find(|(word, _)| word.replace('-', "_") == given);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            faults.add(
                text.at,
                text.key,
                format!("'{}' is not one of {}", text.value, known.join(", ")),
            );
        }
        found.map(|(_, value)| *value)
    }

    /// A list of texts, or nothing; one text alone is a list of one.
    pub fn texts(&mut self, faults: &mut Faults<'_>, name: &'static str) -> Vec<String> {
        let list = self.read(faults, name, "a list of texts", |value| match value {
            DeValue::String(text) => Some(vec![text.to_string()]),
            DeValue::Array(items) => items
                .iter()
                .map(|item| item.get_ref().as_str().map(str::to_owned))
                .collect(),
            _ => None,
        });
        list.map(|list| list.value).unwrap_or_default()
    }

    /// A table, if the key is there.
    pub fn table(&mut self, faults: &mut Faults<'_>, name: &'static str) -> Option<Keys<'a, 't>> {
        let value = self.raw(name)?;
        let (at, key) = (value.span().start, self.key(name));
        match value.get_ref() {
            DeValue::Table(table) => Some(Keys::new(table, at, key)),
            other => {
                faults.add(
                    at,
                    key,
                    format!("write a table, not a {}", other.type_str()),
                );
                None
            }
        }
    }

    /// A list of anything, or nothing.
    pub fn list(
        &mut self,
        faults: &mut Faults<'_>,
        name: &'static str,
    ) -> &'a [Spanned<DeValue<'t>>] {
        let Some(value) = self.raw(name) else {
            return &[];
        };
        match value.get_ref() {
            DeValue::Array(items) => items,
            other => {
                let found = other.type_str();
                faults.add(
                    value.span().start,
                    self.key(name),
                    format!("write a list, not a {found}"),
                );
                &[]
            }
        }
    }

    /// A list of tables, or nothing.
    pub fn tables(&mut self, faults: &mut Faults<'_>, name: &'static str) -> Vec<Keys<'a, 't>> {
        let key = self.key(name);
        let mut found = Vec::new();
        for item in self.list(faults, name) {
            match item.get_ref() {
                DeValue::Table(table) => found.push(Keys::new(table, item.span().start, &key)),
                other => faults.add(
                    item.span().start,
                    &key,
                    format!("write a table, not a {}", other.type_str()),
                ),
            }
        }
        found
    }

    /// The entries of the table as they stand, all of them known.
    pub fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Spanned<DeValue<'t>>)> {
        self.table
            .iter()
            .map(|(key, value)| (key.get_ref().as_ref(), value))
    }

    /// Complains of each key that nobody asked for.
    pub fn done(self, faults: &mut Faults<'_>) {
        for (key, _) in self.table.iter() {
            let name = key.get_ref().as_ref();
            if !self.taken.contains(&name) {
                faults.add(
                    key.span().start,
                    self.key(name),
                    format!(
                        "is not a key that is known here; known are {}",
                        self.taken.join(", ")
                    ),
                );
            }
        }
    }
}

/// A whole number or one with a fraction.
pub fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .map(|number| number as f64),
        DeValue::Float(number) => number.as_str().parse().ok().filter(|n: &f64| n.is_finite()),
        _ => None,
    }
}

/// A date, with or without quotes.
pub fn date(value: &DeValue<'_>) -> Option<NaiveDate> {
    match value {
        DeValue::String(text) => text.parse().ok(),
        DeValue::Datetime(at) if at.time.is_none() => {
            let date = at.date?;
            NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())
        }
        _ => None,
    }
}
