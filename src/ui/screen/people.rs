//! People: which seats nobody holds, which teams were called and what they answered, and who holds which seat since when.
//! The rows are put together when the board or the filter changes, never while drawing.

mod row;

use std::sync::Arc;

use ratatui::layout::Rect;

use self::row::{Kind, PersonRow};
use super::lanes::scrolled;
use super::{foot, head, words};
use crate::domain::board::Board;
use crate::ui::canvas::Canvas;
use crate::ui::index::Filter;
use crate::ui::keymap::Action;
use crate::ui::shared::{Shared, Target};
use crate::ui::theme::Role;

/// What only this screen knows.
#[derive(Debug, Default)]
pub struct People {
    rows: Vec<PersonRow>,
    /// What the rows were made from.
    of: Option<(Arc<Board>, Filter)>,
    /// The row one stands on, never a heading.
    at: usize,
    /// The incident that was selected for it.
    stands: Option<Target>,
    /// First row seen.
    first: usize,
    /// Rows that fit.
    fits: usize,
}

const TITLE: &str = "PEOPLE";

/// The keys of the foot, most wanted first.
const KEYS: &[Action] = &[
    Action::Look,
    Action::Page,
    Action::Acknowledge,
    Action::Roles,
    Action::HandOver,
    Action::StandDown,
    Action::Mine,
    Action::Write,
];

fn body(shared: &Shared, area: Rect) -> Rect {
    foot::left(head::left(shared, area, Some(TITLE)))
}

impl People {
    /// Does what a person wants of this screen.
    pub fn act(&mut self, action: Action, shared: &mut Shared) {
        let half = isize::try_from((self.fits / 2).max(1)).unwrap_or(1);
        match action {
            Action::Down | Action::NextUrgent | Action::NextMatch => self.step(shared, 1),
            Action::Up | Action::PreviousUrgent | Action::PreviousMatch => self.step(shared, -1),
            Action::HalfDown => self.step(shared, half),
            Action::HalfUp => self.step(shared, -half),
            Action::First => self.step(shared, isize::MIN / 2),
            Action::Last => self.step(shared, isize::MAX / 2),
            Action::Right | Action::Pane => self.section(shared, true),
            Action::Left => self.section(shared, false),
            _ => {}
        }
    }

    fn step(&mut self, shared: &mut Shared, by: isize) {
        let last = self.rows.len().saturating_sub(1);
        let to = self.at.saturating_add_signed(by).min(last);
        self.stand(shared, to, by >= 0);
    }

    /// To the first row of the next section, or of this one and then of the one before.
    fn section(&mut self, shared: &mut Shared, on: bool) {
        let headings = self.rows.iter().enumerate();
        let mut begins = headings
            .filter(|(_, row)| matches!(row.kind, Kind::Heading(..)))
            .map(|(at, _)| at + 1);
        let to = match on {
            true => begins.find(|begin| *begin > self.at),
            false => begins.rfind(|begin| *begin < self.at),
        };
        if let Some(to) = to {
            self.stand(shared, to, true);
        }
    }

    /// Stands on a row that is about an incident: this one, or the next in the direction, or in the other.
    fn stand(&mut self, shared: &mut Shared, at: usize, down: bool) {
        let is = |at: &usize| self.rows.get(*at).is_some_and(|row| row.incident.is_some());
        let below = || (at..self.rows.len()).find(is);
        let above = || {
            (0..=at.min(self.rows.len().saturating_sub(1)))
                .rev()
                .find(is)
        };
        let found = match down {
            true => below().or_else(above),
            false => above().or_else(below),
        };
        self.stands = None;
        if let Some(at) = found {
            self.at = at;
            self.stands = self.rows.get(at).and_then(PersonRow::target);
            if let Some(target) = &self.stands {
                shared.selected = Some(target.clone());
            }
        }
    }

    /// The rows follow the board; one stays with one's incident, or goes to the one that was selected elsewhere.
    pub fn settle(&mut self, shared: &mut Shared, area: Rect) {
        let board = shared.index.board();
        let same = self
            .of
            .as_ref()
            .is_some_and(|(of, filter)| Arc::ptr_eq(of, board) && *filter == shared.filter);
        if !same {
            self.of = Some((Arc::clone(board), shared.filter.clone()));
            self.rows = row::rows(shared);
        }
        let here = self.rows.get(self.at).and_then(PersonRow::target);
        if here.is_none() || here != shared.selected {
            let wanted = shared.selected.as_ref();
            let theirs = wanted.and_then(|wanted| {
                let mut rows = self.rows.iter();
                rows.position(|row| row.target().as_ref() == Some(wanted))
            });
            self.stand(shared, theirs.unwrap_or(self.at), true);
        }
        self.fits = usize::from(body(shared, area).height);
        let first = scrolled(self.first, self.at, self.fits, self.rows.len(), true);
        // The heading of a section is seen with its first row.
        self.first = match self.at == first && first > 0 {
            true => first - 1,
            false => first,
        };
    }

    /// Draws the screen.
    pub fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
        head::draw(shared, canvas, area, Some(TITLE));
        let body = body(shared, area);
        let shown = self.rows.iter().enumerate().skip(self.first);
        for (y, (at, row)) in (body.top()..body.bottom()).zip(shown) {
            let line = Rect::new(body.x, y, body.width, 1);
            let selected = at == self.at && self.stands.is_some();
            row::draw(shared, canvas, line, row, selected);
        }
        if self.rows.is_empty() {
            let heard = shared.board.sources.iter().any(|source| source.complete);
            let text = match (heard, shared.filter.is_empty()) {
                (false, _) => "Waiting for the first answer.",
                (true, true) => "No incident is open: no seat is vacant, nobody is called.",
                (true, false) => &words::nothing_passes(shared),
            };
            let room = body.width.saturating_sub(2);
            canvas.text(body.x + 1, body.y, room, text, Role::Dim);
        }
        let bar = Rect::new(area.right().saturating_sub(1), body.y, 1, body.height);
        canvas.scroll_bar(bar, self.first, self.fits, self.rows.len());
        // The incident selected elsewhere may not be among what is listed.
        let looks = self.stands.is_some();
        let keys = KEYS.iter().copied();
        let keys: Vec<Action> = keys
            .filter(|action| looks || *action != Action::Look)
            .collect();
        foot::draw(shared, canvas, area, &keys);
    }
}

#[cfg(test)]
mod tests;
