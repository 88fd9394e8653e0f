//! Proofs of the settings: tables of good and bad files with the exact words of every fault, and which layer wins.

mod connector;
mod intake;
mod server;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::*;
use crate::secret::Secret;
use crate::ui::keymap::Action;

/// A home of its own, with the variables that lead there.
struct Home {
    folder: tempfile::TempDir,
    variables: HashMap<String, String>,
}

impl Home {
    fn new() -> Home {
        let folder = tempfile::tempdir().unwrap();
        let mut variables = HashMap::new();
        variables.insert("HOME".to_owned(), "/home/ann".to_owned());
        let path = folder.path().display().to_string();
        variables.insert("XDG_CONFIG_HOME".to_owned(), path);
        std::fs::create_dir_all(folder.path().join("warboard/themes")).unwrap();
        Home { folder, variables }
    }

    fn with(content: &str) -> Home {
        let home = Home::new();
        home.write("config.toml", content);
        home
    }

    fn set(mut self, name: &str, value: &str) -> Home {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("warboard").join(name)
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).unwrap();
    }

    fn load(&self, flags: &Flags) -> Result<Settings, ConfigError> {
        Settings::load(flags, &|name| self.variables.get(name).cloned())
    }

    fn server(&self) -> Result<ServerFile, ConfigError> {
        ServerFile::load(None, &|name| self.variables.get(name).cloned())
    }

    /// The faults as they are printed, with the folder taken away.
    fn told(&self, error: &ConfigError) -> Vec<String> {
        let folder = format!("{}/", self.path("").display());
        let folder = folder.replace("//", "/");
        let lines = error.to_string().replace(&folder, "");
        lines.lines().map(str::to_owned).collect()
    }

    fn faults(&self, flags: &Flags) -> Vec<String> {
        self.told(&self.load(flags).unwrap_err())
    }
}

fn urls(urls: &[&str]) -> Flags {
    Flags {
        urls: urls.iter().map(|url| (*url).to_owned()).collect(),
        ..Flags::default()
    }
}

const TWO: &str = r#"theme = "day"
zone = "Europe/Berlin"
ascii = true

[[source]]
name = "azure"
url = "https://azure.incidents.example"
token_file = "~/azure.token"

[[source]]
name = "m365"
url = "https://m365.incidents.example/"
token_command = "pass show m365/s3cret"
ca_file = "ca.pem"

[keys]
forward = "F5"
loop-back = ">"
"#;

#[test]
fn without_anything_the_defaults_stand() {
    let settings = Home::new().load(&Flags::default()).unwrap();
    assert_eq!(settings.theme.name(), "night");
    assert_eq!(settings.sources, []);
    assert_eq!(settings.zone.name(), "UTC");
    assert!(!settings.ascii && !settings.mask && !settings.wall && !settings.read_only);
    assert!(settings.from.values().all(|layer| *layer == Layer::Default));
}

#[test]
fn the_file_is_read_with_its_paths() {
    let home = Home::with(TWO);
    let settings = home.load(&Flags::default()).unwrap();
    assert_eq!(settings.theme.name(), "day");
    assert_eq!(settings.zone.name(), "Europe/Berlin");
    assert_eq!(settings.keymap.label(Action::Forward), "F5");
    assert_eq!(settings.keymap.label(Action::LoopBack), ">");
    let [azure, m365] = settings.sources.as_slice() else {
        panic!("{:?}", settings.sources);
    };
    assert_eq!(
        azure.token,
        TokenEntry::File(PathBuf::from("/home/ann/azure.token"))
    );
    assert_eq!(
        m365.token,
        TokenEntry::Command("pass show m365/s3cret".to_owned())
    );
    assert_eq!(m365.ca_file, Some(home.path("ca.pem")));
    for key in ["theme", "zone", "ascii", "source", "keys"] {
        assert_eq!(settings.from.get(key), Some(&Layer::File), "{key}");
    }
    assert_eq!(settings.from.get("mask"), Some(&Layer::Default));
}

