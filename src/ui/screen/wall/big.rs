//! The nearest deadlines in big digits: the first as big as there are rows for, and beside it, where the wall is wide, the second
//! one size smaller. What comes after them stands in the rows of `next`.

use ratatui::layout::Rect;

use crate::domain::instant::Mono;
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::digits::Size;
use crate::ui::index::DutyRow;
use crate::ui::live::LiveText;
use crate::ui::phrase::Form;
use crate::ui::screen::head::start_parts;
use crate::ui::screen::words::{self, DutyClock};
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Where the digits of one deadline stand, and what beside them.
struct Block<'a> {
    row: &'a DutyRow,
    to: Mono,
    role: Role,
    size: Size,
    /// Whether the sign is as big as the digits.
    whole: bool,
    /// Where the digits begin behind their sign, and how wide they are.
    from: u16,
    wide: u16,
}

impl<'a> Block<'a> {
    /// The block of a deadline in so many columns; `beside_it` has to be left for words.
    fn new(
        shared: &Shared,
        row: &'a DutyRow,
        size: Size,
        room: u16,
        beside_it: u16,
    ) -> Option<Block<'a>> {
        let (clock, _) = words::duty_clock(shared, row.source, &row.incident, row.view()?);
        let DutyClock::Counts { to, role } = clock else {
            return None;
        };
        let role = match role {
            Role::StartPassed | Role::PastDue | Role::Overdue => Role::BigLate,
            _ => Role::BigDigit,
        };
        let told = LiveText::BigDigits {
            to,
            row: 0,
            size,
            glyphs: shared.glyphs,
        };
        let wide = told.at(shared.now).width;
        let gap = if size == Size::Small { 1 } else { 2 };
        let big = size.width(sign(to, shared.now)) + gap;
        let whole = big + wide + 2 + beside_it <= room;
        Some(Block {
            row,
            to,
            role,
            size,
            whole,
            from: if whole { big } else { 3 },
            wide,
        })
    }

    /// Draws sign and digits from the top of the area on.
    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
        let sign = sign(self.to, shared.now);
        let height = area.height.min(self.size.height());
        let lines = area.y..area.y + height;
        match self.whole {
            true => {
                let rows = self.size.rows(sign, shared.glyphs);
                for (y, row) in lines.clone().zip(&rows) {
                    canvas.text(area.x, y, self.from, row, self.role);
                }
            }
            // The sign is as big as the digits where enough is left beside them.
            false => {
                canvas.text(area.x, area.y + height / 2, 2, sign, self.role);
            }
        }
        for (row, y) in lines.enumerate() {
            let text = LiveText::BigDigits {
                to: self.to,
                row,
                size: self.size,
                glyphs: shared.glyphs,
            };
            let line = Rect::new(
                area.x + self.from,
                y,
                area.width.saturating_sub(self.from),
                1,
            );
            canvas.line(line, &[Part::Live(text, self.role)]);
        }
    }
}

fn sign(to: Mono, now: Mono) -> &'static str {
    if to < now { "+" } else { "T-" }
}

/// The first deadline, as a part of so many columns and rows shows it.
fn first(shared: &Shared, width: u16, rows: u16) -> Option<Block<'_>> {
    let row = shared.index.world.running.first()?;
    let size = Size::within(rows);
    let beside_it = if size == Size::Small { 32 } else { 40 };
    Block::new(shared, row, size, width, beside_it)
}

/// The second, in the last third, with where that begins; None where it has no room there, or is a drill behind a real one.
fn second(shared: &Shared, width: u16, rows: u16) -> Option<(Block<'_>, u16)> {
    let size = match Size::within(rows) {
        Size::Huge => Size::Large,
        Size::Large => Size::Small,
        Size::Small => return None,
    };
    let before = first(shared, width, rows)?;
    let at = width / 3 * 2;
    let x = before.from + before.wide + 2;
    let words = beside(shared, before.row, width.saturating_sub(x), before.size);
    let words = words.iter().map(|parts| width_of(parts, shared.now)).max();
    let row = shared.index.world.running.get(1)?;
    let room = width.saturating_sub(at);
    let block = Block::new(shared, row, size, room, 0)?;
    let fits = x + words.unwrap_or(0) + 3 <= at && block.whole;
    (fits && row.incident.exercise == before.row.incident.exercise).then_some((block, at))
}

