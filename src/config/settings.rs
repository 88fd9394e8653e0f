//! What a board is told, strongest first: flags, variables, `config.toml`, defaults; and which of them each value came from.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::document::{Document, Part, read_text};
use super::fault::{COMMAND_LINE, ConfigError, ENVIRONMENT, Fault, quoted};
use super::home::{Environment, config_home, expand, variable};
use super::source::{self, SourceEntry};
use crate::ui::keymap::Keymap;
use crate::ui::phrase::Zone;
use crate::ui::theme::{SHIPPED, Theme};

/// What the command line was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// Backends in place of those of the file.
    pub urls: Vec<String>,
    pub theme: Option<String>,
    pub ascii: bool,
    /// For a room: no name, no text, no customer.
    pub mask: bool,
    /// Nothing blinks.
    pub no_blink: bool,
    /// Nothing can be sent from it.
    pub read_only: bool,
    /// An unattended display.
    pub wall: bool,
    /// Authorities to trust in place of the system's, for every source.
    pub ca_file: Option<PathBuf>,
    /// Backends on other machines may be spoken to in the clear.
    pub insecure: bool,
    /// Another file in place of `config.toml`; it must be there.
    pub config: Option<PathBuf>,
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    Flag,
    Variable,
    File,
    Default,
}

impl Layer {
    /// The word in `config show`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Layer::Flag => "flag",
            Layer::Variable => "variable",
            Layer::File => "file",
            Layer::Default => "default",
        }
    }
}

/// The settings in force.
#[derive(Debug, Clone)]
pub struct Settings {
    pub theme: Theme,
    /// The theme as it was asked for: a name or a path.
    pub theme_given: String,
    pub ascii: bool,
    pub mask: bool,
    pub no_blink: bool,
    pub read_only: bool,
    pub wall: bool,
    /// The viewer's own zone.
    pub zone: Zone,
    pub keymap: Keymap,
    /// Empty: the board starts a backend of its own.
    pub sources: Vec<SourceEntry>,
    /// Where each value came from, by key.
    pub from: IndexMap<&'static str, Layer>,
}

const KEYS: &[&str] = &[
    "theme",
    "ascii",
    "mask",
    "no_blink",
    "read_only",
    "wall",
    "zone",
    "source",
    "keys",
];
const THEME: &str = "night";

/// A value of the file, and where it stands there.
#[derive(Debug, Clone)]
struct Placed<T> {
    value: T,
    line: usize,
}

/// What the file says.
#[derive(Debug, Default)]
struct InFile {
    name: String,
    folder: PathBuf,
    theme: Option<Placed<String>>,
    zone: Option<Placed<Zone>>,
    ascii: Option<bool>,
    mask: Option<bool>,
    no_blink: Option<bool>,
    read_only: Option<bool>,
    wall: Option<bool>,
    keymap: Option<Keymap>,
    sources: Vec<SourceEntry>,
}

