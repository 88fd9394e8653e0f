//! The backends a board looks at: `[[source]]` of the file, `--url` and `WARBOARD_URL`, and where each one's token is.
//! Reading a token, and asking a backend, is not done here.

use std::path::PathBuf;

use super::document::{Document, Part};
use super::fault::{COMMAND_LINE, ENVIRONMENT, Fault, quoted};
use super::home::{Environment, variable};
use super::settings::{Flags, Layer};
use crate::net::{is_in_the_clear, url_place};
use crate::secret::{Secret, command_words};

/// One backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceEntry {
    /// Unique among the sources; `host:port` where the file gives none.
    pub name: String,
    /// The base URL as written.
    pub url: String,
    /// Where its token is.
    pub token: TokenEntry,
    /// Authorities to trust in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// It may be spoken to in the clear, beyond this machine.
    pub insecure: bool,
}

/// Where a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenEntry {
    /// In `WARBOARD_TOKEN`.
    Given(Secret),
    /// In a file that only its owner may read.
    File(PathBuf),
    /// Printed by a command, which is run without a shell.
    Command(String),
    /// Nowhere.
    None,
}

const KEYS: &[&str] = &[
    "name",
    "url",
    "token_file",
    "token_command",
    "ca_file",
    "insecure",
];
/// Longest name; it stands in the head of every screen.
const NAME_MAX: usize = 40;

/// Reads every `[[source]]` of the file. `insecure`: a flag lets all of them be spoken to in the clear.
pub(super) fn read(
    document: &mut Document<'_>,
    root: &Part<'_>,
    insecure: bool,
) -> Vec<SourceEntry> {
    let mut entries: Vec<SourceEntry> = Vec::new();
    for part in document.parts(root, "source") {
        if part.has("token") {
            document.fault(
                &part,
                "token",
                "a token does not stand in this file: put it in a file that only you can read and name that as token_file",
            );
        }
        document.known_but(&part, KEYS, "token");
        let url = document.needed(&part, "url");
        let place = url.as_deref().and_then(|url| match place(url) {
            Ok(place) => Some(place),
            Err(why) => {
                document.fault(&part, "url", why);
                None
            }
        });
        let name = document.text(&part, "name");
        if let Some(why) = name.as_deref().and_then(bad_name) {
            document.fault(&part, "name", why);
        }
        let named_by = if name.is_some() { "name" } else { "url" };
        let (file, command) = (
            document.path(&part, "token_file"),
            document.text(&part, "token_command"),
        );
        let token = match (file, command) {
            (Some(_), Some(_)) => {
                document.fault(
                    &part,
                    "token_command",
                    "stands beside token_file; keep one of the two",
                );
                TokenEntry::None
            }
            (Some(file), None) => TokenEntry::File(file),
            (None, Some(line)) => {
                if command_words(&line).is_empty() {
                    document.fault(&part, "token_command", "names no command");
                }
                TokenEntry::Command(line)
            }
            (None, None) => TokenEntry::None,
        };
        let ca_file = document.path(&part, "ca_file");
        let insecure = document.yes(&part, "insecure").unwrap_or(false) || insecure;
        if let Some(Err(why)) = url.as_deref().map(|url| covered(url, insecure)) {
            document.fault(&part, "url", why);
        }
        let (Some(url), Some(name)) = (url, name.or(place)) else {
            continue;
        };
        if let Some(other) = entries.iter().find(|other| other.name == name) {
            let what = format!(
                "two sources are called {}; give this one another name",
                quoted(&other.name)
            );
            document.fault(&part, named_by, what);
        } else if let Some(other) = entries.iter().find(|other| same_url(&other.url, &url)) {
            let what = format!("is the url of source {} already", quoted(&other.name));
            document.fault(&part, "url", what);
        }
        entries.push(SourceEntry {
            name,
            url,
            token,
            ca_file,
            insecure,
        });
    }
    entries
}

