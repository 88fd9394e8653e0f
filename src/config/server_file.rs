//! The backend's own file: services, teams and their routes, what a severity means, and how the backend is called
//! from outside. How one route is read, `route` knows; what a regime file holds, the catalogue does.

use std::path::{Path, PathBuf};

use super::connector;
use super::document::{Document, Part, read_text};
use super::fault::{ConfigError, Fault, quoted};
use super::home::{Environment, config_home};
use super::intake;
use super::route::route;
use super::source::place;
use crate::connector::alert::AlertSettings;
use crate::connector::settings::ConnectorSettings;
use crate::domain::clock::Catalogue;
use crate::domain::directory::{Directory, Service, Team};
use crate::domain::duty::{Rules, WARN_AFTER_DAYS};
use crate::domain::span::Span;
use crate::domain::word::{Severity, TeamKind};
use crate::net::Network;
use crate::paging;
use crate::paging::settings::RouteSettings;

/// What a backend is told. The default is the built-in directory, without routes.
#[derive(Debug, Clone, Default)]
pub struct ServerFile {
    pub directory: Directory,
    /// The routes of every team that has some, in the order of the file.
    pub routes: Vec<(String, Vec<RouteSettings>)>,
    /// The incident systems it takes incidents from.
    pub connectors: Vec<ConnectorSettings>,
    /// Who may post alerts to it.
    pub intakes: Vec<AlertSettings>,
    /// How the backend is reached from outside; links in pages begin with it.
    pub public_url: Option<String>,
    /// The proxies before it that are believed when they say for whom they ask.
    pub trusted_proxies: Vec<Network>,
    /// What the backend calls itself.
    pub name: Option<String>,
    /// Files of regimes that are read after the built-in ones.
    pub regimes: Vec<PathBuf>,
    /// Files of calendars, and of days closed by order, that are read after the built-in ones.
    pub calendars: Vec<PathBuf>,
    /// The rules with those files; none where there are none, and the built-in ones stand.
    pub rules: Option<Rules>,
}

const KEYS: &[&str] = &[
    "public_url",
    "name",
    "trusted_proxies",
    "regimes",
    "calendars",
    "warn_after_days",
    "severity",
    "service",
    "team",
    "connector",
    "intake",
];
/// A century: a text that nobody would be asked to read again.
const MOST_DAYS: usize = 36_500;
const SERVICE: &[&str] = &["id", "name", "prefix", "owner", "service_team", "regimes"];
const TEAM: &[&str] = &[
    "id",
    "name",
    "short",
    "kind",
    "services",
    "engage_when",
    "ack_within",
    "escalate_to",
    "route",
];
impl ServerFile {
    /// Reads the file that was named, or `server.toml` of the person's folder if it is there.
    ///
    /// # Errors
    /// Everything that is wrong in it, each fault with its line; or the named file is not there.
    pub fn load(path: Option<&Path>, env: Environment<'_>) -> Result<ServerFile, ConfigError> {
        let usual = config_home(env).join("server.toml");
        let named = path.is_some();
        let path = path.unwrap_or(&usual);
        let alone = |what: String| {
            let fault = Fault::new(&path.display().to_string(), 0, "", what);
            Err(ConfigError(vec![fault]))
        };
        let text = match read_text(path) {
            Ok(Some(text)) => text,
            Ok(None) if named => {
                return alone("there is no such file; check the path, or leave it out".to_owned());
            }
            Ok(None) => return Ok(ServerFile::default()),
            Err(why) => return alone(why),
        };
        let mut document = Document::new(path, &text, env);
        let mut file = ServerFile::default();
        if let Some(table) = document.parse() {
            file.read(&mut document, &Part::root(&table));
        }
        ConfigError::unless_none(document.faults)?;
        Ok(file)
    }

    fn read(&mut self, document: &mut Document<'_>, root: &Part<'_>) {
        document.known(root, KEYS);
        self.name = document.text(root, "name");
        self.public_url = document.text(root, "public_url");
        if let Some(Err(why)) = self.public_url.as_deref().map(place) {
            document.fault(root, "public_url", why);
        }
        for text in document.texts(root, "trusted_proxies").unwrap_or_default() {
            match text.parse::<Network>() {
                Ok(network) => self.trusted_proxies.push(network),
                Err(fault) => document.fault(root, "trusted_proxies", fault.to_string()),
            }
        }
        self.regimes = files(document, root, "regimes");
        self.calendars = files(document, root, "calendars");
        self.read_rules(document, root);
        self.read_severities(document, root);
        // Services and teams name each other: whoever writes one of the lists writes both.
        if root.has("service") || root.has("team") {
            self.read_directory(document, root);
        }
        let rules = self.rules.as_ref();
        self.connectors = connector::read(document, root, &self.directory, rules);
        self.intakes = intake::read(document, root, &self.connectors, &self.directory, rules);
        self.check_routes(document, root);
    }