impl Settings {
    /// Puts the layers on top of each other and reads the theme.
    ///
    /// # Errors
    /// Everything that is wrong in flags, variables, file and theme, all at once where one does not hide the other.
    pub fn load(flags: &Flags, env: Environment<'_>) -> Result<Settings, ConfigError> {
        let mut faults = Vec::new();
        let home = config_home(env);
        let (path, named) = match (&flags.config, variable(env, "WARBOARD_CONFIG")) {
            (Some(path), _) => (path.clone(), true),
            (None, Some(path)) => (expand(&path, Path::new(""), env), true),
            (None, None) => (home.join("config.toml"), false),
        };
        let file = in_file(&path, named, flags.insecure, env, &mut faults);
        let mut from = IndexMap::new();

        let variable_theme = variable(env, "WARBOARD_THEME");
        let (given, layer) = match (&flags.theme, &variable_theme, &file.theme) {
            (Some(theme), ..) => (theme.as_str(), Layer::Flag),
            (None, Some(theme), _) => (theme.as_str(), Layer::Variable),
            (None, None, Some(theme)) => (theme.value.as_str(), Layer::File),
            (None, None, None) => (THEME, Layer::Default),
        };
        from.insert("theme", layer);
        let theme = theme(given, &home, layer, &file, env);

        let mut yes = |key, flag: bool, name: Option<&str>, said: Option<bool>| {
            let told = name.and_then(|name| switch(name, env, &mut faults));
            let (value, layer) = match (flag, told, said) {
                (true, ..) => (true, Layer::Flag),
                (false, Some(value), _) => (value, Layer::Variable),
                (false, None, Some(value)) => (value, Layer::File),
                (false, None, None) => (false, Layer::Default),
            };
            from.insert(key, layer);
            value
        };
        let ascii = yes("ascii", flags.ascii, Some("WARBOARD_ASCII"), file.ascii);
        let mask = yes("mask", flags.mask, Some("WARBOARD_MASK"), file.mask);
        let no_blink = yes(
            "no_blink",
            flags.no_blink,
            Some("WARBOARD_NO_BLINK"),
            file.no_blink,
        );
        let read_only = yes("read_only", flags.read_only, None, file.read_only);
        let wall = yes("wall", flags.wall, None, file.wall);

        let (zone, layer) = zone(env, &file, &mut faults);
        from.insert("zone", layer);
        let layer = match file.keymap {
            Some(_) => Layer::File,
            None => Layer::Default,
        };
        from.insert("keys", layer);
        let (sources, layer) = source::choose(flags, env, file.sources, &mut faults);
        from.insert("source", layer);

        match theme {
            Ok(theme) => {
                ConfigError::unless_none(faults)?;
                Ok(Settings {
                    theme,
                    theme_given: given.to_owned(),
                    ascii,
                    mask,
                    no_blink,
                    read_only,
                    wall,
                    zone,
                    keymap: file.keymap.unwrap_or_default(),
                    sources,
                    from,
                })
            }
            Err(of_theme) => {
                faults.extend(of_theme);
                ConfigError::unless_none(faults)?;
                // A theme that fails says why; were it silent, this would stand for it.
                let what = "the theme cannot be read".to_owned();
                Err(ConfigError(vec![Fault::new(given, 0, "theme", what)]))
            }
        }
    }
}

/// Reads the file. One that was named must be there.
fn in_file(
    path: &Path,
    named: bool,
    insecure: bool,
    env: Environment<'_>,
    faults: &mut Vec<Fault>,
) -> InFile {
    let mut file = InFile {
        name: path.display().to_string(),
        folder: path.parent().unwrap_or(Path::new("")).to_owned(),
        ..InFile::default()
    };
    let text = match read_text(path) {
        Ok(Some(text)) => text,
        Ok(None) => {
            if named {
                let what = "there is no such file; check the path, or leave it out";
                faults.push(Fault::new(&file.name, 0, "", what));
            }
            return file;
        }
        Err(why) => {
            faults.push(Fault::new(&file.name, 0, "", why));
            return file;
        }
    };
    let mut document = Document::new(path, &text, env);
    if let Some(table) = document.parse() {
        let root = Part::root(&table);
        document.known(&root, KEYS);
        file.theme = document.text(&root, "theme").map(|value| Placed {
            value,
            line: document.line_of(&root, "theme"),
        });
        if let Some(name) = document.text(&root, "zone") {
            match Zone::named(&name) {
                Ok(value) => {
                    let line = document.line_of(&root, "zone");
                    file.zone = Some(Placed { value, line });
                }
                Err(error) => document.fault(&root, "zone", error.to_string()),
            }
        }
        file.ascii = document.yes(&root, "ascii");
        file.mask = document.yes(&root, "mask");
        file.no_blink = document.yes(&root, "no_blink");
        file.read_only = document.yes(&root, "read_only");
        file.wall = document.yes(&root, "wall");
        file.sources = source::read(&mut document, &root, insecure);
        file.keymap = keymap(&mut document, &root);
    }
    faults.append(&mut document.faults);
    file
}

/// `[keys]`: from an action's name to its key. Each is tried alone first, so that every bad one is told.
fn keymap(document: &mut Document<'_>, root: &Part<'_>) -> Option<Keymap> {
    let part = document.part(root, "keys")?;
    let (mut overrides, before) = (Vec::new(), document.faults.len());
    let names: Vec<String> = part.entries().map(|(name, _)| name.to_owned()).collect();
    for name in names {
        let Some(key) = document.text(&part, &name) else {
            continue;
        };
        overrides.push((name, key));
    }
    let known = overrides.clone();
    for one in &known {
        use crate::ui::keymap::KeymapError::{NoAction, NoKey};
        if let Err(error @ (NoAction(_) | NoKey(_))) = Keymap::with(std::slice::from_ref(one)) {
            document.fault(&part, &one.0, error.to_string());
            overrides.retain(|other| other != one);
        }
    }
    match Keymap::with(&overrides) {
        Ok(keymap) => (document.faults.len() == before).then_some(keymap),
        Err(error) => {
            let shown = error.to_string();
            // The one whose key it is; else the table.
            let own = overrides
                .iter()
                .find(|(_, key)| shown.starts_with(&format!("'{key}' ")));
            match own {
                Some((name, _)) => document.fault(&part, name, shown),
                None => document.fault(&part, "", shown),
            }
            None
        }
    }
}

