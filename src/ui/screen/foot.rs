//! The foot of every screen: what changed, the keys that work here, and the toasts.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::head::WIDE;
use crate::domain::text::SafeText;
use crate::domain::view::IncidentView;
use crate::domain::word::Reportable;
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::keymap::{Action, Place};
use crate::ui::layer::form::draw::wrap;
use crate::ui::phrase::Form;
use crate::ui::shared::{LEAST_FOR_DIALOG, Shared};
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
        .filter(|action| shared.offers(*action) && is_of_use(shared, *action))
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

/// Whether a key does something as things stand: not where a dialog has no room, or where there is nothing to look at.
fn is_of_use(shared: &Shared, action: Action) -> bool {
    use Action as A;
    let roomy = shared.has_room(LEAST_FOR_DIALOG);
    let selected = shared.selected_incident();
    match action {
        A::Look => selected.is_some(),
        // What is declared already can be corrected by the same key: that is seldom wanted, and no decision that waits.
        A::Declare => {
            let declared = |(_, of): (_, &Arc<IncidentView>)| of.reportable == Reportable::Declared;
            roomy && !selected.is_some_and(declared)
        }
        A::CopyId => true,
        A::Palette | A::Help | A::Open | A::Who => roomy,
        action => roomy || action.place() != Place::Incident,
    }
}

fn right_parts(shared: &Shared, wide: bool) -> Vec<Part<'static>> {
    let key = |action| shared.keymap.label(action);
    let screens = format!("{}-{}", key(Action::Lanes), key(Action::People));
    let over = [Action::Filter, Action::Palette, Action::Help];
    let over = over.iter().filter(|action| is_of_use(shared, **action));
    let keys: Vec<String> = std::iter::once(screens)
        .chain(over.map(|of| key(*of)))
        .collect();
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
            (Some(words), false) => shared.with_teams(change.source, words),
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

/// Rows a toast may take.
const TOAST_ROWS: usize = 3;

/// Draws the toasts over the last rows above `area`'s two lowest, the newest lowest. A long one takes rows of its own, for
/// what is to be done next stands at its end.
pub fn toasts(shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
    let cells = area.width.saturating_sub(2);
    let mut bottom = area.bottom().saturating_sub(2);
    for toast in shared.toasts.iter().rev() {
        let room = usize::from(bottom.saturating_sub(area.y));
        let lines = toast_lines(&toast.text, usize::from(cells), room.min(TOAST_ROWS));
        let rows = u16::try_from(lines.len()).unwrap_or_default();
        if rows == 0 {
            break;
        }
        bottom -= rows;
        canvas.clear(Rect::new(area.x, bottom, area.width, rows), toast.role);
        for (y, line) in (bottom..).zip(lines) {
            canvas.text(area.x + 1, y, cells, &line, toast.role);
        }
        canvas.redraw_at(Some(toast.until));
    }
}

/// A toast in at most so many lines; what is too long for them is cut in the last one.
fn toast_lines(text: &str, cells: usize, most: usize) -> Vec<String> {
    let mut lines = wrap(SafeText::line(text).shown(), cells);
    if lines.len() > most {
        let rest = lines.split_off(most.saturating_sub(1)).join(" ");
        if most > 0 {
            lines.push(rest);
        }
    }
    lines
}
