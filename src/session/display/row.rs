//! A row of cells as the page is told it: stretches of text with their width and look, as JSON, never as markup. What the
//! cells say is `ui`'s; how the page sets them, the page's.

use ratatui::buffer::Cell;
use serde_json::json;

use crate::session::picture::look::{Look, Sign, hex, signs};

/// One stretch: text, cells, look. Where it is not ASCII, each character has one cell, or it is one sign: other fonts draw
/// these wider or narrower, and the page gives each its own place.
#[derive(Debug)]
struct Stretch {
    text: String,
    cells: usize,
    look: Look,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ascii,
    /// One character, one cell.
    Single,
    /// Wider, or made of several characters.
    Alone,
}

impl Kind {
    fn of(sign: &Sign<'_>) -> Kind {
        match (sign.text.is_ascii(), sign.cells, sign.text.chars().count()) {
            (true, ..) => Kind::Ascii,
            (false, 1, 1) => Kind::Single,
            _ => Kind::Alone,
        }
    }
}

/// A row as JSON: `[["T-02:41",7,"ffa657 11151b b"],...]`. A look that is `ground`, the theme's plain text, is `""`; blanks at
/// the end that show nothing are left out.
pub fn row(cells: &[Cell], ground: &Look) -> String {
    let mut stretches: Vec<Stretch> = Vec::new();
    for sign in signs(cells) {
        let (kind, look) = (Kind::of(&sign), plain(&sign, ground));
        match stretches.last_mut() {
            Some(last) if last.look == look && last.kind == kind && kind != Kind::Alone => {
                last.text.push_str(sign.text);
                last.cells += sign.cells;
            }
            _ => stretches.push(Stretch {
                text: sign.text.to_owned(),
                cells: sign.cells,
                look,
                kind,
            }),
        }
    }
    if let Some(last) = stretches.last_mut()
        && last.look == *ground
    {
        let kept = last.text.trim_end_matches(' ').len();
        last.cells -= last.text.len() - kept;
        last.text.truncate(kept);
        if last.text.is_empty() {
            stretches.pop();
        }
    }
    let told = stretches.iter().map(|stretch| {
        let look = match stretch.look == *ground {
            true => String::new(),
            false => code(&stretch.look),
        };
        json!([stretch.text, stretch.cells, look])
    });
    serde_json::Value::Array(told.collect()).to_string()
}

/// What a blank looks like is its ground: colours and weight of letters that are not there part no stretch.
fn plain(sign: &Sign<'_>, ground: &Look) -> Look {
    match sign.text == " " && sign.look.ground == ground.ground && !sign.look.shows_on_blanks() {
        true => *ground,
        false => sign.look,
    }
}

/// `rrggbb rrggbb bu`: letters, ground, bold and underlined.
fn code(look: &Look) -> String {
    let flags = [(look.bold, 'b'), (look.underlined, 'u')];
    let flags: String = flags
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, flag)| *flag)
        .collect();
    let colours = [look.ink(), look.ground].map(|rgb| hex(rgb).split_off(1));
    format!("{} {} {flags}", colours[0], colours[1])
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Modifier, Style};

    use super::*;

    #[test]
    fn a_row_is_told_in_stretches_of_one_look() {
        let plain = Style::new().fg(Color::Rgb(1, 2, 3)).bg(Color::Rgb(9, 9, 9));
        let ground = Look::of_style(plain);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
        buffer.set_style(buffer.area, plain);
        buffer.set_string(0, 0, "a \"b\"", plain);
        buffer.set_string(5, 0, "──漢", plain.add_modifier(Modifier::BOLD));
        assert_eq!(
            row(&buffer.content, &ground),
            r#"[["a \"b\"",5,""],["──",2,"010203 090909 b"],["漢",2,"010203 090909 b"]]"#
        );
        let empty = Buffer::empty(Rect::new(0, 0, 4, 1));
        assert_eq!(row(&empty.content, &Look::of_style(Style::new())), "[]");
        // Another ground shows to the edge.
        assert_eq!(
            row(&empty.content, &ground),
            r#"[["    ",4,"d8dadd 0c0f12 "]]"#
        );
    }
}
