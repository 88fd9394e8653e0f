//! One incident in a row of the wall: severity, codename, phase, pass, time in the phase, who commands.

use ratatui::layout::Rect;

use super::FULL;
use crate::ui::canvas::{Canvas, Part};
use crate::ui::index::Row;
use crate::ui::live::{LiveText, Side};
use crate::ui::screen::head::ordinal;
use crate::ui::screen::lanes;
use crate::ui::screen::words;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// How many cells the codenames of a lane's first incidents take, with the word that marks a drill.
pub fn name_width(shared: &Shared, whole: bool) -> u16 {
    let rows = shared
        .index
        .lanes
        .iter()
        .flat_map(|rows| rows.iter().take(LOOKED_AT));
    let widths = rows.map(|row| words::codename_width(shared, row.source, &row.incident, whole));
    widths
        .max()
        .unwrap_or(0)
        .clamp(12, if whole { 28 } else { 20 })
}

/// How many incidents of a lane are looked at for the width of a column.
const LOOKED_AT: usize = 200;

/// Draws it; the codenames take so many cells.
pub fn draw(shared: &Shared, canvas: &mut Canvas<'_>, area: Rect, row: &Row, named: u16) {
    let incident = &row.incident;
    let live = shared.is_live(row.source);
    let role = |role| if live { role } else { Role::StaleRow };
    let wide = area.width >= 100;
    let full = area.width >= FULL;
    let mut put = |from: u16, to: u16, parts: &[Part<'_>]| {
        let width = to.min(area.width).saturating_sub(from);
        canvas.line(Rect::new(area.x + from, area.y, width, 1), parts);
    };
    let (severity, severity_role) = words::severity(incident.severity);
    put(0, 4, &[Part::text(severity, role(severity_role))]);
    let mut name = Vec::new();
    if incident.exercise {
        name.push(words::drill_word(wide));
    }
    name.push(Part::text(incident.codename.clone(), role(Role::Codename)));
    let stale = [Part::text(if live { "" } else { "~" }, Role::Stale)];
    let phase = incident.phase.short();
    let phase = [Part::text(phase, role(Role::Text))];
    let from = shared.mono(row.source, incident.phase_since);
    let since = LiveText::Since { from };
    let since = [Part::Column(since, 6, Side::Right, role(Role::Text))];
    // Where a drill's codename takes more room, the word after the number of the pass goes.
    let long = wide || named <= 13;
    let pass = match incident.pass {
        0 | 1 => String::new(),
        n if long => format!("{} pass", ordinal(n)),
        n => ordinal(n),
    };
    let pass = [Part::text(pass, role(Role::Text))];
    if wide {
        let drill = named.max(17) - 17;
        put(5, 23 + drill, &name);
        let mut id = vec![Part::text(incident.id.clone(), role(Role::Text))];
        id.extend(stale);
        put(23 + drill, 34 + drill, &id);
        put(34 + drill, 42 + drill, &phase);
        put(43 + drill, 51 + drill, &pass);
        put(51 + drill, 57 + drill, &since);
        let (duty, holds) = lanes::duty_parts(shared, row);
        put(60 + drill, 92 + drill, &duty);
        put(
            94 + drill,
            area.width,
            &lanes::people_within(shared, row, area.width.saturating_sub(94 + drill)),
        );
        canvas.redraw_at(holds);
        return;
    }
    let more = named.max(13) - 13;
    put(5, 18 + more, &name);
    put(18 + more, 19 + more, &stale);
    put(20 + more, 27 + more, &phase);
    if full {
        let at = 28 + more;
        put(at, at + if long { 8 } else { 4 }, &pass);
        let at = if long { 36 + more } else { 32 + more };
        put(at, at + 6, &since);
        let people = lanes::people_parts(shared, row, false, false);
        put(
            44.max(at + 8),
            area.width,
            people.get(..1).unwrap_or_default(),
        );
    } else {
        put(28 + more, 34 + more, &since);
    }
}
