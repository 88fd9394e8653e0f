//! `[[connector]]` of a backend's file: the incident systems it polls, which keys each kind takes, and how its words are
//! mapped. Whether the vendor takes the credentials, `warboard connector check` finds out. Who posts alerts here by itself is
//! `[[intake]]`, in `intake`, which reads its token, service and tables by the functions here.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use serde_json::{Map, Value};
use toml::de::DeValue;

use super::document::{Document, Part};
use super::fault::quoted;
use super::home::{data_home, variable};
use super::source::{bad_name, place};
use crate::connector::login::is_by_device;
use crate::connector::settings::{ConnectorSettings, Mapping, TagRule};
use crate::connector::vendor::{VENDORS, Vendor};
use crate::domain::directory::{Directory, ROUTE_CLEARANCE};
use crate::domain::duty::Rules;
use crate::secret::{Place, Secret, command_words};

/// What every kind takes.
const KEYS: &[&str] = &[
    "kind",
    "name",
    "url",
    "token_file",
    "token_command",
    "token_env",
    "ca_file",
    "proxy",
    "service",
    "write_phases",
    "write_notes",
    "clearance",
    "services",
    "phases",
    "severities",
    "tag",
];
const TOKENS: [&str; 3] = ["token_file", "token_command", "token_env"];

/// Reads every `[[connector]]`.
pub(super) fn read(
    document: &mut Document<'_>,
    root: &Part<'_>,
    directory: &Directory,
    rules: Option<&Rules>,
) -> Vec<ConnectorSettings> {
    let mut all: Vec<ConnectorSettings> = Vec::new();
    for part in document.parts(root, "connector") {
        let Some(settings) = one(document, &part, directory, rules) else {
            continue;
        };
        if all.iter().any(|other| other.name == settings.name) {
            let what = format!(
                "two connectors are called {}; give this one another name",
                quoted(&settings.name)
            );
            document.fault(&part, "name", what);
        }
        all.push(settings);
    }
    all
}

fn one(
    document: &mut Document<'_>,
    part: &Part<'_>,
    directory: &Directory,
    rules: Option<&Rules>,
) -> Option<ConnectorSettings> {
    token_is_elsewhere(document, part);
    let mut keys = KEYS.to_vec();
    for key in VENDORS.iter().flat_map(|vendor| vendor.keys) {
        if !keys.contains(key) {
            keys.push(key);
        }
    }
    document.known_but(part, &keys, "token");
    let vendor = vendor(document, part);
    let name = document.needed(part, "name");
    if let Some(why) = name.as_deref().and_then(bad_name) {
        document.fault(part, "name", why);
    }
    let usual = vendor.and_then(|vendor| vendor.url);
    let url = match usual.filter(|_| !part.has("url")) {
        Some(usual) => Some(usual.to_owned()),
        None => document.needed(part, "url"),
    };
    if let Some(Err(why)) = url.as_deref().map(place) {
        document.fault(part, "url", why);
    }
    let ca_file = document.path(part, "ca_file");
    let proxy = document.text(part, "proxy");
    if let Some(Err(why)) = proxy.as_deref().map(place) {
        document.fault(part, "proxy", why);
    }
    let options = options(document, part, vendor);
    let by_device = vendor.is_some_and(|vendor| is_by_device(vendor, &options));
    let kept = name.as_deref().filter(|_| by_device).map(|name| {
        let file = format!("{}.login", name.replace('/', "-"));
        data_home(document.env()).join(file)
    });
    let token = token(document, part, kept);
    let write_phases = document.yes(part, "write_phases").unwrap_or(false);
    let clearance = document.word(part, "clearance");
    let write_notes = document
        .yes(part, "write_notes")
        .filter(|yes| *yes)
        .map(|_| clearance.unwrap_or(ROUTE_CLEARANCE));
    if clearance.is_some() && write_notes.is_none() {
        let what = "says whose notes are written there; it needs write_notes = true beside it";
        document.fault(part, "clearance", what);
    }
    let service = service(document, part, "service", directory);
    let mapping = mapping(document, part, vendor, service.as_deref(), directory, rules);
    let settings = ConnectorSettings {
        vendor: vendor?,
        name: name?,
        url: url?,
        token: token?,
        ca_file,
        proxy,
        options,
        write_phases,
        write_notes,
        mapping: mapping?,
    };
    for fault in (settings.vendor.faults)(&settings) {
        document.fault(part, fault.key, fault.why);
    }
    Some(settings)
}

