//! The settings in force as TOML, each with the layer it came from. Secrets stand as `***`.

use std::fmt::Write as _;

use super::settings::{Layer, Settings};
use super::source::TokenEntry;
use crate::secret::command_words;
use crate::ui::keymap::{Action, Keymap};

/// Where the comments begin.
const COLUMN: usize = 40;

/// A text as TOML writes it.
fn toml(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

impl Settings {
    /// The settings as TOML. A token, and the arguments of a command that prints one, stand as `***`.
    pub fn show(&self) -> String {
        let mut text = String::new();
        let mut line = |key: &str, value: String, from: Option<Layer>| {
            let pair = format!("{key} = {value}");
            // Writing to a text cannot fail.
            let _ = match from {
                Some(layer) => writeln!(text, "{pair:<COLUMN$}# {}", layer.as_str()),
                None => writeln!(text, "{pair}"),
            };
        };
        let from = |key: &str| self.from.get(key).copied();
        line("theme", toml(&self.theme_given), from("theme"));
        for (key, value) in [
            ("ascii", self.ascii),
            ("mask", self.mask),
            ("no_blink", self.no_blink),
            ("read_only", self.read_only),
            ("wall", self.wall),
        ] {
            line(key, value.to_string(), from(key));
        }
        line("zone", toml(self.zone.name()), from("zone"));
        let layer = from("source").map_or("", Layer::as_str);
        if self.sources.is_empty() {
            let _ = writeln!(text, "\n# no source: the board starts a backend of its own");
        }
        for source in &self.sources {
            let _ = writeln!(text, "\n{:<COLUMN$}# {layer}", "[[source]]");
            let mut line = |key: &str, value: &str| {
                let _ = writeln!(text, "{key} = {}", toml(value));
            };
            line("name", &source.name);
            line("url", &source.url);
            match &source.token {
                TokenEntry::File(path) => line("token_file", &path.display().to_string()),
                TokenEntry::Command(command) => {
                    let words = command_words(command);
                    let shown = match words.as_slice() {
                        [program, _, ..] => format!("{program} ***"),
                        _ => command.clone(),
                    };
                    line("token_command", &shown);
                }
                TokenEntry::Given(_) | TokenEntry::None => {}
            }
            if let Some(path) = &source.ca_file {
                line("ca_file", &path.display().to_string());
            }
            if source.insecure {
                let _ = writeln!(text, "insecure = true");
            }
            match &source.token {
                TokenEntry::Given(secret) => {
                    let _ = writeln!(text, "# token = \"{secret}\", of WARBOARD_TOKEN");
                }
                TokenEntry::None => {
                    let _ = writeln!(text, "# no token");
                }
                _ => {}
            }
        }
        self.show_keys(&mut text);
        text
    }

    fn show_keys(&self, text: &mut String) {
        let usual = Keymap::default();
        let mut changed = Action::ALL
            .iter()
            .filter(|action| self.keymap.labels(**action) != usual.labels(**action))
            .peekable();
        if changed.peek().is_none() {
            return;
        }
        let layer = self.from.get("keys").map_or("", |layer| layer.as_str());
        let _ = writeln!(text, "\n{:<COLUMN$}# {layer}", "[keys]");
        for action in changed {
            let key = self.keymap.label(*action);
            let _ = writeln!(text, "{} = {}", action.name(), toml(&key));
        }
    }
}
