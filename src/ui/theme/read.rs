//! From a theme's TOML to a `Theme`: every key is known or a fault with its line. Looks at no file system.

use ratatui::style::{Color, Modifier};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Look, Role, SHIPPED, Theme, ThemeError, ThemeFault};

/// Themes inherit from themes that inherit; deeper than this nobody can follow.
const DEEPEST: usize = 8;

/// The sixteen colours every terminal has, as themes spell them, and `default`: the terminal's own.
const NAMED: &[(&str, Color)] = &[
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("gray", Color::Gray),
    ("dark-gray", Color::DarkGray),
    ("light-red", Color::LightRed),
    ("light-green", Color::LightGreen),
    ("light-yellow", Color::LightYellow),
    ("light-blue", Color::LightBlue),
    ("light-magenta", Color::LightMagenta),
    ("light-cyan", Color::LightCyan),
    ("white", Color::White),
];

const ATTRIBUTES: &[(&str, Modifier)] = &[
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
];

/// What is being read, and what was found wrong in it so far.
struct Reading<'a> {
    file: &'a str,
    source: &'a str,
    /// Names of this theme and of those it inherits from; who inherits comes first and wins.
    palette: &'a mut Vec<(String, Color)>,
    faults: Vec<ThemeFault>,
}

/// Reads one theme on top of those it inherits from. `above` names the themes that led here, and `palette` has their
/// colours: they win, so that a theme may keep the roles it inherits and change the colours only.
pub(super) fn theme(
    file: &str,
    source: &str,
    find: &dyn Fn(&str) -> Option<String>,
    above: &mut Vec<String>,
    palette: &mut Vec<(String, Color)>,
) -> Result<Theme, ThemeError> {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let name = name.strip_suffix(".toml").unwrap_or(name);
    let mut reading = Reading {
        file,
        source,
        palette,
        faults: Vec::new(),
    };
    let table = match DeTable::parse(source) {
        Ok(table) => table.into_inner(),
        Err(fault) => {
            let at = fault.span().map_or(0, |span| span.start);
            reading.fault(at, fault.message());
            return Err(ThemeError(reading.faults));
        }
    };
    let mut theme = Theme::empty(name);
    if let Some(value) = table.get("palette") {
        reading.read_palette(value);
    }
    if let Some(value) = table.get("inherits")
        && let Some(parent) = reading.text(value, "inherits")
    {
        match inherited(parent, find, name, above, reading.palette) {
            Ok(parent) => theme.looks = parent.looks,
            Err(Inherit::Broken(error)) => return Err(error),
            Err(Inherit::Refused(what)) => reading.fault(value.span().start, &what),
        }
    }
    for (key, value) in &table {
        match key.get_ref().as_ref() {
            "inherits" | "palette" => {}
            "about" => {
                theme.about = reading.text(value, "about").unwrap_or_default().to_owned();
            }
            "roles" => reading.read_roles(value, &mut theme),
            other => {
                let what =
                    format!("unknown key '{other}'; a theme has about, inherits, palette, roles");
                reading.fault(key.span().start, &what);
            }
        }
    }
    if reading.faults.is_empty() {
        return Ok(theme);
    }
    reading.faults.sort_by_key(|fault| fault.line);
    Err(ThemeError(reading.faults))
}

enum Inherit {
    Refused(String),
    Broken(ThemeError),
}

fn inherited(
    parent: &str,
    find: &dyn Fn(&str) -> Option<String>,
    name: &str,
    above: &mut Vec<String>,
    palette: &mut Vec<(String, Color)>,
) -> Result<Theme, Inherit> {
    above.push(name.to_owned());
    if above.iter().any(|seen| seen == parent) || above.len() > DEEPEST {
        let circle = format!("{} -> {parent}", above.join(" -> "));
        return Err(Inherit::Refused(format!("inherits in a circle: {circle}")));
    }
    let shipped = SHIPPED.iter().find(|(known, _)| *known == parent);
    let Some(source) = find(parent).or_else(|| shipped.map(|(_, source)| (*source).to_owned()))
    else {
        let what = format!("inherits from '{parent}', which is neither shipped nor in your themes");
        return Err(Inherit::Refused(what));
    };
    let file = format!("themes/{parent}.toml");
    theme(&file, &source, find, above, palette).map_err(Inherit::Broken)
}

