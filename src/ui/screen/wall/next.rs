//! What is next on the wall, behind what stands in big digits: a row each for the deadlines after it, the oldest missing
//! decision and the oldest unsent duty without a number.

use ratatui::layout::Rect;

use super::FULL;
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::index::{DutyGroup, DutyRow, known_by};
use crate::ui::live::{LiveText, Side};
use crate::ui::phrase::Form;
use crate::ui::screen::head::start_parts;
use crate::ui::screen::words::{self, DutyClock};
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// How many rows there is something for, besides the `big` ones.
pub fn wanted(shared: &Shared, big: usize) -> usize {
    let world = &shared.index.world;
    let running = world.running.len().saturating_sub(big);
    running + world.missing.len() + world.unnumbered.len()
}

/// The rows, in the order of the screen: never so many that run that a missing decision is not seen.
fn chosen(shared: &Shared, most: usize, big: usize) -> Vec<&DutyRow> {
    let world = &shared.index.world;
    let missing = usize::from(!world.missing.is_empty() && most >= 2);
    let unnumbered = usize::from(!world.unnumbered.is_empty() && most >= 3);
    let running = world.running.iter().skip(big);
    let mut rows: Vec<&DutyRow> = running.take(most - missing - unnumbered).collect();
    let left = most - rows.len() - unnumbered;
    rows.extend(world.missing.iter().take(left));
    let left = most - rows.len();
    rows.extend(world.unnumbered.iter().take(left));
    // Drills never stand before real duties.
    rows.sort_by_key(|row| row.incident.exercise);
    rows
}

/// What the rows have no room for: `+5 running · +2 to decide`.
pub fn left_out(shared: &Shared, rows: u16, big: usize) -> String {
    use DutyGroup::{DecisionMissing, NoNumber, Running};
    let world = &shared.index.world;
    let rows = chosen(shared, usize::from(rows), big);
    let shown = |group| rows.iter().filter(|row| row.group == group).count();
    let left = [
        (world.running.len(), shown(Running) + big, "running"),
        (world.missing.len(), shown(DecisionMissing), "to decide"),
        (world.unnumbered.len(), shown(NoNumber), "unsent"),
    ];
    let told = left.iter().filter(|(all, shown, _)| all > shown);
    let told = told.map(|(all, shown, word)| format!("+{} {word}", all - shown));
    told.collect::<Vec<_>>().join(" · ")
}

/// Draws the rows after the digits.
pub fn rows(shared: &Shared, canvas: &mut Canvas<'_>, area: Rect, big: usize) {
    let rows = chosen(shared, usize::from(area.height), big);
    if rows.is_empty() && big == 0 && shared.board.sources.iter().any(|of| of.complete) {
        // Of restricted duties nothing is shown here.
        let text = "nothing due that is shown here";
        canvas.text(area.x, area.y, area.width, text, Role::Dim);
    }
    let columns = columns(shared, &rows, area.width);
    for (y, row) in (area.y..area.bottom()).zip(rows) {
        draw_row(
            shared,
            canvas,
            Rect {
                y,
                height: 1,
                ..area
            },
            row,
            &columns,
        );
    }
}

/// Where the columns of the rows begin.
struct Columns {
    id: Option<u16>,
    what: Option<u16>,
    when: u16,
    start: Option<u16>,
    who: Option<u16>,
    end: u16,
}

/// The columns for these rows: codename and what is due are as wide as they need.
fn columns(shared: &Shared, rows: &[&DutyRow], width: u16) -> Columns {
    let wide = width >= 100;
    let most = |of: &dyn Fn(&DutyRow) -> u16| rows.iter().map(|row| of(row)).max().unwrap_or(0);
    let cells = |text: &str| u16::try_from(crate::domain::text::width(text)).unwrap_or(u16::MAX);
    let name = most(&|row| {
        words::codename_width(shared, row.source, &row.incident, wide)
            + u16::from(!shared.is_live(row.source))
    });
    let after_name = NAME + name.clamp(13, 28) + 1;
    if !wide {
        let full = width >= FULL;
        let who = full.then(|| width.saturating_sub(14));
        let end = who.map_or(width, |who| who - 1);
        let when = after_name.min(end.saturating_sub(12));
        return Columns {
            id: None,
            what: None,
            when,
            start: None,
            who,
            end,
        };
    }
    let id = most(&|row| cells(&row.incident.id)).max(7);
    let what = most(&|row| cells(&words::row_name(shared, row, ", "))).clamp(16, 32);
    let by = cells("by Mon 16:49 UTC");
    let with_start = width >= 118;
    let who_of = |row: &DutyRow| cells(&words::decider_within(shared, row, u16::MAX).0);
    // Of the columns the id goes first, then the latest start.
    for (id, start) in [(id, with_start), (0, with_start), (0, false)] {
        let what_at = after_name + 1 + if id > 0 { id + 2 } else { 0 };
        let when = what_at + what + 2;
        let start_at = when + by + 2;
        let who = if start { start_at + 25 } else { start_at + 12 };
        let room = if start { most(&who_of).min(24) } else { 14 };
        if who + room <= width || !start && id == 0 {
            return Columns {
                id: (id > 0).then_some(after_name + 1),
                what: Some(what_at),
                when,
                start: start.then_some(start_at),
                who: Some(who.min(width.saturating_sub(14))),
                end: width,
            };
        }
    }
    Columns {
        id: None,
        what: None,
        when: after_name,
        start: None,
        who: None,
        end: width,
    }
}

/// Where the codename begins.
const NAME: u16 = 11;