#[test]
fn the_stronger_layer_wins() {
    let flags = Flags {
        theme: Some("mono".to_owned()),
        mask: true,
        ..Flags::default()
    };
    for (home, flags, theme, layer, ascii) in [
        (
            Home::new(),
            Flags::default(),
            "night",
            Layer::Default,
            false,
        ),
        (Home::with(TWO), Flags::default(), "day", Layer::File, true),
        (
            Home::with(TWO)
                .set("WARBOARD_THEME", "ansi16")
                .set("WARBOARD_ASCII", "0"),
            Flags::default(),
            "ansi16",
            Layer::Variable,
            false,
        ),
        (
            Home::with(TWO).set("WARBOARD_THEME", "ansi16"),
            flags.clone(),
            "mono",
            Layer::Flag,
            true,
        ),
        (
            Home::with(TWO).set("WARBOARD_THEME", ""),
            Flags::default(),
            "day",
            Layer::File,
            true,
        ),
    ] {
        let settings = home.load(&flags).unwrap();
        assert_eq!(settings.theme.name(), theme);
        assert_eq!(settings.from.get("theme"), Some(&layer));
        assert_eq!(settings.ascii, ascii);
        assert_eq!(settings.mask, flags.mask);
    }
    let settings = Home::with(TWO).set("WARBOARD_ZONE", "Asia/Tokyo");
    let settings = settings.load(&Flags::default()).unwrap();
    assert_eq!(settings.zone.name(), "Asia/Tokyo");
    let settings = Home::new().set("TZ", ":Europe/Paris");
    let settings = settings.load(&Flags::default()).unwrap();
    assert_eq!(settings.zone.name(), "Europe/Paris");
}

#[test]
fn another_file_is_read_when_it_is_named() {
    let home = Home::with("ascii = true");
    home.write("other.toml", "mask = true");
    let other = home.path("other.toml");
    let flags = Flags {
        config: Some(other.clone()),
        ..Flags::default()
    };
    let by_flag = home.load(&flags).unwrap();
    assert!(by_flag.mask && !by_flag.ascii);
    let home = home.set("WARBOARD_CONFIG", &other.display().to_string());
    assert!(home.load(&Flags::default()).unwrap().mask);
    let home = home.set("WARBOARD_CONFIG", "/nowhere/config.toml");
    assert_eq!(
        home.faults(&Flags::default()),
        ["/nowhere/config.toml: there is no such file; check the path, or leave it out"]
    );
}

#[test]
fn urls_choose_among_the_sources_and_take_their_token() {
    let chosen = |home: &Home, flags: &Flags| -> Vec<(String, TokenEntry)> {
        let sources = home.load(flags).unwrap().sources;
        sources.into_iter().map(|s| (s.name, s.token)).collect()
    };
    let file = TokenEntry::File(PathBuf::from("/home/ann/azure.token"));
    let command = TokenEntry::Command("pass show m365/s3cret".to_owned());
    for (given, expected) in [
        (
            &["https://azure.incidents.example/"][..],
            vec![("azure", file.clone())],
        ),
        (
            &["m365", "azure"],
            vec![("m365", command), ("azure", file.clone())],
        ),
        (
            &["http://127.0.0.1:8787"],
            vec![("127.0.0.1:8787", TokenEntry::None)],
        ),
        (
            &["https://new.example"],
            vec![("new.example:443", TokenEntry::None)],
        ),
    ] {
        let expected: Vec<(String, TokenEntry)> = expected
            .into_iter()
            .map(|(name, token)| (name.to_owned(), token))
            .collect();
        assert_eq!(chosen(&Home::with(TWO), &urls(given)), expected);
        let by_variable = Home::with(TWO).set("WARBOARD_URL", &given.join(" , "));
        assert_eq!(chosen(&by_variable, &Flags::default()), expected);
    }
    let home = Home::with(TWO).set("WARBOARD_TOKEN", "wb_1_x\n");
    assert_eq!(
        chosen(&home, &urls(&["azure"])),
        [("azure".to_owned(), TokenEntry::Given(Secret::new("wb_1_x")))]
    );
}