/// How many deadlines stand in big digits in so many rows.
pub fn count(shared: &Shared, width: u16, rows: u16) -> usize {
    match rows {
        0 => 0,
        rows => 1 + usize::from(second(shared, width, rows).is_some()),
    }
}

/// Draws the nearest deadline in the biggest digits that the rows have room for, and the second beside it.
pub fn draw(shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
    for row in shared.index.world.running.iter().take(2) {
        if let Some(duty) = row.view() {
            let (_, holds) = words::duty_clock(shared, row.source, &row.incident, duty);
            canvas.redraw_at(holds);
        }
    }
    let Some(block) = first(shared, area.width, area.height) else {
        return;
    };
    let second = second(shared, area.width, area.height);
    let end = second.as_ref().map_or(area.width, |(_, at)| at - 2);
    block.draw(shared, canvas, Rect { width: end, ..area });
    let x = area.x + block.from + block.wide + 2;
    let room = (area.x + end).saturating_sub(x);
    // What stands beside very high digits has air between its lines.
    let step = if block.size == Size::Huge { 2 } else { 1 };
    let lines = (area.y..area.bottom()).step_by(step);
    for (y, parts) in lines.zip(beside(shared, block.row, room, block.size)) {
        canvas.fits(&parts, room);
        canvas.line(Rect::new(x, y, room, 1), &parts);
    }
    if let Some((block, at)) = second {
        let part = Rect {
            x: area.x + at,
            width: area.width - at,
            ..area
        };
        block.draw(shared, canvas, part);
        under(shared, canvas, part, &block);
    }
}

/// Whose the second is, and what about it, under its digits.
fn under(shared: &Shared, canvas: &mut Canvas<'_>, part: Rect, block: &Block<'_>) {
    let room = part.width;
    let mut said = beside(shared, block.row, room, block.size);
    let air = u16::from(block.size == Size::Large);
    if block.size == Size::Large && said.len() == 5 {
        // Four lines are left under five rows and one of air: what it is and by when stand in one.
        let by = said.remove(2);
        if let Some(what) = said.get_mut(1) {
            what.push(Part::text(" ", Role::Text));
            what.extend(by);
        }
    }
    if block.size == Size::Small && said.len() == 3 {
        // Of two lines under three rows the second is for when to start and who decides.
        let mut first = named(shared, block.row, room);
        let left = room.saturating_sub(width_of(&first, shared.now) + 2);
        let what = what_by(shared, block.row, left);
        if width_of(&what, shared.now) <= left {
            first.push(Part::Gap(2));
            first.extend(what);
        }
        said = vec![first, start_and_who(shared, block.row, room)];
    }
    let lines = part.y + block.size.height() + air..part.bottom();
    for (y, parts) in lines.zip(said) {
        canvas.fits(&parts, room);
        canvas.line(Rect::new(part.x, y, room, 1), &parts);
    }
}

/// `sev1 COPPER HERON`: a codename is not cut for a word that has a short form.
fn named(shared: &Shared, row: &DutyRow, room: u16) -> Vec<Part<'static>> {
    let incident = &row.incident;
    let (severity, role) = words::severity(incident.severity);
    let form = |whole| {
        let mut parts = vec![Part::text(format!("{severity} "), role)];
        if incident.exercise {
            parts.push(words::drill_word(whole));
        }
        parts.push(Part::text(incident.codename.clone(), Role::Codename));
        if !shared.is_live(row.source) {
            parts.push(Part::text("~", Role::Stale));
        }
        parts
    };
    let whole = form(true);
    match width_of(&whole, shared.now) <= room {
        true => whole,
        false => form(false),
    }
}

