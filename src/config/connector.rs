//! One `[[connector]]` of a backend's file: which keys its kind takes, and how its words are mapped. Whether the vendor
//! takes the credentials, `warboard connector check` finds out.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Map, Value};
use toml::de::DeValue;

use super::document::{Document, Part};
use super::fault::quoted;
use super::home::variable;
use super::source::{bad_name, place};
use crate::connector::settings::{
    ConnectorSettings, Kind, Mapping, PAGERDUTY_URL, TagRule, TokenPlace,
};
use crate::domain::directory::Directory;
use crate::domain::duty::Rules;
use crate::secret::{Secret, command_words};

const KEYS: &[&str] = &[
    "kind",
    "name",
    "url",
    "token_file",
    "token_command",
    "token_env",
    "ca_file",
    "service",
    "from",
    "phase_field",
    "write_phases",
    "services",
    "phases",
    "severities",
    "tag",
];
const TOKENS: [&str; 3] = ["token_file", "token_command", "token_env"];
/// What PagerDuty alone takes.
const PAGERDUTY: [&str; 2] = ["from", "phase_field"];

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
    if part.has("token") {
        let what = "a token does not stand in this file: put it in a file that only the backend can read and name that as token_file";
        document.fault(part, "token", what);
    }
    document.known_but(part, KEYS, "token");
    let kind = kind(document, part);
    let name = document.needed(part, "name");
    if let Some(why) = name.as_deref().and_then(bad_name) {
        document.fault(part, "name", why);
    }
    let url = match (part.has("url"), kind) {
        (false, Some(Kind::PagerDuty)) => Some(PAGERDUTY_URL.to_owned()),
        _ => document.needed(part, "url"),
    };
    if let Some(Err(why)) = url.as_deref().map(place) {
        document.fault(part, "url", why);
    }
    let token = token(document, part);
    let ca_file = document.path(part, "ca_file");
    let from = document.text(part, "from");
    if from.as_deref().is_some_and(|from| !from.contains('@')) {
        document.fault(
            part,
            "from",
            "must be the e-mail address of a user of the account",
        );
    }
    let phase_field = document.text(part, "phase_field");
    if let Some(kind) = kind.filter(|kind| *kind != Kind::PagerDuty) {
        for key in PAGERDUTY.into_iter().filter(|key| part.has(key)) {
            document.fault(
                part,
                key,
                format!("is for pagerduty; {} has no use for it", kind.as_str()),
            );
        }
    }
    let write_phases = document.yes(part, "write_phases").unwrap_or(false);
    if write_phases && kind == Some(Kind::PagerDuty) && from.is_none() {
        let what = "needs from beside it: PagerDuty takes writes only for a user";
        document.fault(part, "write_phases", what);
    }
    let service = service(document, part, "service", directory);
    let mapping = mapping(document, part, kind, service.as_deref(), directory, rules);
    Some(ConnectorSettings {
        kind: kind?,
        name: name?,
        url: url?,
        token: token?,
        ca_file,
        from,
        phase_field,
        write_phases,
        mapping: mapping?,
    })
}

fn kind(document: &mut Document<'_>, part: &Part<'_>) -> Option<Kind> {
    let word = document.needed(part, "kind")?;
    let kind = Kind::of(&word);
    if kind.is_none() {
        let all = Kind::ALL.map(Kind::as_str).join(", ");
        document.fault(
            part,
            "kind",
            format!("{} is not one of: {all}", quoted(&word)),
        );
    }
    kind
}

/// Exactly one of the three places.
fn token(document: &mut Document<'_>, part: &Part<'_>) -> Option<TokenPlace> {
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
            Some(TokenPlace::Command(line))
        }
        Some("token_env") => {
            let name = document.text(part, "token_env")?;
            let value = variable(document.env(), &name).map(|value| Secret::new(value.trim()));
            Some(TokenPlace::Variable { name, value })
        }
        Some(file) => document.path(part, file).map(TokenPlace::File),
        None => {
            let what = "is missing; write it, token_command or token_env";
            document.fault(part, "token_file", what);
            None
        }
    }
}

/// A service of this file; where there is only one it need not be named.
fn service(
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
    kind: Option<Kind>,
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
    let kind = kind?;
    Some(Mapping {
        services,
        phases: own_first(phases, kind.phases()),
        severities: own_first(severities, kind.severities()),
        tags,
        ..Mapping::new(kind, service?)
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
fn words<T>(document: &mut Document<'_>, part: &Part<'_>, name: &str) -> Vec<(String, T)>
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
    let mut profile = Map::new();
    if let Some(table) = document.part(part, "profile") {
        for (key, value) in table.entries() {
            match json(value.get_ref()) {
                Some(value) => {
                    profile.insert(key.to_owned(), value);
                }
                None => document.fault(
                    &table,
                    key,
                    "must be text, whole number, true or false, or a list or table of them",
                ),
            }
        }
    }
    Some(TagRule {
        tag: tag?,
        regimes,
        profile,
    })
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
