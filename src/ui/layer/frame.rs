//! The frame of a dialog: a title, a body that scrolls, and one bottom line that tells what the next key does and is
//! never cut away. Works from 60x16 up; it knows nothing of what the dialog is about.

use std::ops::Range;

use ratatui::layout::Rect;

use super::form::Row;
use crate::domain::instant::Mono;
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::keymap::Action;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Widest dialog.
const WIDEST: u16 = 116;

/// What a frame shows.
#[derive(Debug, Default)]
pub struct Framed {
    pub title: String,
    pub body: Vec<Row>,
    /// Rows that must be seen.
    pub focus: Range<usize>,
    /// What the next key does.
    pub bottom: Row,
    /// The other keys, the most needed last: those before it give way where there is no room.
    pub keys: Vec<Row>,
}

/// A key and what it does, for the foot.
pub fn key(shared: &Shared, action: Action, does: &str) -> Row {
    vec![
        Part::text(shared.keymap.label(action), Role::Key),
        Part::text(format!(" {does}"), Role::KeyText),
    ]
}

/// The cells inside a dialog in a window of this width.
pub fn inner_width(window: u16) -> u16 {
    window.min(WIDEST).saturating_sub(4)
}

/// Rows of the body seen at once in a window of this height.
pub fn body_height(window: u16) -> usize {
    // The first row tells how fresh the board is, whatever is open. Two rows stay free for toasts, two are the frame, two the
    // bottom line and its rule.
    usize::from(window.saturating_sub(7)).max(1)
}

/// Where the body begins: near `scroll`, but so that the focused rows are seen; with `free` as scrolled by hand.
pub fn first_row(
    all: usize,
    seen: usize,
    scroll: usize,
    focus: &Range<usize>,
    free: bool,
) -> usize {
    let most = all.saturating_sub(seen);
    if free {
        return scroll.min(most);
    }
    let first = scroll.max(focus.end.saturating_sub(seen)).min(most);
    if focus.start < focus.end {
        first.min(focus.start)
    } else {
        first
    }
}

/// Draws a dialog over the screen. Where the body goes on below what is seen, the foot says by which key.
pub fn draw(
    shared: &Shared,
    canvas: &mut Canvas<'_>,
    area: Rect,
    framed: &Framed,
    scroll: usize,
    free: bool,
) {
    let below = area.y.saturating_add(1);
    let room = Rect::new(area.x, below, area.width, area.height.saturating_sub(3));
    let width = room.width.min(WIDEST);
    let seen = body_height(area.height).min(framed.body.len().max(1));
    let height = u16::try_from(seen).unwrap_or(u16::MAX).saturating_add(4);
    let height = height.min(room.height);
    let at = Rect::new(
        room.x + (room.width - width) / 2,
        room.y + (room.height - height) / 2,
        width,
        height,
    );
    canvas.clear(at, Role::Text);
    let inner = canvas.frame(at, &framed.title, Role::DialogBorder, Role::DialogTitle);
    let body = Rect::new(
        inner.x + 1,
        inner.y,
        inner.width.saturating_sub(2),
        inner.height.saturating_sub(2),
    );
    let seen = usize::from(body.height);
    let first = first_row(framed.body.len(), seen, scroll, &framed.focus, free);
    for (y, row) in (body.y..body.bottom()).zip(framed.body.iter().skip(first)) {
        canvas.line(Rect::new(body.x, y, body.width, 1), row);
    }
    let beside = Rect::new(inner.x, body.y, inner.width, body.height);
    canvas.scroll_bar(beside, first, seen, framed.body.len());
    let y = inner.bottom().saturating_sub(1);
    canvas.rule(inner.x, y.saturating_sub(1), inner.width);
    let line = Rect::new(body.x, y, body.width, 1);
    let used = canvas.line(line, &framed.bottom);
    let more = match (first + seen < framed.body.len(), first > 0) {
        (true, _) => Some(key(shared, Action::PageOn, "more")),
        (false, true) => Some(key(shared, Action::PageBack, "back up")),
        (false, false) => None,
    };
    let mut groups: Vec<Row> = framed.keys.clone();
    if let Some(more) = more {
        // Behind what the field asks for and the way out: the next field can be guessed.
        groups.insert(groups.len().saturating_sub(2).min(1), more);
    }
    let keys = fitting(groups, line.width.saturating_sub(used + 2));
    let width = width_of(&keys, Mono(0));
    canvas.line(Rect::new(line.right() - width, y, width, 1), &keys);
}

/// The last of these groups that fit side by side.
fn fitting(groups: Vec<Row>, room: u16) -> Row {
    let mut fits = Row::new();
    for mut group in groups.into_iter().rev() {
        if !fits.is_empty() {
            group.push(Part::Gap(2));
        }
        if width_of(&group, Mono(0)) + width_of(&fits, Mono(0)) > room {
            break;
        }
        group.append(&mut fits);
        fits = group;
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_follows_the_focus_unless_scrolled_by_hand() {
        let focus = 10..14;
        assert_eq!(first_row(20, 6, 0, &focus, false), 8);
        assert_eq!(first_row(20, 6, 12, &focus, false), 10);
        assert_eq!(first_row(20, 6, 99, &focus, true), 14);
        assert_eq!(first_row(4, 6, 3, &(0..0), false), 0);
    }

    #[test]
    fn the_most_needed_key_stands_where_others_have_no_room() {
        let group = |text: &str| vec![Part::text(text.to_owned(), Role::Key)];
        let groups = || vec![group("Tab field"), group("Space tick"), group("Esc leave")];
        let told = |room| {
            let text = |part: &Part<'_>| match part {
                Part::Text(text, _) => text.to_string(),
                _ => "  ".to_owned(),
            };
            fitting(groups(), room).iter().map(text).collect::<String>()
        };
        assert_eq!(told(32), "Tab field  Space tick  Esc leave");
        assert_eq!(told(31), "Space tick  Esc leave");
        assert_eq!(told(9), "Esc leave");
        assert_eq!(told(8), "");
    }
}
