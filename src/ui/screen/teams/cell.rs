//! One team in one phase: how many incidents and the worst of them, and below it the nearest duty.

use ratatui::layout::Rect;

use crate::domain::instant::Mono;
use crate::domain::view::IncidentView;
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::index::{Cell, decision_missing, nearest};
use crate::ui::live::LiveText;
use crate::ui::phrase::Form;
use crate::ui::screen::head::WIDE;
use crate::ui::screen::words::{self, DutyClock};
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Draws a cell in two rows.
pub fn draw(
    shared: &Shared,
    canvas: &mut Canvas<'_>,
    area: Rect,
    cell: &Cell,
    preparation: bool,
    selected: bool,
) {
    let Some((source, worst)) = &cell.worst else {
        canvas.text(
            area.x + 1,
            area.y,
            area.width.saturating_sub(1),
            "-",
            Role::Dim,
        );
        return;
    };
    if selected {
        canvas.stand_on(Some(Role::Selected));
        canvas.clear(area, Role::Selected);
        let mark = canvas.glyphs().mark();
        canvas.text(area.x, area.y, 1, mark, Role::SelectedText);
    }
    let line = |n: u16| {
        let height = u16::from(n < area.height);
        Rect::new(area.x + 1, area.y + n, area.width.saturating_sub(1), height)
    };
    let (first, second, holds) = match preparation {
        true => {
            let (first, second) = waits(shared, *source, cell, worst, area.width);
            (first, second, None)
        }
        false => {
            let (second, holds) = duty(shared, *source, cell, worst, area.width);
            let first = incident(shared, *source, cell, worst, area.width);
            (first, second, holds)
        }
    };
    canvas.redraw_at(holds);
    canvas.line(line(0), &first);
    canvas.line(line(1), &second);
    canvas.stand_on(None);
}

/// `3 sev1 COPPER HERON AZ-142`, as much of it as has room.
fn incident(
    shared: &Shared,
    source: usize,
    cell: &Cell,
    worst: &IncidentView,
    width: u16,
) -> Vec<Part<'static>> {
    let live = shared.is_live(source);
    let role = |role| if live { role } else { Role::StaleRow };
    let (severity, severity_role) = words::severity(worst.severity);
    let count = Part::text(format!("{} ", cell.count), role(Role::Title));
    let severity = Part::text(format!("{severity} "), role(severity_role));
    let codename = Part::text(worst.codename.clone(), role(Role::Codename));
    let id = Part::text(worst.id.clone(), role(Role::Text));
    let named = |whole: bool, named: &[Part<'static>]| {
        let mut parts = vec![count.clone()];
        parts.extend(words::marks(shared, source, worst, whole));
        parts.push(severity.clone());
        parts.extend_from_slice(named);
        parts
    };
    let both = [codename.clone(), Part::Gap(1), id.clone()];
    let codename = [codename];
    let whole = shared.size.0 >= WIDE;
    // Half a codename is nobody's: the word that marks a drill gets short before it goes, and the id goes before it.
    let forms = [
        named(whole, &both),
        named(whole, &codename),
        named(false, &codename),
        named(false, std::slice::from_ref(&id)),
    ];
    let mut forms = forms.into_iter();
    let room = width.saturating_sub(1);
    forms
        .find(|parts| width_of(parts, shared.now) <= room)
        .unwrap_or_else(|| {
            // The least cell has no room for the severity.
            let mut parts = named(false, &[id]);
            parts.remove(parts.len() - 2);
            parts
        })
}

/// The nearest duty of the cell; where none runs, what is missing.
fn duty(
    shared: &Shared,
    source: usize,
    cell: &Cell,
    worst: &IncidentView,
    width: u16,
) -> (Vec<Part<'static>>, Option<Mono>) {
    let room = width.saturating_sub(1);
    let Some((_, from, of)) = &cell.nearest else {
        let missing = decision_missing(worst);
        let text = match missing {
            true if room >= 16 => "decision missing",
            true => "undecided",
            false => "no clock",
        };
        let role = if missing { Role::Missing } else { Role::Dim };
        return (vec![Part::text(text, role)], None);
    };
    let Some(duty) = nearest(of) else {
        return (Vec::new(), None);
    };
    let (clock, holds) = words::duty_clock(shared, *from, of, duty);
    let mut parts = match clock {
        DutyClock::Counts { to, role } => {
            vec![Part::Live(LiveText::Countdown { to }, role), Part::Gap(1)]
        }
        other => {
            let mut parts = other.parts();
            parts.push(Part::Gap(1));
            parts
        }
    };
    let name = Part::text(words::duty_name(shared, duty, " "), Role::Text);
    let same = of.id == worst.id && *from == source;
    if !same {
        // The nearest duty need not be the worst incident's.
        parts.push(Part::text(format!("{} ", of.id), Role::Text));
    }
    let used = width_of(&parts, shared.now);
    if used + name.width(shared.now) <= room {
        parts.push(name);
    } else if same && !words::is_hidden(shared, duty) {
        let to = Part::text(words::recipient(duty), Role::Text);
        if used + to.width(shared.now) <= room {
            parts.push(to);
        }
    }
    (parts, holds)
}

/// What waits in preparation: how much of what; what is planned and when, else where the lessons came from.
fn waits(
    shared: &Shared,
    source: usize,
    cell: &Cell,
    worst: &IncidentView,
    width: u16,
) -> (Vec<Part<'static>>, Vec<Part<'static>>) {
    let planned = cell.count - cell.lessons - cell.exercises;
    let drill = match (shared.size.0 >= WIDE, cell.exercises) {
        (false, _) => "EX",
        (true, 1) => "exercise",
        (true, _) => "exercises",
    };
    let kinds = [
        (planned, "planned", Role::Text),
        (cell.exercises, drill, Role::Exercise),
        (cell.lessons, "lesson", Role::Text),
    ];
    let counted = kinds.into_iter().filter(|(count, ..)| *count > 0);
    let mut counted: Vec<Part<'static>> = counted
        .map(|(count, word, role)| {
            let s = if word == "lesson" && count > 1 {
                "s"
            } else {
                ""
            };
            Part::text(format!("{count} {word}{s}"), role)
        })
        .collect();
    if width < 20 && counted.len() > 1 {
        let second = counted.split_off(1);
        return (counted, second);
    }
    let mut first = Vec::new();
    for part in counted {
        if !first.is_empty() {
            first.push(Part::text(" · ", Role::Dim));
        }
        first.push(part);
    }
    let begin = match worst.starts_at {
        Some(at) if worst.is_open() => shared.instant(source, worst, at, Form::Short),
        _ => worst.id.clone(),
    };
    let second = vec![
        Part::text(format!("{begin} "), Role::Text),
        Part::text(worst.codename.clone(), Role::Dim),
    ];
    (first, second)
}