#[test]
fn a_token_for_several_sources_and_bad_urls_are_wrong_use() {
    let secret = "WARBOARD_TOKEN";
    for (home, flags, expected) in [
        (
            Home::with(TWO).set(secret, "hunter2"),
            Flags::default(),
            "environment: `WARBOARD_TOKEN`: is for exactly one source, and there are 2: name one with --url, or give each its token_file",
        ),
        (
            Home::new().set(secret, "hunter2"),
            Flags::default(),
            "environment: `WARBOARD_TOKEN`: is for exactly one source, and there are 0: name one with --url, or give each its token_file",
        ),
        (
            Home::new(),
            urls(&["https://ann:hunter2@azure.example"]),
            "command line: `--url`: this URL cannot be used: a user or password in it would be seen by everybody; use a token file",
        ),
        (
            Home::new().set(secret, "hunter2"),
            urls(&["https://azure.example/?token=hunter2"]),
            "command line: `--url`: this URL cannot be used: what follows ? or # in it would be seen by everybody; a token belongs in a token file",
        ),
        (
            Home::new(),
            urls(&["azure"]),
            "command line: `--url`: 'azure' is neither a URL nor the name of a source; write one as https://host:port",
        ),
        (
            Home::with(TWO),
            urls(&["azure", "https://azure.incidents.example"]),
            "command line: `--url`: names the backend 'azure' twice; name it once",
        ),
        (
            Home::new().set("WARBOARD_URL", "ftp://azure.example"),
            Flags::default(),
            "environment: `WARBOARD_URL`: this URL cannot be used: it must begin with https:// or http:// and name a host",
        ),
        (
            Home::new().set("WARBOARD_MASK", "perhaps"),
            Flags::default(),
            "environment: `WARBOARD_MASK`: 'perhaps' is neither 1 nor 0",
        ),
        (
            Home::new().set("WARBOARD_ZONE", "Berlin"),
            Flags::default(),
            "environment: `WARBOARD_ZONE`: 'Berlin' is no zone of the IANA database; write one as Europe/Berlin",
        ),
    ] {
        let error = home.load(&flags).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(error.is_wrong_use());
    }
}

#[test]
fn every_fault_of_a_file_is_told_with_its_line() {
    for (content, expected) in [
        (
            "theme = \"night\"\nthme = \"day\"\nascii = \"yes\"\nzone = \"Mars\"\n",
            &[
                "config.toml:2: `thme`: unknown key; known here are: theme ascii mask no_blink read_only wall zone source keys",
                "config.toml:3: `ascii`: must be true or false, without quotes",
                "config.toml:4: `zone`: 'Mars' is no zone of the IANA database; write one as Europe/Berlin",
            ][..],
        ),
        (
            "[paging]\nretry = 3\n",
            &[
                "config.toml:1: `paging`: unknown key; known here are: theme ascii mask no_blink read_only wall zone source keys",
            ],
        ),
        (
            "[[source]]\nname = \"a\"\n\n[[source]]\nname = \"a b\"\nurl = \"https://b.example\"\ntoken = \"hunter2\"\n\n[[source]]\nurl = \"https://u:hunter2@c.example\"\ntokenfile = \"x\"\n",
            &[
                "config.toml:1: `source.url`: is missing; it is needed here",
                "config.toml:5: `source.name`: 'a b' is no name here; write at most 40 letters, digits and dashes",
                "config.toml:7: `source.token`: a token does not stand in this file: put it in a file that only you can read and name that as token_file",
                "config.toml:10: `source.url`: this URL cannot be used: a user or password in it would be seen by everybody; use a token file",
                "config.toml:11: `source.tokenfile`: unknown key; known here are: name url token_file token_command ca_file insecure",
            ],
        ),
        (
            "[[source]]\nname = \"a\"\nurl = \"https://a.example\"\n[[source]]\nname = \"a\"\nurl = \"https://b.example\"\n[[source]]\nname = \"c\"\nurl = \"https://a.example/\"\ntoken_file = \"x\"\ntoken_command = \"y\"\n",
            &[
                "config.toml:5: `source.name`: two sources are called 'a'; give this one another name",
                "config.toml:9: `source.url`: is the url of source 'a' already",
                "config.toml:11: `source.token_command`: stands beside token_file; keep one of the two",
            ],
        ),
        (
            "[source]\nname = \"a\"\n",
            &["config.toml:1: `source`: must be a list of tables: write [[source]] before each"],
        ),
        (
            "[keys]\nforwards = \"x\"\nforward = \"Hyper-X\"\nundo = 3\n",
            &[
                "config.toml:2: `keys.forwards`: 'forwards' is no action; 'warboard board --once --screen help' lists them",
                "config.toml:3: `keys.forward`: 'Hyper-X' is no key; write one as '>', 'Ctrl-R', 'Enter', 'F5' or two characters as 'gg'",
                "config.toml:4: `keys.undo`: must be a text in quotes",
            ],
        ),
        (
            "ascii = true\n[keys]\nforward = \"p\"\n",
            &[
                "config.toml:3: `keys.forward`: 'p' already means 'page'; give that another key first",
            ],
        ),
        (
            "theme = \"midnight\"\n",
            &[
                "config.toml:1: `theme`: there is no theme 'midnight'; shipped are night, day, high-contrast, ansi16, mono, your own stand in themes",
            ],
        ),
    ] {
        let home = Home::with(content);
        let told = home.faults(&Flags::default());
        assert_eq!(told, expected, "{content}");
        assert!(!told.concat().contains("hunter2"));
        assert!(!home.load(&Flags::default()).unwrap_err().is_wrong_use());
    }
}