    /// A route names a connector of this file, which stands behind it.
    fn check_routes(&self, document: &mut Document<'_>, root: &Part<'_>) {
        for team in document.parts(root, "team") {
            for part in document.parts(&team, "route") {
                let Some(name) = document.text(&part, "connector") else {
                    continue;
                };
                if !self.connectors.iter().any(|known| known.name == name) {
                    let all = self.connectors.iter().map(|known| known.name.as_str());
                    let all: Vec<&str> = all.collect();
                    let what = format!(
                        "{} is none of the connectors: {}",
                        quoted(&name),
                        all.join(", ")
                    );
                    document.fault(&part, "connector", what);
                }
            }
        }
    }

    fn read_directory(&mut self, document: &mut Document<'_>, root: &Part<'_>) {
        let before = document.faults.len();
        let services = document.parts(root, "service");
        let teams = document.parts(root, "team");
        if services.is_empty() {
            document.fault(
                root,
                "service",
                "is missing: a file with teams needs at least one [[service]]",
            );
        }
        self.directory.services = services
            .iter()
            .filter_map(|part| service(document, part, self.rules.as_ref()))
            .collect();
        self.directory.teams.clear();
        for part in &teams {
            let team = team(document, part);
            let routes: Vec<RouteSettings> = document
                .parts(part, "route")
                .iter()
                .filter_map(|part| route(document, part))
                .collect();
            let Some(mut team) = team else {
                continue;
            };
            team.routes = routes.iter().map(paging::view).collect();
            if !routes.is_empty() {
                self.routes.push((team.id.clone(), routes));
            }
            self.directory.teams.push(team);
        }
        // A service or team that could not be read would look like one that is not there.
        if document.faults.len() == before {
            contradictions(&self.directory, document, &services, &teams);
        }
    }

    /// Reads the regimes and calendars that were named. Their faults stand beside those of this file, each with its own
    /// file and line.
    fn read_rules(&mut self, document: &mut Document<'_>, root: &Part<'_>) {
        let paths: Vec<&PathBuf> = self.calendars.iter().chain(&self.regimes).collect();
        // What a service names must be there; without either nobody asks.
        let warns = document.count(root, "warn_after_days", MOST_DAYS);
        let names = ["service", "connector", "intake", "warn_after_days"];
        if paths.is_empty() && !names.iter().any(|name| root.has(name)) {
            return;
        }
        let mut texts: Vec<(String, String)> = Vec::new();
        let before = document.faults.len();
        for path in paths {
            let name = path.display().to_string();
            match read_text(path) {
                Ok(Some(text)) => texts.push((name, text)),
                Ok(None) => {
                    let what = "there is no such file; check the path in server.toml";
                    document.faults.push(Fault::new(&name, 0, "", what));
                }
                Err(why) => document.faults.push(Fault::new(&name, 0, "", why)),
            }
        }
        let files = texts
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()));
        match Catalogue::built_in().and_then(|catalogue| catalogue.with_user_files(files)) {
            // A file that could not be read would make its regimes unknown.
            Ok(_) if document.faults.len() > before => {}
            Ok(catalogue) => {
                let days = warns.and_then(|days| u32::try_from(days).ok());
                let rules = Rules::new(catalogue);
                self.rules = Some(rules.warning_after(days.unwrap_or(WARN_AFTER_DAYS)));
            }
            Err(faults) => document.faults.extend(
                faults
                    .into_iter()
                    .map(|fault| Fault::new(&fault.file, fault.line, &fault.key, fault.what)),
            ),
        }
    }

    /// What the file says of a severity replaces the built-in meaning.
    fn read_severities(&mut self, document: &mut Document<'_>, root: &Part<'_>) {
        let mut seen: Vec<Severity> = Vec::new();
        for part in document.parts(root, "severity") {
            document.known(&part, &["id", "means"]);
            let id = document.needed_word(&part, "id");
            let means = document.needed(&part, "means");
            let (Some(id), Some(means)) = (id, means) else {
                continue;
            };
            if seen.contains(&id) {
                document.fault(&part, "id", format!("{id} stands twice; keep one"));
            }
            seen.push(id);
            let known = self.directory.severities.iter_mut();
            for meaning in known.filter(|meaning| meaning.id == id) {
                meaning.means.clone_from(&means);
            }
        }
    }
}

