//! How fields look: a label, the value beside it, what was understood, what is wrong under it. Rows are made whole and
//! scrolled by the dialog, so that nothing is cut in a small window.

mod list;

use unicode_segmentation::UnicodeSegmentation;

use super::field::{Field, Kind, Text};
use super::{Editor, Form};
use crate::domain::text::{SafeText, fit, grapheme_width, width};
use crate::ui::canvas::Part;
use crate::ui::glyph::Glyphs;
use crate::ui::theme::Role;

/// One line of a dialog.
pub type Row = Vec<Part<'static>>;

/// A line of one role.
pub fn row(text: impl Into<String>, role: Role) -> Row {
    vec![Part::text(text.into(), role)]
}

/// A label and what stands behind it, in columns.
pub fn fact(label: &str, text: impl Into<String>, role: Role) -> Row {
    let label = format!("{}  ", fit(label, FACT, '…'));
    vec![Part::text(label, Role::Dim), Part::text(text.into(), role)]
}

/// A row that is all text and too long is broken within its last column; others stay, and are cut with a mark.
pub fn folded(mut row: Row, cells: u16) -> Vec<Row> {
    let text = |part: &Part<'static>| match part {
        Part::Text(text, _) => Some(SafeText::line(text).width()),
        _ => None,
    };
    let widths: Option<Vec<usize>> = row.iter().map(text).collect();
    let Some(widths) = widths.filter(|w| w.iter().sum::<usize>() > usize::from(cells)) else {
        return vec![row];
    };
    let before: usize = widths.iter().rev().skip(1).sum();
    let room = usize::from(cells).saturating_sub(before);
    let Some(Part::Text(last, role)) = row.pop().filter(|_| room >= 16) else {
        return vec![row];
    };
    let room = u16::try_from(room).unwrap_or(u16::MAX);
    let indent = u16::try_from(before).unwrap_or(u16::MAX);
    let lines = wrapped(&last, room, role).into_iter().enumerate();
    lines
        .map(|(n, mut line)| match n {
            0 => {
                let mut whole = row.clone();
                whole.append(&mut line);
                whole
            }
            _ => {
                line.insert(0, Part::Gap(indent));
                line
            }
        })
        .collect()
}

/// A text broken between words into lines of at most `cells`; its own line breaks stay.
pub fn wrapped(text: &str, cells: u16, role: Role) -> Vec<Row> {
    let lines = wrap(SafeText::multi(text).shown(), usize::from(cells));
    lines.into_iter().map(|line| row(line, role)).collect()
}