#[test]
fn what_is_no_toml_is_told_by_line() {
    let told = Home::with("ascii = true\nmask = \nzone = UTC\n").faults(&Flags::default());
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("config.toml:2: ") && told[1].starts_with("config.toml:3: "));
    let home = Home::new();
    std::fs::write(home.path("config.toml"), b"theme = \"\xff\"").unwrap();
    assert_eq!(
        home.faults(&Flags::default()),
        ["config.toml: is not UTF-8 text; save it as such"]
    );
    let home = Home::with("\u{feff}ascii = true\nmask = 1\n");
    assert_eq!(
        home.faults(&Flags::default()),
        ["config.toml:2: `mask`: must be true or false, without quotes"]
    );
}

#[test]
fn themes_are_found_by_name_and_by_path_and_inherit() {
    let themed = |home: &Home, theme: &str| {
        let flags = Flags {
            theme: Some(theme.to_owned()),
            ..Flags::default()
        };
        home.load(&flags)
    };
    let home = Home::with("theme = \"themes/mine.toml\"");
    home.write("themes/mine.toml", "inherits = \"base\"\nabout = \"mine\"");
    home.write("themes/base.toml", "inherits = \"night\"");
    let path = home.path("themes/mine.toml").display().to_string();
    for given in ["mine", "mine.toml", &path] {
        let settings = themed(&home, given).unwrap();
        assert_eq!(settings.theme.name(), "mine", "{given}");
        assert_eq!(settings.theme.about(), "mine");
    }
    let by_file = home.load(&Flags::default()).unwrap();
    assert_eq!(by_file.theme.about(), "mine");
    home.write("themes/mine.toml", "abuot = \"mine\"\n");
    let told = home.told(&themed(&home, "mine").unwrap_err());
    assert!(told[0].starts_with("themes/mine.toml:1: "), "{told:?}");
    let told = home.told(&themed(&home, "/nowhere/x.toml").unwrap_err());
    assert_eq!(
        told,
        ["command line: `--theme`: there is no file '/nowhere/x.toml'; check the path"]
    );
}

#[test]
fn what_is_shown_can_be_read_back_and_holds_no_secret() {
    let home = Home::with(TWO).set("WARBOARD_MASK", "on");
    let shown = home.load(&Flags::default()).unwrap().show();
    for line in [
        "theme = \"day\"                           # file",
        "mask = true                             # variable",
        "wall = false                            # default",
        "zone = \"Europe/Berlin\"                  # file",
        "token_file = \"/home/ann/azure.token\"",
        "token_command = \"pass ***\"",
        "forward = \"F5\"",
    ] {
        assert!(shown.lines().any(|l| l == line), "{line}\n{shown}");
    }
    assert!(!shown.contains("s3cret"));
    let again = Home::with(&shown).load(&Flags::default()).unwrap();
    assert_eq!(again.sources.len(), 2);
    assert_eq!(again.keymap.label(Action::Forward), "F5");

    let home = home.set("WARBOARD_TOKEN", "wb_1_hunter2");
    let settings = home.load(&urls(&["m365"])).unwrap();
    let shown = settings.show();
    assert!(shown.contains("token = \"***\", of WARBOARD_TOKEN"));
    assert!(!shown.contains("hunter2") && !format!("{settings:?}").contains("hunter2"));
    assert!(Path::new(&settings.theme_given) == Path::new("day"));
}