impl Reading<'_> {
    fn fault(&mut self, byte: usize, what: &str) {
        let before = self.source.get(..byte).unwrap_or(self.source);
        let line = before.matches('\n').count() + 1;
        self.faults.push(ThemeFault::new(self.file, line, what));
    }

    fn text<'v>(&mut self, value: &'v Spanned<DeValue<'_>>, key: &str) -> Option<&'v str> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.fault(value.span().start, &format!("{key} must be a text"));
        }
        text
    }

    fn table<'v, 'i>(
        &mut self,
        value: &'v Spanned<DeValue<'i>>,
        key: &str,
    ) -> Option<&'v DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.fault(value.span().start, &format!("{key} must be a table"));
        }
        table
    }

    fn read_palette(&mut self, value: &Spanned<DeValue<'_>>) {
        let Some(table) = self.table(value, "palette") else {
            return;
        };
        let mut own = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().to_string();
            if name == "default" {
                self.fault(key.span().start, "'default' is the terminal's own colour");
            } else if let Some(colour) = self.colour(value, &name) {
                own.push((name, colour));
            }
        }
        let known = self.palette.len();
        for (name, colour) in own {
            let above = self.palette.iter().take(known);
            if !above.into_iter().any(|(seen, _)| *seen == name) {
                self.palette.push((name, colour));
            }
        }
    }

    fn colour(&mut self, value: &Spanned<DeValue<'_>>, key: &str) -> Option<Color> {
        let text = self.text(value, key)?;
        let named = NAMED.iter().find(|(name, _)| *name == text).map(|c| c.1);
        let own = self.palette.iter().find(|(name, _)| name == text);
        let found = own.map(|c| c.1).or(named).or_else(|| number(text));
        if found.is_none() {
            let what = format!(
                "{key}: '{text}' is no colour; write #rrggbb, 0 to 255, a name of [palette], or one of {}",
                NAMED.iter().map(|c| c.0).collect::<Vec<_>>().join(" ")
            );
            self.fault(value.span().start, &what);
        }
        found
    }

    fn read_roles(&mut self, value: &Spanned<DeValue<'_>>, theme: &mut Theme) {
        let Some(table) = self.table(value, "roles") else {
            return;
        };
        for (key, value) in table {
            let name = key.get_ref();
            let look = self.look(value, name);
            match Role::named(name) {
                Some(role) => theme.set(role, look),
                None => self.fault(key.span().start, &format!("unknown role '{name}'")),
            }
        }
    }

    /// `"colour"` alone is the foreground; a table may say everything.
    fn look(&mut self, value: &Spanned<DeValue<'_>>, role: &str) -> Look {
        let mut look = Look::default();
        if value.get_ref().is_str() {
            look.fg = self.colour(value, role);
            return look;
        }
        let Some(table) = self.table(value, role) else {
            return look;
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let attribute = ATTRIBUTES.iter().find(|(known, _)| *known == name);
            match (name, attribute, value.get_ref()) {
                ("fg", ..) => look.fg = self.colour(value, "fg"),
                ("bg", ..) => look.bg = self.colour(value, "bg"),
                (_, Some((_, modifier)), DeValue::Boolean(on)) => {
                    look.modifier.set(*modifier, *on);
                }
                (_, Some(_), _) => {
                    self.fault(value.span().start, &format!("{name} must be true or false"));
                }
                (_, None, _) => {
                    let what = format!(
                        "unknown key '{name}'; a role has fg bg bold dim italic underline reverse"
                    );
                    self.fault(key.span().start, &what);
                }
            }
        }
        look
    }
}

/// `#rrggbb`, or an index of the 256 colours.
fn number(text: &str) -> Option<Color> {
    let Some(hex) = text.strip_prefix('#') else {
        return text.parse().ok().map(Color::Indexed);
    };
    if hex.len() != 6 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let [_, r, g, b] = u32::from_str_radix(hex, 16).ok()?.to_be_bytes();
    Some(Color::Rgb(r, g, b))
}
