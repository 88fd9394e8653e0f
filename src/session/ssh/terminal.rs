//! What a client says of its terminal: kind, colours, letters, size. All of it is a stranger's word and bounded; nothing of it
//! reaches this process's own environment.

use crate::session::Depth;

/// Variables that are listened to; a client may say others in vain.
const HEARD: &[&str] = &[
    "COLORTERM",
    "NO_COLOR",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LC_WARBOARD_THEME",
];
/// Longest value that is taken.
const LONGEST: usize = 128;
/// The largest window that is drawn, in cells; a larger one is drawn in its upper left part.
const W_MAX: u32 = 500;
const H_MAX: u32 = 200;

/// A client's terminal.
#[derive(Debug, Clone, Default)]
pub struct Terminal {
    term: Option<String>,
    variables: Vec<(&'static str, String)>,
}

impl Terminal {
    /// Takes in a variable; says whether it is one that is listened to.
    pub fn hear(&mut self, name: &str, value: &str) -> bool {
        let Some(name) = HEARD.iter().find(|heard| **heard == name) else {
            return false;
        };
        let clean = value.len() <= LONGEST && !value.chars().any(char::is_control);
        if clean {
            self.variables.retain(|(heard, _)| heard != name);
            self.variables.push((name, value.to_owned()));
        }
        clean
    }

    /// Takes in what kind of terminal it is: there is one.
    pub fn is_a(&mut self, term: &str) {
        let fits = |c: char| c.is_ascii_graphic();
        let kept = term.chars().filter(|c| fits(*c)).take(LONGEST);
        self.term = Some(kept.collect());
    }

    /// Whether there is a terminal at all.
    pub fn is_there(&self) -> bool {
        self.term.is_some()
    }

    /// Whether it can show no board.
    pub fn is_dumb(&self) -> bool {
        self.term.as_deref() == Some("dumb")
    }

    /// What the client said, under the name of a variable.
    pub fn variable(&self, name: &str) -> Option<String> {
        if name == "TERM" {
            return self.term.clone();
        }
        let heard = self.variables.iter().find(|(heard, _)| *heard == name);
        heard.map(|(_, value)| value.clone())
    }

    /// How many colours it has.
    pub fn depth(&self) -> Depth {
        Depth::of_environment(|name| self.variable(name))
    }

    /// The theme asked for, by name.
    pub fn theme(&self) -> Option<String> {
        self.variable("LC_WARBOARD_THEME")
            .filter(|name| !name.is_empty())
    }

    /// Whether it takes more than ASCII; a client that says nothing of it, as most do, is taken to.
    pub fn is_utf8(&self) -> bool {
        let said = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| self.variable(name).filter(|value| !value.is_empty()));
        said.is_none_or(|locale| {
            let locale = locale.to_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        })
    }
}

/// A window as a client says it, made one that can be drawn; 0 is said by those who do not know.
pub fn clamped(w: u32, h: u32) -> (u16, u16) {
    let side = |cells: u32, unknown: u32, most: u32| match cells {
        0 => unknown,
        cells => cells.min(most),
    };
    let narrow = |cells| u16::try_from(cells).unwrap_or(u16::MAX);
    (narrow(side(w, 80, W_MAX)), narrow(side(h, 24, H_MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_variables_of_sound_values_are_heard() {
        let mut terminal = Terminal::default();
        assert!(!terminal.is_there());
        terminal.is_a("xterm-256color\u{1b}[31m");
        assert_eq!(terminal.variable("TERM").unwrap(), "xterm-256color[31m");
        assert_eq!(terminal.depth(), Depth::Palette256);
        assert!(terminal.hear("COLORTERM", "truecolor"));
        assert_eq!(terminal.depth(), Depth::True);
        assert!(terminal.hear("NO_COLOR", "1"));
        assert_eq!(terminal.depth(), Depth::None);
        assert!(!terminal.hear("LD_PRELOAD", "/tmp/x.so"));
        assert!(!terminal.hear("LANG", "C\nX=1"));
        assert!(!terminal.hear("LANG", &"x".repeat(200)));
        assert!(terminal.is_utf8());
        assert!(terminal.hear("LANG", "C"));
        assert!(!terminal.is_utf8());
        assert!(terminal.hear("LC_ALL", "en_GB.UTF-8"));
        assert!(terminal.is_utf8());
        assert!(terminal.hear("LC_WARBOARD_THEME", "day"));
        assert_eq!(terminal.theme().as_deref(), Some("day"));
        assert_eq!(terminal.variables.len(), 5);
    }

    #[test]
    fn no_window_is_too_small_or_too_large_to_be_drawn() {
        for (said, drawn) in [
            ((0, 0), (80, 24)),
            ((1, 1), (1, 1)),
            ((1_000, 1_000), (500, 200)),
            ((u32::MAX, 3), (500, 3)),
        ] {
            assert_eq!(clamped(said.0, said.1), drawn, "{said:?}");
        }
    }
}