fn draw_row(
    shared: &Shared,
    canvas: &mut Canvas<'_>,
    area: Rect,
    row: &DutyRow,
    columns: &Columns,
) {
    let incident = &row.incident;
    let wide = columns.what.is_some();
    let mut put = |from: u16, to: u16, parts: &[Part<'_>]| {
        let width = to.min(area.width).saturating_sub(from);
        canvas.line(Rect::new(area.x + from, area.y, width, 1), parts);
    };
    let until = columns.who.unwrap_or(columns.end + 1) - 1;
    let room = until.min(columns.end).saturating_sub(columns.when);
    let (clock, when, holds) = clock_and_when(shared, row, wide, room);
    put(0, 10, &clock);
    let mut name = Vec::new();
    if incident.exercise {
        name.push(words::drill_word(wide));
    }
    name.push(Part::text(incident.codename.clone(), Role::Codename));
    if !shared.is_live(row.source) {
        name.push(Part::text("~", Role::Stale));
    }
    put(
        NAME,
        columns.id.or(columns.what).unwrap_or(columns.when) - 1,
        &name,
    );
    if let (Some(id), Some(what)) = (columns.id, columns.what) {
        put(id, what - 1, &[Part::text(incident.id.clone(), Role::Text)]);
    }
    if let Some(at) = columns.what {
        let room = columns.when.saturating_sub(at + 1);
        let what = words::row_name_within(shared, row, ", ", room);
        put(at, at + room, &[Part::text(what, Role::Text)]);
    }
    let counts = matches!(clock.first(), Some(Part::Column(..)));
    match columns.start.filter(|_| counts) {
        Some(at) => {
            put(columns.when, at - 1, &when);
            let room = until.saturating_sub(at);
            let mut start = start_parts(shared, row, true);
            if width_of(&start, shared.now) > room {
                start = start_parts(shared, row, false);
            }
            put(at, until, &start);
        }
        None => put(columns.when, until.min(columns.end), &when),
    }
    if let Some(at) = columns.who {
        let room = area.width.saturating_sub(at);
        let (who, role) = words::decider_within(shared, row, room);
        put(at, area.width, &[Part::text(who, role)]);
    }
    canvas.redraw_at(holds);
}

/// The width of parts whose ages have grown as wide as they get: what is said does not change with the time.
fn roomy(parts: &[Part<'_>], shared: &Shared) -> u16 {
    parts.iter().fold(0, |sum, part| match part {
        Part::Live(LiveText::Age { .. }, _) => sum + 6,
        part => sum + part.width(shared.now),
    })
}

type Told = (
    Vec<Part<'static>>,
    Vec<Part<'static>>,
    Option<crate::domain::instant::Mono>,
);

/// The clock in its column, and whom by when, or since when it waits.
fn clock_and_when(shared: &Shared, row: &DutyRow, wide: bool, room: u16) -> Told {
    let none = || vec![Part::text("no clock", Role::NoClock)];
    let from = shared.mono(row.source, row.at);
    // What waits stands in a column of its own where there is one; else before how long, as far as there is room.
    let waits = |words: String, role| {
        let name = words::row_name(shared, row, " ");
        let name = match row.view() {
            Some(_) => format!("{name},"),
            None => name,
        };
        let short = match words.as_str() {
            "not recorded" => "unsent",
            "not decided" => "undecided",
            other => other,
        };
        let forms = [format!("{name} {words}"), words.clone(), short.to_owned()];
        let age = Part::Live(LiveText::Age { from }, role);
        let said = |text: &String| vec![Part::text(format!("{text} "), role), age.clone()];
        let mut forms = forms.iter().skip(usize::from(wide)).map(said);
        let fits = |parts: &Vec<Part<'static>>| wide || roomy(parts, shared) <= room;
        let since = || vec![Part::text("since ", role), age.clone()];
        forms.find(fits).unwrap_or_else(since)
    };
    let Some(duty) = row.view() else {
        return (
            none(),
            waits(known_by(&row.incident).to_owned(), Role::Missing),
            None,
        );
    };
    let (clock, holds) = words::duty_clock(shared, row.source, &row.incident, duty);
    match clock {
        DutyClock::Counts { to, role } => {
            let clock = Part::Column(LiveText::Countdown { to }, 10, Side::Left, role);
            let form = if wide { Form::Weekday } else { Form::Short };
            let at = duty
                .due_at
                .map(|at| shared.instant(row.source, &row.incident, at, form));
            let at = at.unwrap_or_default();
            let to = match words::is_hidden(shared, duty) {
                true => "restricted".to_owned(),
                false => words::recipient(duty),
            };
            // To whom stands in a column of its own where there is one.
            let name = words::row_name(shared, row, " ");
            let forms = [format!("{name} by {at}"), format!("{to} {at}")];
            let fits =
                |text: &String| !wide && crate::domain::text::width(text) <= usize::from(room);
            let text = forms.into_iter().find(fits);
            let text = text.unwrap_or_else(|| format!("by {at}"));
            (vec![clock], vec![Part::text(text, Role::Text)], holds)
        }
        DutyClock::Waits { role, .. } if duty.counted_from.is_some() && duty.met_by.is_empty() => {
            let words = if wide {
                "not recorded as sent"
            } else {
                "not recorded"
            };
            (none(), waits(words.to_owned(), role), holds)
        }
        DutyClock::Waits { words, role, .. } => (none(), waits(words, role), holds),
        DutyClock::Words { text, role } => (none(), waits(text, role), holds),
    }
}