/// A token that stands in the file is a fault, and is told nowhere.
pub(super) fn token_is_elsewhere(document: &mut Document<'_>, part: &Part<'_>) {
    if part.has("token") {
        let what = "a token does not stand in this file: put it in a file that only the backend can read and name that as token_file";
        document.fault(part, "token", what);
    }
}

/// What only this vendor takes.
fn options(
    document: &mut Document<'_>,
    part: &Part<'_>,
    vendor: Option<&'static Vendor>,
) -> BTreeMap<&'static str, String> {
    let (mut options, mut told) = (BTreeMap::new(), Vec::new());
    let Some(vendor) = vendor else {
        return options;
    };
    for key in VENDORS.iter().flat_map(|vendor| vendor.keys) {
        if !part.has(key) || vendor.keys.contains(key) || told.contains(&key) {
            continue;
        }
        told.push(key);
        let owners = VENDORS.iter().filter(|other| other.keys.contains(key));
        let owners: Vec<&str> = owners.map(|other| other.word).collect();
        let owners = owners.join(", ");
        let what = format!("is for {owners}; {} has no use for it", vendor.word);
        document.fault(part, key, what);
    }
    for key in vendor.keys.iter().copied() {
        if let Some(value) = document.text(part, key) {
            options.insert(key, value);
        }
    }
    options
}

fn vendor(document: &mut Document<'_>, part: &Part<'_>) -> Option<&'static Vendor> {
    let word = document.needed(part, "kind")?;
    let vendor = Vendor::of(&word);
    if vendor.is_none() {
        let all = VENDORS.map(|vendor| vendor.word).join(", ");
        let what = format!("{} is not one of: {all}", quoted(&word));
        document.fault(part, "kind", what);
    }
    vendor
}

/// Exactly one of the three places. `kept` is the file for what comes of signing in, where somebody does.
pub(super) fn token(
    document: &mut Document<'_>,
    part: &Part<'_>,
    kept: Option<PathBuf>,
) -> Option<Place> {
    let mut given = TOKENS.into_iter().filter(|key| part.has(key));
    let (first, second) = (given.next(), given.next());
    if let (Some(first), Some(second)) = (first, second) {
        document.fault(
            part,
            second,
            format!("stands beside {first}; keep one of them"),
        );
        return None;
    }
    match first {
        Some("token_command") => {
            let line = document.text(part, "token_command")?;
            if command_words(&line).is_empty() {
                document.fault(part, "token_command", "names no command");
            }
            Some(Place::Command(line))
        }
        Some("token_env") => {
            let name = document.text(part, "token_env")?;
            let value = variable(document.env(), &name).map(|value| Secret::new(value.trim()));
            Some(Place::Variable { name, value })
        }
        Some(file) => document.path(part, file).map(Place::File),
        None if kept.is_some() => kept.map(Place::File),
        None => {
            let what = "is missing; write it, token_command or token_env";
            document.fault(part, "token_file", what);
            None
        }
    }
}

/// A service of this file; where there is only one it need not be named.
pub(super) fn service(
    document: &mut Document<'_>,
    part: &Part<'_>,
    key: &str,
    directory: &Directory,
) -> Option<String> {
    if let ([only], false) = (directory.services.as_slice(), part.has(key)) {
        return Some(only.id.clone());
    }
    let id = document.needed(part, key)?;
    known_service(document, part, key, &id, directory).then_some(id)
}

fn known_service(
    document: &mut Document<'_>,
    part: &Part<'_>,
    key: &str,
    id: &str,
    directory: &Directory,
) -> bool {
    let known = directory.service(id).is_some();
    if !known {
        let all: Vec<&str> = directory.services.iter().map(|s| s.id.as_str()).collect();
        let what = format!("{} is none of the services: {}", quoted(id), all.join(", "));
        document.fault(part, key, what);
    }
    known
}

