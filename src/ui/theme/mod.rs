//! Themes: from a role to a style. A theme is TOML: `inherits`, `[palette]`, `[roles]`; five are shipped inside the
//! binary. Reading files is not done here, nor is fitting colours to what a terminal can show: `session` does both.

pub mod contrast;
mod read;
pub mod role;
#[cfg(test)]
mod tests;

use std::fmt;

use ratatui::style::{Color, Modifier, Style};

pub use role::Role;

/// The themes inside the binary: name and source, in the order of `themes list`.
pub const SHIPPED: &[(&str, &str)] = &[
    ("night", include_str!("../../../themes/night.toml")),
    ("day", include_str!("../../../themes/day.toml")),
    (
        "high-contrast",
        include_str!("../../../themes/high-contrast.toml"),
    ),
    ("ansi16", include_str!("../../../themes/ansi16.toml")),
    ("mono", include_str!("../../../themes/mono.toml")),
];

/// What a theme says about one role; what it does not say stays open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Look {
    fg: Option<Color>,
    bg: Option<Color>,
    modifier: Modifier,
}

/// A style for every role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    name: String,
    about: String,
    /// What the theme and those it inherits from say, by `Role as usize`.
    looks: Vec<Option<Look>>,
}

impl Theme {
    /// A theme that says nothing: every role in the terminal's own colours.
    fn empty(name: &str) -> Theme {
        Theme {
            name: name.to_owned(),
            about: String::new(),
            looks: vec![None; Role::ALL.len()],
        }
    }

    /// Reads a theme. `file` is how faults name it; `find` gives the source of a theme that is inherited and is not
    /// a shipped one; a theme's palette also recolours what it inherits. The name is the file's, without folder and `.toml`.
    ///
    /// # Errors
    /// Every unknown key, colour or role and every wrong type, each with its line; and a circle of inheritance.
    pub fn parse(
        file: &str,
        source: &str,
        find: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Theme, ThemeError> {
        read::theme(file, source, find, &mut Vec::new(), &mut Vec::new())
    }

    /// The shipped theme of this name.
    ///
    /// # Errors
    /// When there is none of that name; the message lists those that are.
    pub fn shipped(name: &str) -> Result<Theme, ThemeError> {
        match SHIPPED.iter().find(|(known, _)| *known == name) {
            Some((name, source)) => Theme::parse(&format!("themes/{name}.toml"), source, &|_| None),
            None => {
                let known: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
                let what = format!("no such theme is shipped; there are {}", known.join(", "));
                Err(ThemeError(vec![ThemeFault::new(name, 0, what)]))
            }
        }
    }

    /// The name it was read under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One line on what it is for; may be empty.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// The whole style of a role: both colours are set, `Color::Reset` being the terminal's own.
    pub fn style(&self, role: Role) -> Style {
        let look = self.look(role);
        let ground = self.look(Role::Text);
        Style::new()
            .fg(look.fg.or(ground.fg).unwrap_or(Color::Reset))
            .bg(look.bg.or(ground.bg).unwrap_or(Color::Reset))
            .add_modifier(look.modifier)
    }

    /// The style of a role that stands on the ground of another, as in a selected row: what brings a background of
    /// its own keeps it, and reverse on reverse shows again.
    pub fn style_on(&self, role: Role, ground: Role) -> Style {
        let (look, under) = (self.look(role), self.look(ground));
        let style = self.style(role);
        // The ground of plain text is nobody's own: roles that fall back to it stand on the row's.
        let own = look.bg.is_some() && look.bg != self.look(Role::Text).bg;
        if own || role == ground {
            return style;
        }
        let reversed = (look.modifier ^ under.modifier) & Modifier::REVERSED;
        let modifier = ((look.modifier | under.modifier) - Modifier::REVERSED) | reversed;
        Style {
            bg: under.bg.or(style.bg),
            add_modifier: modifier,
            ..style
        }
    }

    /// What the nearest role along the fallback chain that the theme names looks like.
    fn look(&self, role: Role) -> Look {
        std::iter::successors(Some(role), |role| role.fallback())
            .find_map(|role| self.looks.get(role as usize).copied().flatten())
            .unwrap_or_default()
    }

    fn set(&mut self, role: Role, look: Look) {
        if let Some(place) = self.looks.get_mut(role as usize) {
            *place = Some(look);
        }
    }
}

/// One thing wrong in a theme's source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThemeFault {
    /// The file as it was called when asked for.
    pub file: String,
    /// The line, from 1; 0 when it is about no line.
    pub line: usize,
    /// What is wrong and what would be right.
    pub what: String,
}

impl ThemeFault {
    fn new(file: &str, line: usize, what: impl Into<String>) -> ThemeFault {
        ThemeFault {
            file: file.to_owned(),
            line,
            what: what.into(),
        }
    }
}

impl fmt::Display for ThemeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.what),
            line => write!(f, "{}:{line}: {}", self.file, self.what),
        }
    }
}

/// A theme that cannot be used, with everything that is wrong in it, by line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ThemeError(pub Vec<ThemeFault>);
