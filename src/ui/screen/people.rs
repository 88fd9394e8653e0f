//! People: which seats nobody holds, which teams were called and what they answered, who is connected, and who holds which
//! seat since when.
//! The rows are put together when the board or the filter changes, never while drawing.

mod row;

use std::sync::Arc;

use ratatui::layout::Rect;

use self::row::{Kind, PersonRow};
use super::lanes::scrolled;
use super::{foot, head, words};
use crate::domain::board::Board;
use crate::domain::instant::Mono;
use crate::ui::canvas::Canvas;
use crate::ui::index::Filter;
use crate::ui::keymap::Action;
use crate::ui::message::Effect;
use crate::ui::shared::{Shared, Target};
use crate::ui::theme::Role;
use crate::wire::WhoBody;

/// What only this screen knows.
#[derive(Debug, Default)]
pub struct People {
    rows: Vec<PersonRow>,
    /// What the rows were made from.
    of: Option<(Arc<Board>, Filter, bool)>,
    /// Who is connected, by source, as it was last told.
    connected: Vec<Option<Arc<WhoBody>>>,
    asked_at: Option<Mono>,
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
/// How often it is asked again who is connected, in milliseconds.
const ASK_AGAIN_MS: i64 = 30_000;
/// From this height on there is room for who is connected.
const WHOLE: u16 = 20;

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
    /// Asks every source who is connected.
    pub fn ask(&mut self, shared: &Shared) -> Vec<Effect> {
        self.asked_at = Some(shared.now);
        let sources = 0..shared.board.sources.len();
        sources.map(|source| Effect::Who { source }).collect()
    }

    /// Time went on while the screen is seen: who is connected is asked again now and then.
    pub fn time(&mut self, shared: &Shared) -> Vec<Effect> {
        match self.asked_at {
            Some(at) if shared.now - at < ASK_AGAIN_MS => Vec::new(),
            _ => self.ask(shared),
        }
    }

    /// Takes in who is connected at a source. Where that is not known, nobody is named.
    pub fn hear(&mut self, source: usize, body: Option<Arc<WhoBody>>) {
        if self.connected.len() <= source {
            self.connected.resize(source + 1, None);
        }
        if let Some(place) = self.connected.get_mut(source) {
            *place = body;
        }
        self.of = None;
    }

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
        // Where room is short, who looks on is the first to go: `W` tells it.
        let whole = area.width >= row::WORDS && area.height >= WHOLE;
        let same = self.of.as_ref().is_some_and(|(of, filter, all)| {
            Arc::ptr_eq(of, board) && *filter == shared.filter && *all == whole
        });
        if !same {
            self.of = Some((Arc::clone(board), shared.filter.clone(), whole));
            let connected: &[_] = if whole { &self.connected } else { &[] };
            self.rows = row::rows(shared, connected);
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
        canvas.redraw_at(self.asked_at.map(|at| at + ASK_AGAIN_MS));
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