fn mapping(
    document: &mut Document<'_>,
    part: &Part<'_>,
    vendor: Option<&'static Vendor>,
    service: Option<&str>,
    directory: &Directory,
    rules: Option<&Rules>,
) -> Option<Mapping> {
    let phases = words(document, part, "phases");
    let severities = words(document, part, "severities");
    let services: Vec<(String, String)> = words(document, part, "services");
    if let Some(table) = document.part(part, "services") {
        for (word, id) in &services {
            known_service(document, &table, word, id, directory);
        }
    }
    let tags: Vec<TagRule> = document
        .parts(part, "tag")
        .iter()
        .filter_map(|part| tag(document, part, rules))
        .collect();
    let built_in = Mapping::new(vendor?, service?);
    Some(Mapping {
        services,
        phases: own_first(phases, built_in.phases),
        severities: own_first(severities, built_in.severities),
        tags,
        ..Mapping::new(vendor?, service?)
    })
}

/// What the file says of a word stands before what is built in: the first word of a phase is the one that is written.
fn own_first<T>(mut own: Vec<(String, T)>, built_in: Vec<(String, T)>) -> Vec<(String, T)> {
    let known: Vec<String> = own.iter().map(|(word, _)| word.to_lowercase()).collect();
    let new = built_in.into_iter();
    own.extend(new.filter(|(word, _)| !known.contains(&word.to_lowercase())));
    own
}

/// A table of words with their meanings.
pub(super) fn words<T>(document: &mut Document<'_>, part: &Part<'_>, name: &str) -> Vec<(String, T)>
where
    T: FromStr,
    T::Err: Display,
{
    let Some(table) = document.part(part, name) else {
        return Vec::new();
    };
    // In the order of the file: the parser sorts them by name.
    let mut entries: Vec<(usize, String)> = table
        .entries()
        .map(|(word, value)| (value.span().start, word.to_owned()))
        .collect();
    entries.sort();
    let read = |(_, word): (usize, String)| {
        let meaning = document.word(&table, &word)?;
        Some((word, meaning))
    };
    entries.into_iter().filter_map(read).collect()
}

fn tag(document: &mut Document<'_>, part: &Part<'_>, rules: Option<&Rules>) -> Option<TagRule> {
    document.known(part, &["name", "regimes", "profile"]);
    let tag = document.needed(part, "name");
    let regimes = known_regimes(document, part, rules);
    let profile = json_table(document, part, "profile");
    Some(TagRule {
        tag: tag?,
        regimes,
        profile,
    })
}

/// `regimes`, each of the catalogue.
pub(super) fn known_regimes(
    document: &mut Document<'_>,
    part: &Part<'_>,
    rules: Option<&Rules>,
) -> Vec<String> {
    let regimes = document.texts(part, "regimes").unwrap_or_default();
    let catalogue = rules.map(Rules::catalogue);
    let unknown = |id: &&String| catalogue.is_some_and(|c| c.regime(id).is_none());
    if let Some(id) = regimes.iter().find(unknown) {
        let what = format!(
            "{} is not a regime of the catalogue; see warboard regimes list",
            quoted(id)
        );
        document.fault(part, "regimes", what);
    }
    regimes
}

/// A table of the file as JSON.
pub(super) fn json_table(
    document: &mut Document<'_>,
    part: &Part<'_>,
    name: &str,
) -> Map<String, Value> {
    let mut read = Map::new();
    let Some(table) = document.part(part, name) else {
        return read;
    };
    for (key, value) in table.entries() {
        match json(value.get_ref()) {
            Some(value) => {
                read.insert(key.to_owned(), value);
            }
            None => document.fault(
                &table,
                key,
                "must be text, whole number, true or false, or a list or table of them",
            ),
        }
    }
    read
}

fn json(value: &DeValue<'_>) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Boolean(yes) => Value::from(*yes),
        DeValue::Integer(number) => {
            Value::from(i64::from_str_radix(number.as_str(), number.radix()).ok()?)
        }
        DeValue::Array(items) => {
            let items = items.iter().map(|item| json(item.get_ref()));
            Value::Array(items.collect::<Option<_>>()?)
        }
        DeValue::Table(table) => {
            let pairs = table
                .iter()
                .map(|(key, value)| Some((key.get_ref().to_string(), json(value.get_ref())?)));
            Value::Object(pairs.collect::<Option<_>>()?)
        }
        DeValue::Float(_) | DeValue::Datetime(_) => return None,
    })
}
