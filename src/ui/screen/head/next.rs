//! NEXT: the nearest duties, the oldest missing decision, the oldest unsent duty without a number; a line each, with the
//! instant, the latest start and who decides.

use ratatui::layout::Rect;

use crate::domain::instant::Mono;
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::index::{DutyRow, known_since};
use crate::ui::live::{LiveText, Side};
use crate::ui::phrase::Form;
use crate::ui::screen::words;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// The duties of the head: the nearest that run, the oldest missing decision, the oldest unsent without a number.
pub(super) fn rows(shared: &Shared, area: Rect) -> Vec<&DutyRow> {
    let world = &shared.index.world;
    let most = usize::from((area.height.saturating_sub(12) / 6).clamp(1, 6));
    let mut rows: Vec<&DutyRow> = world.running.iter().take(most).collect();
    let missing = if area.height >= 30 { 2 } else { 1 };
    rows.extend(world.missing.iter().take(missing));
    if area.height >= 20 {
        rows.extend(world.unnumbered.first());
    }
    // Drills never stand before real duties.
    rows.sort_by_key(|row| row.incident.exercise);
    rows
}

/// Where the columns begin; without a place, one is not shown.
struct Columns {
    id: Option<u16>,
    what: u16,
    when: u16,
    start: u16,
    who: u16,
    /// Words are written out.
    wide: bool,
}

fn columns(width: u16) -> Option<Columns> {
    match width {
        110.. => Some(Columns {
            id: Some(27),
            what: 35,
            when: 54,
            start: 72,
            who: (width - 22).min(106),
            wide: true,
        }),
        98.. => Some(Columns {
            id: None,
            what: 27,
            when: 46,
            start: 64,
            who: width - 18,
            wide: true,
        }),
        70.. => Some(Columns {
            id: None,
            what: 24,
            when: 42,
            start: 52,
            who: width - 13,
            wide: false,
        }),
        _ => None,
    }
}

pub(super) fn draw(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect, next: &DutyRow) {
    let incident = &next.incident;
    let columns = columns(row.width);
    let wide = columns.as_ref().is_some_and(|columns| columns.wide);
    let (clock, holds) = clock_parts(shared, next);
    canvas.redraw_at(holds);
    let mut parts = clock;
    parts.push(Part::Tab(11));
    if incident.exercise {
        let word = if wide { "EXERCISE " } else { "EX " };
        parts.push(Part::text(word, Role::Exercise));
    }
    parts.push(Part::text(incident.codename.clone(), Role::Codename));
    if !shared.is_live(next.source) {
        parts.push(Part::text("~", Role::Stale));
    }
    parts.push(Part::text(" ", Role::Text));
    let Some(columns) = columns else {
        parts.push(Part::Tab(24));
        let runs = matches!(parts.first(), Some(Part::Column(..)));
        let due = next.view().and_then(|duty| duty.due_at).filter(|_| runs);
        parts.extend(match due {
            Some(due) => {
                let at = shared.instant(next.source, incident, due, Form::Short);
                vec![Part::text(format!("by {at}"), Role::Text)]
            }
            None => what_parts(shared, next, false),
        });
        canvas.line(row, &parts);
        return;
    };
    if let Some(id) = columns.id {
        parts.push(Part::Tab(id));
        parts.push(Part::text(format!("{} ", incident.id), Role::Text));
    }
    parts.push(Part::Tab(columns.what));
    parts.extend(what_parts(shared, next, wide));
    let before = Rect {
        width: columns.when - 1,
        ..row
    };
    let used = canvas.line(before, &parts);
    // A drill's word may take more than its column.
    let when = columns.when.max(used + 1);
    let room = Rect::new(row.x + when, row.y, columns.who.saturating_sub(when + 1), 1);
    let parts = when_parts(shared, next, &columns, room.width);
    canvas.line(room, &parts);
    let room = row.width.saturating_sub(columns.who);
    let (who, role) = words::decider_within(shared, next, room);
    canvas.text(row.x + columns.who, row.y, room, &who, role);
}

