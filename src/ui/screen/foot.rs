//! The foot of every screen: what changed, the keys that work here, and the toasts.

use ratatui::layout::Rect;

use super::head::WIDE;
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::keymap::Action;
use crate::ui::phrase::Form;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// What is left above the foot of a window, or of what its head left. Windows begin at row 0, so the bottom of either
/// tells how high the window is.
pub fn left(area: Rect) -> Rect {
    let rows = if area.bottom() >= 16 { 2 } else { 1 };
    Rect::new(area.x, area.y, area.width, area.height.saturating_sub(rows))
}

/// Draws a rule and the keys that work here; gives what is left above. An action that role, clearance or source does
/// not allow is not shown.
pub fn draw(shared: &Shared, canvas: &mut Canvas<'_>, area: Rect, actions: &[Action]) -> Rect {
    let left = left(area);
    let y = area.bottom().saturating_sub(1);
    if left.height + 2 == area.height {
        canvas.rule(area.x, y - 1, area.width);
    }
    let row = Rect::new(area.x + 1, y, area.width.saturating_sub(2), 1);
    let wide = area.width >= WIDE;
    let mut parts = Vec::new();
    if let Some((target, incident)) = shared.selected_incident() {
        parts.push(Part::text(target.id.clone(), Role::Title));
        if wide {
            parts.push(Part::text(
                format!(" {}", incident.codename),
                Role::Codename,
            ));
        }
        parts.push(Part::Gap(2));
    }
    let right = right_parts(shared, wide);
    let right_width = width_of(&right, shared.now);
    let room = row.width.saturating_sub(right_width + 1);
    for action in actions
        .iter()
        .copied()
        .filter(|action| shared.offers(*action))
    {
        let key = Part::text(shared.keymap.label(action), Role::Key);
        let text = Part::text(format!(" {}", action.short()), Role::KeyText);
        let width = key.width(shared.now) + text.width(shared.now);
        if width_of(&parts, shared.now) + width > room {
            break;
        }
        parts.extend([key, text, Part::Gap(2)]);
    }
    if actions.contains(&Action::Undo) {
        canvas.redraw_at(shared.undo_until().map(|until| until + 1));
    }
    canvas.line(Rect { width: room, ..row }, &parts);
    let at = row.right().saturating_sub(right_width);
    canvas.line(Rect::new(at, y, right_width, 1), &right);
    left
}

fn right_parts(shared: &Shared, wide: bool) -> Vec<Part<'static>> {
    let key = |action| shared.keymap.label(action);
    let keys = [
        format!("{}-{}", key(Action::Lanes), key(Action::People)),
        key(Action::Filter),
        key(Action::Palette),
        key(Action::Help),
    ];
    let mut parts = vec![Part::text(keys.join("  "), Role::Key)];
    if shared.options.read_only {
        parts.push(Part::text("  read-only", Role::KeyText));
    } else if wide {
        let me = (0..shared.board.sources.len()).find_map(|source| shared.caller(source));
        // Whoever sits at the board may be the commander, whom the room is not told.
        if let Some(me) = me.filter(|_| !shared.options.mask) {
            parts.push(Part::text(format!("  {}", me.name), Role::KeyText));
        }
    }
    if shared.is_busy() || !shared.pending.is_empty() {
        parts.push(Part::text(
            format!("  {} sending", shared.pending.len()),
            Role::Notice,
        ));
    }
    parts
}

/// What changed last, newest first, in one line.
pub fn changes(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect) {
    let mut parts = Vec::new();
    let mut shown = 0;
    for change in &shared.index.world.changes {
        let Some(text) = change.incident.change.as_ref() else {
            continue;
        };
        let what = match (&text.text, shared.options.mask) {
            (Some(words), false) => words.clone(),
            _ => "changed".to_owned(),
        };
        let at = shared.instant(change.source, &change.incident, change.at, Form::Short);
        let ex = match (change.incident.exercise, row.width + 2 >= WIDE) {
            (false, _) => "",
            (true, true) => "EXERCISE ",
            (true, false) => "EX ",
        };
        // Whose change it was may be above this reader's clearance, or nobody's.
        let by = match shared.options.mask || text.by.is_empty() {
            true => String::new(),
            false => format!(", {}", text.by),
        };
        let line = format!("{at} {ex}{} {what}{by}", change.incident.id);
        let part = Part::text(line, Role::Dim);
        let width = width_of(&parts, shared.now) + part.width(shared.now) + 3;
        if shown > 0 && width > row.width {
            break;
        }
        if shown > 0 {
            parts.push(Part::text(" · ", Role::Dim));
        }
        parts.push(part);
        shown += 1;
    }
    canvas.line(row, &parts);
}

/// Draws the toasts over the last rows, newest lowest.
pub fn toasts(shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
    let rows = (area.y..area.bottom().saturating_sub(2)).rev();
    for (y, toast) in rows.zip(shared.toasts.iter().rev()) {
        let role = if toast.good { Role::Toast } else { Role::Error };
        canvas.clear(Rect::new(area.x, y, area.width, 1), role);
        canvas.text(
            area.x + 1,
            y,
            area.width.saturating_sub(2),
            &toast.text,
            role,
        );
        canvas.redraw_at(Some(toast.until));
    }
}