/// By when, in words.
fn due_at(shared: &Shared, row: &DutyRow, form: Form) -> String {
    let at = row.view().and_then(|duty| duty.due_at);
    at.map_or(String::new(), |at| {
        shared.instant(row.source, &row.incident, at, form)
    })
}

/// `customers MS 72 h by Mon 16:49 UTC`, as much of it as has room.
fn what_by(shared: &Shared, row: &DutyRow, room: u16) -> Vec<Part<'static>> {
    let Some(duty) = row.view() else {
        return Vec::new();
    };
    let name = words::duty_name(shared, duty, " ");
    let to = match words::is_hidden(shared, duty) {
        true => "restricted".to_owned(),
        false => words::recipient(duty),
    };
    let day = due_at(shared, row, Form::Weekday);
    let hour = due_at(shared, row, Form::Short);
    let said = [
        format!("{name} by {day}"),
        format!("{to} by {day}"),
        format!("{to} by {hour}"),
    ];
    let mut said = said
        .into_iter()
        .map(|text| vec![Part::text(text, Role::Text)]);
    let fits = said.find(|parts| width_of(parts, shared.now) <= room);
    fits.unwrap_or_else(|| vec![Part::text(format!("by {day}"), Role::Text)])
}

/// What stands beside the digits: whose, what by when, start by when, and who decides.
fn beside(shared: &Shared, row: &DutyRow, room: u16, size: Size) -> Vec<Vec<Part<'static>>> {
    let incident = &row.incident;
    let Some(duty) = row.view() else {
        return Vec::new();
    };
    let mut first = named(shared, row, room);
    let id = Part::text(format!("  {}", incident.id), Role::Text);
    if width_of(&first, shared.now) + id.width(shared.now) <= room {
        first.push(id);
    }
    if size == Size::Small {
        let second = what_by(shared, row, room);
        return vec![first, second, start_and_who(shared, row, room)];
    }
    let name = words::duty_name(shared, duty, " ");
    let day = due_at(shared, row, Form::Weekday);
    let (who, role) = words::decider(shared, row.source, incident, duty);
    vec![
        first,
        vec![Part::text(name, Role::Text)],
        vec![Part::text(format!("by {day}"), Role::Text)],
        start_words(shared, row, true),
        vec![Part::text(who, role)],
    ]
}

/// The latest start and who decides in one line: of both as much as fits, and of who decides more.
fn start_and_who(shared: &Shared, row: &DutyRow, room: u16) -> Vec<Part<'static>> {
    let starts = [true, false].map(|whole| start_words(shared, row, whole));
    let who = |room| {
        let (who, role) = words::decider_within(shared, row, room);
        Part::text(who, role)
    };
    let whos = [who(u16::MAX), who(14), who(6)];
    let both = starts.iter().flat_map(|start| {
        whos.iter().map(|who| {
            let mut parts = start.clone();
            parts.extend([Part::text(" · ", Role::Dim), who.clone()]);
            parts
        })
    });
    let mut both = both.collect::<Vec<_>>().into_iter();
    let both = both.find(|parts| width_of(parts, shared.now) <= room);
    both.unwrap_or_else(|| vec![who(room)])
}

/// The latest start; in capitals, for here it is what the room has to do. `whole`: and how long that is.
fn start_words(shared: &Shared, row: &DutyRow, whole: bool) -> Vec<Part<'static>> {
    let start = row.view().and_then(|duty| duty.latest_start_at);
    match start {
        Some(start) if shared.mono(row.source, start) >= shared.now => {
            let to = shared.mono(row.source, start);
            let at = shared.instant(row.source, &row.incident, start, Form::Short);
            let mut parts = vec![Part::text(format!("START BY {at}"), Role::DueSoon)];
            if whole {
                parts.push(Part::text(", ", Role::DueSoon));
                parts.push(Part::Live(LiveText::Until { to }, Role::DueSoon));
            }
            parts
        }
        _ => start_parts(shared, row, whole),
    }
}