/// Breaks a safe text at its blanks; a word longer than a line is broken where it must be.
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    let cells = cells.max(8);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let (mut line, mut used) = (String::new(), 0);
        for word in paragraph.split_inclusive(' ') {
            let wide = width(word.trim_end());
            if used > 0 && used + wide > cells {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
                used = 0;
            }
            for grapheme in word.graphemes(true) {
                let wide = grapheme_width(grapheme);
                if used + wide > cells && grapheme != " " {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                line.push_str(grapheme);
                used += wide;
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// Width of the labels of facts.
const FACT: usize = 14;
/// Widest label.
const LABEL: usize = 16;
/// Rows of a long text seen at once.
const LINES: usize = 6;

/// The rows of a form in so many cells, where so many rows are seen at once; and which of them belong to the focused field.
pub fn rows(
    form: &Form,
    (cells, tall): (u16, usize),
    glyphs: Glyphs,
) -> (Vec<Row>, std::ops::Range<usize>) {
    let shown = || form.fields.iter().filter(|field| field.shown);
    let label = shown().map(|f| width(&f.label)).max().unwrap_or(0);
    let label = label.clamp(FACT, LABEL);
    let room = usize::from(cells).saturating_sub(label + 2).max(8);
    let (mut all, mut focus) = (Vec::new(), 0..0);
    for (at, field) in form.fields.iter().enumerate() {
        if !field.shown {
            continue;
        }
        let focused = at == form.focus;
        let first = all.len();
        for (n, mut value) in field_rows(field, focused, (room, tall), glyphs)
            .into_iter()
            .enumerate()
        {
            let name = if n == 0 { field.label.as_str() } else { "" };
            let role = if focused { Role::Title } else { Role::Dim };
            let mut row = row(format!("{}  ", fit(name, label, '…')), role);
            row.append(&mut value);
            all.extend(folded(row, cells));
        }
        if focused {
            focus = first..all.len();
        }
    }
    (all, focus)
}

fn field_rows(
    field: &Field,
    focused: bool,
    (room, tall): (usize, usize),
    glyphs: Glyphs,
) -> Vec<Row> {
    let cells = u16::try_from(room).unwrap_or(u16::MAX);
    let mut rows = match &field.kind {
        Kind::Text(text) => {
            let mut rows = written(&text.editor, focused, room, &field.hint);
            rows.extend(phrases(text, focused, cells, glyphs));
            rows.extend(near(text));
            rows
        }
        Kind::Number { editor, .. } => written(editor, focused, room, &field.hint),
        Kind::When(moment) => {
            let narrow = (room / 2).clamp(12, 36);
            let mut rows = written(&moment.editor, focused, narrow, &field.hint);
            let told = &moment.reading.told;
            if !told.is_empty() && !moment.reading.fault {
                let beside = room.saturating_sub(narrow + 2) >= width(told);
                let part = Part::text(told.clone(), Role::After);
                match rows.last_mut().filter(|_| beside) {
                    Some(last) => last.extend([Part::text("  ", Role::Text), part]),
                    None => rows.push(vec![part]),
                }
            }
            rows
        }
        Kind::Choice(choice) if focused => list::choices(choice, (room, tall), glyphs),
        Kind::Choice(choice) => list::chosen(choice),
        Kind::Ticks(ticks) if focused => list::ticks(ticks, (room, tall), glyphs),
        Kind::Ticks(ticks) => list::ticked(ticks, room, &field.hint),
    };
    if let Some(note) = &field.note {
        rows.extend(wrapped(note, cells, Role::Dim));
    }
    if let Some(fault) = &field.fault {
        rows.extend(wrapped(fault, cells, Role::Error));
    }
    rows
}

/// How much of a limit is used, once it is near.
fn near(text: &Text) -> Option<Row> {
    let length = text.editor.text().chars().count();
    let told = text.limit > 0 && length * 5 >= text.limit * 4;
    let role = match length > text.limit {
        true => Role::Error,
        false => Role::Dim,
    };
    told.then(|| row(format!("{length} of {} characters", text.limit), role))
}

fn phrases(text: &Text, focused: bool, cells: u16, glyphs: Glyphs) -> Vec<Row> {
    if !focused || text.phrases.is_empty() {
        return Vec::new();
    }
    let arrows = format!("{}{}", glyphs.above(), glyphs.below());
    let ready = text.phrases.join(" · ");
    wrapped(&format!("{arrows} {ready}"), cells, Role::Dim)
}

/// A grapheme as it is drawn, and whether the cursor stands on it.
struct Cell {
    shown: String,
    cells: usize,
    cursor: bool,
    /// It ends its line.
    breaks: bool,
}

fn cells_of(editor: &Editor, focused: bool) -> Vec<Cell> {
    let (before, after) = editor.halves();
    let cell = |grapheme: &str, cursor: bool| {
        let breaks = grapheme == "\n" || grapheme == "\r\n";
        let safe = SafeText::line(grapheme);
        Cell {
            shown: safe.shown().to_owned(),
            cells: safe.width(),
            cursor,
            breaks,
        }
    };
    let mut all: Vec<Cell> = before.graphemes(true).map(|g| cell(g, false)).collect();
    let next = after.graphemes(true).enumerate();
    all.extend(next.map(|(n, g)| cell(g, focused && n == 0)));
    // Behind the last character there is a cell for the next one.
    let end = focused && after.is_empty();
    all.push(Cell {
        shown: " ".to_owned(),
        cells: 1,
        cursor: end,
        breaks: true,
    });
    all
}

/// A written text with its cursor: one line that follows the cursor, or a window on several.
fn written(editor: &Editor, focused: bool, room: usize, hint: &str) -> Vec<Row> {
    let ground = if focused {
        Role::InputFocused
    } else {
        Role::Input
    };
    if editor.text().is_empty() && !focused {
        let hint = if hint.is_empty() { "empty" } else { hint };
        return vec![row(hint.to_owned(), Role::Placeholder)];
    }
    let cells = cells_of(editor, focused);
    if !editor.has_lines() {
        let at = cells.iter().position(|cell| cell.cursor).unwrap_or(0);
        let mut line = line_around(&cells, at, room, ground);
        if editor.text().is_empty() && !hint.is_empty() {
            line = vec![Part::text(" ", Role::Cursor)];
            line.push(Part::text(hint.to_owned(), Role::Placeholder));
        }
        return vec![line];
    }
    let lines = lines_of(cells, room);
    let at = lines
        .iter()
        .position(|line| line.iter().any(|cell| cell.cursor))
        .unwrap_or(0);
    let first = window(at, lines.len(), LINES);
    let seen = lines.iter().skip(first).take(LINES);
    let mut rows: Vec<Row> = seen.map(|line| parts(line, room, ground)).collect();
    if lines.len() > LINES {
        let last = (first + LINES).min(lines.len());
        rows.push(row(
            format!("lines {} to {last} of {}", first + 1, lines.len()),
            Role::Dim,
        ));
    }
    rows
}

/// The first row seen of `all`, so that `at` is among the `seen`.
pub fn window(at: usize, all: usize, seen: usize) -> usize {
    at.saturating_sub(seen / 2).min(all.saturating_sub(seen))
}

/// What is seen of one line: around the cursor, with a mark at each end where it goes on.
fn line_around(cells: &[Cell], at: usize, room: usize, ground: Role) -> Row {
    let all: usize = cells.iter().map(|cell| cell.cells).sum();
    if all <= room {
        return parts_of(&cells.iter().collect::<Vec<_>>(), room, ground);
    }
    let upto: usize = cells.iter().take(at + 1).map(|cell| cell.cells).sum();
    // One cell at each end is kept for the mark.
    let mut skipped = match upto < room {
        true => 0,
        false => upto + 2 - room,
    };
    let mut first = 0;
    for cell in cells {
        if skipped == 0 {
            break;
        }
        skipped = skipped.saturating_sub(cell.cells);
        first += 1;
    }
    let mark = Cell {
        shown: "…".to_owned(),
        cells: 1,
        cursor: false,
        breaks: false,
    };
    let mut seen: Vec<&Cell> = Vec::new();
    if first > 0 {
        seen.push(&mark);
    }
    let rest: usize = cells.iter().skip(first).map(|cell| cell.cells).sum();
    let goes_on = seen.len() + rest > room;
    let mut used = seen.len() + usize::from(goes_on);
    for cell in cells.iter().skip(first) {
        used += cell.cells;
        if used > room {
            break;
        }
        seen.push(cell);
    }
    if goes_on {
        seen.push(&mark);
    }
    parts_of(&seen, room, ground)
}

fn lines_of(cells: Vec<Cell>, room: usize) -> Vec<Vec<Cell>> {
    let mut lines: Vec<Vec<Cell>> = Vec::new();
    let (mut line, mut used): (Vec<Cell>, usize) = (Vec::new(), 0);
    for cell in cells {
        if used + cell.cells > room && !cell.breaks {
            let cut = line
                .iter()
                .rposition(|cell| cell.shown == " ")
                .map_or(line.len(), |at| at + 1);
            let rest = line.split_off(cut);
            used = rest.iter().map(|cell| cell.cells).sum();
            lines.push(std::mem::replace(&mut line, rest));
        }
        used += cell.cells;
        let breaks = cell.breaks;
        line.push(cell);
        if breaks {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

fn parts(line: &[Cell], room: usize, ground: Role) -> Row {
    parts_of(&line.iter().collect::<Vec<_>>(), room, ground)
}

fn parts_of(line: &[&Cell], room: usize, ground: Role) -> Row {
    let mut row: Row = Vec::new();
    let mut plain = String::new();
    let mut used = 0;
    for cell in line {
        used += cell.cells;
        if cell.cursor {
            row.push(Part::text(std::mem::take(&mut plain), ground));
            row.push(Part::text(cell.shown.clone(), Role::Cursor));
        } else {
            plain.push_str(&cell.shown);
        }
    }
    plain.push_str(&" ".repeat(room.saturating_sub(used)));
    row.push(Part::text(plain, ground));
    row
}
