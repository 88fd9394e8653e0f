//! `?`: the keys that work here, made from the keymap. What role, clearance or source does not allow is absent.

use ratatui::layout::Rect;

use super::form::{Row, row};
use super::frame::{self, Framed};
use super::{Layer, LayerInput, LayerOutcome};
use crate::domain::text::fit;
use crate::ui::canvas::{Canvas, Part};
use crate::ui::keymap::{Action, Place};
use crate::ui::shared::Shared;
use crate::ui::theme::Role;
use crate::ui::upstream;

/// Width of the keys' column.
const KEYS: usize = 16;
/// From this width on there are two columns.
const TWO: u16 = 108;

#[derive(Debug, Default)]
struct Help {
    scroll: usize,
}

/// Opens the help.
pub(super) fn open() -> (Box<dyn Layer>, Vec<crate::ui::message::Effect>) {
    (Box::new(Help::default()), Vec::new())
}

fn entry(shared: &Shared, action: Action) -> Row {
    let keys = shared.keymap.ways(action).join(" ");
    vec![
        Part::text(fit(&keys, KEYS, '…'), Role::Key),
        Part::text(format!(" {}", action.long()), Role::Text),
    ]
}

/// The keys of one place under its name.
fn part(shared: &Shared, place: Place) -> Vec<Row> {
    let here = Action::ALL.iter().copied().filter(|a| a.place() == place);
    let mut rows: Vec<Row> = here
        .filter(|action| shared.offers(*action))
        .map(|action| entry(shared, action))
        .collect();
    if rows.is_empty() {
        let why = match shared.is_answered() {
            true => "nothing, as your role and the selection are",
            false => "nothing before a backend has answered",
        };
        rows.push(row(why, Role::Dim));
    }
    let about = match (place, &shared.selected) {
        (Place::Incident, Some(target)) => format!("{}: {}", place.title(), target.id),
        _ => place.title().to_owned(),
    };
    rows.insert(0, row(about.to_uppercase(), Role::Title));
    rows
}

fn rows(shared: &Shared, cells: u16) -> Vec<Row> {
    let of = |place| part(shared, place);
    let mut left = of(Place::Incident);
    let there = upstream::lines(shared);
    if !there.is_empty() {
        left.push(Row::new());
        left.push(row("WHERE IT CAME FROM", Role::Title));
        left.extend(there.into_iter().map(|line| row(line, Role::Notice)));
    }
    let mut right = of(Place::List);
    left.push(Row::new());
    left.extend(of(Place::Global));
    right.push(Row::new());
    right.extend(of(Place::Dialog));
    if cells < TWO {
        left.push(Row::new());
        left.extend(right);
        return left;
    }
    let all = left.len().max(right.len());
    left.resize(all, Row::new());
    let tab = cells / 2 + 3;
    for (row, more) in left.iter_mut().zip(right) {
        row.push(Part::Tab(tab));
        row.extend(more);
    }
    left
}

impl Help {
    fn framed(&self, shared: &Shared, window: u16) -> Framed {
        let key = |action| Part::text(shared.keymap.label(action), Role::Key);
        Framed {
            title: "the keys that work here".to_owned(),
            body: rows(shared, frame::inner_width(window)),
            focus: 0..0,
            bottom: vec![
                key(Action::Leave),
                Part::text(" back to the board", Role::Text),
            ],
            keys: Vec::new(),
        }
    }
}

impl Layer for Help {
    fn takes_text(&self) -> bool {
        false
    }

    fn input(&mut self, input: LayerInput, shared: &mut Shared) -> LayerOutcome {
        let seen = frame::body_height(shared.size.1);
        let page = seen.saturating_sub(1).max(1);
        let all = rows(shared, frame::inner_width(shared.size.0)).len();
        self.scroll = match input {
            LayerInput::Action(Action::Leave) | LayerInput::Char('q' | '?') => {
                return LayerOutcome::close();
            }
            LayerInput::Action(Action::ChooseDown) | LayerInput::Char('j') => self.scroll + 1,
            LayerInput::Action(Action::ChooseUp) | LayerInput::Char('k') => {
                self.scroll.saturating_sub(1)
            }
            LayerInput::Action(Action::PageOn) => self.scroll + page,
            LayerInput::Action(Action::PageBack) => self.scroll.saturating_sub(page),
            LayerInput::Action(Action::ToStart) => 0,
            LayerInput::Action(Action::ToEnd) => all,
            _ => self.scroll,
        };
        self.scroll = self.scroll.min(all.saturating_sub(seen));
        LayerOutcome::nothing()
    }

    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
        let framed = self.framed(shared, area.width);
        frame::draw(shared, canvas, area, &framed, self.scroll, true);
    }
}
