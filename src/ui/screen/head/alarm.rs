//! ALARM: what rings until somebody hears it, in one line under what is due next.

use ratatui::layout::Rect;

use super::missing::fitted;
use crate::domain::alarm::is_critical;
use crate::domain::say::alarm_words;
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::index::AlarmRow;
use crate::ui::keymap::Action;
use crate::ui::live::LiveText;
use crate::ui::screen::words;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Alarms looked at for one line: more than fit any window.
const LOOKED_AT: usize = 24;

/// The alarms that this display may tell of: of restricted duties a wall tells nothing.
fn told(shared: &Shared) -> impl Iterator<Item = &AlarmRow> {
    let wall = shared.options.wall;
    let rows = shared.index.alarms.rows.iter();
    rows.filter(move |row| !wall || row.duty().is_none_or(|duty| !duty.restricted))
}

/// Whether there is anything to hear.
pub fn is_ringing(shared: &Shared) -> bool {
    told(shared).next().is_some()
}

/// `ALARM 2   AZ-142 START PASSED · M365-77 10 % left`, and the key that silences where there is room.
/// The items begin at the column `tab`.
pub fn draw(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect, tab: u16) {
    let count = told(shared).count();
    let words = format!("ALARM {count}");
    let critical = told(shared).any(|row| row.rings() && is_critical(row.view.kind));
    let label = match (critical, shared.options.no_blink) {
        (true, false) => Part::Live(LiveText::Blink { words }, Role::Ringing),
        (true, true) => Part::text(words, Role::Ringing),
        (false, _) => Part::text(words, Role::Alarm),
    };
    let mut parts = vec![label, Part::Tab(tab)];
    let offered = !shared.options.wall && shared.offers(Action::Silence);
    let key = shared.keymap.label(Action::Silence);
    let right = vec![
        Part::text(format!("{key} "), Role::Key),
        Part::text(Action::Silence.short(), Role::KeyText),
    ];
    let right_width = width_of(&right, shared.now);
    let offered = offered && !key.is_empty() && row.width >= 60;
    let reserve = if offered { right_width + 2 } else { 0 };
    let room = row.width.saturating_sub(tab + reserve);
    if shared.index.alarms.flood {
        parts.push(Part::text("first ", Role::Dim));
    }
    let used = width_of(&parts, shared.now).saturating_sub(7);
    let items = told(shared).take(LOOKED_AT);
    let items: Vec<_> = items.map(|row| item(shared, row)).collect();
    let more = count.saturating_sub(items.len());
    parts.extend(fitted(shared, items, more, room.saturating_sub(used)));
    let line = Rect {
        width: row.width.saturating_sub(reserve),
        ..row
    };
    canvas.line(line, &parts);
    if offered {
        let at = row.right().saturating_sub(right_width);
        canvas.line(Rect::new(at, row.y, right_width, 1), &right);
    }
}

fn item(shared: &Shared, row: &AlarmRow) -> Vec<Part<'static>> {
    let mut parts = Vec::new();
    if row.incident.exercise {
        parts.push(words::drill(shared));
    }
    let words = alarm_words(row.view.kind);
    let (over, role) = match (row.rings(), is_critical(row.view.kind)) {
        (false, _) => (", over", Role::Notice),
        (true, true) => ("", Role::Alarm),
        (true, false) => ("", Role::Notice),
    };
    let name = words::called(shared, row.source, &row.incident);
    let text = format!("{name} {words}{over}");
    parts.push(Part::text(text, role));
    parts
}