/// A variable that is true or false.
fn switch(name: &str, env: Environment<'_>, faults: &mut Vec<Fault>) -> Option<bool> {
    let value = variable(env, name)?;
    match value.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => {
            let what = format!("{} is neither 1 nor 0", quoted(&value));
            faults.push(Fault::new(ENVIRONMENT, 0, name, what));
            None
        }
    }
}

/// The viewer's zone. Without one in flags or file it is what `TZ` names, else UTC.
fn zone(env: Environment<'_>, file: &InFile, faults: &mut Vec<Fault>) -> (Zone, Layer) {
    if let Some(name) = variable(env, "WARBOARD_ZONE") {
        return match Zone::named(name.trim()) {
            Ok(zone) => (zone, Layer::Variable),
            Err(error) => {
                faults.push(Fault::new(
                    ENVIRONMENT,
                    0,
                    "WARBOARD_ZONE",
                    error.to_string(),
                ));
                (Zone::UTC, Layer::Variable)
            }
        };
    }
    if let Some(zone) = &file.zone {
        return (zone.value, Layer::File);
    }
    let system = variable(env, "TZ");
    let system = system.and_then(|name| Zone::named(name.trim_start_matches(':')).ok());
    (system.unwrap_or(Zone::UTC), Layer::Default)
}

/// The theme by its name, in the person's folder or shipped, or by its path.
fn theme(
    given: &str,
    home: &Path,
    layer: Layer,
    file: &InFile,
    env: Environment<'_>,
) -> Result<Theme, Vec<Fault>> {
    let themes = home.join("themes");
    let (place, line, key) = match layer {
        Layer::Flag => (COMMAND_LINE, 0, "--theme"),
        Layer::Variable => (ENVIRONMENT, 0, "WARBOARD_THEME"),
        _ => {
            let line = file.theme.as_ref().map_or(0, |theme| theme.line);
            (file.name.as_str(), line, "theme")
        }
    };
    let refuse = |what: String| vec![Fault::new(place, line, key, what)];
    let is_name = !given.contains('/') && !given.ends_with(".toml");
    let folder = match layer {
        Layer::File => file.folder.as_path(),
        _ => Path::new(""),
    };
    let mut tried = vec![themes.join(format!("{given}.toml"))];
    if !is_name {
        tried = vec![expand(given, folder, env)];
        if !given.contains('/') {
            tried.push(themes.join(given));
        }
    }
    for path in &tried {
        let shown = path.display().to_string();
        let text = match read_text(path) {
            Ok(Some(text)) => text,
            Ok(None) => continue,
            Err(why) => return Err(vec![Fault::new(&shown, 0, "", why)]),
        };
        let beside = path.parent().unwrap_or(Path::new(""));
        let find = |name: &str| {
            let name = Some(name).filter(|name| !name.contains(['/', '\\']))?;
            let places = [beside, themes.as_path()];
            let mut found = places.iter().map(|folder| {
                read_text(&folder.join(format!("{name}.toml")))
                    .ok()
                    .flatten()
            });
            found.find_map(|text| text)
        };
        return Theme::parse(&shown, &text, &find).map_err(|error| {
            let faults = error.0.into_iter();
            let fault = |f: crate::ui::theme::ThemeFault| Fault::new(&f.file, f.line, "", f.what);
            faults.map(fault).collect()
        });
    }
    let shipped: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
    if is_name && shipped.contains(&given) {
        return Theme::shipped(given).map_err(|error| refuse(error.to_string()));
    }
    let what = if is_name {
        format!(
            "there is no theme {}; shipped are {}, your own stand in {}",
            quoted(given),
            shipped.join(", "),
            themes.display()
        )
    } else {
        format!("there is no file {}; check the path", quoted(given))
    };
    Err(refuse(what))
}
