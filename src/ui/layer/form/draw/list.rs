//! How lists look: the names in a column as wide as the dialog lets it be, what stands behind them beside it, and the one
//! under the cursor whole where the column is too narrow. What is chosen and ticked stands with `form::list`.

use super::super::list::{Choice, Item, Ticks};
use super::{Row, row, window, wrapped};
use crate::domain::instant::Mono;
use crate::domain::text::{SafeText, fit};
use crate::ui::canvas::Part;
use crate::ui::glyph::Glyphs;
use crate::ui::theme::Role;

/// Rows of a list seen at once where so many rows of the dialog are: the other fields keep a third.
fn seen_of(tall: usize) -> usize {
    (tall * 2 / 3).max(4)
}

/// A choice without the focus: what is chosen.
pub(super) fn chosen(choice: &Choice) -> Vec<Row> {
    let Some(chosen) = choice.chosen() else {
        return vec![nothing()];
    };
    let mut row = row(chosen.name.clone(), Role::Input);
    beside(&mut row, chosen);
    vec![row]
}

/// A choice with the focus: all there is to choose, as far as the typed letters leave it.
pub(super) fn choices(choice: &Choice, (room, tall): (usize, usize), glyphs: Glyphs) -> Vec<Row> {
    if choice.items.is_empty() {
        return vec![nothing()];
    }
    let shown = choice.shown();
    let at = shown.iter().position(|(at, _)| *at == choice.at);
    let names = names(shown.iter().map(|(_, item)| *item), room.saturating_sub(2));
    let seen = seen_of(tall);
    let first = window(at.unwrap_or(0), shown.len(), seen);
    let mut rows: Vec<Row> = Vec::new();
    for (n, (_, item)) in shown.iter().enumerate().skip(first).take(seen) {
        let on = Some(n) == at;
        let mark = if on { glyphs.mark() } else { " " };
        let role = if on { Role::InputFocused } else { Role::Text };
        let mut row = row(format!("{mark} {}", fit(&item.name, names.wide, '…')), role);
        beside(&mut row, item);
        rows.push(row);
    }
    let under = at.and_then(|at| shown.get(at)).map(|(_, item)| *item);
    rows.extend(whole(under, &names, room));
    let count = (shown.len() > seen).then(|| {
        let at = at.map_or(0, |at| at + 1);
        format!("{at} of {} · ", shown.len())
    });
    if shown.is_empty() {
        rows.push(row("nothing found", Role::Placeholder));
    }
    if count.is_some() || !choice.typed.is_empty() {
        let count = count.unwrap_or_default();
        rows.push(row(
            format!("{count}{}", narrowed(&choice.typed, shown.len())),
            Role::Dim,
        ));
    }
    rows
}

/// Ticks without the focus: the ticked ones; what `none` means where there are none.
pub(super) fn ticked(ticks: &Ticks, room: usize, none: &str) -> Vec<Row> {
    let ticked = ticks
        .items
        .iter()
        .filter(|item| ticks.is_ticked(&item.id))
        .map(|item| item.name.as_str());
    let ticked: Vec<&str> = ticked.collect();
    let cells = u16::try_from(room).unwrap_or(u16::MAX);
    match (ticked.is_empty(), none.is_empty()) {
        (true, true) => vec![row("none ticked", Role::Placeholder)],
        (true, false) => vec![row(none.to_owned(), Role::Placeholder)],
        (false, _) => wrapped(&ticked.join(", "), cells, Role::Input),
    }
}

/// Ticks with the focus: all there is to tick, as far as the typed letters leave it.
pub(super) fn ticks(ticks: &Ticks, (room, tall): (usize, usize), glyphs: Glyphs) -> Vec<Row> {
    let shown = ticks.shown();
    let box_cells = SafeText::line(glyphs.ticked()).width();
    let names = names(shown.iter().copied(), room.saturating_sub(3 + box_cells));
    let seen = seen_of(tall);
    let first = window(ticks.at, shown.len(), seen);
    let mut rows: Vec<Row> = Vec::new();
    for (at, item) in shown.iter().enumerate().skip(first).take(seen) {
        let on = at == ticks.at;
        let ticked = ticks.is_ticked(&item.id);
        let mark = if on { glyphs.mark() } else { " " };
        let box_ = match ticked {
            true => glyphs.ticked(),
            false => glyphs.unticked(),
        };
        let role = match (on, ticked) {
            (true, _) => Role::InputFocused,
            (false, true) => Role::After,
            (false, false) => Role::Text,
        };
        let name = fit(&item.name, names.wide, '…');
        let mut row = row(format!("{mark} {box_} {name}"), role);
        beside(&mut row, item);
        rows.push(row);
    }
    rows.extend(whole(shown.get(ticks.at).copied(), &names, room));
    if shown.is_empty() {
        rows.push(row("nothing found", Role::Placeholder));
    }
    let count = format!("{} of {} ticked", ticks.ticked().len(), ticks.items.len());
    let typed = narrowed(&ticks.typed, shown.len());
    rows.push(row(format!("{count} · {typed}"), Role::Dim));
    rows
}

fn narrowed(typed: &str, shown: usize) -> String {
    match typed.is_empty() {
        true => "letters narrow the list".to_owned(),
        false => format!("narrowed to '{typed}': {shown}"),
    }
}

fn nothing() -> Row {
    row("nothing to choose", Role::Placeholder)
}

/// What stands behind the name of an item.
fn beside(row: &mut Row, item: &Item) {
    if !item.more.is_empty() {
        row.push(Part::text("  ", Role::Text));
        row.extend(item.more.iter().cloned());
    }
}

/// The column of names.
struct Names {
    wide: usize,
    /// What is left behind it.
    behind: usize,
}

/// How the cells behind the marks are shared: names stand whole where they can, and what stands behind them keeps two
/// fifths where it needs as much.
fn names<'a>(items: impl Iterator<Item = &'a Item> + Clone, room: usize) -> Names {
    let widest = items.clone().map(name_cells).max().unwrap_or(0);
    let behind = items.map(more_cells).max().unwrap_or(0);
    let room = room.saturating_sub(if behind > 0 { 2 } else { 0 });
    let wide = widest.min(room - behind.min(room * 2 / 5));
    Names {
        wide,
        behind: room - wide,
    }
}

fn name_cells(item: &Item) -> usize {
    SafeText::line(&item.name).width()
}

/// How wide what stands behind a name is. What depends on time counts as a countdown of days, so that no column moves
/// by time alone.
fn more_cells(item: &Item) -> usize {
    let cells = item.more.iter().map(|part| match part {
        Part::Live(..) => "T-1d17:05".len(),
        part => usize::from(part.width(Mono(0))),
    });
    cells.sum()
}

/// The item under the cursor on rows of its own, where its row cuts it.
fn whole(item: Option<&Item>, names: &Names, room: usize) -> Vec<Row> {
    let cut = |item: &&Item| name_cells(item) > names.wide;
    let Some(item) = item.filter(cut) else {
        return Vec::new();
    };
    let cells = u16::try_from(room).unwrap_or(u16::MAX);
    let mut rows = wrapped(&item.name, cells, Role::Dim);
    if more_cells(item) > names.behind {
        rows.push(item.more.clone());
    }
    rows
}