/// The sources in force: those that flags or the variable name, else all of the file. `WARBOARD_TOKEN` is for exactly one.
pub(super) fn choose(
    flags: &Flags,
    env: Environment<'_>,
    configured: Vec<SourceEntry>,
    faults: &mut Vec<Fault>,
) -> (Vec<SourceEntry>, Layer) {
    let listed = variable(env, "WARBOARD_URL");
    let listed = listed.iter().flat_map(|urls| urls.split(','));
    let listed: Vec<String> = listed
        .map(|url| url.trim().to_owned())
        .filter(|url| !url.is_empty())
        .collect();
    let (given, file, key, layer) = match (flags.urls.is_empty(), listed.is_empty()) {
        (false, _) => (flags.urls.clone(), COMMAND_LINE, "--url", Layer::Flag),
        (true, false) => (listed, ENVIRONMENT, "WARBOARD_URL", Layer::Variable),
        (true, true) => (Vec::new(), "", "", Layer::File),
    };
    let mut sources: Vec<SourceEntry> = Vec::new();
    for text in &given {
        match named(text, &configured, flags.insecure) {
            Err(why) => faults.push(Fault::new(file, 0, key, why)),
            Ok(source) if sources.iter().any(|other| other.name == source.name) => {
                let what = format!(
                    "names the backend {} twice; name it once",
                    quoted(&source.name)
                );
                faults.push(Fault::new(file, 0, key, what));
            }
            Ok(source) => sources.push(source),
        }
    }
    let layer = match layer {
        Layer::File if configured.is_empty() => Layer::Default,
        other => other,
    };
    if given.is_empty() {
        sources = configured;
    }
    if let Some(file) = &flags.ca_file {
        for source in &mut sources {
            source.ca_file = Some(file.clone());
        }
    }
    if let Some(token) = variable(env, "WARBOARD_TOKEN") {
        match sources.as_mut_slice() {
            [only] => only.token = TokenEntry::Given(Secret::new(token.trim())),
            // What was wrong with the one that was named is told already.
            _ if given.len() == 1 => {}
            several => {
                let what = format!(
                    "is for exactly one source, and there are {}: name one with --url, or give each its token_file",
                    several.len()
                );
                faults.push(Fault::new(ENVIRONMENT, 0, "WARBOARD_TOKEN", what));
            }
        }
    }
    (sources, layer)
}

/// The source that a text names: one of the file by its name or URL, else a new one.
fn named(text: &str, configured: &[SourceEntry], insecure: bool) -> Result<SourceEntry, String> {
    let known = |entry: &&SourceEntry| entry.name == text || same_url(&entry.url, text);
    if let Some(entry) = configured.iter().find(known) {
        return Ok(entry.clone());
    }
    if !text.contains("://") && !text.contains(['@', '?', '#']) {
        return Err(format!(
            "{} is neither a URL nor the name of a source; write one as https://host:port",
            quoted(text)
        ));
    }
    Ok(SourceEntry {
        name: new_source(text, insecure)?,
        url: text.to_owned(),
        token: TokenEntry::None,
        ca_file: None,
        insecure,
    })
}

/// A source that is asked for by its URL alone: what it is called, or why it cannot be used.
///
/// # Errors
/// The URL is none, would show a secret, or would send the token in the clear.
pub fn new_source(url: &str, insecure: bool) -> Result<String, String> {
    if !url.contains("://") {
        return Err("this URL cannot be used: it has to begin with https:// or http://".to_owned());
    }
    let name = place(url)?;
    covered(url, insecure)?;
    Ok(name)
}

/// A token must not travel in the clear unless somebody wants it to.
fn covered(url: &str, insecure: bool) -> Result<(), String> {
    match !insecure && is_in_the_clear(url) {
        true => Err(
            "this URL cannot be used: http:// to another machine sends the token in the clear; write https://, or allow it with insecure = true in its [[source]] or --insecure"
                .to_owned(),
        ),
        false => Ok(()),
    }
}

/// `host:port` of a base URL, or why it is none. The URL itself is never shown: it may hold a secret.
pub(super) fn place(url: &str) -> Result<String, String> {
    let place = url_place(url).map_err(|error| error.to_string())?;
    if url.contains(['?', '#']) {
        return Err(
            "this URL cannot be used: what follows ? or # in it would be seen by everybody; a token belongs in a token file"
                .to_owned(),
        );
    }
    Ok(place)
}

fn same_url(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

pub(super) fn bad_name(name: &str) -> Option<String> {
    let bad = name
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || c == ',')
        || name.chars().count() > NAME_MAX;
    bad.then(|| {
        format!(
            "{} is no name here; write at most {NAME_MAX} letters, digits and dashes",
            quoted(name)
        )
    })
}