fn clock_parts(shared: &Shared, next: &DutyRow) -> (Vec<Part<'static>>, Option<Mono>) {
    let none = || vec![Part::text("no clock", Role::NoClock)];
    let Some(duty) = next.view() else {
        return (none(), None);
    };
    let (clock, holds) = words::duty_clock(shared, next.source, &next.incident, duty);
    match clock {
        words::DutyClock::Counts { to, role } => (
            vec![Part::Column(
                LiveText::Countdown { to },
                10,
                Side::Left,
                role,
            )],
            holds,
        ),
        _ => (none(), holds),
    }
}

fn what_parts(shared: &Shared, next: &DutyRow, wide: bool) -> Vec<Part<'static>> {
    let Some(duty) = next.view() else {
        return vec![Part::text("reportable?", Role::Missing)];
    };
    let between = if wide { ", " } else { " " };
    vec![Part::text(
        words::duty_name(shared, duty, between),
        Role::Text,
    )]
}

/// Due with its instant, and the latest start; or since when an answer is awaited. Where a source is not live and
/// there is room, from when that is.
fn when_parts(shared: &Shared, next: &DutyRow, columns: &Columns, room: u16) -> Vec<Part<'static>> {
    let (source, incident, wide) = (next.source, &next.incident, columns.wide);
    let clock = next
        .view()
        .map(|duty| (duty, words::duty_clock(shared, source, incident, duty).0));
    let mut parts = match clock {
        None => {
            let from = shared.mono(source, known_since(incident));
            let mut parts = vec![
                Part::text("aware ", Role::Text),
                Part::Live(LiveText::Age { from }, Role::Missing),
            ];
            if wide {
                parts.push(Part::text(" ago, nobody has answered", Role::Text));
            }
            parts
        }
        Some((duty, words::DutyClock::Counts { .. })) => {
            let form = if wide { Form::Weekday } else { Form::Short };
            let due = duty.due_at.map_or(String::new(), |due| {
                shared.instant(source, incident, due, form)
            });
            let mut parts = vec![Part::text(format!("by {due} "), Role::Text)];
            let used = parts.first().map_or(0, |part| part.width(shared.now));
            let tab = used.max(columns.start - columns.when);
            let start = [wide, false]
                .into_iter()
                .map(|wide| start_parts(shared, next, wide))
                .find(|start| tab + width_of(start, shared.now) <= room);
            if let Some(start) = start {
                parts.push(Part::Tab(tab));
                parts.extend(start);
            }
            return parts;
        }
        Some((_, words::DutyClock::Waits { words, from, role })) => {
            let words = match words.strip_suffix(" as sent") {
                Some(short) if !wide => short.to_owned(),
                _ => words,
            };
            vec![
                Part::text(format!("{words} "), role),
                Part::Live(LiveText::Age { from }, role),
            ]
        }
        Some((_, words::DutyClock::Words { text, role })) => vec![Part::text(text, role)],
    };
    let as_of = shared
        .source(source)
        .filter(|_| !shared.is_live(source))
        .and_then(|source| source.as_of);
    if let Some(at) = as_of {
        let at = shared.instant(source, incident, at, Form::Short);
        let text = Part::text(format!(", as of {at}"), Role::Stale);
        if width_of(&parts, shared.now) + text.width(shared.now) <= room {
            parts.push(text);
        }
    }
    parts
}

/// The latest start in words: `start by 14:19, in 11m`, `START PASSED 1h01m ago`, `start not set`.
pub fn start_parts(shared: &Shared, next: &DutyRow, wide: bool) -> Vec<Part<'static>> {
    let source = next.source;
    let Some(start) = next.view().and_then(|duty| duty.latest_start_at) else {
        return vec![Part::text("start not set", Role::Dim)];
    };
    let to = shared.mono(source, start);
    if to < shared.now {
        let mut parts = vec![Part::text("START PASSED", Role::StartPassed)];
        if wide {
            parts.push(Part::text(" ", Role::StartPassed));
            parts.push(Part::Live(LiveText::Since { from: to }, Role::StartPassed));
            parts.push(Part::text(" ago", Role::StartPassed));
        }
        return parts;
    }
    let at = shared.instant(source, &next.incident, start, Form::Short);
    match wide {
        true => vec![
            Part::text(format!("start by {at}, "), Role::Text),
            Part::Live(LiveText::Until { to }, Role::DueSoon),
        ],
        false => vec![Part::text(format!("start {at}"), Role::Text)],
    }
}
