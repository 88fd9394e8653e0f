//! NEXT: the nearest duties, the oldest missing decision, the oldest unsent duty without a number; a line each, with the
//! instant, the latest start and who decides.

use ratatui::layout::Rect;

use super::WIDE;
use crate::domain::instant::Mono;
use crate::ui::canvas::{Canvas, Part};
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
    rows.extend(world.missing.first());
    if area.height >= 20 {
        rows.extend(world.unnumbered.first());
    }
    // Drills never stand before real duties.
    rows.sort_by_key(|row| row.incident.exercise);
    rows
}

pub(super) fn draw(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect, next: &DutyRow) {
    let incident = &next.incident;
    let wide = row.width + 2 >= WIDE;
    let mid = row.width >= 70;
    let (clock, holds) = clock_parts(shared, next);
    canvas.redraw_at(holds);
    let mut parts = vec![];
    parts.extend(clock);
    parts.push(Part::Tab(10));
    if incident.exercise {
        parts.push(Part::text(
            if wide { "EXERCISE " } else { "EX " },
            Role::Exercise,
        ));
    }
    parts.push(Part::text(incident.codename.clone(), Role::Codename));
    let used = if wide { 26 } else { 23 };
    parts.push(Part::Tab(if incident.exercise && wide {
        used + 9
    } else {
        used
    }));
    if wide {
        parts.push(Part::text(incident.id.clone(), Role::Text));
        parts.push(Part::Tab(37));
    }
    parts.extend(what_parts(shared, next, wide));
    let what_end = if wide { 58 } else { 42 };
    let narrow = !mid && !wide;
    if !narrow {
        parts.push(Part::Tab(what_end));
        parts.extend(when_parts(shared, next, wide));
    }
    let (who, role) = next
        .view()
        .map_or(("NOBODY DECIDES".to_owned(), Role::Vacant), |duty| {
            words::decider(shared, next.source, duty)
        });
    let who_at = row.width.saturating_sub(if wide { 22 } else { 13 });
    if narrow {
        canvas.line(row, &parts);
        return;
    }
    canvas.line(
        Rect {
            width: who_at.saturating_sub(1),
            ..row
        },
        &parts,
    );
    let who = match (wide, role) {
        (false, Role::Vacant) => "NOBODY".to_owned(),
        _ => who,
    };
    canvas.text(row.x + who_at, row.y, row.width - who_at, &who, role);
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
                9,
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
    if duty.restricted && !shared.options.mask {
        return vec![Part::text("restricted duty", Role::Text)];
    }
    let rule = duty.rule.split(" (").next().unwrap_or_default().to_owned();
    let text = match wide {
        true => format!("{}, {rule}", duty.to),
        false => format!("{} {rule}", duty.to),
    };
    vec![Part::text(text, Role::Text)]
}

/// Due with its instant, and the latest start; or since when an answer is awaited.
fn when_parts(shared: &Shared, next: &DutyRow, wide: bool) -> Vec<Part<'static>> {
    let (source, incident) = (next.source, &next.incident);
    let stale = (!shared.is_live(source))
        .then(|| shared.source(source).and_then(|s| s.as_of))
        .flatten()
        .map(|at| {
            format!(
                ", as of {}",
                shared.instant(source, incident, at, Form::Short)
            )
        });
    let Some(duty) = next.view() else {
        let from = shared.mono(source, known_since(incident));
        let mut parts = vec![
            Part::text("aware ", Role::Text),
            Part::Live(LiveText::Age { from }, Role::Missing),
        ];
        parts.push(Part::text(
            if wide {
                " ago, nobody has answered"
            } else {
                " ago"
            },
            Role::Text,
        ));
        parts.extend(stale.map(|text| Part::text(text, Role::Stale)));
        return parts;
    };
    let (clock, _) = words::duty_clock(shared, source, incident, duty);
    let mut parts = Vec::new();
    match (&clock, duty.due_at) {
        (words::DutyClock::Counts { .. }, Some(due)) => {
            let form = if wide { Form::Weekday } else { Form::Short };
            parts.push(Part::text(
                format!("by {}", shared.instant(source, incident, due, form)),
                Role::Text,
            ));
            parts.push(Part::Tab(if wide { 79 } else { 52 }));
            parts.extend(start_parts(shared, next, wide));
        }
        (words::DutyClock::Waits { words, from, role }, _) => {
            parts.push(Part::text(format!("{words} "), *role));
            parts.push(Part::Live(LiveText::Age { from: *from }, *role));
        }
        (words::DutyClock::Words { text, role }, _) => parts.push(Part::text(text.clone(), *role)),
        _ => {}
    }
    parts.extend(stale.map(|text| Part::text(text, Role::Stale)));
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