/// The files of `[regimes]` or `[calendars]`: `path` is one, or a list.
fn files(document: &mut Document<'_>, root: &Part<'_>, name: &str) -> Vec<PathBuf> {
    let Some(part) = document.part(root, name) else {
        return Vec::new();
    };
    document.known(&part, &["path"]);
    if !part.has("path") {
        document.fault(&part, "path", "is missing; it is needed here");
    }
    document.path_or_paths(&part, "path")
}

fn service(document: &mut Document<'_>, part: &Part<'_>, rules: Option<&Rules>) -> Option<Service> {
    document.known(part, SERVICE);
    let id = id(document, part);
    let name = document.needed(part, "name");
    let prefix = document.needed(part, "prefix");
    let owner = document.needed(part, "owner");
    let service_team = document.text(part, "service_team");
    let regimes = document.texts(part, "regimes");
    let catalogue = rules.map(Rules::catalogue);
    let unknown = |id: &&String| catalogue.is_some_and(|c| c.regime(id).is_none());
    if let Some(id) = regimes.iter().flatten().find(unknown) {
        let what = format!(
            "{} is not a regime of the catalogue; name its file under [regimes], or see warboard regimes list",
            quoted(id)
        );
        document.fault(part, "regimes", what);
    }
    Some(Service {
        id: id?,
        name: name?,
        prefix: prefix?,
        owner: owner?,
        service_team,
        regimes: regimes.unwrap_or_default(),
    })
}

fn team(document: &mut Document<'_>, part: &Part<'_>) -> Option<Team> {
    document.known(part, TEAM);
    let id = id(document, part);
    let name = document.needed(part, "name");
    let kind: Option<TeamKind> = document.needed_word(part, "kind");
    let short = document.text(part, "short");
    let services = document.texts(part, "services");
    let engage_when = document.texts(part, "engage_when");
    let ack_within: Option<Span> = document.word(part, "ack_within");
    if ack_within == Some(Span(0)) {
        document.fault(part, "ack_within", "must be longer than nothing; write 10m");
    }
    let escalate_to = document.text(part, "escalate_to");
    let mut team = Team::new(id?, name?, kind?);
    team.short = short.unwrap_or(team.short);
    team.services = services.unwrap_or(team.services);
    team.engage_when = engage_when.unwrap_or(team.engage_when);
    team.ack_within = ack_within.unwrap_or(team.ack_within);
    team.escalate_to = escalate_to;
    Some(team)
}

/// An id: it stands in commands and in addresses, so it is one word.
fn id(document: &mut Document<'_>, part: &Part<'_>) -> Option<String> {
    let id = document.needed(part, "id")?;
    let word = id.len() <= 64
        && id.bytes().all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.')
        });
    if !word {
        let what = format!(
            "{} is no id; write at most 64 small letters, digits and dashes",
            quoted(&id)
        );
        document.fault(part, "id", what);
    }
    word.then_some(id)
}

/// Where the directory contradicts itself, each at the key of the entry that does.
fn contradictions(
    directory: &Directory,
    document: &mut Document<'_>,
    services: &[Part<'_>],
    teams: &[Part<'_>],
) {
    let ids = |name: &str| -> Vec<&String> {
        match name {
            "service" => directory.services.iter().map(|s| &s.id).collect(),
            _ => directory.teams.iter().map(|t| &t.id).collect(),
        }
    };
    for fault in directory.faults() {
        let parts = if fault.what == "service" {
            services
        } else {
            teams
        };
        let mut named = ids(fault.what)
            .into_iter()
            .zip(parts)
            .filter(|(id, part)| **id == fault.id && part.has(fault.key))
            .map(|(_, part)| part);
        // Of two with one id, the last is the one too many.
        let part = match fault.key {
            "id" => named.next_back(),
            _ => named.next(),
        };
        if let Some(part) = part {
            document.fault(part, fault.key, fault.to_string());
        }
    }
}
